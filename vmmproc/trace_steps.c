/* Lines: seconds since start, number of the reflected call, step, what. */
#include "trace_steps.h"

#include <stdarg.h>
#include <time.h>

static double seconds_since(uint64_t start_ns)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return ((double)now.tv_sec * 1e9 + (double)now.tv_nsec -
		(double)start_ns) / 1e9;
}

static bool wanted(const struct machine *m)
{
	return m->opt->trace == TRACE_STEPS && m->trace;
}

void trace_step(const struct machine *m, int step, const char *fmt, ...)
{
	va_list ap;

	if (!wanted(m))
		return;
	fprintf(m->trace, "%.6f call %llu step %d: ", seconds_since(m->start_ns),
		(unsigned long long)m->count.reflected_calls, step);
	va_start(ap, fmt);
	vfprintf(m->trace, fmt, ap);
	va_end(ap);
	fputc('\n', m->trace);
}

void trace_other(const struct machine *m, const char *fmt, ...)
{
	va_list ap;

	if (!wanted(m))
		return;
	fprintf(m->trace, "%.6f ", seconds_since(m->start_ns));
	va_start(ap, fmt);
	vfprintf(m->trace, fmt, ap);
	va_end(ap);
	fputc('\n', m->trace);
}
