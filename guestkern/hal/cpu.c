/*
 * The virtual CPU: per-CPU data, kernel contexts, and the user-mode state that
 * the host keeps outside the general registers.
 *
 * Vector state is copied only when another task is about to use user mode in
 * the same host process (hal/host_process.h), which knows whose state it holds,
 * and where: in the host's signal frame (after a signal) or still in the
 * registers (after a call without one; the guest kernel itself uses general
 * registers only).
 */
#include "hal/cpu.h"

#include "hal/asm_offsets.h"
#include "hal/frame.h"
#include "hal/host.h"
#include "hal/host_process.h"
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
_Static_assert(offsetof(struct cpu, holder) == CPU_HOLDER, "asm_offsets.h");
_Static_assert(offsetof(struct cpu, nested) == CPU_NESTED, "asm_offsets.h");
_Static_assert(offsetof(struct trap_frame, rdi) == TF_RDI, "asm_offsets.h");
_Static_assert(offsetof(struct trap_frame, rflags) == TF_RFLAGS, "asm_offsets.h");

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

/* --- whose state is where ---------------------------------------------------- */

static void bases_belong(struct host_process *p, struct cpu_user *cu)
{
	if (p->bases)
		p->bases->bases_at = NULL;
	if (cu && cu->bases_at)
		cu->bases_at->bases = NULL;
	p->bases = cu;
	if (cu)
		cu->bases_at = p;
}

static void vector_belongs(struct host_process *p, struct cpu_user *cu)
{
	if (p->vector)
		p->vector->vector_at = NULL;
	if (cu && cu->vector_at)
		cu->vector_at->vector = NULL;
	p->vector = cu;
	if (cu)
		cu->vector_at = p;
}

/* In p. */
static void bases_save(struct host_process *p)
{
	if (p->bases)
		bases_read(&p->bases->fsbase, &p->bases->gsbase);
}

static void vector_save(struct host_process *p)
{
	if (!p->vector)
		return;
	if (p->vector_in_frame)
		frame_xstate_save(p->vector->xstate);
	else
		xstate_from_registers(p->vector->xstate);
}

void cpu_user_leave(struct host_process *p)
{
	bases_save(p);
	vector_save(p);
	cpu_user_lose(p);
}

void cpu_user_lose(struct host_process *p)
{
	bases_belong(p, NULL);
	vector_belongs(p, NULL);
}

void cpu_user_in_frame(void)
{
	host_self()->vector_in_frame = true;
}

void cpu_user_in_registers(void)
{
	host_self()->vector_in_frame = false;
}

void cpu_user_sync(struct cpu_user *cu)
{
	struct host_process *self = host_self();

	/* a task's state is in the host process of its address space */
	BUG_ON((cu->bases_at && cu->bases_at != self) ||
	       (cu->vector_at && cu->vector_at != self));
	if (cu->bases_at)
		bases_save(self);
	if (cu->vector_at)
		vector_save(self);
}

void cpu_user_switch(struct cpu_user *prev, struct cpu_user *next)
{
	struct host_process *self = host_self();

	if (!next || next == self->bases)
		return;
	bases_save(self);
	bases_write(next->fsbase, next->gsbase);
	bases_belong(self, next);
	(void)prev;
}

void cpu_user_changed(struct cpu_user *cu)
{
	if (cu->vector_at)
		vector_belongs(cu->vector_at, NULL);
	if (!cu->bases_at)
		return;
	if (cu->bases_at == host_self())
		bases_write(cu->fsbase, cu->gsbase);
	else
		bases_belong(cu->bases_at, NULL);
}

void cpu_user_forget(struct cpu_user *cu)
{
	if (cu->vector_at)
		vector_belongs(cu->vector_at, NULL);
	if (cu->bases_at)
		bases_belong(cu->bases_at, NULL);
}

void cpu_user_load_frame(struct cpu_user *cu)
{
	struct host_process *self = host_self();

	if (self->vector == cu)
		return;
	vector_save(self);
	frame_xstate_load(cu->xstate);
	vector_belongs(self, cu);
	self->vector_in_frame = true;
}

void cpu_user_load_registers(struct cpu_user *cu)
{
	struct host_process *self = host_self();

	if (self->vector == cu) {
		if (self->vector_in_frame)
			frame_xstate_restore();
	} else {
		vector_save(self);
		xstate_to_registers(cu->xstate);
		vector_belongs(self, cu);
	}
	self->vector_in_frame = false;
}
