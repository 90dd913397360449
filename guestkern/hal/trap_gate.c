/*
 * Traps through the call gate: telling a program's trap from one that hit the
 * gate itself, from one inside the kernel, and from a forgery (the cases are
 * listed in prot_gate.S).
 *
 * Invariant: a frame is believed only as far as believing it is harmless. A
 * forged one can at most make its own program go on with other registers, and
 * with the core closed.
 */
#include "hal/cpu.h"
#include "hal/frame.h"
#include "hal/hal_private.h"
#include "hal/host_process.h"
#include "hal/patch.h"
#include "hal/prot_pkey.h"
#include "hal/scratch.h"
#include "lib/bug.h"
#include "lib/string.h"

#include <asm/siginfo.h>
#include <asm/signal.h>

/* Labels of prot_gate.S. */
extern const char call_signal[], call_open_ip[], call_opened[];
extern const char call_exit[], call_end[];
extern const char call_leave_clear[], call_leave_end[];

enum gate_window {
	WINDOW_NONE,  /* not in the gate */
	WINDOW_ENTRY, /* before the opening: goes on where it was */
	WINDOW_OPEN,  /* opened, flag not set: opens again */
	WINDOW_EXIT,  /* leaving: the exit block has the program */
};

/* How long one way in may be, however often it is interrupted. */
#define WAY_IN_MAX_NS NS_PER_SEC
static u64 way_in_since; /* mono ns of its first interruption; 0: none */

static bool between(u64 rip, const char *start, const char *end)
{
	return rip >= (u64)start && rip < (u64)end;
}

static enum gate_window gate_window(u64 rip)
{
	if (between(rip, call_open_ip, call_opened) || prot_pkey_opens_at(rip))
		return WINDOW_OPEN;
	if (between(rip, call_exit, call_end) ||
	    between(rip, call_leave_clear, call_leave_end) || prot_pkey_exits_at(rip))
		return WINDOW_EXIT;
	if (between(rip, call_signal, call_exit) || prot_pkey_enters_at(rip) ||
	    patch_is_stub(rip))
		return WINDOW_ENTRY;
	return WINDOW_NONE;
}

/* The interrupts; IRQ_END: a signal that is none. */
static enum irq irq_of(int sig)
{
	switch (sig) {
	case SIGALRM:
		return IRQ_TIMER;
	case SIGIO:
		return IRQ_IO;
	case SIGWINCH:
		return IRQ_WINCH;
	default:
		return IRQ_END;
	}
}

/*
 * Sent by a process of the host's, not raised by the host itself (sigaction(2):
 * si_code). Interrupts are welcome from anybody; everything else of this kind
 * is a stranger's and means nothing.
 */
static bool is_strangers(int sig, const struct trap_frame *tf)
{
	return irq_of(sig) == IRQ_END && tf->si_code <= 0;
}

/* What a signal means that may have come at any instruction. A stranger's counts
 * as I/O: the kernel looks and finds nothing. */
static enum irq irq_at(int sig, const struct trap_frame *tf)
{
	return is_strangers(sig, tf) ? IRQ_IO : irq_of(sig);
}

/* Ends the current program: it jumped into the gate. */
static void kill_intruder(void) __noreturn;
static void kill_intruder(void)
{
	struct trap_frame *tf = this_cpu()->frame;

	way_in_since = 0;
	memset(tf, 0, sizeof(*tf));
	tf->rip = (u64)call_signal;
	tf->rflags = 2;
	tf->cs = TRAP_USER_CS;
	tf->orig_rax = (u64)-1;
	tf->kind = TRAP_EXCEPTION;
	tf->sig = SIGSEGV;
	tf->si_code = SI_KERNEL;
	trap_upcall_now(tf);
}

/*
 * The interrupted gate code goes on, with the core closed. Only its way in does:
 * on its way out it would not come back here before user mode. And it must
 * arrive: the interrupt is served then, so a program that found a loop among
 * the gate's bytes would keep the processor.
 */
static void resume_gate(struct trap_frame *tf) __noreturn;
static void resume_gate(struct trap_frame *tf)
{
	u64 now = clock_mono_ns();

	if (!way_in_since)
		way_in_since = now;
	if (now - way_in_since > WAY_IN_MAX_NS)
		kill_intruder();
	switch (gate_window(tf->rip)) {
	case WINDOW_ENTRY:
		break;
	case WINDOW_OPEN:
		tf->rip = prot_pkey_open_again();
		break;
	case WINDOW_NONE:
	case WINDOW_EXIT:
		kill_intruder();
	}
	gate_resume(tf);
}

/* The program was on its way out: its registers are in the exit block. Or the
 * gate was, on its way back to where an earlier signal had found it. */
