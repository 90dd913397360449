/*
 * Memory policies (numa(7)) of a machine of one node: checked as Linux checks
 * them, kept and told. Where pages are put does not depend on them.
 *
 * A policy is one word: its mode in the lower bits, its mode flags above them, and
 * whether it names node 0; 0 is the default. A range's lies in its VMA's flags.
 */
#include "lib/err.h"
#include "lib/string.h"
#include "mm/mm.h"
#include "mm/uaccess.h"
#include "fs/procfs.h"
#include "proc/task.h"
#include "sys/syscall.h"

#include <linux/capability.h>
#include <linux/mempolicy.h>

#define NODES_MAX 64 /* as Debian's kernels are made */
#define NODES_REAL 1

#define POLICY_MODE 7u
#define POLICY_STATIC 8u
#define POLICY_RELATIVE 16u
#define POLICY_BALANCING 32u
#define POLICY_NODE0 64u

/* --- masks of nodes -------------------------------------------------------------------- */

/* max: one more than the bits to look at, as all these calls have it. */
static int nodes_get(u64 *nodes, uaddr_t from, u64 max)
{
	u64 bits = max - 1, word;

	*nodes = 0;
	if (!bits || !from || max == 0)
		return 0;
	if (bits > PAGE_SIZE * 8)
		return -EINVAL;
	for (u64 i = 0; i < ALIGN_UP(bits, 64) / 64; i++) {
		if (get_user(word, from + i * sizeof(word)))
			return -EFAULT;
		if (bits - i * 64 < 64)
			word &= (1ULL << (bits - i * 64)) - 1;
		if (i > 0 && word)
			return -EINVAL; /* beyond NODES_MAX */
		*nodes |= word;
	}
	return 0;
}

static int nodes_put(uaddr_t to, u64 max, u64 nodes)
{
	u64 bytes = ALIGN_UP(max - 1, 64) / 8;

	if (bytes > sizeof(nodes)) {
		if (bytes > PAGE_SIZE)
			return -EINVAL;
		if (clear_user(to + sizeof(nodes), bytes - sizeof(nodes)))
			return -EFAULT;
		bytes = sizeof(nodes);
	}
	return copy_to_user(to, &nodes, bytes);
}

/* --- policies --------------------------------------------------------------------------- */

static u32 policy_flags(u32 mode)
{
	return (mode & MPOL_F_STATIC_NODES ? POLICY_STATIC : 0) |
	       (mode & MPOL_F_RELATIVE_NODES ? POLICY_RELATIVE : 0) |
	       (mode & MPOL_F_NUMA_BALANCING ? POLICY_BALANCING : 0);
}

static u32 user_mode(u32 policy)
{
	return (policy & POLICY_MODE) |
	       (policy & POLICY_STATIC ? MPOL_F_STATIC_NODES : 0) |
	       (policy & POLICY_RELATIVE ? MPOL_F_RELATIVE_NODES : 0) |
	       (policy & POLICY_BALANCING ? MPOL_F_NUMA_BALANCING : 0);
}

static int check_mode(u32 mode, u32 flags)
{
	if (mode >= MPOL_MAX)
		return -EINVAL;
	if ((flags & POLICY_STATIC) && (flags & POLICY_RELATIVE))
		return -EINVAL;
	return (flags & POLICY_BALANCING) && mode != MPOL_BIND ? -EINVAL : 0;
}

/* The word for mode (with its flags) and nodes: >= 0, or -EINVAL. */
static s64 policy_make(u32 mode_and_flags, u64 nodes)
{
	u32 flags = policy_flags(mode_and_flags);
	u32 mode = mode_and_flags & ~(u32)MPOL_MODE_FLAGS;
	int err = check_mode(mode, flags);

	if (err)
		return err;
	if (mode == MPOL_DEFAULT)
		return nodes ? -EINVAL : 0;
	if (mode == MPOL_PREFERRED && !nodes)
		mode = MPOL_LOCAL;
	if (mode == MPOL_LOCAL)
		return nodes || (flags & (POLICY_STATIC | POLICY_RELATIVE)) ?
			       -EINVAL : (s64)(mode | flags);
	/* relative to what is allowed, any number is node 0 */
	if (!nodes || (!(nodes & 1) && !(flags & POLICY_RELATIVE)))
		return -EINVAL;
	return mode | flags | POLICY_NODE0;
}

