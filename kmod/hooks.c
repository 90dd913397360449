// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * Interception: how a machine's task comes to the module in place of the host
 * kernel.
 *
 *   system calls   syscall_user_dispatch(), which the kernel calls only for
 *                  tasks that have the flag, is replaced for ours
 *   exceptions     force_sig_info_to_task(), where they become signals, is
 *                  answered with "done" after the registers were exchanged
 *   signals        arch_do_signal_or_restart() is preceded by the exchange, so
 *                  that a handler runs in KERNEL state
 *   exec, exit     tracepoints: the task is no machine any more
 *
 * The first two are ftrace hooks that change where the traced function goes on;
 * their callbacks run without preemption, what they lead to need not. Other
 * tasks pay for nothing but a look at their own flag when they get a signal.
 */
#include <linux/compat.h>
#include <linux/ftrace.h>
#include <linux/hashtable.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/spinlock.h>
#include <linux/thread_info.h>
#include <linux/tracepoint.h>
#include <asm/trapnr.h>

#include "machine.h"

#define BY_TASK_BITS 6

/* Tasks that are machines. A task finds itself without the lock. */
static DEFINE_HASHTABLE(by_task, BY_TASK_BITS);
static DEFINE_SPINLOCK(by_task_lock);

/* The machine stays while this is called by its own task. */
static struct machine *find_current(void)
{
	struct machine *m, *found = NULL;

	rcu_read_lock();
	hash_for_each_possible_rcu(by_task, m, node, (unsigned long)current)
		if (m->task == current)
			found = m;
	rcu_read_unlock();
	return found;
}

struct machine *hooks_current(void)
{
	return test_syscall_work(SYSCALL_USER_DISPATCH) ? find_current() : NULL;
}

int hooks_adopt(struct machine *m)
{
	unsigned long flags;

	/* without the flag it may be one all the same: prctl(2) takes it away */
	if (test_syscall_work(SYSCALL_USER_DISPATCH) || find_current())
		return -EBUSY;
	machine_get(m);
	spin_lock_irqsave(&by_task_lock, flags);
	hash_add_rcu(by_task, &m->node, (unsigned long)current);
	spin_unlock_irqrestore(&by_task_lock, flags);
	set_syscall_work(SYSCALL_USER_DISPATCH);
	return 0;
}

/* By the task itself, which exec may have robbed of its flag already. */
static void forget_current(void)
{
	struct machine *m = find_current();
	unsigned long flags;

	if (!m)
		return;
	spin_lock_irqsave(&by_task_lock, flags);
	hash_del_rcu(&m->node);
	spin_unlock_irqrestore(&by_task_lock, flags);
	clear_syscall_work(SYSCALL_USER_DISPATCH);
	machine_put(m);
}

/* ---- System calls ------------------------------------------------------------- */

static long call_of_module(struct machine *m, struct pt_regs *regs)
{
	switch (regs->orig_ax) {
	case LODGER_KMOD_SWITCH:
		return space_switch(m, regs->di);
	case LODGER_KMOD_RELEASE:
		return space_release(m, regs->di);
	default:
		return -ENOSYS;
	}
}

static bool is_call_of_module(const struct pt_regs *regs)
{
	return !in_ia32_syscall() && regs->orig_ax >= LODGER_KMOD_RUN &&
	       regs->orig_ax <= LODGER_KMOD_RELEASE;
}

static void user_call(struct machine *m, struct pt_regs *regs)
{
	m->count.calls++;
	regs->ax = m->run->orig_rax = regs->orig_ax;
	machine_trap(m, regs, in_ia32_syscall() ? LODGER_KMOD_EXIT_CALL_32 :
						  LODGER_KMOD_EXIT_CALL);
}

/* The host's affair, and the filter's. */
static bool other_call(struct machine *m, const struct pt_regs *regs)
{
	if (m->protection && m->protection->call && !in_ia32_syscall())
		m->protection->call(m, regs);
	return false;
}

/* Stands for syscall_user_dispatch: true if the kernel is to do nothing more
 * about this call. */
static bool dispatch(struct pt_regs *regs)
{
	struct machine *m = hooks_current();

	if (!m)
		return false;
	if (m->in_user)
		user_call(m, regs);
	else if (!is_call_of_module(regs))
		return other_call(m, regs);
	else if (regs->orig_ax == LODGER_KMOD_RUN)
		machine_run(m, regs);
	else
		regs->ax = call_of_module(m, regs);
	current->syscall_dispatch.on_dispatch = true;
	return true;
}

