/* Changing rights of mappings: mprotect(2), and the lock flag: mlock(2). */
#include "lib/err.h"
#include "mm/mm_internal.h"

/* Cuts vma to [start, end) and returns the part, or NULL without memory. */
static struct vma *isolate(struct vma *vma, uaddr_t start, uaddr_t end)
{
	struct mm *mm = vma->mm;

	if (vma_split_range(mm, start, end))
		return NULL;
	return vma_at(mm, start);
}

int vma_change_flags(struct vma *vma, uaddr_t start, uaddr_t end, u32 flags)
{
	u32 old = vma->flags;

	if (flags == old)
		return 0;
	vma = isolate(vma, start, end);
	if (!vma)
		return -ENOMEM;
	vma_set_flags(vma, flags);
	if ((flags ^ old) & VMA_PROT)
		pt_protect_range(vma, start, end, old);
	vma_merge(vma);
	return 0;
}

static int check_prot_change(const struct vma *vma, uaddr_t start, uaddr_t end,
			     u32 prot)
{
	if (prot & ~vma->max_prot)
		return -EACCES;
	/* private pages that become data are limited; that they are too many
	 * anyway is no news (Linux: mprotect_fixup) */
	if ((prot & VMA_W) && !(vma->flags & (VMA_W | VMA_SHARED))) {
		u64 pages = (end - start) >> PAGE_SHIFT;

		if (vma_may_expand(vma->mm, vma->flags | VMA_W, pages, pages) &&
		    !vma_may_expand(vma->mm, vma->flags, pages, pages))
			return -ENOMEM;
	}
	return 0;
}

int mm_protect(struct mm *mm, uaddr_t addr, u64 len_bytes, u32 prot)
{
	u64 len = ALIGN_UP(len_bytes, PAGE_SIZE);
	uaddr_t end = addr + len, next;

	if (addr & ~PAGE_MASK)
		return -EINVAL;
	if (!len_bytes)
		return 0;
	if (end <= addr)
		return -ENOMEM;
	for (; addr < end; addr = next) {
		struct vma *vma = vma_at(mm, addr);
		int err;

		if (!vma)
			return -ENOMEM;
		next = MIN(vma->end, end);
		err = check_prot_change(vma, addr, next, prot);
		if (!err)
			err = vma_change_flags(vma, addr, next,
					       (vma->flags & ~VMA_PROT) | prot);
		if (err)
			return err;
	}
	return 0;
}

int mm_set_policy(struct mm *mm, uaddr_t addr, u64 len_bytes, u32 policy)
{
	uaddr_t end = addr + len_bytes, next;

	for (; addr < end; addr = next) {
		struct vma *vma = vma_at(mm, addr);
		int err;

		if (!vma)
			return -EFAULT;
		next = MIN(vma->end, end);
		err = vma_change_flags(vma, addr, next,
				       (vma->flags & ~VMA_POLICY) | policy);
		if (err)
			return err;
	}
	return 0;
}

static u32 locked_flags(const struct vma *vma, bool locked)
{
	return locked ? vma->flags | VMA_LOCKED : vma->flags & ~VMA_LOCKED;
}

int mm_lock(struct mm *mm, uaddr_t addr, u64 len_bytes, bool locked)
{
	uaddr_t end = addr + len_bytes, next;

	for (; addr < end; addr = next) {
		struct vma *vma = vma_at(mm, addr);
		int err;

		if (!vma)
			return -ENOMEM;
		next = MIN(vma->end, end);
		err = vma_change_flags(vma, addr, next, locked_flags(vma, locked));
		if (err)
			return err;
	}
	return 0;
}

int mm_lock_all(struct mm *mm, bool locked)
{
	struct vma *vma = vma_find(mm, 0);

	while (vma) {
		uaddr_t end = vma->end;
		int err = vma_change_flags(vma, vma->start, end,
					   locked_flags(vma, locked));

		if (err)
			return err;
		vma = vma_find(mm, end);
	}
	return 0;
}
