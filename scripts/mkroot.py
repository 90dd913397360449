#!/usr/bin/env python3
"""Make a root file system archive (newc cpio) from Debian's busybox-static.

The archive is the same byte for byte for the same inputs: entries are sorted,
everything belongs to 0:0, every time is SOURCE_DATE_EPOCH (or 0), inode numbers
count up. No privilege is needed.
"""
import argparse
import os
import stat
import subprocess
import sys

# Directories that every root has; the mode is 0755 unless said otherwise.
DIRS = {
    "bin": 0o755, "dev": 0o755, "etc": 0o755, "home": 0o755, "mnt": 0o755,
    "proc": 0o555, "root": 0o700, "run": 0o755, "sbin": 0o755, "sys": 0o555,
    "tmp": 0o1777, "usr": 0o755, "usr/bin": 0o755, "usr/sbin": 0o755,
    "var": 0o755, "var/log": 0o755, "var/tmp": 0o1777,
}

FILES = {
    "etc/passwd": (0o644, "root:x:0:0:root:/root:/bin/sh\n"
                          "daemon:x:1:1:daemon:/usr/sbin:/bin/false\n"
                          "user:x:1000:1000:user:/home/user:/bin/sh\n"
                          "nobody:x:65534:65534:nobody:/:/bin/false\n"),
    "etc/group": (0o644, "root:x:0:\ndaemon:x:1:\ntty:x:5:\nuser:x:1000:\n"
                         "nogroup:x:65534:\n"),
    "etc/shadow": (0o600, "root:*:19000:0:99999:7:::\nuser:*:19000:0:99999:7:::\n"),
    "etc/hostname": (0o644, "lodger\n"),
    "etc/hosts": (0o644, "127.0.0.1\tlocalhost lodger\n"
                          "::1\tlocalhost ip6-localhost ip6-loopback\n"),
    "etc/shells": (0o644, "/bin/sh\n/bin/ash\n"),
    "etc/nsswitch.conf": (0o644, "passwd: files\ngroup: files\nhosts: files\n"),
    "etc/profile": (0o644,
                    "export PATH=/bin:/sbin:/usr/bin:/usr/sbin\n"
                    "[ \"$(id -u)\" = 0 ] && PS1='\\h:\\w# ' || PS1='\\h:\\w$ '\n"),
    "etc/inittab": (0o644,
                    "::sysinit:/etc/init.d/rcS\n"
                    "console::respawn:-/bin/sh\n"
                    "::ctrlaltdel:/sbin/poweroff\n"
                    "::shutdown:/bin/sync\n"),
    "etc/init.d/rcS": (0o755,
                       "#!/bin/sh\n"
                       "# What `lodger boot` does before the shell.\n"
                       "hostname -F /etc/hostname\n"),
}


class Archive:
    """Entries by path, written in sorted order."""

    def __init__(self, mtime):
        self.entries = {}
        self.mtime = mtime

    def add(self, path, mode, data=b""):
        path = path.strip("/")
        parent = os.path.dirname(path)
        if parent and parent not in self.entries:
            self.add(parent, stat.S_IFDIR | 0o755)
        self.entries[path] = (mode, data)

    def header(self, ino, mode, nlink, size, name):
        fields = [ino, mode, 0, 0, nlink, self.mtime, size, 0, 0, 0, 0,
                  len(name) + 1, 0]
        return b"070701" + b"".join(b"%08X" % f for f in fields)

    def write(self, out):
        for ino, path in enumerate(sorted(self.entries), start=1):
            mode, data = self.entries[path]
            nlink = 2 if stat.S_ISDIR(mode) else 1
            self.record(out, ino, mode, nlink, path.encode(), data)
        self.record(out, 0, 0, 1, b"TRAILER!!!", b"")
        out.write(b"\0" * (-out.tell() % 512))

    def record(self, out, ino, mode, nlink, name, data):
        head = self.header(ino, mode, nlink, len(data), name) + name + b"\0"
        out.write(head + b"\0" * (-len(head) % 4))
        out.write(data + b"\0" * (-len(data) % 4))


def find_busybox(given):
    for path in [given] if given else ["/bin/busybox", "/usr/bin/busybox"]:
        if os.access(path, os.X_OK):
            return path
    sys.exit("mkroot: no busybox found: install busybox-static, or name one by --busybox")


def applets(busybox):
    """The applets' paths below /, as this busybox was configured."""
    run = subprocess.run([busybox, "--list-full"], check=True, capture_output=True,
                         text=True)
    return [p.lstrip("/") for p in run.stdout.split()]


def read_file(path):
    try:
        with open(path, "rb") as f:
            return f.read()
    except OSError as e:
        sys.exit(f"mkroot: cannot read {path}: {e.strerror}")


def add_busybox(archive, busybox):
    with open(busybox, "rb") as f:
        archive.add("bin/busybox", stat.S_IFREG | 0o755, f.read())
    for path in applets(busybox):
        if path != "bin/busybox" and path != "linuxrc":
            archive.add(path, stat.S_IFLNK | 0o777, b"/bin/busybox")


def add_extra(archive, spec):
    parts = spec.split(":")
    if len(parts) not in (2, 3):
        sys.exit(f"mkroot: --add wants HOST:GUEST[:MODE], not {spec}")
    host, guest = parts[0], parts[1]
    data = read_file(host)
    mode = int(parts[2], 8) if len(parts) == 3 else \
        (0o755 if os.stat(host).st_mode & 0o111 else 0o644)
    archive.add(guest, stat.S_IFREG | mode, data)


def main():
    ap = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    ap.add_argument("-o", "--output", required=True)
    ap.add_argument("--busybox", help="a static busybox (default: Debian's)")
    ap.add_argument("--add", action="append", default=[], metavar="HOST:GUEST[:MODE]",
                    help="a host file to put in; MODE is octal")
    args = ap.parse_args()

    archive = Archive(int(os.environ.get("SOURCE_DATE_EPOCH", "0")))
    for path, mode in DIRS.items():
        archive.add(path, stat.S_IFDIR | mode)
    archive.add("home/user", stat.S_IFDIR | 0o755)
    for path, (mode, text) in FILES.items():
        archive.add(path, stat.S_IFREG | mode, text.encode())
    add_busybox(archive, find_busybox(args.busybox))
    for spec in args.add:
        add_extra(archive, spec)

    os.makedirs(os.path.dirname(args.output) or ".", exist_ok=True)
    # Never half an archive, even when two builds make it at once.
    unfinished = f"{args.output}.{os.getpid()}"
    with open(unfinished, "wb") as out:
        archive.write(out)
    os.rename(unfinished, args.output)


if __name__ == "__main__":
    main()
