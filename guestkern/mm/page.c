/*
 * Guest RAM frames: reference counts over the buddy allocator. Owns every
 * frame of the RAM file; does not map them.
 *
 * Invariants: a frame in use has link = references > 0; a frame whose dirty
 * bit is clear holds zero bytes. A frame that was in use counts as dirty when it
 * is freed, whatever its users said: only frames never used are known zero.
 *
 * The array of struct frame is virtual space of the core, touched as RAM is.
 */
#include "hal/hal.h"
#include "lib/bug.h"
#include "lib/err.h"
#include "mm/buddy.h"
#include "mm/page.h"
#include "mm/slab.h"

_Static_assert(PAGE_ORDER_MAX == BUDDY_ORDER_MAX, "one buddy for both");

#define TRIM_PAGES 4096u /* 16 MiB freed: worth looking for whole runs */

static struct buddy ram;
static u32 freed_pages; /* since the last page_trim */
static void (*trim_due)(void);
static u64 table_gathered; /* below, core_gather needs not be asked */

int page_init(u64 ram_bytes)
{
	u64 count = MIN(ram_bytes >> PAGE_SHIFT, (u64)BUDDY_FRAMES_MAX);
	struct frame *frames = kmem_reserve(count * sizeof(*frames));

	if (!frames)
		return -ENOMEM;
	buddy_init(&ram, frames, 0, (u32)count);
	table_gathered = 0;
	counters()->ram_total_bytes = count << PAGE_SHIFT;
	counters()->ram_free_bytes = count << PAGE_SHIFT;
	return 0;
}

static void count_free(void)
{
	counters()->ram_free_bytes = (u64)ram.free_count << PAGE_SHIFT;
}

static struct frame *used_frame(pfn_t pfn)
{
	BUG_ON(pfn >= ram.frontier || ram.frames[pfn].free ||
	       !ram.frames[pfn].link);
	return &ram.frames[pfn];
}

/* Clears the dirty frames of a run, a host call for each dirty stretch. */
static void clear_run(pfn_t pfn, u32 count)
{
	u32 i = 0, n;

	while (i < count) {
		for (n = 0; i + n < count && ram.frames[pfn + i + n].dirty; n++)
			ram.frames[pfn + i + n].dirty = 0;
		if (n)
			ram_zero(pfn_to_gpa(pfn + i), (u64)n << PAGE_SHIFT);
		i += n + 1;
	}
}

/* Gives back frames [from, 2^order) of a block just allocated. */
static void trim_block(pfn_t pfn, u32 from, u32 order)
{
	while (from < 1u << order) {
		u32 piece = (u32)__builtin_ctz(from);

		buddy_free(&ram, pfn + from, piece);
		from += 1u << piece;
	}
}

/* --- reclaim ---------------------------------------------------------------------- */

#define SCARCE_DIVISOR 32u /* below this share free, frames are asked back */
#define RECLAIM_PAGES 256u /* at least so many at once */

static u64 (*reclaim_fn)(u64 pages);
static u64 (*reclaim_count_fn)(void);
static bool reclaiming;

void page_set_reclaim(u64 (*reclaim)(u64 pages), u64 (*count)(void))
{
	reclaim_fn = reclaim;
	reclaim_count_fn = count;
}

u64 page_available_count(void)
{
	return ram.free_count + (reclaim_count_fn ? reclaim_count_fn() : 0);
}

/* Sees to it that want frames are free and some are left, if that can be had. */
static void reclaim_for(u64 want)
{
	if (likely(ram.free_count >= want + ram.end / SCARCE_DIVISOR) || !reclaim_fn ||
	    reclaiming)
		return;
	reclaiming = true;
	reclaim_fn(want + RECLAIM_PAGES);
	reclaiming = false;
}

/* Its part of the frame table, used from the start on as RAM is. */
static void table_in_use(pfn_t pfn, u32 count)
{
	u64 start = (u64)&ram.frames[pfn], end = (u64)&ram.frames[pfn + count];

	if (end > table_gathered)
		table_gathered = core_gather(
			table_gathered ? table_gathered : start, end);
}

static void take_run(pfn_t pfn, u32 count, u32 flags)
{
	table_in_use(pfn, count);
	ram_fresh(pfn_to_gpa(pfn), (u64)count << PAGE_SHIFT);
	for (u32 i = 0; i < count; i++) {
		ram.frames[pfn + i].free = 0;
		ram.frames[pfn + i].link = 1;
	}
	if (flags & PAGE_ZERO)
		clear_run(pfn, count);
	count_free();
}

pfn_t page_alloc(u32 order, u32 flags)
{
	u32 pfn;

	reclaim_for(1u << order);
	pfn = buddy_alloc(&ram, order);
	if (pfn == BUDDY_NONE)
		return PFN_NONE;
	take_run(pfn, 1u << order, flags);
	return pfn;
}

pfn_t page_alloc_run(u32 want, u32 *got, u32 flags)
{
	u32 order = want > 1 ? 32 - (u32)__builtin_clz(want - 1) : 0;
	u32 pfn = BUDDY_NONE;

	reclaim_for(want);
	for (order = MIN(order, (u32)PAGE_ORDER_MAX);; order--) {
		pfn = buddy_alloc(&ram, order);
		if (pfn != BUDDY_NONE || !order)
			break;
	}
	*got = 0;
	if (pfn == BUDDY_NONE)
		return PFN_NONE;
	*got = MIN(want, 1u << order);
	if (*got < 1u << order)
		trim_block(pfn, *got, order);
	take_run(pfn, *got, flags);
	return pfn;
}

void page_get(pfn_t pfn)
{
	struct frame *f = used_frame(pfn);

	BUG_ON(f->link == BUDDY_NONE);
	f->link++;
}

void page_put(pfn_t pfn)
{
	struct frame *f = used_frame(pfn);

	if (--f->link)
		return;
	f->dirty = 1;
	buddy_free(&ram, pfn, 0);
	count_free();
	if (++freed_pages == TRIM_PAGES && trim_due)
		trim_due();
}

/* --- back to the host --------------------------------------------------------------- */

void page_set_trim(void (*due)(void))
{
	trim_due = due;
	freed_pages = 0;
}

static bool run_is_dirty(pfn_t pfn)
{
	for (u32 i = 0; i < 1u << PAGE_ORDER_MAX; i++)
		if (ram.frames[pfn + i].dirty)
			return true;
	return false;
}

bool page_trim(u32 run_count)
{
	u32 pfn;

	freed_pages = 0;
	for (pfn = ram.list[PAGE_ORDER_MAX]; pfn != BUDDY_NONE; pfn = ram.frames[pfn].link) {
		if (!run_is_dirty(pfn))
			continue;
		if (!run_count--)
			return true;
		ram_discard(pfn_to_gpa(pfn), PAGE_SIZE << PAGE_ORDER_MAX);
		for (u32 i = 0; i < 1u << PAGE_ORDER_MAX; i++)
			ram.frames[pfn + i].dirty = 0;
	}
	return false;
}

u32 page_refs(pfn_t pfn)
{
	return used_frame(pfn)->link;
}

bool page_is_zero(pfn_t pfn)
{
	return !used_frame(pfn)->dirty;
}

void page_mark_dirty(pfn_t pfn)
{
	used_frame(pfn)->dirty = 1;
}

u64 page_free_count(void)
{
	return ram.free_count;
}

u64 page_total_count(void)
{
	return ram.end;
}
