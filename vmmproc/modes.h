/* The three axes: mechanisms, presets, what this host supports. */
#ifndef VMMPROC_MODES_H
#define VMMPROC_MODES_H

#include "options.h"

/*
 * Fills opt->intercept, protect and space from opt->mode where they were not
 * given, and refuses what does not exist, is unsafe without --unsafe, or cannot
 * work together. To be called before a machine is prepared.
 * Returns 0, or -1 after one sentence.
 */
int modes_resolve(struct options *opt);

/* `lodger modes`: prints every mechanism and preset; with opt->show_policy the
 * host-call policy instead. Returns lodger's exit status. */
int modes_print(const struct options *opt);

#endif
