/* Writing program text: patched call sites. */
#include "hal/hal.h"
#include "lib/err.h"
#include "mm/mm_internal.h"
#include "mm/page.h"

/* Gives the page a frame that only this space has. */
static int own_frame(struct vma *vma, uaddr_t page, u64 *slot)
{
	pfn_t old = pte_pfn(*slot), new;
	int err;

	if (page_refs(old) == 1)
		return 0;
	new = page_alloc(0, 0);
	if (new == PFN_NONE)
		return -ENOMEM;
	ram_copy(pfn_to_gpa(new), pfn_to_gpa(old), PAGE_SIZE);
	page_mark_dirty(new);
	*slot = pte_make(new, *slot & PTE_W);
	err = pt_map_range(vma, page, page + PAGE_SIZE, true);
	if (err) {
		*slot = pte_make(old, 0);
		page_put(new);
		return err;
	}
	page_put(old);
	return 0;
}

int mm_poke_text(struct mm *mm, uaddr_t addr, const void *bytes, size_t len_bytes)
{
	uaddr_t page = ALIGN_DOWN(addr, PAGE_SIZE);
	struct vma *vma = vma_at(mm, addr);
	u64 *slot = radix_slot(&mm->pt, addr >> PAGE_SHIFT);
	gpa_t at;
	int err;

	if (!vma || !slot || (vma->flags & VMA_SHARED) || !(vma->flags & VMA_X))
		return -EFAULT;
	err = own_frame(vma, page, slot);
	if (err)
		return err;
	at = pfn_to_gpa(pte_pfn(*slot));
	at.v += addr - page;
	ram_poke(at, bytes, len_bytes);
	return 0;
}
