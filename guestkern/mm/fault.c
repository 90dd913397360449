/*
 * Page faults: what a page that is not (so) mapped should be.
 *
 *   not present, anonymous   fresh zeroed frames for a window of pages
 *   not present, object      fault_file.c; a private write goes on to the copy
 *   present, write refused   copy-on-write, neighbours with it, or in place
 *                            when nobody shares it
 *   present, all allowed     the host does not show it: map its extent
 *
 * Frames that may hold old data are cleared through the mapping just made, which
 * the program cannot reach before the fault returns (one CPU, kernel not
 * preemptible; with a second CPU contents have to come before the mapping).
 * The same holds for the copy: old page to the bounce page, new frame mapped in
 * its place, bounce page to the new one, so that it costs one host request.
 */
#include "hal/hal.h"
#include "lib/bug.h"
#include "lib/err.h"
#include "lib/string.h"
#include "mm/mm_internal.h"
#include "mm/page.h"
#include "mm/slab.h"
#include "mm/uaccess.h"

/* How far a page's neighbours are looked at, in the same request. A fault costs
 * as much as copying tens of pages; what is written after a fork lies close
 * together (stack, data), so that four at a time save about half of the faults,
 * and sixteen where the pages below were written too. */
#define UPGRADE_PAGES 64u
#define REMAP_PAGES 256u
#define REMAP_EXTENTS 8u
#define COPY_PAGES 4u
#define COPY_ORDER_MAX 4
#define COPY_PAGES_MAX (1u << COPY_ORDER_MAX)

static u8 *bounce; /* COPY_PAGES_MAX, touched as far as needed */

int fault_init(void)
{
	bounce = kpages_alloc(COPY_ORDER_MAX);
	return bounce ? 0 : -ENOMEM;
}

void fault_window(const struct vma *vma, uaddr_t addr, u32 limit,
		  uaddr_t *start, uaddr_t *end)
{
	u64 bytes = (u64)limit << PAGE_SHIFT;
	uaddr_t base = ALIGN_DOWN(addr, bytes);

	*start = MAX(base, vma->start);
	*end = MIN(base + bytes, vma->end);
}

/* Around costs frames that may never be touched: less when few are left. */
static u32 around_limit(void)
{
	u64 free = page_free_count(), total = page_total_count();

	if (free < total / 32)
		return 1;
	return free < total / 8 ? FAULT_AROUND_PAGES / 4 : FAULT_AROUND_PAGES;
}

/* Narrows the window to the absent pages next to addr. */
static void narrow_to_absent(struct mm *mm, uaddr_t addr, uaddr_t *start,
			     uaddr_t *end)
{
	uaddr_t low = addr, high = addr + PAGE_SIZE;

	while (low > *start && !radix_get(&mm->pt, (low >> PAGE_SHIFT) - 1))
		low -= PAGE_SIZE;
	while (high < *end && !radix_get(&mm->pt, high >> PAGE_SHIFT))
		high += PAGE_SIZE;
	*start = low;
	*end = high;
}

/* Clears what the mapping of a run of frames shows and is not known zero. */
static void clear_mapped(uaddr_t addr, pfn_t pfn, u32 count)
{
	for (u32 i = 0; i < count; i++) {
		if (!page_is_zero(pfn + i)) {
			memset(user_ptr(addr + i * PAGE_SIZE), 0, PAGE_SIZE);
			counters()->pages_zeroed++;
		}
		page_mark_dirty(pfn + i);
	}
}

/* Enters a run of frames; returns how many, the others are given back. */
static u32 enter_run(struct mm *mm, uaddr_t addr, pfn_t pfn, u32 count, u64 flags)
{
	u32 n = 0;

	while (n < count &&
	       !pt_enter(mm, addr + n * PAGE_SIZE, pte_make(pfn + n, flags)))
		n++;
	for (u32 i = n; i < count; i++)
		page_put(pfn + i);
	return n;
}

static bool is_present(const struct vma *vma, uaddr_t addr)
{
	return addr >= vma->start && addr < vma->end &&
	       radix_get(&vma->mm->pt, addr >> PAGE_SHIFT);
}

/* A window twice as large for as long as so much below it is present: what a
 * program walks through. At worst as much again as it has is for nothing. A
 * whole huge page of RAM lies where the host can show it by one entry. */
