/*
 * ext2 and the page cache of files on disks, against a model and against e2fsck.
 * Every test that writes ends with an unmount and an e2fsck -fn that finds nothing.
 */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/falloc.h>
#include <linux/fs.h>
#include <linux/mount.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "dev/block.h"
#include "ext2_fixture.h"
#include "fake_hal.h"
#include "fs/diskfile.h"
#include "fs/ext2_format.h"
#include "fs/file_internal.h"
#include "fs/namei.h"
#include "fs/vfs_internal.h"
#include "fs_fixture.h"
#include "lib/err.h"
#include "mm/page.h"
#include "proc/timer.h"

#define SMALL_RAM (6u << 20) /* less than the files: pages must go and come */

/* --- mounting --------------------------------------------------------------------------- */

START_TEST(test_state)
{
	struct ext2_super before;

	ext2_boot(0, ext2_formats[_i]);
	before = *ext2_super();
	ck_assert_uint_eq(before.state, EXT2_STATE_VALID);
	ext2_mount_disk();
	ck_assert_uint_eq(ext2_super()->state, 0);
	ck_assert_uint_eq(ext2_super()->mnt_count, before.mnt_count + 1);
	ck_assert_int_eq(ext2_try_mount(0), EBUSY); /* itself upon itself */
	ck_assert_int_eq(vfs_mkdir_path("/again", 0755), 0);
	ck_assert_int_eq(vfs_mount("ext2", "/dev/vda", "/again", 0, ""), 0);
	ck_assert_int_eq(vfs_umount("/again", 0), 0);
	ck_assert_uint_eq(ext2_super()->state, 0);
	fs_file("/mnt/f", "text");
	ext2_check_clean();
	ck_assert_uint_eq(ext2_super()->state, EXT2_STATE_VALID);
	/* reading changes nothing */
	before = *ext2_super();
	ck_assert_int_eq(ext2_try_mount(MS_RDONLY), 0);
	ck_assert_str_eq(fs_text("/mnt/f"), "text");
	ck_assert_int_eq(fs_open_errno("/mnt/g", O_WRONLY | O_CREAT), EROFS);
	ext2_unmount_disk();
	ck_assert_mem_eq(&before, ext2_super(), sizeof(before));
}
END_TEST

START_TEST(test_remount)
{
	struct path root;

	ext2_boot_mounted(0);
	fs_file("/mnt/f", "text");
	ck_assert_int_eq(path_walk(AT_FDCWD, "/mnt", 0, &root), 0);
	ck_assert_int_eq(mount_set_flags(&root, MS_RDONLY), 0);
	ck_assert_uint_eq(ext2_super()->state, EXT2_STATE_VALID);
	ck_assert_int_eq(fs_open_errno("/mnt/f", O_WRONLY), EROFS);
	ck_assert_int_eq(mount_set_flags(&root, 0), 0);
	ck_assert_uint_eq(ext2_super()->state, 0);
	fs_file("/mnt/g", "more");
	path_put(&root);
	ext2_check_clean();
}
END_TEST

static void expect_refusal(int err)
{
	struct fs_use before = fs_use_now();

	ck_assert_int_eq(ext2_try_mount(0), err);
	fs_check_use(&before);
}

