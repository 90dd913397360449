/*
 * Opening by name: open(2)'s flags, creation of the file on the way, the
 * checks between path and description, truncation.
 *
 * Does not install descriptors. Order of the checks and their errnos: open(2).
 * Prepare, then commit: a description is filled only when everything that can
 * fail short of the file's own open has passed; one that fails later is put,
 * not freed.
 */
#include <asm/fcntl.h>
#include <linux/inotify.h>
#include <linux/mount.h>
#include <linux/resource.h>
#include <linux/stat.h>

#include "fs/acl.h"
#include "fs/file_internal.h"
#include "fs/lease.h"
#include "fs/notify.h"
#include "fs/pseudo.h"
#include "fs/vfs_internal.h"
#include "lib/err.h"
#include "lib/printf.h"
#include "lib/string.h"
#include "proc/task.h"

#define SIGXFSZ_ 25 /* asm/signal.h clashes with proc/signal.h's names */
#define MAY_WRITE 2u
#define MAY_READ 4u

/* What the whole of one open is about. */
struct open_request {
	u32 flags; /* O_* */
	u32 mode;  /* of a new file, umask not applied */
	u32 access; /* MAY_* that the existing file must allow */
	bool created;
};

static u32 open_access(u32 flags)
{
	static const u8 access[] = { MAY_READ, MAY_WRITE, MAY_READ | MAY_WRITE,
				     MAY_READ | MAY_WRITE };
	u32 mask = access[flags & O_ACCMODE];

	return flags & O_TRUNC ? mask | MAY_WRITE : mask;
}

static bool opens_for_write(u32 flags)
{
	u32 mode = flags & O_ACCMODE;

	return mode == O_WRONLY || mode == O_RDWR;
}

static int open_check_flags(struct open_request *rq)
{
	if (rq->flags & O_PATH)
		rq->flags &= O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
	if (rq->flags & __O_TMPFILE) {
		if ((rq->flags & O_TMPFILE) != O_TMPFILE || !opens_for_write(rq->flags))
			return -EINVAL;
		rq->flags &= ~(u32)O_CREAT;
	}
	if ((rq->flags & (O_CREAT | O_DIRECTORY)) == (O_CREAT | O_DIRECTORY))
		return -EINVAL; /* open(2), since 6.4 */
	rq->mode = rq->flags & (O_CREAT | __O_TMPFILE) ? (rq->mode & 07777) | S_IFREG : 0;
	rq->access = rq->flags & O_PATH ? 0 : open_access(rq->flags);
	return 0;
}

/* --- the file behind a description --------------------------------------------------- */

static int open_by_type(struct file *f)
{
	struct inode *inode = f->inode;

	if (inode->ops && inode->ops->open)
		return inode->ops->open(inode, f);
	switch (inode->mode & S_IFMT) {
	case S_IFREG:
	case S_IFDIR:
		f->ops = inode->fops;
		return f->ops ? 0 : -EINVAL;
	case S_IFIFO:
		return fifo_open(inode, f);
	case S_IFCHR:
		return chrdev_file_open(inode, f);
	case S_IFBLK:
		return blkdev_file_open(inode, f);
	default: /* sockets: nothing behind them */
		return -ENXIO;
	}
}

static const struct file_ops no_ops;

/* The description of path; what it may do has been checked. created: the same open has
 * made the file. */
static struct file *open_description(const struct path *path, u32 flags, bool created)
{
	struct inode *inode = path->dentry->inode;
	struct file *f = file_alloc();
	int err = 0;

