/*
 * Extended attributes (xattr(7)). No file system here has any, so what names an
 * existing file is told so, as Linux tells it on such a file system: lists are
 * empty, all else is EOPNOTSUPP. Programs (ls, cp, tar) take that for what it
 * is, where ENOSYS makes them complain.
 */
#include <linux/fcntl.h>
#include <linux/limits.h>
#include <linux/xattr.h>

#include "fs/vfs.h"
#include "lib/err.h"
#include "mm/slab.h"
#include "mm/uaccess.h"
#include "sys/syscall.h"

/* Does the file exist? 0 or -errno. */
static int check_path(uaddr_t user_path, u32 walk)
{
	char *name = getname(user_path);
	struct path path;
	int err;

	if (IS_ERR(name))
		return (int)PTR_ERR(name);
	err = path_walk(AT_FDCWD, name, walk, &path);
	if (!err)
		path_put(&path);
	kfree(name);
	return err;
}

static int check_fd(int fd)
{
	struct file *f = fd_get(fd);

	if (!f)
		return -EBADF;
	file_put(f);
	return 0;
}

/* The attribute's name is looked at before the file. */
static int check_name(uaddr_t user_name)
{
	char name[XATTR_NAME_MAX + 1];
	s64 len = strncpy_from_user(name, user_name, sizeof(name));

	if (len == 0 || len == -ENAMETOOLONG)
		return -ERANGE;
	return len < 0 ? (int)len : 0;
}

static s64 refuse_path(const u64 arg[6], u32 walk)
{
	int err = check_name(arg[1]);

	if (!err)
		err = check_path(arg[0], walk);
	return err ? err : -EOPNOTSUPP;
}

static s64 refuse_fd(const u64 arg[6])
{
	int err = check_name(arg[1]);

	if (!err)
		err = check_fd((int)arg[0]);
	return err ? err : -EOPNOTSUPP;
}

s64 sys_setxattr(const u64 arg[6])
{
	return refuse_path(arg, 0);
}

s64 sys_lsetxattr(const u64 arg[6])
{
	return refuse_path(arg, WALK_NOFOLLOW);
}

s64 sys_fsetxattr(const u64 arg[6])
{
	return refuse_fd(arg);
}

s64 sys_getxattr(const u64 arg[6])
{
	return refuse_path(arg, 0);
}

s64 sys_lgetxattr(const u64 arg[6])
{
	return refuse_path(arg, WALK_NOFOLLOW);
}

s64 sys_fgetxattr(const u64 arg[6])
{
	return refuse_fd(arg);
}

s64 sys_removexattr(const u64 arg[6])
{
	return refuse_path(arg, 0);
}

s64 sys_lremovexattr(const u64 arg[6])
{
	return refuse_path(arg, WALK_NOFOLLOW);
}

s64 sys_fremovexattr(const u64 arg[6])
{
	return refuse_fd(arg);
}

s64 sys_listxattr(const u64 arg[6])
{
	return check_path(arg[0], 0);
}

s64 sys_llistxattr(const u64 arg[6])
{
	return check_path(arg[0], WALK_NOFOLLOW);
}

s64 sys_flistxattr(const u64 arg[6])
{
	return check_fd((int)arg[0]);
}