START_TEST(test_refusals)
{
	struct ext2_super good;

	ext2_boot(0, ext2_formats[0]);
	good = *ext2_super();
	ext2_super()->feature_incompat |= 0x40; /* extents */
	expect_refusal(EINVAL);
	ck_assert_int_eq(ext2_try_mount(MS_RDONLY), EINVAL);
	*ext2_super() = good;
	ext2_super()->feature_ro_compat |= 0x400; /* checksums */
	expect_refusal(EINVAL);
	ck_assert_int_eq(ext2_try_mount(MS_RDONLY), 0);
	ext2_unmount_disk();
	*ext2_super() = good;
	ext2_super()->feature_compat |= 0x8000; /* whatever it is, it is compatible */
	ext2_mount_disk();
	ext2_unmount_disk();
	*ext2_super() = good;
	ext2_super()->magic = 0;
	expect_refusal(EINVAL);
	*ext2_super() = good;
	ext2_super()->blocks_count++; /* one past the end of the disk */
	expect_refusal(EINVAL);
	*ext2_super() = good;
	ext2_super()->blocks_per_group = 0;
	expect_refusal(EINVAL);
	*ext2_super() = good;
	ext2_super()->log_block_size = 6;
	expect_refusal(EINVAL);
	*ext2_super() = good;
	ck_assert_int_eq(-vfs_mount("ext2", "/mnt", "/mnt", 0, ""), ENOTBLK);
	ck_assert_int_eq(-vfs_mount("ext2", "/dev/none", "/mnt", 0, ""), ENOENT);
	blkdev_at(0)->read_only = true;
	expect_refusal(EACCES);
}
END_TEST

/* --- what mke2fs -d made ------------------------------------------------------------------ */

START_TEST(test_populated)
{
	char options[200], dir[] = "/tmp/lodger-tree.XXXXXX", command[800];
	struct file *f;
	char link[300] = "";
	u64 value;

	ck_assert_ptr_nonnull(mkdtemp(dir));
	snprintf(command, sizeof(command),
		 "cd %s && seq 1 300000 >big && mkdir -p a/b && echo deep >a/b/c && ln -s big fast "
		 "&& ln -s $(printf '%%0200d' 7) slow && ln big hard && mkfifo pipe && "
		 "truncate -s 3000000000 sparse && printf x >>sparse && chmod 4711 a/b/c && "
		 "for i in $(seq 500); do : >a/file$i; done",
		 dir);
	ck_assert_int_eq(system(command), 0);
	snprintf(options, sizeof(options), "%s -d %s", ext2_formats[_i], dir);
	ext2_boot(0, options);
	snprintf(command, sizeof(command), "rm -rf %s", dir);
	ck_assert_int_eq(system(command), 0);
	ext2_mount_disk();
	ck_assert_str_eq(fs_text("/mnt/a/b/c"), "deep\n");
	ck_assert_uint_eq(ext2_inode_of("/mnt/a/b/c")->mode, S_IFREG | 04711);
	ck_assert_uint_eq(ext2_inode_of("/mnt/big")->nlink, 2);
	value = ext2_inode_of("/mnt/big")->ino;
	ck_assert_uint_eq(value, ext2_inode_of("/mnt/hard")->ino);
	ck_assert_uint_eq(ext2_inode_of("/mnt/pipe")->mode & S_IFMT, S_IFIFO);
	f = fs_open("/mnt/fast", O_RDONLY);
	ck_assert_int_eq(file_read_kernel(f, link, 10, 588888), 10);
	ck_assert_mem_eq(link, "100000\n1", 8);
	file_put(f);
	{
		struct path p;

		ck_assert_int_eq(path_walk(AT_FDCWD, "/mnt/slow", WALK_NOFOLLOW, &p), 0);
		ck_assert_int_eq(name_readlink(&p, link, sizeof(link)), 200);
		path_put(&p);
	}
	ck_assert_uint_eq(ext2_inode_of("/mnt/sparse")->size, 3000000001);
	f = fs_open("/mnt/sparse", O_RDONLY);
	ck_assert_int_eq(file_read_kernel(f, &value, 8, 123456789), 8);
	ck_assert_uint_eq(value, 0);
	ck_assert_int_eq(file_read_kernel(f, &value, 8, 3000000000), 1);
	ck_assert_uint_eq(value, 'x');
	ck_assert_int_eq(f->ops->lseek(f, 0, SEEK_DATA),
			 3000000000 & ~((1024LL << ext2_super()->log_block_size) - 1));
	file_put(f);
	ck_assert_int_eq(fs_lookup("/mnt/a/file500"), 0);
	ck_assert_int_eq(fs_lookup("/mnt/a/file501"), ENOENT);
	ext2_check_clean();
}
END_TEST

