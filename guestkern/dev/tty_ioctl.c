/* tty_ioctl(4): settings, queues, window size. Job control is tty_jobs.c. */
#include <asm/ioctls.h>
#include <asm/termbits.h>
#include <linux/capability.h>

#include "dev/tty.h"
#include "lib/err.h"
#include "lib/string.h"
#include "mm/uaccess.h"
#include "proc/cred.h"

#define SIGTTOU_ 22

int tty_drain(struct tty *tty)
{
	tty_flush_output(tty);
	return wait_event(&tty->write_wait, ring_used(&tty->output) == 0);
}

/* --- settings -------------------------------------------------------------------------- */

static void termios_to_user(const struct ldisc_termios *t, struct termios2 *u)
{
	_Static_assert(LDISC_NCCS == NCCS, "LDISC_NCCS");
	memset(u, 0, sizeof(*u));
	u->c_iflag = t->iflag;
	u->c_oflag = t->oflag;
	u->c_cflag = t->cflag;
	u->c_lflag = t->lflag;
	u->c_line = t->line;
	memcpy(u->c_cc, t->cc, NCCS);
	u->c_ispeed = t->ispeed;
	u->c_ospeed = t->ospeed;
}

static void termios_from_user(struct ldisc_termios *t, const struct termios2 *u)
{
	t->iflag = u->c_iflag;
	t->oflag = u->c_oflag;
	t->cflag = u->c_cflag;
	t->lflag = u->c_lflag;
	t->line = u->c_line;
	memcpy(t->cc, u->c_cc, NCCS);
}

/* bytes: of struct termios or termios2, which begins with the former's fields. */
static s64 get_settings(struct tty *tty, uaddr_t to, size_t bytes)
{
	struct termios2 u;

	_Static_assert(offsetof(struct termios2, c_cc) ==
			       offsetof(struct termios, c_cc),
		       "termios2 begins as termios");
	termios_to_user(&tty->ldisc.termios, &u);
	return copy_to_user(to, &u, bytes);
}

static s64 set_settings(struct tty *tty, uaddr_t from, size_t bytes, bool wait,
			bool flush)
{
	struct ldisc_termios t = tty->ldisc.termios;
	struct termios2 u;
	int err;

	err = tty_check_background(tty, SIGTTOU_);
	if (err)
		return err;
	if (copy_from_user(&u, from, bytes))
		return -EFAULT;
	if (wait) {
		err = tty_drain(tty);
		if (err)
			return err;
	}
	if (flush)
		ldisc_flush_input(&tty->ldisc);
	t = tty->ldisc.termios;
	termios_from_user(&t, &u);
	if (bytes == sizeof(u)) {
		t.ispeed = u.c_ispeed;
		t.ospeed = u.c_ospeed;
	}
	ldisc_set_termios(&tty->ldisc, &t);
	tty->lower->unthrottle(tty);
	if (ldisc_readable(&tty->ldisc, 1))
		wake_up(&tty->read_wait);
	return 0;
}

static s64 settings_ioctl(struct tty *tty, u32 cmd, u64 arg)
{
	const size_t one = sizeof(struct termios), two = sizeof(struct termios2);

	switch (cmd) {
	case TCGETS:
		return get_settings(tty, arg, one);
	case TCGETS2:
		return get_settings(tty, arg, two);
	case TCSETS:
		return set_settings(tty, arg, one, false, false);
	case TCSETSW:
		return set_settings(tty, arg, one, true, false);
	case TCSETSF:
		return set_settings(tty, arg, one, true, true);
	case TCSETS2:
		return set_settings(tty, arg, two, false, false);
	case TCSETSW2:
		return set_settings(tty, arg, two, true, false);
	case TCSETSF2:
		return set_settings(tty, arg, two, true, true);
	default:
		return -ENOTTY;
	}
}

/* --- queues ------------------------------------------------------------------------------ */

static s64 set_flow(struct tty *tty, u64 arg)
{
	char c;

	switch (arg) {
	case TCOOFF:
		tty->stopped = true;
		wake_up(&tty->write_wait);
		return 0;
	case TCOON:
		tty->stopped = false;
		tty->ldisc.stopped = false;
		tty_output_ready(tty);
		return 0;
	case TCIOFF:
	case TCION:
		c = (char)tty->ldisc.termios.cc[arg == TCION ? VSTART : VSTOP];
		if (c && ring_space(&tty->output))
			ring_write(&tty->output, &c, 1);
		tty_flush_output(tty);
		return 0;
	default:
		return -EINVAL;
	}
}

static s64 flush_queues(struct tty *tty, u64 arg)
{
	if (arg != TCIFLUSH && arg != TCOFLUSH && arg != TCIOFLUSH)
		return -EINVAL;
	if (arg != TCOFLUSH) {
		ldisc_flush_input(&tty->ldisc);
		tty->lower->unthrottle(tty);
	}
	if (arg != TCIFLUSH)
		tty_discard_output(tty);
	return 0;
}

/* What changes queues is refused to the background, as writing is. */
static s64 queue_ioctl(struct tty *tty, u32 cmd, u64 arg)
{
	int err = tty_check_background(tty, SIGTTOU_);

	if (err)
		return err;
	switch (cmd) {
	case TCXONC:
		return set_flow(tty, arg);
	case TCFLSH:
		return flush_queues(tty, arg);
	default: /* TCSBRK and kin: a break means nothing here, tcdrain does */
		return tty_drain(tty);
	}
}

static s64 count_ioctl(const struct tty *tty, u32 cmd, uaddr_t to)
{
	u32 count = cmd == TIOCOUTQ ? ring_used(&tty->output) :
				      ldisc_count(&tty->ldisc);

	return put_user(count, to);
}

/* --- the rest ------------------------------------------------------------------------------ */

static s64 set_winsize_user(struct tty *tty, uaddr_t from)
{
	struct tty_winsize ws;

	if (get_user(ws, from))
		return -EFAULT;
	tty_set_winsize(tty, &ws);
	return 0;
}

static s64 set_discipline(uaddr_t from)
{
	int number;

	if (get_user(number, from))
		return -EFAULT;
	return number == 0 ? 0 : -EINVAL; /* N_TTY is the only one */
}

s64 tty_ioctl(struct chrdev *dev, u32 cmd, u64 arg)
{
	struct tty *tty = dev->private;
	u32 value = 0;

	switch (cmd) {
	case TIOCGWINSZ:
		return put_user(tty->winsize, arg);
	case TIOCSWINSZ:
		return set_winsize_user(tty, arg);
	case TIOCGETD:
		return put_user(value, arg);
	case TIOCSETD:
		return set_discipline(arg);
	case TIOCGDEV:
		value = (u32)tty->chr.rdev;
		return put_user(value, arg);
	case TIOCSTI: /* typing for others: refused, as hardened Linux does */
		return -EPERM;
	case TIOCVHANGUP:
		if (!capable(CAP_SYS_ADMIN))
			return -EPERM;
		tty_hangup(tty);
		return 0;
	case TCSBRK:
	case TCSBRKP:
	case TIOCSBRK:
	case TCXONC:
	case TCFLSH:
		return queue_ioctl(tty, cmd, arg);
	case TIOCCBRK:
		return 0;
	case FIONREAD: /* TIOCINQ */
	case TIOCOUTQ:
		return count_ioctl(tty, cmd, arg);
	case TIOCSCTTY:
	case TIOCNOTTY:
	case TIOCGPGRP:
	case TIOCSPGRP:
	case TIOCGSID:
		return tty_jobs_ioctl(tty, cmd, arg);
	default:
		return settings_ioctl(tty, cmd, arg);
	}
}
