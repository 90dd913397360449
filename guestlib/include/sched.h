/*
 * Scheduling: sched_yield(2), and flags for clone(2).
 */
#ifndef GUESTLIB_SCHED_H
#define GUESTLIB_SCHED_H

#include <sys/types.h>
#include <linux/sched.h>

/* Lets others run. */
int sched_yield(void);

#endif
