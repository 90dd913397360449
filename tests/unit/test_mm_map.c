/* Address spaces: the rules of mmap and its company, and what is used up. */
#include <check.h>
#include <string.h>

#include <linux/mman.h>

#include "abi/layout.h"
#include "lib/err.h"
#include "mm/page.h"
#include "mm/slab.h"
#include "mm/uaccess.h"
#include "mm_fixture.h"

/* --- mmap's rules -------------------------------------------------------------------- */

START_TEST(test_placement)
{
	uaddr_t a, b;
	struct map_req req = { .len_bytes = PAGE_SIZE,
			       .vma_flags = RW,
			       .max_prot = VMA_PROT };

	mm->mmap_top = BASE;
	a = (uaddr_t)map_at(0, 4, RW);
	ck_assert_uint_eq(a, BASE - 4 * PAGE_SIZE);
	b = (uaddr_t)map_at(0, 4, VMA_R);
	ck_assert_uint_eq(b, a - 4 * PAGE_SIZE);
	ck_assert_int_eq(mm_unmap(mm, a, 2 * PAGE_SIZE), 0);
	ck_assert_int_eq(map_at(0, 2, VMA_R), a);
	ck_assert_int_eq(map_at(0, 3, VMA_R), b - 3 * PAGE_SIZE);
	/* hints: taken when free, else not */
	req.addr = BASE + 0x123456;
	ck_assert_int_eq(mm_map(mm, &req), (BASE + 0x123456) & PAGE_MASK);
	req.addr = a;
	ck_assert_int_lt(mm_map(mm, &req), b);
	req.addr = LODGER_WINDOW_BASE;
	ck_assert_int_gt(mm_map(mm, &req), 0);
	req.addr = 0x100000000000;
	ck_assert_int_lt(mm_map(mm, &req), BASE);
	/* above mmap_top when nothing is left below */
	ck_assert_int_gt(map_at(0, 0x10010, 0), BASE);
	ck_assert_int_eq(map_at(0, 0x100000, 0), -ENOMEM);
}
END_TEST

START_TEST(test_map_errors)
{
	struct map_req req = { .addr = BASE,
			       .len_bytes = 0,
			       .fixed = true,
			       .vma_flags = RW,
			       .max_prot = VMA_PROT };

	ck_assert_int_eq(mm_map(mm, &req), -EINVAL);
	req.len_bytes = UINT64_MAX;
	ck_assert_int_eq(mm_map(mm, &req), -ENOMEM);
	req.len_bytes = PAGE_SIZE;
	req.addr = BASE + 1;
	ck_assert_int_eq(mm_map(mm, &req), -EINVAL);
	req.addr = 0;
	ck_assert_int_eq(mm_map(mm, &req), -EPERM);
	req.addr = LODGER_WINDOW_BASE;
	ck_assert_int_eq(mm_map(mm, &req), -ENOMEM);
	req.addr = LODGER_WINDOW_BASE - PAGE_SIZE;
	req.len_bytes = 2 * PAGE_SIZE;
	ck_assert_int_eq(mm_map(mm, &req), -ENOMEM);
	req.addr = LODGER_USER_HIGH_BASE;
	ck_assert_int_eq(mm_map(mm, &req), -ENOMEM);
	req.addr = UINT64_MAX & PAGE_MASK;
	ck_assert_int_eq(mm_map(mm, &req), -ENOMEM);
	req.addr = BASE;
	ck_assert_int_eq(mm_map(mm, &req), BASE);
	req.noreplace = true;
	ck_assert_int_eq(mm_map(mm, &req), -EEXIST);
	ck_assert_int_eq(mm_unmap(mm, BASE + 1, PAGE_SIZE), -EINVAL);
	ck_assert_int_eq(mm_unmap(mm, BASE, 0), -EINVAL);
	ck_assert_int_eq(mm_unmap(mm, BASE, UINT64_MAX), -EINVAL);
	ck_assert_int_eq(mm_unmap(mm, LODGER_WINDOW_BASE, PAGE_SIZE), -EINVAL);
	ck_assert_int_eq(mm_unmap(mm, 0, PAGE_SIZE), 0);
	ck_assert_int_eq(mm_protect(mm, BASE, 3 * PAGE_SIZE, VMA_R), -ENOMEM);
	ck_assert_int_eq(mm_protect(mm, BASE + 1, PAGE_SIZE, VMA_R), -EINVAL);
	ck_assert_int_eq(mm_protect(mm, BASE, UINT64_MAX, VMA_R), -ENOMEM);
}
END_TEST