	if (IS_ERR(f))
		return f;
	f->ops = &no_ops;
	f->flags = flags & ~(u32)(O_CREAT | O_EXCL | O_NOCTTY | O_TRUNC | O_CLOEXEC);
	f->mnt = path->mnt;
	f->dentry = path->dentry;
	path_get(path);
	f->inode = inode;
	f->created = created;
	if (flags & O_PATH)
		return f;
	if (S_ISREG(inode->mode) && opens_for_write(flags)) {
		inode->writers++;
		path->mnt->writers++;
		f->counted_writer = true;
	} else if (S_ISREG(inode->mode) && (flags & O_ACCMODE) == O_RDONLY) {
		inode->readers++;
		f->counted_reader = true;
	}
	/* O_NOCTTY and O_TRUNC matter to the file's own open. */
	f->flags |= flags & (O_NOCTTY | O_TRUNC);
	err = open_by_type(f);
	if (!err && f->ops->open)
		err = f->ops->open(f);
	f->flags &= ~(u32)(O_NOCTTY | O_TRUNC);
	if (err) {
		f->ops = &no_ops; /* not opened: nothing to release */
		file_put(f);
		return ERR_PTR(err);
	}
	f->stream = f->stream || !f->ops->lseek;
	return f;
}

static void open_notify(struct file *f)
{
	f->notified = !(f->flags & O_PATH);
	notify_file(f, IN_OPEN);
}

struct file *file_open_path(const struct path *path, u32 flags)
{
	struct file *f = open_description(path, flags, false);

	if (!IS_ERR(f))
		open_notify(f);
	return f;
}

/* --- checks on an existing file --------------------------------------------------------- */

static int open_check_type(const struct path *path, const struct open_request *rq)
{
	const struct inode *inode = path->dentry->inode;

	switch (inode->mode & S_IFMT) {
	case S_IFLNK:
		return -ELOOP;
	case S_IFDIR:
		return rq->access & MAY_WRITE || rq->flags & O_CREAT ? -EISDIR : 0;
	case S_IFCHR:
	case S_IFBLK:
		return path->mnt->flags & MS_NODEV ? -EACCES : 0;
	default:
		return 0;
	}
}

static int open_check(const struct path *path, const struct open_request *rq)
{
	const struct inode *inode = path->dentry->inode;
	int err;

	if (rq->flags & O_DIRECTORY && !S_ISDIR(inode->mode))
		return -ENOTDIR;
	if (rq->flags & O_PATH)
		return 0;
	err = open_check_type(path, rq);
	if (err || rq->created)
		return err;
	err = inode_permission(inode, rq->access);
	if (err)
		return err;
	if (rq->flags & O_NOATIME && !inode_owner_or_capable(inode))
		return -EPERM;
	if (!S_ISREG(inode->mode) || !(rq->access & MAY_WRITE))
		return 0;
	err = mount_want_write(path->mnt);
	if (err)
		return err;
	return inode->write_deny ? -ETXTBSY : 0;
}

static struct file *open_place(const struct path *path, struct open_request *rq)
{
	struct inode *inode = path->dentry->inode;
	struct file *f;
	int err;

	err = open_check(path, rq);
	if (!err && !(rq->flags & O_PATH))
		err = lease_break(inode, opens_for_write(rq->flags), rq->flags & O_NONBLOCK);
	if (err)
		return ERR_PTR(err);
	f = open_description(path, rq->flags, rq->created);
	if (IS_ERR(f))
		return f;
	if (rq->flags & O_TRUNC && !rq->created && S_ISREG(inode->mode)) {
		err = inode_truncate(inode, 0);
		if (err) {
			file_put(f);
			return ERR_PTR(err);
		}
		notify_file(f, IN_MODIFY);
	}
	open_notify(f);
	return f;
}

/* --- creation ------------------------------------------------------------------------------ */

static int open_create(struct walk *w, struct dentry *d, struct open_request *rq)
{
	struct inode *dir = w->path.dentry->inode;
	int err;

	err = mount_want_write(w->path.mnt);
	if (err)
		return err;
	err = dir_may_create(dir, w->path.dentry);
	if (err)
		return err;
	if (!dir->ops->create)
		return -EACCES;
	err = dir->ops->create(dir, d, acl_new_mode(dir, rq->mode));
	rq->created = !err;
	if (err)
		return err;
	acl_inherit(dir, d->inode, rq->mode);
	notify_entry(dir, IN_CREATE, d->name, d->name_len, 0, false);
	return err;
}

