/* kcmp: do two processes share a resource? */
#include "fs/epoll.h"
#include "fs/file.h"
#include "fs/procfs.h"
#include "hal/hal.h"
#include "lib/err.h"
#include "mm/uaccess.h"
#include "proc/task.h"
#include "sys/syscall.h"

#include <linux/kcmp.h>

/* An order among kernel objects that says nothing of their addresses, as kcmp(2)
 * has it: a secret odd multiplier and a secret mask for each type. */
static u64 disguised(const void *p, u32 type)
{
	static u64 secret[KCMP_TYPES][2];

	if (!secret[type][0]) {
		random_bytes(secret[type], sizeof(secret[type]));
		secret[type][0] |= 1;
	}
	return ((u64)p ^ secret[type][1]) * secret[type][0];
}

static s64 compare(const void *a, const void *b, u32 type)
{
	u64 x = disguised(a, type), y = disguised(b, type);

	return x == y ? 0 : x < y ? 1 : 2;
}

/* Two descriptors' files; they stay open: nothing here sleeps. */
static s64 compare_files(const struct process *p, int fd, const struct process *q, int fd2)
{
	struct file *a = process_fd_get(p, fd), *b = process_fd_get(q, fd2);
	s64 result = -EBADF;

	if (a && b)
		result = compare(a, b, KCMP_FILE);
	if (a)
		file_put(a);
	if (b)
		file_put(b);
	return result;
}

/* fd against what an epoll set watches. */
static s64 compare_watched(const struct process *p, int fd, const struct process *q,
			   uaddr_t slot_at)
{
	struct kcmp_epoll_slot slot;
	struct file *f, *set, *target;
	s64 result = -EBADF;

	if (get_user(slot, slot_at))
		return -EFAULT;
	f = process_fd_get(p, fd);
	if (!f)
		return -EBADF;
	set = process_fd_get(q, (int)slot.efd);
	if (set) {
		target = epoll_target(set, (int)slot.tfd, slot.toff);
		result = IS_ERR(target) ? PTR_ERR(target) : compare(f, target, KCMP_FILE);
		file_put(set);
	}
	file_put(f);
	return result;
}

/* SEM_UNDO lists are a process's own; who has none shares it with all such. */
static const void *undo_list(const struct process *p)
{
	return p->sem_undos.next == &p->sem_undos || !p->sem_undos.next ? NULL :
									  &p->sem_undos;
}

s64 sys_kcmp(const u64 arg[6])
{
	const struct task *a = task_find((s32)arg[0]), *b = task_find((s32)arg[1]);
	const struct process *p, *q;
	u32 type = (u32)arg[2];

	if (!a || !b)
		return -ESRCH;
	p = a->proc;
	q = b->proc;
	if (!proc_may_access(p) || !proc_may_access(q))
		return -EPERM;
	switch (type) {
	case KCMP_FILE:
		return compare_files(p, (int)arg[3], q, (int)arg[4]);
	case KCMP_VM:
		return compare(a->mm, b->mm, type);
	case KCMP_FILES:
		return compare(p->res.files, q->res.files, type);
	case KCMP_FS:
		return compare(p->res.fs, q->res.fs, type);
	case KCMP_SIGHAND:
		return compare(p->sighand, q->sighand, type);
	case KCMP_IO: /* no task has one */
		return 0;
	case KCMP_SYSVSEM:
		return compare(undo_list(p), undo_list(q), type);
	case KCMP_EPOLL_TFD:
		return compare_watched(p, (int)arg[3], q, arg[4]);
	default:
		return -EINVAL;
	}
}
