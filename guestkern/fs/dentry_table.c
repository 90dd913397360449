/*
 * The hash table that finds a directory entry by parent and name.
 *
 * Owns the buckets, not the dentries. It grows with their number, so that a name
 * is found as fast in a root of a million files as in a small one, and shrinks
 * again, down to the buckets that are always there.
 *
 * Invariant: an eighth to two dentries a bucket on average, unless that would be
 * fewer buckets than the first ones, or the core has no room for more.
 */
#include "fs/vfs_internal.h"

#include "mm/slab.h"

#define FIRST_BUCKETS 512u /* power of two: 8 KiB of core */
#define GROW_FACTOR 4u
#define SHRINK_DIVISOR 8u /* fewer than a bucket in so many in use: too large */
#define ORDER_MAX 10u	 /* 4 MiB of buckets: 262144 */

static struct list_head first_table[FIRST_BUCKETS];
static struct list_head *table;
static u32 bucket_count, dentry_count;

static u32 table_order(u32 buckets)
{
	u64 bytes = (u64)buckets * sizeof(struct list_head);
	u32 order = 0;

	while (PAGE_SIZE << order < bytes)
		order++;
	return order;
}

static void table_clear(struct list_head *buckets, u32 count)
{
	for (u32 i = 0; i < count; i++)
		list_init(&buckets[i]);
}

void dentry_table_init(void)
{
	table = first_table;
	bucket_count = FIRST_BUCKETS;
	dentry_count = 0;
	table_clear(table, bucket_count);
}

struct list_head *dentry_bucket(const struct dentry *parent, u32 hash)
{
	/* Objects are at least 64-byte aligned: the low bits say nothing. */
	u64 mix = hash ^ ((u64)parent >> 6);

	return &table[(mix ^ (mix >> 9)) & (bucket_count - 1)];
}

/* All dentries into a table of count buckets. No memory for it: no change. */
static void table_resize(u32 count)
{
	struct list_head *old = table, *fresh = first_table;
	u32 old_count = bucket_count;
	struct dentry *d, *next;

	if (count != FIRST_BUCKETS)
		fresh = kpages_alloc(table_order(count));
	if (!fresh)
		return;
	table_clear(fresh, count);
	table = fresh;
	bucket_count = count;
	for (u32 i = 0; i < old_count; i++)
		list_for_each_entry_safe(d, next, &old[i], hash)
			list_add(&d->hash, dentry_bucket(d->parent, d->name_hash));
	if (old != first_table)
		kpages_free(old, table_order(old_count));
}

void dentry_table_add(struct dentry *d)
{
	list_add(&d->hash, dentry_bucket(d->parent, d->name_hash));
	dentry_count++;
	if (dentry_count > 2 * bucket_count &&
	    table_order(bucket_count * GROW_FACTOR) <= ORDER_MAX)
		table_resize(bucket_count * GROW_FACTOR);
}

void dentry_table_remove(struct dentry *d)
{
	if (list_empty(&d->hash))
		return;
	list_del(&d->hash);
	dentry_count--;
	if (bucket_count > FIRST_BUCKETS && dentry_count < bucket_count / SHRINK_DIVISOR)
		table_resize(bucket_count / GROW_FACTOR);
}
