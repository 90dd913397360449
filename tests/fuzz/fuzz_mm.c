/*
 * Sequences of operations on address spaces, with arguments at and beyond all
 * borders: nothing may break an invariant of mm, nothing may stay behind.
 *
 * Input: records of 12 bytes: operation; which base address; signed offset
 * (2); which length and its offset (1 + 1); flags (2); second base and offset
 * (1 + 2); spare (1).
 */
#include <stdint.h>
#include <string.h>

#include "abi/layout.h"
#include "lib/bug.h"
#include "lib/err.h"
#include "mm/mm.h"
#include "mm/page.h"
#include "mm/slab.h"
#include "mm/uaccess.h"
#include "../unit/fake_hal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len_bytes);

#define SPACES 4
#define OBJECTS 2
#define RECORD_BYTES 12
#define RECORDS_MAX \
	400 /* verification is linear: keep an input below a second */
#define OBJECT_BYTES (64 * PAGE_SIZE)

struct record {
	u8 op;
	uaddr_t addr, other;
	u64 len;
	u32 flags;
};

static struct mm *spaces[SPACES];
static struct vm_object *objects[OBJECTS];
static struct mm *mm; /* the loaded one */

static uaddr_t address(u8 base, u16 offset)
{
	static const u64 bases[] = {
		FAKE_USER_MIN,	      0x20000000,
		0x20040000,	      0x20080000,
		LODGER_USER_LOW_END,  0,
		LODGER_WINDOW_END,    LODGER_USER_HIGH_BASE,
		LODGER_USER_HIGH_END, UINT64_MAX
	};
	s64 signed_offset = (int16_t)offset;

	/* mostly pages, sometimes bytes */
	return bases[base % ARRAY_SIZE(bases)] +
	       (u64)(base & 0x80 ? signed_offset : signed_offset / 256 * 4096);
}

static u64 length(u8 kind, u8 offset)
{
	static const u64 lengths[] = { 0, 1UL << 20, 1UL << 32, UINT64_MAX - 255,
				       LODGER_USER_LOW_END - FAKE_USER_MIN };

	if (kind & 0x80)
		return lengths[kind % ARRAY_SIZE(lengths)] + offset;
	return kind & 0x40 ? offset : (offset + 1UL) * PAGE_SIZE / 4;
}

static struct record decode(const u8 *p)
{
	return (struct record){
		.op = p[0],
		.addr = address(p[1], (u16)(p[2] | p[3] << 8)),
		.len = length(p[4], p[5]),
		.flags = (u32)p[6] | (u32)p[7] << 8,
		.other = address(p[8], (u16)(p[9] | p[10] << 8)),
	};
}

static void do_map(const struct record *r)
{
	struct map_req req = {
		.addr = r->addr,
		.len_bytes = r->len,
		.vma_flags = r->flags & (VMA_PROT | VMA_GROWSDOWN | VMA_NORESERVE),
		.max_prot = VMA_PROT,
		.fixed = r->flags & 0x100,
		.noreplace = r->flags & 0x200,
		.populate = r->flags & 0x400,
	};

	if (r->flags & 0x800) {
		req.object = objects[r->other % OBJECTS];
		req.pgoff = (r->other >> PAGE_SHIFT) % 80;
		req.vma_flags &= ~VMA_GROWSDOWN;
		req.vma_flags |= r->flags & VMA_SHARED;
	}
	(void)mm_map(mm, &req);
}

static void do_fork(const struct record *r)
{
	struct mm **slot = &spaces[r->other % SPACES];
	struct mm *child;

	if (*slot == mm)
		return;
	child = mm_fork(mm);
	if (IS_ERR(child))
		return;
	if (*slot)
		mm_put(*slot);
	*slot = child;
}

static void do_copy(const struct record *r)
{
	static u8 buffer[5 * 4096];
	size_t n = MIN(r->len, sizeof(buffer));
	char text[64];

	switch (r->flags % 5) {
	case 0:
		(void)copy_from_user(buffer, r->addr, n);
		break;
	case 1:
		(void)copy_to_user(r->addr, buffer, n);
		break;
	case 2:
		(void)clear_user(r->addr, n);
		break;
	case 3:
		if (strncpy_from_user(text, r->addr, sizeof(text)) >= 0)
			BUG_ON(strnlen(text, sizeof(text)) == sizeof(text));
		break;
	default: {
		s64 ready = user_prepare(r->addr, r->len, r->flags & 0x100);

		BUG_ON(!ready || ready > (s64)MIN(r->len, (u64)INT64_MAX));
		if (ready > 0 && (r->flags & 0x100))
			memset(user_ptr(r->addr), 0x5a, (size_t)ready);
	}
	}
}

