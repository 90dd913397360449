/* ext2: regular files: how fs/diskfile.h finds their blocks, sizes, fallocate. */
#include <linux/falloc.h>

#include "dev/block.h"
#include "fs/ext2.h"
#include "fs/vfs_internal.h"
#include "lib/err.h"
#include "mm/slab.h"

static s64 file_map(struct inode *inode, u64 at, u64 len_bytes, bool allocate, u64 *disk_at)
{
	struct ext2_fs *fs = ext2_fs_of(inode);
	bool fresh;
	u32 block;
	s64 n = ext2_map_blocks(inode, at >> fs->block_log, len_bytes >> fs->block_log, allocate,
				&block, &fresh);

	if (n < 0)
		return n;
	*disk_at = (u64)block << fs->block_log;
	return n << fs->block_log;
}

static void file_changed(struct inode *inode)
{
	ext2_write_inode(inode);
}

static void file_release(struct vm_object *obj)
{
	kfree(container_of(obj, struct ext2_info, df.obj));
}

const struct diskfile_ops ext2_diskfile_ops = {
	.map = file_map,
	.changed = file_changed,
	.release = file_release,
};

static u64 blocks_up(const struct ext2_fs *fs, u64 bytes)
{
	return ALIGN_UP(bytes, (u64)fs->block_bytes) >> fs->block_log;
}

static int file_truncate(struct inode *inode, u64 size)
{
	struct ext2_fs *fs = ext2_fs_of(inode);
	u64 old = inode->size;
	int err;

	if (size > fs->max_file_bytes)
		return -EFBIG;
	err = diskfile_resize(&ext2_info_of(inode)->df, old, size);
	if (err)
		return err;
	/* blocks past the end may be there even if it does not shrink (fallocate) */
	err = ext2_unmap_blocks(inode, blocks_up(fs, size), UINT64_MAX);
	inode_touch(inode, false, true, true);
	ext2_write_inode(inode);
	return err;
}

static int punch_hole(struct inode *inode, u64 start, u64 end)
{
	struct ext2_fs *fs = ext2_fs_of(inode);
	u64 first = blocks_up(fs, start), last = end >> fs->block_log;
	int err;

	end = MIN(end, ALIGN_UP(inode->size, PAGE_SIZE));
	if (start >= end)
		return 0;
	err = diskfile_punch(&ext2_info_of(inode)->df, start, end);
	if (!err && first < last)
		err = ext2_unmap_blocks(inode, first, last);
	return err;
}

/* ext2 on Linux can punch no holes and allocate nothing ahead either; what can be
 * done without marks for unwritten blocks is done. */
static int file_fallocate(struct inode *inode, u32 mode, u64 start, u64 len_bytes)
{
	int err;

	if (mode != (FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE))
		return -EOPNOTSUPP;
	err = punch_hole(inode, start, start + len_bytes);
	inode_touch(inode, false, true, true);
	ext2_write_inode(inode);
	return err;
}

int ext2_fsync(struct file *f)
{
	struct ext2_fs *fs = ext2_fs_of(f->inode);
	int err = 0, more;

	if (fs->read_only)
		return 0;
	if (f->inode->object)
		err = diskfile_sync_wait(&ext2_info_of(f->inode)->df);
	more = ext2_write_inode(f->inode);
	err = err ? err : more;
	more = buffer_sync(&fs->cache);
	err = err ? err : more;
	more = blkdev_flush_wait(fs->dev);
	return err ? err : more;
}

const struct file_ops ext2_file_fops = {
	.read = diskfile_read,
	.write = diskfile_write,
	.lseek = diskfile_lseek,
	.mmap = diskfile_mmap,
	.fsync = ext2_fsync,
};

const struct inode_ops ext2_file_ops = {
	.truncate = file_truncate,
	.fallocate = file_fallocate,
	.setattr = ext2_setattr,
	.evict = ext2_evict,
};
