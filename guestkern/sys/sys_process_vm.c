/* process_vm_readv, process_vm_writev: bytes between the caller's memory and
 * another process's, page by page through a buffer; while it is filled or emptied,
 * the other space is in force. */
#include "fs/procfs.h"
#include "lib/err.h"
#include "mm/slab.h"
#include "mm/uaccess.h"
#include "proc/task.h"
#include "sys/handlers.h"
#include "sys/user_iov.h"

#define IOV_COUNT_MAX 1024u /* UIO_MAXIOV */

struct vm_copy {
	struct mm *remote;
	struct user_iov local;
	void *buffer;
	bool write; /* to the other */
};

/* The space that counts as the current task's: also when it sleeps meanwhile. */
static void use_space(struct mm *mm)
{
	current_task()->mm = mm;
	mm_switch(mm);
}

/* One piece within a remote page: 0 or -EFAULT. */
static int copy_piece(struct vm_copy *c, uaddr_t at, size_t n)
{
	struct mm *own = current_task()->mm;
	int err = 0;

	if (c->write)
		err = iobuf_get(&c->local.buf, c->buffer, n);
	if (err)
		return err;
	use_space(c->remote);
	err = c->write ? copy_to_user(at, c->buffer, n)
		       : copy_from_user(c->buffer, at, n);
	use_space(own);
	if (!err && !c->write)
		err = iobuf_put(&c->local.buf, c->buffer, n);
	return err;
}

static s64 copy_segment(struct vm_copy *c, uaddr_t at, u64 len)
{
	u64 done = 0;
	size_t n;
	int err = 0;

	while (done < len && c->local.buf.len && !err) {
		/* Whole pages arrive before one that is not there. */
		n = PAGE_SIZE - (at + done) % PAGE_SIZE;
		n = MIN(MIN(n, len - done), c->local.buf.len);
		err = copy_piece(c, at + done, n);
		if (!err)
			done += n;
	}
	return done ? (s64)done : err;
}

static s64 copy_all(struct vm_copy *c, const struct iobuf_seg *seg, u64 count)
{
	s64 done = 0, n;

	for (u64 i = 0; i < count && c->local.buf.len; i++) {
		if (!seg[i].len_bytes)
			continue;
		n = copy_segment(c, seg[i].addr, seg[i].len_bytes);
		if (n < 0)
			return done ? done : n;
		done += n;
		if ((u64)n < seg[i].len_bytes)
			break;
	}
	return done;
}

/* Finds the process and runs; seg is a kernel copy of the remote segments. */
static s64 with_process(struct vm_copy *c, s32 pid, const struct iobuf_seg *seg,
			u64 count)
{
	struct task *t = task_find(pid);
	s64 ret;

	if (!t || !t->proc->mm)
		return -ESRCH;
	if (!proc_may_access(t->proc))
		return -EPERM;
	c->buffer = kpages_alloc(0);
	if (!c->buffer)
		return -ENOMEM;
	c->remote = t->proc->mm;
	mm_get(c->remote);
	ret = copy_all(c, seg, count);
	mm_put(c->remote);
	kpages_free(c->buffer, 0);
	return ret;
}

static s64 remote_segments(struct vm_copy *c, const u64 arg[6])
{
	u64 bytes = arg[4] * sizeof(struct iobuf_seg);
	struct iobuf_seg *seg;
	s64 ret = -EFAULT;

	if (arg[4] > IOV_COUNT_MAX)
		return -EINVAL;
	if (!arg[4])
		return 0;
	seg = kmalloc(bytes);
	if (!seg)
		return -ENOMEM;
	if (!copy_from_user(seg, arg[3], bytes))
		ret = 0;
	for (u64 i = 0; !ret && i < arg[4]; i++)
		if ((s64)seg[i].len_bytes < 0)
			ret = -EINVAL;
	if (!ret)
		ret = with_process(c, (s32)arg[0], seg, arg[4]);
	kfree(seg);
	return ret;
}

static s64 do_process_vm(const u64 arg[6], bool write)
{
	struct vm_copy c = { .write = write };
	s64 ret;

	if (arg[5])
		return -EINVAL;
	if (!arg[2])
		return 0;
	ret = user_iov_get(&c.local, arg[1], arg[2]);
	if (ret)
		return ret;
	if (c.local.buf.len)
		ret = remote_segments(&c, arg);
	user_iov_put(&c.local);
	return ret;
}

s64 sys_process_vm_readv(const u64 arg[6])
{
	return do_process_vm(arg, false);
}

s64 sys_process_vm_writev(const u64 arg[6])
{
	return do_process_vm(arg, true);
}
