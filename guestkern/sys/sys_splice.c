/*
 * splice, tee, vmsplice. Pages do not move: bytes are copied through a buffer. What
 * a pipe gives up is taken from it only when the other side has it.
 */
#include <linux/fcntl.h>
#include <linux/fs.h>
#include <linux/stat.h>
#include <linux/uio.h>

#include "fs/file_internal.h"
#include "fs/pipe.h"
#include "fs/vfs.h"
#include "lib/err.h"
#include "mm/slab.h"
#include "mm/uaccess.h"
#include "sys/handlers.h"
#include "sys/user_iov.h"

#define SPLICE_ORDER 4u /* 64 KiB, a pipe's capacity */
#define SPLICE_BYTES ((u32)(PAGE_SIZE << SPLICE_ORDER))
#define SPLICE_F_NONBLOCK_ 2u /* fcntl(2)'s flags; in no UAPI header */
#define SPLICE_F_ALL 15u

struct splice {
	struct file *in, *out;
	s64 *in_pos, *out_pos; /* the files' own, or the caller's */
	u64 len;
	bool nonblock;
	void *buffer; /* SPLICE_BYTES */
};

static bool pipe_nonblock(const struct splice *s, const struct file *pipe)
{
	return s->nonblock || pipe->flags & O_NONBLOCK;
}

static u32 chunk(const struct splice *s, s64 ready)
{
	return (u32)MIN(MIN(s->len, (u64)ready), (u64)SPLICE_BYTES);
}

static s64 pipe_to_file(struct splice *s)
{
	struct iobuf from = { .kernel = s->buffer };
	s64 ready = pipe_wait_data(s->in, pipe_nonblock(s, s->in)), put;

	if (ready <= 0)
		return ready;
	pipe_hold(s->in); /* writing may sleep */
	from.len = pipe_peek(s->in, s->buffer, chunk(s, ready));
	put = file_write(s->out, &from, s->out_pos);
	if (put > 0)
		pipe_drop(s->in, (u32)put);
	pipe_release_hold(s->in);
	return put;
}

static s64 file_to_pipe(struct splice *s)
{
	struct iobuf to = { .kernel = s->buffer };
	s64 room = pipe_wait_room(s->out, pipe_nonblock(s, s->out)), got;

	if (room <= 0)
		return room;
	to.len = chunk(s, room);
	got = file_read(s->in, &to, s->in_pos);
	return got > 0 ? pipe_put(s->out, s->buffer, (u32)got) : got;
}

/* take: they are gone from the first pipe (splice), else they stay (tee). */
static s64 pipe_to_pipe(struct splice *s, bool take)
{
	s64 ready, room, put;
	u32 n;

	do {
		ready = pipe_wait_data(s->in, pipe_nonblock(s, s->in));
		if (ready <= 0)
			return ready;
		room = pipe_wait_room(s->out, pipe_nonblock(s, s->out));
		if (room <= 0)
			return room;
		/* Waiting for the one, the other may have changed. */
		ready = pipe_wait_data(s->in, true);
	} while (ready == -EAGAIN && !pipe_nonblock(s, s->in));
	if (ready <= 0)
		return ready;
	n = pipe_peek(s->in, s->buffer, chunk(s, MIN(ready, room)));
	put = pipe_put(s->out, s->buffer, n);
	if (put > 0 && take)
		pipe_drop(s->in, (u32)put);
	return put;
}

static s64 with_buffer(struct splice *s, s64 (*run)(struct splice *s))
{
	s64 ret;

	s->buffer = kpages_alloc(SPLICE_ORDER);
	if (!s->buffer)
		return -ENOMEM;
	ret = run(s);
	kpages_free(s->buffer, SPLICE_ORDER);
	return ret;
}

/* --- splice -------------------------------------------------------------------------- */

static s64 splice_move(struct splice *s)
{
	if (!pipe_is_pipe(s->in))
		return file_to_pipe(s);
	return pipe_is_pipe(s->out) ? pipe_to_pipe(s, true) : pipe_to_file(s);
}

/* The rules about pipes and offsets, in Linux's order. */
static int splice_check(const struct splice *s, uaddr_t in_at, uaddr_t out_at)
{
	bool in_pipe = pipe_is_pipe(s->in), out_pipe = pipe_is_pipe(s->out);

	if (!file_readable(s->in) || !file_writable(s->out))
		return -EBADF;
	if ((in_pipe && in_at) || (out_pipe && out_at))
		return -ESPIPE;
	if (in_pipe && out_pipe)
		return pipe_is_same(s->in, s->out) ? -EINVAL : 0;
	if (!in_pipe && !out_pipe)
		return -EINVAL;
	if ((in_at && s->in->stream) || (out_at && s->out->stream))
		return -EINVAL;
	if (in_pipe && s->out->flags & O_APPEND)
		return -EINVAL;
	return S_ISDIR(s->in->inode->mode) ? -EINVAL : 0;
}

