/*
 * Copying an address space for fork(2).
 *
 * The child gets every VMA and every PTE, read-only where a page is private;
 * the parent's private pages become read-only too, on the host by one request
 * for each contiguous stretch of writable ones. Should memory run out on the
 * way, what the parent lost is only the right to write without a fault.
 */
#include "lib/err.h"
#include "mm/mm_internal.h"
#include "mm/overcommit.h"
#include "mm/page.h"

static int copy_pages(struct mm *child, struct vma *vma, struct as_batch *batch)
{
	u64 k = vma->start >> PAGE_SHIFT, end = vma->end >> PAGE_SHIFT, *slot;
	struct radix *pt = &vma->mm->pt;
	bool cow = vma_is_cow(vma);

	for (; (slot = radix_next_slot(pt, &k)) && k < end; k++) {
		u64 pte = *slot;

		if (cow && (pte & PTE_W)) {
			*slot = pte &= ~(u64)PTE_W;
			if (pte & PTE_MAPPED) {
				struct as_req req = { .op = AS_PROTECT,
						      .prot = pt_host_prot(vma, pte),
						      .addr = k << PAGE_SHIFT,
						      .len_bytes = PAGE_SIZE };

				as_batch_add(batch, &req);
			}
		}
		page_get(pte_pfn(pte));
		if (pt_enter(child, k << PAGE_SHIFT, pte & ~(u64)PTE_MAPPED)) {
			page_put(pte_pfn(pte));
			return -ENOMEM;
		}
	}
	return 0;
}

static int copy_vma(struct mm *child, struct vma *vma, struct as_batch *batch)
{
	struct vma *copy;

	if (vma->flags & VMA_DONTFORK)
		return 0;
	if (!overcommit_ok(vma->flags, vma_pages(vma)))
		return -ENOMEM;
	copy = vma_new(vma, vma->start, vma->end);
	if (!copy)
		return -ENOMEM;
	copy->mm = child;
	copy->flags &= ~VMA_LOCKED; /* locks are not inherited: mlock(2) */
	vma_link(copy);
	if (vma->flags & VMA_WIPEONFORK)
		return 0;
	return copy_pages(child, vma, batch);
}

static void copy_layout(struct mm *child, const struct mm *mm)
{
	child->brk_start = mm->brk_start;
	child->brk = mm->brk;
	child->membarrier = mm->membarrier;
	child->mmap_top = mm->mmap_top;
	child->stack_top = mm->stack_top;
	child->stack_limit = mm->stack_limit;
	child->as_limit = mm->as_limit;
	child->data_limit = mm->data_limit;
	child->arg_start = mm->arg_start;
	child->arg_end = mm->arg_end;
	child->env_start = mm->env_start;
	child->env_end = mm->env_end;
	child->code_start = mm->code_start;
	child->code_end = mm->code_end;
	child->data_start = mm->data_start;
	child->data_end = mm->data_end;
	for (size_t i = 0; i < ARRAY_SIZE(mm->auxv); i++)
		child->auxv[i] = mm->auxv[i];
}

struct mm *mm_fork(struct mm *mm)
{
	struct mm *child = mm_create();
	struct as_batch batch;
	int err = 0;

	if (!child)
		return ERR_PTR(-ENOMEM);
	copy_layout(child, mm);
	as_batch_init(&batch, &mm->as);
	for (struct vma *vma = vma_find(mm, 0); vma && !err; vma = vma_next(vma))
		err = copy_vma(child, vma, &batch);
	pt_commit(mm, &batch);
	if (!err)
		return child;
	mm_put(child);
	return ERR_PTR(err);
}