static void finish_exit(void) __noreturn;
static void finish_exit(void)
{
	struct trap_frame *tf = this_cpu()->frame;

	memset(tf, 0, sizeof(*tf));
	memcpy(tf, (const void *)SCRATCH_EXIT, EXIT_BYTES);
	patch_finish(tf);
	if (gate_window(tf->rip) != WINDOW_NONE)
		resume_gate(tf);
	way_in_since = 0;
	tf->cs = TRAP_USER_CS;
	tf->orig_rax = (u64)-1;
	tf->kind = TRAP_IRQ;
	cpu_user_in_frame();
	gate_nested_arrived(); /* the frame has the kernel's registers */
	trap_upcall_now(tf);
}

/*
 * Signals that come together: each but the first has interrupted the first
 * instructions of the handler for the one before, on the signal stack, and its
 * frame lies below that one's. All of them are served in one entry. Brings
 * frame_rsp to the genuine frame; returns its signal.
 */
static int gather(int sig, u64 *frame_rsp)
{
	struct trap_frame tf;
	enum irq irq;
	u64 next;

	while (!frame_is_genuine(*frame_rsp)) {
		if (!frame_is_readable(*frame_rsp))
			kill_intruder();
		frame_registers(*frame_rsp, &tf);
		prot_pkey_opening_at(tf.rip);
		irq = irq_at(sig, &tf);
		next = tf.rsp | 8; /* the handler may have pushed a word */
		if (gate_window(tf.rip) == WINDOW_NONE || irq == IRQ_END ||
		    next <= *frame_rsp || !frame_is_readable(next))
			kill_intruder();
		irq_note(irq);
		gate_nested_arrived(); /* the frame has the gate's registers */
		sig = frame_signal(next);
		*frame_rsp = next;
	}
	return sig;
}

int gate_check_frame(int sig, u64 frame_rsp)
{
	struct trap_frame tf;
	enum irq irq;

	sig = gather(sig, &frame_rsp);
	gate_signal_arrived();
	frame_registers(frame_rsp, &tf);
	prot_pkey_opening_at(tf.rip);
	irq = irq_at(sig, &tf);
	if (gate_window(tf.rip) == WINDOW_NONE ||
	    (irq == IRQ_END && sig != SIGTRAP)) {
		way_in_since = 0;
		return sig; /* a trap of the program */
	}
	if (irq != IRQ_END)
		irq_note(irq);
	if (gate_window(tf.rip) == WINDOW_EXIT)
		finish_exit();
	resume_gate(&tf);
}

void gate_ignore_stranger(int sig, struct trap_frame *tf)
{
	if (!is_strangers(sig, tf))
		return;
	tf->kind = TRAP_IRQ;
	tf->orig_rax = (u64)-1;
}

/* A signal while in_kernel is set; called on the stack of its frame. */
void hal_nested_entry(int sig, u64 frame_rsp);
void hal_nested_entry(int sig, u64 frame_rsp)
{
	struct trap_frame tf;
	enum irq irq;

	gate_nested_arrived();
	if (sig == SIGALRM)
		clock_signal_arrived();
	if (host_own() != host_self()) {
		frame_registers(frame_rsp, &tf);
		if (sig == SIGUSR1 || !is_strangers(sig, &tf))
			host_process_signal(sig);
		return;
	}
	frame_probe_arrived(frame_rsp); /* does not return while probing */
	frame_registers(frame_rsp, &tf);
	irq = irq_at(sig, &tf);
	if (irq != IRQ_END) {
		irq_note(irq);
		return;
	}
	if (sig == SIGTRAP) { /* the program's TF, for the gate's last steps */
		frame_clear_tf(frame_rsp);
		return;
	}
	if (sig == SIGBUS && tf.si_code == BUS_ADRERR)
		panic("the host cannot supply memory for the machine (SIGBUS at %llx, rip %llx); free memory or use a smaller --mem",
		      (unsigned long long)tf.cr2, (unsigned long long)tf.rip);
	panic("fault in the guest kernel: signal %d at rip %llx, address %llx",
	      sig, (unsigned long long)tf.rip, (unsigned long long)tf.cr2);
}

/* A call without a signal: registers are in the frame, their cause is not. */
void hal_call_entry(void) __noreturn;
void hal_call_entry(void)
{
	struct trap_frame *tf = this_cpu()->frame;

	counters()->prot_opens++;
	way_in_since = 0;
	cpu_user_in_registers();
	tf->cs = TRAP_USER_CS;
	tf->err = 0;
	tf->trapno = 0;
	tf->cr2 = 0;
	tf->orig_rax = tf->rax;
	tf->kind = TRAP_SYSCALL;
	tf->sig = 0;
	tf->si_code = 0;
	/* A patched site's call is made again from its byte 5, the old
	 * `syscall` (entry/patch.c): its start would set the number anew, and
	 * restart_syscall has another. */
	tf->insn_bytes = SYSCALL_INSN_BYTES;
	counters()->calls_plain++;
	trap_upcall_now(tf);
}
