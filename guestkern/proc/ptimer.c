/*
 * POSIX timers (timer_create(2)). As in Linux each has one queue entry for its
 * signal, made with it; an interval timer stands still while that is queued and
 * goes on when it is delivered, which is when the overruns are counted. Where the
 * signal is ignored the timer goes on at once.
 *
 * Owns struct ptimer and the CPU-time timers. Invariants: a queued entry whose
 * ptimer is NULL belongs to a timer that is gone or was set anew, and is freed by
 * who takes it out; a timer is in cpu_timers or the tree of timers, or neither.
 */
#include "proc/ptimer.h"

#include "hal/hal.h"
#include "lib/err.h"
#include "lib/string.h"
#include "mm/slab.h"
#include "proc/proc_internal.h"

#include <asm/siginfo.h>

#define INSTANT_MAX (UINT64_MAX / 2)
#define OVERRUN_MAX 0x7fffffffULL /* DELAYTIMER_MAX */
/* A shorter interval would leave the program no time to run. */
#define CPU_INTERVAL_MIN_NS NS_PER_MS

struct ptimer {
	struct list_head link; /* in process.ptimers */
	struct process *owner;
	s32 id;
	struct ptimer_clock clock;
	struct ptimer_event event;
	struct timer timer;	/* of the machine's clocks */
	struct cpu_timer cpu;
	u64 deadline_ns;	/* mono, or CPU time */
	u64 interval_ns;
	bool wall;		/* deadline_ns is an instant of the wall clock */
	bool armed;		/* set, and not over (one that rests counts) */
	bool resting;		/* fired; goes on when the signal is delivered */
	u64 overrun;		/* of the last delivered signal */
	u64 pending_overrun;	/* of the queued one */
	struct sigqueue *entry;
};

/* --- CPU time ------------------------------------------------------------------------- */

static u64 process_cpu_ns(const struct process *p)
{
	u64 utime, stime;

	process_times(p, &utime, &stime);
	return utime + stime;
}

static u64 watched_ns(const struct cpu_timer *t)
{
	const struct task *task;

	if (!t->tid)
		return process_cpu_ns(t->watched);
	task = task_find(t->tid);
	return task && task->proc == t->watched ? task->utime_ns + task->stime_ns : 0;
}

int cpu_timer_read(const struct ptimer_clock *clock, u64 *ns)
{
	const struct task *t;
	const struct process *p;

	sched_account();
	if (clock->tid) {
		t = task_find(clock->tid);
		if (!t)
			return -EINVAL;
		*ns = t->utime_ns + t->stime_ns;
		return 0;
	}
	p = process_find(clock->pid);
	if (!p)
		return -EINVAL;
	*ns = process_cpu_ns(p);
	return 0;
}

int cpu_timer_start(struct cpu_timer *t, const struct ptimer_clock *clock,
		    u64 deadline_ns)
{
	struct task *task = task_find(clock->tid ? clock->tid : clock->pid);

	cpu_timer_stop(t);
	if (!task || task->proc->zombie)
		return -ESRCH;
	t->tid = clock->tid;
	t->watched = task->proc;
	t->deadline_ns = deadline_ns;
	list_add_tail(&t->link, &t->watched->cpu_timers);
	itimer_update_watched(t->watched);
	return 0;
}

void cpu_timer_stop(struct cpu_timer *t)
{
	if (!t->watched)
		return;
	list_del(&t->link);
	t->watched = NULL;
}

void cpu_timers_run(struct process *p)
{
	struct cpu_timer *t, *tmp;
	struct list_head due;

	list_init(&due);
	list_for_each_entry_safe(t, tmp, &p->cpu_timers, link) {
		if (watched_ns(t) < t->deadline_ns)
			continue;
		list_del(&t->link);
		list_add_tail(&t->link, &due);
	}
	while (!list_empty(&due)) {
		t = list_first_entry(&due, struct cpu_timer, link);
		cpu_timer_stop(t);
		t->fn(t);
	}
}

u64 cpu_timers_left(const struct process *p, const struct task *task)
{
	u64 left = UINT64_MAX / 2, now;
	const struct cpu_timer *t;

	list_for_each_entry(t, &p->cpu_timers, link) {
		if (t->tid && t->tid != task->tid)
			continue;
		now = watched_ns(t);
		left = MIN(left, t->deadline_ns > now ? t->deadline_ns - now : 0);
	}
	return left;
}

