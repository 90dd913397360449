/* Reading and writing files whose contents are frames in a vm_object. */
#ifndef FS_PAGECACHE_H
#define FS_PAGECACHE_H

#include "fs/file.h"
#include "fs/vfs.h"

/*
 * Makes some of the absent pages [index, index + count) present, from index on;
 * the frames' contents are undefined. Returns how many (>= 1) or -errno
 * (-ENOSPC, -ENOMEM). Must not sleep.
 */
typedef s64 pagecache_fill_fn(struct inode *inode, u64 index, u64 count);

/*
 * Gives pages [at, end) frames, as far as it can: returns the end of what has
 * them (> at), or -errno. Bytes of new frames outside of [at, returned end) are
 * zero, those inside undefined. Must not sleep.
 */
typedef s64 pagecache_ready_fn(struct inode *inode, u64 at, u64 end);

/* A pagecache_ready_fn for files whose absent pages are holes, by fill. */
s64 pagecache_fill_range(struct inode *inode, u64 at, u64 end, pagecache_fill_fn *fill);

/* As file_ops.read of a regular file whose absent pages are holes. */
s64 pagecache_read(struct file *f, struct iobuf *buf, s64 *pos);
/*
 * As file_ops.write: O_APPEND, RLIMIT_FSIZE, sizes and time stamps included;
 * frames come from ready.
 */
s64 pagecache_write(struct file *f, struct iobuf *buf, s64 *pos,
		    pagecache_ready_fn *ready);
/* As file_ops.lseek, with SEEK_DATA and SEEK_HOLE by the frames present. */
s64 pagecache_lseek(struct file *f, s64 offset, int whence);
/* Zeroes [start, end) where there are frames. */
void pagecache_zero(struct inode *inode, u64 start, u64 end);

#endif
