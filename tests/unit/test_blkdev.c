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
	uaddr_t at;

	ck_assert_uint_eq(ioctl_u64(f, BLKGETSIZE64), DISK_BYTES);
	ck_assert_uint_eq(ioctl_u64(f, BLKGETSIZE), DISK_BYTES / 512);
	ck_assert_uint_eq(ioctl_u64(f, BLKSSZGET), 512);
	ck_assert_uint_eq(ioctl_u64(f, BLKROGET), 0);
	ck_assert_uint_eq(ioctl_u64(ro, BLKROGET), 1);
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
	suite_add_tcase(suite, tc);
	return suite;
}
