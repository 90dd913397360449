/*
 * errno.  One per process: a guestlib program has one thread.
 */
#ifndef GUESTLIB_ERRNO_H
#define GUESTLIB_ERRNO_H

#include <asm/errno.h>

/* Set by a wrapper that returned -1; never cleared by the library. */
extern int errno;

#endif
