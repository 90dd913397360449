/*
 * File status and modes: stat(2), chmod(2), mkdir(2), mknod(2).
 */
#ifndef GUESTLIB_SYS_STAT_H
#define GUESTLIB_SYS_STAT_H

#include <sys/types.h>
#include <time.h>
#include <asm/stat.h>
#include <linux/stat.h>

#define UTIME_NOW ((1L << 30) - 1L)
#define UTIME_OMIT ((1L << 30) - 2L)

/* stat(2). */
int stat(const char *path, struct stat *st);
/* lstat(2). */
int lstat(const char *path, struct stat *st);
/* fstat(2). */
int fstat(int fd, struct stat *st);
/* newfstatat(2). */
int fstatat(int dirfd, const char *path, struct stat *st, int flags);
/* chmod(2). */
int chmod(const char *path, mode_t mode);
/* fchmod(2). */
int fchmod(int fd, mode_t mode);
/* fchmodat(2). */
int fchmodat(int dirfd, const char *path, mode_t mode);
/* umask(2). */
mode_t umask(mode_t mask);
/* mkdir(2). */
int mkdir(const char *path, mode_t mode);
/* mkdirat(2). */
int mkdirat(int dirfd, const char *path, mode_t mode);
/* mknod(2). */
int mknod(const char *path, mode_t mode, dev_t dev);
/* A FIFO, by mknod(2). */
int mkfifo(const char *path, mode_t mode);
/* utimensat(2). */
int utimensat(int dirfd, const char *path, const struct timespec times[2],
	      int flags);

#endif
