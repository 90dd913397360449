/* Address spaces: faults, copy-on-write, objects, user access. */
#include <check.h>
#include <string.h>

#include <linux/mman.h>

#include "abi/layout.h"
#include "lib/err.h"
#include "mm/mm_internal.h"
#include "mm/page.h"
#include "mm/slab.h"
#include "mm/uaccess.h"
#include "mm_fixture.h"

/* As the program would: no page is asked for first. */
static u64 peek(uaddr_t addr)
{
	return *(volatile u64 *)addr;
}

/* --- demand zero ---------------------------------------------------------------- */

START_TEST(test_demand_zero)
{
	ck_assert_int_eq(map_at(BASE, 64, RW), BASE);
	ck_assert_uint_eq(mm->resident_pages, 0);
	ck_assert_int_eq(mm_fault(mm, BASE + 5 * PAGE_SIZE + 3, MM_WRITE), 0);
	ck_assert_uint_eq(mm->resident_pages, 16);
	ck_assert_uint_eq(fake_as_counts.maps, 1);
	ck_assert_uint_eq(peek(BASE + 15 * PAGE_SIZE), 0);
	*(volatile u64 *)(BASE + 15 * PAGE_SIZE) = 9;
	ck_assert_uint_eq(get(BASE + 15 * PAGE_SIZE), 9);
	ck_assert_int_eq(mm_fault(mm, BASE + 16 * PAGE_SIZE, MM_READ), 0);
	ck_assert_uint_eq(mm->resident_pages, 32);
	fake_as_verify(mm);
}
END_TEST

START_TEST(test_sequential_window)
{
	map_at(BASE, 2048, RW);
	for (u64 i = 0; i < 2048; i++)
		put(BASE + i * PAGE_SIZE, i);
	/* 16 and 16, then 32, then 64 at a time */
	ck_assert_uint_eq(fake_as_counts.maps, 2 + 1 + 31);
	mm_unmap(mm, BASE, 2048 * PAGE_SIZE);
	map_at(BASE, 2048, RW);
	for (u64 i = 2048; i-- > 0;)
		put(BASE + i * PAGE_SIZE, i);
	ck_assert_uint_eq(mm->resident_pages, 2048);
}
END_TEST

/* Sixteen pages that lie in two windows. */
START_TEST(test_small_mapping_is_one_fault)
{
	uaddr_t at = BASE + 5 * PAGE_SIZE;

	map_at(at, 16, RW);
	for (u64 i = 0; i < 16; i++)
		put(at + i * PAGE_SIZE, i);
	ck_assert_uint_eq(fake_as_counts.maps, 1);
	ck_assert_uint_eq(mm->resident_pages, 16);
}
END_TEST

/* Where RAM has huge pages a walk comes to one fault for each, and the frames lie
 * as the page does. */
START_TEST(test_sequential_huge)
{
	uaddr_t base = ALIGN_UP(BASE, 512 * PAGE_SIZE);

	fake_boot_info()->flags |= LODGER_BOOT_RAM_HUGE;
	map_at(base, 1536, RW);
	for (u64 i = 0; i < 1536; i++)
		put(base + i * PAGE_SIZE, i);
	/* 16, 16, 32, 64, 128, 256, and 512 at a time */
	ck_assert_uint_eq(fake_as_counts.maps, 6 + 2);
	for (u64 i = 0; i < 1536; i++)
		ck_assert_uint_eq(get(base + i * PAGE_SIZE), i);
	for (u64 i = 512; i < 1536; i++)
		ck_assert_uint_eq(pte_pfn(radix_get(&mm->pt, (base >> PAGE_SHIFT) + i)) % 512,
				  i % 512);
}
END_TEST

START_TEST(test_old_contents_never_show)
{
	for (int round = 0; round < 3; round++) {
		ck_assert_int_eq(map_at(BASE, 256, RW), BASE);
		for (u64 i = 0; i < 256; i++) {
			for (u64 at = 0; at < PAGE_SIZE; at += 512)
				ck_assert_uint_eq(get(BASE + i * PAGE_SIZE + at),
						  0);
			put(BASE + i * PAGE_SIZE + 512 * (i % 8), ~0UL);
		}
		ck_assert_int_eq(mm_unmap(mm, BASE, 256 * PAGE_SIZE), 0);
	}
	ck_assert_int_eq(map_at(BASE, 256, VMA_R), BASE);
	for (u64 i = 0; i < 256; i++)
		for (u64 at = 0; at < PAGE_SIZE; at += 512)
			ck_assert_uint_eq(get(BASE + i * PAGE_SIZE + at), 0);
}
END_TEST

