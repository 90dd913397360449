/*
 * The trap upcall: what entered the guest kernel, who serves it, and the one
 * way back to user mode.
 *
 * Invariant: between trap_upcall and cpu_return_to_user the task's registers
 * are in task->tf and nowhere else; whoever sleeps in between is resumed on
 * its own kernel stack and leaves by entry_return like everybody.
 */
#include "abi/layout.h"
#include "entry/entry.h"
#include "entry/patch.h"
#include "hal/cpu.h"
#include "hal/frame.h"
#include "hal/hal.h"
#include "lib/bug.h"
#include "lib/err.h"
#include "mm/mm.h"
#include "mm/uaccess.h"
#include "proc/rseq.h"
#include "proc/task.h"
#include "sys/syscall.h"

#include <asm/siginfo.h>
#include <asm/signal.h>

static bool inside_window(u64 addr)
{
	return addr >= LODGER_WINDOW_BASE && addr < LODGER_WINDOW_END;
}

/* What of the window user mode can execute in every set. */
static bool is_gate_code(u64 addr)
{
	const u64 stubs_end = LODGER_PATCH_STUBS + /* they follow the moved ones */
			      LODGER_PATCH_COUNT * LODGER_PATCH_STUB_BYTES;

	return (addr >= LODGER_GATE_TEXT && addr < LODGER_GATE_TEXT + PAGE_SIZE) ||
	       (addr >= LODGER_MOVED_STUBS && addr < stubs_end);
}

static enum mm_access fault_access(const struct trap_frame *tf)
{
	if (tf->err & TRAP_PF_FETCH)
		return MM_EXEC;
	return tf->err & TRAP_PF_WRITE ? MM_WRITE : MM_READ;
}

static void serve_page_fault(struct trap_frame *tf)
{
	int err;

	counters()->traps_fault++;
	current_task()->in_user_fault = true;
	err = mm_fault(current_task()->mm, tf->cr2, fault_access(tf));
	current_task()->in_user_fault = false;
	switch (err) {
	case 0:
		return;
	case -EFAULT:
		signal_force_fault(SIGSEGV, SEGV_MAPERR, tf->cr2);
		return;
	case -EACCES:
		/* the host's mappings are a cache: they may lack the page */
		if (mm_page_present(current_task()->mm, tf->cr2))
			tf->err |= TRAP_PF_PRESENT;
		signal_force_fault(SIGSEGV, SEGV_ACCERR, tf->cr2);
		return;
	case -ENOMEM:
		/* the victim dies, then the access is tried again */
		if (!oom_kill())
			signal_kill_current(SIGKILL, "out of memory");
		return;
	default: /* past the end of the object, or its I/O failed */
		signal_force_fault(SIGBUS, BUS_ADRERR, tf->cr2);
		return;
	}
}

/*
 * A page of guest RAM that the host cannot supply. The frame that says so may be
 * forged, so the kernel looks for itself: if it is true it takes the same
 * fault, and that ends the machine (hal).
 */
static void probe_host_page(uaddr_t addr)
{
	if (user_prepare(addr, 1, false) > 0)
		(void)*(volatile const u8 *)user_ptr(addr);
}

static void serve_exception(struct trap_frame *tf)
{
	counters()->traps_exception++;
	if (tf->sig == SIGBUS && tf->si_code == BUS_ADRERR)
		probe_host_page(tf->cr2);
	if (tf->si_code == SI_KERNEL)
		signal_force(tf->sig);
	else
		signal_force_fault(tf->sig, tf->si_code,
				   tf->sig == SIGTRAP || tf->cr2 == 0 ?
					   tf->rip : tf->cr2);
}

static void serve_call(struct trap_frame *tf)
{
	counters()->traps_syscall++;
	if (tf->sig == SIGSYS) /* no jump brought it */
		patch_consider(tf);
	syscall_dispatch(tf);
}

void trap_upcall(struct trap_frame *tf)
{
	sched_enter_kernel(current_task());
	if (inside_window(tf->rip) && tf->kind == TRAP_IRQ && !is_gate_code(tf->rip)) {
		/* between a jump there and the fault that it raises */
		signal_force_fault(SIGSEGV, SEGV_MAPERR, tf->rip);
	} else if (inside_window(tf->rip) && tf->kind != TRAP_PAGEFAULT) {
		/* only by jumping there: the gate is no service for programs */
		signal_kill_current(SIGSEGV, "jumped into the guest kernel's window");
	} else if (tf->cs != TRAP_USER_CS) {
		signal_kill_current(SIGSEGV, "32-bit mode, which this machine has not");
	} else {
		switch ((enum trap_kind)tf->kind) {
		case TRAP_SYSCALL:
			serve_call(tf);
			break;
		case TRAP_PAGEFAULT:
			serve_page_fault(tf);
			break;
		case TRAP_EXCEPTION:
			if (tf->sig == SIGILL && patch_old_syscall(tf))
				serve_call(tf);
			else if (tf->sig != SIGILL || !patch_behind(tf))
				serve_exception(tf);
			break;
		case TRAP_IRQ:
			break; /* served before the upcall */
		}
	}
	entry_return(tf);
}

/* Comes back when an interrupt was noted meanwhile. */
static void leave(struct trap_frame *tf, struct task *task)
{
	u64 rip = tf->rip;

	patch_show_ids(task);
	sched_leave_kernel(task);
	tf->rip = patch_way(rip);
	cpu_return_to_user(tf, &task->user);
	tf->rip = rip;
}

void entry_return(struct trap_frame *tf)
{
	struct task *task = current_task();

	for (;;) {
		irq_drain();
		if (this_cpu()->need_resched)
			schedule();
		if (signal_pending(task) || tf->orig_rax != (u64)-1)
			signal_handle_pending(tf);
		if (task->rseq_due && rseq_abort(task, tf))
			signal_force(SIGSEGV);
		if (this_cpu()->need_resched || signal_pending(task) || task->rseq_due)
			continue;
		if (inside_window(tf->rip))
			signal_kill_current(SIGSEGV, "return into the guest kernel's window");
		else if (task->mm->as.lost)
			signal_kill_current(SIGKILL, "its host process died");
		else
			leave(tf, task);
	}
}
