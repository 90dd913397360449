/*
 * ext2: mounting and what concerns the file system as a whole.
 *
 * The super block and the group descriptors stay in buffers as long as it is
 * mounted, and no file can have them among its blocks (ext2_block_ok), whatever the
 * disk says; so what was checked at mounting stays true.
 *
 * As on Linux, a file system that is mounted for writing is not "valid" on the
 * disk until it has been unmounted, and the mounts are counted.
 */
#include <linux/magic.h>
#include <linux/stat.h>

#include "dev/block.h"
#include "fs/diskfile_internal.h"
#include "fs/ext2.h"
#include "fs/pseudo.h"
#include "fs/vfs_internal.h"
#include "hal/hal.h"
#include "lib/err.h"
#include "lib/printf.h"
#include "lib/string.h"
#include "mm/slab.h"

#define GROUPS_MAX 65536u
#define MAX_LFS_BYTES (1ULL << 43)

int ext2_error(struct ext2_fs *fs, const char *fmt, ...)
{
	char text[120];
	va_list ap;

	va_start(ap, fmt);
	kvsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	klog("ext2: %s: %s", fs->dev->name, text);
	fs->was_valid = false;
	if (fs->read_only)
		return -EIO;
	fs->super->state |= EXT2_STATE_ERROR;
	buffer_mark_dirty(&fs->cache, fs->super_buf);
	if (fs->super->errors > EXT2_ERRORS_CONTINUE) {
		buffer_sync(&fs->cache);
		fs->read_only = true;
	}
	return -EIO;
}

struct ext2_group_desc *ext2_group(struct ext2_fs *fs, u32 group)
{
	u32 in_block = fs->block_bytes / sizeof(struct ext2_group_desc);

	return (struct ext2_group_desc *)fs->desc_buf[group / in_block]->data + group % in_block;
}

void ext2_group_dirty(struct ext2_fs *fs, u32 group)
{
	u32 in_block = fs->block_bytes / sizeof(struct ext2_group_desc);

	buffer_mark_dirty(&fs->cache, fs->desc_buf[group / in_block]);
}

bool ext2_block_ok(const struct ext2_fs *fs, u32 block)
{
	return block >= fs->first_block && block < fs->super->blocks_count;
}

void ext2_need_revision_1(struct ext2_fs *fs)
{
	if (fs->super->rev_level)
		return;
	fs->super->rev_level = 1;
	fs->super->first_ino = EXT2_GOOD_OLD_FIRST_INO;
	fs->super->inode_size = EXT2_GOOD_OLD_INODE_BYTES;
	buffer_mark_dirty(&fs->cache, fs->super_buf);
}

/* --- where super block and descriptors are ----------------------------------------------- */

static bool is_power_of(u32 n, u32 base)
{
	while (n > 1 && n % base == 0)
		n /= base;
	return n == 1;
}

/* Has the group a copy of the super block? */
static bool has_super(const struct ext2_fs *fs, u32 group)
{
	return !(fs->super->feature_ro_compat & EXT2_RO_COMPAT_SPARSE_SUPER) || group <= 1 ||
	       is_power_of(group, 3) || is_power_of(group, 5) || is_power_of(group, 7);
}

/* The first of the blocks of descriptors that stand in a group of those they describe. */
static u32 first_meta_bg(const struct ext2_fs *fs)
{
	return fs->super->feature_incompat & EXT2_INCOMPAT_META_BG ? fs->super->first_meta_bg
								    : UINT32_MAX;
}

/* Blocks before the group's bitmaps: super block and descriptors, or copies. */
static u32 group_heads(const struct ext2_fs *fs, u32 group)
{
	u32 in_block = fs->block_bytes / sizeof(struct ext2_group_desc);
	u32 place = group % in_block;

	if (group / in_block < first_meta_bg(fs))
		return has_super(fs, group) ? 1 + MIN(fs->desc_blocks, first_meta_bg(fs)) : 0;
	return has_super(fs, group) + (place <= 1 || place == in_block - 1);
}

