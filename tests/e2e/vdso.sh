#!/bin/sh
# The vDSO under the host's own C library: found by its loader, used by its
# clock functions.
. "${0%/*}/../tap.sh"
exec </dev/null

loader=/lib64/ld-linux-x86-64.so.2
libc=$(ldconfig -p 2>/dev/null | sed -n 's/.*libc\.so\.6 (libc6,x86-64.*=> //p' | head -n 1)
if [ -f "$loader" ] && [ -f "$libc" ]; then
	mkdir -p "$tmp/root/lib64" "$tmp/root${libc%/*}" "$tmp/root/bin"
	cp -L "$loader" "$tmp/root$loader"
	cp -L "$libc" "$tmp/root$libc"
	cp /bin/true "$tmp/root/bin/true"
	lodger_run --root "$tmp/root" -- "$loader" --list /bin/true >"$tmp/out" 2>&1
	matches 'the dynamic loader names it' "$(cat "$tmp/out")" \
		'*linux-vdso.so.1 (0x*'
else
	skip 'the dynamic loader names it' 'no glibc on this host'
fi

# EPOCHREALTIME is gettimeofday(2); bash-static is a glibc program.
source=/sys/devices/system/clocksource/clocksource0/current_clocksource
case $LODGER_ARGS in
*patch* | *trap* | *seccomp* | *fast*) in_process=yes ;;
*) in_process= ;;
esac
if [ -z "$in_process" ]; then
	skip 'clocks without system calls' 'a traced guest kernel makes the call'
elif ! grep -qx tsc "$source"; then
	skip 'clocks without system calls' "the host's clock is not the TSC"
elif ! grep -qa 'bin/bash' "$TESTROOT"; then
	skip 'clocks without system calls' 'bash-static is not installed'
else
	lodger_run --root "$TESTROOT" --stats="json:$tmp/stats" -- /bin/bash -c '
		last=0
		for ((i = 0; i < 20000; i++)); do
			now=${EPOCHREALTIME/./}
			((now >= last)) || exit 3
			last=$now
		done' >"$tmp/out" 2>&1
	is 'readings never go back' "$? $(cat "$tmp/out")" '0 '
	count=$(python3 -c 'import json, sys
print(sum(n["calls"] for n in json.load(open(sys.argv[1]))["syscalls"]
	  if n["name"] == "gettimeofday"))' "$tmp/stats")
	check "20 000 readings, $count system calls" [ "$count" -lt 500 ]
fi
done_testing