static u32 sequential_limit(const struct vma *vma, uaddr_t addr, u32 limit)
{
	u32 most = boot_info()->flags & LODGER_BOOT_RAM_HUGE ? FAULT_HUGE_PAGES :
							       FAULT_SEQUENTIAL_PAGES;

	while (limit >= FAULT_AROUND_PAGES && limit < most) {
		u64 bytes = (u64)limit << PAGE_SHIFT;
		uaddr_t base = ALIGN_DOWN(addr, bytes);

		if (base < bytes || !is_present(vma, base - PAGE_SIZE) ||
		    !is_present(vma, base - bytes / 2) ||
		    !is_present(vma, base - bytes))
			break;
		limit *= 2;
	}
	return limit;
}

/* A window that begins with its VMA is as long as any: a small mapping, wherever it
 * lies, takes one fault. */
static void anon_window(const struct vma *vma, uaddr_t addr, u32 limit,
			uaddr_t *start, uaddr_t *end)
{
	u64 bytes = (u64)limit << PAGE_SHIFT;

	fault_window(vma, addr, limit, start, end);
	if (*start == vma->start)
		*end = MIN(*start + bytes, vma->end);
}

static int fault_anon(struct vma *vma, uaddr_t addr, u32 limit)
{
	bool writable = vma->flags & VMA_W;
	uaddr_t start, end;
	u32 want, got;
	pfn_t pfn;

	limit = sequential_limit(vma, addr, limit);
	anon_window(vma, addr, limit, &start, &end);
	narrow_to_absent(vma->mm, addr, &start, &end);
	want = (u32)((end - start) >> PAGE_SHIFT);
	pfn = page_alloc_run(want, &got, writable ? 0 : PAGE_ZERO);
	if (pfn == PFN_NONE)
		return -ENOMEM;
	if (got < want)
		start = MIN(addr, end - got * PAGE_SIZE);
	got = enter_run(vma->mm, start, pfn, got, writable ? PTE_W : 0);
	end = start + got * PAGE_SIZE;
	if (end <= addr || pt_map_range(vma, start, end, writable)) {
		pt_zap_range(vma->mm, start, end);
		return -ENOMEM;
	}
	if (writable)
		clear_mapped(start, pfn, got);
	return 0;
}

/* Is the page at addr mapped read-only though nobody shares it? */
static bool can_upgrade(struct mm *mm, uaddr_t addr)
{
	u64 pte = radix_get(&mm->pt, addr >> PAGE_SHIFT);

	return (pte & (PTE_MAPPED | PTE_W)) == PTE_MAPPED &&
	       page_refs(pte_pfn(pte)) == 1;
}

static void pte_make_writable(struct mm *mm, uaddr_t addr)
{
	u64 *slot = radix_slot(&mm->pt, addr >> PAGE_SHIFT);

	*slot |= PTE_W;
	page_mark_dirty(pte_pfn(*slot));
}

/* A private page that only this space has becomes writable where it is, and
 * with it such neighbours as one request reaches. */
static int cow_in_place(struct vma *vma, uaddr_t addr)
{
	struct as_req req = { .op = AS_PROTECT };
	struct mm *mm = vma->mm;
	struct as_batch batch;
	uaddr_t start, end, low = addr, high = addr;

	if (!can_upgrade(mm, addr)) {
		pte_make_writable(mm, addr);
		return fault_remap(vma, addr);
	}
	fault_window(vma, addr, UPGRADE_PAGES, &start, &end);
	while (low > start && can_upgrade(mm, low - PAGE_SIZE))
		low -= PAGE_SIZE;
	for (; high < end && can_upgrade(mm, high); high += PAGE_SIZE)
		pte_make_writable(mm, high);
	for (uaddr_t at = low; at < addr; at += PAGE_SIZE)
		pte_make_writable(mm, at);
	req.addr = low;
	req.len_bytes = high - low;
	req.prot = pt_host_prot(vma, radix_get(&mm->pt, addr >> PAGE_SHIFT));
	as_batch_init(&batch, &mm->as);
	as_batch_add(&batch, &req);
	pt_commit(mm, &batch);
	return 0;
}

/* Is the page at addr mapped and to be copied when it is written? */
static bool can_copy(struct mm *mm, uaddr_t addr)
{
	u64 pte = radix_get(&mm->pt, addr >> PAGE_SHIFT);

	return (pte & (PTE_MAPPED | PTE_W)) == PTE_MAPPED &&
	       page_refs(pte_pfn(pte)) > 1;
}