START_TEST(test_fault_errors)
{
	map_at(BASE, 4, VMA_R);
	map_at(BASE + 8 * PAGE_SIZE, 4, 0);
	ck_assert_int_eq(mm_fault(mm, BASE - 1, MM_READ), -EFAULT);
	ck_assert_int_eq(mm_fault(mm, BASE + 4 * PAGE_SIZE, MM_READ), -EFAULT);
	ck_assert_int_eq(mm_fault(mm, BASE, MM_WRITE), -EACCES);
	ck_assert_int_eq(mm_fault(mm, BASE, MM_EXEC), -EACCES);
	ck_assert_int_eq(mm_fault(mm, BASE + 8 * PAGE_SIZE, MM_READ), -EACCES);
	ck_assert_int_eq(mm_fault(mm, 0, MM_READ), -EFAULT);
	ck_assert_int_eq(mm_fault(mm, LODGER_WINDOW_BASE, MM_READ), -EFAULT);
	ck_assert_int_eq(mm_fault(mm, UINT64_MAX, MM_WRITE), -EFAULT);
	ck_assert_int_eq(mm_fault(mm, BASE, MM_READ), 0);
}
END_TEST

/* --- copy-on-write ------------------------------------------------------------------ */

START_TEST(test_fork_copies)
{
	struct mm *child;

	map_at(BASE, 32, RW);
	for (u64 i = 0; i < 32; i++)
		put(BASE + i * PAGE_SIZE, i + 1);
	child = mm_fork(mm);
	ck_assert(!IS_ERR(child));
	ck_assert_uint_eq(fake_as_counts.protects, 1);
	fake_as_verify(mm);
	put(BASE, 100);
	mm_switch(child);
	fake_as_verify(child);
	ck_assert_uint_eq(get(BASE), 1);
	put(BASE + PAGE_SIZE, 200);
	put(BASE + 31 * PAGE_SIZE, 300);
	mm_switch(mm);
	ck_assert_uint_eq(get(BASE), 100);
	ck_assert_uint_eq(get(BASE + PAGE_SIZE), 2);
	fake_as_verify(mm);
	mm_put(child);
	/* alone again: the rest becomes writable in place, by one request */
	fake_as_counts.protects = fake_as_counts.maps = 0;
	put(BASE + 9 * PAGE_SIZE, 5);
	ck_assert_uint_eq(fake_as_counts.maps, 0);
	ck_assert_uint_eq(fake_as_counts.protects, 1);
	ck_assert_uint_eq(counters()->pages_copied, 8);
	for (u64 i = 1; i < 32; i++)
		put(BASE + i * PAGE_SIZE, i + 7);
	ck_assert_uint_eq(counters()->pages_copied, 8);
}
END_TEST

/* Text that is written over, in a copy of one space's own; who has it. */
START_TEST(test_poked_text)
{
	const uaddr_t at = BASE + 2 * PAGE_SIZE + 40;
	static const u8 old[3] = { 1, 2, 3 }, new[3] = { 7, 8, 9 };
	struct mm *child;

	map_at(BASE, 4, RW);
	ck_assert_int_eq(copy_to_user(at, old, sizeof(old)), 0);
	ck_assert_int_eq(mm_poke_text(mm, at, new, sizeof(new)), -EFAULT);
	ck_assert_int_eq(mm_protect(mm, BASE, 4 * PAGE_SIZE, VMA_R | VMA_X), 0);
	ck_assert(mm_any_has(at, old, sizeof(old)));
	ck_assert(!mm_any_has(at, new, sizeof(new)));
	ck_assert(!mm_any_has(at + 8 * PAGE_SIZE, old, sizeof(old)));
	child = mm_fork(mm);
	ck_assert(!IS_ERR(child));
	ck_assert_int_eq(mm_poke_text(mm, at, new, sizeof(new)), 0);
	ck_assert(mm_any_has(at, new, sizeof(new)));
	ck_assert(mm_any_has(at, old, sizeof(old))); /* the child */
	mm_put(child);
	ck_assert(!mm_any_has(at, old, sizeof(old)));
	mm_unmap(mm, BASE, 4 * PAGE_SIZE);
	ck_assert(!mm_any_has(at, new, sizeof(new)));
}
END_TEST

