/* What may end a machine from outside: signals to lodger and --timeout. */
#ifndef VMMPROC_WATCH_H
#define VMMPROC_WATCH_H

#include "machine.h"

/*
 * From now on SIGINT, SIGTERM, SIGHUP, SIGQUIT and the time-out (opt->
 * timeout_ns, 0: none) kill m's guest-machine process and are noted in m.
 * Ignored signals stay ignored (nohup). Returns 0, or -1 after one sentence.
 */
int watch_begin(struct machine *m);

/* Back to the dispositions found. */
void watch_end(void);

#endif
