#!/bin/sh
# The ends of disks: images and files of more than 4 GiB, a host that has no room for
# what is written, a limit on the size of files, an image that is cut while it is written.
# TEST-TIMEOUT: 200
. "${0%/*}/../tap.sh"
exec </dev/null
PATH=$PATH:/sbin:/usr/sbin
command -v mke2fs >/dev/null && command -v debugfs >/dev/null ||
	skip_all 'no e2fsprogs on this host'
image=$tmp/image

# --- more than 4 GiB: directories are spread over the groups
truncate -s 6G "$image"
mke2fs -q -F -t ext2 -b 4096 -N 4096 "$image"
out=$(lodger_run --timeout 100s --disk "$image" -- sh -c '
	mkdir -p /m; mount -t ext2 /dev/vda /m || exit 99; cd /m
	for i in $(seq 60); do mkdir d$i; seq $i 3000 >d$i/f; done
	seq 1 100000 | dd of=far bs=1M seek=4500 conv=fsync 2>/dev/null
	stat -c %s far; tail -n 1 far; truncate -s 4294967297 far; stat -c %s far
	truncate -s 4718592006 far; tail -c 1 far | od -An -tx1
	echo raw | dd of=/dev/vda bs=1 seek=6442450939 conv=notrunc 2>/dev/null
	dd if=/dev/vda bs=1 skip=6442450939 2>/dev/null' 2>&1)
is 'an image of 6 GiB' "$out" '4719180895
100000
4294967297
 00
raw'
is '... what is written at its end' "$(tail -c 5 "$image" | tr -d '\0')" raw
check '... e2fsck finds nothing' e2fsck -fn "$image"
high=0
for i in $(seq 60); do
	block=$(debugfs -R "blocks /d$i/f" "$image" 2>/dev/null | tr ' ' '\n' | head -n 1)
	[ "${block:-0}" -gt 1048576 ] || continue
	high=$((high + 1))
	debugfs -R "cat /d$i/f" "$image" 2>/dev/null >"$tmp/got"
	seq "$i" 3000 | cmp -s - "$tmp/got" || high=-1000
done
check '... files have blocks behind 4 GiB' [ "$high" -gt 0 ]
check '... most of it is nowhere on the host' [ "$(du -k "$image" | cut -f1)" -lt 200000 ]
rm "$image"

# --- the host refuses what is written
# More than fits, fsync says so; the machine and what fits go on.
# shellcheck disable=SC2016 # the guest's
full='mkdir -p /m; mount -t ext2 /dev/vda /m || exit 99; cd /m
	seq 1 2000 >before; sync
	dd if=/dev/zero bs=64k count=320 2>/dev/null | tr "\0" x >large
	dd if=/dev/null of=large conv=notrunc,fsync 2>&1 | grep -o "No space.*"
	rm large; seq 1 2000 | dd of=after conv=fsync 2>/dev/null && tail -n 1 before after'
small=$tmp/small
mkdir "$small"
if unshare -rm mount -t tmpfs tmpfs "$small" 2>/dev/null; then
	# shellcheck disable=SC2016,SC2086
	out=$(small=$small full=$full lodger=$LODGER args=$LODGER_ARGS unshare -rm sh -c '
		mount -t tmpfs -o size=8m tmpfs "$small" && cd "$small" || exit
		truncate -s 48M i; mke2fs -q -F -t ext2 -b 1024 i
		"$lodger" run $args --timeout 100s --disk i -- sh -c "$full"
		e2fsck -fy i >out 2>&1; [ $? -le 1 ] || cat out
		debugfs -R "cat /before" i 2>/dev/null | tail -n 1' 2>&1)
	matches 'a host without room' "$out" 'No space left on device
==> before <==
2000

==> after <==
2000
2000'
else
	skip 'a host without room' 'no mounts in name spaces of users'
fi

# RLIMIT_FSIZE of who starts the machine: the signal that comes with it ends nobody
truncate -s 200M "$image"
# shellcheck disable=SC2016,SC2086
out=$(image=$image lodger=$LODGER args=$LODGER_ARGS sh -c 'ulimit -f 204800
	"$lodger" run $args --mem 64M --timeout 100s --disk "$image" -- sh -c "
		echo x | dd of=/dev/vda bs=1M seek=150 2>&1 | grep -o \"File too.*\"
		echo y | dd of=/dev/vda bs=1M seek=50 conv=fsync,notrunc 2>/dev/null; echo alive"' 2>&1)
is "a host's limit of file sizes" "$out" 'File too large
alive'
is '... holds' "$(dd if="$image" bs=1M skip=50 count=1 2>/dev/null | tr -d '\0')" y

# cut under a machine that writes: what is behind the new end comes back as zeros and
# data, for the disk has a size of its own; errors, not an end
truncate -s 48M "$image"
mke2fs -q -F -t ext2 -b 1024 "$image"
mkfifo "$tmp/fifo"
lodger_run --timeout 100s --disk "$image" -- sh -c 'mkdir -p /m; mount -t ext2 /dev/vda /m
	cd /m; seq 1 300000 >a; sync; echo up; read x
	seq 1 300000 >b; sync; cat /dev/vda | wc -c; ls >/dev/null; echo alive' \
	<"$tmp/fifo" >"$tmp/up" 2>"$tmp/err" &
job=$!
exec 3>"$tmp/fifo"
await "$tmp/up" 30
truncate -s 100K "$image"
echo go >&3
exec 3>&-
wait $job
is 'an image that is cut while it is written' "$? $(tail -n 1 "$tmp/up")" '0 alive'
done_testing
