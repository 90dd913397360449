/*
 * hostfs where changes stay in memory: the host's directory is what a root begins with,
 * and is only read.
 *
 * A file that is about to change is marked modified: from then on the host has no say in
 * its attributes, and its inode is kept, so that it is found by its number whatever name
 * leads there. Its contents are the host's but for the pages that were written, which
 * stay in the cache (diskfile.resident). A directory whose names are about to change is
 * loaded before: every name becomes a pinned dentry, and the host is not asked again.
 * Names move in memory; where a file is on the host (its place) stays what it was.
 */
#include <linux/fs.h>
#include <linux/stat.h>

#include "fs/hostfs.h"
#include "fs/ramfs_internal.h"
#include "fs/vfs_internal.h"
#include "lib/err.h"
#include "lib/string.h"
#include "mm/slab.h"

#define DIR_BYTES 4096u /* what a new directory shows as its size */

/* --- keeping -------------------------------------------------------------------------- */

static void keep(struct inode *inode)
{
	struct hostfs_info *info = hostfs_info_of(inode);

	if (!list_empty(&info->kept) || !inode->nlink)
		return;
	inode_get(inode);
	list_add_tail(&info->kept, &hostfs_of(inode)->kept);
}

static void unkeep(struct inode *inode)
{
	struct hostfs_info *info = hostfs_info_of(inode);

	if (list_empty(&info->kept))
		return;
	list_del(&info->kept);
	inode_put(inode);
}

void hostfs_modify(struct inode *inode)
{
	struct hostfs_info *info = hostfs_info_of(inode);

	if (!info->modified) {
		info->modified = true;
		info->host_bytes = S_ISREG(inode->mode) ? inode->size : 0;
	}
	if (!info->fresh) /* those are found by their names alone */
		keep(inode);
}

void hostfs_drop_kept(struct hostfs *fs)
{
	while (!list_empty(&fs->kept)) {
		struct hostfs_info *info =
			list_first_entry(&fs->kept, struct hostfs_info, kept);

		list_del(&info->kept);
		inode_put(info->self);
	}
}

/* --- loading a directory --------------------------------------------------------------- */

static int pin_name(void *context, const char *name, u32 len)
{
	struct dentry *parent = context, *d;

	if (ramfs_core_short())
		return -ENOSPC;
	d = dentry_lookup(parent, name, len);
	if (IS_ERR(d)) /* one that cannot be looked at is not there */
		return PTR_ERR(d) == -ENOMEM ? -ENOMEM : 0;
	if (d->inode && !d->pinned)
		d_pin(d);
	dentry_put(d);
	return 0;
}

/* Names that are known but were not among those of the listing; with all, after a
 * failure, the others are no longer pinned either. */
static void settle_names(struct dentry *dir, bool all)
{
	struct dentry *d, *next;

	list_for_each_entry_safe(d, next, &dir->children, sibling) {
		dentry_get(d);
		if (all)
			d_unpin(d);
		else if (d->inode && !d->pinned)
			dentry_forget(d);
		dentry_put(d);
	}
}

static int load(struct dentry *dir)
{
	struct inode *inode = dir->inode;
	struct hostfs_info *info = hostfs_info_of(inode);
	int err = 0;

	if (info->loaded)
		return 0;
	if (!info->fresh) {
		err = hostfs_refresh(inode, true);
		if (!err)
			err = hostfs_each_name(inode, pin_name, dir);
		settle_names(dir, err);
	}
	if (err)
		return err;
	info->loaded = true;
	hostfs_drop_list(info);
	hostfs_modify(inode);
	return 0;
}

/* --- names ------------------------------------------------------------------------------ */

static struct inode *new_inode(struct inode *dir, u32 mode)
{
	struct inode *inode = ramfs_core_short() ? NULL : hostfs_new(dir->sb, mode);

	if (!inode)
		return ERR_PTR(-ENOSPC);
	inode_init_owner(inode, dir);
	if (S_ISDIR(mode)) {
		inode->size = DIR_BYTES;
		hostfs_info_of(inode)->loaded = true;
	}
	return inode;
}

static void add_name(struct inode *dir, struct dentry *child, struct inode *inode)
{
	d_set_inode(child, inode);
	d_pin(child);
	inode_touch(dir, false, true, true);
}