START_TEST(test_limits)
{
	mm->as_limit = 20 * PAGE_SIZE;
	ck_assert_int_eq(map_at(BASE, 10, RW), BASE);
	ck_assert_int_eq(map_at(0, 11, VMA_R), -ENOMEM);
	ck_assert_int_eq(map_at(BASE, 20, VMA_R), BASE); /* replaces 10 */
	ck_assert_int_eq(map_at(0, 1, VMA_R), -ENOMEM);
	mm->as_limit = UINT64_MAX;
	mm->data_limit = 5 * PAGE_SIZE;
	ck_assert_int_gt(map_at(0, 5, RW), 0);
	ck_assert_int_eq(map_at(0, 1, RW), -ENOMEM);
	ck_assert_int_eq(mm_protect(mm, BASE, PAGE_SIZE, RW), -ENOMEM);
	ck_assert_int_gt(map_at(0, 100, VMA_R), 0);
	mm->data_limit = UINT64_MAX;
	/* more than all RAM: only without a promise */
	ck_assert_int_eq(map_at(0, page_total_count() + 1, RW), -ENOMEM);
	ck_assert_int_gt(map_at(0, page_total_count() + 1, RW | VMA_NORESERVE), 0);
	ck_assert_int_gt(map_at(0, page_total_count() + 1, 0), 0);
}
END_TEST

START_TEST(test_merging)
{
	map_at(BASE, 4, RW);
	map_at(BASE + 8 * PAGE_SIZE, 4, RW);
	ck_assert_uint_eq(mm->vma_count, 2);
	map_at(BASE + 4 * PAGE_SIZE, 4, RW);
	ck_assert_uint_eq(mm->vma_count, 1);
	mm_protect(mm, BASE + 2 * PAGE_SIZE, PAGE_SIZE, VMA_R);
	ck_assert_uint_eq(mm->vma_count, 3);
	mm_protect(mm, BASE + 2 * PAGE_SIZE, PAGE_SIZE, RW);
	ck_assert_uint_eq(mm->vma_count, 1);
	mm_unmap(mm, BASE + 5 * PAGE_SIZE, PAGE_SIZE);
	ck_assert_uint_eq(mm->vma_count, 2);
	ck_assert_uint_eq(mm->total_pages, 11);
}
END_TEST

START_TEST(test_prot_none_costs_nothing)
{
	map_at(BASE, 0x10000, 0);
	ck_assert_int_eq(mm_protect(mm, BASE, 16 * PAGE_SIZE, RW), 0);
	ck_assert_uint_eq(fake_as_counts.maps + fake_as_counts.protects +
				  fake_as_counts.unmaps,
			  0);
	put(BASE, 1);
	ck_assert_uint_eq(fake_as_counts.maps, 1);
	ck_assert_int_eq(mm_unmap(mm, BASE + 0x1000000, 0x1000000), 0);
	ck_assert_uint_eq(fake_as_counts.unmaps, 0);
	ck_assert_int_eq(mm_unmap(mm, BASE, 0x1000000), 0);
	ck_assert_uint_eq(fake_as_counts.unmaps, 1);
}
END_TEST

/* --- heap, stack, mremap ------------------------------------------------------------ */

START_TEST(test_brk)
{
	mm->brk_start = mm->brk = BASE + 0x10;
	ck_assert_uint_eq(mm_brk(mm, 0), BASE + 0x10);
	ck_assert_uint_eq(mm_brk(mm, BASE + 0x20), BASE + 0x20);
	ck_assert_uint_eq(mm_brk(mm, BASE + 0x5010), BASE + 0x5010);
	put(BASE + 0x5008, 1);
	ck_assert_uint_eq(mm_brk(mm, BASE + 0x100000), BASE + 0x100000);
	ck_assert_uint_eq(mm->vma_count, 1);
	ck_assert_uint_eq(mm_brk(mm, BASE + 0x1000), BASE + 0x1000);
	ck_assert_uint_eq(mm->vma_count, 0);
	ck_assert_uint_eq(mm_brk(mm, BASE + 0x1001), BASE + 0x1001);
	ck_assert_uint_eq(mm->total_pages, 1);
	map_at(BASE + 0x4000, 1, RW);
	ck_assert_uint_eq(mm_brk(mm, BASE + 0x5000), BASE + 0x1001);
	ck_assert_uint_eq(mm_brk(mm, BASE + 0x4000), BASE + 0x4000);
	ck_assert_uint_eq(mm_brk(mm, UINT64_MAX), BASE + 0x4000);
	mm->data_limit = 0x4000;
	mm_unmap(mm, BASE + 0x4000, PAGE_SIZE);
	ck_assert_uint_eq(mm_brk(mm, BASE + 0x4011), BASE + 0x4000);
	ck_assert_uint_eq(mm_brk(mm, BASE + 0x4010), BASE + 0x4010);
}
END_TEST

