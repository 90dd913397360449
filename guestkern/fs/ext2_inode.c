/*
 * ext2: inodes in memory, read from the inode table and put back into it. There
 * is one for each number, however many names lead to it (fs->inodes).
 *
 * What the VFS changes in an inode (times, mode, owner) reaches the table's buffer
 * by setattr, after each operation here, or at the latest when the inode goes or
 * the file system is synced.
 */
#include <linux/stat.h>

#include "fs/ext2.h"
#include "fs/vfs_internal.h"
#include "lib/bug.h"
#include "lib/err.h"
#include "lib/string.h"
#include "mm/slab.h"

/* The inode's place in its table; *buf is held. */
static struct ext2_inode *raw_inode(struct ext2_fs *fs, u64 ino, struct buffer **buf)
{
	u32 group, index;

	if ((ino != EXT2_ROOT_INO && ino < fs->first_ino) || ino > fs->super->inodes_count) {
		ext2_error(fs, "inode number %llu", (unsigned long long)ino);
		return ERR_PTR(-EIO);
	}
	group = (u32)(ino - 1) / fs->super->inodes_per_group;
	index = (u32)(ino - 1) % fs->super->inodes_per_group;
	*buf = buffer_get(&fs->cache, ext2_group(fs, group)->inode_table +
					      (u64)index * fs->inode_bytes / fs->block_bytes);
	if (IS_ERR(*buf))
		return ERR_PTR(PTR_ERR(*buf));
	return (struct ext2_inode *)((*buf)->data +
				     (u64)index * fs->inode_bytes % fs->block_bytes);
}

/* --- from the disk -------------------------------------------------------------------- */

static void read_attributes(struct inode *inode, const struct ext2_inode *raw)
{
	inode->mode = raw->mode;
	inode->uid = raw->uid | (u32)raw->uid_high << 16;
	inode->gid = raw->gid | (u32)raw->gid_high << 16;
	inode->nlink = raw->links_count;
	inode->size = raw->size;
	if (S_ISREG(raw->mode))
		inode->size |= (u64)raw->size_high << 32;
	inode->blocks = raw->blocks;
	/* signed on Linux too: before 1970, until 2038 */
	inode->atime = (struct timespec64){ (s32)raw->atime, 0 };
	inode->mtime = (struct timespec64){ (s32)raw->mtime, 0 };
	inode->ctime = (struct timespec64){ (s32)raw->ctime, 0 };
	if (S_ISCHR(raw->mode) || S_ISBLK(raw->mode))
		inode->rdev = raw->block[0] ? raw->block[0] & 0xffff : raw->block[1];
}

static void set_operations(struct ext2_fs *fs, struct inode *inode)
{
	struct ext2_info *info = inode->private;

	switch (inode->mode & S_IFMT) {
	case S_IFREG:
		inode->ops = &ext2_file_ops;
		inode->fops = &ext2_file_fops;
		diskfile_init(&info->df, inode, fs->dev, fs->block_bytes, &ext2_diskfile_ops);
		break;
	case S_IFDIR:
		inode->ops = &ext2_dir_ops;
		inode->fops = &ext2_dir_fops;
		break;
	case S_IFLNK:
		inode->ops = &ext2_link_ops;
		break;
	default:
		inode->ops = &ext2_special_ops;
		break;
	}
}

static int check_inode(struct ext2_fs *fs, const struct inode *inode)
{
	u32 type = inode->mode & S_IFMT;

	if (type != S_IFREG && type != S_IFDIR && type != S_IFLNK && type != S_IFIFO &&
	    type != S_IFSOCK && type != S_IFCHR && type != S_IFBLK)
		return ext2_error(fs, "inode %llu has mode %o", (unsigned long long)inode->ino,
				  inode->mode);
	if (inode->size > fs->max_file_bytes ||
	    (type == S_IFDIR && (!inode->size || inode->size % fs->block_bytes)) ||
	    (type == S_IFLNK && inode->size >= fs->block_bytes))
		return ext2_error(fs, "inode %llu has size %llu", (unsigned long long)inode->ino,
				  (unsigned long long)inode->size);
	return 0;
}

/* A fresh struct, entered under its number; no operations yet. */
static struct inode *new_struct(struct super_block *sb, u32 ino, u32 mode)
{
	struct ext2_fs *fs = sb->private;
	struct inode *inode = inode_create(sb, mode);

