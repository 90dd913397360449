#!/bin/sh
# Crash consistency: the writes of a busy machine are recorded in order; whatever of
# the unflushed ones a power cut leaves, e2fsck mends the disk and what was synced is
# whole. The test itself is tested with a disk whose fsync does nothing.
# TEST-TIMEOUT: 600
. "${0%/*}/../tap.sh"
exec </dev/null
PATH=$PATH:/sbin:/usr/sbin
command -v mke2fs >/dev/null && command -v debugfs >/dev/null ||
	skip_all 'no e2fsprogs on this host'
image=$tmp/image

# files that are synced, beside files that come, grow, move and go
workload='
mkdir -p /mnt; mount -t ext2 /dev/vda /mnt || exit 99
cd /mnt; mkdir -p keep work
i=0
while [ $i -lt ROUNDS ]; do
	last=$((i * 100 + i * 7919 % 4000))
	seq $((i * 100)) $last | dd of=keep/f$i bs=64k conv=fsync 2>/dev/null
	printf "done %d %d %d %0480d" $i $((i * 100)) $last 0 |
		dd of=/dev/vda bs=512 count=1 conv=notrunc 2>/dev/null
	seq $((i * 31 % 9000)) >work/a$((i % 7))
	mkdir -p work/d$((i % 5))
	mv work/a$((i % 7)) work/d$((i % 5))/b$i
	ln work/d$((i % 5))/b$i work/c$i
	[ $((i % 3)) = 0 ] && rm -r work/d$((i * 2 % 5))
	[ $((i % 4)) = 0 ] && rm -f work/c$((i / 2)) work/c$((i / 3))
	[ $((i % 6)) = 0 ] && truncate -s 3000 work/c$i
	i=$((i + 1))
done
'

# record ROUNDS OPTIONS FORMAT: runs it, and cuts the power
record()
{
	rm -f "$image" "$tmp/log"
	truncate -s 4M "$image"
	# shellcheck disable=SC2086
	mke2fs -q -F -t ext2 $3 "$image" 2>/dev/null
	cp "$image" "$tmp/before"
	lodger_run --timeout 100s --disk "$image,log=$tmp/log$2" -- \
		sh -c "$(echo "$workload" | sed "s/ROUNDS/$1/")" >"$tmp/out" 2>&1
	status=$?
	[ $status = 0 ] || sed 's/^/# /' "$tmp/out"
}

for format in '-b 1024' '-b 4096'; do
	record 30 '' "$format"
	is "$format: the workload runs" $status 0
	check "$format: the recorded image is as the log says" \
		python3 -c '
import sys
sys.path.insert(0, sys.argv[1])
import libcrash
disk = bytearray(open(sys.argv[2], "rb").read())
for kind, at, data in libcrash.read_log(sys.argv[3]):
    disk[at:at + len(data)] = data
sys.exit(disk != open(sys.argv[4], "rb").read())' "${0%/*}" "$tmp/before" "$tmp/log" "$image"
	python3 "${0%/*}/libcrash.py" "$tmp/before" "$tmp/log" >"$tmp/out" 2>&1
	status=$?
	echo "# $(tail -n 1 "$tmp/out")"
	check "$format: nothing that was synced is lost" [ $status = 0 ]
done

record 15 ',nosync' '-b 1024'
is 'the workload runs without fsync' $status 0
python3 "${0%/*}/libcrash.py" "$tmp/before" "$tmp/log" --variants 12 >"$tmp/out" 2>&1
status=$?
echo "# $(tail -n 1 "$tmp/out")"
is '... and the test finds what is lost' $status 1

# kill -9 of a machine at any moment, on one disk again and again. CRASH_KILLS says
# how often. Every third file is small, the others are written by helpers.
rm -f "$image"
truncate -s 16M "$image"
mke2fs -q -F -t ext2 -b 1024 "$image"
loop='mkdir -p /mnt; mount -t ext2 /dev/vda /mnt || exit 99; cd /mnt; mkdir -p keep; i=0
rm -rf keep/* lost+found/*
while :; do
	seq ROUND $((ROUND + i % 3000 + i % 3 * 20000)) |
		dd of=keep/ROUND.$i bs=64k conv=fsync 2>/dev/null || exit 98
	echo $i
	seq $i >x$((i % 9)); mv x$((i % 9)) y$((i % 5)); mkdir -p d; ln y$((i % 5)) d/z$i 2>/dev/null
	[ $((i % 8)) = 0 ] && rm -rf d; [ $i -gt 9 ] && rm keep/ROUND.$((i - 9)); i=$((i + 1))
done'
kills=${CRASH_KILLS:-6}
bad=0
judged=0
round=1
while [ $round -le "$kills" ]; do
	# shellcheck disable=SC2086
	"$LODGER" run $LODGER_ARGS --disk "$image" -- \
		sh -c "$(echo "$loop" | sed "s/ROUND/$round/g")" >"$tmp/done" 2>"$tmp/err" &
	job=$!
	sleep "$((round % 2)).$(((round * 37 + 50) % 90 + 10))"
	kill -9 $job
	wait $job 2>/dev/null
	[ $? != 98 ] || bad=$((bad + 1)) # no room, for instance
	e2fsck -fy "$image" >"$tmp/fsck" 2>&1
	[ $? -le 1 ] && e2fsck -fn "$image" >/dev/null 2>&1 || bad=$((bad + 1))
	last=$(tail -n 1 "$tmp/done")
	if [ -n "$last" ]; then
		judged=$((judged + 1))
		rm -f "$tmp/got"
		debugfs -R "dump /keep/$round.$last $tmp/got" "$image" 2>/dev/null
		seq $round $((round + last % 3000 + last % 3 * 20000)) | cmp -s - "$tmp/got" ||
			bad=$((bad + 1))
	fi
	round=$((round + 1))
done
echo "# $judged machines had synced something"
check 'some machines came to sync something' [ $judged -gt 0 ]
is "$kills times kill -9: mended, and what was synced is there" "$bad" 0
done_testing
