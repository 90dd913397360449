/* fcntl(2) and flock(2). */
#include <linux/capability.h>
#include <linux/fcntl.h>
#include <linux/fs.h>
#include <linux/resource.h>

#include "fs/async.h"
#include "fs/file_internal.h"
#include "fs/lease.h"
#include "fs/locks.h"
#include "fs/memfd.h"
#include "fs/notify.h"
#include "fs/pipe.h"
#include "fs/vfs.h"
#include "lib/err.h"
#include "mm/uaccess.h"
#include "proc/signal.h"
#include "proc/task.h"
#include "sys/handlers.h"

#define SETFL_FLAGS (O_APPEND | O_NONBLOCK | O_DIRECT | O_NOATIME)
#define OFFSET_MAX INT64_MAX

/* --- record locks ------------------------------------------------------------------- */

/* struct flock to an absolute range: 0, -EINVAL, -EOVERFLOW. */
static int range_from_flock(const struct file *f, const struct flock *fl,
			    struct lock_range *range)
{
	s64 base, start, end = OFFSET_MAX;

	switch (fl->l_whence) {
	case SEEK_SET:
		base = 0;
		break;
	case SEEK_CUR:
		base = f->pos;
		break;
	case SEEK_END:
		base = (s64)f->inode->size;
		break;
	default:
		return -EINVAL;
	}
	if (__builtin_add_overflow(base, fl->l_start, &start))
		return -EOVERFLOW;
	if (start < 0)
		return -EINVAL;
	if (fl->l_len > 0 && __builtin_add_overflow(start, fl->l_len - 1, &end))
		return -EOVERFLOW;
	if (fl->l_len < 0) { /* the bytes before start */
		end = start - 1;
		if (__builtin_add_overflow(start, fl->l_len, &start) || start < 0)
			return -EINVAL;
	}
	if (fl->l_type != F_RDLCK && fl->l_type != F_WRLCK && fl->l_type != F_UNLCK)
		return -EINVAL;
	range->type = (u32)fl->l_type;
	range->start = start;
	range->end = end;
	return 0;
}

static s64 fcntl_getlk(struct file *f, uaddr_t addr, bool ofd)
{
	struct lock_range range = { 0 };
	struct flock fl;
	int err;

	if (get_user(fl, addr))
		return -EFAULT;
	if ((ofd && fl.l_pid) || fl.l_type == F_UNLCK)
		return -EINVAL;
	err = range_from_flock(f, &fl, &range);
	if (err)
		return err;
	locks_test(f, &range, ofd);
	fl.l_type = (short)range.type;
	if (range.type != F_UNLCK) {
		fl.l_whence = SEEK_SET;
		fl.l_start = range.start;
		fl.l_len = range.end == OFFSET_MAX ? 0 : range.end - range.start + 1;
		fl.l_pid = range.pid;
	}
	return put_user(fl, addr);
}

/* Was fd closed (by another thread) while the lock was waited for? */
static bool fd_moved(int fd, const struct file *f)
{
	struct file *now = fd_get(fd);

	if (now)
		file_put(now);
	return now != f;
}

static s64 fcntl_setlk(struct file *f, int fd, uaddr_t addr, bool ofd, bool wait)
{
	struct lock_range range = { 0 };
	struct flock fl;
	int err;

	if (get_user(fl, addr))
		return -EFAULT;
	if (ofd && fl.l_pid)
		return -EINVAL;
	err = range_from_flock(f, &fl, &range);
	if (err)
		return err;
	if ((range.type == F_RDLCK && !file_readable(f)) ||
	    (range.type == F_WRLCK && !file_writable(f)))
		return -EBADF;
	err = locks_set(f, &range, ofd, wait);
	if (err || ofd || range.type == F_UNLCK || !fd_moved(fd, f))
		return err;
	/* The close that should have dropped it came first. */
	range.type = F_UNLCK;
	locks_set(f, &range, false, false);
	return -EBADF;
}

/* --- owner of SIGIO ------------------------------------------------------------------- */

static s64 fcntl_owner_ex(struct file *f, u32 cmd, uaddr_t addr)
{
	struct f_owner_ex owner = { .type = F_OWNER_PID, .pid = f->owner_pid };

	if (cmd == F_GETOWN_EX) {
		if (f->owner_thread)
			owner.type = F_OWNER_TID;
		if (f->owner_pid < 0) {
			owner.type = F_OWNER_PGRP;
			owner.pid = -f->owner_pid;
		}
		return put_user(owner, addr);
	}
	if (get_user(owner, addr))
		return -EFAULT;
	if (owner.pid < 0)
		return owner.type == F_OWNER_TID || owner.type == F_OWNER_PID ||
				       owner.type == F_OWNER_PGRP
			       ? -ESRCH
			       : -EINVAL;
	switch (owner.type) {
	case F_OWNER_TID:
		return async_set_owner(f, owner.pid, true);
	case F_OWNER_PID:
		return async_set_owner(f, owner.pid, false);
	case F_OWNER_PGRP:
		return async_set_owner(f, -owner.pid, false);
	default:
		return -EINVAL;
	}
}

