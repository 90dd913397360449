/*
 * Signals: generation, masks, notification of parents. Delivery is sigdeliver.c's,
 * the queues are sigqueue.c's.
 *
 * Rules of signal(7) and POSIX that are kept here: what is ignored is not
 * generated (unless blocked: the answer is due at delivery); a stop signal takes
 * back SIGCONT and the reverse; SIGCONT continues when it is generated, whatever
 * its disposition; SIGKILL ends the process at generation. Process 1 of the
 * machine gets only what it has a handler for.
 */
#include "hal/hal.h"
#include "lib/err.h"
#include "lib/string.h"
#include "proc/proc_internal.h"
#include "proc/ratelimit.h"

#include <asm/siginfo.h>
#include <asm/signal.h>
#include <linux/capability.h>

#define UNBLOCKABLE (SIG_BIT(SIGKILL) | SIG_BIT(SIGSTOP))
#define STOP_SIGNALS                                               \
	(SIG_BIT(SIGSTOP) | SIG_BIT(SIGTSTP) | SIG_BIT(SIGTTIN) |  \
	 SIG_BIT(SIGTTOU))
#define NS_PER_TICK (NS_PER_SEC / 100) /* USER_HZ */

/* --- who takes it ---------------------------------------------------------------------- */

static u64 handler_of(const struct process *p, int sig)
{
	return p->sighand->action[sig - 1].handler;
}

static bool disposition_ignores(const struct process *p, int sig)
{
	u64 handler = handler_of(p, sig);

	if (handler == (u64)SIG_IGN)
		return true;
	if (handler != (u64)SIG_DFL)
		return false;
	return p->unkillable || signal_default(sig) == SIGDEF_IGNORE ||
	       signal_default(sig) == SIGDEF_CONTINUE;
}

static bool is_ignored(const struct process *p, const struct task *t, int sig)
{
	/* blocked: the disposition may have changed when it is unblocked */
	if (t->blocked & SIG_BIT(sig))
		return false;
	return disposition_ignores(p, sig);
}

static bool is_alive(const struct task *t)
{
	return !t->exiting && t->state != TASK_ZOMBIE;
}

static bool takes(const struct task *t, int sig)
{
	return is_alive(t) && !(t->blocked & ~t->sigwait & SIG_BIT(sig));
}

static void wake_sleeper(struct task *t)
{
	if (t->state == TASK_SLEEPING)
		sched_wake(t);
}

/* Some task of p that can take sig notices it: best one that runs anyway. */
static void wake_one(struct process *p, int sig)
{
	struct task *t, *best = NULL;

	list_for_each_entry(t, &p->tasks, group_link) {
		if (!takes(t, sig) || t->state == TASK_STOPPED)
			continue;
		if (t->state == TASK_RUNNABLE)
			return;
		if (!best)
			best = t;
	}
	if (best)
		wake_sleeper(best);
}

void signal_retarget(struct task *t, u64 mask)
{
	u64 orphans = t->proc->shared_pending.mask & mask;
	struct task *other;

	if (!orphans)
		return;
	list_for_each_entry(other, &t->proc->tasks, group_link)
		if (other != t && is_alive(other) && (orphans & ~other->blocked))
			wake_sleeper(other);
}

/* --- ends, stops, continues ----------------------------------------------------------------- */

void signal_group_exit(struct process *p, s32 code)
{
	struct task *t;

	if (p->exiting)
		return;
	p->exiting = true;
	p->exit_code = code;
	p->stop_pending = false;
	p->stopped = false;
	list_for_each_entry(t, &p->tasks, group_link)
		if (is_alive(t) && t->state != TASK_RUNNABLE)
			sched_wake(t);
}

static void flush_everywhere(struct process *p, u64 mask)
{
	struct task *t;

	sigpending_flush(&p->shared_pending, mask);
	list_for_each_entry(t, &p->tasks, group_link)
		sigpending_flush(&t->pending, mask);
}

static void continue_process(struct process *p)
{
	bool was_stopped = p->stopped;
	struct task *t;

	flush_everywhere(p, STOP_SIGNALS);
	if (!p->stop_pending)
		return;
	p->stop_pending = false;
	p->stopped = false;
	list_for_each_entry(t, &p->tasks, group_link)
		if (t->state == TASK_STOPPED)
			sched_wake(t);
	if (was_stopped) {
		p->continued = true;
		signal_notify_stop(p, CLD_CONTINUED);
	}
}

