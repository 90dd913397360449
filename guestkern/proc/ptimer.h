/* POSIX timers of a process (timer_create(2)), and timers on CPU-time clocks. */
#ifndef PROC_PTIMER_H
#define PROC_PTIMER_H

#include "lib/list.h"
#include "lib/types.h"
#include "proc/itimer.h"
#include "proc/timer.h"

struct process;
struct task;
struct sigqueue;
struct k_siginfo;

/* What a timer counts. */
struct ptimer_clock {
	enum { PTIMER_MONO, PTIMER_REAL, PTIMER_CPU } kind;
	/* PTIMER_CPU: of a task, or of a whole process; by number. */
	s32 tid, pid;
};

/*
 * A timer on the CPU time of a process or one of its tasks: runs fn once when
 * that reaches deadline_ns. The owner keeps it until cpu_timer_stop.
 */
struct cpu_timer {
	struct list_head link; /* in process.cpu_timers of who is watched */
	struct process *watched; /* NULL: not active */
	s32 tid; /* of the task; 0: the whole process */
	u64 deadline_ns;
	void (*fn)(struct cpu_timer *t); /* must not sleep */
};
/* CPU time of clock's task or process now; -EINVAL: there is none. */
int cpu_timer_read(const struct ptimer_clock *clock, u64 *ns);
/* -ESRCH: there is nobody to watch. */
int cpu_timer_start(struct cpu_timer *t, const struct ptimer_clock *clock,
		    u64 deadline_ns);
void cpu_timer_stop(struct cpu_timer *t);
/* p is the one watched: fires what is due; and how much CPU time its task t may
 * use until then. */
void cpu_timers_run(struct process *p);
u64 cpu_timers_left(const struct process *p, const struct task *t);
/* p ends: its timers never fire. */
void cpu_timers_end(struct process *p);

/* How a timer tells (sigevent(7)). */
struct ptimer_event {
	s32 signo;   /* 0: not at all */
	s32 tid;     /* SIGEV_THREAD_ID; 0: the process */
	u64 value;
	bool value_is_id; /* no sigevent was given */
};

/* A new timer of the current process, not armed: its id, or -EAGAIN. */
s64 ptimer_create(const struct ptimer_clock *clock, const struct ptimer_event *event);
/* Each -EINVAL for an unknown id. */
int ptimer_get(s32 id, struct itimer_ns *it);
/* it->left_ns is an instant of the clock if abs. */
int ptimer_set(s32 id, const struct itimer_ns *it, bool abs, struct itimer_ns *old);
s64 ptimer_overrun(s32 id);
/* The wall clock was set on by delta_ns (or back, as a two's complement): timers
 * that are set to instants of it. */
void ptimers_step_real(u64 delta_ns);
int ptimer_delete(s32 id);
/* exec and end of p: all timers go. */
void ptimer_delete_all(struct process *p);

/* A timer's signal leaves the queue for delivery: its overruns into info, and
 * the timer goes on. */
void ptimer_delivered(struct sigqueue *q, struct k_siginfo *info);
/* It leaves the queue unseen. */
void ptimer_dropped(struct sigqueue *q);

#endif
