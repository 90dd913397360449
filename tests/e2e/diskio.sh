#!/bin/sh
# A process that waits for the disk does not stop the others: the helpers that wait in
# the machine's place are stopped, and what can go on must go on until they run again.
# TEST-TIMEOUT: 120
. "${0%/*}/../tap.sh"
exec </dev/null
PATH=$PATH:/sbin:/usr/sbin
command -v mke2fs >/dev/null && command -v e2fsck >/dev/null ||
	skip_all 'no e2fsprogs on this host'
image=$tmp/image
mkdir "$tmp/tree"
seq 1 200000 >"$tmp/tree/large"
truncate -s 48M "$image"
mke2fs -q -F -t ext2 -d "$tmp/tree" "$image"
mkfifo "$tmp/fifo"

# The helpers' process numbers.
helpers()
{
	for pid in $(cat "/proc/$machine/task/$machine/children"); do
		[ "$(cat "/proc/$pid/comm" 2>/dev/null)" = lodger-disk ] && echo "$pid"
	done
}

# stop_and_run OPTIONS WHAT: WHAT is done by one process while the helpers stand still,
# and another one goes on; $result: the order in which the two came to their ends
stop_and_run()
{
	: >"$tmp/out"
	# shellcheck disable=SC2086
	"$LODGER" run $LODGER_ARGS --timeout 100s --disk "$image$1" -- sh -c "
		mount -t ext2 /dev/vda /mnt && cd /mnt && echo up && read x
		($2; echo waited) &
		i=0
		while [ \$i -lt 100 ]; do i=\$((i + 1)); (:); done
		echo others ran
		wait" <"$tmp/fifo" >"$tmp/out" 2>"$tmp/err" &
	machine=$!
	exec 3>"$tmp/fifo"
	await_line "$tmp/out" up
	stopped=$(helpers)
	# shellcheck disable=SC2086
	[ -z "$stopped" ] || kill -STOP $stopped
	echo go >&3
	await_line "$tmp/out" others
	# shellcheck disable=SC2086
	[ -z "$stopped" ] || kill -CONT $stopped
	exec 3>&-
	wait $machine
	result="$? $(tr '\n' ' ' <"$tmp/out")$(cat "$tmp/err")"
}

# slow NAME OPTIONS WHAT ORDER
slow()
{
	stop_and_run "$2" "$3"
	is "$1" "$result" "0 up $4"
}

# slow_read NAME WHAT ANSWER: WHAT reads what the host has to fetch, and prints ANSWER. It
# may have fetched it before it was looked for.
slow_read()
{
	for again in 1 2 3 4 5; do
		evict "$image"
		stop_and_run '' "$2"
		[ "$result" = "0 up ${3}waited others ran " ] || break
	done
	if [ "$result" = "0 up ${3}waited others ran " ]; then
		skip "$1" 'the host had fetched it each time'
	else
		is "$1" "$result" "0 up others ran ${3}waited "
	fi
}

slow 'fsync' '' 'dd if=large of=new conv=fsync 2>/dev/null' 'others ran waited '
slow 'fsync of two' '' '(dd if=large of=n1 conv=fsync 2>/dev/null) &
	dd if=large of=n2 conv=fsync 2>/dev/null; wait' 'others ran waited '
slow 'sync' '' 'dd if=large of=n3 2>/dev/null; sync' 'others ran waited '
slow 'more than may be dirty' '' 'dd if=/dev/zero of=n4 bs=64k count=600 2>/dev/null; rm n4' \
	'others ran waited '
case $(stat -f -c %T "$tmp") in
tmpfs) skip 'reading' 'the host has the whole image in memory' ;;
*)
	slow_read 'reading' 'tail -n 1 large' '200000 '
	slow_read 'reading by several' 'for i in 1 2 3 4 5 6; do
		tail -n 1 large >/tmp/x$i & done; wait; cat /tmp/x* | uniq -c | tr -s " "' \
		' 6 200000 '
	;;
esac
check 'e2fsck finds nothing' e2fsck -fn "$image"
is ',plain has no helpers' "$(lodger_run --disk "$image,plain" -- sh -c \
	'mount -t ext2 /dev/vda /mnt; sync /mnt/large; tail -n 1 /mnt/large' 2>&1)" 200000

# killed while it waits: its end is the end of the helpers
: >"$tmp/out"
# shellcheck disable=SC2086
"$LODGER" run $LODGER_ARGS --disk "$image" -- sh -c 'mount -t ext2 /dev/vda /mnt; echo up; read x
	dd if=/mnt/large of=/mnt/new conv=fsync; echo never' <"$tmp/fifo" >"$tmp/out" 2>&1 &
machine=$!
exec 3>"$tmp/fifo"
await_line "$tmp/out" up
stopped=$(helpers)
# shellcheck disable=SC2086
kill -STOP $stopped
echo go >&3
sleep 0.5
kill -9 $machine
wait $machine 2>/dev/null
left=0
for pid in $stopped; do
	tries=0
	while [ "$(cat "/proc/$pid/comm" 2>/dev/null)" = lodger-disk ] &&
		! grep -q '^State:.*Z' "/proc/$pid/status" 2>/dev/null && [ $tries -lt 100 ]; do
		sleep 0.1
		tries=$((tries + 1))
	done
	[ $tries -lt 100 ] || left=$((left + 1))
done
exec 3>&-
is 'kill -9 ends the helpers' "$left $(grep -c never "$tmp/out")" '0 0'
done_testing
