/*
 * fsopen(2), fsconfig, fsmount, fspick, open_tree, move_mount and mount_setattr(2): the
 * privileged view of fs/mount_fd.c and mount_attr.c. Errors in the order of fs/fsopen.c
 * and fs/namespace.c of Linux.
 */
#include <linux/capability.h>
#include <linux/fcntl.h>
#include <linux/mount.h>

#include "fs/file.h"
#include "fs/mount_fd.h"
#include "fs/vfs_internal.h"
#include "lib/err.h"
#include "mm/slab.h"
#include "mm/uaccess.h"
#include "proc/cred.h"
#include "sys/handlers.h"

#define TEXT_BYTES 256 /* of names and values of options */
#define BINARY_MAX (1 << 20)

/* A string of up to TEXT_BYTES, to be freed. */
static char *text_get(uaddr_t addr, size_t size)
{
	char *text = kmalloc(size);
	s64 len;

	if (!text)
		return ERR_PTR(-ENOMEM);
	len = strncpy_from_user(text, addr, size);
	if (len >= 0)
		return text;
	kfree(text);
	return ERR_PTR(len == -ENAMETOOLONG ? -EINVAL : len);
}

/* Of a path argument: 0 and a referenced path. */
static int place_get(int dirfd, uaddr_t addr, u32 walk, struct path *path)
{
	char *name = getname(addr);
	int err;

	if (IS_ERR(name))
		return (int)PTR_ERR(name);
	err = path_walk(dirfd, name, walk, path);
	kfree(name);
	return err;
}

static s64 give(struct file *f, bool cloexec)
{
	return IS_ERR(f) ? PTR_ERR(f) : fd_install(f, 0, cloexec);
}

/* --- a file system in the making ----------------------------------------------------------- */

s64 sys_fsopen(const u64 arg[6])
{
	const struct fs_type *type;
	u32 flags = (u32)arg[1];
	char *name;

	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	if (flags & ~(u32)FSOPEN_CLOEXEC)
		return -EINVAL;
	name = text_get(arg[0], PAGE_SIZE);
	if (IS_ERR(name))
		return PTR_ERR(name);
	type = fs_find_type(name);
	kfree(name);
	if (!type)
		return -ENODEV;
	return give(fs_setup_open(type), flags & FSOPEN_CLOEXEC);
}

s64 sys_fspick(const u64 arg[6])
{
	u32 flags = (u32)arg[2], walk;
	struct path path;
	s64 ret;

	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	if (flags & ~(u32)(FSPICK_CLOEXEC | FSPICK_SYMLINK_NOFOLLOW | FSPICK_NO_AUTOMOUNT |
			   FSPICK_EMPTY_PATH))
		return -EINVAL;
	walk = (flags & FSPICK_SYMLINK_NOFOLLOW ? WALK_NOFOLLOW : 0) |
	       (flags & FSPICK_EMPTY_PATH ? WALK_EMPTY : 0);
	ret = place_get((int)arg[0], arg[1], walk, &path);
	if (ret)
		return ret;
	ret = -EINVAL;
	if (path.dentry == path.mnt->root)
		ret = give(fs_setup_pick(&path), flags & FSPICK_CLOEXEC);
	path_put(&path);
	return ret;
}

/* What each command wants for key, value and aux. */
static int config_check(u32 cmd, uaddr_t key, uaddr_t value, int aux)
{
	switch (cmd) {
	case FSCONFIG_SET_FLAG:
		return !key || value || aux ? -EINVAL : 0;
	case FSCONFIG_SET_STRING:
		return !key || !value || aux ? -EINVAL : 0;
	case FSCONFIG_SET_BINARY:
		return !key || !value || aux <= 0 || aux > BINARY_MAX ? -EINVAL : 0;
	case FSCONFIG_SET_PATH:
	case FSCONFIG_SET_PATH_EMPTY:
		return !key || !value || (aux != AT_FDCWD && aux < 0) ? -EINVAL : 0;
	case FSCONFIG_SET_FD:
		return !key || value || aux < 0 ? -EINVAL : 0;
	case FSCONFIG_CMD_CREATE:
	case FSCONFIG_CMD_RECONFIGURE:
		return key || value || aux ? -EINVAL : 0;
	default:
		return -EOPNOTSUPP;
	}
}

