/*
 * The protection axis: how guest-kernel memory is hidden from user mode. The
 * code that opens and closes is assembly in the gate (one .S per mechanism);
 * the ops tell the rest of hal where to find it.
 */
#ifndef HAL_PROT_H
#define HAL_PROT_H

#include "hal/cpu.h"
#include "lib/types.h"

struct prot_ops {
	const char *name;
	/* Signal handler entry in the gate: opens the core, switches to the
	 * kernel stack and calls hal_trap_entry. */
	void (*gate_entry)(void);
	/* Where a call without a signal enters; NULL: it has none. */
	void (*call_entry)(void);
	u32 altstack_flags; /* sigaltstack(2) */
	u64 altstack_base;
	/* rt_sigaction flags and mask of the handlers. */
	u64 handler_flags, handler_mask;
	/* The same for the two that programs cause often: SIGSYS, SIGSEGV. */
	u64 trap_flags, trap_mask;
	/* Does the guest kernel run with signals blocked? Else it is entered so
	 * by all signals but those two, and unblocks them. */
	bool blocks_signals;
	/*
	 * Closes the core and returns to user mode with tf and cu. Checks the
	 * result of the closing call; never enters user mode with the core
	 * open. Returns only if an interrupt came first.
	 */
	void (*leave)(const struct trap_frame *tf, struct cpu_user *cu);
};

/* The backend chosen at boot. */
extern const struct prot_ops *prot_backend;
extern const struct prot_ops prot_mprotect;
extern const struct prot_ops prot_gate;
extern const struct prot_ops prot_pkey; /* prot_gate.c, with another .S */
extern const struct prot_ops prot_kmod;

/* prot_kmod.c: what it needs of the VMM process before the first program. */
void prot_kmod_start(void);

/* sigaltstack(2): disarmed while a handler runs on it. */
#define GATE_ALTSTACK_FLAGS (1u << 31) /* SS_AUTODISARM */

#endif
