/*
 * The call gate, C side (the assembly and its rules: prot_gate.S).
 *
 * The way out is a jump: vector state is loaded here, with the core still
 * open, the alternate stack is armed again if a signal used it up, and the
 * program's registers go into the exit block. Nothing that user code could have
 * written is trusted on the way in: a frame counts only at the one place where
 * the host puts it, and what it says is the program's own business.
 */
#include "hal/prot.h"

#include "hal/frame.h"
#include "hal/hal_private.h"
#include "hal/host.h"
#include "hal/host_process.h"
#include "hal/prot_pkey.h"
#include "hal/scratch.h"
#include "lib/string.h"

#include <asm/signal.h>
#include <asm/siginfo.h>

#define RFLAGS_TF 0x100ULL
#define FRAME_RED_BYTES 256 /* pushes below the frame */

void call_signal(void);
void call_entry(void);
void pkey_signal(void);
void pkey_entry(void);
void call_leave(void);
void call_leave_clean(void);

void gate_signal_arrived(void)
{
	host_self()->armed = false;
}

void gate_nested_arrived(void)
{
	struct host_process *own = host_own();

	own->dirty = true;
	if (own == host_self())
		this_cpu()->nested = 1;
}

/*
 * What a program may not read there: frames of signals that came in the kernel
 * (dirty; call_leave looks for later ones after the last moment), and frame
 * and entry block of another program.
 */
static void wipe_for(const struct cpu_user *cu)
{
	u64 from = frame_return_rsp() - FRAME_RED_BYTES;
	struct host_process *self = host_self();
	bool dirty = self->dirty;

	/* before the wiping: a signal on the way makes it dirty again */
	self->dirty = false;
	if (dirty)
		from = SIGSTACK_LOW;
	if (dirty || cu != self->last_user) {
		memset((void *)from, 0, LODGER_SIGSTACK_END - from);
		memset((void *)SCRATCH_ENTRY, 0, ENTRY_BYTES);
	}
	self->last_user = cu;
}

void gate_arm(void)
{
	stack_t ss = { (void *)SIGSTACK_LOW, (int)GATE_ALTSTACK_FLAGS,
		       LODGER_SIGSTACK_END - SIGSTACK_LOW };

	if (host_self()->armed)
		return;
	if (host_call3(__NR_sigaltstack, (u64)&ss, 0, 0) == 0)
		host_self()->armed = true;
}

static void fill_exit(const struct trap_frame *tf, u64 rflags)
{
	struct trap_frame *out = (struct trap_frame *)SCRATCH_EXIT;
	u64 *iret = (u64 *)(SCRATCH_EXIT + EXIT_IRET);

	_Static_assert(offsetof(struct trap_frame, rflags) == EXIT_RFLAGS,
		       "exit block follows trap_frame");
	_Static_assert(offsetof(struct trap_frame, rip) == EXIT_RIP, "");
	_Static_assert(offsetof(struct trap_frame, rdi) == EXIT_RDI, "");
	memcpy(out, tf, EXIT_BYTES);
	out->rflags = rflags;
	iret[0] = tf->rip;
	iret[1] = TRAP_USER_CS;
	iret[2] = rflags;
	iret[3] = tf->rsp;
	iret[4] = TRAP_USER_SS;
}

static void gate_leave_call(const struct trap_frame *tf, struct cpu_user *cu)
{
	counters()->prot_closes++;
	cpu_user_load_registers(cu);
	wipe_for(cu);
	if (!host_self()->armed)
		frame_scrub();
	gate_arm();
	fill_exit(tf, tf->rflags & TRAP_USER_RFLAGS);
	prot_pkey_choose_way_out();
	call_leave();
}

void gate_resume(const struct trap_frame *tf)
{
	frame_xstate_restore();
	/* what goes on may be a program's jump into the gate or a stub, whose bytes
	 * lead it back to user mode without an entry: nothing is left for it */
	for (;;) {
		this_cpu()->nested = 0;
		memset((void *)SIGSTACK_LOW, 0, LODGER_SIGSTACK_END - SIGSTACK_LOW);
		gate_arm();
		/* single-stepping would trap again and again inside the gate */
		fill_exit(tf, tf->rflags & TRAP_USER_RFLAGS & ~RFLAGS_TF);
		prot_pkey_choose_way_out();
		call_leave_clean(); /* the entry that goes on serves the interrupt */
	}
}

/*
 * Left by a jump, a handler that blocks signals must unblock them: a host call,
 * too dear for each call of a program. All others do, so that signals that come
 * together do not pile up their frames on the kernel stack.
 */
#define OPS_BOTH \
	.altstack_base = SIGSTACK_LOW, \
	.altstack_flags = GATE_ALTSTACK_FLAGS, \
	.handler_flags = SA_SIGINFO | SA_ONSTACK | SA_RESTART, \
	.handler_mask = ~(1ULL << (SIGTTIN - 1)), /* see prot_mprotect.c */ \
	.trap_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER | SA_RESTART, \
	.trap_mask = 0, \
	.leave = gate_leave_call,

const struct prot_ops prot_gate = {
	.name = "gate",
	.gate_entry = call_signal,
	.call_entry = call_entry,
	OPS_BOTH
};

const struct prot_ops prot_pkey = {
	.name = "pkey",
	.gate_entry = pkey_signal,
	.call_entry = pkey_entry,
	OPS_BOTH
};
