/*
 * From the gate to the trap upcall and back. Owns no state but what the boot
 * installs: signal stack, handlers.
 */
#include "abi/layout.h"
#include "hal/cpu.h"
#include "hal/frame.h"
#include "hal/hal_private.h"
#include "hal/host.h"
#include "hal/patch.h"
#include "hal/prot.h"
#include "lib/bug.h"
#include "lib/string.h"

#include <asm/signal.h>

void gate_restorer(void);

/* How long a busy machine may leave a stream unasked that cannot signal. */
#define STREAM_POLL_NS (10 * NS_PER_MS)
#define HELPERS_POLL_NS (1 * NS_PER_MS)

/* Signals that are the machine's hardware. */
static const u8 used_signals[] = {
	SIGUSR1, SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP,
	SIGSYS,	 SIGALRM, SIGIO,  SIGWINCH,
};

void trap_unblock(void)
{
	u64 none = 0;

	if (!prot_backend->blocks_signals &&
	    host_call4(__NR_rt_sigprocmask, SIG_SETMASK, (u64)&none, 0, 8))
		panic("rt_sigprocmask failed");
}

static bool is_frequent(int sig)
{
	return sig == SIGSYS || sig == SIGSEGV;
}

static void install(int sig)
{
	struct {
		u64 handler, flags, restorer, mask;
	} sa = { .handler = (u64)prot_backend->gate_entry,
		 .restorer = (u64)gate_restorer };

	sa.flags = SA_RESTORER | (is_frequent(sig) ?
					  prot_backend->trap_flags :
					  prot_backend->handler_flags);
	sa.mask = is_frequent(sig) ? prot_backend->trap_mask :
				     prot_backend->handler_mask;
	if (host_call4(__NR_rt_sigaction, (u64)sig, (u64)&sa, 0, 8))
		panic("rt_sigaction(%d) failed", sig);
}

void trap_install(void)
{
	stack_t ss = { (void *)prot_backend->altstack_base,
		       (int)prot_backend->altstack_flags,
		       LODGER_SIGSTACK_END - prot_backend->altstack_base };
	size_t i;

	if (host_call3(__NR_sigaltstack, (u64)&ss, 0, 0))
		panic("sigaltstack failed");
	for (i = 0; i < ARRAY_SIZE(used_signals); i++)
		install(used_signals[i]);
	/* The process was started with all signals blocked. From here on
	 * interrupts are noted (in_kernel is set) until user mode runs. */
	trap_unblock();
}

static void (*trap_upcall_fn)(struct trap_frame *tf) __noreturn;

void cpu_set_trap_upcall(void (*fn)(struct trap_frame *tf) __noreturn)
{
	trap_upcall_fn = fn;
}

void trap_upcall_now(struct trap_frame *tf)
{
	trap_upcall_fn(tf);
}

/* Called by either gate on the kernel stack of the current task. */
void hal_trap_entry(int sig, u64 frame_rsp) __noreturn;
void hal_trap_entry(int sig, u64 frame_rsp)
{
	struct trap_frame *tf = this_cpu()->frame;
	int irq;

	frame_probe_arrived(frame_rsp); /* does not return while probing */
	counters()->prot_opens++;
	if (sig == SIGALRM)
		clock_signal_arrived();
	if (!is_frequent(sig))
		trap_unblock();
	if (prot_backend->call_entry)
		sig = gate_check_frame(sig, frame_rsp); /* may not return */
	else if (!frame_is_genuine(frame_rsp))
		panic("signal frame at %llx", (unsigned long long)frame_rsp);
	cpu_user_in_frame();
	irq = frame_to_trap(sig, tf);
	patch_finish(tf);
	if (prot_backend->call_entry)
		gate_ignore_stranger(sig, tf);
	if (irq != IRQ_END)
		irq_raise((enum irq)irq);
	trap_upcall_fn(tf);
}

void cpu_return_to_user(struct trap_frame *tf, struct cpu_user *cu)
{
	cpu_user_switch(NULL, cu);
	if (clock_wanted() == UINT64_MAX && stream_needs_polling())
		clock_arm(clock_mono_ns() + STREAM_POLL_NS);
	if (helpers_under_way())
		clock_arm(clock_mono_ns() + HELPERS_POLL_NS);
	clock_program();
	prot_backend->leave(tf, cu);
}
