"""Makes broken cpio archives of a good one.

    libcpio.py GOOD DIRECTORY

Each file NAME gets a line `NAME WANTED` in DIRECTORY/list: 125 where the archive
must be refused, `any` where it may be taken, in part or as it is.
"""
import gzip
import os
import random
import sys

HEADER = 110
FIELDS = ("ino mode uid gid nlink mtime filesize devmajor devminor rdevmajor rdevminor "
          "namesize check").split()


def entry(name, data=b"", magic=b"070701", **change):
    name = name if isinstance(name, bytes) else name.encode() + b"\0"
    f = dict.fromkeys(FIELDS, 0)
    f.update(ino=1, mode=0o100755, nlink=1, filesize=len(data), namesize=len(name))
    f.update(change)
    head = magic + b"".join(b"%08x" % (f[k] & 0xFFFFFFFF) for k in FIELDS)
    out = head + name
    out += bytes(-len(out) % 4) + data
    return out + bytes(-len(out) % 4)


END = entry("TRAILER!!!", mode=0, nlink=1)


def with_first(good, first):
    return first + good


def cuts(good):
    for size in (0, 1, 5, 6, 109, 110, 111, 120):
        yield f"cut-{size}", good[:size], 125
    for part in (2, 3, 7):
        yield f"cut-part{part}", good[:len(good) // part], 125
    yield "cut-trailer", good[:good.rindex(b"TRAILER!!!") - HEADER], 125
    yield "cut-last-data", good[:good.rindex(b"TRAILER!!!") - HEADER - 64], 125


def headers(good):
    yield "magic-text", b"this is no archive\n" * 40, 125
    yield "magic-zeros", bytes(4096), 125
    yield "magic-old", b"070707" + good[6:], 125
    yield "magic-binary", b"\xc7\x71" + good[2:], 125
    yield "magic-second", entry("x", b"data") + b"07070X" + good[6:], 125
    for field in ("filesize", "namesize"):
        for value in (0xFFFFFFFF, 0x7FFFFFFF, 0x80000000, len(good) * 2):
            yield (f"{field}-{value:x}",
                   with_first(good, entry("x", b"data", **{field: value})), 125)
    yield "namesize-0", with_first(good, entry("x", b"data", namesize=0)), 125
    yield "name-noend", with_first(good, entry(b"xxxx", b"data")), 125
    yield "name-long", with_first(good, entry("d/" + "x" * 5000, b"data")), 125
    head = bytearray(entry("x", b"data"))
    head[60:68] = b"zzzzzzzz"
    yield "digits", with_first(good, bytes(head)), 125
    yield "name-nul", with_first(good, entry(b"a\0b\0", b"data")), "any"
    for name in ("..", "../x", "a/../../x", "/", "/etc/../../x", ".", "./.", "", "a//b",
                 "no/such/directory/x"):
        yield "name-" + (name.replace("/", "_") or "empty"), with_first(
            good, entry(name, b"data")), "any"


def kinds(good):
    for mode, name in ((0o040755, "dir"), (0o120777, "link"), (0o020666, "char"),
                       (0o060666, "block"), (0o010666, "fifo"), (0o140666, "socket"),
                       (0o000644, "none"), (0o170000, "all"), (0xFFFFFFFF, "ones")):
        yield f"kind-{name}", with_first(good, entry("odd", b"/odd", mode=mode)), "any"
    yield "kind-dir-over-file", with_first(good, entry("bin", b"x")), "any"
    yield "kind-file-over-dir", good[:good.rindex(b"070701")] + entry("bin", b"x") + END, "any"
    yield "kind-link-self", with_first(good, entry("odd", b"odd", mode=0o120777)), "any"
    yield "kind-link-empty", with_first(good, entry("odd", b"", mode=0o120777)), "any"
    yield "kind-link-long", with_first(good, entry("odd", b"a" * 70000, mode=0o120777)), "any"
    yield "kind-hard", with_first(good, entry("h1", b"", ino=77, nlink=3) +
                                  entry("h2", b"", ino=77, nlink=3) +
                                  entry("h3", b"data", ino=77, nlink=3)), "any"
    yield "kind-hard-open", with_first(good, entry("h1", b"", ino=77, nlink=9)), "any"
    yield "twice", good + good, "any"
    yield "tail", good + b"\xff" * 5000, "any"
    yield "many", with_first(good, b"".join(entry(f"f{i}") for i in range(20000))), "any"
    yield "deep", with_first(good, b"".join(
        entry("/".join("d" * (i + 1)), mode=0o040755) for i in range(1000))), "any"


def zipped(good):
    data = gzip.compress(good, 1)
    yield "gz", data, "any"
    yield "gz-cut", data[:len(data) // 2], 125
    yield "gz-head", data[:10], 125
    yield "gz-magic", data[:2], 125
    broken = bytearray(data)
    broken[len(data) // 2] ^= 0x55
    yield "gz-broken", bytes(broken), 125
    yield "gz-crc", data[:-8] + b"\0\0\0\0" + data[-4:], 125
    yield "gz-garbage", gzip.compress(b"no archive" * 1000), 125
    yield "gz-empty", gzip.compress(b""), 125
    yield "gz-bomb", gzip.compress(bytes(1 << 30), 9), 125
    yield "gz-bomb-file", gzip.compress(entry("x", bytes(1 << 29)) + good, 9), 125


def mutated(good, count=30):
    rng = random.Random(3)
    for i in range(count):
        data = bytearray(good)
        for _ in range(rng.choice((1, 4, 32))):
            data[rng.randrange(min(2000, len(data)))] = rng.randrange(256)
        yield f"mutant-{i}", bytes(data), "any"


def main():
    good_path, directory = sys.argv[1:]
    with open(good_path, "rb") as f:
        good = f.read()
    with open(os.path.join(directory, "list"), "w") as listing:
        for family in (cuts(good), headers(good), kinds(good), zipped(good), mutated(good)):
            for name, data, wanted in family:
                with open(os.path.join(directory, name), "wb") as f:
                    f.write(data)
                listing.write(f"{name} {wanted}\n")


if __name__ == "__main__":
    main()
