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

# switches COUNT: voluntary switches of the guest machine's processes, and tracer
# stops, in a run of so many reads and writes
switches()
{
	lodger_run --stats=json:"$tmp/json" -- dd if=/dev/zero of=/dev/null bs=1 \
		count="$1" 2>/dev/null
	python3 -c 'import json, sys; s = json.load(open(sys.argv[1])); print(
		s["guest_process"]["voluntary_switches"], s["tracer_stops"])' "$tmp/json"
}

case $LODGER_ARGS in
*patch* | *trap* | *dispatch*)
	few=$(switches 1)
	many=$(switches 50000)
	is 'no tracer stops' "${many#* }" 0
	# whoever looks at /proc meanwhile may hold the process up, some times a second
	check '100 000 calls cost no voluntary switches' \
		test "${many% *}" -lt "$((${few% *} + 100))"
	;;
esac
done_testing
