/*
 * Reading directories: the raw getdents64(2); no DIR streams.
 */
#ifndef GUESTLIB_DIRENT_H
#define GUESTLIB_DIRENT_H

#include <sys/types.h>

#define DT_UNKNOWN 0
#define DT_FIFO 1
#define DT_CHR 2
#define DT_DIR 4
#define DT_BLK 6
#define DT_REG 8
#define DT_LNK 10

/* One entry as the kernel lays it out. */
struct dirent64 {
	uint64_t d_ino;
	int64_t d_off;
	uint16_t d_reclen;
	uint8_t d_type;
	char d_name[];
};

/* Fills buf with entries; bytes used, 0 at the end, -1 and errno. */
ssize_t getdents64(int fd, void *buf, size_t len);

#endif