/* --- flags ----------------------------------------------------------------------------- */

static s64 fcntl_setfl(struct file *f, int fd, u32 flags)
{
	const struct task *t = current_task();
	int err;

	if (flags & O_NOATIME && !(f->flags & O_NOATIME) &&
	    f->inode->uid != t->cred.fsuid && !cred_capable(&t->cred, CAP_FOWNER))
		return -EPERM;
	err = async_set(f, fd, flags & FASYNC);
	if (err)
		return err;
	f->flags = (f->flags & ~(u32)SETFL_FLAGS) | (flags & SETFL_FLAGS);
	return 0;
}

static s64 fcntl_dupfd(struct file *f, u64 min, bool cloexec)
{
	if (min >= current_process()->rlim[RLIMIT_NOFILE].cur)
		return -EINVAL;
	file_get(f);
	return fd_install(f, (int)min, cloexec);
}

static s64 fcntl_signal(struct file *f, u64 sig)
{
	if (sig > NSIG_)
		return -EINVAL;
	f->owner_sig = (s32)sig;
	return 0;
}

/* Commands for every descriptor, O_PATH included; -ENOSYS: another command. */
static s64 fcntl_any(struct file *f, int fd, u32 cmd, u64 arg)
{
	switch (cmd) {
	case F_DUPFD:
		return fcntl_dupfd(f, arg, false);
	case F_DUPFD_CLOEXEC:
		return fcntl_dupfd(f, arg, true);
	case F_GETFD:
		return fd_get_cloexec(fd) ? FD_CLOEXEC : 0;
	case F_SETFD:
		return fd_set_cloexec(fd, arg & FD_CLOEXEC);
	case F_GETFL:
		return f->flags;
	default:
		return -ENOSYS;
	}
}

static s64 fcntl_file(struct file *f, int fd, u32 cmd, u64 arg)
{
	switch (cmd) {
	case F_SETFL:
		return fcntl_setfl(f, fd, (u32)arg);
	case F_GETLK:
		return fcntl_getlk(f, arg, false);
	case F_SETLK:
	case F_SETLKW:
		return fcntl_setlk(f, fd, arg, false, cmd == F_SETLKW);
	case F_OFD_GETLK:
		return fcntl_getlk(f, arg, true);
	case F_OFD_SETLK:
	case F_OFD_SETLKW:
		return fcntl_setlk(f, fd, arg, true, cmd == F_OFD_SETLKW);
	case F_GETOWN:
		return f->owner_pid;
	case F_SETOWN:
		return async_set_owner(f, (s32)arg, false);
	case F_GETOWN_EX:
	case F_SETOWN_EX:
		return fcntl_owner_ex(f, cmd, arg);
	case F_GETSIG:
		return f->owner_sig;
	case F_SETSIG:
		return fcntl_signal(f, arg);
	case F_GETPIPE_SZ:
		return pipe_is_pipe(f) ? (s64)pipe_capacity(f) : -EBADF;
	case F_SETPIPE_SZ:
		return pipe_is_pipe(f) ? pipe_set_capacity(f, arg) : -EBADF;
	case F_GET_SEALS:
		return memfd_seals(f);
	case F_ADD_SEALS:
		return memfd_add_seals(f, (u32)arg);
	case F_GETLEASE:
		return lease_type(f);
	case F_SETLEASE:
		return lease_set(f, fd, (u32)arg);
	case F_NOTIFY:
		return dnotify_set(f, fd, current_process()->res.files, (u32)arg);
	default:
		return -EINVAL;
	}
}

s64 sys_fcntl(const u64 arg[6])
{
	struct file *f = fd_get_path((int)arg[0]);
	s64 ret;

	if (!f)
		return -EBADF;
	ret = fcntl_any(f, (int)arg[0], (u32)arg[1], arg[2]);
	if (ret == -ENOSYS)
		ret = f->flags & O_PATH ? -EBADF
					: fcntl_file(f, (int)arg[0], (u32)arg[1], arg[2]);
	file_put(f);
	return ret;
}

s64 sys_flock(const u64 arg[6])
{
	u32 op = (u32)arg[1] & ~(u32)LOCK_NB;
	struct file *f;
	s64 ret;

	if (arg[1] & LOCK_MAND)
		return 0; /* Linux dropped it in 5.15 but does not refuse it */
	if (op != LOCK_SH && op != LOCK_EX && op != LOCK_UN)
		return -EINVAL;
	f = fd_get((int)arg[0]);
	if (!f)
		return -EBADF;
	ret = locks_flock(f, op, !(arg[1] & LOCK_NB));
	file_put(f);
	return ret;
}
