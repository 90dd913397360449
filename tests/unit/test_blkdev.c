/* Block devices and files on them: bounds, partial transfers, ioctls, errors of
 * the host. */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "dev/block.h"
#include "dev/chrdev.h"
#include "fake_hal.h"
#include "fs/namei.h"
#include "fs/pseudo.h"
#include "fs/vfs_internal.h"
#include "fs_fixture.h"
#include "hal/hal.h"
#include "lib/err.h"
#include "mm/page.h"
#include "mm/uaccess.h"

#define DISK_BYTES 300032 /* whole sectors, no whole page */

static u8 *disk, back[DISK_BYTES];

static void setup(void)
{
	fs_boot(0);
	disk = malloc(DISK_BYTES);
	for (size_t i = 0; i < DISK_BYTES; i++)
		disk[i] = (u8)(i * 7 + (i >> 9));
	fake_disk(disk, DISK_BYTES, false);
	fake_disk(disk, DISK_BYTES, true);
	blkdev_init();
	fs_mkdir("/dev");
	for (u32 i = 0; i < 3; i++) {
		char name[] = "/dev/vd?";

		name[7] = (char)('a' + i);
		ck_assert_int_eq(name_mknod(AT_FDCWD, name, S_IFBLK | 0660,
					    MKDEV(BLKDEV_MAJOR, i * BLKDEV_MINORS)),
				 0);
	}
}

static void teardown(void)
{
	free(disk);
}

START_TEST(test_reads_and_writes)
{
	struct file *f = fs_open("/dev/vda", O_RDWR);

	ck_assert_int_eq(file_read_kernel(f, back, 1000, 511), 1000);
	ck_assert_mem_eq(back, disk + 511, 1000);
	ck_assert_int_eq(file_read_kernel(f, back, DISK_BYTES, 0), DISK_BYTES);
	ck_assert_mem_eq(back, disk, DISK_BYTES);
	/* cut at the end */
	ck_assert_int_eq(file_read_kernel(f, back, 100, DISK_BYTES - 10), 10);
	ck_assert_int_eq(file_read_kernel(f, back, 100, DISK_BYTES), 0);
	ck_assert_int_eq(file_write_kernel(f, "abcdefghij", 10, DISK_BYTES - 4), 4);
	ck_assert_mem_eq(disk + DISK_BYTES - 4, "abcd", 4);
	ck_assert_int_eq(file_write_kernel(f, "abc", 3, DISK_BYTES), -ENOSPC);
	ck_assert_int_eq(file_write_kernel(f, "abc", 0, DISK_BYTES), 0);
	ck_assert_int_eq(file_write_kernel(f, "xyz", 3, 4095), 3);
	ck_assert_mem_eq(disk + 4095, "xyz", 3);
	file_put(f);
}
END_TEST

START_TEST(test_read_only)
{
	struct file *f = fs_open("/dev/vdb", O_RDWR);

	ck_assert_int_eq(file_read_kernel(f, back, 10, 0), 10);
	ck_assert_int_eq(file_write_kernel(f, "abc", 3, 0), -EPERM);
	ck_assert_int_eq(f->ops->fsync(f), 0);
	ck_assert_int_eq(blkdev_write(blkdev_at(1), 0, "a", 1), -EROFS);
	ck_assert_int_eq(blkdev_discard(blkdev_at(1), 0, 512), -EROFS);
	file_put(f);
	ck_assert_int_eq(fs_open_errno("/dev/vdc", O_RDONLY), ENXIO);
	ck_assert_ptr_null(blkdev_at(2));
}
END_TEST

START_TEST(test_bounds)
{
	struct blkdev *dev = blkdev_at(0);

	ck_assert_int_eq(blkdev_read(dev, DISK_BYTES - 1, back, 2), -EIO);
	ck_assert_int_eq(blkdev_read(dev, UINT64_MAX, back, 2), -EIO);
	ck_assert_int_eq(blkdev_write(dev, DISK_BYTES, back, 1), -EIO);
	ck_assert_int_eq(blkdev_read(dev, DISK_BYTES, back, 0), 0);
	ck_assert_int_eq(blkdev_discard(dev, 512, DISK_BYTES), -EINVAL);
}
END_TEST

