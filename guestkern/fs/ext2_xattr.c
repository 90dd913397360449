/*
 * ext2: extended attributes. All of an inode's are in one block, which several
 * inodes may share (s_refcount: other systems' doing; here each gets its own). A
 * change makes the block anew in memory, and puts it where the old one was, or
 * elsewhere when that is shared.
 *
 * Attributes that ext4 keeps inside of large inodes are not seen, as by Linux's ext2.
 */
#include <linux/xattr.h>

#include "fs/ext2.h"
#include "fs/xattr.h"
#include "lib/err.h"
#include "lib/string.h"
#include "mm/slab.h"

static const struct {
	u8 index;
	const char *prefix;
} prefixes[] = {
	{ EXT2_XATTR_USER, XATTR_USER_PREFIX },
	{ EXT2_XATTR_TRUSTED, XATTR_TRUSTED_PREFIX },
	{ EXT2_XATTR_SECURITY, XATTR_SECURITY_PREFIX },
	/* whole names */
	{ EXT2_XATTR_ACL_ACCESS, XATTR_NAME_POSIX_ACL_ACCESS },
	{ EXT2_XATTR_ACL_DEFAULT, XATTR_NAME_POSIX_ACL_DEFAULT },
};

/* A name without its prefix. */
struct short_name {
	u8 index, len;
	const char *name;
};

static bool is_acl(u8 index)
{
	return index == EXT2_XATTR_ACL_ACCESS || index == EXT2_XATTR_ACL_DEFAULT;
}

static int shorten(const char *name, struct short_name *to)
{
	for (size_t i = 0; i < ARRAY_SIZE(prefixes); i++) {
		size_t len = strlen(prefixes[i].prefix);

		if (strncmp(name, prefixes[i].prefix, len) != 0)
			continue;
		*to = (struct short_name){ prefixes[i].index, (u8)strlen(name + len), name + len };
		if (is_acl(to->index))
			return to->len ? -EOPNOTSUPP : 0;
		return to->len ? 0 : -EINVAL;
	}
	return -EOPNOTSUPP;
}

/* --- reading a block -------------------------------------------------------------------- */

static u32 entry_bytes(const struct ext2_xattr_entry *e)
{
	return ALIGN_UP(EXT2_XATTR_ENTRY_HEAD + e->name_len, EXT2_XATTR_PAD);
}

static bool is_last(const struct ext2_xattr_entry *e)
{
	return !*(const u32 *)e;
}

static struct ext2_xattr_entry *first_entry(const u8 *block)
{
	return (struct ext2_xattr_entry *)(u64)(block + sizeof(struct ext2_xattr_head));
}

static struct ext2_xattr_entry *next_entry(const struct ext2_xattr_entry *e)
{
	return (struct ext2_xattr_entry *)((u64)e + entry_bytes(e));
}

/* Is all that the block says inside of it? */
static bool block_is_sound(const struct ext2_fs *fs, const u8 *block)
{
	const struct ext2_xattr_head *head = (const struct ext2_xattr_head *)block;
	const struct ext2_xattr_entry *e = first_entry(block);
	u64 end = (u64)block + fs->block_bytes - sizeof(u32); /* of the last entry */

	if (head->magic != EXT2_XATTR_MAGIC || head->blocks != 1 || !head->refcount)
		return false;
	for (; !is_last(e); e = next_entry(e)) {
		if ((u64)e + EXT2_XATTR_ENTRY_HEAD > end || (u64)next_entry(e) > end)
			return false;
		if (e->value_block || e->value_bytes > fs->block_bytes ||
		    e->value_offset > fs->block_bytes - e->value_bytes)
			return false;
	}
	return true;
}

/* The inode's block, held; NULL if it has none; ERR_PTR. */
static struct buffer *get_block(struct ext2_fs *fs, const struct inode *inode)
{
	u32 block = ext2_info_of(inode)->file_acl;
	struct buffer *buf = NULL;

	if (!block)
		return NULL;
	if (ext2_block_ok(fs, block))
		buf = buffer_get(&fs->cache, block);
	if (buf && (IS_ERR(buf) || block_is_sound(fs, buf->data)))
		return buf;
	if (buf)
		buffer_put(&fs->cache, buf);
	ext2_error(fs, "attributes of inode %llu", (unsigned long long)inode->ino);
	return ERR_PTR(-EIO);
}

/* As the order of entries has it: < 0, 0, > 0. */
static int compare(const struct ext2_xattr_entry *e, const struct short_name *name)
{
	if (e->name_index != name->index)
		return e->name_index - name->index;
	if (e->name_len != name->len)
		return e->name_len - name->len;
	return memcmp(e->name, name->name, name->len);
}

static const struct ext2_xattr_entry *find(const u8 *block, const struct short_name *name)
{
	const struct ext2_xattr_entry *e = first_entry(block);

	for (; !is_last(e); e = next_entry(e)) {
		if (compare(e, name) == 0)
			return e;
	}
	return NULL;
}

