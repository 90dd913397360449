/*
 * prctl(2).
 */
#ifndef GUESTLIB_SYS_PRCTL_H
#define GUESTLIB_SYS_PRCTL_H

#include <linux/prctl.h>

/* An operation on the calling process; the other arguments are its own. */
int prctl(int operation, unsigned long a, unsigned long b, unsigned long c,
	  unsigned long d);

#endif
