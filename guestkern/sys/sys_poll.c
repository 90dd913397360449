/*
 * poll, ppoll, select, pselect6: sets of descriptors from user memory into items
 * (fs/poll.h) and back. Restart: poll continues with what is left of its time
 * (restart_syscall), select and the p* calls end with EINTR when a handler ran
 * and start again otherwise, with the time left where Linux writes it back.
 */
#include <linux/poll.h>
#include <linux/resource.h>
#include <linux/personality.h>

#include "fs/poll.h"
#include "hal/hal.h"
#include "lib/bitmap.h"
#include "lib/err.h"
#include "lib/string.h"
#include "mm/slab.h"
#include "mm/uaccess.h"
#include "proc/signal.h"
#include "proc/task.h"
#include "sys/sigmask.h"
#include "sys/syscall.h"

#define FD_SETS 3

#define POLLIN_SET (POLLRDNORM | POLLRDBAND | POLLIN | POLLHUP | POLLERR)
#define POLLOUT_SET (POLLWRBAND | POLLWRNORM | POLLOUT | POLLERR)
#define POLLEX_SET (POLLPRI)

/* --- time ----------------------------------------------------------------------------- */

struct user_time {
	s64 sec, sub; /* nanoseconds or microseconds */
};

/* Deadline of a timeout in user memory: *deadline is 0 (now), UINT64_MAX (no
 * pointer) or mono ns. per_sec: units of sub in a second. */
static int read_timeout(uaddr_t from, s64 per_sec, u64 *deadline)
{
	struct user_time t;
	u64 ns;

	*deadline = UINT64_MAX;
	if (!from)
		return 0;
	if (copy_from_user(&t, from, sizeof(t)))
		return -EFAULT;
	if (per_sec == 1000000 && t.sec >= 0 && t.sub >= per_sec) {
		/* select takes microseconds past a second */
		t.sec += t.sub / per_sec;
		t.sub %= per_sec;
	}
	if (t.sec < 0 || t.sub < 0 || t.sub >= per_sec)
		return -EINVAL;
	if (t.sec >= (s64)(UINT64_MAX / 4 / NS_PER_SEC))
		return 0; /* centuries: none */
	ns = (u64)t.sec * NS_PER_SEC + (u64)t.sub * (NS_PER_SEC / (u64)per_sec);
	*deadline = ns ? clock_mono_ns() + ns : 0;
	return 0;
}

/* What is left goes back to the caller, as Linux does; failure is ignored. */
static void write_timeout(uaddr_t to, s64 per_sec, u64 deadline)
{
	struct user_time t = { 0, 0 };
	u64 now;

	if (!to || deadline == UINT64_MAX ||
	    current_process()->personality & STICKY_TIMEOUTS)
		return;
	if (deadline) {
		now = clock_mono_ns();
		if (deadline > now) {
			t.sec = (s64)((deadline - now) / NS_PER_SEC);
			t.sub = (s64)((deadline - now) % NS_PER_SEC /
				      (NS_PER_SEC / (u64)per_sec));
		}
	}
	if (copy_to_user(to, &t, sizeof(t)))
		return;
}

/* --- poll ----------------------------------------------------------------------------------- */

static void drop_items(struct poll_item *items, u32 count)
{
	for (u32 i = 0; i < count; i++)
		if (items[i].f)
			file_put(items[i].f);
	kfree(items);
}

static struct poll_item *read_pollfds(uaddr_t from, u32 count)
{
	struct poll_item *items = kzalloc(MAX(count, 1u) * sizeof(*items));
	struct pollfd pfd;

	if (!items)
		return ERR_PTR(-ENOMEM);
	for (u32 i = 0; i < count; i++) {
		if (get_user(pfd, from + i * sizeof(pfd))) {
			drop_items(items, i);
			return ERR_PTR(-EFAULT);
		}
		items[i].events = (u16)pfd.events;
		if (pfd.fd < 0)
			continue;
		items[i].f = fd_get(pfd.fd);
		if (!items[i].f)
			items[i].revents = POLLNVAL;
	}
	return items;
}

