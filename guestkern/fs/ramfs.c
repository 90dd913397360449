/*
 * ramfs and tmpfs: a file system that is nothing but memory, and the root of
 * every machine. "tmpfs" is the same with a limit in bytes.
 *
 * Owns names, inodes and super blocks: names are pinned dentries, symbolic
 * links' targets kernel strings. Contents are ramfs_file.c's.
 *
 * Invariant: a directory's link count is 2 and one for each subdirectory.
 */
#include <linux/fcntl.h>
#include <linux/fs.h>
#include <linux/magic.h>
#include <linux/stat.h>

#include "fs/pseudo.h"
#include "fs/ramfs_internal.h"
#include "fs/vfs_internal.h"
#include "fs/xattr.h"
#include "lib/err.h"
#include "lib/string.h"
#include "mm/page.h"
#include "mm/slab.h"

#define CORE_LIMIT_PERCENT 75u /* of the core, all users together */

static const struct inode_ops ramfs_dir_ops, ramfs_link_ops, ramfs_special_ops;

/* --- inodes ----------------------------------------------------------------------------- */

bool ramfs_core_short(void)
{
	return kmem_used_bytes() / CORE_LIMIT_PERCENT > kmem_total_bytes() / 100;
}

static struct inode *ramfs_inode(struct super_block *sb, const struct inode *dir, u32 mode)
{
	struct inode *inode;

	if (ramfs_core_short())
		return ERR_PTR(-ENOSPC);
	inode = inode_create(sb, mode);
	if (!inode)
		return ERR_PTR(-ENOSPC);
	if (dir)
		inode_init_owner(inode, dir);
	if (S_ISDIR(mode)) {
		inode->ops = &ramfs_dir_ops;
		inode->fops = &dentry_dir_fops;
	} else if (S_ISLNK(mode)) {
		inode->ops = &ramfs_link_ops;
	} else if (S_ISREG(mode)) {
		inode->ops = &ramfs_file_ops;
		inode->fops = &ramfs_file_fops;
		inode->seals = F_SEAL_SEAL; /* memfd_create says otherwise */
		if (ramfs_add_contents(inode)) {
			inode->ops = NULL;
			inode_put(inode);
			return ERR_PTR(-ENOSPC);
		}
	} else {
		inode->ops = &ramfs_special_ops;
	}
	return inode;
}

static void ramfs_link_evict(struct inode *inode)
{
	kfree(inode->private);
}

/* --- directories -------------------------------------------------------------------------- */

/* What a directory shows as its size: so much a name, "." and ".." too, as
 * tmpfs has it (Linux mm/shmem.c, BOGO_DIRENT_SIZE). */
#define NAME_BYTES 20u

static int ramfs_make(struct inode *dir, struct dentry *child, u32 mode, u64 rdev)
{
	struct inode *inode = ramfs_inode(dir->sb, dir, mode);

	if (IS_ERR(inode))
		return (int)PTR_ERR(inode);
	inode->rdev = rdev;
	if (S_ISDIR(mode))
		inode->size = 2 * NAME_BYTES;
	d_set_inode(child, inode);
	d_pin(child);
	dir->size += NAME_BYTES;
	inode_touch(dir, false, true, true);
	return 0;
}

static int ramfs_create_file(struct inode *dir, struct dentry *child, u32 mode)
{
	return ramfs_make(dir, child, (mode & 07777) | S_IFREG, 0);
}

static int ramfs_mkdir(struct inode *dir, struct dentry *child, u32 mode)
{
	int err = ramfs_make(dir, child, (mode & 07777) | S_IFDIR, 0);

	if (!err)
		dir->nlink++;
	return err;
}

static int ramfs_mknod(struct inode *dir, struct dentry *child, u32 mode, u64 rdev)
{
	return ramfs_make(dir, child, mode, rdev);
}

static int ramfs_symlink(struct inode *dir, struct dentry *child, const char *to)
{
	char *text = kstrdup(to);
	int err;

	if (!text)
		return -ENOSPC;
	err = ramfs_make(dir, child, S_IFLNK | 0777, 0);
	if (err) {
		kfree(text);
		return err;
	}
	child->inode->private = text;
	child->inode->size = strlen(text);
	return 0;
}

static int ramfs_link(struct inode *dir, struct dentry *child, struct inode *target)
{
	if (ramfs_core_short())
		return -ENOSPC;
	target->nlink++;
	inode_get(target);
	d_set_inode(child, target);
	d_pin(child);
	dir->size += NAME_BYTES;
	inode_touch(target, false, false, true);
	inode_touch(dir, false, true, true);
	return 0;
}

static int ramfs_unlink(struct inode *dir, struct dentry *child)
{
	child->inode->nlink--;
	dir->size -= NAME_BYTES;
	inode_touch(child->inode, false, false, true);
	inode_touch(dir, false, true, true);
	return 0;
}

static bool dir_is_empty(const struct dentry *dir)
{
	const struct dentry *d;

	list_for_each_entry(d, &dir->children, sibling) {
		if (d->inode)
			return false;
	}
	return true;
}

/* The directory behind child is gone: its link counts and its parent's. */
static void dir_removed(struct inode *dir, struct inode *inode)
{
	inode->nlink = 0;
	dir->nlink--;
	dir->size -= NAME_BYTES;
}

