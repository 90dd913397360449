#!/bin/sh
# lodger image: files into an image and out of it again, with owners and device nodes.
# TEST-TIMEOUT: 200
. "${0%/*}/../tap.sh"
exec </dev/null
PATH=$PATH:/sbin:/usr/sbin
command -v mke2fs >/dev/null && command -v e2fsck >/dev/null ||
	skip_all 'no e2fsprogs on this host'
image=$tmp/image

check 'create' "$LODGER" image create "$image" 48M
is '... of that size' "$(stat -c %s "$image")" 50331648
out=$("$LODGER" image create "$image" 8M 2>&1)
is '... not over another file' "$? $out" "125 lodger: image $image: File exists"
check 'check' "$LODGER" image check "$image"

mkdir -p "$tmp/tree/a b/.hidden"
echo content >"$tmp/tree/a b/.hidden/file"
chmod 4750 "$tmp/tree/a b/.hidden/file"
ln -s nowhere "$tmp/tree/.link"
check 'import a directory' "$LODGER" image import "$image" "$tmp/tree"
check '... leaves it clean' "$LODGER" image check "$image"
is '... as root'\''s' "$(lodger_run --disk "$image,ro" -- sh -c 'mount -t ext2 -o ro /dev/vda /mnt
	stat -c "%u %g %a" "/mnt/a b/.hidden/file"; cat "/mnt/a b/.hidden/file"; readlink /mnt/.link' 2>&1)" \
	'0 0 4750
content
nowhere'

# a tar that only a guest can have made: owners, a device node
lodger_run -- sh -c 'mkdir -p /t/dev; cd /t; mknod dev/null c 1 3; echo x >owned
	chown 1234:567 owned; mkfifo fifo; tar -cf - .' >"$tmp/tar"
gzip -c "$tmp/tar" >"$tmp/tar.gz"
for tar in tar tar.gz; do
	rm -f "$image"
	"$LODGER" image create "$image" 8M
	check "import $tar" "$LODGER" image import "$image" "$tmp/$tar"
	check '... leaves it clean' "$LODGER" image check "$image"
	check 'export' "$LODGER" image export "$image" "$tmp/out.tar"
	is '... the same' "$(tar -tvf "$tmp/out.tar" --numeric-owner | awk '{ print $1, $2, $NF }' | sort)" \
		'-rw-r--r-- 1234/567 owned
crw-r--r-- 0/0 dev/null
drwxr-xr-x 0/0 dev/
prw-r--r-- 0/0 fifo'
done
is 'export to standard output' "$("$LODGER" image export "$image" - | tar -tf - | sort | head -n 1)" dev/

for words in '' 'frobnicate' 'create' 'check' 'import x' 'create x 1'; do
	# shellcheck disable=SC2086
	out=$("$LODGER" image $words 2>&1)
	is "lodger image $words" "$? $(printf '%s\n' "$out" | grep -c '^lodger: ')" '125 1'
done
out=$("$LODGER" image import "$tmp/none" "$tmp/tree" 2>&1)
is 'no image' $? 125
done_testing
