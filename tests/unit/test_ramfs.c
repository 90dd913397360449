/* ramfs and the generic page cache: contents, sizes, names, and that every frame
 * comes back. */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/falloc.h>
#include <linux/fs.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "fake_hal.h"
#include "fs/file_internal.h"
#include "fs/namei.h"
#include "fs/vfs_internal.h"
#include "fs_fixture.h"
#include "lib/err.h"
#include "mm/mm.h"
#include "mm/page.h"
#include "mm/slab.h"
#include "proc/task.h"

static u8 pattern[1 << 20], back[1 << 20];

static void setup(void)
{
	fs_boot(0);
	for (size_t i = 0; i < sizeof(pattern); i++)
		pattern[i] = (u8)(i * 7 + (i >> 8) * 13 + 1);
}

static void write_at(struct file *f, u64 pos, size_t len)
{
	ck_assert_int_eq(file_write_kernel(f, pattern + pos, len, (s64)pos), (s64)len);
}

static void check_contents(struct file *f, u64 pos, size_t len)
{
	ck_assert_int_eq(file_read_kernel(f, back, len, (s64)pos), (s64)len);
	ck_assert_int_eq(memcmp(back, pattern + pos, len), 0);
}

static void check_zero(struct file *f, u64 pos, size_t len)
{
	ck_assert_int_eq(file_read_kernel(f, back, len, (s64)pos), (s64)len);
	for (size_t i = 0; i < len; i++)
		ck_assert_uint_eq(back[i], 0);
}

/* Dirties every free frame, so that what is not cleared shows. */
static void soil_ram(void)
{
	u32 count = (u32)page_free_count(), got;
	pfn_t pfn[64];
	u32 runs[64], n = 0;

	while (count && n < ARRAY_SIZE(pfn)) {
		pfn[n] = page_alloc_run(MIN(count, 1024u), &got, 0);
		if (pfn[n] == PFN_NONE)
			break;
		for (u32 i = 0; i < got; i++)
			memset(fake_ram(pfn[n] + i), 0xa5, PAGE_SIZE);
		runs[n++] = got;
		count -= got;
	}
	while (n--) {
		for (u32 i = 0; i < runs[n]; i++)
			page_put(pfn[n] + i);
	}
}

/* --- contents ---------------------------------------------------------------------- */

START_TEST(test_write_sizes)
{
	static const size_t sizes[] = { 1, 100, 4095, 4096, 4097, 10000, 65536, 300001 };
	struct fs_use before = fs_use_now();
	struct file *f;

	soil_ram();
	for (size_t s = 0; s < ARRAY_SIZE(sizes); s++) {
		u64 pos = 0;

		f = fs_open("/f", O_RDWR | O_CREAT | O_TRUNC);
		while (pos + sizes[s] <= sizeof(pattern) && pos < 200000) {
			write_at(f, pos, sizes[s]);
			pos += sizes[s];
		}
		ck_assert_uint_eq(f->inode->size, pos);
		ck_assert_uint_eq(f->inode->blocks, ALIGN_UP(pos, PAGE_SIZE) / 512);
		check_contents(f, 0, pos);
		check_contents(f, pos / 3, pos / 2);
		ck_assert_int_eq(file_read_kernel(f, back, 10, (s64)pos), 0);
		file_put(f);
	}
	/* The spare run went with the last writer. */
	ck_assert_uint_eq(fs_use_now().frames - before.frames,
			  ALIGN_UP(fs_inode("/f")->size, PAGE_SIZE) / PAGE_SIZE);
	ck_assert_int_eq(name_unlink(AT_FDCWD, "/f"), 0);
	fs_check_use(&before);
}
END_TEST

START_TEST(test_contiguous)
{
	struct file *f = fs_open("/f", O_RDWR | O_CREAT);
	u32 breaks = 0;
	pfn_t pfn, last = PFN_NONE;

	for (u64 pos = 0; pos < sizeof(pattern); pos += 1000)
		write_at(f, pos, MIN(sizeof(pattern) - pos, (size_t)1000));
	for (u64 i = 0; i < sizeof(pattern) / PAGE_SIZE; i++, last = pfn) {
		pfn = vm_object_lookup(f->inode->object, i);
		breaks += pfn != last + 1;
	}
	/* 1, 1, 2, 4, … 128: nine runs, some of which touch. */
	ck_assert_uint_le(breaks, 10);
	check_contents(f, 0, sizeof(pattern));
	file_put(f);
}
END_TEST

