/*
 * Kernel timers: an rbtree by deadline, the first of which is asked for from the
 * clock. Stopping a timer does not take back the clock's interrupt: it comes, finds
 * nothing due, and costs less than keeping the clock exact would.
 */
#include "proc/timer.h"

#include "hal/hal.h"
#include "lib/err.h"

static struct rb_root timers;

void timer_init(struct timer *t, void (*fn)(struct timer *t))
{
	t->fn = fn;
	t->active = false;
	t->wall = false;
	t->deadline_ns = 0;
}

static struct timer *first_timer(void)
{
	struct rb_node *node = rb_first(&timers);

	return node ? rb_entry(node, struct timer, node) : NULL;
}

void timer_start(struct timer *t, u64 deadline_ns)
{
	struct rb_node **link = &timers.node, *parent = NULL;

	timer_stop(t);
	t->deadline_ns = deadline_ns;
	while (*link) {
		parent = *link;
		/* equal deadlines in the order of their start */
		if (deadline_ns < rb_entry(parent, struct timer, node)->deadline_ns)
			link = &parent->left;
		else
			link = &parent->right;
	}
	rb_insert(&timers, &t->node, parent, link);
	t->active = true;
	clock_arm(deadline_ns);
}

void timer_stop(struct timer *t)
{
	if (!t->active)
		return;
	rb_erase(&timers, &t->node);
	t->active = false;
}

void timers_run(u64 now_ns)
{
	struct timer *t;

	while ((t = first_timer()) && t->deadline_ns <= now_ns) {
		timer_stop(t);
		t->fn(t);
	}
	clock_arm(timers_next());
}

/* An instant long past stays one, and one that never comes does not come. */
static u64 stepped(u64 deadline_ns, u64 delta_ns)
{
	u64 moved = deadline_ns - delta_ns;

	if ((s64)delta_ns > 0)
		return moved > deadline_ns ? 0 : moved;
	return moved < deadline_ns ? UINT64_MAX : moved;
}

void timers_step_real(u64 delta_ns)
{
	struct rb_node *node, *next;
	struct timer *t, *moved = NULL;

	for (node = rb_first(&timers); node; node = next) {
		next = rb_next(node);
		t = rb_entry(node, struct timer, node);
		if (!t->wall)
			continue;
		timer_stop(t);
		t->next_stepped = moved;
		moved = t;
	}
	while ((t = moved)) {
		moved = t->next_stepped;
		timer_start(t, stepped(t->deadline_ns, delta_ns));
	}
}

u64 timers_next(void)
{
	struct timer *t = first_timer();

	return t ? t->deadline_ns : UINT64_MAX;
}
