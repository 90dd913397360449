/* What fcntl and splice need to know about pipes. */
#ifndef FS_PIPE_H
#define FS_PIPE_H

#include "fs/file.h"

extern const struct file_ops pipe_ops;

/* /proc/sys/fs/pipe-max-size: what the unprivileged may ask for. */
#define PIPE_BYTES_LIMIT (16 << 20)
extern s64 pipe_bytes_max;

/* Is f an end of a pipe or FIFO? The others ask for one. */
bool pipe_is_pipe(const struct file *f);
/* F_GETPIPE_SZ, in bytes. */
u32 pipe_capacity(const struct file *f);
/* F_SETPIPE_SZ: the new capacity (a power of two of pages), or -EBUSY (more is
 * in it), -EPERM, -EINVAL, -ENOMEM. */
s64 pipe_set_capacity(struct file *f, u64 bytes);

/* --- splice, tee, vmsplice: f is an end of a pipe, bytes are in kernel memory --- */

/* Same pipe behind both? */
bool pipe_is_same(const struct file *a, const struct file *b);
/* Waits for bytes: how many there are, 0 at the end, -EAGAIN, -ERESTARTSYS. */
s64 pipe_wait_data(struct file *f, bool nonblock);
/* Waits for room: how much, -EPIPE (SIGPIPE is sent), -EAGAIN, -ERESTARTSYS. */
s64 pipe_wait_room(struct file *f, bool nonblock);
/* Copies up to len bytes without taking them; how many. */
u32 pipe_peek(struct file *f, void *buf, u32 len);
/* Takes n bytes that are there. */
void pipe_drop(struct file *f, u32 n);
/* Writes all of it, whatever O_NONBLOCK says: as write(2). */
s64 pipe_put(struct file *f, const void *buf, u32 len);
/* Between hold and release nobody else reads or writes. */
void pipe_hold(struct file *f);
void pipe_release_hold(struct file *f);

#endif
