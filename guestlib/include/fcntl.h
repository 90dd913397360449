/*
 * Opening files and steering descriptors: open(2), fcntl(2).
 */
#ifndef GUESTLIB_FCNTL_H
#define GUESTLIB_FCNTL_H

#include <sys/types.h>
#include <linux/fcntl.h>

/* All return a descriptor (fcntl: what the command says), or -1 and errno. */
/* open(2); the third argument, mode, is read with O_CREAT and O_TMPFILE. */
int open(const char *path, int flags, ...);
/* openat(2). */
int openat(int dirfd, const char *path, int flags, ...);
/* creat(2). */
int creat(const char *path, mode_t mode);
/* fcntl(2), one argument of integer or pointer size. */
int fcntl(int fd, int cmd, ...);

#endif
