/*
 * Inodes, super blocks and file-system types: life times and time stamps.
 *
 * Does not own contents (the file system), names (dentry.c) or rights (perm.c).
 * Invariant: an inode lives as long as something refers to it, whatever its
 * link count; the file system frees contents in evict, once.
 */
#include <linux/magic.h>
#include <linux/mount.h>
#include <linux/stat.h>

#include "fs/lease.h"
#include "fs/locks.h"
#include "fs/notify.h"
#include "fs/vfs_internal.h"
#include "fs/xattr.h"
#include "hal/hal.h"
#include "lib/bug.h"
#include "lib/err.h"
#include "lib/string.h"
#include "mm/slab.h"
#include "proc/task.h"

#define FS_TYPES_MAX 16
#define DAY_SECONDS (24 * 3600)

static const struct fs_type *fs_types[FS_TYPES_MAX];
static u32 fs_type_count;
static u32 super_next_minor;
static struct super_block anon_super;
static struct inode anon_inode;

struct timespec64 inode_now(void)
{
	u64 now = clock_stamp_ns();

	return (struct timespec64){ (s64)(now / NS_PER_SEC), (s64)(now % NS_PER_SEC) };
}

void inode_touch(struct inode *inode, bool a, bool m, bool c)
{
	struct timespec64 now = inode_now();

	if (inode->sb->whole_seconds)
		now.nsec = 0;
	if (a)
		inode->atime = now;
	if (m)
		inode->mtime = now;
	if (c)
		inode->ctime = now;
}

static bool time_after(const struct timespec64 *a, const struct timespec64 *b)
{
	return a->sec > b->sec || (a->sec == b->sec && a->nsec > b->nsec);
}

void inode_accessed(struct inode *inode, const struct mount *mnt)
{
	if (mnt && mnt->flags & (MS_NOATIME | MS_RDONLY))
		return;
	if (mnt && mnt->flags & MS_NODIRATIME && S_ISDIR(inode->mode))
		return;
	/* relatime, as mount(8): only what has changed since the last access,
	 * or was last accessed a day ago. */
	if (!(mnt && mnt->flags & MS_STRICTATIME) &&
	    time_after(&inode->atime, &inode->mtime) &&
	    time_after(&inode->atime, &inode->ctime) &&
	    inode_now().sec - inode->atime.sec < DAY_SECONDS)
		return;
	inode_touch(inode, true, false, false);
}

struct inode *inode_create(struct super_block *sb, u32 mode)
{
	struct inode *inode = kzalloc(sizeof(*inode));
	const struct task *t = current_task();

	if (!inode)
		return NULL;
	inode->refs = 1;
	inode->sb = sb;
	inode->mode = mode;
	inode->nlink = S_ISDIR(mode) ? 2 : 1;
	inode->ino = ++sb->next_ino;
	if (t) {
		inode->uid = t->cred.fsuid;
		inode->gid = t->cred.fsgid;
	}
	inode_touch(inode, true, true, true);
	return inode;
}

void inode_get(struct inode *inode)
{
	inode->refs++;
}

void inode_put(struct inode *inode)
{
	BUG_ON(inode->refs == 0);
	if (--inode->refs > 0)
		return;
	if (inode->ops && inode->ops->evict)
		inode->ops->evict(inode);
	locks_free(inode);
	lease_free(inode);
	xattr_free(inode);
	kfree(inode);
}

/* --- super blocks ---------------------------------------------------------------- */

static void super_setup(struct super_block *sb, const char *fstype, u64 magic)
{
	sb->fstype = fstype;
	sb->magic = magic;
	sb->dev = ++super_next_minor; /* major 0: no device, as Linux */
	sb->refs = 1;
}

struct super_block *super_create(const char *fstype, u64 magic)
{
	struct super_block *sb = kzalloc(sizeof(*sb));

	if (sb)
		super_setup(sb, fstype, magic);
	return sb;
}

u64 super_dev(const struct super_block *sb)
{
	if (sb->device)
		return sb->device;
	return (sb->dev & 0xff) | (sb->dev & ~0xffULL) << 12;
}

void super_usage(struct super_block *sb, struct fs_usage *u)
{
	*u = (struct fs_usage){ .block_bytes = PAGE_SIZE };
	if (sb->ops && sb->ops->statfs)
		sb->ops->statfs(sb, u);
}

void super_put(struct super_block *sb)
{
	if (--sb->refs > 0)
		return;
	notify_unmount(sb);
	if (sb->root) {
		dentry_shrink(UINT64_MAX, sb);
		dentry_drop_tree(sb->root);
		dentry_put(sb->root);
	}
	if (sb->ops && sb->ops->kill)
		sb->ops->kill(sb);
	kfree(sb);
}

struct super_block *vfs_anon_super(void)
{
	if (anon_super.refs == 0)
		super_setup(&anon_super, "anon", ANON_INODE_FS_MAGIC);
	return &anon_super;
}

struct inode *vfs_anon_inode(void)
{
	struct inode *inode = &anon_inode;

	if (inode->refs == 0) {
		inode->refs = 1; /* for good */
		inode->sb = vfs_anon_super();
		inode->mode = 0600;
		inode->nlink = 1;
		inode->ino = ++inode->sb->next_ino;
		inode_touch(inode, true, true, true);
	}
	return inode;
}

/* --- types ----------------------------------------------------------------------- */

void fs_register(const struct fs_type *type)
{
	BUG_ON(fs_type_count == FS_TYPES_MAX);
	fs_types[fs_type_count++] = type;
}

const struct fs_type *fs_find_type(const char *name)
{
	for (u32 i = 0; i < fs_type_count; i++) {
		if (strcmp(fs_types[i]->name, name) == 0)
			return fs_types[i];
	}
	return NULL;
}

const struct fs_type *fs_type_at(u32 index)
{
	return index < fs_type_count ? fs_types[index] : NULL;
}
