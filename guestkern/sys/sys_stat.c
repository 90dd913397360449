/* Looking at files: the stat family, statfs, access, umask. What changes
 * attributes is in sys_attr.c. */
#include <asm/stat.h>
#include <asm/statfs.h>
#include <linux/fcntl.h>
#include <linux/mount.h>
#include <linux/stat.h>

#include "fs/vfs_internal.h"
#include "lib/err.h"
#include "lib/string.h"
#include "mm/slab.h"
#include "mm/uaccess.h"
#include "proc/task.h"
#include "sys/fs_target.h"
#include "sys/handlers.h"

#define ST_VALID 0x20 /* statfs(2): f_flags is filled in */
#define ST_NOSYMFOLLOW 0x2000
#define BLOCK_BYTES PAGE_SIZE

/* --- stat ------------------------------------------------------------------------------ */

static u32 dev_major(u64 dev)
{
	return (u32)(dev >> 8 & 0xfff);
}

static u32 dev_minor(u64 dev)
{
	return (u32)((dev & 0xff) | (dev >> 12 & 0xfff00));
}

static void inode_refresh(struct inode *inode)
{
	if (inode->ops && inode->ops->getattr)
		inode->ops->getattr(inode);
}

static s64 stat_put(struct inode *inode, uaddr_t to)
{
	struct stat st;

	inode_refresh(inode);
	memset(&st, 0, sizeof(st));
	st.st_dev = super_dev(inode->sb);
	st.st_ino = inode->ino;
	st.st_nlink = inode->nlink;
	st.st_mode = inode->mode;
	st.st_uid = inode->uid;
	st.st_gid = inode->gid;
	st.st_rdev = inode->rdev;
	st.st_size = (s64)inode->size;
	st.st_blksize = BLOCK_BYTES;
	st.st_blocks = (s64)inode->blocks;
	st.st_atime = (u64)inode->atime.sec;
	st.st_atime_nsec = (u64)inode->atime.nsec;
	st.st_mtime = (u64)inode->mtime.sec;
	st.st_mtime_nsec = (u64)inode->mtime.nsec;
	st.st_ctime = (u64)inode->ctime.sec;
	st.st_ctime_nsec = (u64)inode->ctime.nsec;
	return put_user(st, to);
}

static s64 stat_at(int dirfd, uaddr_t name, u32 at_flags, uaddr_t to)
{
	struct fs_target t;
	s64 ret;

	ret = fs_target_get(&t, dirfd, name, at_flags);
	if (ret)
		return ret;
	ret = stat_put(t.inode, to);
	fs_target_put(&t);
	return ret;
}

s64 sys_stat(const u64 arg[6])
{
	return stat_at(AT_FDCWD, arg[0], 0, arg[1]);
}

s64 sys_lstat(const u64 arg[6])
{
	return stat_at(AT_FDCWD, arg[0], AT_SYMLINK_NOFOLLOW, arg[1]);
}

s64 sys_fstat(const u64 arg[6])
{
	struct file *f = fd_get_path((int)arg[0]);
	s64 ret;

	if (!f)
		return -EBADF;
	ret = stat_put(f->inode, arg[1]);
	file_put(f);
	return ret;
}

s64 sys_newfstatat(const u64 arg[6])
{
	u32 flags = (u32)arg[3];

	if (flags & ~(u32)(AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_EMPTY_PATH))
		return -EINVAL;
	return stat_at((int)arg[0], arg[1], flags, arg[2]);
}

static struct statx_timestamp statx_time(const struct timespec64 *t)
{
	return (struct statx_timestamp){ .tv_sec = t->sec, .tv_nsec = (u32)t->nsec };
}

static s64 statx_put(const struct fs_target *t, uaddr_t to)
{
	struct inode *inode = t->inode;
	u64 dev = super_dev(inode->sb);
	struct statx sx;

	inode_refresh(inode);
	memset(&sx, 0, sizeof(sx));
	sx.stx_mask = STATX_BASIC_STATS;
	sx.stx_blksize = BLOCK_BYTES;
	sx.stx_nlink = inode->nlink;
	sx.stx_uid = inode->uid;
	sx.stx_gid = inode->gid;
	sx.stx_mode = (u16)inode->mode;
	sx.stx_ino = inode->ino;
	sx.stx_size = inode->size;
	sx.stx_blocks = inode->blocks;
	sx.stx_atime = statx_time(&inode->atime);
	sx.stx_mtime = statx_time(&inode->mtime);
	sx.stx_ctime = statx_time(&inode->ctime);
	sx.stx_rdev_major = dev_major(inode->rdev);
	sx.stx_rdev_minor = dev_minor(inode->rdev);
	sx.stx_dev_major = dev_major(dev);
	sx.stx_dev_minor = dev_minor(dev);
	if (t->path.mnt) {
		sx.stx_mask |= STATX_MNT_ID;
		sx.stx_mnt_id = t->path.mnt->id;
	}
	sx.stx_attributes_mask = STATX_ATTR_MOUNT_ROOT;
	if (t->path.mnt && t->path.dentry == t->path.mnt->root)
		sx.stx_attributes = STATX_ATTR_MOUNT_ROOT;
	return put_user(sx, to);
}

