/* Boot entry points of the pseudo file systems, and the files in fs that stand
 * for something else: pipes, devices, the host's streams. */
#ifndef FS_PSEUDO_H
#define FS_PSEUDO_H

#include "lib/types.h"

struct file;
struct inode;
struct fs_type;
struct super_block;

/* Register the types with fs_register. Boot, after vfs_init. */
void ramfs_init(void);  /* "tmpfs", "ramfs" */
void devfs_init(void);  /* "devtmpfs": null zero full random urandom tty … */
void ext2_init(void);   /* "ext2" */
void devpts_init(void); /* "devpts" */
void procfs_init(void); /* "proc" */
void sysfs_init(void);	/* "sysfs" */

/* A file system on a place of the host (the broker's handle). private: changes stay in
 * memory, and the host's files are only read. One reference, or ERR_PTR. */
struct super_block *hostfs_create(u32 handle, bool read_only, bool private);
/* Mounts a place of the host (the broker's handle) at target, which is made if it is
 * not there. Boot. 0 or -errno: -ENOTDIR, -EISDIR where one is a directory and the
 * other is not. */
int hostfs_mount(u32 handle, const char *target, bool is_file, bool read_only);

/* A pipe: read end and write end, referenced, flags O_NONBLOCK. 0 or -ENOMEM,
 * -ENFILE. */
int pipe_create(struct file **read_end, struct file **write_end, unsigned flags);

/*
 * Second half of opening an inode of whatever file system that is no regular
 * file or directory; f is complete (flags, inode) but for ops and private,
 * which these set. On failure the caller drops f. May sleep.
 */

/* S_IFCHR: the device inode->rdev. 0, -ENXIO, or as the device says. */
int chrdev_file_open(struct inode *inode, struct file *f);
/* S_IFBLK: the disk inode->rdev. 0, -ENXIO. */
int blkdev_file_open(struct inode *inode, struct file *f);
/* S_IFIFO: fifo(7). 0, -ENXIO (O_WRONLY|O_NONBLOCK without reader), -ENOMEM,
 * -ERESTARTSYS. */
int fifo_open(struct inode *inode, struct file *f);

/* Puts the machine's three streams into the current process's table as
 * descriptors 0..2 and makes the console, if one is among them, its controlling
 * terminal. 0 or -errno. Boot, with devtmpfs mounted. */
int stream_files_install(void);

#endif
