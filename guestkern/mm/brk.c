/* The heap: brk(2). */
#include "lib/err.h"
#include "mm/mm_internal.h"

/* Maps [start, end) as heap, which joins the heap below it. */
static int heap_grow(struct mm *mm, uaddr_t start, uaddr_t end)
{
	struct map_req req = {
		.addr = start,
		.len_bytes = end - start,
		.vma_flags = VMA_R | VMA_W | VMA_HEAP,
		.max_prot = VMA_PROT,
		.fixed = true,
		.noreplace = true,
	};
	s64 addr;

	if (!place_is_free(mm, start, end - start))
		return -ENOMEM;
	addr = mm_map(mm, &req);
	return addr < 0 ? (int)addr : 0;
}

uaddr_t mm_brk(struct mm *mm, uaddr_t new_brk)
{
	uaddr_t old_end = ALIGN_UP(mm->brk, PAGE_SIZE), new_end;
	int err = 0;

	if (new_brk < mm->brk_start || new_brk > user_low_end())
		return mm->brk;
	if (mm->data_limit != UINT64_MAX &&
	    new_brk - mm->brk_start + (mm->data_end - mm->data_start) > mm->data_limit)
		return mm->brk;
	new_end = ALIGN_UP(new_brk, PAGE_SIZE);
	if (new_end > old_end)
		err = heap_grow(mm, old_end, new_end);
	else if (new_end < old_end)
		err = mm_unmap(mm, new_end, old_end - new_end);
	if (!err)
		mm->brk = new_brk;
	return mm->brk;
}
