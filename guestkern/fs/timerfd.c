/*
 * timerfd_create(2): a timer whose expirations are read. All clocks run on the
 * monotonic one; instants of the wall clock are converted when they are set, and
 * move when that clock is set (struct timer.wall).
 *
 * As in Linux an interval timer stands still after it fired until somebody asks:
 * a read or a look counts what was missed and starts it again.
 */
#include <linux/fcntl.h>
#include <linux/poll.h>
#include <linux/time.h>
#include <linux/timerfd.h>

#include "fs/file.h"
#include "fs/objects.h"
#include "hal/hal.h"
#include "lib/err.h"
#include "mm/slab.h"
#include "proc/timer.h"

#define INSTANT_MAX (UINT64_MAX / 2)

struct timerfd {
	struct timer timer;
	struct wait_queue wait;
	u64 ticks; /* not read yet */
	u64 interval_ns;
	bool expired; /* fired, and not started again */
	bool real;    /* the clock is the wall clock */
	bool was_set; /* the clock was set, and nobody has been told */
	struct list_head cancel_link; /* in cancelled_on_set, or empty */
};

static struct list_head cancelled_on_set = LIST_HEAD_INIT(cancelled_on_set);

static void timerfd_fire(struct timer *timer)
{
	struct timerfd *t = container_of(timer, struct timerfd, timer);

	t->expired = true;
	t->ticks++;
	wake_up_events(&t->wait, POLLIN);
}

/* Counts the intervals that passed since it fired, and starts it again. */
static void timerfd_forward(struct timerfd *t)
{
	u64 now, missed;

	if (!t->expired || !t->interval_ns)
		return;
	now = clock_mono_ns();
	missed = now > t->timer.deadline_ns
			 ? (now - t->timer.deadline_ns) / t->interval_ns
			 : 0;
	t->ticks += missed;
	t->expired = false;
	timer_start(&t->timer,
		    t->timer.deadline_ns + (missed + 1) * t->interval_ns);
}

void timerfd_clock_was_set(void)
{
	struct timerfd *t;

	list_for_each_entry(t, &cancelled_on_set, cancel_link) {
		t->was_set = true;
		t->ticks++;
		wake_up_events(&t->wait, POLLIN);
	}
}

static void set_cancel(struct timerfd *t, bool cancel)
{
	list_del(&t->cancel_link);
	if (cancel)
		list_add_tail(&t->cancel_link, &cancelled_on_set);
	else
		t->was_set = false;
}

/* Was the clock set, and is this the first who hears of it? */
static bool take_was_set(struct timerfd *t)
{
	bool was_set = t->was_set;

	t->was_set = false;
	return was_set;
}

static s64 timerfd_read(struct file *f, struct iobuf *buf, s64 *pos)
{
	struct timerfd *t = f->private;
	u64 ticks;
	int err;

	(void)pos;
	if (buf->len < sizeof(ticks))
		return -EINVAL;
	if (!t->ticks && f->flags & O_NONBLOCK)
		return -EAGAIN;
	err = wait_event(&t->wait, t->ticks);
	if (err)
		return err;
	if (take_was_set(t)) {
		t->ticks = 0;
		return -ECANCELED;
	}
	timerfd_forward(t);
	ticks = t->ticks;
	t->ticks = 0;
	err = iobuf_put(buf, &ticks, sizeof(ticks));
	return err ? err : (s64)sizeof(ticks);
}

static u32 timerfd_poll(struct file *f, struct poll_table *pt)
{
	struct timerfd *t = f->private;

	poll_wait(pt, &t->wait);
	return t->ticks ? POLLIN : 0;
}

static void timerfd_release(struct file *f)
{
	struct timerfd *t = f->private;

	timer_stop(&t->timer);
	list_del(&t->cancel_link);
	kfree(t);
}

static const struct file_ops timerfd_ops = {
	.anon_name = "[timerfd]",
	.read = timerfd_read,
	.lseek = file_noop_lseek,
	.poll = timerfd_poll,
	.release = timerfd_release,
};

bool file_is_timerfd(const struct file *f)
{
	return f->ops == &timerfd_ops;
}

void timerfd_get(struct file *f, struct timerfd_spec *spec)
{
	struct timerfd *t = f->private;
	u64 now = clock_mono_ns();

	timerfd_forward(t);
	spec->interval_ns = t->interval_ns;
	spec->value_ns = 0;
	if (t->timer.active) /* due, but not served yet: not over */
		spec->value_ns = t->timer.deadline_ns > now
					 ? t->timer.deadline_ns - now
					 : 1;
}

static u64 instant_of(const struct timerfd *t, u64 value_ns, bool abs)
{
	u64 now = clock_mono_ns(), real;

	if (!abs)
		return now + MIN(value_ns, INSTANT_MAX);
	if (!t->real)
		return MIN(value_ns, INSTANT_MAX);
	real = clock_real_ns();
	if (value_ns < real)
		return now - MIN(real - value_ns, now);
	return now + MIN(value_ns - real, INSTANT_MAX);
}

int timerfd_set(struct file *f, const struct timerfd_spec *spec, u32 flags,
		struct timerfd_spec *old)
{
	struct timerfd *t = f->private;
	bool abs = flags & TFD_TIMER_ABSTIME;

	timerfd_get(f, old);
	set_cancel(t, t->real && abs && (flags & TFD_TIMER_CANCEL_ON_SET));
	timer_stop(&t->timer);
	t->ticks = 0;
	t->expired = false;
	t->interval_ns = MIN(spec->interval_ns, INSTANT_MAX);
	t->timer.wall = t->real && abs;
	if (!spec->value_ns)
		return 0;
	timer_start(&t->timer, instant_of(t, spec->value_ns, abs));
	return take_was_set(t) ? -ECANCELED : 0;
}

struct file *timerfd_file_create(s32 clock, u32 flags)
{
	struct timerfd *t = kzalloc(sizeof(*t));
	struct file *f;

	if (!t)
		return ERR_PTR(-ENOMEM);
	timer_init(&t->timer, timerfd_fire);
	list_init(&t->cancel_link);
	wait_queue_init(&t->wait);
	t->real = clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_ALARM;
	f = file_create_object(&timerfd_ops, O_RDWR | flags, t);
	if (IS_ERR(f))
		kfree(t);
	return f;
}
