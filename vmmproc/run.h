/* `lodger run` and `lodger boot`: one machine from start to end. */
#ifndef VMMPROC_RUN_H
#define VMMPROC_RUN_H

#include "options.h"

/* Runs the machine that opt describes; returns lodger's exit status. */
int run_machine(const struct options *opt);

#endif