START_TEST(test_stack)
{
	uaddr_t top = BASE + 0x4000000;

	mm->stack_limit = 64 * PAGE_SIZE;
	map_at(top - 2 * PAGE_SIZE, 2, RW | VMA_GROWSDOWN | VMA_STACK);
	ck_assert_int_eq(mm_fault(mm, top - 10 * PAGE_SIZE, MM_WRITE), 0);
	ck_assert_int_eq(mm_fault(mm, top - 64 * PAGE_SIZE, MM_WRITE), 0);
	ck_assert_int_eq(mm_fault(mm, top - 64 * PAGE_SIZE - 1, MM_WRITE), -EFAULT);
	ck_assert_uint_eq(mm->total_pages, 64);
	/* new mappings keep the gap; a stack does not grow into it */
	mm->mmap_top = top;
	ck_assert_int_le(map_at(0, 1, RW), (s64)top - (64 + 256 + 1) * 4096);
	mm->stack_limit = UINT64_MAX;
	mm_unmap(mm, BASE, top - 64 * PAGE_SIZE - BASE);
	map_at(top - 400 * PAGE_SIZE, 1, RW);
	ck_assert_int_eq(mm_fault(mm, top - 142 * PAGE_SIZE, MM_WRITE), 0);
	ck_assert_int_eq(mm_fault(mm, top - 144 * PAGE_SIZE, MM_WRITE), -EFAULT);
}
END_TEST

START_TEST(test_mremap)
{
	uaddr_t to;

	map_at(BASE, 8, RW);
	for (u64 i = 0; i < 8; i++)
		put(BASE + i * PAGE_SIZE, i + 1);
	ck_assert_int_eq(mm_remap(mm, BASE, 8 * PAGE_SIZE, 16 * PAGE_SIZE, 0, 0),
			 BASE);
	put(BASE + 15 * PAGE_SIZE, 16);
	ck_assert_int_eq(mm_remap(mm, BASE, 16 * PAGE_SIZE, 4 * PAGE_SIZE, 0, 0),
			 BASE);
	ck_assert_uint_eq(mm->total_pages, 4);
	map_at(BASE + 4 * PAGE_SIZE, 1, VMA_R);
	ck_assert_int_eq(mm_remap(mm, BASE, 4 * PAGE_SIZE, 8 * PAGE_SIZE, 0, 0),
			 -ENOMEM);
	to = (uaddr_t)mm_remap(mm, BASE, 4 * PAGE_SIZE, 8 * PAGE_SIZE,
			       MREMAP_MAYMOVE, 0);
	ck_assert_uint_ne(to, BASE);
	ck_assert_uint_eq(get(to + 3 * PAGE_SIZE), 4);
	ck_assert_ptr_null(vma_at(mm, BASE));
	fake_as_verify(mm);
	ck_assert_int_eq(mm_remap(mm, to, 2 * PAGE_SIZE, 2 * PAGE_SIZE,
				  MREMAP_MAYMOVE | MREMAP_FIXED, BASE + 0x100000),
			 BASE + 0x100000);
	ck_assert_uint_eq(get(BASE + 0x101000), 2);
	ck_assert_uint_eq(get(to + 2 * PAGE_SIZE), 3);
	ck_assert_int_eq(mm_remap(mm, to + 2 * PAGE_SIZE, PAGE_SIZE, PAGE_SIZE,
				  MREMAP_MAYMOVE | MREMAP_FIXED, to + 2 * PAGE_SIZE),
			 -EINVAL);
	ck_assert_int_eq(mm_remap(mm, to + 1, PAGE_SIZE, PAGE_SIZE, 0, 0), -EINVAL);
	ck_assert_int_eq(mm_remap(mm, BASE, PAGE_SIZE, PAGE_SIZE, 0, 0), -EFAULT);
	ck_assert_int_eq(mm_remap(mm, to + 2 * PAGE_SIZE, 0, PAGE_SIZE,
				  MREMAP_MAYMOVE, 0),
			 -EINVAL);
	to = (uaddr_t)mm_remap(mm, BASE + 0x100000, 2 * PAGE_SIZE, 2 * PAGE_SIZE,
			       MREMAP_MAYMOVE | MREMAP_DONTUNMAP, 0);
	ck_assert_uint_eq(get(to + PAGE_SIZE), 2);
	ck_assert_uint_eq(get(BASE + 0x101000), 0);
}
END_TEST

