/*
 * devpts: the names of pseudo terminals (Documentation/filesystems/devpts.rst).
 * Every mount is an instance of its own, with its own numbers and its own ptmx.
 *
 * Owns numbers, nodes and their permissions; the pairs themselves are
 * dev/pty.c's.
 *
 * Invariants: a pair is in its instance's list, sorted by number, from the opening
 * of its master until both sides are closed, and holds a reference of the super
 * block so long; its node exists while the master is open.
 */
#include "fs/devpts.h"

#include <linux/fcntl.h>
#include <linux/magic.h>
#include <linux/stat.h>

#include "dev/pty.h"
#include "fs/chrdev_file.h"
#include "fs/mount_options.h"
#include "fs/pseudo.h"
#include "fs/vfs_internal.h"
#include "lib/err.h"
#include "lib/printf.h"
#include "lib/string.h"
#include "mm/slab.h"
#include "proc/task.h"

#define ROOT_INO 1u
#define PTMX_INO 2u
#define FIRST_SLAVE_INO 3u
#define DEFAULT_MODE 0600u

struct devpts {
	struct super_block *sb;
	struct list_head ptys; /* by owner_link */
	u32 uid, gid, mode, ptmx_mode, max;
	bool set_uid, set_gid;
};

static u32 pty_count;		/* of all instances */
static u32 pty_max = 4096;	/* NR_UNIX98_PTY_DEFAULT */

static struct devpts *devpts_of(const struct super_block *sb)
{
	return sb->private;
}

/* --- nodes ----------------------------------------------------------------------------- */

static const char *node_name(u32 index, char *buf, size_t size)
{
	ksnprintf(buf, size, "%u", index);
	return buf;
}

static struct pty *pty_find(struct devpts *pts, u32 index)
{
	struct pty *pty;

	list_for_each_entry(pty, &pts->ptys, owner_link)
		if (pty->index == index)
			return pty;
	return NULL;
}

static int slave_inode_open(struct inode *inode, struct file *f)
{
	struct pty *pty = pty_find(devpts_of(inode->sb), (u32)inode->ino - FIRST_SLAVE_INO);

	return pty ? chrdev_file_attach(f, &pty->slave.chr) : -EIO;
}

static const struct inode_ops slave_inode_ops = {
	.open = slave_inode_open,
};

static const struct inode_ops ptmx_inode_ops = { 0 };

static struct inode *node_create(struct super_block *sb, u64 ino, u32 mode, u64 rdev)
{
	struct inode *inode = inode_create(sb, S_IFCHR | mode);

	if (inode) {
		inode->ino = ino;
		inode->rdev = rdev;
	}
	return inode;
}

static int slave_add(struct pty *pty)
{
	struct devpts *pts = pty->owner;
	struct inode *inode;
	char name[12];

	inode = node_create(pts->sb, FIRST_SLAVE_INO + pty->index, pts->mode,
			    pty->slave.chr.rdev);
	if (!inode)
		return -ENOMEM;
	inode->ops = &slave_inode_ops;
	if (pts->set_uid)
		inode->uid = pts->uid;
	if (pts->set_gid)
		inode->gid = pts->gid;
	return dentry_add(pts->sb->root, node_name(pty->index, name, sizeof(name)),
			  inode) ? 0 : -ENOMEM;
}

static void slave_remove(struct pty *pty)
{
	struct devpts *pts = pty->owner;
	struct dentry *d;
	char name[12];

	node_name(pty->index, name, sizeof(name));
	d = dentry_lookup(pts->sb->root, name, strlen(name));
	if (IS_ERR(d))
		return;
	if (d->inode) {
		d->inode->nlink = 0;
		dentry_delete(d);
	}
	dentry_put(d);
}

static void pty_freed(struct pty *pty)
{
	struct devpts *pts = pty->owner;

	list_del(&pty->owner_link);
	pty_count--;
	super_put(pts->sb);
}

static const struct pty_owner_ops devpts_owner_ops = {
	.closed = slave_remove,
	.freed = pty_freed,
};

/* The lowest free number, and where in the list it belongs. */
static u32 number_find(struct devpts *pts, struct list_head **before)
{
	struct pty *pty;
	u32 index = 0;

	*before = &pts->ptys;
	list_for_each_entry(pty, &pts->ptys, owner_link) {
		if (pty->index != index) {
			*before = &pty->owner_link;
			break;
		}
		index++;
	}
	return index;
}

/* A new pair of the instance with its node, or ERR_PTR. */
static struct pty *pair_create(struct devpts *pts)
{
	struct list_head *before;
	struct pty *pty;
	u32 index = number_find(pts, &before);

	if (pty_count >= pty_max || index >= pts->max)
		return ERR_PTR(-ENOSPC);
	pty = pty_create(index);
	if (!pty)
		return ERR_PTR(-ENOMEM);
	pty->owner = pts;
	pty->owner_ops = &devpts_owner_ops;
	if (slave_add(pty)) {
		pty_destroy(pty);
		return ERR_PTR(-ENOMEM);
	}
	list_add_tail(&pty->owner_link, before);
	pty_count++;
	pts->sb->refs++;
	return pty;
}

/* --- opening ----------------------------------------------------------------------------- */

/* The devpts instance that a ptmx node belongs to: its root as a referenced path.
 * 0 or -ENODEV. */
