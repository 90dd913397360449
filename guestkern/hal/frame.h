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

#include <asm/siginfo.h>

/* Learns place and size. Boot, signal handlers installed. */
void frame_probe(void);
/* Is frame_rsp the one place where a genuine frame of user mode can be? */
bool frame_is_genuine(u64 frame_rsp);
/* Could a frame lie there, inside the signal stack? */
bool frame_is_readable(u64 frame_rsp);
/* The general registers of the frame there, as trap frame without a cause. */
void frame_registers(u64 frame_rsp, struct trap_frame *tf);
/* The signal that the frame there is about. */
int frame_signal(u64 frame_rsp);
/* Clears the trap flag in the frame there. */
void frame_clear_tf(u64 frame_rsp);
/* Copies registers and cause into tf; returns the irq for TRAP_IRQ, or
 * IRQ_END. */
int frame_to_trap(int sig, struct trap_frame *tf);
/* The cause alone, from what the host says of the signal; registers and err,
 * trapno, cr2 are in tf. Result as above. */
int frame_classify(int sig, const siginfo_t *si, struct trap_frame *tf);
/* Writes registers and every control field back for rt_sigreturn. */
void frame_from_trap(const struct trap_frame *tf);
/* Clears what the frame says beside the program's own registers: the host's
 * last fault may have been another program's. */
void frame_scrub(void);
/* rsp at rt_sigreturn. */
u64 frame_return_rsp(void);

/* Vector state: the initial one; from the frame into a task's area and back. */
void frame_xstate_initial(void *xstate);
void frame_xstate_save(void *xstate);
void frame_xstate_load(const void *xstate);
/* From the frame into the registers; the initial state if the frame's is not
 * one that the processor takes (user code may have written there). */
void frame_xstate_restore(void);
/* Between an area and the registers (XSAVE and XRSTOR, SDM vol 1, 13). */
void xstate_to_registers(const void *xstate);
void xstate_from_registers(void *xstate);

/* cpu.c: brings cu's vector state into the frame (return by rt_sigreturn) or
 * into the registers (return by a jump). */
void cpu_user_load_frame(struct cpu_user *cu);
void cpu_user_load_registers(struct cpu_user *cu);
/* cpu.c: where the running program's vector state is since this entry. */
void cpu_user_in_frame(void);
void cpu_user_in_registers(void);
/* frame.c: called from trap.c while the probe is under way. */
bool frame_probe_arrived(u64 frame_rsp);

#endif
