/*
 * fork, vfork, clone: a new task, and unless it is a thread, a new process.
 *
 * Prepare, then commit: whatever can fail happens before the child is in any list
 * but the table of numbers; every failure undoes all of it. The child's first
 * steps are task_first_steps on its own kernel stack.
 */
#include "abi/layout.h"
#include "hal/hal.h"
#include "lib/bug.h"
#include "lib/err.h"
#include "lib/string.h"
#include "mm/slab.h"
#include "mm/uaccess.h"
#include "proc/ipc.h"
#include "proc/proc_internal.h"
#include "proc/seccomp.h"
#include "proc/uts.h"

#include <asm/signal.h>
#include <linux/capability.h>
#include <linux/prctl.h>
#include <linux/resource.h>
#include <linux/sched.h>

/* Name spaces that there are; without control groups, theirs is no different. */
#define NAME_SPACES (CLONE_NEWUTS | CLONE_NEWNS | CLONE_NEWIPC | CLONE_NEWCGROUP)

#define MISSING_SPACES (CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWTIME)

/* Accepted and without effect, or carried out below. */
#define FLAGS_KNOWN                                                          \
	(CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_PTRACE |  \
	 CLONE_VFORK | CLONE_PARENT | CLONE_THREAD | CLONE_SYSVSEM |         \
	 CLONE_SETTLS | CLONE_PARENT_SETTID | CLONE_CHILD_CLEARTID |         \
	 CLONE_DETACHED | CLONE_UNTRACED | CLONE_CHILD_SETTID | CLONE_IO |   \
	 CLONE_CLEAR_SIGHAND | CLONE_PIDFD | NAME_SPACES)

#define COREDUMP_FILTER 0x33 /* core(5): private and shared anonymous, headers */
#define TIMER_SLACK_NS 50000 /* Linux's default */
#define USER_BASE_END LODGER_USER_HIGH_END

/* --- may it be? --------------------------------------------------------------------- */

static int check_flags(const struct clone_request *req)
{
	u64 flags = req->flags;

	if (flags & ~(u64)(FLAGS_KNOWN | MISSING_SPACES))
		return -EINVAL; /* cgroups */
	if ((flags & CLONE_THREAD) && !(flags & CLONE_SIGHAND))
		return -EINVAL;
	if ((flags & CLONE_SIGHAND) && !(flags & CLONE_VM))
		return -EINVAL;
	if ((flags & CLONE_SIGHAND) && (flags & CLONE_CLEAR_SIGHAND))
		return -EINVAL;
	if ((flags & CLONE_PIDFD) && (flags & (CLONE_THREAD | CLONE_DETACHED)))
		return -EINVAL;
	if ((flags & CLONE_PARENT) && current_process()->unkillable)
		return -EINVAL;
	if ((flags & NAME_SPACES) && (flags & CLONE_THREAD))
		return -EINVAL; /* threads always share them */
	if ((flags & CLONE_NEWNS) && (flags & CLONE_FS))
		return -EINVAL;
	if ((flags & CLONE_NEWIPC) && (flags & CLONE_SYSVSEM))
		return -EINVAL;
	if ((flags & (NAME_SPACES | MISSING_SPACES)) && !(flags & CLONE_NEWUSER) &&
	    !capable(CAP_SYS_ADMIN))
		return -EPERM;
	if (flags & MISSING_SPACES)
		return -EINVAL; /* as a kernel made without them */
	/* the register takes canonical addresses only: arch_prctl(2) */
	if ((flags & CLONE_SETTLS) && req->tls >= USER_BASE_END)
		return -EPERM;
	return 0;
}

static int check_limits(void)
{
	const struct cred *cred = &current_task()->cred;
	u64 limit = current_process()->rlim[RLIMIT_NPROC].cur;

	if (task_count_total() >= task_count_max())
		return -EAGAIN;
	if (cred->uid == 0 || cred_capable(cred, CAP_SYS_RESOURCE) ||
	    cred_capable(cred, CAP_SYS_ADMIN))
		return 0;
	return task_count_of_uid(cred->uid) >= limit ? -EAGAIN : 0;
}

/* --- the parts ------------------------------------------------------------------------- */

