#!/usr/bin/env python3
"""Make the corpus of fuzz_ext2: small images of mke2fs, without the zeros behind.

    make_ext2_corpus.py FOLDER

Needs e2fsprogs. Blocks of 1 KiB, few inodes: so that most bytes mean something.
"""
import os
import subprocess
import sys
import tempfile

BLOCKS = 96

KINDS = {
    "plain": ["-O", "none", "-I", "128"],
    "filetype": ["-O", "filetype", "-I", "128"],
    "features": ["-O", "filetype,sparse_super,large_file,dir_index,ext_attr", "-I", "256"],
    "groups": ["-O", "filetype", "-I", "128", "-g", "256"],
    "attributes": ["-O", "filetype,ext_attr", "-I", "128"],
}


def populate(top):
    os.mkdir(os.path.join(top, "d"))
    for name, size in [("small", 10), ("indirect", 14 << 10), ("d/f", 3000)]:
        with open(os.path.join(top, name), "wb") as f:
            f.write(bytes(i & 255 for i in range(size)))
    with open(os.path.join(top, "sparse"), "wb") as f:
        f.truncate(1 << 30)
    with open(os.path.join(top, "sparse"), "ab") as f:
        f.write(b"end")
    os.symlink("small", os.path.join(top, "fast"))
    os.symlink("x" * 100, os.path.join(top, "slow"))
    os.link(os.path.join(top, "small"), os.path.join(top, "d", "hard"))
    os.mkfifo(os.path.join(top, "fifo"))


def main():
    folder = sys.argv[1]
    os.makedirs(folder, exist_ok=True)
    env = dict(os.environ, PATH=os.environ["PATH"] + ":/sbin:/usr/sbin",
               E2FSPROGS_FAKE_TIME="1000000000")
    with tempfile.TemporaryDirectory() as tmp:
        top = os.path.join(tmp, "tree")
        os.mkdir(top)
        populate(top)
        for name, options in KINDS.items():
            path = os.path.join(tmp, name)
            with open(path, "wb") as f:
                f.truncate(BLOCKS << 10)
            subprocess.run(["mke2fs", "-q", "-F", "-t", "ext2", "-b", "1024", "-N", "24",
                            "-m", "0", "-U", "00000000-0000-0000-0000-000000000001",
                            "-d", top] + options + [path], check=True, env=env)
            subprocess.run(["debugfs", "-w", "-R", "rmdir lost+found", path], check=True,
                           env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            if name == "attributes":
                for change in ["/small user.a value", "/small user.bb another", "/d user.b x"]:
                    subprocess.run(["debugfs", "-w", "-R", "ea_set " + change, path], check=True,
                                   env=env, stderr=subprocess.DEVNULL)
            with open(path, "rb") as f:
                image = f.read().rstrip(b"\0")
            with open(os.path.join(folder, name), "wb") as f:
                f.write(image)


if __name__ == "__main__":
    main()
