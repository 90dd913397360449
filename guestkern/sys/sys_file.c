/*
 * Descriptors and whole files: open, close, dup, ioctl, and what changes or
 * flushes a file as a whole. fcntl and flock are in sys_fcntl.c.
 */
#include <linux/close_range.h>
#include <linux/fadvise.h>
#include <linux/falloc.h>
#include <linux/fcntl.h>
#include <linux/fs.h>
#include <linux/inotify.h>
#include <linux/openat2.h>
#include <linux/resource.h>
#include <linux/stat.h>

#include "fs/async.h"
#include "fs/file_internal.h"
#include "fs/lease.h"
#include "fs/notify.h"
#include "fs/vfs_internal.h"
#include "lib/err.h"
#include "mm/slab.h"
#include "mm/uaccess.h"
#include "proc/signal.h"
#include "proc/task.h"
#include "sys/handlers.h"

/* asm/ioctls.h brings struct termios with it; numbers as in asm-generic. */
#define FIONREAD 0x541b
#define FIONBIO 0x5421
#define FIONCLEX 0x5450
#define FIOCLEX 0x5451
#define FIOASYNC 0x5452

#define SIGXFSZ_ 25 /* asm/signal.h clashes with proc/signal.h's names */
#define MAY_WRITE 2u

#define OPEN_FLAGS                                                               \
	(O_ACCMODE | O_CREAT | O_EXCL | O_NOCTTY | O_TRUNC | O_APPEND | O_NONBLOCK | \
	 O_DSYNC | O_SYNC | FASYNC | O_DIRECT | O_LARGEFILE | O_DIRECTORY |       \
	 O_NOFOLLOW | O_NOATIME | O_CLOEXEC | O_PATH | __O_TMPFILE)

/* --- open, close -------------------------------------------------------------------- */

static s64 open_at(int dirfd, uaddr_t name_addr, u32 flags, u32 mode, u32 walk)
{
	char *name = getname(name_addr);
	struct file *f;

	if (IS_ERR(name))
		return PTR_ERR(name);
	/* Programs of 64 bits see it in F_GETFL. */
	if (!(flags & O_PATH))
		flags |= O_LARGEFILE;
	f = file_open(dirfd, name, flags, mode, walk);
	kfree(name);
	if (IS_ERR(f))
		return PTR_ERR(f);
	return fd_install(f, 0, flags & O_CLOEXEC);
}

s64 sys_open(const u64 arg[6])
{
	return open_at(AT_FDCWD, arg[0], (u32)arg[1] & OPEN_FLAGS, (u32)arg[2], 0);
}

s64 sys_creat(const u64 arg[6])
{
	return open_at(AT_FDCWD, arg[0], O_CREAT | O_WRONLY | O_TRUNC, (u32)arg[1], 0);
}

s64 sys_openat(const u64 arg[6])
{
	return open_at((int)arg[0], arg[1], (u32)arg[2] & OPEN_FLAGS, (u32)arg[3], 0);
}

/* struct open_how of any size that is at least the first version's. */
static int open_how_get(struct open_how *how, uaddr_t addr, u64 size)
{
	u8 rest;

	if (size < sizeof(*how))
		return -EINVAL;
	if (size > PAGE_SIZE)
		return -E2BIG;
	if (copy_from_user(how, addr, sizeof(*how)))
		return -EFAULT;
	for (u64 i = sizeof(*how); i < size; i++) {
		if (get_user(rest, addr + i))
			return -EFAULT;
		if (rest)
			return -E2BIG;
	}
	return 0;
}

