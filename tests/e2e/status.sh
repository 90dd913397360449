#!/bin/sh
# Exit statuses, and the one line that goes with those of lodger's own.
# TEST-TIMEOUT: 120
. "${0%/*}/../tap.sh"
exec </dev/null
alone=${LODGER%/*}/tests/tools/alone

# status NAME WANTED LINES ARG...: runs, compares status and lines on stderr
status()
{
	_name=$1 _want=$2 _lines=$3
	shift 3
	# shellcheck disable=SC2086
	"$alone" "$LODGER" run $LODGER_ARGS "$@" >"$tmp/out" 2>"$tmp/err"
	_got=$?
	_saw=$(grep -c '' "$tmp/err")
	is "$_name" "status $_got, $_saw lines" "status $_want, $_lines lines"
	[ "$_saw" = "$_lines" ] || sed 's/^/# /' "$tmp/err"
}

says()
{
	matches "$1" "$(cat "$tmp/err")" "$2"
}

status 'the shell ends with 7' 7 0 -- sh -c 'exit 7'
status 'a true program' 0 0 -- true
status 'a false program' 1 0 -- false
status 'the largest status' 255 0 -- sh -c 'exit 255'
status 'a program that says 125' 125 0 -- sh -c 'exit 125'
status 'a program that says 127' 127 0 -- sh -c 'exit 127'
# shellcheck disable=SC2016
status 'kill -9 of itself' 137 0 -- sh -c 'kill -9 $$'
# shellcheck disable=SC2016
status 'kill -TERM of itself' 143 0 -- sh -c 'kill -TERM $$'
# shellcheck disable=SC2016
status 'kill -INT of itself' 130 0 -- sh -c 'kill -INT $$'
# shellcheck disable=SC2016
status 'a segmentation fault' 139 0 -- sh -c 'kill -SEGV $$'
# shellcheck disable=SC2016
status 'SIGALRM' 142 0 -- sh -c 'kill -ALRM $$'
status 'orphans do not outlive the program' 3 0 -- \
	sh -c 'sleep 100 & sleep 200 & exit 3'
status 'what a pipeline ends with' 4 0 -- sh -c 'true | (exit 4)'

status 'a path that is not there' 127 1 -- /nope
says '... is named' 'lodger: /nope: *'
status 'a name that is not there' 127 1 -- nope
says '... is named' 'lodger: nope: *'
status 'a path below a file' 127 1 -- /bin/sh/nope
status 'a directory' 126 1 -- /bin
says '... is named' 'lodger: /bin: *'
status 'a file without permission' 126 1 -- /etc/passwd
says '... is named' 'lodger: /etc/passwd: *'
status 'an empty name' 127 1 -- ''
status 'a very long name' 126 1 -- "/$(printf '%0300d' 0)"
status 'a directory that is not there' 125 1 --cwd /nope -- true
says '... is named' 'lodger: --cwd /nope: *'
status 'options end at --' 127 1 -- --help

# Arguments and environment arrive as they were.
is 'arguments' "$(lodger_run -- sh -c 'printf "<%s>" "$@"' sh a '' 'b c' "d
e" '*')" "<a><><b c><d
e><*>"
is 'environment' "$(lodger_run --env 'A=b c' -e B= -- sh -c 'echo "$A,$B,${HOST_SECRET-unset}"')" \
	'b c,,unset'
# shellcheck disable=SC2034
HOST_SECRET=x
is 'working directory' "$(lodger_run --cwd /usr -- pwd)" /usr
is 'user' "$(lodger_run --user 1000:1001 -- id -u)$(lodger_run --user 1000:1001 -- id -g)" \
	10001001
is 'hostname' "$(lodger_run --hostname some.host -- hostname)" some.host

# Ends that come from outside.
status '--timeout' 124 0 --timeout 300ms -- sleep 100
status '--timeout of a program that spins' 124 0 --timeout 300ms -- \
	sh -c 'while :; do :; done'
status '--timeout that is not reached' 5 0 --timeout 30s -- sh -c 'exit 5'

# by_signal NAME SIGNAL STATUS PROGRAM...
by_signal()
{
	_name=$1 _sig=$2 _want=$3
	shift 3
	rm -f "$tmp/pid" "$tmp/out"
	# a shell ignores SIGINT and SIGQUIT for what it runs in the background
	# shellcheck disable=SC2086
	env --default-signal=INT,QUIT,HUP,TERM "$alone" -p "$tmp/pid" \
		"$LODGER" run $LODGER_ARGS --timeout 20s -- "$@" \
		>"$tmp/out" 2>"$tmp/err" &
	_job=$!
	_tries=0
	until [ -s "$tmp/out" ] || [ $_tries = 200 ]; do
		sleep 0.05
		_tries=$((_tries + 1))
	done
	kill -"$_sig" "$(cat "$tmp/pid")"
	wait $_job
	is "$_name" "$?, $(cat "$tmp/err")" "$_want, "
}

by_signal 'SIGINT' INT 130 sh -c 'echo ready; sleep 100'
by_signal 'SIGTERM' TERM 143 sh -c 'echo ready; sleep 100'
by_signal 'SIGHUP' HUP 129 sh -c 'echo ready; sleep 100'
by_signal 'SIGQUIT' QUIT 131 sh -c 'echo ready; sleep 100'
by_signal 'SIGINT for a program that spins' INT 130 \
	sh -c 'echo ready; while :; do :; done'
by_signal 'SIGTERM for a program that ignores it' TERM 143 \
	sh -c "trap '' TERM INT; echo ready; while :; do :; done"

done_testing