static int write_revents(uaddr_t to, const struct poll_item *items, u32 count)
{
	for (u32 i = 0; i < count; i++) {
		short revents = (short)items[i].revents;

		if (put_user(revents, to + i * sizeof(struct pollfd) +
					      offsetof(struct pollfd, revents)))
			return -EFAULT;
	}
	return 0;
}

/* Ready count or -errno, -EINTR for a signal. */
static s64 do_poll(uaddr_t fds, u32 count, u64 deadline)
{
	struct poll_item *items;
	s64 ret;

	if (count > current_process()->rlim[RLIMIT_NOFILE].cur)
		return -EINVAL;
	items = read_pollfds(fds, count);
	if (IS_ERR(items))
		return PTR_ERR(items);
	ret = poll_items(items, count, deadline);
	if (ret >= 0 && write_revents(fds, items, count))
		ret = -EFAULT;
	drop_items(items, count);
	return ret;
}

static s64 poll_restart(struct task *t);

static s64 poll_or_restart(uaddr_t fds, u32 count, u64 deadline)
{
	struct task *t = current_task();
	s64 ret = do_poll(fds, count, deadline);

	if (ret != -EINTR)
		return ret;
	t->restart_fn = poll_restart;
	t->restart_arg[0] = fds;
	t->restart_arg[1] = count;
	t->restart_arg[2] = deadline;
	return -ERESTART_RESTARTBLOCK;
}

static s64 poll_restart(struct task *t)
{
	return poll_or_restart(t->restart_arg[0], (u32)t->restart_arg[1],
			       t->restart_arg[2]);
}

s64 sys_poll(const u64 arg[6])
{
	s32 ms = (s32)arg[2];
	u64 deadline = UINT64_MAX;

	if (ms >= 0)
		deadline = ms ? clock_mono_ns() + (u64)ms * NS_PER_MS : 0;
	return poll_or_restart(arg[0], (u32)arg[1], deadline);
}

s64 sys_ppoll(const u64 arg[6])
{
	u64 deadline;
	s64 ret;

	ret = read_timeout(arg[2], NS_PER_SEC, &deadline);
	if (!ret)
		ret = sigmask_begin(arg[3], arg[4]);
	if (ret)
		return ret;
	ret = do_poll(arg[0], (u32)arg[1], deadline);
	sigmask_end(ret == -EINTR);
	write_timeout(arg[2], NS_PER_SEC, deadline);
	return ret == -EINTR ? -ERESTARTNOHAND : ret;
}

/* --- select --------------------------------------------------------------------------------- */

/* One call's sets: in, out, exceptional, then the three answers. */
struct select_sets {
	u64 *bits; /* FD_SETS * 2 bit maps of words each, kmalloc'd */
	u32 nfds, words;
};

static u64 *select_set(const struct select_sets *s, u32 which)
{
	return s->bits + which * s->words;
}

/* Sets are longs in user memory, only those that hold nfds bits. */
static int select_read(struct select_sets *s, const u64 user[FD_SETS])
{
	s->words = BITMAP_WORDS(s->nfds);
	s->bits = kzalloc(MAX(s->words, 1u) * FD_SETS * 2 * sizeof(u64));
	if (!s->bits)
		return -ENOMEM;
	for (u32 i = 0; i < FD_SETS; i++)
		if (user[i] && copy_from_user(select_set(s, i), user[i],
					      s->words * sizeof(u64)))
			return -EFAULT;
	return 0;
}

static int select_write(const struct select_sets *s, const u64 user[FD_SETS])
{
	for (u32 i = 0; i < FD_SETS; i++)
		if (user[i] && copy_to_user(user[i], select_set(s, FD_SETS + i),
					    s->words * sizeof(u64)))
			return -EFAULT;
	return 0;
}

