#!/bin/sh
# --overlay-out and --overlay-in: what a machine changed over a directory that is only
# read, as a layer in a tar: what is in it, that the next machine sees it all, that a
# machine which fails leaves an earlier one alone.
# TEST-TIMEOUT: 240
. "${0%/*}/../tap.sh"
exec </dev/null
root=$tmp/root layer=$tmp/layer.tar
mkdir "$root"
(cd "$root" && cpio -id --quiet <"$TESTROOT" && rm -rf tests examples && mkdir -p deep/er/still \
	old/sub gone again/x && echo g >deep/er/still/file && echo 1 >old/one && echo 2 >old/two &&
	echo s >old/sub/s && echo x >gone/x && echo y >again/y && echo f >becomes && mkdir turns &&
	echo t >turns/t && ln etc/hosts etc/linked)

all_of()
{
	(cd "$1" && find . | sort && find . -type f -exec cat {} + | cksum)
}
# change SCRIPT OPTION...: a machine that changes things
change()
{
	_script=$1
	shift
	lodger_run --timeout 60s --root "$root" "$@" --overlay-out "$layer" -- sh -c "$_script" 2>&1
}
names()
{
	tar -tf "$layer" | sed 's/^\.\///' | LC_ALL=C sort | tr '\n' ' '
}

all_of "$root" >"$tmp/before"
is 'nothing changed' "$(change 'cat /old/one; ls /deep/er >/dev/null'; names)" 1
is 'one file far down' "$(change 'echo more >>/deep/er/still/file'; names)" \
	'. deep deep/er deep/er/still deep/er/still/file '
is 'what is in it' "$(tar -xOf "$layer" deep/er/still/file)" 'g
more'
is 'a name that is gone, one that is new' "$(change 'rm /old/one; echo n >/old/new'; names)" \
	'. old old/.wh.one old/new '
script='cd /; echo more >>etc/hosts; rm old/one; mv old moved; mkdir old; echo n >old/n
	rm -r gone; rm -r again; mkdir again; echo z >again/z; rm becomes; mkdir becomes; echo b >becomes/b
	rm -r turns; echo file >turns; ln etc/hosts etc/third; ln -s to link; mkfifo fifo; mknod null c 1 3
	mkdir -p a/b; cp bin/busybox a/b/box; chmod 4711 a/b/box; chown 5:6 a/b; chown 70000:80000 deep
	chmod 700 deep/er; truncate -s 3M sparse; touch -d "2001-02-03 04:05:06" old/n
	long=$(printf %0100d 7); mkdir "$long"; echo l >"$long/$long"; ln -s "$long/$long" longlink'
show='cd /; tail -n 2 etc/hosts; cmp etc/hosts etc/third && echo same; ls old moved again becomes
	cat turns moved/sub/s; ls -d gone; readlink link; stat -c "%n %a %u %g %F %t %T %s" fifo null a/b/box a/b deep deep/er sparse
	cat deep/er/still/file; cmp a/b/box bin/busybox && echo same; TZ=UTC0 stat -c %y old/n; cat longlink
	echo x >null; stat -c %h etc/hosts'
change "$script; exec >/tmp/before; $show" >"$tmp/out"
lodger_run --timeout 60s --root "$root" --overlay-in "$layer" -- sh -c "$show" >"$tmp/got" 2>&1
lodger_run --timeout 60s --root "$root" -- sh -c "$script; $show" >"$tmp/want" 2>&1
is 'the next machine sees it all' "$(cat "$tmp/got")" "$(cat "$tmp/want")"
is 'the names' "$(tar -tf "$layer" | grep -c '^old/.wh..wh..opq$\|^.wh.gone$\|^again/.wh..wh..opq$')" 3
all_of "$root" >"$tmp/after"
check 'the directory is as it was' cmp "$tmp/before" "$tmp/after"
lodger_run --timeout 60s --root "$root" --overlay-in "$layer" --overlay-out "$tmp/second.tar" -- \
	sh -c 'echo again >/a/b/more' >"$tmp/out" 2>&1
lodger_run --timeout 60s --root "$root" --overlay-in "$tmp/second.tar" -- \
	sh -c "cat /a/b/more; $show" >"$tmp/got" 2>&1
is 'one layer over another' "$(cat "$tmp/got")" "again
$(cat "$tmp/want")"
is 'into a pipe' "$(lodger_run --root "$root" --overlay-out /dev/stdout -- sh -c 'echo p >/p' 2>&1 |
	tar -xOf - p)" p
is 'compressed, from another program' "$(mkdir "$tmp/l" && echo o >"$tmp/l/other" &&
	: >"$tmp/l/.wh.old" && tar -C "$tmp/l" -czf "$tmp/l.tgz" . &&
	lodger_run --root "$root" --overlay-in "$tmp/l.tgz" -- sh -c 'cat /other; ls /old' 2>&1 |
	sed 's/.*: //')" 'o
No such file or directory'
if python3 -c 'import os, sys; os.setxattr(sys.argv[1], "user.t", b"a\0b")' "$root/old/two" 2>/dev/null; then
	is 'extended attributes' "$(change 'mv /old/two /old/three'
		python3 - "$layer" <<'EOF'
import sys
import tarfile
print(repr(tarfile.open(sys.argv[1]).getmember("old/three").pax_headers["SCHILY.xattr.user.t"]))
EOF
)" "'a\\x00b'"
fi

# --- failures --------------------------------------------------------------------------
change 'echo good >/good' >/dev/null
sum=$(cksum <"$layer")
is 'the status is the program'\''s' "$(change 'exit 7'; echo $?)" 7
change 'echo good >/good' >/dev/null
is 'a machine that is stopped' "$(lodger_run --timeout 500ms --root "$root" --overlay-out "$layer" \
	-- sh -c 'echo bad >/good; sleep 9' 2>&1; echo $?)" \
	"lodger: overlay-out $layer: the machine did not end by itself: nothing is written
124"
is '... leaves the layer before' "$(tar -xOf "$layer" good; ls "$tmp" | grep -c 'layer.tar\.')" 'good
0'
is 'no space' "$(lodger_run --root "$root" --overlay-out /dev/full -- true 2>&1; echo $?)" \
	'lodger: overlay-out: no space left on the host
125'
is 'nobody reads' "$({ lodger_run --root "$root" --overlay-out /dev/fd/3 -- \
	sh -c 'dd if=/dev/zero of=/big bs=1M count=4 2>/dev/null' 2>&1; } 3>&1 >"$tmp/e" |
	true; cat "$tmp/e")" 'lodger: overlay-out: nobody reads the pipe'
# refused WORD OPTION...
refused()
{
	word=$1
	shift
	lodger_run "$@" -- true >"$tmp/out" 2>"$tmp/err"
	matches "refused: $word" "$? $(grep -c '' "$tmp/err") $(cat "$tmp/out" "$tmp/err")" \
		"125 1 lodger: *$word*"
}
refused 'goes with --root' --overlay-out "$layer"
refused 'goes with --root' --root "$root" --root-rw --overlay-in "$layer"
refused 'No such file' --root "$root" --overlay-in "$tmp/none"
refused 'No such file' --root "$root" --overlay-out "$tmp/none/x.tar"
refused 'no root' --root "$root" --overlay-in /bin/busybox
head -c 1000 "$layer" >"$tmp/cut.tar"
refused 'ends too early' --root "$root" --overlay-in "$tmp/cut.tar"
done_testing
