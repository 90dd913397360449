/*
 * Terminals: reading and writing. Owns the output ring and the order of writers;
 * the line discipline owns input.
 *
 * Output: a writer's bytes pass OPOST into the ring and from there down. A
 * blocking writer returns when the ring is empty, so that nothing that a program
 * was told is written can get lost behind its back; only while output is
 * stopped (Ctrl-S) do bytes stay in the ring.
 */
#include "dev/tty.h"

#include <asm/ioctls.h>
#include <asm/termbits.h>
#include <linux/capability.h>
#include <linux/poll.h>

#include "lib/err.h"
#include "lib/string.h"
#include "mm/slab.h"
#include "proc/cred.h"
#include "proc/signal.h"
#include "proc/task.h"

#include "hal/hal.h"

#define SIGTTIN_ 21
#define SIGTTOU_ 22
#define SIGWINCH_ 28
#define COPY_BYTES 256
#define NS_PER_DECISECOND (100 * NS_PER_MS)

static struct tty *tty_of(struct chrdev *dev)
{
	return dev->private;
}

/* --- output ------------------------------------------------------------------------ */

void tty_flush_output(struct tty *tty)
{
	u32 len;
	u8 *p;
	s64 n;

	while (!tty->stopped && ring_used(&tty->output)) {
		p = ring_read_ptr(&tty->output, &len);
		n = tty->lower->write(tty, p, len);
		if (n < 0) {
			tty_discard_output(tty);
			return;
		}
		if (n == 0)
			return;
		ring_read_done(&tty->output, (u32)n);
	}
}

void tty_event(struct tty *tty, u8 event)
{
	if (tty->lower->event)
		tty->lower->event(tty, event);
}

void tty_discard_output(struct tty *tty)
{
	u32 keep = tty->lower->pulled_keep;

	if (!keep)
		ring_read_done(&tty->output, ring_used(&tty->output));
	else if (ring_used(&tty->output) > keep)
		tty->output.tail = tty->output.head + keep;
	tty_event(tty, TIOCPKT_FLUSHWRITE);
	wake_up(&tty->write_wait);
}

u32 tty_pulled_used(const struct tty *tty)
{
	u32 used = ring_used(&tty->output);

	if (!tty->stopped)
		return used;
	return MIN(used, tty->stop_mark - tty->output.head);
}

void tty_set_stopped(struct tty *tty, bool stop)
{
	if (tty->stopped == stop)
		return;
	tty->stopped = stop;
	tty->stop_mark = tty->output.tail;
	tty_event(tty, stop ? TIOCPKT_STOP : TIOCPKT_START);
	if (stop)
		wake_up(&tty->write_wait);
	else
		tty_output_ready(tty);
}

void tty_output_ready(struct tty *tty)
{
	tty_flush_output(tty);
	wake_up(&tty->write_wait);
}

static bool output_has_room(const struct tty *tty)
{
	if (tty->lower->pulled_keep && tty->stopped)
		return false;
	return ring_space(&tty->output) >= LDISC_EXPANSION;
}

static bool output_done(const struct tty *tty)
{
	return tty->stopped || tty->lower->pulled_keep ||
	       ring_used(&tty->output) == 0;
}

/* Takes as many of the writer's bytes as fit into the ring. 0 or -EFAULT. */
static s64 output_take(struct tty *tty, struct chrdev_io *io)
{
	u8 bytes[COPY_BYTES];
	char out[LDISC_EXPANSION];
	size_t n = ring_space(&tty->output) / LDISC_EXPANSION;
	int err;

	n = MIN(MIN(n, io->len), sizeof(bytes));
	err = io->get(io, bytes, n);
	if (err)
		return err;
	for (size_t i = 0; i < n; i++)
		ring_write(&tty->output, out,
			   (u32)ldisc_output(&tty->ldisc, bytes[i], out));
	return (s64)n;
}

static s64 write_all(struct tty *tty, struct chrdev_io *io)
{
	u32 hangups = tty->chr.hangups;
	s64 done = 0, n;
	int err = 0;

	while (io->len && !err) {
		if (!output_has_room(tty))
			tty_flush_output(tty);
		if (output_has_room(tty)) {
			n = output_take(tty, io);
			if (n < 0)
				return done ? done : n;
			done += n;
			continue;
		}
		if (io->nonblock)
			err = -EAGAIN;
		else
			err = wait_event(&tty->write_wait,
					 output_has_room(tty) ||
						 tty->chr.hangups != hangups);
		if (tty->chr.hangups != hangups)
			err = -EIO;
	}
	tty_flush_output(tty);
	if (!io->nonblock && !err)
		wait_event(&tty->write_wait, output_done(tty));
	return done ? done : err;
}

