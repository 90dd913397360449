/*
 * Fuzzing of ext2: any bytes are a disk's beginning (zeros follow). What can be
 * mounted is gone through, read, and, on a second mount, changed in all ways.
 * Beside what the sanitizers see it is a failure when memory is not given back or
 * (the fake disk sees to that) when something is written outside of the disk.
 *
 */
#include <fcntl.h>
#include <linux/fs.h>
#include <linux/mount.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "dev/block.h"
#include "dev/chrdev.h"
#include "fs/diskfile.h"
#include "fs/file_internal.h"
#include "fs/namei.h"
#include "fs/pseudo.h"
#include "fs/vfs_internal.h"
#include "fs/xattr.h"
#include "lib/err.h"
#include "lib/printf.h"
#include "mm/page.h"
#include "mm/slab.h"
#include "proc/task.h"
#include "../unit/fake_hal.h"

#define DISK_BYTES (96u << 10)
#define DEPTH_MAX 4
#define ENTRIES_MAX 40

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len_bytes);

static u8 disk[DISK_BYTES], buf[20000];

static void require(bool ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "fuzz_ext2: %s\n", what);
	abort();
}

static void boot_once(void)
{
	static const struct fake_config config = { .ram_bytes = 1 << 20,
						   .heap_bytes = 4 << 20 };
	static bool booted;

	if (booted)
		return;
	booted = true;
	fake_boot_mm(&config);
	proc_init();
	file_init();
	ramfs_init();
	ext2_init();
	fake_disk(disk, sizeof(disk), false);
	blkdev_init();
	require(vfs_init() == 0, "no root file system");
	require(name_mkdir(AT_FDCWD, "/mnt", 0755) == 0, "mkdir");
	require(name_mknod(AT_FDCWD, "/vda", S_IFBLK | 0600, MKDEV(BLKDEV_MAJOR, 0)) == 0,
		"mknod");
}

/* --- going through ------------------------------------------------------------------ */

struct names {
	struct dir_sink sink;
	u32 count;
	char name[ENTRIES_MAX][NAME_MAX_ + 1];
};

static bool take_name(struct dir_sink *sink, const char *name, size_t len, u64 ino,
		      u32 dtype, s64 next)
{
	struct names *names = container_of(sink, struct names, sink);

	(void)ino;
	(void)dtype;
	(void)next;
	if (names->count == ENTRIES_MAX)
		return false;
	memcpy(names->name[names->count], name, len);
	names->name[names->count++][len] = '\0';
	return true;
}

static void read_attributes(struct inode *inode)
{
	s64 len = xattr_list(inode, (char *)buf, sizeof(buf) / 2);
	const char *name = (char *)buf;

	for (; name < (char *)buf + len; name += strlen(name) + 1)
		xattr_get(inode, name, buf + sizeof(buf) / 2, sizeof(buf) / 2);
}

static void change_attributes(struct inode *inode)
{
	xattr_set(inode, "user.new", buf, 70, 0);
	xattr_remove(inode, "user.a");
	xattr_set(inode, "user.b", buf, 0, 0);
}

static void read_file(const char *path)
{
	struct file *f = file_open(AT_FDCWD, path, O_RDONLY | O_NONBLOCK, 0, 0);
	struct path p;

	if (!path_walk(AT_FDCWD, path, WALK_NOFOLLOW, &p)) {
		name_readlink(&p, (char *)buf, sizeof(buf));
		path_put(&p);
	}
	if (IS_ERR(f))
		return;
	read_attributes(f->inode);
	if (S_ISREG(f->inode->mode)) {
		file_read_kernel(f, buf, sizeof(buf), 0);
		file_read_kernel(f, buf, 100, (s64)f->inode->size - 50);
		file_read_kernel(f, buf, 100, 12 << 10);
		f->ops->lseek(f, 0, SEEK_HOLE);
		f->ops->lseek(f, 0, SEEK_DATA);
	}
	file_put(f);
}

static void change_file(const char *path)
{
	struct file *f = file_open(AT_FDCWD, path, O_RDWR | O_NONBLOCK, 0, WALK_NOFOLLOW);

	if (IS_ERR(f))
		return;
	change_attributes(f->inode);
	if (S_ISREG(f->inode->mode)) {
		file_write_kernel(f, buf, 3000, 11 << 10);
		if (f->inode->ops->fallocate)
			f->inode->ops->fallocate(f->inode, 3, 500, 9000);
		inode_truncate(f->inode, 5000);
		f->ops->fsync(f);
	}
	file_put(f);
}

static void walk(const char *dir, int depth, bool change)
{
	struct file *f = file_open(AT_FDCWD, dir, O_RDONLY | O_DIRECTORY, 0, 0);
	struct names *names = calloc(1, sizeof(*names));
	char path[600], other[640];

	if (IS_ERR(f) || !names)
		goto out;
	names->sink.emit = take_name;
	f->ops->iterate(f, &names->sink);
	file_put(f);
	for (u32 i = 0; i < names->count; i++) {
		ksnprintf(path, sizeof(path), "%s/%s", dir, names->name[i]);
		ksnprintf(other, sizeof(other), "%s/other%u", dir, i);
		if (strcmp(names->name[i], ".") == 0 || strcmp(names->name[i], "..") == 0)
			continue;
		read_file(path);
		if (change)
			change_file(path);
		if (depth < DEPTH_MAX && strlen(path) < 200)
			walk(path, depth + 1, change);
		if (change && i % 3 == 0)
			name_rename(AT_FDCWD, path, AT_FDCWD, other, 0);
		else if (change && i % 3 == 1 && name_unlink(AT_FDCWD, path))
			name_rmdir(AT_FDCWD, path);
	}
out:
	free(names);
}

static void make_new(void)
{
	struct file *f = file_open(AT_FDCWD, "/mnt/new", O_RDWR | O_CREAT, 0644, 0);

	if (!IS_ERR(f)) {
		file_write_kernel(f, buf, sizeof(buf), 0);
		file_put(f);
	}
	name_mkdir(AT_FDCWD, "/mnt/dir", 0755);
	name_symlink("to", AT_FDCWD, "/mnt/dir/link");
	name_symlink("a long target that does not fit into the inode itself, by some bytes",
		     AT_FDCWD, "/mnt/dir/long");
	name_rename(AT_FDCWD, "/mnt/dir", AT_FDCWD, "/mnt/new/dir", 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len_bytes)
{
	u64 frames, core;

	boot_once();
	frames = page_free_count();
	core = kmem_used_bytes();
	for (int change = 0; change < 2; change++) {
		memset(disk, 0, sizeof(disk));
		memcpy(disk, data, MIN(len_bytes, sizeof(disk)));
		if (vfs_mount("ext2", "/vda", "/mnt", change ? 0 : MS_RDONLY, ""))
			continue;
		walk("/mnt", 0, change);
		if (change)
			make_new();
		require(vfs_umount("/mnt", 0) == 0, "umount");
		if (!change)
			require(!memcmp(disk, data, MIN(len_bytes, sizeof(disk))),
				"a read-only mount wrote");
		fake_trace_clear();
	}
	require(file_open_count() == 0, "a file stayed open");
	require(diskfile_cached_pages() == 0 && diskfile_dirty_pages() == 0, "pages stayed");
	require(page_free_count() == frames, "frames were lost");
	require(kmem_used_bytes() == core, "kernel memory was lost");
	return 0;
}
