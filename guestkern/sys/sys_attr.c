/* Changing attributes: mode, owner, time stamps. */
#include <linux/capability.h>
#include <linux/fcntl.h>
#include <linux/inotify.h>
#include <linux/stat.h>
#include <linux/time_types.h>

#include "fs/acl.h"
#include "fs/notify.h"
#include "fs/vfs_internal.h"
#include "fs/xattr.h"
#include "lib/err.h"
#include "mm/uaccess.h"
#include "proc/task.h"
#include "sys/fs_target.h"
#include "sys/handlers.h"

#define MAY_WRITE 2u
#define UTIME_NOW 0x3fffffffL /* utimensat(2); not in a UAPI header */
#define UTIME_OMIT 0x3ffffffeL
#define ID_KEEP ((u32)-1)

/* event: what inotify tells. */
static int attr_done(const struct fs_target *t, u32 event)
{
	struct inode *inode = t->inode;

	if (t->path.dentry)
		notify_dentry(t->path.dentry, event);
	return inode->ops && inode->ops->setattr ? inode->ops->setattr(inode) : 0;
}

/* --- mode ----------------------------------------------------------------------------- */

static int target_chmod(const struct fs_target *t, u32 mode)
{
	struct inode *inode = t->inode;
	const struct cred *cred = &current_task()->cred;
	int err;

	err = mount_want_write(t->path.mnt);
	if (err)
		return err;
	if (!inode_owner_or_capable(inode))
		return -EPERM;
	if (S_ISLNK(inode->mode))
		return -EOPNOTSUPP;
	mode &= 07777;
	if (cred->fsgid != inode->gid && !cred_in_group(cred, inode->gid) &&
	    !cred_capable(cred, CAP_FSETID))
		mode &= ~(u32)S_ISGID;
	inode->mode = (inode->mode & S_IFMT) | mode;
	inode_touch(inode, false, false, true);
	err = acl_follow_mode(inode);
	return err ? err : attr_done(t, IN_ATTRIB);
}

static s64 chmod_at(int dirfd, uaddr_t name, u32 mode)
{
	struct fs_target t;
	int err;

	err = fs_target_get(&t, dirfd, name, 0);
	if (err)
		return err;
	err = target_chmod(&t, mode);
	fs_target_put(&t);
	return err;
}

s64 sys_chmod(const u64 arg[6])
{
	return chmod_at(AT_FDCWD, arg[0], (u32)arg[1]);
}

s64 sys_fchmodat(const u64 arg[6])
{
	return chmod_at((int)arg[0], arg[1], (u32)arg[2]);
}

s64 sys_fchmod(const u64 arg[6])
{
	struct fs_target t;
	int err;

	err = fs_target_get_fd(&t, (int)arg[0], false);
	if (err)
		return err;
	err = target_chmod(&t, (u32)arg[1]);
	fs_target_put(&t);
	return err;
}

/* --- owner ----------------------------------------------------------------------------- */

/* chown(2): only the privileged give files away; owners choose among their
 * groups. */
static bool chown_allowed(const struct inode *inode, u32 uid, u32 gid)
{
	const struct cred *cred = &current_task()->cred;
	bool owner = inode->uid == cred->fsuid;

	if (cred_capable(cred, CAP_CHOWN))
		return true;
	if (uid != ID_KEEP && !(owner && uid == inode->uid))
		return false;
	return gid == ID_KEEP ||
	       (owner && (gid == inode->gid || gid == cred->fsgid || cred_in_group(cred, gid)));
}

static int target_chown(const struct fs_target *t, u32 uid, u32 gid)
{
	struct inode *inode = t->inode;
	int err;

	err = mount_want_write(t->path.mnt);
	if (err)
		return err;
	if (!chown_allowed(inode, uid, gid))
		return -EPERM;
	xattr_drop_caps(inode);
	/* Powers given by the old owner do not pass to the new one. */
	if (!S_ISDIR(inode->mode)) {
		inode->mode &= ~(u32)S_ISUID;
		if (inode->mode & S_IXGRP)
			inode->mode &= ~(u32)S_ISGID;
	}
	if (uid != ID_KEEP)
		inode->uid = uid;
	if (gid != ID_KEEP)
		inode->gid = gid;
	inode_touch(inode, false, false, true);
	return attr_done(t, IN_ATTRIB);
}

static s64 chown_at(int dirfd, uaddr_t name, u64 uid, u64 gid, u32 at_flags)
{
	struct fs_target t;
	int err;

	err = fs_target_get(&t, dirfd, name, at_flags);
	if (err)
		return err;
	err = target_chown(&t, (u32)uid, (u32)gid);
	fs_target_put(&t);
	return err;
}

s64 sys_chown(const u64 arg[6])
{
	return chown_at(AT_FDCWD, arg[0], arg[1], arg[2], 0);
}

s64 sys_lchown(const u64 arg[6])
{
	return chown_at(AT_FDCWD, arg[0], arg[1], arg[2], AT_SYMLINK_NOFOLLOW);
}

s64 sys_fchownat(const u64 arg[6])
{
	u32 flags = (u32)arg[4];

	if (flags & ~(u32)(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH))
		return -EINVAL;
	return chown_at((int)arg[0], arg[1], arg[2], arg[3], flags);
}

