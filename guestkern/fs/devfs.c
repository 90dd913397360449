/*
 * "devtmpfs": a tmpfs that comes with a node for every device of dev/ and the
 * usual symbolic links. After that it is an ordinary tmpfs: nodes may be made,
 * removed and chmod'ed.
 */
#include <linux/stat.h>

#include "dev/block.h"
#include "dev/chrdev.h"
#include "dev/pty.h"
#include "fs/pseudo.h"
#include "fs/vfs_internal.h"
#include "lib/err.h"
#include "lib/string.h"

static const struct {
	const char *name, *to;
} links[] = {
	{ "fd", "/proc/self/fd" },
	{ "stdin", "/proc/self/fd/0" },
	{ "stdout", "/proc/self/fd/1" },
	{ "stderr", "/proc/self/fd/2" },
};

static const struct {
	const char *name;
	u32 mode;
} directories[] = {
	{ "shm", S_ISVTX | 0777 },
	{ "pts", 0755 },
};

#define DISK_MODE (S_IFBLK | 0660)

static int add_node(struct dentry *root, const char *name, u32 mode, u64 rdev)
{
	struct dentry *d = dentry_lookup(root, name, strlen(name));
	int err;

	if (IS_ERR(d))
		return (int)PTR_ERR(d);
	err = root->inode->ops->mknod(root->inode, d, mode, rdev);
	dentry_put(d);
	return err;
}

static int add_link(struct dentry *root, const char *name, const char *to)
{
	struct dentry *d = dentry_lookup(root, name, strlen(name));
	int err;

	if (IS_ERR(d))
		return (int)PTR_ERR(d);
	err = root->inode->ops->symlink(root->inode, d, to);
	dentry_put(d);
	return err;
}

static int add_directory(struct dentry *root, const char *name, u32 mode)
{
	struct dentry *d = dentry_lookup(root, name, strlen(name));
	int err;

	if (IS_ERR(d))
		return (int)PTR_ERR(d);
	err = root->inode->ops->mkdir(root->inode, d, S_IFDIR | mode);
	dentry_put(d);
	return err;
}

static int populate(struct dentry *root)
{
	struct blkdev *disk;
	struct chrdev *dev;
	int err = 0;

	root->inode->mode = S_IFDIR | 0755;
	for (u32 i = 0; !err && (dev = chrdev_at(i)); i++)
		err = add_node(root, dev->name, S_IFCHR | dev->mode, dev->rdev);
	for (u32 i = 0; !err && (disk = blkdev_at(i)); i++)
		err = add_node(root, disk->name, DISK_MODE, disk->rdev);
	if (!err)
		err = add_node(root, "ptmx", S_IFCHR | 0666, PTMX_RDEV);
	for (u32 i = 0; !err && i < ARRAY_SIZE(links); i++)
		err = add_link(root, links[i].name, links[i].to);
	for (u32 i = 0; !err && i < ARRAY_SIZE(directories); i++)
		err = add_directory(root, directories[i].name,
				    directories[i].mode);
	return err;
}

static struct super_block *devfs_mount(const char *source, const char *options)
{
	struct super_block *sb = ramfs_create("devtmpfs", options, false);
	int err;

	(void)source;
	if (IS_ERR(sb))
		return sb;
	err = populate(sb->root);
	if (err) {
		super_put(sb);
		return ERR_PTR(err);
	}
	return sb;
}

void devfs_init(void)
{
	static const struct fs_type type = { .name = "devtmpfs", .mount = devfs_mount };

	fs_register(&type);
}
