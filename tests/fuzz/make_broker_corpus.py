#!/usr/bin/env python3
"""Writes the corpus of fuzz_vmm_broker: series of messages, good ones and attacks.

Usage: make_broker_corpus.py [FOLDER]    (default: corpus/vmm_broker beside this script)
"""
import os
import struct
import sys

(LOOKUP, TAKE, CLOSE, GETATTR, OPEN, READ, WRITE, LIST, READLINK, CREATE, MKDIR, MKSPECIAL,
 SYMLINK, LINK, UNLINK, RMDIR, RENAME, SETATTR, SYNC, STATFS, TMPFILE, ALLOCATE, GETXATTR,
 SETXATTR, DELXATTR, LISTXATTR) = range(1, 27)


def message(op, handle=0, name=b"", text=b"", *, flags=0, other=0, mode=0, offset=0, size=0,
            ram=0, ino=0, atime_ns=0, mtime_ns=0, magic=0x6b6f7262, lie=0, uid=0, gid=0, rdev=0,
            closes=0):
    """vmmproc/abi/broker.h, struct lodger_broker_request; lie: added to name_bytes."""
    head = struct.pack("<7I2H4Q4IQ2I", magic, 1, op, flags, handle, other, mode,
                       (len(name) + lie) & 0xffff, len(text), offset, size, ram, ino,
                       atime_ns, mtime_ns, uid, gid, rdev, closes, 0)
    body = head + name + text
    return struct.pack("<H", len(body)) + body


ALL = {
    "good_look": [message(LOOKUP, 0, b"f"), message(GETATTR, 0), message(STATFS, 1),
                  message(READLINK, 0, b"l"), message(OPEN, 0), message(LIST, 0, size=4096)],
    "good_make": [message(CREATE, 0, b"n", mode=0o644), message(WRITE, 2, size=8),
                  message(READ, 2, size=8, ram=64), message(SETATTR, 2, flags=15, mode=0o600,
                                                            offset=3),
                  message(SYNC, 2), message(MKDIR, 0, b"m", mode=0o755),
                  message(SYMLINK, 0, b"y", b"../out/s"), message(MKSPECIAL, 0, b"q"),
                  message(LINK, 0, b"h", other=2), message(RENAME, 0, b"n", b"o"),
                  message(UNLINK, 0, b"h"), message(RMDIR, 0, b"m"), message(CLOSE, 2)],
    "good_apart": [message(TAKE, 0, b"f"), message(CREATE, 0, b"n", mode=0o644),
                   message(WRITE, 2, size=9), message(READ, 2, size=9, ram=64, flags=1),
                   message(READ, 2, size=9000, ram=64), message(SYNC, 2), message(OPEN, 0),
                   message(SYNC, 0), message(SYNC, 1)],
    "bad_apart": [message(CREATE, 0, b"n", mode=0o644), message(READ, 2, size=9, flags=3),
                  message(READ, 2, size=9, flags=1, closes=2), message(SYNC, 2, flags=1)],
    "good_owners": [message(CREATE, 0, b"n", mode=0o4755, uid=5, gid=6), message(GETATTR, 2),
                    message(SETATTR, 2, flags=1, mode=0o600), message(LOOKUP, 0, b"n"),
                    message(MKSPECIAL, 0, b"c", flags=2, mode=0o644, rdev=0x103),
                    message(MKSPECIAL, 0, b"b", flags=4, uid=7), message(LOOKUP, 0, b"c"),
                    message(MKDIR, 0, b"m", mode=0o2755, gid=9), message(TMPFILE, 0, mode=0o600),
                    message(ALLOCATE, 2, offset=5, size=9000)],
    "good_attributes": [message(TAKE, 0, b"f"), message(SETXATTR, 0, b"user.a", b"value"),
                        message(GETXATTR, 0, b"user.a"), message(LISTXATTR, 0),
                        message(DELXATTR, 0, b"user.a")],
    "bad_attributes": [message(op, 0, name, b"0:0:04755" if op == SETXATTR else b"")
                       for op in (GETXATTR, SETXATTR, DELXATTR)
                       for name in (b"user.containers.override_stat", b"security.capability",
                                    b"user.", b"", b"system.posix_acl_access")],
    "bad_dotdot": [message(op, 0, b"..", b"x" if op in (SYMLINK, RENAME) else b"")
                   for op in (LOOKUP, TAKE, CREATE, MKDIR, UNLINK, SYMLINK, RENAME)],
    "bad_slash": [message(op, 0, b"l/s") for op in (LOOKUP, TAKE, CREATE, READLINK, UNLINK)],
    "bad_absolute": [message(LOOKUP, 0, b"/etc/passwd"), message(RENAME, 0, b"f", b"/tmp/f")],
    "bad_read_only": [message(CREATE, 1, b"n"), message(UNLINK, 1, b"f"),
                      message(RENAME, 0, b"f", b"g", other=1), message(OPEN, 1, flags=1)],
    "bad_handles": [message(GETATTR, h) for h in (2, 1 << 20, 0xffffffff)] +
                   [message(CLOSE, h) for h in (0, 1, 2)] +
                   [message(TAKE, 0, b"f"), message(GETATTR, 2, closes=2), message(STATFS, 0, closes=1)],
    "bad_ram": [message(CREATE, 0, b"n", mode=0o644)] +
               [message(op, 2, size=s, ram=r) for op in (READ, WRITE)
                for s, r in ((1, 1 << 16), (2, 65535), (1 << 22, 0), (1, 1 << 63), (0, 0))],
    "bad_lengths": [message(LOOKUP, 0, b"f", lie=n) for n in (-1, 1, 250, 60000)],
    "bad_op": [message(op) for op in (0, 27, 0xffffffff)] + [message(LOOKUP, magic=0)],
    "bad_times": [message(SETATTR, 0, flags=12, atime_ns=n, mtime_ns=n)
                  for n in (10**9, 0x3fffffff, 0xffffffff)],
}


def main():
    here = os.path.dirname(os.path.abspath(__file__))
    folder = sys.argv[1] if len(sys.argv) > 1 else os.path.join(here, "corpus", "vmm_broker")
    os.makedirs(folder, exist_ok=True)
    for name, messages in ALL.items():
        with open(os.path.join(folder, name), "wb") as f:
            f.write(b"".join(messages))


main()
