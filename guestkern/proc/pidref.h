/* A process that may be gone: what a pidfd holds. */
#ifndef PROC_PIDREF_H
#define PROC_PIDREF_H

#include "lib/types.h"
#include "proc/wait.h"

struct process;

struct pid_ref {
	u32 refs;
	s32 pid;
	struct process *process; /* NULL: released, its number is free again */
	struct wait_queue wait;	 /* woken when it exits, and when it is released */
};

/* The one of p, referenced; NULL on no memory. p->pid is set. */
struct pid_ref *pid_ref_get(struct process *p);
void pid_ref_put(struct pid_ref *ref);
/* Has it exited (zombie, or released)? */
bool pid_ref_exited(const struct pid_ref *ref);

#endif
