/* Access control lists of files (acl(5)), kept as the attributes system.posix_acl_access
 * and system.posix_acl_default in whatever file system has attributes. */
#ifndef FS_ACL_H
#define FS_ACL_H

#include "lib/types.h"

struct inode;

/* What inode->acl_absent says: looked for, and not there. */
#define ACL_NO_ACCESS 1u
#define ACL_NO_DEFAULT 2u

/* Is it the name of an attribute that holds a list? */
bool acl_is_name(const char *name);

/* mask: read 4, write 2, execute 1, asked for by somebody who is not the owner. 1: the
 * file has no list, its mode decides; 0: granted; -EACCES; -ENOMEM, -EIO. May sleep. */
int acl_check(const struct inode *inode, u32 mask);

/* setxattr of such a name, by the current task; size 0: the list goes. 0, -EOPNOTSUPP,
 * -EINVAL, -EACCES, -EPERM, -ENOSPC, -ENOMEM. May sleep. */
int acl_set(struct inode *inode, const char *name, const void *value, size_t size);

/* The mode has been changed: the list follows. As acl_set. */
int acl_follow_mode(struct inode *inode);

/* Permissions of a file that is made in dir with mode: less the umask, or by the
 * directory's default list. */
u32 acl_new_mode(const struct inode *dir, u32 mode);
/* The file has been made: gives it what dir has for it. mode: as asked for. Where there
 * is no room for the list its group, which is its mask, has no rights. */
void acl_inherit(const struct inode *dir, struct inode *inode, u32 mode);

#endif
