// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * The two register sets of a machine's task: guest user's in the shared page,
 * guest kernel's implied by where RUN was called. Exchanging them is all that
 * entering and leaving the guest kernel is (paper, section 3.1: the module in
 * the place of the VMM process).
 *
 * Invariants: every register that user code will run with is either taken from
 * the page once and made harmless, or known here; nothing of the page is read
 * twice.
 */
#include <linux/compiler.h>
#include <linux/signal.h>
#include <linux/uaccess.h>
#include <asm/processor-flags.h>
#include <asm/segment.h>

#include "machine.h"

/* What user code may have in rflags. All else is as the kernel wants it. */
#define USER_FLAGS                                                            \
	(X86_EFLAGS_CF | X86_EFLAGS_PF | X86_EFLAGS_AF | X86_EFLAGS_ZF |      \
	 X86_EFLAGS_SF | X86_EFLAGS_TF | X86_EFLAGS_DF | X86_EFLAGS_OF |      \
	 X86_EFLAGS_AC | X86_EFLAGS_ID)
#define FORCED_FLAGS (X86_EFLAGS_IF | X86_EFLAGS_FIXED)

/* What every return to user mode has in common. */
static void regs_common(struct pt_regs *regs)
{
	regs->cs = __USER_CS;
	regs->ss = __USER_DS;
	regs->orig_ax = -1; /* no call to be restarted */
}

static void regs_load(struct pt_regs *regs, const struct lodger_kmod_regs *from)
{
	regs->r8 = READ_ONCE(from->r8);
	regs->r9 = READ_ONCE(from->r9);
	regs->r10 = READ_ONCE(from->r10);
	regs->r11 = READ_ONCE(from->r11);
	regs->r12 = READ_ONCE(from->r12);
	regs->r13 = READ_ONCE(from->r13);
	regs->r14 = READ_ONCE(from->r14);
	regs->r15 = READ_ONCE(from->r15);
	regs->di = READ_ONCE(from->rdi);
	regs->si = READ_ONCE(from->rsi);
	regs->bp = READ_ONCE(from->rbp);
	regs->bx = READ_ONCE(from->rbx);
	regs->dx = READ_ONCE(from->rdx);
	regs->ax = READ_ONCE(from->rax);
	regs->cx = READ_ONCE(from->rcx);
	regs->sp = READ_ONCE(from->rsp);
	regs->flags = (READ_ONCE(from->rflags) & USER_FLAGS) | FORCED_FLAGS;
	regs_common(regs);
}

static void regs_store(const struct pt_regs *regs, struct lodger_kmod_regs *to)
{
	to->r8 = regs->r8;
	to->r9 = regs->r9;
	to->r10 = regs->r10;
	to->r11 = regs->r11;
	to->r12 = regs->r12;
	to->r13 = regs->r13;
	to->r14 = regs->r14;
	to->r15 = regs->r15;
	to->rdi = regs->di;
	to->rsi = regs->si;
	to->rbp = regs->bp;
	to->rbx = regs->bx;
	to->rdx = regs->dx;
	to->rax = regs->ax;
	to->rcx = regs->cx;
	to->rsp = regs->sp;
	to->rip = regs->ip;
	to->rflags = regs->flags;
}

static void regs_kernel(const struct machine *m, struct pt_regs *regs)
{
	regs->r8 = regs->r9 = regs->r10 = regs->r11 = 0;
	regs->r12 = regs->r13 = regs->r14 = regs->r15 = 0;
	regs->di = regs->si = regs->bp = regs->bx = 0;
	regs->dx = regs->ax = regs->cx = 0;
	regs->ip = m->resume_ip;
	regs->sp = m->resume_sp;
	regs->flags = FORCED_FLAGS;
	regs_common(regs);
}

void machine_run(struct machine *m, struct pt_regs *regs)
{
	struct lodger_kmod_run *run = m->run;
	unsigned long ip = READ_ONCE(run->regs.rip);

	m->count.runs++;
	if (!machine_is_alone()) {
		regs->ax = -EBUSY;
		return;
	}
	if (READ_ONCE(run->stop)) {
		regs->ax = LODGER_KMOD_EXIT_SIGNAL;
		return;
	}
	if (ip >= TASK_SIZE_MAX) { /* as the processor would: #GP */
		run->sig = SIGSEGV;
		run->si_code = SI_KERNEL;
		run->err = run->cr2 = run->addr = 0;
		run->trapno = 13;
		run->cs = __USER_CS;
		run->orig_rax = -1;
		regs->ax = LODGER_KMOD_EXIT_FAULT;
		return;
	}
	if (m->protection) {
		int err = m->protection->hide(m);

		if (err) {
			regs->ax = err;
			return;
		}
	}
	m->resume_ip = regs->ip;
	m->resume_sp = regs->sp;
	regs_load(regs, &run->regs);
	regs->ip = ip;
	m->in_user = true;
}

void machine_trap(struct machine *m, struct pt_regs *regs,
		  enum lodger_kmod_exit exit)
{
	m->in_user = false;
	regs_store(regs, &m->run->regs);
	m->run->cs = regs->cs;
	regs_kernel(m, regs);
	regs->ax = exit;
	if (m->protection)
		m->protection->show(m);
}
