#!/bin/sh
# TAP: the attacks of one family of hostile guest kernels on their host.
#
#   run.sh FAMILY     tests/hostile/FAMILY.c; KERNEL says where the image is
#
# The image lists its attacks, each with the exit status and the one line on
# stderr that must be its end: a line for sets that stop the machine at every
# call, another for those that do not. Whatever it tries, nothing may be left running.
# Without the policy the attacks would act with the rights of whoever started
# the machine; the head of each family's file says what they would gain.
family=$1
. "${0%/*}/../tap.sh"
: "${BUILD:=${LODGER%/*}}"
: "${KERNEL:=$BUILD/tests/hostile/hostile.elf}"
alone=$BUILD/tests/tools/alone
seconds=${HOSTILE_SECONDS:-20} # a machine may take; more where all is slow
exec </dev/null

# Does the host call the kernel back instead of stopping it at every call?
case " $LODGER_ARGS " in
*' --intercept '[!p]* | *' --intercept patch '* | *' --mode fast '* | *' --mode kmod '*) inside=yes ;;
*) inside= ;;
esac

hostile()
{
	# shellcheck disable=SC2086 # options are words
	"$LODGER" run $LODGER_ARGS --kernel "$KERNEL" "$@"
}

# end_of NAME STATUS PATTERN GOT: the verdict on what $tmp/err and GOT say
end_of()
{
	_lines=$(grep -c '' "$tmp/err")
	_wanted=1
	[ -n "$3" ] || _wanted=0
	{
		[ "$4" = "$2" ] || echo "exit status $4, wanted $2"
		[ "$_lines" = "$_wanted" ] ||
			echo "$_lines lines on stderr, wanted $_wanted"
		# shellcheck disable=SC2254 # a pattern is meant
		case $(cat "$tmp/err") in
		$3) ;;
		*) echo "wanted: $3" ;;
		esac
		! LC_ALL=C grep -q '[^ -~]' "$tmp/err" ||
			echo 'control characters on stderr'
	} >"$tmp/diag"
	if [ -s "$tmp/diag" ]; then
		cat -v "$tmp/err" >>"$tmp/diag"
		fail "$1" <"$tmp/diag"
	else
		pass "$1"
	fi
}

# attack NAME WHEN STATUS PATTERN
attack()
{
	# the third word is the VMM process itself, for those who aim at it
	# shellcheck disable=SC2086,SC2016
	"$alone" sh -c 'exec "$@" $$' sh "$LODGER" run $LODGER_ARGS \
		$disks --kernel "$KERNEL" --timeout "${seconds}s" -- "$1" "$2" 2>"$tmp/err" >"$tmp/out"
	end_of "$1 $2" "$3" "$4" $?
}

# What --stats makes of the counters that the kernel has left.
stats_of()
{
	hostile --timeout "${seconds}s" --stats="json:$tmp/stats" -- "$1" "$2" \
		>/dev/null 2>&1
	check "$1 $2: the statistics are JSON" \
		python3 -m json.tool "$tmp/stats" "$tmp/json"
}

# endless NAME WHEN: four ways to end it
endless()
{
	"$alone" "$LODGER" run $LODGER_ARGS --kernel "$KERNEL" --timeout 300ms \
		-- "$1" "$2" 2>"$tmp/err" >"$tmp/out" <>"$tmp/fifo"
	end_of "$1 $2, --timeout" 124 '' $?
	end_by_signal "$1" "$2" TERM 143 ''
	end_by_signal "$1" "$2" KILL 137 ''
	end_by_signal "$1" "$2" GUEST 125 \
		'lodger: the guest-machine process was killed by SIGKILL'
}

# end_by_signal NAME WHEN SIGNAL STATUS PATTERN; GUEST: kill -9 its process
end_by_signal()
{
	rm -f "$tmp/pid"
	# shellcheck disable=SC2086
	"$alone" -p "$tmp/pid" "$LODGER" run $LODGER_ARGS --kernel "$KERNEL" \
		--timeout "${seconds}s" -- "$1" "$2" 2>"$tmp/err" >"$tmp/out" <>"$tmp/fifo" &
	_job=$!
	_tries=0
	until _guest=$(guest_of "$tmp/pid") || [ $_tries = 200 ]; do
		sleep 0.02
		_tries=$((_tries + 1))
	done
	sleep 0.1
	if [ "$3" = GUEST ]; then
		kill -KILL "$_guest"
	else
		kill -"$3" "$(cat "$tmp/pid")"
	fi
	wait $_job
	end_of "$1 $2, kill -$3" "$4" "$5" $?
}