static u32 copy_limit(const struct vma *vma, uaddr_t addr)
{
	u64 k = ALIGN_DOWN(addr >> PAGE_SHIFT, (u64)COPY_PAGES);
	struct radix *pt = &vma->mm->pt;

	if (around_limit() < FAULT_AROUND_PAGES)
		return 1;
	if ((radix_get(pt, k - 1) & PTE_W) &&
	    (radix_get(pt, k - COPY_PAGES) & PTE_W))
		return COPY_PAGES_MAX;
	return COPY_PAGES;
}

/* New frames for addr and such neighbours as are like it: the run starts at
 * *start and has *count pages. */
static pfn_t cow_frames(struct vma *vma, uaddr_t addr, uaddr_t *start, u32 *count)
{
	uaddr_t low = addr, high = addr + PAGE_SIZE, first, last;
	pfn_t pfn;

	fault_window(vma, addr, copy_limit(vma, addr), &first, &last);
	if (can_copy(vma->mm, addr)) {
		while (low > first && can_copy(vma->mm, low - PAGE_SIZE))
			low -= PAGE_SIZE;
		while (high < last && can_copy(vma->mm, high))
			high += PAGE_SIZE;
	}
	pfn = page_alloc_run((u32)((high - low) >> PAGE_SHIFT), count, 0);
	*start = MAX(low, MIN(addr, high - *count * PAGE_SIZE));
	return pfn;
}

/* Exchanges the frames of count PTEs with those of a run: old[] has PTEs. */
static void swap_frames(struct mm *mm, uaddr_t addr, u32 count, pfn_t new, u64 *old)
{
	for (u32 i = 0; i < count; i++) {
		u64 *slot = radix_slot(&mm->pt, (addr >> PAGE_SHIFT) + i);

		old[i] = *slot & ~(u64)PTE_MAPPED;
		*slot = pte_make(new + i, PTE_W);
	}
}

static int cow_copy(struct vma *vma, uaddr_t addr, u64 pte)
{
	struct mm *mm = vma->mm;
	u64 old[COPY_PAGES_MAX];
	uaddr_t start;
	u32 count;
	pfn_t new = cow_frames(vma, addr, &start, &count);
	int err;

	if (new == PFN_NONE)
		return -ENOMEM;
	if (pte & PTE_MAPPED)
		memcpy(bounce, user_ptr(start), count * PAGE_SIZE);
	else
		ram_read(pfn_to_gpa(pte_pfn(pte)), bounce, PAGE_SIZE);
	swap_frames(mm, start, count, new, old);
	err = pt_map_range(vma, start, start + count * PAGE_SIZE, true);
	if (!err)
		memcpy(user_ptr(start), bounce, count * PAGE_SIZE);
	for (u32 i = 0; i < count; i++) {
		page_mark_dirty(new + i);
		page_put(err ? new + i : pte_pfn(old[i]));
		if (err)
			*radix_slot(&mm->pt, (start >> PAGE_SHIFT) + i) = old[i];
	}
	counters()->pages_copied += err ? 0 : count;
	return err;
}

static int fault_cow(struct vma *vma, uaddr_t addr)
{
	u64 pte = radix_get(&vma->mm->pt, addr >> PAGE_SHIFT);

	if (page_refs(pte_pfn(pte)) == 1)
		return cow_in_place(vma, addr);
	return cow_copy(vma, addr, pte);
}

/* Is the page at addr present and not shown? Its PTE, or 0. */
static u64 hidden_pte(struct mm *mm, uaddr_t addr)
{
	u64 pte = radix_get(&mm->pt, addr >> PAGE_SHIFT);

	return pte & PTE_MAPPED ? 0 : pte;
}

/* Its own extent downwards; upwards, where programs go, some more. */
int fault_remap(struct vma *vma, uaddr_t addr)
{
	u64 pte = radix_get(&vma->mm->pt, addr >> PAGE_SHIFT), next = pte;
	uaddr_t start, end, low = addr, high = addr + PAGE_SIZE;
	u32 extents = 1;

	next &= ~(u64)PTE_MAPPED;
	pte = next;
	fault_window(vma, addr, REMAP_PAGES, &start, &end);
	while (low > start && hidden_pte(vma->mm, low - PAGE_SIZE) ==
				      (pte -= 1UL << PTE_SHIFT))
		low -= PAGE_SIZE;
	for (; high < end; high += PAGE_SIZE) {
		pte = hidden_pte(vma->mm, high);
		next += 1UL << PTE_SHIFT;
		if (!pte || (pte != next && ++extents > REMAP_EXTENTS))
			break;
		next = pte;
	}
	return pt_map_range(vma, low, high, false);
}