u32 ext2_desc_block(const struct ext2_fs *fs, u32 index)
{
	const struct ext2_super *super = fs->super;
	u32 group = index * (fs->block_bytes / (u32)sizeof(struct ext2_group_desc));

	if (index < first_meta_bg(fs))
		return super->first_data_block + 1 + index;
	return super->first_data_block + group * super->blocks_per_group +
	       has_super(fs, group);
}

/* --- mounting: checks ------------------------------------------------------------------- */

static int refuse(const struct ext2_fs *fs, const char *why)
{
	klog("ext2: %s: %s", fs->dev->name, why);
	return -EINVAL;
}

static int check_features(const struct ext2_fs *fs, const struct ext2_super *super)
{
	char text[80];

	if (super->rev_level > 1)
		return refuse(fs, "a revision that is not known here");
	if (super->rev_level == 0)
		return 0;
	if (super->feature_incompat & ~EXT2_INCOMPAT_KNOWN) {
		ksnprintf(text, sizeof(text), "incompatible features %#x (ext3 or ext4?)",
			  super->feature_incompat & ~EXT2_INCOMPAT_KNOWN);
		return refuse(fs, text);
	}
	if (!fs->read_only && super->feature_ro_compat & ~EXT2_RO_COMPAT_KNOWN) {
		ksnprintf(text, sizeof(text), "features %#x: can be mounted read-only",
			  super->feature_ro_compat & ~EXT2_RO_COMPAT_KNOWN);
		return refuse(fs, text);
	}
	return 0;
}

static bool is_power_of_2(u32 n)
{
	return n && !(n & (n - 1));
}

/* The figures by which everything else is found. */
static int check_geometry(struct ext2_fs *fs, const struct ext2_super *super)
{
	u32 per_group = super->blocks_per_group, data;

	fs->inode_bytes = super->rev_level ? super->inode_size : EXT2_GOOD_OLD_INODE_BYTES;
	fs->first_ino = super->rev_level ? super->first_ino : EXT2_GOOD_OLD_FIRST_INO;
	if (!is_power_of_2(fs->inode_bytes) || fs->inode_bytes < EXT2_GOOD_OLD_INODE_BYTES ||
	    fs->inode_bytes > fs->block_bytes)
		return refuse(fs, "bad size of inodes");
	if (!per_group || per_group > fs->block_bytes * 8 || !super->inodes_per_group ||
	    super->inodes_per_group > fs->block_bytes * 8 ||
	    super->inodes_per_group % (fs->block_bytes / fs->inode_bytes))
		return refuse(fs, "bad size of groups");
	if (super->first_data_block != (fs->block_bytes == 1024) ||
	    super->blocks_count <= super->first_data_block + 1)
		return refuse(fs, "bad number of blocks");
	if ((u64)super->blocks_count << fs->block_log > fs->dev->size_bytes)
		return refuse(fs, "larger than its disk");
	data = super->blocks_count - super->first_data_block;
	fs->group_count = (data - 1) / per_group + 1;
	if (fs->group_count > GROUPS_MAX || fs->first_ino < EXT2_GOOD_OLD_FIRST_INO ||
	    fs->first_ino > super->inodes_count ||
	    (u64)fs->group_count * super->inodes_per_group != super->inodes_count)
		return refuse(fs, "bad number of inodes");
	return 0;
}

static int check_group(struct ext2_fs *fs, u32 group)
{
	const struct ext2_group_desc *desc = ext2_group(fs, group);
	u32 table = fs->super->inodes_per_group * fs->inode_bytes / fs->block_bytes;

	if (!ext2_block_ok(fs, desc->block_bitmap) || !ext2_block_ok(fs, desc->inode_bitmap) ||
	    !ext2_block_ok(fs, desc->inode_table) ||
	    desc->inode_table + table > fs->super->blocks_count ||
	    desc->inode_table + table < desc->inode_table)
		return refuse(fs, "bad group descriptor");
	return 0;
}

/* The longest file that block numbers and i_blocks can describe. */
static u64 max_file_bytes(const struct ext2_fs *fs)
{
	u64 p = fs->pointers;

	return MIN((EXT2_DIRECT + p + p * p + p * p * p) << fs->block_log, MAX_LFS_BYTES);
}

