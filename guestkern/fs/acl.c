/*
 * Access control lists: what they mean. Owns no state but inode->acl_absent; a list
 * is the value of an attribute (uapi/linux/posix_acl_xattr.h) and is read when it is
 * asked for.
 *
 * Invariant: owner's, other's and mask's (or, where there is none, group's) entries say
 * what the mode's bits say. A list that says no more than the mode is not kept.
 */
#include "fs/acl.h"

#include <linux/capability.h>
#include <linux/posix_acl.h>
#include <linux/posix_acl_xattr.h>
#include <linux/stat.h>
#include <linux/xattr.h>

#include "fs/vfs_internal.h"
#include "fs/xattr.h"
#include "lib/err.h"
#include "lib/string.h"
#include "mm/slab.h"
#include "proc/task.h"

struct acl {
	u32 count;
	u32 version; /* from here: the value of the attribute */
	struct posix_acl_xattr_entry entries[];
};

static const struct kind {
	const char *name;
	u32 absent;
} access_list = { XATTR_NAME_POSIX_ACL_ACCESS, ACL_NO_ACCESS },
  default_list = { XATTR_NAME_POSIX_ACL_DEFAULT, ACL_NO_DEFAULT };

bool acl_is_name(const char *name)
{
	return !strcmp(name, access_list.name) || !strcmp(name, default_list.name);
}

/* --- lists as values ------------------------------------------------------------------ */

static size_t value_bytes(const struct acl *acl)
{
	return sizeof(acl->version) + acl->count * sizeof(acl->entries[0]);
}

static struct acl *acl_alloc(size_t size)
{
	size_t head = sizeof(struct posix_acl_xattr_header);
	struct acl *acl;

	if (size < head || (size - head) % sizeof(acl->entries[0]))
		return ERR_PTR(-EINVAL);
	acl = kmalloc(offsetof(struct acl, version) + size);
	if (!acl)
		return ERR_PTR(-ENOMEM);
	acl->count = (u32)((size - head) / sizeof(acl->entries[0]));
	return acl;
}

static bool is_named(const struct posix_acl_xattr_entry *e)
{
	return e->e_tag == ACL_USER || e->e_tag == ACL_GROUP;
}

/* What a program gave; NULL: no entries. Tags are known ones afterwards. */
static struct acl *parse(const void *value, size_t size)
{
	struct acl *acl = size ? acl_alloc(size) : NULL;
	int err = 0;

	if (!acl || IS_ERR(acl))
		return acl;
	memcpy(&acl->version, value, size);
	if (acl->version != POSIX_ACL_XATTR_VERSION)
		err = -EOPNOTSUPP;
	for (u32 i = 0; i < acl->count && !err; i++) {
		struct posix_acl_xattr_entry *e = &acl->entries[i];
		u32 tags = ACL_USER_OBJ | ACL_USER | ACL_GROUP_OBJ | ACL_GROUP | ACL_MASK |
			   ACL_OTHER;

		if (!(e->e_tag & tags) || e->e_tag & (e->e_tag - 1u) ||
		    (is_named(e) && e->e_id == (u32)ACL_UNDEFINED_ID))
			err = -EINVAL;
		if (!is_named(e))
			e->e_id = (u32)ACL_UNDEFINED_ID;
	}
	if (!err && acl->count)
		return acl;
	kfree(acl);
	return ERR_PTR(err);
}

/* Entries in order, each once but the named; a mask where there are named ones. */
static bool is_valid(const struct acl *acl)
{
	u32 next = ACL_USER_OBJ;
	bool named = false;

	for (u32 i = 0; i < acl->count; i++) {
		u32 tag = acl->entries[i].e_tag;
		bool last = tag == ACL_OTHER && next == ACL_GROUP && !named;

		if (acl->entries[i].e_perm & ~7u)
			return false;
		if (is_named(&acl->entries[i])) {
			named = true;
			if (tag != next)
				return false;
			continue;
		}
		if (next == ACL_USER && tag == ACL_GROUP_OBJ)
			next = ACL_GROUP;
		else if (next == ACL_GROUP && tag == ACL_MASK)
			next = ACL_OTHER;
		else if (tag == ACL_USER_OBJ && next == tag)
			next = ACL_USER;
		else if ((tag == ACL_OTHER && next == tag) || last)
			next = 0;
		else
			return false;
	}
	return next == 0;
}

