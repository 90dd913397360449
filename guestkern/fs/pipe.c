/*
 * Pipes and FIFOs (pipe(7), fifo(7)): a ring (fs/pipe_ring.h) with those who read,
 * write and wait for it.
 *
 * Invariant: the pipe lives as long as files of it are open; a FIFO's hangs on its
 * inode.
 */
#include "fs/pipe.h"

#include <asm/ioctls.h>
#include <linux/capability.h>
#include <linux/fcntl.h>
#include <linux/poll.h>
#include <linux/stat.h>

#include "fs/pipe_ring.h"
#include "fs/pseudo.h"
#include "fs/vfs.h"
#include "lib/err.h"
#include "lib/string.h"
#include "mm/slab.h"
#include "mm/uaccess.h"
#include "proc/cred.h"
#include "proc/task.h"

#define PIPE_SLOTS 16	   /* 64 KiB, as Linux */
#define PIPE_BYTES_MAX (1 << 20) /* Linux: fs.pipe-max-size */
#define PIPE_ATOMIC 4096   /* PIPE_BUF */
#define SIGPIPE_ 13

struct pipe {
	struct wait_queue wait; /* readers, writers, openers */
	u32 files;		/* open descriptions */
	u32 readers, writers;
	u32 reader_opens, writer_opens; /* ever: an opener waits for the other */
	bool busy; /* somebody copies: copying from user memory may sleep */
	struct pipe_ring ring;
};

s64 pipe_bytes_max = PIPE_BYTES_MAX;

static struct pipe *pipe_new(void)
{
	struct pipe *p = kzalloc(sizeof(*p));
	u32 slots = PIPE_SLOTS;

	if (!p)
		return NULL;
	if (pipe_bytes_max < PIPE_SLOTS * (s64)PAGE_SIZE && !capable(CAP_SYS_RESOURCE))
		slots = (u32)(pipe_bytes_max / (s64)PAGE_SIZE);
	if (pipe_ring_init(&p->ring, slots)) {
		kfree(p);
		return NULL;
	}
	wait_queue_init(&p->wait);
	return p;
}

static void pipe_free(struct pipe *p)
{
	pipe_ring_free(&p->ring);
	kfree(p);
}

/* --- reading and writing --------------------------------------------------------------- */

static struct pipe *pipe_of(const struct file *f)
{
	return f->private;
}

static s64 pipe_read(struct file *f, struct iobuf *buf, s64 *pos)
{
	struct pipe *p = pipe_of(f);
	bool was_full;
	u32 n, rest;
	s64 done = 0;
	u64 end;
	int err;

	(void)pos;
	if (buf->len == 0)
		return 0;
	while (pipe_ring_used(&p->ring) == 0 || p->busy) {
		if (!p->writers && !p->busy)
			return 0;
		if (f->flags & O_NONBLOCK)
			return -EAGAIN;
		err = wait_event(&p->wait, !p->busy && (pipe_ring_used(&p->ring) ||
							!p->writers));
		if (err)
			return err;
	}
	was_full = pipe_ring_room(&p->ring) < PIPE_ATOMIC;
	n = pipe_ring_read_size(&p->ring, buf->len, &rest);
	end = p->ring.head + n;
	p->busy = true;
	err = pipe_ring_out(&p->ring, buf, n, &done);
	p->busy = false;
	packets_pass(&p->ring.packets, err ? p->ring.head : end);
	if (!err)
		pipe_ring_skip(&p->ring, rest);
	wake_up_events(&p->wait, was_full ? POLLOUT | POLLWRNORM : WAKE_SLEEPERS);
	return done ? done : err;
}

static s64 broken_pipe(s64 done)
{
	signal_send_task(current_task(), SIGPIPE_, NULL);
	return done ? done : -EPIPE;
}

