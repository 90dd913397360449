/* Clocks by a counter: how fast, and for how long that may be believed. */
#include "lib/clock_line.h"

/* Wrong by at most this much at the end of the time that a line is used. */
#define ERROR_MAX_NS (20 * NS_PER_US)
#define VALID_MIN_NS NS_PER_MS
#define VALID_MAX_NS (100 * NS_PER_MS)
#define AHEAD_MAX_NS (10 * NS_PER_MS)
#define MULT_ONE (1ULL << CLOCK_LINE_SHIFT) /* a cycle a nanosecond */
#define MULT_MIN (MULT_ONE / 16)
#define MULT_MAX (MULT_ONE * 64)
#define RATE_BITS (63 - CLOCK_LINE_SHIFT)

/* Nanoseconds a cycle << CLOCK_LINE_SHIFT, 0: not one that a counter has. */
static u64 rate_between(const struct clock_sample *a, const struct clock_sample *b)
{
	u64 ns = b->ns - a->ns, cycles = b->cycles - a->cycles, mult;

	if (b->ns <= a->ns || b->cycles <= a->cycles)
		return 0;
	while (ns >> RATE_BITS) {
		ns >>= 1;
		cycles >>= 1;
	}
	mult = cycles ? (ns << CLOCK_LINE_SHIFT) / cycles : 0;
	return mult >= MULT_MIN && mult <= MULT_MAX ? mult : 0;
}

/* A sample is as uncertain as its spread; the rate between two is so over the
 * time between them, and the line over as much time as it is used. */
static u64 valid_ns(const struct clock_sample *a, const struct clock_sample *b,
		    u64 mult)
{
	u64 unsure = ((a->spread_cycles + b->spread_cycles) / 2 * mult >>
		      CLOCK_LINE_SHIFT) + 1;
	u64 apart = MIN(b->ns - a->ns, NS_PER_SEC);
	u64 ns = apart * ERROR_MAX_NS / unsure;

	return MIN(MAX(ns, VALID_MIN_NS), VALID_MAX_NS);
}

bool clock_line_start(struct clock_line *line, const struct clock_sample *first,
		      const struct clock_sample *second)
{
	u64 mult = rate_between(first, second);

	if (!mult)
		return false;
	line->cycles = second->cycles;
	line->ns = second->ns;
	line->mult = mult;
	line->valid_cycles = (valid_ns(first, second, mult) << CLOCK_LINE_SHIFT) /
			     mult;
	return true;
}

bool clock_line_follow(struct clock_line *line, const struct clock_sample *last,
		       const struct clock_sample *now)
{
	u64 end = line->cycles + line->valid_cycles;
	/* the latest time that anybody can have been shown */
	u64 shown = clock_line_ns(line, clock_line_valid(line, now->cycles) ?
						now->cycles : end);
	u64 mult = rate_between(last, now), ahead, ns = VALID_MIN_NS;

	if (mult)
		ns = valid_ns(last, now, mult);
	else
		mult = line->mult; /* the counter jumped, or no time passed */
	line->cycles = now->cycles;
	line->ns = MAX(shown, now->ns);
	ahead = line->ns - now->ns;
	if (ahead > AHEAD_MAX_NS)
		return false;
	line->mult = mult - mult * MIN(ahead, ns / 4) / ns;
	line->valid_cycles = (ns << CLOCK_LINE_SHIFT) / mult;
	return true;
}