static struct posix_acl_xattr_entry *find(struct acl *acl, u32 tag)
{
	for (u32 i = 0; i < acl->count; i++) {
		if (acl->entries[i].e_tag == tag)
			return &acl->entries[i];
	}
	return NULL;
}

/* Whose rights the mode's group bits are. */
static struct posix_acl_xattr_entry *group_class(struct acl *acl)
{
	struct posix_acl_xattr_entry *mask = find(acl, ACL_MASK);

	return mask ? mask : find(acl, ACL_GROUP_OBJ);
}

static bool says_more_than_mode(const struct acl *acl)
{
	return acl->count > 3;
}

/* --- of a file ----------------------------------------------------------------------------- */

static void know_absent(const struct inode *inode, u32 absent)
{
	((struct inode *)(u64)inode)->acl_absent |= absent;
}

/* NULL: it has none. Kmalloc'd, or ERR_PTR. */
static struct acl *load(const struct inode *inode, const struct kind *kind)
{
	const struct xattr_ops *ops = inode->sb->xattr_ops;
	struct acl *acl;
	s64 size;

	if (!ops || inode->acl_absent & kind->absent)
		return NULL;
	size = ops->get(inode, kind->name, NULL, 0);
	if (size == -ENODATA || size == -EOPNOTSUPP) {
		know_absent(inode, kind->absent);
		return NULL;
	}
	if (size < 0)
		return ERR_PTR(size);
	acl = acl_alloc((size_t)size);
	if (IS_ERR(acl))
		return PTR_ERR(acl) == -EINVAL ? ERR_PTR(-EIO) : acl;
	size = ops->get(inode, kind->name, &acl->version, (size_t)size);
	if (size == (s64)value_bytes(acl) && acl->version == POSIX_ACL_XATTR_VERSION &&
	    is_valid(acl))
		return acl;
	kfree(acl);
	return ERR_PTR(-EIO);
}

static int store(struct inode *inode, const struct kind *kind, const struct acl *acl)
{
	const struct xattr_ops *ops = inode->sb->xattr_ops;
	int err;

	if (!acl && inode->acl_absent & kind->absent)
		return 0;
	err = ops->set(inode, kind->name, acl ? &acl->version : NULL,
		       acl ? value_bytes(acl) : 0, 0);
	if (!acl)
		return err == -ENODATA ? 0 : err;
	if (!err)
		inode->acl_absent &= ~kind->absent;
	return err;
}

static int mode_changed(struct inode *inode, u32 mode)
{
	inode->mode = mode;
	inode_touch(inode, false, false, true);
	return inode->ops && inode->ops->setattr ? inode->ops->setattr(inode) : 0;
}

/* --- rights ------------------------------------------------------------------------------ */

/* acl(5), access check algorithm, but for the owner. */
static bool grants(struct acl *acl, const struct inode *inode, u32 want)
{
	const struct posix_acl_xattr_entry *mask = find(acl, ACL_MASK);
	u32 limit = mask ? mask->e_perm : 7;
	bool in_group = false;

	for (u32 i = 0; i < acl->count; i++) {
		const struct posix_acl_xattr_entry *e = &acl->entries[i];

		switch (e->e_tag) {
		case ACL_USER:
			if (e->e_id == current_task()->cred.fsuid)
				return (e->e_perm & limit & want) == want;
			break;
		case ACL_GROUP_OBJ:
		case ACL_GROUP:
			if (!perm_in_group(e->e_tag == ACL_GROUP ? e->e_id : inode->gid))
				break;
			if ((e->e_perm & limit & want) == want)
				return true;
			in_group = true;
			break;
		case ACL_OTHER:
			return !in_group && (e->e_perm & want) == want;
		default:
			break;
		}
	}
	return false;
}