/* How much of want can go in now; with atomic set all or nothing. */
static u32 writable_now(struct pipe *p, size_t want, bool atomic)
{
	u32 room = p->busy ? 0 : pipe_ring_room(&p->ring);
	u32 n = (u32)MIN(want, (size_t)room);

	if (n == 0 || (atomic && n < want))
		return 0;
	n = pipe_ring_reserve(&p->ring, n);
	if (atomic && n < want) {
		pipe_ring_trim(&p->ring);
		return 0;
	}
	return n;
}

/* Until something was read, or nobody will. */
static int write_wait(struct pipe *p)
{
	u64 before = p->ring.head;

	if (p->busy)
		return wait_event(&p->wait, !p->busy);
	/* Room but no pages, and no reader's progress to hope for. */
	if (pipe_ring_used(&p->ring) == 0)
		return -ENOMEM;
	return wait_event(&p->wait, !p->readers || pipe_ring_used(&p->ring) == 0 ||
					    p->ring.head != before);
}

/* Room for the boundaries of one more packet. */
static bool packet_fits(struct pipe *p)
{
	struct packet_queue *q = &p->ring.packets;

	if (packets_full(q, p->ring.slots))
		return false;
	return q->room >= p->ring.slots || !packets_resize(q, p->ring.slots);
}

/* Copies n bytes in, which there is room for, as a packet if that is asked for. */
static int write_some(struct pipe *p, struct iobuf *buf, u32 n, bool packet, s64 *done)
{
	u64 start = p->ring.tail;
	int err;

	p->busy = true;
	err = pipe_ring_in(&p->ring, buf, n, done);
	p->busy = false;
	if (packet && p->ring.tail > start)
		packets_add(&p->ring.packets, start, p->ring.tail);
	pipe_ring_trim(&p->ring);
	wake_up_events(&p->wait, POLLIN | POLLRDNORM);
	return err;
}

static s64 write_all(struct file *f, struct iobuf *buf, bool nonblock)
{
	struct pipe *p = pipe_of(f);
	bool packet = f->flags & O_DIRECT;
	bool atomic = packet || buf->len <= PIPE_ATOMIC;
	s64 done = 0;
	int err;
	u32 n;

	while (buf->len) {
		if (!p->readers)
			return broken_pipe(done);
		n = 0;
		if (!packet)
			n = writable_now(p, buf->len, atomic);
		else if (packet_fits(p))
			n = writable_now(p, MIN(buf->len, (size_t)PIPE_ATOMIC), true);
		if (n) {
			err = write_some(p, buf, n, packet, &done);
		} else if (nonblock) {
			err = -EAGAIN;
		} else {
			err = write_wait(p);
		}
		if (err)
			return done ? done : err;
	}
	return done;
}

static s64 pipe_write(struct file *f, struct iobuf *buf, s64 *pos)
{
	(void)pos;
	return write_all(f, buf, f->flags & O_NONBLOCK);
}

static u32 pipe_poll(struct file *f, struct poll_table *pt)
{
	struct pipe *p = pipe_of(f);
	u32 mode = f->flags & O_ACCMODE, mask = 0;

	poll_wait(pt, &p->wait);
	if (mode != O_WRONLY) {
		if (pipe_ring_used(&p->ring))
			mask |= POLLIN | POLLRDNORM;
		/* A FIFO that had no writer since it was opened is at no
		 * end yet (pos is free for this: a pipe has none). */
		if (!p->writers && p->writer_opens != (u32)f->pos)
			mask |= POLLHUP;
	}
	if (mode != O_RDONLY) {
		if (pipe_ring_room(&p->ring) >= PIPE_ATOMIC && !packets_full(&p->ring.packets, p->ring.slots))
			mask |= POLLOUT | POLLWRNORM;
		if (!p->readers)
			mask |= POLLERR;
	}
	return mask;
}

static s64 pipe_ioctl(struct file *f, u32 cmd, u64 arg)
{
	u32 used = pipe_ring_used(&pipe_of(f)->ring);

	return cmd == FIONREAD ? put_user(used, arg) : -ENOTTY;
}

