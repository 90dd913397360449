#!/bin/sh
# The host's side: hosts that forbid things, users without privileges, and
# deaths from outside. Nothing is ever left running.
# TEST-TIMEOUT: 180
. "${0%/*}/../tap.sh"
exec </dev/null
build=${LODGER%/*}
alone=$build/tests/tools/alone

# A host that forbids ptrace: only some mechanisms need it.
case " $LODGER_ARGS " in
*' --intercept trap '* | *' --intercept dispatch '* | *' --intercept patch '* | *' --mode fast '*) wanted='0 0 ' ;;
*) wanted='125 1 lodger: *ptrace*' ;;
esac
# shellcheck disable=SC2086
"$alone" "$build/tests/tools/forbid" ptrace "$LODGER" run $LODGER_ARGS -- true \
	>"$tmp/out" 2>"$tmp/err"
matches 'ptrace forbidden' "$? $(grep -c '' "$tmp/err") $(cat "$tmp/err")" \
	"$wanted"
"$build/tests/tools/forbid" ptrace "$LODGER" doctor >"$tmp/out" 2>&1
matches '... and doctor says so' "$? $(cat "$tmp/out")" '*ptrace*'

# What the host does not give: one sentence, or it does without.
(
	ulimit -v 60000
	# shellcheck disable=SC2086
	exec "$alone" "$LODGER" run $LODGER_ARGS -- true
) >"$tmp/out" 2>"$tmp/err"
case "$? $(grep -c '' "$tmp/err")" in
'0 0' | '125 1') pass 'little address space' ;;
*) fail 'little address space' <"$tmp/err" ;;
esac
(
	ulimit -f 1000
	# shellcheck disable=SC2086
	exec "$alone" "$LODGER" run $LODGER_ARGS -- true
) >"$tmp/out" 2>"$tmp/err"
is 'a small file-size limit' "$? $(grep -c '' "$tmp/err")" '125 1'
(
	ulimit -n 8
	# shellcheck disable=SC2086
	exec "$LODGER" run $LODGER_ARGS -- true
) >"$tmp/out" 2>"$tmp/err"
is 'few descriptors' "$? $(grep -c '' "$tmp/err")" '125 1'
(
	ulimit -t 1
	# shellcheck disable=SC2086
	exec "$alone" "$LODGER" run $LODGER_ARGS -- sh -c 'while :; do :; done'
) >"$tmp/out" 2>"$tmp/err"
status=$?
check 'a limit of CPU time ends it' test "$status" != 0

# No environment, no home, a directory that is gone.
is 'an empty environment' "$(env -i "$LODGER" run -- sh -c 'echo $TERM')" linux
mkdir "$tmp/gone"
is 'a working directory that is gone' \
	"$(cd "$tmp/gone" && rmdir "$tmp/gone" && "$LODGER" run -- echo x 2>&1)" x

# start ARG...: runs in the background until the program says so
start()
{
	rm -f "$tmp/pid" "$tmp/out"
	# shellcheck disable=SC2086
	"$alone" -p "$tmp/pid" "$LODGER" run $LODGER_ARGS --timeout 20s "$@" \
		>"$tmp/out" 2>"$tmp/err" &
	job=$!
	tries=0
	until [ -s "$tmp/out" ] || [ $tries = 200 ]; do
		sleep 0.05
		tries=$((tries + 1))
	done
	vmm=$(cat "$tmp/pid")
	guest=
	first= # the others, with --space multi, are for one program each
	for child in $(cat "/proc/$vmm/task/$vmm/children"); do
		[ "$(cat "/proc/$child/comm")" != lodger-guest ] || guest=$child
		: "${first:=$guest}"
	done
}

for what in spins sleeps; do
	case $what in
	spins) program='echo ready; while :; do :; done' ;;
	sleeps) program='echo ready; sleep 100' ;;
	esac
	start -- sh -c "$program"
	kill -KILL "$vmm"
	wait $job
	is "kill -9 of the VMM process, program $what" "$? $(cat "$tmp/err")" '137 '
	start -- sh -c "$program"
	kill -KILL "$first"
	wait $job
	matches "kill -9 of the guest-machine process, program $what" \
		"$? $(grep -c '' "$tmp/err") $(cat "$tmp/err")" '125 1 lodger: *SIGKILL*'
done

# Other signals from the host to the guest-machine process change nothing, but
# for a stop that lasts until it is told to go on.
start -- sh -c 'echo ready; sleep 1; echo done; exit 9'
for sig in TERM INT HUP USR1 USR2 SEGV BUS ILL FPE TRAP SYS ALRM IO WINCH CONT PIPE QUIT; do
	kill -$sig "$guest"
done
wait $job
is 'signals from outside are not the guest'"'"'s' "$? $(tr '\n' ' ' <"$tmp/out")$(cat "$tmp/err")" \
	'9 ready done '
# Interrupts at every instruction of the way in and out, several at once. With a tracer
# each call is many ways in and out.
case $LODGER_ARGS in
*patch* | *trap* | *dispatch* | '') calls=60000 ;;
*) calls=15000 ;;
esac
start -- sh -c "echo ready; dd if=/dev/zero of=/dev/null bs=1 count=$calls 2>/dev/null &&
	cat /bin/busybox /bin/busybox | wc -c; exit 9"
while kill -ALRM "$guest" && kill -IO "$guest" && kill -WINCH "$guest" &&
	kill -USR1 "$guest"; do :; done 2>/dev/null
wait $job
matches 'a storm of interrupts from outside' "$? $(tr '\n' ' ' <"$tmp/out")$(cat "$tmp/err")" \
	'9 ready [1-9]* '
start -- sh -c 'echo ready; sleep 1; echo done; exit 9'
kill -STOP "$guest"
sleep 0.2
kill -CONT "$guest"
wait $job
is 'stopped and continued' "$? $(tr '\n' ' ' <"$tmp/out")$(cat "$tmp/err")" '9 ready done '
start -- sh -c 'echo ready; while :; do :; done'
kill -STOP "$guest"
kill -TERM "$vmm"
wait $job
is 'ended while stopped' "$? $(cat "$tmp/err")" '143 '

# shellcheck disable=SC2086
timeout 1 "$alone" "$LODGER" run $LODGER_ARGS -- sh -c 'while :; do :; done'
is 'timeout(1)' $? 124
sleep 0.3

# What the guest-machine process is: nothing that it does not need.
start -- sh -c 'echo ready; sleep 100'
field() { sed -n "s/^$1:[[:space:]]*//p" "/proc/$guest/status"; }
is 'no capabilities' "$(field CapPrm) $(field CapEff) $(field CapInh) $(field CapAmb)" \
	'0000000000000000 0000000000000000 0000000000000000 0000000000000000'
is 'no new privileges, a filter' "$(field NoNewPrivs) $(field Seccomp)" '1 2'
is 'one thread' "$(field Threads)" 1
# the process is not dumpable: these need root
if [ "$(id -u)" = 0 ]; then
	is 'descriptors' "$(ls "/proc/$guest/fd" | sort -n | tr '\n' ' ')" \
		"0 1 2 3 4 5 6 8 $([ "$first" = "$guest" ] || echo '9 10 ')"
	is 'nothing mapped outside user space and window' \
		"$(awk -F'[- ]' '{ a = strtonum("0x" $1) } a >= strtonum("0xc0000000")' \
			"/proc/$guest/maps" 2>/dev/null | grep -vc vsyscall)" 0
else
	check 'memory closed to its own user' \
		sh -c "! cat /proc/$guest/maps && ! cat /proc/$guest/environ"
fi
kill -TERM "$vmm"
wait $job

# As an ordinary user.
if [ "$(id -u)" = 0 ] && command -v setpriv >/dev/null; then
	chmod 755 "$tmp"
	cp "$LODGER" "$alone" "$tmp/"
	user="setpriv --reuid=65534 --regid=65534 --clear-groups --inh-caps=-all"
	# shellcheck disable=SC2086
	$user "$tmp/alone" "$tmp/lodger" run $LODGER_ARGS -- \
		sh -c 'id -u; exit 7' >"$tmp/out" 2>"$tmp/err"
	is 'as an ordinary user' "$? $(cat "$tmp/out" "$tmp/err")" '7 0'
	# shellcheck disable=SC2086
	$user "$tmp/lodger" doctor >"$tmp/out" 2>&1
	is '... and doctor' $? 0
	for limit in '--no-new-privs' '--bounding-set=-all'; do
		# shellcheck disable=SC2086
		is "... with $limit" "$($user $limit "$tmp/lodger" run -- echo x 2>&1)" x
	done
else
	skip 'as an ordinary user' 'not root: all of this is'
fi

done_testing
