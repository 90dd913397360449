/* See mm_fixture.h. */
#include <check.h>

#include "mm_fixture.h"

#include "mm/page.h"
#include "mm/slab.h"
#include "mm/uaccess.h"

struct mm *mm;
static u64 free_frames, used_bytes;

void mm_fixture_boot(const struct fake_config *config)
{
	fake_boot_mm(config);
	free_frames = page_free_count();
	used_bytes = kmem_used_bytes();
	mm = mm_create();
	ck_assert_ptr_nonnull(mm);
	mm_switch(mm);
}

void mm_fixture_setup(void)
{
	mm_fixture_boot(NULL);
}

void mm_fixture_teardown(void)
{
	fake_as_verify(mm);
	mm_put(mm);
	ck_assert_uint_eq(page_free_count(), free_frames);
	ck_assert_uint_eq(kmem_used_bytes(), used_bytes);
	ck_assert_uint_eq(fake_as_page_count(), 0);
}

s64 map_at(uaddr_t addr, u64 pages, u32 flags)
{
	struct map_req req = { .addr = addr,
			       .len_bytes = pages * PAGE_SIZE,
			       .vma_flags = flags,
			       .max_prot = VMA_PROT,
			       .fixed = addr != 0 };

	return mm_map(mm, &req);
}

void put(uaddr_t addr, u64 value)
{
	ck_assert_int_eq(put_user(value, addr), 0);
}

u64 get(uaddr_t addr)
{
	u64 value;

	ck_assert_int_eq(get_user(value, addr), 0);
	return value;
}
