/*
 * hostfs: a place of the host in the guest's tree, from --bind. There is no type for
 * mount(2): what is shown is for the command line to say.
 */
#include <linux/mount.h>
#include <linux/fcntl.h>
#include <linux/stat.h>

#include "fs/hostfs.h"
#include "fs/pseudo.h"
#include "fs/ramfs_internal.h"
#include "fs/vfs_internal.h"
#include "hal/hal.h"
#include "lib/err.h"
#include "lib/string.h"
#include "mm/page.h"
#include "mm/slab.h"

/* Numbers of files that are in memory only, beyond those of the host's. */
#define FIRST_OWN_INO (1ULL << 48)
#define HOSTFS_MAGIC 0x00c0ffee /* of UML's hostfs, fs/hostfs/hostfs_kern.c of Linux */

static void host_statfs(struct super_block *sb, struct fs_usage *u)
{
	struct hostfs *fs = sb->private;
	struct hostfs_call call = { .rq = { .op = LODGER_BROKER_STATFS,
					    .handle = fs->root_handle } };
	u64 unit;

	if (fs->private) {
		u->blocks = page_total_count();
		u->bfree = ramfs_pages_allowed(sb);
		return;
	}
	if (hostfs_call(&call))
		return;
	unit = MIN(call.reply.value, (u64)1 << 20);
	u->blocks = call.reply.attr.size * unit / PAGE_SIZE;
	u->bfree = call.reply.attr.blocks * unit / PAGE_SIZE;
	u->files = call.reply.attr.ino;
	u->ffree = call.reply.attr.dev;
}

/* Writes what is only here; the host is not asked to make it last. */
static int flush_all(struct super_block *sb)
{
	struct hostfs *fs = sb->private;
	struct inode *inode;
	u64 key = 0;
	int err = 0;

	for (; (inode = (struct inode *)radix_next(&fs->inodes, &key)); key++) {
		int one;

		if (!S_ISREG(inode->mode) || !inode->nlink)
			continue;
		one = hostfs_flush(inode);
		err = err ? err : one;
	}
	return err;
}

static void write_back(struct super_block *sb)
{
	flush_all(sb);
	hostfs_close_now();
}

static int remount(struct super_block *sb, bool read_only)
{
	const struct hostfs *fs = sb->private;

	return fs->read_only && !read_only ? -EACCES : 0;
}

static void kill_super(struct super_block *sb)
{
	struct hostfs *fs = sb->private;

	hostfs_drop_kept(fs);
	radix_destroy(&fs->inodes);
	kfree(fs);
}

static const struct super_ops hostfs_super_ops = {
	.statfs = host_statfs,
	.sync = flush_all,
	.write_back = write_back,
	.shutdown = write_back,
	.revalidate = hostfs_revalidate,
	.remount = remount,
	.kill = kill_super,
};

static int make_root(struct super_block *sb)
{
	struct hostfs *fs = sb->private;
	struct hostfs_call call = { .rq = { .op = LODGER_BROKER_GETATTR,
					    .handle = fs->root_handle } };
	struct inode *inode;
	int err = hostfs_call(&call);

	if (err)
		return err;
	fs->dev = call.reply.attr.dev;
	inode = hostfs_iget(sb, &call.reply.attr, NULL, NULL);
	if (IS_ERR(inode))
		return (int)PTR_ERR(inode);
	hostfs_info_of(inode)->handle = fs->root_handle;
	hostfs_info_of(inode)->has_handle = true;
	return dentry_make_root(sb, inode) ? 0 : -ENOMEM;
}

struct super_block *hostfs_create(u32 handle, bool read_only, bool private)
{
	struct super_block *sb = super_create("hostfs", HOSTFS_MAGIC);
	struct hostfs *fs = sb ? kzalloc(sizeof(*fs)) : NULL;
	int err;

	if (!fs) {
		kfree(sb);
		return ERR_PTR(-ENOMEM);
	}
	fs->sb = sb;
	fs->root_handle = handle;
	fs->read_only = read_only;
	fs->private = private;
	list_init(&fs->kept);
	sb->next_ino = private ? FIRST_OWN_INO : 0;
	radix_init(&fs->inodes);
	sb->private = fs;
	sb->ops = &hostfs_super_ops;
	sb->keep_unused = true;
	sb->keep_absent = true;
	sb->xattr_ops = &hostfs_xattr_ops;
	page_set_reclaim(diskfile_reclaim, diskfile_cached_pages);
	err = make_root(sb);
	if (!err)
		return sb;
	super_put(sb);
	return ERR_PTR(err);
}

/* --- places of the command line ----------------------------------------------------------- */

/* What the place is to be mounted on, if it is not there. */
static int make_target(const char *name, bool is_file)
{
	char *parent, *slash;
	struct file *f;
	int err;

	if (!is_file) {
		err = vfs_mkdir_path(name, 0755);
		return err == -EEXIST ? 0 : err;
	}
	parent = kstrdup(name);
	if (!parent)
		return -ENOMEM;
	slash = strrchr(parent, '/');
	*slash = '\0';
	err = slash == parent ? 0 : vfs_mkdir_path(parent, 0755);
	kfree(parent);
	if (err && err != -EEXIST)
		return err;
	f = file_open(AT_FDCWD, name, O_WRONLY | O_CREAT, 0644, 0);
	if (IS_ERR(f))
		return (int)PTR_ERR(f);
	file_put(f);
	return 0;
}

int hostfs_mount(u32 handle, const char *target, bool is_file, bool read_only)
{
	struct super_block *sb;
	struct path path;
	int err = path_walk(AT_FDCWD, target, 0, &path);

	if (err == -ENOENT) {
		err = make_target(target, is_file);
		if (!err)
			err = path_walk(AT_FDCWD, target, 0, &path);
	}
	if (err)
		return err;
	sb = hostfs_create(handle, read_only, false);
	err = IS_ERR(sb) ? (int)PTR_ERR(sb) :
			   mount_super(sb, "hostfs", &path, read_only ? MS_RDONLY : 0);
	path_put(&path);
	return err;
}
