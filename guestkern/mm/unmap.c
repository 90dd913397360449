/*
 * Taking mappings away: munmap(2).
 *
 * VMAs are cut at the borders first, which is all that can fail; the pages and
 * their host mappings go next, the VMAs last: a present PTE never lies outside
 * a VMA. Letting go of a file may sleep, so detached VMAs are freed at the very
 * end, when the caller has made all its changes.
 */
#include "lib/err.h"
#include "mm/mm_internal.h"

int vma_detach_range(struct mm *mm, uaddr_t start, uaddr_t end, struct vma **detached)
{
	struct vma *vma = vma_find(mm, start);
	int err;

	if (!vma || vma->start >= end)
		return 0;
	err = vma_split_range(mm, start, end);
	if (err)
		return err;
	pt_zap_range(mm, MAX(start, user_low_min()), end);
	while ((vma = vma_find(mm, start)) && vma->start < end) {
		vma_unlink(vma);
		vma->detached_next = *detached;
		*detached = vma;
	}
	return 0;
}

int mm_unmap(struct mm *mm, uaddr_t addr, u64 len_bytes)
{
	u64 len = ALIGN_UP(len_bytes, PAGE_SIZE);
	uaddr_t limit = place_range_end(addr);
	struct vma *detached = NULL;
	int err;

	if ((addr & ~PAGE_MASK) || !len || !limit || len > limit - addr)
		return -EINVAL;
	err = vma_detach_range(mm, addr, addr + len, &detached);
	vma_free_list(detached);
	return err;
}
