/* Which call sites are patched (--intercept patch). */
#ifndef ENTRY_PATCH_H
#define ENTRY_PATCH_H

#include "hal/trap.h"

/* A system call has come by a signal: patches its site when it has come often
 * enough and has the shape. Context: current task, its mm loaded. */
void patch_consider(const struct trap_frame *tf);

/* An invalid instruction: is it the second half of a patched site, entered by
 * an old jump or by a thread that stood there? Then tf becomes the call. */
bool patch_old_syscall(struct trap_frame *tf);

/* An invalid instruction: is it behind the `syscall` of a patched site? Then the
 * program goes on where patch_way says. */
bool patch_behind(const struct trap_frame *tf);

/* Where a program that is to go on at rip does go on: there, or in a stub. Context:
 * right before it runs. */
u64 patch_way(u64 rip);

/* The user page gets the numbers of the task that is about to run. */
struct task;
void patch_show_ids(const struct task *task);

#endif