START_TEST(test_fork_flags)
{
	struct mm *child;
	uaddr_t wiped = BASE + 16 * PAGE_SIZE, gone = BASE + 32 * PAGE_SIZE;

	map_at(BASE, 48, RW);
	put(BASE, 1);
	put(wiped, 2);
	put(gone, 3);
	ck_assert_int_eq(mm_advise(mm, wiped, PAGE_SIZE, MADV_WIPEONFORK), 0);
	ck_assert_int_eq(mm_advise(mm, gone, PAGE_SIZE, MADV_DONTFORK), 0);
	child = mm_fork(mm);
	mm_switch(child);
	ck_assert_uint_eq(get(BASE), 1);
	ck_assert_uint_eq(get(wiped), 0);
	ck_assert_ptr_null(vma_at(child, gone));
	fake_as_verify(child);
	mm_switch(mm);
	mm_put(child);
	ck_assert_uint_eq(get(gone), 3);
}
END_TEST

START_TEST(test_shared_anonymous)
{
	struct map_req req = { .addr = BASE,
			       .len_bytes = 40 * PAGE_SIZE,
			       .vma_flags = RW | VMA_SHARED,
			       .max_prot = VMA_PROT,
			       .fixed = true };
	struct mm *child;

	req.object = vm_object_anon(req.len_bytes);
	ck_assert_int_eq(mm_map(mm, &req), BASE);
	vm_object_put(req.object);
	put(BASE, 1);
	child = mm_fork(mm);
	mm_switch(child);
	ck_assert_uint_eq(get(BASE), 1);
	put(BASE + 39 * PAGE_SIZE, 2);
	put(BASE, 3);
	mm_switch(mm);
	ck_assert_uint_eq(get(BASE + 39 * PAGE_SIZE), 2);
	ck_assert_uint_eq(get(BASE), 3);
	mm_put(child);
	ck_assert_uint_eq(get(BASE), 3);
	ck_assert_uint_eq(counters()->pages_copied, 0);
}
END_TEST

/* --- objects ------------------------------------------------------------------------ */

/* A file of some pages; page i holds i + 1 at its start. */
#define FILE_PAGES 40

static int file_get_page(struct vm_object *obj, u64 index, bool for_write,
			 pfn_t *pfn)
{
	(void)for_write;
	*pfn = vm_object_lookup(obj, index);
	return *pfn == PFN_NONE ? -ENODATA : 0;
}

static void file_release(struct vm_object *obj)
{
	vm_object_drop(obj, 0, UINT64_MAX);
	radix_destroy(&obj->pages);
}

static const struct vm_object_ops file_ops = { .get_page = file_get_page, .release = file_release };
static struct vm_object file;

static void make_file(void)
{
	vm_object_init(&file, &file_ops);
	file.size_bytes = FILE_PAGES * PAGE_SIZE - 100;
	for (u64 i = 0; i < FILE_PAGES; i++) {
		pfn_t pfn = page_alloc(0, PAGE_ZERO);

		*(u64 *)fake_ram(pfn) = i + 1;
		ck_assert_int_eq(vm_object_insert(&file, i, pfn), 0);
	}
}

static s64 map_file(uaddr_t addr, u64 pages, u32 flags, u64 pgoff)
{
	struct map_req req = { .addr = addr,
			       .len_bytes = pages * PAGE_SIZE,
			       .vma_flags = flags,
			       .max_prot = VMA_PROT,
			       .fixed = true,
			       .object = &file,
			       .pgoff = pgoff };

	return mm_map(mm, &req);
}

