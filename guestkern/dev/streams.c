/*
 * The guest program's three streams where they are not the terminal: a host
 * pipe, file, character device or socket, read and written through the host. The
 * host is never made to wait: who must wait sleeps here, and IRQ_IO wakes.
 *
 * Invariant: hal watches a stream for exactly the events somebody asked for since
 * they last came true.
 */
#include <linux/poll.h>

#include "dev/devices.h"
#include "hal/hal.h"
#include "lib/err.h"
#include "proc/signal.h"
#include "proc/task.h"

#define STREAMS 3
#define SIGPIPE_ 13
#define STREAM_MAJOR 240 /* local use, Documentation/admin-guide/devices.txt */

struct stream {
	struct chrdev chr;
	struct wait_queue wait;
	u32 watched;
	int number;
};

static struct stream streams[STREAMS];

static struct stream *stream_of(struct chrdev *dev)
{
	return container_of(dev, struct stream, chr);
}

static void watch(struct stream *s, u32 events)
{
	if ((s->watched | events) == s->watched)
		return;
	s->watched |= events;
	stream_watch(s->number, s->watched);
}

/* The host has no more now: who watches for edges (epoll) did not ask again. */
static void watch_again(struct stream *s, u32 event)
{
	if (!list_empty(&s->wait.entries))
		watch(s, event);
}

/* Sleeps until the host may be asked again. */
static int wait_for(struct stream *s, u32 event)
{
	watch(s, event);
	return wait_event(&s->wait, !(s->watched & event));
}

static s64 stream_dev_read(struct chrdev *dev, struct chrdev_io *io)
{
	struct stream *s = stream_of(dev);
	void *to;
	s64 n;
	int err;

	for (;;) {
		if (io->len == 0)
			return 0;
		n = io->prepare(io, &to, true);
		if (n < 0)
			return n;
		n = stream_read(s->number, to, (size_t)n);
		if (n != -EAGAIN)
			break;
		if (io->nonblock) {
			watch_again(s, POLLIN);
			return -EAGAIN;
		}
		err = wait_for(s, POLLIN);
		if (err)
			return err;
	}
	if (n > 0) {
		io->advance(io, (size_t)n);
		if (io->len)
			watch_again(s, POLLIN);
	}
	return n;
}

/* One stretch of the writer's memory. Bytes, or -EAGAIN, -EPIPE and kin. */
static s64 write_stretch(struct stream *s, struct chrdev_io *io)
{
	void *from;
	s64 n = io->prepare(io, &from, false);

	if (n < 0)
		return n;
	n = stream_write(s->number, from, (size_t)n);
	if (n > 0)
		io->advance(io, (size_t)n);
	return n;
}

static s64 stream_dev_write(struct chrdev *dev, struct chrdev_io *io)
{
	struct stream *s = stream_of(dev);
	s64 done = 0, n = 0;

	while (io->len) {
		n = write_stretch(s, io);
		if (n > 0) {
			done += n;
			continue;
		}
		if (n == 0)
			break;
		if (n == -EAGAIN && io->nonblock)
			watch_again(s, POLLOUT);
		if (n != -EAGAIN || io->nonblock)
			break;
		n = wait_for(s, POLLOUT);
		if (n)
			break;
	}
	if (n == -EPIPE)
		signal_send_task(current_task(), SIGPIPE_, NULL);
	return done ? done : n;
}

static u32 stream_dev_poll(struct chrdev *dev, struct poll_table *pt)
{
	struct stream *s = stream_of(dev);
	u32 ready, missing;

	ready = stream_poll(s->number, POLLIN | POLLOUT);
	if (ready & POLLIN)
		ready |= POLLRDNORM;
	if (ready & POLLOUT)
		ready |= POLLWRNORM;
	missing = (POLLIN | POLLOUT) & ~ready;
	poll_wait(pt, &s->wait);
	/* Also when only asked: an epoll item stays queued, and a watch is over
	 * with its first event. */
	if (list_empty(&s->wait.entries))
		return ready;
	/* One direction is all a pipe has; hangup is told without asking. */
	if (missing && !(ready & (POLLHUP | POLLERR)))
		watch(s, missing);
	return ready;
}

static s64 stream_dev_lseek(struct chrdev *dev, s64 offset, int whence)
{
	return stream_seek(stream_of(dev)->number, offset, whence);
}

static const struct chrdev_ops stream_ops = {
	.read = stream_dev_read,
	.write = stream_dev_write,
	.poll = stream_dev_poll,
};

static const struct chrdev_ops stream_file_ops = {
	.read = stream_dev_read,
	.write = stream_dev_write,
	.poll = stream_dev_poll,
	.lseek = stream_dev_lseek,
};

void streams_irq_io(void)
{
	for (int i = 0; i < STREAMS; i++) {
		struct stream *s = &streams[i];
		u32 ready;

		if (!s->watched)
			continue;
		ready = stream_poll(s->number, s->watched);
		if (!ready)
			continue;
		/* Whatever came: those who wait look again. */
		s->watched = ready & (POLLHUP | POLLERR) ? 0 : s->watched & ~ready;
		stream_watch(s->number, s->watched);
		wake_up(&s->wait);
	}
}

struct chrdev *dev_stream(int stream)
{
	const struct lodger_boot *boot = boot_info();

	if (stream < 0 || stream >= STREAMS)
		return NULL;
	switch ((enum lodger_stream_kind)boot->stream_kind[stream]) {
	case LODGER_STREAM_CLOSED:
		return NULL;
	case LODGER_STREAM_TTY:
		if (boot->tty_present)
			return console_device();
		return &streams[stream].chr;
	case LODGER_STREAM_PIPE:
	case LODGER_STREAM_FILE:
	case LODGER_STREAM_CHAR:
	case LODGER_STREAM_SOCKET:
		return &streams[stream].chr;
	}
	return NULL;
}

void streams_init(void)
{
	for (int i = 0; i < STREAMS; i++) {
		struct stream *s = &streams[i];

		s->number = i;
		s->chr.name = "stream";
		s->chr.rdev = MKDEV(STREAM_MAJOR, i);
		s->chr.mode = 0620;
		s->chr.ops = boot_info()->stream_kind[i] == LODGER_STREAM_FILE ?
				     &stream_file_ops : &stream_ops;
		wait_queue_init(&s->wait);
	}
}

/* --- the console of a machine without a terminal ------------------------------------- */

static s64 plain_read(struct chrdev *dev, struct chrdev_io *io)
{
	(void)dev;
	return dev_stream(0) ? stream_dev_read(&streams[0].chr, io) : 0;
}

static s64 plain_write(struct chrdev *dev, struct chrdev_io *io)
{
	if (!dev_stream(1))
		return chrdev_write_discard(dev, io);
	return stream_dev_write(&streams[1].chr, io);
}

static u32 plain_poll(struct chrdev *dev, struct poll_table *pt)
{
	u32 in, out;

	(void)dev;
	in = dev_stream(0) ? stream_dev_poll(&streams[0].chr, pt) : POLLIN;
	out = dev_stream(1) ? stream_dev_poll(&streams[1].chr, pt) : POLLOUT;
	return (in & ~(u32)(POLLOUT | POLLWRNORM)) |
	       (out & (u32)(POLLOUT | POLLWRNORM | POLLERR));
}

const struct chrdev_ops streams_console_ops = {
	.read = plain_read,
	.write = plain_write,
	.poll = plain_poll,
};