/* Longer than the buffer that the data go through. */
START_TEST(test_ram)
{
	struct blkdev *dev = blkdev_at(0);
	u32 got;
	pfn_t pfn = page_alloc_run(64, &got, 0);
	gpa_t at = pfn_to_gpa(pfn);

	ck_assert_uint_eq(got, 64);
	at.v += 100;
	ck_assert_int_eq(blkdev_read_ram(dev, 700, at, 200000), 0);
	ck_assert_mem_eq(fake_ram(pfn) + 100, disk + 700, 200000);
	memset(fake_ram(pfn) + 100, 0x5a, 200000);
	ck_assert_int_eq(blkdev_write_ram(dev, 33, at, 200000), 0);
	ck_assert_mem_eq(disk + 33, fake_ram(pfn) + 100, 200000);
	fake_disk_fail_at(2);
	ck_assert_int_eq(blkdev_write_ram(dev, 33, at, 200000), -EIO);
	fake_disk_fail_at(0);
	for (u32 i = 0; i < got; i++)
		page_put(pfn + i);
}
END_TEST

START_TEST(test_flush)
{
	struct file *f = fs_open("/dev/vda", O_RDWR | O_DSYNC);

	ck_assert_int_eq(file_write_kernel(f, "abc", 3, 0), 3);
	ck_assert_uint_eq(fake_disk_counts.flushes, 1);
	ck_assert_int_eq(f->ops->fsync(f), 0);
	ck_assert_uint_eq(fake_disk_counts.flushes, 2);
	fake_disk_fail_at(1);
	ck_assert_int_eq(f->ops->fsync(f), -EIO);
	ck_assert_int_eq(file_read_kernel(f, back, 10, 0), -EIO);
	fake_disk_fail_at(0);
	file_put(f);
}
END_TEST

START_TEST(test_seek)
{
	struct file *f = fs_open("/dev/vda", O_RDONLY);

	ck_assert_int_eq(f->ops->lseek(f, 0, SEEK_END), DISK_BYTES);
	ck_assert_int_eq(f->ops->lseek(f, -1, SEEK_CUR), DISK_BYTES - 1);
	ck_assert_int_eq(f->ops->lseek(f, 0, SEEK_HOLE), DISK_BYTES);
	ck_assert_int_eq(f->ops->lseek(f, 5, SEEK_DATA), 5);
	ck_assert_int_eq(f->ops->lseek(f, DISK_BYTES, SEEK_DATA), -ENXIO);
	ck_assert_int_eq(f->ops->lseek(f, -1, SEEK_SET), -EINVAL);
	ck_assert_int_eq(f->ops->lseek(f, DISK_BYTES + 1, SEEK_SET), -EINVAL);
	file_put(f);
}
END_TEST

static u64 ioctl_u64(struct file *f, u32 cmd)
{
	uaddr_t at = fs_user_memory(PAGE_SIZE);
	u64 value = 0;

	ck_assert_int_eq(put_user(value, at), 0);
	ck_assert_int_eq(f->ops->ioctl(f, cmd, at), 0);
	ck_assert_int_eq(get_user(value, at), 0);
	return value;
}

