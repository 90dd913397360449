/*
 * Moving bytes: read, write and their vectored and positioned kin, lseek,
 * sendfile, copy_file_range.
 *
 * A call with several segments is one operation on the file (struct iobuf knows
 * segments), so that writev to a pipe or to a file in append mode is as atomic
 * as write. Checks in the order of Linux: descriptor, access mode, memory range.
 */
#include <linux/fcntl.h>
#include <linux/fs.h>
#include <linux/stat.h>

#include "fs/file_internal.h"
#include "fs/vfs.h"
#include "lib/err.h"
#include "mm/slab.h"
#include "mm/uaccess.h"
#include "proc/signal.h"
#include "proc/task.h"
#include "sys/handlers.h"
#include "sys/user_iov.h"

#define COPY_ORDER 4u /* 64 KiB between two files */
#define POS_CURRENT (-1)

/* One call's arguments, the segments aside. */
struct rw {
	struct file *f;
	bool write;
	bool at_current; /* use and move f->pos */
	s64 pos;
	u32 flags; /* RWF_* */
};

/* /proc/PID/io */
static void rw_account(const struct rw *rw, s64 moved)
{
	struct io_account *io = &current_process()->io;

	if (rw->write) {
		io->writes++;
		io->written_bytes += moved > 0 ? (u64)moved : 0;
	} else {
		io->reads++;
		io->read_bytes += moved > 0 ? (u64)moved : 0;
	}
}

static s64 rw_run(struct rw *rw, struct iobuf *buf)
{
	struct file *f = rw->f;
	/* The very address says "its own position": a device that has one of
	 * its own (a host file) must not be moved then. */
	s64 *pos = rw->at_current ? &f->pos : &rw->pos, ret;
	u32 flags = f->flags;

	if (!f->stream && __builtin_add_overflow(*pos, (s64)buf->len, &ret))
		return -EINVAL;
	/* Writing regular files does not sleep: nobody sees the change. */
	if (rw->flags & RWF_APPEND && S_ISREG(f->inode->mode)) {
		f->flags |= O_APPEND;
		ret = rw->write ? file_write(f, buf, pos) : file_read(f, buf, pos);
		f->flags = flags;
	} else {
		ret = rw->write ? file_write(f, buf, pos) : file_read(f, buf, pos);
	}
	rw_account(rw, ret);
	return ret;
}

/* The descriptor and what it was opened for. */
static int rw_begin(struct rw *rw, u64 fd, bool write)
{
	rw->f = fd_get((int)fd);
	rw->write = write;
	if (!rw->f)
		return -EBADF;
	if (write ? file_writable(rw->f) : file_readable(rw->f))
		return 0;
	file_put(rw->f);
	return -EBADF;
}

/* -EINVAL, -ESPIPE for a position that the file cannot have. */
static int rw_set_pos(struct rw *rw, s64 pos)
{
	rw->pos = pos;
	return rw->f->stream ? -ESPIPE : 0;
}

/* Both, in Linux's order: what has no position says so first. */
static int rw_begin_positioned(struct rw *rw, u64 fd, bool write, s64 pos)
{
	int err = rw_begin(rw, fd, write), no_pos;

	if (err) { /* of the other direction, perhaps */
		rw->f = fd_get((int)fd);
		if (!rw->f)
			return -EBADF;
	}
	no_pos = rw_set_pos(rw, pos);
	if (err || no_pos)
		file_put(rw->f);
	return no_pos ? no_pos : err;
}

static s64 rw_single(struct rw *rw, uaddr_t addr, u64 len)
{
	struct iobuf buf = { .user = addr, .len = MIN(len, RW_BYTES_MAX) };

	if (S_ISDIR(rw->f->inode->mode))
		return rw->write ? -EBADF : -EISDIR;
	if (!user_range_possible(addr, len))
		return -EFAULT;
	return rw_run(rw, &buf);
}

static s64 rw_vector(struct rw *rw, uaddr_t iov, u64 count)
{
	struct user_iov v;
	s64 ret;

	if (!count)
		return 0;
	ret = user_iov_get(&v, iov, count);
	if (ret)
		return ret;
	ret = S_ISDIR(rw->f->inode->mode) ? -EISDIR : rw_run(rw, &v.buf);
	user_iov_put(&v);
	return ret;
}

