/*
 * Pseudo terminals. The slave is a tty whose output ring the master reads; what
 * the master writes goes through a ring of its own into the slave's line
 * discipline, as far as that has room.
 *
 * Linux keeps the slave's output in two places: up to PTY_HELD_BYTES in the
 * master's line discipline, the rest in a flip buffer that flushing empties.
 * Here it is one ring, and flushing leaves its first PTY_HELD_BYTES.
 *
 * Invariants: refs counts the master's description (until master_closed) and
 * slave_opens. A session owns the slave only while the master is open: closing
 * it hangs the slave up.
 */
#include "dev/pty.h"

#include <asm/ioctls.h>
#include <asm/termbits.h>
#include <linux/poll.h>

#include "lib/err.h"
#include "lib/string.h"
#include "mm/slab.h"
#include "mm/uaccess.h"
#include "proc/signal.h"

#define SIGINT_ 2
#define SIGQUIT_ 3
#define SIGTSTP_ 20
#define PTY_OUTPUT_BYTES 8192
#define PTY_TYPED_BYTES 4096
#define PTY_HELD_BYTES 4095 /* N_TTY_BUF_SIZE - 1 */
#define COPY_BYTES 256

static struct pty *pty_of_slave(struct tty *tty)
{
	return container_of(tty, struct pty, slave);
}

static void pty_put(struct pty *pty)
{
	if (--pty->refs > 0)
		return;
	pty->owner_ops->freed(pty);
	pty_destroy(pty);
}

/* --- below the slave ------------------------------------------------------------- */

/* Output stays in the ring, for the master to read. */
static s64 slave_write(struct tty *tty, const void *bytes, size_t n)
{
	(void)bytes;
	(void)n;
	wake_up(&pty_of_slave(tty)->read_wait);
	return 0;
}

/* Hands what was typed to the slave as far as it has room. */
static void slave_pump(struct tty *tty)
{
	struct pty *pty = pty_of_slave(tty);
	u32 len, room;
	u8 *p;

	while (ring_used(&pty->typed) && (room = (u32)tty_input_room(tty)) > 0) {
		p = ring_read_ptr(&pty->typed, &len);
		len = MIN(len, room);
		tty_receive(tty, p, len);
		ring_read_done(&pty->typed, len);
	}
	wake_up(&pty->write_wait);
}

static int slave_open(struct tty *tty)
{
	struct pty *pty = pty_of_slave(tty);

	if (pty->master_closed || pty->locked)
		return -EIO;
	pty->refs++;
	pty->slave_opens++;
	pty->slave_closed = false;
	return 0;
}

static void slave_close(struct tty *tty)
{
	struct pty *pty = pty_of_slave(tty);

	if (--pty->slave_opens == 0) {
		pty->slave_closed = true;
		wake_up(&pty->read_wait);
	}
	pty_put(pty);
}

static void slave_event(struct tty *tty, u8 event)
{
	struct pty *pty = pty_of_slave(tty);

	if (event & TIOCPKT_FLUSHREAD)
		ring_read_done(&pty->typed, ring_used(&pty->typed));
	if (!pty->packet)
		return;
	if (event & (TIOCPKT_STOP | TIOCPKT_START))
		pty->status &= (u8)~(TIOCPKT_STOP | TIOCPKT_START);
	if (event & (TIOCPKT_DOSTOP | TIOCPKT_NOSTOP))
		pty->status &= (u8)~(TIOCPKT_DOSTOP | TIOCPKT_NOSTOP);
	pty->status |= event;
	wake_up(&pty->read_wait);
}

/* Does the terminal stop and start at ^S and ^Q? */
static bool standard_flow(const struct ldisc_termios *t)
{
	return t->iflag & IXON && t->cc[VSTOP] == 023 && t->cc[VSTART] == 021;
}

static void slave_settings(struct tty *tty, const struct ldisc_termios *old)
{
	struct ldisc_termios *new = &tty->ldisc.termios;
	bool extproc = (old->lflag | new->lflag) & EXTPROC;

	if (standard_flow(old) != standard_flow(new))
		slave_event(tty, standard_flow(new) ? TIOCPKT_DOSTOP :
						      TIOCPKT_NOSTOP);
	if (extproc)
		slave_event(tty, TIOCPKT_IOCTL);
	new->cflag &= ~(u32)(CSIZE | PARENB);
	new->cflag |= CS8 | CREAD;
}