static s64 config_option(struct file *f, uaddr_t key_addr, uaddr_t value_addr)
{
	char *key = text_get(key_addr, TEXT_BYTES), *value = NULL;
	s64 ret;

	if (IS_ERR(key))
		return PTR_ERR(key);
	if (value_addr)
		value = text_get(value_addr, TEXT_BYTES);
	ret = IS_ERR(value) ? PTR_ERR(value) : fs_setup_option(f, key, value);
	if (!IS_ERR(value))
		kfree(value);
	kfree(key);
	return ret;
}

static s64 config_do(struct file *f, const u64 arg[6])
{
	if (!fs_setup_is(f))
		return -EINVAL;
	switch ((u32)arg[1]) {
	case FSCONFIG_SET_FLAG:
	case FSCONFIG_SET_STRING:
		return config_option(f, arg[2], arg[3]);
	case FSCONFIG_CMD_CREATE:
		return fs_setup_create(f);
	case FSCONFIG_CMD_RECONFIGURE:
		return capable(CAP_SYS_ADMIN) ? fs_setup_change(f) : -EPERM;
	default: /* no file system takes these */
		return -EOPNOTSUPP;
	}
}

s64 sys_fsconfig(const u64 arg[6])
{
	struct file *f;
	s64 ret;

	if ((int)arg[0] < 0)
		return -EINVAL;
	ret = config_check((u32)arg[1], arg[2], arg[3], (int)arg[4]);
	if (ret)
		return ret;
	f = fd_get((int)arg[0]);
	if (!f)
		return -EBADF;
	ret = config_do(f, arg);
	file_put(f);
	return ret;
}

/* --- attributes ---------------------------------------------------------------------------- */

#define ATTR_PLAIN                                                                 \
	(MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC | \
	 MOUNT_ATTR_NODIRATIME | MOUNT_ATTR_NOSYMFOLLOW)
#define ATTR_FSMOUNT (ATTR_PLAIN | MOUNT_ATTR__ATIME)
#define ATTR_KNOWN (ATTR_FSMOUNT | MOUNT_ATTR_IDMAP)
#define ATIME_FLAGS (MS_NOATIME | MS_RELATIME | MS_STRICTATIME)
#define PROPAGATION (MS_UNBINDABLE | MS_PRIVATE | MS_SLAVE | MS_SHARED)

/* MS_* of MOUNT_ATTR_*, without those of access times. */
static u32 plain_flags(u64 attr)
{
	return (attr & MOUNT_ATTR_RDONLY ? MS_RDONLY : 0) |
	       (attr & MOUNT_ATTR_NOSUID ? MS_NOSUID : 0) |
	       (attr & MOUNT_ATTR_NODEV ? MS_NODEV : 0) |
	       (attr & MOUNT_ATTR_NOEXEC ? MS_NOEXEC : 0) |
	       (attr & MOUNT_ATTR_NODIRATIME ? MS_NODIRATIME : 0) |
	       (attr & MOUNT_ATTR_NOSYMFOLLOW ? MS_NOSYMFOLLOW : 0);
}

static int atime_flag(u64 attr, u32 *flag)
{
	switch (attr & MOUNT_ATTR__ATIME) {
	case MOUNT_ATTR_RELATIME:
		*flag = MS_RELATIME;
		return 0;
	case MOUNT_ATTR_NOATIME:
		*flag = MS_NOATIME;
		return 0;
	case MOUNT_ATTR_STRICTATIME:
		*flag = MS_STRICTATIME;
		return 0;
	default:
		return -EINVAL;
	}
}

s64 sys_fsmount(const u64 arg[6])
{
	u32 flags = (u32)arg[1], attr = (u32)arg[2], atime;
	struct file *f;
	s64 ret;

	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	if (flags & ~(u32)FSMOUNT_CLOEXEC || attr & ~(u32)ATTR_FSMOUNT ||
	    atime_flag(attr, &atime))
		return -EINVAL;
	f = fd_get((int)arg[0]);
	if (!f)
		return -EBADF;
	ret = -EINVAL;
	if (fs_setup_is(f))
		ret = give(fs_setup_mount(f, plain_flags(attr) | atime),
			   flags & FSMOUNT_CLOEXEC);
	file_put(f);
	return ret;
}

static int attr_get(struct mount_attr *attr, uaddr_t addr, u64 size)
{
	u8 rest;

	if (size > PAGE_SIZE)
		return -E2BIG;
	if (size < MOUNT_ATTR_SIZE_VER0)
		return -EINVAL;
	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	if (get_user(*attr, addr))
		return -EFAULT;
	for (u64 i = sizeof(*attr); i < size; i++) {
		if (get_user(rest, addr + i))
			return -EFAULT;
		if (rest)
			return -E2BIG;
	}
	return 0;
}

