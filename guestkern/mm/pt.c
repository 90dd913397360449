/*
 * The page table of an address space and the host mappings that cache it.
 *
 * Owns the PTEs and, through them, one reference on each frame they name. A
 * PTE's frame is mapped on the host exactly if PTE_MAPPED is set and the space
 * is loaded; a backend that maps a space anew renews the bits.
 */
#include "abi/layout.h"
#include "hal/hal.h"
#include "lib/bug.h"
#include "lib/err.h"
#include "mm/mm_internal.h"
#include "mm/page.h"

/* What a load maps at once. The rest comes by faults: a space of thousands of
 * scattered pages must not make every switch to it a long one. */
#define REPLAY_EXTENTS_MAX 1024

/* As x86 page tables have it, what may be written or executed may be read. */
static u32 host_prot(u32 vma_flags, u64 pte)
{
	u32 prot = 0;

	if (vma_flags & VMA_PROT)
		prot |= AS_R;
	if (vma_flags & VMA_X)
		prot |= AS_X;
	if ((vma_flags & VMA_W) && (pte & PTE_W))
		prot |= AS_W;
	return prot;
}

u32 pt_host_prot(const struct vma *vma, u64 pte)
{
	return host_prot(vma->flags, pte);
}

int pt_enter(struct mm *mm, uaddr_t addr, u64 pte)
{
	int err = radix_set(&mm->pt, addr >> PAGE_SHIFT, pte);

	if (err)
		return err;
	mm->resident_pages++;
	mm->resident_peak = MAX(mm->resident_peak, mm->resident_pages);
	return 0;
}

/* Walks the present PTEs of [start, end): for_each_pte(mm, start, end, k, slot). */
#define for_each_pte(mm, start, end, k, slot)                          \
	for ((k) = (start) >> PAGE_SHIFT;                              \
	     ((slot) = radix_next_slot(&(mm)->pt, &(k))) &&            \
	     (k) < (end) >> PAGE_SHIFT;                                \
	     (k)++)

void pt_host_flush(struct mm *mm)
{
	struct as_req req[2] = {
		{ .op = AS_UNMAP, .addr = user_low_min(),
		  .len_bytes = user_low_end() - user_low_min() },
		{ .op = AS_UNMAP, .addr = LODGER_USER_HIGH_BASE,
		  .len_bytes = LODGER_USER_HIGH_END - LODGER_USER_HIGH_BASE },
	};
	bool high = place_range_end(LODGER_USER_HIGH_BASE) != 0;
	u64 k, *slot;
	size_t done;

	mm->flush_seq++;
	for_each_pte(mm, 0UL, UINT64_MAX, k, slot)
		if (*slot & PTE_MAPPED)
			*slot &= ~(u64)PTE_MAPPED;
	/* whole ranges: no host mapping is cut, so the host cannot refuse */
	if (as_backend->apply(&mm->as, req, high ? 2 : 1, &done))
		panic("the host refuses to unmap the user ranges");
}

void pt_commit(struct mm *mm, struct as_batch *batch)
{
	if (as_batch_finish(batch))
		pt_host_flush(mm);
}

static int map_range_once(struct vma *vma, uaddr_t start, uaddr_t end,
			  bool all_used)
{
	struct as_batch batch;
	u64 k, *slot;

	as_batch_init(&batch, &vma->mm->as);
	for_each_pte(vma->mm, start, end, k, slot) {
		struct as_req req = { .op = AS_MAP,
				      .prot = host_prot(vma->flags, *slot),
				      .all_used = all_used,
				      .addr = k << PAGE_SHIFT,
				      .len_bytes = PAGE_SIZE,
				      .gpa = pfn_to_gpa(pte_pfn(*slot)) };

		as_batch_add(&batch, &req);
	}
	return as_batch_finish(&batch);
}

int pt_map_range(struct vma *vma, uaddr_t start, uaddr_t end, bool all_used)
{
	u64 k, *slot;

	if (!(vma->flags & VMA_PROT))
		return 0;
	if (map_range_once(vma, start, end, all_used)) {
		pt_host_flush(vma->mm);
		if (map_range_once(vma, start, end, all_used)) {
			pt_host_flush(vma->mm);
			return -ENOMEM;
		}
	}
	for_each_pte(vma->mm, start, end, k, slot)
		*slot |= PTE_MAPPED;
	return 0;
}

void pt_hide_range(struct mm *mm, uaddr_t start, uaddr_t end)
{
	struct as_req req = { .op = AS_UNMAP, .addr = start,
			      .len_bytes = end - start };
	bool mapped = false;
	struct as_batch batch;
	u64 k, *slot;

	for_each_pte(mm, start, end, k, slot) {
		mapped |= *slot & PTE_MAPPED;
		*slot &= ~(u64)PTE_MAPPED;
	}
	if (!mapped)
		return;
	as_batch_init(&batch, &mm->as);
	as_batch_add(&batch, &req);
	pt_commit(mm, &batch);
}

void pt_zap_range(struct mm *mm, uaddr_t start, uaddr_t end)
{
	u64 k = start >> PAGE_SHIFT, pte;

	pt_hide_range(mm, start, end);
	while ((pte = radix_next(&mm->pt, &k)) && k < end >> PAGE_SHIFT) {
		radix_del(&mm->pt, k);
		page_put(pte_pfn(pte));
		mm->resident_pages--;
	}
}

