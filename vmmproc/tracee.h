/* The guest-machine process as a tracer waits for it and ends it. */
#ifndef VMMPROC_TRACEE_H
#define VMMPROC_TRACEE_H

#include "machine.h"

/* Waits for the next stop, which is counted. 0 with the wait status; -ESRCH when the
 * process is gone instead: m->guest_status and m->guest_rusage are set, m->guest_pid is
 * -1; another -errno of wait4(2). */
int tracee_wait(struct machine *m, int *status);

/* Kills the process and reaps it, as above. It must not be gone yet. */
void tracee_kill(struct machine *m);

#endif