static s64 splice_run(struct splice *s, uaddr_t in_at, uaddr_t out_at)
{
	s64 in_pos, out_pos, ret = splice_check(s, in_at, out_at);

	if (ret)
		return ret;
	s->in_pos = &s->in->pos;
	s->out_pos = &s->out->pos;
	if (in_at) {
		if (get_user(in_pos, in_at))
			return -EFAULT;
		s->in_pos = &in_pos;
	}
	if (out_at) {
		if (get_user(out_pos, out_at))
			return -EFAULT;
		s->out_pos = &out_pos;
	}
	if (*s->in_pos < 0 || *s->out_pos < 0)
		return -EINVAL;
	ret = with_buffer(s, splice_move);
	if (ret > 0 && in_at && put_user(in_pos, in_at))
		return -EFAULT;
	if (ret > 0 && out_at && put_user(out_pos, out_at))
		return -EFAULT;
	return ret;
}

/* Both descriptors; 0 or -EBADF with neither held. */
static int splice_get(struct splice *s, int in, int out)
{
	s->in = fd_get(in);
	if (!s->in)
		return -EBADF;
	s->out = fd_get(out);
	if (s->out)
		return 0;
	file_put(s->in);
	return -EBADF;
}

s64 sys_splice(const u64 arg[6])
{
	struct splice s = { .len = arg[4], .nonblock = arg[5] & SPLICE_F_NONBLOCK_ };
	s64 ret;

	if (!arg[4])
		return 0;
	if ((u32)arg[5] & ~SPLICE_F_ALL)
		return -EINVAL;
	ret = splice_get(&s, (int)arg[0], (int)arg[2]);
	if (ret)
		return ret;
	ret = splice_run(&s, arg[1], arg[3]);
	file_put(s.in);
	file_put(s.out);
	return ret;
}

/* --- tee ------------------------------------------------------------------------------- */

static s64 tee_copy(struct splice *s)
{
	return pipe_to_pipe(s, false);
}

s64 sys_tee(const u64 arg[6])
{
	struct splice s = { .len = arg[2], .nonblock = arg[3] & SPLICE_F_NONBLOCK_ };
	s64 ret;

	if ((u32)arg[3] & ~SPLICE_F_ALL)
		return -EINVAL;
	if (!arg[2])
		return 0;
	ret = splice_get(&s, (int)arg[0], (int)arg[1]);
	if (ret)
		return ret;
	if (!file_readable(s.in) || !file_writable(s.out))
		ret = -EBADF;
	else if (!pipe_is_pipe(s.in) || !pipe_is_pipe(s.out) ||
		 pipe_is_same(s.in, s.out))
		ret = -EINVAL;
	else
		ret = with_buffer(&s, tee_copy);
	file_put(s.in);
	file_put(s.out);
	return ret;
}

/* --- vmsplice ---------------------------------------------------------------------------- */

static s64 vmsplice_run(struct file *f, struct iobuf *buf, bool nonblock)
{
	s64 pos = 0, ready;

	if (nonblock && file_writable(f)) {
		ready = pipe_wait_room(f, true);
		if (ready < 0)
			return ready;
		buf->len = MIN(buf->len, (u64)ready);
	} else if (nonblock) {
		ready = pipe_wait_data(f, true);
		if (ready < 0)
			return ready;
	}
	return file_writable(f) ? file_write(f, buf, &pos) : file_read(f, buf, &pos);
}

s64 sys_vmsplice(const u64 arg[6])
{
	struct user_iov v;
	struct file *f;
	s64 ret;

	if ((u32)arg[3] & ~SPLICE_F_ALL)
		return -EINVAL;
	f = fd_get((int)arg[0]);
	if (!f)
		return -EBADF;
	ret = -EBADF;
	if (!file_writable(f) && !file_readable(f))
		goto out_put;
	ret = arg[2] ? user_iov_get(&v, arg[1], arg[2]) : 0;
	if (ret || !arg[2])
		goto out_put;
	ret = -EBADF;
	if (v.buf.len == 0)
		ret = 0;
	else if (pipe_is_pipe(f))
		ret = vmsplice_run(f, &v.buf, arg[3] & SPLICE_F_NONBLOCK_);
	user_iov_put(&v);
out_put:
	file_put(f);
	return ret;
}
