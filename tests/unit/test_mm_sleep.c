/*
 * What other threads may do to a space while a fault waits for its page: the
 * object's get_page stands for the wait, and does it.
 */
#include <check.h>
#include <string.h>

#include <linux/mman.h>

#include "lib/err.h"
#include "mm/page.h"
#include "mm/slab.h"
#include "mm/uaccess.h"
#include "mm_fixture.h"

#define FILE_PAGES 32

static struct vm_object file;
static int file_refs; /* of the opaque file behind the mappings */
static void (*meanwhile)(void);
static bool released;

static void file_get(void *f)
{
	(void)f;
	file_refs++;
}

static void file_put(void *f)
{
	(void)f;
	file_refs--;
}

static int get_page(struct vm_object *obj, u64 index, bool for_write, pfn_t *pfn)
{
	void (*act)(void) = meanwhile;

	(void)for_write;
	meanwhile = NULL;
	if (act) {
		act();
		/* it is still there for us, whatever happened */
		ck_assert(!released);
		ck_assert_int_gt(file_refs, 0);
	}
	*pfn = vm_object_lookup(obj, index);
	return *pfn == PFN_NONE ? -ENODATA : 0;
}

static void release(struct vm_object *obj)
{
	released = true;
	vm_object_drop(obj, 0, UINT64_MAX);
	radix_destroy(&obj->pages);
}

static s64 map_file(uaddr_t addr, u32 flags)
{
	struct map_req req = { .addr = addr,
			       .len_bytes = FILE_PAGES * PAGE_SIZE,
			       .vma_flags = flags,
			       .max_prot = VMA_PROT,
			       .fixed = true,
			       .object = &file,
			       .file = &file };

	return mm_map(mm, &req);
}

static void setup(void)
{
	static const struct vma_file_ops file_ops = { file_get, file_put };
	static const struct vm_object_ops object_ops = { .get_page = get_page, .release = release };

	mm_fixture_setup();
	mm_set_file_ops(&file_ops);
	vm_object_init(&file, &object_ops);
	file.size_bytes = FILE_PAGES * PAGE_SIZE;
	for (u64 i = 0; i < FILE_PAGES; i++) {
		pfn_t pfn = page_alloc(0, PAGE_ZERO);

		*(u64 *)fake_ram(pfn) = i + 1;
		ck_assert_int_eq(vm_object_insert(&file, i, pfn), 0);
	}
	map_file(BASE, RW);
}

static void teardown(void)
{
	mm_unmap(mm, BASE, 64 * PAGE_SIZE);
	ck_assert_int_eq(file_refs, 0);
	if (!released)
		vm_object_put(&file);
	mm_fixture_teardown();
}

static void unmap_all(void)
{
	ck_assert_int_eq(mm_unmap(mm, BASE, FILE_PAGES * PAGE_SIZE), 0);
	vm_object_put(&file);
}

static void map_other(void)
{
	map_at(BASE, FILE_PAGES, RW);
}

static void protect_none(void)
{
	mm_protect(mm, BASE, FILE_PAGES * PAGE_SIZE, 0);
}

static void fault_same(void)
{
	ck_assert_int_eq(mm_fault(mm, BASE + 3 * PAGE_SIZE, MM_READ), 0);
}

static void write_same(void)
{
	put(BASE + 3 * PAGE_SIZE, 77);
}

static void truncate(void)
{
	file.size_bytes = 0;
	vm_object_drop(&file, 0, UINT64_MAX);
	mm_object_truncate(&file, 0);
}

static int fault_while(void (*act)(void), enum mm_access access)
{
	int err;

	meanwhile = act;
	err = mm_fault(mm, BASE + 3 * PAGE_SIZE, access);
	fake_as_verify(mm);
	return err;
}

START_TEST(test_unmapped)
{
	ck_assert_int_eq(fault_while(unmap_all, MM_WRITE), 0);
	ck_assert(released);
	ck_assert_int_eq(mm_fault(mm, BASE + 3 * PAGE_SIZE, MM_READ), -EFAULT);
}
END_TEST

START_TEST(test_replaced)
{
	ck_assert_int_eq(fault_while(map_other, MM_READ), 0);
	ck_assert_uint_eq(get(BASE + 3 * PAGE_SIZE), 0);
}
END_TEST

START_TEST(test_protected)
{
	ck_assert_int_eq(fault_while(protect_none, MM_WRITE), 0);
	ck_assert_int_eq(mm_fault(mm, BASE + 3 * PAGE_SIZE, MM_READ), -EACCES);
}
END_TEST

START_TEST(test_faulted)
{
	ck_assert_int_eq(fault_while(fault_same, MM_READ), 0);
	ck_assert_uint_eq(get(BASE + 3 * PAGE_SIZE), 4);
	mm_advise(mm, BASE, FILE_PAGES * PAGE_SIZE, MADV_DONTNEED);
	ck_assert_int_eq(fault_while(write_same, MM_READ), 0);
	ck_assert_uint_eq(get(BASE + 3 * PAGE_SIZE), 77);
	mm_advise(mm, BASE, FILE_PAGES * PAGE_SIZE, MADV_DONTNEED);
	meanwhile = write_same;
	put(BASE + 3 * PAGE_SIZE + 8, 5); /* must not undo the other's write */
	ck_assert_uint_eq(get(BASE + 3 * PAGE_SIZE), 77);
	ck_assert_uint_eq(get(BASE + 3 * PAGE_SIZE + 8), 5);
}
END_TEST

