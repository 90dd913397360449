#!/bin/sh
# ext2 on a disk: images of mke2fs, the guest tests with their files on it, programs
# and mappings from it; after each e2fsck -fn finds nothing.
# TEST-TIMEOUT: 400
. "${0%/*}/../tap.sh"
exec </dev/null
PATH=$PATH:/sbin:/usr/sbin
command -v mke2fs >/dev/null && command -v e2fsck >/dev/null ||
	skip_all 'no e2fsprogs on this host'

image=$tmp/image
# make_image OPTION...: an image of 80 MiB
make_image()
{
	rm -f "$image"
	truncate -s 80M "$image"
	mke2fs -q -F -t ext2 "$@" "$image" 2>/dev/null
}

# on_disk SCRIPT: run with the disk at /mnt
on_disk()
{
	lodger_run --timeout 60s --root "$TESTROOT" --disk "$image" -- \
		sh -c "mkdir -p /mnt && mount -t ext2 /dev/vda /mnt && cd /mnt || exit 99
$1" 2>&1
}

# clean NAME: e2fsck's word
clean()
{
	check "$1: e2fsck finds nothing" e2fsck -fn "$image"
}

mkdir -p "$tmp/tree/a/b" "$tmp/tree/bin"
seq 1 200000 >"$tmp/tree/big"
ln -s big "$tmp/tree/soft"
ln "$tmp/tree/big" "$tmp/tree/hard"
echo deep >"$tmp/tree/a/b/c"
cp /bin/busybox "$tmp/tree/bin/busybox"
truncate -s 3G "$tmp/tree/sparse"
sum=$(sha1sum <"$tmp/tree/big")

for format in '-b 1024' '-b 2048' '-b 4096' '-b 4096 -I 128 -O none'; do
	# shellcheck disable=SC2086
	make_image $format -d "$tmp/tree"
	is "$format: what mke2fs -d made" "$(on_disk 'sha1sum <soft; cat a/b/c
		[ big -ef hard ] && echo same; stat -c "%s %b" sparse; bin/busybox echo runs')" "$sum
deep
same
3221225472 0
runs"
	clean "$format, read"
	is "$format: changes" "$(on_disk 'rm hard; mkdir x; mv soft x; ln x/soft x/also
		seq 1 300000 | tee x/new | sha1sum; cp bin/busybox x; rm -r a bin; sync
		seq 5 >>sparse; truncate -s 1M sparse')" "$(seq 1 300000 | sha1sum)"
	clean "$format, written"
	is "$format: ... last" "$(on_disk 'sha1sum <x/new; readlink x/also; ls; x/busybox echo runs
		stat -c %s sparse')" "$(seq 1 300000 | sha1sum)
big
big
lost+found
sparse
x
runs
1048576"
done

for t in t_fs t_xattr t_dir t_path t_perm t_limit t_mm t_fault t_cow t_exec t_process; do
	make_image -b 1024
	guest_test "guest/$t with its files on ext2" --timeout 100s --root "$TESTROOT" \
		--disk "$image" -- sh -c \
		"mount -t ext2 /dev/vda /tmp && chmod 1777 /tmp && exec /tests/$t"
	clean "$t"
done

# little memory: pages come and go
make_image -b 4096
is 'more data than memory' "$(lodger_run --timeout 60s --mem 24M --disk "$image" -- sh -c '
	mkdir -p /mnt; mount -t ext2 /dev/vda /mnt; cd /mnt
	seq 1 4000000 >f; sha1sum <f; cp f g; cmp f g && echo same' 2>&1)" \
	"$(seq 1 4000000 | sha1sum)
same"
clean 'more data than memory'

make_image -b 1024 -N 64
is 'a full disk' "$(on_disk 'cat /dev/zero >f 2>/dev/null; echo $?; rm f
	for i in $(seq 1000); do touch i$i 2>/dev/null || break; done
	[ $i -gt 50 ] && [ $i -lt 200 ] && touch x; rm i*; seq 3')" "1
touch: x: No space left on device
1
2
3"
clean 'a full disk'