void signal_stop_check(struct process *p)
{
	struct task *t;

	if (!p->stop_pending || p->stopped)
		return;
	list_for_each_entry(t, &p->tasks, group_link)
		if (is_alive(t) && t->state != TASK_STOPPED)
			return;
	p->stopped = true;
	p->stop_reported = false;
	p->continued = false;
	signal_notify_stop(p, CLD_STOPPED);
}

/* --- generation --------------------------------------------------------------------------------- */

/* sig is pending: for t, or for p as a whole (NULL). */
static void tell(struct process *p, struct task *t, int sig)
{
	wake_up(&p->signalfd_wait);
	if (!t)
		wake_one(p, sig);
	else if (takes(t, sig))
		wake_sleeper(t);
}

/* t NULL: for the process as a whole. */
static int generate(struct process *p, struct task *t, int sig,
		    const struct k_siginfo *info)
{
	int err;

	if (p->exiting || p->zombie || (t && !is_alive(t)))
		return 0;
	if (sig == SIGCONT)
		continue_process(p);
	else if (SIG_BIT(sig) & STOP_SIGNALS)
		flush_everywhere(p, SIG_BIT(SIGCONT));
	if (is_ignored(p, t ? t : process_leader(p), sig))
		return 0;
	if (sig == SIGKILL) {
		signal_group_exit(p, SIGKILL);
		return 0;
	}
	err = sigpending_add(t ? &t->pending : &p->shared_pending, p, sig, info);
	if (err)
		return err;
	tell(p, t, sig);
	return 0;
}

bool signal_send_entry(struct process *p, struct task *t, int sig, struct sigqueue *q)
{
	struct sigpending *pending = t ? &t->pending : &p->shared_pending;

	if (p->exiting || p->zombie || (t && !is_alive(t)) ||
	    is_ignored(p, t ? t : process_leader(p), sig))
		return false;
	if (sig == SIGKILL) {
		signal_group_exit(p, SIGKILL);
		return false;
	}
	if (sig == SIGCONT)
		continue_process(p);
	pending->mask |= SIG_BIT(sig);
	q->queued = true;
	list_add_tail(&q->link, &pending->queue);
	tell(p, t, sig);
	return true;
}

int signal_send_task(struct task *t, int sig, const struct k_siginfo *info)
{
	return generate(t->proc, t, sig, info);
}

int signal_send_process(struct process *p, int sig, const struct k_siginfo *info)
{
	return generate(p, NULL, sig, info);
}

int signal_send_group(s32 pgid, int sig, const struct k_siginfo *info)
{
	struct process *p;
	int err, result = -ESRCH;

	for (p = process_first(); p; p = process_next(p)) {
		if (p->pgid != pgid)
			continue;
		err = signal_send_process(p, sig, info);
		if (result)
			result = err;
	}
	return result;
}

bool signal_permitted(const struct process *p, int sig)
{
	const struct cred *own = &current_task()->cred;
	const struct cred *other = &process_leader(p)->cred;

	if (p == current_process())
		return true;
	if (own->euid == other->suid || own->euid == other->uid ||
	    own->uid == other->suid || own->uid == other->uid)
		return true;
	if (sig == SIGCONT && p->session == current_process()->session)
		return true;
	return cred_capable(own, CAP_KILL);
}

/* --- faults ---------------------------------------------------------------------------------------- */

static void force(int sig, const struct k_siginfo *info)
{
	struct task *t = current_task();
	struct k_sigaction *action = &t->proc->sighand->action[sig - 1];

	if ((t->blocked & SIG_BIT(sig)) || action->handler == (u64)SIG_IGN) {
		action->handler = (u64)SIG_DFL;
		t->blocked &= ~SIG_BIT(sig);
	}
	if (action->handler == (u64)SIG_DFL)
		t->proc->unkillable = false;
	t->forced_sig = sig;
	t->forced_info = *info;
}

void signal_force_fault(int sig, int code, uaddr_t addr)
{
	struct k_siginfo info = { .signo = sig, .code = code };

	info.fault.addr = addr;
	force(sig, &info);
}

void signal_force_info(const struct k_siginfo *info, bool fatal)
{
	if (fatal)
		current_process()->sighand->action[info->signo - 1].handler = (u64)SIG_DFL;
	force(info->signo, info);
}

void signal_force(int sig)
{
	struct k_siginfo info = { .signo = sig, .code = SI_KERNEL };

	force(sig, &info);
}

