/*
 * Changes of the tree of mounts as a whole: recursive bind mounts, moving a mount,
 * pivot_root(2). Single mounts are mount.c's.
 */
#include <linux/mount.h>
#include <linux/stat.h>

#include "fs/vfs_internal.h"
#include "lib/err.h"
#include "proc/task.h"

static bool is_dir(const struct path *path)
{
	return S_ISDIR(path->dentry->inode->mode);
}

/* Is mnt the same as or below top? */
static bool mount_is_below(const struct mount *mnt, const struct mount *top)
{
	while (mnt && mnt != top)
		mnt = mnt->parent;
	return mnt == top;
}

/* --- recursive bind ------------------------------------------------------------------ */

void mount_forget_copies(void)
{
	struct mount *m;

	for (m = mount_first(); m; m = mount_next(m))
		m->copy = NULL;
}

/* m hangs on something that was copied, and was not copied itself. */
static bool wants_copy(const struct mount *m, const struct path *source)
{
	if (m->copy || !m->parent || !m->parent->copy || m->parent->copy == m->parent)
		return false;
	return m->parent != source->mnt ||
	       dentry_is_ancestor(source->dentry, m->mountpoint);
}

/* Copies are their own, so that none is copied again. */
int mount_copy_below(const struct path *source, struct mount *top)
{
	struct path at;
	struct mount *m;
	bool again;
	int err;

	mount_forget_copies();
	source->mnt->copy = top;
	top->copy = top;
	do {
		again = false;
		for (m = mount_first(); m; m = mount_next(m)) {
			if (!wants_copy(m, source))
				continue;
			at.mnt = m->parent->copy;
			at.dentry = m->mountpoint;
			err = mount_copy(m, m->root, &at, &m->copy);
			if (err)
				return err;
			m->copy->copy = m->copy;
			again = true;
		}
	} while (again);
	return 0;
}

/* What is one's own; and the files of name spaces, to keep those. */
static bool may_be_bound(const struct mount *mnt)
{
	return mount_is_seen(mnt, current_process()) || mnt->sb->names_alone;
}

struct mount *mount_clone(const struct path *source, bool recursive)
{
	struct mount *mnt;
	int err;

	if (!may_be_bound(source->mnt))
		return ERR_PTR(-EINVAL);
	mnt = mount_copy_root(source->mnt, source->dentry);
	if (!mnt)
		return ERR_PTR(-ENOMEM);
	mnt->floating = true;
	err = recursive ? mount_copy_below(source, mnt) : 0;
	mount_forget_copies();
	if (err) {
		mount_drop_tree(mnt);
		return ERR_PTR(err);
	}
	return mnt;
}

int mount_bind(const struct path *source, const struct path *target, bool recursive)
{
	struct mount *mnt;
	int err;

	if (!may_be_bound(source->mnt) || !mount_is_seen(target->mnt, current_process()))
		return -EINVAL;
	if (is_dir(source) != is_dir(target))
		return -ENOTDIR;
	if (source->dentry->unlinked || target->dentry->unlinked)
		return -ENOENT;
	err = mount_copy(source->mnt, source->dentry, target, &mnt);
	if (err || !recursive)
		return err;
	err = mount_copy_below(source, mnt);
	mount_forget_copies();
	if (err)
		mount_unlink_tree(mnt);
	return err;
}

/* --- moving ----------------------------------------------------------------------------- */

int mount_move(const struct path *source, const struct path *target)
{
	struct mount *mnt = source->mnt;

	if (source->dentry != mnt->root || mnt->kernel ||
	    !mount_is_seen(target->mnt, current_process()))
		return -EINVAL;
	if (!mnt->floating && (!mnt->parent || !mount_is_seen(mnt, current_process())))
		return -EINVAL;
	if (is_dir(source) != is_dir(target))
		return -EINVAL;
	if (mount_is_below(target->mnt, mnt))
		return -ELOOP;
	if (target->dentry->unlinked)
		return -ENOENT;
	mnt->floating = false;
	mount_relink(mnt, target);
	return 0;
}

/* --- pivot_root ---------------------------------------------------------------------------- */

static void follow_root(struct path *path, const struct path *old, const struct path *new)
{
	if (path->mnt != old->mnt || path->dentry != old->dentry)
		return;
	path_get(new);
	path_put(path);
	*path = *new;
}

/* Who has the old root as root or working directory gets the new one. */
static void follow_everybody(const struct path *old, const struct path *new)
{
	struct process *p;

	for (p = process_first(); p; p = process_next(p)) {
		struct fs_context *fs = p->zombie ? NULL : process_fs(p);

		if (!fs || !fs->root.mnt)
			continue;
		follow_root(&fs->root, old, new);
		follow_root(&fs->cwd, old, new);
	}
}

/* Is path the same as or below top, mounts included? */
static bool path_is_below(const struct path *path, const struct path *top)
{
	const struct dentry *d = path->dentry;
	const struct mount *m = path->mnt;

	while (m != top->mnt && m->parent) {
		d = m->mountpoint;
		m = m->parent;
	}
	return m == top->mnt && dentry_is_ancestor(top->dentry, d);
}

static int pivot_check(const struct path *root, const struct path *new,
		       const struct path *old)
{
	if (!is_dir(new) || !is_dir(old))
		return -ENOTDIR;
	if (new->dentry->unlinked || old->dentry->unlinked)
		return -ENOENT;
	if (new->mnt == root->mnt || old->mnt == root->mnt)
		return -EBUSY;
	if (root->dentry != root->mnt->root || new->dentry != new->mnt->root ||
	    !new->mnt->parent)
		return -EINVAL;
	if (!path_is_below(old, new) || !path_is_below(new, root))
		return -EINVAL;
	return 0;
}

int mount_pivot(const struct path *new, const struct path *put_old)
{
	struct path root = current_fs()->root, place;
	int err = pivot_check(&root, new, put_old);

	if (err)
		return err;
	path_get(&root);
	place.mnt = root.mnt->parent;
	place.dentry = root.mnt->mountpoint;
	if (place.mnt)
		path_get(&place);
	mount_relink(new->mnt, place.mnt ? &place : NULL);
	mount_relink(root.mnt, put_old);
	if (place.mnt)
		path_put(&place);
	follow_everybody(&root, new);
	path_put(&root);
	return 0;
}
