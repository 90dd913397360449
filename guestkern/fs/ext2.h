/*
 * What the files of ext2 share.
 *
 *   ext2_super.c   mounting, checks, sync, statfs, the last goodbye
 *   ext2_balloc.c  blocks: bitmaps
 *   ext2_ialloc.c  inodes: bitmaps, choosing a group
 *   ext2_map.c     a file's blocks: direct and indirect
 *   ext2_inode.c   inodes in memory, from and to the table
 *   ext2_dir.c     directory entries
 *   ext2_namei.c   names: inode_ops of directories and links
 *   ext2_file.c    regular files
 *   ext2_xattr.c   extended attributes: a block beside the inode
 *   ext2_acl.c     what access control lists are in it
 *
 * The machine waits for metadata I/O, so none of this sleeps but in reading and
 * writing contents. Metadata are changed in buffers, in an order that keeps
 * nothing; what is on the disk after a crash is for e2fsck, and fsync writes all
 * metadata, so that what it promises does not depend on what it did not write.
 */
#ifndef FS_EXT2_H
#define FS_EXT2_H

#include "fs/buffer.h"
#include "fs/diskfile.h"
#include "fs/ext2_format.h"
#include "fs/vfs.h"
#include "lib/radix.h"

struct ext2_fs {
	struct super_block *sb;
	struct blkdev *dev;
	struct buffer_cache cache;
	struct buffer *super_buf; /* held */
	struct ext2_super *super; /* inside it */
	struct buffer **desc_buf; /* held; desc_blocks of them */
	u32 desc_blocks;
	u32 first_block; /* behind those of the super block and the first descriptors */
	u32 block_bytes, block_log;
	u32 group_count, inode_bytes, first_ino;
	u32 pointers;	/* block numbers in an indirect block */
	bool read_only;
	bool was_valid; /* s_state when it was mounted */
	struct radix inodes; /* number -> struct inode in memory */
	u64 max_file_bytes;
	u32 next_dir_group;
};

struct ext2_info {
	struct diskfile df; /* regular files only */
	u32 block[EXT2_POINTERS];
	u32 flags, file_acl, generation;
	u32 goal; /* where the next block is looked for; 0: nothing known */
	u32 dir_hint; /* directories: block of the last entry found */
};

static inline struct ext2_fs *ext2_fs_of(const struct inode *inode)
{
	return inode->sb->private;
}

static inline struct ext2_info *ext2_info_of(const struct inode *inode)
{
	return inode->private;
}

/* --- ext2_super.c --------------------------------------------------------------- */

/* Something on the disk is wrong: says so, marks the file system, and makes it
 * read-only if it says that it wants that. Returns -EIO. */
int ext2_error(struct ext2_fs *fs, const char *fmt, ...) __printf(2, 3);
struct ext2_group_desc *ext2_group(struct ext2_fs *fs, u32 group);
void ext2_group_dirty(struct ext2_fs *fs, u32 group);
/* Where block `index` of the descriptors is. */
u32 ext2_desc_block(const struct ext2_fs *fs, u32 index);
/* Is a block of the file system's data area? */
bool ext2_block_ok(const struct ext2_fs *fs, u32 block);
/* The file system is going to use what revision 0 does not have. */
void ext2_need_revision_1(struct ext2_fs *fs);

/* --- ext2_balloc.c -------------------------------------------------------------- */

/* Allocates up to want blocks in a row, near goal: the first, and *got (>= 1); or
 * 0 with *err -ENOSPC, -EIO, -ENOMEM. */
u32 ext2_alloc_blocks(struct ext2_fs *fs, u32 goal, u32 want, u32 *got, int *err);
/* Frees blocks; what is cached of them is forgotten. */
void ext2_free_blocks(struct ext2_fs *fs, u32 block, u32 count);

/* --- ext2_ialloc.c -------------------------------------------------------------- */

/* A free inode number for a new file of mode in dir; or 0 with *err. */
u32 ext2_alloc_ino(struct ext2_fs *fs, const struct inode *dir, u32 mode, int *err);
void ext2_free_ino(struct ext2_fs *fs, u32 ino, bool is_dir);

/* --- ext2_map.c ----------------------------------------------------------------- */

/* Block number of the file's block index, or 0 for a hole; for how many blocks
 * from there on (1..max) that goes on. allocate: holes get blocks. *fresh: they
 * are new. Returns the count or -errno. */
s64 ext2_map_blocks(struct inode *inode, u64 index, u64 max, bool allocate, u32 *block,
		    bool *fresh);
/* Frees the blocks [first, end) of the file. 0 or the first error. */
int ext2_unmap_blocks(struct inode *inode, u64 first, u64 end);

/* --- ext2_inode.c --------------------------------------------------------------- */

/* The inode, referenced; ERR_PTR(-EIO, -ENOMEM, -ESTALE: deleted). */
struct inode *ext2_iget(struct super_block *sb, u32 ino);
/* A new one on the disk and in memory, nlink as inode_create has it; ERR_PTR. */
struct inode *ext2_new_inode(struct inode *dir, u32 mode, u64 rdev);
/* Puts the inode's attributes into its table block. 0 or -errno. */
int ext2_write_inode(struct inode *inode);
/* An inode of an unlinked file that is still open: its blocks and number are freed,
 * for nobody will come back to it. At the end of the machine. */
void ext2_delete_inode(struct inode *inode);
/* Entry in inode_ops: setattr, evict. */
int ext2_setattr(struct inode *inode);
void ext2_evict(struct inode *inode);

/* --- ext2_dir.c ----------------------------------------------------------------- */

/* Number of the inode that name leads to, 0 where there is none, or -errno. */
s64 ext2_find_entry(struct inode *dir, const char *name, u32 len);
/* Adds a name. -ENOSPC and kin; -EEXIST never: the caller has looked. */
int ext2_add_entry(struct inode *dir, const char *name, u32 len, const struct inode *inode);
/* Lets a name that is there lead elsewhere. 0, -ENOENT, -EIO. */
int ext2_set_entry(struct inode *dir, const char *name, u32 len, const struct inode *inode);
int ext2_delete_entry(struct inode *dir, const char *name, u32 len);
/* First block of a new directory. */
int ext2_make_empty(struct inode *dir, const struct inode *parent);
/* 1 nothing but . and .., 0 more, or -errno. */
int ext2_dir_is_empty(struct inode *dir);

/* --- ext2_xattr.c --------------------------------------------------------------- */

extern const struct xattr_ops ext2_xattr_ops;
/* The inode is being deleted: its block of attributes is another one's, or free. */
void ext2_drop_xattrs(struct inode *inode);

/* --- ext2_acl.c ------------------------------------------------------------------ */

/* An access control list from the form it has on a disk to that of attributes
 * (uapi/linux/posix_acl_xattr.h), at most size bytes of it (0: only asked). Its length,
 * -ERANGE, -EIO. */
s64 ext2_acl_from_disk(const void *disk, u32 bytes, void *value, size_t size);
/* And back, to at most size bytes; the length. value is a sound list. */
size_t ext2_acl_to_disk(const void *value, size_t size, void *disk);

/* --- operations ----------------------------------------------------------------- */

extern const struct file_ops ext2_dir_fops, ext2_file_fops;
extern const struct inode_ops ext2_dir_ops, ext2_link_ops, ext2_file_ops,
	ext2_special_ops;
extern const struct diskfile_ops ext2_diskfile_ops;
/* Writes inode's contents and all metadata, and flushes. */
int ext2_fsync(struct file *f);

#endif
