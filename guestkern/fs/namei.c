/*
 * Making, removing and moving names: mkdir, mknod, symlink, link, unlink,
 * rmdir, rename. Checks in the order of Linux, then the file system's
 * operation, then the dentries follow.
 *
 * The file system changes link counts and times; the dentry tree is changed
 * here and only after it succeeded.
 */
#include "fs/namei.h"

#include <linux/capability.h>
#include <linux/fcntl.h>
#include <linux/fs.h>
#include <linux/inotify.h>
#include <linux/stat.h>

#include "fs/acl.h"
#include "fs/notify.h"
#include "fs/vfs_internal.h"
#include "lib/err.h"
#include "lib/string.h"
#include "mm/slab.h"
#include "proc/task.h"

#define MAY_WRITE 2u
#define LINK_MAX_ 65000u /* far below what nlink can count */

static struct inode *walk_dir(const struct walk *w)
{
	return w->path.dentry->inode;
}

/*
 * Starts a walk for name and looks the last component up: *d is a dentry
 * without a file, which may be made. On failure nothing is held.
 */
static int create_start(struct walk *w, int dirfd, const char *name, bool is_dir,
			struct dentry **d)
{
	int err;

	err = walk_start(w, dirfd, name, 0);
	if (err)
		return err;
	err = walk_to_last(w);
	if (!err && w->last_type != WALK_LAST_NAME)
		err = -EEXIST;
	if (err)
		goto out_end;
	*d = walk_lookup_last(w);
	if (IS_ERR(*d)) {
		err = (int)PTR_ERR(*d);
		goto out_end;
	}
	if ((*d)->inode)
		err = -EEXIST;
	else if (w->must_be_dir && !is_dir)
		err = -ENOENT;
	else
		err = mount_want_write(w->path.mnt);
	if (!err)
		err = dir_may_create(walk_dir(w), w->path.dentry);
	if (!err)
		return 0;
	dentry_put(*d);
out_end:
	walk_end(w);
	return err;
}

static void create_end(struct walk *w, struct dentry *d, int err)
{
	if (!err)
		notify_entry(walk_dir(w), IN_CREATE, d->name, d->name_len, 0,
			     S_ISDIR(d->inode->mode));
	dentry_put(d);
	walk_end(w);
}

int name_mkdir(int dirfd, const char *name, u32 mode)
{
	struct dentry *d;
	struct inode *dir;
	struct walk w;
	int err;

	err = create_start(&w, dirfd, name, true, &d);
	if (err)
		return err;
	dir = walk_dir(&w);
	mode &= 01777;
	err = -EPERM;
	if (dir->ops->mkdir)
		err = dir->ops->mkdir(dir, d, acl_new_mode(dir, mode) | S_IFDIR);
	if (!err)
		acl_inherit(dir, d->inode, mode);
	create_end(&w, d, err);
	return err;
}

static int mknod_make(struct inode *dir, struct dentry *d, u32 mode, u64 rdev)
{
	switch (mode & S_IFMT) {
	case S_IFREG:
		return dir->ops->create ? dir->ops->create(dir, d, mode) : -EACCES;
	case S_IFCHR:
	case S_IFBLK:
		if (!capable(CAP_MKNOD))
			return -EPERM;
		break;
	default:
		rdev = 0;
		break;
	}
	return dir->ops->mknod ? dir->ops->mknod(dir, d, mode, rdev) : -EPERM;
}

int name_mknod(int dirfd, const char *name, u32 mode, u64 rdev)
{
	struct dentry *d;
	struct walk w;
	int err;

	switch (mode & S_IFMT) {
	case 0:
		mode |= S_IFREG;
		break;
	case S_IFREG:
	case S_IFCHR:
	case S_IFBLK:
	case S_IFIFO:
	case S_IFSOCK:
		break;
	case S_IFDIR:
		return -EPERM;
	default:
		return -EINVAL;
	}
	err = create_start(&w, dirfd, name, false, &d);
	if (err)
		return err;
	mode &= S_IFMT | 07777;
	err = mknod_make(walk_dir(&w), d, acl_new_mode(walk_dir(&w), mode), rdev);
	if (!err)
		acl_inherit(walk_dir(&w), d->inode, mode);
	create_end(&w, d, err);
	return err;
}

