/*
 * ext2: directories as lists of entries in blocks. An entry's length leads to the
 * next one; what is behind a name up to there is free. Removing a name gives its
 * room to the entry before it, or marks it unused when it is the first of a block.
 *
 * A hash tree in a directory (dir_index) lies in what looks like unused entries;
 * it is never used, and a directory that changes says that it has none any more.
 *
 * Every block is checked when it is gone through: entries stay within it.
 */
#include <linux/fs.h>
#include <linux/stat.h>

#include "fs/ext2.h"
#include "fs/vfs_internal.h"
#include "lib/err.h"
#include "lib/string.h"

#define FT_UNKNOWN 0

/* File types in entries, by S_IFMT >> 12. */
static const u8 file_types[16] = { [1] = 5, [2] = 3, [4] = 2, [6] = 4, [8] = 1,
				   [10] = 7, [12] = 6 };
/* DT_* of readdir(3) by file type in an entry. */
static const u8 dtypes[] = { 0, 8, 4, 2, 6, 1, 12, 10 };

static u32 dir_blocks(const struct inode *dir)
{
	return (u32)(dir->size >> ext2_fs_of(dir)->block_log);
}

/* The directory's block number index, held; ERR_PTR(-EIO) for a hole, too. */
static struct buffer *dir_block(struct inode *dir, u32 index)
{
	struct ext2_fs *fs = ext2_fs_of(dir);
	bool fresh;
	u32 block;
	s64 n = ext2_map_blocks(dir, index, 1, false, &block, &fresh);

	if (n < 0)
		return ERR_PTR(n);
	if (!block)
		return ERR_PTR(ext2_error(fs, "hole in directory %llu",
					  (unsigned long long)dir->ino));
	return buffer_get(&fs->cache, block);
}

/* The entry at an offset in a block, or NULL where there is none that could be. */
static struct ext2_dirent *entry_at(const struct ext2_fs *fs, struct buffer *buf, u32 offset)
{
	struct ext2_dirent *de = (struct ext2_dirent *)(buf->data + offset);

	if (offset + EXT2_DIRENT_BYTES(1) > fs->block_bytes ||
	    de->rec_len < EXT2_DIRENT_BYTES(1) || de->rec_len % 4 ||
	    de->rec_len > fs->block_bytes - offset ||
	    (de->inode && (EXT2_DIRENT_BYTES(de->name_len) > de->rec_len ||
			   de->inode > fs->super->inodes_count)))
		return NULL;
	return de;
}

static int bad_entry(struct inode *dir, u32 index, u32 offset)
{
	return ext2_error(ext2_fs_of(dir), "entry at %u in block %u of directory %llu",
			  offset, index, (unsigned long long)dir->ino);
}

/* The directory was changed: time stamps, and no hash tree any more. */
static int dir_changed(struct inode *dir, struct buffer *buf)
{
	buffer_mark_dirty(&ext2_fs_of(dir)->cache, buf);
	ext2_info_of(dir)->flags &= ~EXT2_FL_INDEX;
	inode_touch(dir, false, true, true);
	return ext2_write_inode(dir);
}

/* --- looking up ------------------------------------------------------------------------- */

/* An entry found: its block (held), and the one before it there, if any. */
struct place {
	struct buffer *buf;
	struct ext2_dirent *de, *before;
	u32 index; /* of the block */
};

/* 1 found, 0 not in this block (buf is put), or -errno. */
static int find_in_block(struct inode *dir, u32 index, const char *name, u32 len,
			 struct place *place)
{
	struct ext2_fs *fs = ext2_fs_of(dir);
	struct buffer *buf = dir_block(dir, index);
	struct ext2_dirent *de, *before = NULL;
	int err = 0;

	if (IS_ERR(buf))
		return (int)PTR_ERR(buf);
	for (u32 at = 0; at < fs->block_bytes; at += de->rec_len, before = de) {
		de = entry_at(fs, buf, at);
		if (!de) {
			err = bad_entry(dir, index, at);
			break;
		}
		if (de->inode && de->name_len == len && !memcmp(de->name, name, len)) {
			*place = (struct place){ buf, de, before, index };
			return 1;
		}
	}
	buffer_put(&fs->cache, buf);
	return err;
}

/* 1 found, 0 not, or -errno. The search begins where the last one ended. */
static int find(struct inode *dir, const char *name, u32 len, struct place *place)
{
	u32 blocks = dir_blocks(dir), start = ext2_info_of(dir)->dir_hint;
	int found = 0;

	if (start >= blocks)
		start = 0;
	for (u32 i = 0; i < blocks && !found; i++)
		found = find_in_block(dir, (start + i) % blocks, name, len, place);
	if (found == 1)
		ext2_info_of(dir)->dir_hint = place->index;
	return found;
}

