/*
 * The virtual CPU: per-CPU data, kernel contexts, and the user-mode state that
 * the host keeps outside the general registers.
 *
 * Vector state: the host saves it into the signal frame on entry and restores
 * it from there at rt_sigreturn, so for as long as one task runs it is never
 * copied. `live` names the task whose state the frame holds; it moves to and
 * from the task's own area only when another task is about to use user mode.
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

static struct cpu_user *live;  /* owner of the frame's vector state */
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

void cpu_user_sync(struct cpu_user *cu)
{
	if (bases == cu)
		bases_read(&cu->fsbase, &cu->gsbase);
	if (live == cu)
		frame_xstate_save(cu->xstate);
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

/* Puts the current user's vector state where rt_sigreturn will find it. */
void cpu_user_load(struct cpu_user *cu)
{
	if (live == cu)
		return;
	if (live)
		frame_xstate_save(live->xstate);
	frame_xstate_load(cu->xstate);
	live = cu;
}