static const struct tty_lower slave_lower = {
	.write = slave_write,
	.unthrottle = slave_pump,
	.open = slave_open,
	.close = slave_close,
	.event = slave_event,
	.settings = slave_settings,
	.pulled_keep = PTY_HELD_BYTES,
};

/* --- the master ------------------------------------------------------------------- */

static struct pty *pty_of(struct chrdev *dev)
{
	return dev->private;
}

static bool master_has_status(const struct pty *pty)
{
	return pty->packet && pty->status;
}

static int master_wait(struct pty *pty, bool nonblock)
{
	if (master_has_status(pty) || tty_pulled_used(&pty->slave))
		return 0;
	if (pty->slave_closed)
		return -EIO;
	if (nonblock)
		return -EAGAIN;
	return wait_event(&pty->read_wait, master_has_status(pty) ||
						   tty_pulled_used(&pty->slave) ||
						   pty->slave_closed);
}

static s64 master_read_status(struct pty *pty, struct chrdev_io *io)
{
	u8 status = pty->status;

	pty->status = 0;
	return io->put(io, &status, 1) ? -EFAULT : 1;
}

static s64 master_read(struct chrdev *dev, struct chrdev_io *io)
{
	struct pty *pty = pty_of(dev);
	const u8 data = TIOCPKT_DATA;
	size_t done = 0;
	u32 len, left;
	u8 *p;
	int err;

	if (io->len == 0)
		return 0;
	do {
		err = master_wait(pty, io->nonblock);
		if (err)
			return err;
		if (master_has_status(pty))
			return master_read_status(pty, io);
		left = tty_pulled_used(&pty->slave);
	} while (!left);
	if (pty->packet) {
		if (io->put(io, &data, 1))
			return -EFAULT;
		done = 1;
	}
	while (left && io->len) {
		p = ring_read_ptr(&pty->slave.output, &len);
		len = MIN(MIN(len, left), (u32)MIN(io->len, (size_t)UINT32_MAX));
		if (io->put(io, p, len))
			return done ? (s64)done : -EFAULT;
		ring_read_done(&pty->slave.output, len);
		left -= len;
		done += len;
	}
	tty_output_ready(&pty->slave);
	return (s64)done;
}

static bool master_may_write(const struct pty *pty)
{
	return !pty->master_stopped && ring_space(&pty->typed);
}

static s64 master_write(struct chrdev *dev, struct chrdev_io *io)
{
	struct pty *pty = pty_of(dev);
	u8 bytes[COPY_BYTES];
	s64 done = 0;
	size_t n;
	int err;

	while (io->len) {
		if (!master_may_write(pty)) {
			err = io->nonblock ? -EAGAIN :
					     wait_event(&pty->write_wait,
							master_may_write(pty));
			if (err)
				return done ? done : err;
			continue;
		}
		n = MIN(MIN(io->len, (size_t)ring_space(&pty->typed)), sizeof(bytes));
		if (io->get(io, bytes, n))
			return done ? done : -EFAULT;
		ring_write(&pty->typed, bytes, (u32)n);
		done += (s64)n;
		slave_pump(&pty->slave);
	}
	return done;
}

static u32 master_poll(struct chrdev *dev, struct poll_table *pt)
{
	struct pty *pty = pty_of(dev);
	u32 mask = 0;

	poll_wait(pt, &pty->read_wait);
	poll_wait(pt, &pty->write_wait);
	if (tty_pulled_used(&pty->slave))
		mask |= POLLIN | POLLRDNORM;
	if (master_has_status(pty))
		mask |= POLLPRI | POLLIN | POLLRDNORM;
	if (pty->slave_closed)
		mask |= POLLHUP;
	if (master_may_write(pty))
		mask |= POLLOUT | POLLWRNORM;
	return mask;
}

static void master_release(struct chrdev *dev)
{
	struct pty *pty = pty_of(dev);

	pty->master_closed = true;
	pty->owner_ops->closed(pty);
	tty_hangup(&pty->slave);
	pty_put(pty);
}

/* --- ioctls of the master ------------------------------------------------------------ */

static s64 master_flow(struct pty *pty, u64 arg)
{
	u8 c;

	switch (arg) {
	case TCOOFF:
	case TCOON:
		pty->master_stopped = arg == TCOOFF;
		wake_up(&pty->write_wait);
		return 0;
	case TCIOFF:
	case TCION:
		c = arg == TCION ? 021 : 023;
		ring_write(&pty->typed, &c, 1);
		slave_pump(&pty->slave);
		return 0;
	default:
		return -EINVAL;
	}
}

