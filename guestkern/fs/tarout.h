/*
 * Writing a tar (POSIX pax) to a file of the host, entry by entry, as a stream: it may be
 * a pipe. Names, owners and times that the plain header has no room for, and extended
 * attributes, go into an extended header. Internal to fs.
 */
#ifndef FS_TAROUT_H
#define FS_TAROUT_H

#include "fs/vfs.h"

struct tarout; /* one at a time */

/* Begins one, to the broker's handle. ERR_PTR(-ENOMEM). */
struct tarout *tarout_begin(u32 handle);

struct tarout_entry {
	const char *name;   /* relative, not empty; of a directory without a slash */
	const char *target; /* of a link; else NULL */
	const struct inode *inode;
	bool hard; /* a hard link, to the entry named target */
	bool empty; /* a regular file without contents and attributes: inode NULL */
};
/* The entry's headers. A regular file's contents follow: inode->size bytes by
 * tarout_bytes. 0 or -errno; -EOPNOTSUPP: of a kind that a tar cannot have. */
int tarout_entry(struct tarout *t, const struct tarout_entry *e);
int tarout_bytes(struct tarout *t, const void *bytes, u64 len);
/* After a file's contents. */
int tarout_pad(struct tarout *t);

/* The end, unless err says that something went wrong before. Frees t; err, or what
 * the host says of the last bytes. */
int tarout_end(struct tarout *t, int err);

#endif
