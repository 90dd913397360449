/* Resource limits: getrlimit, setrlimit, prlimit64. */
#include "fs/file.h"
#include "lib/err.h"
#include "mm/mm.h"
#include "mm/uaccess.h"
#include "proc/task.h"
#include "sys/syscall.h"

#include <linux/capability.h>
#include <linux/resource.h>


/* Limits that are enforced below proc are told where they are. */
static void limit_changed(struct process *p, u32 which)
{
	struct mm *mm = p->mm;

	switch (which) {
	case RLIMIT_CPU:
		itimer_limit_changed(p);
		return;
	case RLIMIT_AS:
		if (mm)
			mm->as_limit = p->rlim[which].cur;
		return;
	case RLIMIT_DATA:
		if (mm)
			mm->data_limit = p->rlim[which].cur;
		return;
	case RLIMIT_STACK:
		if (mm)
			mm->stack_limit = p->rlim[which].cur;
		return;
	default:
		return;
	}
}

static int check_limit(u32 which, const struct rlimit64_pair *old,
		       const struct rlimit64_pair *limit)
{
	if (limit->cur > limit->max)
		return -EINVAL;
	if (which == RLIMIT_NOFILE && limit->max > (u64)files_nr_open)
		return -EPERM;
	if (limit->max > old->max && !capable(CAP_SYS_RESOURCE))
		return -EPERM;
	return 0;
}

static int do_prlimit(struct process *p, u32 which,
		      const struct rlimit64_pair *limit, struct rlimit64_pair *old)
{
	int err;

	if (which >= RLIM_NLIMITS_)
		return -EINVAL;
	*old = p->rlim[which];
	if (!limit)
		return 0;
	err = check_limit(which, old, limit);
	if (err)
		return err;
	p->rlim[which] = *limit;
	limit_changed(p, which);
	return 0;
}

s64 sys_getrlimit(const u64 arg[6])
{
	struct rlimit64_pair old;
	int err = do_prlimit(current_process(), (u32)arg[0], NULL, &old);

	return err ? err : put_user(old, arg[1]);
}

s64 sys_setrlimit(const u64 arg[6])
{
	struct rlimit64_pair limit, old;

	if (get_user(limit, arg[1]))
		return -EFAULT;
	return do_prlimit(current_process(), (u32)arg[0], &limit, &old);
}

/* prlimit(2): all ids of the target are the caller's real ones. */
static bool may_prlimit(const struct task *t)
{
	const struct cred *own = &current_task()->cred, *other = &t->cred;

	if (t->proc == current_process())
		return true;
	if (own->uid == other->uid && own->uid == other->euid &&
	    own->uid == other->suid && own->gid == other->gid &&
	    own->gid == other->egid && own->gid == other->sgid)
		return true;
	return cred_capable(own, CAP_SYS_RESOURCE);
}

s64 sys_prlimit64(const u64 arg[6])
{
	struct rlimit64_pair limit, old;
	s32 pid = (s32)arg[0];
	struct task *t;
	int err;

	if (arg[2] && get_user(limit, arg[2]))
		return -EFAULT;
	t = pid ? task_find(pid) : current_task();
	if (!t)
		return -ESRCH;
	if (!may_prlimit(t))
		return -EPERM;
	err = do_prlimit(t->proc, (u32)arg[1], arg[2] ? &limit : NULL, &old);
	if (!err && arg[3])
		err = put_user(old, arg[3]);
	return err;
}
