/* name_to_handle_at, open_by_handle_at. */
#include <linux/capability.h>
#include <linux/fcntl.h>

#include "fs/file.h"
#include "fs/handle.h"
#include "fs/vfs.h"
#include "lib/err.h"
#include "lib/string.h"
#include "mm/slab.h"
#include "mm/uaccess.h"
#include "proc/cred.h"
#include "sys/handlers.h"

#define HANDLE_BYTES_MAX 128 /* MAX_HANDLE_SZ */

/* struct file_handle of name_to_handle_at(2). */
struct handle_user {
	u32 bytes;
	s32 type;
	struct handle handle;
};
#define HEAD_BYTES offsetof(struct handle_user, handle)

/* The path's handle to user memory. */
static s64 tell(const struct path *path, uaddr_t to, uaddr_t mount_id)
{
	struct handle_user out = { .type = HANDLE_TYPE };
	s32 id = (s32)path->mnt->id;
	bool fits;

	if (!path->dentry->sb->has_handles)
		return -EOPNOTSUPP;
	if (copy_from_user(&out.bytes, to, sizeof(out.bytes)))
		return -EFAULT;
	if (out.bytes > HANDLE_BYTES_MAX)
		return -EINVAL;
	fits = out.bytes >= sizeof(out.handle);
	out.bytes = sizeof(out.handle);
	handle_make(path->dentry->inode, &out.handle);
	if (put_user(id, mount_id) || copy_to_user(to, &out, fits ? sizeof(out) : HEAD_BYTES))
		return -EFAULT;
	return fits ? 0 : -EOVERFLOW;
}

s64 sys_name_to_handle_at(const u64 arg[6])
{
	u32 flags = (u32)arg[4];
	struct path path;
	char *name;
	s64 ret;

	if (flags & ~(u32)(AT_SYMLINK_FOLLOW | AT_EMPTY_PATH))
		return -EINVAL;
	name = getname(arg[1]);
	if (IS_ERR(name))
		return PTR_ERR(name);
	ret = path_walk((int)arg[0], name,
			(flags & AT_SYMLINK_FOLLOW ? 0 : WALK_NOFOLLOW) |
				(flags & AT_EMPTY_PATH ? WALK_EMPTY : 0),
			&path);
	kfree(name);
	if (ret)
		return ret;
	ret = path.dentry && path.mnt ? tell(&path, arg[2], arg[3]) : -EOPNOTSUPP;
	path_put(&path);
	return ret;
}

/* A handle from user memory; -EFAULT, -EINVAL, -ESTALE (no file's). */
static int get_handle(struct handle_user *in, uaddr_t from)
{
	if (copy_from_user(in, from, HEAD_BYTES))
		return -EFAULT;
	if (!in->bytes || in->bytes > HANDLE_BYTES_MAX)
		return -EINVAL;
	if (in->bytes < sizeof(in->handle) || in->type != HANDLE_TYPE)
		return -ESTALE;
	return copy_from_user(&in->handle, from + HEAD_BYTES, sizeof(in->handle));
}

/* The mount that a descriptor or, with AT_FDCWD, the working directory lies on, with
 * a reference; ERR_PTR(-EBADF), or -ESTALE where it lies on none that is to be seen. */
static struct mount *mount_of(int fd)
{
	struct mount *mnt = current_fs()->cwd.mnt;
	struct file *f = NULL;

	if (fd != AT_FDCWD) {
		f = fd_get_path(fd);
		if (!f)
			return ERR_PTR(-EBADF);
		mnt = f->mnt;
	}
	if (mnt)
		path_get(&(struct path){ mnt, mnt->root });
	if (f)
		file_put(f);
	return mnt ? mnt : ERR_PTR(-ESTALE);
}

static s64 open_found(struct mount *mnt, const struct handle *handle, u32 flags)
{
	struct path path = { .mnt = mnt };
	struct file *f;

	if (!mnt->sb->has_handles)
		return -ESTALE;
	path.dentry = handle_find(mnt->sb, handle);
	if (IS_ERR(path.dentry))
		return PTR_ERR(path.dentry);
	f = file_open_place(&path, flags);
	dentry_put(path.dentry);
	return IS_ERR(f) ? PTR_ERR(f) : fd_install(f, 0, flags & O_CLOEXEC);
}

s64 sys_open_by_handle_at(const u64 arg[6])
{
	struct handle_user in;
	struct mount *mnt;
	struct path drop;
	s64 ret;

	if (!capable(CAP_DAC_READ_SEARCH))
		return -EPERM;
	ret = get_handle(&in, arg[1]);
	if (ret && ret != -ESTALE)
		return ret;
	mnt = mount_of((int)arg[0]);
	if (IS_ERR(mnt))
		return PTR_ERR(mnt);
	if (!ret)
		ret = open_found(mnt, &in.handle, (u32)arg[2] | O_LARGEFILE);
	drop = (struct path){ mnt, mnt->root };
	path_put(&drop);
	return ret;
}
