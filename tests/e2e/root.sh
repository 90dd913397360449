#!/bin/sh
# Roots: directories and archives, good and broken. A broken one is refused with
# one sentence and 125; lodger's own memory stays small whatever is in it.
# TEST-TIMEOUT: 240
. "${0%/*}/../tap.sh"
exec </dev/null
build=${LODGER%/*}
alone=$build/tests/tools/alone

# run_root ROOT ARG...: status in $status
run_root()
{
	_root=$1
	shift
	# the limit of address space stands in for a small host
	# shellcheck disable=SC2086
	(
		ulimit -v 1500000
		exec "$alone" timeout -s KILL 30 "$LODGER" run $LODGER_ARGS \
			--timeout 20s --mem 64M --root "$_root" "$@"
	) >"$tmp/out" 2>"$tmp/err"
	status=$?
}

mkdir -p "$tmp/tree/bin" "$tmp/tree/sub"
cp "$build/guestlib/examples/hello" "$tmp/tree/bin/hello"
cp /bin/busybox "$tmp/tree/bin/busybox"
ln -s busybox "$tmp/tree/bin/sh"
echo content >"$tmp/tree/sub/file"
ln "$tmp/tree/sub/file" "$tmp/tree/sub/hard"
ln -s file "$tmp/tree/sub/soft"
chmod 600 "$tmp/tree/sub/file"
(cd "$tmp/tree" && find . | cpio -o -H newc --quiet) >"$tmp/tree.cpio"
gzip -c "$tmp/tree.cpio" >"$tmp/tree.cpio.gz"
for dialect in ustar gnu pax; do
	tar -C "$tmp/tree" --format=$dialect -cf "$tmp/tree.$dialect.tar" .
done
gzip -c "$tmp/tree.pax.tar" >"$tmp/tree.tgz"

for root in tree tree.cpio tree.cpio.gz tree.ustar.tar tree.gnu.tar tree.pax.tar tree.tgz; do
	run_root "$tmp/$root" -- /bin/sh -c \
		'cat /sub/soft; [ /sub/file -ef /sub/hard ] && echo same'
	is "a program from $root" "$status $(cat "$tmp/out")" '0 content
same'
done
run_root "$tmp/tree" -- /bin/sh -c 'echo changed >/sub/file; rm /sub/hard'
is 'the host keeps its own' "$status $(cat "$tmp/tree/sub/file" "$tmp/tree/sub/hard")" \
	'0 content
content'

mkfifo "$tmp/tree/fifo"
run_root "$tmp/tree" -- /bin/sh -c '[ -p /fifo ] && (echo through >/fifo &) && cat /fifo'
is 'a FIFO in a tree is one in the guest' "$status $(cat "$tmp/out")" '0 through'

mkdir "$tmp/empty"
run_root "$tmp/empty" -- /bin/sh
is 'a root without the program' "$status $(grep -c '' "$tmp/err")" '127 1'
matches '... names it' "$(cat "$tmp/err")" 'lodger: /bin/sh: *'
run_root "$tmp/empty"
is 'a root without a shell, no program given' "$status $(grep -c '' "$tmp/err")" '127 1'

# refused NAME ROOT: 125, one line with the root's name
refused()
{
	run_root "$2" -- /bin/hello
	is "$1" "$status $(grep -c '' "$tmp/err")" '125 1'
	matches "... $1 is named" "$(cat "$tmp/err")" "lodger: *$2*"
}

refused 'a root that is not there' "$tmp/nope"
refused 'a root that is a device' /dev/zero
refused 'a root that is a FIFO' "$tmp/tree/fifo"
refused 'a root that is a program' /bin/busybox
for place in /proc /sys /dev/pts; do
	[ -d "$place" ] || continue
	refused "a root on the host's $place" "$place"
done
if [ "$(id -u)" = 0 ]; then
	skip 'a root that may not be read' 'root reads all'
else
	mkdir "$tmp/closed"
	chmod 0 "$tmp/closed"
	refused 'a root that may not be read' "$tmp/closed"
	chmod 700 "$tmp/closed"
fi

# A tree larger than the guest's memory: read as far as it is used.
mkdir "$tmp/large"
cp "$tmp/tree/bin/busybox" "$tmp/large/"
truncate -s 200M "$tmp/large/zeros"
run_root "$tmp/large" -- /busybox wc -c /zeros
is 'a tree larger than the guest' "$status $(cat "$tmp/out" "$tmp/err")" '0 209715200 /zeros'
run_root "$tmp/large" -- /busybox sh -c 'busybox=/busybox; $busybox cat /zeros >>/copy || echo full
	$busybox rm /copy; $busybox echo after >/new; $busybox cat /new'
matches '... what is written to it is in memory' "$status $(cat "$tmp/out")" '0 full
after'
[ ! -e "$tmp/large/new" ] && pass '... only' || fail '... only' </dev/null

mkdir "$tmp/bad"
python3 "${0%/*}/libcpio.py" "$tmp/tree.cpio" "$tmp/bad" || {
	fail libcpio.py </dev/null
	done_testing
}
while read -r name wanted <&3; do
	run_root "$tmp/bad/$name" -- /bin/hello
	lines=$(grep -c '' "$tmp/err")
	case $wanted-$status-$lines in
	125-125-1 | any-125-1 | any-12[67]-1 | any-0-0) pass "archive $name" ;;
	*)
		{
			echo "status $status, $lines lines on stderr, wanted $wanted"
			cat "$tmp/err"
		} >"$tmp/diag"
		fail "archive $name" <"$tmp/diag"
		;;
	esac
	rm -f "$tmp/bad/$name"
done 3<"$tmp/bad/list"

head -c 2000 "$tmp/tree.gnu.tar" >"$tmp/cut.tar"
run_root "$tmp/cut.tar" -- /bin/hello
is 'a tar that was cut off' "$status $(grep -c '' "$tmp/err")" '125 1'

done_testing
