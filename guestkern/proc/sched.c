/*
 * The scheduler: who runs next on the one CPU.
 *
 * Fair share: a task's CPU time, weighted by its nice value, is its virtual run
 * time; the queue is in that order. A turn lasts SLICE_NS, or WAKE_NS when
 * somebody waits who has had less; who slept is given at most SLEEPER_BONUS_NS
 * on the others. SCHED_FIFO and SCHED_RR come before everybody, by priority, but
 * for 950 ms of a second only (sched(7), sched_rt_runtime_us): then they wait.
 *
 * Bringing an address space into force can take longer than a turn (the remap
 * backend maps it anew). A turn begins when that is done, and lasts a multiple of
 * it, so that a large program makes progress whatever else wakes up.
 *
 * Time is read at switches and clock interrupts only (a read is a host call). An
 * interrupt is asked for only when somebody waits for the CPU, a timer runs or CPU
 * time is watched: a single task without timers runs without interrupts.
 *
 * Invariants: a runnable task is on the queue or is the current one, nobody else
 * is; the idle task is never queued. A zombie is freed by whoever runs next
 * (sched_started), never by itself.
 */
#include "hal/hal.h"
#include "lib/bug.h"
#include "lib/err.h"
#include "proc/proc_internal.h"
#include "proc/rseq.h"

#include <linux/sched.h>

#define OUTSIDE UINT64_MAX /* enter_cycles while t runs in user mode: interrupts are
			    * served before the trap */
#define SLICE_NS (10 * NS_PER_MS)
#define SLICE_MIN_NS NS_PER_MS
#define SLICE_MAX_NS (80 * NS_PER_MS)
#define WAKE_NS (3 * NS_PER_MS)
#define TURN_MAX_NS (200 * NS_PER_MS) /* of one that is costly to begin */
#define SLEEPER_BONUS_NS SLICE_NS
#define RT_PERIOD_NS NS_PER_SEC
#define RT_RUNTIME_NS (950 * NS_PER_MS)

/* Load average as Linux has it: a sample every 5 s, exponentially damped, fixed
 * point of 11 bits (1/exp(5s/1min), 5 and 15 min). */
#define LOAD_PERIOD_NS (5 * NS_PER_SEC)
#define LOAD_ONE 2048ULL
static const u64 load_decay[3] = { 1884, 2014, 2037 };

static struct list_head queue = LIST_HEAD_INIT(queue);
static u32 queued;
static struct task *idle;
static struct task *switched_from; /* ran before the current one */
static u64 least_vruntime_ns; /* of those who ran last; never goes back */
static u64 idle_ns, boot_ns;
static u64 load[3], load_sampled_ns;
static bool rt_throttled; /* real-time tasks have used their share up */
static u64 rt_period_start_ns, rt_used_ns;

/* --- turns ---------------------------------------------------------------------------- */

/* One step of nice is a quarter more or less, as in Linux. */
u64 sched_slice_ns(s32 nice)
{
	u64 ns = SLICE_NS;

	for (; nice > 0; nice--)
		ns = ns * 4 / 5;
	for (; nice < 0 && ns < SLICE_MAX_NS; nice++)
		ns = ns * 5 / 4;
	return MIN(MAX(ns, SLICE_MIN_NS), SLICE_MAX_NS);
}

static bool is_realtime(const struct task *t)
{
	return t->policy == SCHED_FIFO || t->policy == SCHED_RR || t->pi_boost;
}

u32 sched_priority(const struct task *t)
{
	return MAX(t->rt_priority, t->pi_boost);
}

static u32 rank(const struct task *t)
{
	return is_realtime(t) && !rt_throttled ? sched_priority(t) : 0;
}

/* What is left of the real-time share of this period. */
static u64 rt_left_ns(void)
{
	return RT_RUNTIME_NS - MIN(rt_used_ns, RT_RUNTIME_NS);
}

/* Time that t may run before somebody who has had less CPU / equally much. */
static u64 short_turn_ns(const struct task *t)
{
	u64 ns = MIN(WAKE_NS, sched_slice_ns(t->nice));

	return MAX(ns, MIN(2 * t->switch_ns, TURN_MAX_NS));
}

