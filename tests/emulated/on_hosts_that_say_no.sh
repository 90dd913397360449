#!/bin/sh
# Runs on the emulated host, as root: settings that one would not try on a machine in
# use, one after another. A machine works under each, for an ordinary user; what was
# asked for by name and cannot be had is refused with one sentence and 125.
. "${0%/*}/../tap.sh"
exec </dev/null
chmod 755 "$tmp"

as_user()
{
	su -p -s /bin/sh -c 'exec "$0" "$@"' -- user "$@"
}

# works NAME OPTION...: processes, memory, files, and the program's own status
works()
{
	_name=$1
	shift
	as_user "$LODGER" run "$@" -- sh -c 'seq 1 3000 | sort -rn | head -1
		i=0; while [ $i -lt 20 ]; do (exit 0); i=$((i + 1)); done
		dd if=/dev/zero of=/tmp/f bs=64k count=100 2>/dev/null; wc -c </tmp/f
		exit 7' >"$tmp/out" 2>"$tmp/err"
	is "$_name" "$? $(tr '\n' ' ' <"$tmp/out")$(cat "$tmp/err")" '7 3000 6553600 '
}

# refused NAME WORD OPTION...
refused()
{
	_name=$1
	_word=$2
	shift 2
	as_user "$LODGER" run "$@" -- true >"$tmp/out" 2>"$tmp/err"
	matches "$_name" "$? $(grep -c '' "$tmp/err") $(cat "$tmp/out" "$tmp/err")" \
		"125 1 lodger: *$_word*"
}

modes()
{
	as_user "$LODGER" modes
}

every_mode()
{
	works "$1: default"
	works "$1: umlinux" --mode umlinux
	works "$1: seccomp" --intercept seccomp --protect gate --space remap
}

is 'one CPU' "$(nproc)" 1
every_mode 'one CPU'
works 'keys' --protect pkey

echo 400 >/proc/sys/vm/max_map_count
every_mode 'few mappings'
echo 65530 >/proc/sys/vm/max_map_count

echo never >/sys/kernel/mm/transparent_hugepage/enabled
echo never >/sys/kernel/mm/transparent_hugepage/shmem_enabled
every_mode 'huge pages never'
echo deny >/sys/kernel/mm/transparent_hugepage/shmem_enabled
every_mode 'huge pages denied'
matches '... modes says so' "$(modes)" '*gate *small pages*'
refused '... --memory huge' 'memory huge' --memory huge

echo 0 >/proc/sys/user/max_user_namespaces
every_mode 'no user namespaces'

echo 3 >/proc/sys/kernel/yama/ptrace_scope
works 'no ptrace: default'
works 'no ptrace: trap' --intercept trap
works 'no ptrace: keys' --protect pkey
refused 'no ptrace: umlinux' ptrace --mode umlinux
refused 'no ptrace: seccomp' ptrace --intercept seccomp --protect gate --space remap
matches '... modes says so' "$(modes)" '*ptrace *refuses ptrace*patch + gate + multi*'

done_testing
