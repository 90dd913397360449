/*
 * Extended attributes: rights, and those kept in the kernel's memory. Owns the list
 * on inode->xattrs, newest first; an entry is one allocation, name and value behind
 * it.
 *
 * Who may do what is by name space (xattr(7)): user by the file's permissions and
 * on regular files and directories only, trusted and security for the privileged. Of
 * system there are access control lists, which are fs/acl.c's, and a file system's own.
 */
#include "fs/xattr.h"

#include <linux/capability.h>
#include <linux/stat.h>
#include <linux/xattr.h>

#include "fs/acl.h"
#include "fs/ramfs_internal.h"
#include "fs/vfs_internal.h"
#include "lib/err.h"
#include "lib/string.h"
#include "mm/slab.h"
#include "proc/cred.h"

#define MAY_WRITE 2u
#define MAY_READ 4u
/* As Linux on tmpfs: for one file. */
#define COUNT_MAX 128u
#define BYTES_MAX (128u << 10)

struct xattr {
	struct xattr *next;
	size_t name_len, size; /* name with its NUL, then the value */
};

static char *name_of(const struct xattr *x)
{
	return (char *)(x + 1);
}

static u8 *value_of(const struct xattr *x)
{
	return (u8 *)(x + 1) + x->name_len;
}

static bool has_prefix(const char *name, const char *prefix)
{
	return strncmp(name, prefix, strlen(prefix)) == 0;
}

/* Of security.capability: VFS_CAP_REVISION_2 and, with a root's uid behind, 3. */
static bool is_cap_data(const void *value, size_t size)
{
	u32 magic;

	if (size < sizeof(magic))
		return false;
	memcpy(&magic, value, sizeof(magic));
	magic &= VFS_CAP_REVISION_MASK;
	return (magic == VFS_CAP_REVISION_2 && size == XATTR_CAPS_SZ_2) ||
	       (magic == VFS_CAP_REVISION_3 && size == XATTR_CAPS_SZ_3);
}

/* May the current task? 0, -EPERM, -EACCES, -ENODATA, -EOPNOTSUPP. */
static int check(const struct inode *inode, const char *name, u32 mask)
{
	bool write = mask & MAY_WRITE;

	if (!inode->sb->xattr_ops)
		return -EOPNOTSUPP;
	if (strcmp(name, XATTR_NAME_CAPS) == 0)
		return write && !capable(CAP_SETFCAP) ? -EPERM : 0;
	if (has_prefix(name, XATTR_SECURITY_PREFIX))
		return write && !capable(CAP_SYS_ADMIN) ? -EPERM : 0;
	if (has_prefix(name, XATTR_TRUSTED_PREFIX)) {
		if (capable(CAP_SYS_ADMIN))
			return 0;
		return write ? -EPERM : -ENODATA;
	}
	if (acl_is_name(name))
		return S_ISLNK(inode->mode) ? -EOPNOTSUPP : 0;
	if (!write && inode->sb->xattr_ops->own && !strcmp(name, inode->sb->xattr_ops->own))
		return 0;
	if (!has_prefix(name, XATTR_USER_PREFIX))
		return -EOPNOTSUPP;
	if (!S_ISREG(inode->mode) && !S_ISDIR(inode->mode))
		return write ? -EPERM : -ENODATA;
	if (write && S_ISDIR(inode->mode) && inode->mode & S_ISVTX &&
	    !inode_owner_or_capable(inode))
		return -EPERM;
	if (!name[strlen(XATTR_USER_PREFIX)])
		return -EINVAL;
	return inode_permission(inode, mask);
}

/* The link that points to the attribute of that name, or to NULL at the end. */
static struct xattr **find(const struct inode *inode, const char *name)
{
	struct xattr **at = (struct xattr **)&((struct inode *)(u64)inode)->xattrs;

	while (*at && strcmp(name_of(*at), name) != 0)
		at = &(*at)->next;
	return at;
}

static s64 memory_get(const struct inode *inode, const char *name, void *value, size_t size)
{
	const struct xattr *x = *find(inode, name);

	if (!x)
		return -ENODATA;
	if (size && size < x->size)
		return -ERANGE;
	if (size)
		memcpy(value, value_of(x), x->size);
	return (s64)x->size;
}

/* For size bytes, in the place of old, which may be NULL? Less than before always. */
static bool has_room(const struct inode *inode, const struct xattr *old, size_t size)
{
	const struct xattr *x;
	size_t bytes = size;
	u32 count = 1;

	if (old && size <= old->size)
		return true;
	for (x = inode->xattrs; x; x = x->next) {
		bytes += x == old ? 0 : x->size;
		count += x == old ? 0 : 1;
	}
	return count <= COUNT_MAX && bytes <= BYTES_MAX && !ramfs_core_short();
}

static int memory_remove(struct xattr **at)
{
	struct xattr *x = *at;

	if (!x)
		return -ENODATA;
	*at = x->next;
	kfree(x);
	return 0;
}

