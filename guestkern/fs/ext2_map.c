/*
 * ext2: where a file's blocks are. Twelve block numbers stand in the inode, the
 * thirteenth to fifteenth lead to tables of numbers, tables of tables, and tables
 * of those. A number 0 is a hole, of whatever size.
 *
 * Every number that comes from the disk is checked before it is used; a table that
 * leads in circles is no harm: the depth is fixed.
 */
#include "fs/ext2.h"

#include "lib/err.h"
#include "lib/string.h"

#define LEVELS_MAX 4

/* The way to one block: entry[0] in the inode, the others in tables. */
struct block_path {
	u32 entry[LEVELS_MAX];
	u32 levels;
};

/* How many blocks of the file an entry of a level leads to; 0 is the last level. */
static u64 span_of(const struct ext2_fs *fs, u32 levels_below)
{
	u64 span = 1;

	while (levels_below--)
		span *= fs->pointers;
	return span;
}

/* False past the last block that a file can have. */
static bool find_path(const struct ext2_fs *fs, u64 index, struct block_path *path)
{
	if (index < EXT2_DIRECT) {
		path->levels = 1;
		path->entry[0] = (u32)index;
		return true;
	}
	index -= EXT2_DIRECT;
	for (u32 below = 1; below < LEVELS_MAX; below++) {
		u64 span = span_of(fs, below);

		if (index >= span) {
			index -= span;
			continue;
		}
		path->levels = below + 1;
		path->entry[0] = EXT2_INDIRECT + below - 1;
		for (u32 level = below; level; level--, index /= fs->pointers)
			path->entry[level] = (u32)(index % fs->pointers);
		return true;
	}
	return false;
}

/* A table on the way: the inode's own, or a buffer that is held. */
struct table {
	u32 *entries;
	u32 count;
	struct buffer *buf; /* NULL: in the inode */
};

static void table_put(struct ext2_fs *fs, struct table *t)
{
	if (t->buf)
		buffer_put(&fs->cache, t->buf);
	t->buf = NULL;
}

static int table_open(struct ext2_fs *fs, struct table *t, u32 block)
{
	struct buffer *buf;

	table_put(fs, t);
	if (!ext2_block_ok(fs, block))
		return ext2_error(fs, "block number %u in a file", block);
	buf = buffer_get(&fs->cache, block);
	if (IS_ERR(buf))
		return (int)PTR_ERR(buf);
	*t = (struct table){ (u32 *)buf->data, fs->pointers, buf };
	return 0;
}

static void table_changed(struct inode *inode, const struct table *t)
{
	if (t->buf)
		buffer_mark_dirty(&ext2_fs_of(inode)->cache, t->buf);
}

static void count_blocks(struct inode *inode, s64 change)
{
	inode->blocks += (u64)(change * (s64)(ext2_fs_of(inode)->block_bytes / 512));
}

/* Where a block for this entry is best: behind its neighbour, or its table. */
static u32 goal_of(struct inode *inode, const struct table *t, u32 entry)
{
	const struct ext2_info *info = ext2_info_of(inode);
	const struct ext2_fs *fs = ext2_fs_of(inode);
	u32 group = (u32)(inode->ino - 1) / fs->super->inodes_per_group;

	for (u32 i = entry; i; i--) {
		if (t->entries[i - 1])
			return t->entries[i - 1] + 1;
	}
	if (t->buf)
		return (u32)t->buf->block + 1;
	if (info->goal)
		return info->goal;
	return fs->super->first_data_block + group * fs->super->blocks_per_group;
}

/* A new table of holes behind an entry. */
static int add_table(struct inode *inode, struct table *t, u32 entry)
{
	struct ext2_fs *fs = ext2_fs_of(inode);
	struct buffer *buf;
	u32 block, got;
	int err;

	block = ext2_alloc_blocks(fs, goal_of(inode, t, entry), 1, &got, &err);
	if (!block)
		return err;
	buf = buffer_get_zero(&fs->cache, block);
	if (IS_ERR(buf)) {
		ext2_free_blocks(fs, block, 1);
		return (int)PTR_ERR(buf);
	}
	buffer_put(&fs->cache, buf);
	t->entries[entry] = block;
	table_changed(inode, t);
	count_blocks(inode, 1);
	ext2_info_of(inode)->goal = block + 1;
	return 0;
}

/* Blocks for entries from entry on that are holes, as many as lie in a row. */
static s64 add_blocks(struct inode *inode, struct table *t, u32 entry, u64 max, u32 *block)
{
	u32 want = 0, got;
	int err;

	while (want < max && entry + want < t->count && !t->entries[entry + want])
		want++;
	*block = ext2_alloc_blocks(ext2_fs_of(inode), goal_of(inode, t, entry), want, &got,
				   &err);
	if (!*block)
		return err;
	for (u32 i = 0; i < got; i++)
		t->entries[entry + i] = *block + i;
	table_changed(inode, t);
	count_blocks(inode, got);
	ext2_info_of(inode)->goal = *block + got;
	return got;
}

