#!/bin/sh
# Runs on the emulated host: programs of /tests or /attacks in one mechanism set, all
# of the group or those named. Speaks TAP: a line for each program.
#
#   suite.sh GROUP SECONDS SET OPTION... [-- NAME...]
group=$1
limit=$2
set=$3
shift 3
options=
while [ $# -gt 0 ] && [ "$1" != -- ]; do
	options="$options $1"
	shift
done
[ $# -gt 0 ] && shift

# The marks in the sources are not here: what differs is said where it is needed.
more_of()
{
	case $1 in
	a_bombs) echo --mem 64M --pids 100 ;;
	esac
}

# path NAME: in the root archive
path_of()
{
	case $1 in
	a_*) echo "/attacks/$1" ;;
	*) echo "/tests/$1" ;;
	esac
}

list=$*
[ -n "$list" ] || list=$(cpio -t <build/testroot.cpio 2>/dev/null | sed -n "s#^$group/##p")
not_emulated='^not ok [0-9]+ - (SIGFPE: SSE|non-canonical bases by instruction)$'
n=0
failed=0
for name in $list; do
	n=$((n + 1))
	# shellcheck disable=SC2046,SC2086
	timeout -s KILL "$limit" build/lodger run $options $(more_of "$name") \
		--root build/testroot.cpio --env LODGER_GUEST=1 --env LODGER_SET="$set" --env TEST_SECONDS=150 \
		-- "$(path_of "$name")" >/tmp/out 2>&1
	status=$?
	# This emulator raises no SSE exceptions, and takes any segment base.
	if grep -qE "$not_emulated" /tmp/out; then
		sed -Ei "/$not_emulated/d" /tmp/out
		[ $status = 1 ] && status=0
	fi
	if [ $status = 0 ] && ! grep -q '^not ok' /tmp/out; then
		echo "ok $n - $name"
	else
		failed=1
		grep -v '^ok' /tmp/out | tail -n 12 | sed 's/^/# /'
		echo "not ok $n - $name: status $status"
	fi
done
echo "1..$n"
exit $failed
