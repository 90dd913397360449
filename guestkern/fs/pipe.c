/*
 * Pipes and FIFOs (pipe(7), fifo(7)). Owns struct pipe: a byte ring over page
 * slots. A slot has a page of the core only while bytes are in it: the core is
 * scarce and most pipes are empty most of the time.
 *
 * Invariants: tail - head <= capacity; every slot that holds a byte of
 * [head, tail) has a page, and only those. An empty pipe starts at slot 0 again.
 * The pipe lives as long as files of it are open; a FIFO's hangs on its inode.
 */
#include "fs/pipe.h"

#include <asm/ioctls.h>
#include <linux/capability.h>
#include <linux/fcntl.h>
#include <linux/poll.h>
#include <linux/stat.h>

#include "fs/pipe_packet.h"
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
	u32 slots;
	u32 pages;	/* slots that have one */
	u64 head, tail; /* count up; byte i is in slot i / PAGE_SIZE % slots */
	u8 **page;	/* [slots] */
	struct packet_queue packets;
};

/* Pages in all pipes together. Past an eighth of the core a pipe gets one page
 * only, past a quarter none: pipes must not use up the kernel's memory. */
static u64 pages_total;

s64 pipe_bytes_max = PIPE_BYTES_MAX;

static struct pipe *pipe_new(void)
{
	struct pipe *p = kzalloc(sizeof(*p));

	if (!p)
		return NULL;
	p->slots = PIPE_SLOTS;
	if (pipe_bytes_max < PIPE_SLOTS * (s64)PAGE_SIZE && !capable(CAP_SYS_RESOURCE))
		p->slots = (u32)(pipe_bytes_max / (s64)PAGE_SIZE);
	p->page = kzalloc(p->slots * sizeof(*p->page));
	if (!p->page) {
		kfree(p);
		return NULL;
	}
	wait_queue_init(&p->wait);
	return p;
}

static bool pipe_add_page(struct pipe *p, u8 **slot)
{
	u64 share = kmem_total_bytes() / PAGE_SIZE / 8;

	if (pages_total >= (p->pages ? share : 2 * share))
		return false;
	*slot = kpages_alloc(0);
	if (!*slot)
		return false;
	p->pages++;
	pages_total++;
	return true;
}

static void pipe_drop_page(struct pipe *p, u8 **slot)
{
	kpages_free(*slot, 0);
	*slot = NULL;
	p->pages--;
	pages_total--;
}

static void pipe_free(struct pipe *p)
{
	for (u32 i = 0; i < p->slots; i++)
		if (p->page[i])
			pipe_drop_page(p, &p->page[i]);
	packets_free(&p->packets);
	kfree(p->page);
	kfree(p);
}

/* --- the ring --------------------------------------------------------------------------- */

static u32 pipe_used(const struct pipe *p)
{
	return (u32)(p->tail - p->head);
}

/* Whole slots, as Linux counts: the slot that is being read takes no more. */
static u32 pipe_room(const struct pipe *p)
{
	return p->slots * (u32)PAGE_SIZE -
	       (u32)(p->tail - ALIGN_DOWN(p->head, PAGE_SIZE));
}

static u8 **slot_of(struct pipe *p, u64 pos)
{
	return &p->page[pos / PAGE_SIZE % p->slots];
}

/* Pages for n more bytes. How many bytes there are pages for. */
static u32 pipe_reserve(struct pipe *p, u32 n)
{
	u64 end = p->tail;

	while (end - p->tail < n) {
		u8 **slot = slot_of(p, end);

		if (!*slot && !pipe_add_page(p, slot))
			break;
		end = ALIGN_DOWN(end, PAGE_SIZE) + PAGE_SIZE;
	}
	return (u32)MIN((u64)n, end - p->tail);
}

/* Frees pages past tail that pipe_reserve got in vain. */
static void pipe_trim(struct pipe *p)
{
	u64 first, used_slots;

	if (pipe_used(p) == 0)
		p->head = p->tail = 0;
	first = p->head / PAGE_SIZE;
	used_slots = ALIGN_UP(p->tail, PAGE_SIZE) / PAGE_SIZE - first;
	for (u64 i = first + used_slots; i < first + p->slots; i++)
		if (p->page[i % p->slots])
			pipe_drop_page(p, &p->page[i % p->slots]);
}