static int open_how_check(const struct open_how *how)
{
	u64 creates = how->flags & (O_CREAT | __O_TMPFILE);

	if (how->flags & ~(u64)OPEN_FLAGS ||
	    how->resolve & ~(u64)(RESOLVE_NO_XDEV | RESOLVE_NO_MAGICLINKS |
				  RESOLVE_NO_SYMLINKS | RESOLVE_BENEATH |
				  RESOLVE_IN_ROOT | RESOLVE_CACHED))
		return -EINVAL;
	if (how->resolve & RESOLVE_BENEATH && how->resolve & RESOLVE_IN_ROOT)
		return -EINVAL;
	if (creates ? how->mode & ~(u64)07777 : how->mode)
		return -EINVAL;
	if (how->flags & O_PATH &&
	    how->flags & ~(u64)(O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC))
		return -EINVAL;
	/* Everything is in memory, but creation is never "cached". */
	if (how->resolve & RESOLVE_CACHED && (creates || how->flags & O_TRUNC))
		return -EAGAIN;
	return 0;
}

static u32 resolve_to_walk(u64 resolve)
{
	return (resolve & RESOLVE_NO_XDEV ? WALK_NO_XDEV : 0) |
	       (resolve & RESOLVE_NO_MAGICLINKS ? WALK_NO_MAGICLINKS : 0) |
	       (resolve & RESOLVE_NO_SYMLINKS ? WALK_NO_SYMLINKS : 0) |
	       (resolve & RESOLVE_BENEATH ? WALK_BENEATH : 0) |
	       (resolve & RESOLVE_IN_ROOT ? WALK_IN_ROOT : 0);
}

s64 sys_openat2(const u64 arg[6])
{
	struct open_how how;
	int err;

	err = open_how_get(&how, arg[2], arg[3]);
	if (!err)
		err = open_how_check(&how);
	if (err)
		return err;
	return open_at((int)arg[0], arg[1], (u32)how.flags, (u32)how.mode,
		       resolve_to_walk(how.resolve));
}

s64 sys_close(const u64 arg[6])
{
	return fd_close((int)arg[0]);
}

s64 sys_close_range(const u64 arg[6])
{
	u32 flags = (u32)arg[2];

	if (flags & ~(u32)(CLOSE_RANGE_UNSHARE | CLOSE_RANGE_CLOEXEC) ||
	    (u32)arg[0] > (u32)arg[1])
		return -EINVAL;
	return fd_close_range((u32)arg[0], (u32)arg[1], flags & CLOSE_RANGE_CLOEXEC,
			      flags & CLOSE_RANGE_UNSHARE);
}

/* --- dup ------------------------------------------------------------------------------- */

s64 sys_dup(const u64 arg[6])
{
	struct file *f = fd_get_path((int)arg[0]);

	return f ? fd_install(f, 0, false) : -EBADF;
}

s64 sys_dup2(const u64 arg[6])
{
	struct file *f = fd_get_path((int)arg[0]);

	if (!f)
		return -EBADF;
	if ((int)arg[0] != (int)arg[1])
		return fd_replace(f, (int)arg[1], false);
	file_put(f);
	return (int)arg[1];
}

s64 sys_dup3(const u64 arg[6])
{
	struct file *f;

	if ((u32)arg[2] & ~(u32)O_CLOEXEC || (int)arg[0] == (int)arg[1])
		return -EINVAL;
	f = fd_get_path((int)arg[0]);
	if (!f)
		return -EBADF;
	return fd_replace(f, (int)arg[1], arg[2] & O_CLOEXEC);
}

/* --- ioctl ----------------------------------------------------------------------------- */

static s64 ioctl_set_flag(struct file *f, uaddr_t addr, u32 flag)
{
	s32 on;

	if (get_user(on, addr))
		return -EFAULT;
	f->flags = on ? f->flags | flag : f->flags & ~flag;
	return 0;
}

static s64 ioctl_async(struct file *f, int fd, uaddr_t addr)
{
	s32 on;

	if (get_user(on, addr))
		return -EFAULT;
	if (on && !f->ops->async)
		return -ENOTTY;
	return async_set(f, fd, on);
}