int fault_page(struct vma *vma, uaddr_t addr, u32 access, u32 limit)
{
	u64 pte = radix_get(&vma->mm->pt, addr >> PAGE_SHIFT);
	bool write = access & MM_WRITE;

	if (!pte) {
		int err;

		if (!vma->object)
			return fault_anon(vma, addr, limit);
		/* what the object has at hand costs page-table entries only */
		if (limit >= FAULT_AROUND_PAGES)
			limit = MAX(limit, FAULT_OBJECT_PAGES);
		err = fault_object(vma, addr, limit);
		if (err || !write || !vma_is_cow(vma))
			return err;
		return fault_cow(vma, addr);
	}
	if (write && !(pte & PTE_W))
		return vma_is_cow(vma) ? fault_cow(vma, addr) :
					 fault_shared_write(vma, addr);
	return fault_remap(vma, addr);
}

/* --- growing stacks -------------------------------------------------------------- */

static bool stack_may_grow(const struct vma *vma, uaddr_t start)
{
	const struct vma *below = vma_prev(vma);
	const struct mm *mm = vma->mm;

	if (!user_range_ok(start, vma->end - start) ||
	    vma->end - start > mm->stack_limit)
		return false;
	if (below && below->end > start)
		return false;
	/* Linux: no gap is kept to what cannot be run into unnoticed */
	if (below && (below->flags & VMA_PROT) && !(below->flags & VMA_GROWSDOWN) &&
	    start - below->end < STACK_GUARD_BYTES)
		return false;
	return !vma_may_expand(mm, vma->flags,
			       (vma->start - start) >> PAGE_SHIFT, 0);
}

/* The stack above addr grown down to it, or NULL. A whole window at once, as
 * far as that is allowed: the next fault is then not for the next page. */
static struct vma *stack_grow(struct vma *above, uaddr_t addr)
{
	uaddr_t start = ALIGN_DOWN(addr, (u64)FAULT_AROUND_PAGES << PAGE_SHIFT);

	if (!above || !(above->flags & VMA_GROWSDOWN))
		return NULL;
	if (!stack_may_grow(above, start)) {
		start = ALIGN_DOWN(addr, PAGE_SIZE);
		if (!stack_may_grow(above, start))
			return NULL;
	}
	vma_set_range(above, start, above->end);
	return above;
}

static bool access_allowed(const struct vma *vma, enum mm_access access)
{
	if (access & MM_WRITE)
		return vma->flags & VMA_W;
	if (access & MM_EXEC)
		return vma->flags & VMA_X;
	return vma->flags & VMA_PROT;
}

int mm_fault(struct mm *mm, uaddr_t addr, enum mm_access access)
{
	struct vma *vma = vma_find(mm, addr);
	int err;

	BUG_ON(mm != mm_loaded());
	if (!vma || vma->start > addr)
		vma = stack_grow(vma, addr);
	if (!vma)
		return -EFAULT;
	if (!access_allowed(vma, access))
		return -EACCES;
	mm->faults_minor++;
	err = fault_page(vma, ALIGN_DOWN(addr, PAGE_SIZE), access, around_limit());
	return err == -EAGAIN ? 0 : err;
}

int mm_populate(struct mm *mm, uaddr_t addr, u64 len_bytes, u32 access)
{
	uaddr_t end = addr + len_bytes;

	while (addr < end) {
		struct vma *vma = vma_at(mm, addr);
		u64 pte;
		int err;

		if (!vma || !access_allowed(vma, (enum mm_access)access))
			return -ENOMEM;
		pte = radix_get(&mm->pt, addr >> PAGE_SHIFT);
		if (pte && (!(access & MM_WRITE) || (pte & PTE_W))) {
			addr += PAGE_SIZE;
			continue;
		}
		err = fault_page(vma, addr, access, POPULATE_PAGES);
		if (err && err != -EAGAIN)
			return err;
	}
	return 0;
}

bool mm_page_in_core(const struct vma *vma, uaddr_t addr)
{
	u64 index = vma_object_index(vma, addr);

	if (radix_get(&vma->mm->pt, addr >> PAGE_SHIFT))
		return true;
	return vma->object && vm_object_lookup(vma->object, index) != PFN_NONE;
}
