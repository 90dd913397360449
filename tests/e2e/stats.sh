#!/bin/sh
# --stats: what programs asked for in vain, by program.
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
done_testing