/* --- mounting: reading -------------------------------------------------------------------- */

static int read_descriptors(struct ext2_fs *fs)
{
	u64 bytes = (u64)fs->group_count * sizeof(struct ext2_group_desc);
	int err = 0;

	fs->desc_blocks = (u32)(ALIGN_UP(bytes, (u64)fs->block_bytes) >> fs->block_log);
	fs->first_block = fs->super->first_data_block + group_heads(fs, 0);
	fs->desc_buf = kzalloc(fs->desc_blocks * sizeof(struct buffer *));
	if (!fs->desc_buf)
		return -ENOMEM;
	for (u32 i = 0; i < fs->desc_blocks; i++) {
		struct buffer *buf = buffer_get(&fs->cache, ext2_desc_block(fs, i));

		if (IS_ERR(buf))
			return (int)PTR_ERR(buf);
		fs->desc_buf[i] = buf;
	}
	for (u32 group = 0; group < fs->group_count && !err; group++)
		err = check_group(fs, group);
	return err;
}

static int read_super(struct ext2_fs *fs)
{
	struct ext2_super *super = kmalloc(sizeof(*super));
	struct buffer *buf;
	int err = -ENOMEM;

	if (!super)
		return -ENOMEM;
	if (fs->dev->size_bytes < EXT2_SUPER_OFFSET + sizeof(*super))
		err = refuse(fs, "too small for a file system");
	else
		err = blkdev_read(fs->dev, EXT2_SUPER_OFFSET, super, sizeof(*super));
	if (!err && super->magic != EXT2_MAGIC)
		err = refuse(fs, "no ext2 file system");
	if (!err && super->log_block_size > EXT2_BLOCK_LOG_MAX - EXT2_BLOCK_LOG_MIN)
		err = refuse(fs, "blocks of more than 4 KiB");
	if (!err)
		err = check_features(fs, super);
	if (err)
		goto out;
	fs->block_log = EXT2_BLOCK_LOG_MIN + super->log_block_size;
	fs->block_bytes = 1u << fs->block_log;
	fs->pointers = fs->block_bytes / 4;
	err = check_geometry(fs, super);
	if (err)
		goto out;
	buffer_cache_init(&fs->cache, fs->dev, fs->block_bytes);
	buf = buffer_get(&fs->cache, super->first_data_block);
	err = IS_ERR(buf) ? (int)PTR_ERR(buf) : 0;
	if (!err) {
		fs->super_buf = buf;
		fs->super = (struct ext2_super *)(buf->data + EXT2_SUPER_OFFSET % fs->block_bytes);
		err = read_descriptors(fs);
	}
out:
	kfree(super);
	return err;
}

/* --- valid or not --------------------------------------------------------------------------- */

/* Counts of the whole are the sums of the groups', which are kept with the bitmaps. */
static void recount(struct ext2_fs *fs)
{
	u32 blocks = 0, inodes = 0;

	for (u32 group = 0; group < fs->group_count; group++) {
		blocks += ext2_group(fs, group)->free_blocks_count;
		inodes += ext2_group(fs, group)->free_inodes_count;
	}
	fs->super->free_blocks_count = blocks;
	fs->super->free_inodes_count = inodes;
}

static int begin_writing(struct ext2_fs *fs)
{
	struct ext2_super *super = fs->super;
	int err;

	fs->was_valid = super->state & EXT2_STATE_VALID && !(super->state & EXT2_STATE_ERROR);
	if (!fs->was_valid)
		klog("ext2: %s: was not unmounted cleanly, or has errors: run e2fsck",
		     fs->dev->name);
	else if (super->max_mnt_count > 0 && super->mnt_count >= super->max_mnt_count)
		klog("ext2: %s: mounted %u times since e2fsck", fs->dev->name,
		     super->mnt_count);
	recount(fs);
	super->state &= (u16)~EXT2_STATE_VALID;
	super->mnt_count++;
	super->mtime = super->wtime = (u32)inode_now().sec;
	buffer_mark_dirty(&fs->cache, fs->super_buf);
	err = buffer_sync(&fs->cache);
	return err ? err : blkdev_flush(fs->dev);
}

