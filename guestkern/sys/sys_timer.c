/* Sleeping for a time, and interval timers. */
#include "hal/hal.h"
#include "lib/err.h"
#include "lib/string.h"
#include "mm/uaccess.h"
#include "proc/ptimer.h"
#include "proc/task.h"
#include "sys/syscall.h"
#include "sys/user_time.h"

#include <linux/time.h>

/* --- nanosleep ------------------------------------------------------------------------ */

static int sleep_until(u64 deadline_ns)
{
	int err;

	do {
		err = wait_sleep(deadline_ns);
	} while (!err);
	return err == -ETIMEDOUT ? 0 : err;
}

static s64 relative_sleep(u64 deadline_ns, uaddr_t left_to);

/* restart_arg: the deadline, where the rest is to be told. */
static s64 sleep_restart(struct task *t)
{
	return relative_sleep(t->restart_arg[0], t->restart_arg[1]);
}

static s64 relative_sleep(u64 deadline_ns, uaddr_t left_to)
{
	struct task *t = current_task();
	u64 now;

	if (sleep_until(deadline_ns) == 0)
		return 0;
	now = clock_mono_ns();
	if (now >= deadline_ns)
		return 0;
	if (left_to && user_timespec_put(left_to, deadline_ns - now))
		return -EFAULT;
	t->restart_fn = sleep_restart;
	t->restart_arg[0] = deadline_ns;
	t->restart_arg[1] = left_to;
	return -ERESTART_RESTARTBLOCK;
}

s64 sys_nanosleep(const u64 arg[6])
{
	u64 ns;
	int err = user_timespec_get(&ns, arg[0]);

	return err ? err : relative_sleep(user_deadline(ns), arg[1]);
}

static int check_sleep_clock(s32 clock)
{
	switch (clock) {
	case CLOCK_REALTIME:
	case CLOCK_MONOTONIC:
	case CLOCK_BOOTTIME:
	case CLOCK_TAI:
	case CLOCK_REALTIME_ALARM:
	case CLOCK_BOOTTIME_ALARM:
		return 0;
	case CLOCK_MONOTONIC_RAW:
	case CLOCK_MONOTONIC_COARSE:
	case CLOCK_REALTIME_COARSE:
	case CLOCK_THREAD_CPUTIME_ID:
		return -EOPNOTSUPP;
	default:
		return -EINVAL;
	}
}

static bool counts_from_1970(s32 clock)
{
	return clock == CLOCK_REALTIME || clock == CLOCK_TAI ||
	       clock == CLOCK_REALTIME_ALARM;
}

/* --- sleeping for CPU time -------------------------------------------------------------------- */

struct cpu_sleep {
	struct cpu_timer timer;
	struct task *sleeper;
	bool over;
};

static void cpu_sleep_over(struct cpu_timer *timer)
{
	struct cpu_sleep *s = container_of(timer, struct cpu_sleep, timer);

	s->over = true;
	sched_wake(s->sleeper);
}

/* Until clock's time is deadline_ns; 0, -ESRCH, -ERESTARTSYS. Whose time it is
 * must not end, or the sleep has no end either (as on Linux). */
static int cpu_sleep_until(const struct ptimer_clock *clock, u64 deadline_ns)
{
	struct cpu_sleep s = { .timer.fn = cpu_sleep_over, .sleeper = current_task() };
	int err;

	err = cpu_timer_start(&s.timer, clock, deadline_ns);
	while (!err && !s.over)
		err = wait_sleep(UINT64_MAX);
	cpu_timer_stop(&s.timer);
	return s.over ? 0 : err;
}

/* restart_arg: pid, deadline, where the rest is to be told. */
static s64 cpu_sleep_restart(struct task *t);

