/* --trace=steps: the eight steps of each reflected call, as paper section 3.1
 * numbers them, with host time stamps. */
#ifndef VMMPROC_TRACE_STEPS_H
#define VMMPROC_TRACE_STEPS_H

#include "icept.h"

/* One line for step (1..8) of the reflected call under way; nothing unless
 * --trace=steps was given. */
void trace_step(const struct machine *m, int step, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* A stop that belongs to no reflected call's eight steps. */
void trace_other(const struct machine *m, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

#endif
