/*
 * Moving and resizing mappings: mremap(2).
 *
 * A move enters all PTEs at the new place before it removes one at the old:
 * what can fail fails while the old mapping is whole. The host learns of the
 * new place fault by fault, an extent each.
 */
#include "lib/bug.h"
#include "lib/err.h"
#include "mm/mm_internal.h"

#include <linux/mman.h>

struct move {
	struct mm *mm;
	uaddr_t old, new;
	u64 old_len, new_len;
	u32 flags;
	struct vma *detached; /* freed when all is done: that may sleep */
};

/* Forgets PTEs of the range without touching the frames' references. */
static void forget_ptes(struct mm *mm, uaddr_t start, uaddr_t end)
{
	u64 k = start >> PAGE_SHIFT;

	while (radix_next(&mm->pt, &k) && k < end >> PAGE_SHIFT)
		radix_del(&mm->pt, k);
}

/* Enters the PTEs of the old range at the new place too. */
static int copy_ptes(const struct move *m)
{
	u64 k = m->old >> PAGE_SHIFT, end = (m->old + m->old_len) >> PAGE_SHIFT;
	u64 shift = (m->new >> PAGE_SHIFT) - k, pte;

	for (; (pte = radix_next(&m->mm->pt, &k)) && k < end; k++)
		if (radix_set(&m->mm->pt, k + shift, pte & ~(u64)PTE_MAPPED)) {
			forget_ptes(m->mm, m->new, m->new + m->old_len);
			return -ENOMEM;
		}
	return 0;
}

/* The mapping [old, old_len) goes to [new, new_len), which is free. */
static s64 move_vma(struct move *m)
{
	struct mm *mm = m->mm;
	struct vma *vma, *copy;
	int err;

	/* two cuts, one new VMA */
	if (!vma_count_ok(mm, 3))
		return -ENOMEM;
	if (m->old_len && vma_split_range(mm, m->old, m->old + m->old_len))
		return -ENOMEM;
	vma = vma_at(mm, m->old);
	copy = vma_new(vma, m->new, m->new + m->new_len);
	if (!copy)
		return -ENOMEM;
	if (copy->object)
		copy->pgoff = vma_object_index(vma, m->old);
	copy->flags &= ~VMA_GROWSDOWN;
	err = copy_ptes(m);
	if (err) {
		vma_free(copy);
		return err;
	}
	vma_link(copy);
	pt_hide_range(mm, m->old, m->old + m->old_len);
	forget_ptes(mm, m->old, m->old + m->old_len);
	if (m->old_len && !(m->flags & MREMAP_DONTUNMAP))
		(void)vma_detach_range(mm, m->old, m->old + m->old_len,
				       &m->detached); /* no cut: cannot fail */
	copy = vma_merge(copy);
	if (copy->flags & VMA_LOCKED)
		(void)mm_populate(mm, m->new, m->new_len, MM_READ);
	return (s64)m->new;
}

/* The VMA that is to be resized, or ERR_PTR: Linux's vma_to_resize. */
static struct vma *check_vma(const struct move *m)
{
	struct vma *vma = vma_at(m->mm, m->old);
	u64 grow = m->new_len > m->old_len ? m->new_len - m->old_len : 0;

	if (!vma)
		return ERR_PTR(-EFAULT);
	if (!m->old_len && !(vma->flags & VMA_SHARED))
		return ERR_PTR(-EINVAL);
	if (m->old_len > vma->end - m->old)
		return ERR_PTR(-EFAULT);
	if (m->flags & MREMAP_DONTUNMAP)
		grow = m->new_len;
	if (vma_may_expand(m->mm, vma->flags, grow >> PAGE_SHIFT, 0))
		return ERR_PTR(-ENOMEM);
	return vma;
}