static int instance_find(const struct file *f, struct path *root)
{
	struct dentry *d;

	root->mnt = f->mnt;
	root->dentry = f->dentry->parent;
	path_get(root);
	if (f->dentry->sb->magic != DEVPTS_SUPER_MAGIC) {
		d = dentry_lookup(root->dentry, "pts", 3);
		if (IS_ERR(d)) {
			path_put(root);
			return (int)PTR_ERR(d);
		}
		dentry_put(root->dentry);
		root->dentry = d;
		if (d->inode)
			mount_cross_down(root);
	}
	if (root->dentry->sb->magic == DEVPTS_SUPER_MAGIC &&
	    root->dentry == root->mnt->root)
		return 0;
	path_put(root);
	return -ENODEV;
}

int devpts_open_master(struct file *f)
{
	struct path root;
	struct pty *pty;
	int err;

	err = instance_find(f, &root);
	if (err)
		return err;
	pty = pair_create(devpts_of(root.dentry->sb));
	path_put(&root);
	if (IS_ERR(pty))
		return (int)PTR_ERR(pty);
	err = chrdev_file_attach(f, &pty->master);
	if (err) {
		slave_remove(pty);
		pty_freed(pty);
		pty_destroy(pty);
	}
	return err;
}

s64 devpts_open_peer(struct file *f, struct chrdev *dev, u32 flags)
{
	struct pty *pty = pty_of_master(dev);
	struct path path;
	struct dentry *d;
	struct file *slave;
	char name[12];
	int err;

	if (!pty)
		return dev->ops == &tty_ops ? -EIO : -ENOTTY;
	err = instance_find(f, &path);
	if (err)
		return err;
	node_name(pty->index, name, sizeof(name));
	d = dentry_lookup(path.dentry, name, strlen(name));
	if (IS_ERR(d) || !d->inode) {
		path_put(&path);
		if (IS_ERR(d))
			return PTR_ERR(d);
		dentry_put(d);
		return -EIO;
	}
	dentry_put(path.dentry);
	path.dentry = d;
	slave = file_open_path(&path, flags & (O_ACCMODE | O_NONBLOCK | O_NOCTTY));
	path_put(&path);
	if (IS_ERR(slave))
		return PTR_ERR(slave);
	return fd_install(slave, 0, flags & O_CLOEXEC);
}

/* --- mounting ---------------------------------------------------------------------------- */

static const struct inode_ops root_ops = {
	.lookup = dentry_lookup_none,
};

static int options_parse(struct devpts *pts, const char *text)
{
	struct mount_option opt;
	int err = 0;

	while (!err && mount_option_next(&text, &opt)) {
		if (mount_option_is(&opt, "uid")) {
			err = mount_option_u32(&opt, 10, UINT32_MAX, &pts->uid);
			pts->set_uid = true;
		} else if (mount_option_is(&opt, "gid")) {
			err = mount_option_u32(&opt, 10, UINT32_MAX, &pts->gid);
			pts->set_gid = true;
		} else if (mount_option_is(&opt, "mode")) {
			err = mount_option_u32(&opt, 8, UINT32_MAX, &pts->mode);
			pts->mode &= 07777;
		} else if (mount_option_is(&opt, "ptmxmode")) {
			err = mount_option_u32(&opt, 8, UINT32_MAX, &pts->ptmx_mode);
			pts->ptmx_mode &= 07777;
		} else if (mount_option_is(&opt, "max")) {
			err = mount_option_u32(&opt, 10, 1u << 20, &pts->max);
		} else if (!mount_option_is(&opt, "newinstance")) {
			err = -EINVAL;
		}
	}
	return err;
}

static void devpts_kill(struct super_block *sb)
{
	kfree(sb->private);
}

static const struct super_ops devpts_super_ops = {
	.kill = devpts_kill,
};

static int devpts_fill(struct super_block *sb, struct devpts *pts)
{
	struct inode *root = inode_create(sb, S_IFDIR | 0755), *ptmx;

	if (!root)
		return -ENOMEM;
	root->ino = ROOT_INO;
	root->ops = &root_ops;
	root->fops = &dentry_dir_fops;
	root->uid = root->gid = 0;
	if (!dentry_make_root(sb, root))
		return -ENOMEM;
	ptmx = node_create(sb, PTMX_INO, pts->ptmx_mode, PTMX_RDEV);
	if (!ptmx)
		return -ENOMEM;
	ptmx->ops = &ptmx_inode_ops;
	ptmx->uid = ptmx->gid = 0;
	return dentry_add(sb->root, "ptmx", ptmx) ? 0 : -ENOMEM;
}

static struct super_block *devpts_mount(const char *source, const char *options)
{
	struct devpts *pts = kzalloc(sizeof(*pts));
	struct super_block *sb;
	int err;

	(void)source;
	if (!pts)
		return ERR_PTR(-ENOMEM);
	list_init(&pts->ptys);
	pts->mode = DEFAULT_MODE;
	pts->max = UINT32_MAX;
	err = options_parse(pts, options);
	sb = err ? NULL : super_create("devpts", DEVPTS_SUPER_MAGIC);
	if (!sb) {
		kfree(pts);
		return ERR_PTR(err ? err : -ENOMEM);
	}
	sb->ops = &devpts_super_ops;
	sb->private = pts;
	pts->sb = sb;
	err = devpts_fill(sb, pts);
	if (err) {
		super_put(sb);
		return ERR_PTR(err);
	}
	return sb;
}

void devpts_init(void)
{
	static const struct fs_type type = { .name = "devpts", .mount = devpts_mount };

	fs_register(&type);
}