int name_symlink(const char *to, int dirfd, const char *name)
{
	struct dentry *d;
	struct inode *dir;
	struct walk w;
	int err;

	if (!*to)
		return -ENOENT;
	err = create_start(&w, dirfd, name, false, &d);
	if (err)
		return err;
	dir = walk_dir(&w);
	err = dir->ops->symlink ? dir->ops->symlink(dir, d, to) : -EPERM;
	create_end(&w, d, err);
	return err;
}

static int link_check(const struct inode *inode, const struct path *target,
		      const struct walk *w)
{
	if (target->mnt != w->path.mnt)
		return -EXDEV;
	if (S_ISDIR(inode->mode) || !walk_dir(w)->ops->link)
		return -EPERM;
	if (inode->nlink == 0 && !(inode->flags & INODE_LINKABLE))
		return -ENOENT;
	return inode->nlink >= LINK_MAX_ ? -EMLINK : 0;
}

int name_link(const struct path *target, int dirfd, const char *name)
{
	struct inode *inode = target->dentry->inode, *dir;
	struct dentry *d;
	struct walk w;
	int err;

	err = create_start(&w, dirfd, name, false, &d);
	if (err)
		return err;
	dir = walk_dir(&w);
	err = link_check(inode, target, &w);
	if (!err)
		err = dir->ops->link(dir, d, inode);
	if (!err) {
		inode->flags &= ~INODE_LINKABLE;
		notify_inode(inode, IN_ATTRIB);
	}
	create_end(&w, d, err);
	return err;
}

s64 name_readlink(const struct path *path, char *buf, size_t size)
{
	struct inode *inode = path->dentry->inode;
	struct path to;
	char *name;
	s64 len;
	int err;

	if (!S_ISLNK(inode->mode))
		return -EINVAL;
	inode_accessed(inode, path->mnt);
	if (inode->ops->readlink)
		return inode->ops->readlink(inode, buf, size);
	if (!inode->ops->follow)
		return -EINVAL;
	err = inode->ops->follow(inode, &to);
	if (err)
		return err;
	name = path_name(&to, buf, size);
	path_put(&to);
	if (IS_ERR(name))
		return PTR_ERR(name);
	len = (s64)strlen(name);
	memmove(buf, name, (size_t)len);
	return len;
}

/* --- removal ---------------------------------------------------------------------------- */

/* The dentry of the last component, existing or not. On failure nothing is
 * held. */
static int remove_start(struct walk *w, int dirfd, const char *name,
			struct dentry **d)
{
	int err;

	*d = NULL;
	err = walk_start(w, dirfd, name, 0);
	if (err)
		return err;
	err = walk_to_last(w);
	if (err || w->last_type != WALK_LAST_NAME)
		goto out_check;
	*d = walk_lookup_last(w);
	if (IS_ERR(*d))
		err = (int)PTR_ERR(*d);
out_check:
	if (err)
		walk_end(w);
	return err;
}

static int unlink_in(struct walk *w, struct dentry *d)
{
	struct inode *dir = walk_dir(w);
	int err;

	if (!d->inode)
		return -ENOENT;
	if (w->must_be_dir)
		return S_ISDIR(d->inode->mode) ? -EISDIR : -ENOTDIR;
	err = mount_want_write(w->path.mnt);
	if (err)
		return err;
	err = dir_may_delete(w->path.dentry, d, false);
	if (err)
		return err;
	if (d->mounted)
		return -EBUSY;
	if (!dir->ops->unlink)
		return -EPERM;
	err = dir->ops->unlink(dir, d);
	if (!err)
		dentry_delete(d);
	return err;
}

