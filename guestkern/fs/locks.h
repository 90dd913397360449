/* Advisory locks on files: flock(2), and fcntl(2) by process or by open file
 * description. */
#ifndef FS_LOCKS_H
#define FS_LOCKS_H

#include "lib/types.h"

struct file;
struct inode;

/* As fcntl(2) has it, offsets already absolute; end is inclusive. */
struct lock_range {
	u32 type; /* F_RDLCK, F_WRLCK, F_UNLCK */
	s64 start, end;
	s32 pid;  /* answer of locks_test; -1: an open file description */
};

/* flock(2); op: LOCK_SH, LOCK_EX or LOCK_UN. May sleep when wait is set:
 * 0, -EWOULDBLOCK, -ERESTARTSYS, -ENOLCK. */
int locks_flock(struct file *f, u32 op, bool wait);
/*
 * Sets or removes a record lock owned by the current process's descriptor
 * table, or by the description (ofd). May sleep when wait is set: 0, -EAGAIN,
 * -EDEADLK, -ERESTARTSYS, -ENOLCK.
 */
int locks_set(struct file *f, const struct lock_range *want, bool ofd, bool wait);
/* F_GETLK: replaces *range by a lock in its way, or sets type F_UNLCK. */
void locks_test(struct file *f, struct lock_range *range, bool ofd);

/* A descriptor of table owner is closed: its process locks on f go. */
void locks_release_owner(struct file *f, const void *owner);
/* The description is gone: its flock and description locks go. */
void locks_release_file(struct file *f);
/* The inode is gone. */
void locks_free(struct inode *inode);

struct textbuf;
/* A line of /proc/locks. */
struct lock_line {
	u32 number;
	bool waits;	  /* for the one before it */
	const char *kind; /* the first two columns */
	u32 type;
	s32 pid;
	const struct inode *inode;
	s64 start, end;	  /* end INT64_MAX: that of the file */
};
void locks_show_line(struct textbuf *tb, const struct lock_line *line);
/* The content of /proc/locks. */
void locks_show(struct textbuf *tb);

#endif
