/*
 * poll(2) and ppoll(2).
 */
#ifndef GUESTLIB_POLL_H
#define GUESTLIB_POLL_H

#include <signal.h>
#include <time.h>
#include <asm/poll.h>

typedef unsigned int nfds_t;

/* How many are ready within timeout_ms (-1: for ever), or -1. */
int poll(struct pollfd *fds, nfds_t count, int timeout_ms);
/* With a signal mask for the duration; *timeout is not changed. */
int ppoll(struct pollfd *fds, nfds_t count, const struct timespec *timeout,
	  const sigset_t *mask);

#endif
