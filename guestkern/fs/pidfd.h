/* Descriptors of processes: pidfd_open(2). */
#ifndef FS_PIDFD_H
#define FS_PIDFD_H

#include "lib/types.h"

struct file;
struct pid_ref;
struct process;

/* A file for p; flags: O_NONBLOCK or 0. ERR_PTR(-ENOMEM, -ENFILE). */
struct file *pidfd_create(struct process *p, u32 flags);
/* What f is about, not referenced; NULL: f is no pidfd. */
struct pid_ref *pidfd_ref(const struct file *f);
/* CLONE_PIDFD: a close-on-exec descriptor of p in the current process's table,
 * its number to user memory. 0, -EFAULT, -EMFILE, -ENOMEM, -ENFILE. */
int pidfd_give(struct process *p, uaddr_t to);

#endif