static int memory_set(struct inode *inode, const char *name, const void *value, size_t size,
		      u32 flags)
{
	struct xattr **at = find(inode, name), *old = *at, *x;
	size_t name_len = strlen(name) + 1;

	if (!value)
		return memory_remove(at);
	if (old && flags & XATTR_CREATE)
		return -EEXIST;
	if (!old && flags & XATTR_REPLACE)
		return -ENODATA;
	if (!has_room(inode, old, size))
		return -ENOSPC;
	x = kmalloc(sizeof(*x) + name_len + size);
	if (!x)
		return -ENOSPC;
	x->name_len = name_len;
	x->size = size;
	memcpy(name_of(x), name, name_len);
	memcpy(value_of(x), value, size);
	x->next = old ? old->next : NULL;
	*at = x;
	kfree(old);
	return 0;
}

static int memory_list(const struct inode *inode, struct xattr_list *list)
{
	const struct xattr *x;
	int err = 0;

	for (x = inode->xattrs; x && !err; x = x->next)
		err = xattr_list_add(list, "", name_of(x), x->name_len - 1);
	return err;
}

const struct xattr_ops xattr_memory_ops = {
	.get = memory_get,
	.set = memory_set,
	.list = memory_list,
};

/* --- of any file system ------------------------------------------------------------- */

s64 xattr_get(const struct inode *inode, const char *name, void *value, size_t size)
{
	int err = check(inode, name, MAY_READ);

	return err ? err : inode->sb->xattr_ops->get(inode, name, value, size);
}

static int set(struct inode *inode, const char *name, const void *value, size_t size,
	       u32 flags)
{
	int err = check(inode, name, MAY_WRITE);

	if (!err)
		err = inode->sb->xattr_ops->set(inode, name, value, size, flags);
	if (!err)
		inode_touch(inode, false, false, true);
	return err;
}

int xattr_set(struct inode *inode, const char *name, const void *value, size_t size,
	      u32 flags)
{
	int err;

	if (acl_is_name(name))
		return acl_set(inode, name, value, size);
	if (strcmp(name, XATTR_NAME_CAPS) == 0 && !is_cap_data(value, size)) {
		err = check(inode, name, MAY_WRITE);
		return err ? err : -EINVAL;
	}
	return set(inode, name, value, size, flags);
}

int xattr_remove(struct inode *inode, const char *name)
{
	if (acl_is_name(name))
		return acl_set(inode, name, NULL, 0);
	return set(inode, name, NULL, 0, 0);
}

int xattr_list_add(struct xattr_list *list, const char *prefix, const char *name,
		   size_t name_len)
{
	size_t prefix_len = strlen(prefix), len = prefix_len + name_len + 1;
	char *to = list->names + list->used;

	if (!list->all && has_prefix(*prefix ? prefix : name, XATTR_TRUSTED_PREFIX))
		return 0;
	if (list->size && list->used + len > list->size)
		return -ERANGE;
	list->used += len;
	if (!list->size)
		return 0;
	memcpy(to, prefix, prefix_len);
	memcpy(to + prefix_len, name, name_len);
	to[len - 1] = '\0';
	return 0;
}

s64 xattr_list(const struct inode *inode, char *names, size_t size)
{
	struct xattr_list list = { names, size, 0, capable(CAP_SYS_ADMIN) };
	int err = inode->sb->xattr_ops ? inode->sb->xattr_ops->list(inode, &list) : 0;

	return err ? err : (s64)list.used;
}

void xattr_file_caps(const struct inode *inode, struct cred_file_caps *caps)
{
	const struct xattr_ops *ops = inode->sb->xattr_ops;
	struct vfs_ns_cap_data data;

	*caps = (struct cred_file_caps){ .present = false };
	memset(&data, 0, sizeof(data));
	if (!ops || ops->get(inode, XATTR_NAME_CAPS, &data, sizeof(data)) < 0)
		return;
	if (data.rootid)
		return; /* another user name space's */
	caps->present = true;
	caps->effective = data.magic_etc & VFS_CAP_FLAGS_EFFECTIVE;
	caps->permitted = data.data[0].permitted | (u64)data.data[1].permitted << 32;
	caps->inheritable = data.data[0].inheritable |
			    (u64)data.data[1].inheritable << 32;
	caps->permitted &= cred_cap_all();
	caps->inheritable &= cred_cap_all();
}

void xattr_drop_caps(struct inode *inode)
{
	const struct xattr_ops *ops = inode->sb->xattr_ops;

	if (ops && ops->get(inode, XATTR_NAME_CAPS, NULL, 0) >= 0)
		ops->set(inode, XATTR_NAME_CAPS, NULL, 0, 0);
}

void xattr_free(struct inode *inode)
{
	struct xattr *x;

	while ((x = inode->xattrs)) {
		inode->xattrs = x->next;
		kfree(x);
	}
}
