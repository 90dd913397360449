/*
 * What the guest-machine process does to itself before it leaves hosted code,
 * so that a compromised guest kernel finds nothing but its descriptors and
 * the calls of the policy. All functions run in the child, one thread, and
 * return 0, or -1 after one sentence on stderr (the child then exits).
 */
#ifndef VMMPROC_SANDBOX_H
#define VMMPROC_SANDBOX_H

#include <sys/types.h>

#include "machine.h"

/*
 * Gives the descriptors of m their LODGER_FD_* numbers and closes all others.
 * trace_fd becomes LODGER_FD_TRACE (-1: none). *go_fd, the pipe on which the
 * child waits for the tracer, survives under a new number; -1: none.
 */
int sandbox_place_descriptors(const struct machine *m, int trace_fd,
			      int *go_fd);

/* Moves fd[i] to number i for all i below count; -1 closes i; all others are closed,
 * too. 0, or -1 after a sentence. */
int sandbox_move_descriptors(int *fd, int count);

/*
 * Moves fd[i] to number i for all i below count and closes all others; -1 leaves i
 * closed. fd is used up.
 */
int sandbox_move_descriptors(int *fd, int count);

/*
 * First half, before the tracer attaches: signals (all blocked, dispositions
 * default or ignore), no core dump, limits, own namespaces and an empty root
 * directory where the host allows, no capabilities, no_new_privs, no rseq and
 * robust-list areas, death with vmm_pid. The process stays attachable.
 */
int sandbox_before_attach(pid_t vmm_pid);

/* Death with vmm_pid, for a process cloned from one that is half confined. */
int sandbox_die_with(pid_t vmm_pid);

/* Second half for a further host process, a child of the spawner's. */
int sandbox_further(pid_t vmm_pid);

/*
 * Second half, once the tracer is attached: closes everything from
 * LODGER_FD_END up but for keep_fd (LODGER_FD_END, or -1: none), no new
 * descriptors or processes, not dumpable. Afterwards install the filter
 * (policy.h, filter_inproc.h) and leave. With keep_fd, one more descriptor can
 * be had: the filter's listener.
 */
int sandbox_after_attach(pid_t vmm_pid, int keep_fd);

#endif
