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
#include "hal/scratch.h"
#include "lib/bug.h"
#include "lib/string.h"

#include <asm/siginfo.h>
#include <asm/signal.h>

/* Labels of prot_gate.S. */
extern const char call_signal[], call_open[], call_open_ip[], call_opened[];
extern const char call_exit[], call_end[];
extern const char call_leave_clear[], call_leave_end[];

enum gate_window {
	WINDOW_NONE,  /* not in the gate */
	WINDOW_ENTRY, /* before the opening: goes on where it was */
	WINDOW_OPEN,  /* opened, flag not set: opens again */
	WINDOW_EXIT,  /* leaving: the exit block has the program */
};

static bool between(u64 rip, const char *start, const char *end)
{
	return rip >= (u64)start && rip < (u64)end;
}

static enum gate_window gate_window(u64 rip)
{
	if (between(rip, call_open_ip, call_opened))
		return WINDOW_OPEN;
	if (between(rip, call_exit, call_end) ||
	    between(rip, call_leave_clear, call_leave_end))
		return WINDOW_EXIT;
	if (between(rip, call_signal, call_exit) || patch_is_stub(rip))
		return WINDOW_ENTRY;
	return WINDOW_NONE;
}

/* The irq that a signal is; IRQ_END: none. */
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
static bool is_strangers(enum irq irq, const struct trap_frame *tf)
{
	return irq == IRQ_END && tf->si_code <= 0;
}

/* Ends the current program: it jumped into the gate. */
static void kill_intruder(void) __noreturn;
static void kill_intruder(void)
{
	struct trap_frame *tf = this_cpu()->frame;

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

/* The interrupted gate code goes on, with the core closed. */
static void resume_gate(u64 frame_rsp, bool from_top) __noreturn;
static void resume_gate(u64 frame_rsp, bool from_top)
{
	struct trap_frame tf;

	frame_registers(frame_rsp, &tf);
	if (gate_window(tf.rip) == WINDOW_OPEN)
		tf.rip = (u64)call_open;
	gate_resume(&tf, from_top);
}

/* The program was on its way out: its registers are in the exit block. Or the
 * gate was, on its way back to where an earlier signal had found it. */
static void finish_exit(enum irq irq) __noreturn;
static void finish_exit(enum irq irq)
{
	struct trap_frame *tf = this_cpu()->frame;

	memset(tf, 0, sizeof(*tf));
	memcpy(tf, (const void *)SCRATCH_EXIT, EXIT_BYTES);
	if (gate_window(tf->rip) != WINDOW_NONE) {
		if (irq != IRQ_END)
			irq_note(irq);
		gate_resume(tf, true);
	}
	tf->cs = TRAP_USER_CS;
	tf->orig_rax = (u64)-1;
	tf->kind = TRAP_IRQ;
	cpu_user_in_frame();
	gate_nested_arrived(); /* the frame has the kernel's registers */
	if (irq != IRQ_END)
		irq_raise(irq);
	trap_upcall_now(tf);
}

void gate_check_frame(int sig, u64 frame_rsp)
{
	bool from_top = frame_is_genuine(frame_rsp);
	enum irq irq = irq_of(sig);
	enum gate_window window;
	struct trap_frame tf;
	bool passing; /* not of the interrupted instruction's doing */

	if (!from_top && !frame_is_readable(frame_rsp))
		kill_intruder();
	frame_registers(frame_rsp, &tf);
	window = gate_window(tf.rip);
	passing = irq != IRQ_END || sig == SIGTRAP || is_strangers(irq, &tf);
	if (from_top)
		gate_signal_arrived();
	if (window == WINDOW_NONE || !passing) {
		if (!from_top)
			kill_intruder();
		return; /* a trap of the program */
	}
	if (window == WINDOW_EXIT && from_top)
		finish_exit(irq);
	if (window == WINDOW_EXIT)
		kill_intruder();
	if (irq != IRQ_END)
		irq_note(irq);
	resume_gate(frame_rsp, from_top);
}

/* A signal while in_kernel is set; called on the stack of its frame. */
void hal_nested_entry(int sig, u64 frame_rsp);
void hal_nested_entry(int sig, u64 frame_rsp)
{
	enum irq irq = irq_of(sig);
	struct trap_frame tf;

	gate_nested_arrived();
	if (sig == SIGALRM)
		clock_signal_arrived();
	if (host_own() != host_self()) {
		frame_registers(frame_rsp, &tf);
		if (sig == SIGUSR1 || !is_strangers(irq, &tf))
			host_process_signal(sig);
		return;
	}
	frame_probe_arrived(frame_rsp); /* does not return while probing */
	if (irq != IRQ_END) {
		irq_note(irq);
		return;
	}
	frame_registers(frame_rsp, &tf);
	if (is_strangers(irq, &tf))
		return;
	if (sig == SIGTRAP) { /* the program's TF, for the gate's last steps */
		frame_clear_tf(frame_rsp);
		return;
	}
	if (sig == SIGBUS && tf.si_code == BUS_ADRERR)
		machine_halt(LODGER_HALT_PANIC, 125,
			     "the host cannot supply memory for the machine (SIGBUS); free memory or use a smaller --mem");
	panic("fault in the guest kernel: signal %d at rip %llx, address %llx",
	      sig, (unsigned long long)tf.rip, (unsigned long long)tf.cr2);
}

void gate_ignore_strangers(enum irq irq, struct trap_frame *tf)
{
	if (!is_strangers(irq, tf))
		return;
	tf->kind = TRAP_IRQ;
	tf->orig_rax = (u64)-1;
}

/* A call without a signal: registers are in the frame, their cause is not. */
void hal_call_entry(void) __noreturn;
void hal_call_entry(void)
{
	struct trap_frame *tf = this_cpu()->frame;

	counters()->prot_opens++;
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