static s64 get(const struct inode *inode, const char *name, void *value, size_t size)
{
	struct ext2_fs *fs = ext2_fs_of(inode);
	const struct ext2_xattr_entry *e;
	struct short_name want;
	struct buffer *buf;
	s64 ret = shorten(name, &want);

	if (ret)
		return ret;
	buf = get_block(fs, inode);
	if (!buf || IS_ERR(buf))
		return buf ? PTR_ERR(buf) : -ENODATA;
	e = find(buf->data, &want);
	ret = e ? (s64)e->value_bytes : -ENODATA;
	if (e && is_acl(want.index))
		ret = ext2_acl_from_disk(buf->data + e->value_offset, e->value_bytes, value, size);
	else if (e && size && size < e->value_bytes)
		ret = -ERANGE;
	else if (e && size)
		memcpy(value, buf->data + e->value_offset, e->value_bytes);
	buffer_put(&fs->cache, buf);
	return ret;
}

static int list(const struct inode *inode, struct xattr_list *to)
{
	struct ext2_fs *fs = ext2_fs_of(inode);
	const struct ext2_xattr_entry *e;
	struct buffer *buf = get_block(fs, inode);
	int err = 0;

	if (!buf || IS_ERR(buf))
		return buf ? (int)PTR_ERR(buf) : 0;
	for (e = first_entry(buf->data); !is_last(e) && !err; e = next_entry(e)) {
		for (size_t i = 0; i < ARRAY_SIZE(prefixes) && !err; i++) {
			if (prefixes[i].index == e->name_index)
				err = xattr_list_add(to, prefixes[i].prefix, e->name, e->name_len);
		}
	}
	buffer_put(&fs->cache, buf);
	return err;
}

/* --- making a block ------------------------------------------------------------------------ */

/* A block that is being made: entries grow up, values down. */
struct making {
	u8 *block;
	u32 entry_at, value_at; /* offsets of what is free between */
};

static u32 rotate(u32 hash, u32 bits)
{
	return hash << bits | hash >> (32 - bits);
}

/* Name and value, which is padded with zeros (e2fsck compares). */
static u32 entry_hash(const struct ext2_xattr_entry *e, const u8 *value)
{
	u32 hash = 0, word;

	for (u32 i = 0; i < e->name_len; i++)
		hash = rotate(hash, 5) ^ (u8)e->name[i];
	for (u32 at = 0; at < e->value_bytes; at += sizeof(word)) {
		memcpy(&word, value + at, sizeof(word));
		hash = rotate(hash, 16) ^ word;
	}
	return hash;
}

static int add(struct making *m, const struct short_name *name, const void *value, u32 size)
{
	struct ext2_xattr_entry *e = (struct ext2_xattr_entry *)(m->block + m->entry_at);
	u32 bytes = ALIGN_UP(EXT2_XATTR_ENTRY_HEAD + name->len, EXT2_XATTR_PAD);
	u32 room = m->value_at - m->entry_at;

	if (bytes + sizeof(u32) > room ||
	    ALIGN_UP(size, EXT2_XATTR_PAD) > room - bytes - sizeof(u32))
		return -ENOSPC;
	m->value_at -= ALIGN_UP(size, EXT2_XATTR_PAD);
	m->entry_at += bytes;
	memcpy(m->block + m->value_at, value, size);
	e->name_len = name->len;
	e->name_index = name->index;
	e->value_offset = size ? (u16)m->value_at : 0;
	e->value_bytes = size;
	memcpy(e->name, name->name, name->len);
	e->hash = entry_hash(e, m->block + m->value_at);
	return 0;
}

/* All of old (or NULL) but the one named, and that one as given, unless value is
 * NULL: in order. */
static int make(struct making *m, const u8 *old, const struct short_name *name,
		const void *value, u32 size)
{
	const struct ext2_xattr_entry *e = old ? first_entry(old) : NULL;
	bool added = !value;
	int err = 0;

	for (; e && !is_last(e) && !err; e = next_entry(e)) {
		int order = compare(e, name);
		struct short_name same = { e->name_index, e->name_len, e->name };

		if (!added && order >= 0) {
			err = add(m, name, value, size);
			added = true;
		}
		if (order && !err)
			err = add(m, &same, old + e->value_offset, e->value_bytes);
	}
	return !err && !added ? add(m, name, value, size) : err;
}

static void finish(struct making *m)
{
	struct ext2_xattr_head *head = (struct ext2_xattr_head *)m->block;

	*head = (struct ext2_xattr_head){
		.magic = EXT2_XATTR_MAGIC,
		.refcount = 1,
		.blocks = 1,
	};
	for (struct ext2_xattr_entry *e = first_entry(m->block); !is_last(e); e = next_entry(e))
		head->hash = rotate(head->hash, 16) ^ e->hash;
}

/* --- the inode's block ------------------------------------------------------------------------ */

static void count_block(struct inode *inode, s64 change)
{
	inode->blocks += (u64)(change * (s64)(ext2_fs_of(inode)->block_bytes / 512));
}