void signal_kill_current(int sig, const char *why)
{
	static struct ratelimit limit;
	struct task *t = current_task();
	u32 missed;

	if (ratelimit_allows(&limit, &missed)) {
		if (missed)
			klog("%u lines about killed programs left out", missed);
		klog("%s[%d] killed by %s at %llx: %s", t->comm, t->tid,
		     signal_name(sig), (unsigned long long)t->tf.rip, why);
	}
	signal_group_exit(t->proc, sig);
}

/* --- masks and waiting -------------------------------------------------------------------------------- */

u64 signal_pending_set(const struct task *t)
{
	return t->pending.mask | t->proc->shared_pending.mask;
}

bool signal_pending(const struct task *t)
{
	if (t->exiting)
		return false;
	if (task_is_doomed(t) || t->proc->stop_pending || t->forced_sig)
		return true;
	return signal_pending_set(t) & ~(t->blocked & ~t->sigwait);
}

void signal_set_blocked(struct task *t, u64 mask)
{
	u64 added = mask & ~t->blocked;

	t->blocked = mask & ~UNBLOCKABLE;
	if (added)
		signal_retarget(t, added);
}

void signal_set_blocked_for_call(struct task *t, u64 mask)
{
	t->saved_blocked = t->blocked;
	t->restore_blocked = true;
	signal_set_blocked(t, mask);
}

int signal_set_action(int sig, const struct k_sigaction *act,
		      struct k_sigaction *old)
{
	struct process *p = current_process();
	struct k_sigaction *action;

	if (sig < 1 || sig > NSIG_ || (act && (SIG_BIT(sig) & UNBLOCKABLE)))
		return -EINVAL;
	action = &p->sighand->action[sig - 1];
	if (old)
		*old = *action;
	if (!act)
		return 0;
	*action = *act;
	action->mask &= ~UNBLOCKABLE;
	if (disposition_ignores(p, sig)) /* POSIX: also what is pending */
		flush_everywhere(p, SIG_BIT(sig));
	return 0;
}

s64 signal_timedwait(u64 set, struct k_siginfo *info, u64 deadline_ns)
{
	struct task *t = current_task();
	int sig, err = 0;

	set &= ~UNBLOCKABLE;
	t->sigwait = set;
	for (;;) {
		sig = signal_dequeue(t, set, info);
		if (sig || err)
			break;
		err = wait_sleep(deadline_ns);
	}
	t->sigwait = 0;
	if (sig)
		return sig;
	return err == -ETIMEDOUT ? -EAGAIN : -EINTR;
}

/* --- parents ----------------------------------------------------------------------------------------------- */

static void fill_child_info(struct k_siginfo *info, const struct process *p,
			    int code, s32 status)
{
	u64 utime, stime;

	memset(info, 0, sizeof(*info));
	process_times(p, &utime, &stime);
	info->signo = SIGCHLD;
	info->code = code;
	info->chld.pid = p->pid;
	info->chld.uid = process_leader(p)->cred.uid;
	info->chld.status = status;
	info->chld.utime = (s64)(utime / NS_PER_TICK);
	info->chld.stime = (s64)(stime / NS_PER_TICK);
}

void signal_notify_stop(struct process *p, int code)
{
	struct process *parent = p->parent;
	const struct k_sigaction *action;
	struct k_siginfo info;

	if (!parent)
		return;
	fill_child_info(&info, p, code,
			code == CLD_STOPPED ? p->stop_sig : SIGCONT);
	action = &parent->sighand->action[SIGCHLD - 1];
	if (action->handler != (u64)SIG_IGN && !(action->flags & SA_NOCLDSTOP))
		signal_send_process(parent, SIGCHLD, &info);
	wake_up(&parent->child_wait);
}

static bool wants_no_zombies(const struct process *parent)
{
	const struct k_sigaction *action = &parent->sighand->action[SIGCHLD - 1];

	return action->handler == (u64)SIG_IGN || (action->flags & SA_NOCLDWAIT);
}

bool signal_notify_exit(struct process *p)
{
	struct process *parent = p->parent;
	int sig = WAIT_SIGNAL(p->exit_code);
	bool no_zombie;
	struct k_siginfo info;

	if (!parent)
		return true;
	no_zombie = p->exit_signal == SIGCHLD && wants_no_zombies(parent);
	if (p->exit_signal > 0 && p->exit_signal <= NSIG_) {
		fill_child_info(&info, p, wait_cld_code(p->exit_code),
				sig ? sig : WAIT_CODE(p->exit_code));
		signal_send_process(parent, p->exit_signal, &info);
	}
	wake_up(&parent->child_wait);
	return no_zombie;
}