/* Unmaps what the old mapping has more than the new one is to have. */
static int cut_tail(struct move *m)
{
	uaddr_t old_end = m->old + m->old_len, new_end = m->old + m->new_len;

	if (old_end <= new_end)
		return 0;
	if (!user_range_ok(m->old, m->old_len))
		return -EINVAL;
	m->old_len = m->new_len;
	return vma_detach_range(m->mm, new_end, old_end, &m->detached);
}

/* MREMAP_FIXED or MREMAP_DONTUNMAP: the place is given or at least another. */
static s64 remap_to(struct move *m, uaddr_t new_addr)
{
	bool fixed = m->flags & MREMAP_FIXED;
	s64 place = (s64)new_addr;
	struct vma *vma;
	int err = 0;

	if (fixed &&
	    ((new_addr & ~PAGE_MASK) || !user_range_ok(new_addr, m->new_len)))
		return -EINVAL;
	if (fixed && m->old + m->old_len > new_addr &&
	    new_addr + m->new_len > m->old)
		return -EINVAL;
	vma = check_vma(m);
	if (IS_ERR(vma))
		return PTR_ERR(vma);
	if (!fixed)
		place = place_find(m->mm, new_addr, m->new_len, false);
	if (place < 0)
		return place;
	m->new = (uaddr_t)place;
	if (fixed)
		err = vma_detach_range(m->mm, new_addr, new_addr + m->new_len,
				       &m->detached);
	if (!err)
		err = cut_tail(m);
	return err ? err : move_vma(m);
}

/* Makes the VMA longer where it is, if it ends there and space follows. */
static bool grow_in_place(const struct move *m, struct vma *vma)
{
	uaddr_t end = m->old + m->old_len;
	u64 grow = m->new_len - m->old_len;

	if (vma->end != end || !user_range_ok(m->old, m->new_len) ||
	    !place_is_free(m->mm, end, grow))
		return false;
	vma_set_range(vma, vma->start, end + grow);
	vma = vma_merge(vma);
	if (vma->flags & VMA_LOCKED)
		(void)mm_populate(m->mm, end, grow, MM_READ);
	return true;
}

static s64 resize(struct move *m)
{
	struct vma *vma;
	s64 place;

	if (m->old_len >= m->new_len) {
		int err = vma_at(m->mm, m->old) ? cut_tail(m) : -EFAULT;

		return err ? err : (s64)m->old;
	}
	vma = check_vma(m);
	if (IS_ERR(vma))
		return PTR_ERR(vma);
	if (m->old_len && grow_in_place(m, vma))
		return (s64)m->old;
	if (!(m->flags & MREMAP_MAYMOVE))
		return -ENOMEM;
	place = place_find(m->mm, 0, m->new_len, false);
	if (place < 0)
		return place;
	m->new = (uaddr_t)place;
	return move_vma(m);
}

s64 mm_remap(struct mm *mm, uaddr_t old, u64 old_len, u64 new_len, u32 flags,
	     uaddr_t new_addr)
{
	struct move m = { .mm = mm,
			  .old = old,
			  .old_len = ALIGN_UP(old_len, PAGE_SIZE),
			  .new_len = ALIGN_UP(new_len, PAGE_SIZE),
			  .flags = flags };
	s64 result;

	if (flags & ~(u32)(MREMAP_MAYMOVE | MREMAP_FIXED | MREMAP_DONTUNMAP))
		return -EINVAL;
	if ((flags & (MREMAP_FIXED | MREMAP_DONTUNMAP)) && !(flags & MREMAP_MAYMOVE))
		return -EINVAL;
	if ((flags & MREMAP_DONTUNMAP) && old_len != new_len)
		return -EINVAL;
	if ((old & ~PAGE_MASK) || !m.new_len)
		return -EINVAL;
	if (old + m.old_len < old || m.old_len < old_len)
		return -EINVAL;
	if (flags & (MREMAP_FIXED | MREMAP_DONTUNMAP))
		result = remap_to(&m, new_addr);
	else
		result = resize(&m);
	vma_free_list(m.detached);
	return result;
}
