/* Interval timers of a process: getitimer(2), alarm(2), and RLIMIT_CPU, which
 * counts the same CPU time. */
#ifndef PROC_ITIMER_H
#define PROC_ITIMER_H

#include "lib/types.h"

struct process;
struct task;

/* Time left and interval; left 0: not active. */
struct itimer_ns {
	u64 left_ns, interval_ns;
};

/* which: ITIMER_REAL, ITIMER_VIRTUAL, ITIMER_PROF of linux/time.h. */
void itimer_get(struct process *p, int which, struct itimer_ns *it);
/* Starts (left_ns > 0) or stops the timer; the former state goes to *old. */
void itimer_set(struct process *p, int which, const struct itimer_ns *it,
		struct itimer_ns *old);

/* A new process: no timers. */
void itimer_setup(struct process *p);
/* The process ends. */
void itimer_stop_all(struct process *p);
/* RLIMIT_CPU changed. */
void itimer_limit_changed(struct process *p);
/* p has used delta_ns more CPU time, user_ns of it in user mode (p->cpu_watched
 * only): sends what is due. Context: the scheduler; does not sleep. */
void itimer_charge(struct process *p, u64 user_ns, u64 delta_ns);
/* CPU time that t may use until itimer_charge has something to do. */
u64 itimer_cpu_left(const struct task *t);
/* A CPU-time timer of p was started. */
void itimer_update_watched(struct process *p);

#endif
