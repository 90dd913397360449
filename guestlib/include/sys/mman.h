/*
 * Memory mappings: mmap(2) and kin.
 */
#ifndef GUESTLIB_SYS_MMAN_H
#define GUESTLIB_SYS_MMAN_H

#include <sys/types.h>
#include <linux/mman.h>

#define MAP_FAILED ((void *)-1)
#define PAGE_SIZE 4096UL

/* mmap(2). */
void *mmap(void *addr, size_t len, int prot, int flags, int fd, off_t offset);
/* munmap(2). */
int munmap(void *addr, size_t len);
/* mprotect(2). */
int mprotect(void *addr, size_t len, int prot);
/* mremap(2), without the fifth argument. */
void *mremap(void *old, size_t old_len, size_t new_len, int flags);
/* madvise(2). */
int madvise(void *addr, size_t len, int advice);
/* msync(2). */
int msync(void *addr, size_t len, int flags);

#endif