START_TEST(test_expected_size)
{
	struct file *f = fs_open("/f", O_RDWR | O_CREAT);
	pfn_t first;

	ramfs_expect(f->inode, sizeof(pattern));
	for (u64 pos = 0; pos < sizeof(pattern); pos += 65536)
		write_at(f, pos, 65536);
	first = vm_object_lookup(f->inode->object, 0);
	for (u64 i = 0; i < sizeof(pattern) / PAGE_SIZE; i++)
		ck_assert_uint_eq(vm_object_lookup(f->inode->object, i), first + i);
	file_put(f);
}
END_TEST

START_TEST(test_holes)
{
	struct fs_use before = fs_use_now();
	struct file *f;

	soil_ram();
	f = fs_open("/f", O_RDWR | O_CREAT);
	write_at(f, 500000, 1000);
	ck_assert_uint_eq(f->inode->blocks, 8);
	check_zero(f, 0, 100000);
	check_zero(f, 499000, 1000);
	check_contents(f, 500000, 1000);
	ck_assert_int_eq(f->ops->lseek(f, 0, SEEK_DATA), 500000 / 4096 * 4096);
	ck_assert_int_eq(f->ops->lseek(f, 500000, SEEK_HOLE), 501000);
	ck_assert_int_eq(f->ops->lseek(f, 0, SEEK_HOLE), 0);
	ck_assert_int_eq(f->ops->lseek(f, 501000, SEEK_DATA), -ENXIO);
	/* A write into the hole leaves zeros around it. */
	write_at(f, 10000, 10);
	check_zero(f, 8192, 10000 - 8192);
	check_zero(f, 10010, 4000);
	file_put(f);
	ck_assert_int_eq(name_unlink(AT_FDCWD, "/f"), 0);
	fs_check_use(&before);
}
END_TEST

START_TEST(test_truncate)
{
	struct file *f;

	soil_ram();
	f = fs_open("/f", O_RDWR | O_CREAT);
	write_at(f, 0, 50000);
	ck_assert_int_eq(inode_truncate(f->inode, 10000), 0);
	ck_assert_uint_eq(f->inode->blocks, 24);
	check_contents(f, 0, 10000);
	ck_assert_int_eq(inode_truncate(f->inode, 60000), 0);
	check_contents(f, 0, 10000);
	check_zero(f, 10000, 50000);
	ck_assert_int_eq(inode_truncate(f->inode, 0), 0);
	ck_assert_uint_eq(f->inode->blocks, 0);
	ck_assert_int_eq(inode_truncate(f->inode, (u64)INT64_MAX + 1), -EFBIG);
	ck_assert_int_eq(inode_truncate(f->inode, INT64_MAX), 0);
	ck_assert_int_eq(file_write_kernel(f, pattern, 10, INT64_MAX - 3), 3);
	ck_assert_int_eq(file_write_kernel(f, pattern, 10, INT64_MAX), -EFBIG);
	file_put(f);
}
END_TEST

START_TEST(test_fallocate)
{
	struct inode *inode;
	struct file *f;

	soil_ram();
	f = fs_open("/f", O_RDWR | O_CREAT);
	inode = f->inode;
	ck_assert_int_eq(inode->ops->fallocate(inode, 0, 5000, 20000), 0);
	ck_assert_uint_eq(inode->size, 25000);
	ck_assert_uint_eq(inode->blocks, 6 * 8);
	check_zero(f, 0, 25000);
	write_at(f, 0, 25000);
	ck_assert_int_eq(inode->ops->fallocate(inode, FALLOC_FL_KEEP_SIZE, 25000, 20000), 0);
	ck_assert_uint_eq(inode->size, 25000);
	ck_assert_int_eq(inode->ops->fallocate(inode,
					       FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
					       5000, 10000),
			 0);
	check_contents(f, 0, 5000);
	check_zero(f, 5000, 10000);
	check_contents(f, 15000, 10000);
	ck_assert_int_eq(inode->ops->fallocate(inode, 0, 0, 1ULL << 40), -ENOSPC);
	/* A hole without end is punched at once. */
	ck_assert_int_eq(inode_truncate(inode, INT64_MAX), 0);
	ck_assert_int_eq(inode->ops->fallocate(inode,
					       FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
					       0, INT64_MAX),
			 0);
	check_zero(f, 0, 25000);
	file_put(f);
}
END_TEST

