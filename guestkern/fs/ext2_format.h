/*
 * The second extended file system on disk: all fields little-endian, as this
 * processor is. Source: the on-disk description in the documentation of
 * e2fsprogs and Linux (Documentation/filesystems/ext2.rst).
 */
#ifndef FS_EXT2_FORMAT_H
#define FS_EXT2_FORMAT_H

#include "lib/types.h"

#define EXT2_SUPER_OFFSET 1024 /* bytes from the start of the disk */
#define EXT2_MAGIC 0xef53
#define EXT2_ROOT_INO 2
#define EXT2_GOOD_OLD_FIRST_INO 11
#define EXT2_GOOD_OLD_INODE_BYTES 128
#define EXT2_BLOCK_LOG_MIN 10
#define EXT2_BLOCK_LOG_MAX 12 /* a page; 64 KiB on other machines */

/* s_state */
#define EXT2_STATE_VALID 1
#define EXT2_STATE_ERROR 2
/* s_errors */
#define EXT2_ERRORS_CONTINUE 1

/* Features that may be written without being known are all of s_feature_compat. */
#define EXT2_COMPAT_EXT_ATTR 0x8u
#define EXT2_COMPAT_RESIZE_INODE 0x10u
#define EXT2_INCOMPAT_FILETYPE 0x2u
#define EXT2_INCOMPAT_META_BG 0x10u
#define EXT2_INCOMPAT_KNOWN (EXT2_INCOMPAT_FILETYPE | EXT2_INCOMPAT_META_BG)
#define EXT2_RO_COMPAT_SPARSE_SUPER 0x1u
#define EXT2_RO_COMPAT_LARGE_FILE 0x2u
#define EXT2_RO_COMPAT_BTREE_DIR 0x4u
#define EXT2_RO_COMPAT_KNOWN \
	(EXT2_RO_COMPAT_SPARSE_SUPER | EXT2_RO_COMPAT_LARGE_FILE | EXT2_RO_COMPAT_BTREE_DIR)

struct ext2_super {
	u32 inodes_count, blocks_count, r_blocks_count;
	u32 free_blocks_count, free_inodes_count;
	u32 first_data_block, log_block_size, log_frag_size;
	u32 blocks_per_group, frags_per_group, inodes_per_group;
	u32 mtime, wtime;
	u16 mnt_count;
	int16_t max_mnt_count;
	u16 magic, state, errors, minor_rev_level;
	u32 lastcheck, checkinterval, creator_os, rev_level;
	u16 def_resuid, def_resgid;
	/* from revision 1 on */
	u32 first_ino;
	u16 inode_size, block_group_nr;
	u32 feature_compat, feature_incompat, feature_ro_compat;
	u8 uuid[16];
	char volume_name[16];
	char last_mounted[64];
	u8 unused[6];
	u16 reserved_gdt_blocks; /* behind the descriptors, to grow into */
	u8 journal[52];
	u32 first_meta_bg;
	u8 rest[1024 - 264];
};
_Static_assert(sizeof(struct ext2_super) == 1024, "the super block is 1 KiB");

struct ext2_group_desc {
	u32 block_bitmap, inode_bitmap, inode_table;
	u16 free_blocks_count, free_inodes_count, used_dirs_count;
	u16 pad;
	u32 reserved[3];
};
_Static_assert(sizeof(struct ext2_group_desc) == 32, "a descriptor is 32 bytes");

#define EXT2_DIRECT 12
#define EXT2_INDIRECT 12
#define EXT2_POINTERS 15

/* i_flags */
#define EXT2_FL_SYNC 0x8u
#define EXT2_FL_IMMUTABLE 0x10u
#define EXT2_FL_APPEND 0x20u
#define EXT2_FL_INDEX 0x1000u
/* What a new file takes from its directory (Linux: EXT2_FL_INHERITED). */
#define EXT2_FL_INHERITED 0x1c0e9u

struct ext2_inode {
	u16 mode, uid;
	u32 size, atime, ctime, mtime, dtime;
	u16 gid, links_count;
	u32 blocks; /* units of 512 bytes */
	u32 flags, osd1;
	u32 block[EXT2_POINTERS];
	u32 generation, file_acl;
	u32 size_high; /* regular files; directories: an old ACL */
	u32 faddr;
	u8 frag, fsize;
	u16 pad1, uid_high, gid_high;
	u32 reserved2;
};
_Static_assert(sizeof(struct ext2_inode) == EXT2_GOOD_OLD_INODE_BYTES, "an inode is 128 bytes");

struct ext2_dirent {
	u32 inode; /* 0: unused */
	u16 rec_len;
	u8 name_len, file_type;
	char name[];
};
#define EXT2_DIRENT_HEAD 8u
#define EXT2_DIRENT_BYTES(name_len) ALIGN_UP(EXT2_DIRENT_HEAD + (u32)(name_len), 4u)

/* Head of a block of extended attributes; shared by inodes, counted. Entries follow,
 * ascending, and 4 bytes of zero; values are at the end of the block. */
struct ext2_xattr_head {
	u32 magic, refcount, blocks, hash, checksum, reserved[3];
};
#define EXT2_XATTR_MAGIC 0xea020000u

struct ext2_xattr_entry {
	u8 name_len, name_index; /* which prefix the name has: EXT2_XATTR_* */
	u16 value_offset;	 /* from the start of the block */
	u32 value_block, value_bytes, hash;
	char name[];
};
#define EXT2_XATTR_ENTRY_HEAD 16u
#define EXT2_XATTR_PAD 4u /* of entries and values */
/* Access control lists: a version, then entries, of which only those of named users and
 * groups have an id. */
#define EXT2_ACL_VERSION 1u
struct ext2_acl_entry {
	u16 tag, perm;
	u32 id;
};
#define EXT2_ACL_SHORT_ENTRY 4u
#define EXT2_XATTR_USER 1
#define EXT2_XATTR_ACL_ACCESS 2
#define EXT2_XATTR_ACL_DEFAULT 3
#define EXT2_XATTR_TRUSTED 4
#define EXT2_XATTR_SECURITY 6

#endif
