#!/bin/sh
# Files of the host that belong to others in the guest, have set-ID bits, are devices or
# have extended attributes: the next machine sees them as this one left them. As root and
# as an ordinary user the same.
# TEST-TIMEOUT: 120
. "${0%/*}/../tap.sh"
exec </dev/null
root=$tmp/root
mkdir "$root"
(cd "$root" && cpio -id --quiet <"$TESTROOT")
python3 -c 'import os, sys; os.setxattr(sys.argv[1], "user.t", b"1")' "$root" 2>/dev/null ||
	skip_all 'the host keeps no extended attributes here'

# in_root SCRIPT: changes are made in the directory
in_root()
{
	lodger_run --timeout 60s --root "$root" --root-rw -- sh -c "$1" 2>&1
}

# x FILE tries to take the file over; x says who it runs as
cat >"$tmp/x.c" <<'EOF'
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>
#define OWNER "user.containers.override_stat"
int main(int argc, char **argv)
{
	char names[1000];
	if (argc == 1)
		return printf("%u\n", (unsigned)geteuid()) < 0;
	if (!setxattr(argv[1], OWNER, "0:0:04755", 9, 0) || errno != EPERM)
		return puts("set");
	if (!setxattr(argv[1], "user.lodger.security.capability", "x", 1, 0) || errno != EPERM)
		return puts("set");
	if (getxattr(argv[1], OWNER, names, 1000) >= 0 || errno != ENODATA)
		return puts("got");
	if (setxattr(argv[1], "user.mine", "value", 5, XATTR_CREATE) ||
	    listxattr(argv[1], names, 1000) != 10 || strcmp(names, "user.mine"))
		return puts("not mine");
	return puts("fine");
}
EOF
gcc -static -o "$root/x" "$tmp/x.c" || skip_all 'no static C library'

is 'made' "$(in_root 'cd /root; echo x >f; chown 5:6 f; chmod 4711 f; mkdir -m 2770 d; chown 7:8 d
	mknod null c 1 3; mknod disk b 254 16; chown 0:6 disk; cp /x su; chmod 4755 su
	echo y >closed; chown 9 closed; chmod 0 closed; su -s /bin/sh nobody -c "echo z >/tmp/n"
	ln f hard; echo x >/root/null; stat -c "%a %u %g %F" f')" '4711 5 6 regular file'
show='cd /root; stat -c "%n %a %u %g %F %t %T %h" f d null disk closed hard /tmp/n; echo x >null
	cat null; cat closed; su -s /bin/sh nobody -c "/x; /root/su"'
after='f 4711 5 6 regular file 0 0 2
d 2770 7 8 directory 0 0 2
null 644 0 0 character special file 1 3 1
disk 644 0 6 block special file fe 10 1
closed 0 9 0 regular file 0 0 1
hard 4711 5 6 regular file 0 0 2
/tmp/n 644 65534 65534 regular file 0 0 1
y'
is 'the next machine sees it' "$(in_root "chmod 755 /root; $show")" "$after
65534
0"
is '... also one that keeps nothing' "$(lodger_run --root "$root" -- sh -c "$show" 2>&1)" "$after
65534
0"
is '... and the host has files of its user, without power' "$(cd "$root/root" &&
	stat -c '%n %a %u %F' f null closed su)" "f 711 $(id -u) regular file
null 644 $(id -u) regular empty file
closed 600 $(id -u) regular file
su 755 $(id -u) regular file"
is 'who has what is in one attribute' "$(python3 - "$root/root" <<'EOF'
import os
import sys
for name in ("f", "null", "disk", "closed"):
    print(os.getxattr(os.path.join(sys.argv[1], name), "user.containers.override_stat").decode())
EOF
)" '5:6:04711
0:0:0644:char-1-3
0:6:0644:block-254-16
9:0:00'
is 'moved and copied on the host, it stays' "$(cd "$root/root" && mv f moved && cp -a null zero
	in_root 'cd /root; stat -c "%n %a %u %t" moved zero')" 'moved 4711 5 0
zero 644 0 1'
is 'root'\''s again, nothing is left' "$(in_root 'cd /root; chown 0:0 moved closed
	chmod 644 moved closed; stat -c "%a %u" closed'
	python3 -c 'import os, sys; print(os.listxattr(sys.argv[1]))' "$root/root/closed")" '644 0
[]'
is 'a program cannot make a file root'\''s' "$(in_root 'su -s /bin/sh nobody -c "/x /tmp/n"')" fine
is 'FIFOs of others' "$(in_root 'mkdir -m 777 /pub; cd /pub
	su -s /bin/sh nobody -c "mkfifo p; (echo through >p &) ; cat p"; mkfifo mine'
	in_root 'cd /pub; stat -c "%n %u %F" p mine
	su -s /bin/sh nobody -c "(echo again >p &) ; cat p; rm p"; ls'
	ls "$root/pub")" 'through
p 65534 fifo
mine 0 fifo
again
mine
mine'
for t in t_xattr t_caps; do
	rm -rf "$tmp/t"
	mkdir -m 1777 "$tmp/t"
	guest_test "guest/$t with its files on the host" --timeout 60s --root "$TESTROOT" \
		--bind "$tmp/t:/tmp" -- "/tests/$t"
done
done_testing
