/*
 * The last thing before user mode: what becomes of an interrupted system call, and
 * which pending signal is acted upon. Frames are sigframe.c's.
 *
 * Invariant: a system call is restarted or turned into EINTR exactly once:
 * tf->orig_rax is -1 afterwards.
 */
#include "lib/err.h"
#include "proc/proc_internal.h"
#include "proc/rseq.h"

#include <asm/signal.h>
#include <asm/unistd.h>


/* --- restart ------------------------------------------------------------------------------ */

static bool ends_in_eintr(s64 result, const struct k_sigaction *action)
{
	switch (-result) {
	case ERESTARTNOHAND:
	case ERESTART_RESTARTBLOCK:
		return action;
	case ERESTARTSYS:
		return action && !(action->flags & SA_RESTART);
	default:
		return false;
	}
}

static bool asks_for_restart(s64 result)
{
	return result == -ERESTARTSYS || result == -ERESTARTNOINTR ||
	       result == -ERESTARTNOHAND || result == -ERESTART_RESTARTBLOCK;
}

/* action: of the handler that is going to run, or NULL. */
static void settle_call(struct trap_frame *tf, const struct k_sigaction *action)
{
	s64 result = (s64)tf->rax;
	u64 number = tf->orig_rax;

	tf->orig_rax = (u64)-1;
	if (number == (u64)-1 || !asks_for_restart(result))
		return;
	if (ends_in_eintr(result, action)) {
		tf->rax = (u64)-EINTR;
		return;
	}
	tf->rax = result == -ERESTART_RESTARTBLOCK ? __NR_restart_syscall : number;
	tf->rip -= tf->insn_bytes;
}

/* --- default actions ------------------------------------------------------------------------ */

/* Waits until the process is continued or ends. */
static void stop_here(struct task *t)
{
	struct process *p = t->proc;

	while (p->stop_pending && !task_is_doomed(t)) {
		t->state = TASK_STOPPED;
		signal_stop_check(p);
		/* telling the parent may have continued us */
		if (t->state == TASK_STOPPED)
			schedule();
	}
	t->state = TASK_RUNNABLE;
}

static void stop_process(struct process *p, int sig)
{
	struct task *t;

	/* POSIX: terminal stops do nothing to who could not be continued */
	if (sig != SIGSTOP && pgrp_is_orphaned(p->pgid))
		return;
	p->stop_pending = true;
	p->stop_sig = sig;
	list_for_each_entry(t, &p->tasks, group_link)
		if (t->state == TASK_SLEEPING)
			sched_wake(t);
}

static bool (*core_dumper)(int sig, const struct k_siginfo *info);

void proc_set_core_dumper(bool (*fn)(int sig, const struct k_siginfo *info))
{
	core_dumper = fn;
}

/* All threads end, and meanwhile the core file is written. */
static void end_with_core(struct process *p, int sig, const struct k_siginfo *info)
{
	if (p->exiting)
		process_exit(sig);
	signal_group_exit(p, sig);
	if (core_dumper && core_dumper(sig, info))
		p->exit_code |= WAIT_CORE;
	process_exit(p->exit_code);
}

static void act_by_default(struct process *p, int sig, const struct k_siginfo *info)
{
	switch (signal_default(sig)) {
	case SIGDEF_IGNORE:
	case SIGDEF_CONTINUE: /* was done at generation */
		return;
	case SIGDEF_STOP:
		if (!p->unkillable)
			stop_process(p, sig);
		return;
	case SIGDEF_TERM:
		if (!p->unkillable)
			process_exit(sig);
		return;
	case SIGDEF_CORE:
		if (!p->unkillable)
			end_with_core(p, sig, info);
		return;
	}
}

/* --- delivery ---------------------------------------------------------------------------------- */

static int take_signal(struct task *t, struct k_siginfo *info)
{
	int sig = t->forced_sig;

	if (!sig)
		return signal_dequeue(t, ~t->blocked, info);
	*info = t->forced_info;
	t->forced_sig = 0;
	return sig;
}

/* The next signal that has a handler, with its action; acts upon others. 0: none
 * is left. May not return: exits. */
static int next_handled(struct task *t, struct k_siginfo *info,
			struct k_sigaction *action)
{
	struct k_sigaction *installed;
	int sig;

	for (;;) {
		if (task_is_doomed(t))
			task_exit(t->proc->exit_code);
		if (t->proc->stop_pending) {
			stop_here(t);
			continue;
		}
		sig = take_signal(t, info);
		if (!sig)
			return 0;
		installed = &t->proc->sighand->action[sig - 1];
		*action = *installed;
		if (action->handler == (u64)SIG_IGN)
			continue;
		if (action->handler != (u64)SIG_DFL) {
			if (action->flags & SA_RESETHAND)
				installed->handler = (u64)SIG_DFL;
			return sig;
		}
		act_by_default(t->proc, sig, info);
	}
}

/* No place for the frame: SIGSEGV instead, and if that was it, the end. */
static void frame_failed(int sig)
{
	if (sig == SIGSEGV)
		signal_group_exit(current_process(), SIGSEGV);
	else
		signal_force(SIGSEGV);
}

static void run_handler(struct trap_frame *tf, struct task *t, int sig,
			const struct k_siginfo *info,
			const struct k_sigaction *action)
{
	u64 mask = t->restore_blocked ? t->saved_blocked : t->blocked;
	u64 block = action->mask;

	settle_call(tf, action);
	if ((t->rseq && rseq_abort(t, tf)) ||
	    sigframe_build(tf, sig, info, action, mask)) {
		frame_failed(sig);
		return;
	}
	t->restore_blocked = false;
	if (!(action->flags & SA_NODEFER))
		block |= SIG_BIT(sig);
	signal_set_blocked(t, t->blocked | block);
}

void signal_handle_pending(struct trap_frame *tf)
{
	struct task *t = current_task();
	struct k_sigaction action;
	struct k_siginfo info;
	int sig = 0;

	if (signal_pending(t))
		sig = next_handled(t, &info, &action);
	if (sig) {
		run_handler(tf, t, sig, &info, &action);
		return;
	}
	settle_call(tf, NULL);
	if (t->restore_blocked) {
		t->restore_blocked = false;
		signal_set_blocked(t, t->saved_blocked);
	}
}
