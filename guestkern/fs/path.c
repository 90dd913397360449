/*
 * Path walk, as path_resolution(7): from a name to the place in the tree of
 * mounts that it names.
 *
 * Owns struct walk, the walk in steps, on which look-up, creation and open are
 * built. Does not create, open or decide about the last component; search
 * permission is checked on every directory that a name is looked up in.
 *
 * A symbolic link's text is walked where it stands: struct walk_link keeps what
 * remains to be walked after it. Frames whose outer rest is used up go before
 * the next is made, so chains of links cost one frame, and LINKS_MAX bounds the
 * rest.
 */
#include <linux/fcntl.h>
#include <linux/mount.h>
#include <linux/stat.h>

#include "fs/vfs_internal.h"
#include "lib/bug.h"
#include "lib/err.h"
#include "lib/string.h"
#include "mm/slab.h"
#include "proc/task.h"

#define LINKS_MAX 40 /* path_resolution(7) */
#define MAY_EXEC 1u

struct walk_link {
	struct walk_link *outer;
	const char *outer_rest;
	char text[];
};

void path_get(const struct path *path)
{
	mount_get(path->mnt);
	dentry_get(path->dentry);
}

void path_put(struct path *path)
{
	if (path->dentry)
		dentry_put(path->dentry);
	if (path->mnt)
		mount_put(path->mnt);
	path->dentry = NULL;
	path->mnt = NULL;
}

/* Takes over to's references. */
static void walk_go(struct walk *w, const struct path *to)
{
	path_put(&w->path);
	w->path = *to;
}

static void walk_go_root(struct walk *w)
{
	path_get(&w->root);
	walk_go(w, &w->root);
}

static bool path_is(const struct path *a, const struct path *b)
{
	return a->dentry == b->dentry && a->mnt == b->mnt;
}

static bool is_dir(const struct dentry *d)
{
	return d->inode && S_ISDIR(d->inode->mode);
}

/* --- start and end ----------------------------------------------------------------- */

static int walk_start_dir(struct walk *w, int dirfd, const char *name)
{
	struct file *f;

	if (*name == '/' && !(w->flags & WALK_IN_ROOT)) {
		if (w->flags & WALK_BENEATH)
			return -EXDEV;
		w->path = current_fs()->root;
		path_get(&w->path);
		return 0;
	}
	if (dirfd == AT_FDCWD) {
		w->path = current_fs()->cwd;
		path_get(&w->path);
		return 0;
	}
	f = fd_get_path(dirfd);
	if (!f)
		return -EBADF;
	if (!f->dentry) {
		file_put(f);
		return -ENOTDIR; /* a pipe or stream: no place in the tree */
	}
	w->path.mnt = f->mnt;
	w->path.dentry = f->dentry;
	path_get(&w->path);
	file_put(f);
	return 0;
}

int walk_start(struct walk *w, int dirfd, const char *name, u32 flags)
{
	int err;

	memset(w, 0, sizeof(*w));
	w->flags = flags;
	w->rest = name;
	if (!*name && !(flags & WALK_EMPTY))
		return -ENOENT;
	err = walk_start_dir(w, dirfd, name);
	if (err)
		return err;
	w->root = flags & (WALK_BENEATH | WALK_IN_ROOT) ? w->path : current_fs()->root;
	path_get(&w->root);
	return 0;
}

static void walk_pop_link(struct walk *w)
{
	struct walk_link *link = w->link;

	w->rest = link->outer_rest;
	w->link = link->outer;
	kfree(link);
}

void walk_end(struct walk *w)
{
	while (w->link)
		walk_pop_link(w);
	path_put(&w->path);
	path_put(&w->root);
}

/* --- symbolic links ------------------------------------------------------------------ */

/* Magic links lead to a place, not through a text. */
static int walk_jump(struct walk *w, struct inode *inode)
{
	struct path to;
	int err;

	if (w->flags & WALK_NO_MAGICLINKS)
		return -ELOOP;
	if (w->flags & (WALK_BENEATH | WALK_IN_ROOT))
		return -EXDEV; /* as Linux: where it leads is out of control */
	err = inode->ops->follow(inode, &to);
	if (err)
		return err;
	if (w->flags & WALK_NO_XDEV && to.mnt != w->path.mnt) {
		path_put(&to);
		return -EXDEV;
	}
	walk_go(w, &to);
	return 0;
}

