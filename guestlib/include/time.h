/*
 * Clocks and sleeping: clock_gettime(2), nanosleep(2), time(2).
 */
#ifndef GUESTLIB_TIME_H
#define GUESTLIB_TIME_H

#include <sys/types.h>
#include <linux/time.h>

/* clock_gettime, time and gettimeofday go through the vDSO where there is one:
 * a bad pointer is then a fault, as in other C libraries, not EFAULT. */
int clock_gettime(clockid_t clock, struct timespec *ts);
/* Resolution of a clock. */
int clock_getres(clockid_t clock, struct timespec *ts);
/* Returns the error, not -1; flags: 0 or TIMER_ABSTIME. */
int clock_nanosleep(clockid_t clock, int flags, const struct timespec *ts,
		    struct timespec *left);
/* Sleeps; *left receives the rest on EINTR. */
int nanosleep(const struct timespec *ts, struct timespec *left);
/* Seconds since 1970, also stored at *t when it is not NULL. */
time_t time(time_t *t);

/* A clock in nanoseconds; 0 when it cannot be read. */
static inline uint64_t clock_ns(clockid_t clock)
{
	struct timespec ts;

	if (clock_gettime(clock, &ts) < 0)
		return 0;
	return (uint64_t)ts.tv_sec * 1000000000UL + (uint64_t)ts.tv_nsec;
}

/* Sleeps that many milliseconds; not restarted after a signal. */
static inline int sleep_ms(unsigned int ms)
{
	struct timespec ts = { ms / 1000, (long)(ms % 1000) * 1000000L };

	return nanosleep(&ts, NULL);
}

#endif
