/*
 * Huge pages for the core as it comes into use (LODGER_BOOT_CORE_HUGE). What the gate
 * toggles costs by page-table entry: a small page nearly as much as a huge one.
 * So memory of the core is gathered by whole huge pages when its first page comes
 * into use, and only then, for a page that nobody touched costs nothing. The
 * first one was gathered before the machine started (vmmproc/memory_huge.c).
 *
 * A host that refuses leaves small pages: slower, nothing else.
 */
#include "hal/hal_private.h"

#include "abi/layout.h"
#include "hal/host.h"
#include "lib/bitmap.h"

#define HUGE_PAGE (2UL << 20)
#define PIECES ((LODGER_CORE_MAX + HUGE_PAGE - 1) / HUGE_PAGE)
#define MADV_COLLAPSE_ 25 /* linux/mman.h since 6.1 */

static u64 asked[BITMAP_WORDS(PIECES)]; /* pieces that need no asking */

static void gather(u64 at)
{
	volatile u8 *first = (u8 *)at;

	*first = *first; /* a range without any page is refused */
	if (host_call3(__NR_madvise, at, HUGE_PAGE, MADV_COLLAPSE_) == 0)
		counters()->core_gathered += HUGE_PAGE;
}

void core_map_first_huge(void)
{
	if (boot_info()->flags & LODGER_BOOT_CORE_HUGE)
		(void)host_call3(__NR_madvise, LODGER_CORE_BASE, HUGE_PAGE, MADV_COLLAPSE_);
}

u64 core_gather(u64 start, u64 end)
{
	u64 first = (start - LODGER_CORE_BASE) / HUGE_PAGE;
	u64 last = (end - 1 - LODGER_CORE_BASE) / HUGE_PAGE;

	if (!(boot_info()->flags & LODGER_BOOT_CORE_HUGE))
		return UINT64_MAX;
	for (u64 piece = first; piece <= last; piece++) {
		if (piece && !bitmap_test(asked, piece))
			gather(LODGER_CORE_BASE + piece * HUGE_PAGE);
		bitmap_set(asked, piece);
	}
	return LODGER_CORE_BASE + (last + 1) * HUGE_PAGE;
}