static s64 master_flush(struct pty *pty, u64 arg)
{
	if (arg != TCIFLUSH && arg != TCOFLUSH && arg != TCIOFLUSH)
		return -EINVAL;
	if (arg != TCOFLUSH) {
		ring_read_done(&pty->slave.output, ring_used(&pty->slave.output));
		tty_output_ready(&pty->slave);
	}
	if (arg != TCIFLUSH) {
		ring_read_done(&pty->typed, ring_used(&pty->typed));
		wake_up(&pty->write_wait);
	}
	return 0;
}

static s64 master_signal(struct pty *pty, int sig)
{
	if (sig != SIGINT_ && sig != SIGQUIT_ && sig != SIGTSTP_)
		return -EINVAL;
	if (pty->slave.pgrp > 0)
		signal_send_group(pty->slave.pgrp, sig, NULL);
	return 0;
}

/* TIOCSPTLCK, TIOCPKT: an int that switches something. */
static s64 master_switch(struct pty *pty, u32 cmd, uaddr_t from)
{
	int on;

	if (get_user(on, from))
		return -EFAULT;
	if (cmd == TIOCSPTLCK) {
		pty->locked = on;
		return 0;
	}
	if (on && !pty->packet)
		pty->status = 0;
	pty->packet = on;
	return 0;
}

static s64 master_ioctl(struct chrdev *dev, u32 cmd, u64 arg)
{
	struct pty *pty = pty_of(dev);
	int value = 0;

	switch (cmd) {
	case TIOCSPTLCK:
	case TIOCPKT:
		return master_switch(pty, cmd, arg);
	case TIOCGPTLCK:
		value = pty->locked;
		return put_user(value, arg);
	case TIOCGPKT:
		value = pty->packet;
		return put_user(value, arg);
	case TIOCGPTN:
		return put_user(pty->index, arg);
	case TIOCSIG:
		return master_signal(pty, (int)arg);
	case TCXONC:
		return master_flow(pty, arg);
	case TCFLSH:
		return master_flush(pty, arg);
	case FIONREAD:
		value = (int)tty_pulled_used(&pty->slave);
		return put_user(value, arg);
	case TIOCSCTTY:
	case TIOCNOTTY:
	case TIOCGPGRP:
	case TIOCSPGRP:
	case TIOCGSID:
		return tty_jobs_ioctl(&pty->slave, true, cmd, arg);
	case TIOCSTI:
	case TIOCVHANGUP: /* of the master itself: nothing asks for it */
		return -EPERM;
	default: /* settings and window size are the pair's */
		return tty_ioctl(&pty->slave.chr, cmd, arg);
	}
}

static const struct chrdev_ops master_ops = {
	.read = master_read,
	.write = master_write,
	.poll = master_poll,
	.ioctl = master_ioctl,
	.release = master_release,
};

/* --- pairs --------------------------------------------------------------------------- */

struct pty *pty_of_master(struct chrdev *dev)
{
	return dev->ops == &master_ops ? pty_of(dev) : NULL;
}

static void slave_init(struct pty *pty, u32 index)
{
	struct tty *tty = &pty->slave;

	tty->is_pty = true;
	tty->chr.name = "pts";
	tty->chr.rdev = MKDEV(PTY_SLAVE_MAJOR, index);
	tty->chr.mode = 0620;
	tty->ldisc.termios.iflag = ICRNL | IXON; /* tty_std_termios */
	tty->ldisc.termios.cflag = B38400 | CS8 | CREAD;
}

struct pty *pty_create(u32 index)
{
	struct pty *pty = kzalloc(sizeof(*pty));
	u8 *typed = kmalloc(PTY_TYPED_BYTES);

	if (!pty || !typed ||
	    tty_init(&pty->slave, &slave_lower, PTY_OUTPUT_BYTES)) {
		kfree(typed);
		kfree(pty);
		return NULL;
	}
	slave_init(pty, index);
	ring_init(&pty->typed, typed, PTY_TYPED_BYTES);
	wait_queue_init(&pty->read_wait);
	wait_queue_init(&pty->write_wait);
	pty->master.name = "ptmx";
	pty->master.rdev = PTMX_RDEV;
	pty->master.ops = &master_ops;
	pty->master.private = pty;
	pty->refs = 1;
	pty->index = index;
	pty->locked = true;
	return pty;
}

void pty_destroy(struct pty *pty)
{
	tty_fini(&pty->slave);
	kfree(pty->typed.data);
	kfree(pty);
}