/* Contents begin to be written, if asked for, and inodes are put into their buffers.
 * The first error of these. */
static int write_inodes(struct ext2_fs *fs, bool contents)
{
	u64 ino = 0, value;
	int err = 0, one;

	for (; (value = radix_next(&fs->inodes, &ino)); ino++) {
		struct inode *inode = (struct inode *)value;

		if (inode->object && contents)
			diskfile_write_back(&ext2_info_of(inode)->df);
		one = ext2_write_inode(inode);
		err = err ? err : one;
	}
	if (fs->cache.dirty_count)
		fs->super->wtime = (u32)inode_now().sec;
	return err;
}

/* The first error of contents that has not been told. */
static int told_errors(struct ext2_fs *fs)
{
	u64 ino = 0, value;
	int err = 0, one;

	for (; (value = radix_next(&fs->inodes, &ino)); ino++) {
		struct inode *inode = (struct inode *)value;

		one = inode->object ? diskfile_error(&ext2_info_of(inode)->df) : 0;
		err = err ? err : one;
	}
	return err;
}

/* All that there is; flush waits for it, and for the disk. */
static int sync_fs(struct ext2_fs *fs, int (*flush)(struct blkdev *dev))
{
	int err, one;

	if (fs->read_only)
		return 0;
	err = write_inodes(fs, true);
	one = buffer_sync(&fs->cache);
	err = err ? err : one;
	one = flush(fs->dev);
	err = err ? err : one;
	one = told_errors(fs);
	return err ? err : one;
}

/* Everything written, and says so. */
static int end_writing(struct ext2_fs *fs)
{
	int err = sync_fs(fs, blkdev_flush);

	if (!err && fs->was_valid) {
		fs->super->state |= EXT2_STATE_VALID;
		buffer_mark_dirty(&fs->cache, fs->super_buf);
		err = buffer_sync(&fs->cache);
		if (!err)
			err = blkdev_flush(fs->dev);
	}
	return err;
}

/* --- operations of the whole ------------------------------------------------------------------ */

/* f_fsid: the two halves of the uuid. */
static u64 id_of(const struct ext2_super *super)
{
	u64 half[2];

	memcpy(half, super->uuid, sizeof(half));
	return half[0] ^ half[1];
}

static void ext2_statfs(struct super_block *sb, struct fs_usage *u)
{
	struct ext2_fs *fs = sb->private;
	const struct ext2_super *super = fs->super;
	u32 table = super->inodes_per_group * fs->inode_bytes / fs->block_bytes;
	u64 own = super->first_data_block + (u64)fs->group_count * (table + 2);
	u32 reserved = super->feature_compat & EXT2_COMPAT_RESIZE_INODE ?
			       super->reserved_gdt_blocks : 0;

	/* as Linux's ext4 counts, by which Debian mounts ext2 */
	for (u32 group = 0; group < fs->group_count; group++)
		own += group_heads(fs, group) + (has_super(fs, group) ? reserved : 0);
	u->block_bytes = fs->block_bytes;
	u->blocks = super->blocks_count - MIN(own, (u64)super->blocks_count);
	u->bfree = super->free_blocks_count;
	u->reserved = super->r_blocks_count;
	u->files = super->inodes_count;
	u->ffree = super->free_inodes_count;
	u->id = id_of(super);
}

/* Sleeps; the caller holds the file system. */
static int ext2_sync(struct super_block *sb)
{
	return sync_fs(sb->private, blkdev_flush_wait);
}

/* Contents are the page cache's to begin with. */
static void ext2_write_back(struct super_block *sb)
{
	struct ext2_fs *fs = sb->private;

	if (fs->read_only)
		return;
	write_inodes(fs, false);
	buffer_write_back(&fs->cache);
}

static int ext2_remount(struct super_block *sb, bool read_only)
{
	struct ext2_fs *fs = sb->private;
	int err = 0;

	if (read_only == fs->read_only)
		return 0;
	if (!read_only && fs->dev->read_only)
		return -EACCES;
	if (read_only) {
		err = end_writing(fs);
		fs->read_only = !err;
		return err;
	}
	err = check_features(&(struct ext2_fs){ .dev = fs->dev }, fs->super);
	if (err)
		return err;
	fs->read_only = false;
	return begin_writing(fs);
}