/* FICLONE, FICLONERANGE: no file system here shares blocks. */
static s64 ioctl_clone(struct file *f, s64 from)
{
	struct file *source = fd_get((int)from);
	s64 ret = -EOPNOTSUPP;

	if (!source)
		return -EBADF;
	if (source->inode->sb != f->inode->sb)
		ret = -EXDEV;
	else if (S_ISDIR(source->inode->mode))
		ret = -EISDIR;
	else if (!S_ISREG(source->inode->mode))
		ret = -EINVAL;
	else if (!file_readable(source) || !file_writable(f) || f->flags & O_APPEND)
		ret = -EBADF;
	file_put(source);
	return ret;
}

static s64 ioctl_regular(struct file *f, u32 cmd, uaddr_t addr)
{
	struct file_clone_range range;
	s32 value;

	switch (cmd) {
	case FICLONE:
		return ioctl_clone(f, (s64)addr);
	case FICLONERANGE:
		return get_user(range, addr) ? -EFAULT : ioctl_clone(f, range.src_fd);
	case FIONREAD:
		value = (s32)((s64)f->inode->size - f->pos);
		return put_user(value, addr);
	case FIGETBSZ:
		value = PAGE_SIZE;
		return put_user(value, addr);
	default:
		return -ENOTTY;
	}
}

s64 sys_ioctl(const u64 arg[6])
{
	struct file *f = fd_get((int)arg[0]);
	u32 cmd = (u32)arg[1];
	s64 ret = -ENOTTY;

	if (!f)
		return -EBADF;
	switch (cmd) {
	case FIOCLEX:
	case FIONCLEX:
		ret = fd_set_cloexec((int)arg[0], cmd == FIOCLEX);
		break;
	case FIONBIO:
		ret = ioctl_set_flag(f, arg[2], O_NONBLOCK);
		break;
	case FIOASYNC:
		ret = ioctl_async(f, (int)arg[0], arg[2]);
		break;
	default:
		if (f->ops->ioctl)
			ret = f->ops->ioctl(f, cmd, arg[2]);
		else if (S_ISREG(f->inode->mode))
			ret = ioctl_regular(f, cmd, arg[2]);
		break;
	}
	file_put(f);
	return ret;
}

/* --- flushing and hints ------------------------------------------------------------------ */

s64 sys_fsync(const u64 arg[6])
{
	struct file *f = fd_get((int)arg[0]);
	s64 ret;

	if (!f)
		return -EBADF;
	ret = f->ops->fsync ? f->ops->fsync(f) : -EINVAL;
	file_put(f);
	return ret;
}

s64 sys_fdatasync(const u64 arg[6])
{
	return sys_fsync(arg);
}

s64 sys_sync(const u64 arg[6])
{
	(void)arg;
	vfs_sync();
	return 0;
}

s64 sys_syncfs(const u64 arg[6])
{
	struct file *f = fd_get((int)arg[0]);
	struct super_block *sb;
	int err = 0;

	if (!f)
		return -EBADF;
	sb = f->inode->sb;
	if (sb->ops && sb->ops->sync)
		err = sb->ops->sync(sb);
	file_put(f);
	return err;
}

s64 sys_readahead(const u64 arg[6])
{
	struct file *f = fd_get((int)arg[0]);
	s64 ret = 0;

	if (!f)
		return -EBADF;
	if (!file_readable(f))
		ret = -EBADF;
	else if (!S_ISREG(f->inode->mode))
		ret = -EINVAL;
	file_put(f);
	return ret;
}

s64 sys_fadvise64(const u64 arg[6])
{
	struct file *f = fd_get((int)arg[0]);
	s64 ret = 0;

	if (!f)
		return -EBADF;
	if (S_ISFIFO(f->inode->mode))
		ret = -ESPIPE;
	else if ((s64)arg[2] < 0 || (u32)arg[3] > POSIX_FADV_NOREUSE)
		ret = -EINVAL;
	file_put(f);
	return ret;
}

