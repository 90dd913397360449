/*
 * Faults on pages of memory objects: files and shared anonymous memory.
 *
 * The faulting page is asked of its object, which may sleep; the pages around
 * it are taken as far as the object has them at hand and few host requests
 * show them. Private mappings show the object's frame read-only.
 */
#include "lib/err.h"
#include "mm/mm_internal.h"
#include "mm/page.h"

/* Neighbours are worth a request each only up to here. */
#define AROUND_EXTENTS_MAX 4

/*
 * The object's frame for addr. The object (and the file that keeps alive what
 * it reads from) is held over the call, which may sleep; -EAGAIN when VMAs
 * changed meanwhile.
 */
static int object_page(struct vma *vma, uaddr_t addr, bool for_write, pfn_t *pfn)
{
	struct vm_object *obj = vma->object;
	struct mm *mm = vma->mm;
	u32 seq = mm->map_seq;
	void *file = vma->file;
	int err;

	vma_hold(obj, file);
	err = obj->ops->get_page(obj, vma_object_index(vma, addr), for_write, pfn);
	if (seq != mm->map_seq)
		err = -EAGAIN;
	vma_release(obj, file);
	return err;
}

/* Frame at hand for a page that is not present, or PFN_NONE. */
static pfn_t neighbour(struct vma *vma, uaddr_t addr)
{
	u64 index = vma_object_index(vma, addr);

	if (radix_get(&vma->mm->pt, addr >> PAGE_SHIFT) ||
	    index >= ALIGN_UP(vma->object->size_bytes, PAGE_SIZE) >> PAGE_SHIFT)
		return PFN_NONE;
	return vm_object_lookup(vma->object, index);
}

/* May a page be written as soon as it is shown? Where the object wants to know
 * of the first write, that comes as a fault of its own. */
static bool writable_at_once(const struct vma *vma)
{
	return !vma_is_cow(vma) && (vma->flags & VMA_W) && !vma->object->track_writes;
}

/* Enters the object's frame; false when there is no memory for it. */
static bool enter(struct vma *vma, uaddr_t addr, pfn_t pfn)
{
	bool writable = writable_at_once(vma);

	page_get(pfn);
	if (pt_enter(vma->mm, addr, pte_make(pfn, writable ? PTE_W : 0))) {
		page_put(pfn);
		return false;
	}
	if (writable)
		page_mark_dirty(pfn);
	return true;
}

/* Enters neighbours from addr on in steps of one page (up or down) while they
 * are at hand; returns the last one's address. */
static uaddr_t enter_neighbours(struct vma *vma, uaddr_t addr, uaddr_t limit,
				s64 step, pfn_t pfn, u32 *extents)
{
	while (addr != limit) {
		pfn_t next = neighbour(vma, addr + (u64)step);

		if (next == PFN_NONE)
			break;
		if (next != (step > 0 ? pfn + 1 : pfn - 1) &&
		    ++*extents > AROUND_EXTENTS_MAX)
			break;
		if (!enter(vma, addr + (u64)step, next))
			break;
		addr += (u64)step;
		pfn = next;
	}
	return addr;
}

int fault_object(struct vma *vma, uaddr_t addr, u32 limit)
{
	uaddr_t start, end, low, high;
	u32 extents = 1;
	pfn_t pfn;
	int err = object_page(vma, addr, writable_at_once(vma), &pfn);

	if (err)
		return err;
	if (radix_get(&vma->mm->pt, addr >> PAGE_SHIFT))
		return -EAGAIN; /* another thread was faster */
	if (!enter(vma, addr, pfn))
		return -ENOMEM;
	fault_window(vma, addr, limit, &start, &end);
	high = enter_neighbours(vma, addr, end - PAGE_SIZE, (s64)PAGE_SIZE, pfn,
				&extents);
	low = enter_neighbours(vma, addr, start, -(s64)PAGE_SIZE, pfn, &extents);
	err = pt_map_range(vma, low, high + PAGE_SIZE, false);
	if (err)
		pt_zap_range(vma->mm, low, high + PAGE_SIZE);
	return err;
}

int fault_shared_write(struct vma *vma, uaddr_t addr)
{
	pfn_t pfn;
	u64 *slot;
	int err = object_page(vma, addr, true, &pfn);

	if (err)
		return err;
	slot = radix_slot(&vma->mm->pt, addr >> PAGE_SHIFT);
	if (!slot) /* truncated while get_page slept: faults again */
		return 0;
	page_get(pfn);
	page_put(pte_pfn(*slot));
	page_mark_dirty(pfn);
	*slot = pte_make(pfn, PTE_W);
	err = pt_map_range(vma, addr, addr + PAGE_SIZE, true);
	if (err)
		pt_zap_range(vma->mm, addr, addr + PAGE_SIZE);
	return err;
}
