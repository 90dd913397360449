/*
 * The end of tasks and processes, and the part of exec that ends threads.
 *
 * A task that exits hands back what it holds in the order: futexes and the
 * address space, then (the last of its process) resources, children, its place in
 * the group; then it is a zombie and never runs again. Its stack is freed by
 * whoever runs next. The leader's struct stays until the process is released.
 */
#include "hal/hal.h"
#include "lib/bug.h"
#include "lib/err.h"
#include "lib/printf.h"
#include "lib/string.h"
#include "mm/slab.h"
#include "mm/uaccess.h"
#include "proc/futex.h"
#include "proc/ipc.h"
#include "proc/proc_internal.h"
#include "proc/ptimer.h"

#include <asm/signal.h>


bool task_is_doomed(const struct task *t)
{
	const struct process *p = t->proc;

	if (t->exiting)
		return false; /* it is at it */
	return p->exiting || (p->exec_task && p->exec_task != t);
}

/* --- leaving the address space ------------------------------------------------------ */

void task_vfork_done(struct task *t)
{
	struct vfork_wait *vfork = t->vfork;

	if (!vfork)
		return;
	t->vfork = NULL;
	vfork->done = true;
	wake_up(&vfork->wq);
}

void task_leave_mm(struct task *t)
{
	s32 zero = 0;

	if (!t->mm)
		return;
	futex_exit(t);
	/* set_tid_address(2): only if somebody is left to see it */
	if (t->clear_child_tid && (t->mm->refs > 1 || t->proc->task_count > 1) &&
	    !put_user(zero, t->clear_child_tid))
		futex_wake(t->clear_child_tid, FUTEX_KEY_SHARED, 1, ~0u);
	t->clear_child_tid = 0;
}

static void fold_mm(struct process *p, const struct mm *mm)
{
	p->maxrss_pages = MAX(p->maxrss_pages, mm->resident_peak);
	p->minflt += mm->faults_minor;
	p->majflt += mm->faults_major;
}

static void exit_mm(struct task *t)
{
	struct process *p = t->proc;
	struct mm *mm = p->mm;

	task_leave_mm(t);
	task_vfork_done(t);
	t->mm = NULL;
	if (p->task_count > 1 || !mm)
		return;
	fold_mm(p, mm);
	p->mm = NULL;
	mm_put(mm);
}

/* --- children and parents -------------------------------------------------------------- */

static struct process *find_reaper(const struct process *p)
{
	struct process *a;

	for (a = p->parent; a; a = a->parent)
		if (a->child_subreaper && !a->exiting && !a->zombie)
			return a;
	return process_init();
}

static void move_child(struct process *child, struct process *to)
{
	list_del(&child->sibling);
	child->parent = to;
	list_add_tail(&child->sibling, &to->children);
	child->exit_signal = SIGCHLD;
}

/* Signals to a group that has lost its last tie to the session (POSIX _exit). */
static void hang_up_if_orphaned(s32 pgid, const struct process *ignored)
{
	if (!pgrp_has_stopped(pgid) || !pgrp_is_orphaned_without(pgid, ignored))
		return;
	signal_send_group(pgid, SIGHUP, NULL);
	signal_send_group(pgid, SIGCONT, NULL);
}

static void send_pdeath_signals(const struct process *child)
{
	struct task *t;

	list_for_each_entry(t, &child->tasks, group_link)
		if (t->pdeath_signal)
			signal_send_process(t->proc, (int)t->pdeath_signal, NULL);
}

static void give_away_children(struct process *p)
{
	struct process *reaper = find_reaper(p);
	struct process *child, *tmp;

	BUG_ON(!reaper && !list_empty(&p->children));
	list_for_each_entry_safe(child, tmp, &p->children, sibling) {
		bool tied = child->pgid != p->pgid && child->session == p->session;

		send_pdeath_signals(child);
		move_child(child, reaper);
		if (tied)
			hang_up_if_orphaned(child->pgid, NULL);
		if (child->zombie && signal_notify_exit(child))
			process_release(child);
	}
}

static bool leads_session(const struct process *p)
{
	return p->session->sid == p->pid;
}

/* --- releasing --------------------------------------------------------------------------- */

void process_release(struct process *p)
{
	struct task *leader = process_leader(p);

	list_del(&p->sibling);
	process_unlink(p);
	process_remove_task(leader);
	task_unnumber(leader);
	leader->proc = NULL;
	process_free(p);
	if (leader->kernel_stack)
		leader->detached = true; /* still on it, for the last time */
	else
		task_free(leader);
}

/* The machine ends with process 1. */
static void init_ends(s32 code)
{
	char text[80];

	proc_shutdown();
	if (!WAIT_SIGNAL(code))
		machine_halt(LODGER_HALT_EXIT, WAIT_CODE(code), "");
	ksnprintf(text, sizeof(text), "init was killed by %s",
		  signal_name(WAIT_SIGNAL(code)));
	machine_halt(LODGER_HALT_PANIC, 128 + WAIT_SIGNAL(code), text);
}