static int clone_sighand(struct process *child, u64 flags)
{
	struct sighand *parent = current_process()->sighand;

	if (flags & CLONE_SIGHAND) {
		parent->refs++;
		child->sighand = parent;
		return 0;
	}
	child->sighand = kmalloc(sizeof(*child->sighand));
	if (!child->sighand)
		return -ENOMEM;
	*child->sighand = *parent;
	child->sighand->refs = 1;
	if (flags & CLONE_CLEAR_SIGHAND)
		sighand_reset(child->sighand, true);
	return 0;
}

static int clone_mm(struct process *child, u64 flags)
{
	struct mm *mm = current_process()->mm;

	if (!mm)
		return 0;
	if (flags & CLONE_VM) {
		mm_get(mm);
	} else {
		mm = mm_fork(mm);
		if (IS_ERR(mm))
			return (int)PTR_ERR(mm);
	}
	child->mm = mm;
	return 0;
}

static int clone_exe_path(struct process *child)
{
	const char *path = current_process()->exe_path;

	if (!path)
		return 0;
	child->exe_path = kstrdup(path);
	return child->exe_path ? 0 : -ENOMEM;
}

static void clone_plain(struct process *child, const struct process *parent)
{
	memcpy(child->rlim, parent->rlim, sizeof(child->rlim));
	child->pgid = parent->pgid;
	child->session = parent->session;
	session_get(child->session);
	child->tty = parent->tty;
	child->dumpable = parent->dumpable;
	child->thp_disable = parent->thp_disable;
	child->io_flusher = parent->io_flusher;
	child->mce_kill = parent->mce_kill;
	child->coredump_filter = parent->coredump_filter;
	child->oom_score_adj = parent->oom_score_adj;
	child->personality = parent->personality;
	child->start_ns = clock_mono_ns();
}

static int clone_spaces(struct process *child, u64 flags)
{
	const struct process *parent = current_process();

	if (flags & CLONE_NEWUTS) {
		child->uts = uts_copy();
		if (!child->uts)
			return -ENOMEM;
	} else {
		child->uts = parent->uts;
		uts_get(child->uts);
	}
	if (flags & CLONE_NEWIPC) {
		child->ipc = ipc_space_create();
		if (!child->ipc)
			return -ENOMEM;
	} else {
		child->ipc = parent->ipc;
		ipc_space_get(child->ipc);
	}
	return 0;
}

static int clone_resources(struct process *child, u64 flags)
{
	return proc_resource_ops()->clone(&child->res, &current_process()->res, flags);
}

/* A process as copy of the current one, without tasks and number; ERR_PTR. */
static struct process *process_copy(u64 flags)
{
	struct process *child = process_alloc();
	int err = -ENOMEM;

	if (!child)
		return ERR_PTR(-ENOMEM);
	clone_plain(child, current_process());
	err = clone_sighand(child, flags);
	if (err)
		goto out_child;
	err = clone_exe_path(child);
	if (!err)
		err = clone_spaces(child, flags);
	if (err)
		goto out_child;
	err = clone_resources(child, flags);
	if (err)
		goto out_child;
	err = clone_mm(child, flags);
	if (err)
		goto out_resources;
	return child;

out_resources:
	proc_resource_ops()->exit(&child->res);
out_child:
	process_free(child);
	return ERR_PTR(err);
}

static void process_copy_undo(struct process *child)
{
	if (child->mm)
		mm_put(child->mm);
	proc_resource_ops()->exit(&child->res);
	process_free(child);
}

/* --- the task ------------------------------------------------------------------------------ */

static void task_first_steps(void *arg)
{
	struct task *t = arg;

	sched_started();
	/* As Linux: a bad address is the program's loss. */
	if (t->set_child_tid)
		put_user(t->tid, t->set_child_tid);
	proc_return_to_user(&t->tf);
}

static void *stack_top(const struct task *t)
{
	return (u8 *)t->kernel_stack + (PAGE_SIZE << KERNEL_STACK_ORDER);
}

static void copy_sched(struct task *child, const struct task *parent)
{
	child->vruntime_ns = parent->vruntime_ns;
	child->nice = parent->nice;
	child->ioprio = parent->ioprio;
	child->mempolicy = parent->mempolicy;
	child->timer_slack_ns = parent->timer_slack_ns;
	child->timer_slack_default_ns = parent->timer_slack_ns;
	child->policy = parent->policy;
	child->rt_priority = parent->rt_priority;
	if (!parent->reset_on_fork)
		return;
	if (child->policy == SCHED_FIFO || child->policy == SCHED_RR)
		child->policy = SCHED_NORMAL;
	child->rt_priority = 0;
	child->nice = MAX(child->nice, 0);
}

