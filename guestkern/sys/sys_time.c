/* Reading clocks and CPU times. The monotonic clock is the host's, the wall clock
 * the host's and what it was set on (sys_clockset.c). */
#include "hal/hal.h"
#include "lib/err.h"
#include "lib/string.h"
#include "mm/uaccess.h"
#include "proc/ptimer.h"
#include "proc/task.h"
#include "sys/syscall.h"
#include "sys/user_time.h"

#include <linux/capability.h>
#include <linux/resource.h>
#include <linux/time.h>
#include <linux/times.h>

#define CLOCK_RESOLUTION_NS 1
#define COARSE_RESOLUTION_NS (4 * NS_PER_MS)

/* --- clock_* --------------------------------------------------------------------------- */

static int cpu_clock_read(s32 number, u64 *ns)
{
	struct ptimer_clock clock;
	int err = user_cpu_clock(&clock, number);

	return err ? err : cpu_timer_read(&clock, ns);
}

static int clock_read(s32 clock, u64 *ns)
{
	if (clock < 0)
		return cpu_clock_read(clock, ns);
	switch (clock) {
	case CLOCK_REALTIME:
	case CLOCK_REALTIME_COARSE:
	case CLOCK_REALTIME_ALARM:
	case CLOCK_TAI:
		*ns = clock_real_ns();
		return 0;
	case CLOCK_MONOTONIC:
	case CLOCK_MONOTONIC_RAW:
	case CLOCK_MONOTONIC_COARSE:
	case CLOCK_BOOTTIME:
	case CLOCK_BOOTTIME_ALARM:
		*ns = clock_mono_ns();
		return 0;
	case CLOCK_PROCESS_CPUTIME_ID:
	case CLOCK_THREAD_CPUTIME_ID:
		return cpu_clock_read(clock, ns);
	default:
		return -EINVAL;
	}
}

s64 sys_clock_gettime(const u64 arg[6])
{
	u64 ns;
	int err = clock_read((s32)arg[0], &ns);

	return err ? err : user_timespec_put(arg[1], ns);
}

s64 sys_clock_getres(const u64 arg[6])
{
	s32 clock = (s32)arg[0];
	bool coarse = clock == CLOCK_REALTIME_COARSE ||
		      clock == CLOCK_MONOTONIC_COARSE;
	u64 ns;
	int err = clock_read(clock, &ns);

	if (err || !arg[1])
		return err;
	return user_timespec_put(arg[1], coarse ? COARSE_RESOLUTION_NS :
						  CLOCK_RESOLUTION_NS);
}

s64 sys_time(const u64 arg[6])
{
	s64 now = (s64)(clock_real_ns() / NS_PER_SEC);

	if (arg[0] && put_user(now, arg[0]))
		return -EFAULT;
	return now;
}

/* --- usage -------------------------------------------------------------------------------- */

static void usage_of_self(struct wait_result *res)
{
	const struct process *p = current_process();
	const struct task *t;

	process_times(p, &res->utime_ns, &res->stime_ns);
	process_faults(p, &res->minflt, &res->majflt);
	res->maxrss_pages = process_maxrss_pages(p);
	res->nvcsw = p->nvcsw;
	res->nivcsw = p->nivcsw;
	list_for_each_entry(t, &p->tasks, group_link) {
		if (t->state == TASK_ZOMBIE)
			continue; /* counted in p */
		res->nvcsw += t->nvcsw;
		res->nivcsw += t->nivcsw;
	}
}

static void usage_of_children(struct wait_result *res)
{
	const struct process *p = current_process();

	res->utime_ns = p->cutime_ns;
	res->stime_ns = p->cstime_ns;
	res->minflt = p->cminflt;
	res->majflt = p->cmajflt;
	res->maxrss_pages = p->cmaxrss_pages;
}

static void usage_of_thread(struct wait_result *res)
{
	const struct task *t = current_task();

	usage_of_self(res);
	res->utime_ns = t->utime_ns;
	res->stime_ns = t->stime_ns;
	res->nvcsw = t->nvcsw;
	res->nivcsw = t->nivcsw;
}

s64 sys_getrusage(const u64 arg[6])
{
	struct wait_result res;

	memset(&res, 0, sizeof(res));
	sched_account();
	switch ((s32)arg[0]) {
	case RUSAGE_SELF:
		usage_of_self(&res);
		break;
	case RUSAGE_CHILDREN:
		usage_of_children(&res);
		break;
	case RUSAGE_THREAD:
		usage_of_thread(&res);
		break;
	default:
		return -EINVAL;
	}
	return user_rusage_put(arg[1], &res);
}

static s64 ticks(u64 ns)
{
	return (s64)(ns / (NS_PER_SEC / USER_HZ));
}

s64 sys_times(const u64 arg[6])
{
	const struct process *p = current_process();
	u64 now = sched_account(), utime, stime;
	struct tms tms;

	process_times(p, &utime, &stime);
	tms.tms_utime = ticks(utime);
	tms.tms_stime = ticks(stime);
	tms.tms_cutime = ticks(p->cutime_ns);
	tms.tms_cstime = ticks(p->cstime_ns);
	if (arg[0] && put_user(tms, arg[0]))
		return -EFAULT;
	return ticks(now);
}
