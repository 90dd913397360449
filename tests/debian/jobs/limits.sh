exec 3>&2 2>messages
nice -n 19 sh -c 'ulimit -v 200000; python3 -c "x = bytearray(10**9)"' 2>&1 | tail -1; (ulimit -f 10; exec dd if=/dev/zero of=big bs=1k count=100 2>/dev/null); echo $?; stat -c %s big; (ulimit -t 1; exec sh -c 'while :; do :; done'); echo $?; (ulimit -u 0; true); (ulimit -n 4; cat /etc/hostname)
status=$?
sed 's/line [0-9]*: *[0-9]*/line/' messages >&3
exit $status