s64 sys_fchown(const u64 arg[6])
{
	struct fs_target t;
	int err;

	err = fs_target_get_fd(&t, (int)arg[0], false);
	if (err)
		return err;
	err = target_chown(&t, (u32)arg[1], (u32)arg[2]);
	fs_target_put(&t);
	return err;
}

/* --- times ------------------------------------------------------------------------------ */

/* Access and modification time; nsec may be UTIME_NOW or UTIME_OMIT. */
struct new_times {
	struct timespec64 a, m;
};

static const struct new_times times_now = { { 0, UTIME_NOW }, { 0, UTIME_NOW } };

static void time_set(struct timespec64 *to, const struct timespec64 *from,
		     const struct timespec64 *now)
{
	if (from->nsec == UTIME_OMIT)
		return;
	*to = from->nsec == UTIME_NOW ? *now : *from;
}

static int times_permitted(const struct inode *inode, const struct new_times *times)
{
	if (inode_owner_or_capable(inode))
		return 0;
	/* "Now" is what a writer could cause anyway. */
	if (times->a.nsec == UTIME_NOW && times->m.nsec == UTIME_NOW)
		return inode_permission(inode, MAY_WRITE);
	return -EPERM;
}

/* One of the times alone looks like the access that sets it. */
static u32 times_event(const struct new_times *times)
{
	if (times->a.nsec != UTIME_OMIT && times->m.nsec != UTIME_OMIT)
		return IN_ATTRIB;
	return times->a.nsec != UTIME_OMIT ? IN_ACCESS : IN_MODIFY;
}

static int target_utimes(const struct fs_target *t, const struct new_times *times)
{
	struct inode *inode = t->inode;
	struct timespec64 now = inode_now();
	int err;

	err = mount_want_write(t->path.mnt);
	if (!err)
		err = times_permitted(inode, times);
	if (err)
		return err;
	time_set(&inode->atime, &times->a, &now);
	time_set(&inode->mtime, &times->m, &now);
	inode->ctime = now;
	return attr_done(t, times_event(times));
}

static s64 utimes_at(int dirfd, uaddr_t name, const struct new_times *times, u32 at_flags)
{
	struct fs_target t;
	int err;

	/* Without a name: the descriptor (utimensat(2), futimens(3)). */
	if (!name && dirfd != AT_FDCWD)
		err = at_flags ? -EINVAL : fs_target_get_fd(&t, dirfd, false);
	else
		err = fs_target_get(&t, dirfd, name, at_flags);
	if (err)
		return err;
	err = target_utimes(&t, times);
	fs_target_put(&t);
	return err;
}

static bool nsec_valid(s64 nsec)
{
	return nsec == UTIME_NOW || nsec == UTIME_OMIT || (nsec >= 0 && nsec < (s64)NS_PER_SEC);
}

s64 sys_utimensat(const u64 arg[6])
{
	struct __kernel_timespec ts[2];
	struct new_times times = times_now;
	u32 flags = (u32)arg[3];

	if (arg[2]) {
		if (copy_from_user(ts, arg[2], sizeof(ts)))
			return -EFAULT;
		times.a = (struct timespec64){ ts[0].tv_sec, ts[0].tv_nsec };
		times.m = (struct timespec64){ ts[1].tv_sec, ts[1].tv_nsec };
		/* Linux does not even look at the path. */
		if (times.a.nsec == UTIME_OMIT && times.m.nsec == UTIME_OMIT)
			return 0;
		if (!nsec_valid(times.a.nsec) || !nsec_valid(times.m.nsec))
			return -EINVAL;
	}
	if (flags & ~(u32)(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH))
		return -EINVAL;
	return utimes_at((int)arg[0], arg[1], &times, flags);
}

/* The older calls' microseconds, at addr; 0: now. */
static s64 utimes_old(int dirfd, uaddr_t name, uaddr_t addr)
{
	struct { s64 sec, usec; } tv[2]; /* struct timeval */
	struct new_times times = times_now;

	if (addr) {
		if (copy_from_user(tv, addr, sizeof(tv)))
			return -EFAULT;
		for (int i = 0; i < 2; i++) {
			if (tv[i].usec < 0 || tv[i].usec >= 1000000)
				return -EINVAL;
		}
		times.a = (struct timespec64){ tv[0].sec, tv[0].usec * 1000 };
		times.m = (struct timespec64){ tv[1].sec, tv[1].usec * 1000 };
	}
	return utimes_at(dirfd, name, &times, 0);
}

s64 sys_utimes(const u64 arg[6])
{
	return utimes_old(AT_FDCWD, arg[0], arg[1]);
}

s64 sys_futimesat(const u64 arg[6])
{
	return utimes_old((int)arg[0], arg[1], arg[2]);
}

s64 sys_utime(const u64 arg[6])
{
	struct { s64 actime, modtime; } buf; /* struct utimbuf */
	struct new_times times = times_now;

	if (arg[1]) {
		if (get_user(buf, arg[1]))
			return -EFAULT;
		times.a = (struct timespec64){ buf.actime, 0 };
		times.m = (struct timespec64){ buf.modtime, 0 };
	}
	return utimes_at(AT_FDCWD, arg[0], &times, 0);
}