	if (!inode)
		return NULL;
	inode->private = kzalloc(sizeof(struct ext2_info));
	inode->ino = ino;
	if (!inode->private || radix_set(&fs->inodes, ino, (u64)inode)) {
		kfree(inode->private);
		inode_put(inode);
		return NULL;
	}
	return inode;
}

/* For one that has no operations: evict is not called. */
static void drop_struct(struct inode *inode)
{
	radix_del(&ext2_fs_of(inode)->inodes, inode->ino);
	kfree(inode->private);
	inode_put(inode);
}

static int read_inode(struct ext2_fs *fs, struct inode *inode)
{
	struct ext2_info *info = inode->private;
	struct buffer *buf;
	struct ext2_inode *raw = raw_inode(fs, inode->ino, &buf);
	int err;

	if (IS_ERR(raw))
		return (int)PTR_ERR(raw);
	read_attributes(inode, raw);
	memcpy(info->block, raw->block, sizeof(info->block));
	info->flags = raw->flags;
	info->file_acl = raw->file_acl;
	info->generation = raw->generation;
	buffer_put(&fs->cache, buf);
	if (!inode->nlink)
		return -ESTALE;
	err = check_inode(fs, inode);
	if (!err)
		set_operations(fs, inode);
	return err;
}

struct inode *ext2_iget(struct super_block *sb, u32 ino)
{
	struct ext2_fs *fs = sb->private;
	struct inode *inode = (struct inode *)radix_get(&fs->inodes, ino);
	int err;

	if (inode) {
		inode_get(inode);
		return inode;
	}
	inode = new_struct(sb, ino, 0);
	if (!inode)
		return ERR_PTR(-ENOMEM);
	err = read_inode(fs, inode);
	if (!err)
		return inode;
	drop_struct(inode);
	return ERR_PTR(err);
}

/* --- to the disk ------------------------------------------------------------------------ */

static u32 blocks_on_disk(const struct inode *inode)
{
	return (u32)MIN(inode->blocks, (u64)UINT32_MAX);
}

static void write_attributes(const struct inode *inode, struct ext2_inode *raw)
{
	const struct ext2_info *info = inode->private;

	raw->mode = (u16)inode->mode;
	raw->uid = (u16)inode->uid;
	raw->uid_high = (u16)(inode->uid >> 16);
	raw->gid = (u16)inode->gid;
	raw->gid_high = (u16)(inode->gid >> 16);
	raw->links_count = (u16)inode->nlink;
	raw->size = (u32)inode->size;
	if (S_ISREG(inode->mode))
		raw->size_high = (u32)(inode->size >> 32);
	raw->blocks = blocks_on_disk(inode);
	raw->atime = (u32)inode->atime.sec;
	raw->mtime = (u32)inode->mtime.sec;
	raw->ctime = (u32)inode->ctime.sec;
	raw->flags = info->flags;
	raw->file_acl = info->file_acl;
	raw->generation = info->generation;
	memcpy(raw->block, info->block, sizeof(raw->block));
}

/* The first file of more than 2 GiB - 1 tells older systems to keep off. */
static void note_large_file(struct ext2_fs *fs, const struct inode *inode)
{
	if (!S_ISREG(inode->mode) || inode->size <= INT32_MAX ||
	    fs->super->feature_ro_compat & EXT2_RO_COMPAT_LARGE_FILE)
		return;
	ext2_need_revision_1(fs);
	fs->super->feature_ro_compat |= EXT2_RO_COMPAT_LARGE_FILE;
	buffer_mark_dirty(&fs->cache, fs->super_buf);
}

int ext2_write_inode(struct inode *inode)
{
	struct ext2_fs *fs = ext2_fs_of(inode);
	struct ext2_inode *raw, before;
	struct buffer *buf;

	if (fs->read_only)
		return 0;
	raw = raw_inode(fs, inode->ino, &buf);
	if (IS_ERR(raw))
		return (int)PTR_ERR(raw);
	before = *raw;
	write_attributes(inode, raw);
	if (memcmp(raw, &before, sizeof(before))) {
		buffer_mark_dirty(&fs->cache, buf);
		note_large_file(fs, inode);
	}
	buffer_put(&fs->cache, buf);
	return 0;
}

