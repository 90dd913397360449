/*
 * The machine's disks. The guest kernel gets the open files themselves, with
 * descriptors of fixed numbers; the policy says what it may do with them: read
 * them, and write and flush those that are writable, within their size.
 *
 * A writable file belongs to one machine: it is locked for as long as the
 * descriptor lives. A read-only one shares it where it can; where another
 * machine writes it, what is read may change underneath, and a note says so.
 *
 * A root that is an image of a file system is the first disk.
 */
#include "disks.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define SECTOR_BYTES 512
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

static int open_disk(struct machine *m, const struct disk_option *option)
{
	int file = open_block_file(m, option->path, !option->read_only);

	if (file < 0)
		return -1;
	m->disk[m->disk_count++] = (struct lodger_disk){
		.bytes = m->block[file].bytes,
		.flags = option->read_only ? LODGER_DISK_READ_ONLY : 0,
		.file = (uint32_t)file,
	};
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
	if (!access(m->opt->root, F_OK) && strcpy(option.path, m->opt->root))
		option.read_only = false;
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