static void notrace on_dispatch(unsigned long ip, unsigned long parent_ip,
				struct ftrace_ops *op, struct ftrace_regs *fregs)
{
	if (hooks_current())
		ftrace_get_regs(fregs)->ip = (unsigned long)dispatch;
}

/* ---- Exceptions --------------------------------------------------------------- */

/* A page fault for want of a mapping that the protection can put there? The
 * instruction is then executed again. */
static bool is_filled(struct machine *m, const struct kernel_siginfo *info)
{
	const struct thread_struct *thread = &current->thread;

	return m->protection && m->protection->fill && info->si_signo == SIGSEGV &&
	       info->si_code == SEGV_MAPERR && thread->trap_nr == X86_TRAP_PF &&
	       m->protection->fill(m, thread->cr2, thread->error_code);
}

/* Stands for force_sig_info_to_task in USER state. */
static int exception(const struct kernel_siginfo *info)
{
	struct machine *m = hooks_current();
	struct lodger_kmod_run *run = m->run;

	if (is_filled(m, info))
		return 0;
	m->count.faults++;
	run->sig = info->si_signo;
	run->si_code = info->si_code;
	run->addr = (unsigned long)info->si_addr;
	run->err = current->thread.error_code;
	run->trapno = current->thread.trap_nr;
	run->cr2 = current->thread.cr2;
	run->orig_rax = -1;
	machine_trap(m, task_pt_regs(current), LODGER_KMOD_EXIT_FAULT);
	return 0;
}

static void notrace on_force_sig(unsigned long ip, unsigned long parent_ip,
				 struct ftrace_ops *op, struct ftrace_regs *fregs)
{
	struct pt_regs *regs = ftrace_get_regs(fregs);
	const struct kernel_siginfo *info = (void *)regs->di;
	struct machine *m = hooks_current();

	if (m && m->in_user && regs->si == (unsigned long)current &&
	    info->si_signo != SIGKILL)
		regs->ip = (unsigned long)exception;
}

/* ---- Signals ------------------------------------------------------------------ */

static void notrace on_signal(unsigned long ip, unsigned long parent_ip,
			      struct ftrace_ops *op, struct ftrace_regs *fregs)
{
	struct machine *m = hooks_current();

	if (!m || !m->in_user)
		return;
	m->count.signals++;
	m->run->orig_rax = -1;
	machine_trap(m, task_pt_regs(current), LODGER_KMOD_EXIT_SIGNAL);
}

/* ---- Exec and exit ------------------------------------------------------------ */

static void on_exit(void *data, struct task_struct *task)
{
	forget_current();
}

static void on_exec(void *data, struct task_struct *task, pid_t old_pid,
		    struct linux_binprm *bprm)
{
	forget_current();
}

/* ---- All of them --------------------------------------------------------------- */

static struct hook {
	const char *name;
	struct ftrace_ops ops;
	bool on;
} hooks[] = {
	{ "syscall_user_dispatch",
	  { .func = on_dispatch,
	    .flags = FTRACE_OPS_FL_SAVE_REGS | FTRACE_OPS_FL_IPMODIFY } },
	{ "force_sig_info_to_task",
	  { .func = on_force_sig,
	    .flags = FTRACE_OPS_FL_SAVE_REGS | FTRACE_OPS_FL_IPMODIFY } },
	{ "arch_do_signal_or_restart",
	  { .func = on_signal, .flags = FTRACE_OPS_FL_SAVE_REGS } },
};

static struct tracepoint *at_exit, *at_exec;

static int hook_install(struct hook *hook)
{
	int err = ftrace_set_filter(&hook->ops, (unsigned char *)hook->name,
				    strlen(hook->name), 1);

	if (!err)
		err = register_ftrace_function(&hook->ops);
	hook->on = !err;
	if (err)
		pr_err("lodger: cannot hook %s (%d)\n", hook->name, err);
	return err;
}

int hooks_install(void)
{
	int err = -ENOENT;

	at_exit = tracepoint_attach("sched_process_exit", on_exit);
	at_exec = tracepoint_attach("sched_process_exec", on_exec);
	if (!at_exit || !at_exec)
		goto out_remove;
	for (size_t i = 0; i < ARRAY_SIZE(hooks); i++) {
		err = hook_install(&hooks[i]);
		if (err)
			goto out_remove;
	}
	return 0;

out_remove:
	hooks_remove();
	return err;
}

void hooks_remove(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(hooks); i++)
		if (hooks[i].on)
			unregister_ftrace_function(&hooks[i].ops);
	tracepoint_detach(at_exit, on_exit);
	tracepoint_detach(at_exec, on_exec);
	tracepoint_synchronize_unregister();
	/* nobody is in what the hooks led to */
	synchronize_rcu_tasks();
}
