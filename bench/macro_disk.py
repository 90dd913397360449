"""Rows of bench-macro that are about files that last: the job's directory is a directory of
the host's file system natively, and for the guest an ext2 image in the same file system
(disk_*), or another such directory, shown by --bind (host_*). All are made anew for each run of a row: `setup` runs on them in a machine of its own
(or natively), and what is cached of them on the host then goes, if the row is cold."""
import os
import shutil
import subprocess
import tempfile

IMAGE_BYTES = 2 << 30
TOOLS = r"""
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
static char block[65536];
static void write_all(int fd, int blocks) { for (int i = 0; i < blocks; i++)
	if (write(fd, block, sizeof(block)) != sizeof(block)) exit(1); }
int main(int argc, char **argv) {
	int n = argc > 2 ? atoi(argv[2]) : 0, fd; char name[64]; struct stat st;
	memset(block, 'x', sizeof(block));
	if (!strcmp(argv[1], "create")) for (int i = 0; i < n; i++) {
		snprintf(name, sizeof(name), "new%d", i % 100);
		fd = open(name, O_CREAT | O_WRONLY, 0644); close(fd);
		if (unlink(name)) return 1; }
	if (!strcmp(argv[1], "stat")) for (int i = 0; i < n; i++) {
		snprintf(name, sizeof(name), "d%d/f%d", i / 100 % 200, i % 100);
		if (stat(name, &st)) return 1; }
	if (!strcmp(argv[1], "fsync")) { fd = open("log", O_CREAT | O_WRONLY, 0644);
		for (int i = 0; i < n; i++)
			if (write(fd, block, 4096) != 4096 || fsync(fd)) return 1; }
	if (!strcmp(argv[1], "overwrite")) { fd = open("f", O_CREAT | O_RDWR, 0644);
		for (int i = 0; i < n; i++) { lseek(fd, 0, SEEK_SET); write_all(fd, 1024); } }
	if (!strcmp(argv[1], "write_sync")) for (int i = 0; i < n; i++) {
		fd = open("f", O_CREAT | O_TRUNC | O_RDWR, 0644); write_all(fd, 1024);
		if (fsync(fd)) return 1; close(fd); }
	if (!strcmp(argv[1], "read")) { fd = open("f", O_RDONLY);
		for (int i = 0; i < n; i++) { lseek(fd, 0, SEEK_SET);
			for (int k = 0; k < 1024; k++)
				if (read(fd, block, sizeof(block)) != sizeof(block)) return 1; } }
	if (!strcmp(argv[1], "tree")) for (int i = 0; i < 20000; i++) {
		if (i % 100 == 0) { snprintf(name, sizeof(name), "d%d", i / 100); mkdir(name, 0755); }
		snprintf(name, sizeof(name), "d%d/f%d", i / 100, i % 100);
		close(open(name, O_CREAT | O_WRONLY, 0644)); }
	return 0; }
"""
PREPARE = f"cat >/tmp/t.c <<'C'\n{TOOLS}C\ngcc -O2 -o /tmp/t /tmp/t.c\n"


def rows(row):
    """The rows; row makes one: name, target, prepare, job, and the words of a disk."""
    return [made for kind in ("disk", "host") for made in rows_of(row, kind)] + [
        row("disk_git", 2.0, PREPARE, "git clone -q --no-hardlinks r c; git -C c status --short |"
            " wc -l; find c -type f | wc -l", disk="disk", setup=PREPARE + "git init -q r; cd r;"
            " cp -a /usr/lib/python3.11 .; git add . ;"
            " git -c user.name=n -c user.email=e commit -qm c"),
        row("host_gcc", 1.25, "cd gawk*; ./configure >/dev/null 2>&1",
            "make -s >/dev/null 2>&1; ./gawk 'BEGIN {print 6 * 7}'; cat *.o | sha256sum",
            ["gawk"], disk="host"),
    ]


def rows_of(row, kind):
    """What is measured on an image and on a directory of the host alike."""
    def disk(name, target, setup, job, warm="", cold=False):
        return row(f"{kind}_{name}", target, PREPARE + warm, job, disk=kind, cold=cold,
                   setup=PREPARE + setup if setup else "")
    tree = "/tmp/t tree"
    return [
        disk("write", 1.5, "", "/tmp/t overwrite 8", warm="/tmp/t overwrite 1"),
        disk("read", 1.5, "/tmp/t overwrite 1", "/tmp/t read 16", warm="/tmp/t read 1"),
        disk("write_sync", 1.1, "", "/tmp/t write_sync 4", warm="sync"),
        disk("read_cold", 1.1, "/tmp/t overwrite 1", "/tmp/t read 1", cold=True),
        disk("create", 3.0, "", "/tmp/t create 30000", warm="/tmp/t create 100"),
        disk("fsync", 1.2, "", "/tmp/t fsync 200", warm="/tmp/t fsync 5"),
        disk("find", 2.0, tree, "for i in 1 2 3 4 5; do find . -name 'f*' | wc -l; done",
             warm="find . >/dev/null"),
        disk("stat", 8.0, tree, "/tmp/t stat 200000", warm="/tmp/t stat 20000"),
    ]


class Disk:
    """A directory for one side, or an image for the guest (kind "disk"), made anew; gone at
    the end."""

    def __init__(self, side, kind, folder):
        self.side, self.kind = side, kind
        self.folder = tempfile.mkdtemp(prefix="disk.", dir=folder)
        self.image = os.path.join(self.folder, "image")
        if not self.is_image():
            return
        with open(self.image, "wb") as f:
            f.truncate(IMAGE_BYTES)
        env = dict(os.environ, PATH=os.environ["PATH"] + ":/sbin:/usr/sbin")
        subprocess.run(["mke2fs", "-q", "-F", "-t", "ext2", self.image], check=True, env=env)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.folder, ignore_errors=True)

    def is_image(self):
        """Else a directory."""
        return self.side != "native" and self.kind == "disk"

    def options(self):
        """Of lodger run."""
        return ["--disk", self.image] if self.is_image() else ["--bind", f"{self.folder}:/tmp/job"]

    def job_folder(self):
        """The native side's, to be bound to /tmp/job; None for the guest."""
        return self.folder if self.side == "native" else None

    def prologue(self):
        """Shell: the job's directory is the disk's."""
        return "" if not self.is_image() else \
            "mkdir -p /tmp/job && busybox mount -t ext2 /dev/vda /tmp/job || exit 99\n"

    def forget(self):
        """What the host has cached of it goes. It was read once before, so that what is
        below the host, another machine's cache perhaps, has it for either side."""
        for top, _, names in os.walk(self.folder):
            for name in names:
                fd = os.open(os.path.join(top, name), os.O_RDONLY)
                os.fsync(fd)
                os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_DONTNEED)
                read_data(fd)
                os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_DONTNEED)
                os.close(fd)


def read_data(fd):
    """Reads a file but for its holes."""
    size, at = os.fstat(fd).st_size, 0
    while at < size:
        try:
            at = os.lseek(fd, at, os.SEEK_DATA)
        except OSError:  # no more
            return
        end = os.lseek(fd, at, os.SEEK_HOLE)
        os.lseek(fd, at, os.SEEK_SET)
        while at < end:
            at += len(os.read(fd, min(1 << 20, end - at)))