/* Copies n reserved bytes in. 0 or -EFAULT; *done counts what went in. */
static int ring_in(struct pipe *p, struct iobuf *buf, u32 n, s64 *done)
{
	while (n) {
		u32 offset = (u32)(p->tail % PAGE_SIZE);
		u32 part = MIN(n, (u32)PAGE_SIZE - offset);

		if (iobuf_get(buf, *slot_of(p, p->tail) + offset, part))
			return -EFAULT;
		p->tail += part;
		*done += part;
		n -= part;
	}
	return 0;
}

/* Copies up to n bytes out. 0 or -EFAULT. */
static int ring_out(struct pipe *p, struct iobuf *buf, u32 n, s64 *done)
{
	while (n) {
		u32 offset = (u32)(p->head % PAGE_SIZE);
		u32 part = MIN(n, (u32)PAGE_SIZE - offset);
		u8 **slot = slot_of(p, p->head);

		if (iobuf_put(buf, *slot + offset, part))
			return -EFAULT;
		p->head += part;
		if (p->head % PAGE_SIZE == 0 || p->head == p->tail)
			pipe_drop_page(p, slot);
		*done += part;
		n -= part;
	}
	if (p->head == p->tail)
		p->head = p->tail = 0;
	return 0;
}

/* Drops n bytes that are there. */
static void ring_skip(struct pipe *p, u32 n)
{
	while (n) {
		u8 **slot = slot_of(p, p->head);
		u32 part = MIN(n, (u32)(PAGE_SIZE - p->head % PAGE_SIZE));

		p->head += part;
		n -= part;
		if (p->head % PAGE_SIZE == 0 || p->head == p->tail)
			pipe_drop_page(p, slot);
	}
	packets_pass(&p->packets, p->head);
	if (p->head == p->tail)
		p->head = p->tail = 0;
}

/* How much one read of len takes, and how much more goes with it: the rest of the
 * packet that it ends in. */
static u32 read_size(const struct pipe *p, size_t len, u32 *rest)
{
	const struct packet *next = packets_next(&p->packets);
	u64 n = MIN((u64)len, (u64)pipe_used(p));

	*rest = 0;
	if (!next || next->start >= p->head + n)
		return (u32)n;
	n = MIN(n, next->end - p->head);
	*rest = (u32)(next->end - p->head - n);
	return (u32)n;
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
	while (pipe_used(p) == 0 || p->busy) {
		if (!p->writers && !p->busy)
			return 0;
		if (f->flags & O_NONBLOCK)
			return -EAGAIN;
		err = wait_event(&p->wait, !p->busy && (pipe_used(p) ||
							!p->writers));
		if (err)
			return err;
	}
	was_full = pipe_room(p) < PIPE_ATOMIC;
	n = read_size(p, buf->len, &rest);
	end = p->head + n;
	p->busy = true;
	err = ring_out(p, buf, n, &done);
	p->busy = false;
	packets_pass(&p->packets, err ? p->head : end);
	if (!err)
		ring_skip(p, rest);
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
	u32 room = p->busy ? 0 : pipe_room(p);
	u32 n = (u32)MIN(want, (size_t)room);

	if (n == 0 || (atomic && n < want))
		return 0;
	n = pipe_reserve(p, n);
	if (atomic && n < want) {
		pipe_trim(p);
		return 0;
	}
	return n;
}

/* Until something was read, or nobody will. */
static int write_wait(struct pipe *p)
{
	u64 before = p->head;

	if (p->busy)
		return wait_event(&p->wait, !p->busy);
	/* Room but no pages, and no reader's progress to hope for. */
	if (pipe_used(p) == 0)
		return -ENOMEM;
	return wait_event(&p->wait, !p->readers || pipe_used(p) == 0 ||
					    p->head != before);
}

/* Room for the boundaries of one more packet. */
static bool packet_fits(struct pipe *p)
{
	if (packets_full(&p->packets, p->slots))
		return false;
	return p->packets.room >= p->slots || !packets_resize(&p->packets, p->slots);
}