s64 ext2_find_entry(struct inode *dir, const char *name, u32 len)
{
	struct place place;
	int found = find(dir, name, len, &place);
	u32 ino;

	if (found != 1)
		return found;
	ino = place.de->inode;
	buffer_put(&ext2_fs_of(dir)->cache, place.buf);
	return ino;
}

/* --- changing --------------------------------------------------------------------------- */

static void fill_entry(const struct ext2_fs *fs, struct ext2_dirent *de, const char *name,
		       u32 len, const struct inode *inode)
{
	bool typed = fs->super->feature_incompat & EXT2_INCOMPAT_FILETYPE;

	de->inode = (u32)inode->ino;
	de->name_len = (u8)len;
	de->file_type = typed ? file_types[(inode->mode & S_IFMT) >> 12] : FT_UNKNOWN;
	memcpy(de->name, name, len);
}

/* Room for an entry at de: behind its name, or all of it. NULL: none. */
static struct ext2_dirent *make_room(struct ext2_dirent *de, u32 need)
{
	u32 used = de->inode ? EXT2_DIRENT_BYTES(de->name_len) : 0;
	struct ext2_dirent *room;

	if (de->rec_len - used < need)
		return NULL;
	if (!used)
		return de;
	room = (struct ext2_dirent *)((u8 *)de + used);
	room->rec_len = (u16)(de->rec_len - used);
	de->rec_len = (u16)used;
	return room;
}

/* 1 added, 0 no room, or -errno. */
static int add_in_block(struct inode *dir, u32 index, const char *name, u32 len,
			const struct inode *inode)
{
	struct ext2_fs *fs = ext2_fs_of(dir);
	struct buffer *buf = dir_block(dir, index);
	struct ext2_dirent *de, *room;
	int ret = 0;

	if (IS_ERR(buf))
		return (int)PTR_ERR(buf);
	for (u32 at = 0; at < fs->block_bytes && !ret; at += de->rec_len) {
		de = entry_at(fs, buf, at);
		if (!de) {
			ret = bad_entry(dir, index, at);
			break;
		}
		room = make_room(de, EXT2_DIRENT_BYTES(len));
		if (!room)
			continue;
		fill_entry(fs, room, name, len, inode);
		ret = dir_changed(dir, buf);
		ret = ret ? ret : 1;
	}
	buffer_put(&fs->cache, buf);
	return ret;
}

/* One more block, all of it one unused entry; held, or ERR_PTR. */
static struct buffer *grow(struct inode *dir)
{
	struct ext2_fs *fs = ext2_fs_of(dir);
	struct buffer *buf;
	bool fresh;
	u32 block;
	s64 n;

	if (dir->size + fs->block_bytes > INT32_MAX)
		return ERR_PTR(-ENOSPC);
	n = ext2_map_blocks(dir, dir_blocks(dir), 1, true, &block, &fresh);
	if (n < 0)
		return ERR_PTR(n);
	buf = buffer_get_zero(&fs->cache, block);
	if (IS_ERR(buf))
		return buf;
	((struct ext2_dirent *)buf->data)->rec_len = (u16)fs->block_bytes;
	dir->size += fs->block_bytes;
	return buf;
}

int ext2_add_entry(struct inode *dir, const char *name, u32 len, const struct inode *inode)
{
	u32 blocks = dir_blocks(dir), hint = ext2_info_of(dir)->dir_hint;
	struct buffer *buf;
	int ret = 0;

	/* Where names were added last there may be room; nowhere before it. */
	for (u32 i = hint < blocks ? hint : 0; i < blocks && !ret; i++)
		ret = add_in_block(dir, i, name, len, inode);
	for (u32 i = 0; i < hint && i < blocks && !ret; i++)
		ret = add_in_block(dir, i, name, len, inode);
	if (ret)
		return ret < 0 ? ret : 0;
	buf = grow(dir);
	if (IS_ERR(buf))
		return (int)PTR_ERR(buf);
	fill_entry(ext2_fs_of(dir), (struct ext2_dirent *)buf->data, name, len, inode);
	ret = dir_changed(dir, buf);
	buffer_put(&ext2_fs_of(dir)->cache, buf);
	ext2_info_of(dir)->dir_hint = blocks;
	return ret;
}

int ext2_set_entry(struct inode *dir, const char *name, u32 len, const struct inode *inode)
{
	struct place place;
	int found = find(dir, name, len, &place);

	if (found != 1)
		return found ? found : -ENOENT;
	fill_entry(ext2_fs_of(dir), place.de, name, len, inode);
	found = dir_changed(dir, place.buf);
	buffer_put(&ext2_fs_of(dir)->cache, place.buf);
	return found;
}

