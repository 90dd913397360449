/* inotify(7) and F_NOTIFY: what happens to files, told to who watches them. The VFS and its
 * system calls say what happened by the notify_ functions, which cost next to
 * nothing while nobody watches anything; fs/notify.c keeps the watches. */
#ifndef FS_NOTIFY_H
#define FS_NOTIFY_H

#include "lib/types.h"

struct dentry;
struct file;
struct inode;
struct path;
struct super_block;

/* As /proc/sys/fs/inotify of Linux: events that wait in one instance, instances of
 * one user. */
extern s64 inotify_events_max;
extern s64 inotify_instances_max;

/* event: one of IN_* of linux/inotify.h. None of these sleeps or fails: events
 * that find no memory become IN_Q_OVERFLOW. */

/* To inode itself, about its place and links (Linux: without IN_ISDIR). */
void notify_inode(struct inode *inode, u32 event);
/* To d's inode, and by d's name to the directory. */
void notify_dentry(const struct dentry *d, u32 event);
/* The same for an open file; nothing for files without a name. */
void notify_file(const struct file *f, u32 event);
/* To directory dir, about its entry name (len bytes); cookie ties the two ends
 * of a rename. */
#define NOTIFY_RENAME 0x00080000u /* beside IN_MOVED_FROM: within the directory */
void notify_entry(struct inode *dir, u32 event, const char *name, size_t len,
		  u32 cookie, bool is_dir);
/* A cookie that was not used yet. */
u32 notify_cookie(void);
/* The last name of inode is gone, and nobody has it open. */
void notify_gone(struct inode *inode);
/* sb goes, with all that is watched on it. */
void notify_unmount(const struct super_block *sb);

/* --- inotify ------------------------------------------------------------------- */

/* An instance; flags: O_NONBLOCK or 0. ERR_PTR(-EMFILE, -ENOMEM, -ENFILE). */
struct file *inotify_file_create(u32 flags);
bool file_is_inotify(const struct file *f);
/* Adds or changes the watch on inode: its descriptor, or -EEXIST, -ENOSPC. mask:
 * IN_*, checked by the caller. */
s64 inotify_watch(struct file *f, struct inode *inode, u32 mask);
/* 0 or -EINVAL. */
int inotify_unwatch(struct file *f, s32 wd);

/* Watches of all instances. */
u64 inotify_watches_max(void);

/* --- F_NOTIFY --------------------------------------------------------------------- */

/* fcntl(fd, F_NOTIFY, flags: DN_*) by the owner of the table files of descriptors;
 * without events it ends. 0, -ENOTDIR, -ENOMEM, -ENOSPC. */
int dnotify_set(struct file *f, int fd, const void *files, u32 flags);
/* A descriptor of f in files was closed. */
void dnotify_close(const struct file *f, const void *files);

#endif
