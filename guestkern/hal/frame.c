/*
 * The host's signal frame: reading it, rewriting it.
 *
 * Invariants: on the way out every control field of the frame (flags, link,
 * stack, mask, selectors, vector-state pointer) is written from the kernel's
 * own knowledge, never left as found, because the signal stack is writable
 * for user code. The vector state is either what the host saved at this entry
 * or a task's sanitised area.
 */
#include "hal/frame.h"

#include "abi/layout.h"
#include "hal/host.h"
#include "hal/scratch.h"
#include "lib/bug.h"
#include "lib/err.h"
#include "lib/string.h"

#include <asm/signal.h>

#include <asm/sigcontext.h>
#include <asm/siginfo.h>
#include <asm/ucontext.h>
#include <linux/audit.h>

/* arch/x86/include/asm/sigframe.h: struct rt_sigframe */
struct host_frame {
	u64 pretcode;
	struct ucontext uc;
	siginfo_t info;
};

#define FX_BYTES 512
#define FX_MXCSR_OFFSET 24
#define FX_SW_OFFSET 464 /* struct _fpx_sw_bytes */
#define XSAVE_HEADER_BYTES 64
/* The protection keys' rights are the kernel's own business: a program's are never
 * loaded, for with key 0 denied the host could store no signal frame. */
#define XFEATURE_PKRU 0x200ULL
#define MXCSR_DEFAULT 0x1f80
#define FCW_DEFAULT 0x37f

static struct host_frame *frame; /* the one place */
static u8 *frame_fx;		 /* its FXSAVE area */
static struct _fpx_sw_bytes frame_sw;
static u32 xstate_bytes; /* without MAGIC2 */
static u32 mxcsr_mask;
static u64 frame_uc_flags;
static struct cpu_context probe_ctx, main_ctx;
static bool probing;
static u8 probe_stack[4096] __attribute__((aligned(16)));
static u8 probe_trap_stack[8192] __attribute__((aligned(16)));

static void probe_cause_signal(void *arg)
{
	(void)arg;
	__asm__ volatile("int3" : : : "memory");
	panic("frame probe: the breakpoint did not trap");
}

static void probe_learn(void)
{
	u32 mask;

	frame_fx = (u8 *)frame->uc.uc_mcontext.fpstate;
	frame_uc_flags = frame->uc.uc_flags;
	memcpy(&frame_sw, frame_fx + FX_SW_OFFSET, sizeof(frame_sw));
	if (frame_sw.magic1 == FP_XSTATE_MAGIC1)
		xstate_bytes = frame_sw.xstate_size;
	else
		xstate_bytes = FX_BYTES;
	memcpy(&mask, frame_fx + FX_MXCSR_OFFSET + 4, sizeof(mask));
	mxcsr_mask = mask ? mask : 0xffbf; /* SDM vol 1, 11.6.6 */
}

bool frame_probe_arrived(u64 frame_rsp)
{
	struct cpu_context dead;

	if (!probing)
		return false;
	probing = false;
	frame = (struct host_frame *)frame_rsp;
	probe_learn();
	cpu_context_switch(&dead, &main_ctx);
	return true;
}

void frame_probe(void)
{
	u64 saved_top = this_cpu()->kernel_stack_top;

	probing = true;
	this_cpu()->kernel_stack_top =
		(u64)probe_trap_stack + sizeof(probe_trap_stack);
	cpu_context_init(&probe_ctx, probe_stack + sizeof(probe_stack),
			 probe_cause_signal, NULL);
	cpu_context_switch(&main_ctx, &probe_ctx);
	this_cpu()->kernel_stack_top = saved_top;
}

bool frame_is_genuine(u64 frame_rsp)
{
	return frame_rsp == (u64)frame;
}

bool frame_is_readable(u64 frame_rsp)
{
	return frame_rsp >= SIGSTACK_LOW &&
	       frame_rsp <= LODGER_SIGSTACK_END - sizeof(struct host_frame) &&
	       frame_rsp % 8 == 0;
}

void frame_registers(u64 frame_rsp, struct trap_frame *tf)
{
	const struct host_frame *at = (const struct host_frame *)frame_rsp;

	memset(tf, 0, sizeof(*tf));
	memcpy(tf, &at->uc.uc_mcontext, offsetof(struct sigcontext, cs));
	tf->cs = at->uc.uc_mcontext.cs;
	tf->cr2 = (u64)at->info.si_addr;
	tf->si_code = at->info.si_code;
	tf->orig_rax = (u64)-1;
}