static void do_truncate(const struct record *r)
{
	struct vm_object *obj = objects[r->other % OBJECTS];
	u64 pages = r->len / PAGE_SIZE % 80;

	obj->size_bytes = pages * PAGE_SIZE;
	vm_object_drop(obj, pages, UINT64_MAX);
	mm_object_truncate(obj, pages);
}

static void do_settings(const struct record *r)
{
	switch (r->flags % 7) {
	case 0:
		mm->as_limit = r->len ? r->len : UINT64_MAX;
		break;
	case 1:
		mm->data_limit = r->len ? r->len : UINT64_MAX;
		break;
	case 2:
		mm->stack_limit = r->len;
		break;
	case 3:
		fake_as_fail_at(r->len % 8);
		break;
	case 4:
		fake_heap_hog();
		break;
	case 5:
		fake_heap_release();
		break;
	default:
		mm->brk_start = mm->brk = MIN(MAX(r->addr, FAKE_USER_MIN),
					      LODGER_USER_LOW_END - PAGE_SIZE);
	}
}

static void do_record(const struct record *r)
{
	struct mm *next = spaces[r->other % SPACES];

	switch (r->op % 18) {
	case 0 ... 2:
		do_map(r);
		break;
	case 3:
		(void)mm_unmap(mm, r->addr, r->len);
		break;
	case 4 ... 5:
		(void)mm_protect(mm, r->addr, r->len, r->flags & VMA_PROT);
		break;
	case 6 ... 7:
		(void)mm_remap(mm, r->addr, r->len,
			       length((u8)r->flags, (u8)(r->flags >> 8)),
			       r->flags >> 4 & 15, r->other);
		break;
	case 8:
		(void)mm_advise(mm, r->addr, r->len, (int)(r->flags % 30));
		break;
	case 9:
		(void)mm_brk(mm, r->addr);
		break;
	case 10:
		if (r->addr % PAGE_SIZE == 0 && r->len % PAGE_SIZE == 0)
			(void)mm_lock(mm, r->addr, r->len, r->flags & 1);
		else
			(void)mm_lock_all(mm, r->flags & 1);
		break;
	case 11:
		do_fork(r);
		break;
	case 12:
		mm = next ? next : mm;
		mm_switch(mm);
		break;
	case 13:
		(void)mm_fault(mm, r->addr, (enum mm_access)(1 << r->flags % 3));
		break;
	case 14 ... 15:
		do_copy(r);
		break;
	case 16:
		do_truncate(r);
		break;
	default:
		do_settings(r);
	}
}

static void finish(u64 frames, u64 bytes)
{
	fake_as_fail_at(0);
	fake_heap_release();
	for (int i = 0; i < SPACES; i++) {
		if (spaces[i])
			mm_put(spaces[i]);
		spaces[i] = NULL;
	}
	for (int i = 0; i < OBJECTS; i++) {
		BUG_ON(objects[i]->vma_count || objects[i]->refs != 1);
		vm_object_put(objects[i]);
	}
	BUG_ON(page_free_count() != frames);
	BUG_ON(kmem_used_bytes() != bytes);
	BUG_ON(fake_as_page_count());
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len_bytes)
{
	static const struct fake_config config = { .ram_bytes = 4 << 20,
						   .heap_bytes = 1 << 20 };
	static bool booted;
	u64 frames, bytes;

	if (!booted)
		fake_boot_mm(&config);
	booted = true;
	frames = page_free_count();
	bytes = kmem_used_bytes();
	for (int i = 0; i < OBJECTS; i++)
		objects[i] = vm_object_anon(OBJECT_BYTES);
	mm = spaces[0] = mm_create();
	mm_switch(mm);
	len_bytes = MIN(len_bytes, (size_t)RECORDS_MAX * RECORD_BYTES);
	for (; len_bytes >= RECORD_BYTES; len_bytes -= RECORD_BYTES) {
		struct record r = decode(data);

		do_record(&r);
		fake_as_verify(mm);
		data += RECORD_BYTES;
	}
	finish(frames, bytes);
	return 0;
}
