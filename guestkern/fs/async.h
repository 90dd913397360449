/* O_ASYNC: a signal to the file's owner when input or output becomes possible. */
#ifndef FS_ASYNC_H
#define FS_ASYNC_H

#include "lib/types.h"

struct file;

/* Switches it for f, known as fd (si_fd). 0, -ENOMEM; nothing for files whose
 * operations do not have it. */
int async_set(struct file *f, int fd, bool on);
/* f goes. */
void async_free(struct file *f);

/* The signal to f's owner: code is POLL_IN and kin, band POLLIN and kin. */
void async_tell(const struct file *f, int fd, int code, u32 band);

/* Sets the owner: a process, a group (negative), none (0), or a thread with
 * thread set; with the caller's ids as the right to signal it. 0, -ESRCH, -EINVAL
 * (INT_MIN). */
int async_set_owner(struct file *f, s32 who, bool thread);

#endif