int frame_signal(u64 frame_rsp)
{
	return ((const struct host_frame *)frame_rsp)->info.si_signo;
}

void frame_clear_tf(u64 frame_rsp)
{
	((struct host_frame *)frame_rsp)->uc.uc_mcontext.eflags &= ~0x100UL;
}

u64 frame_return_rsp(void)
{
	return (u64)frame + sizeof(frame->pretcode);
}

static void classify_fault(const siginfo_t *si, struct trap_frame *tf)
{
	/* a key's fault is the core's, or an execute-only page's of the host */
	bool page = tf->trapno == 14 &&
		    (si->si_code == SEGV_MAPERR || si->si_code == SEGV_ACCERR ||
		     si->si_code == SEGV_PKUERR);

	if (page) {
		tf->kind = TRAP_PAGEFAULT;
		tf->cr2 = (u64)si->si_addr;
		return;
	}
	/* General protection, or a signal sent by the VMM process for an entry
	 * that this machine does not have (int 0x80). */
	tf->kind = TRAP_EXCEPTION;
	tf->si_code = SI_KERNEL;
	tf->cr2 = 0;
}

/*
 * A system call that the filter sent here: the call was rolled back, rax is
 * the number. 32-bit entries and the vsyscall page are as on a host without
 * them: a protection fault.
 */
static void classify_sigsys(const siginfo_t *si, struct trap_frame *tf)
{
	if (si->si_arch == AUDIT_ARCH_X86_64 &&
	    (u64)si->si_call_addr == tf->rip) {
		tf->kind = TRAP_SYSCALL;
		tf->orig_rax = tf->rax;
		return;
	}
	tf->kind = TRAP_EXCEPTION;
	tf->sig = SIGSEGV;
	tf->si_code = SI_KERNEL;
}

int frame_classify(int sig, const siginfo_t *si, struct trap_frame *tf)
{
	tf->sig = sig;
	tf->si_code = si->si_code;
	tf->orig_rax = (u64)-1;
	tf->insn_bytes = SYSCALL_INSN_BYTES;
	switch (sig) {
	case SIGUSR1:
		tf->kind = TRAP_SYSCALL;
		tf->orig_rax = tf->rax;
		return IRQ_END;
	case SIGSEGV:
		classify_fault(si, tf);
		return IRQ_END;
	case SIGALRM:
		tf->kind = TRAP_IRQ;
		return IRQ_TIMER;
	case SIGIO:
		tf->kind = TRAP_IRQ;
		return IRQ_IO;
	case SIGWINCH:
		tf->kind = TRAP_IRQ;
		return IRQ_WINCH;
	case SIGSYS:
		classify_sigsys(si, tf);
		return IRQ_END;
	case SIGBUS:
	case SIGFPE:
	case SIGILL:
	case SIGTRAP:
		tf->kind = TRAP_EXCEPTION;
		tf->cr2 = si->si_code > 0 && si->si_code < SI_KERNEL ?
				  (u64)si->si_addr : 0;
		return IRQ_END;
	default: /* the handler was entered by a program */
		tf->kind = TRAP_EXCEPTION;
		tf->sig = SIGSEGV;
		tf->si_code = SI_KERNEL;
		tf->cr2 = 0;
		return IRQ_END;
	}
}

int frame_to_trap(int sig, struct trap_frame *tf)
{
	const struct sigcontext *sc = &frame->uc.uc_mcontext;

	_Static_assert(offsetof(struct trap_frame, cs) ==
			       offsetof(struct sigcontext, cs),
		       "trap_frame follows sigcontext");
	memcpy(tf, sc, offsetof(struct sigcontext, cs));
	tf->cs = sc->cs;
	tf->err = sc->err;
	tf->trapno = sc->trapno;
	tf->cr2 = sc->cr2;
	return frame_classify(sig, &frame->info, tf);
}

void frame_scrub(void)
{
	struct sigcontext *sc = &frame->uc.uc_mcontext;

	sc->err = 0;
	sc->trapno = 0;
	sc->cr2 = 0;
	sc->oldmask = 0;
	memset(&frame->info, 0, sizeof(frame->info));
}

