/*
 * The host's signal frame on the signal stack: where a trap's registers come
 * from and where rt_sigreturn takes them. Its place is the same for every
 * signal (the host computes it from the stack's top and the XSAVE size) and is
 * learnt once at boot from a signal that the kernel causes itself.
 */
#ifndef HAL_FRAME_H
#define HAL_FRAME_H

#include "hal/cpu.h"
#include "lib/types.h"

/* Learns place and size. Boot, signal handlers installed. */
void frame_probe(void);
/* Is frame_rsp the one place where a genuine frame can be? */
bool frame_is_genuine(u64 frame_rsp);
/* Copies registers and cause into tf; returns the irq for TRAP_IRQ, or
 * IRQ_END. */
int frame_to_trap(int sig, struct trap_frame *tf);
/* Writes registers and every control field back for rt_sigreturn. */
void frame_from_trap(const struct trap_frame *tf);
/* rsp at rt_sigreturn. */
u64 frame_return_rsp(void);

/* Vector state between the frame and a task's area. */
void frame_xstate_initial(void *xstate);
void frame_xstate_save(void *xstate);
void frame_xstate_load(const void *xstate);

/* cpu.c: brings cu's vector state into the frame before return to user. */
void cpu_user_load(struct cpu_user *cu);
/* frame.c: called from trap.c while the probe is under way. */
bool frame_probe_arrived(u64 frame_rsp);

#endif
