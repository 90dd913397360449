/*
 * readv(2), writev(2).
 */
#ifndef GUESTLIB_SYS_UIO_H
#define GUESTLIB_SYS_UIO_H

#include <sys/types.h>
#include <linux/uio.h>

/* Reads into several buffers in order. */
ssize_t readv(int fd, const struct iovec *iov, int count);
/* Writes from several buffers in order. */
ssize_t writev(int fd, const struct iovec *iov, int count);

#endif
