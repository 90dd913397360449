#!/bin/sh
# --space multi: host processes come, go and die.
# TEST-TIMEOUT: 240
. "${0%/*}/../tap.sh"
exec </dev/null
build=${LODGER%/*}
alone=$build/tests/tools/alone

case " $LODGER_ARGS " in
*' --intercept trap '* | *' --intercept patch '* | *' --mode fast '* | '  ') ;;
*) skip_all 'this set has a tracer: multi does without' ;;
esac
LODGER_ARGS="$LODGER_ARGS --space multi"
mkfifo "$tmp/in"

# start ARG...: runs in the background until the program says so; $tmp/in is
# its standard input
start()
{
	rm -f "$tmp/pid" "$tmp/out"
	# shellcheck disable=SC2086
	"$alone" -p "$tmp/pid" "$LODGER" run $LODGER_ARGS --timeout 60s "$@" \
		>"$tmp/out" 2>"$tmp/err" <"$tmp/in" &
	job=$!
	exec 7>"$tmp/in"
	says ready
	vmm=$(cat "$tmp/pid")
}

# says WORD: waits for a line of its output, 40 s at most
says()
{
	tries=0
	until grep -q "^$1" "$tmp/out" 2>/dev/null || [ $tries = 800 ]; do
		sleep 0.05
		tries=$((tries + 1))
	done
}

# The machine's host processes in the order of their making; the first is 0.
guests()
{
	for child in $(cat "/proc/$vmm/task/$vmm/children"); do
		[ "$(cat "/proc/$child/comm" 2>/dev/null)" != lodger-guest ] ||
			echo "$child"
	done
}

# CPU time in ticks and pid of each, the busiest first.
loads()
{
	for child in $(guests); do
		echo "$(cut -d ' ' -f 14,15 "/proc/$child/stat" |
			awk '{ print $1 + $2 }') $child"
	done | sort -rn
}

# The one that has used most of the CPU, of three that are busy, on a host that has
# little time for them too.
busiest()
{
	tries=0
	until loads | awk 'NR == 3 && $1 >= 10 { ok = 1 } END { exit !ok }' ||
		[ $tries = 400 ]; do
		sleep 0.05
		tries=$((tries + 1))
	done
	loads | head -1 | cut -d ' ' -f 2
}

finish()
{
	exec 7>&-
	wait $job
	status=$?
}

# ---- one death costs one program -------------------------------------------

cat >"$tmp/spinners" <<'END'
for i in 1 2 3; do sh -c 'while :; do :; done' & pids="$pids $!"; done
echo ready
read go # so that nobody but those three has used the CPU
alive() { [ -d /proc/$1 ] && ! grep -q zombie /proc/$1/status; }
left() { n=0; for p in $pids; do ! alive $p || n=$((n + 1)); done; echo $n; }
while [ "$(left)" = 3 ]; do sleep 0.05; done
sleep 0.3
echo left $(left)
for p in $pids; do alive $p && kill $p || { wait $p; echo status $?; }; done
exit 9
END
died=0
for round in 1 2 3 4 5 6; do
	start -- sh -c "$(cat "$tmp/spinners")"
	kill -KILL "$(busiest)"
	echo go >&7
	finish
	case "$status $(tr '\n' ' ' <"$tmp/out")" in
	'9 ready left 2 status 137 ') died=$((died + 1)) ;;
	'125 ready ')
		grep -q 'ran the guest kernel was killed' "$tmp/err" || break ;;
	*) break ;;
	esac
done
{
	echo "round $round: $died of them as they should"
	echo "status $status"
	cat "$tmp/out" "$tmp/err"
} >"$tmp/diag"
if [ "$round" = 6 ] && [ $died -ge 3 ]; then
	pass 'kill -9 of a busy host process costs its program'
else
	fail 'kill -9 of a busy host process costs its program' <"$tmp/diag"
fi

# A program can see to it: here by using up what its host allows one process.
(
	ulimit -t 1
	# shellcheck disable=SC2086
	exec "$alone" "$LODGER" run $LODGER_ARGS --timeout 20s -- \
		sh -c 'sh -c "while :; do :; done"; echo status $?; exit 9'
) >"$tmp/out" 2>"$tmp/err"
is 'a program that has its host process killed' "$? $(cat "$tmp/out")" '9 status 137'

start -- sh -c 'sleep 1000 & echo ready; wait $!; echo status $?; exit 9'
sleep 0.2
kill -KILL "$(guests | tail -1)"
finish
is 'kill -9 of one that sleeps' "$status $(tr '\n' ' ' <"$tmp/out")" '9 ready status 137 '

# ---- other deaths ------------------------------------------------------------

start -- sh -c 'echo ready; read x'
kill -KILL "$(guests | head -1)"
wait $job # before its input ends, and the program by itself
status=$?
exec 7>&-
matches 'kill -9 of the first' "$status $(cat "$tmp/err")" '125 lodger: *SIGKILL*'

start -- sh -c 'echo ready; while :; do :; done'
kill -KILL "$vmm"
finish
is 'kill -9 of the VMM process' "$status $(cat "$tmp/err")" '137 '

start -- sh -c 'echo ready; read x; seq 1 100 | sort -rn | cat | head -1; exit 9'
for child in $(cat "/proc/$vmm/task/$vmm/children"); do
	[ "$(cat "/proc/$child/comm")" != lodger-spawner ] || kill -KILL "$child"
done
echo go >&7
finish
is 'kill -9 of the spawner: it goes on with what it has' \
	"$status $(tr '\n' ' ' <"$tmp/out")$(cat "$tmp/err")" '9 ready 100 '

start -- sh -c 'echo ready; read x; sleep 0.3; exit 9'
for child in $(guests); do kill -STOP "$child"; done
echo go >&7
sleep 0.2
for child in $(guests); do kill -CONT "$child"; done
finish
is 'all stopped and continued' "$status $(cat "$tmp/err")" '9 '

# ---- many ----------------------------------------------------------------------

start --mem 1G --pids 1000 -- sh -c '
	i=0; while [ $i -lt 500 ]; do sleep 1000 & i=$((i + 1)); done
	until [ $(ps | grep -c "[s]leep 1000") -ge 500 ]; do sleep 0.1; done
	echo ready; read x
	for p in $(jobs -p); do kill -CONT $p; done
	kill $(jobs -p); wait
	echo gone; read x; exit 9'
for try in $(seq 100); do # the last ones get theirs when they first run
	many=$(guests | wc -l)
	[ "$many" -gt 500 ] && break
	sleep 0.1
done
echo go >&7
says gone
sleep 0.2
few=$(guests | wc -l)
descriptors=$(ls "/proc/$vmm/fd" | wc -l)
finish
is '500 programs alive at once, then gone' "$status $(tail -1 "$tmp/out")" '9 gone'
check '... each in a host process of its own' test "$many" -gt 500
check "... of which few are left ($few)" test "$few" -lt 30

start -- sh -c '
	free() { while read a b c; do [ $a != MemFree: ] || echo $b; done </proc/meminfo; }
	loop() { i=0; while [ $i -lt $1 ]; do /bin/true; i=$((i + 1)); done; }
	loop 20; before=$(free); echo ready; read x
	loop 2000; after=$(free); echo $((before - after)); echo gone; read x; exit 9'
before="$(guests | wc -l) $(ls "/proc/$vmm/fd" | wc -l)"
echo go >&7
says gone
after="$(guests | wc -l) $(ls "/proc/$vmm/fd" | wc -l)"
lost=$(sed -n 2p "$tmp/out")
finish
is '2000 programs one after the other' "$status $(tail -1 "$tmp/out")" '9 gone'
is '... leave no host process and no descriptor' "$after" "$before"
check "... and no guest memory ($lost KiB)" test "$lost" -lt 1000

# ---- a host that gives few processes ----------------------------------------------

if [ "$(id -u)" = 0 ] && command -v setpriv >/dev/null; then
	chmod 755 "$tmp"
	cp "$LODGER" "$alone" "$tmp/"
	# shellcheck disable=SC2086
	setpriv --reuid=65533 --regid=65533 --clear-groups --inh-caps=-all \
		prlimit --nproc=9 "$tmp/alone" "$tmp/lodger" run $LODGER_ARGS -- \
		sh -c 'seq 1 100 | cat | cat | cat | cat | cat | cat | cat | sort -rn | head -1' \
		>"$tmp/out" 2>"$tmp/err"
	is 'a limit on processes: they are shared' "$? $(cat "$tmp/out" "$tmp/err")" '0 100'
	# shellcheck disable=SC2086
	setpriv --reuid=65533 --regid=65533 --clear-groups --inh-caps=-all \
		prlimit --nproc=2 "$tmp/lodger" run $LODGER_ARGS -- \
		sh -c 'seq 1 100 | sort -rn | head -1' >"$tmp/out" 2>"$tmp/err"
	is 'no further process at all: all share one' "$? $(cat "$tmp/out")" '0 100'
	matches '... and it says so' "$(cat "$tmp/err")" '*gives no process*'
else
	skip 'a limit on processes: they are shared' 'not root'
fi

done_testing