static void copy_altstack(struct task *child, const struct task *parent, u64 flags)
{
	/* sigaltstack(2): lost in a thread, kept by fork and vfork. */
	if ((flags & (CLONE_VM | CLONE_VFORK)) == CLONE_VM)
		return;
	child->altstack_sp = parent->altstack_sp;
	child->altstack_size = parent->altstack_size;
	child->altstack_flags = parent->altstack_flags;
}

static void copy_user_state(struct task *child, struct task *parent,
			    const struct clone_request *req)
{
	child->tf = parent->tf;
	child->tf.rax = 0;
	if (req->stack)
		child->tf.rsp = req->stack;
	cpu_user_sync(&parent->user);
	child->user.fsbase = parent->user.fsbase;
	child->user.gsbase = parent->user.gsbase;
	memcpy(child->user.xstate, parent->user.xstate, cpu_xstate_bytes());
	if (req->flags & CLONE_SETTLS)
		child->user.fsbase = req->tls;
}

/* A task as copy of the current one, without number and process; or NULL. */
static struct task *task_copy(const struct clone_request *req)
{
	struct task *parent = current_task();
	struct task *child = task_alloc();

	if (!child)
		return NULL;
	child->cred = parent->cred;
	cred_groups_get(child->cred.groups);
	task_keys_copy(child, parent, req->flags & CLONE_THREAD);
	memcpy(child->comm, parent->comm, sizeof(child->comm));
	child->blocked = parent->blocked;
	child->login_uid = parent->login_uid;
	child->login_session = parent->login_session;
	child->seccomp_mode = parent->seccomp_mode;
	child->seccomp = parent->seccomp;
	seccomp_filter_get(child->seccomp);
	if (parent->restore_blocked)
		child->blocked = parent->saved_blocked;
	copy_sched(child, parent);
	copy_altstack(child, parent, req->flags);
	copy_user_state(child, parent, req);
	if (!(req->flags & CLONE_VM)) {
		child->rseq = parent->rseq;
		child->rseq_signature = parent->rseq_signature;
		child->rseq_due = parent->rseq;
	}
	if (req->flags & CLONE_CHILD_SETTID)
		child->set_child_tid = req->child_tid;
	if (req->flags & CLONE_CHILD_CLEARTID)
		child->clear_child_tid = req->child_tid;
	cpu_context_init(&child->ctx, stack_top(child), task_first_steps, child);
	return child;
}

/* --- joining the world ------------------------------------------------------------------------ */

static void process_join(struct process *child, struct task *t, u64 flags)
{
	struct process *parent = current_process();

	if (flags & CLONE_PARENT)
		parent = parent->parent;
	child->pid = t->tid;
	child->parent = parent;
	if (parent)
		list_add_tail(&child->sibling, &parent->children);
	process_link(child);
	process_add_task(child, t);
	t->mm = child->mm;
	itimer_limit_changed(child);
}

static void thread_join(struct task *t)
{
	struct process *p = current_process();

	process_add_task(p, t);
	t->mm = p->mm;
}

static void wait_for_vfork(struct vfork_wait *vfork, struct task *child)
{
	struct wait_entry we;

	wait_prepare(&vfork->wq, &we);
	while (!vfork->done && wait_sleep_killable(UINT64_MAX) == 0)
		;
	wait_finish(&we);
	if (!vfork->done) /* it lives on: must not write to our stack */
		child->vfork = NULL;
}

static s64 clone_start(struct task *child, const struct clone_request *req)
{
	struct vfork_wait vfork = { .done = false };
	s32 tid = child->tid;

	if (req->flags & CLONE_PARENT_SETTID)
		put_user(tid, req->parent_tid);
	if (req->flags & CLONE_VFORK) {
		wait_queue_init(&vfork.wq);
		child->vfork = &vfork;
	}
	counters()->forks++;
	sched_start(child);
	if (req->flags & CLONE_VFORK)
		wait_for_vfork(&vfork, child);
	return tid;
}

