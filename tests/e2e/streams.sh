#!/bin/sh
# The three streams are the program's own: whatever kind they are, nothing is
# lost, added, reordered or read ahead of need.
# TEST-TIMEOUT: 180
. "${0%/*}/../tap.sh"
alone=${LODGER%/*}/tests/tools/alone

is 'stdout apart from stderr' \
	"$(lodger_run -- sh -c 'echo a; echo b >&2' 2>/dev/null)" a
is 'stderr apart from stdout' \
	"$(lodger_run -- sh -c 'echo a; echo b >&2' 2>&1 >/dev/null)" b
is 'a pipeline through the guest' \
	"$(seq 1 100000 | lodger_run -- sort -rn | head -1)" 100000
is 'two machines in one pipeline' \
	"$(seq 1 1000 | lodger_run -- tac | lodger_run -- head -n 1)" 1000

head -c 10000000 /dev/urandom >"$tmp/big"
sum=$(md5sum <"$tmp/big")
is '10 MB from a file' "$(lodger_run -- md5sum <"$tmp/big")" "$sum"
# shellcheck disable=SC2002 # a pipe is the point
is '10 MB from a pipe' "$(cat "$tmp/big" | lodger_run -- md5sum)" "$sum"
lodger_run -- cat <"$tmp/big" >"$tmp/copy"
check '10 MB to a file' cmp "$tmp/big" "$tmp/copy"
# shellcheck disable=SC2002
cat "$tmp/big" | lodger_run -- cat | cat >"$tmp/copy"
check '10 MB from a pipe to a pipe' cmp "$tmp/big" "$tmp/copy"
# a reader that takes its time
# shellcheck disable=SC2002
cat "$tmp/big" | lodger_run -- cat | (sleep 1; cat) >"$tmp/copy"
check '10 MB to a slow reader' cmp "$tmp/big" "$tmp/copy"
rm -f "$tmp/copy"

is 'stdin from /dev/null' "$(lodger_run -- wc -c </dev/null)" 0
is 'stdin closed' "$(lodger_run -- sh -c 'cat 2>/dev/null; echo $?' <&-)" 1
lodger_run -- sh -c 'echo x 2>/dev/null; exit 5' </dev/null >&- 2>"$tmp/err"
is 'stdout closed' "$?, $(cat "$tmp/err")" '5, '
lodger_run -- sh -c 'echo y >&2; echo x' </dev/null >"$tmp/out" 2>&-
is 'stderr closed' "$?, $(cat "$tmp/out")" '0, x'
lodger_run -- sh -c 'exit 6' <&- >&- 2>&-
is 'all three closed' $? 6
lodger_run -- sh -c 'echo x >/tmp/f; cat /tmp/f' <&- 2>&- >"$tmp/out"
is 'a file opened where stdin was closed' "$(cat "$tmp/out")" x

mkfifo "$tmp/fifo"
(sleep 0.2; echo one; sleep 0.2; echo two) >"$tmp/fifo" &
is 'stdin from a FIFO' "$(lodger_run -- sh -c 'read a; read b; echo $b,$a' <"$tmp/fifo")" \
	two,one
is 'input that comes late' "$( (sleep 0.5; echo late) | lodger_run -- cat)" late
is 'input for one of two programs' \
	"$(printf '1\n2\n3\n' | lodger_run -- sh -c 'read a; read b; cat; echo $a$b')" '3
12'
cat >"$tmp/pair.py" <<'P'
import socket, subprocess, sys
a, b = socket.socketpair()
child = subprocess.Popen(sys.argv[1:], stdin=b, stdout=b)
b.close()
a.sendall(b"over a socket\n")
a.shutdown(socket.SHUT_WR)
data = b""
while True:
    piece = a.recv(4096)
    if not piece:
        break
    data += piece
print(data.decode().strip(), child.wait())
P
# shellcheck disable=SC2086
is 'stdin and stdout a socket' \
	"$(python3 "$tmp/pair.py" "$LODGER" run $LODGER_ARGS -- tr a-z A-Z)" \
	'OVER A SOCKET 0'

printf 'abcdefgh' >"$tmp/file"
is 'a file is read no further than asked' \
	"$( (lodger_run -- dd bs=3 count=1 2>/dev/null; echo; cat) <"$tmp/file")" 'abc
defgh'
(lodger_run -- echo one; lodger_run -- echo two) >"$tmp/out"
is 'the position of an output file is shared' "$(cat "$tmp/out")" 'one
two'
(lodger_run -- echo three) >>"$tmp/out"
is 'appending' "$(cat "$tmp/out")" 'one
two
three'
lodger_run -- sh -c 'echo 1; echo 2 >&2; echo 3; echo 4 >&2' >"$tmp/out" 2>&1
is 'order of the two outputs in one file' "$(tr -d '\n' <"$tmp/out")" 1234
lodger_run -- sh -c 'echo 1; echo 2 >&2; echo 3; echo 4 >&2' 2>&1 | tr -d '\n' >"$tmp/out"
is 'order of the two outputs in one pipe' "$(cat "$tmp/out")" 1234
is 'stdin as a file can be sought' \
	"$(lodger_run -- tail -c 2 <"$tmp/file")" gh
lodger_run -- sh -c 'echo longer than before; : >&2' >"$tmp/file" 2>&1
is 'truncation is the host shell'"'"'s' "$(cat "$tmp/file")" 'longer than before'

lodger_run -- sh -c 'echo x; echo $? >&2' >/dev/full 2>"$tmp/err"
is 'stdout to /dev/full' "$(tail -n 1 "$tmp/err")" 1
lodger_run -- sh -c 'echo x >&2; echo $?' 2>/dev/full >"$tmp/out"
is 'stderr to /dev/full' "$(cat "$tmp/out")" 1

(
	# shellcheck disable=SC2086
	"$alone" "$LODGER" run $LODGER_ARGS --timeout 20s -- yes
	echo $? >"$tmp/status"
) 2>"$tmp/err" | head -n 1 >"$tmp/out"
is 'SIGPIPE' "$(cat "$tmp/out" "$tmp/status" "$tmp/err")" 'y
141'
(
	# shellcheck disable=SC2086
	"$LODGER" run $LODGER_ARGS --timeout 20s -- \
		sh -c 'trap "" PIPE; while echo y; do :; done 2>/dev/null; exit 9'
	echo $? >"$tmp/status"
) 2>"$tmp/err" | head -n 1 >"$tmp/out"
is 'EPIPE where SIGPIPE is ignored' "$(cat "$tmp/out" "$tmp/status" "$tmp/err")" 'y
9'
yes | lodger_run --timeout 20s -- head -n 1 >"$tmp/out"
is 'input that never ends' "$(cat "$tmp/out")" y

is 'no terminal where there is none' \
	"$(lodger_run -- sh -c 'tty; test -t 1; echo $?' </dev/null | tr '\n' ' ')" \
	'not a tty 1 '

# copy_file_range moves the position of the host's file, as writing does.
lodger_run --root "$TESTROOT" -- sh -c 'echo one; echo two >/tmp/f; /examples/send /tmp/f
	/examples/send /tmp/f 2>/dev/null; echo three' >"$tmp/out" 2>&1
is 'copy_file_range to a file of the host' "$(cat "$tmp/out")" 'one
two
two
three'

# Flags of the host's open files are not ours to change.
cat >"$tmp/flags.py" <<'P'
import fcntl, os, subprocess, sys
r, w = os.pipe()
out_r, out_w = os.pipe()
watched = [r, out_w, os.open("/dev/null", os.O_WRONLY)]
before = [fcntl.fcntl(fd, fcntl.F_GETFL) for fd in watched]
child = subprocess.Popen(sys.argv[1:], stdin=r, stdout=out_w, stderr=watched[2])
os.write(w, b"x\n")
os.close(w)
child.wait()
after = [fcntl.fcntl(fd, fcntl.F_GETFL) for fd in watched]
owner = [fcntl.fcntl(fd, fcntl.F_GETOWN) for fd in watched]
print("same" if before == after and not any(owner) else (before, after, owner))
P
# shellcheck disable=SC2086
is 'flags and owners of the streams are as before' \
	"$(python3 "$tmp/flags.py" "$LODGER" run $LODGER_ARGS -- cat)" same

done_testing