static s64 rw_plain(const u64 arg[6], bool write, bool vector)
{
	struct rw rw = { .at_current = true };
	s64 ret = rw_begin(&rw, arg[0], write);

	if (ret)
		return ret;
	ret = vector ? rw_vector(&rw, arg[1], arg[2]) : rw_single(&rw, arg[1], arg[2]);
	file_put(rw.f);
	return ret;
}

static s64 rw_positioned(const u64 arg[6], bool write, bool vector, u32 flags)
{
	struct rw rw = { .flags = flags };
	s64 ret;

	if ((s64)arg[3] < 0)
		return -EINVAL;
	ret = rw_begin_positioned(&rw, arg[0], write, (s64)arg[3]);
	if (ret)
		return ret;
	ret = vector ? rw_vector(&rw, arg[1], arg[2]) : rw_single(&rw, arg[1], arg[2]);
	file_put(rw.f);
	return ret;
}

s64 sys_read(const u64 arg[6])
{
	return rw_plain(arg, false, false);
}

s64 sys_write(const u64 arg[6])
{
	return rw_plain(arg, true, false);
}

s64 sys_readv(const u64 arg[6])
{
	return rw_plain(arg, false, true);
}

s64 sys_writev(const u64 arg[6])
{
	return rw_plain(arg, true, true);
}

s64 sys_pread64(const u64 arg[6])
{
	return rw_positioned(arg, false, false, 0);
}

s64 sys_pwrite64(const u64 arg[6])
{
	return rw_positioned(arg, true, false, 0);
}

s64 sys_preadv(const u64 arg[6])
{
	return rw_positioned(arg, false, true, 0);
}

s64 sys_pwritev(const u64 arg[6])
{
	return rw_positioned(arg, true, true, 0);
}

/* preadv2, pwritev2: position -1 is the file's own. */
static s64 rw_flagged(const u64 arg[6], bool write)
{
	struct rw rw = { .at_current = true, .flags = (u32)arg[5] };
	s64 ret;

	if (arg[5] & ~(u64)(RWF_HIPRI | RWF_DSYNC | RWF_SYNC | RWF_APPEND))
		return -EOPNOTSUPP;
	if ((s64)arg[3] != POS_CURRENT)
		return rw_positioned(arg, write, true, (u32)arg[5]);
	ret = rw_begin(&rw, arg[0], write);
	if (ret)
		return ret;
	ret = rw_vector(&rw, arg[1], arg[2]);
	file_put(rw.f);
	return ret;
}

s64 sys_preadv2(const u64 arg[6])
{
	return rw_flagged(arg, false);
}

s64 sys_pwritev2(const u64 arg[6])
{
	return rw_flagged(arg, true);
}

s64 sys_lseek(const u64 arg[6])
{
	struct file *f = fd_get((int)arg[0]);
	s64 ret;

	if (!f)
		return -EBADF;
	if ((u32)arg[2] > SEEK_MAX)
		ret = -EINVAL;
	else if (!f->ops->lseek)
		ret = -ESPIPE;
	else
		ret = f->ops->lseek(f, (s64)arg[1], (int)arg[2]);
	file_put(f);
	return ret;
}

/* --- from file to file -------------------------------------------------------------- */

struct copy {
	struct file *in, *out;
	s64 in_pos;
	s64 *out_pos; /* NULL: the file's own */
};

/* One buffer's worth; bytes that arrived, 0 at the end, or -errno. */
static s64 copy_some(struct copy *c, void *buffer, u64 len)
{
	struct iobuf to = { .kernel = buffer, .len = len }, from = { .kernel = buffer };
	s64 *out_pos = c->out_pos ? c->out_pos : &c->out->pos;
	s64 in_pos = c->in_pos, got, put;

	got = file_read(c->in, &to, &in_pos);
	if (got <= 0)
		return got;
	from.len = (u64)got;
	put = file_write(c->out, &from, out_pos);
	if (put > 0)
		c->in_pos += put;
	return put;
}

