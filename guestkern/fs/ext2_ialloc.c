/*
 * ext2: inode numbers. Directories are spread over the groups, files stay with
 * their directory, as long as there is room.
 */
#include <linux/stat.h>

#include "fs/ext2.h"
#include "lib/bitmap.h"
#include "lib/err.h"

static u32 group_of(const struct ext2_fs *fs, u32 ino)
{
	return (ino - 1) / fs->super->inodes_per_group;
}

/* For a directory: the group with the most free blocks among those that have
 * their share of free inodes. */
static u32 group_for_dir(struct ext2_fs *fs)
{
	u32 share = fs->super->free_inodes_count / fs->group_count;
	u32 best = fs->next_dir_group % fs->group_count, most = 0;

	for (u32 i = 0; i < fs->group_count; i++) {
		u32 group = (fs->next_dir_group + i) % fs->group_count;
		const struct ext2_group_desc *desc = ext2_group(fs, group);

		if (desc->free_inodes_count && desc->free_inodes_count >= share &&
		    desc->free_blocks_count > most) {
			most = desc->free_blocks_count;
			best = group;
		}
	}
	fs->next_dir_group = best;
	return best;
}

static void count_used(struct ext2_fs *fs, u32 group, s32 change, bool is_dir)
{
	struct ext2_group_desc *desc = ext2_group(fs, group);

	desc->free_inodes_count = (u16)(desc->free_inodes_count - change);
	fs->super->free_inodes_count -= (u32)change;
	if (is_dir)
		desc->used_dirs_count = (u16)(desc->used_dirs_count + change);
	ext2_group_dirty(fs, group);
	buffer_mark_dirty(&fs->cache, fs->super_buf);
}

/* Takes a free inode of the group: its number, or 0 (or *err). */
static u32 take_in_group(struct ext2_fs *fs, u32 group, bool is_dir, int *err)
{
	u32 bits = fs->super->inodes_per_group, bit, first = 0;
	struct buffer *buf;

	if (!ext2_group(fs, group)->free_inodes_count)
		return 0;
	buf = buffer_get(&fs->cache, ext2_group(fs, group)->inode_bitmap);
	if (IS_ERR(buf)) {
		*err = (int)PTR_ERR(buf);
		return 0;
	}
	/* not the reserved ones, whatever the bitmap says */
	if (group * bits < fs->first_ino - 1)
		first = MIN(fs->first_ino - 1 - group * bits, bits);
	bit = (u32)bitmap_find_clear((u64 *)buf->data, bits, first);
	if (bit < bits) {
		bitmap_set((u64 *)buf->data, bit);
		buffer_mark_dirty(&fs->cache, buf);
		count_used(fs, group, 1, is_dir);
	} else {
		*err = ext2_error(fs, "group %u has no free inode, but counts some", group);
	}
	buffer_put(&fs->cache, buf);
	return bit < bits ? group * fs->super->inodes_per_group + bit + 1 : 0;
}

u32 ext2_alloc_ino(struct ext2_fs *fs, const struct inode *dir, u32 mode, int *err)
{
	u32 group = S_ISDIR(mode) ? group_for_dir(fs) : group_of(fs, (u32)dir->ino);
	u32 ino = 0;

	*err = 0;
	for (u32 i = 0; !ino && i < fs->group_count; i++)
		ino = take_in_group(fs, (group + i) % fs->group_count, S_ISDIR(mode), err);
	if (ino)
		*err = 0;
	else if (!*err)
		*err = -ENOSPC;
	return ino;
}

void ext2_free_ino(struct ext2_fs *fs, u32 ino, bool is_dir)
{
	u32 group = group_of(fs, ino), bit = (ino - 1) % fs->super->inodes_per_group;
	struct buffer *buf = buffer_get(&fs->cache, ext2_group(fs, group)->inode_bitmap);

	if (IS_ERR(buf)) {
		ext2_error(fs, "cannot read the inode bitmap of group %u", group);
		return;
	}
	if (!bitmap_test((u64 *)buf->data, bit)) {
		ext2_error(fs, "inode %u was free already", ino);
	} else {
		bitmap_clear((u64 *)buf->data, bit);
		buffer_mark_dirty(&fs->cache, buf);
		count_used(fs, group, -1, is_dir);
	}
	buffer_put(&fs->cache, buf);
}
