/*
 * The cache of a file system's own blocks; see buffer.h.
 *
 * Invariants: a buffer is in the radix tree as long as it exists; it is in the
 * LRU list exactly while refs is 0. A block that is dirty stays until it has been
 * written, or until the file system has freed it.
 */
#include "fs/buffer.h"

#include "dev/block.h"
#include "fs/vfs.h"
#include "lib/bug.h"
#include "lib/err.h"
#include "lib/string.h"
#include "mm/slab.h"

/* The share of the core that buffers of all disks together may fill. */
#define CORE_SHARE 8

static u64 used_bytes;

void buffer_cache_init(struct buffer_cache *cache, struct blkdev *dev, u32 block_bytes)
{
	*cache = (struct buffer_cache){ .dev = dev, .block_bytes = block_bytes };
	radix_init(&cache->buffers);
	list_init(&cache->lru);
}

static void buffer_free(struct buffer_cache *cache, struct buffer *buf)
{
	BUG_ON(buf->refs);
	list_del(&buf->lru);
	radix_del(&cache->buffers, buf->block);
	if (buf->dirty)
		cache->dirty_count--;
	kfree(buf->data);
	kfree(buf);
	used_bytes -= cache->block_bytes;
}

void buffer_cache_destroy(struct buffer_cache *cache)
{
	u64 block = 0, value;

	while ((value = radix_next(&cache->buffers, &block)))
		buffer_free(cache, (struct buffer *)value);
	radix_destroy(&cache->buffers);
}

static int buffer_write(struct buffer_cache *cache, struct buffer *buf)
{
	int err = blkdev_write(cache->dev, buf->block * cache->block_bytes, buf->data,
			       cache->block_bytes);

	/* A block that cannot be written would be tried for ever. */
	buf->dirty = false;
	cache->dirty_count--;
	if (err && !cache->error)
		cache->error = err;
	return err;
}

/* Makes room for one more; gives up quietly, for the limit is a soft one. */
static void make_room(struct buffer_cache *cache)
{
	u64 limit = kmem_total_bytes() / CORE_SHARE;

	while (used_bytes > limit && !list_empty(&cache->lru)) {
		struct buffer *buf = list_first_entry(&cache->lru, struct buffer, lru);

		/* one dirty one: its neighbours are likely to be, too */
		if (buf->dirty)
			buffer_write_back(cache);
		buffer_free(cache, buf);
	}
}

static struct buffer *buffer_new(struct buffer_cache *cache, u64 block)
{
	struct buffer *buf;

	make_room(cache);
	buf = kzalloc(sizeof(*buf));
	if (!buf)
		return NULL;
	buf->data = kmalloc(cache->block_bytes);
	if (!buf->data || radix_set(&cache->buffers, block, (u64)buf)) {
		kfree(buf->data);
		kfree(buf);
		return NULL;
	}
	used_bytes += cache->block_bytes;
	buf->block = block;
	buf->refs = 1;
	list_init(&buf->lru);
	return buf;
}

static struct buffer *buffer_cached(struct buffer_cache *cache, u64 block)
{
	struct buffer *buf = (struct buffer *)radix_get(&cache->buffers, block);

	if (buf && !buf->refs++)
		list_del(&buf->lru);
	return buf;
}

struct buffer *buffer_get(struct buffer_cache *cache, u64 block)
{
	struct buffer *buf = buffer_cached(cache, block);
	int err;

	if (buf)
		return buf;
	buf = buffer_new(cache, block);
	if (!buf)
		return ERR_PTR(-ENOMEM);
	err = blkdev_read(cache->dev, block * cache->block_bytes, buf->data,
			  cache->block_bytes);
	if (!err)
		return buf;
	buf->refs = 0;
	buffer_free(cache, buf);
	return ERR_PTR(-EIO);
}

struct buffer *buffer_get_zero(struct buffer_cache *cache, u64 block)
{
	struct buffer *buf = buffer_cached(cache, block);

	if (!buf)
		buf = buffer_new(cache, block);
	if (!buf)
		return ERR_PTR(-ENOMEM);
	memset(buf->data, 0, cache->block_bytes);
	buffer_mark_dirty(cache, buf);
	return buf;
}

void buffer_put(struct buffer_cache *cache, struct buffer *buf)
{
	BUG_ON(!buf->refs);
	if (!--buf->refs)
		list_add_tail(&buf->lru, &cache->lru);
}

void buffer_mark_dirty(struct buffer_cache *cache, struct buffer *buf)
{
	if (!buf->dirty)
		cache->dirty_count++;
	buf->dirty = true;
	vfs_write_back_later();
}

void buffer_forget(struct buffer_cache *cache, u64 block)
{
	struct buffer *buf = (struct buffer *)radix_get(&cache->buffers, block);

	if (!buf)
		return;
	if (!buf->refs) {
		buffer_free(cache, buf);
		return;
	}
	if (buf->dirty)
		cache->dirty_count--;
	buf->dirty = false;
}

void buffer_write_back(struct buffer_cache *cache)
{
	u64 block = 0, value;

	for (; cache->dirty_count && (value = radix_next(&cache->buffers, &block)); block++) {
		struct buffer *buf = (struct buffer *)value;

		if (buf->dirty)
			buffer_write(cache, buf);
	}
}

int buffer_sync(struct buffer_cache *cache)
{
	int err;

	buffer_write_back(cache);
	err = cache->error;
	cache->error = 0;
	return err;
}
