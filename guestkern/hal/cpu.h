/*
 * The virtual CPU: kernel contexts, the user-mode state that is not in the
 * trap frame (vector registers, fs/gs bases), and per-CPU data.
 */
#ifndef HAL_CPU_H
#define HAL_CPU_H

#include "hal/trap.h"
#include "lib/types.h"

struct task;
struct as;
struct host_process;

/* Per-CPU data; reached only through this_cpu(). */
struct cpu {
	struct task *current;
	struct trap_frame *frame; /* where entry stores the next trap frame */
	u64 kernel_stack_top;	  /* stack that entry switches to */
	u32 in_kernel;	/* call gate: the core is open for the kernel */
	u32 irq_pending; /* bits by enum irq, noted while in the kernel */
	u32 holder;	 /* number of the host process that has the baton */
	u32 nested;	 /* call gate: a signal came while in_kernel was set */
	bool need_resched;
};
struct cpu *this_cpu(void);

/* A kernel thread of control that is not running: its stack pointer; the
 * callee-saved registers are on its stack. */
struct cpu_context {
	u64 rsp;
};
/* Prepares ctx so that the first switch to it calls fn(arg) on a stack whose
 * top (16-byte aligned) is stack_top. fn must not return. */
void cpu_context_init(struct cpu_context *ctx, void *stack_top,
		      void (*fn)(void *arg), void *arg);
/* Saves the caller in prev, resumes next. Returns when prev is resumed. */
void cpu_context_switch(struct cpu_context *prev, struct cpu_context *next);

/* User state beside the trap frame, embedded in struct task. */
struct cpu_user {
	u64 fsbase, gsbase;
	/* Host process whose registers are newer than what is here, or NULL:
	 * for the bases, and for the vector state. hal's own. */
	struct host_process *bases_at, *vector_at;
	void *xstate; /* cpu_xstate_bytes() bytes, 64-aligned: FXSAVE layout +
		       * XSAVE header + extended state, as in a Linux signal
		       * frame; the caller's memory. NULL: kernel thread */
};

/* Size of an xstate area (host's XSAVE size, without the trailing magic). */
size_t cpu_xstate_bytes(void);
/* XCR0 mask of features in it. */
u64 cpu_xfeatures(void);
/* Initial state: x87/MXCSR defaults, everything else zero. */
void cpu_user_init(struct cpu_user *cu, void *xstate);
/*
 * Called by the scheduler when prev (NULL: none) stops and next (NULL: a
 * kernel thread) starts owning user mode. Saves bases; vector state moves
 * lazily at cpu_user_load_*.
 */
void cpu_user_switch(struct cpu_user *prev, struct cpu_user *next);
/* Brings cu->xstate and the bases up to date with the live registers (before
 * fork copies them or a signal frame is built). */
void cpu_user_sync(struct cpu_user *cu);
/* The opposite: cu was changed in memory (exec, sigreturn, arch_prctl); use
 * it at the next return to user mode. */
void cpu_user_changed(struct cpu_user *cu);
/* cu is about to be freed: forget it. */
void cpu_user_forget(struct cpu_user *cu);
/*
 * Makes a foreign xstate image (from a guest signal frame, len bytes) safe to
 * load: checks xfeatures, compaction and reserved bytes, masks MXCSR. Returns
 * 0 or -EINVAL (the program is to be killed).
 */
int cpu_xstate_sanitize(void *xstate, size_t len_bytes);

/* Installs the function that every trap ends in (it must not return). Boot. */
void cpu_set_trap_upcall(void (*fn)(struct trap_frame *tf) __noreturn);
/*
 * Leaves the guest kernel for user mode with the registers in *tf (sanitised:
 * cs, ss and flags forced) and the state in *cu; the next trap calls entry's
 * upcall on this_cpu()->kernel_stack_top. Returns only when an interrupt came
 * on the way: serve it (irq_drain) and try again. Context: kernel stack of the
 * task.
 */
void cpu_return_to_user(struct trap_frame *tf, struct cpu_user *cu);

#endif