static int ramfs_rmdir(struct inode *dir, struct dentry *child)
{
	if (!dir_is_empty(child))
		return -ENOTEMPTY;
	dir_removed(dir, child->inode);
	inode_touch(child->inode, false, false, true);
	inode_touch(dir, false, true, true);
	return 0;
}

static void rename_links(struct inode *old_dir, const struct inode *moved,
			 struct inode *new_dir)
{
	if (S_ISDIR(moved->mode) && old_dir != new_dir) {
		old_dir->nlink--;
		new_dir->nlink++;
	}
}

static int ramfs_rename(struct inode *old_dir, struct dentry *old,
			struct inode *new_dir, struct dentry *new, u32 flags)
{
	struct inode *target = new->inode;

	if (flags & RENAME_EXCHANGE) {
		rename_links(new_dir, target, old_dir);
	} else if (target && S_ISDIR(target->mode)) {
		if (!dir_is_empty(new))
			return -ENOTEMPTY;
		dir_removed(new_dir, target);
	} else if (target) {
		target->nlink--;
		new_dir->size -= NAME_BYTES;
	}
	if (!(flags & RENAME_EXCHANGE)) {
		old_dir->size -= NAME_BYTES;
		new_dir->size += NAME_BYTES;
	}
	rename_links(old_dir, old->inode, new_dir);
	if (target)
		inode_touch(target, false, false, true);
	inode_touch(old->inode, false, false, true);
	inode_touch(old_dir, false, true, true);
	inode_touch(new_dir, false, true, true);
	return 0;
}

static struct inode *ramfs_tmpfile(struct inode *dir, u32 mode)
{
	struct inode *inode = ramfs_inode(dir->sb, dir, (mode & 07777) | S_IFREG);

	if (!IS_ERR(inode))
		inode->nlink = 0;
	return inode;
}

static s64 ramfs_readlink(struct inode *inode, char *buf, size_t size)
{
	size_t len = MIN(size, (size_t)inode->size);

	memcpy(buf, inode->private, len);
	return (s64)len;
}

static const struct inode_ops ramfs_link_ops = {
	.readlink = ramfs_readlink,
	.evict = ramfs_link_evict,
};

static const struct inode_ops ramfs_special_ops = { 0 };

static const struct inode_ops ramfs_dir_ops = {
	.lookup = dentry_lookup_none,
	.create = ramfs_create_file,
	.mkdir = ramfs_mkdir,
	.mknod = ramfs_mknod,
	.symlink = ramfs_symlink,
	.link = ramfs_link,
	.unlink = ramfs_unlink,
	.rmdir = ramfs_rmdir,
	.rename = ramfs_rename,
	.tmpfile = ramfs_tmpfile,
};

/* --- super block ------------------------------------------------------------------------------ */

static void ramfs_statfs(struct super_block *sb, struct fs_usage *u)
{
	u->bfree = ramfs_pages_allowed(sb);
	u->blocks = sb->bytes_max ? sb->bytes_max >> PAGE_SHIFT
				  : (sb->bytes_used >> PAGE_SHIFT) + u->bfree;
	u->ffree = (kmem_total_bytes() - kmem_used_bytes()) / sizeof(struct inode);
	u->files = u->ffree + sb->next_ino;
}

static const struct super_ops ramfs_super_ops = {
	.statfs = ramfs_statfs,
};

struct super_block *ramfs_create(const char *fstype, const char *options, bool limited)
{
	struct ramfs_options opt = { .mode = limited ? 01777 : 0755 };
	struct super_block *sb;
	struct inode *root;
	int err;

	if (limited)
		opt.bytes_max = (page_total_count() / 2) << PAGE_SHIFT;
	err = ramfs_options_parse(&opt, options);
	if (err)
		return ERR_PTR(err);
	sb = super_create(fstype, limited ? TMPFS_MAGIC : RAMFS_MAGIC);
	if (!sb)
		return ERR_PTR(-ENOMEM);
	sb->ops = &ramfs_super_ops;
	sb->bytes_max = opt.bytes_max;
	sb->xattr_ops = &xattr_memory_ops;
	sb->has_handles = true;
	root = ramfs_inode(sb, NULL, S_IFDIR | opt.mode);
	if (IS_ERR(root) || !dentry_make_root(sb, root)) {
		super_put(sb);
		return ERR_PTR(-ENOMEM);
	}
	root->size = 2 * NAME_BYTES;
	root->uid = opt.uid;
	root->gid = opt.gid;
	return sb;
}

static struct super_block *mount_ramfs(const char *source, const char *options)
{
	(void)source;
	return ramfs_create("ramfs", options, false);
}

static struct super_block *mount_tmpfs(const char *source, const char *options)
{
	(void)source;
	return ramfs_create("tmpfs", options, true);
}

static const struct fs_type ramfs_type = { .name = "ramfs", .mount = mount_ramfs };
static const struct fs_type tmpfs_type = { .name = "tmpfs", .mount = mount_tmpfs };

void ramfs_init(void)
{
	fs_register(&ramfs_type);
	fs_register(&tmpfs_type);
}