/* --- contents against a model ---------------------------------------------------------------- */

#define MODEL_BYTES (3u << 20)
static u8 model[MODEL_BYTES], back[MODEL_BYTES];
static u64 model_size;

static void model_write(struct file *f)
{
	u64 at = ext2_rnd(MODEL_BYTES - 70000), len = 1 + ext2_rnd(ext2_rnd(4) ? 5000 : 70000);

	for (u64 i = 0; i < len; i++)
		back[i] = (u8)ext2_rnd(256);
	ck_assert_int_eq(file_write_kernel(f, back, len, (s64)at), (s64)len);
	memcpy(model + at, back, len);
	model_size = MAX(model_size, at + len);
}

static void model_read(struct file *f)
{
	u64 at = ext2_rnd(MODEL_BYTES), len = 1 + ext2_rnd(100000);
	u64 want = at < model_size ? MIN(len, model_size - at) : 0;

	ck_assert_int_eq(file_read_kernel(f, back, len, (s64)at), (s64)want);
	ck_assert_msg(!memcmp(back, model + at, want), "read of %llu at %llu",
		      (unsigned long long)want, (unsigned long long)at);
}

static void model_truncate(struct file *f)
{
	u64 size = ext2_rnd(2) ? ext2_rnd(MODEL_BYTES) : MIN(model_size + ext2_rnd(5000), MODEL_BYTES - 1);

	ck_assert_int_eq(inode_truncate(f->inode, size), 0);
	if (size < model_size)
		memset(model + size, 0, model_size - size);
	model_size = size;
}

static void model_punch(struct file *f)
{
	u64 at = ext2_rnd(MODEL_BYTES - 70000), len = 1 + ext2_rnd(70000);

	ck_assert_int_eq(f->inode->ops->fallocate(f->inode,
						  FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, at,
						  len),
			 0);
	memset(model + at, 0, len);
}

static struct file *model_reopen(struct file *f)
{
	file_put(f);
	if (ext2_rnd(2)) {
		ext2_unmount_disk();
		ext2_mount_disk();
	}
	return fs_open("/mnt/f", O_RDWR);
}

START_TEST(test_model)
{
	struct file *f;

	ext2_boot(SMALL_RAM, ext2_formats[_i]);
	ext2_mount_disk();
	ext2_seed = (u32)_i + 7;
	model_size = 0;
	memset(model, 0, sizeof(model));
	f = fs_open("/mnt/f", O_RDWR | O_CREAT);
	for (int round = 0; round < 2500; round++) {
		switch (ext2_rnd(16)) {
		case 0:
			model_truncate(f);
			break;
		case 1:
			model_punch(f);
			break;
		case 2:
			if (!ext2_rnd(8))
				f = model_reopen(f);
			break;
		case 3:
			ck_assert_int_eq(f->ops->fsync(f), 0);
			break;
		case 4:
			diskfile_reclaim(ext2_rnd(400));
			break;
		case 5: case 6: case 7: case 8: case 9:
			model_write(f);
			break;
		default:
			model_read(f);
			break;
		}
		ck_assert_uint_eq(f->inode->size, model_size);
	}
	f = model_reopen(f);
	ck_assert_int_eq(file_read_kernel(f, back, MODEL_BYTES, 0), (s64)model_size);
	ck_assert_mem_eq(back, model, model_size);
	file_put(f);
	ext2_check_clean();
	ck_assert_uint_eq(diskfile_cached_pages(), 0);
	ck_assert_uint_eq(diskfile_dirty_pages(), 0);
}
END_TEST

