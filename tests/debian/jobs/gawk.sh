awk 'BEGIN {for (i = 0; i < 10000; i++) s += i * i; print s, length("abc"), substr("hello", 2, 3), toupper("x")}'
awk -F: '$3 < 5 {print $1, $3 | "sort"} END {close("sort"); print NR > 0}' /etc/passwd
seq 1 1000 | awk '{a[$1 % 7] += $1} END {n = asorti(a, b); for (i = 1; i <= n; i++) print b[i], a[b[i]]}'
awk 'BEGIN {"echo piped" | getline x; print x; printf "%c %5.3f %x\n", 65, 3.14159, 255; print strftime("%Y", 0, 1); system("echo sys"); cmd = "cat"; print "two way" |& cmd; close(cmd, "to"); cmd |& getline y; print y}'
