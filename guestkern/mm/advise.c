/*
 * madvise(2). What frees or fills pages is done, what changes inheritance is
 * remembered, the rest are hints without a use here.
 */
#include "lib/err.h"
#include "mm/mm_internal.h"

#include <asm/mman.h>

/* MADV_POPULATE_*: errors as madvise(2) has them. */
static int advise_populate(struct vma *vma, uaddr_t start, uaddr_t end, u32 access)
{
	int err;

	if ((access & MM_WRITE) ? !(vma->flags & VMA_W) : !(vma->flags & VMA_PROT))
		return -EINVAL;
	err = mm_populate(vma->mm, start, end - start, access);
	return err == -ENODATA ? -EFAULT : err;
}

/* Linux asks for a file first, which shared anonymous memory has there. */
static int advise_remove(struct vma *vma, uaddr_t start, uaddr_t end)
{
	struct vm_object *obj = vma->object;
	u64 first;
	int err;

	if (!obj || vma->flags & VMA_LOCKED)
		return -EINVAL;
	if (!(vma->flags & VMA_SHARED) || !(vma->max_prot & VMA_W))
		return -EACCES;
	if (!obj->ops->punch)
		return -EOPNOTSUPP;
	first = vma_object_index(vma, start);
	vm_object_get(obj);
	err = obj->ops->punch(obj, first, first + ((end - start) >> PAGE_SHIFT));
	vm_object_put(obj);
	return err;
}

static int advise_vma(struct vma *vma, uaddr_t start, uaddr_t end, int advice)
{
	switch (advice) {
	case MADV_FREE:
		if (vma->object)
			return -EINVAL;
		pt_zap_range(vma->mm, start, end);
		return 0;
	case MADV_DONTNEED:
		if (vma->flags & VMA_LOCKED)
			return -EINVAL;
		pt_zap_range(vma->mm, start, end);
		return 0;
	case MADV_DONTNEED_LOCKED:
		pt_zap_range(vma->mm, start, end);
		return 0;
	case MADV_DONTFORK:
		return vma_change_flags(vma, start, end, vma->flags | VMA_DONTFORK);
	case MADV_DOFORK:
		return vma_change_flags(vma, start, end,
					vma->flags & ~VMA_DONTFORK);
	case MADV_DONTDUMP:
		return vma_change_flags(vma, start, end, vma->flags | VMA_DONTDUMP);
	case MADV_DODUMP:
		return vma_change_flags(vma, start, end, vma->flags & ~VMA_DONTDUMP);
	case MADV_WIPEONFORK:
		if (vma->object)
			return -EINVAL;
		return vma_change_flags(vma, start, end,
					vma->flags | VMA_WIPEONFORK);
	case MADV_KEEPONFORK:
		return vma_change_flags(vma, start, end,
					vma->flags & ~VMA_WIPEONFORK);
	case MADV_POPULATE_READ:
		return advise_populate(vma, start, end, MM_READ);
	case MADV_POPULATE_WRITE:
		return advise_populate(vma, start, end, MM_WRITE);
	case MADV_REMOVE:
		return advise_remove(vma, start, end);
	default:
		return 0;
	}
}

static bool is_known(int advice)
{
	switch (advice) {
	case MADV_NORMAL:
	case MADV_RANDOM:
	case MADV_SEQUENTIAL:
	case MADV_WILLNEED:
	case MADV_DONTNEED:
	case MADV_FREE:
	case MADV_REMOVE:
	case MADV_DONTFORK:
	case MADV_DOFORK:
	case MADV_HUGEPAGE:
	case MADV_NOHUGEPAGE:
	case MADV_DONTDUMP:
	case MADV_DODUMP:
	case MADV_WIPEONFORK:
	case MADV_KEEPONFORK:
	case MADV_COLD:
	case MADV_PAGEOUT:
	case MADV_POPULATE_READ:
	case MADV_POPULATE_WRITE:
	case MADV_DONTNEED_LOCKED:
		return true;
	}
	return false;
}

/* A hole does not stop it, but is told at the end: -ENOMEM. */
int mm_advise(struct mm *mm, uaddr_t addr, u64 len_bytes, int advice)
{
	u64 len = ALIGN_UP(len_bytes, PAGE_SIZE);
	uaddr_t end = addr + len;
	int result = 0;

	if ((addr & ~PAGE_MASK) || !is_known(advice) || (len_bytes && !len) ||
	    end < addr)
		return -EINVAL;
	while (addr < end) {
		struct vma *vma = vma_find(mm, addr);
		uaddr_t next;
		int err;

		if (!vma || vma->start > addr)
			result = -ENOMEM;
		if (!vma || vma->start >= end)
			break;
		addr = MAX(addr, vma->start);
		next = MIN(vma->end, end);
		err = advise_vma(vma, addr, next, advice);
		if (err)
			return err;
		addr = next;
	}
	return result;
}