static s64 tty_write(struct chrdev *dev, struct chrdev_io *io)
{
	struct tty *tty = tty_of(dev);
	s64 ret;

	if (tty->ldisc.termios.lflag & TOSTOP) {
		ret = tty_check_background(tty, SIGTTOU_);
		if (ret)
			return ret;
	}
	if (tty->writing && io->nonblock)
		return -EAGAIN;
	ret = wait_event(&tty->write_wait, !tty->writing);
	if (ret)
		return ret;
	tty->writing = true;
	ret = write_all(tty, io);
	tty->writing = false;
	wake_up(&tty->write_wait);
	return ret;
}

/* --- input --------------------------------------------------------------------------- */

/* Wait of a raw read (VMIN, VTIME); canonical reads wait for a line. */
struct read_plan {
	size_t minimum;	  /* return when there are so many */
	u64 first_ns;	  /* longest wait for the first byte, UINT64_MAX: any */
	u64 between_ns;	  /* longest wait after each, UINT64_MAX: any */
};

static struct read_plan read_plan(const struct tty *tty)
{
	const struct ldisc_termios *t = &tty->ldisc.termios;
	struct read_plan plan = { 1, UINT64_MAX, UINT64_MAX };

	if (t->lflag & ICANON)
		return plan;
	plan.minimum = t->cc[VMIN];
	if (plan.minimum) {
		if (t->cc[VTIME])
			plan.between_ns = t->cc[VTIME] * NS_PER_DECISECOND;
	} else {
		plan.minimum = 1;
		plan.first_ns = t->cc[VTIME] * NS_PER_DECISECOND;
	}
	return plan;
}

/* Moves what is there to the reader. Bytes or -EFAULT; *line_done as ldisc_read. */
static s64 read_some(struct tty *tty, struct chrdev_io *io, bool *line_done)
{
	u8 bytes[COPY_BYTES];
	size_t total = 0, n;
	int err;

	do {
		n = ldisc_read(&tty->ldisc, bytes, MIN(io->len, sizeof(bytes)),
			       line_done);
		err = io->put(io, bytes, n);
		if (err)
			return total ? (s64)total : err;
		total += n;
	} while (n == sizeof(bytes) && io->len && !*line_done);
	tty->lower->unthrottle(tty);
	return (s64)total;
}

static u64 deadline_after(u64 ns)
{
	return ns == UINT64_MAX ? ns : clock_mono_ns() + ns;
}

/* Sleeps until there is input. 0, 1 (no more will come), -EAGAIN,
 * -ERESTARTSYS, -EIO (the pty hung up). */
static int read_wait(struct tty *tty, bool nonblock, u64 wait_ns, u32 hangups)
{
	int err;

	if (wait_ns == 0)
		return 1;
	if (nonblock)
		return -EAGAIN;
	err = wait_event_until(&tty->read_wait,
			       ldisc_readable(&tty->ldisc, 1) ||
				       tty->chr.hangups != hangups,
			       deadline_after(wait_ns));
	if (tty->chr.hangups != hangups) /* end of file, but for a pty */
		return tty->is_pty ? -EIO : 1;
	return err == -ETIMEDOUT ? 1 : err;
}

static s64 tty_read(struct chrdev *dev, struct chrdev_io *io)
{
	struct tty *tty = tty_of(dev);
	struct read_plan plan = read_plan(tty);
	u64 wait_ns = plan.first_ns;
	u32 hangups = dev->hangups;
	bool line_done = false;
	size_t done = 0;
	s64 n;
	int err;

	err = tty_check_background(tty, SIGTTIN_);
	if (err)
		return err;
	while (io->len) {
		if (!ldisc_readable(&tty->ldisc, 1)) {
			err = read_wait(tty, io->nonblock, wait_ns, hangups);
			if (err == 0)
				err = tty_check_background(tty, SIGTTIN_);
			if (err > 0)
				return (s64)done;
			if (err)
				return done ? (s64)done : err;
			continue;
		}
		n = read_some(tty, io, &line_done);
		if (n < 0)
			return done ? (s64)done : n;
		done += (size_t)n;
		if (line_done || tty->ldisc.termios.lflag & ICANON ||
		    done >= plan.minimum)
			break;
		wait_ns = plan.between_ns;
	}
	return (s64)done;
}

