/*
 * The broker: a process of the VMM that opens the files of the host which the guest
 * may see (--bind), for the guest kernel, which has no call to open anything. What
 * it does with a request is broker_serve.h's.
 */
#ifndef VMMPROC_BROKER_H
#define VMMPROC_BROKER_H

#include "machine.h"

/* Opens what m->opt->root, if it is a directory (m->root_host tells), and m->opt->bind
 * name, into m->bind. 0, or -1 after one sentence. */
int broker_open(struct machine *m);
/* Before the guest-machine process is forked: starts the broker, if there is anything
 * for it to serve. 0, or -1 after one sentence. */
int broker_start(struct machine *m);
/* After the fork: the guest kernel's ends are its own. */
void broker_begin(struct machine *m);
/* Ends the broker, and closes everything. */
void broker_end(struct machine *m);

/* What a process of the broker's kind does to itself: 0, or -1. First: signals, death with
 * vmm_pid, privileges. Then, with all that it needs at hand: the filter. */
int broker_confine(pid_t vmm_pid);
int broker_install_filter(void);

#endif