int ext2_delete_entry(struct inode *dir, const char *name, u32 len)
{
	struct place place;
	int found = find(dir, name, len, &place);

	if (found != 1)
		return found ? found : -ENOENT;
	if (place.before)
		place.before->rec_len = (u16)(place.before->rec_len + place.de->rec_len);
	place.de->inode = 0;
	found = dir_changed(dir, place.buf);
	buffer_put(&ext2_fs_of(dir)->cache, place.buf);
	return found;
}

int ext2_make_empty(struct inode *dir, const struct inode *parent)
{
	struct ext2_fs *fs = ext2_fs_of(dir);
	struct buffer *buf;
	struct ext2_dirent *de;
	int err;

	dir->size = 0;
	buf = grow(dir);
	if (IS_ERR(buf))
		return (int)PTR_ERR(buf);
	de = (struct ext2_dirent *)buf->data;
	de->rec_len = EXT2_DIRENT_BYTES(1);
	fill_entry(fs, de, ".", 1, dir);
	de = (struct ext2_dirent *)(buf->data + EXT2_DIRENT_BYTES(1));
	de->rec_len = (u16)(fs->block_bytes - EXT2_DIRENT_BYTES(1));
	fill_entry(fs, de, "..", 2, parent);
	err = dir_changed(dir, buf);
	buffer_put(&fs->cache, buf);
	return err;
}

/* --- going through ------------------------------------------------------------------------ */

static bool is_dot(const struct ext2_dirent *de)
{
	return de->name[0] == '.' &&
	       (de->name_len == 1 || (de->name_len == 2 && de->name[1] == '.'));
}

int ext2_dir_is_empty(struct inode *dir)
{
	struct ext2_fs *fs = ext2_fs_of(dir);
	struct ext2_dirent *de;
	int empty = 1;

	for (u32 i = 0; i < dir_blocks(dir) && empty == 1; i++) {
		struct buffer *buf = dir_block(dir, i);

		if (IS_ERR(buf))
			return (int)PTR_ERR(buf);
		for (u32 at = 0; at < fs->block_bytes && empty == 1; at += de->rec_len) {
			de = entry_at(fs, buf, at);
			if (!de) {
				empty = bad_entry(dir, i, at);
				break;
			}
			if (de->inode && !is_dot(de))
				empty = 0;
		}
		buffer_put(&fs->cache, buf);
	}
	return empty;
}

/* Emits a block's entries from f->pos on: 1 go on, 0 the sink is full, -errno. A
 * position is a place in the directory; entries may have been joined over it. */
static int emit_block(struct file *f, struct dir_sink *sink, u32 index)
{
	struct inode *dir = f->inode;
	struct ext2_fs *fs = ext2_fs_of(dir);
	struct buffer *buf = dir_block(dir, index);
	u64 base = (u64)index << fs->block_log;
	struct ext2_dirent *de;
	int ret = 1;

	if (IS_ERR(buf))
		return (int)PTR_ERR(buf);
	for (u32 at = 0; at < fs->block_bytes && ret == 1; at += de->rec_len) {
		u32 type;

		de = entry_at(fs, buf, at);
		if (!de) {
			ret = bad_entry(dir, index, at);
			break;
		}
		if ((s64)(base + at) < f->pos)
			continue;
		type = de->file_type < ARRAY_SIZE(dtypes) ? dtypes[de->file_type] : 0;
		if (de->inode && !sink->emit(sink, de->name, de->name_len, de->inode, type,
					     (s64)(base + at + de->rec_len)))
			ret = 0;
		else
			f->pos = (s64)(base + at + de->rec_len);
	}
	buffer_put(&fs->cache, buf);
	return ret;
}

static int ext2_iterate(struct file *f, struct dir_sink *sink)
{
	const struct ext2_fs *fs = ext2_fs_of(f->inode);
	int ret = 1;

	while (ret == 1 && (u64)f->pos < f->inode->size)
		ret = emit_block(f, sink, (u32)((u64)f->pos >> fs->block_log));
	return MIN(ret, 0);
}

static s64 ext2_dir_lseek(struct file *f, s64 offset, int whence)
{
	if (whence != SEEK_END)
		return file_plain_lseek(f, offset, whence);
	if (__builtin_add_overflow(offset, (s64)f->inode->size, &offset))
		return -EINVAL;
	return file_plain_lseek(f, offset, SEEK_SET);
}

const struct file_ops ext2_dir_fops = {
	.lseek = ext2_dir_lseek,
	.iterate = ext2_iterate,
	.fsync = ext2_fsync,
};