/* All three levels of tables, forth and back. */
START_TEST(test_large)
{
	u64 p = (1024u << (u32)(_i < 3 ? _i : 0)) / 4, block = p * 4, free_before;
	const u64 at[] = { 0, 11 * block, 12 * block, (12 + p) * block - 3,
			   (12 + p + p * p) * block - 2, (12 + p + p * p + 77) * block };
	struct file *f;
	u32 value;

	ext2_boot(0, ext2_formats[_i < 3 ? _i : 0]);
	ext2_mount_disk();
	f = fs_open("/mnt/f", O_RDWR | O_CREAT);
	free_before = ext2_super()->free_blocks_count;
	for (u32 i = 0; i < ARRAY_SIZE(at); i++)
		ck_assert_int_eq(file_write_kernel(f, &i, 4, (s64)at[i]), 4);
	ck_assert_int_eq(f->ops->fsync(f), 0);
	ck_assert_int_gt((s64)f->inode->blocks, (s64)(ARRAY_SIZE(at) * block / 512));
	for (u32 i = 0; i < ARRAY_SIZE(at); i++) {
		ck_assert_int_eq(file_read_kernel(f, &value, 4, (s64)at[i]), 4);
		ck_assert_uint_eq(value, i);
		ck_assert_int_eq(f->ops->lseek(f, (s64)at[i], SEEK_DATA), (s64)at[i]);
	}
	if (at[5] > INT32_MAX)
		ck_assert_uint_ne(ext2_super()->feature_ro_compat & EXT2_RO_COMPAT_LARGE_FILE, 0);
	ck_assert_int_eq(inode_truncate(f->inode, at[3] + 1), 0);
	ck_assert_int_eq(file_read_kernel(f, &value, 4, (s64)at[2]), 4);
	ck_assert_uint_eq(value, 2);
	ck_assert_int_eq(inode_truncate(f->inode, 1), 0);
	ck_assert_uint_eq(f->inode->blocks, block / 512);
	ck_assert_int_eq(inode_truncate(f->inode, UINT64_MAX >> 2), -EFBIG);
	ck_assert_int_eq(inode_truncate(f->inode, 0), 0);
	ck_assert_uint_eq(f->inode->blocks, 0);
	ck_assert_int_eq(f->ops->fsync(f), 0);
	ck_assert_uint_eq(ext2_super()->free_blocks_count, free_before);
	file_put(f);
	ext2_check_clean();
}
END_TEST

/* --- ends --------------------------------------------------------------------------------------- */

/* Files without a name: readable while open, gone afterwards, also when the machine
 * ends with them open. */
START_TEST(test_orphans)
{
	struct file *f, *g;
	u32 inodes, blocks;
	char text[8] = "";

	ext2_boot_mounted(1);
	inodes = ext2_super()->free_inodes_count;
	blocks = ext2_super()->free_blocks_count;
	fs_file("/mnt/f", "orphan");
	f = fs_open("/mnt/f", O_RDWR);
	ck_assert_int_eq(name_unlink(AT_FDCWD, "/mnt/f"), 0);
	ck_assert_int_eq(fs_lookup("/mnt/f"), ENOENT);
	ck_assert_int_eq(file_read_kernel(f, text, 6, 0), 6);
	ck_assert_str_eq(text, "orphan");
	ck_assert_int_eq(file_write_kernel(f, "more", 4, 100000), 4);
	ck_assert_int_eq(f->ops->fsync(f), 0);
	g = file_open(AT_FDCWD, "/mnt", O_RDWR | O_TMPFILE, 0600, 0);
	ck_assert(!IS_ERR(g));
	ck_assert_int_eq(file_write_kernel(g, "more", 4, 10), 4);
	ck_assert_int_eq(-vfs_umount("/mnt", 0), EBUSY);
	if (_i) {
		vfs_shutdown();
	} else {
		file_put(f);
		file_put(g);
		ext2_unmount_disk();
	}
	ck_assert_int_eq(ext2_fsck("-fn"), 0);
	ck_assert_uint_eq(ext2_super()->state, EXT2_STATE_VALID);
	ck_assert_uint_eq(ext2_super()->free_inodes_count, inodes);
	ck_assert_uint_eq(ext2_super()->free_blocks_count, blocks);
}
END_TEST

