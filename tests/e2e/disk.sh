#!/bin/sh
# Disks: files of the host as /dev/vda and on. What the guest writes is in the
# file, within its size; a file belongs to one machine at a time.
# TEST-TIMEOUT: 120
. "${0%/*}/../tap.sh"
exec </dev/null

truncate -s 1000000 "$tmp/a"
seq 1 20000 >"$tmp/b"
cp "$tmp/b" "$tmp/b.was"

out=$(lodger_run --disk "$tmp/a" --disk "$tmp/b,ro" -- sh -c '
	cat /proc/partitions | tail -n 2
	ls -l /dev/vda /dev/vdb | tr -s " " | cut -d" " -f1,5,6
	head -c 6 /dev/vdb')
is 'two disks' "$out" ' 254        0        976 vda
 254       16        106 vdb
brw-rw---- 254, 0
brw-rw---- 254, 16
1
2
3'

lodger_run --disk "$tmp/a" -- sh -c 'seq 1 30000 >/tmp/s
	dd if=/tmp/s of=/dev/vda bs=3000 seek=1 conv=notrunc,fsync 2>/dev/null' 2>"$tmp/err"
is 'a guest writes' "$? $(tail -c +3001 "$tmp/a" | head -c 168894 | cksum)" \
	"0 $(seq 1 30000 | cksum)"
is '... within its size' "$(stat -c %s "$tmp/a")" 1000000
out=$(lodger_run --disk "$tmp/a" -- sh -c 'cat /dev/zero >/dev/vda; echo $?' 2>&1)
is 'a full disk' "${out%%[0-9]} $(stat -c %s "$tmp/a") $(tr -d '\0' <"$tmp/a" | head -c 9)" \
	'cat: write error: No space left on device
 1000000 '
out=$(lodger_run --disk "$tmp/b,ro" -- sh -c 'echo x >/dev/vda' 2>&1)
is 'a read-only disk' "$? $out" '1 sh: write error: Operation not permitted'
check '... stays as it was' cmp "$tmp/b" "$tmp/b.was"

# one machine at a time
mkfifo "$tmp/fifo"
lodger_run --disk "$tmp/a" -- sh -c 'echo up; cat' <"$tmp/fifo" >"$tmp/up" &
job=$!
exec 3>"$tmp/fifo"
tries=0
while ! [ -s "$tmp/up" ] && [ $tries -lt 200 ]; do
	sleep 0.05
	tries=$((tries + 1))
done
out=$(lodger_run --disk "$tmp/a" -- true 2>&1)
is 'a second machine is refused' "$? $out" \
	"125 lodger: disk $tmp/a: another machine uses it: add ,ro or wait for its end"
out=$(lodger_run --disk "$tmp/a,ro" -- echo hi 2>&1)
is '... but not to read' "$? $out" "0 lodger: note: disk $tmp/a is being written by another machine
hi"
exec 3>&-
wait $job
out=$(lodger_run --disk "$tmp/a" -- echo hi 2>&1)
is 'the next one may' "$? $out" '0 hi'

for bad in "$tmp/none" "$tmp" /dev/null "$tmp/fifo" "$tmp/b,rw" ',ro'; do
	out=$(lodger_run --disk "$bad" -- true 2>&1)
	is "--disk ${bad##*/} is refused" "$? $(printf '%s\n' "$out" | grep -c '^lodger: ')" '125 1'
done
: >"$tmp/empty"
out=$(lodger_run --disk "$tmp/empty" -- true 2>&1)
matches 'an empty file' "$? $out" '125 lodger: disk *: too small*'

set --
for i in 1 2 3 4 5 6 7 8; do
	truncate -s 4096 "$tmp/many$i"
	set -- "$@" --disk "$tmp/many$i"
done
out=$(lodger_run "$@" -- sh -c 'for d in a b c d e f g h; do echo $d >/dev/vd$d; done')
is 'eight disks' "$? $(cat "$tmp"/many? | tr -d '\0\n')" '0 abcdefgh'
out=$(lodger_run "$@" --disk "$tmp/a" -- true 2>&1)
is 'nine' "$? $out" '125 lodger: more than 8 --disk options: leave some out'
done_testing
