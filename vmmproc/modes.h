/* The three axes: mechanisms, presets, what this host supports. */
#ifndef VMMPROC_MODES_H
#define VMMPROC_MODES_H

#include "options.h"

struct icept_ops;

enum axis { AXIS_INTERCEPT, AXIS_PROTECT, AXIS_SPACE, AXIS_COUNT };

/*
 * Fills opt->intercept, protect and space from opt->mode where they were not
 * given, and refuses what does not exist, is unsafe without --unsafe, or cannot
 * work together. To be called before a machine is prepared.
 * Returns 0, or -1 after one sentence.
 */
int modes_resolve(struct options *opt);

/* After modes_resolve: what was chosen. The interception mechanism, and any
 * axis's choice as the guest kernel is told it (abi/boot.h). */
const struct icept_ops *modes_icept(const struct options *opt);
uint32_t modes_abi(const struct options *opt, enum axis axis);

/* Are further host processes made on the guest kernel's request (procs.h)? */
bool modes_have_maker(const struct options *opt);

/* `lodger modes`: prints every mechanism and preset; with opt->show_policy the
 * host-call policy instead. Returns lodger's exit status. */
int modes_print(const struct options *opt);

#endif
