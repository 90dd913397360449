#!/bin/sh
# Hosts that say no: filters around us that forbid what a mechanism needs, a
# sandbox, few processes, one CPU. What was asked for by name is refused with
# one sentence and 125; the preset falls back and `lodger modes` says so.
# TEST-TIMEOUT: 120
. "${0%/*}/../tap.sh"
exec </dev/null
build=${LODGER%/*}
forbid=$build/tests/tools/forbid

case " $LODGER_ARGS " in
*' --intercept trap '*) mechanism=trap ;;
*' --intercept dispatch '*) mechanism=dispatch ;;
*' --intercept patch '*) mechanism=patch ;;
*' --intercept sysemu '*) mechanism=sysemu ;;
*' --intercept seccomp '*) mechanism=seccomp ;;
*) mechanism=ptrace ;;
esac

# needs MECHANISM: what it cannot do without
needs()
{
	case $1 in
	ptrace | sysemu | seccomp) echo ptrace seccomp ;;
	trap | patch) echo seccomp pidfd ;;
	dispatch) echo seccomp pidfd dispatch ;;
	esac
}

# refused NAME WORD COMMAND...: one sentence with that word, status 125
refused()
{
	_refused=$1
	_word=$2
	shift 2
	"$@" >"$tmp/out" 2>"$tmp/err"
	matches "$_refused" "$? $(grep -c '' "$tmp/err") $(cat "$tmp/out" "$tmp/err")" \
		"125 1 lodger: *$_word*"
}

# works NAME COMMAND...: the program's own status and output, nothing else
works()
{
	_works=$1
	shift
	"$@" -- sh -c 'echo in; exit 7' >"$tmp/out" 2>"$tmp/err"
	is "$_works" "$? $(cat "$tmp/out" "$tmp/err")" '7 in'
}

for what in ptrace dispatch seccomp listener userns pidfd; do
	name="$mechanism where $what is forbidden"
	case " $(needs $mechanism) " in
	*" $what "*)
		# shellcheck disable=SC2086
		refused "$name" "--intercept $mechanism" \
			"$forbid" $what "$LODGER" run $LODGER_ARGS -- true
		;;
	*)
		# shellcheck disable=SC2086
		works "$name" "$forbid" $what "$LODGER" run $LODGER_ARGS
		;;
	esac
done

# A preset falls back as long as there is something.
works 'fast without ptrace' "$forbid" ptrace "$LODGER" run --mode fast
works 'fast without pidfd_open' "$forbid" pidfd "$LODGER" run --mode fast
matches '... and modes says so' "$("$forbid" pidfd "$LODGER" modes)" \
	'*fast *seccomp + gate + remap*not patch*pidfd_open*'
refused 'fast without filters' seccomp \
	"$forbid" seccomp "$LODGER" run --mode fast -- true
refused 'fast without ptrace and pidfd_open' pidfd_open \
	"$forbid" ptrace,pidfd "$LODGER" run --mode fast -- true
"$forbid" ptrace,dispatch,seccomp,listener,userns,pidfd "$LODGER" doctor \
	>"$tmp/out" 2>&1
matches 'doctor where all is forbidden' "$? $(cat "$tmp/out")" '125 *ptrace*cannot run*'

# A refused call of the guest kernel without a listener to name it.
"$forbid" listener "$LODGER" run --intercept trap --protect gate \
	--kernel "$build/tests/hostile/hostile.elf" --timeout 20s -- open late \
	>"$tmp/out" 2>"$tmp/err"
matches 'a hostile kernel without a listener' \
	"$? $(grep -c '' "$tmp/err") $(cat "$tmp/err")" '125 1 lodger: guest kernel refused*'

# Inside a sandbox of the usual kind.
if ! command -v bwrap >/dev/null; then
	skip 'inside bubblewrap' 'no bwrap: Debian has it in bubblewrap'
elif ! bwrap --ro-bind / / --dev /dev --proc /proc --unshare-all true 2>/dev/null; then
	skip 'inside bubblewrap' 'bwrap does not work here'
else
	# shellcheck disable=SC2086
	works 'inside bubblewrap' bwrap --ro-bind / / --dev /dev --proc /proc \
		--unshare-all --die-with-parent "$LODGER" run $LODGER_ARGS
fi

# Few processes, of a user who has no others.
if [ "$(id -u)" = 0 ] && command -v setpriv >/dev/null; then
	chmod 755 "$tmp"
	cp "$LODGER" "$tmp/lodger"
	as_user="setpriv --reuid=54321 --regid=54321 --clear-groups"
	# shellcheck disable=SC2086
	refused 'no further process' fork prlimit --nproc=1 \
		$as_user "$tmp/lodger" run $LODGER_ARGS -- true
	# shellcheck disable=SC2086
	works 'few processes' prlimit --nproc=16 \
		$as_user "$tmp/lodger" run $LODGER_ARGS
else
	skip 'few processes' 'needs root to become a user without processes'
fi

if command -v taskset >/dev/null; then
	# shellcheck disable=SC2086
	works 'one CPU' taskset -c "$(taskset -cp $$ | sed 's/.*: //; s/[-,].*//')" \
		"$LODGER" run $LODGER_ARGS
else
	skip 'one CPU' 'no taskset: Debian has it in util-linux'
fi

done_testing
