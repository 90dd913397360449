/*
 * The only way to touch user memory. All work on the LOADED address space
 * (that of the current task). No function here takes a fault: pages are
 * brought in through the page table first.
 */
#ifndef MM_UACCESS_H
#define MM_UACCESS_H

#include "lib/types.h"

/*
 * access_ok of Linux: what cannot be memory of a program at all is refused at
 * once; the rest shows when it is touched.
 */
bool user_range_possible(uaddr_t addr, u64 len);

/* 0 or -EFAULT (nothing is promised about a partly copied rest). */
int copy_from_user(void *to, uaddr_t from, size_t len_bytes);
int copy_to_user(uaddr_t to, const void *from, size_t len_bytes);
/* As copy_from_user, of what is accessible now: brings nothing in, never sleeps. */
int user_peek(void *to, uaddr_t from, size_t len_bytes);
int clear_user(uaddr_t to, size_t len_bytes);

/*
 * Copies a string with its NUL. Returns its length without the NUL,
 * -EFAULT, or -ENAMETOOLONG when size bytes did not reach the NUL.
 */
s64 strncpy_from_user(char *to, uaddr_t from, size_t size);
/* A path argument into a kmalloc'd buffer (PATH_MAX); ERR_PTR(-ENAMETOOLONG,
 * -EFAULT, -ENOMEM); free with kfree. Empty strings are the caller's matter. */
char *getname(uaddr_t path);

/*
 * Makes user memory at addr accessible for write (or read), so that it can be
 * handed to ram_read, ram_write, stream_* as a pointer until the next call
 * that may sleep, fault or change mappings. Returns how many bytes from addr on
 * are ready (1..len, whole rest of the page run), or -EFAULT if none is.
 */
s64 user_prepare(uaddr_t addr, size_t len_bytes, bool write);

/* A pointer for a prepared address. */
static inline void *user_ptr(uaddr_t addr)
{
	return (void *)addr;
}

#define get_user(var, addr) copy_from_user(&(var), (addr), sizeof(var))
#define put_user(var, addr) copy_to_user((addr), &(var), sizeof(var))

#endif
