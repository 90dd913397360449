/*
 * What the files of mm share about address spaces.
 *
 *   vma.c    the tree of VMAs: finding, splitting, merging, accounting
 *   place.c  user ranges, and where a new mapping may lie
 *   pt.c     the page table and the host mappings that cache it
 *   map.c unmap.c protect.c remap.c brk.c advise.c   changing VMAs
 *   fault.c fault_file.c   bringing pages in
 *
 * Rule of the host's mappings: whoever takes something away from the page table
 * takes it from the host in the same function. Where the host refuses (its map
 * count is used up), everything is unmapped there (pt_host_flush) and comes
 * back fault by fault; so that taking away cannot fail.
 */
#ifndef MM_MM_INTERNAL_H
#define MM_MM_INTERNAL_H

#include "mm/mm.h"

#define STACK_GUARD_BYTES (256 * PAGE_SIZE) /* stack_guard_gap of Linux */
#define FAULT_AROUND_PAGES 16u /* a fault brings in up to 64 KiB */
#define FAULT_SEQUENTIAL_PAGES 64u /* and more where all below is in use, */
#define FAULT_HUGE_PAGES 512u /* up to one huge page where RAM has them */
#define FAULT_OBJECT_PAGES 64u /* of an object's cached pages: no cost */
#define POPULATE_PAGES 1024u /* at once, when all is wanted */

static inline pfn_t pte_pfn(u64 pte)
{
	return (pfn_t)(pte >> PTE_SHIFT);
}

static inline u64 pte_make(pfn_t pfn, u64 flags)
{
	return (u64)pfn << PTE_SHIFT | PTE_PRESENT | flags;
}

static inline u64 vma_pages(const struct vma *vma)
{
	return (vma->end - vma->start) >> PAGE_SHIFT;
}

/* Page of the VMA's object that is shown at addr. */
static inline u64 vma_object_index(const struct vma *vma, uaddr_t addr)
{
	return vma->pgoff + ((addr - vma->start) >> PAGE_SHIFT);
}

static inline bool vma_is_cow(const struct vma *vma)
{
	return !(vma->flags & VMA_SHARED);
}

/* --- vma.c -------------------------------------------------------------------- */

/* A copy of pattern for [start, end) with references of its own on object and
 * file, in no tree; or NULL. */
struct vma *vma_new(const struct vma *pattern, uaddr_t start, uaddr_t end);
/* Drops the references and the memory of a VMA that is in no tree. */
void vma_free(struct vma *vma);
/* References that outlast the VMA while something sleeps. file may be NULL. */
void vma_hold(struct vm_object *object, void *file);
void vma_release(struct vm_object *object, void *file);
/* Into the tree and the accounts of vma->mm, and out of both. */
void vma_link(struct vma *vma);
void vma_unlink(struct vma *vma);
/* VMA before this one, or NULL. */
struct vma *vma_prev(const struct vma *vma);
/* Highest VMA with start < addr, or NULL. */
struct vma *vma_find_below(const struct mm *mm, uaddr_t addr);
/* Cuts at addr (inside, page aligned): vma keeps the lower part. 0, -ENOMEM. */
int vma_split(struct vma *vma, uaddr_t addr);
/* Cuts so that VMAs begin and end at the borders of the range. 0, or -ENOMEM
 * with perhaps a needless cut left. */
int vma_split_range(struct mm *mm, uaddr_t start, uaddr_t end);
/* Joins vma with equal neighbours; returns the VMA that has its place. */
struct vma *vma_merge(struct vma *vma);
/* Changes flags of a VMA in the tree with its accounts. */
void vma_set_flags(struct vma *vma, u32 flags);
/* May there be so many VMAs more? */
bool vma_count_ok(const struct mm *mm, u32 more);
/* Moves the borders of a VMA in the tree with its accounts; the order in the
 * tree must not change. */
void vma_set_range(struct vma *vma, uaddr_t start, uaddr_t end);
/* May pages more be mapped with these flags, while replaced ones go? 0 or
 * -ENOMEM (RLIMIT_AS, RLIMIT_DATA, more than there is RAM). */