/* One kind at most; mounts are private whatever is asked for. */
static bool propagation_is_fine(u64 propagation)
{
	return !(propagation & ~(u64)PROPAGATION) && !(propagation & (propagation - 1));
}

static int attr_flags(const struct mount_attr *attr, u32 *set, u32 *clear)
{
	if (!propagation_is_fine(attr->propagation) ||
	    (attr->attr_set | attr->attr_clr) & ~(u64)ATTR_KNOWN)
		return -EINVAL;
	*set = plain_flags(attr->attr_set);
	*clear = plain_flags(attr->attr_clr);
	if (attr->attr_clr & MOUNT_ATTR__ATIME) {
		u32 atime;

		if ((attr->attr_clr & MOUNT_ATTR__ATIME) != MOUNT_ATTR__ATIME ||
		    atime_flag(attr->attr_set, &atime))
			return -EINVAL;
		*set |= atime;
		*clear |= ATIME_FLAGS;
	} else if (attr->attr_set & MOUNT_ATTR__ATIME) {
		return -EINVAL;
	}
	/* There are no user name spaces to map by. */
	return (attr->attr_set | attr->attr_clr) & MOUNT_ATTR_IDMAP ? -EINVAL : 0;
}

s64 sys_mount_setattr(const u64 arg[6])
{
	u32 flags = (u32)arg[2], set, clear, walk;
	struct mount_attr attr;
	struct path path;
	int err;

	if (flags & ~(u32)(AT_EMPTY_PATH | AT_RECURSIVE | AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT))
		return -EINVAL;
	err = attr_get(&attr, arg[3], arg[4]);
	if (err)
		return err;
	if (!attr.attr_set && !attr.attr_clr && !attr.propagation)
		return 0;
	err = attr_flags(&attr, &set, &clear);
	if (err)
		return err;
	walk = (flags & AT_SYMLINK_NOFOLLOW ? WALK_NOFOLLOW : 0) |
	       (flags & AT_EMPTY_PATH ? WALK_EMPTY : 0);
	err = place_get((int)arg[0], arg[1], walk, &path);
	if (err)
		return err;
	err = mount_change_flags(&path, flags & AT_RECURSIVE, set, clear);
	path_put(&path);
	return err;
}

/* --- trees --------------------------------------------------------------------------------------- */

s64 sys_open_tree(const u64 arg[6])
{
	u32 flags = (u32)arg[2], walk;
	struct path path;
	struct file *f;
	int err;

	if (flags & ~(u32)(AT_EMPTY_PATH | AT_NO_AUTOMOUNT | AT_RECURSIVE |
			   AT_SYMLINK_NOFOLLOW | OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC))
		return -EINVAL;
	if (flags & AT_RECURSIVE && !(flags & OPEN_TREE_CLONE))
		return -EINVAL;
	if (flags & OPEN_TREE_CLONE && !capable(CAP_SYS_ADMIN))
		return -EPERM;
	walk = (flags & AT_SYMLINK_NOFOLLOW ? WALK_NOFOLLOW : 0) |
	       (flags & AT_EMPTY_PATH ? WALK_EMPTY : 0);
	err = place_get((int)arg[0], arg[1], walk, &path);
	if (err)
		return err;
	f = flags & OPEN_TREE_CLONE ? mount_open_clone(&path, flags & AT_RECURSIVE) :
				      file_open_path(&path, O_PATH);
	path_put(&path);
	return give(f, flags & OPEN_TREE_CLOEXEC);
}

/* WALK_* of MOVE_MOUNT_F_* as bits 0 to 2. */
static u32 move_walk(u32 flags)
{
	return (flags & MOVE_MOUNT_F_SYMLINKS ? 0 : WALK_NOFOLLOW) |
	       (flags & MOVE_MOUNT_F_EMPTY_PATH ? WALK_EMPTY : 0);
}

s64 sys_move_mount(const u64 arg[6])
{
	u32 flags = (u32)arg[4];
	struct path from, to;
	int err;

	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	if (flags & ~(u32)MOVE_MOUNT__MASK)
		return -EINVAL;
	err = place_get((int)arg[0], arg[1], move_walk(flags), &from);
	if (err)
		return err;
	err = place_get((int)arg[2], arg[3], move_walk(flags >> 4), &to);
	if (!err) {
		err = flags & MOVE_MOUNT_SET_GROUP ? -EINVAL : mount_move(&from, &to);
		path_put(&to);
	}
	path_put(&from);
	return err;
}
