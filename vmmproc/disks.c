/*
 * The machine's disks. The guest kernel gets the open files themselves, with
 * descriptors of fixed numbers; the policy says what it may do with them: read
 * them, and write and flush those that are writable, within their size.
 *
 * A writable file belongs to one machine: it is locked for as long as the
 * descriptor lives. A read-only one shares it where it can; where another
 * machine writes it, what is read may change underneath, and a note says so.
 *
 * A snapshot's disk is read only, and what is written goes to another file, or
 * memory, in the format of abi/overlay.h, which the guest kernel keeps.
 *
 * A root that is an image of a file system is the first disk.
 */
#include "disks.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "abi/overlay.h"

#define SECTOR_BYTES 512
#define LOG_BYTES_MAX (1ULL << 40)
#define EXT2_MAGIC_AT (1024 + 56) /* s_magic of the super block */

static int complain(const char *path, const char *what)
{
	machine_complain("disk %s: %s", path, what);
	return -1;
}

/* Takes the lock that the use of the file needs. */
static int lock_file(const char *path, int fd, bool writable)
{
	if (!flock(fd, (writable ? LOCK_EX : LOCK_SH) | LOCK_NB))
		return 0;
	if (errno != EWOULDBLOCK)
		return complain(path, strerror(errno));
	if (writable)
		return complain(path, "another machine uses it: add ,ro or wait for its end");
	machine_complain("note: disk %s is being written by another machine", path);
	return 0;
}

/* Size in bytes of a file that can be a disk, or -1 after one sentence. */
static off_t disk_size(const char *path, int fd)
{
	struct stat st;
	off_t end;

	if (fstat(fd, &st))
		return complain(path, strerror(errno));
	if (!S_ISREG(st.st_mode) && !S_ISBLK(st.st_mode))
		return complain(path, "neither a file nor a block device");
	end = lseek(fd, 0, SEEK_END);
	if (end < SECTOR_BYTES)
		return complain(path, "too small for a disk: give it a size with truncate -s");
	return end - end % SECTOR_BYTES;
}

/* Opens a file for the guest kernel; its number in m->block, or -1. */
static int open_block_file(struct machine *m, const char *path, bool writable)
{
	/* a FIFO must not make us wait for its writer */
	int flags = (writable ? O_RDWR : O_RDONLY) | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;
	struct block_file *file = &m->block[m->block_count];
	int fd;
	off_t bytes;

	if (m->block_count == LODGER_MAX_BLOCK_FILES)
		return complain(path, "too many disks");
	fd = open(path, flags);
	if (fd < 0)
		return complain(path, strerror(errno));
	bytes = disk_size(path, fd);
	if (bytes < 0 || lock_file(path, fd, writable)) {
		close(fd);
		return -1;
	}
	*file = (struct block_file){ fd, (uint64_t)bytes, writable };
	return (int)m->block_count++;
}

/* --- What goes with a disk ------------------------------------------------------ */

/* Adds an open file; its number, or -1 after closing it. */
static int add_block_file(struct machine *m, const char *path, int fd, uint64_t bytes)
{
	if (m->block_count == LODGER_MAX_BLOCK_FILES) {
		close(fd);
		return complain(path, "too many disks");
	}
	m->block[m->block_count] = (struct block_file){ fd, bytes, true };
	return (int)m->block_count++;
}

/* A record of a disk's writes: a new file. */
static int open_log(struct machine *m, const char *path)
{
	int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	return fd < 0 ? complain(path, strerror(errno)) :
			add_block_file(m, path, fd, LOG_BYTES_MAX);
}

