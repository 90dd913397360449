/* The loop of the VMM process: events in, decisions out. */
#ifndef VMMPROC_LOOP_H
#define VMMPROC_LOOP_H

#include "machine.h"

/*
 * Runs the machine until its process has ended and is reaped. m->report tells
 * why when the VMM process ended it. Returns 0, or -1 after one sentence when
 * the mechanism itself failed (the machine is gone then, too).
 */
int loop_run(struct machine *m);

#endif
