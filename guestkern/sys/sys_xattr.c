/*
 * Extended attributes (xattr(7)): arguments from and to user memory; which file
 * systems have them, and for whom, is fs/xattr.c's. One that has none answers as on
 * Linux: lists are empty, all else is EOPNOTSUPP.
 */
#include <linux/fcntl.h>
#include <linux/inotify.h>
#include <linux/limits.h>
#include <linux/xattr.h>

#include "fs/notify.h"
#include "fs/vfs_internal.h"
#include "fs/xattr.h"
#include "lib/err.h"
#include "mm/slab.h"
#include "mm/uaccess.h"
#include "sys/fs_target.h"
#include "sys/handlers.h"

/* What a call was given beside the file. */
struct xattr_args {
	char name[XATTR_NAME_MAX + 1];
	void *value; /* kmalloc'd, of size bytes */
	size_t size;
	uaddr_t user;
	u32 flags;
};

static int get_name(struct xattr_args *a, uaddr_t from)
{
	s64 len = strncpy_from_user(a->name, from, sizeof(a->name));

	if (len == 0 || len == -ENAMETOOLONG)
		return -ERANGE;
	return len < 0 ? (int)len : 0;
}

/* --- what is done with the file that was found ------------------------------------------ */

static s64 do_set(const struct fs_target *t, struct xattr_args *a)
{
	s64 err = mount_want_write(t->path.mnt);

	if (!err)
		err = xattr_set(t->inode, a->name, a->value, a->size, a->flags);
	if (!err && t->path.dentry)
		notify_dentry(t->path.dentry, IN_ATTRIB);
	return err;
}

static s64 do_remove(const struct fs_target *t, struct xattr_args *a)
{
	s64 err = mount_want_write(t->path.mnt);

	if (!err)
		err = xattr_remove(t->inode, a->name);
	if (!err && t->path.dentry)
		notify_dentry(t->path.dentry, IN_ATTRIB);
	return err;
}

static s64 copy_out(const struct xattr_args *a, s64 len)
{
	if (len > 0 && a->size && copy_to_user(a->user, a->value, (size_t)len))
		return -EFAULT;
	return len;
}

static s64 do_get(const struct fs_target *t, struct xattr_args *a)
{
	return copy_out(a, xattr_get(t->inode, a->name, a->value, a->size));
}

static s64 do_list(const struct fs_target *t, struct xattr_args *a)
{
	return copy_out(a, xattr_list(t->inode, a->value, a->size));
}

typedef s64 xattr_fn(const struct fs_target *t, struct xattr_args *a);

/* --- which file -------------------------------------------------------------------------- */

#define BY_FD (1u << 31) /* beside AT_SYMLINK_NOFOLLOW */

static s64 with_file(u64 file, u32 how, struct xattr_args *a, xattr_fn *fn)
{
	struct fs_target t;
	s64 ret;

	if (how & BY_FD)
		ret = fs_target_get_fd(&t, (int)file, false);
	else
		ret = fs_target_get(&t, AT_FDCWD, file, how);
	if (ret)
		return ret;
	ret = fn(&t, a);
	fs_target_put(&t);
	return ret;
}

static s64 set_at(const u64 arg[6], u32 how)
{
	struct xattr_args a = { .size = arg[3], .flags = (u32)arg[4] };
	s64 ret;

	if (a.flags & ~(u32)(XATTR_CREATE | XATTR_REPLACE))
		return -EINVAL;
	ret = get_name(&a, arg[1]);
	if (ret)
		return ret;
	if (a.size > XATTR_SIZE_MAX)
		return -E2BIG;
	a.value = kmalloc(MAX(a.size, (size_t)1));
	if (!a.value)
		return -ENOMEM;
	ret = a.size ? copy_from_user(a.value, arg[2], a.size) : 0;
	if (!ret)
		ret = with_file(arg[0], how, &a, do_set);
	kfree(a.value);
	return ret;
}

/* get and list: a buffer of at most max bytes for what comes. */
static s64 get_at(u64 file, u32 how, struct xattr_args *a, size_t max, xattr_fn *fn)
{
	s64 ret;

	a->size = MIN(a->size, max);
	if (a->size) {
		a->value = kmalloc(a->size);
		if (!a->value)
			return -ENOMEM;
	}
	ret = with_file(file, how, a, fn);
	kfree(a->value);
	return ret;
}

static s64 value_at(const u64 arg[6], u32 how)
{
	struct xattr_args a = { .user = arg[2], .size = arg[3] };
	s64 err = get_name(&a, arg[1]);

	return err ? err : get_at(arg[0], how, &a, XATTR_SIZE_MAX, do_get);
}

static s64 list_at(const u64 arg[6], u32 how)
{
	struct xattr_args a = { .user = arg[1], .size = arg[2] };

	return get_at(arg[0], how, &a, XATTR_LIST_MAX, do_list);
}

static s64 remove_at(const u64 arg[6], u32 how)
{
	struct xattr_args a = { .size = 0 };
	s64 err = get_name(&a, arg[1]);

	return err ? err : with_file(arg[0], how, &a, do_remove);
}

/* --- the calls --------------------------------------------------------------------------- */

s64 sys_setxattr(const u64 arg[6])
{
	return set_at(arg, 0);
}

s64 sys_lsetxattr(const u64 arg[6])
{
	return set_at(arg, AT_SYMLINK_NOFOLLOW);
}

s64 sys_fsetxattr(const u64 arg[6])
{
	return set_at(arg, BY_FD);
}

s64 sys_getxattr(const u64 arg[6])
{
	return value_at(arg, 0);
}

s64 sys_lgetxattr(const u64 arg[6])
{
	return value_at(arg, AT_SYMLINK_NOFOLLOW);
}

s64 sys_fgetxattr(const u64 arg[6])
{
	return value_at(arg, BY_FD);
}

s64 sys_listxattr(const u64 arg[6])
{
	return list_at(arg, 0);
}

s64 sys_llistxattr(const u64 arg[6])
{
	return list_at(arg, AT_SYMLINK_NOFOLLOW);
}

s64 sys_flistxattr(const u64 arg[6])
{
	return list_at(arg, BY_FD);
}

s64 sys_removexattr(const u64 arg[6])
{
	return remove_at(arg, 0);
}

s64 sys_lremovexattr(const u64 arg[6])
{
	return remove_at(arg, AT_SYMLINK_NOFOLLOW);
}

s64 sys_fremovexattr(const u64 arg[6])
{
	return remove_at(arg, BY_FD);
}
