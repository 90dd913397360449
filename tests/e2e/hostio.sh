#!/bin/sh
# A process that waits for files of the host does not stop the others: the broker's helpers
# are stopped, by a tracer, for they are threads, and what can go on must go on until they
# run again.
# TEST-TIMEOUT: 120
. "${0%/*}/../tap.sh"
exec </dev/null
d=$tmp/dir
mkdir "$d"
seq 1 200000 >"$d/large"
mkfifo "$tmp/fifo"

# The process number of the machine's broker.
broker()
{
	for pid in $(cat "/proc/$machine/task/$machine/children"); do
		[ "$(cat "/proc/$pid/comm" 2>/dev/null)" = lodger-broker ] && echo "$pid"
	done
}

# hold PROCESS: its helpers stand still until the tracer ends, which says when they do
cat >"$tmp/hold" <<'P'
import ctypes, os, sys, time
libc = ctypes.CDLL(None, use_errno=True)
libc.ptrace.argtypes = [ctypes.c_long] * 4
task = f"/proc/{sys.argv[1]}/task"
held = 0
for tid in map(int, os.listdir(task)):
    with open(f"{task}/{tid}/comm") as f:
        if f.read().strip() != "lodger-hostio":
            continue
    if libc.ptrace(0x4206, tid, 0, 0) or libc.ptrace(0x4207, tid, 0, 0):
        sys.exit("no: " + os.strerror(ctypes.get_errno()))
    os.waitpid(tid, 0x40000000)
    held += 1
print("held", held, flush=True)
time.sleep(100)
P

# hold_and_run WHAT: WHAT is done by one process while the helpers stand still, and
# another one goes on; $result: the order in which the two came to their ends
hold_and_run()
{
	: >"$tmp/out"
	: >"$tmp/held"
	# shellcheck disable=SC2086
	"$LODGER" run $LODGER_ARGS --timeout 100s --bind "$d:/mnt" -- sh -c "
		cd /mnt && echo up && read x
		($1; echo waited) &
		i=0
		while [ \$i -lt 100 ]; do i=\$((i + 1)); (:); done
		cat small >/dev/null; echo others ran
		wait" <"$tmp/fifo" >"$tmp/out" 2>"$tmp/err" &
	machine=$!
	exec 3>"$tmp/fifo"
	await_line "$tmp/out" up
	python3 "$tmp/hold" "$(broker)" >"$tmp/held" 2>&1 &
	tracer=$!
	await_line "$tmp/held" 'held\|no:'
	echo go >&3
	await_line "$tmp/out" others
	kill $tracer
	wait $tracer 2>/dev/null
	exec 3>&-
	wait $machine
	result="$(cat "$tmp/held") $? $(tr '\n' ' ' <"$tmp/out")$(cat "$tmp/err")"
}

# slow NAME WHAT ORDER
slow()
{
	hold_and_run "$2"
	is "$1" "$result" "held 4 0 up $3"
}

# slow_read NAME WHAT ANSWER ORDER: WHAT reads the large file, which the host has to fetch,
# and prints ANSWER. It may have fetched it before it was looked for.
slow_read()
{
	for again in 1 2 3 4 5; do
		evict "$d/large"
		hold_and_run "$2"
		[ "$result" = "held 4 0 up ${3}waited others ran " ] || break
	done
	if [ "$result" = "held 4 0 up ${3}waited others ran " ]; then
		skip "$1" 'the host had fetched it each time'
	else
		is "$1" "$result" "held 4 0 up others ran ${3}waited "
	fi
}
echo small >"$d/small"

# The broker is told of a handle to be closed by the next request that goes to it.
seq 1 200000 >"$d/large"
echo gone >"$d/gone"
evict "$d/large"
is 'what the host has to fetch, after a file has gone' "$(lodger_run --bind "$d:/mnt" -- \
	sh -c 'cd /mnt; exec 3<large; cat gone >/dev/null; rm gone; tail -n 1 <&3' 2>&1)" 200000

if [ "$(id -u)" != 0 ]; then
	skip 'others run' 'only root may stop a thread of the broker'
else
	slow 'fsync' 'dd if=large of=new conv=fsync 2>/dev/null' 'others ran waited '
	slow 'fsync of more than there are helpers' 'for i in 1 2 3 4 5 6; do
		dd if=small of=n$i conv=fsync 2>/dev/null & done; wait' 'others ran waited '
	slow 'fsync of a directory' 'sync .' 'others ran waited '
	case $(stat -f -c %T "$tmp") in
	tmpfs) skip 'reading' 'the host has all of it in memory' ;;
	*)
		slow_read 'reading' 'tail -n 1 large' '200000 '
		slow_read 'reading by several' 'for i in 1 2 3 4 5 6; do
			tail -n 1 large >/tmp/x$i & done; wait; cat /tmp/x* | uniq -c | tr -s " "' \
			' 6 200000 '
		slow_read 'what is read is cut meanwhile' 'sha1sum large >/tmp/read & i=0
			while [ $i -lt 20 ]; do i=$((i + 1)); (:); done
			echo cut >large; wait; cat large' 'cut '
		;;
	esac
fi

# the broker is no more: who waited for it hears of it, and the machine goes on
: >"$tmp/out"
# shellcheck disable=SC2086
"$LODGER" run $LODGER_ARGS --bind "$d:/mnt" -- sh -c 'cd /mnt; exec 4>late; echo up; read x
	sync late 2>/dev/null || echo failed; echo lives' <"$tmp/fifo" >"$tmp/out" 2>&1 &
machine=$!
exec 3>"$tmp/fifo"
await_line "$tmp/out" up
kill -9 "$(broker)"
echo go >&3
exec 3>&-
wait $machine
is 'the broker was killed' "$(tail -n 2 "$tmp/out" | tr '\n' ' ')" 'failed lives '
done_testing
