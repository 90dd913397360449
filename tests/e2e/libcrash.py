#!/usr/bin/env python3
"""What a power cut leaves of an ext2 disk, judged by e2fsck and by what was synced.

    libcrash.py BEFORE LOG [--variants N] [--seed N]

BEFORE is the image before the machine ran, LOG what --disk FILE,log=LOG recorded
(vmmproc/abi/disklog.h). The workload makes files /keep/fN, each the output of
`seq FIRST LAST`, calls fsync on each, and then writes "done N FIRST LAST" to the
disk's first block, which ext2 does not use: from there on the file must be whole,
whatever happens. For each flush in the log, and the end, the disk is made as it
could be when the power fails before the next flush: all that was flushed, and of
what was written after it nothing, or some blocks, in any order. Then e2fsck -fy must
mend it, e2fsck -fn find nothing more, and the files be there.

Prints one line of figures; exits 1 if anything was lost or could not be mended.
"""
import argparse
import os
import random
import struct
import subprocess
import sys
import tempfile

HEAD = struct.Struct("<IIQQ")
MAGIC = 0x474C444C
WRITE, FLUSH, DISCARD = 1, 2, 3
UNIT = 1024         # what the disk writes whole


def read_log(path):
    """(kind, at, data) for each record; one that is cut off is not there."""
    records = []
    with open(path, "rb") as f:
        while True:
            head = f.read(HEAD.size)
            if len(head) < HEAD.size:
                return records
            magic, kind, at, size = HEAD.unpack(head)
            if magic != MAGIC:
                sys.exit(f"{path}: no record at {f.tell() - HEAD.size}")
            data = f.read(size) if kind == WRITE else bytes(size)
            if len(data) < size:
                return records
            records.append((kind, at, data))


def marker(at, data):
    """(number, first, last) of a marker's write, or None."""
    if at != 0 or not data.startswith(b"done "):
        return None
    return tuple(int(w) for w in data.split()[1:4])


def units(at, data):
    """A write cut at the borders of units."""
    while data:
        n = UNIT - at % UNIT
        yield at, data[:n]
        at, data = at + n, data[n:]


class Judge:
    def __init__(self, folder):
        self.image = os.path.join(folder, "image")
        self.out = os.path.join(folder, "out")
        self.env = dict(os.environ, PATH=os.environ["PATH"] + ":/sbin:/usr/sbin")
        self.states = self.mended = self.unmended = self.lost_files = self.lost_bytes = 0

    def fsck(self, options):
        return subprocess.run(["e2fsck", options, self.image], env=self.env,
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                              check=False).returncode

    def contents(self, number):
        subprocess.run(["debugfs", "-R", f"dump /keep/f{number} {self.out}", self.image],
                       env=self.env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                       check=False)
        if not os.path.exists(self.out):
            return b""
        with open(self.out, "rb") as f:
            data = f.read()
        os.unlink(self.out)
        return data

    def check(self, disk, promised):
        with open(self.image, "wb") as f:
            f.write(disk)
        self.states += 1
        status = self.fsck("-fy")
        self.mended += status == 1
        if status > 1 or self.fsck("-fn") != 0:
            self.unmended += 1
            return
        for number, first, last in promised:
            want = "".join(f"{i}\n" for i in range(first, last + 1)).encode()
            got = self.contents(number)
            if got != want:
                self.lost_files += 1
                self.lost_bytes += sum(a != b for a, b in zip(want, got.ljust(len(want), b"\0")))


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("before")
    ap.add_argument("log")
    ap.add_argument("--variants", type=int, default=2)
    ap.add_argument("--seed", type=int, default=1)
    args = ap.parse_args()
    rnd = random.Random(args.seed)
    with open(args.before, "rb") as f:
        durable = bytearray(f.read())
    records = read_log(args.log)
    flushes = [i for i, r in enumerate(records) if r[0] == FLUSH]
    promised = []
    with tempfile.TemporaryDirectory() as folder:
        judge = Judge(folder)
        start = 0
        for end in flushes + [len(records)]:
            batch = [r for r in records[start:end] if r[0] == WRITE]
            for variant in range(args.variants + 1):
                cut = len(batch) if variant == 0 else rnd.randint(0, len(batch))
                seen = promised + [m for _, at, data in batch[:cut]
                                   if (m := marker(at, data))]
                pieces = [u for _, at, data in batch[:cut] for u in units(at, data)]
                if variant == 0:
                    pieces = []
                else:
                    rnd.shuffle(pieces)
                    pieces = pieces[:rnd.randint(0, len(pieces))]
                disk = bytearray(durable)
                for at, data in pieces:
                    disk[at:at + len(data)] = data
                # the last files and some others: all would take long
                judge.check(disk, seen[-3:] + rnd.sample(seen, min(3, len(seen))))
            for _, at, data in batch:
                durable[at:at + len(data)] = data
                if marker(at, data):
                    promised.append(marker(at, data))
            start = end + 1
        judge.check(durable, promised)
    print(f"{len(flushes)} flushes, {judge.states} states, {judge.mended} mended by e2fsck, "
          f"{judge.unmended} not mended, {len(promised)} files synced, "
          f"{judge.lost_files} of them lost, {judge.lost_bytes} bytes")
    sys.exit(1 if judge.unmended or judge.lost_files or not promised else 0)


if __name__ == "__main__":
    main()
