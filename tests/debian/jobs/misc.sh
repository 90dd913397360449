echo '2^100; scale=5; 1/3; s(1)' | bc -l; printf '1\n2\n' >a; printf '1\n3\n' >b; diff -u --label a --label b a b; diff a b >p; patch -s a p; cmp a b && echo patched; sdiff a b; diff3 a b a; file /bin/true | cut -c1-30; file -b a p; m4 <<'M'
define(`sq', `eval($1 * $1)')sq(7)
M
printf 'a\nb\n' | ed -s - <<'D' 2>/dev/null || true
D
printf 'i\nline one\nline two\n.\n1,2p\nw edf\nq\n' | ed -s; cat edf; find . -name edf | cpio -o --quiet | cpio -it --quiet; rsync -a --exclude p . copy/ 2>/dev/null; ls copy; { time -p true; } 2>&1 | wc -l; /usr/bin/time -f %x false; pstree --version 2>&1 | cut -c1-6; fuser -V 2>&1 | cut -c1-5; killall -V 2>&1 | head -1 | cut -c1-7; which sh; run-parts --test /etc/cron.daily | wc -l; hostname; ts --help 2>&1 | head -1 | cut -c1-5; printf '1\n1\n2\n' | uniq -c; socat -V | head -1; nc -h 2>&1 | head -1
