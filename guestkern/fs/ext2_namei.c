/*
 * ext2: names. What the VFS has checked (rights, types, that a name is free) is
 * not checked again; what the disk says is.
 *
 * Order of changes: an inode is there before a name leads to it, and a name is gone
 * before what it led to loses its link.
 */
#include <linux/fs.h>
#include <linux/stat.h>

#include "fs/ext2.h"
#include "fs/vfs_internal.h"
#include "lib/err.h"
#include "lib/string.h"

#define LINK_MAX_ 32000u /* of ext2 */
#define FAST_LINK_BYTES sizeof(((struct ext2_info *)0)->block)

static int lookup(struct inode *dir, struct dentry *child)
{
	s64 ino = ext2_find_entry(dir, child->name, child->name_len);
	struct inode *inode;

	if (ino <= 0)
		return (int)ino;
	inode = ext2_iget(dir->sb, (u32)ino);
	if (IS_ERR(inode)) {
		if (PTR_ERR(inode) == -ESTALE)
			return ext2_error(ext2_fs_of(dir), "name of the deleted inode %lld",
					  (long long)ino);
		return (int)PTR_ERR(inode);
	}
	d_set_inode(child, inode);
	return 0;
}

static void change_links(struct inode *inode, s32 change)
{
	inode->nlink += (u32)change;
	inode_touch(inode, false, false, true);
	ext2_write_inode(inode);
}

/* Gives a finished new inode its name; it goes if that fails. */
static int add_new(struct inode *dir, struct dentry *child, struct inode *inode)
{
	int err = ext2_add_entry(dir, child->name, child->name_len, inode);

	if (err) {
		inode->nlink = 0;
		inode_put(inode);
		return err;
	}
	d_set_inode(child, inode);
	return 0;
}

static int make(struct inode *dir, struct dentry *child, u32 mode, u64 rdev)
{
	struct inode *inode = ext2_new_inode(dir, mode, rdev);

	return IS_ERR(inode) ? (int)PTR_ERR(inode) : add_new(dir, child, inode);
}

static int create(struct inode *dir, struct dentry *child, u32 mode)
{
	return make(dir, child, (mode & 07777) | S_IFREG, 0);
}

static int mknod(struct inode *dir, struct dentry *child, u32 mode, u64 rdev)
{
	return make(dir, child, mode, rdev);
}

static int mkdir(struct inode *dir, struct dentry *child, u32 mode)
{
	struct inode *inode;
	int err;

	if (dir->nlink >= LINK_MAX_)
		return -EMLINK;
	inode = ext2_new_inode(dir, (mode & 07777) | S_IFDIR, 0);
	if (IS_ERR(inode))
		return (int)PTR_ERR(inode);
	err = ext2_make_empty(inode, dir);
	if (err) {
		inode->nlink = 0;
		inode_put(inode);
		return err;
	}
	err = add_new(dir, child, inode);
	if (!err)
		change_links(dir, 1);
	return err;
}

/* A target that is too long for the inode has a block of its own. */
static int write_target(struct inode *inode, const char *to, size_t len)
{
	struct ext2_fs *fs = ext2_fs_of(inode);
	struct buffer *buf;
	bool fresh;
	u32 block;
	s64 n;

	if (len < FAST_LINK_BYTES) {
		memcpy(ext2_info_of(inode)->block, to, len);
	} else {
		n = ext2_map_blocks(inode, 0, 1, true, &block, &fresh);
		if (n < 0)
			return (int)n;
		buf = buffer_get_zero(&fs->cache, block);
		if (IS_ERR(buf))
			return (int)PTR_ERR(buf);
		memcpy(buf->data, to, len);
		buffer_put(&fs->cache, buf);
	}
	inode->size = len;
	return ext2_write_inode(inode);
}

static int symlink(struct inode *dir, struct dentry *child, const char *to)
{
	size_t len = strlen(to);
	struct inode *inode;
	int err;

	if (len + 1 > ext2_fs_of(dir)->block_bytes)
		return -ENAMETOOLONG;
	inode = ext2_new_inode(dir, S_IFLNK | 0777, 0);
	if (IS_ERR(inode))
		return (int)PTR_ERR(inode);
	err = write_target(inode, to, len);
	if (err) {
		inode->nlink = 0;
		inode_put(inode);
		return err;
	}
	return add_new(dir, child, inode);
}

static s64 readlink(struct inode *inode, char *buf, size_t size)
{
	struct ext2_fs *fs = ext2_fs_of(inode);
	struct ext2_info *info = ext2_info_of(inode);
	u64 own = info->file_acl ? fs->block_bytes / 512 : 0;
	size_t len = MIN(size, (size_t)inode->size);
	struct buffer *target;
	bool fresh;
	u32 block;
	s64 n;

	if (inode->blocks <= own) {
		len = MIN(len, FAST_LINK_BYTES);
		memcpy(buf, info->block, len);
		return (s64)len;
	}
	n = ext2_map_blocks(inode, 0, 1, false, &block, &fresh);
	if (n < 0 || !block)
		return -EIO;
	target = buffer_get(&fs->cache, block);
	if (IS_ERR(target))
		return PTR_ERR(target);
	memcpy(buf, target->data, len);
	buffer_put(&fs->cache, target);
	return (s64)len;
}

