/*
 * Wrappers of the system calls on clocks and timers.
 */
#include <sys/time.h>
#include <syscall.h>
#include <time.h>
#include <unistd.h>

int clock_gettime(clockid_t clock, struct timespec *ts)
{
	return (int)SYS(clock_gettime, clock, ts);
}

int clock_getres(clockid_t clock, struct timespec *ts)
{
	return (int)SYS(clock_getres, clock, ts);
}

int clock_nanosleep(clockid_t clock, int flags, const struct timespec *ts,
		    struct timespec *left)
{
	return (int)-sys4(__NR_clock_nanosleep, clock, flags, (long)ts, (long)left);
}

int nanosleep(const struct timespec *ts, struct timespec *left)
{
	return (int)SYS(nanosleep, ts, left);
}

time_t time(time_t *t)
{
	return SYS(time, t);
}

unsigned int sleep(unsigned int seconds)
{
	struct timespec ts = { seconds, 0 };
	struct timespec left;

	if (nanosleep(&ts, &left) == 0)
		return 0;
	return (unsigned int)left.tv_sec + (left.tv_nsec > 0);
}

int setitimer(int which, const struct itimerval *val, struct itimerval *old)
{
	return (int)SYS(setitimer, which, val, old);
}

int getitimer(int which, struct itimerval *val)
{
	return (int)SYS(getitimer, which, val);
}

int gettimeofday(struct timeval *tv, void *zone)
{
	return (int)SYS(gettimeofday, tv, zone);
}