START_TEST(test_full)
{
	struct file *f;
	s64 n = 1, total = 0;
	u32 blocks;
	char name[32];
	int err = 0, i;

	ext2_boot(SMALL_RAM, ext2_formats[_i]);
	ext2_mount_disk();
	blocks = ext2_super()->free_blocks_count;
	f = fs_open("/mnt/f", O_RDWR | O_CREAT);
	memset(back, 'f', sizeof(back));
	while (n > 0) {
		n = file_write_kernel(f, back, 100000, total);
		total += MAX(n, 0LL);
	}
	ck_assert_int_eq(n, -ENOSPC);
	ck_assert_uint_eq(f->inode->size, (u64)total);
	ck_assert_int_gt(total, (s64)EXT2_DISK_BYTES * 3 / 4);
	ck_assert_int_eq(file_write_kernel(f, back, 1, total + 1000000), -ENOSPC);
	ck_assert_uint_eq(f->inode->size, (u64)total);
	fs_open_errno("/mnt/g", O_WRONLY | O_CREAT);
	for (i = 0; !err && i < 3000; i++) { /* the directory grows, or does not */
		snprintf(name, sizeof(name), "/mnt/%020d", i);
		err = -name_mkdir(AT_FDCWD, name, 0755);
	}
	ck_assert_int_eq(err, ENOSPC);
	file_put(f);
	ext2_unmount_disk();
	ck_assert_int_eq(ext2_fsck("-fn"), 0);
	ext2_mount_disk();
	f = fs_open("/mnt/f", O_RDONLY);
	for (s64 at = 0; at < total; at += n) {
		n = file_read_kernel(f, back, 1 << 20, at);
		ck_assert_int_gt(n, 0);
		for (s64 k = 0; k < n; k += 509)
			ck_assert_uint_eq(back[k], 'f');
	}
	file_put(f);
	ck_assert_int_eq(name_unlink(AT_FDCWD, "/mnt/f"), 0);
	ext2_check_clean();
	ck_assert_uint_ge(ext2_super()->free_blocks_count + 100, blocks);
}
END_TEST

/* The host fails from the n-th transfer on: errors come back, nothing dies, and the
 * disk is one that e2fsck can mend. */
START_TEST(test_io_errors)
{
	struct file *f;

	ext2_boot(SMALL_RAM, ext2_formats[0]);
	ext2_mount_disk();
	fs_mkdir("/mnt/d");
	fs_file("/mnt/d/f", "before");
	fake_disk_fail_at((u64)_i);
	f = file_open(AT_FDCWD, "/mnt/d/g", O_RDWR | O_CREAT, 0644, 0);
	if (!IS_ERR(f)) {
		file_write_kernel(f, back, 300000, 5000);
		f->ops->fsync(f);
		file_read_kernel(f, back, 1000, 4999);
		file_put(f);
	}
	name_mkdir(AT_FDCWD, "/mnt/e", 0755);
	name_rename(AT_FDCWD, "/mnt/d/f", AT_FDCWD, "/mnt/e/f", 0);
	name_unlink(AT_FDCWD, "/mnt/d/g");
	ext2_unmount_disk();
	fake_disk_fail_at(0);
	ck_assert_int_le(ext2_fsck("-fy"), 1);
}
END_TEST