static int walk_push_link(struct walk *w, struct inode *inode)
{
	/* Pseudo file systems do not know the size: a whole page will do. */
	size_t room = inode->size ? inode->size : PATH_MAX_ - sizeof(*w->link) - 1;
	struct walk_link *link;
	s64 len;

	if (!inode->ops->readlink)
		return -EINVAL;
	link = kmalloc(sizeof(*link) + room + 1);
	if (!link)
		return -ENOMEM;
	len = inode->ops->readlink(inode, link->text, room);
	if (len <= 0) {
		kfree(link);
		return len < 0 ? (int)len : -ENOENT;
	}
	link->text[len] = '\0';
	if (link->text[0] == '/') {
		if (w->flags & WALK_BENEATH ||
		    (w->flags & WALK_NO_XDEV && w->root.mnt != w->path.mnt)) {
			kfree(link);
			return -EXDEV;
		}
		walk_go_root(w);
	}
	/* Frames that have nothing left behind them are done with. */
	while (w->link && !*w->rest)
		walk_pop_link(w);
	link->outer = w->link;
	link->outer_rest = w->rest;
	w->link = link;
	w->rest = link->text;
	return 0;
}

/* 1: go on with the text; 0: jumped. */
static int walk_follow(struct walk *w, struct inode *inode)
{
	int err;

	if (++w->links > LINKS_MAX || w->flags & WALK_NO_SYMLINKS ||
	    (w->path.mnt && w->path.mnt->flags & MS_NOSYMFOLLOW && !inode->ops->follow))
		return -ELOOP;
	inode_accessed(inode, w->path.mnt);
	if (inode->ops->follow) {
		err = walk_jump(w, inode);
		return err;
	}
	err = walk_push_link(w, inode);
	return err ? err : 1;
}

/* --- steps ----------------------------------------------------------------------------- */

int walk_enter(struct walk *w, struct dentry *d, bool follow)
{
	struct path to = { .mnt = w->path.mnt, .dentry = d };
	int err;

	mount_get(to.mnt);
	if (!d->inode) {
		err = -ENOENT;
		goto out_put;
	}
	if (d->mounted && mount_cross_down(&to) && w->flags & WALK_NO_XDEV) {
		err = -EXDEV;
		goto out_put;
	}
	if (!S_ISLNK(to.dentry->inode->mode) || !follow) {
		walk_go(w, &to);
		return 0;
	}
	err = walk_follow(w, to.dentry->inode);

out_put:
	path_put(&to);
	return err;
}

static int walk_dotdot(struct walk *w)
{
	struct path up;

	for (;;) {
		if (path_is(&w->path, &w->root))
			return w->flags & WALK_BENEATH ? -EXDEV : 0;
		up.mnt = w->path.mnt;
		if (w->path.dentry != w->path.mnt->root) {
			up.dentry = w->path.dentry->parent;
			break;
		}
		if (!up.mnt->parent)
			return 0; /* the root of all */
		if (w->flags & WALK_NO_XDEV)
			return -EXDEV;
		up.dentry = up.mnt->mountpoint;
		up.mnt = up.mnt->parent;
		path_get(&up);
		walk_go(w, &up);
	}
	path_get(&up);
	walk_go(w, &up);
	if (w->path.dentry->mounted && mount_cross_down(&w->path) &&
	    w->flags & WALK_NO_XDEV)
		return -EXDEV;
	return 0;
}

static bool is_dot(const char *name, size_t len)
{
	return len == 1 && name[0] == '.';
}

static bool is_dotdot(const char *name, size_t len)
{
	return len == 2 && name[0] == '.' && name[1] == '.';
}

static const char *skip_slashes(const char *p)
{
	while (*p == '/')
		p++;
	return p;
}

/* Does nothing but slashes follow, here and after every link? */
static bool walk_at_last(const struct walk *w, bool *slashes)
{
	const struct walk_link *link = w->link;
	const char *rest = w->rest;

	*slashes = false;
	for (;;) {
		if (*rest == '/')
			*slashes = true;
		if (*skip_slashes(rest))
			return false;
		if (!link)
			return true;
		rest = link->outer_rest;
		link = link->outer;
	}
}

static void walk_set_last(struct walk *w, const char *name, size_t len)
{
	w->last = name;
	w->last_len = len;
	w->last_type = is_dot(name, len)      ? WALK_LAST_DOT
		       : is_dotdot(name, len) ? WALK_LAST_DOTDOT
					      : WALK_LAST_NAME;
}

static int walk_through(struct walk *w, const char *name, size_t len)
{
	struct dentry *d;
	int err;

	if (is_dot(name, len))
		return 0;
	if (is_dotdot(name, len))
		return walk_dotdot(w);
	d = dentry_lookup(w->path.dentry, name, len);
	if (IS_ERR(d))
		return (int)PTR_ERR(d);
	err = walk_enter(w, d, true);
	return err < 0 ? err : 0;
}