START_TEST(test_private_file)
{
	make_file();
	map_file(BASE, FILE_PAGES + 4, RW, 0);
	ck_assert_uint_eq(get(BASE + 3 * PAGE_SIZE), 4);
	ck_assert_uint_eq(mm->resident_pages, FILE_PAGES);
	ck_assert_uint_eq(fake_as_counts.maps, 1);
	put(BASE + 3 * PAGE_SIZE, 77);
	put(BASE + 20 * PAGE_SIZE, 78); /* not present before */
	ck_assert_uint_eq(get(BASE + 3 * PAGE_SIZE), 77);
	ck_assert_uint_eq(get(BASE + 20 * PAGE_SIZE), 78);
	ck_assert_uint_eq(get(BASE + 21 * PAGE_SIZE), 22);
	ck_assert_uint_eq(*(u64 *)fake_ram(vm_object_lookup(&file, 3)), 4);
	ck_assert_uint_eq(*(u64 *)fake_ram(vm_object_lookup(&file, 20)), 21);
	ck_assert_int_eq(mm_fault(mm, BASE + FILE_PAGES * PAGE_SIZE, MM_READ),
			 -ENODATA);
	ck_assert_int_eq(mm_fault(mm, BASE + FILE_PAGES * PAGE_SIZE, MM_WRITE),
			 -ENODATA);
	fake_as_verify(mm);
	/* rights go and come: the private copy stays */
	ck_assert_int_eq(mm_protect(mm, BASE, 8 * PAGE_SIZE, 0), 0);
	fake_as_verify(mm);
	ck_assert_int_eq(mm_protect(mm, BASE, 8 * PAGE_SIZE, RW), 0);
	fake_as_verify(mm);
	ck_assert_uint_eq(get(BASE + 3 * PAGE_SIZE), 77);
	ck_assert_uint_eq(get(BASE + 4 * PAGE_SIZE), 5);
	ck_assert_int_eq(mm_advise(mm, BASE, 8 * PAGE_SIZE, MADV_DONTNEED), 0);
	ck_assert_uint_eq(get(BASE + 3 * PAGE_SIZE), 4);
	mm_unmap(mm, BASE, (FILE_PAGES + 4) * PAGE_SIZE);
	ck_assert_uint_eq(file.vma_count, 0);
	vm_object_put(&file);
}
END_TEST

START_TEST(test_truncate)
{
	struct mm *child;

	make_file();
	map_file(BASE, 20, RW, 10);
	map_file(BASE + 64 * PAGE_SIZE, 20, RW | VMA_SHARED, 10);
	for (u64 i = 0; i < 20; i++) {
		put(BASE + i * PAGE_SIZE, 1000 + i);
		put(BASE + (64 + i) * PAGE_SIZE, 2000 + i);
	}
	child = mm_fork(mm);
	ck_assert_uint_eq(file.vma_count, 4);
	file.size_bytes = 15 * PAGE_SIZE;
	vm_object_drop(&file, 15, UINT64_MAX);
	mm_object_truncate(&file, 15);
	fake_as_verify(mm);
	ck_assert_uint_eq(mm->resident_pages, 10);
	ck_assert_uint_eq(child->resident_pages, 10);
	ck_assert_uint_eq(get(BASE + 4 * PAGE_SIZE), 1004);
	ck_assert_uint_eq(get(BASE + 68 * PAGE_SIZE), 2004);
	ck_assert_int_eq(mm_fault(mm, BASE + 5 * PAGE_SIZE, MM_READ), -ENODATA);
	ck_assert_int_eq(mm_fault(mm, BASE + 69 * PAGE_SIZE, MM_READ), -ENODATA);
	mm_put(child);
	ck_assert_uint_eq(file.vma_count, 2);
	mm_unmap(mm, BASE, 128 * PAGE_SIZE);
	vm_object_put(&file);
}
END_TEST

START_TEST(test_shared_protect)
{
	make_file();
	map_file(BASE, 8, VMA_R | VMA_SHARED, 0);
	ck_assert_uint_eq(get(BASE), 1);
	ck_assert_int_eq(mm_protect(mm, BASE, 8 * PAGE_SIZE, RW), 0);
	put(BASE, 50);
	ck_assert_uint_eq(*(u64 *)fake_ram(vm_object_lookup(&file, 0)), 50);
	mm_unmap(mm, BASE, 8 * PAGE_SIZE);
	vm_object_put(&file);
}
END_TEST

/* --- user access ----------------------------------------------------------------------- */