static int make(struct inode *dir, struct dentry *child, u32 mode, u64 rdev)
{
	int err = load(child->parent);
	struct inode *inode;

	if (err)
		return err;
	inode = new_inode(dir, mode);
	if (IS_ERR(inode))
		return (int)PTR_ERR(inode);
	inode->rdev = rdev;
	add_name(dir, child, inode);
	if (S_ISDIR(mode))
		dir->nlink++;
	return 0;
}

static int create(struct inode *dir, struct dentry *child, u32 mode)
{
	return make(dir, child, (mode & 07777) | S_IFREG, 0);
}

static int mkdir(struct inode *dir, struct dentry *child, u32 mode)
{
	return make(dir, child, (mode & 07777) | S_IFDIR, 0);
}

static int mknod(struct inode *dir, struct dentry *child, u32 mode, u64 rdev)
{
	return make(dir, child, mode, rdev);
}

static int symlink(struct inode *dir, struct dentry *child, const char *to)
{
	char *text = kstrdup(to);
	int err;

	if (!text)
		return -ENOSPC;
	err = make(dir, child, S_IFLNK | 0777, 0);
	if (err) {
		kfree(text);
		return err;
	}
	hostfs_info_of(child->inode)->target = text;
	child->inode->size = strlen(text);
	return 0;
}

static int link(struct inode *dir, struct dentry *child, struct inode *target)
{
	int err = load(child->parent);

	if (err)
		return err;
	hostfs_modify(target);
	target->nlink++;
	inode_touch(target, false, false, true);
	inode_get(target);
	add_name(dir, child, target);
	return 0;
}

/* A file has lost a name. */
static void drop_link(struct inode *inode)
{
	hostfs_modify(inode);
	inode->nlink--;
	inode_touch(inode, false, false, true);
	if (!inode->nlink)
		unkeep(inode);
}

static int unlink(struct inode *dir, struct dentry *child)
{
	int err = load(child->parent);

	if (err)
		return err;
	drop_link(child->inode);
	inode_touch(dir, false, true, true);
	return 0;
}

static int check_empty(struct dentry *dir)
{
	const struct dentry *d;
	int err = load(dir);

	if (err)
		return err;
	list_for_each_entry(d, &dir->children, sibling) {
		if (d->inode)
			return -ENOTEMPTY;
	}
	return 0;
}

static void dir_removed(struct inode *dir, struct inode *inode)
{
	hostfs_modify(inode);
	inode->nlink = 0;
	unkeep(inode);
	dir->nlink--;
}

static int rmdir(struct inode *dir, struct dentry *child)
{
	int err = load(child->parent);

	if (!err)
		err = check_empty(child);
	if (err)
		return err;
	dir_removed(dir, child->inode);
	inode_touch(dir, false, true, true);
	return 0;
}

static int rename(struct inode *old_dir, struct dentry *old, struct inode *new_dir,
		  struct dentry *new, u32 flags)
{
	struct inode *moved = old->inode, *target = new->inode;
	bool exchange = flags & RENAME_EXCHANGE;
	int err = load(old->parent);

	if (!err)
		err = load(new->parent);
	if (!err && target && S_ISDIR(target->mode) && !exchange)
		err = check_empty(new);
	if (err)
		return err;
	if (target && !exchange) {
		if (S_ISDIR(target->mode))
			dir_removed(new_dir, target);
		else
			drop_link(target);
	}
	if (S_ISDIR(moved->mode) && old_dir != new_dir) {
		old_dir->nlink--;
		new_dir->nlink++;
	}
	if (exchange && S_ISDIR(target->mode) && old_dir != new_dir) {
		new_dir->nlink--;
		old_dir->nlink++;
	}
	hostfs_modify(moved);
	inode_touch(moved, false, false, true);
	inode_touch(old_dir, false, true, true);
	inode_touch(new_dir, false, true, true);
	return 0;
}

static struct inode *tmpfile(struct inode *dir, u32 mode)
{
	struct inode *inode = new_inode(dir, (mode & 07777) | S_IFREG);

	if (!IS_ERR(inode))
		inode->nlink = 0;
	return inode;
}

const struct inode_ops hostfs_private_dir_ops = {
	.lookup = hostfs_lookup,
	.create = create,
	.mkdir = mkdir,
	.mknod = mknod,
	.symlink = symlink,
	.link = link,
	.unlink = unlink,
	.rmdir = rmdir,
	.rename = rename,
	.tmpfile = tmpfile,
	.setattr = hostfs_setattr,
	.getattr = hostfs_getattr,
	.open = hostfs_open,
	.evict = hostfs_evict,
};
