/* Finding the file that a call is about: see fs_target.h. */
#include "sys/fs_target.h"

#include <linux/fcntl.h>

#include "lib/err.h"
#include "lib/string.h"
#include "mm/slab.h"
#include "mm/uaccess.h"

int fs_target_get_fd(struct fs_target *t, int fd, bool path_ok)
{
	memset(t, 0, sizeof(*t));
	t->file = path_ok ? fd_get_path(fd) : fd_get(fd);
	if (!t->file)
		return -EBADF;
	t->inode = t->file->inode;
	if (t->file->dentry) {
		t->path.mnt = t->file->mnt;
		t->path.dentry = t->file->dentry;
		path_get(&t->path);
	}
	return 0;
}

static int target_walk(struct fs_target *t, int dirfd, const char *name, u32 at_flags)
{
	bool nofollow = at_flags & AT_SYMLINK_NOFOLLOW && !(at_flags & AT_SYMLINK_FOLLOW);
	u32 walk = nofollow ? WALK_NOFOLLOW : 0;
	int err;

	if (!*name && at_flags & AT_EMPTY_PATH) {
		if (dirfd != AT_FDCWD)
			return fs_target_get_fd(t, dirfd, true);
		walk |= WALK_EMPTY;
	}
	err = path_walk(dirfd, name, walk, &t->path);
	if (!err)
		t->inode = t->path.dentry->inode;
	return err;
}

int fs_target_get(struct fs_target *t, int dirfd, uaddr_t name_addr, u32 at_flags)
{
	char first;
	char *name;
	int err;

	memset(t, 0, sizeof(*t));
	/* fstat(3) of newer libraries: spare the copy of a path. */
	if (at_flags & AT_EMPTY_PATH && dirfd != AT_FDCWD &&
	    !get_user(first, name_addr) && !first)
		return fs_target_get_fd(t, dirfd, true);
	name = getname(name_addr);
	if (IS_ERR(name))
		return (int)PTR_ERR(name);
	err = target_walk(t, dirfd, name, at_flags);
	kfree(name);
	return err;
}

void fs_target_put(struct fs_target *t)
{
	path_put(&t->path);
	if (t->file)
		file_put(t->file);
}
