/*
 * System calls about memory: mmap and its company. Owns the checks of their
 * arguments, in Linux's order, and what concerns files; the work is mm's.
 */
#include "abi/boot.h"
#include "abi/layout.h"
#include "fs/file.h"
#include "fs/vfs.h"
#include "fs/vfs_internal.h"
#include "hal/hal.h"
#include "lib/err.h"
#include "mm/mm.h"
#include "mm/overcommit.h"
#include "mm/slab.h"
#include "mm/uaccess.h"
#include "proc/task.h"
#include "sys/handlers.h"

#include <asm/mman.h>
#include <linux/capability.h>
#include <linux/fcntl.h>
#include <linux/mman.h>
#include <linux/mount.h>
#include <linux/resource.h>

#define PROT_ALL (PROT_READ | PROT_WRITE | PROT_EXEC)

/* What MAP_SHARED_VALIDATE knows (Linux: LEGACY_MAP_MASK); MAP_SYNC not. */
#define MAP_KNOWN                                                          \
	(MAP_TYPE | MAP_FIXED | MAP_ANONYMOUS | MAP_DENYWRITE |            \
	 MAP_EXECUTABLE | MAP_UNINITIALIZED | MAP_GROWSDOWN | MAP_LOCKED | \
	 MAP_NORESERVE | MAP_POPULATE | MAP_NONBLOCK | MAP_STACK |         \
	 MAP_HUGETLB | MAP_32BIT | MAP_FIXED_NOREPLACE)

_Static_assert(PROT_READ == VMA_R && PROT_WRITE == VMA_W && PROT_EXEC == VMA_X,
	       "protection bits are VMA flags");

static struct mm *current_mm(void)
{
	return current_task()->mm;
}

/* Limits are the process's; mm keeps copies of what it checks. */
static void refresh_limits(struct mm *mm)
{
	const struct process *p = current_process();

	mm->as_limit = p->rlim[RLIMIT_AS].cur;
	mm->data_limit = p->rlim[RLIMIT_DATA].cur;
	mm->stack_limit = p->rlim[RLIMIT_STACK].cur;
}

static bool may_lock_any(void)
{
	return current_process()->rlim[RLIMIT_MEMLOCK].cur ||
	       capable(CAP_IPC_LOCK);
}

static bool may_lock(const struct mm *mm, u64 more_pages)
{
	u64 limit = current_process()->rlim[RLIMIT_MEMLOCK].cur >> PAGE_SHIFT;

	return mm->locked_pages + more_pages <= limit || capable(CAP_IPC_LOCK);
}

#define HUGE_2M_LOG 21
#define HUGE_1G_LOG 30

/* --- mmap ----------------------------------------------------------------------- */

/* Of huge pages there are none: an empty pool of the processor's two sizes. */
static s64 no_huge_pages(u32 flags)
{
	u32 log = flags >> MAP_HUGE_SHIFT & MAP_HUGE_MASK;

	return log && log != HUGE_2M_LOG && log != HUGE_1G_LOG ? -EINVAL : -ENOMEM;
}

/* Rights and object of a file mapping; f is referenced by the caller. */
static int map_file(struct map_req *req, struct file *f, u32 flags)
{
	u32 mode = f->flags & O_ACCMODE;
	u32 type = flags & MAP_TYPE;
	bool may_exec = true;
	int err;

	if (type == MAP_SHARED_VALIDATE && (flags & ~(u32)MAP_KNOWN))
		return -EOPNOTSUPP;
	req->max_prot = VMA_PROT;
	if (type != MAP_PRIVATE && type != MAP_SHARED && type != MAP_SHARED_VALIDATE)
		return -EINVAL;
	if (type != MAP_PRIVATE) {
		if ((req->vma_flags & VMA_W) && mode == O_RDONLY)
			return -EACCES;
		req->vma_flags |= VMA_SHARED;
		if (mode == O_RDONLY)
			req->max_prot &= ~VMA_W;
	}
	if (mode == O_WRONLY)
		return -EACCES;
	if (f->mnt && (f->mnt->flags & MS_NOEXEC)) {
		if (req->vma_flags & VMA_X)
			return -EPERM;
		may_exec = false;
	}
	if (!f->ops->mmap)
		return -ENODEV;
	if (flags & (MAP_GROWSDOWN | MAP_HUGETLB))
		return -EINVAL;
	req->file = f;
	err = f->ops->mmap(f, req);
	if (err)
		return err;
	if (!(f->flags & O_NOATIME))
		inode_accessed(f->inode, f->mnt);
	if (!may_exec)
		req->max_prot &= ~VMA_X;
	return req->vma_flags & VMA_PROT & ~req->max_prot ? -EACCES : 0;
}