/* buf is the inode's block, held: it is no longer. */
static void leave_block(struct inode *inode, struct buffer *buf)
{
	struct ext2_xattr_head *head = (struct ext2_xattr_head *)buf->data;
	struct ext2_fs *fs = ext2_fs_of(inode);
	bool shared = head->refcount > 1;

	if (shared) {
		head->refcount--;
		buffer_mark_dirty(&fs->cache, buf);
	}
	buffer_put(&fs->cache, buf);
	if (!shared)
		ext2_free_blocks(fs, ext2_info_of(inode)->file_acl, 1);
	ext2_info_of(inode)->file_acl = 0;
	count_block(inode, -1);
}

/* A block of the inode's own for what has been made. */
static int new_block(struct inode *inode, const struct making *m)
{
	struct ext2_fs *fs = ext2_fs_of(inode);
	u32 group = (u32)(inode->ino - 1) / fs->super->inodes_per_group, got, block;
	struct buffer *buf;
	int err;

	block = ext2_alloc_blocks(fs, fs->super->first_data_block +
				  group * fs->super->blocks_per_group, 1, &got, &err);
	if (!block)
		return err;
	buf = buffer_get_zero(&fs->cache, block);
	if (IS_ERR(buf)) {
		ext2_free_blocks(fs, block, 1);
		return (int)PTR_ERR(buf);
	}
	memcpy(buf->data, m->block, fs->block_bytes);
	buffer_put(&fs->cache, buf);
	ext2_info_of(inode)->file_acl = block;
	count_block(inode, 1);
	ext2_need_revision_1(fs);
	fs->super->feature_compat |= EXT2_COMPAT_EXT_ATTR;
	buffer_mark_dirty(&fs->cache, fs->super_buf);
	return 0;
}

/* What was made takes the place of buf, which is held (or NULL). */
static int replace(struct inode *inode, struct buffer *buf, const struct making *m)
{
	const struct ext2_info *info = ext2_info_of(inode);
	struct ext2_fs *fs = ext2_fs_of(inode);
	u32 old = info->file_acl, new;
	int err;

	if (buf && is_last(first_entry(m->block))) {
		leave_block(inode, buf);
		return 0;
	}
	if (buf && ((struct ext2_xattr_head *)buf->data)->refcount == 1) {
		memcpy(buf->data, m->block, fs->block_bytes);
		buffer_mark_dirty(&fs->cache, buf);
		buffer_put(&fs->cache, buf);
		return 0;
	}
	err = new_block(inode, m);
	if (!buf)
		return err;
	if (err) {
		buffer_put(&fs->cache, buf);
		return err;
	}
	new = info->file_acl;
	ext2_info_of(inode)->file_acl = old;
	leave_block(inode, buf);
	ext2_info_of(inode)->file_acl = new;
	return 0;
}

static int check_flags(const struct buffer *buf, const struct short_name *name,
		       const void *value, u32 flags)
{
	bool there = buf && find(buf->data, name);

	if (there && flags & XATTR_CREATE)
		return -EEXIST;
	return !there && (!value || flags & XATTR_REPLACE) ? -ENODATA : 0;
}

static int set_as_kept(struct inode *inode, const struct short_name *want, const void *value,
		       size_t size, u32 flags)
{
	struct ext2_fs *fs = ext2_fs_of(inode);
	struct making m = { .entry_at = sizeof(struct ext2_xattr_head),
			    .value_at = fs->block_bytes };
	struct buffer *buf;
	int err;

	if (fs->read_only)
		return -EROFS;
	buf = get_block(fs, inode);
	if (IS_ERR(buf))
		return (int)PTR_ERR(buf);
	err = check_flags(buf, want, value, flags);
	if (!err && size > fs->block_bytes)
		err = -ENOSPC;
	m.block = err ? NULL : kzalloc(fs->block_bytes);
	if (!err && !m.block)
		err = -ENOMEM;
	if (!err)
		err = make(&m, buf ? buf->data : NULL, want, value, (u32)size);
	if (!err) {
		finish(&m);
		err = replace(inode, buf, &m);
	} else if (buf) {
		buffer_put(&fs->cache, buf);
	}
	kfree(m.block);
	if (!err)
		ext2_write_inode(inode);
	return err;
}

static int set(struct inode *inode, const char *name, const void *value, size_t size,
	       u32 flags)
{
	struct short_name want;
	void *kept;
	int err = shorten(name, &want);

	if (err)
		return err;
	if (!value || !is_acl(want.index))
		return set_as_kept(inode, &want, value, size, flags);
	kept = kmalloc(size);
	if (!kept)
		return -ENOMEM;
	size = ext2_acl_to_disk(value, size, kept);
	err = set_as_kept(inode, &want, kept, size, flags);
	kfree(kept);
	return err;
}

void ext2_drop_xattrs(struct inode *inode)
{
	struct buffer *buf = get_block(ext2_fs_of(inode), inode);

	if (buf && !IS_ERR(buf))
		leave_block(inode, buf);
}

const struct xattr_ops ext2_xattr_ops = {
	.get = get,
	.set = set,
	.list = list,
};