int ext2_setattr(struct inode *inode)
{
	inode->atime.nsec = inode->mtime.nsec = inode->ctime.nsec = 0;
	return ext2_write_inode(inode);
}

/* --- new ones --------------------------------------------------------------------------- */

/* Its place in the table may hold what a deleted one left. */
static int clear_raw(struct ext2_fs *fs, u32 ino, u32 *generation)
{
	struct buffer *buf;
	struct ext2_inode *raw = raw_inode(fs, ino, &buf);

	if (IS_ERR(raw))
		return (int)PTR_ERR(raw);
	*generation = raw->generation + 1;
	memset(raw, 0, fs->inode_bytes);
	buffer_mark_dirty(&fs->cache, buf);
	buffer_put(&fs->cache, buf);
	return 0;
}

static struct inode *give_up(struct ext2_fs *fs, struct inode *inode, u32 ino, u32 mode,
			     int err)
{
	ext2_free_ino(fs, ino, S_ISDIR(mode));
	if (inode)
		drop_struct(inode);
	return ERR_PTR(err);
}

struct inode *ext2_new_inode(struct inode *dir, u32 mode, u64 rdev)
{
	struct ext2_fs *fs = ext2_fs_of(dir);
	struct ext2_info *info;
	struct inode *inode;
	int err;
	u32 ino = ext2_alloc_ino(fs, dir, mode, &err);

	if (!ino)
		return ERR_PTR(err);
	if (radix_get(&fs->inodes, ino))
		return give_up(fs, NULL, ino, mode, ext2_error(fs, "inode %u is in use", ino));
	inode = new_struct(dir->sb, ino, mode);
	if (!inode)
		return give_up(fs, NULL, ino, mode, -ENOMEM);
	info = inode->private;
	err = clear_raw(fs, ino, &info->generation);
	if (err)
		return give_up(fs, inode, ino, mode, err);
	inode_init_owner(inode, dir);
	inode->rdev = rdev;
	if (S_ISCHR(mode) || S_ISBLK(mode))
		info->block[rdev > UINT16_MAX] = (u32)rdev;
	info->flags = ext2_info_of(dir)->flags & EXT2_FL_INHERITED;
	set_operations(fs, inode);
	err = ext2_write_inode(inode);
	if (!err)
		return inode;
	inode->nlink = 0;
	inode_put(inode);
	return ERR_PTR(err);
}

/* --- the end ------------------------------------------------------------------------------ */

/* Are the numbers in the inode those of blocks? */
static bool has_blocks(const struct ext2_fs *fs, const struct inode *inode)
{
	const struct ext2_info *info = inode->private;
	u64 own = info->file_acl ? fs->block_bytes / 512 : 0;

	return S_ISREG(inode->mode) || S_ISDIR(inode->mode) ||
	       (S_ISLNK(inode->mode) && inode->blocks > own);
}

void ext2_delete_inode(struct inode *inode)
{
	struct ext2_fs *fs = ext2_fs_of(inode);
	struct ext2_inode *raw;
	struct buffer *buf;

	if (fs->read_only)
		return;
	if (has_blocks(fs, inode))
		ext2_unmap_blocks(inode, 0, UINT64_MAX);
	if (ext2_info_of(inode)->file_acl)
		ext2_drop_xattrs(inode);
	inode->blocks = 0;
	inode->size = 0;
	ext2_write_inode(inode);
	raw = raw_inode(fs, inode->ino, &buf);
	if (!IS_ERR(raw)) {
		raw->dtime = (u32)inode_now().sec;
		buffer_mark_dirty(&fs->cache, buf);
		buffer_put(&fs->cache, buf);
	}
	ext2_free_ino(fs, (u32)inode->ino, S_ISDIR(inode->mode));
}

void ext2_evict(struct inode *inode)
{
	struct ext2_fs *fs = ext2_fs_of(inode);
	struct ext2_info *info = inode->private;

	if (!inode->nlink) {
		ext2_delete_inode(inode);
	} else {
		if (inode->object)
			diskfile_sync(&info->df);
		ext2_write_inode(inode);
	}
	radix_del(&fs->inodes, inode->ino);
	inode->private = NULL;
	if (inode->object)
		diskfile_evict(&info->df); /* frees info with the object */
	else
		kfree(info);
}
