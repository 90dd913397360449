/*
 * memfd_create(2): files of a tmpfs that is mounted nowhere. What the seals
 * forbid is refused where it happens (ramfs_file.c).
 */
#include "fs/memfd.h"

#include <linux/fcntl.h>
#include <linux/magic.h>
#include <linux/stat.h>

#include "fs/file_internal.h"
#include "fs/vfs_internal.h"
#include "lib/err.h"
#include "lib/printf.h"

#define SEALS_KNOWN                                                        \
	((u32)(F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE |  \
	       F_SEAL_FUTURE_WRITE))

static struct mount *memfd_mount; /* made at first use */

static int memfd_prepare(void)
{
	struct super_block *sb;

	if (memfd_mount)
		return 0;
	sb = ramfs_create("tmpfs", "", true);
	if (IS_ERR(sb))
		return (int)PTR_ERR(sb);
	sb->bytes_max = 0; /* as much as there is */
	memfd_mount = mount_kernel(sb, "memfd");
	return memfd_mount ? 0 : -ENOMEM;
}

struct file *memfd_file_create(const char *name, bool sealing)
{
	struct path path;
	struct inode *inode, *root;
	char shown[NAME_MAX_ + 1];
	struct file *f;
	int err = memfd_prepare();

	if (err)
		return ERR_PTR(err);
	root = memfd_mount->root->inode;
	inode = root->ops->tmpfile(root, 0777);
	if (IS_ERR(inode))
		return ERR_PTR(PTR_ERR(inode));
	inode->seals = sealing ? 0 : F_SEAL_SEAL;
	ksnprintf(shown, sizeof(shown), "memfd:%s", name);
	path.mnt = memfd_mount;
	path.dentry = dentry_alloc_unlinked(memfd_mount->root, shown, inode);
	if (!path.dentry) {
		inode_put(inode);
		return ERR_PTR(-ENOMEM);
	}
	f = file_open_path(&path, O_RDWR | O_LARGEFILE);
	dentry_put(path.dentry);
	return f;
}

/* --- seals --------------------------------------------------------------------------- */

static bool has_seals(const struct file *f)
{
	return f->inode->sb->magic == TMPFS_MAGIC && S_ISREG(f->inode->mode);
}

s64 memfd_seals(const struct file *f)
{
	return has_seals(f) ? (s64)f->inode->seals : -EINVAL;
}

s64 memfd_add_seals(struct file *f, u32 seals)
{
	struct inode *inode = f->inode;

	if (!file_writable(f))
		return -EPERM;
	if (seals & ~SEALS_KNOWN || !has_seals(f))
		return -EINVAL;
	if (inode->seals & F_SEAL_SEAL)
		return -EPERM;
	if (seals & F_SEAL_WRITE && !(inode->seals & F_SEAL_WRITE) &&
	    inode->object->writable_count)
		return -EBUSY;
	inode->seals |= seals;
	return 0;
}
