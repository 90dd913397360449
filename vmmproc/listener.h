/*
 * The way of a seccomp listener from the guest-machine process, which after
 * installing its filter can make no call of its own, to the VMM process.
 */
#ifndef VMMPROC_LISTENER_H
#define VMMPROC_LISTENER_H

#include <stdbool.h>
#include <sys/types.h>

#include "machine.h"

/*
 * Child: starts the helper process that will send the listener over fd, a
 * SOCK_SEQPACKET, close both in the child's table and end. Must be called with
 * all descriptors in place, before RLIMIT_NPROC is lowered; until the filter is
 * installed the child must not open any. Returns the helper's pid, or -1 when
 * there is none and can be no listener; the VMM process is told either way.
 */
pid_t listener_start_helper(int fd, pid_t vmm_pid);

/* Child: the filter gave no listener. Tells the VMM process, which ends the
 * helper, and closes fd. */
void listener_give_up(int fd, pid_t helper);

/*
 * VMM process: takes the listener into m->listener_fd, or leaves -1 there if
 * the child has none or has ended already. The helper is gone and reaped on
 * return, whatever happened. 0, or -errno when the listener got lost.
 */
int listener_receive(struct machine *m, int fd);

#endif
