/* tty_ioctl(4): settings, queues, window size. Job control is tty_jobs.c. */
#include <asm/ioctls.h>
#include <asm/termbits.h>
#include <asm/termios.h>
#include <linux/capability.h>

#include "dev/tty.h"
#include "lib/err.h"
#include "lib/string.h"
#include "mm/uaccess.h"
#include "proc/cred.h"

#define SIGTTOU_ 22

int tty_drain(struct tty *tty)
{
	if (tty->lower->pulled_keep)
		return 0; /* what the other side has not read is written all the same */
	tty_flush_output(tty);
	return wait_event(&tty->write_wait, ring_used(&tty->output) == 0);
}

static void flush_input(struct tty *tty)
{
	ldisc_flush_input(&tty->ldisc);
	tty_event(tty, TIOCPKT_FLUSHREAD);
	tty->lower->unthrottle(tty);
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

static u32 baud_rate(u32 code, u32 other)
{
	static const u32 low[] = { 0, 50, 75, 110, 134, 150, 200, 300, 600, 1200,
				   1800, 2400, 4800, 9600, 19200, 38400 };
	static const u32 high[] = { 57600, 115200, 230400, 460800, 500000, 576000,
				    921600, 1000000, 1152000, 1500000, 2000000,
				    2500000, 3000000, 3500000, 4000000 };

	if (code == BOTHER)
		return other;
	return code & CBAUDEX ? high[(code & 0xf) - 1] : low[code];
}

/* The speeds follow from the codes in cflag. */
static void set_speeds(struct ldisc_termios *t, u32 ispeed, u32 ospeed)
{
	u32 in = t->cflag >> IBSHIFT & CBAUD;

	t->ospeed = baud_rate(t->cflag & CBAUD, ospeed);
	t->ispeed = in == B0 ? t->ospeed : baud_rate(in, ispeed);
}

/* bytes: of struct termios or termios2, which begins with the former's fields. */
static s64 get_settings(const struct ldisc_termios *t, uaddr_t to, size_t bytes)
{
	struct termios2 u;

	_Static_assert(offsetof(struct termios2, c_cc) ==
			       offsetof(struct termios, c_cc),
		       "termios2 begins as termios");
	termios_to_user(t, &u);
	return copy_to_user(to, &u, bytes);
}

/* struct termio: the short forms of the flags, eight characters. */
static s64 get_settings_old(struct tty *tty, uaddr_t to)
{
	const struct ldisc_termios *t = &tty->ldisc.termios;
	struct termio u = {
		.c_iflag = (u16)t->iflag,
		.c_oflag = (u16)t->oflag,
		.c_cflag = (u16)t->cflag,
		.c_lflag = (u16)t->lflag,
		.c_line = t->line,
	};

	memcpy(u.c_cc, t->cc, NCC);
	return put_user(u, to);
}

static int settings_from_old(struct ldisc_termios *t, uaddr_t from)
{
	struct termio u;

	if (get_user(u, from))
		return -EFAULT;
	t->iflag = (t->iflag & ~0xffffu) | u.c_iflag;
	t->oflag = (t->oflag & ~0xffffu) | u.c_oflag;
	t->cflag = (t->cflag & ~0xffffu) | u.c_cflag;
	t->lflag = (t->lflag & ~0xffffu) | u.c_lflag;
	t->line = u.c_line;
	memcpy(t->cc, u.c_cc, NCC);
	set_speeds(t, t->ispeed, t->ospeed);
	return 0;
}

static int settings_from_user(struct ldisc_termios *t, uaddr_t from, size_t bytes)
{
	struct termios2 u = { .c_ispeed = t->ispeed, .c_ospeed = t->ospeed };

	if (bytes == sizeof(struct termio))
		return settings_from_old(t, from);
	if (copy_from_user(&u, from, bytes))
		return -EFAULT;
	termios_from_user(t, &u);
	set_speeds(t, u.c_ispeed, u.c_ospeed);
	return 0;
}

static u32 keep_bits(u32 new, u32 old, u32 locked)
{
	return (new & ~locked) | (old & locked);
}

/* ioctl_tty(2), TIOCSLCKTRMIOS. */
static void keep_locked(struct ldisc_termios *t, const struct ldisc_termios *old,
			const struct ldisc_termios *locked)
{
	int i;

	t->iflag = keep_bits(t->iflag, old->iflag, locked->iflag);
	t->oflag = keep_bits(t->oflag, old->oflag, locked->oflag);
	t->cflag = keep_bits(t->cflag, old->cflag, locked->cflag);
	t->lflag = keep_bits(t->lflag, old->lflag, locked->lflag);
	if (locked->line)
		t->line = old->line;
	for (i = 0; i < NCCS; i++)
		if (locked->cc[i])
			t->cc[i] = old->cc[i];
	set_speeds(t, t->ispeed, t->ospeed);
}

static s64 set_locked(struct tty *tty, uaddr_t from)
{
	struct termios2 u;

	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	if (copy_from_user(&u, from, sizeof(struct termios)))
		return -EFAULT;
	termios_from_user(&tty->locked, &u);
	return 0;
}

static s64 set_settings(struct tty *tty, uaddr_t from, size_t bytes, bool wait,
			bool flush)
{
	struct ldisc_termios t = tty->ldisc.termios, old;
	int err;

	err = tty_check_background(tty, SIGTTOU_);
	if (err)
		return err;
	err = settings_from_user(&t, from, bytes);
	if (err)
		return err;
	if (wait) {
		err = tty_drain(tty);
		if (err)
			return err;
	}
	if (flush)
		flush_input(tty);
	old = tty->ldisc.termios;
	keep_locked(&t, &old, &tty->locked);
	ldisc_set_termios(&tty->ldisc, &t);
	if (tty->lower->settings)
		tty->lower->settings(tty, &old);
	tty->lower->unthrottle(tty);
	if (ldisc_readable(&tty->ldisc, 1))
		wake_up(&tty->read_wait);
	return 0;
}

static s64 settings_ioctl(struct tty *tty, u32 cmd, u64 arg)
{
	const size_t one = sizeof(struct termios), two = sizeof(struct termios2);
	const size_t old = sizeof(struct termio);

	switch (cmd) {
	case TCGETS:
		return get_settings(&tty->ldisc.termios, arg, one);
	case TCGETS2:
		return get_settings(&tty->ldisc.termios, arg, two);
	case TCGETA:
		return get_settings_old(tty, arg);
	case TCSETA:
		return set_settings(tty, arg, old, false, false);
	case TCSETAW:
		return set_settings(tty, arg, old, true, false);
	case TCSETAF:
		return set_settings(tty, arg, old, true, true);
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
	case TIOCGLCKTRMIOS:
		return get_settings(&tty->locked, arg, one);
	case TIOCSLCKTRMIOS:
		return set_locked(tty, arg);
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
		tty_set_stopped(tty, true);
		return 0;
	case TCOON:
		tty->ldisc.stopped = false;
		tty_set_stopped(tty, false);
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
		flush_input(tty);
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
	bool pulled = tty->lower->pulled_keep;
	u32 count = cmd != TIOCOUTQ ? ldisc_count(&tty->ldisc) :
		    pulled	    ? 0 :
				      ring_used(&tty->output);

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

/* Typing for others needs a privilege (dev.tty.legacy_tiocsti = 0). */
static s64 type_byte(struct tty *tty, uaddr_t from)
{
	u8 c;

	if (!capable(CAP_SYS_ADMIN))
		return -EIO;
	if (get_user(c, from))
		return -EFAULT;
	if (tty_input_room(tty))
		tty_receive(tty, &c, 1);
	return 0;
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
	case TIOCSTI:
		return type_byte(tty, arg);
	case TIOCEXCL:
	case TIOCNXCL:
		tty->exclusive = cmd == TIOCEXCL;
		return 0;
	case TIOCGEXCL:
		value = tty->exclusive;
		return put_user(value, arg);
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
		return tty_jobs_ioctl(tty, false, cmd, arg);
	default:
		return settings_ioctl(tty, cmd, arg);
	}
}
