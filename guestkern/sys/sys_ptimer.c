/* POSIX timers: timer_create(2) and kin. */
#include "hal/hal.h"
#include "lib/err.h"
#include "mm/uaccess.h"
#include "proc/cred.h"
#include "proc/ptimer.h"
#include "proc/task.h"
#include "sys/syscall.h"
#include "sys/user_time.h"

#include <asm/siginfo.h>
#include <asm/signal.h>
#include <linux/capability.h>
#include <linux/time.h>

/* struct sigevent of asm-generic/siginfo.h, whose header clashes. */
struct user_sigevent {
	u64 value;
	s32 signo, notify, tid;
	s32 pad[11];
};
_Static_assert(sizeof(struct user_sigevent) == 64, "sigevent");

static int event_from_user(struct ptimer_event *event, uaddr_t from)
{
	const struct task *t;
	struct user_sigevent u;

	*event = (struct ptimer_event){ .signo = SIGALRM, .value_is_id = true };
	if (!from)
		return 0;
	if (get_user(u, from))
		return -EFAULT;
	*event = (struct ptimer_event){ .signo = u.signo, .value = u.value };
	switch (u.notify) {
	case SIGEV_NONE:
		event->signo = 0;
		return 0;
	case SIGEV_SIGNAL | SIGEV_THREAD_ID:
		t = task_find(u.tid);
		if (!t || t->proc != current_process())
			return -EINVAL;
		event->tid = u.tid;
		break;
	case SIGEV_SIGNAL:
	case SIGEV_THREAD:
		break;
	default:
		return -EINVAL;
	}
	return u.signo > 0 && u.signo <= NSIG_ ? 0 : -EINVAL;
}

static int clock_from_user(struct ptimer_clock *clock, s32 id)
{
	if (id < 0)
		return user_cpu_clock(clock, id);
	*clock = (struct ptimer_clock){ .kind = PTIMER_MONO };
	switch (id) {
	case CLOCK_REALTIME:
	case CLOCK_TAI:
		clock->kind = PTIMER_REAL;
		return 0;
	case CLOCK_MONOTONIC:
	case CLOCK_BOOTTIME:
		return 0;
	case CLOCK_REALTIME_ALARM: /* no clock that could wake the machine */
	case CLOCK_BOOTTIME_ALARM:
	case CLOCK_MONOTONIC_RAW:
	case CLOCK_REALTIME_COARSE:
	case CLOCK_MONOTONIC_COARSE:
		return -EOPNOTSUPP;
	case CLOCK_PROCESS_CPUTIME_ID:
	case CLOCK_THREAD_CPUTIME_ID:
		return user_cpu_clock(clock, id);
	default:
		return -EINVAL;
	}
}

s64 sys_timer_create(const u64 arg[6])
{
	struct ptimer_event event;
	struct ptimer_clock clock;
	s64 id;
	int err;

	err = event_from_user(&event, arg[1]);
	if (err == -EFAULT)
		return err;
	err = clock_from_user(&clock, (s32)arg[0]) ?: err;
	if (err)
		return err;
	id = ptimer_create(&clock, &event);
	if (id >= 0 && copy_to_user(arg[2], &(s32){ (s32)id }, 4)) {
		ptimer_delete((s32)id);
		return -EFAULT;
	}
	return id < 0 ? id : 0;
}

static int setting_from_user(struct itimer_ns *it, uaddr_t from)
{
	int err = user_timespec_get(&it->interval_ns,
				    from + offsetof(struct itimerspec, it_interval));

	return err ? err : user_timespec_get(&it->left_ns,
					     from + offsetof(struct itimerspec, it_value));
}

static int setting_to_user(uaddr_t to, const struct itimer_ns *it)
{
	int err = user_timespec_put(to + offsetof(struct itimerspec, it_interval),
				    it->interval_ns);

	return err ? err : user_timespec_put(to + offsetof(struct itimerspec, it_value),
					     it->left_ns);
}

s64 sys_timer_settime(const u64 arg[6])
{
	struct itimer_ns it, old;
	int err;

	if (!arg[2])
		return -EINVAL;
	err = setting_from_user(&it, arg[2]);
	if (!err)
		err = ptimer_set((s32)arg[0], &it, arg[1] & TIMER_ABSTIME, &old);
	if (err || !arg[3])
		return err;
	return setting_to_user(arg[3], &old);
}

s64 sys_timer_gettime(const u64 arg[6])
{
	struct itimer_ns it;
	int err = ptimer_get((s32)arg[0], &it);

	return err ? err : setting_to_user(arg[1], &it);
}

s64 sys_timer_getoverrun(const u64 arg[6])
{
	return ptimer_overrun((s32)arg[0]);
}

s64 sys_timer_delete(const u64 arg[6])
{
	return ptimer_delete((s32)arg[0]);
}
