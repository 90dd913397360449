/*
 * Wait queues and the one way to sleep.
 *
 * No wake-up is lost: a wake-up of a task that does not sleep (yet) is remembered
 * in task.woken, and the next wait_sleep returns at once. It may be a stale one;
 * that is why sleepers test their condition again.
 */
#include "proc/wait.h"

#include "hal/hal.h"
#include "lib/err.h"
#include "mm/slab.h"
#include "proc/proc_internal.h"

#define POLL_CHUNK_ENTRIES 20

struct poll_chunk {
	struct poll_chunk *next;
	u32 used;
	struct wait_entry entry[POLL_CHUNK_ENTRIES];
};

struct sleep_timer {
	struct timer timer;
	struct task *task;
	bool expired;
};

void wait_queue_init(struct wait_queue *wq)
{
	list_init(&wq->entries);
}

static bool entry_wake(struct wait_entry *we, u32 events)
{
	if (we->wake)
		return we->wake(we, events);
	sched_wake(we->task);
	return true;
}

void wake_up_events(struct wait_queue *wq, u32 events)
{
	struct wait_entry *we, *tmp;
	bool one_woken = false;

	list_for_each_entry_safe(we, tmp, &wq->entries, link) {
		bool exclusive = we->exclusive;

		if (exclusive && one_woken)
			continue;
		if (entry_wake(we, events) && exclusive)
			one_woken = true;
	}
}

void wait_queue_drain(struct wait_queue *wq)
{
	while (!list_empty(&wq->entries))
		list_del(wq->entries.next);
}

void wait_watch(struct wait_queue *wq, struct wait_entry *we,
		bool (*wake)(struct wait_entry *we, u32 events), bool exclusive)
{
	we->task = current_task();
	we->wake = wake;
	we->exclusive = exclusive;
	list_add_tail(&we->link, &wq->entries);
}

void wait_prepare(struct wait_queue *wq, struct wait_entry *we)
{
	wait_watch(wq, we, NULL, false);
}

void wait_finish(struct wait_entry *we)
{
	list_del(&we->link);
}

static void sleep_expired(struct timer *timer)
{
	struct sleep_timer *st = container_of(timer, struct sleep_timer, timer);

	st->expired = true;
	sched_wake(st->task);
}

static bool interrupted(const struct task *t, bool killable)
{
	return killable ? task_is_doomed(t) : signal_pending(t);
}

/* Starts st for the deadline; false: that has passed. */
static bool start_timer(struct sleep_timer *st, u64 deadline_ns)
{
	u64 now = clock_mono_ns(), real;

	if (deadline_ns & WAIT_WALL_BIT) {
		real = clock_real_ns();
		deadline_ns &= ~WAIT_WALL_BIT;
		st->timer.wall = true;
		deadline_ns = deadline_ns > real ? now + (deadline_ns - real) : 0;
	}
	if (deadline_ns <= now)
		return false;
	timer_start(&st->timer, deadline_ns);
	return true;
}

static int sleep_until(u64 deadline_ns, bool killable)
{
	struct task *t = current_task();
	struct sleep_timer st = { .task = t, .expired = false };

	if (t->woken) {
		t->woken = false;
		return 0;
	}
	if (interrupted(t, killable))
		return -ERESTARTSYS;
	timer_init(&st.timer, sleep_expired);
	if (deadline_ns != UINT64_MAX && !start_timer(&st, deadline_ns))
		return -ETIMEDOUT;
	t->state = TASK_SLEEPING;
	schedule();
	timer_stop(&st.timer);
	if (st.expired)
		return -ETIMEDOUT;
	return interrupted(t, killable) ? -ERESTARTSYS : 0;
}

int wait_sleep(u64 deadline_ns)
{
	return sleep_until(deadline_ns, false);
}

int wait_sleep_killable(u64 deadline_ns)
{
	return sleep_until(deadline_ns, true);
}

void wait_sleep_through(void)
{
	struct task *t = current_task();

	if (t->woken) {
		t->woken = false;
		return;
	}
	t->state = TASK_SLEEPING;
	schedule();
}

/* --- poll --------------------------------------------------------------------------- */

void poll_table_init(struct poll_table *pt)
{
	pt->queue = NULL;
	pt->chunks = NULL;
	pt->used = 0;
	pt->err = 0;
}

void poll_table_release(struct poll_table *pt)
{
	struct poll_chunk *chunk;
	u32 i;

	for (i = 0; i < pt->used; i++)
		wait_finish(&pt->inline_entry[i]);
	while ((chunk = pt->chunks)) {
		pt->chunks = chunk->next;
		for (i = 0; i < chunk->used; i++)
			wait_finish(&chunk->entry[i]);
		kfree(chunk);
	}
	pt->used = 0;
}

static struct wait_entry *poll_entry(struct poll_table *pt)
{
	struct poll_chunk *chunk = pt->chunks;

	if (pt->used < POLL_TABLE_INLINE)
		return &pt->inline_entry[pt->used++];
	if (!chunk || chunk->used == POLL_CHUNK_ENTRIES) {
		chunk = kmalloc(sizeof(*chunk));
		if (!chunk)
			return NULL;
		chunk->used = 0;
		chunk->next = pt->chunks;
		pt->chunks = chunk;
	}
	return &chunk->entry[chunk->used++];
}

void poll_wait(struct poll_table *pt, struct wait_queue *wq)
{
	struct wait_entry *we;

	if (!pt)
		return;
	if (pt->queue) {
		pt->queue(pt, wq);
		return;
	}
	we = poll_entry(pt);
	if (we)
		wait_prepare(wq, we);
	else
		pt->err = -ENOMEM;
}