static int map_anonymous(struct map_req *req, u32 flags)
{
	u32 type = flags & MAP_TYPE;

	req->max_prot = VMA_PROT;
	req->pgoff = 0;
	if (type == MAP_PRIVATE)
		return 0;
	if (type != MAP_SHARED || (flags & MAP_GROWSDOWN))
		return -EINVAL;
	req->vma_flags |= VMA_SHARED;
	req->object = vm_object_anon(ALIGN_UP(req->len_bytes, PAGE_SIZE));
	req->put_object = true;
	return req->object ? 0 : -ENOMEM;
}

/* No byte of the mapping lies beyond what a file offset can name. */
static bool file_offset_ok(const struct map_req *req)
{
	u64 len = ALIGN_UP(req->len_bytes, PAGE_SIZE);

	return len <= INT64_MAX && req->pgoff <= (INT64_MAX - len) >> PAGE_SHIFT;
}

static s64 do_mmap(struct map_req *req, struct file *f, u32 flags)
{
	struct mm *mm = current_mm();
	s64 result;
	int err;

	if (!req->len_bytes)
		return -EINVAL;
	if (req->len_bytes > LODGER_USER_HIGH_END)
		return -ENOMEM;
	if (f && !file_offset_ok(req))
		return -EOVERFLOW;
	if (flags & MAP_LOCKED) {
		if (!may_lock_any())
			return -EPERM;
		if (!may_lock(mm, req->len_bytes >> PAGE_SHIFT))
			return -EAGAIN;
		req->vma_flags |= VMA_LOCKED;
	}
	err = f ? map_file(req, f, flags) : map_anonymous(req, flags);
	result = err ? err : mm_map(mm, req);
	if (req->object && req->put_object)
		vm_object_put(req->object);
	return result;
}

s64 sys_mmap(const u64 arg[6])
{
	u32 flags = (u32)arg[3];
	struct map_req req = {
		.addr = arg[0],
		.len_bytes = arg[1],
		.vma_flags = (u32)arg[2] & PROT_ALL,
		.fixed = flags & (MAP_FIXED | MAP_FIXED_NOREPLACE),
		.noreplace = flags & MAP_FIXED_NOREPLACE,
		.populate = (flags & MAP_POPULATE) && !(flags & MAP_NONBLOCK),
		.low = flags & MAP_32BIT,
		.pgoff = arg[5] >> PAGE_SHIFT,
	};
	struct file *f = NULL;
	s64 result;

	if (arg[5] & ~PAGE_MASK)
		return -EINVAL;
	if (!(flags & MAP_ANONYMOUS)) {
		f = fd_get((int)arg[4]);
		if (!f || (f->flags & O_PATH)) {
			result = -EBADF;
			goto out_put;
		}
	} else if (flags & MAP_HUGETLB) {
		return no_huge_pages(flags);
	}
	if (flags & MAP_GROWSDOWN)
		req.vma_flags |= VMA_GROWSDOWN;
	if (flags & MAP_NORESERVE && overcommit_mode != OVERCOMMIT_NEVER)
		req.vma_flags |= VMA_NORESERVE;
	refresh_limits(current_mm());
	result = do_mmap(&req, f, flags);
out_put:
	if (f)
		file_put(f);
	return result;
}

s64 sys_munmap(const u64 arg[6])
{
	return mm_unmap(current_mm(), arg[0], arg[1]);
}