# ended in the middle: nothing but what was synced is promised, e2fsck mends the rest
make_image -b 1024
lodger_run --timeout 3s --disk "$image" -- sh -c 'mkdir -p /mnt
	mount -t ext2 /dev/vda /mnt && cd /mnt
	seq 1 1000 >kept; sync; while :; do mkdir d; seq 1 9000 >d/f; cp d/f g; rm -r d; done'
is 'ended by the time limit' $? 124
e2fsck -fy "$image" >"$tmp/out" 2>&1
check '... e2fsck -fy mends it' [ $? -le 1 ]
is '... and what was synced is there' "$(on_disk 'sha1sum <kept')" "$(seq 1 1000 | sha1sum)"

make_image -b 1024
matches 'mke2fs leaves it clean' "$(dumpe2fs -h "$image" 2>/dev/null)" '*state: *clean*'
out=$(lodger_run --disk "$image,ro" -- sh -c 'mkdir -p /mnt
	mount -t ext2 -o ro /dev/vda /mnt && grep /mnt /proc/mounts | cut -d" " -f1-3
	touch /mnt/f || grep -w ext2 /proc/filesystems' 2>&1)
is 'a read-only disk' "$out" '/dev/vda /mnt ext2
touch: /mnt/f: Read-only file system
	ext2'
truncate -s 48M "$tmp/ext4"
mke2fs -q -F -t ext4 "$tmp/ext4"
out=$(lodger_run --disk "$tmp/ext4" -- sh -c 'mkdir -p /mnt; mount -t ext2 /dev/vda /mnt' 2>&1)
matches 'ext4 is refused' "$out" '*ext2: vda: incompatible features *ext4*Invalid argument*'

# the image is cut while it is mounted: errors, not an end
make_image -b 1024 -d "$tmp/tree"
mkfifo "$tmp/fifo"
lodger_run --timeout 60s --disk "$image" -- sh -c 'mount -t ext2 /dev/vda /mnt; echo up
	read x; cat /mnt/big | wc -c; touch /mnt/new; echo alive' <"$tmp/fifo" >"$tmp/up" 2>"$tmp/err" &
job=$!
exec 3>"$tmp/fifo"
await "$tmp/up" 10
truncate -s 200K "$image"
echo go >&3
exec 3>&-
wait $job
is 'an image that shrinks' "$? $(head -n 1 "$tmp/up") $(tail -n 1 "$tmp/up")" '0 up alive'
matches '... is an I/O error' "$(cat "$tmp/err")" '*Input/output error*'

# an image as root
rm -f "$image"
mkdir "$tmp/root"
(cd "$tmp/root" && cpio -id --quiet <"${LODGER%/*}/rootfs.cpio")
truncate -s 48M "$image"
mke2fs -q -F -t ext2 -d "$tmp/root" "$image" 2>/dev/null
is 'an image as root' "$(lodger_run --root "$image" -- sh -c 'mount | head -n 1
	echo kept >/root/f; sh -c "cat /root/f"' 2>&1)" '/dev/vda on / type ext2 (rw,relatime)
kept'
clean 'an image as root'
is '... keeps what was written' "$(lodger_run --root "$image,ro" -- sh -c 'cat /root/f
	touch /root/g; mount | head -n 1' 2>&1)" 'kept
touch: /root/g: Read-only file system
/dev/vda on / type ext2 (ro,relatime)'
lodger_run --root "$image" -- sh -c 'echo x >/root/g; kill -9 $$'
is 'ended by a signal' $? 137
clean 'ended by a signal'
lodger_run --root "$image" -- /no/such/program 2>/dev/null
is 'a program that is not there' $? 127
clean 'a program that is not there'
lodger_run --root "$image" -- sh -c 'exec 3>/root/open; rm /root/open; echo x >&3
	(while :; do date >>/root/h; done) & sleep 0.1' >/dev/null 2>&1
clean 'ended with files open and processes running'
# shellcheck disable=SC2086
printf 'echo booted >/root/b\npoweroff\n' |
	timeout 60 "$LODGER" boot $LODGER_ARGS --root "$image" >"$tmp/out" 2>&1
is 'lodger boot, and poweroff' $? 0
clean 'lodger boot'
is '... ran' "$(lodger_run --root "$image" -- cat /root/b)" booted
done_testing
