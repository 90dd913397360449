/*
 * select(2) and pselect6(2).
 */
#ifndef GUESTLIB_SYS_SELECT_H
#define GUESTLIB_SYS_SELECT_H

#include <signal.h>
#include <time.h>

#define FD_SETSIZE 1024

typedef struct {
	unsigned long bits[FD_SETSIZE / 64];
} fd_set;

#define FD_BIT(fd) (1UL << ((fd) % 64))
#define FD_SET(fd, set) ((void)((set)->bits[(fd) / 64] |= FD_BIT(fd)))
#define FD_CLR(fd, set) ((void)((set)->bits[(fd) / 64] &= ~FD_BIT(fd)))
#define FD_ISSET(fd, set) (((set)->bits[(fd) / 64] & FD_BIT(fd)) != 0)
#define FD_ZERO(set) ((void)(*(set) = (fd_set){ { 0 } }))

/* How many are ready, or -1; Linux updates *timeout. */
int select(int count, fd_set *r, fd_set *w, fd_set *x, struct timeval *timeout);
/* With a signal mask for the duration; *timeout is not changed. */
int pselect(int count, fd_set *r, fd_set *w, fd_set *x,
	    const struct timespec *timeout, const sigset_t *mask);

#endif
