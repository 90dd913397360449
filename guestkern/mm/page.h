/*
 * Guest RAM frames: a buddy allocator over the RAM file. Frames are not
 * mapped in the kernel; contents move by hal's ram_* or through user
 * mappings. Contiguous runs matter: host VMAs merge only where file offsets
 * are contiguous.
 */
#ifndef MM_PAGE_H
#define MM_PAGE_H

#include "lib/types.h"

#define PAGE_ORDER_MAX 10 /* 4 MiB runs */

/* page_alloc flags */
#define PAGE_ZERO 1u /* contents must be zero on return */

/* Prepares the allocator for ram_bytes of RAM; 0 or -ENOMEM. Boot only. */
int page_init(u64 ram_bytes);

/*
 * Allocates 2^order contiguous frames, each with one reference. Returns the
 * first, or PFN_NONE when no such run is free. With PAGE_ZERO frames known to
 * be fresh cost nothing, others are cleared by host calls; callers that will
 * clear through a mapping ask without it and consult page_is_zero.
 */
pfn_t page_alloc(u32 order, u32 flags);

/* Allocates up to want (<= 2^PAGE_ORDER_MAX) contiguous frames: the longest
 * run at hand down to a single one. *got frames, each one reference. */
pfn_t page_alloc_run(u32 want, u32 *got, u32 flags);

void page_get(pfn_t pfn);	  /* one more reference */
void page_put(pfn_t pfn);	  /* one fewer; frees at zero */
u32 page_refs(pfn_t pfn);
bool page_is_zero(pfn_t pfn);	  /* known to be all zero (never written) */
void page_mark_dirty(pfn_t pfn);  /* is about to be written: no longer zero */

/*
 * Who has frames that it can do without: reclaim gives some of them back, as far
 * as it can the number asked for, and returns how many; count tells how many
 * there are. It is asked when frames get scarce, in the middle of any allocation.
 */
void page_set_reclaim(u64 (*reclaim)(u64 pages), u64 (*count)(void));
/* Frames free now or after reclaiming all. */
u64 page_available_count(void);

/*
 * Free RAM that was used goes back to the host in whole runs of the largest order,
 * when nobody has wanted it for a while. due is called when so much was freed that
 * it is worth a page_trim; page_trim gives back up to run_count runs and returns
 * whether there may be more. Not while frames are being allocated.
 */
void page_set_trim(void (*due)(void));
bool page_trim(u32 run_count);

/* Frames free now, and all there are. */
u64 page_free_count(void);
u64 page_total_count(void);

#endif
