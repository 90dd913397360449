/* Processes: their making, ending, numbers, groups and sessions. */
#include "dev/tty.h"
#include "lib/err.h"
#include "lib/string.h"
#include "mm/mm.h"
#include "mm/uaccess.h"
#include "proc/task.h"
#include "sys/syscall.h"

#include <asm/signal.h>
#include <linux/capability.h>
#include <linux/sched.h>

/* --- fork, vfork, clone ------------------------------------------------------------- */

s64 sys_fork(const u64 arg[6])
{
	struct clone_request req = { .exit_signal = SIGCHLD };

	(void)arg;
	return task_clone(&req);
}

s64 sys_vfork(const u64 arg[6])
{
	struct clone_request req = {
		.flags = CLONE_VFORK | CLONE_VM,
		.exit_signal = SIGCHLD,
	};

	(void)arg;
	return task_clone(&req);
}

s64 sys_clone(const u64 arg[6])
{
	struct clone_request req = {
		.flags = (u32)arg[0] & ~(u32)CSIGNAL,
		.exit_signal = (s32)(arg[0] & CSIGNAL),
		.stack = arg[1],
		.parent_tid = arg[2],
		.child_tid = arg[3],
		.tls = arg[4],
		.pidfd = arg[2],
	};

	/* One place for two numbers. */
	if (req.flags & CLONE_PIDFD && req.flags & CLONE_PARENT_SETTID)
		return -EINVAL;
	return task_clone(&req);
}

/* A structure that grew: what we do not know of it must be zero. */
static int get_clone_args(struct clone_args *args, uaddr_t from, u64 size)
{
	u64 known = MIN(size, sizeof(*args));
	u8 byte;

	if (size > PAGE_SIZE)
		return -E2BIG;
	if (size < CLONE_ARGS_SIZE_VER0)
		return -EINVAL;
	memset(args, 0, sizeof(*args));
	if (copy_from_user(args, from, known))
		return -EFAULT;
	for (; known < size; known++) {
		if (get_user(byte, from + known))
			return -EFAULT;
		if (byte)
			return -E2BIG;
	}
	return 0;
}

static int check_clone_args(const struct clone_args *args)
{
	if (args->flags & (CLONE_DETACHED | (CSIGNAL & ~CLONE_NEWTIME)))
		return -EINVAL;
	if (args->exit_signal > NSIG_)
		return -EINVAL;
	if ((args->flags & (CLONE_THREAD | CLONE_PARENT)) && args->exit_signal)
		return -EINVAL;
	if (!args->stack != !args->stack_size)
		return -EINVAL;
	if (args->stack && !user_range_ok(args->stack, args->stack_size))
		return -EINVAL;
	if (args->set_tid || args->set_tid_size)
		return -EINVAL; /* not here */
	return 0;
}

s64 sys_clone3(const u64 arg[6])
{
	struct clone_request req;
	struct clone_args args;
	int err = get_clone_args(&args, arg[0], arg[1]);

	if (!err)
		err = check_clone_args(&args);
	if (err)
		return err;
	req = (struct clone_request){
		.flags = args.flags,
		.exit_signal = (s32)args.exit_signal,
		.stack = args.stack ? args.stack + args.stack_size : 0,
		.parent_tid = args.parent_tid,
		.child_tid = args.child_tid,
		.tls = args.tls,
		.pidfd = args.pidfd,
	};
	return task_clone(&req);
}

/* --- ends ------------------------------------------------------------------------------ */

s64 sys_exit(const u64 arg[6])
{
	task_exit((s32)(arg[0] & 0xff) << 8);
}

s64 sys_exit_group(const u64 arg[6])
{
	process_exit((s32)(arg[0] & 0xff) << 8);
}

/* --- numbers --------------------------------------------------------------------------- */

s64 sys_getpid(const u64 arg[6])
{
	(void)arg;
	return current_process()->pid;
}

s64 sys_gettid(const u64 arg[6])
{
	(void)arg;
	return current_task()->tid;
}

s64 sys_getppid(const u64 arg[6])
{
	const struct process *parent = current_process()->parent;

	(void)arg;
	return parent ? parent->pid : 0;
}

s64 sys_set_tid_address(const u64 arg[6])
{
	current_task()->clear_child_tid = arg[0];
	return current_task()->tid;
}

/* --- groups and sessions ------------------------------------------------------------------ */

static struct process *find_or_self(s32 pid)
{
	struct task *t;

	if (pid == 0)
		return current_process();
	t = task_find(pid);
	return t ? t->proc : NULL;
}

s64 sys_getpgid(const u64 arg[6])
{
	const struct process *p = find_or_self((s32)arg[0]);

	return p ? p->pgid : -ESRCH;
}

s64 sys_getpgrp(const u64 arg[6])
{
	(void)arg;
	return current_process()->pgid;
}

s64 sys_getsid(const u64 arg[6])
{
	const struct process *p = find_or_self((s32)arg[0]);

	return p ? p->session->sid : -ESRCH;
}

s64 sys_setsid(const u64 arg[6])
{
	(void)arg;
	return process_setsid();
}

static int check_setpgid(const struct process *p)
{
	const struct process *self = current_process();

	if (p != self) {
		if (p->parent != self)
			return -ESRCH;
		if (p->session != self->session)
			return -EPERM;
		if (p->did_exec)
			return -EACCES;
	}
	return p->session->sid == p->pid ? -EPERM : 0;
}

s64 sys_setpgid(const u64 arg[6])
{
	s32 pid = (s32)arg[0], pgid = (s32)arg[1];
	struct process *p;
	int err;

	if (pid == 0)
		pid = current_process()->pid;
	if (pgid == 0)
		pgid = pid;
	if (pgid < 0)
		return -EINVAL;
	p = process_find(pid);
	if (!p)
		return task_find(pid) ? -EINVAL : -ESRCH;
	err = check_setpgid(p);
	if (err)
		return err;
	if (pgid != pid && !pgrp_exists(pgid, current_process()->session->sid))
		return -EPERM;
	p->pgid = pgid;
	return 0;
}

s64 sys_vhangup(const u64 arg[6])
{
	struct tty *tty = current_process()->tty;

	(void)arg;
	if (!capable(CAP_SYS_TTY_CONFIG))
		return -EPERM;
	if (tty)
		tty_hangup(tty);
	return 0;
}
