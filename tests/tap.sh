# TAP for the shell scripts of tests/e2e; source it:  . "${0%/*}/../tap.sh"
#
# The runner sets LODGER (the binary), LODGER_ARGS (the mechanism set's options)
# and TESTROOT (the archive with the test programs); by hand the defaults serve.
#
#   lodger_run ARG...        $LODGER run with the set's options
#   check NAME COMMAND...    passes when the command succeeds; its output is the
#                            diagnostic when it fails
#   is NAME GOT WANTED       passes when the two strings are equal
#   matches NAME GOT PATTERN passes when a shell pattern matches
#   await FILE SECONDS       waits until FILE has contents, at most so long
#   await_line FILE PATTERN  waits until a line of FILE matches, at most 90 s
#   evict FILE               the host forgets what it has of it in memory, if it can
#   skip NAME REASON         one test that this host cannot do
#   skip_all REASON          the whole script cannot run here
#   done_testing             last: prints the plan, exits 1 if any failed

top=$(cd "${0%/*}/../.." && pwd)
: "${LODGER:=$top/build/lodger}"
: "${LODGER_ARGS:=}"
: "${TESTROOT:=$top/build/testroot.cpio}"
tests=0
failures=0
tmp=$(mktemp -d "${TMPDIR:-/tmp}/lodger-e2e.XXXXXX") || exit 1
trap 'rm -rf "$tmp"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

lodger_run()
{
	# shellcheck disable=SC2086 # options are words
	"$LODGER" run $LODGER_ARGS "$@"
}

pass()
{
	tests=$((tests + 1))
	printf 'ok %d - %s\n' "$tests" "$1"
}

# fail NAME: diagnostics come from stdin
fail()
{
	tests=$((tests + 1))
	failures=$((failures + 1))
	printf 'not ok %d - %s\n' "$tests" "$1"
	sed 's/^/# /'
}

check()
{
	_name=$1
	shift
	"$@" >"$tmp/.check" 2>&1
	_status=$?
	if [ "$_status" = 0 ]; then
		pass "$_name"
	else
		{
			printf 'exit status %d: %s\n' "$_status" "$*"
			tail -n 40 "$tmp/.check"
		} >"$tmp/.diag"
		fail "$_name" <"$tmp/.diag"
	fi
}

is()
{
	if [ "$2" = "$3" ]; then
		pass "$1"
	else
		printf 'got:    %s\nwanted: %s\n' "$2" "$3" >"$tmp/.diag"
		fail "$1" <"$tmp/.diag"
	fi
}

matches()
{
	# shellcheck disable=SC2254 # a pattern is meant
	case $2 in
	$3) pass "$1" ;;
	*)
		printf 'got:     %s\npattern: %s\n' "$2" "$3" >"$tmp/.diag"
		fail "$1" <"$tmp/.diag"
		;;
	esac
}

# guest_test NAME ARG...: `lodger run ARG...` is a test program that has passed
guest_test()
{
	_name=$1
	shift
	lodger_run "$@" >"$tmp/.check" 2>&1
	_status=$?
	if [ "$_status" = 0 ] && ! grep -q '^not ok' "$tmp/.check" &&
	   grep -q '^ok' "$tmp/.check"; then
		pass "$_name"
	else
		# not through a pipe: what it counts would be lost
		echo "status $_status" >>"$tmp/.check"
		fail "$_name" <"$tmp/.check"
	fi
}

await()
{
	_tries=$(($2 * 20))
	while ! [ -s "$1" ] && [ "$_tries" -gt 0 ]; do
		sleep 0.05
		_tries=$((_tries - 1))
	done
}

await_line()
{
	_tries=900
	until grep -q "$2" "$1" || [ "$_tries" = 0 ]; do
		sleep 0.1
		_tries=$((_tries - 1))
	done
}

evict()
{
	python3 -c 'import os, sys
fd = os.open(sys.argv[1], os.O_RDWR)
os.fsync(fd)
os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_DONTNEED)' "$1"
}

skip()
{
	tests=$((tests + 1))
	printf 'ok %d - %s # SKIP %s\n' "$tests" "$1" "$2"
}

skip_all()
{
	printf '1..0 # SKIP %s\n' "$1"
	exit 0
}

done_testing()
{
	printf '1..%d\n' "$tests"
	[ "$failures" = 0 ]
	exit
}
