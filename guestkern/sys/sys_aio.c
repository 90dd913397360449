/* io_setup, io_submit, io_getevents and their kin: arguments and layouts around
 * fs/aio.c. */
#include <linux/aio_abi.h>
#include <linux/fcntl.h>
#include <linux/fs.h>
#include <linux/stat.h>

#include "fs/aio.h"
#include "fs/file.h"
#include "fs/file_internal.h"
#include "fs/objects.h"
#include "fs/vfs.h"
#include "lib/err.h"
#include "mm/mm.h"
#include "mm/uaccess.h"
#include "proc/task.h"
#include "sys/handlers.h"
#include "sys/sigmask.h"
#include "sys/user_iov.h"
#include "sys/user_time.h"

#define KEY 0 /* what io_submit writes into an iocb, and io_cancel looks for */
#define EVENTS_LIMIT 0x10000000u

/* --- contexts ---------------------------------------------------------------------------- */

/*
 * On Linux a context is the address of a ring of events that programs may read
 * themselves. Here it is that of a page without the ring's magic number: whoever
 * looks makes the call instead.
 */
s64 sys_io_setup(const u64 arg[6])
{
	const struct map_req req = {
		.len_bytes = PAGE_SIZE,
		.vma_flags = VMA_R | VMA_W,
		.max_prot = VMA_PROT,
	};
	struct mm *mm = current_task()->mm;
	u32 count = (u32)arg[0];
	u64 id;
	s64 at;
	int err;

	if (get_user(id, arg[1]))
		return -EFAULT;
	if (id || !count || count > EVENTS_LIMIT)
		return -EINVAL;
	at = mm_map(mm, &req);
	if (at < 0)
		return at;
	err = aio_create((uaddr_t)at, count);
	if (err)
		goto out_unmap;
	id = (u64)at;
	if (!put_user(id, arg[1]))
		return 0;
	err = -EFAULT;
	aio_destroy(aio_find((uaddr_t)at));
out_unmap:
	mm_unmap(mm, (uaddr_t)at, PAGE_SIZE);
	return err;
}

s64 sys_io_destroy(const u64 arg[6])
{
	struct aio *aio = aio_find(arg[0]);

	if (!aio)
		return -EINVAL;
	aio_destroy(aio);
	mm_unmap(current_task()->mm, arg[0], PAGE_SIZE);
	return 0;
}

/* --- requests ------------------------------------------------------------------------------ */

struct request {
	struct iocb cb;
	uaddr_t at;
	struct file *f, *notify;
};

static int check_request(const struct iocb *cb)
{
	if (cb->aio_reserved2)
		return -EINVAL;
	return (s64)cb->aio_nbytes < 0 ? -EINVAL : 0;
}

static bool is_rw(u32 opcode)
{
	return opcode == IOCB_CMD_PREAD || opcode == IOCB_CMD_PWRITE ||
	       opcode == IOCB_CMD_PREADV || opcode == IOCB_CMD_PWRITEV;
}

/* May it be done at all? Errors that io_submit itself returns. */
static int check_rw(const struct request *r, bool write)
{
	if (r->cb.aio_rw_flags & ~(u32)(RWF_HIPRI | RWF_DSYNC | RWF_SYNC | RWF_APPEND))
		return -EOPNOTSUPP;
	if (write ? !file_writable(r->f) : !file_readable(r->f))
		return -EBADF;
	if (write ? !r->f->ops->write : !r->f->ops->read)
		return -EINVAL;
	return 0;
}

static s64 transfer(const struct request *r, bool write, struct iobuf *buf)
{
	u32 flags = r->f->flags;
	s64 pos = r->cb.aio_offset, ret;

	if (r->cb.aio_rw_flags & RWF_APPEND)
		r->f->flags |= O_APPEND;
	ret = write ? file_write(r->f, buf, &pos) : file_read(r->f, buf, &pos);
	r->f->flags = flags;
	return ret == -ERESTARTSYS ? -EINTR : ret;
}

/* The result, for the event; *refused: for io_submit instead. */
static s64 do_rw(const struct request *r, int *refused)
{
	u32 opcode = r->cb.aio_lio_opcode;
	bool write = opcode == IOCB_CMD_PWRITE || opcode == IOCB_CMD_PWRITEV;
	struct user_iov v;
	s64 ret;

	*refused = check_rw(r, write);
	if (*refused)
		return 0;
	if (opcode == IOCB_CMD_PREADV || opcode == IOCB_CMD_PWRITEV) {
		*refused = user_iov_get(&v, r->cb.aio_buf, r->cb.aio_nbytes);
		if (*refused)
			return 0;
		ret = transfer(r, write, &v.buf);
		user_iov_put(&v);
		return ret;
	}
	v.buf = (struct iobuf){ .user = r->cb.aio_buf,
				.len = MIN(r->cb.aio_nbytes, RW_BYTES_MAX) };
	if (!user_range_possible(r->cb.aio_buf, r->cb.aio_nbytes)) {
		*refused = -EFAULT;
		return 0;
	}
	if (!r->f->stream && r->cb.aio_offset < 0) {
		*refused = -EINVAL;
		return 0;
	}
	return transfer(r, write, &v.buf);
}

