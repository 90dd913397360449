/* What the files of fs and the file system calls share about descriptions and
 * descriptor tables; implementations of file_ops need file.h only. */
#ifndef FS_FILE_INTERNAL_H
#define FS_FILE_INTERNAL_H

#include "fs/file.h"

/* An empty description, one reference; ERR_PTR(-ENFILE, -ENOMEM). */
struct file *file_alloc(void);
/* Frees one that was never opened. */
void file_free(struct file *f);
/* Open descriptions in the machine (/proc/sys/fs/file-nr). */
u64 file_open_count(void);

/* Was it opened for reading / for writing? */
bool file_readable(const struct file *f);
bool file_writable(const struct file *f);

/* Close-on-exec of an open descriptor: 0 or 1, or -EBADF. */
int fd_get_cloexec(int fd);
/* Sets it; 0 or -EBADF. */
int fd_set_cloexec(int fd, bool cloexec);
/* Installs f (takes over the reference) at fd, closing what is there: fd, or
 * -EBADF past the limit, -EMFILE, -ENOMEM. */
int fd_replace(struct file *f, int fd, bool cloexec);
/* close_range(2) on [first, last]; only marks them with cloexec set. unshare:
 * in a table of the caller's own. 0 or -ENOMEM, -EMFILE. */
int fd_close_range(u32 first, u32 last, bool cloexec, bool unshare);

#endif
