/*
 * Job control: which session a terminal belongs to, which group is in front.
 * Invariant: session->tty == tty exactly when tty->session == session.
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
	const struct session *session = current_process()->session;

	return session && session->tty == tty;
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
	p->session->tty = tty;
	tty->pgrp = p->pgid;
}

void tty_acquire(struct tty *tty)
{
	struct process *p = current_process();

	if (is_leader(p) && !p->session->tty && !tty->session)
		own(tty);
}

void tty_release_session(struct tty *tty)
{
	s32 pgrp = tty->pgrp;

	if (!tty->session)
		return;
	tty->session->tty = NULL;
	tty->session = NULL;
	tty->pgrp = 0;
	if (pgrp > 0) {
		signal_send_group(pgrp, SIGHUP_, NULL);
		signal_send_group(pgrp, SIGCONT_, NULL);
	}
}

/* The leader ended: the terminal hangs up for all who have it open. */
void tty_session_exit(void *owned)
{
	struct tty *tty = owned;

	if (!tty)
		return;
	tty_release_session(tty);
	tty_hangup(tty);
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

	if (is_leader(p) && p->session->tty == tty)
		return 0;
	if (!is_leader(p) || p->session->tty)
		return -EPERM;
	if (tty->session) {
		if (arg != 1 || !capable(CAP_SYS_ADMIN))
			return -EPERM;
		tty->session->tty = NULL;
	}
	own(tty);
	return 0;
}

/* Only a leader takes the terminal from its session; for other members it is
 * as if nothing happened (their session's terminal is one thing here). */
static s64 give_up_controlling(struct tty *tty)
{
	if (!is_controlling(tty))
		return -ENOTTY;
	if (is_leader(current_process()))
		tty_release_session(tty);
	return 0;
}

static s64 get_group(struct tty *tty, uaddr_t to)
{
	if (!is_controlling(tty))
		return -ENOTTY;
	return put_user(tty->pgrp, to);
}

static s64 set_group(struct tty *tty, uaddr_t from)
{
	s32 pgid;
	int err;

	err = tty_check_background(tty, SIGTTOU_);
	if (err)
		return err == -EIO ? -ENOTTY : err;
	if (!is_controlling(tty))
		return -ENOTTY;
	if (get_user(pgid, from))
		return -EFAULT;
	if (pgid < 0)
		return -EINVAL;
	if (!pgrp_exists(pgid, current_process()->session->sid))
		return -EPERM;
	tty->pgrp = pgid;
	return 0;
}

s64 tty_jobs_ioctl(struct tty *tty, u32 cmd, u64 arg)
{
	switch (cmd) {
	case TIOCSCTTY:
		return set_controlling(tty, arg);
	case TIOCNOTTY:
		return give_up_controlling(tty);
	case TIOCGPGRP:
		return get_group(tty, arg);
	case TIOCSPGRP:
		return set_group(tty, arg);
	case TIOCGSID:
		if (!is_controlling(tty))
			return -ENOTTY;
		return put_user(tty->session->sid, arg);
	default:
		return -ENOTTY;
	}
}

/* --- /dev/tty ------------------------------------------------------------------------------ */

static struct chrdev *current_redirect(struct chrdev *dev)
{
	const struct session *session = current_process()->session;
	struct tty *tty = session ? session->tty : NULL;

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
