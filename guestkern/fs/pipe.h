/* What fcntl needs to know about pipes. */
#ifndef FS_PIPE_H
#define FS_PIPE_H

#include "fs/file.h"

extern const struct file_ops pipe_ops;

/* Is f an end of a pipe or FIFO? The others ask for one. */
bool pipe_is_pipe(const struct file *f);
/* F_GETPIPE_SZ, in bytes. */
u32 pipe_capacity(const struct file *f);
/* F_SETPIPE_SZ: the new capacity (a power of two of pages), or -EBUSY (more is
 * in it), -EPERM, -EINVAL, -ENOMEM. */
s64 pipe_set_capacity(struct file *f, u64 bytes);

#endif
