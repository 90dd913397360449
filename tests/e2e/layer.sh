#!/bin/sh
# --overlay-out and --overlay-in: what a machine changed over a directory that is only
# read, as a layer in a tar or a directory: what is in it, that the next machine sees it
# all, that a machine which fails leaves an earlier one alone.
# TEST-TIMEOUT: 400
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

# --- directories -----------------------------------------------------------------------
dir=$tmp/dir
# of_dir FILE: its attribute of owners
of_dir()
{
	python3 -c 'import os, sys
print(os.getxattr(sys.argv[1], "user.containers.override_stat").decode())' "$dir/$1"
}
attributes=no
python3 -c 'import os, sys; os.setxattr(sys.argv[1], "user.t", b"")' "$tmp/l" 2>/dev/null &&
	attributes=yes
if [ $attributes = yes ]; then
	lodger_run --timeout 60s --root "$root" --overlay-out "$dir/" -- sh -c "$script" >"$tmp/out" 2>&1
	is 'into a directory' "$? $(cat "$tmp/out")" '0 '
	is '... as files' "$(cd "$dir" && cat old/n turns; ls -d .wh.gone old/.wh..wh..opq again/.wh..wh..opq)" \
		'n
file
.wh.gone
again/.wh..wh..opq
old/.wh..wh..opq'
	is '... their owners, set-ID bits, devices' "$(of_dir a/b; of_dir a/b/box; of_dir null; of_dir fifo)" \
		'5:6:0755
0:0:04711
0:0:0644:char-1-3
0:0:0644:pipe'
	is '... and the host'\''s' "$(stat -c '%a %F' "$dir/a/b/box" "$dir/null" "$dir/deep/er"; readlink "$dir/link")" \
		'711 regular file
644 regular empty file
700 directory
to'
	is 'a hole' "$(($(stat -c %b "$dir/sparse") * 512 < 3145728))" 1
	lodger_run --timeout 60s --root "$root" --overlay-in "$dir" -- sh -c "$show" >"$tmp/got" 2>&1
	is 'the next machine sees it all in a directory' "$(cat "$tmp/got")" "$(cat "$tmp/want")"
	for i in 1 2; do
		lodger_run --timeout 60s --root "$root" --overlay-in "$dir" --overlay-out "$dir" -- \
			sh -c "echo $i >>/a/b/more; rm -f /old/n$i; touch /old/n$((i + 1))"
	done >"$tmp/out" 2>&1
	is 'one over another, in place' "$(cat "$tmp/out" "$dir/a/b/more"; ls "$dir/old")" '1
2
n
n3'
	lodger_run --timeout 60s --root "$root" --overlay-in "$dir" --overlay-out "$tmp/third.tar" -- true
	is 'a directory, a tar' "$(tar -xOf "$tmp/third.tar" a/b/more)" '1
2'
	mkdir "$tmp/empty"
	is 'an empty one' "$(lodger_run --root "$root" --overlay-in "$tmp/empty" --overlay-out "$tmp/empty" \
		-- true 2>&1; echo $?; ls -A "$tmp/empty")" 0
	is 'a layer that another program made, as files' "$(lodger_run --root "$root" --overlay-in "$tmp/l" --overlay-out "$tmp/empty" \
		-- mv /other /moved 2>&1; ls -A "$tmp/empty")" '.wh.old
moved'
	# a tree whose names are longer, from the host's root, than a path may be
	deep='cd /; i=0; while [ $i -lt 20 ]; do mkdir $(printf %0203d 1) && cd $(printf %0203d 1) || exit 1
		i=$((i + 1)); done; echo x >x'
	again()
	{
		lodger_run --timeout 60s --root "$root" --overlay-in "$tmp/empty" --overlay-out "$tmp/empty" -- \
			sh -c "$1" 2>&1
		ls "$tmp/empty" | wc -l
	}
	is 'a deep tree goes, too' "$(again "$deep"; again 'ls -d /0*1 | wc -l; rm -r /0*1')" '2
1
1'
	is 'a machine that is stopped leaves the directory' "$(lodger_run --timeout 500ms --root "$root" \
		--overlay-in "$dir" --overlay-out "$dir" -- sh -c 'rm -r /a; sleep 9' 2>&1; cat "$dir/a/b/more")" \
		"lodger: overlay-out $dir: the machine did not end by itself: nothing is written
1
2"
	mkdir "$tmp/late" && mkfifo "$tmp/go"
	lodger_run --root "$root" --overlay-out "$tmp/late" -- sh -c 'echo kept >/kept; read x' \
		<"$tmp/go" >"$tmp/out" 2>&1 &
	exec 9>"$tmp/go"
	until ls "$tmp"/late.?????? >/dev/null 2>&1 || ! kill -0 $!; do sleep 0.1; done
	echo mine >"$tmp/late/file"
	echo >&9
	exec 9>&-
	wait $!
	is 'what cannot be put there is kept' "$? $(sed 's/\.......$/.XXXXXX/' "$tmp/out"; cat "$tmp/late/file"
		tar -xOf "$tmp"/late.?????? kept; rm "$tmp"/late.??????)" \
		"125 lodger: overlay-out $tmp/late: Directory not empty; what the machine changed is in the tar $tmp/late.XXXXXX
mine
kept"
	is 'nothing is left beside' "$(cd "$tmp" && ls -d dir.* empty.* late.* 2>/dev/null)" ''
else
	skip 'directories' 'no extended attributes here'
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
refused 'is not empty' --root "$root" --overlay-out "$root"
refused 'No such file' --root "$root" --overlay-out "$tmp/none/x/"
refused 'no root' --root "$root" --overlay-in /bin/busybox
head -c 1000 "$layer" >"$tmp/cut.tar"
refused 'ends too early' --root "$root" --overlay-in "$tmp/cut.tar"
done_testing
