/*
 * New mappings: mmap(2), as far as it is not about files and rights.
 */
#include "lib/err.h"
#include "mm/mm_internal.h"

/* Pages of the range that are mapped: they make room before they are
 * replaced. */
static u64 pages_inside(const struct mm *mm, uaddr_t start, uaddr_t end)
{
	u64 pages = 0;

	for (struct vma *vma = vma_find(mm, start); vma && vma->start < end;
	     vma = vma_next(vma))
		pages += (MIN(vma->end, end) - MAX(vma->start, start)) >> PAGE_SHIFT;
	return pages;
}

/* Where the mapping goes, or -errno in the order Linux has. */
static s64 choose_place(struct mm *mm, const struct map_req *req, u64 len)
{
	struct vma *vma;

	if (!req->fixed)
		return place_find(mm, req->addr, len, req->low);
	if (req->addr & ~PAGE_MASK)
		return -EINVAL;
	if (req->addr < user_low_min() && len <= user_low_end() - req->addr)
		return -EPERM; /* mmap_min_addr */
	if (!user_range_ok(req->addr, len))
		return -ENOMEM;
	vma = vma_find(mm, req->addr);
	if (req->noreplace && vma && vma->start < req->addr + len)
		return -EEXIST;
	return (s64)req->addr;
}

/* RLIMIT_AS counts what stays, RLIMIT_DATA and overcommit what comes. */
static int check_limits(const struct mm *mm, const struct map_req *req,
			uaddr_t addr, u64 len)
{
	u64 replaced = req->fixed ? pages_inside(mm, addr, addr + len) : 0;

	if (!vma_count_ok(mm, 1))
		return -ENOMEM;
	return vma_may_expand(mm, req->vma_flags, len >> PAGE_SHIFT, replaced);
}

static void populate(struct mm *mm, const struct vma *vma, uaddr_t addr, u64 len)
{
	u32 access = (vma->flags & VMA_W) ? MM_WRITE : MM_READ;

	if (mm == mm_loaded())
		(void)mm_populate(mm, addr, len, access); /* as Linux: silently */
}

s64 mm_map(struct mm *mm, const struct map_req *req)
{
	u64 len = ALIGN_UP(req->len_bytes, PAGE_SIZE);
	struct vma pattern = { .mm = mm,
			       .flags = req->vma_flags | mm->future_flags,
			       .max_prot = req->max_prot,
			       .object = req->object,
			       .pgoff = req->object ? req->pgoff : 0,
			       .file = req->file };
	struct vma *vma, *detached = NULL;
	s64 addr;
	int err;

	if (!req->len_bytes)
		return -EINVAL;
	if (!len)
		return -ENOMEM;
	addr = choose_place(mm, req, len);
	if (addr < 0)
		return addr;
	err = check_limits(mm, req, (uaddr_t)addr, len);
	if (err)
		return err;
	vma = vma_new(&pattern, (uaddr_t)addr, (uaddr_t)addr + len);
	if (!vma)
		return -ENOMEM;
	if (req->fixed)
		err = vma_detach_range(mm, (uaddr_t)addr, (uaddr_t)addr + len,
				       &detached);
	if (err) {
		vma_free(vma);
		return err;
	}
	vma_link(vma);
	vma = vma_merge(vma);
	if (req->populate || (vma->flags & VMA_LOCKED))
		populate(mm, vma, (uaddr_t)addr, len);
	vma_free_list(detached);
	return addr;
}