START_TEST(test_ioctls)
{
	struct file *f = fs_open("/dev/vda", O_RDWR), *ro = fs_open("/dev/vdb", O_RDONLY);
	u64 range[2] = { 1024, 2048 };
	s32 on = 1;
	uaddr_t at;

	ck_assert_uint_eq(ioctl_u64(f, BLKGETSIZE64), DISK_BYTES);
	ck_assert_uint_eq(ioctl_u64(f, BLKGETSIZE), DISK_BYTES / 512);
	ck_assert_uint_eq(ioctl_u64(f, BLKSSZGET), 512);
	ck_assert_uint_eq(ioctl_u64(f, BLKROGET), 0);
	ck_assert_uint_eq(ioctl_u64(ro, BLKROGET), 1);
	ck_assert_int_eq(f->ops->ioctl(f, BLKRASET, 512), 0);
	ck_assert_uint_eq(ioctl_u64(f, BLKRAGET), 512);
	at = fs_user_memory(PAGE_SIZE);
	ck_assert_int_eq(f->ops->ioctl(ro, BLKROSET, at), -EACCES); /* the host says so */
	ck_assert_int_eq(put_user(on, at), 0);
	ck_assert_int_eq(f->ops->ioctl(f, BLKROSET, at), 0);
	ck_assert_uint_eq(ioctl_u64(f, BLKROGET), 1);
	ck_assert_int_eq(clear_user(at, sizeof(on)), 0);
	ck_assert_int_eq(f->ops->ioctl(f, BLKROSET, at), 0);
	ck_assert_uint_eq(ioctl_u64(f, BLKROGET), 0);
	ck_assert_int_eq(f->ops->ioctl(f, BLKFLSBUF, 0), 0);
	ck_assert_int_eq(f->ops->ioctl(f, BLKGETSIZE64, 8), -EFAULT);
	ck_assert_int_eq(f->ops->ioctl(f, 0x5401, 0), -ENOTTY);
	at = fs_user_memory(PAGE_SIZE);
	ck_assert_int_eq(copy_to_user(at, range, sizeof(range)), 0);
	ck_assert_int_eq(ro->ops->ioctl(ro, BLKDISCARD, at), -EBADF);
	ck_assert_int_eq(f->ops->ioctl(f, BLKDISCARD, at), 0);
	ck_assert_uint_eq(disk[1024] | disk[3071], 0);
	range[0] = 1;
	ck_assert_int_eq(copy_to_user(at, range, sizeof(range)), 0);
	ck_assert_int_eq(f->ops->ioctl(f, BLKDISCARD, at), -EINVAL);
	fs_become_user();
	ck_assert_int_eq(f->ops->ioctl(f, BLKFLSBUF, 0), -EACCES);
	fs_become_root();
	file_put(f);
	file_put(ro);
}
END_TEST

/* --- writes under way ------------------------------------------------------------- */

#define LARGE_BYTES (2u << 20)
#define RUN_PAGES 32u
#define RUN_BYTES ((u64)RUN_PAGES * PAGE_SIZE)

static u8 large[LARGE_BYTES], seen[LARGE_BYTES];
static struct {
	u32 calls;
	int err;
} ended[10];

static void count_end(void *arg, int err)
{
	size_t i = (size_t)arg;

	ended[i].calls++;
	ended[i].err = err;
}

/* A run of frames full of one byte. */
static pfn_t make_run(int byte)
{
	u32 got;
	pfn_t pfn = page_alloc_run(RUN_PAGES, &got, 0);

	ck_assert_uint_eq(got, RUN_PAGES);
	memset(seen, byte, RUN_BYTES);
	ram_write(pfn_to_gpa(pfn), seen, RUN_BYTES);
	return pfn;
}

static void put_run(pfn_t pfn)
{
	for (u32 i = 0; i < RUN_PAGES; i++)
		page_put(pfn + i);
}

static struct blkdev *helped_disk(void)
{
	memset(large, 0, sizeof(large));
	memset(ended, 0, sizeof(ended));
	fake_disk(large, LARGE_BYTES, false);
	fake_disk_helped();
	blkdev_init();
	return blkdev_at(2);
}

/* i-th write of a run to `at`. */
static int start_write(struct blkdev *dev, size_t i, pfn_t pfn, u64 at)
{
	return blkdev_write_start(dev, at, pfn_to_gpa(pfn), RUN_BYTES, count_end, (void *)i);
}

