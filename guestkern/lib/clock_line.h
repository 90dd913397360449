/*
 * A clock made of a counter: a straight line through time, aimed anew from time
 * to time at a reference clock that is dear to read. What is shown never goes
 * back: where the line ran ahead it goes on more slowly instead.
 *
 * Read by the guest kernel and, through the user page, by the vDSO.
 */
#ifndef LIB_CLOCK_LINE_H
#define LIB_CLOCK_LINE_H

#include "lib/types.h"

#define CLOCK_LINE_SHIFT 28

struct clock_line {
	u64 cycles;	  /* at this count ... */
	u64 ns;		  /* ... it was so late */
	u64 mult;	  /* ns a cycle << CLOCK_LINE_SHIFT */
	u64 valid_cycles; /* so far from `cycles` on the line may be used */
};

/* The reference clock, read at some moment between two counts. */
struct clock_sample {
	u64 cycles, ns;
	u64 spread_cycles; /* that lay between the two */
};

/* May the line be read at this count? A count before the line's start (another
 * processor's) may. */
static inline bool clock_line_valid(const struct clock_line *line, u64 cycles)
{
	return (s64)(cycles - line->cycles) <= (s64)line->valid_cycles;
}

/* Time at a valid count, ns. */
static inline u64 clock_line_ns(const struct clock_line *line, u64 cycles)
{
	s64 passed = (s64)(cycles - line->cycles);

	if (passed < 0)
		passed = 0;
	return line->ns + (((u64)passed * line->mult) >> CLOCK_LINE_SHIFT);
}

/*
 * A line from the rate between two samples, to be used from the second on.
 * false when the counter cannot be a clock: it stands, or counts slower than
 * 16 MHz or faster than 16 GHz.
 */
bool clock_line_start(struct clock_line *line, const struct clock_sample *first,
		      const struct clock_sample *second);

/*
 * Aims the line anew, from the sample `last` that it was aimed at before to
 * `now`. false when it had run so far ahead of the reference that waiting for it
 * would be worse: then the line must not be used any more.
 */
bool clock_line_follow(struct clock_line *line, const struct clock_sample *last,
		       const struct clock_sample *now);

#endif