static u64 long_turn_ns(const struct task *t)
{
	u64 ns = sched_slice_ns(t->nice);

	return MAX(ns, MIN(4 * t->switch_ns, TURN_MAX_NS));
}

/* When t, running, has to make room for the first in the queue. */
static u64 turn_end(const struct task *t)
{
	const struct task *next = list_first_entry(&queue, struct task, run_link);

	if (rank(next) > rank(t))
		return 0;
	if (rank(t) && (rank(next) < rank(t) || t->policy != SCHED_RR))
		return t->accounted_ns + rt_left_ns();
	if (is_realtime(t) && rt_throttled)
		return 0;
	if (next->vruntime_ns < t->vruntime_ns)
		return t->slice_start_ns + short_turn_ns(t);
	return t->slice_start_ns + long_turn_ns(t);
}

/* Somebody waits for the CPU: sees to it that t, running, gives it up in time. */
static void limit_turn(struct task *t)
{
	u64 end;

	if (list_empty(&queue))
		return;
	if (t == idle) {
		this_cpu()->need_resched = true;
		return;
	}
	end = turn_end(t);
	if (rt_throttled)
		end = MIN(end, rt_period_start_ns + RT_PERIOD_NS);
	if (end == 0)
		this_cpu()->need_resched = true;
	else
		clock_arm(end);
}

/* --- the queue --------------------------------------------------------------------------- */

static bool goes_before(const struct task *t, const struct task *other)
{
	if (rank(t) != rank(other))
		return rank(t) > rank(other);
	return !is_realtime(t) && t->vruntime_ns < other->vruntime_ns;
}

static void enqueue(struct task *t)
{
	struct list_head *at = queue.prev;

	while (at != &queue &&
	       goes_before(t, list_entry(at, struct task, run_link)))
		at = at->prev;
	list_add(&t->run_link, at);
	queued++;
}

static void dequeue(struct task *t)
{
	list_del(&t->run_link);
	queued--;
}

static struct task *pick_next(void)
{
	struct task *t;

	if (list_empty(&queue))
		return idle;
	t = list_first_entry(&queue, struct task, run_link);
	dequeue(t);
	if (!is_realtime(t))
		least_vruntime_ns = MAX(least_vruntime_ns, t->vruntime_ns);
	return t;
}

static void catch_up(struct task *t, u64 bonus_ns)
{
	if (least_vruntime_ns > bonus_ns)
		t->vruntime_ns = MAX(t->vruntime_ns, least_vruntime_ns - bonus_ns);
}

void sched_wake(struct task *t)
{
	switch (t->state) {
	case TASK_RUNNABLE:
		t->woken = true;
		return;
	case TASK_ZOMBIE:
		return;
	case TASK_SLEEPING:
	case TASK_STOPPED:
		break;
	}
	t->state = TASK_RUNNABLE;
	if (t == current_task())
		return; /* has not left the CPU yet */
	catch_up(t, SLEEPER_BONUS_NS);
	enqueue(t);
	limit_turn(current_task());
}

void sched_start(struct task *t)
{
	t->state = TASK_RUNNABLE;
	catch_up(t, 0);
	enqueue(t);
	limit_turn(current_task());
}

void sched_changed(struct task *t)
{
	if (!list_empty(&t->run_link)) {
		dequeue(t);
		enqueue(t);
	}
	limit_turn(current_task());
}

u32 sched_runnable_count(void)
{
	return queued + (current_task() != idle);
}

/* --- time ---------------------------------------------------------------------------------- */

/* Samples of the periods that passed since the last: taken when somebody looks
 * at the clock anyway, so that all of them see the present load. */
static void load_update(u64 now)
{
	u64 active = current_task() == idle ? 0 : sched_runnable_count();
	u32 i, rounds = 0;

	for (; now - load_sampled_ns >= LOAD_PERIOD_NS;
	     load_sampled_ns += LOAD_PERIOD_NS) {
		if (rounds++ > 1000) { /* an hour and more: all forgotten */
			load_sampled_ns = now;
			return;
		}
		for (i = 0; i < ARRAY_SIZE(load); i++)
			load[i] = (load[i] * load_decay[i] +
				   active * LOAD_ONE * (LOAD_ONE - load_decay[i])) /
				  LOAD_ONE;
	}
}