void cpu_timers_end(struct process *p)
{
	while (!list_empty(&p->cpu_timers))
		cpu_timer_stop(list_first_entry(&p->cpu_timers, struct cpu_timer, link));
}

/* --- running ---------------------------------------------------------------------------- */

static u64 clock_now(const struct ptimer *t)
{
	u64 now;

	if (t->clock.kind != PTIMER_CPU)
		return clock_mono_ns();
	return cpu_timer_read(&t->clock, &now) ? 0 : now;
}

static void ptimer_start(struct ptimer *t)
{
	if (!t->event.signo)
		return; /* nothing happens at the end: it is looked at */
	if (t->clock.kind == PTIMER_CPU)
		cpu_timer_start(&t->cpu, &t->clock, t->deadline_ns);
	else
		timer_start(&t->timer, t->deadline_ns);
}

static void ptimer_stop(struct ptimer *t)
{
	timer_stop(&t->timer);
	cpu_timer_stop(&t->cpu);
}

/* Moves the deadline into the future by whole intervals; returns how many. */
static u64 ptimer_forward(struct ptimer *t, u64 now)
{
	u64 times;

	if (now < t->deadline_ns)
		return 0;
	times = (now - t->deadline_ns) / t->interval_ns + 1;
	t->deadline_ns += times * t->interval_ns;
	return times;
}

/* Into the queue of who is to get it. false: it is ignored, or he is gone. */
static bool ptimer_signal(struct ptimer *t)
{
	struct task *target = NULL;

	if (t->event.tid) {
		target = task_find(t->event.tid);
		if (!target || target->proc != t->owner)
			return false;
	}
	return signal_send_entry(t->owner, target, t->event.signo, t->entry);
}

static void ptimer_expired(struct ptimer *t)
{
	u64 now;

	if (t->entry->queued) { /* of an earlier setting */
		t->pending_overrun++;
	} else if (ptimer_signal(t)) {
		t->entry->ptimer = t;
		t->pending_overrun = 0;
		t->resting = t->interval_ns;
		t->armed = t->interval_ns;
		return;
	}
	if (!t->interval_ns) {
		t->armed = false;
		return;
	}
	now = clock_now(t);
	ptimer_forward(t, now);
	/* ignored: no use in hurrying */
	t->deadline_ns = MAX(t->deadline_ns, now + CPU_INTERVAL_MIN_NS);
	ptimer_start(t);
}

static void timer_expired(struct timer *timer)
{
	ptimer_expired(container_of(timer, struct ptimer, timer));
}

static void cpu_expired(struct cpu_timer *cpu)
{
	ptimer_expired(container_of(cpu, struct ptimer, cpu));
}

void ptimer_delivered(struct sigqueue *q, struct k_siginfo *info)
{
	struct ptimer *t = q->ptimer;
	u64 times;

	q->queued = false;
	if (!t) {
		sigqueue_free(q);
		return;
	}
	if (t->resting) {
		times = ptimer_forward(t, clock_now(t));
		t->pending_overrun += times ? times - 1 : 0;
		t->resting = false;
		ptimer_start(t);
	}
	t->overrun = MIN(t->pending_overrun, OVERRUN_MAX);
	t->pending_overrun = 0;
	info->timer.overrun = (s32)t->overrun;
}

void ptimer_dropped(struct sigqueue *q)
{
	struct ptimer *t = q->ptimer;

	q->queued = false;
	if (!t) {
		sigqueue_free(q);
	} else if (t->resting) { /* as if it had been ignored */
		ptimer_forward(t, clock_now(t));
		t->resting = false;
		ptimer_start(t);
	}
}

/* --- the calls --------------------------------------------------------------------------- */

static struct ptimer *ptimer_find(s32 id)
{
	struct process *p = current_process();
	struct ptimer *t;

	list_for_each_entry(t, &p->ptimers, link)
		if (t->id == id)
			return t;
	return NULL;
}

/* Ids count up, as in Linux; used ones are left out. */
static s32 next_id(struct process *p)
{
	s32 id;

	do {
		id = p->next_ptimer;
		p->next_ptimer = id == INT32_MAX ? 0 : id + 1;
	} while (ptimer_find(id));
	return id;
}