s64 sys_brk(const u64 arg[6])
{
	refresh_limits(current_mm());
	return (s64)mm_brk(current_mm(), arg[0]);
}

s64 sys_mremap(const u64 arg[6])
{
	refresh_limits(current_mm());
	return mm_remap(current_mm(), arg[0], arg[1], arg[2], (u32)arg[3], arg[4]);
}

/* PROT_GROWSDOWN: the range reaches down to the start of its stack. */
static int protect_start(struct mm *mm, u64 *addr, u64 *len, u64 prot)
{
	struct vma *vma = vma_at(mm, *addr);

	if (!(prot & (PROT_GROWSDOWN | PROT_GROWSUP)))
		return 0;
	if ((prot & PROT_GROWSUP) || !vma || !(vma->flags & VMA_GROWSDOWN))
		return -EINVAL;
	*len += *addr - vma->start;
	*addr = vma->start;
	return 0;
}

s64 sys_mprotect(const u64 arg[6])
{
	struct mm *mm = current_mm();
	u64 addr = arg[0], len = arg[1], prot = arg[2];
	int err;

	if ((prot & PROT_GROWSDOWN) && (prot & PROT_GROWSUP))
		return -EINVAL;
	if (addr & ~PAGE_MASK)
		return -EINVAL;
	if (!len)
		return 0;
	len = ALIGN_UP(len, PAGE_SIZE);
	if (addr + len <= addr)
		return -ENOMEM;
	if (prot & ~(u64)(PROT_ALL | PROT_SEM | PROT_GROWSDOWN | PROT_GROWSUP))
		return -EINVAL;
	refresh_limits(mm);
	err = protect_start(mm, &addr, &len, prot);
	return err ? err : mm_protect(mm, addr, len, (u32)prot & PROT_ALL);
}

s64 sys_madvise(const u64 arg[6])
{
	return mm_advise(current_mm(), arg[0], arg[1], (int)arg[2]);
}

/* --- mincore, msync ------------------------------------------------------------- */

#define MINCORE_CHUNK 256

/* Answers for up to MINCORE_CHUNK pages; -ENOMEM at a hole. */
static int mincore_chunk(uaddr_t addr, size_t pages, u8 *out)
{
	for (size_t i = 0; i < pages; i++, addr += PAGE_SIZE) {
		struct vma *vma = vma_at(current_mm(), addr);

		if (!vma)
			return -ENOMEM;
		out[i] = mm_page_in_core(vma, addr);
	}
	return 0;
}

s64 sys_mincore(const u64 arg[6])
{
	uaddr_t addr = arg[0], vec = arg[2];
	u64 pages = ALIGN_UP(arg[1], PAGE_SIZE) >> PAGE_SHIFT;
	u8 out[MINCORE_CHUNK];

	if (addr & ~PAGE_MASK)
		return -EINVAL;
	if (!user_range_ok(MAX(addr, user_low_min()), arg[1]))
		return -ENOMEM;
	while (pages) {
		size_t n = MIN(pages, (u64)MINCORE_CHUNK);
		int err = mincore_chunk(addr, n, out);

		if (err)
			return err;
		if (copy_to_user(vec, out, n))
			return -EFAULT;
		addr += n << PAGE_SHIFT;
		vec += n;
		pages -= n;
	}
	return 0;
}

/* Writes one shared file mapping back. Sleeps: vma may be gone afterwards. */
static int sync_vma(struct vma *vma)
{
	struct file *f = vma->file;
	int err = 0;

	if (!f || !(vma->flags & VMA_SHARED) || !f->ops->fsync)
		return 0;
	file_get(f);
	err = f->ops->fsync(f);
	file_put(f);
	return err;
}

