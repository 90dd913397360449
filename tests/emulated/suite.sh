#!/bin/sh
# Runs on the emulated host: programs of /tests or /attacks in one mechanism set, all
# of the group or those named, as many at once as there are processors. Speaks TAP: a
# line for each program.
#
#   suite.sh GROUP SECONDS SET OPTION... [-- NAME...]
#
# SECONDS is for each program; a case of one may take as long. suite.sh calls itself
# for each: suite.sh --one NAME, with the rest in the environment.
not_emulated='^not ok [0-9]+ - (SIGFPE: SSE|non-canonical bases by instruction)$'

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

# The verdict is one write, so that two do not mix.
one()
{
	out=/tmp/suite.$name
	begun=$(cut -d. -f1 /proc/uptime)
	# shellcheck disable=SC2046,SC2086
	timeout -s KILL "$limit" build/lodger run $options $(more_of "$name") \
		--root build/testroot.cpio --env LODGER_GUEST=1 --env LODGER_SET="$set" \
		--env TEST_SECONDS="$limit" -- "$(path_of "$name")" >"$out" 2>&1
	status=$?
	# This emulator raises no SSE exceptions, and takes any segment base.
	if grep -qE "$not_emulated" "$out"; then
		sed -Ei "/$not_emulated/d" "$out"
		[ $status = 1 ] && status=0
	fi
	took="$(($(cut -d. -f1 /proc/uptime) - begun)) s"
	if [ $status = 0 ] && ! grep -q '^not ok' "$out"; then
		echo "ok - $name # $took"
	else
		printf '%s\n' "$(grep -v '^ok' "$out" | tail -n 12 | cut -c1-200 | sed 's/^/# /')
not ok - $name: status $status # $took"
	fi
	rm -f "$out"
}

if [ "$1" = --one ]; then
	name=$2
	one
	exit 0
fi
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
list=$*
[ -n "$list" ] || list=$(cpio -t <build/testroot.cpio 2>/dev/null | sed -n "s#^$group/##p")
export limit set options
# shellcheck disable=SC2086
printf '%s\n' $list | xargs -P "$(nproc)" -n 1 sh "$0" --one
# shellcheck disable=SC2086
set -- $list
echo "1..$#"
