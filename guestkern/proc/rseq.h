/*
 * Restartable sequences (rseq(2), Linux Documentation/userspace-api, as of 6.1):
 * what a thread does between two addresses is begun anew where a switch or a
 * signal came between. There is one CPU: its number never changes.
 */
#ifndef PROC_RSEQ_H
#define PROC_RSEQ_H

#include "lib/types.h"

struct task;
struct trap_frame;

/* Registers (or with RSEQ_FLAG_UNREGISTER, no longer) the area at addr for the
 * current task. 0, -EINVAL, -EPERM (other signature), -EBUSY, -EFAULT. */
s64 rseq_register(uaddr_t addr, u32 len, s32 flags, u32 signature);
/* The task was switched away from: its sequence is over when it goes on. */
void rseq_switched(struct task *t);
/* Before tf goes on in user mode, or is kept in a signal frame: a sequence that it
 * is in ends at its abort address. 0, or -EFAULT: the area or what it says is
 * bad. May sleep. */
int rseq_abort(struct task *t, struct trap_frame *tf);

#endif
