#!/usr/bin/env python3
"""Writes the corpus of fuzz_vmm_layer: streams of layers, good ones and attacks.

Usage: make_layer_corpus.py [FOLDER]    (default: corpus/vmm_layer beside this script)
"""
import os
import sys

BLOCK = 512


def padded(data):
    return data + bytes(-len(data) % BLOCK)


def record(key, value):
    rest = len(key) + len(value) + 3
    length = rest + len(str(rest))
    length = rest + len(str(length))
    return b"%d %s=%s\n" % (length, key, value)


def header(kind, name, target=b"", mode=0o644, size=0, device=(0, 0)):
    """vmmproc/abi/tar.h; the program puts the sum right."""
    head = name.ljust(100, b"\0") + b"%07o\0" % mode + b"%07o\0" % 0 * 2
    head += b"%011o\0" % size + b"%011o\0" % 1000 + b" " * 8 + kind
    head += target.ljust(100, b"\0") + b"ustar\x0000" + bytes(64)
    head += b"%07o\0%07o\0" % device
    return head.ljust(BLOCK, b"\0")


def entry(kind, name, target=b"", data=b"", records=(), **more):
    before = b"".join(record(*r) for r in records)
    if before:
        before = header(b"x", b"x", size=len(before)) + padded(before)
    return before + header(kind, name, target, size=len(data), **more) + padded(data)


def directory(name, **more):
    return entry(b"5", name, mode=0o755, **more)


LONG = b"/".join([b"n" * 50] * 4)
AROUND = [directory(b"d"), entry(b"0", b"f", data=b"text"), entry(b"2", b"l", b"../out"),
          entry(b"2", b"a", b"/")]
NAMES = [b"..", b"../out/x", b"/x", b"d/../../out/x", b"./x", b"d//x", b"l/x", b"a/x", b"f/x",
         b"l", b"", b"."]
ALL = {
    "good_files": [directory(b"."), *AROUND, entry(b"0", b"d/big", data=bytes(9000) + b"x"),
                   entry(b"1", b"d/g", b"f")],
    "good_marks": [directory(b"d"), entry(b"0", b"d/.wh..wh..opq"), entry(b"0", b".wh.x")],
    "good_owners": [entry(b"0", b"s", mode=0o4711, records=[(b"uid", b"5"), (b"gid", b"70000")]),
                    entry(b"3", b"c", device=(1, 3)), entry(b"4", b"b", device=(8, 1)),
                    entry(b"6", b"p"), directory(b"d", records=[(b"uid", b"7")]),
                    directory(b"d/e")],
    "good_records": [directory(b"n" * 50), directory(b"n" * 50 + b"/" + b"n" * 50),
                     directory(b"x", records=[(b"path", LONG[:152])]),
                     entry(b"0", b"x", data=b"t", records=[
                         (b"path", LONG), (b"mtime", b"-7.5"), (b"SCHILY.xattr.user.t", b"a\0b"),
                         (b"SCHILY.xattr.security.capability", b"c"), (b"size", b"1")]),
                     entry(b"2", b"y", records=[(b"linkpath", LONG), (b"path", b"y")])],
    "bad_attributes": [entry(b"0", b"x", records=[
        (b"SCHILY.xattr.user.containers.override_stat", b"0:0:04755")])],
    "bad_sizes": [header(b"0", b"x", size=1 << 32)],
    "bad_device": [header(b"3", b"x", size=1024), bytes(1024)],
    "bad_records": [header(b"x", b"x", size=12), padded(b"99 path=../x"), header(b"0", b"x")],
    "bad_links": [*AROUND, entry(b"1", b"h", b"../out/s")],
    "bad_links2": [*AROUND, entry(b"1", b"h", b"l/s")],
    **{f"bad_name{i}": [*AROUND, entry(b"0", name, data=b"bad")] for i, name in enumerate(NAMES)},
    **{f"bad_long{i}": [*AROUND, entry(b"5", b"x", records=[(b"path", name)])]
       for i, name in enumerate(NAMES) if name},
}


def main():
    folder = sys.argv[1] if len(sys.argv) > 1 else \
        os.path.join(os.path.dirname(os.path.abspath(__file__)), "corpus", "vmm_layer")
    os.makedirs(folder, exist_ok=True)
    for name, entries in ALL.items():
        with open(os.path.join(folder, name), "wb") as f:
            f.write(b"".join(entries) + bytes(2 * BLOCK))


if __name__ == "__main__":
    main()
