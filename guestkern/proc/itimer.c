/*
 * Interval timers and the CPU-time limit. ITIMER_REAL is a kernel timer; the
 * other two and RLIMIT_CPU count the CPU time that the scheduler charges: it asks
 * for a clock interrupt only while one of them is active (process.cpu_watched).
 */
#include "proc/itimer.h"

#include "hal/hal.h"
#include "lib/err.h"
#include "proc/proc_internal.h"
#include "proc/ptimer.h"

#include <asm/signal.h>
#include <linux/resource.h>
#include <linux/time.h>

/* An interval shorter than this would leave the program no time to run. */
#define INTERVAL_MIN_NS NS_PER_MS

static void real_expired(struct timer *timer)
{
	struct process *p = container_of(timer, struct process, itimer_real);
	u64 interval = p->itimer_real_interval_ns;
	u64 now, next;

	signal_send_process(p, SIGALRM, NULL);
	if (!interval)
		return;
	now = clock_mono_ns();
	next = timer->deadline_ns + interval;
	if (next <= now) /* late: some are left out */
		next = now + interval - (now - timer->deadline_ns) % interval;
	timer_start(timer, MAX(next, now + INTERVAL_MIN_NS));
}

void itimer_setup(struct process *p)
{
	timer_init(&p->itimer_real, real_expired);
	list_init(&p->ptimers);
	list_init(&p->cpu_timers);
	p->cpu_limit_ns = UINT64_MAX;
}

void itimer_stop_all(struct process *p)
{
	timer_stop(&p->itimer_real);
	p->itimer_virtual_ns[0] = 0;
	p->itimer_prof_ns[0] = 0;
	p->cpu_limit_ns = UINT64_MAX;
	ptimer_delete_all(p);
	cpu_timers_end(p);
	p->cpu_watched = false;
}

static bool is_watched(const struct process *p)
{
	return p->itimer_virtual_ns[0] || p->itimer_prof_ns[0] ||
	       p->cpu_limit_ns != UINT64_MAX || !list_empty(&p->cpu_timers);
}

void itimer_update_watched(struct process *p)
{
	p->cpu_watched = is_watched(p);
	/* The present turn may be the one in which it comes due. */
	if (p->cpu_watched && p == current_process())
		clock_arm(current_task()->accounted_ns + itimer_cpu_left(current_task()));
}

static void real_get(const struct process *p, struct itimer_ns *it)
{
	u64 now;

	it->interval_ns = p->itimer_real_interval_ns;
	it->left_ns = 0;
	if (!p->itimer_real.active)
		return;
	now = clock_mono_ns();
	it->left_ns = p->itimer_real.deadline_ns > now ?
			      p->itimer_real.deadline_ns - now : NS_PER_US;
}

static u64 *cpu_timer(struct process *p, int which)
{
	return which == ITIMER_VIRTUAL ? p->itimer_virtual_ns : p->itimer_prof_ns;
}

void itimer_get(struct process *p, int which, struct itimer_ns *it)
{
	const u64 *timer;

	if (which == ITIMER_REAL) {
		real_get(p, it);
		return;
	}
	sched_account();
	timer = cpu_timer(p, which);
	it->left_ns = timer[0];
	it->interval_ns = timer[1];
}

static u64 add_capped(u64 a, u64 b)
{
	return a + b < a ? UINT64_MAX - 1 : a + b;
}

void itimer_set(struct process *p, int which, const struct itimer_ns *it,
		struct itimer_ns *old)
{
	u64 *timer;

	itimer_get(p, which, old);
	if (which == ITIMER_REAL) {
		timer_stop(&p->itimer_real);
		p->itimer_real_interval_ns = it->interval_ns;
		if (it->left_ns)
			timer_start(&p->itimer_real,
				    add_capped(clock_mono_ns(), it->left_ns));
		return;
	}
	timer = cpu_timer(p, which);
	timer[0] = it->left_ns;
	timer[1] = it->interval_ns;
	itimer_update_watched(p);
}

/* setrlimit(2): SIGXCPU at the soft limit and each second on, SIGKILL at the
 * hard limit. */
void itimer_limit_changed(struct process *p)
{
	const struct rlimit64_pair *limit = &p->rlim[RLIMIT_CPU];

	p->cpu_limit_ns = UINT64_MAX;
	if (limit->cur < UINT64_MAX / NS_PER_SEC)
		p->cpu_limit_ns = MAX(limit->cur, 1) * NS_PER_SEC;
	itimer_update_watched(p);
}

static void charge_limit(struct process *p)
{
	const struct rlimit64_pair *limit = &p->rlim[RLIMIT_CPU];

	if (p->cpu_ns < p->cpu_limit_ns)
		return;
	if (limit->max < UINT64_MAX / NS_PER_SEC &&
	    p->cpu_ns >= limit->max * NS_PER_SEC) {
		p->cpu_limit_ns = UINT64_MAX;
		signal_send_process(p, SIGKILL, NULL);
		return;
	}
	signal_send_process(p, SIGXCPU, NULL);
	p->cpu_limit_ns = p->cpu_ns - p->cpu_ns % NS_PER_SEC + NS_PER_SEC;
}

static void charge_timer(struct process *p, u64 timer[2], int sig, u64 delta_ns)
{
	if (!timer[0])
		return;
	if (timer[0] > delta_ns) {
		timer[0] -= delta_ns;
		return;
	}
	timer[0] = timer[1] ? MAX(timer[1], INTERVAL_MIN_NS) : 0;
	signal_send_process(p, sig, NULL);
}

void itimer_charge(struct process *p, u64 user_ns, u64 delta_ns)
{
	charge_timer(p, p->itimer_virtual_ns, SIGVTALRM, user_ns);
	charge_timer(p, p->itimer_prof_ns, SIGPROF, delta_ns);
	charge_limit(p);
	cpu_timers_run(p);
	p->cpu_watched = is_watched(p);
}

u64 itimer_cpu_left(const struct task *t)
{
	const struct process *p = t->proc;
	u64 left = cpu_timers_left(p, t);

	if (p->itimer_virtual_ns[0])
		left = MIN(left, p->itimer_virtual_ns[0]);
	if (p->itimer_prof_ns[0])
		left = MIN(left, p->itimer_prof_ns[0]);
	if (p->cpu_limit_ns != UINT64_MAX)
		left = MIN(left, p->cpu_limit_ns > p->cpu_ns ?
					 p->cpu_limit_ns - p->cpu_ns : 0);
	return left;
}
