#!/bin/sh
# Random operations on files (tests/guest/t_fsx.c) on tmpfs, on files of the host, written
# to and changed in memory only, and on ext2, with blocks of each size; these also with
# little memory: no difference from the model, and e2fsck -fn finds nothing. FSX_OPERATIONS says how many on each; make check-all asks for a million.
# TEST-TIMEOUT: 400
. "${0%/*}/../tap.sh"
exec </dev/null
PATH=$PATH:/sbin:/usr/sbin
count=${FSX_OPERATIONS:-6000}
seed=${FSX_SEED:-5}

# random_files NAME COUNT SCRIPT OPTION...
random_files()
{
	name=$1 number=$2 script=$3
	shift 3
	lodger_run --env LODGER_GUEST=1 "$@" -- \
		sh -c "mkdir /tmp/x; $script cd /tmp/x && exec /tests/t_fsx $number $seed" >"$tmp/out" 2>&1
	status=$?
	if [ $status = 0 ] && grep -q '^ok 1' "$tmp/out"; then
		pass "$name: $number operations, seed $seed"
	else
		fail "$name: $number operations, seed $seed: status $status" <"$tmp/out"
	fi
}

random_files tmpfs "$count" '' --root "$TESTROOT"
random_files 'a tmpfs that was mounted' $((count / 4)) 'mount -t tmpfs none /tmp/x;' \
	--root "$TESTROOT"

# pages are given back and read again all the time
busy='(while :; do cat large large >/dev/null; done) &
	'
mkdir "$tmp/host" "$tmp/root"
(cd "$tmp/root" && cpio -id --quiet <"$TESTROOT")
random_files 'files of the host' "$count" '' --root "$TESTROOT" --bind "$tmp/host:/tmp/x"
random_files 'a root of the host, changed in memory' $((count / 2)) '' --root "$tmp/root"
random_files 'a root of the host, written to' $((count / 4)) '' --root "$tmp/root" --root-rw
rm -rf "$tmp/host"
mkdir "$tmp/host"
dd if=/dev/urandom of="$tmp/host/large" bs=1M count=12 2>/dev/null
cp "${TESTROOT%/*}/tests/guest/t_fsx" "$tmp/host"
random_files 'files of the host, little memory' $((count / 4)) 'mkdir /tests &&
	cp /tmp/x/t_fsx /tests && cd /tmp/x || exit
	'"$busy" --mem 16M --bind "$tmp/host:/tmp/x"
rm -r "$tmp/host" "$tmp/root"

command -v mke2fs >/dev/null && command -v e2fsck >/dev/null || {
	skip ext2 'no e2fsprogs on this host'
	done_testing
}

# new_image MKE2FS-OPTION...
new_image()
{
	rm -f "$tmp/image"
	truncate -s 200M "$tmp/image"
	mke2fs -q -F -t ext2 "$@" "$tmp/image" 2>/dev/null
}

for block in 1024 2048 4096; do
	new_image -b $block
	number=$((count / 2))
	[ $block != 4096 ] || number=$count
	random_files "ext2, blocks of $block" $number 'mount -t ext2 /dev/vda /tmp/x &&' \
		--root "$TESTROOT" --disk "$tmp/image"
	check '... and e2fsck finds nothing' e2fsck -fn "$tmp/image"
done

mkdir "$tmp/tree"
cp "${TESTROOT%/*}/tests/guest/t_fsx" "$tmp/tree"
dd if=/dev/urandom of="$tmp/tree/large" bs=1M count=12 2>/dev/null
for block in 1024 4096; do
	new_image -b $block -d "$tmp/tree"
	random_files "little memory, blocks of $block" $((count / 4)) 'mkdir /tests &&
		mount -t ext2 /dev/vda /tmp/x && cp /tmp/x/t_fsx /tests && cd /tmp/x || exit
		'"$busy" --mem 16M --disk "$tmp/image"
	check '... and e2fsck finds nothing' e2fsck -fn "$tmp/image"
done
done_testing
