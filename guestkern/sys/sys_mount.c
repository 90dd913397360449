/* mount(2) and umount2(2): the privileged view of fs/mount.c. */
#include <linux/capability.h>
#include <linux/fcntl.h>
#include <linux/mount.h>

#include "fs/vfs_internal.h"
#include "lib/err.h"
#include "mm/slab.h"
#include "mm/uaccess.h"
#include "proc/cred.h"
#include "proc/task.h"
#include "sys/handlers.h"

#define UMOUNT_FLAGS 15u /* umount2(2): FORCE, DETACH, EXPIRE, NOFOLLOW */
#define MS_PROPAGATION (MS_SHARED | MS_PRIVATE | MS_SLAVE | MS_UNBINDABLE)

/* The texts of one mount call; NULL where the program passed none. */
struct mount_args {
	char *source, *target, *type, *data;
};

/* *text := the string at addr, at most a page; NULL for none. */
static int text_get(char **text, uaddr_t addr)
{
	s64 len;

	*text = NULL;
	if (!addr)
		return 0;
	*text = kmalloc(PAGE_SIZE);
	if (!*text)
		return -ENOMEM;
	len = strncpy_from_user(*text, addr, PAGE_SIZE);
	/* Binary data of some file systems has no end: it is cut. */
	if (len == -ENAMETOOLONG)
		(*text)[PAGE_SIZE - 1] = '\0';
	return len == -EFAULT ? -EFAULT : 0;
}

static void mount_args_free(struct mount_args *args)
{
	kfree(args->source);
	kfree(args->target);
	kfree(args->type);
	kfree(args->data);
}

static int mount_args_get(struct mount_args *args, const u64 arg[6])
{
	int err;

	*args = (struct mount_args){ 0 };
	err = text_get(&args->type, arg[2]);
	if (!err)
		err = text_get(&args->source, arg[0]);
	if (!err)
		err = text_get(&args->data, arg[4]);
	if (!err) {
		args->target = getname(arg[1]);
		if (IS_ERR(args->target)) {
			err = (int)PTR_ERR(args->target);
			args->target = NULL;
		}
	}
	if (err)
		mount_args_free(args);
	return err;
}

/* MS_BIND and MS_MOVE: from another place. */
static int mount_from(const struct mount_args *args, const struct path *target, u32 flags)
{
	struct path source;
	int err;

	if (!args->source)
		return -EINVAL;
	err = path_walk(AT_FDCWD, args->source, 0, &source);
	if (err)
		return err;
	if (flags & MS_BIND)
		err = mount_bind(&source, target, flags & MS_REC);
	else
		err = mount_move(&source, target);
	path_put(&source);
	return err;
}

static int mount_do(const struct mount_args *args, const struct path *target, u32 flags)
{
	if (flags & MS_REMOUNT)
		return mount_set_flags(target, flags);
	if (flags & MS_BIND)
		return mount_from(args, target, flags);
	if (flags & MS_PROPAGATION) /* one tree: every mount is private */
		return target->dentry == target->mnt->root ? 0 : -EINVAL;
	if (flags & MS_MOVE)
		return mount_from(args, target, flags);
	if (!args->type)
		return -EINVAL;
	if (!mount_is_seen(target->mnt, current_process()))
		return -EINVAL;
	return mount_at(args->type, args->source, target, flags,
			args->data ? args->data : "");
}

s64 sys_mount(const u64 arg[6])
{
	struct mount_args args;
	struct path target;
	u32 flags = (u32)arg[3];
	int err;

	err = mount_args_get(&args, arg);
	if (err)
		return err;
	if ((flags & MS_MGC_MSK) == MS_MGC_VAL)
		flags &= ~(u32)MS_MGC_MSK;
	err = path_walk(AT_FDCWD, args.target, 0, &target);
	if (err)
		goto out_args;
	err = capable(CAP_SYS_ADMIN) ? mount_do(&args, &target, flags) : -EPERM;
	path_put(&target);
out_args:
	mount_args_free(&args);
	return err;
}

s64 sys_umount2(const u64 arg[6])
{
	char *name;
	int err;

	if ((u32)arg[1] & ~UMOUNT_FLAGS)
		return -EINVAL;
	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	name = getname(arg[0]);
	if (IS_ERR(name))
		return PTR_ERR(name);
	err = vfs_umount(name, (u32)arg[1]);
	kfree(name);
	return err;
}

s64 sys_pivot_root(const u64 arg[6])
{
	struct path new, old;
	char *name;
	int err;

	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	name = getname(arg[0]);
	if (IS_ERR(name))
		return PTR_ERR(name);
	err = path_walk(AT_FDCWD, name, WALK_DIRECTORY, &new);
	kfree(name);
	if (err)
		return err;
	name = getname(arg[1]);
	err = IS_ERR(name) ? (int)PTR_ERR(name) :
			     path_walk(AT_FDCWD, name, WALK_DIRECTORY, &old);
	if (!IS_ERR(name))
		kfree(name);
	if (!err) {
		err = mount_pivot(&new, &old);
		path_put(&old);
	}
	path_put(&new);
	return err;
}
