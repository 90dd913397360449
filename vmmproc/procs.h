/*
 * The host processes of a machine with --space multi, beyond the first; and, with
 * --space kmod and --protect kmod-mm, those that exist only to lend an address space
 * to the module: who makes them, who reaps them, who tells the guest kernel of a
 * death.
 *
 * The guest kernel cannot make processes: its policy has no call for it. It asks
 * through LODGER_FD_MAKER (abi/boot.h), the VMM process passes that on to the
 * spawner, a trusted process in the guest-machine process's sandbox whose
 * children are the host processes, and answers. So every one of them has been
 * made to die with the VMM process, and has its filter, before a guest kernel
 * runs in it; and the VMM process knows them all.
 */
#ifndef VMMPROC_PROCS_H
#define VMMPROC_PROCS_H

#include <poll.h>
#include <stdbool.h>
#include <stdint.h>

#include "machine.h"

/* Before the fork: m->procs, or NULL where one process is all there is. 0, or -1
 * after one sentence. */
int procs_create(struct machine *m);
void procs_free(struct machine *m);

/* Is the guest kernel to tell its marks (LODGER_BOOT_MARKS)? */
bool procs_want_marks(const struct machine *m);

/* The child's ends, LODGER_FD_MAKER and LODGER_FD_SPAWNER to be; -1: none. */
int procs_maker_end(const struct machine *m);
int procs_spawner_end(const struct machine *m);

/*
 * In the child, with descriptors placed and half confined: forks the spawner.
 * Returns 0 in the child, then, once for each host process asked for, its
 * number in that process, a child of the VMM process too. A host that gives no
 * spawner gives no further host process.
 */
int procs_start_spawner(pid_t vmm_pid);

/* VMM process, after the fork: meets the spawner. 0, or -errno. */
int procs_begin(struct machine *m);

/* What to wait for besides the first process; at most PROCS_POLLED. */
#define PROCS_POLLED 2
/* Fills in entries to poll; returns how many. polled is the caller's. */
size_t procs_fill_pollset(const struct machine *m, struct pollfd *polled);
/*
 * Serves what came: requests and deaths. true: the machine is over, with the
 * wait status *status of one of them.
 */
bool procs_serve(struct machine *m, const struct pollfd *polled, int *status);

/* Ends and reaps all of them, and the spawner. */
void procs_end(struct machine *m);

/* Adds what a reaped process used to m->guest_rusage. */
void procs_add_usage(struct machine *m, const struct rusage *usage);

#endif
