/*
 * Job control: which session a terminal belongs to, which group is in front.
 * Invariant: a process whose tty is this one belongs to tty->session (not all
 * members of the session need to have it: TIOCNOTTY, or they were there first).
 */
#include <asm/ioctls.h>
#include <linux/capability.h>

#include "dev/devices.h"
#include "dev/tty.h"
#include "lib/err.h"
#include "mm/uaccess.h"
#include "proc/cred.h"
#include "proc/signal.h"
#include "proc/task.h"

#define SIGHUP_ 1
#define SIGCONT_ 18
#define SIGTTIN_ 21
#define SIGTTOU_ 22
#define SIG_IGN_ 1

static bool is_controlling(const struct tty *tty)
{
	return current_process()->tty == tty;
}

static bool is_leader(const struct process *p)
{
	return p->session && p->session->sid == p->pid;
}

/* Blocked or ignored by the current task. */
static bool signal_unheeded(int sig)
{
	const struct task *t = current_task();

	return (t->blocked & SIG_BIT(sig)) ||
	       t->proc->sighand->action[sig - 1].handler == SIG_IGN_;
}

int tty_check_background(struct tty *tty, int sig)
{
	s32 pgid = current_process()->pgid;

	if (!is_controlling(tty) || tty->pgrp <= 0 || pgid == tty->pgrp)
		return 0;
	if (signal_unheeded(sig))
		return sig == SIGTTIN_ ? -EIO : 0;
	if (pgrp_is_orphaned(pgid))
		return -EIO;
	signal_send_group(pgid, sig, NULL);
	return -ERESTARTSYS;
}

static void own(struct tty *tty)
{
	struct process *p = current_process();

	tty->session = p->session;
	tty->pgrp = p->pgid;
	p->tty = tty;
	p->tty_old_pgrp = 0;
}

void tty_acquire(struct tty *tty)
{
	struct process *p = current_process();

	if (is_leader(p) && !p->tty && !tty->session)
		own(tty);
}

static void hang_up_group(s32 pgrp, bool go_on)
{
	if (pgrp <= 0)
		return;
	signal_send_group(pgrp, SIGHUP_, NULL);
	if (go_on)
		signal_send_group(pgrp, SIGCONT_, NULL);
}

/* Nobody in tty's session has it any longer. */
static void disown(struct tty *tty)
{
	struct process *p;

	if (!tty->session)
		return;
	for (p = process_first(); p; p = process_next(p))
		if (p->session == tty->session && p->tty == tty)
			p->tty = NULL;
	tty->session = NULL;
	tty->pgrp = 0;
}

void tty_hangup_session(struct tty *tty, bool end)
{
	struct process *leader;
	s32 pgrp = tty->pgrp;

	if (!tty->session)
		return;
	leader = process_find(tty->session->sid);
	if (leader && leader->session == tty->session) {
		signal_send_process(leader, SIGHUP_, NULL);
		signal_send_process(leader, SIGCONT_, NULL);
		leader->tty_old_pgrp = pgrp;
	}
	disown(tty);
	if (end)
		hang_up_group(pgrp, false);
}

/*
 * A terminal hangs up for all who have it open, a pty only tells the group in
 * front. Where it had hung up before, that group has not been told yet.
 */
void tty_session_exit(struct process *leader)
{
	struct tty *tty = leader->tty;

	if (!tty) {
		hang_up_group(leader->tty_old_pgrp, true);
	} else if (tty->is_pty) {
		hang_up_group(tty->pgrp, false);
		disown(tty);
	} else {
		tty_hangup_session(tty, true);
		tty_hangup(tty);
	}
}

u64 tty_rdev(void *owned)
{
	const struct tty *tty = owned;

	return tty ? tty->chr.rdev : 0;
}

s32 tty_foreground(void *owned)
{
	const struct tty *tty = owned;

	return tty && tty->pgrp > 0 ? tty->pgrp : -1;
}

/* --- ioctls --------------------------------------------------------------------------- */

/* arg 1 steals it from another session (needs CAP_SYS_ADMIN). */
static s64 set_controlling(struct tty *tty, u64 arg)
{
	struct process *p = current_process();

	if (is_leader(p) && p->session == tty->session)
		return 0;
	if (!is_leader(p) || p->tty)
		return -EPERM;
	if (tty->session) {
		if (arg != 1 || !capable(CAP_SYS_ADMIN))
			return -EPERM;
		disown(tty);
	}
	own(tty);
	return 0;
}

/* A leader takes the terminal from the whole session. */
static s64 give_up_controlling(struct tty *tty)
{
	if (!is_controlling(tty))
		return -ENOTTY;
	if (is_leader(current_process())) {
		hang_up_group(tty->pgrp, true);
		disown(tty);
	}
	current_process()->tty = NULL;
	return 0;
}

static s64 set_group(struct tty *tty, uaddr_t from)
{
	s32 pgid;
	int err;

	err = tty_check_background(tty, SIGTTOU_);
	if (err)
		return err == -EIO ? -ENOTTY : err;
	if (get_user(pgid, from))
		return -EFAULT;
	if (pgid < 0)
		return -EINVAL;
	if (!is_controlling(tty) || tty->session != current_process()->session)
		return -ENOTTY;
	if (!process_number_used(pgid))
		return -ESRCH;
	if (!pgrp_exists(pgid, current_process()->session->sid))
		return -EPERM;
	tty->pgrp = pgid;
	return 0;
}

s64 tty_jobs_ioctl(struct tty *tty, bool from_master, u32 cmd, u64 arg)
{
	switch (cmd) {
	case TIOCSCTTY:
		return set_controlling(tty, arg);
	case TIOCNOTTY:
		return from_master ? -ENOTTY : give_up_controlling(tty);
	case TIOCGPGRP:
		if (!from_master && !is_controlling(tty))
			return -ENOTTY;
		return put_user(tty->pgrp, arg);
	case TIOCSPGRP:
		return set_group(tty, arg);
	case TIOCGSID:
		if ((!from_master && !is_controlling(tty)) || !tty->session)
			return -ENOTTY;
		return put_user(tty->session->sid, arg);
	default:
		return -ENOTTY;
	}
}

/* --- /dev/tty ------------------------------------------------------------------------------ */

static struct chrdev *current_redirect(struct chrdev *dev)
{
	struct tty *tty = current_process()->tty;

	(void)dev;
	return tty ? &tty->chr : NULL;
}

static const struct chrdev_ops current_ops = {
	.redirect = current_redirect,
};

struct chrdev tty_current = {
	.name = "tty",
	.rdev = MKDEV(5, 0),
	.mode = 0666,
	.ops = &current_ops,
};
