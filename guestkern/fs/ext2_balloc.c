/*
 * ext2: blocks. A bitmap in each group says which are taken; the group's
 * descriptor and the super block count those that are free.
 *
 * A block that the file system itself lives in is never handed out or freed, even
 * if a damaged bitmap or inode says so.
 */
#include <linux/capability.h>

#include "fs/ext2.h"
#include "lib/bitmap.h"
#include "lib/err.h"
#include "proc/cred.h"
#include "proc/task.h"

static u32 group_of(const struct ext2_fs *fs, u32 block)
{
	return (block - fs->super->first_data_block) / fs->super->blocks_per_group;
}

static u32 group_first(const struct ext2_fs *fs, u32 group)
{
	return fs->super->first_data_block + group * fs->super->blocks_per_group;
}

/* Blocks of the group: the last one may be shorter. */
static u32 group_blocks(const struct ext2_fs *fs, u32 group)
{
	return MIN(fs->super->blocks_count - group_first(fs, group),
		   fs->super->blocks_per_group);
}

/* Does [block, block + count) touch what describes the group, or all of them? */
static bool is_own(struct ext2_fs *fs, u32 group, u32 block, u32 count)
{
	const struct ext2_group_desc *desc = ext2_group(fs, group);
	u32 table = fs->super->inodes_per_group * fs->inode_bytes / fs->block_bytes;

	u32 desc_block = ext2_desc_block(fs, group * (u32)sizeof(*desc) / fs->block_bytes);

	return !ext2_block_ok(fs, block) ||
	       (desc_block >= block && desc_block - block < count) ||
	       (desc->block_bitmap >= block && desc->block_bitmap - block < count) ||
	       (desc->inode_bitmap >= block && desc->inode_bitmap - block < count) ||
	       (desc->inode_table < block + count && block < desc->inode_table + table);
}

/* Is there anything left for this task? Some blocks are the super-user's. */
static bool may_allocate(const struct ext2_fs *fs)
{
	const struct ext2_super *super = fs->super;
	const struct task *t = current_task();

	if (!super->free_blocks_count)
		return false;
	if (super->free_blocks_count > super->r_blocks_count)
		return true;
	return !t || capable(CAP_SYS_RESOURCE) || t->cred.fsuid == super->def_resuid ||
	       (super->def_resgid && cred_in_group(&t->cred, super->def_resgid));
}

static void count_free(struct ext2_fs *fs, u32 group, s32 change)
{
	struct ext2_group_desc *desc = ext2_group(fs, group);

	desc->free_blocks_count = (u16)(desc->free_blocks_count + change);
	fs->super->free_blocks_count += (u32)change;
	ext2_group_dirty(fs, group);
	buffer_mark_dirty(&fs->cache, fs->super_buf);
}

/* Takes up to want free blocks in a row from bit `from` of the group on; the
 * first, or 0: none (or *err). */
static u32 take_in_group(struct ext2_fs *fs, u32 group, u32 from, u32 want, u32 *got,
			 int *err)
{
	u32 bits = group_blocks(fs, group), bit, n = 0;
	struct buffer *buf;
	u64 *map;

	if (!ext2_group(fs, group)->free_blocks_count || from >= bits)
		return 0;
	buf = buffer_get(&fs->cache, ext2_group(fs, group)->block_bitmap);
	if (IS_ERR(buf)) {
		*err = (int)PTR_ERR(buf);
		return 0;
	}
	map = (u64 *)buf->data;
	bit = (u32)bitmap_find_clear(map, bits, from);
	want = MIN(want, (u32)ext2_group(fs, group)->free_blocks_count);
	while (n < want && bit + n < bits && !bitmap_test(map, bit + n))
		n++;
	if (n && is_own(fs, group, group_first(fs, group) + bit, n)) {
		*err = ext2_error(fs, "bitmap of group %u frees its own blocks", group);
		n = 0;
	}
	for (u32 i = 0; i < n; i++)
		bitmap_set(map, bit + i);
	if (n) {
		buffer_mark_dirty(&fs->cache, buf);
		count_free(fs, group, -(s32)n);
	}
	buffer_put(&fs->cache, buf);
	*got = n;
	return n ? group_first(fs, group) + bit : 0;
}

u32 ext2_alloc_blocks(struct ext2_fs *fs, u32 goal, u32 want, u32 *got, int *err)
{
	u32 group, block;

	*err = 0;
	*got = 0;
	if (!may_allocate(fs)) {
		*err = -ENOSPC;
		return 0;
	}
	if (!ext2_block_ok(fs, goal))
		goal = fs->super->first_data_block;
	group = group_of(fs, goal);
	block = take_in_group(fs, group, goal - group_first(fs, group), want, got, err);
	/* The goal's group once more at the end: from its start. */
	for (u32 i = 1; !block && i <= fs->group_count; i++)
		block = take_in_group(fs, (group + i) % fs->group_count, 0, want, got, err);
	if (block)
		*err = 0;
	else if (!*err)
		*err = -ENOSPC;
	return block;
}

/* The part that lies in one group. */
static void free_in_group(struct ext2_fs *fs, u32 group, u32 block, u32 count)
{
	struct buffer *buf;
	u32 freed = 0;

	if (is_own(fs, group, block, count)) {
		ext2_error(fs, "freeing blocks %u+%u of group %u's own", block, count, group);
		return;
	}
	buf = buffer_get(&fs->cache, ext2_group(fs, group)->block_bitmap);
	if (IS_ERR(buf)) {
		ext2_error(fs, "cannot read the bitmap of group %u", group);
		return;
	}
	for (u32 i = 0; i < count; i++) {
		u32 bit = block - group_first(fs, group) + i;

		buffer_forget(&fs->cache, block + i);
		if (bitmap_test((u64 *)buf->data, bit))
			freed++;
		else
			ext2_error(fs, "block %u was free already", block + i);
		bitmap_clear((u64 *)buf->data, bit);
	}
	buffer_mark_dirty(&fs->cache, buf);
	buffer_put(&fs->cache, buf);
	count_free(fs, group, (s32)freed);
}

void ext2_free_blocks(struct ext2_fs *fs, u32 block, u32 count)
{
	while (count) {
		u32 group, n;

		if (!ext2_block_ok(fs, block) || !ext2_block_ok(fs, block + count - 1) ||
		    block + count < block) {
			ext2_error(fs, "freeing blocks %u+%u, which do not exist", block, count);
			return;
		}
		group = group_of(fs, block);
		n = MIN(count, group_first(fs, group) + group_blocks(fs, group) - block);
		free_in_group(fs, group, block, n);
		block += n;
		count -= n;
	}
}