void tty_receive(struct tty *tty, const u8 *bytes, size_t n)
{
	ldisc_receive(&tty->ldisc, bytes, n);
	tty_flush_output(tty);
	if (ldisc_readable(&tty->ldisc, 1))
		wake_up(&tty->read_wait);
}

size_t tty_input_room(const struct tty *tty)
{
	return ldisc_room(&tty->ldisc);
}

/* --- what the line discipline asks for ---------------------------------------------- */

static struct tty *tty_of_ldisc(struct ldisc *ld)
{
	return container_of(ld, struct tty, ldisc);
}

static void tty_echo(struct ldisc *ld, const char *bytes, size_t n)
{
	struct tty *tty = tty_of_ldisc(ld);

	if (ring_space(&tty->output) >= n)
		ring_write(&tty->output, bytes, (u32)n);
}

static void tty_signal(struct ldisc *ld, int sig, bool flush_output)
{
	struct tty *tty = tty_of_ldisc(ld);

	if (flush_output)
		tty_discard_output(tty);
	if (tty->pgrp > 0)
		signal_send_group(tty->pgrp, sig, NULL);
}

static void tty_flow(struct ldisc *ld, bool stop)
{
	tty_set_stopped(tty_of_ldisc(ld), stop);
}

static const struct ldisc_ops tty_ldisc_ops = {
	.echo = tty_echo,
	.signal = tty_signal,
	.flow = tty_flow,
};

/* --- the rest --------------------------------------------------------------------------- */

static u32 tty_poll(struct chrdev *dev, struct poll_table *pt)
{
	struct tty *tty = tty_of(dev);
	const struct ldisc_termios *t = &tty->ldisc.termios;
	u32 minimum = t->cc[VTIME] ? 1 : t->cc[VMIN];
	u32 poll_room = tty->lower->pulled_keep ? LDISC_EXPANSION :
						  TTY_OUTPUT_BYTES / 2;
	u32 mask = 0;

	poll_wait(pt, &tty->read_wait);
	poll_wait(pt, &tty->write_wait);
	if (ldisc_readable(&tty->ldisc, minimum))
		mask |= POLLIN | POLLRDNORM;
	if (!tty->stopped && ring_space(&tty->output) >= poll_room)
		mask |= POLLOUT | POLLWRNORM;
	return mask;
}

static int tty_open(struct chrdev *dev, bool noctty)
{
	struct tty *tty = tty_of(dev);
	int err;

	if (tty->exclusive && !capable(CAP_SYS_ADMIN))
		return -EBUSY;
	err = tty->lower->open ? tty->lower->open(tty) : 0;
	if (!err && !noctty)
		tty_acquire(tty);
	return err;
}

static void tty_release(struct chrdev *dev)
{
	struct tty *tty = tty_of(dev);

	if (tty->lower->close)
		tty->lower->close(tty);
}

const struct chrdev_ops tty_ops = {
	.read = tty_read,
	.write = tty_write,
	.poll = tty_poll,
	.ioctl = tty_ioctl,
	.open = tty_open,
	.release = tty_release,
};

void tty_hangup(struct tty *tty)
{
	tty->chr.hangups++;
	tty->stopped = false;
	tty->exclusive = false;
	ldisc_flush_input(&tty->ldisc);
	tty_discard_output(tty);
	tty_hangup_session(tty, false);
	wake_up(&tty->read_wait);
	wake_up(&tty->write_wait);
}

void tty_set_winsize(struct tty *tty, const struct tty_winsize *ws)
{
	if (memcmp(&tty->winsize, ws, sizeof(*ws)) == 0)
		return;
	tty->winsize = *ws;
	if (tty->pgrp > 0)
		signal_send_group(tty->pgrp, SIGWINCH_, NULL);
}

int tty_init(struct tty *tty, const struct tty_lower *lower, u32 output_bytes)
{
	u8 *input = kmalloc(LDISC_BUFFER_BYTES);
	u8 *output = kmalloc(output_bytes);

	if (!input || !output) {
		kfree(input);
		kfree(output);
		return -ENOMEM;
	}
	memset(tty, 0, sizeof(*tty));
	tty->lower = lower;
	tty->chr.ops = &tty_ops;
	tty->chr.private = tty;
	ldisc_init(&tty->ldisc, &tty_ldisc_ops, input);
	ring_init(&tty->output, output, output_bytes);
	wait_queue_init(&tty->read_wait);
	wait_queue_init(&tty->write_wait);
	return 0;
}

void tty_fini(struct tty *tty)
{
	kfree(tty->ldisc.buffer);
	kfree(tty->output.data);
}