static s64 copy_run(struct copy *c, u64 len)
{
	u32 order = COPY_ORDER;
	void *buffer = kpages_alloc(order);
	u64 done = 0;
	s64 n = 0;

	if (!buffer) {
		order = 0;
		buffer = kpages_alloc(order);
	}
	if (!buffer)
		return -ENOMEM;
	len = MIN(len, RW_BYTES_MAX);
	while (done < len) {
		n = copy_some(c, buffer, MIN(len - done, PAGE_SIZE << order));
		if (n <= 0)
			break;
		done += (u64)n;
		if (signal_pending(current_task()))
			break;
	}
	kpages_free(buffer, order);
	return done ? (s64)done : n;
}

/* A position in user memory, 0 for none: 0 or -EFAULT, -EINVAL. */
static int pos_get(uaddr_t addr, s64 *pos)
{
	if (get_user(*pos, addr))
		return -EFAULT;
	return *pos < 0 ? -EINVAL : 0;
}

static s64 sendfile_run(struct copy *c, uaddr_t offset, u64 len)
{
	s64 ret;

	if (!file_readable(c->in) || !file_writable(c->out))
		return -EBADF;
	if (offset && c->in->stream)
		return -ESPIPE;
	/* Only what has a page cache can be sent; a host file behind stdin has
	 * a position of its own that would have to move. */
	if (!c->in->inode->object || c->out->flags & O_APPEND || !c->in->ops->read)
		return -EINVAL;
	c->in_pos = c->in->pos;
	if (offset) {
		ret = pos_get(offset, &c->in_pos);
		if (ret)
			return ret;
	}
	ret = copy_run(c, len);
	if (!offset)
		c->in->pos = c->in_pos;
	else if (put_user(c->in_pos, offset))
		return -EFAULT;
	return ret;
}

s64 sys_sendfile(const u64 arg[6])
{
	struct copy c = { .in = fd_get((int)arg[1]) };
	s64 ret = -EBADF;

	if (!c.in)
		return ret;
	c.out = fd_get((int)arg[0]);
	if (c.out) {
		ret = (s64)arg[3] < 0 ? -EINVAL : sendfile_run(&c, arg[2], arg[3]);
		file_put(c.out);
	}
	file_put(c.in);
	return ret;
}

static int copy_check(const struct copy *c)
{
	if (S_ISDIR(c->in->inode->mode) || S_ISDIR(c->out->inode->mode))
		return -EISDIR;
	if (!S_ISREG(c->in->inode->mode) || !S_ISREG(c->out->inode->mode))
		return -EINVAL;
	if (!file_readable(c->in) || !file_writable(c->out) || c->out->flags & O_APPEND)
		return -EBADF;
	return 0;
}

static s64 copy_range_run(struct copy *c, uaddr_t in_addr, uaddr_t out_addr, u64 len)
{
	s64 out_pos = c->out->pos;
	s64 ret = copy_check(c);

	if (ret)
		return ret;
	c->in_pos = c->in->pos;
	/* its own moves with it, also that of a host's file */
	c->out_pos = out_addr ? &out_pos : NULL;
	if (in_addr && (ret = pos_get(in_addr, &c->in_pos)))
		return ret;
	if (out_addr && (ret = pos_get(out_addr, &out_pos)))
		return ret;
	if ((u64)c->in_pos + len < len || (u64)out_pos + len < len)
		return -EOVERFLOW;
	if (c->in->inode == c->out->inode && (u64)c->in_pos < (u64)out_pos + len &&
	    (u64)out_pos < (u64)c->in_pos + len)
		return -EINVAL;
	ret = copy_run(c, len);
	if (ret <= 0)
		return ret;
	if (!in_addr)
		c->in->pos = c->in_pos;
	else if (put_user(c->in_pos, in_addr))
		return -EFAULT;
	if (out_addr && put_user(out_pos, out_addr))
		return -EFAULT;
	return ret;
}

s64 sys_copy_file_range(const u64 arg[6])
{
	struct copy c = { .in = fd_get((int)arg[0]) };
	s64 ret = -EBADF;

	if (arg[5]) {
		if (c.in)
			file_put(c.in);
		return -EINVAL;
	}
	if (!c.in)
		return ret;
	c.out = fd_get((int)arg[2]);
	if (c.out) {
		ret = copy_range_run(&c, arg[1], arg[3], arg[4]);
		file_put(c.out);
	}
	file_put(c.in);
	return ret;
}
