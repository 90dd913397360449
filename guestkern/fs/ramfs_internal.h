/* What the files of ramfs share. */
#ifndef FS_RAMFS_INTERNAL_H
#define FS_RAMFS_INTERNAL_H

#include "fs/vfs.h"

/* Options of mount(2)'s data, with defaults filled in by the caller. */
struct ramfs_options {
	u64 bytes_max; /* 0: no limit */
	u32 mode, uid, gid;
};
/* Parses "size=64m,mode=1777,…" over *opt: 0 or -EINVAL. */
int ramfs_options_parse(struct ramfs_options *opt, const char *text);

/* Operations of regular files. */
extern const struct inode_ops ramfs_file_ops;
extern const struct file_ops ramfs_file_fops;
/* Gives a new regular inode its empty contents: 0 or -ENOMEM. */
int ramfs_add_contents(struct inode *inode);
/* Pages that sb may still take. */
u64 ramfs_pages_allowed(const struct super_block *sb);
/* Is so much of the core in use that files must not take more? Names, inodes
 * and the index of sparse files cost core memory whether or not they hold data. */
bool ramfs_core_short(void);

#endif