s64 sys_statx(const u64 arg[6])
{
	u32 flags = (u32)arg[2], mask = (u32)arg[3];
	struct fs_target t;
	s64 ret;

	if (mask & STATX__RESERVED ||
	    (flags & AT_STATX_SYNC_TYPE) == AT_STATX_SYNC_TYPE ||
	    flags & ~(u32)(AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_EMPTY_PATH |
			   AT_STATX_SYNC_TYPE))
		return -EINVAL;
	ret = fs_target_get(&t, (int)arg[0], arg[1], flags);
	if (ret)
		return ret;
	ret = statx_put(&t, arg[4]);
	fs_target_put(&t);
	return ret;
}

/* --- statfs ---------------------------------------------------------------------------- */

static s64 statfs_put(const struct fs_target *t, uaddr_t to)
{
	struct super_block *sb = t->inode->sb;
	struct fs_usage u;
	struct statfs sf;

	super_usage(sb, &u);
	memset(&sf, 0, sizeof(sf));
	sf.f_type = (s64)sb->magic;
	sf.f_bsize = (s64)u.block_bytes;
	sf.f_frsize = (s64)u.block_bytes;
	sf.f_blocks = (s64)u.blocks;
	sf.f_bfree = (s64)u.bfree;
	sf.f_bavail = (s64)(u.bfree - MIN(u.bfree, u.reserved));
	sf.f_files = (s64)u.files;
	sf.f_ffree = (s64)u.ffree;
	sf.f_fsid.val[0] = (int)(u.id ? u.id : sb->dev);
	sf.f_fsid.val[1] = (int)(u.id >> 32);
	sf.f_namelen = NAME_MAX_;
	/* ST_RDONLY, ST_NOSUID, … are the mount flags' numbers up to 8. */
	sf.f_flags = ST_VALID;
	if (t->path.mnt)
		sf.f_flags |= t->path.mnt->flags &
			      (MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC |
			       MS_NOATIME | MS_NODIRATIME);
	if (t->path.mnt && t->path.mnt->flags & MS_NOSYMFOLLOW)
		sf.f_flags |= ST_NOSYMFOLLOW;
	return put_user(sf, to);
}

s64 sys_statfs(const u64 arg[6])
{
	struct fs_target t;
	s64 ret;

	ret = fs_target_get(&t, AT_FDCWD, arg[0], 0);
	if (ret)
		return ret;
	ret = statfs_put(&t, arg[1]);
	fs_target_put(&t);
	return ret;
}

s64 sys_fstatfs(const u64 arg[6])
{
	struct fs_target t;
	s64 ret;

	ret = fs_target_get_fd(&t, (int)arg[0], true);
	if (ret)
		return ret;
	ret = statfs_put(&t, arg[1]);
	fs_target_put(&t);
	return ret;
}

/* --- access ------------------------------------------------------------------------------ */

/* Read-only mounts and executability as access(2) reports them. */
static int access_check(const struct fs_target *t, u32 mode)
{
	u32 type = t->inode->mode & S_IFMT;
	bool special = type == S_IFCHR || type == S_IFBLK || type == S_IFIFO ||
		       type == S_IFSOCK;
	int err;

	if (mode & 1 && type == S_IFREG && t->path.mnt && t->path.mnt->flags & MS_NOEXEC)
		return -EACCES;
	err = inode_permission(t->inode, mode);
	if (err || !(mode & 2) || special || !t->path.mnt)
		return err;
	return mount_want_write(t->path.mnt);
}

static s64 access_at(int dirfd, uaddr_t name, u32 mode, u32 flags)
{
	struct cred *cred = &current_task()->cred;
	u32 fsuid = cred->fsuid, fsgid = cred->fsgid;
	u64 effective = cred->cap_effective;
	struct fs_target t;
	s64 ret;

	if (mode & ~7u ||
	    flags & ~(u32)(AT_EACCESS | AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH))
		return -EINVAL;
	/* With the real ids, for the path too: access(2). */
	if (!(flags & AT_EACCESS)) {
		cred->fsuid = cred->uid;
		cred->fsgid = cred->gid;
		cred->cap_effective = cred->uid ? 0 : cred->cap_permitted;
	}
	ret = fs_target_get(&t, dirfd, name, flags & (AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH));
	if (!ret) {
		ret = mode ? access_check(&t, mode) : 0;
		fs_target_put(&t);
	}
	cred->fsuid = fsuid;
	cred->fsgid = fsgid;
	cred->cap_effective = effective;
	return ret;
}

s64 sys_access(const u64 arg[6])
{
	return access_at(AT_FDCWD, arg[0], (u32)arg[1], 0);
}

s64 sys_faccessat(const u64 arg[6])
{
	return access_at((int)arg[0], arg[1], (u32)arg[2], 0);
}

s64 sys_faccessat2(const u64 arg[6])
{
	return access_at((int)arg[0], arg[1], (u32)arg[2], (u32)arg[3]);
}

s64 sys_umask(const u64 arg[6])
{
	struct fs_context *fs = current_fs();
	u32 old = fs->umask;

	fs->umask = (u32)arg[0] & 0777;
	return old;
}