/* --- capacity ----------------------------------------------------------------------------- */

bool pipe_is_pipe(const struct file *f)
{
	return f->ops == &pipe_ops;
}

u32 pipe_capacity(const struct file *f)
{
	return pipe_of(f)->ring.slots * (u32)PAGE_SIZE;
}

static u32 slots_for(u64 bytes)
{
	u32 slots = 1;

	while ((u64)slots * PAGE_SIZE < bytes)
		slots *= 2;
	return slots;
}

s64 pipe_set_capacity(struct file *f, u64 bytes)
{
	struct pipe *p = pipe_of(f);
	u32 slots;
	int err;

	if (bytes > 1u << 31)
		return -EINVAL;
	slots = slots_for(bytes);
	if (slots > p->ring.slots && (s64)slots * (s64)PAGE_SIZE > pipe_bytes_max &&
	    !capable(CAP_SYS_RESOURCE))
		return -EPERM;
	if (slots > PIPE_BYTES_LIMIT / PAGE_SIZE)
		return -ENOMEM;
	if (p->busy)
		return -EBUSY;
	err = pipe_ring_resize(&p->ring, slots);
	if (err)
		return err;
	wake_up(&p->wait);
	return (s64)slots * (s64)PAGE_SIZE;
}

/* --- splice ------------------------------------------------------------------------------- */

bool pipe_is_same(const struct file *a, const struct file *b)
{
	return pipe_of(a) == pipe_of(b);
}

s64 pipe_wait_data(struct file *f, bool nonblock)
{
	struct pipe *p = pipe_of(f);
	int err = 0;

	while (!err && (p->busy || (!pipe_ring_used(&p->ring) && p->writers))) {
		if (nonblock)
			return -EAGAIN;
		err = wait_event(&p->wait, !p->busy && (pipe_ring_used(&p->ring) || !p->writers));
	}
	return err ? err : (s64)pipe_ring_used(&p->ring);
}

s64 pipe_wait_room(struct file *f, bool nonblock)
{
	struct pipe *p = pipe_of(f);
	int err = 0;

	while (!err && p->readers && (p->busy || !pipe_ring_room(&p->ring))) {
		if (nonblock)
			return -EAGAIN;
		err = wait_event(&p->wait, !p->readers || (!p->busy && pipe_ring_room(&p->ring)));
	}
	if (!err && !p->readers)
		return broken_pipe(0);
	return err ? err : (s64)pipe_ring_room(&p->ring);
}

u32 pipe_peek(struct file *f, void *buf, u32 len)
{
	return pipe_ring_peek(&pipe_of(f)->ring, buf, len);
}

void pipe_drop(struct file *f, u32 n)
{
	struct pipe *p = pipe_of(f);
	bool was_full = pipe_ring_room(&p->ring) < PIPE_ATOMIC;

	pipe_ring_skip(&p->ring, n);
	wake_up_events(&p->wait, was_full ? POLLOUT | POLLWRNORM : WAKE_SLEEPERS);
}

s64 pipe_put(struct file *f, const void *buf, u32 len)
{
	/* Only read: struct iobuf serves both directions. */
	struct iobuf io = { .kernel = (u8 *)(u64)buf, .len = len };

	return write_all(f, &io, false);
}

void pipe_hold(struct file *f)
{
	pipe_of(f)->busy = true;
}

void pipe_release_hold(struct file *f)
{
	pipe_of(f)->busy = false;
	wake_up_events(&pipe_of(f)->wait, WAKE_SLEEPERS);
}

/* --- opening and closing ------------------------------------------------------------------- */

static void pipe_attach(struct pipe *p, u32 mode)
{
	p->files++;
	if (mode != O_WRONLY) {
		p->readers++;
		p->reader_opens++;
	}
	if (mode != O_RDONLY) {
		p->writers++;
		p->writer_opens++;
	}
	wake_up(&p->wait);
}

