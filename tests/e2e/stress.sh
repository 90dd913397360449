#!/bin/sh
# Many threads, processes, open files and a large file, again and again; afterwards
# the machine and the host have what they had (tests/stress/stress.c). By hand for
# longer:
#
#   STRESS="1200 1000 500 10000 1024" STRESS_MEM=2G tests/e2e/stress.sh
# TEST-TIMEOUT: 300
. "${0%/*}/../tap.sh"
exec </dev/null
: "${STRESS:=2 100 60 1000 32}" "${STRESS_MEM:=256M}"
alone=${LODGER%/*}/tests/tools/alone
limit=$((${STRESS%% *} + 280))

# shellcheck disable=SC2086 # options are words
start()
{
	mkfifo "$tmp/in"
	"$alone" -p "$tmp/pid" "$LODGER" run $LODGER_ARGS --timeout ${limit}s --mem "$STRESS_MEM" \
		--root "$TESTROOT" -- /stress $STRESS >"$tmp/out" 2>"$tmp/err" <"$tmp/in" &
	job=$!
	exec 7>"$tmp/in"
}

# Waits for a line of its output, or its end.
says()
{
	until grep -q "^$1\$" "$tmp/out" || ! kill -0 "$job" 2>/dev/null; do
		sleep 0.1
	done
}

# What the host has of it: processes, and descriptors of the monitor.
host_state()
{
	vmm=$(cat "$tmp/pid")
	[ -d "/proc/$vmm/fd" ] || return
	# those that are about to go are not counted: each has its time
	for _ in 1 2 3 4 5 6 7 8 9 10; do
		state="$(cat "/proc/$vmm/task/$vmm/children" | wc -w) processes, \
$(find "/proc/$vmm/fd" | wc -l) descriptors"
		[ "$state" != "$1" ] || break
		sleep 0.2
	done
	echo "$state"
}

start
says ready
before=$(host_state '')
echo >&7
says done
after=$(host_state "$before")
echo >&7
wait "$job"
status=$?
sed 's/^/# /' "$tmp/out" "$tmp/err"
is 'everything works, and the machine has what it had' "$status" 0
is 'the host has what it had' "$after" "$before"
done_testing