/* A longer turn than there are was one without competitors: not counted, or it
 * would be held against the task when some come. */
static void charge_vruntime(struct task *t, u64 delta_ns)
{
	delta_ns = MIN(delta_ns, SLICE_MAX_NS);
	t->vruntime_ns += delta_ns * SLICE_NS / sched_slice_ns(t->nice);
	if (list_empty(&queue) && !is_realtime(t))
		least_vruntime_ns = MAX(least_vruntime_ns, t->vruntime_ns);
}

/* The order of the queue depends on rt_throttled. */
static void rt_set_throttled(bool throttled)
{
	struct list_head old;
	struct task *t, *tmp;

	rt_throttled = throttled;
	list_init(&old);
	list_for_each_entry_safe(t, tmp, &queue, run_link) {
		list_del(&t->run_link);
		list_add_tail(&t->run_link, &old);
	}
	queued = 0;
	list_for_each_entry_safe(t, tmp, &old, run_link) {
		list_del(&t->run_link);
		enqueue(t);
	}
}

static void rt_charge(const struct task *t, u64 now, u64 delta)
{
	if (now - rt_period_start_ns >= RT_PERIOD_NS) {
		rt_period_start_ns = now;
		rt_used_ns = 0;
		if (rt_throttled)
			rt_set_throttled(false);
	}
	if (!is_realtime(t))
		return;
	rt_used_ns += delta;
	if (rt_used_ns >= RT_RUNTIME_NS && !rt_throttled)
		rt_set_throttled(true);
}

/* Counter cycles that t has been in the kernel for, since it was last looked at. */
static u64 cycles_inside(const struct task *t, u64 cycles)
{
	return t->enter_cycles == OUTSIDE ? 0 :
		       cycles - MAX(t->enter_cycles, t->accounted_cycles);
}

void sched_enter_kernel(struct task *t)
{
	t->enter_cycles = clock_cycles();
}

void sched_leave_kernel(struct task *t)
{
	t->kernel_cycles += cycles_inside(t, clock_cycles());
	t->enter_cycles = OUTSIDE;
}

/* How much of the delta_ns since the last accounting the kernel had: by the share
 * of counter cycles. */
static u64 kernel_share_ns(struct task *t, u64 delta_ns)
{
	u64 cycles = clock_cycles();
	u64 total = cycles - t->accounted_cycles;
	u64 kernel = t->kernel_cycles + cycles_inside(t, cycles);

	t->accounted_cycles = cycles;
	t->kernel_cycles = 0;
	if (kernel >= total)
		return delta_ns;
	while (total >> 29) { /* a delta of half a minute times it fits */
		total >>= 1;
		kernel >>= 1;
	}
	return total ? delta_ns / total * kernel + delta_ns % total * kernel / total : 0;
}

static void account(struct task *t, u64 now)
{
	u64 kernel_ns;
	u64 delta = now > t->accounted_ns ? now - t->accounted_ns : 0;

	t->accounted_ns = now;
	load_update(now);
	rt_charge(t, now, delta);
	if (t == idle) {
		idle_ns += delta;
		return;
	}
	kernel_ns = kernel_share_ns(t, delta);
	t->utime_ns += delta - kernel_ns;
	t->stime_ns += kernel_ns;
	charge_vruntime(t, delta);
	t->proc->cpu_ns += delta;
	if (t->proc->cpu_watched)
		itimer_charge(t->proc, delta - kernel_ns, delta);
}

u64 sched_account(void)
{
	u64 now = clock_mono_ns();

	account(current_task(), now);
	return now;
}

static void watch_cpu_time(const struct task *t, u64 now)
{
	if (t->proc->cpu_watched)
		clock_arm(now + itimer_cpu_left(t));
}