static u32 vma_policy(const struct vma *vma)
{
	return (vma->flags & VMA_POLICY) >> VMA_POLICY_SHIFT;
}

s64 sys_set_mempolicy(const u64 arg[6])
{
	s64 policy;
	u64 nodes;
	int err;

	err = check_mode((u32)arg[0] & ~(u32)MPOL_MODE_FLAGS, policy_flags((u32)arg[0]));
	if (!err)
		err = nodes_get(&nodes, arg[1], arg[2]);
	if (err)
		return err;
	policy = policy_make((u32)arg[0], nodes);
	if (policy < 0)
		return policy;
	current_task()->mempolicy = (u32)policy;
	return 0;
}

/* MPOL_F_NODE: what the next page is to come from, or where that at addr is. */
static s64 node_of(uaddr_t addr, u32 flags, u32 policy)
{
	u8 byte;

	if (flags & MPOL_F_ADDR)
		return get_user(byte, addr) ? -EFAULT : 0;
	return (policy & POLICY_MODE) == MPOL_INTERLEAVE ? 0 : -EINVAL;
}

s64 sys_get_mempolicy(const u64 arg[6])
{
	u32 flags = (u32)arg[4], policy = current_task()->mempolicy;
	const struct vma *vma;
	u64 nodes;
	s32 mode;

	if (arg[1] && arg[2] < NODES_REAL)
		return -EINVAL;
	if (arg[4] & ~(u64)(MPOL_F_NODE | MPOL_F_ADDR | MPOL_F_MEMS_ALLOWED))
		return -EINVAL;
	if ((flags & MPOL_F_MEMS_ALLOWED) && (flags & (MPOL_F_NODE | MPOL_F_ADDR)))
		return -EINVAL;
	if (flags & MPOL_F_ADDR) {
		vma = vma_at(current_task()->mm, arg[3]);
		if (!vma)
			return -EFAULT;
		policy = vma_policy(vma) ? vma_policy(vma) : policy;
	} else if (arg[3]) {
		return -EINVAL;
	}
	mode = (s32)user_mode(policy);
	nodes = policy & POLICY_NODE0 ? 1 : 0;
	if (flags & MPOL_F_MEMS_ALLOWED) {
		mode = 0;
		nodes = 1;
	} else if (flags & MPOL_F_NODE) {
		mode = (s32)node_of(arg[3], flags, policy);
		if (mode < 0)
			return mode;
	}
	if (arg[0] && put_user(mode, arg[0]))
		return -EFAULT;
	return arg[1] ? nodes_put(arg[1], arg[2], nodes) : 0;
}

/* mbind leaves holes out where nothing is asked for but the default, unless there
 * is nothing but a hole. */
static s64 bind_default(struct mm *mm, uaddr_t addr, uaddr_t end)
{
	struct vma *vma = vma_find(mm, addr);
	int err;

	if (!vma || vma->start >= end)
		return -EFAULT;
	while (addr < end && vma && vma->start < end) {
		uaddr_t next = MIN(vma->end, end), start = MAX(vma->start, addr);

		err = mm_set_policy(mm, start, next - start, 0);
		if (err)
			return err;
		addr = next;
		vma = vma_find(mm, addr);
	}
	return 0;
}

s64 sys_mbind(const u64 arg[6])
{
	struct mm *mm = current_task()->mm;
	u64 len = ALIGN_UP(arg[1], PAGE_SIZE), nodes;
	u32 flags = (u32)arg[5];
	s64 policy;
	int err;

	err = check_mode((u32)arg[2] & ~(u32)MPOL_MODE_FLAGS, policy_flags((u32)arg[2]));
	if (!err)
		err = nodes_get(&nodes, arg[3], arg[4]);
	if (err)
		return err;
	if (flags & ~(u32)MPOL_MF_VALID)
		return -EINVAL;
	if ((flags & MPOL_MF_MOVE_ALL) && !capable(CAP_SYS_NICE))
		return -EPERM;
	if ((arg[0] & ~PAGE_MASK) || arg[0] + len < arg[0])
		return -EINVAL;
	if (!len)
		return 0;
	policy = policy_make((u32)arg[2], nodes);
	if (policy < 0)
		return policy;
	if (!policy)
		return bind_default(mm, arg[0], arg[0] + len);
	return mm_set_policy(mm, arg[0], len, (u32)policy << VMA_POLICY_SHIFT);
}