int acl_check(const struct inode *inode, u32 mask)
{
	struct acl *acl = load(inode, &access_list);
	int err;

	if (!acl)
		return 1;
	if (IS_ERR(acl))
		return (int)PTR_ERR(acl);
	err = grants(acl, inode, mask) ? 0 : -EACCES;
	kfree(acl);
	return err;
}

/* --- changes ----------------------------------------------------------------------------- */

static int set_access(struct inode *inode, struct acl *acl)
{
	u32 mode = inode->mode & ~0777u;
	int err;

	if (!acl)
		return store(inode, &access_list, NULL);
	mode |= (u32)find(acl, ACL_USER_OBJ)->e_perm << 6 | (u32)group_class(acl)->e_perm << 3 |
		find(acl, ACL_OTHER)->e_perm;
	if (!perm_in_group(inode->gid) && !capable(CAP_FSETID))
		mode &= ~(u32)S_ISGID;
	err = store(inode, &access_list, says_more_than_mode(acl) ? acl : NULL);
	return err ? err : mode_changed(inode, mode);
}

static int set_checked(struct inode *inode, bool access, struct acl *acl)
{
	if (!access && !S_ISDIR(inode->mode))
		return acl ? -EACCES : 0;
	if (!inode_owner_or_capable(inode))
		return -EPERM;
	if (acl && !is_valid(acl))
		return -EINVAL;
	if (access)
		return set_access(inode, acl);
	inode_touch(inode, false, false, true);
	return store(inode, &default_list, acl);
}

int acl_set(struct inode *inode, const char *name, const void *value, size_t size)
{
	struct acl *acl;
	int err;

	if (S_ISLNK(inode->mode) || !inode->sb->xattr_ops)
		return -EOPNOTSUPP;
	acl = parse(value, size);
	if (IS_ERR(acl))
		return (int)PTR_ERR(acl);
	err = set_checked(inode, !strcmp(name, access_list.name), acl);
	kfree(acl);
	return err;
}

int acl_follow_mode(struct inode *inode)
{
	struct acl *acl = load(inode, &access_list);
	int err;

	if (!acl || IS_ERR(acl))
		return acl ? (int)PTR_ERR(acl) : 0;
	find(acl, ACL_USER_OBJ)->e_perm = inode->mode >> 6 & 7;
	group_class(acl)->e_perm = inode->mode >> 3 & 7;
	find(acl, ACL_OTHER)->e_perm = inode->mode & 7;
	err = store(inode, &access_list, acl);
	kfree(acl);
	return err;
}

/* --- new files --------------------------------------------------------------------------- */

/* A directory's default list becomes a new file's: both it and mode grant what both
 * did. The mode. */
static u32 limit(struct acl *acl, u32 mode)
{
	struct posix_acl_xattr_entry *const classes[] = {
		find(acl, ACL_OTHER),
		group_class(acl),
		find(acl, ACL_USER_OBJ),
	};

	for (u32 i = 0; i < ARRAY_SIZE(classes); i++) {
		classes[i]->e_perm &= mode >> 3 * i & 7;
		mode &= ~(7u << 3 * i) | (u32)classes[i]->e_perm << 3 * i;
	}
	return mode;
}

u32 acl_new_mode(const struct inode *dir, u32 mode)
{
	struct acl *acl = load(dir, &default_list);

	mode = mode_strip_sgid(dir, mode);
	if (!acl || IS_ERR(acl))
		return mode & ~current_fs()->umask;
	mode = limit(acl, mode);
	kfree(acl);
	return mode;
}

void acl_inherit(const struct inode *dir, struct inode *inode, u32 mode)
{
	struct acl *acl = load(dir, &default_list);
	int err = 0;

	if (!acl || IS_ERR(acl))
		return;
	if (S_ISDIR(inode->mode))
		err = store(inode, &default_list, acl);
	limit(acl, mode);
	if (!err && says_more_than_mode(acl))
		err = store(inode, &access_list, acl);
	if (err)
		mode_changed(inode, inode->mode & ~0070u);
	kfree(acl);
}
