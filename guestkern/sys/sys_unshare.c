/*
 * unshare(2) and setns(2). Of name spaces there are those of names (UTS), of mounts and
 * of IPC; the others answer as a kernel made without them. Threads always share
 * descriptors and working directory.
 */
#include "fs/file.h"
#include "fs/nsfs.h"
#include "fs/pidfd.h"
#include "fs/procfs.h"
#include "lib/err.h"
#include "proc/ipc.h"
#include "proc/pidref.h"
#include "proc/resource.h"
#include "proc/task.h"
#include "proc/uts.h"
#include "sys/syscall.h"

#include <linux/capability.h>
#include <linux/sched.h>

#define MISSING_SPACES \
	(CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWTIME)
#define NAME_SPACES (CLONE_NEWUTS | CLONE_NEWNS | CLONE_NEWIPC | CLONE_NEWCGROUP)
#define KNOWN                                                                         \
	(CLONE_THREAD | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_VM |           \
	 CLONE_SYSVSEM | NAME_SPACES | MISSING_SPACES)

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
	return 0;
}

/* What is made before anything is changed. */
struct new_spaces {
	struct uts_names *uts;
	struct ipc_space *ipc;
};

static void drop(struct new_spaces *fresh)
{
	uts_put(fresh->uts);
	ipc_space_put(fresh->ipc);
}

static int prepare(struct new_spaces *fresh, u64 flags)
{
	*fresh = (struct new_spaces){ NULL };
	if (flags & CLONE_NEWUTS)
		fresh->uts = uts_copy();
	if (flags & CLONE_NEWIPC)
		fresh->ipc = ipc_space_create();
	if ((flags & CLONE_NEWUTS && !fresh->uts) || (flags & CLONE_NEWIPC && !fresh->ipc)) {
		drop(fresh);
		return -ENOMEM;
	}
	return 0;
}

/* The process's own take the place of the old ones, which become fresh's. */
static void take(struct process *p, struct new_spaces *fresh)
{
	struct new_spaces old = { NULL };

	if (fresh->uts) {
		old.uts = p->uts;
		p->uts = fresh->uts;
	}
	if (fresh->ipc) {
		sem_exit(p); /* what it would undo is another's now */
		old.ipc = p->ipc;
		p->ipc = fresh->ipc;
	}
	drop(&old);
}

s64 sys_unshare(const u64 arg[6])
{
	struct process *p = current_process();
	struct new_spaces fresh;
	u64 flags = arg[0];
	int err = check_flags(flags);

	if (err)
		return err;
	if ((flags & (NAME_SPACES | MISSING_SPACES)) && !(flags & CLONE_NEWUSER) &&
	    !capable(CAP_SYS_ADMIN))
		return -EPERM;
	if (flags & MISSING_SPACES)
		return -EINVAL;
	err = prepare(&fresh, flags);
	if (err)
		return err;
	err = proc_resource_ops()->unshare(&p->res, flags);
	if (err) {
		drop(&fresh);
		return err;
	}
	if (flags & CLONE_SYSVSEM)
		sem_exit(p);
	take(p, &fresh);
	return 0;
}

static s64 enter_those_of(const struct pid_ref *ref, u64 types)
{
	if (!types || types & ~(u64)(NAME_SPACES | MISSING_SPACES))
		return -EINVAL;
	if (pid_ref_exited(ref))
		return -ESRCH;
	if (!proc_may_access(ref->process))
		return -EPERM;
	return nsfs_enter_process(ref->process, (u32)types);
}

s64 sys_setns(const u64 arg[6])
{
	struct file *f = fd_get((int)arg[0]);
	u64 type = (u32)arg[1];
	s64 ret;

	if (!f)
		return -EBADF;
	if (pidfd_ref(f))
		ret = enter_those_of(pidfd_ref(f), type);
	else
		ret = nsfs_enter(f, (u32)type);
	file_put(f);
	return ret;
}
