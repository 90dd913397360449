/* The guest-machine process: birth. */
#ifndef VMMPROC_START_H
#define VMMPROC_START_H

#include "machine.h"

/*
 * Forks the guest-machine process and lets m->icept take charge of it. On
 * return it stands at the guest kernel's first instruction or is on its way
 * there. Returns 0, or -1 after one sentence; nothing is left running then.
 */
int start_guest(struct machine *m);

#endif
