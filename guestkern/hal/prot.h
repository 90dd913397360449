/*
 * The protection axis: how guest-kernel memory is hidden from user mode. The
 * code that opens and closes is assembly in the gate (one .S per mechanism);
 * the ops tell the rest of hal where to find it.
 */
#ifndef HAL_PROT_H
#define HAL_PROT_H

#include "lib/types.h"

struct prot_ops {
	const char *name;
	/* Signal handler entry in the gate: opens the core, switches to the
	 * kernel stack and calls hal_trap_entry. */
	void (*gate_entry)(void);
	/* Closes the core and returns to user mode through the signal frame at
	 * frame_rsp (what rsp must be at rt_sigreturn). Checks the result of
	 * the closing call; never enters user mode with the core open. */
	void (*leave)(u64 frame_rsp) __noreturn;
};

/* The backend chosen at boot. */
extern const struct prot_ops *prot_backend;
extern const struct prot_ops prot_mprotect;

#endif
