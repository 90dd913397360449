/* The top: boot order and the trap upcall. */
#ifndef ENTRY_ENTRY_H
#define ENTRY_ENTRY_H

#include "hal/trap.h"

/* First C function, on the boot stack, called by hal/start.S. */
void kernel_main(void) __attribute__((noreturn));

/* The one upcall from assembly: the current task's frame is filled. Runs on
 * the task's kernel stack and ends in cpu_return_to_user. */
void trap_upcall(struct trap_frame *tf) __attribute__((noreturn));

#endif
