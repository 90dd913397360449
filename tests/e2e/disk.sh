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
await "$tmp/up" 10
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

# snapshots: the disk stays, its changes go elsewhere
truncate -s 300000 "$tmp/base"
printf 'base' | dd of="$tmp/base" bs=1 seek=5000 conv=notrunc 2>/dev/null
cp "$tmp/base" "$tmp/base.was"
write_snap='printf snap | dd of=/dev/vda bs=1 seek=5002 conv=notrunc 2>/dev/null
	seq 1 9999 | dd of=/dev/vda bs=4096 seek=9 conv=notrunc 2>/dev/null
	dd if=/dev/vda bs=1 skip=5000 count=6 2>/dev/null'
read_snap='dd if=/dev/vda bs=1 skip=5000 count=6 2>/dev/null; echo
	dd if=/dev/vda bs=4096 skip=9 2>/dev/null | head -n 9999 | tail -n 1; tail -c 1 /dev/vda | wc -c'
is 'a snapshot' "$(lodger_run --disk "$tmp/base,snapshot" -- sh -c "$write_snap" 2>&1)" basnap
check '... leaves the disk as it was' cmp "$tmp/base" "$tmp/base.was"
is 'a snapshot in a file' \
	"$(lodger_run --disk "$tmp/base,snapshot=$tmp/snap" -- sh -c "$write_snap" 2>&1)" basnap
is '... is there again' \
	"$(lodger_run --disk "$tmp/base,snapshot=$tmp/snap" -- sh -c "$read_snap" 2>&1)" 'basnap
9999
1'
check '... leaves the disk as it was' cmp "$tmp/base" "$tmp/base.was"
check '... holds only what differs' [ "$(du -k "$tmp/snap" | cut -f 1)" -lt 100 ]
is 'two snapshots at once' "$(lodger_run --disk "$tmp/base,snapshot" --disk "$tmp/base,snapshot" -- \
	sh -c 'printf 1 >/dev/vda; printf 2 >/dev/vdb; head -c 1 /dev/vda; head -c 1 /dev/vdb' 2>&1)" 12
truncate -s 400000 "$tmp/larger"
out=$(lodger_run --disk "$tmp/larger,snapshot=$tmp/snap" -- true 2>&1)
is "another disk's snapshot is refused" "$? $out" \
	"125 lodger: disk $tmp/snap: no snapshot of this disk"
head -c 3000 /dev/urandom >"$tmp/junk"
out=$(lodger_run --disk "$tmp/base,snapshot=$tmp/junk" -- true 2>&1)
is 'what is no snapshot is refused' "$? $out $(stat -c %s "$tmp/junk")" \
	"125 lodger: disk $tmp/junk: no snapshot of this disk 3000"

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
