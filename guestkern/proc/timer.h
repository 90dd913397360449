/* Kernel timers on CLOCK_MONOTONIC, kept in an rbtree by deadline. */
#ifndef PROC_TIMER_H
#define PROC_TIMER_H

#include "lib/rbtree.h"
#include "lib/types.h"

struct timer {
	union {
		struct rb_node node;
		struct timer *next_stepped; /* in timers_step_real */
	};
	u64 deadline_ns;
	void (*fn)(struct timer *t); /* from IRQ_TIMER; must not sleep */
	bool active;
	bool wall; /* set after timer_init: the deadline is an instant of the
		    * wall clock and moves when that is set */
};

/* Inactive timer that will call fn; start; stop. */
void timer_init(struct timer *t, void (*fn)(struct timer *t));
void timer_start(struct timer *t, u64 deadline_ns); /* restarts if active */
void timer_stop(struct timer *t);		    /* no-op if inactive */
/* Runs what is due and arms the clock for the next. */
void timers_run(u64 now_ns);
/* The wall clock was set on by delta_ns (or back, as a two's complement): deadlines
 * that are instants of it come as much earlier. */
void timers_step_real(u64 delta_ns);
/* Earliest deadline or UINT64_MAX. */
u64 timers_next(void);

#endif
