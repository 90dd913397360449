/*
 * Clocks and timers: the clocks through the vDSO where the kernel lends one, all
 * else wrappers of system calls.
 */
#include <stdbool.h>
#include <sys/auxv.h>
#include <sys/time.h>
#include <syscall.h>
#include <time.h>
#include <unistd.h>

/* What the vDSO has, looked up when it is first wanted. */
static struct {
	bool looked;
	int (*clock_gettime)(clockid_t clock, struct timespec *ts);
	int (*gettimeofday)(struct timeval *tv, void *zone);
	time_t (*time)(time_t *t);
} vdso;

static void vdso_look(void)
{
	vdso.clock_gettime = vdso_symbol("__vdso_clock_gettime");
	vdso.gettimeofday = vdso_symbol("__vdso_gettimeofday");
	vdso.time = vdso_symbol("__vdso_time");
	vdso.looked = true;
}

int clock_gettime(clockid_t clock, struct timespec *ts)
{
	if (!vdso.looked)
		vdso_look();
	if (vdso.clock_gettime)
		return (int)sysret(vdso.clock_gettime(clock, ts));
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
	if (!vdso.looked)
		vdso_look();
	return vdso.time ? vdso.time(t) : SYS(time, t);
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
	if (!vdso.looked)
		vdso_look();
	if (vdso.gettimeofday)
		return (int)sysret(vdso.gettimeofday(tv, zone));
	return (int)SYS(gettimeofday, tv, zone);
}