static void pipe_detach(struct pipe *p, struct inode *inode, u32 mode)
{
	if (mode != O_WRONLY)
		p->readers--;
	if (mode != O_RDONLY)
		p->writers--;
	wake_up_events(&p->wait, p->readers && p->writers ? WAKE_SLEEPERS : 0);
	if (--p->files)
		return;
	inode->pipe = NULL;
	pipe_free(p);
}

static void pipe_release(struct file *f)
{
	pipe_detach(pipe_of(f), f->inode, f->flags & O_ACCMODE);
}

const struct file_ops pipe_ops = {
	.async = true,
	.read = pipe_read,
	.write = pipe_write,
	.poll = pipe_poll,
	.ioctl = pipe_ioctl,
	.release = pipe_release,
};

static const struct inode_ops pipe_inode_ops;

/* Waits until the other side has been opened since we came. */
static int fifo_wait(struct pipe *p, u32 mode)
{
	u32 before;

	if (mode == O_RDONLY && !p->writers) {
		before = p->writer_opens;
		return wait_event(&p->wait, p->writer_opens != before);
	}
	if (mode == O_WRONLY && !p->readers) {
		before = p->reader_opens;
		return wait_event(&p->wait, p->reader_opens != before);
	}
	return 0;
}

int fifo_open(struct inode *inode, struct file *f)
{
	/* A pipe opened through /proc/PID/fd waits for nobody. */
	bool wait = inode->sb != vfs_anon_super();
	u32 mode = f->flags & O_ACCMODE;
	struct pipe *p = inode->pipe;
	int err = 0;

	if (mode == O_ACCMODE)
		return -EINVAL;
	if (wait && mode == O_WRONLY && f->flags & O_NONBLOCK &&
	    (!p || !p->readers))
		return -ENXIO;
	if (!p)
		p = pipe_new();
	if (!p)
		return -ENOMEM;
	inode->pipe = p;
	pipe_attach(p, mode);
	if (!p->writers)
		f->pos = p->writer_opens;
	else
		f->pos = (s64)p->writer_opens - 1;
	if (wait && !(f->flags & O_NONBLOCK))
		err = fifo_wait(p, mode);
	if (err) {
		pipe_detach(p, inode, mode);
		return err;
	}
	f->private = p;
	f->ops = &pipe_ops;
	return 0;
}

/* One end as a file; takes a reference of inode. */
static struct file *pipe_end(struct inode *inode, u32 flags)
{
	struct file *f;

	inode_get(inode);
	f = file_create_anon(inode, &pipe_ops, flags, inode->pipe);
	if (!IS_ERR(f))
		pipe_attach(inode->pipe, flags & O_ACCMODE);
	return f;
}

int pipe_create(struct file **read_end, struct file **write_end, unsigned flags)
{
	struct inode *inode = inode_create(vfs_anon_super(), S_IFIFO | 0600);
	struct file *r, *w;
	int err = -ENOMEM;

	if (!inode)
		return -ENOMEM;
	inode->ops = &pipe_inode_ops;
	inode->pipe = pipe_new();
	if (!inode->pipe)
		goto out_inode;
	r = pipe_end(inode, O_RDONLY | (flags & O_NONBLOCK));
	if (IS_ERR(r)) {
		err = (int)PTR_ERR(r);
		goto out_pipe;
	}
	w = pipe_end(inode, O_WRONLY | (flags & (O_NONBLOCK | O_DIRECT)));
	if (IS_ERR(w)) {
		err = (int)PTR_ERR(w);
		file_put(r); /* frees the pipe */
		goto out_inode;
	}
	inode_put(inode);
	*read_end = r;
	*write_end = w;
	return 0;

out_pipe:
	pipe_free(inode->pipe);
	inode->pipe = NULL;
out_inode:
	inode_put(inode);
	return err;
}
