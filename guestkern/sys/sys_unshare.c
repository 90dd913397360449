/*
 * unshare(2). Of name spaces there are those of names (UTS) and of mounts; the others
 * answer as a kernel made without them. Threads always share descriptors and working
 * directory.
 */
#include "lib/err.h"
#include "proc/resource.h"
#include "proc/task.h"
#include "proc/uts.h"
#include "sys/syscall.h"

#include <linux/capability.h>
#include <linux/sched.h>

#define MISSING_SPACES \
	(CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWTIME)
#define KNOWN                                                                         \
	(CLONE_THREAD | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_VM |           \
	 CLONE_SYSVSEM | CLONE_NEWUTS | CLONE_NEWNS | CLONE_NEWCGROUP | MISSING_SPACES)

static int check_flags(u64 flags)
{
	const struct process *p = current_process();

	if (flags & ~(u64)KNOWN)
		return -EINVAL;
	if (flags & CLONE_VM)
		flags |= CLONE_SIGHAND;
	if ((flags & (CLONE_THREAD | CLONE_SIGHAND)) && p->task_count > 1)
		return -EINVAL;
	if ((flags & CLONE_SIGHAND) && p->sighand->refs > 1)
		return -EINVAL;
	if ((flags & CLONE_VM) && p->mm->refs > 1)
		return -EINVAL;
	if ((flags & (CLONE_FILES | CLONE_FS | CLONE_NEWNS)) && p->task_count > 1)
		return -EINVAL; /* a thread cannot have its own */
	return flags & MISSING_SPACES ? -EINVAL : 0;
}

s64 sys_unshare(const u64 arg[6])
{
	struct process *p = current_process();
	struct uts_names *names = NULL;
	u64 flags = arg[0];
	int err = check_flags(flags);

	if (err)
		return err;
	if ((flags & (CLONE_NEWUTS | CLONE_NEWNS | CLONE_NEWCGROUP)) &&
	    !capable(CAP_SYS_ADMIN))
		return -EPERM;
	if (flags & CLONE_NEWUTS) {
		names = uts_copy();
		if (!names)
			return -ENOMEM;
	}
	err = proc_resource_ops()->unshare(&p->res, flags);
	if (err) {
		uts_put(names);
		return err;
	}
	if (names) {
		uts_put(p->uts);
		p->uts = names;
	}
	return 0;
}