/* What must be on the disk after fsync is there without an unmount. */
START_TEST(test_fsync)
{
	struct file *f;
	u64 flushes;

	ext2_boot_mounted(_i);
	f = fs_open("/mnt/f", O_RDWR | O_CREAT);
	memset(back, 0x77, 100000);
	ck_assert_int_eq(file_write_kernel(f, back, 100000, 0), 100000);
	flushes = fake_disk_counts.flushes;
	ck_assert_int_eq(f->ops->fsync(f), 0);
	ck_assert_uint_eq(fake_disk_counts.flushes, flushes + 1);
	/* the machine is gone; what is on the disk is mended and mounted again */
	ck_assert_int_le(ext2_fsck("-fy"), 1);
	{
		u8 *crashed = malloc(EXT2_DISK_BYTES);

		memcpy(crashed, ext2_disk, EXT2_DISK_BYTES);
		file_put(f);
		ext2_unmount_disk();
		memcpy(ext2_disk, crashed, EXT2_DISK_BYTES);
		free(crashed);
	}
	ext2_mount_disk();
	f = fs_open("/mnt/f", O_RDWR | O_DSYNC);
	memset(back, 0, 100000);
	ck_assert_int_eq(file_read_kernel(f, back, 200000, 0), 100000);
	for (u32 i = 0; i < 100000; i++)
		ck_assert_uint_eq(back[i], 0x77);
	flushes = fake_disk_counts.flushes;
	ck_assert_int_eq(file_write_kernel(f, back, 1, 0), 1);
	ck_assert_uint_eq(fake_disk_counts.flushes, flushes + 1);
	file_put(f);
	ext2_check_clean();
}
END_TEST

/* What nobody syncs is written after some seconds, and errors are told later. */
START_TEST(test_write_back)
{
	struct file *f;
	u64 writes, flushes;

	ext2_boot_mounted(0);
	f = fs_open("/mnt/f", O_RDWR | O_CREAT);
	ck_assert_int_eq(file_write_kernel(f, "text", 4, 0), 4);
	writes = fake_disk_counts.writes;
	flushes = fake_disk_counts.flushes;
	timers_run(clock_mono_ns());
	ck_assert_uint_eq(fake_disk_counts.writes, writes);
	fake_clock_advance(6 * NS_PER_SEC);
	timers_run(clock_mono_ns());
	ck_assert_uint_gt(fake_disk_counts.writes, writes);
	ck_assert_uint_eq(fake_disk_counts.flushes, flushes);
	ck_assert_uint_eq(diskfile_dirty_pages(), 0);
	/* nothing to write: nothing happens */
	writes = fake_disk_counts.writes;
	fake_clock_advance(60 * NS_PER_SEC);
	timers_run(clock_mono_ns());
	ck_assert_uint_eq(fake_disk_counts.writes, writes);
	ck_assert_int_eq(file_write_kernel(f, "more", 4, 0), 4);
	fake_disk_fail_at(1);
	fake_clock_advance(6 * NS_PER_SEC);
	timers_run(clock_mono_ns());
	fake_disk_fail_at(0);
	ck_assert_int_eq(f->ops->fsync(f), -EIO);
	ck_assert_int_eq(f->ops->fsync(f), 0);
	file_put(f);
	ext2_unmount_disk();
}
END_TEST

Suite *ext2_suite(void);
Suite *ext2_suite(void)
{
	Suite *suite = suite_create("ext2");
	TCase *tc = tcase_create("ext2");

	tcase_set_timeout(tc, 120);
	suite_add_tcase(suite, tc);
	if (!ext2_tools()) {
		puts("# SKIP ext2: no e2fsprogs");
		return suite;
	}
	tcase_add_loop_test(tc, test_state, 0, EXT2_FORMATS);
	tcase_add_test(tc, test_remount);
	tcase_add_test(tc, test_refusals);
	tcase_add_loop_test(tc, test_populated, 0, 3);
	tcase_add_loop_test(tc, test_model, 0, EXT2_FORMATS);
	tcase_add_loop_test(tc, test_large, 0, 3);
	tcase_add_loop_test(tc, test_io_errors, 1, 61);
	tcase_add_loop_test(tc, test_orphans, 0, 2);
	tcase_add_loop_test(tc, test_full, 0, EXT2_FORMATS);
	tcase_add_loop_test(tc, test_fsync, 0, 3);
	tcase_add_test(tc, test_write_back);
	return suite;
}
