/*
 * What a machine changes over a directory that is its root: --overlay-in, a layer that is
 * put over it at start, and --overlay-out, where the changes go at the end. What a layer
 * is made of is the guest kernel's business (docs/hostfs.md); here it is a file, or a
 * directory made of one.
 */
#ifndef VMMPROC_LAYER_H
#define VMMPROC_LAYER_H

#include "machine.h"

/* After broker_open: checks the options, opens the output, which becomes one more of
 * m->bind. 0, or -1 after one sentence. */
int layer_open(struct machine *m);
/* The machine has ended; whole: by itself, its layer written. The file gets its name, or
 * goes. The exit status: status, or after one sentence another. */
int layer_end(struct machine *m, bool whole, int status);

#endif
