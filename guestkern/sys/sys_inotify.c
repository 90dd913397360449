/* inotify_init, inotify_init1, inotify_add_watch, inotify_rm_watch. */
#include <linux/fcntl.h>
#include <linux/inotify.h>

#include "fs/notify.h"
#include "fs/vfs.h"
#include "lib/err.h"
#include "mm/slab.h"
#include "mm/uaccess.h"
#include "sys/handlers.h"

#define MASK_KNOWN                                                           \
	((u32)(IN_ALL_EVENTS | IN_UNMOUNT | IN_Q_OVERFLOW | IN_IGNORED |     \
	       IN_ONLYDIR | IN_DONT_FOLLOW | IN_EXCL_UNLINK | IN_MASK_ADD |  \
	       IN_MASK_CREATE | IN_ISDIR | IN_ONESHOT))
#define MAY_READ 4u

static s64 do_init(u32 flags)
{
	struct file *f;

	if (flags & ~(u32)(IN_CLOEXEC | IN_NONBLOCK))
		return -EINVAL;
	f = inotify_file_create(flags & IN_NONBLOCK);
	return IS_ERR(f) ? PTR_ERR(f) : fd_install(f, 0, flags & IN_CLOEXEC);
}

s64 sys_inotify_init(const u64 arg[6])
{
	(void)arg;
	return do_init(0);
}

s64 sys_inotify_init1(const u64 arg[6])
{
	return do_init((u32)arg[0]);
}

static s64 add_watch(struct file *f, uaddr_t name_at, u32 mask)
{
	u32 walk = (mask & IN_DONT_FOLLOW ? WALK_NOFOLLOW : 0) |
		   (mask & IN_ONLYDIR ? WALK_DIRECTORY : 0);
	struct path path;
	char *name;
	s64 ret;

	if ((mask & IN_MASK_ADD && mask & IN_MASK_CREATE) || !file_is_inotify(f))
		return -EINVAL;
	name = getname(name_at);
	if (IS_ERR(name))
		return PTR_ERR(name);
	ret = path_walk(AT_FDCWD, name, walk, &path);
	kfree(name);
	if (ret)
		return ret;
	ret = inode_permission(path.dentry->inode, MAY_READ);
	if (!ret)
		ret = inotify_watch(f, path.dentry->inode, mask);
	path_put(&path);
	return ret;
}

s64 sys_inotify_add_watch(const u64 arg[6])
{
	u32 mask = (u32)arg[2];
	struct file *f;
	s64 ret;

	if (!mask || mask & ~MASK_KNOWN)
		return -EINVAL;
	f = fd_get((int)arg[0]);
	if (!f)
		return -EBADF;
	ret = add_watch(f, arg[1], mask);
	file_put(f);
	return ret;
}

s64 sys_inotify_rm_watch(const u64 arg[6])
{
	struct file *f = fd_get((int)arg[0]);
	s64 ret = -EINVAL;

	if (!f)
		return -EBADF;
	if (file_is_inotify(f))
		ret = inotify_unwatch(f, (s32)arg[1]);
	file_put(f);
	return ret;
}