/* The header of a new overlay, or the check of one that is there. */
static int prepare_overlay(const char *path, int fd, uint64_t disk_bytes)
{
	struct lodger_overlay want = {
		.magic = LODGER_OVERLAY_MAGIC,
		.version = LODGER_OVERLAY_VERSION,
		.cluster_bytes = LODGER_OVERLAY_CLUSTER,
		.disk_bytes = disk_bytes,
		.data_at = lodger_overlay_data_at(disk_bytes),
	}, is;
	off_t end = lseek(fd, 0, SEEK_END);

	if (end > 0) {
		if (pread(fd, &is, sizeof(is), 0) != sizeof(is) ||
		    memcmp(&is, &want, sizeof(is)))
			return complain(path, "no snapshot of this disk");
	} else if (pwrite(fd, &want, sizeof(want), 0) != sizeof(want)) {
		return complain(path, strerror(errno));
	}
	if (ftruncate(fd, (off_t)(want.data_at + disk_bytes)))
		return complain(path, strerror(errno));
	return 0;
}

/* Where a snapshot's changes go: a file that is kept, or memory. */
static int open_overlay(struct machine *m, const char *path, uint64_t disk_bytes)
{
	const char *name = path ? path : "(snapshot)";
	int fd = path ? open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NONBLOCK, 0600) :
			memfd_create("lodger-snapshot", MFD_CLOEXEC);

	if (fd < 0)
		return complain(name, strerror(errno));
	if ((path && lock_file(path, fd, true)) ||
	    prepare_overlay(name, fd, disk_bytes)) {
		close(fd);
		return -1;
	}
	return add_block_file(m, name, fd, lodger_overlay_data_at(disk_bytes) + disk_bytes);
}

static int open_disk(struct machine *m, const struct disk_option *option)
{
	int file = open_block_file(m, option->path,
				   !option->read_only && !option->snapshot);
	struct lodger_disk disk;
	int overlay = -1, log = -1;

	if (file < 0)
		return -1;
	disk = (struct lodger_disk){ .bytes = m->block[file].bytes,
				     .file = (uint32_t)file };
	if (option->read_only)
		disk.flags |= LODGER_DISK_READ_ONLY;
	/* what is thrown away need not last */
	if (option->no_sync || (option->snapshot && !option->overlay))
		disk.flags |= LODGER_DISK_NO_FLUSH;
	/* a log is to be in the order of what was done, an overlay's reads are many */
	if (!option->plain && !option->snapshot && !option->log)
		disk.flags |= LODGER_DISK_HELPED;
	if (option->snapshot)
		overlay = open_overlay(m, option->overlay, disk.bytes);
	if (option->log)
		log = open_log(m, option->log);
	if ((option->snapshot && overlay < 0) || (option->log && log < 0))
		return -1;
	disk.overlay = (uint32_t)(overlay + 1);
	disk.log = (uint32_t)(log + 1);
	m->disk[m->disk_count++] = disk;
	return 0;
}

/* Does the file hold an ext2 file system (or one of its kin)? */
static bool is_ext2(const char *path)
{
	unsigned char magic[2] = { 0, 0 };
	struct stat st;
	int fd;

	if (stat(path, &st) || !(S_ISREG(st.st_mode) || S_ISBLK(st.st_mode)))
		return false;
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (fd < 0)
		return false;
	if (pread(fd, magic, sizeof(magic), EXT2_MAGIC_AT) != sizeof(magic))
		magic[0] = 0;
	close(fd);
	return magic[0] == 0x53 && magic[1] == 0xef;
}

/* --root IMAGE: the first disk. Other roots are root_open's. */
static int open_root_disk(struct machine *m)
{
	struct disk_option option;
	int err = 0;

	if (!m->opt->root || options_disk(&option, m->opt->root))
		return 0;
	/* what follows a comma may belong to a name */
	if (!access(m->opt->root, F_OK)) {
		free(option.path);
		option = (struct disk_option){ .path = strdup(m->opt->root) };
		if (!option.path)
			return complain(m->opt->root, strerror(ENOMEM));
	}
	m->root_disk = is_ext2(option.path);
	if (m->root_disk)
		err = open_disk(m, &option);
	free(option.path);
	return err;
}

int disks_open(struct machine *m)
{
	if (open_root_disk(m))
		return -1;
	for (int i = 0; i < m->opt->disk_count; i++)
		if (open_disk(m, &m->opt->disk[i]))
			return -1;
	return 0;
}

void disks_close(struct machine *m)
{
	while (m->block_count)
		close(m->block[--m->block_count].fd);
	m->disk_count = 0;
}
