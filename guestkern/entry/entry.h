/* The top: boot order and the trap upcall. */
#ifndef ENTRY_ENTRY_H
#define ENTRY_ENTRY_H

#include "hal/trap.h"

/* First C function above hal, on the boot stack, called by hal_start. */
void kernel_main(void) __attribute__((noreturn));

/* The one upcall from hal: the current task's frame is filled. Runs on the
 * task's kernel stack and ends in cpu_return_to_user. */
void trap_upcall(struct trap_frame *tf) __attribute__((noreturn));

/* The way back to user mode for the current task: reschedules, delivers
 * signals, leaves. Also where new tasks begin. */
void entry_return(struct trap_frame *tf) __attribute__((noreturn));

#endif