int name_unlink(int dirfd, const char *name)
{
	struct dentry *d;
	struct walk w;
	int err;

	err = remove_start(&w, dirfd, name, &d);
	if (err)
		return err;
	if (w.last_type != WALK_LAST_NAME) {
		walk_end(&w);
		return -EISDIR;
	}
	err = unlink_in(&w, d);
	if (!err)
		notify_inode(d->inode, IN_ATTRIB);
	dentry_put(d);
	if (!err)
		notify_entry(walk_dir(&w), IN_DELETE, w.last, w.last_len, 0, false);
	walk_end(&w);
	return err;
}

static int rmdir_in(struct walk *w, struct dentry *d)
{
	struct inode *dir = walk_dir(w);
	int err;

	if (!d->inode)
		return -ENOENT;
	err = mount_want_write(w->path.mnt);
	if (err)
		return err;
	err = dir_may_delete(w->path.dentry, d, true);
	if (err)
		return err;
	if (d->mounted)
		return -EBUSY;
	if (!dir->ops->rmdir)
		return -EPERM;
	err = dir->ops->rmdir(dir, d);
	if (!err)
		dentry_delete(d);
	return err;
}

int name_rmdir(int dirfd, const char *name)
{
	struct dentry *d;
	struct walk w;
	int err;

	err = remove_start(&w, dirfd, name, &d);
	if (err)
		return err;
	switch (w.last_type) {
	case WALK_LAST_NAME:
		err = rmdir_in(&w, d);
		dentry_put(d);
		if (!err)
			notify_entry(walk_dir(&w), IN_DELETE, w.last, w.last_len, 0,
				     true);
		break;
	case WALK_LAST_DOT:
		err = -EINVAL;
		break;
	case WALK_LAST_DOTDOT:
		err = -ENOTEMPTY;
		break;
	case WALK_LAST_SELF:
		err = -EBUSY;
		break;
	}
	walk_end(&w);
	return err;
}

/* --- rename ------------------------------------------------------------------------------- */

struct rename {
	struct walk old_walk, new_walk;
	struct dentry *old, *new;
	u32 flags;
};

/* Rights on both directories and both files. */
static int rename_permissions(struct rename *rn)
{
	struct dentry *old_parent = rn->old_walk.path.dentry;
	struct dentry *new_parent = rn->new_walk.path.dentry;
	struct inode *source = rn->old->inode, *target = rn->new->inode;
	bool is_dir = S_ISDIR(source->mode);
	int err;

	err = dir_may_delete(old_parent, rn->old, is_dir);
	if (err)
		return err;
	if (!target)
		err = dir_may_create(new_parent->inode, new_parent);
	else
		err = dir_may_delete(new_parent, rn->new,
				     rn->flags & RENAME_EXCHANGE
					     ? S_ISDIR(target->mode)
					     : is_dir);
	if (err || old_parent == new_parent)
		return err;
	/* ".." changes: that writes the directory. */
	if (is_dir)
		err = inode_permission(source, MAY_WRITE);
	if (!err && rn->flags & RENAME_EXCHANGE && S_ISDIR(target->mode))
		err = inode_permission(target, MAY_WRITE);
	return err;
}

static int rename_check(struct rename *rn)
{
	struct dentry *old = rn->old, *new = rn->new;
	bool exchange = rn->flags & RENAME_EXCHANGE;

	if (!old->inode)
		return -ENOENT;
	if (rn->flags & RENAME_NOREPLACE && new->inode)
		return -EEXIST;
	if (exchange && !new->inode)
		return -ENOENT;
	if (exchange && !S_ISDIR(new->inode->mode) && rn->new_walk.must_be_dir)
		return -ENOTDIR;
	if (!S_ISDIR(old->inode->mode) &&
	    (rn->old_walk.must_be_dir || (!exchange && rn->new_walk.must_be_dir)))
		return -ENOTDIR;
	if (dentry_is_ancestor(old, rn->new_walk.path.dentry))
		return -EINVAL;
	if (dentry_is_ancestor(new, rn->old_walk.path.dentry))
		return exchange ? -EINVAL : -ENOTEMPTY;
	return 0;
}

