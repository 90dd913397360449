/* Wait queues: sleeping until a condition holds, and poll on several. */
#ifndef PROC_WAIT_H
#define PROC_WAIT_H

#include "lib/list.h"
#include "lib/types.h"

struct task;

struct wait_queue {
	struct list_head entries;
};

struct wait_entry {
	struct list_head link;
	struct task *task;
};

/* Empty queue. */
void wait_queue_init(struct wait_queue *wq);

/* Wakes every sleeper. Any context. */
void wake_up(struct wait_queue *wq);

/* Building blocks of the macros below. */
void wait_prepare(struct wait_queue *wq, struct wait_entry *we);
void wait_finish(struct wait_entry *we);
/*
 * Sleeps until woken, a signal is pending or deadline_ns (mono, UINT64_MAX:
 * none) passes. 0 woken, -ERESTARTSYS signal, -ETIMEDOUT. Must be between
 * prepare and finish. May return 0 spuriously: test the condition again.
 */
int wait_sleep(u64 deadline_ns);
/* The same, but only a signal that ends the process interrupts it. */
int wait_sleep_killable(u64 deadline_ns);

/*
 * Sleeps until cond is true; evaluates to 0, -ERESTARTSYS or -ETIMEDOUT.
 * Entry is queued before cond is tested, so no wake-up is lost.
 */
#define wait_event_until(wq, cond, deadline_ns)              \
	({                                                   \
		struct wait_entry we_;                       \
		int err_ = 0;                                \
		wait_prepare((wq), &we_);                    \
		while (!(cond) && err_ == 0)                 \
			err_ = wait_sleep(deadline_ns);      \
		if (err_ && (cond))                          \
			err_ = 0;                            \
		wait_finish(&we_);                           \
		err_;                                        \
	})
#define wait_event(wq, cond) wait_event_until(wq, cond, UINT64_MAX)

/* poll(2) over many queues: file_ops.poll calls poll_wait on each queue that
 * can change its answer. table NULL: only asking, not going to sleep. */
#define POLL_TABLE_INLINE 8
struct poll_table {
	struct poll_chunk *chunks; /* more entries, kmalloc'd */
	u32 used;
	int err;		   /* -ENOMEM when an entry was not added */
	struct wait_entry inline_entry[POLL_TABLE_INLINE];
};
/* Empty table; release leaves every queue; poll_wait adds the current task to
 * wq (pt NULL: no-op). */
void poll_table_init(struct poll_table *pt);
void poll_table_release(struct poll_table *pt);
void poll_wait(struct poll_table *pt, struct wait_queue *wq);

#endif
