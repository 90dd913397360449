/*
 * The virtual CPU: per-CPU data, kernel contexts, and the user-mode state that
 * the host keeps outside the general registers.
 *
 * Vector state is copied only when another task is about to use user mode.
 * `live` names the task whose state the machine holds, and `place` where: in
 * the host's signal frame (after a signal) or still in the registers (after a
 * call without one; the guest kernel itself uses general registers only).
 */
#include "hal/cpu.h"

#include "hal/asm_offsets.h"
#include "hal/frame.h"
#include "hal/host.h"
#include "lib/bug.h"
#include "lib/err.h"
#include "lib/string.h"

#include <asm/prctl.h>

struct cpu cpu0;

_Static_assert(offsetof(struct cpu, kernel_stack_top) == CPU_KERNEL_STACK_TOP,
	       "asm_offsets.h");
_Static_assert(offsetof(struct cpu, frame) == CPU_FRAME, "asm_offsets.h");
_Static_assert(offsetof(struct cpu, in_kernel) == CPU_IN_KERNEL, "asm_offsets.h");
_Static_assert(offsetof(struct cpu, irq_pending) == CPU_IRQ_PENDING, "asm_offsets.h");
_Static_assert(offsetof(struct trap_frame, rdi) == TF_RDI, "asm_offsets.h");
_Static_assert(offsetof(struct trap_frame, rflags) == TF_RFLAGS, "asm_offsets.h");

static struct cpu_user *live; /* owner of the vector state at hand */
static enum { IN_FRAME, IN_REGISTERS } place;
static struct cpu_user *bases; /* owner of the fs and gs bases in force */

struct cpu *this_cpu(void)
{
	return &cpu0;
}

void context_first(void);

void cpu_context_init(struct cpu_context *ctx, void *stack_top,
		      void (*fn)(void *arg), void *arg)
{
	u64 *sp = stack_top;

	*--sp = 0; /* keeps the stack 16-byte aligned at the call of fn */
	*--sp = (u64)context_first;
	*--sp = 0;	 /* rbp */
	*--sp = (u64)fn; /* rbx */
	*--sp = (u64)arg; /* r12 */
	*--sp = 0;
	*--sp = 0;
	*--sp = 0;
	ctx->rsp = (u64)sp;
}

static bool have_fsgsbase(void)
{
	return boot_info()->flags & LODGER_BOOT_FSGSBASE;
}

static void bases_read(u64 *fs, u64 *gs)
{
	if (have_fsgsbase()) {
		__asm__ volatile("rdfsbase %0" : "=r"(*fs));
		__asm__ volatile("rdgsbase %0" : "=r"(*gs));
		return;
	}
	host_call3(__NR_arch_prctl, ARCH_GET_FS, (u64)fs, 0);
	host_call3(__NR_arch_prctl, ARCH_GET_GS, (u64)gs, 0);
}

static void bases_write(u64 fs, u64 gs)
{
	if (have_fsgsbase()) {
		__asm__ volatile("wrfsbase %0" : : "r"(fs));
		__asm__ volatile("wrgsbase %0" : : "r"(gs));
		return;
	}
	host_call3(__NR_arch_prctl, ARCH_SET_FS, fs, 0);
	host_call3(__NR_arch_prctl, ARCH_SET_GS, gs, 0);
}

void cpu_user_init(struct cpu_user *cu, void *xstate)
{
	cu->fsbase = 0;
	cu->gsbase = 0;
	cu->xstate = xstate;
	frame_xstate_initial(xstate);
	cpu_user_changed(cu);
}

static void live_save(void)
{
	if (place == IN_FRAME)
		frame_xstate_save(live->xstate);
	else
		xstate_from_registers(live->xstate);
}

void cpu_user_in_frame(void)
{
	place = IN_FRAME;
}

void cpu_user_in_registers(void)
{
	place = IN_REGISTERS;
}

void cpu_user_sync(struct cpu_user *cu)
{
	if (bases == cu)
		bases_read(&cu->fsbase, &cu->gsbase);
	if (live == cu)
		live_save();
}

void cpu_user_switch(struct cpu_user *prev, struct cpu_user *next)
{
	if (!next || next == bases)
		return;
	if (bases)
		bases_read(&bases->fsbase, &bases->gsbase);
	bases_write(next->fsbase, next->gsbase);
	bases = next;
	(void)prev;
}

void cpu_user_changed(struct cpu_user *cu)
{
	if (live == cu)
		live = NULL;
	if (bases == cu)
		bases_write(cu->fsbase, cu->gsbase);
}

void cpu_user_forget(struct cpu_user *cu)
{
	if (live == cu)
		live = NULL;
	if (bases == cu)
		bases = NULL;
}

void cpu_user_load_frame(struct cpu_user *cu)
{
	if (live == cu)
		return;
	if (live)
		live_save();
	frame_xstate_load(cu->xstate);
	live = cu;
	place = IN_FRAME;
}

void cpu_user_load_registers(struct cpu_user *cu)
{
	if (live == cu) {
		if (place == IN_FRAME)
			frame_xstate_restore();
	} else {
		if (live)
			live_save();
		xstate_to_registers(cu->xstate);
		live = cu;
	}
	place = IN_REGISTERS;
}