static void notify_moved(struct rename *rn, const struct walk *from,
			 const struct walk *to, struct inode *inode)
{
	bool is_dir = S_ISDIR(inode->mode);
	u32 cookie = notify_cookie();
	u32 within = walk_dir(from) == walk_dir(to) ? NOTIFY_RENAME : 0;

	notify_entry(walk_dir(from), IN_MOVED_FROM | within, from->last, from->last_len, cookie,
		     is_dir);
	notify_entry(walk_dir(to), IN_MOVED_TO, to->last, to->last_len, cookie, is_dir);
	if (rn->new->inode && !(rn->flags & RENAME_EXCHANGE))
		notify_inode(rn->new->inode, IN_ATTRIB);
	notify_inode(inode, IN_MOVE_SELF);
}

static int rename_do(struct rename *rn)
{
	struct inode *old_dir = walk_dir(&rn->old_walk);
	struct inode *new_dir = walk_dir(&rn->new_walk);
	struct dentry *old = rn->old, *new = rn->new;
	char *name;
	int err;

	if (old->inode == new->inode)
		return 0; /* two names of one file: nothing happens */
	err = rename_permissions(rn);
	if (err)
		return err;
	if (!old_dir->ops->rename)
		return -EPERM;
	if (old->mounted || new->mounted)
		return -EBUSY;
	name = kstrdup(new->name);
	if (!name)
		return -ENOMEM;
	err = old_dir->ops->rename(old_dir, old, new_dir, new, rn->flags);
	if (err || rn->flags & RENAME_EXCHANGE)
		kfree(name);
	if (err)
		return err;
	if (rn->flags & RENAME_EXCHANGE)
		dentry_exchange(old, new);
	else
		dentry_move(old, new, name);
	notify_moved(rn, &rn->old_walk, &rn->new_walk, old->inode);
	if (rn->flags & RENAME_EXCHANGE)
		notify_moved(rn, &rn->new_walk, &rn->old_walk, new->inode);
	return 0;
}

/* Both parents found: looks the names up and goes on. */
static int rename_last(struct rename *rn)
{
	int err;

	if (rn->old_walk.path.mnt != rn->new_walk.path.mnt)
		return -EXDEV;
	if (rn->old_walk.last_type != WALK_LAST_NAME)
		return -EBUSY;
	if (rn->new_walk.last_type != WALK_LAST_NAME)
		return rn->flags & RENAME_NOREPLACE ? -EEXIST : -EBUSY;
	err = mount_want_write(rn->old_walk.path.mnt);
	if (err)
		return err;
	rn->old = walk_lookup_last(&rn->old_walk);
	if (IS_ERR(rn->old))
		return (int)PTR_ERR(rn->old);
	rn->new = walk_lookup_last(&rn->new_walk);
	if (IS_ERR(rn->new)) {
		err = (int)PTR_ERR(rn->new);
		goto out_old;
	}
	err = rename_check(rn);
	if (!err)
		err = rename_do(rn);
	dentry_put(rn->new);
out_old:
	dentry_put(rn->old);
	return err;
}

int name_rename(int old_dirfd, const char *old_name, int new_dirfd,
		const char *new_name, u32 flags)
{
	struct rename rn = { .flags = flags };
	int err;

	if (flags & ~(u32)(RENAME_NOREPLACE | RENAME_EXCHANGE) ||
	    (flags & RENAME_NOREPLACE && flags & RENAME_EXCHANGE))
		return -EINVAL;
	err = walk_start(&rn.old_walk, old_dirfd, old_name, 0);
	if (err)
		return err;
	err = walk_to_last(&rn.old_walk);
	if (err)
		goto out_old;
	err = walk_start(&rn.new_walk, new_dirfd, new_name, 0);
	if (err)
		goto out_old;
	err = walk_to_last(&rn.new_walk);
	if (!err)
		err = rename_last(&rn);
	walk_end(&rn.new_walk);
out_old:
	walk_end(&rn.old_walk);
	return err;
}
