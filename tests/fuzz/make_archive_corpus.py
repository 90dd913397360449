#!/usr/bin/env python3
"""Writes the corpus of fuzz_archive: good archives and one for each way to be broken.

Usage: make_archive_corpus.py [FOLDER]    (default: corpus/archive beside this script)
"""
import io
import os
import sys
import tarfile

REG, DIR, LNK, CHR, BLK, FIFO, SOCK = (
    0o100000, 0o040000, 0o120000, 0o020000, 0o060000, 0o010000, 0o140000)


def pad(data):
    return data + bytes(-len(data) % 4)


def entry(name, mode, data=b"", *, magic=b"070701", ino=1, nlink=1, size=None, namesize=None,
          check=0, rdev=(0, 0)):
    """One archive entry; size and namesize may lie."""
    name = name.encode() + b"\0"
    fields = (ino, mode, 0, 0, nlink, 1000000000, len(data) if size is None else size, 8, 1,
              rdev[0], rdev[1], len(name) if namesize is None else namesize, check)
    header = magic + b"".join(b"%08x" % f for f in fields)
    return pad(header + name) + pad(data)


TRAILER = entry("TRAILER!!!", 0)


def archive(*entries):
    return b"".join(entries) + TRAILER


def summed(name, data, error=0):
    return entry(name, REG | 0o644, data, magic=b"070702", check=sum(data) + error)


GOOD = (entry(".", DIR | 0o755), entry("bin", DIR | 0o755),
        entry("bin/prog", REG | 0o755, bytes(range(256)) * 20),
        entry("bin/link", LNK | 0o777, b"prog"), entry("dev", DIR | 0o755),
        entry("dev/console", CHR | 0o600, rdev=(5, 1)), entry("fifo", FIFO | 0o600),
        entry("sock", SOCK | 0o600), entry("loop", LNK | 0o777, b"loop"))
LINKS = tuple(entry(n, REG | 0o644, d, ino=7, nlink=3)
              for n, d in (("a", b""), ("b", b""), ("c", b"data")))

CORPUS = {
    "good": archive(*GOOD),
    "good_checksum": archive(summed("f", b"checked data")),
    "good_hard_links": archive(*LINKS),
    "good_two_archives": archive(*GOOD) + bytes(512) + archive(*LINKS),
    "good_padding": archive(*GOOD) + bytes(1000),
    "good_parents_missing": archive(entry("x/y/z", REG | 0o600, b"z")),
    "good_names_again": archive(entry("x", REG | 0o600, b"1"), entry("x", LNK | 0o777, b"y"),
                                entry("x", DIR | 0o700), entry("x", DIR | 0o711)),
    "good_through_symlink": archive(entry("usr", DIR | 0o755), entry("lib", LNK | 0o777, b"usr"),
                                    entry("lib/x", REG | 0o644, b"x")),
    "bad_magic": archive(entry("f", REG | 0o644, b"x", magic=b"070707")),
    "bad_number": archive(*GOOD).replace(b"00000001", b"0000000g", 1),
    "bad_checksum": archive(summed("f", b"checked data", 1)),
    "bad_name_size_zero": archive(entry("f", REG | 0o644, namesize=0)),
    "bad_name_size_huge": archive(entry("f", REG | 0o644, namesize=0xffffffff)),
    "bad_name_size_4096": archive(entry("n" * 4095, REG | 0o644)),
    "bad_name_too_long": archive(entry("n" * 300, REG | 0o644)),
    "bad_name_no_end": archive(entry("name", REG | 0o644, namesize=4)),
    "bad_name_dotdot": archive(entry("a/../../etc/passwd", REG | 0o644, b"x")),
    "bad_name_absolute": archive(entry("/etc/passwd", REG | 0o644, b"x")),
    "bad_name_empty": archive(entry("", REG | 0o644)),
    "bad_name_slashes": archive(entry("//x///y//", REG | 0o644)),
    "bad_size_huge": archive(entry("f", REG | 0o644, b"x", size=0xffffffff)),
    "bad_size_one_more": entry("f", REG | 0o644, b"1234", size=5),
    "bad_symlink_empty": archive(entry("l", LNK | 0o777)),
    "bad_symlink_long": archive(entry("l", LNK | 0o777, b"x" * 5000)),
    "bad_symlink_nul": archive(entry("l", LNK | 0o777, b"a\0b")),
    "bad_symlink_loop": archive(entry("a", LNK | 0o777, b"b"), entry("b", LNK | 0o777, b"a"),
                                entry("a/x", REG | 0o600, b"x")),
    "bad_kind": archive(entry("f", 0o170000)),
    "bad_file_as_directory": archive(entry("f", REG | 0o600, b"x"), entry("f/g", REG | 0o600)),
    "bad_directory_in_the_way": archive(entry("d", DIR | 0o755), entry("d/f", REG | 0o600),
                                        entry("d", REG | 0o600, b"x")),
    "bad_links_gone": archive(LINKS[0], entry("a", DIR | 0o755), *LINKS),
    "bad_no_trailer": b"".join(GOOD),
    "bad_truncated_header": archive(*GOOD)[:150],
    "bad_truncated_data": archive(*GOOD)[:2000],
    "bad_junk_after": archive(*GOOD) + b"junk after the trailer",
    "too_large": archive(*(entry(f"f{i}", REG | 0o600, bytes(90000)) for i in range(3)),
                         entry("f0", REG | 0o600, bytes(1)), entry("last", REG | 0o600, b"x")),
    "many_files": archive(*(entry(f"d{i}/f", REG | 0o600, b"x") for i in range(300))),
    "deep": archive(entry("d/" * 1500 + "f", REG | 0o600, b"x")),
}