START_TEST(test_append)
{
	struct file *f = fs_open("/f", O_RDWR | O_CREAT | O_APPEND), *g;
	struct iobuf buf = { .kernel = pattern, .len = 10 };
	s64 pos = 3;

	ck_assert_int_eq(file_write(f, &buf, &pos), 10);
	ck_assert_int_eq(pos, 10);
	g = fs_open("/f", O_WRONLY);
	ck_assert_int_eq(file_write_kernel(g, pattern + 10, 10, 10), 10);
	buf = (struct iobuf){ .kernel = pattern + 20, .len = 10 };
	pos = 0;
	ck_assert_int_eq(file_write(f, &buf, &pos), 10);
	ck_assert_int_eq(pos, 30);
	check_contents(f, 0, 30);
	file_put(f);
	file_put(g);
}
END_TEST

START_TEST(test_limit)
{
	struct file *f = fs_open("/f", O_RDWR | O_CREAT);

	current_process()->rlim[RLIMIT_FSIZE].cur = 10000;
	current_task()->blocked = ~0ULL;
	ck_assert_int_eq(file_write_kernel(f, pattern, 9000, 0), 9000);
	ck_assert_int_eq(file_write_kernel(f, pattern + 9000, 9000, 9000), 1000);
	ck_assert_int_eq(file_write_kernel(f, pattern, 1, 10000), -EFBIG);
	ck_assert_int_eq(inode_truncate(f->inode, 10001), -EFBIG);
	ck_assert_int_eq(inode_truncate(f->inode, 9999), 0);
	ck_assert_uint_eq(signal_pending_set(current_task()) & SIG_BIT(25), SIG_BIT(25));
	file_put(f);
}
END_TEST

START_TEST(test_full)
{
	struct fs_use before = fs_use_now();
	struct file *f = fs_open("/f", O_RDWR | O_CREAT);
	u64 pos = 0;
	s64 n;

	while ((n = file_write_kernel(f, pattern, sizeof(pattern), (s64)pos)) > 0)
		pos += (u64)n;
	ck_assert_int_eq(n, -ENOSPC);
	/* Nearly all of RAM, but not all: programs must be able to clean up. */
	ck_assert_uint_gt(pos, (page_total_count() << PAGE_SHIFT) / 10 * 9);
	ck_assert_uint_ge(page_free_count(), page_total_count() / 32);
	ck_assert_int_eq(file_read_kernel(f, back, sizeof(back), 5 << 20), sizeof(back));
	ck_assert_int_eq(memcmp(back, pattern, sizeof(back)), 0);
	file_put(f);
	ck_assert_int_eq(name_unlink(AT_FDCWD, "/f"), 0);
	fs_check_use(&before);
}
END_TEST

START_TEST(test_sparse_bomb)
{
	struct fs_use before = fs_use_now();
	struct file *f = fs_open("/f", O_RDWR | O_CREAT);
	s64 n, pos = 1LL << 40;

	/* Pages far apart cost more core for their index than RAM. */
	while ((n = file_write_kernel(f, pattern, 1, pos)) > 0)
		pos += 1LL << 30;
	ck_assert_int_eq(n, -ENOSPC);
	ck_assert_uint_lt(kmem_used_bytes(), kmem_total_bytes() / 100 * 80);
	file_put(f);
	ck_assert_int_eq(name_unlink(AT_FDCWD, "/f"), 0);
	fs_check_use(&before);
}
END_TEST

