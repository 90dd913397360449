/*
 * Buffers: blocks of a disk that a file system reads and writes as structures
 * (bitmaps, inode tables, directories), cached in the core. Contents of regular
 * files do not belong here (fs/diskfile.h).
 *
 * None of this sleeps; disk transfers are waited for by the whole machine.
 */
#ifndef FS_BUFFER_H
#define FS_BUFFER_H

#include "lib/list.h"
#include "lib/radix.h"
#include "lib/types.h"

struct blkdev;

struct buffer {
	struct list_head lru; /* in the cache, when nobody holds it */
	u64 block;
	u32 refs;
	bool dirty;
	u8 *data; /* the cache's block_bytes */
};

struct buffer_cache {
	struct blkdev *dev;
	u32 block_bytes;
	struct radix buffers;  /* block -> struct buffer */
	struct list_head lru;  /* unused ones, the longest so first */
	u64 dirty_count;
	int error; /* of a write since buffer_sync last told */
};

/* An empty cache of dev's blocks of so many bytes (a power of two). */
void buffer_cache_init(struct buffer_cache *cache, struct blkdev *dev, u32 block_bytes);
/* Frees everything, dirty or not; nothing may be held. */
void buffer_cache_destroy(struct buffer_cache *cache);

/* The block with one more reference, read if need be; ERR_PTR(-EIO, -ENOMEM). */
struct buffer *buffer_get(struct buffer_cache *cache, u64 block);
/* The same, filled with zero bytes instead, and dirty. */
struct buffer *buffer_get_zero(struct buffer_cache *cache, u64 block);
void buffer_put(struct buffer_cache *cache, struct buffer *buf);
/* Was changed: will be written. The caller holds it. */
void buffer_mark_dirty(struct buffer_cache *cache, struct buffer *buf);
/* The block is free: what was cached of it must never be written. */
void buffer_forget(struct buffer_cache *cache, u64 block);
/* Writes all dirty ones, in ascending order; errors are told by buffer_sync. */
void buffer_write_back(struct buffer_cache *cache);
/* The same: 0, or the first error, which may be
 * that of a write since the last call. */
int buffer_sync(struct buffer_cache *cache);

#endif
