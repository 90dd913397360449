# tcl and expect: sockets, events, programs on a pseudo terminal
tclsh <<'T'
puts [info patchlevel]
set s [socket -server acc -myaddr 127.0.0.1 0]
proc acc {c a p} {puts $c hello; close $c}
set c [socket 127.0.0.1 [lindex [fconfigure $s -sockname] 2]]
after 200 {set x 1}; vwait x
puts [gets $c]
puts [exec echo hi | tr a-z A-Z]
after 10 {set y 2}; vwait y; puts $y
T
expect -c 'spawn bash --norc; set timeout 5; expect -re {[$#] $}; send "echo a\$((1+1))b\r"; expect "a2b"; send "exit\r"; expect eof; puts [lindex [wait] 3]' | tr -d '\r' | grep -c a2b
