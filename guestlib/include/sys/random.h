/*
 * getrandom(2).
 */
#ifndef GUESTLIB_SYS_RANDOM_H
#define GUESTLIB_SYS_RANDOM_H

#include <sys/types.h>
#include <linux/random.h>

/* Random bytes; flags: 0, GRND_NONBLOCK, GRND_RANDOM. */
ssize_t getrandom(void *buf, size_t len, unsigned int flags);

#endif