int vma_may_expand(const struct mm *mm, u32 flags, u64 pages, u64 replaced);
/* Unmaps [start, end) inside one user range and chains its VMAs to *detached,
 * for vma_free_list when the caller is through: freeing may sleep. 0, or
 * -ENOMEM with nothing unmapped. */
int vma_detach_range(struct mm *mm, uaddr_t start, uaddr_t end,
		     struct vma **detached);
void vma_free_list(struct vma *list);

/* --- place.c -------------------------------------------------------------------- */

/* Free space for len bytes, near hint if that is not 0: its address, or
 * -ENOMEM. low: in the low range only. */
s64 place_find(struct mm *mm, uaddr_t hint, u64 len_bytes, bool low);
/* Space became free below end: the search may start there again. */
void place_freed(struct mm *mm, uaddr_t end);
/* Is the range free, stacks' guard gaps included? */
bool place_is_free(const struct mm *mm, uaddr_t addr, u64 len_bytes);
/* End of the user range that addr lies in, or 0. */
uaddr_t place_range_end(uaddr_t addr);

/* --- mm.c --------------------------------------------------------------------------- */

/* Tells whoever mm_set_lost has named. */
void mm_lost(struct mm *mm);

/* --- pt.c ------------------------------------------------------------------------ */

extern const struct as_owner_ops pt_as_ops;
/* AS_* that the host may grant for a page. */
u32 pt_host_prot(const struct vma *vma, u64 pte);
/* Shows the present pages of [start, end) inside vma on the host; all_used: each
 * is going to be touched. 0 or -ENOMEM (then none of the space is mapped). */
int pt_map_range(struct vma *vma, uaddr_t start, uaddr_t end, bool all_used);
/* Brings PTEs and the host's mappings of [start, end) from the rights that
 * old_flags gave to those that the VMA gives now. */
void pt_protect_range(struct vma *vma, uaddr_t start, uaddr_t end, u32 old_flags);
/* Takes the right to write from the pages of [start, end) inside vma. */
void pt_write_protect(struct vma *vma, uaddr_t start, uaddr_t end);
/* Removes the pages of [start, end), on the host by one request. */
void pt_zap_range(struct mm *mm, uaddr_t start, uaddr_t end);
/* Takes [start, end) from the host; the page table stays. */
void pt_hide_range(struct mm *mm, uaddr_t start, uaddr_t end);
/* Enters a frame, whose reference it takes over. 0, -ENOMEM. Not yet mapped. */
int pt_enter(struct mm *mm, uaddr_t addr, u64 pte);
/* Applies a batch; should it fail, nothing of the space is mapped any more. */
void pt_commit(struct mm *mm, struct as_batch *batch);
/* Unmaps all of the space on the host. */
void pt_host_flush(struct mm *mm);
/* Drops every page and the page table: the space is going. */
void pt_destroy(struct mm *mm);

/* --- protect.c -------------------------------------------------------------------- */

/* Gives the part [start, end) of vma new flags; rights change on the host too.
 * vma may be gone (joined) afterwards. 0, -ENOMEM. */
int vma_change_flags(struct vma *vma, uaddr_t start, uaddr_t end, u32 flags);

/* --- fault.c, fault_file.c --------------------------------------------------------- */

/* The stretch of pages around addr inside vma that a fault deals with: at most
 * limit pages (a power of two), aligned to their number. */
void fault_window(const struct vma *vma, uaddr_t addr, u32 limit,
		  uaddr_t *start, uaddr_t *end);
/* Brings in addr (page aligned) for access MM_*, and up to limit pages around;
 * rights have been checked. Errors as mm_fault, and -EAGAIN: VMAs changed while
 * it slept, look again (vma may be gone). */
int fault_page(struct vma *vma, uaddr_t addr, u32 access, u32 limit);
/* The same for a page of an object that is not present. */
int fault_object(struct vma *vma, uaddr_t addr, u32 limit);
/* A write to a present page of a shared mapping not yet writable. */
int fault_shared_write(struct vma *vma, uaddr_t addr);
/* Shows a present page that the host does not show, with its extent. */
int fault_remap(struct vma *vma, uaddr_t addr);
/* The copy-on-write work space. Boot. 0, -ENOMEM. */
int fault_init(void);

#endif