/* Goes to the file that is to exist, making it if need be. */
static int open_walk_create(struct walk *w, struct open_request *rq)
{
	bool follow = !(rq->flags & (O_NOFOLLOW | O_EXCL));
	struct dentry *d;
	int err;

	do {
		err = walk_to_last(w);
		if (err)
			return err;
		if (w->last_type != WALK_LAST_NAME && rq->flags & O_EXCL)
			return -EEXIST;
		if (w->last_type != WALK_LAST_NAME || w->must_be_dir)
			return -EISDIR;
		d = walk_lookup_last(w);
		if (IS_ERR(d))
			return (int)PTR_ERR(d);
		if (!d->inode)
			err = open_create(w, d, rq);
		else if (rq->flags & O_EXCL)
			err = -EEXIST;
		if (err) {
			dentry_put(d);
			return err;
		}
		err = walk_enter(w, d, follow);
	} while (err == 1);
	return err;
}

static int open_tmpfile(struct walk *w, struct open_request *rq)
{
	struct dentry *parent, *d;
	struct inode *inode;
	char name[24];
	int err;

	err = walk_final(w);
	if (err)
		return err;
	parent = w->path.dentry;
	if (!S_ISDIR(parent->inode->mode))
		return -ENOTDIR;
	if (!parent->inode->ops->tmpfile)
		return -EOPNOTSUPP;
	err = mount_want_write(w->path.mnt);
	if (err)
		return err;
	err = dir_may_create(parent->inode, parent);
	if (err)
		return err;
	inode = parent->inode->ops->tmpfile(parent->inode, acl_new_mode(parent->inode, rq->mode));
	if (IS_ERR(inode))
		return (int)PTR_ERR(inode);
	acl_inherit(parent->inode, inode, rq->mode);
	ksnprintf(name, sizeof(name), "#%llu", (unsigned long long)inode->ino);
	d = dentry_alloc_unlinked(parent, name, inode);
	if (!d) {
		inode_put(inode);
		return -ENOMEM;
	}
	if (!(rq->flags & O_EXCL))
		inode->flags |= INODE_LINKABLE;
	rq->flags &= ~(u32)(O_DIRECTORY | O_TRUNC);
	rq->created = true;
	return walk_enter(w, d, false);
}

struct file *file_open(int dirfd, const char *name, u32 flags, u32 mode, u32 walk)
{
	struct open_request rq = { .flags = flags, .mode = mode };
	struct file *f;
	struct walk w;
	int err;

	err = open_check_flags(&rq);
	if (err)
		return ERR_PTR(err);
	if (rq.flags & O_NOFOLLOW)
		walk |= WALK_NOFOLLOW;
	err = walk_start(&w, dirfd, name, walk);
	if (err)
		return ERR_PTR(err);
	if (rq.flags & __O_TMPFILE)
		err = open_tmpfile(&w, &rq);
	else if (rq.flags & O_CREAT)
		err = open_walk_create(&w, &rq);
	else
		err = walk_final(&w);
	f = err ? ERR_PTR(err) : open_place(&w.path, &rq);
	walk_end(&w);
	return f;
}

struct file *file_open_place(const struct path *path, u32 flags)
{
	struct open_request rq = { .flags = flags };
	int err = open_check_flags(&rq);

	return err ? ERR_PTR(err) : open_place(path, &rq);
}

/* --- truncation ---------------------------------------------------------------------------- */

int inode_truncate(struct inode *inode, u64 size)
{
	int err;

	if (S_ISDIR(inode->mode))
		return -EISDIR;
	if (!S_ISREG(inode->mode) || !inode->ops->truncate)
		return -EINVAL;
	if (inode->write_deny)
		return -ETXTBSY;
	if (size > inode->size && size > current_process()->rlim[RLIMIT_FSIZE].cur) {
		signal_send_task(current_task(), SIGXFSZ_, NULL);
		return -EFBIG;
	}
	err = inode->ops->truncate(inode, size);
	if (err)
		return err;
	inode_drop_privileges(inode);
	return 0;
}
