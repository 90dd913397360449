/*
 * The gate of --intercept kmod, C side (the assembly and its rules: prot_kmod.S).
 *
 * Programs' registers come and go through the page that is shared with the
 * module; their vector state and bases stay in the processor. No frame of a
 * program's ever lies on the signal stack.
 */
#include "abi/kmod.h"
#include "abi/layout.h"
#include "hal/as.h"
#include "hal/frame.h"
#include "hal/hal_private.h"
#include "hal/host_process.h"
#include "hal/prot.h"
#include "hal/scratch.h"
#include "lib/bug.h"
#include "lib/string.h"

#include <asm/errno.h>
#include <asm/siginfo.h>
#include <asm/signal.h>

_Static_assert(offsetof(struct lodger_kmod_run, stop) == LODGER_KMOD_STOP_OFFSET, "");
_Static_assert(sizeof(struct lodger_kmod_regs) == offsetof(struct trap_frame, cs),
	       "trap_frame begins as the shared registers");
_Static_assert(offsetof(struct lodger_kmod_regs, rdi) == offsetof(struct trap_frame, rdi),
	       "trap_frame begins as the shared registers");

void kmod_signal(void);
void kmod_leave(void) __noreturn;
extern const u64 gate_core_bytes; /* of the core that this kernel toggles */

/* --protect kmod-mm: the space in which the machine began has a view, too. */
void prot_kmod_start(void)
{
	s32 err;

	if (boot_info()->protect != LODGER_PROTECT_KMOD_MM)
		return;
	err = as_host_ask_maker(LODGER_MAKER_MAKE, 1);
	if (err)
		panic("no address space for programs is to be had from the host: %d", err);
}

static volatile struct lodger_kmod_run *shared(void)
{
	return (volatile struct lodger_kmod_run *)LODGER_KMOD_RUN_ADDR;
}

static struct lodger_kmod_regs *shared_regs(void)
{
	return (struct lodger_kmod_regs *)&shared()->regs;
}

/* What signals of the kernel's own have left on the signal stack. */
static void wipe(void)
{
	struct host_process *self = host_self();

	if (!self->dirty)
		return;
	self->dirty = false;
	memset((void *)SIGSTACK_LOW, 0, LODGER_SIGSTACK_END - SIGSTACK_LOW);
}

static void kmod_leave_call(const struct trap_frame *tf, struct cpu_user *cu)
{
	cpu_user_load_registers(cu);
	gate_arm();
	/* from here on a signal makes RUN return at once, so that what it
	 * leaves is seen and wiped, and what it notes served */
	shared()->stop = 0;
	__asm__ volatile("" : : : "memory");
	wipe();
	if (this_cpu()->irq_pending)
		return;
	memcpy(shared_regs(), tf, sizeof(struct lodger_kmod_regs));
	if (gate_core_bytes)
		counters()->prot_closes++;
	kmod_leave();
}

/* An exception as the host's signal for it would have told. */
static void take_fault(struct trap_frame *tf)
{
	siginfo_t si = { .si_signo = shared()->sig, .si_code = shared()->si_code };

	si.si_addr = (void *)shared()->addr;
	tf->err = shared()->err;
	tf->trapno = shared()->trapno;
	tf->cr2 = shared()->cr2;
	frame_classify(si.si_signo, &si, tf);
}

/* Called by the gate on the kernel stack of the current task. */
void hal_kmod_entry(u32 exit) __noreturn;
void hal_kmod_entry(u32 exit)
{
	struct trap_frame *tf = this_cpu()->frame;

	if (gate_core_bytes)
		counters()->prot_opens++;
	cpu_user_in_registers();
	memset(tf, 0, sizeof(*tf));
	memcpy(tf, shared_regs(), sizeof(struct lodger_kmod_regs));
	tf->cs = shared()->cs;
	tf->orig_rax = (u64)-1;
	tf->insn_bytes = SYSCALL_INSN_BYTES;
	switch (exit) {
	case LODGER_KMOD_EXIT_CALL:
		tf->kind = TRAP_SYSCALL;
		tf->orig_rax = shared()->orig_rax;
		break;
	case LODGER_KMOD_EXIT_CALL_32: /* as on a host without them */
		tf->kind = TRAP_EXCEPTION;
		tf->sig = SIGSEGV;
		tf->si_code = SI_KERNEL;
		break;
	case LODGER_KMOD_EXIT_FAULT:
		take_fault(tf);
		break;
	case LODGER_KMOD_EXIT_SIGNAL:
		tf->cs = TRAP_USER_CS;
		tf->kind = TRAP_IRQ;
		break;
	default:
		if ((s32)exit == -ENOMEM)
			panic("the host has no memory for the address space of programs");
		panic("the host's module does not answer: %d", (s32)exit);
	}
	trap_upcall_now(tf);
}

const struct prot_ops prot_kmod = {
	.name = "kmod",
	.gate_entry = kmod_signal,
	.altstack_base = SIGSTACK_LOW,
	.altstack_flags = GATE_ALTSTACK_FLAGS,
	.handler_flags = SA_SIGINFO | SA_ONSTACK | SA_RESTART,
	.handler_mask = ~(1ULL << (SIGTTIN - 1)), /* see prot_mprotect.c */
	.trap_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER | SA_RESTART,
	.trap_mask = 0,
	.leave = kmod_leave_call,
};