START_TEST(test_size_option)
{
	struct file *f;

	fs_mkdir("/t");
	ck_assert_int_eq(vfs_mount("tmpfs", "t", "/t", 0, "size=64k,mode=700,uid=5"), 0);
	ck_assert_uint_eq(fs_inode("/t/.")->mode, S_IFDIR | 0700);
	ck_assert_uint_eq(fs_inode("/t/.")->uid, 5);
	f = fs_open("/t/f", O_RDWR | O_CREAT);
	ck_assert_int_eq(file_write_kernel(f, pattern, 100000, 0), 65536);
	ck_assert_int_eq(file_write_kernel(f, pattern, 1, 65536), -ENOSPC);
	ck_assert_int_eq(inode_truncate(f->inode, 4096), 0);
	ck_assert_int_eq(file_write_kernel(f, pattern, 100000, 0), 65536);
	file_put(f);
	ck_assert_int_eq(vfs_mount("tmpfs", "t", "/t", 0, "size=64q"), -EINVAL);
	ck_assert_int_eq(vfs_mount("tmpfs", "t", "/t", 0, "size="), -EINVAL);
	ck_assert_int_eq(vfs_mount("tmpfs", "t", "/t", 0, "mode=8"), -EINVAL);
	ck_assert_int_eq(vfs_mount("tmpfs", "t", "/t", 0, "size=99999999999999999999"), -EINVAL);
	ck_assert_int_eq(vfs_mount("tmpfs", "t", "/t", 0, "nonsense"), -EINVAL);
}
END_TEST

/* --- with user memory and mappings ------------------------------------------------------ */

START_TEST(test_user_memory)
{
	uaddr_t at = fs_user_memory_at_edge(4 * PAGE_SIZE);
	struct file *f = fs_open("/f", O_RDWR | O_CREAT);
	struct iobuf buf = { .user = at + 100, .len = 10000 };
	s64 pos = 0;

	write_at(f, 0, 30000);
	ck_assert_int_eq(file_read(f, &buf, &pos), 10000);
	ck_assert_int_eq(memcmp((void *)(at + 100), pattern, 10000), 0);
	/* Only what is there is touched: half of the buffer is not mapped. */
	buf = (struct iobuf){ .user = at + 3 * PAGE_SIZE, .len = 2 * PAGE_SIZE };
	pos = 0;
	ck_assert_int_eq(file_read(f, &buf, &pos), PAGE_SIZE);
	ck_assert_int_eq(pos, PAGE_SIZE);
	buf = (struct iobuf){ .user = at + 4 * PAGE_SIZE, .len = 10 };
	ck_assert_int_eq(file_read(f, &buf, &pos), -EFAULT);
	buf = (struct iobuf){ .user = at + 3 * PAGE_SIZE, .len = 2 * PAGE_SIZE };
	pos = 30000;
	ck_assert_int_eq(file_write(f, &buf, &pos), PAGE_SIZE);
	ck_assert_uint_eq(f->inode->size, 30000 + PAGE_SIZE);
	buf = (struct iobuf){ .user = at + 4 * PAGE_SIZE, .len = 10 };
	ck_assert_int_eq(file_write(f, &buf, &pos), -EFAULT);
	ck_assert_uint_eq(f->inode->size, 30000 + PAGE_SIZE);
	file_put(f);
}
END_TEST

START_TEST(test_segments)
{
	uaddr_t at = fs_user_memory(4 * PAGE_SIZE);
	struct iobuf_seg seg[] = { { at, 10 }, { at + 5000, 0 }, { at + 6000, 5000 },
				   { at + 20, 3 } };
	struct iobuf buf = { .seg = seg, .seg_count = 4, .len = 5013 };
	struct file *f = fs_open("/f", O_RDWR | O_CREAT);
	s64 pos = 0;

	write_at(f, 0, 5012);
	ck_assert_int_eq(file_read(f, &buf, &pos), 5012);
	ck_assert_int_eq(memcmp((void *)at, pattern, 10), 0);
	ck_assert_int_eq(memcmp((void *)(at + 6000), pattern + 10, 5000), 0);
	ck_assert_int_eq(memcmp((void *)(at + 20), pattern + 5010, 2), 0);
	buf = (struct iobuf){ .seg = seg, .seg_count = 4, .len = 5013 };
	pos = 100;
	ck_assert_int_eq(file_write(f, &buf, &pos), 5013);
	ck_assert_int_eq(file_read_kernel(f, back, 5013, 100), 5013);
	ck_assert_int_eq(memcmp(back, pattern, 5012), 0);
	file_put(f);
}
END_TEST

static uaddr_t map_file(struct file *f, u64 len, u32 flags)
{
	struct map_req req = { .len_bytes = len, .vma_flags = flags };
	s64 at;

	ck_assert_int_eq(f->ops->mmap(f, &req), 0);
	req.file = f;
	at = mm_map(mm_loaded(), &req);
	ck_assert_int_gt(at, 0);
	return (uaddr_t)at;
}

