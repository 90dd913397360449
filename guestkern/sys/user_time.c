/* Times between user memory and the kernel. */
#include "sys/user_time.h"

#include "hal/hal.h"
#include "lib/err.h"
#include "lib/string.h"
#include "mm/uaccess.h"
#include "proc/ptimer.h"
#include "proc/task.h"

#include <linux/resource.h>
#include <linux/time.h>

#define NS_MAX (UINT64_MAX / 2)
/* clock_getcpuclockid(3): ~pid << 3 | what */
#define CPUCLOCK_WHAT(clock) ((clock) & 7)
#define CPUCLOCK_PID(clock) (~((clock) >> 3))
#define CPUCLOCK_PERTHREAD 4
#define CPUCLOCK_KINDS 3 /* prof, virt, sched */

static u64 seconds_to_ns(s64 sec, u64 ns)
{
	return (u64)sec >= NS_MAX / NS_PER_SEC ? NS_MAX :
						 (u64)sec * NS_PER_SEC + ns;
}

int user_timespec_get(u64 *ns, uaddr_t from)
{
	struct timespec ts;

	if (get_user(ts, from))
		return -EFAULT;
	if (ts.tv_sec < 0 || (u64)ts.tv_nsec >= NS_PER_SEC)
		return -EINVAL;
	*ns = seconds_to_ns(ts.tv_sec, (u64)ts.tv_nsec);
	return 0;
}

int user_timespec_put(uaddr_t to, u64 ns)
{
	struct timespec ts = { (s64)(ns / NS_PER_SEC), (s64)(ns % NS_PER_SEC) };

	return put_user(ts, to);
}

int user_timeval_get(u64 *ns, uaddr_t from)
{
	struct timeval tv;

	if (get_user(tv, from))
		return -EFAULT;
	if (tv.tv_sec < 0 || (u64)tv.tv_usec >= NS_PER_SEC / NS_PER_US)
		return -EINVAL;
	*ns = seconds_to_ns(tv.tv_sec, (u64)tv.tv_usec * NS_PER_US);
	return 0;
}

static struct __kernel_old_timeval timeval_of(u64 ns)
{
	return (struct __kernel_old_timeval){
		(s64)(ns / NS_PER_SEC), (s64)(ns % NS_PER_SEC / NS_PER_US)
	};
}

int user_timeval_put(uaddr_t to, u64 ns)
{
	struct __kernel_old_timeval tv = timeval_of(ns);

	return put_user(tv, to);
}

int user_rusage_put(uaddr_t to, const struct wait_result *res)
{
	struct rusage ru;

	memset(&ru, 0, sizeof(ru));
	ru.ru_utime = timeval_of(res->utime_ns);
	ru.ru_stime = timeval_of(res->stime_ns);
	ru.ru_maxrss = (s64)(res->maxrss_pages * (PAGE_SIZE / 1024));
	ru.ru_minflt = (s64)res->minflt;
	ru.ru_majflt = (s64)res->majflt;
	ru.ru_nvcsw = (s64)res->nvcsw;
	ru.ru_nivcsw = (s64)res->nivcsw;
	return put_user(ru, to);
}

int user_cpu_clock(struct ptimer_clock *clock, s32 number)
{
	bool thread = CPUCLOCK_WHAT(number) & CPUCLOCK_PERTHREAD;
	s32 pid = CPUCLOCK_PID(number);
	const struct task *t;

	*clock = (struct ptimer_clock){ .kind = PTIMER_CPU };
	if (number >= 0) {
		thread = number == CLOCK_THREAD_CPUTIME_ID;
		pid = 0;
	} else if ((CPUCLOCK_WHAT(number) & 3) >= CPUCLOCK_KINDS) {
		return -EINVAL;
	}
	t = pid ? task_find(pid) : current_task();
	if (!t || (thread && t->proc != current_process()) ||
	    (!thread && pid && t->proc->pid != pid))
		return -EINVAL;
	if (thread)
		clock->tid = t->tid;
	else
		clock->pid = t->proc->pid;
	return 0;
}

u64 user_deadline(u64 ns)
{
	return clock_mono_ns() + MIN(ns, NS_MAX);
}
