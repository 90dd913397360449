/* The file that a call of the *at family is about: by directory and name, or,
 * with AT_EMPTY_PATH and an empty name, the descriptor itself. */
#ifndef SYS_FS_TARGET_H
#define SYS_FS_TARGET_H

#include "fs/vfs.h"

struct fs_target {
	struct inode *inode;
	struct path path; /* mnt NULL: a file without a name */
	struct file *file; /* the descriptor's, or NULL */
};

/*
 * at_flags: AT_SYMLINK_NOFOLLOW, AT_SYMLINK_FOLLOW (overrides it),
 * AT_EMPTY_PATH; others are the caller's. 0 or -errno; then fs_target_put.
 */
int fs_target_get(struct fs_target *t, int dirfd, uaddr_t name, u32 at_flags);
/* The file behind a descriptor (f* calls); O_PATH only with path_ok. */
int fs_target_get_fd(struct fs_target *t, int fd, bool path_ok);
void fs_target_put(struct fs_target *t);

#endif