/* The PTE after a change of rights: private frames that nobody shares may be
 * written at once, shared ones are looked at again when they are. */
static u64 pte_with_rights(const struct vma *vma, u64 pte)
{
	if (!(vma->flags & VMA_W))
		return pte & ~(u64)PTE_W;
	if (vma_is_cow(vma) && page_refs(pte_pfn(pte)) == 1) {
		page_mark_dirty(pte_pfn(pte));
		return pte | PTE_W;
	}
	return pte;
}

void pt_protect_range(struct vma *vma, uaddr_t start, uaddr_t end, u32 old_flags)
{
	struct as_batch batch;
	u64 k, *slot;

	if (!(vma->flags & VMA_PROT))
		pt_hide_range(vma->mm, start, end);
	as_batch_init(&batch, &vma->mm->as);
	for_each_pte(vma->mm, start, end, k, slot) {
		struct as_req req = { .op = AS_PROTECT, .addr = k << PAGE_SHIFT,
				      .len_bytes = PAGE_SIZE };
		u32 had = host_prot(old_flags, *slot);

		*slot = pte_with_rights(vma, *slot);
		req.prot = host_prot(vma->flags, *slot);
		if ((*slot & PTE_MAPPED) && req.prot != had)
			as_batch_add(&batch, &req);
	}
	pt_commit(vma->mm, &batch);
}

void pt_write_protect(struct vma *vma, uaddr_t start, uaddr_t end)
{
	struct as_batch batch;
	u64 k, *slot;

	as_batch_init(&batch, &vma->mm->as);
	for_each_pte(vma->mm, start, end, k, slot) {
		struct as_req req = { .op = AS_PROTECT, .addr = k << PAGE_SHIFT,
				      .len_bytes = PAGE_SIZE };

		if (!(*slot & PTE_W))
			continue;
		*slot &= ~(u64)PTE_W;
		req.prot = host_prot(vma->flags, *slot);
		if (*slot & PTE_MAPPED)
			as_batch_add(&batch, &req);
	}
	pt_commit(vma->mm, &batch);
}

void pt_destroy(struct mm *mm)
{
	u64 k, *slot;

	for_each_pte(mm, 0UL, UINT64_MAX, k, slot)
		page_put(pte_pfn(*slot));
	radix_destroy(&mm->pt);
	mm->resident_pages = 0;
}

/* --- replay: a backend loads the space --------------------------------------- */

struct replay {
	struct as *as;
	void (*emit)(struct as *as, const struct as_req *req);
	struct as_req pending; /* len 0: none */
	u32 extents;
};

static void replay_flush(struct replay *r)
{
	if (r->pending.len_bytes)
		r->emit(r->as, &r->pending);
	r->pending.len_bytes = 0;
}

/* Adds a page; false when the extents that a load maps are used up. */
static bool replay_page(struct replay *r, uaddr_t addr, gpa_t gpa, u32 prot)
{
	struct as_req *last = &r->pending;

	if (last->len_bytes && last->addr + last->len_bytes == addr &&
	    last->gpa.v + last->len_bytes == gpa.v && last->prot == prot) {
		last->len_bytes += PAGE_SIZE;
		return true;
	}
	if (r->extents == REPLAY_EXTENTS_MAX)
		return false;
	replay_flush(r);
	r->extents++;
	*last = (struct as_req){ .op = AS_MAP, .prot = prot, .addr = addr,
				 .len_bytes = PAGE_SIZE, .gpa = gpa };
	return true;
}

static void pt_replay(struct as *as,
		      void (*emit)(struct as *as, const struct as_req *req))
{
	struct mm *mm = container_of(as, struct mm, as);
	struct replay r = { .as = as, .emit = emit };
	struct vma *vma = vma_find(mm, 0);
	u64 k, *slot;

	for_each_pte(mm, 0UL, UINT64_MAX, k, slot) {
		uaddr_t addr = k << PAGE_SHIFT;
		bool shown;

		while (vma && vma->end <= addr)
			vma = vma_next(vma);
		BUG_ON(!vma || vma->start > addr);
		shown = (vma->flags & VMA_PROT) &&
			replay_page(&r, addr, pfn_to_gpa(pte_pfn(*slot)),
				    host_prot(vma->flags, *slot));
		if (shown != !!(*slot & PTE_MAPPED))
			*slot ^= PTE_MAPPED;
	}
	replay_flush(&r);
}

static bool pt_frame_at(struct as *as, uaddr_t addr, gpa_t *gpa)
{
	u64 pte = radix_get(&container_of(as, struct mm, as)->pt, addr >> PAGE_SHIFT);

	if (pte)
		*gpa = pfn_to_gpa(pte_pfn(pte));
	return pte != 0;
}

static void pt_lost(struct as *as)
{
	mm_lost(container_of(as, struct mm, as));
}

const struct as_owner_ops pt_as_ops = { .replay = pt_replay,
					 .frame_at = pt_frame_at,
					 .lost = pt_lost };