START_TEST(test_uaccess)
{
	char text[64] = "";
	uaddr_t end = BASE + 2 * PAGE_SIZE;
	char *name;

	map_at(BASE, 2, RW);
	ck_assert_int_eq(copy_to_user(end - 4, "abcd", 4), 0);
	ck_assert_int_eq(copy_to_user(end - 4, "abcde", 5), -EFAULT);
	ck_assert_int_eq(copy_from_user(text, end - 2, 3), -EFAULT);
	ck_assert_int_eq(copy_to_user(BASE + PAGE_SIZE - 3, "abc\0def", 8), 0);
	ck_assert_int_eq(strncpy_from_user(text, BASE + PAGE_SIZE - 3, 64), 3);
	ck_assert_str_eq(text, "abc");
	ck_assert_int_eq(strncpy_from_user(text, BASE + PAGE_SIZE - 3, 3),
			 -ENAMETOOLONG);
	ck_assert_int_eq(copy_to_user(end - 4, "wxyz", 4), 0);
	ck_assert_int_eq(strncpy_from_user(text, end - 4, 64), -EFAULT);
	ck_assert_int_eq(strncpy_from_user(text, end - 4, 4), -ENAMETOOLONG);
	ck_assert_int_eq(clear_user(end - 4, 4), 0);
	ck_assert_int_eq(strncpy_from_user(text, end - 4, 64), 0);
	ck_assert_int_eq(copy_from_user(text, 0, 1), -EFAULT);
	ck_assert_int_eq(copy_from_user(text, LODGER_CORE_BASE, 1), -EFAULT);
	ck_assert_int_eq(copy_to_user(LODGER_CORE_BASE, text, 1), -EFAULT);
	ck_assert_int_eq(copy_to_user(UINT64_MAX - 3, text, 8), -EFAULT);
	ck_assert_int_eq(copy_to_user((uaddr_t)text, text, 8), -EFAULT);
	ck_assert_int_eq(copy_to_user(0, text, 0), 0);
	name = getname(BASE + PAGE_SIZE - 3);
	ck_assert_str_eq(name, "abc");
	kfree(name);
	ck_assert_int_eq(PTR_ERR(getname(1)), -EFAULT);
	mm_protect(mm, BASE, PAGE_SIZE, VMA_R);
	ck_assert_int_eq(copy_to_user(BASE, text, 1), -EFAULT);
	mm_protect(mm, BASE, PAGE_SIZE, 0);
	ck_assert_int_eq(copy_from_user(text, BASE, 1), -EFAULT);
}
END_TEST

START_TEST(test_user_prepare)
{
	map_at(BASE, 100, RW);
	mm_protect(mm, BASE + 20 * PAGE_SIZE, PAGE_SIZE, VMA_R);
	ck_assert_int_eq(user_prepare(BASE + 100, 1000 * PAGE_SIZE, true),
			 20 * (s64)PAGE_SIZE - 100);
	memset(user_ptr(BASE + 100), 1, 20 * PAGE_SIZE - 100);
	ck_assert_int_eq(user_prepare(BASE + 99 * PAGE_SIZE, 2 * PAGE_SIZE, false),
			 PAGE_SIZE);
	ck_assert_int_eq(user_prepare(BASE, 0, false), -EFAULT);
	ck_assert_int_eq(user_prepare(BASE - 1, 2, false), -EFAULT);
}
END_TEST

Suite *mm_suite(void);
Suite *mm_suite(void)
{
	Suite *s = suite_create("mm");
	TCase *tc = tcase_create("mm");

	tcase_add_checked_fixture(tc, mm_fixture_setup, mm_fixture_teardown);
	tcase_add_test(tc, test_demand_zero);
	tcase_add_test(tc, test_sequential_window);
	tcase_add_test(tc, test_small_mapping_is_one_fault);
	tcase_add_test(tc, test_sequential_huge);
	tcase_add_test(tc, test_old_contents_never_show);
	tcase_add_test(tc, test_fault_errors);
	tcase_add_test(tc, test_fork_copies);
	tcase_add_test(tc, test_poked_text);
	tcase_add_test(tc, test_fork_flags);
	tcase_add_test(tc, test_shared_anonymous);
	tcase_add_test(tc, test_private_file);
	tcase_add_test(tc, test_truncate);
	tcase_add_test(tc, test_shared_protect);
	tcase_add_test(tc, test_uaccess);
	tcase_add_test(tc, test_user_prepare);
	suite_add_tcase(s, tc);
	return s;
}