static u32 select_events(const struct select_sets *s, u32 fd)
{
	return (bitmap_test(select_set(s, 0), fd) ? POLLIN_SET : 0) |
	       (bitmap_test(select_set(s, 1), fd) ? POLLOUT_SET : 0) |
	       (bitmap_test(select_set(s, 2), fd) ? POLLEX_SET : 0);
}

static u32 select_count(const struct select_sets *s)
{
	u32 count = 0;

	for (u32 fd = 0; fd < s->nfds; fd++)
		if (select_events(s, fd))
			count++;
	return count;
}

/* Items for the descriptors in the sets, in order. */
static struct poll_item *select_items(const struct select_sets *s, u32 count)
{
	struct poll_item *items = kzalloc(MAX(count, 1u) * sizeof(*items));
	u32 n = 0;

	if (!items)
		return ERR_PTR(-ENOMEM);
	for (u32 fd = 0; fd < s->nfds; fd++) {
		if (!select_events(s, fd))
			continue;
		items[n].events = select_events(s, fd);
		items[n].exact = true;
		items[n].f = fd_get((int)fd);
		if (!items[n].f) {
			drop_items(items, n);
			return ERR_PTR(-EBADF);
		}
		n++;
	}
	return items;
}

/* Answers into the result sets; returns how many bits. */
static s64 select_answer(const struct select_sets *s, const struct poll_item *items)
{
	static const u32 masks[FD_SETS] = { POLLIN_SET, POLLOUT_SET, POLLEX_SET };
	s64 bits = 0;
	u32 n = 0;

	for (u32 fd = 0; fd < s->nfds; fd++) {
		if (!select_events(s, fd))
			continue;
		for (u32 i = 0; i < FD_SETS; i++) {
			if (!bitmap_test(select_set(s, i), fd) ||
			    !(items[n].revents & masks[i]))
				continue;
			bitmap_set(select_set(s, FD_SETS + i), fd);
			bits++;
		}
		n++;
	}
	return bits;
}

static s64 select_wait(const struct select_sets *s, u64 deadline)
{
	u32 count = select_count(s);
	struct poll_item *items = select_items(s, count);
	s64 ret;

	if (IS_ERR(items))
		return PTR_ERR(items);
	ret = poll_items(items, count, deadline);
	if (ret > 0)
		ret = select_answer(s, items);
	drop_items(items, count);
	return ret;
}

static s64 do_select(s32 nfds, const u64 user[FD_SETS], u64 deadline)
{
	struct select_sets sets = { 0 };
	s64 ret;

	if (nfds < 0)
		return -EINVAL;
	sets.nfds = (u32)MIN((u64)nfds, current_process()->rlim[RLIMIT_NOFILE].cur);
	ret = select_read(&sets, user);
	if (!ret)
		ret = select_wait(&sets, deadline);
	if (ret >= 0 && select_write(&sets, user))
		ret = -EFAULT;
	kfree(sets.bits);
	return ret;
}

s64 sys_select(const u64 arg[6])
{
	u64 deadline;
	s64 ret;

	ret = read_timeout(arg[4], 1000000, &deadline);
	if (ret)
		return ret;
	ret = do_select((s32)arg[0], &arg[1], deadline);
	write_timeout(arg[4], 1000000, deadline);
	return ret == -EINTR ? -ERESTARTNOHAND : ret;
}

s64 sys_pselect6(const u64 arg[6])
{
	u64 mask[2] = { 0, 0 }; /* address and size */
	u64 deadline;
	s64 ret;

	if (arg[5] && copy_from_user(mask, arg[5], sizeof(mask)))
		return -EFAULT;
	ret = read_timeout(arg[4], NS_PER_SEC, &deadline);
	if (!ret)
		ret = sigmask_begin(mask[0], mask[1]);
	if (ret)
		return ret;
	ret = do_select((s32)arg[0], &arg[1], deadline);
	sigmask_end(ret == -EINTR);
	write_timeout(arg[4], NS_PER_SEC, deadline);
	return ret == -EINTR ? -ERESTARTNOHAND : ret;
}