s64 sys_set_mempolicy_home_node(const u64 arg[6])
{
	u64 len = ALIGN_UP(arg[1], PAGE_SIZE);
	uaddr_t addr = arg[0], end = addr + len;
	s64 result = -ENOENT;

	if ((addr & ~PAGE_MASK) || arg[3] || arg[2] >= NODES_REAL || end < addr)
		return -EINVAL;
	if (!len)
		return 0;
	while (addr < end) {
		const struct vma *vma = vma_find(current_task()->mm, addr);
		u32 mode;

		if (!vma || vma->start >= end)
			break;
		mode = vma_policy(vma) & POLICY_MODE;
		addr = vma->end;
		if (!vma_policy(vma))
			continue;
		if (mode != MPOL_BIND && mode != MPOL_PREFERRED_MANY)
			return -EOPNOTSUPP;
		result = 0;
	}
	return result;
}

/* --- moving ------------------------------------------------------------------------------- */

/* Whose pages are meant; 0: one's own. ERR_PTR(-ESRCH, -EPERM). */
static struct task *task_meant(s32 pid)
{
	struct task *t = pid ? task_find(pid) : current_task();

	if (!t)
		return ERR_PTR(-ESRCH);
	return proc_may_access(t->proc) ? t : ERR_PTR(-EPERM);
}

s64 sys_migrate_pages(const u64 arg[6])
{
	u64 from, to;
	struct task *t;
	int err = nodes_get(&from, arg[2], arg[1]);

	if (!err)
		err = nodes_get(&to, arg[3], arg[1]);
	if (err)
		return err;
	t = task_meant((s32)arg[0]);
	if (IS_ERR(t))
		return PTR_ERR(t);
	if ((to & ~1ULL) && !capable(CAP_SYS_NICE))
		return -EPERM;
	return to & 1 ? 0 : -EINVAL; /* all pages are there already */
}

/* Where the page at addr is: 0, -ENOENT (not yet anywhere), -EFAULT. */
static s32 page_status(const struct mm *mm, uaddr_t addr)
{
	const struct vma *vma = mm ? vma_at(mm, addr) : NULL;

	if (!vma)
		return -EFAULT;
	return mm_page_in_core(vma, addr) ? 0 : -ENOENT;
}

static int check_node(s32 node)
{
	if (node < 0 || node >= NODES_MAX)
		return -ENODEV;
	return node >= NODES_REAL ? -ENODEV : 0;
}

s64 sys_move_pages(const u64 arg[6])
{
	uaddr_t pages = arg[2], nodes = arg[3], status = arg[4];
	u32 flags = (u32)arg[5];
	struct task *t;
	u64 page;
	s32 node;

	if (flags & ~(u32)(MPOL_MF_MOVE | MPOL_MF_MOVE_ALL))
		return -EINVAL;
	if ((flags & MPOL_MF_MOVE_ALL) && !capable(CAP_SYS_NICE))
		return -EPERM;
	t = task_meant((s32)arg[0]);
	if (IS_ERR(t))
		return PTR_ERR(t);
	if (!t->mm)
		return -EINVAL;
	for (u64 i = 0; i < arg[1]; i++) {
		if (get_user(page, pages + i * sizeof(page)))
			return -EFAULT;
		if (nodes) {
			if (get_user(node, nodes + i * sizeof(node)))
				return -EFAULT;
			if (check_node(node))
				return -ENODEV;
		}
		t = task_meant((s32)arg[0]); /* user memory may have slept */
		if (IS_ERR(t))
			return PTR_ERR(t);
		node = page_status(t->mm, page);
		if (put_user(node, status + i * sizeof(node)))
			return -EFAULT;
		if (signal_pending(current_task()))
			return -ERESTARTNOHAND;
	}
	return 0;
}
