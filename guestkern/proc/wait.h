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
	/* NULL: wakes task. Otherwise called in any context, with what came
	 * (POLL*; 0: unknown); must not sleep, may unlink its own entry only.
	 * Tells whether it counts as the one wake-up of an exclusive entry. */
	bool (*wake)(struct wait_entry *we, u32 events);
	bool exclusive; /* one wake-up suffices for all entries so marked */
};

/* Empty queue. */
void wait_queue_init(struct wait_queue *wq);

/* An event that no file is asked for: only tasks that sleep are meant, and not
 * who watches for edges (epoll). */
#define WAKE_SLEEPERS (1u << 16)
/* Wakes every sleeper and calls every callback; events: POLL* that may be true
 * now, for callbacks to pick from; 0: any. Any context. */
void wake_up_events(struct wait_queue *wq, u32 events);
static inline void wake_up(struct wait_queue *wq)
{
	wake_up_events(wq, 0);
}
/* The queue goes away before who watches it: unlinks every entry. */
void wait_queue_drain(struct wait_queue *wq);

/* Building blocks of the macros below. prepare: an entry of the current task. */
void wait_prepare(struct wait_queue *wq, struct wait_entry *we);
/* An entry with a callback, until wait_finish. */
void wait_watch(struct wait_queue *wq, struct wait_entry *we,
		bool (*wake)(struct wait_entry *we, u32 events), bool exclusive);
void wait_finish(struct wait_entry *we);
/* A deadline that is an instant of the wall clock (ns since 1970), whatever that
 * is set to meanwhile. */
#define WAIT_WALL_BIT (1ULL << 63)
static inline u64 wait_wall_deadline(u64 real_ns)
{
	return real_ns | WAIT_WALL_BIT;
}

/*
 * Sleeps until woken, a signal is pending or deadline_ns (mono, or
 * wait_wall_deadline's; UINT64_MAX: none) passes. 0 woken, -ERESTARTSYS signal, -ETIMEDOUT. Must be between
 * prepare and finish. May return 0 spuriously: test the condition again.
 */
int wait_sleep(u64 deadline_ns);
/* The same, but only a signal that ends the process interrupts it. */
int wait_sleep_killable(u64 deadline_ns);

/* Sleeps until woken, whatever signals come; may return for nothing. For what ends
 * soon and cannot be given up: transfers. */
void wait_sleep_through(void);

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
 * can change its answer, and does not sleep. table NULL: only asking, not going
 * to sleep. A queue lives as long as the file, or is drained before it goes. */
#define POLL_TABLE_INLINE 8
struct poll_table {
	/* Makes the entry in wq; NULL: an entry of the current task. */
	void (*queue)(struct poll_table *pt, struct wait_queue *wq);
	struct poll_chunk *chunks; /* more entries, kmalloc'd */
	u32 used;
	int err;		   /* -ENOMEM when an entry was not added */
	struct wait_entry inline_entry[POLL_TABLE_INLINE];
};
/* Empty table; release leaves every queue; poll_wait adds the current task (or
 * what queue makes) to wq (pt NULL: no-op). */
void poll_table_init(struct poll_table *pt);
void poll_table_release(struct poll_table *pt);
void poll_wait(struct poll_table *pt, struct wait_queue *wq);

#endif