START_TEST(test_writes_under_way)
{
	struct blkdev *dev = helped_disk();
	pfn_t a = make_run('a'), b = make_run('b');
	u64 free_before = page_free_count();

	ck_assert_int_eq(start_write(dev, 0, a, 0), 0);
	put_run(a); /* nobody's now but the write's */
	ck_assert_uint_eq(ended[0].calls + large[0], 0);
	ck_assert_uint_eq(page_free_count(), free_before);
	/* the same bytes again, in part: after the first */
	ck_assert_int_eq(start_write(dev, 1, b, RUN_BYTES / 2), 0);
	ck_assert_uint_eq(ended[0].calls, 1);
	ck_assert_int_eq(ended[0].err, 0);
	ck_assert_uint_eq(page_free_count(), free_before + RUN_PAGES);
	ck_assert_uint_eq(ended[1].calls, 0);
	ck_assert_uint_eq(large[RUN_BYTES / 2], 'a');
	/* who reads elsewhere does not wait, who reads there does */
	ck_assert_int_eq(blkdev_read(dev, 0, seen, RUN_BYTES / 2), 0);
	ck_assert_uint_eq(ended[1].calls, 0);
	ck_assert_int_eq(blkdev_read(dev, RUN_BYTES / 2 - 1, seen, 2), 0);
	ck_assert_mem_eq(seen, "ab", 2);
	ck_assert_uint_eq(ended[1].calls, 1);
	/* a write of other bytes of the core, and a flush */
	ck_assert_int_eq(start_write(dev, 2, b, 0), 0);
	ck_assert_int_eq(blkdev_write(dev, RUN_BYTES - 1, "x", 1), 0);
	ck_assert_uint_eq(ended[2].calls, 1);
	ck_assert_uint_eq(large[RUN_BYTES - 1], 'x');
	ck_assert_int_eq(start_write(dev, 3, b, 0), 0);
	ck_assert_int_eq(blkdev_flush(dev), 0);
	ck_assert_uint_eq(ended[3].calls, 1);
	put_run(b);
}
END_TEST

START_TEST(test_writes_too_many)
{
	struct blkdev *dev = helped_disk();
	pfn_t run = make_run('r');
	size_t i;

	for (i = 0; blkdev_write_room(); i++)
		ck_assert_int_eq(start_write(dev, i, run, i * RUN_BYTES), 0);
	ck_assert_uint_eq(i, 8);
	ck_assert_int_eq(start_write(dev, 8, run, 8 * RUN_BYTES), -EAGAIN);
	blkdev_wait_write();
	ck_assert(blkdev_write_room());
	fake_disk_fail_at(1);
	ck_assert_int_eq(start_write(dev, 8, run, 8 * RUN_BYTES), 0);
	blkdev_wait_write();
	fake_disk_fail_at(0);
	ck_assert_uint_eq(ended[8].calls, 1);
	ck_assert_int_eq(ended[8].err, -EIO);
	/* little is done at once */
	ck_assert_int_eq(blkdev_write_start(dev, LARGE_BYTES - PAGE_SIZE, pfn_to_gpa(run),
					    PAGE_SIZE, count_end, (void *)9),
			 0);
	ck_assert_uint_eq(ended[9].calls, 1);
	blkdev_shutdown();
	for (i = 0; i < 10; i++)
		ck_assert_uint_eq(ended[i].calls, 1);
	ck_assert_uint_eq(large[LARGE_BYTES - 1], 'r');
	put_run(run);
}
END_TEST

Suite *blkdev_suite(void);
Suite *blkdev_suite(void)
{
	Suite *suite = suite_create("blkdev");
	TCase *tc = tcase_create("blkdev");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, test_reads_and_writes);
	tcase_add_test(tc, test_read_only);
	tcase_add_test(tc, test_bounds);
	tcase_add_test(tc, test_ram);
	tcase_add_test(tc, test_flush);
	tcase_add_test(tc, test_seek);
	tcase_add_test(tc, test_ioctls);
	tcase_add_test(tc, test_writes_under_way);
	tcase_add_test(tc, test_writes_too_many);
	suite_add_tcase(suite, tc);
	return suite;
}
