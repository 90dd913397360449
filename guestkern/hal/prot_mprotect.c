/*
 * Protection by mprotect from the SIGUSR1 handler: the C side. The way out is
 * rt_sigreturn through the frame that the host made at entry; all signals are
 * blocked meanwhile.
 */
#include "abi/layout.h"
#include "hal/frame.h"
#include "hal/hal.h"
#include "hal/prot.h"

#include <asm/signal.h>

void gate_entry(void);
void gate_leave(u64 frame_rsp) __noreturn;

static void mprotect_leave(const struct trap_frame *tf, struct cpu_user *cu)
{
	counters()->prot_closes++;
	cpu_user_load_frame(cu);
	frame_from_trap(tf);
	gate_leave(frame_return_rsp());
}

#define HANDLER_FLAGS (SA_SIGINFO | SA_ONSTACK)
/* All but SIGTTIN: with it blocked, a read of the host's terminal from the
 * background fails instead of stopping the job. */
#define HANDLER_MASK (~(1ULL << (SIGTTIN - 1)))

const struct prot_ops prot_mprotect = {
	.name = "mprotect",
	.gate_entry = gate_entry,
	.altstack_base = LODGER_SIGSTACK_BASE,
	.handler_flags = HANDLER_FLAGS,
	.handler_mask = HANDLER_MASK,
	.trap_flags = HANDLER_FLAGS,
	.trap_mask = HANDLER_MASK,
	.blocks_signals = true,
	.leave = mprotect_leave,
};
