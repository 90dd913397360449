/* Machine with an ext2 disk for hosted tests: images made by mke2fs, judged by
 * e2fsck, both of e2fsprogs. */
#ifndef EXT2_FIXTURE_H
#define EXT2_FIXTURE_H

#include "fs/ext2_format.h"
#include "fs/vfs.h"
#include "lib/types.h"

#define EXT2_DISK_BYTES (16u << 20)

extern u8 *ext2_disk; /* EXT2_DISK_BYTES */

/* mke2fs options: all sizes of blocks and inodes. */
#define EXT2_FORMATS 7
extern const char *const ext2_formats[EXT2_FORMATS];
/* The super block on the disk. */
struct ext2_super *ext2_super(void);
/* A copy: the inode itself may be gone when nobody uses it. */
const struct inode *ext2_inode_of(const char *name);
/* Random numbers, the same in every run. */
extern u32 ext2_seed;
u32 ext2_rnd(u32 below);

/* Is e2fsprogs there? */
bool ext2_tools(void);
/* Machine of ram_bytes (0: the default) with the disk /dev/vda, on which mke2fs
 * with these options has made a file system; not mounted. */
void ext2_boot(u64 ram_bytes, const char *mke2fs_options);
/* The same with one of ext2_formats, and mounted. */
void ext2_boot_mounted(int format);
/* Mounts it at /mnt: 0 or the errno. */
int ext2_try_mount(u32 flags);
void ext2_mount_disk(void);
void ext2_unmount_disk(void);
/* Runs e2fsck with these options ("-fn") on the image as it is: its status; the
 * image becomes what it left. Fails the test on a status above 1. */
int ext2_fsck(const char *options);
/* Unmounts, and fails the test unless e2fsck -fn finds nothing. */
void ext2_check_clean(void);
/* Writes the image to a file, or reads it. */
void ext2_save(const char *path);
void ext2_load(const char *path);

#endif