s64 sys_msync(const u64 arg[6])
{
	uaddr_t addr = arg[0], end = addr + ALIGN_UP(arg[1], PAGE_SIZE);
	int flags = (int)arg[2], result = 0;

	if (flags & ~(MS_ASYNC | MS_INVALIDATE | MS_SYNC))
		return -EINVAL;
	if ((addr & ~PAGE_MASK) || ((flags & MS_ASYNC) && (flags & MS_SYNC)))
		return -EINVAL;
	if (end < addr)
		return -ENOMEM;
	while (addr < end) {
		struct vma *vma = vma_find(current_mm(), addr);
		int err = 0;

		if (!vma || vma->start > addr)
			result = -ENOMEM;
		if (!vma || vma->start >= end)
			return -ENOMEM;
		if ((flags & MS_INVALIDATE) && (vma->flags & VMA_LOCKED))
			return -EBUSY;
		addr = vma->end;
		if (flags & MS_SYNC)
			err = sync_vma(vma);
		if (err)
			return err;
	}
	return result;
}

/* --- locking ------------------------------------------------------------------------ */

static s64 do_mlock(u64 start, u64 len_bytes, bool populate)
{
	struct mm *mm = current_mm();
	uaddr_t addr = ALIGN_DOWN(start, PAGE_SIZE);
	u64 len = ALIGN_UP(len_bytes + (start - addr), PAGE_SIZE);
	int err;

	if (!may_lock_any())
		return -EPERM;
	if (!may_lock(mm, len >> PAGE_SHIFT))
		return -ENOMEM;
	if (addr + len < addr)
		return -EINVAL;
	err = mm_lock(mm, addr, len, true);
	if (err || !populate)
		return err;
	err = mm_populate(mm, addr, len, MM_READ);
	return err == -ENOMEM ? -EAGAIN : err ? -ENOMEM : 0;
}

s64 sys_mlock(const u64 arg[6])
{
	return do_mlock(arg[0], arg[1], true);
}

s64 sys_mlock2(const u64 arg[6])
{
	if (arg[2] & ~(u64)MLOCK_ONFAULT)
		return -EINVAL;
	return do_mlock(arg[0], arg[1], !(arg[2] & MLOCK_ONFAULT));
}

s64 sys_munlock(const u64 arg[6])
{
	uaddr_t addr = ALIGN_DOWN(arg[0], PAGE_SIZE);
	u64 len = ALIGN_UP(arg[1] + (arg[0] - addr), PAGE_SIZE);

	if (addr + len < addr)
		return -EINVAL;
	return mm_lock(current_mm(), addr, len, false);
}

/* All that is mapped and accessible comes in; errors are not told (Linux). */
static void populate_all(struct mm *mm)
{
	struct vma *vma = vma_find(mm, 0);

	while (vma) {
		uaddr_t end = vma->end;

		(void)mm_populate(mm, vma->start, end - vma->start, MM_READ);
		vma = vma_find(mm, end);
	}
}

s64 sys_mlockall(const u64 arg[6])
{
	u64 flags = arg[0];
	struct mm *mm = current_mm();
	int err = 0;

	if (!flags || (flags & ~(u64)(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT)) ||
	    flags == MCL_ONFAULT)
		return -EINVAL;
	if (!may_lock_any())
		return -EPERM;
	if ((flags & MCL_CURRENT) &&
	    !may_lock(mm, mm->total_pages - mm->locked_pages))
		return -ENOMEM;
	mm->future_flags = (flags & MCL_FUTURE) ? VMA_LOCKED : 0;
	if (flags & MCL_CURRENT)
		err = mm_lock_all(mm, true);
	if (!err && (flags & MCL_CURRENT) && !(flags & MCL_ONFAULT))
		populate_all(mm);
	return err;
}

s64 sys_munlockall(const u64 arg[6])
{
	(void)arg;
	current_mm()->future_flags = 0;
	return mm_lock_all(current_mm(), false);
}

/* --- protection keys: a CPU without any ----------------------------------------- */

s64 sys_pkey_alloc(const u64 arg[6])
{
	if (arg[0] || arg[1] & ~(u64)(PKEY_DISABLE_ACCESS | PKEY_DISABLE_WRITE))
		return -EINVAL;
	return -ENOSPC;
}

s64 sys_pkey_free(const u64 arg[6])
{
	(void)arg;
	return -EINVAL;
}

s64 sys_pkey_mprotect(const u64 arg[6])
{
	return (s32)arg[3] == -1 ? sys_mprotect(arg) : -EINVAL;
}