/* Copies n bytes in, which there is room for, as a packet if that is asked for. */
static int write_some(struct pipe *p, struct iobuf *buf, u32 n, bool packet, s64 *done)
{
	u64 start = p->tail;
	int err;

	p->busy = true;
	err = ring_in(p, buf, n, done);
	p->busy = false;
	if (packet && p->tail > start)
		packets_add(&p->packets, start, p->tail);
	pipe_trim(p);
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
		if (pipe_used(p))
			mask |= POLLIN | POLLRDNORM;
		/* A FIFO that had no writer since it was opened is at no
		 * end yet (pos is free for this: a pipe has none). */
		if (!p->writers && p->writer_opens != (u32)f->pos)
			mask |= POLLHUP;
	}
	if (mode != O_RDONLY) {
		if (pipe_room(p) >= PIPE_ATOMIC && !packets_full(&p->packets, p->slots))
			mask |= POLLOUT | POLLWRNORM;
		if (!p->readers)
			mask |= POLLERR;
	}
	return mask;
}

static s64 pipe_ioctl(struct file *f, u32 cmd, u64 arg)
{
	u32 used = pipe_used(pipe_of(f));

	return cmd == FIONREAD ? put_user(used, arg) : -ENOTTY;
}

/* --- capacity ----------------------------------------------------------------------------- */

bool pipe_is_pipe(const struct file *f)
{
	return f->ops == &pipe_ops;
}

u32 pipe_capacity(const struct file *f)
{
	return pipe_of(f)->slots * (u32)PAGE_SIZE;
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
	u64 first = p->head / PAGE_SIZE;
	u8 **page;
	u32 slots;

	if (bytes > 1u << 31)
		return -EINVAL;
	slots = slots_for(bytes);
	if (slots > p->slots && (s64)slots * (s64)PAGE_SIZE > pipe_bytes_max &&
	    !capable(CAP_SYS_RESOURCE))
		return -EPERM;
	if (slots > PIPE_BYTES_LIMIT / PAGE_SIZE)
		return -ENOMEM;
	if (p->busy || (u64)slots * PAGE_SIZE < p->tail - first * PAGE_SIZE ||
	    p->packets.count > slots)
		return -EBUSY;
	page = kzalloc(slots * sizeof(*page));
	if (!page)
		return -ENOMEM;
	for (u64 i = first; i * PAGE_SIZE < p->tail; i++)
		page[i - first] = *slot_of(p, i * PAGE_SIZE);
	kfree(p->page);
	p->page = page;
	p->slots = slots;
	packets_shift(&p->packets, first * PAGE_SIZE);
	p->head -= first * PAGE_SIZE;
	p->tail -= first * PAGE_SIZE;
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

	while (!err && (p->busy || (!pipe_used(p) && p->writers))) {
		if (nonblock)
			return -EAGAIN;
		err = wait_event(&p->wait, !p->busy && (pipe_used(p) || !p->writers));
	}
	return err ? err : (s64)pipe_used(p);
}

s64 pipe_wait_room(struct file *f, bool nonblock)
{
	struct pipe *p = pipe_of(f);
	int err = 0;

	while (!err && p->readers && (p->busy || !pipe_room(p))) {
		if (nonblock)
			return -EAGAIN;
		err = wait_event(&p->wait, !p->readers || (!p->busy && pipe_room(p)));
	}
	if (!err && !p->readers)
		return broken_pipe(0);
	return err ? err : (s64)pipe_room(p);
}

u32 pipe_peek(struct file *f, void *buf, u32 len)
{
	struct pipe *p = pipe_of(f);
	u64 end = p->head + MIN(len, pipe_used(p));
	u8 *to = buf;

	for (u64 at = p->head; at < end;) {
		u32 part = (u32)MIN(end - at, PAGE_SIZE - at % PAGE_SIZE);

		memcpy(to, *slot_of(p, at) + at % PAGE_SIZE, part);
		to += part;
		at += part;
	}
	return (u32)(end - p->head);
}

void pipe_drop(struct file *f, u32 n)
{
	struct pipe *p = pipe_of(f);
	bool was_full = pipe_room(p) < PIPE_ATOMIC;

	ring_skip(p, n);
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
