/* Extended attributes in memory (xattr(7)): of tmpfs and ramfs, whose super blocks
 * say so (has_xattr). */
#ifndef FS_XATTR_H
#define FS_XATTR_H

#include "lib/types.h"

struct inode;

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
/* The inode goes. */
void xattr_free(struct inode *inode);

#endif
