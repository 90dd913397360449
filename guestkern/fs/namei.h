/* Changing names: what the directory system calls and the archive reader do to
 * the tree. Every function walks with the current credentials, checks rights
 * and read-only mounts, and returns 0 or -errno as the system call. */
#ifndef FS_NAMEI_H
#define FS_NAMEI_H

#include "lib/types.h"

struct path;

/* mode: permissions; the umask is applied here. */
int name_mkdir(int dirfd, const char *name, u32 mode);
/* mode with type: regular, FIFO, socket, or device (CAP_MKNOD). */
int name_mknod(int dirfd, const char *name, u32 mode, u64 rdev);
int name_symlink(const char *to, int dirfd, const char *name);
/* A further name for the file that target names. */
int name_link(const struct path *target, int dirfd, const char *name);
int name_unlink(int dirfd, const char *name);
int name_rmdir(int dirfd, const char *name);
/* flags: RENAME_NOREPLACE, RENAME_EXCHANGE. */
int name_rename(int old_dirfd, const char *old_name, int new_dirfd,
		const char *new_name, u32 flags);
/* Target of the link at path, not terminated, at most size bytes: length,
 * -EINVAL for what is no link. */
s64 name_readlink(const struct path *path, char *buf, size_t size);

#endif
