#!/bin/sh
# --bind: directories and files of the host in the guest, read-only and written to;
# what either side sees of the other's changes; what is refused.
# TEST-TIMEOUT: 400
. "${0%/*}/../tap.sh"
exec </dev/null

d=$tmp/dir
mkdir -p "$d/sub"
echo hello >"$d/a"
echo deep >"$d/sub/b"
ln -s a "$d/soft"
ln "$d/a" "$d/hard"
ln -s /etc/passwd "$d/absolute"
ln -s ../../../../../../etc/passwd "$d/up"
mkfifo "$d/fifo"
seq 1 200000 >"$d/big"
sum=$(sha1sum <"$d/big")

# with_bind BIND SCRIPT
with_bind()
{
	lodger_run --timeout 60s --bind "$1" -- sh -c "$2" 2>&1
}

is 'a directory' "$(with_bind "$d:/mnt/x:ro" 'cd /mnt/x; ls; cat a soft sub/b; sha1sum <big
	stat -c "%u %g %h" a; [ a -ef hard ] && echo same')" "a
absolute
big
fifo
hard
soft
sub
up
hello
hello
deep
$sum
0 0 2
same"
is 'it is read-only' "$(with_bind "$d:/mnt:ro" 'echo x >/mnt/a; rm /mnt/a; mkdir /mnt/d
	mount -o remount,rw /mnt 2>/dev/null || echo stays; grep -c "/mnt hostfs ro" /proc/mounts' |
	sed 's/.*: //')" "Read-only file system
Read-only file system
Read-only file system
stays
1"
# links lead where they would in the guest, never out of it
is 'links stay in the guest' "$(with_bind "$d:/mnt:ro" 'cmp /mnt/absolute /etc/passwd &&
	cmp /mnt/up /etc/passwd && echo same; echo guest >/etc/passwd; cat /mnt/absolute')" "same
guest"
# what goes through it stays in the guest: nobody reads the host's
is 'a FIFO' "$(with_bind "$d:/mnt" 'stat -c %F /mnt/fifo; mkfifo /mnt/own
	for f in fifo own; do (echo through >/mnt/$f &); cat /mnt/$f; done'; stat -c %F "$d/own")" \
	"fifo
through
through
fifo"
rm "$d/own"
is 'a file' "$(with_bind "$d/a:/etc/one:ro" 'cat /etc/one; ls /etc | grep -c one')" "hello
1"
is 'a file in the place of a file' "$(with_bind "$d/a:/etc/passwd:ro" 'cat /etc/passwd')" hello
is 'several' "$(lodger_run --bind "$d:/x" --bind "$d/sub:/x/sub/deeper:ro" --bind "$d/a:/b" -- \
	sh -c 'cat /x/a /x/sub/deeper/b /b' 2>&1)" "hello
deep
hello"
rmdir "$d/sub/deeper"

is 'written' "$(with_bind "$d:/mnt" 'cd /mnt; echo new >n; mkdir d e; mv n d/m; echo more >>d/m
	ln d/m e/h; rm d/m; rmdir d; ln -s e/h s; cat s; cp big copy; sha1sum <copy; chmod 640 copy
	truncate -s 10 hard; touch -d "2001-02-03 04:05:06" a; echo x >y; rm y')" "new
more
$sum"
is '... is on the host' "$(cd "$d" && ls && cat e/h && sha1sum <copy && stat -c %a copy &&
	wc -c <a | tr -d " " && TZ=UTC0 stat -c %y a)" "a
absolute
big
copy
e
fifo
hard
s
soft
sub
up
new
more
$sum
640
10
2001-02-03 04:05:06.000000000 +0000"
is 'a program from the host runs' "$(cp /bin/busybox "$d/busybox" &&
	with_bind "$d:/mnt:ro" '/mnt/busybox echo runs')" runs
is 'no power is left on the host' "$(with_bind "$d:/mnt" 'cp /bin/busybox /mnt/su
	chmod 6755 /mnt/su; stat -c %a /mnt/su'; stat -c %a "$d/su")" "6755
755"
is 'another owner is the guest'\''s alone' "$(with_bind "$d:/mnt" 'chown 5:6 /mnt/big
	stat -c "%u %g" /mnt/big'; stat -c %u "$d/big")" "5 6
$(id -u)"

is 'more files than may be open at once' "$(mkdir "$d/many"; (ulimit -n 100
	with_bind "$d/many:/mnt" 'cd /mnt; for i in $(seq 300); do echo $i >f$i || echo no; done
	cat f1 f300; ls | wc -l'); ls "$d/many" | wc -l; rm -r "$d/many")" "1
300
300
300"

# --- both sides ---------------------------------------------------------------------
mkfifo "$tmp/in"
lodger_run --timeout 60s --bind "$d:/mnt" -- sh -c 'cd /mnt; cat a >/dev/null; ls none 2>/dev/null
	echo up; read x; cat late; cat sub/b; sleep 1.2; cat none; ls sub' <"$tmp/in" \
	>"$tmp/up" 2>&1 &
job=$!
exec 3>"$tmp/in"
await "$tmp/up" 20
echo late >"$d/late"
echo changed >"$d/sub/b"
echo there >"$d/none"
echo go >&3
exec 3>&-
wait $job
is 'what the host changes is seen' "$? $(cat "$tmp/up")" "0 up
late
changed
there
b"

