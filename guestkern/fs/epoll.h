/* epoll(7): sets of files that wake-ups fill with what is ready. */
#ifndef FS_EPOLL_H
#define FS_EPOLL_H

#include "lib/types.h"

struct epoll_event; /* linux/eventpoll.h */
struct file;

/* A new empty set; ERR_PTR(-ENOMEM, -ENFILE). */
struct file *epoll_file_create(void);
bool file_is_epoll(const struct file *f);

/*
 * epoll_ctl(2) on the set ep for target, known as fd; ev: NULL with
 * EPOLL_CTL_DEL. 0, -EEXIST, -ENOENT, -EPERM (target cannot be waited for),
 * -EINVAL, -ELOOP, -ENOMEM, -ENOSPC. Does not sleep.
 */
int epoll_control(struct file *ep, int op, struct file *target, int fd,
		  const struct epoll_event *ev);

/*
 * epoll_wait(2): up to max events into user memory. deadline_ns: mono; 0: only
 * look, UINT64_MAX: none. How many, 0 at the deadline, -EFAULT, -EINTR.
 */
s64 epoll_collect(struct file *ep, uaddr_t events, u32 max, u64 deadline_ns);

/* The file, not referenced, that the set ep watches as fd; skip: so many other files
 * of that number come before it. ERR_PTR(-EINVAL): ep is no set; -ENOENT. */
struct file *epoll_target(const struct file *ep, int fd, u32 skip);

/* The last reference to f is gone: it leaves every set. */
void epoll_forget_file(struct file *f);

#endif
