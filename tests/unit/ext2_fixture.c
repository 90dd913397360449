/* See ext2_fixture.h. */
#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "dev/block.h"
#include "dev/chrdev.h"
#include "ext2_fixture.h"
#include "fake_hal.h"
#include "fs/namei.h"
#include "fs/pseudo.h"
#include "fs/vfs.h"
#include "fs_fixture.h"

u8 *ext2_disk;
static char path[64];

bool ext2_tools(void)
{
	return system("PATH=$PATH:/sbin:/usr/sbin; command -v mke2fs e2fsck >/dev/null") == 0;
}

static int run(const char *format, const char *a)
{
	char command[512], whole[600];
	int status;

	snprintf(command, sizeof(command), format, a, path);
	snprintf(whole, sizeof(whole), "PATH=$PATH:/sbin:/usr/sbin; %s", command);
	status = system(whole);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 255;
}

void ext2_save(const char *to)
{
	FILE *f = fopen(to, "w");

	ck_assert(f && fwrite(ext2_disk, 1, EXT2_DISK_BYTES, f) == EXT2_DISK_BYTES);
	fclose(f);
}

void ext2_load(const char *from)
{
	FILE *f = fopen(from, "r");

	ck_assert(f && fread(ext2_disk, 1, EXT2_DISK_BYTES, f) == EXT2_DISK_BYTES);
	fclose(f);
}

static void remove_image(void)
{
	if (path[0])
		unlink(path);
}

void ext2_boot(u64 ram_bytes, const char *mke2fs_options)
{
	int fd;

	ext2_disk = calloc(1, EXT2_DISK_BYTES);
	ck_assert_ptr_nonnull(ext2_disk);
	snprintf(path, sizeof(path), "/tmp/lodger-ext2.XXXXXX");
	fd = mkstemp(path);
	ck_assert_int_ge(fd, 0);
	atexit(remove_image);
	ck_assert_int_eq(ftruncate(fd, EXT2_DISK_BYTES), 0);
	close(fd);
	ck_assert_int_eq(run("mke2fs -q -F -t ext2 %s %s", mke2fs_options), 0);
	ext2_load(path);
	fs_boot(ram_bytes);
	ext2_init();
	fake_disk(ext2_disk, EXT2_DISK_BYTES, false);
	fake_disk_helped();
	blkdev_init();
	fs_mkdir("/dev");
	fs_mkdir("/mnt");
	ck_assert_int_eq(name_mknod(AT_FDCWD, "/dev/vda", S_IFBLK | 0660,
				    MKDEV(BLKDEV_MAJOR, 0)),
			 0);
}

const char *const ext2_formats[EXT2_FORMATS] = {
	"-b 1024", "-b 2048", "-b 4096", "-b 1024 -r 0 -O none",
	"-b 4096 -I 128 -O ^dir_index,^resize_inode", "-b 1024 -g 512 -O meta_bg,^resize_inode",
	"-b 1024 -g 1024 -O ^sparse_super,^resize_inode",
};

struct ext2_super *ext2_super(void)
{
	return (struct ext2_super *)(ext2_disk + EXT2_SUPER_OFFSET);
}

const struct inode *ext2_inode_of(const char *name)
{
	static struct inode copy;
	struct path p;

	ck_assert_int_eq(path_walk(AT_FDCWD, name, WALK_NOFOLLOW, &p), 0);
	copy = *p.dentry->inode;
	path_put(&p);
	return &copy;
}

u32 ext2_seed;

u32 ext2_rnd(u32 below)
{
	ext2_seed = ext2_seed * 1103515245 + 12345;
	return (ext2_seed >> 8) % below;
}

void ext2_boot_mounted(int format)
{
	ext2_seed = 1;
	ext2_boot(0, ext2_formats[format]);
	ext2_mount_disk();
}

int ext2_try_mount(u32 flags)
{
	return -vfs_mount("ext2", "/dev/vda", "/mnt", flags, "");
}

void ext2_mount_disk(void)
{
	ck_assert_int_eq(ext2_try_mount(0), 0);
}

void ext2_unmount_disk(void)
{
	ck_assert_int_eq(vfs_umount("/mnt", 0), 0);
}

int ext2_fsck(const char *options)
{
	int status;

	ext2_save(path);
	status = run("e2fsck %s %s >/tmp/lodger-fsck.$PPID 2>&1", options);
	if (status > 1 || (status && !strcmp(options, "-fn")))
		run("cat %s/lodger-fsck.$PPID >&2", "/tmp");
	run("rm -f %s/lodger-fsck.$PPID", "/tmp");
	ext2_load(path);
	return status;
}

void ext2_check_clean(void)
{
	ext2_unmount_disk();
	ck_assert_int_eq(ext2_fsck("-fn"), 0);
}