/* SYNC_FILE_RANGE_*: nothing is behind memory files, the arguments count. */
s64 sys_sync_file_range(const u64 arg[6])
{
	struct file *f = fd_get((int)arg[0]);
	s64 offset = (s64)arg[1], len = (s64)arg[2], end;
	s64 ret = 0;

	if (!f)
		return -EBADF;
	if ((u32)arg[3] & ~7u || offset < 0 ||
	    __builtin_add_overflow(offset, len, &end) || end < offset)
		ret = -EINVAL;
	else if (!S_ISREG(f->inode->mode) && !S_ISBLK(f->inode->mode) &&
		 !S_ISDIR(f->inode->mode))
		ret = -ESPIPE;
	else if (f->ops->fsync && (u32)arg[3] & 4)
		ret = f->ops->fsync(f); /* SYNC_FILE_RANGE_WAIT_AFTER */
	file_put(f);
	return ret;
}

/* --- size -------------------------------------------------------------------------------- */

static int truncate_path(const struct path *path, u64 size)
{
	struct inode *inode = path->dentry->inode;
	int err;

	if (S_ISDIR(inode->mode))
		return -EISDIR;
	if (!S_ISREG(inode->mode))
		return -EINVAL;
	err = mount_want_write(path->mnt);
	if (!err)
		err = inode_permission(inode, MAY_WRITE);
	if (!err)
		err = lease_break(inode, true, false);
	return err ? err : inode_truncate(inode, size);
}

s64 sys_truncate(const u64 arg[6])
{
	struct path path;
	char *name;
	int err;

	if ((s64)arg[1] < 0)
		return -EINVAL;
	name = getname(arg[0]);
	if (IS_ERR(name))
		return PTR_ERR(name);
	err = path_walk(AT_FDCWD, name, 0, &path);
	kfree(name);
	if (err)
		return err;
	err = truncate_path(&path, arg[1]);
	if (!err)
		notify_dentry(path.dentry, IN_MODIFY);
	path_put(&path);
	return err;
}

s64 sys_ftruncate(const u64 arg[6])
{
	struct file *f;
	int err = -EINVAL;

	if ((s64)arg[1] < 0)
		return -EINVAL;
	f = fd_get((int)arg[0]);
	if (!f)
		return -EBADF;
	if (S_ISREG(f->inode->mode) && file_writable(f))
		err = inode_truncate(f->inode, arg[1]);
	if (!err)
		notify_file(f, IN_MODIFY);
	file_put(f);
	return err;
}

static int fallocate_check(const struct file *f, u32 mode, s64 start, s64 len)
{
	s64 end;

	if (start < 0 || len <= 0)
		return -EINVAL;
	if (mode & ~(u32)(FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE))
		return -EOPNOTSUPP;
	if (!file_writable(f))
		return -EBADF;
	if (S_ISFIFO(f->inode->mode))
		return -ESPIPE;
	if (S_ISDIR(f->inode->mode))
		return -EISDIR;
	if (!S_ISREG(f->inode->mode))
		return -ENODEV;
	if (__builtin_add_overflow(start, len, &end))
		return -EFBIG;
	if (mode & FALLOC_FL_KEEP_SIZE || (u64)end <= f->inode->size ||
	    (u64)end <= current_process()->rlim[RLIMIT_FSIZE].cur)
		return 0;
	signal_send_task(current_task(), SIGXFSZ_, NULL);
	return -EFBIG;
}

s64 sys_fallocate(const u64 arg[6])
{
	struct file *f = fd_get((int)arg[0]);
	int err;

	if (!f)
		return -EBADF;
	err = fallocate_check(f, (u32)arg[1], (s64)arg[2], (s64)arg[3]);
	if (!err)
		err = f->inode->ops->fallocate
			      ? f->inode->ops->fallocate(f->inode, (u32)arg[1],
							 arg[2], arg[3])
			      : -EOPNOTSUPP;
	if (!err)
		notify_file(f, IN_MODIFY);
	file_put(f);
	return err;
}
