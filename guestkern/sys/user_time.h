/* Times between user memory (timespec, timeval, rusage) and the kernel's ns. */
#ifndef SYS_USER_TIME_H
#define SYS_USER_TIME_H

#include "lib/types.h"

struct wait_result;

struct ptimer_clock;

#define USER_HZ 100 /* clock_t of times(2) */

/* struct timespec: 0, -EFAULT, -EINVAL (negative, or ns of a second or more).
 * Times too large for ns become UINT64_MAX / 2. */
int user_timespec_get(u64 *ns, uaddr_t from);
/* 0 or -EFAULT. */
int user_timespec_put(uaddr_t to, u64 ns);
/* struct timeval, the same with microseconds. */
int user_timeval_get(u64 *ns, uaddr_t from);
int user_timeval_put(uaddr_t to, u64 ns);
/* struct rusage of a child that was waited for: 0 or -EFAULT. */
int user_rusage_put(uaddr_t to, const struct wait_result *res);

/* A CPU-time clock's number (clock_getcpuclockid(3)), the constants of Linux
 * included: whose time. 0, -EINVAL. */
int user_cpu_clock(struct ptimer_clock *clock, s32 number);

/* The instant that lies ns ahead, without overflow; reads the clock. */
u64 user_deadline(u64 ns);

#endif
