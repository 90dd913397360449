/*
 * Who may do what to an inode: permission bits, capabilities, ownership of new
 * files. Read-only mounts are mount.c's (mount_want_write).
 *
 * Works on the current task's file-system ids, as credentials(7) and
 * path_resolution(7) have it.
 */
#include <linux/capability.h>
#include <linux/stat.h>

#include "fs/acl.h"
#include "fs/vfs_internal.h"
#include "fs/xattr.h"
#include "lib/err.h"
#include "proc/task.h"

#define MAY_EXEC 1u
#define MAY_WRITE 2u
#define MAY_READ 4u

static const struct cred *current_cred(void)
{
	return &current_task()->cred;
}

static bool in_group(const struct cred *cred, u32 gid)
{
	return cred->fsgid == gid || cred_in_group(cred, gid);
}

bool perm_in_group(u32 gid)
{
	return in_group(current_cred(), gid);
}

/* Does the file itself grant it? 0, -EACCES; what reading its list may say. */
static int granted(const struct inode *inode, const struct cred *cred, u32 mask)
{
	u32 bits = inode->mode;
	int err;

	if (inode->uid == cred->fsuid) {
		bits >>= 6;
	} else {
		/* a list, if there is one, grants its group class no more than the mode */
		err = bits & S_IRWXG && !(inode->acl_absent & ACL_NO_ACCESS) ?
			      acl_check(inode, mask & 7) :
			      1;
		if (err <= 0)
			return err;
		if (in_group(cred, inode->gid))
			bits >>= 3;
	}
	return mask & ~bits & 7 ? -EACCES : 0;
}

int inode_permission(const struct inode *inode, u32 mask)
{
	const struct cred *cred = current_cred();
	int err = granted(inode, cred, mask);

	if (mask & MAY_WRITE && inode->flags & INODE_IMMUTABLE)
		return -EPERM;
	if (err != -EACCES)
		return err;
	if (S_ISDIR(inode->mode)) {
		if (!(mask & MAY_WRITE) && cred_capable(cred, CAP_DAC_READ_SEARCH))
			return 0;
		return cred_capable(cred, CAP_DAC_OVERRIDE) ? 0 : -EACCES;
	}
	if (mask == MAY_READ && cred_capable(cred, CAP_DAC_READ_SEARCH))
		return 0;
	/* Even the super-user executes only what someone may execute. */
	if (mask & MAY_EXEC && !(inode->mode & 0111))
		return -EACCES;
	return cred_capable(cred, CAP_DAC_OVERRIDE) ? 0 : -EACCES;
}

bool inode_owner_or_capable(const struct inode *inode)
{
	const struct cred *cred = current_cred();

	return inode->uid == cred->fsuid || cred_capable(cred, CAP_FOWNER);
}

u32 mode_strip_sgid(const struct inode *dir, u32 mode)
{
	const struct cred *cred = current_cred();

	if ((mode & (S_ISGID | S_IXGRP)) != (S_ISGID | S_IXGRP) || S_ISDIR(mode) ||
	    !(dir->mode & S_ISGID) || in_group(cred, dir->gid) ||
	    cred_capable(cred, CAP_FSETID))
		return mode;
	return mode & ~(u32)S_ISGID;
}

void inode_init_owner(struct inode *inode, const struct inode *dir)
{
	const struct cred *cred = current_cred();

	inode->uid = cred->fsuid;
	inode->gid = cred->fsgid;
	if (!(dir->mode & S_ISGID))
		return;
	inode->gid = dir->gid;
	if (S_ISDIR(inode->mode))
		inode->mode |= S_ISGID;
	inode->mode = mode_strip_sgid(dir, inode->mode);
}

int dir_may_create(const struct inode *dir, const struct dentry *parent)
{
	if (parent->unlinked)
		return -ENOENT;
	return inode_permission(dir, MAY_WRITE | MAY_EXEC);
}

static bool sticky_forbids(const struct inode *dir, const struct inode *victim)
{
	const struct cred *cred = current_cred();

	return dir->mode & S_ISVTX && victim->uid != cred->fsuid &&
	       dir->uid != cred->fsuid && !cred_capable(cred, CAP_FOWNER);
}

int dir_may_delete(const struct dentry *parent, const struct dentry *victim,
		   bool is_dir)
{
	int err;

	if (!victim->inode)
		return -ENOENT;
	err = inode_permission(parent->inode, MAY_WRITE | MAY_EXEC);
	if (err)
		return err;
	if (sticky_forbids(parent->inode, victim->inode))
		return -EPERM;
	if (is_dir && !S_ISDIR(victim->inode->mode))
		return -ENOTDIR;
	if (!is_dir && S_ISDIR(victim->inode->mode))
		return -EISDIR;
	return parent->unlinked ? -ENOENT : 0;
}

void inode_drop_privileges(struct inode *inode)
{
	u32 drop = inode->mode & S_ISUID;

	xattr_drop_caps(inode);
	/* Without group execution the bit means mandatory locking, not power. */
	if (inode->mode & S_IXGRP)
		drop |= inode->mode & S_ISGID;
	if (!drop || !S_ISREG(inode->mode) || capable(CAP_FSETID))
		return;
	inode->mode &= ~drop;
	inode_touch(inode, false, false, true);
}
