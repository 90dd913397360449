/* Leases on files (fcntl(2), F_SETLEASE): who has one is told before somebody else
 * opens or cuts the file. */
#ifndef FS_LEASE_H
#define FS_LEASE_H

#include "lib/types.h"

struct file;
struct inode;
struct textbuf;

/* Seconds that a breaker waits at most, 0: for ever (/proc/sys/fs/lease-break-time);
 * whether there are leases at all (leases-enable). */
extern s64 lease_break_s, leases_enabled;

/* F_SETLEASE: type F_RDLCK, F_WRLCK or F_UNLCK; fd is told with the signal. 0,
 * -EINVAL, -EACCES, -EAGAIN (open in another way, or there is none to give up),
 * -ENOLCK. */
int lease_set(struct file *f, int fd, u32 type);
/* F_GETLEASE: what it is, or is to become. */
u32 lease_type(const struct file *f);
/*
 * Somebody opens the file (write: for writing) or truncates it: tells the holders of
 * leases in the way and waits until there are none. 0, -EWOULDBLOCK (nonblock),
 * -ERESTARTSYS. May sleep.
 */
int lease_break(struct inode *inode, bool write, bool nonblock);
/* The description is gone, and its lease. */
void lease_release_file(struct file *f);
/* The inode is gone. */
void lease_free(struct inode *inode);
/* Lines of /proc/locks; *number counts them. */
void leases_show(struct textbuf *tb, u32 *number);

#endif
