#!/bin/sh
# A directory of the host with whatever there can be in one: what the guest makes of it,
# by --bind, and as a root that is only read.
# TEST-TIMEOUT: 240
. "${0%/*}/../tap.sh"
exec </dev/null
d=$tmp/d
mkdir "$d"
(cd "$d" && cpio -id --quiet <"$TESTROOT" && rm -rf tests && mkdir z && cd z && echo secret >closed &&
	chmod 0 closed && mkdir shut && chmod 0 shut && mkfifo fifo && ln -s loop loop && ln -s b a && ln -s a b &&
	ln -s ../../../../../../../../etc/hosts up && ln -s /proc/self/root/etc magic && ln -s "$tmp" out &&
	ln -s . dot && truncate -s 4294967297 big && printf end | dd of=big bs=1 seek=4294967294 2>/dev/null &&
	mkdir names && touch "$(printf 'names/\001\377\n\t x')" names/-n "names/$(printf %0255d 1)" 'names/*')
python3 - "$d/z" <<'EOF'
import os
import socket
import sys
os.chdir(sys.argv[1])
socket.socket(socket.AF_UNIX).bind("socket")
EOF
cat >"$tmp/cut.c" <<'EOF'
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>
static sigjmp_buf out;
static void on_bus(int sig) { (void)sig; siglongjmp(out, 1); }
/* cut FILE: maps 8 MiB of it, says so, and touches the end when the host has cut it */
int main(int argc, char **argv)
{
	volatile char *p;
	char go;
	int fd = open(argv[argc - 1], O_RDWR);
	p = mmap(NULL, 8 << 20, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	signal(SIGBUS, on_bus);
	if (p == MAP_FAILED || p[0] != 'x')
		return puts("no mapping");
	puts("mapped");
	fflush(stdout);
	if (read(0, &go, 1) != 1)
		return 1;
	if (sigsetjmp(out, 1))
		return puts("SIGBUS") < 0;
	return printf("%d\n", p[(8 << 20) - 4096]) && puts("no signal");
}
EOF

# look SCRIPT PLACE OPTION...: in the directory, whose z is at PLACE
look()
{
	script=$1 place=$2
	shift 2
	lodger_run --timeout 60s "$@" -- sh -c "cd $place; $script" 2>&1 | sed 's/^[a-z]*: \(can.t open \)*//'
}

# everywhere NAME SCRIPT WANTED
everywhere()
{
	is "$1: bound" "$(look "$2" /mnt -v "$d/z:/mnt:ro")" "$3"
	is "$1: a root" "$(look "$2" /z --root "$d")" "$3"
}
everywhere 'links in circles' 'cat loop; cat a; ls loop/x; cd dot/dot/dot && ls -d names' \
	"'loop': Too many levels of symbolic links
'a': Too many levels of symbolic links
loop/x: Too many levels of symbolic links
names"
everywhere 'links upwards and magic ones stay in the guest' \
	'cmp up /etc/hosts && cmp magic/hosts /etc/hosts && echo same; cat out/d/z/names/-n' \
	"same
'out/d/z/names/-n': No such file or directory"
everywhere 'FIFOs and sockets' 'stat -c "%n %F" fifo socket; cat socket; (echo through >fifo &) ; cat fifo' \
	"fifo fifo
socket socket
'socket': No such device or address
through"
everywhere 'names of any bytes' 'cd names; ls | wc -l; for n in *; do [ -e "./$n" ] && echo there; done
	rm -- -n 2>/dev/null; ls -d 00*1 | wc -c' \
	'4
there
there
there
there
256'
everywhere 'more than 4 GiB' 'stat -c %s big; tail -c 3 big; dd if=big bs=1 skip=4294967290 2>/dev/null | wc -c
	dd if=big bs=1M count=1 skip=4000 2>/dev/null | tr -d "\0" | wc -c' '4294967297
end7
0'
if [ "$(id -u)" = 0 ]; then
	skip 'what may not be read' 'root reads all'
else
	everywhere 'what may not be read' 'cat closed; ls shut; ls shut/x; stat -c %a closed shut' \
		"'closed': Permission denied
'shut': Permission denied
shut/x: Permission denied
0
0"
fi
is 'written beyond 4 GiB' "$(look 'printf more | dd of=big bs=1 seek=4294967297 2>/dev/null; stat -c %s big' \
	/mnt -v "$d/z:/mnt"; tail -c 7 "$d/z/big")" '4294967301
endmore'
is 'the whole host' "$(look 'ls -d usr; ls proc sys | grep -c .; cat proc/1/environ proc/self/mem | head -c 1' \
	/mnt -v /:/mnt:ro | head -n 2)" 'usr
2'
is '... as root' "$(lodger_run --root / -- /bin/sh -c 'echo up; [ -e /proc/1/root/nowhere ] || echo in' 2>&1)" \
	'up
in'

# --- changes from outside -----------------------------------------------------------------
gcc -static -O1 -o "$d/z/cut" "$tmp/cut.c" || {
	skip 'cut under a mapping' 'no static C library'
	done_testing
}
mkfifo "$tmp/in"
# cut_under NAME OPTION...
cut_under()
{
	name=$1 place=$2
	shift 2
	dd if=/dev/zero bs=1M count=8 2>/dev/null | tr '\0' x >"$d/z/mapped"
	: >"$tmp/up"
	lodger_run --timeout 60s "$@" -- sh -c "$place/cut $place/mapped; echo lives; cat $place/mapped | wc -c" \
		<"$tmp/in" >"$tmp/up" 2>&1 &
	job=$!
	exec 3>"$tmp/in"
	await "$tmp/up" 20
	truncate -s 5 "$d/z/mapped"
	echo go >&3
	exec 3>&-
	wait $job
	is "$name" "$? $(cat "$tmp/up")" '0 mapped
SIGBUS
lives
5'
}
cut_under 'cut under a mapping' /mnt -v "$d/z:/mnt"
cut_under '... of a root' /z --root "$d" --root-rw
(while :; do
	mv "$d/z/names" "$d/z/moved" && mv "$d/z/moved" "$d/z/names"
	ln -sfn names "$d/z/swap"; rm -f "$d/z/swap"; mkdir "$d/z/swap"; rmdir "$d/z/swap"
done) 2>/dev/null &
mover=$!
is 'names that move about' "$(look 'for i in $(seq 150); do ls names swap/x; cat names/-n swap/-n
	ls -d names/..; done >/dev/null 2>&1; echo through' /mnt -v "$d/z:/mnt")" through
kill $mover
wait $mover 2>/dev/null
chmod 700 "$d/z/shut"
done_testing