static s64 do_sync(const struct request *r, int *refused)
{
	const struct iocb *cb = &r->cb;

	*refused = cb->aio_buf || cb->aio_offset || cb->aio_nbytes || cb->aio_rw_flags ||
				   !r->f->ops->fsync ? -EINVAL : 0;
	return *refused ? 0 : r->f->ops->fsync(r->f);
}

static int submit_poll(struct aio *aio, const struct request *r)
{
	const struct iocb *cb = &r->cb;

	if ((u16)cb->aio_buf != cb->aio_buf || cb->aio_offset || cb->aio_nbytes ||
	    cb->aio_rw_flags)
		return -EINVAL;
	return aio_poll(aio, r->at, cb->aio_data, r->f, (u32)cb->aio_buf, r->notify);
}

/* The place is taken. 0, or what io_submit returns. */
static int start(uaddr_t id, const struct request *r)
{
	u32 opcode = r->cb.aio_lio_opcode;
	struct aio *aio;
	int refused = -EINVAL;
	s64 result = 0;

	if (opcode == IOCB_CMD_POLL)
		return submit_poll(aio_find(id), r);
	if (is_rw(opcode))
		result = do_rw(r, &refused);
	else if (opcode == IOCB_CMD_FSYNC || opcode == IOCB_CMD_FDSYNC)
		result = do_sync(r, &refused);
	if (refused)
		return refused;
	aio = aio_find(id); /* a transfer may sleep */
	if (aio)
		aio_complete(aio, r->at, r->cb.aio_data, result, r->notify);
	return 0;
}

static int submit_files(uaddr_t id, struct request *r)
{
	const u32 key = KEY;
	int err = -EBADF;

	r->f = fd_get((int)r->cb.aio_fildes);
	if (!r->f)
		return err;
	if (r->cb.aio_flags & IOCB_FLAG_RESFD) {
		r->notify = fd_get((int)r->cb.aio_resfd);
		err = !r->notify ? -EBADF : file_is_eventfd(r->notify) ? 0 : -EINVAL;
		if (err)
			goto out_put;
	}
	err = put_user(key, r->at + offsetof(struct iocb, aio_key));
	if (!err && r->cb.aio_flags & ~(u32)(IOCB_FLAG_RESFD | IOCB_FLAG_IOPRIO))
		err = -EINVAL;
	if (!err && !aio_find(id))
		err = -EINVAL;
	if (!err)
		err = start(id, r);
out_put:
	if (r->notify)
		file_put(r->notify);
	file_put(r->f);
	return err;
}

static int submit_one(uaddr_t id, uaddr_t at)
{
	struct request r = { .at = at };
	struct aio *aio;
	int err;

	if (get_user(r.cb, at))
		return -EFAULT;
	err = check_request(&r.cb);
	if (err)
		return err;
	aio = aio_find(id);
	err = aio ? aio_reserve(aio) : -EINVAL;
	if (err)
		return err;
	err = submit_files(id, &r);
	aio = aio_find(id);
	if (err && aio)
		aio_unreserve(aio);
	return err;
}

s64 sys_io_submit(const u64 arg[6])
{
	s64 count = (s64)arg[1], done;
	int err = 0;
	u64 at;

	if (count < 0 || !aio_find(arg[0]))
		return -EINVAL;
	for (done = 0; done < count; done++) {
		if (get_user(at, arg[2] + (u64)done * sizeof(at))) {
			err = -EFAULT;
			break;
		}
		err = submit_one(arg[0], at);
		if (err)
			break;
	}
	return done ? done : err;
}

s64 sys_io_cancel(const u64 arg[6])
{
	struct aio *aio;
	u32 key;

	if (get_user(key, arg[1] + offsetof(struct iocb, aio_key)))
		return -EFAULT;
	aio = aio_find(arg[0]);
	return key != KEY || !aio ? -EINVAL : aio_cancel(aio, arg[1]);
}

/* --- events ---------------------------------------------------------------------------------- */

static s64 get_events(const u64 arg[6])
{
	s64 min = (s64)arg[1], max = (s64)arg[2];
	u64 deadline = UINT64_MAX, ns;
	int err;

	if (arg[4]) {
		err = user_timespec_get(&ns, arg[4]);
		if (err)
			return err;
		deadline = user_deadline(ns);
	}
	if (!aio_find(arg[0]) || min > max || min < 0)
		return -EINVAL;
	return aio_events(arg[0], (u32)MIN(min, (s64)INT32_MAX),
			  (u32)MIN(max, (s64)INT32_MAX), arg[3], deadline);
}

s64 sys_io_getevents(const u64 arg[6])
{
	s64 ret = get_events(arg);

	return ret == -ERESTARTSYS ? -EINTR : ret;
}

/* The sixth argument: struct { const sigset_t *mask; size_t bytes; }. */
s64 sys_io_pgetevents(const u64 arg[6])
{
	u64 set[2] = { 0, 0 };
	s64 ret;

	if (arg[5] && get_user(set, arg[5]))
		return -EFAULT;
	ret = sigmask_begin(set[0], set[1]);
	if (ret)
		return ret;
	ret = get_events(arg);
	sigmask_end(ret == -ERESTARTSYS);
	return ret == -ERESTARTSYS ? -ERESTARTNOHAND : ret;
}