static int link(struct inode *dir, struct dentry *child, struct inode *target)
{
	int err;

	if (target->nlink >= LINK_MAX_)
		return -EMLINK;
	err = ext2_add_entry(dir, child->name, child->name_len, target);
	if (err)
		return err;
	change_links(target, 1);
	inode_get(target);
	d_set_inode(child, target);
	return 0;
}

/* --- removal ---------------------------------------------------------------------------- */

static int unlink(struct inode *dir, struct dentry *child)
{
	int err = ext2_delete_entry(dir, child->name, child->name_len);

	if (!err)
		change_links(child->inode, -1);
	return err;
}

/* The last name of a directory is gone. */
static void dir_removed(struct inode *dir, struct inode *inode)
{
	inode->nlink = 0;
	inode_touch(inode, false, false, true);
	ext2_write_inode(inode);
	change_links(dir, -1);
}

static int must_be_empty(struct inode *dir)
{
	int empty = ext2_dir_is_empty(dir);

	return empty < 0 ? empty : empty ? 0 : -ENOTEMPTY;
}

static int rmdir(struct inode *dir, struct dentry *child)
{
	int err = must_be_empty(child->inode);

	if (!err)
		err = ext2_delete_entry(dir, child->name, child->name_len);
	if (!err)
		dir_removed(dir, child->inode);
	return err;
}

/* --- rename ------------------------------------------------------------------------------- */

/* A directory that came from old_dir: ".." and both parents' links. */
static int moved_dir(struct inode *inode, struct inode *old_dir, struct inode *new_dir)
{
	int err;

	if (!S_ISDIR(inode->mode) || old_dir == new_dir)
		return 0;
	err = ext2_set_entry(inode, "..", 2, new_dir);
	change_links(new_dir, 1);
	change_links(old_dir, -1);
	return err;
}

static int exchange(struct inode *old_dir, struct dentry *old, struct inode *new_dir,
		    struct dentry *new)
{
	int err = ext2_set_entry(new_dir, new->name, new->name_len, old->inode);

	if (!err)
		err = ext2_set_entry(old_dir, old->name, old->name_len, new->inode);
	if (!err)
		err = moved_dir(old->inode, old_dir, new_dir);
	if (!err)
		err = moved_dir(new->inode, new_dir, old_dir);
	change_links(old->inode, 0);
	change_links(new->inode, 0);
	return err;
}

/* Lets the new name lead to the inode; the one it led to loses it. */
static int replace(struct inode *new_dir, struct dentry *new, struct inode *inode)
{
	struct inode *target = new->inode;
	int err;

	if (!target)
		return ext2_add_entry(new_dir, new->name, new->name_len, inode);
	if (S_ISDIR(target->mode)) {
		err = must_be_empty(target);
		if (err)
			return err;
	}
	err = ext2_set_entry(new_dir, new->name, new->name_len, inode);
	if (err)
		return err;
	if (S_ISDIR(target->mode))
		dir_removed(new_dir, target);
	else
		change_links(target, -1);
	return 0;
}

static int rename(struct inode *old_dir, struct dentry *old, struct inode *new_dir,
		  struct dentry *new, u32 flags)
{
	struct inode *inode = old->inode;
	int err;

	if (flags & RENAME_EXCHANGE)
		return exchange(old_dir, old, new_dir, new);
	if (S_ISDIR(inode->mode) && old_dir != new_dir && !new->inode &&
	    new_dir->nlink >= LINK_MAX_)
		return -EMLINK;
	err = replace(new_dir, new, inode);
	if (!err)
		err = ext2_delete_entry(old_dir, old->name, old->name_len);
	if (!err)
		err = moved_dir(inode, old_dir, new_dir);
	if (!err)
		change_links(inode, 0); /* its change time */
	return err;
}

static struct inode *tmpfile(struct inode *dir, u32 mode)
{
	struct inode *inode = ext2_new_inode(dir, (mode & 07777) | S_IFREG, 0);

	if (!IS_ERR(inode)) {
		inode->nlink = 0;
		ext2_write_inode(inode);
	}
	return inode;
}

const struct inode_ops ext2_dir_ops = {
	.lookup = lookup,
	.create = create,
	.mkdir = mkdir,
	.mknod = mknod,
	.symlink = symlink,
	.link = link,
	.unlink = unlink,
	.rmdir = rmdir,
	.rename = rename,
	.tmpfile = tmpfile,
	.setattr = ext2_setattr,
	.evict = ext2_evict,
};

const struct inode_ops ext2_link_ops = {
	.readlink = readlink,
	.setattr = ext2_setattr,
	.evict = ext2_evict,
};

const struct inode_ops ext2_special_ops = {
	.setattr = ext2_setattr,
	.evict = ext2_evict,
};