/* The machine ends while files are open: those without a name would be left. */
static void ext2_shutdown(struct super_block *sb)
{
	struct ext2_fs *fs = sb->private;
	u64 ino = 0, value;

	if (fs->read_only)
		return;
	for (; (value = radix_next(&fs->inodes, &ino)); ino++) {
		struct inode *inode = (struct inode *)value;

		if (!inode->nlink)
			ext2_delete_inode(inode);
	}
	end_writing(fs);
	fs->read_only = true;
}

static void free_fs(struct ext2_fs *fs)
{
	for (u32 i = 0; fs->desc_buf && i < fs->desc_blocks; i++) {
		if (fs->desc_buf[i])
			buffer_put(&fs->cache, fs->desc_buf[i]);
	}
	if (fs->super_buf)
		buffer_put(&fs->cache, fs->super_buf);
	if (fs->cache.dev)
		buffer_cache_destroy(&fs->cache);
	radix_destroy(&fs->inodes);
	kfree(fs->desc_buf);
	kfree(fs);
}

static void ext2_kill(struct super_block *sb)
{
	struct ext2_fs *fs = sb->private;

	if (!fs)
		return;
	if (!fs->read_only)
		end_writing(fs);
	fs->dev->super = NULL;
	free_fs(fs);
}

static const struct super_ops ext2_super_ops = {
	.statfs = ext2_statfs,
	.sync = ext2_sync,
	.write_back = ext2_write_back,
	.remount = ext2_remount,
	.shutdown = ext2_shutdown,
	.kill = ext2_kill,
};

/* --- mounting --------------------------------------------------------------------------------- */

static struct super_block *make_super(struct ext2_fs *fs)
{
	struct super_block *sb = super_create("ext2", EXT2_SUPER_MAGIC);
	struct inode *root;

	if (!sb)
		return ERR_PTR(-ENOMEM);
	sb->private = fs;
	sb->device = fs->dev->rdev;
	sb->whole_seconds = true;
	sb->keep_unused = true;
	sb->xattr_ops = &ext2_xattr_ops;
	fs->sb = sb;
	root = ext2_iget(sb, EXT2_ROOT_INO);
	if (!IS_ERR(root) && !S_ISDIR(root->mode)) {
		inode_put(root);
		root = ERR_PTR(refuse(fs, "the root is no directory"));
	}
	if (IS_ERR(root) || !dentry_make_root(sb, root)) {
		s64 err = IS_ERR(root) ? PTR_ERR(root) : -ENOMEM;

		sb->private = NULL; /* the caller's to free */
		fs->sb = NULL;
		super_put(sb);
		return ERR_PTR(err == -ESTALE ? -EINVAL : err);
	}
	sb->ops = &ext2_super_ops;
	return sb;
}

static struct super_block *ext2_mount(struct blkdev *dev, bool read_only, const char *options)
{
	struct ext2_fs *fs = kzalloc(sizeof(*fs));
	struct super_block *sb;
	int err;

	(void)options; /* the ones of ext2(5) change nothing here */
	if (!fs)
		return ERR_PTR(-ENOMEM);
	fs->dev = dev;
	fs->read_only = read_only;
	radix_init(&fs->inodes);
	err = read_super(fs);
	if (!err) {
		fs->max_file_bytes = max_file_bytes(fs);
		sb = make_super(fs);
		err = IS_ERR(sb) ? (int)PTR_ERR(sb) : 0;
	}
	if (!err && !read_only)
		err = begin_writing(fs);
	if (!err) {
		dev->super = sb;
		return sb;
	}
	if (fs->sb) {
		fs->read_only = true;
		super_put(fs->sb); /* frees fs */
	} else {
		free_fs(fs);
	}
	return ERR_PTR(err);
}

void ext2_init(void)
{
	static const struct fs_type type = { .name = "ext2", .mount_disk = ext2_mount };

	fs_register(&type);
	page_set_reclaim(diskfile_reclaim, diskfile_cached_pages);
}