void frame_from_trap(const struct trap_frame *tf)
{
	struct sigcontext *sc = &frame->uc.uc_mcontext;

	memcpy(sc, tf, offsetof(struct sigcontext, cs));
	sc->eflags = tf->rflags & TRAP_USER_RFLAGS;
	sc->cs = TRAP_USER_CS;
	sc->gs = 0;
	sc->fs = 0;
	sc->ss = TRAP_USER_SS;
	sc->fpstate = (void *)frame_fx;
	frame->uc.uc_flags = frame_uc_flags;
	frame->uc.uc_link = NULL;
	frame->uc.uc_stack.ss_sp = (void *)LODGER_SIGSTACK_BASE;
	frame->uc.uc_stack.ss_size = LODGER_SIGSTACK_SIZE;
	frame->uc.uc_stack.ss_flags = 0;
	memset(&frame->uc.uc_sigmask, 0, sizeof(frame->uc.uc_sigmask));
	frame_scrub();
}

/* --- vector state ---------------------------------------------------------- */

size_t cpu_xstate_bytes(void)
{
	return xstate_bytes;
}

u64 cpu_xfeatures(void)
{
	return frame_sw.magic1 == FP_XSTATE_MAGIC1 ? frame_sw.xfeatures : 3;
}

void frame_xstate_initial(void *xstate)
{
	u16 fcw = FCW_DEFAULT;
	u32 mxcsr = MXCSR_DEFAULT;

	memset(xstate, 0, xstate_bytes);
	memcpy(xstate, &fcw, sizeof(fcw));
	memcpy((u8 *)xstate + FX_MXCSR_OFFSET, &mxcsr, sizeof(mxcsr));
}

void frame_xstate_save(void *xstate)
{
	memcpy(xstate, frame_fx, xstate_bytes);
	if (cpu_xstate_sanitize(xstate, xstate_bytes))
		frame_xstate_initial(xstate);
}

void xstate_to_registers(const void *xstate)
{
	u64 mask = cpu_xfeatures() & ~XFEATURE_PKRU;

	/* Who jumps here from user mode with PKRU in the mask goes no further
	 * (prot_pkey.S). */
	if (xstate_bytes == FX_BYTES)
		__asm__ volatile("fxrstor64 (%0)" : : "r"(xstate) : "memory");
	else
		__asm__ volatile("xrstor64 (%0)\n\t"
				 "1: test %3, %%eax\n\t"
				 "jnz 1b"
				 :
				 : "r"(xstate), "a"((u32)mask),
				   "d"((u32)(mask >> 32)), "i"(XFEATURE_PKRU)
				 : "memory", "cc");
}

void xstate_from_registers(void *xstate)
{
	u64 mask = cpu_xfeatures();

	if (xstate_bytes == FX_BYTES)
		__asm__ volatile("fxsave64 (%0)" : : "r"(xstate) : "memory");
	else
		__asm__ volatile("xsave64 (%0)"
				 :
				 : "r"(xstate), "a"((u32)mask),
				   "d"((u32)(mask >> 32))
				 : "memory");
}

void frame_xstate_restore(void)
{
	if (cpu_xstate_sanitize(frame_fx, xstate_bytes) == 0) {
		xstate_to_registers(frame_fx);
		return;
	}
	frame_xstate_initial(frame_fx);
	xstate_to_registers(frame_fx);
}

void frame_xstate_load(const void *xstate)
{
	u32 magic2 = FP_XSTATE_MAGIC2;

	memcpy(frame_fx, xstate, xstate_bytes);
	memcpy(frame_fx + FX_SW_OFFSET, &frame_sw, sizeof(frame_sw));
	if (frame_sw.magic1 == FP_XSTATE_MAGIC1)
		memcpy(frame_fx + xstate_bytes, &magic2, sizeof(magic2));
}

int cpu_xstate_sanitize(void *xstate, size_t len_bytes)
{
	u8 *fx = xstate;
	u64 *header = (u64 *)(fx + FX_BYTES);
	u32 mxcsr;
	int i;

	if (len_bytes < FX_BYTES)
		return -EINVAL;
	memcpy(&mxcsr, fx + FX_MXCSR_OFFSET, sizeof(mxcsr));
	if (mxcsr & ~mxcsr_mask)
		return -EINVAL;
	if (xstate_bytes == FX_BYTES)
		return 0;
	if (len_bytes < xstate_bytes)
		return -EINVAL;
	/* XSAVE header (SDM vol 1, 13.4.2): XSTATE_BV, XCOMP_BV, reserved */
	if (header[0] & ~cpu_xfeatures())
		return -EINVAL;
	for (i = 1; i < XSAVE_HEADER_BYTES / 8; i++)
		if (header[i])
			return -EINVAL;
	header[0] &= ~XFEATURE_PKRU;
	return 0;
}