# guest_of FILE: the guest-machine process below the VMM process in FILE, once
# it has given its root directory away (before that it is still starting)
guest_of()
{
	_vmm=$(cat "$1" 2>/dev/null) && [ -n "$_vmm" ] || return 1
	_child=$(cat "/proc/$_vmm/task/$_vmm/children" 2>/dev/null) || return 1
	_child=${_child%% *}
	[ "$(cat "/proc/$_child/comm" 2>/dev/null)" = lodger-guest ] || return 1
	echo "$_child"
}

hostile --timeout 10s -- list "$family" >"$tmp/list" 2>"$tmp/err"
[ -s "$tmp/list" ] || {
	fail "the list of family $family" <"$tmp/err"
	done_testing
}
# swap DIR: names in it that lead to ../out by turns, until it is told to stop
swap()
{
	while ! [ -e "$tmp/b/stop" ]; do
		ln -sfn ../out "$1/new" && mv -T "$1/new" "$1/swapped"
		ln -sf ../out/secret "$1/new" && mv -T "$1/new" "$1/swap"
		rm -f "$1/swapped" && mkdir "$1/swapped"
		echo mine >"$1/new" && mv -T "$1/new" "$1/swap"
		rmdir "$1/swapped"
	done 2>/dev/null
}

disks=
if [ "$family" = broker ]; then
	mkdir -p "$tmp/b/in/sub" "$tmp/b/out"
	echo in >"$tmp/b/in/file"
	echo secret >"$tmp/b/out/secret"
	chmod 600 "$tmp/b/out/secret"
	ln -s ../out "$tmp/b/in/link"
	ln -s "$tmp/b/out" "$tmp/b/in/absolute"
	ln -s /proc/self/fd "$tmp/b/in/magic"
	swap "$tmp/b/in" &
	disks="--bind $tmp/b/in:/rw --bind $tmp/b/in:/ro:ro"
fi
if [ "$family" = disks ]; then
	# as tests/hostile/disks.c has them
	yes 'a template' | head -c 65536 >"$tmp/template"
	cp "$tmp/template" "$tmp/template.was"
	head -c 65536 /dev/zero >"$tmp/disk"
	disks="--disk $tmp/disk --disk $tmp/template,snapshot"
fi
mkfifo "$tmp/fifo"
tab=$(printf '\t')
while IFS= read -r entry <&3; do
	line=${entry%"$tab"*}
	when=${line%% *}
	line=${line#* }
	status=${line%% *}
	line=${line#* }
	name=${line%% *}
	line=${line#* }
	[ -z "$inside" ] || line=${entry##*"$tab"}
	if [ "$line" = - ]; then
		skip "$name" 'has no object in this mechanism set'
		continue
	fi
	case $when in
	both) whens='early late' ;;
	*) whens=$when ;;
	esac
	for w in $whens; do
		case $family in
		endless) endless "$name" "$w" ;;
		*) attack "$name" "$w" "$status" "$line" ;;
		esac
		case $name in
		lies-*) stats_of "$name" "$w" ;;
		esac
	done
done 3<"$tmp/list"
if [ "$family" = broker ]; then
	touch "$tmp/b/stop"
	wait
	is 'the secret is as it was, and alone' \
		"$(ls -A "$tmp/b/out") $(cat "$tmp/b/out/secret") $(stat -c %a "$tmp/b/out/secret")" \
		'secret secret 600'
fi
if [ "$family" = disks ]; then
	is 'the disk has its size, and nothing else in it' \
		"$(stat -c %s "$tmp/disk") $(tr -d '\0' <"$tmp/disk" | wc -c)" '65536 0'
	check 'the template is as it was' cmp "$tmp/template" "$tmp/template.was"
fi
done_testing