START_TEST(test_truncated)
{
	ck_assert_int_eq(fault_while(truncate, MM_READ), -ENODATA);
}
END_TEST

START_TEST(test_shared_write_truncated)
{
	map_file(BASE, VMA_R | VMA_SHARED);
	ck_assert_uint_eq(get(BASE + 3 * PAGE_SIZE), 4);
	mm_protect(mm, BASE, FILE_PAGES * PAGE_SIZE, RW);
	ck_assert_int_eq(fault_while(truncate, MM_WRITE), -ENODATA);
	ck_assert_uint_eq(mm->resident_pages, 0);
}
END_TEST

START_TEST(test_populate)
{
	meanwhile = map_other;
	ck_assert_int_eq(mm_populate(mm, BASE, FILE_PAGES * PAGE_SIZE, MM_WRITE),
			 0);
	ck_assert_uint_eq(mm->resident_pages, FILE_PAGES);
	ck_assert_uint_eq(get(BASE), 0);
}
END_TEST

/* A move that finds no memory for its page table leaves all as it was. */
START_TEST(test_move_undone)
{
	void *hole, *chain = NULL, **node;

	put(BASE, 1);
	put(BASE + 20 * PAGE_SIZE, 2);
	hole = kmalloc(sizeof(struct vma)); /* room for the new VMA only */
	fake_heap_hog();
	while ((node = kmalloc(512))) { /* page-table nodes are of this size */
		*node = chain;
		chain = node;
	}
	kfree(hole);
	ck_assert_int_eq(mm_remap(mm, BASE, FILE_PAGES * PAGE_SIZE,
				  FILE_PAGES * PAGE_SIZE,
				  MREMAP_MAYMOVE | MREMAP_FIXED, 0x38000000),
			 -ENOMEM);
	while ((node = chain)) {
		chain = *node;
		kfree(node);
	}
	fake_heap_release();
	fake_as_verify(mm);
	ck_assert_uint_eq(get(BASE), 1);
	ck_assert_uint_eq(get(BASE + 20 * PAGE_SIZE), 2);
	ck_assert_ptr_null(vma_at(mm, 0x38000000));
}
END_TEST

START_TEST(test_advice)
{
	u64 all = FILE_PAGES * PAGE_SIZE;

	ck_assert_int_eq(mm_advise(mm, BASE, all, MADV_POPULATE_READ), 0);
	ck_assert_uint_eq(mm->resident_pages, FILE_PAGES);
	ck_assert(mm_page_in_core(vma_at(mm, BASE), BASE));
	ck_assert_int_eq(mm_advise(mm, BASE, all, MADV_POPULATE_WRITE), 0);
	ck_assert_int_eq(mm_protect(mm, BASE, all, VMA_R), 0);
	ck_assert_int_eq(mm_advise(mm, BASE, all, MADV_POPULATE_WRITE), -EINVAL);
	ck_assert_int_eq(mm_advise(mm, BASE, all, MADV_FREE), -EINVAL);
	ck_assert_int_eq(mm_advise(mm, BASE, all, MADV_WIPEONFORK), -EINVAL);
	ck_assert_int_eq(mm_advise(mm, BASE, all, MADV_REMOVE), -EACCES);
	ck_assert_int_eq(mm_advise(mm, BASE, all, 12345), -EINVAL);
	ck_assert_int_eq(mm_advise(mm, BASE + 1, all, MADV_NORMAL), -EINVAL);
	ck_assert_int_eq(mm_advise(mm, BASE, UINT64_MAX, MADV_NORMAL), -EINVAL);
	ck_assert_int_eq(mm_advise(mm, BASE, all, MADV_WILLNEED), 0);
	ck_assert_int_eq(mm_advise(mm, BASE, all, MADV_DONTFORK), 0);
	ck_assert_int_eq(mm_advise(mm, BASE, all, MADV_DOFORK), 0);
	ck_assert_int_eq(mm_advise(mm, BASE, 0, MADV_DONTNEED), 0);
	ck_assert_int_eq(mm_advise(mm, BASE, 2 * all, MADV_DONTNEED), -ENOMEM);
	ck_assert_uint_eq(mm->resident_pages, 0);
	ck_assert(mm_page_in_core(vma_at(mm, BASE), BASE));
	map_at(BASE, 4, RW);
	ck_assert(!mm_page_in_core(vma_at(mm, BASE), BASE));
	put(BASE, 9);
	ck_assert_int_eq(mm_advise(mm, BASE, PAGE_SIZE, MADV_FREE), 0);
	ck_assert_uint_eq(get(BASE), 0);
}
END_TEST

Suite *mm_sleep_suite(void);
Suite *mm_sleep_suite(void)
{
	Suite *s = suite_create("mm_sleep");
	TCase *tc = tcase_create("meanwhile");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, test_unmapped);
	tcase_add_test(tc, test_replaced);
	tcase_add_test(tc, test_protected);
	tcase_add_test(tc, test_faulted);
	tcase_add_test(tc, test_truncated);
	tcase_add_test(tc, test_shared_write_truncated);
	tcase_add_test(tc, test_populate);
	tcase_add_test(tc, test_move_undone);
	tcase_add_test(tc, test_advice);
	suite_add_tcase(s, tc);
	return s;
}
