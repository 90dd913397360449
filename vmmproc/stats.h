/* --stats: what a run cost, as text or JSON. */
#ifndef VMMPROC_STATS_H
#define VMMPROC_STATS_H

#include "machine.h"

/*
 * Writes the counts of an ended machine where opt->stats and opt->stats_path
 * say. counters is what the guest kernel left: numbers that nothing vouches
 * for, only printed. Returns 0, or -1 after one sentence.
 */
int stats_write(const struct machine *m, const struct lodger_counters *counters);

#endif