s64 ptimer_create(const struct ptimer_clock *clock, const struct ptimer_event *event)
{
	struct process *p = current_process();
	struct ptimer *t = kzalloc(sizeof(*t));

	if (!t)
		return -EAGAIN;
	t->entry = sigqueue_alloc(p);
	if (!t->entry) {
		kfree(t);
		return -EAGAIN;
	}
	t->owner = p;
	t->clock = *clock;
	t->event = *event;
	t->id = next_id(p);
	timer_init(&t->timer, timer_expired);
	t->cpu.fn = cpu_expired;
	if (event->value_is_id)
		t->event.value = (u64)t->id;
	t->entry->is_timer = true;
	t->entry->info.signo = event->signo;
	t->entry->info.code = SI_TIMER;
	t->entry->info.timer.timerid = t->id;
	t->entry->info.timer.value = t->event.value;
	list_add_tail(&t->link, &p->ptimers);
	return t->id;
}

static void ptimer_look(struct ptimer *t, struct itimer_ns *it)
{
	u64 now;

	it->interval_ns = t->interval_ns;
	it->left_ns = 0;
	if (!t->armed)
		return;
	now = clock_now(t);
	if (t->interval_ns && (t->resting || !t->event.signo))
		t->pending_overrun += ptimer_forward(t, now);
	if (t->deadline_ns > now)
		it->left_ns = t->deadline_ns - now;
	else if (t->event.signo)
		it->left_ns = 1; /* due, but not served yet */
}

int ptimer_get(s32 id, struct itimer_ns *it)
{
	struct ptimer *t = ptimer_find(id);

	if (!t)
		return -EINVAL;
	ptimer_look(t, it);
	return 0;
}

/* The instant on the timer's own clock, or on the monotonic one. */
static u64 instant_of(const struct ptimer *t, u64 ns, bool abs)
{
	u64 now = clock_now(t), real;

	if (!abs)
		return now + MIN(ns, INSTANT_MAX);
	if (t->clock.kind != PTIMER_REAL)
		return MIN(ns, INSTANT_MAX);
	real = clock_real_ns();
	return ns < real ? now - MIN(real - ns, now) : now + MIN(ns - real, INSTANT_MAX);
}

int ptimer_set(s32 id, const struct itimer_ns *it, bool abs, struct itimer_ns *old)
{
	struct ptimer *t = ptimer_find(id);

	if (!t)
		return -EINVAL;
	ptimer_look(t, old);
	ptimer_stop(t);
	t->resting = false;
	t->overrun = 0;
	t->pending_overrun = 0;
	t->interval_ns = MIN(it->interval_ns, INSTANT_MAX);
	if (t->clock.kind == PTIMER_CPU && t->interval_ns)
		t->interval_ns = MAX(t->interval_ns, CPU_INTERVAL_MIN_NS);
	t->armed = it->left_ns;
	if (!t->armed)
		return 0;
	t->deadline_ns = instant_of(t, it->left_ns, abs);
	t->wall = abs && t->clock.kind == PTIMER_REAL;
	ptimer_start(t);
	return 0;
}

/* As Linux: an interval timer's later expirations lie on the new time, too. */
static void ptimer_step(struct ptimer *t, u64 delta_ns)
{
	u64 now = clock_mono_ns();
	u64 left = t->deadline_ns > now ? t->deadline_ns - now : 0;

	if ((s64)delta_ns > 0)
		left -= MIN(left, delta_ns);
	else
		left += MIN(0 - delta_ns, INSTANT_MAX);
	t->deadline_ns = now + left;
	if (t->timer.active)
		timer_start(&t->timer, t->deadline_ns);
}

void ptimers_step_real(u64 delta_ns)
{
	struct process *p;
	struct ptimer *t;

	for (p = process_first(); p; p = process_next(p))
		list_for_each_entry(t, &p->ptimers, link)
			if (t->armed && t->wall)
				ptimer_step(t, delta_ns);
}

s64 ptimer_overrun(s32 id)
{
	struct ptimer *t = ptimer_find(id);

	return t ? (s64)t->overrun : -EINVAL;
}

static void ptimer_free(struct ptimer *t)
{
	ptimer_stop(t);
	list_del(&t->link);
	if (t->entry->queued)
		t->entry->ptimer = NULL; /* it is still delivered */
	else
		sigqueue_free(t->entry);
	kfree(t);
}

int ptimer_delete(s32 id)
{
	struct ptimer *t = ptimer_find(id);

	if (!t)
		return -EINVAL;
	ptimer_free(t);
	return 0;
}

void ptimer_delete_all(struct process *p)
{
	while (!list_empty(&p->ptimers))
		ptimer_free(list_first_entry(&p->ptimers, struct ptimer, link));
}