START_TEST(test_locks)
{
	map_at(BASE, 40, RW);
	ck_assert_int_eq(mm_lock(mm, BASE, 10 * PAGE_SIZE, true), 0);
	ck_assert_uint_eq(mm->locked_pages, 10);
	ck_assert_int_eq(mm_populate(mm, BASE, 10 * PAGE_SIZE, MM_READ), 0);
	ck_assert_int_eq(mm_advise(mm, BASE, PAGE_SIZE, MADV_DONTNEED), -EINVAL);
	ck_assert_int_eq(mm_lock_all(mm, true), 0);
	ck_assert_uint_eq(mm->locked_pages, 40);
	ck_assert_int_eq(mm_lock(mm, BASE + 30 * PAGE_SIZE, 20 * PAGE_SIZE, false),
			 -ENOMEM);
	ck_assert_uint_eq(mm->locked_pages, 30);
	ck_assert_int_eq(mm_lock_all(mm, false), 0);
	ck_assert_uint_eq(mm->vma_count, 1);
}
END_TEST

/* --- the host refuses --------------------------------------------------------------------- */

START_TEST(test_map_count_used_up)
{
	fake_as_limit(40);
	map_at(BASE, 4, RW);
	for (u64 i = 0; i < 300; i++) {
		ck_assert_int_gt(map_at(BASE + (2 * i + 8) * PAGE_SIZE, 1, RW), 0);
		put(BASE + (2 * i + 8) * PAGE_SIZE, i);
	}
	ck_assert_uint_gt(mm->flush_seq, 0);
	fake_as_verify(mm);
	for (u64 i = 0; i < 300; i++)
		ck_assert_uint_eq(get(BASE + (2 * i + 8) * PAGE_SIZE), i);
	fake_as_verify(mm);
}
END_TEST

START_TEST(test_refused_changes)
{
	struct mm *child;

	map_at(BASE, 64, RW);
	for (u64 i = 0; i < 64; i++)
		put(BASE + i * PAGE_SIZE, i);
	fake_as_fail_at(1);
	ck_assert_int_eq(mm_protect(mm, BASE, 8 * PAGE_SIZE, VMA_R), 0);
	fake_as_verify(mm);
	ck_assert_int_eq(copy_to_user(BASE, "x", 1), -EFAULT);
	ck_assert_uint_eq(get(BASE + PAGE_SIZE), 1);
	fake_as_fail_at(1);
	ck_assert_int_eq(mm_unmap(mm, BASE + 16 * PAGE_SIZE, PAGE_SIZE), 0);
	fake_as_verify(mm);
	ck_assert_uint_eq(get(BASE + 17 * PAGE_SIZE), 17);
	fake_as_fail_at(1);
	child = mm_fork(mm);
	fake_as_verify(mm);
	put(BASE + 17 * PAGE_SIZE, 99);
	fake_as_fail_at(1); /* mapping the copy: tried again after a flush */
	put(BASE + 18 * PAGE_SIZE, 99);
	fake_as_verify(mm);
	mm_switch(child);
	ck_assert_uint_eq(get(BASE + 17 * PAGE_SIZE), 17);
	mm_switch(mm);
	mm_put(child);
}
END_TEST

START_TEST(test_many_extents_replay)
{
	struct mm *other = mm_create();

	for (u64 i = 0; i < 1500; i++) {
		map_at(BASE + 2 * i * PAGE_SIZE, 1, RW);
		put(BASE + 2 * i * PAGE_SIZE, i);
	}
	mm_switch(other);
	mm_switch(mm);
	fake_as_verify(mm);
	ck_assert_uint_lt(fake_as_page_count(), 1500);
	for (u64 i = 0; i < 1500; i++)
		ck_assert_uint_eq(get(BASE + 2 * i * PAGE_SIZE), i);
	ck_assert_uint_eq(fake_as_page_count(), 1500);
	mm_put(other);
}
END_TEST

/* --- memory used up -------------------------------------------------------------------------- */

