#!/bin/sh
# --stats: what programs asked for in vain, by program; that a program alone in the
# machine switches to nobody, where no tracer is.
. "${0%/*}/../tap.sh"
exec </dev/null

# shellcheck disable=SC2086
"$LODGER" run $LODGER_ARGS --root "$TESTROOT" --stats="$tmp/stats" -- \
	/bin/sh -c 'busybox rmmod none >/dev/null 2>&1; busybox rmmod none >/dev/null 2>&1; :'
is 'the program goes on' $? 0
is 'two calls, one line' "$(grep -c 'delete_module.*ENOSYS' "$tmp/stats")" 1
matches 'the line names times, program, call, answer' "$(grep 'delete_module.*ENOSYS' "$tmp/stats")" \
	' *2  busybox *delete_module (176) 0x* ENOSYS'
# shellcheck disable=SC2086
"$LODGER" run $LODGER_ARGS --root "$TESTROOT" --stats=json:"$tmp/json" -- /bin/sh -c :
python3 -c 'import json, sys; print(type(json.load(open(sys.argv[1]))["misses"]).__name__)' \
	"$tmp/json" >"$tmp/kind"
is 'the JSON form has a list' "$(cat "$tmp/kind")" list

# copy COUNT: runs a program of so many reads and writes. number KEY [KEY]: of the
# last run, or nothing
copy()
{
	lodger_run --stats=json:"$tmp/json" -- dd if=/dev/zero of=/dev/null bs=1 \
		count="$1" 2>/dev/null
}
number()
{
	python3 -c 'import json, sys
s = json.load(open(sys.argv[1]))
for key in sys.argv[2:]:
	s = s.get(key, "") if isinstance(s, dict) else ""
print(s)' "$tmp/json" "$@"
}

# least COUNT: the fewest switches of three runs since their program began: whoever
# looks at a process in /proc meanwhile may hold it up
least()
{
	copy "$1"
	fewest=$(number switches_since_program)
	for again in 2 3; do
		[ "$fewest" -eq 0 ] && break
		copy "$1"
		now=$(number switches_since_program)
		[ "$now" -lt "$fewest" ] && fewest=$now
	done
	echo "$fewest"
}

case $LODGER_ARGS in
*multi*)
	is 'a short program switches to nobody' "$(least 1)" 0
	is 'nor do 100 000 calls' "$(least 50000)" 0
	copy 1
	is 'no tracer stops' "$(number tracer_stops)" 0
	# shellcheck disable=SC2086
	"$LODGER" run $LODGER_ARGS --root "$TESTROOT" --stats="$tmp/stats" -- \
		/bin/sh -c 'echo one | cat >/dev/null; echo two | cat >/dev/null'
	before=$(sed -n 's/^ *\([0-9]*\)  voluntary switches before the first.*/\1/p' "$tmp/stats")
	since=$(sed -n 's/^ *\([0-9]*\)  voluntary switches from then to.*/\1/p' "$tmp/stats")
	check 'the processes of a machine wait at its start' test "$before" -gt 0
	check 'programs that wait for each other are counted' test "$since" -gt 4
	;;
*patch* | *trap* | *dispatch*)
	copy 1
	few=$(number guest_process voluntary_switches)
	copy 50000
	many=$(number guest_process voluntary_switches)
	is 'no tracer stops' "$(number tracer_stops)" 0
	check '100 000 calls cost no voluntary switches' test "$many" -lt "$((few + 100))"
	is 'where there is one process they are not told apart' \
		"$(number switches_since_program)" ''
	;;
esac
done_testing
