/* Extended attributes (xattr(7)): who may do what, and those that are kept in memory.
 * A file system that has any says how by its super block's xattr_ops. */
#ifndef FS_XATTR_H
#define FS_XATTR_H

#include "lib/types.h"

struct inode;

/* The names of a file, while they are collected. */
struct xattr_list {
	char *names;
	size_t size, used; /* size 0: only counted */
	bool all; /* the privileged ones too */
};

/* A file system's own part: rights have been checked. Errors as below. */
struct xattr_ops {
	/* the one of system that can be read beside access control lists, or NULL */
	const char *own;
	s64 (*get)(const struct inode *inode, const char *name, void *value, size_t size);
	/* value NULL: the attribute, if there is one, goes */
	int (*set)(struct inode *inode, const char *name, const void *value, size_t size,
		   u32 flags);
	/* xattr_list_add for each name; 0 or -errno */
	int (*list)(const struct inode *inode, struct xattr_list *list);
};

/* Of files that are in memory only. */
extern const struct xattr_ops xattr_memory_ops;

/* One more name, prefix and rest, without NULs. 0 or -ERANGE. */
int xattr_list_add(struct xattr_list *list, const char *prefix, const char *name,
		   size_t name_len);

/* name: NUL-terminated; the current task's rights are checked. */

/* The value's length, at most size bytes of it into value (size 0: only asked).
 * -ENODATA, -ERANGE (longer than size), -EACCES, -EOPNOTSUPP. */
s64 xattr_get(const struct inode *inode, const char *name, void *value, size_t size);
/* flags: XATTR_CREATE, XATTR_REPLACE. 0, -EEXIST, -ENODATA, -EPERM, -EACCES,
 * -ENOSPC, -EOPNOTSUPP. */
int xattr_set(struct inode *inode, const char *name, const void *value, size_t size,
	      u32 flags);
int xattr_remove(struct inode *inode, const char *name);
/* All names with their NULs, as xattr_get. */
s64 xattr_list(const struct inode *inode, char *names, size_t size);
/* security.capability, as execve sees it; not present: none, or one of another
 * machine's making. */
struct cred_file_caps;
void xattr_file_caps(const struct inode *inode, struct cred_file_caps *caps);
/* The file was written, or has a new owner: its capabilities are gone. */
void xattr_drop_caps(struct inode *inode);
/* The inode goes. */
void xattr_free(struct inode *inode);

#endif
