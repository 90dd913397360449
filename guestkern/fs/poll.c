/*
 * Waiting for several files. Invariant: while asleep, every file is referenced
 * by its item and every wait entry is linked, so no wake-up between asking and
 * sleeping is lost and no queue goes away under an entry.
 */
#include "fs/poll.h"

#include <linux/poll.h>

#include "lib/err.h"
#include "proc/signal.h"
#include "proc/task.h"

u32 file_poll_mask(struct file *f, struct poll_table *pt)
{
	if (!f->ops->poll)
		return POLLIN | POLLOUT | POLLRDNORM | POLLWRNORM;
	return f->ops->poll(f, pt);
}

static u32 wanted(const struct poll_item *it)
{
	return it->exact ? it->events : it->events | POLLERR | POLLHUP;
}

static int look(struct poll_item *items, u32 count, struct poll_table *pt)
{
	int ready = 0;

	for (u32 i = 0; i < count; i++) {
		struct poll_item *it = &items[i];

		if (it->f)
			it->revents = file_poll_mask(it->f, ready ? NULL : pt) &
				      wanted(it);
		if (it->revents)
			ready++;
	}
	return ready;
}

/* One round: asks with entries queued, sleeps if nothing is ready. Ready count,
 * 0 with *over set at the deadline, or -errno. */
static int round(struct poll_item *items, u32 count, u64 deadline_ns, bool *over)
{
	struct poll_table pt;
	int ready, err = 0;

	poll_table_init(&pt);
	ready = look(items, count, &pt);
	if (ready == 0)
		err = pt.err ? pt.err : wait_sleep(deadline_ns);
	poll_table_release(&pt);
	if (ready || err == 0)
		return ready;
	if (err == -ETIMEDOUT) {
		*over = true;
		return look(items, count, NULL);
	}
	if (err != -ERESTARTSYS)
		return err;
	/* What came together with the signal comes first. */
	ready = look(items, count, NULL);
	return ready ? ready : -EINTR;
}

int poll_items(struct poll_item *items, u32 count, u64 deadline_ns)
{
	bool over = false;
	int ready;

	if (deadline_ns == 0)
		return look(items, count, NULL);
	do
		ready = round(items, count, deadline_ns, &over);
	while (ready == 0 && !over);
	return ready;
}
