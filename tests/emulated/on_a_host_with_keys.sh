#!/bin/sh
# Runs on the emulated host, as root: what the set patch-pkey must pass.
#
# The attack on executable pages (tests/attack/a_pkey_pages.c) with its files on a disk
# and in a directory of the host's, where this script changes one from outside.
. "${0%/*}/../tap.sh"
exec </dev/null
set -- --intercept patch --protect pkey --space multi

pages()
{
	_script=$1
	shift
	timeout -s KILL 900 "$LODGER" run "$@" --root build/testroot.cpio \
		--env LODGER_SET=patch-pkey --env TEST_SECONDS=300 -- sh -c "$_script" \
		>"$tmp/out" 2>&1
	echo "$? $(grep -v '^ok\|^1\.\.\|killed by' "$tmp/out")"
}

matches 'modes says so' "$("$LODGER" modes)" '*pkey *supported*'

dd if=/dev/zero of="$tmp/disk" bs=1M count=8 2>/dev/null
is 'code in files of a disk' "$(pages 'mke2fs /dev/vda >/dev/null && mkdir /m &&
	mount -t ext2 /dev/vda /m && PKEY_DIR=/m exec /attacks/a_pkey_pages' --disk "$tmp/disk" "$@")" '0 '

# The opener of tests/attack/libkeys.c.
mkdir "$tmp/shared"
(
	until [ -e "$tmp/shared/ready" ]; do sleep 0.1; done
	printf '\061\311\061\322\061\300\017\001\357\212\007\303' |
		dd of="$tmp/shared/victim" conv=notrunc 2>/dev/null
	: >"$tmp/shared/done"
) &
is 'code in files of the host' "$(pages 'PKEY_HOST=1 PKEY_DIR=/shared exec /attacks/a_pkey_pages' \
	--bind "$tmp/shared:/shared" "$@")" '0 '

in_root()
{
	cpio -t <build/testroot.cpio 2>/dev/null | sed -n "s#^$1/##p"
}
list=$(in_root attacks; in_root tests)
# shellcheck disable=SC2086
sh tests/emulated/suite.sh tests 900 patch-pkey "$@" -- $list | while IFS= read -r line; do
	[ "${line#1..}" != "$line" ] || printf '%s\n' "$line" # all but its plan
done
# shellcheck disable=SC2086
set -- $list
tests=$((tests + $#))
done_testing