s64 task_clone(const struct clone_request *req)
{
	struct process *p = NULL;
	struct task *child;
	int err = check_flags(req);

	if (!err)
		err = check_limits();
	if (err)
		return err;
	/* Who is about to be killed or stopped has no children any more; also
	 * what makes a fork bomb end. */
	if (signal_pending(current_task()))
		return -ERESTARTNOINTR;
	child = task_copy(req);
	if (!child)
		return -ENOMEM;
	if (!(req->flags & CLONE_THREAD)) {
		p = process_copy(req->flags);
		err = (int)(IS_ERR(p) ? PTR_ERR(p) : 0);
		if (err)
			goto out_child;
		p->exit_signal = req->flags & CLONE_PARENT ?
					 current_process()->exit_signal :
					 req->exit_signal;
	}
	err = task_number(child);
	if (err)
		goto out_process;
	if (req->flags & CLONE_PIDFD) {
		p->pid = child->tid;
		err = proc_resource_ops()->give_pidfd(p, req->pidfd);
		if (err)
			goto out_number;
	}
	if (p)
		process_join(p, child, req->flags);
	else
		thread_join(child);
	return clone_start(child, req);

out_number:
	task_unnumber(child);
out_process:
	if (p)
		process_copy_undo(p);
out_child:
	task_free(child);
	return err;
}

/* --- kernel processes ------------------------------------------------------------------------------ */

struct kthread_start {
	void (*fn)(void *arg);
	void *arg;
};

static void kthread_first_steps(void *arg)
{
	struct kthread_start start = *(struct kthread_start *)arg;

	sched_started();
	kfree(arg);
	start.fn(start.arg);
	process_exit(0);
}

static struct process *kernel_process(void)
{
	struct process *p = process_alloc();
	int err = -ENOMEM;

	if (!p)
		return ERR_PTR(-ENOMEM);
	p->sighand = kzalloc(sizeof(*p->sighand));
	if (!p->sighand)
		goto out_process;
	p->sighand->refs = 1;
	p->start_ns = clock_mono_ns();
	p->mce_kill = PR_MCE_KILL_DEFAULT;
	p->coredump_filter = COREDUMP_FILTER;
	p->exit_signal = SIGCHLD;
	err = clone_resources(p, 0);
	if (err)
		goto out_process;
	return p;

out_process:
	process_free(p);
	return ERR_PTR(err);
}

static struct task *kernel_task(const char *name, void (*fn)(void *arg), void *arg)
{
	struct kthread_start *start = kmalloc(sizeof(*start));
	struct task *t = task_alloc();

	if (!start || !t)
		goto out_free;
	*start = (struct kthread_start){ fn, arg };
	cred_init(&t->cred, 0, 0);
	t->login_uid = t->login_session = UINT32_MAX;
	t->timer_slack_ns = t->timer_slack_default_ns = TIMER_SLACK_NS;
	str_copy(t->comm, name, sizeof(t->comm));
	cpu_user_init(&t->user, t->user.xstate);
	cpu_context_init(&t->ctx, stack_top(t), kthread_first_steps, start);
	return t;

out_free:
	kfree(start);
	if (t)
		task_free(t);
	return NULL;
}

struct task *kthread_create(const char *name, void (*fn)(void *arg), void *arg)
{
	struct process *parent = current_process()->pid ? current_process() :
							  process_init();
	struct process *p = kernel_process();
	struct task *t;
	int err;

	if (IS_ERR(p))
		return ERR_PTR(PTR_ERR(p));
	err = -ENOMEM;
	t = kernel_task(name, fn, arg);
	if (!t)
		goto out_process;
	err = task_number(t);
	if (err)
		goto out_process; /* boot or never: start stays allocated */
	err = session_create(p, t->tid);
	if (err)
		goto out_number;
	p->pid = t->tid;
	p->unkillable = p->pid == INIT_PID;
	p->parent = parent;
	if (parent)
		list_add_tail(&p->sibling, &parent->children);
	process_link(p);
	process_add_task(p, t);
	sched_start(t);
	return t;

out_number:
	task_unnumber(t);
out_process:
	proc_resource_ops()->exit(&p->res);
	process_free(p);
	if (t)
		task_free(t);
	return ERR_PTR(err);
}