START_TEST(test_ram_used_up)
{
	struct fake_config config = { .ram_bytes = 100 * PAGE_SIZE };
	u64 got = 0;

	mm_fixture_boot(&config);
	map_at(BASE, 300, RW | VMA_NORESERVE);
	while (!mm_fault(mm, BASE + got * PAGE_SIZE, MM_WRITE))
		while (got < 300 && radix_get(&mm->pt, (BASE >> PAGE_SHIFT) + got))
			got++;
	ck_assert_uint_eq(got, 100);
	ck_assert_int_eq(mm_fault(mm, BASE + 100 * PAGE_SIZE, MM_WRITE), -ENOMEM);
	fake_as_verify(mm);
	ck_assert_int_eq(mm_unmap(mm, BASE, 50 * PAGE_SIZE), 0);
	ck_assert_uint_eq(page_free_count(), 50);
	ck_assert_int_eq(mm_populate(mm, BASE + 100 * PAGE_SIZE, 60 * PAGE_SIZE,
				     MM_WRITE),
			 -ENOMEM);
	ck_assert_uint_eq(page_free_count(), 0);
}
END_TEST

START_TEST(test_core_used_up)
{
	struct fake_config config = { .heap_bytes = 1 << 20 };
	struct mm *children[2000];
	void *chain = NULL, **p;
	int n = 0;

	mm_fixture_boot(&config);
	map_at(BASE, 200, RW);
	for (u64 i = 0; i < 200; i++)
		put(BASE + i * PAGE_SIZE, i);
	while (n < 2000 && !IS_ERR(children[n] = mm_fork(mm)))
		n++;
	ck_assert_int_lt(n, 2000);
	fake_as_verify(mm);
	while ((p = kmalloc(128))) { /* VMAs are of this size */
		*p = chain;
		chain = p;
	}
	ck_assert_int_eq(map_at(BASE + 0x10000000, 1, VMA_R), -ENOMEM);
	ck_assert_int_eq(mm_unmap(mm, BASE + PAGE_SIZE, PAGE_SIZE), -ENOMEM);
	ck_assert_int_eq(mm_protect(mm, BASE, PAGE_SIZE, VMA_R), -ENOMEM);
	ck_assert_uint_eq(get(BASE + PAGE_SIZE), 1);
	while (chain) {
		p = chain;
		chain = *p;
		kfree(p);
	}
	while (n)
		mm_put(children[--n]);
}
END_TEST

START_TEST(test_high_range)
{
	struct fake_config config = { .boot_flags = LODGER_BOOT_VSPACE_HIGH };
	struct map_req req = { .len_bytes = 1UL << 40, .max_prot = VMA_PROT };
	s64 addr;

	mm_fixture_boot(&config);
	addr = mm_map(mm, &req);
	ck_assert_int_ge(addr, LODGER_USER_HIGH_BASE);
	ck_assert_int_eq(mm_unmap(mm, (uaddr_t)addr, 1UL << 40), 0);
	req.len_bytes = PAGE_SIZE;
	req.vma_flags = RW;
	ck_assert_int_lt(mm_map(mm, &req), LODGER_USER_LOW_END);
	req.addr = 0x300000000000;
	ck_assert_int_eq(mm_map(mm, &req), 0x300000000000);
	put(0x300000000000, 4);
	ck_assert_uint_eq(get(0x300000000000), 4);
	ck_assert_int_eq(copy_to_user(LODGER_WINDOW_BASE, "x", 1), -EFAULT);
	ck_assert(!user_range_ok(LODGER_WINDOW_BASE - 1, 2));
	ck_assert(!user_range_ok(LODGER_WINDOW_BASE - 1, LODGER_USER_HIGH_BASE));
	ck_assert(!user_range_ok(LODGER_USER_HIGH_END, 1));
}
END_TEST

Suite *mm_map_suite(void);
Suite *mm_map_suite(void)
{
	Suite *s = suite_create("mm_map");
	TCase *tc = tcase_create("rules"), *own = tcase_create("special machines");

	tcase_add_checked_fixture(tc, mm_fixture_setup, mm_fixture_teardown);
	tcase_add_checked_fixture(own, NULL, mm_fixture_teardown);
	tcase_add_test(tc, test_placement);
	tcase_add_test(tc, test_map_errors);
	tcase_add_test(tc, test_limits);
	tcase_add_test(tc, test_merging);
	tcase_add_test(tc, test_prot_none_costs_nothing);
	tcase_add_test(tc, test_brk);
	tcase_add_test(tc, test_stack);
	tcase_add_test(tc, test_mremap);
	tcase_add_test(tc, test_locks);
	tcase_add_test(tc, test_map_count_used_up);
	tcase_add_test(tc, test_refused_changes);
	tcase_add_test(tc, test_many_extents_replay);
	tcase_add_test(own, test_ram_used_up);
	tcase_add_test(own, test_core_used_up);
	tcase_add_test(own, test_high_range);
	suite_add_tcase(s, tc);
	suite_add_tcase(s, own);
	return s;
}