static s64 cpu_sleep_relative(s32 pid, u64 deadline_ns, uaddr_t left_to)
{
	const struct ptimer_clock clock = { .kind = PTIMER_CPU, .pid = pid };
	struct task *t = current_task();
	int err = cpu_sleep_until(&clock, deadline_ns);
	u64 now;

	if (err != -ERESTARTSYS)
		return err;
	if (cpu_timer_read(&clock, &now) == 0 && left_to &&
	    user_timespec_put(left_to, deadline_ns > now ? deadline_ns - now : 0))
		return -EFAULT;
	t->restart_fn = cpu_sleep_restart;
	t->restart_arg[0] = (u64)pid;
	t->restart_arg[1] = deadline_ns;
	t->restart_arg[2] = left_to;
	return -ERESTART_RESTARTBLOCK;
}

static s64 cpu_sleep_restart(struct task *t)
{
	return cpu_sleep_relative((s32)t->restart_arg[0], t->restart_arg[1],
				  t->restart_arg[2]);
}

static s64 cpu_sleep(s32 number, const u64 arg[6])
{
	struct ptimer_clock clock;
	u64 ns, now = 0;
	int err;

	err = user_timespec_get(&ns, arg[2]);
	if (!err)
		err = user_cpu_clock(&clock, number);
	if (!err && clock.tid)
		err = -EINVAL; /* one's own thread would never wake */
	if (!err)
		err = cpu_timer_read(&clock, &now);
	if (err)
		return err;
	if (arg[1] & TIMER_ABSTIME)
		return cpu_sleep_until(&clock, ns) == -ERESTARTSYS ? -ERESTARTNOHAND : 0;
	return cpu_sleep_relative(clock.pid, now + ns, arg[3]);
}

s64 sys_clock_nanosleep(const u64 arg[6])
{
	s32 clock = (s32)arg[0];
	u64 ns;
	int err;

	if (clock < 0 || clock == CLOCK_PROCESS_CPUTIME_ID)
		return cpu_sleep(clock, arg);
	err = check_sleep_clock(clock);

	if (!err)
		err = user_timespec_get(&ns, arg[2]);
	if (err)
		return err;
	if (!(arg[1] & TIMER_ABSTIME))
		return relative_sleep(user_deadline(ns), arg[3]);
	if (counts_from_1970(clock))
		ns = wait_wall_deadline(ns);
	return sleep_until(ns) ? -ERESTARTNOHAND : 0;
}

/* --- interval timers ---------------------------------------------------------------------- */

static bool itimer_valid(u64 which)
{
	return (u32)which <= ITIMER_PROF;
}

static int put_itimer(uaddr_t to, const struct itimer_ns *it)
{
	int err = user_timeval_put(to + offsetof(struct itimerval, it_interval),
				   it->interval_ns);

	if (err)
		return err;
	return user_timeval_put(to + offsetof(struct itimerval, it_value),
				it->left_ns);
}

static int get_itimer(struct itimer_ns *it, uaddr_t from)
{
	int err = user_timeval_get(&it->interval_ns,
				   from + offsetof(struct itimerval, it_interval));

	if (err)
		return err;
	return user_timeval_get(&it->left_ns,
				from + offsetof(struct itimerval, it_value));
}

s64 sys_getitimer(const u64 arg[6])
{
	struct itimer_ns it;

	if (!itimer_valid(arg[0]))
		return -EINVAL;
	itimer_get(current_process(), (int)arg[0], &it);
	return put_itimer(arg[1], &it);
}

s64 sys_setitimer(const u64 arg[6])
{
	struct itimer_ns it = { 0, 0 }, old;
	int err;

	if (arg[1]) { /* NULL: Linux takes it for zeros */
		err = get_itimer(&it, arg[1]);
		if (err)
			return err;
	}
	if (!itimer_valid(arg[0]))
		return -EINVAL;
	itimer_set(current_process(), (int)arg[0], &it, &old);
	return arg[2] ? put_itimer(arg[2], &old) : 0;
}

s64 sys_alarm(const u64 arg[6])
{
	struct itimer_ns it = { (u32)arg[0] * NS_PER_SEC, 0 }, old;
	u64 left;

	itimer_set(current_process(), ITIMER_REAL, &it, &old);
	/* rounded, but never to 0 while it runs */
	left = (old.left_ns + NS_PER_SEC / 2) / NS_PER_SEC;
	return (s64)(old.left_ns && !left ? 1 : left);
}