START_TEST(test_mapping)
{
	struct fs_use before;
	struct file *f;
	uaddr_t at;

	fs_user_memory(PAGE_SIZE);
	before = fs_use_now();
	soil_ram();
	f = fs_open("/f", O_RDWR | O_CREAT);
	write_at(f, 0, 5000);
	at = map_file(f, 4 * PAGE_SIZE, VMA_R | VMA_W | VMA_SHARED);
	ck_assert_int_eq(mm_fault(mm_loaded(), at, MM_WRITE), 0);
	ck_assert_int_eq(mm_fault(mm_loaded(), at + PAGE_SIZE, MM_WRITE), 0);
	ck_assert_int_eq(mm_fault(mm_loaded(), at + 2 * PAGE_SIZE, MM_WRITE), -ENODATA);
	/* What is written behind the end must not become the file's. */
	memset((void *)(at + 4990), 'x', 100);
	ck_assert_int_eq(file_read_kernel(f, back, 100, 4990), 10);
	ck_assert_int_eq(back[0], 'x');
	ck_assert_int_eq(inode_truncate(f->inode, 9000), 0);
	check_zero(f, 5000, 4000);
	/* Truncation takes the pages out of the mapping. */
	ck_assert_int_eq(inode_truncate(f->inode, 100), 0);
	fake_as_verify(mm_loaded());
	ck_assert_int_eq(mm_fault(mm_loaded(), at + PAGE_SIZE, MM_READ), -ENODATA);
	/* A hole that is mapped gets a frame, and later writes show in it. */
	ck_assert_int_eq(inode_truncate(f->inode, 40000), 0);
	ck_assert_int_eq(mm_fault(mm_loaded(), at + 3 * PAGE_SIZE, MM_READ), 0);
	ck_assert_uint_eq(*(u8 *)(at + 3 * PAGE_SIZE), 0);
	write_at(f, 3 * PAGE_SIZE, 10);
	ck_assert_int_eq(memcmp((void *)(at + 3 * PAGE_SIZE), pattern + 3 * PAGE_SIZE, 10), 0);
	/* Unlinked and closed: the mapping keeps the contents, then all goes. */
	ck_assert_int_eq(name_unlink(AT_FDCWD, "/f"), 0);
	file_put(f);
	ck_assert_int_eq(memcmp((void *)(at + 3 * PAGE_SIZE), pattern + 3 * PAGE_SIZE, 10), 0);
	ck_assert_int_eq(mm_unmap(mm_loaded(), at, 4 * PAGE_SIZE), 0);
	fs_check_use(&before);
}
END_TEST

START_TEST(test_write_from_own_mapping)
{
	struct file *f = fs_open("/f", O_RDWR | O_CREAT);
	struct iobuf buf = { 0 };
	s64 pos = 10000;
	uaddr_t at;

	fs_user_memory(PAGE_SIZE);
	write_at(f, 0, 10000);
	at = map_file(f, 3 * PAGE_SIZE, VMA_R | VMA_SHARED);
	buf.user = at;
	buf.len = 10000;
	ck_assert_int_eq(file_write(f, &buf, &pos), 10000);
	ck_assert_int_eq(file_read_kernel(f, back, 20000, 0), 20000);
	ck_assert_int_eq(memcmp(back, pattern, 10000), 0);
	ck_assert_int_eq(memcmp(back + 10000, pattern, 10000), 0);
	file_put(f);
}
END_TEST

Suite *ramfs_suite(void);
Suite *ramfs_suite(void)
{
	Suite *s = suite_create("ramfs");
	TCase *tc = tcase_create("ramfs");

	tcase_add_checked_fixture(tc, setup, NULL);
	tcase_add_test(tc, test_write_sizes);
	tcase_add_test(tc, test_contiguous);
	tcase_add_test(tc, test_expected_size);
	tcase_add_test(tc, test_holes);
	tcase_add_test(tc, test_truncate);
	tcase_add_test(tc, test_fallocate);
	tcase_add_test(tc, test_append);
	tcase_add_test(tc, test_limit);
	tcase_add_test(tc, test_full);
	tcase_add_test(tc, test_sparse_bomb);
	tcase_add_test(tc, test_size_option);
	tcase_add_test(tc, test_user_memory);
	tcase_add_test(tc, test_segments);
	tcase_add_test(tc, test_mapping);
	tcase_add_test(tc, test_write_from_own_mapping);
	suite_add_tcase(s, tc);
	return s;
}