void sched_tick(void)
{
	struct task *t = current_task();
	u64 now = sched_account();

	timers_run(now);
	watch_cpu_time(t, now);
	if (list_empty(&queue))
		return;
	if (t == idle || now >= turn_end(t)) {
		this_cpu()->need_resched = true;
	} else {
		limit_turn(t);
	}
}

u64 sched_load_avg(int which)
{
	load_update(clock_mono_ns());
	return load[which];
}

bool sched_may_sleep(void)
{
	return current_task() != idle;
}

u64 sched_idle_ns(void)
{
	return idle_ns;
}

u64 sched_boot_ns(void)
{
	return boot_ns;
}

/* --- switching ------------------------------------------------------------------------------- */

/* First act of every context after a switch: what the one before could not do
 * for itself. */
void sched_started(void)
{
	struct task *prev = switched_from;

	switched_from = NULL;
	if (!prev || prev->state != TASK_ZOMBIE)
		return;
	task_free_stack(prev);
	if (prev->detached)
		task_free(prev);
}

static struct cpu_user *user_part(struct task *t)
{
	return t->mm ? &t->user : NULL;
}

/* next is going to run: its address space comes into force. */
static void begin_turn(struct task *next, u64 now)
{
	next->slice_start_ns = now;
	next->accounted_ns = now;
	next->accounted_cycles = clock_cycles();
	if (!next->mm || next->mm == mm_loaded())
		return;
	mm_switch(next->mm);
	next->slice_start_ns = clock_mono_ns();
	next->switch_ns = next->slice_start_ns - now;
}

static void switch_to(struct task *prev, struct task *next)
{
	struct cpu *cpu = this_cpu();

	task_check_stack(prev);
	cpu_user_switch(user_part(prev), user_part(next));
	cpu->current = next;
	cpu->frame = &next->tf;
	if (next != idle) /* the idle context never leaves the kernel */
		cpu->kernel_stack_top = (u64)next->kernel_stack +
					(PAGE_SIZE << KERNEL_STACK_ORDER);
	counters()->task_switches++;
	switched_from = prev;
	cpu_context_switch(&prev->ctx, &next->ctx);
	sched_started();
}

static void count_switch(struct task *prev, bool gives_way)
{
	if (gives_way)
		prev->nivcsw++;
	else
		prev->nvcsw++;
}

/* What a task takes with it when it leaves the CPU. */
static void put_prev(struct task *prev, u64 now)
{
	if (prev->state == TASK_ZOMBIE)
		return; /* its process may be gone already */
	account(prev, now); /* may wake it: a signal for its CPU time */
	if (prev == idle)
		return;
	count_switch(prev, prev->state == TASK_RUNNABLE);
	if (prev->state == TASK_RUNNABLE)
		enqueue(prev);
}

void schedule(void)
{
	struct task *prev = current_task(), *next;
	u64 now;

	this_cpu()->need_resched = false;
	if (prev->state == TASK_RUNNABLE && list_empty(&queue))
		return;
	now = clock_mono_ns();
	put_prev(prev, now);
	next = pick_next();
	begin_turn(next, now);
	watch_cpu_time(next, now);
	if (!list_empty(&queue))
		clock_arm(turn_end(next));
	if (next == prev)
		return;
	rseq_switched(prev);
	switch_to(prev, next);
}

void sched_yield_current(void)
{
	struct task *t = current_task(), *first;

	if (list_empty(&queue))
		return;
	first = list_first_entry(&queue, struct task, run_link);
	t->vruntime_ns = MAX(t->vruntime_ns, first->vruntime_ns);
	schedule();
}

/* --- the idle task ------------------------------------------------------------------------------ */

void sched_init(struct task *idle_task)
{
	idle = idle_task;
	idle->state = TASK_RUNNABLE;
	boot_ns = clock_mono_ns();
	idle->accounted_ns = boot_ns;
	load_sampled_ns = boot_ns;
	this_cpu()->current = idle;
	this_cpu()->frame = &idle->tf;
}

void sched_idle_loop(void)
{
	for (;;) {
		if (list_empty(&queue))
			cpu_idle();
		else
			schedule();
	}
}
