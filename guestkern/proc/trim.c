/*
 * Gives free RAM back to the host, a second after a good deal of it was freed:
 * what is wanted again at once never goes, and an idle machine is not woken for
 * nothing. In pieces, so that programs do not wait long.
 */
#include "hal/hal.h"
#include "mm/page.h"
#include "proc/proc_internal.h"
#include "proc/timer.h"

#define TRIM_AFTER_NS 1000000000ull
#define TRIM_PAUSE_NS 20000000ull
#define TRIM_RUNS 16u /* 64 MiB at a time */

static struct timer trim_timer;

static void trim_some(struct timer *t)
{
	if (page_trim(TRIM_RUNS))
		timer_start(t, clock_mono_ns() + TRIM_PAUSE_NS);
}

static void trim_later(void)
{
	if (!trim_timer.active)
		timer_start(&trim_timer, clock_mono_ns() + TRIM_AFTER_NS);
}

void trim_init(void)
{
	timer_init(&trim_timer, trim_some);
	page_set_trim(trim_later);
}