/* How long what stands at entry goes on: numbers that follow each other, or none. */
static s64 run_length(struct inode *inode, const struct table *t, u32 entry, u64 max)
{
	struct ext2_fs *fs = ext2_fs_of(inode);
	u32 block = t->entries[entry], n = 1;

	if (block && !ext2_block_ok(fs, block))
		return ext2_error(fs, "block number %u in inode %llu", block,
				  (unsigned long long)inode->ino);
	while (n < max && entry + n < t->count &&
	       t->entries[entry + n] == (block ? block + n : 0))
		n++;
	if (block && !ext2_block_ok(fs, block + n - 1))
		return 1;
	return n;
}

/* The last level is reached. */
static s64 map_entries(struct inode *inode, struct table *t, u32 entry, u64 max,
		       bool allocate, u32 *block, bool *fresh)
{
	*block = t->entries[entry];
	*fresh = allocate && !*block;
	if (*fresh)
		return add_blocks(inode, t, entry, max, block);
	return run_length(inode, t, entry, max);
}

s64 ext2_map_blocks(struct inode *inode, u64 index, u64 max, bool allocate, u32 *block,
		    bool *fresh)
{
	struct ext2_fs *fs = ext2_fs_of(inode);
	struct table t = { ext2_info_of(inode)->block, EXT2_DIRECT, NULL };
	struct block_path path;
	u32 level;
	s64 n = 0;

	*block = 0;
	*fresh = false;
	if (!find_path(fs, index, &path))
		return allocate ? -EFBIG : (s64)max;
	for (level = 0; level + 1 < path.levels; level++) {
		u32 *entry = &t.entries[path.entry[level]];

		if (!*entry && !allocate) {
			u64 span = span_of(fs, path.levels - 1 - level), passed = 0;

			for (u32 l = level + 1; l < path.levels; l++)
				passed = passed * fs->pointers + path.entry[l];
			n = (s64)MIN(max, span - passed);
			break;
		}
		if (!*entry)
			n = add_table(inode, &t, path.entry[level]);
		if (!n)
			n = table_open(fs, &t, *entry);
		if (n)
			break;
	}
	if (!n)
		n = map_entries(inode, &t, path.entry[level], max, allocate, block, fresh);
	table_put(fs, &t);
	return n;
}

/* --- freeing ---------------------------------------------------------------------------- */

/* What is to be freed, in blocks of the file, and runs of the disk not yet freed. */
struct cut {
	struct inode *inode;
	u64 first, end;
	u32 run, run_count;
	int err;
};

static void cut_flush(struct cut *cut)
{
	if (cut->run_count)
		ext2_free_blocks(ext2_fs_of(cut->inode), cut->run, cut->run_count);
	count_blocks(cut->inode, -(s64)cut->run_count);
	cut->run_count = 0;
}

static void cut_block(struct cut *cut, u32 block)
{
	if (cut->run_count && cut->run + cut->run_count == block) {
		cut->run_count++;
		return;
	}
	cut_flush(cut);
	cut->run = block;
	cut->run_count = 1;
}

static bool is_empty(const u32 *entries, u32 count)
{
	for (u32 i = 0; i < count; i++) {
		if (entries[i])
			return false;
	}
	return true;
}

static bool cut_entries(struct cut *cut, struct table *t, u32 from, u32 to, u64 base,
			u32 below);

/* The table behind a number: true when nothing is left in it. */
static bool cut_table(struct cut *cut, u32 block, u64 base, u32 below)
{
	struct ext2_fs *fs = ext2_fs_of(cut->inode);
	struct table t = { NULL, 0, NULL };
	bool empty;
	int err = table_open(fs, &t, block);

	if (err) {
		/* what it led to cannot be told: e2fsck finds it */
		cut->err = cut->err ? cut->err : err;
		return cut->first <= base;
	}
	if (cut_entries(cut, &t, 0, t.count, base, below))
		buffer_mark_dirty(&fs->cache, t.buf);
	empty = is_empty(t.entries, t.count);
	table_put(fs, &t);
	return empty;
}

/* Frees what entries [from, to) of a table lead to in the cut; base is the file's
 * block that the first one begins with. True if an entry has changed. */
static bool cut_entries(struct cut *cut, struct table *t, u32 from, u32 to, u64 base,
			u32 below)
{
	u64 span = span_of(ext2_fs_of(cut->inode), below);
	bool changed = false;

	for (u32 i = from; i < to && base < cut->end; i++, base += span) {
		if (!t->entries[i] || base + span <= cut->first)
			continue;
		if (below && !cut_table(cut, t->entries[i], base, below - 1))
			continue;
		cut_block(cut, t->entries[i]);
		t->entries[i] = 0;
		changed = true;
	}
	return changed;
}

int ext2_unmap_blocks(struct inode *inode, u64 first, u64 end)
{
	const struct ext2_fs *fs = ext2_fs_of(inode);
	struct table t = { ext2_info_of(inode)->block, EXT2_POINTERS, NULL };
	struct cut cut = { .inode = inode, .first = first, .end = end };
	u64 base = EXT2_DIRECT;

	cut_entries(&cut, &t, 0, EXT2_DIRECT, 0, 0);
	for (u32 below = 1; below < LEVELS_MAX; below++) {
		u32 entry = EXT2_INDIRECT + below - 1;

		cut_entries(&cut, &t, entry, entry + 1, base, below);
		base += span_of(fs, below);
	}
	cut_flush(&cut);
	ext2_info_of(inode)->goal = 0;
	return cut.err;
}