# --- refused ------------------------------------------------------------------------
# refused NAME BIND WORD
refused()
{
	lodger_run --bind "$2" -- true >"$tmp/out" 2>"$tmp/err"
	matches "$1" "$? $(grep -c '' "$tmp/err") $(cat "$tmp/out" "$tmp/err")" \
		"125 1 lodger: *$3*"
}
refused 'a host path that is not there' "$tmp/none:/mnt" 'No such file'
refused 'a guest path that is not absolute' "$d:mnt" 'bad value'
refused 'no guest path' "$d" 'bad value'
refused 'a FIFO' "$d/fifo:/mnt" 'neither a directory nor a regular file'
refused 'a device' '/dev/zero:/mnt' 'neither'
for place in /proc /sys /dev/pts /proc/self/fd /sys/kernel; do
	[ -d "$place" ] || continue
	refused "a view of the kernel: $place" "$place:/mnt:ro" 'view of the host'
done
refused 'a directory on a file' "$d:/etc/passwd" 'directory of the host'
refused 'a file on a directory' "$d/a:/etc" 'file of the host'
if [ "$(id -u)" = 0 ]; then
	skip 'what may not be read' 'root reads all'
else
	mkdir "$tmp/closed"
	chmod 0 "$tmp/closed"
	refused 'what may not be read' "$tmp/closed:/mnt" 'Permission denied'
fi
# what is mounted below is not shown, whatever it is
is '/proc below / is not shown' "$(with_bind '/:/mnt:ro' 'ls /mnt/proc;
	cat /mnt/proc/version; [ -d /mnt/usr ] && echo usr' | sed 's/.*: //')" \
	"No such file or directory
usr"

# --- a root ---------------------------------------------------------------------------
root=$tmp/root
mkdir "$root"
(cd "$root" && cpio -id --quiet <"$TESTROOT")
# names and contents of all that is below a directory
all_of()
{
	(cd "$1" && find . | sort && find . -type f -exec cat {} + | cksum)
}
all_of "$root" >"$tmp/before"
is 'a directory as root' "$(lodger_run --root "$root" -- sh -c 'cd /etc; echo more >>passwd
	tail -n 1 passwd; rm group; mv passwd moved; ls | head -n 3; tail -n 1 moved; mkdir -p /a/b
	echo c >/a/b/c; mv /a /z; cat /z/b/c; rm -r /z /examples; [ -d /examples ] || echo gone
	ln /bin/busybox /echo; /echo linked; chmod 600 hosts; chown 5:6 hosts
	stat -c "%a %u %g" hosts; truncate -s 4 moved; cat moved; echo; ln -s moved link; cat link
	echo; mv /etc /usr/etc; ls /usr/etc | grep -c hosts; mknod /null c 1 3; echo x >/null
	rmdir /tmp; mkdir /tmp; echo t >/tmp/t; cat /tmp/t; stat -c %h /tmp /usr/etc' 2>&1)" \
	'more
hostname
hosts
init.d
more
c
gone
linked
600 5 6
root
root
1
t
2
3'
all_of "$root" >"$tmp/after"
check '... is as it was' cmp "$tmp/before" "$tmp/after"
is '... with more written than memory' "$(lodger_run --mem 32M --root "$root" -- sh -c '
	cat /dev/zero >/full 2>/dev/null || echo full; rm /full; seq 1 9 >/x; tail -n 1 /x')" 'full
9'
is 'a link of the host out of the root' "$(ln -s "$d" "$root/out"
	lodger_run --root "$root" -- sh -c 'ls /out 2>&1' | sed 's/.*: //')" 'No such file or directory'
rm "$root/out"
is '--root-rw' "$(lodger_run --root "$root" --root-rw -- sh -c 'echo kept >/root/k; mkdir /kept
	rm /etc/shells; cat /root/k' 2>&1; cat "$root/root/k"; [ -d "$root/kept" ] && echo there
	[ -e "$root/etc/shells" ] || echo gone)" 'kept
kept
there
gone'
lodger_run --root-rw -- true >"$tmp/out" 2>"$tmp/err"
matches '--root-rw without a directory' "$? $(cat "$tmp/err")" '125 lodger: --root-rw goes with*'
for t in t_fs t_dir t_path t_perm t_stat t_mm t_cow t_exec t_process t_sock_unix; do
	guest_test "guest/$t in a root of the host" --timeout 100s --root "$root" -- "/tests/$t"
done
rm -r "$root"

# --- guest tests with their files there -----------------------------------------------
for t in t_fs t_dir t_path t_limit t_mm t_cow t_exec t_process; do
	rm -rf "$tmp/t"
	mkdir "$tmp/t"
	guest_test "guest/$t with its files on the host" --timeout 100s --root "$TESTROOT" \
		--bind "$tmp/t:/tmp" -- sh -c "chmod 1777 /tmp && exec /tests/$t"
done

is 'more data than memory' "$(lodger_run --timeout 60s --mem 24M --bind "$d:/mnt" -- sh -c '
	cd /mnt; seq 1 4000000 >f; sha1sum <f; cp f g; cmp f g && echo same' 2>&1)" \
	"$(seq 1 4000000 | sha1sum)
same"
rm -f "$d/f" "$d/g"
done_testing
