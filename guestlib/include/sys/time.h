/*
 * Interval timers and the time of day: setitimer(2), gettimeofday(2).
 */
#ifndef GUESTLIB_SYS_TIME_H
#define GUESTLIB_SYS_TIME_H

#include <time.h>

/* which: ITIMER_REAL, ITIMER_VIRTUAL, ITIMER_PROF. */
int setitimer(int which, const struct itimerval *val, struct itimerval *old);
/* What is left of a timer. */
int getitimer(int which, struct itimerval *val);
/* Microseconds since 1970; zone is not used. */
int gettimeofday(struct timeval *tv, void *zone);

#endif
