/*
 * CLOCK_MONOTONIC and CLOCK_REALTIME by the time-stamp counter. The guest
 * kernel and the vDSO read the same line in the user page, so that a time had
 * by a system call and one had without agree to the nanosecond and neither goes
 * back. The line is aimed at the host's clock again when its time is up,
 * whoever asks then: a program in its vDSO makes the system call.
 */
#include "hal/tsc.h"

#include "hal/hal_private.h"
#include "hal/user_page.h"

#include <linux/time.h>

/* A reading between two looks at the counter that are so close is good enough;
 * interrupted ones are not. */
#define SPREAD_GOOD_NS (2 * NS_PER_US)
#define SAMPLE_TRIES 8
/* The wall clock is followed in steps of this: below, its two readings differ
 * by chance. */
#define REAL_STEP_NS (20 * NS_PER_US)

static struct clock_sample last;
static u64 floor_ns;

static u64 cycles_to_ns(u64 cycles)
{
	return cycles * user_page()->clock.line.mult >> CLOCK_LINE_SHIFT;
}

/* One reading of a host clock with the counter around it. */
static void sample_once(struct clock_sample *s, u64 id)
{
	u64 before = tsc_read(), after;

	s->ns = clock_host_ns(id);
	after = tsc_read();
	s->spread_cycles = after - before;
	s->cycles = before + s->spread_cycles / 2;
}

/* The closest of some readings; how close a good one is takes a rate. */
static void sample_take(struct clock_sample *best, u64 id)
{
	struct clock_sample s;

	sample_once(best, id);
	for (int i = 1; i < SAMPLE_TRIES; i++) {
		if (user_page()->clock.line.mult &&
		    cycles_to_ns(best->spread_cycles) <= SPREAD_GOOD_NS)
			return;
		sample_once(&s, id);
		if (s.spread_cycles < best->spread_cycles)
			*best = s;
	}
}

/* Programs see the page between two odd numbers' changes only. */
static void clock_write_begin(struct user_clock *clock)
{
	clock->seq++;
	__asm__ volatile("" : : : "memory");
}

static void clock_write_end(struct user_clock *clock)
{
	__asm__ volatile("" : : : "memory");
	clock->seq++;
}

/* The wall clock was stepped, on the host? */
static void follow_real(struct user_clock *clock)
{
	struct clock_sample s;
	u64 offset, apart;

	sample_take(&s, CLOCK_REALTIME);
	offset = s.ns + clock_real_step_ns() - clock_line_ns(&clock->line, s.cycles);
	apart = offset - clock->real_offset;
	if ((s64)apart < 0)
		apart = 0 - apart;
	if (apart > REAL_STEP_NS + cycles_to_ns(s.spread_cycles))
		clock->real_offset = offset;
}

static void follow(struct user_clock *clock)
{
	struct clock_sample now;
	bool usable;

	sample_take(&now, CLOCK_MONOTONIC);
	clock_write_begin(clock);
	usable = clock_line_follow(&clock->line, &last, &now);
	last = now;
	clock->usable = usable;
	floor_ns = clock->line.ns;
	if (usable)
		follow_real(clock);
	clock_write_end(clock);
}

void tsc_start(void)
{
	struct user_clock *clock = &user_page()->clock;
	const struct lodger_boot *boot = boot_info();
	const struct clock_sample first = { boot->tsc_cycles, boot->tsc_mono_ns, 0 };

	if (!(boot->flags & LODGER_BOOT_TSC))
		return;
	clock->real_offset = (u64)boot->realtime_offset_ns;
	sample_take(&last, CLOCK_MONOTONIC);
	clock->usable = clock_line_start(&clock->line, &first, &last);
}

void tsc_step_real(u64 delta_ns)
{
	struct user_clock *clock = &user_page()->clock;

	clock_write_begin(clock);
	clock->real_offset += delta_ns;
	clock_write_end(clock);
}

bool tsc_usable(void)
{
	return user_page()->clock.usable;
}

u64 tsc_floor_ns(void)
{
	return floor_ns;
}

u64 tsc_mono_ns(void)
{
	struct user_clock *clock = &user_page()->clock;
	u64 cycles = tsc_read();

	if (!clock_line_valid(&clock->line, cycles)) {
		follow(clock);
		cycles = last.cycles;
	}
	return clock_line_ns(&clock->line, cycles);
}

u64 tsc_real_ns(void)
{
	return tsc_mono_ns() + user_page()->clock.real_offset;
}
