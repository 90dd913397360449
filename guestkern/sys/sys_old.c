/*
 * Calls that nobody needs any longer and old programs still make: sysfs, ustat,
 * remap_file_pages; iopl and ioperm, refused as by a kernel under lockdown; ptrace,
 * refused to everybody.
 */
#include "fs/vfs.h"
#include "lib/err.h"
#include "lib/string.h"
#include "mm/mm.h"
#include "mm/slab.h"
#include "mm/uaccess.h"
#include "proc/task.h"
#include "sys/syscall.h"

#include <asm/mman.h>
#include <linux/capability.h>
#include <linux/ptrace.h>

#define PORTS 65536
#define IOPL_MAX 3

/* --- file systems ----------------------------------------------------------------------- */

static s64 fs_index(uaddr_t name_at)
{
	char *name = getname(name_at);
	const struct fs_type *type;
	s64 result = -EINVAL;

	if (IS_ERR(name))
		return PTR_ERR(name);
	for (u32 i = 0; (type = fs_type_at(i)) && result < 0; i++)
		if (strcmp(type->name, name) == 0)
			result = i;
	kfree(name);
	return result;
}

static s64 fs_name(u32 index, uaddr_t to)
{
	const struct fs_type *type = fs_type_at(index);

	if (!type)
		return -EINVAL;
	return copy_to_user(to, type->name, strlen(type->name) + 1);
}

s64 sys_sysfs(const u64 arg[6])
{
	s64 count = 0;

	switch ((s32)arg[0]) {
	case 1:
		return fs_index(arg[1]);
	case 2:
		return fs_name((u32)arg[1], arg[2]);
	case 3:
		while (fs_type_at((u32)count))
			count++;
		return count;
	default:
		return -EINVAL;
	}
}

/* struct ustat of the manual page; the kernel's own headers have it no more. */
struct ustat_user {
	s32 tfree;
	u64 tinode;
	char fname[6], fpack[6];
};

s64 sys_ustat(const u64 arg[6])
{
	u64 dev = (arg[0] >> 12 & 0xfff00) | (arg[0] & 0xff) | (arg[0] & 0xfff00);
	struct ustat_user out;
	struct fs_usage u;
	struct mount *m;

	for (m = mount_first(); m; m = mount_next(m))
		if (super_dev(m->sb) == arg[0] || super_dev(m->sb) == dev)
			break;
	if (!m)
		return -EINVAL;
	super_usage(m->sb, &u);
	memset(&out, 0, sizeof(out));
	out.tfree = (s32)u.bfree;
	out.tinode = u.ffree;
	return put_user(out, arg[1]);
}

/* --- memory -------------------------------------------------------------------------------- */

/* Is [start, end) one shared mapping of vma's object and protection? */
static bool covers(const struct vma *vma, uaddr_t end)
{
	const struct vma *next;

	for (; vma->end < end; vma = next) {
		next = vma_next(vma);
		if (!next || next->start != vma->end || next->object != vma->object ||
		    next->flags != vma->flags)
			return false;
	}
	return true;
}

/* As Linux since 4.0: a mapping of its own in the place of the old pages. */
s64 sys_remap_file_pages(const u64 arg[6])
{
	struct mm *mm = current_task()->mm;
	uaddr_t start = ALIGN_DOWN(arg[0], PAGE_SIZE);
	u64 len = ALIGN_DOWN(arg[1], PAGE_SIZE);
	const struct vma *vma;
	struct map_req req;
	s64 result;

	if (arg[2] || start + len <= start)
		return -EINVAL;
	if (arg[3] + (len >> PAGE_SHIFT) < arg[3])
		return -EINVAL;
	vma = vma_at(mm, start);
	if (!vma || !(vma->flags & VMA_SHARED) || !vma->object || !covers(vma, start + len))
		return -EINVAL;
	req = (struct map_req){
		.addr = start,
		.len_bytes = len,
		.vma_flags = vma->flags,
		.max_prot = vma->max_prot,
		.fixed = true,
		.populate = !(arg[4] & MAP_NONBLOCK),
		.object = vma->object,
		.file = vma->file,
		.pgoff = arg[3],
	};
	result = mm_map(mm, &req);
	return result < 0 ? result : 0;
}

/* --- ports: there are none ------------------------------------------------------------------- */

s64 sys_iopl(const u64 arg[6])
{
	u32 level = (u32)arg[0];

	if (level > IOPL_MAX)
		return -EINVAL;
	return level ? -EPERM : 0;
}

s64 sys_ioperm(const u64 arg[6])
{
	if (arg[0] + arg[1] <= arg[0] || arg[0] + arg[1] > PORTS)
		return -EINVAL;
	return (s32)arg[2] ? -EPERM : 0;
}

/* --- ptrace -------------------------------------------------------------------------------- */

/* As where nobody may (Yama's ptrace_scope 3). */
s64 sys_ptrace(const u64 arg[6])
{
	if ((s64)arg[0] == PTRACE_TRACEME)
		return -EPERM;
	return task_find((s32)arg[1]) ? -EPERM : -ESRCH;
}