def member(name, kind, data=b"", **attributes):
    info = tarfile.TarInfo(name)
    info.type, info.size, info.mtime, info.mode = kind, len(data), 1000000000, 0o755
    for key, value in attributes.items():
        setattr(info, key, value)
    return info, data


def tar(dialect, *members):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=dialect) as archive_:
        for info, data in members:
            archive_.addfile(info, io.BytesIO(data))
    return out.getvalue()[:-8192]       # not all of the filling up


MEMBERS = (member("bin", tarfile.DIRTYPE), member("bin/prog", tarfile.REGTYPE, bytes(2000)),
           member("bin/hard", tarfile.LNKTYPE, linkname="bin/prog"),
           member("bin/soft", tarfile.SYMTYPE, linkname="prog"),
           member("dev/console", tarfile.CHRTYPE, devmajor=5, devminor=1),
           member("fifo", tarfile.FIFOTYPE))
LONG = (*MEMBERS, member("d" * 90 + "/" + "f" * 90, tarfile.REGTYPE, b"long"),
        member("soft", tarfile.SYMTYPE, linkname="t" * 200),
        member("old", tarfile.REGTYPE, mtime=-5, uid=10**8))

TARS = {
    "tar_ustar": tar(tarfile.USTAR_FORMAT, *MEMBERS),
    "tar_gnu": tar(tarfile.GNU_FORMAT, *LONG),
    "tar_pax": tar(tarfile.PAX_FORMAT, *LONG),
    "tar_no_target": tar(tarfile.USTAR_FORMAT, member("l", tarfile.LNKTYPE, linkname="x")),
    "tar_kind": tar(tarfile.USTAR_FORMAT, member("k", b"S")),
    "tar_truncated": tar(tarfile.PAX_FORMAT, *LONG)[:3000],
}


def main():
    here = os.path.dirname(os.path.abspath(__file__))
    folder = sys.argv[1] if len(sys.argv) > 1 else os.path.join(here, "corpus", "archive")
    os.makedirs(folder, exist_ok=True)
    for name, data in CORPUS.items():
        with open(os.path.join(folder, name + ".cpio"), "wb") as f:
            f.write(data)
    for name, data in TARS.items():
        with open(os.path.join(folder, name + ".tar"), "wb") as f:
            f.write(data)


if __name__ == "__main__":
    main()