/* The last task of p is going: what belongs to the process as a whole. */
static void process_end(struct process *p)
{
	if (p == process_init())
		init_ends(p->exit_code);
	itimer_stop_all(p);
	sem_exit(p);
	ipc_space_put(p->ipc);
	p->ipc = NULL;
	proc_resource_ops()->exit(&p->res); /* may sleep */
	if (leads_session(p))
		proc_resource_ops()->session_leader_exit(p);
	p->stop_pending = false;
	p->stopped = false;
}

static void become_zombie(struct process *p)
{
	give_away_children(p);
	if (p->parent && p->parent->pgid != p->pgid &&
	    p->parent->session == p->session)
		hang_up_if_orphaned(p->pgid, p);
	p->zombie = true;
	pid_ref_stir(p);
	if (signal_notify_exit(p))
		process_release(p);
}

static void fold_times(struct process *p, const struct task *t)
{
	p->utime_ns += t->utime_ns;
	p->stime_ns += t->stime_ns;
	p->nvcsw += t->nvcsw;
	p->nivcsw += t->nivcsw;
}

static void task_gone(struct task *t, struct process *p, bool last)
{
	bool leader = process_leader(p) == t;

	sched_account();
	fold_times(p, t);
	t->state = TASK_ZOMBIE;
	if (!leader) {
		process_remove_task(t);
		task_unnumber(t);
		t->detached = true;
	}
	p->task_count--;
	if (last) {
		become_zombie(p);
		return;
	}
	signal_stop_check(p);
	if (p->exec_task)
		sched_wake(p->exec_task);
}

void task_exit(s32 code)
{
	struct task *t = current_task();
	struct process *p = t->proc;

	BUG_ON(t->exiting);
	t->exiting = true;
	if (!p->exiting && process_leader(p) == t)
		p->exit_code = code; /* of exit(2); exit_group has set its own */
	exit_mm(t);
	if (p->task_count == 1) {
		p->exiting = true;
		process_end(p);
	}
	signal_retarget(t, ~t->blocked);
	sigpending_flush(&t->pending, ~0ULL);
	task_gone(t, p, p->task_count == 1);
	schedule();
	BUG();
}

void process_exit(s32 code)
{
	struct process *p = current_process();

	signal_group_exit(p, code);
	task_exit(p->exit_code);
}

/* --- exec ------------------------------------------------------------------------------------ */

/* The leader has ended before: the caller takes its number and place. */
static void take_leaders_place(struct task *t)
{
	struct process *p = t->proc;
	struct task *leader = process_leader(p);

	if (leader == t)
		return;
	process_remove_task(leader);
	task_renumber(t, p->pid);
	task_unnumber(leader);
	leader->proc = NULL;
	if (leader->kernel_stack)
		leader->detached = true;
	else
		task_free(leader);
}

int process_exec_begin(void)
{
	struct task *t = current_task(), *other;
	struct process *p = t->proc;

	if (task_is_doomed(t))
		return -EINTR;
	if (p->task_count > 1) {
		p->exec_task = t;
		list_for_each_entry(other, &p->tasks, group_link)
			if (other != t)
				sched_wake(other);
		while (p->task_count > 1 && !p->exiting)
			wait_sleep_killable(UINT64_MAX);
		p->exec_task = NULL;
	}
	if (p->exiting)
		return -EINTR;
	take_leaders_place(t);
	p->exit_signal = SIGCHLD;
	return 0;
}

static void exec_signals(struct process *p, struct task *t)
{
	if (sighand_unshare(p))
		signal_kill_current(SIGKILL, "exec: no memory for signal handlers");
	else
		sighand_reset(p->sighand, true);
	t->altstack_sp = 0;
	t->altstack_size = 0;
	t->altstack_flags = 0;
}

void process_exec_commit(struct mm *mm, const char *comm, char *exe_path)
{
	struct task *t = current_task();
	struct process *p = t->proc;
	struct mm *old = p->mm;

	if (p->task_count != 1 || p->exiting)
		task_exit(p->exit_code); /* begin has said so */
	task_leave_mm(t);
	t->robust_list = 0;
	t->rseq = 0;
	t->rseq_due = false;
	t->set_child_tid = 0;
	t->restart_fn = NULL;
	if (old)
		fold_mm(p, old);
	p->mm = mm;
	t->mm = mm;
	task_vfork_done(t);
	if (old) /* before the switch: its host mappings' place is free then */
		mm_put(old);
	mm_switch(mm);
	cpu_user_switch(NULL, &t->user);
	ptimer_delete_all(p);
	exec_signals(p, t);
	str_copy(t->comm, comm, sizeof(t->comm));
	kfree(p->exe_path);
	p->exe_path = exe_path;
	p->did_exec = true;
	if (proc_resource_ops()->exec(&p->res))
		signal_kill_current(SIGKILL, "exec: no memory for the descriptor table");
}
