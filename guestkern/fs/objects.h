/* Files that stand for a counter, a timer, signals: eventfd(2), timerfd_create(2),
 * signalfd(2). All may be watched by epoll. */
#ifndef FS_OBJECTS_H
#define FS_OBJECTS_H

#include "lib/types.h"

struct file;

/* Each creates a file with one reference, or ERR_PTR(-ENOMEM, -ENFILE). flags:
 * O_NONBLOCK or 0. */

/* semaphore: read takes one, not all. */
struct file *eventfd_create(u32 count, bool semaphore, u32 flags);
/* mask: the signals that it reads. */
struct file *signalfd_create(u64 mask, u32 flags);
/* clock: CLOCK_* of linux/time.h, checked by the caller. */
struct file *timerfd_file_create(s32 clock, u32 flags);

/* Is f one of eventfd_create's? */
bool file_is_eventfd(const struct file *f);
/* Adds to its counter, as far as that goes, without waiting. Any context. */
void eventfd_add(struct file *f, u64 value);

/* A signalfd's new mask: 0, or -EINVAL when f is none. */
int signalfd_set_mask(struct file *f, u64 mask);

/* Time left and interval, ns; value 0: not armed. */
struct timerfd_spec {
	u64 value_ns, interval_ns;
};
bool file_is_timerfd(const struct file *f);
/* flags: TFD_TIMER_ABSTIME: value is an instant of the timer's clock;
 * TFD_TIMER_CANCEL_ON_SET. The former setting to *old. 0, or -ECANCELED: done, but
 * the clock was set since the timer was last looked at. */
int timerfd_set(struct file *f, const struct timerfd_spec *spec, u32 flags,
		struct timerfd_spec *old);
void timerfd_get(struct file *f, struct timerfd_spec *spec);
/* The wall clock was set: tells who asked for it (TFD_TIMER_CANCEL_ON_SET). */
void timerfd_clock_was_set(void);

#endif