int walk_to_last(struct walk *w)
{
	const char *name;
	bool slashes;
	size_t len;
	int err;

	for (;;) {
		name = skip_slashes(w->rest);
		if (!*name) {
			w->rest = name;
			if (!w->link) {
				w->last_type = WALK_LAST_SELF;
				w->last_len = 0;
				return 0;
			}
			walk_pop_link(w);
			continue;
		}
		if (!is_dir(w->path.dentry))
			return -ENOTDIR;
		err = inode_permission(w->path.dentry->inode, MAY_EXEC);
		if (err)
			return err;
		for (len = 0; name[len] && name[len] != '/'; len++)
			;
		w->rest = name + len;
		if (walk_at_last(w, &slashes)) {
			w->must_be_dir |= slashes;
			walk_set_last(w, name, len);
			return 0;
		}
		err = walk_through(w, name, len);
		if (err)
			return err;
	}
}

struct dentry *walk_lookup_last(struct walk *w)
{
	BUG_ON(w->last_type != WALK_LAST_NAME);
	return dentry_lookup(w->path.dentry, w->last, w->last_len);
}

int walk_final(struct walk *w)
{
	struct dentry *d;
	int err;

	do {
		err = walk_to_last(w);
		if (err)
			return err;
		switch (w->last_type) {
		case WALK_LAST_SELF:
		case WALK_LAST_DOT:
			break;
		case WALK_LAST_DOTDOT:
			err = walk_dotdot(w);
			break;
		case WALK_LAST_NAME:
			d = walk_lookup_last(w);
			if (IS_ERR(d))
				return (int)PTR_ERR(d);
			err = walk_enter(w, d,
					 !(w->flags & WALK_NOFOLLOW) || w->must_be_dir);
			break;
		}
	} while (err == 1);
	if (err)
		return err;
	if ((w->must_be_dir || w->flags & WALK_DIRECTORY) && !is_dir(w->path.dentry))
		return -ENOTDIR;
	return 0;
}

/* --- whole walks --------------------------------------------------------------------- */

int path_walk(int dirfd, const char *name, u32 flags, struct path *path)
{
	struct walk w;
	int err;

	err = walk_start(&w, dirfd, name, flags);
	if (err)
		return err;
	err = walk_final(&w);
	if (!err) {
		*path = w.path;
		path_get(path);
	}
	walk_end(&w);
	return err;
}

int path_walk_parent(int dirfd, const char *name, struct path *parent,
		     char *last, bool *trailing_slash)
{
	struct walk w;
	int err;

	err = walk_start(&w, dirfd, name, 0);
	if (err)
		return err;
	err = walk_to_last(&w);
	if (!err && w.last_len > NAME_MAX_)
		err = -ENAMETOOLONG;
	if (!err) {
		memcpy(last, w.last ? w.last : "", w.last_len);
		last[w.last_len] = '\0';
		*trailing_slash = w.must_be_dir;
		*parent = w.path;
		path_get(parent);
	}
	walk_end(&w);
	return err;
}

/* --- and back to a name ---------------------------------------------------------------- */

/* Puts text before *at; false when it does not fit. */
static bool prepend(char **at, char *buf, const char *text, size_t len)
{
	if ((size_t)(*at - buf) < len)
		return false;
	*at -= len;
	memcpy(*at, text, len);
	return true;
}

char *path_name(const struct path *path, char *buf, size_t size)
{
	const struct path *root = &current_fs()->root;
	const struct dentry *d = path->dentry;
	const struct mount *mnt = path->mnt;
	char *at = buf + size;
	bool any = false;

	if (!prepend(&at, buf, "", 1))
		return ERR_PTR(-ENAMETOOLONG);
	if (d->sb->names_alone)
		return prepend(&at, buf, d->name, d->name_len) ? at : ERR_PTR(-ENAMETOOLONG);
	if (d->unlinked && !prepend(&at, buf, " (deleted)", 10))
		return ERR_PTR(-ENAMETOOLONG);
	while (!(d == root->dentry && mnt == root->mnt)) {
		if (d == mnt->root) {
			if (!mnt->parent)
				break;
			d = mnt->mountpoint;
			mnt = mnt->parent;
			continue;
		}
		if (!prepend(&at, buf, d->name, d->name_len) ||
		    !prepend(&at, buf, "/", 1))
			return ERR_PTR(-ENAMETOOLONG);
		any = true;
		d = d->parent;
	}
	if (!any && !prepend(&at, buf, "/", 1))
		return ERR_PTR(-ENAMETOOLONG);
	if (!(d == root->dentry && mnt == root->mnt) && !mnt->kernel &&
	    !prepend(&at, buf, "(unreachable)", 13))
		return ERR_PTR(-ENAMETOOLONG);
	return at;
}
