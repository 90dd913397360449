/*
 * A tracer that skips a guest program's call and moves the program to the call
 * gate, with what a patched call site would have brought there: the number in
 * rax and the return address in rcx (which `syscall` has put there already).
 *
 * A program that single-steps itself would step into the gate that way, so its
 * calls (TF set in rflags) are skipped and become a SIGSYS as the filter would
 * have raised it, which takes a second stop. So do 32-bit entries where they
 * stop at all.
 *
 * Signals stop as always under ptrace: those of the machine are passed on as
 * they are, for the gate copes with one at any instruction; strangers' are
 * dropped.
 *
 * Registers are read and written up to rflags only. A program may set its fs
 * and gs bases to addresses that the host would not take from a tracer
 * (PTRACE_SETREGS fails with EIO then), and nobody needs them here.
 */
#include "redirect.h"

#include <elf.h>
#include <errno.h>
#include <linux/audit.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "icept_signal.h"
#include "tracee.h"

#define SKIP_CALL ((uint64_t)-1)
#define TRAP_FLAG 0x100
#define SYSCALL_BYTES 2 /* of the instruction, `int 0x80` too */
#define SECCOMP_CODE 1 /* SYS_SECCOMP, asm-generic/siginfo.h */
#define REGS_READ offsetof(struct user_regs_struct, rsp)
#define REGS_WRITTEN offsetof(struct user_regs_struct, cs)

int redirect_attach(struct machine *m, int options)
{
	struct redirect *st = calloc(1, sizeof(*st));

	if (!st)
		return -ENOMEM;
	m->icept_private = st;
	if (ptrace(PTRACE_SEIZE, m->guest_pid, 0, options | PTRACE_O_EXITKILL))
		return -errno;
	return 0;
}

int redirect_to_stop(struct machine *m, enum __ptrace_request request,
		     int *status)
{
	struct redirect *st = redirect_of(m);
	int err;

	if (st->gone)
		return -ESRCH;
	/* ESRCH: killed meanwhile; wait4 tells */
	if (st->stopped)
		ptrace(request, m->guest_pid, 0, st->resume_signal);
	st->stopped = false;
	st->resume_signal = 0;
	err = tracee_wait(m, status);
	st->stopped = err == 0;
	st->gone = err == -ESRCH;
	return err;
}

bool redirect_has_message(const struct machine *m, unsigned long message)
{
	unsigned long got = 0;

	return ptrace(PTRACE_GETEVENTMSG, m->guest_pid, 0, &got) == 0 &&
	       got == message;
}

bool redirect_is_message(const struct machine *m, uint64_t ip,
			 unsigned long message)
{
	return redirect_of(m)->regs.rip == ip && redirect_has_message(m, message);
}

/* The first bytes of the tracee's registers, or -errno. */
static int access_regs(const struct machine *m, enum __ptrace_request request,
		       size_t bytes)
{
	struct iovec iov = { &redirect_of(m)->regs, bytes };

	return ptrace(request, m->guest_pid, NT_PRSTATUS, &iov) ? -errno : 0;
}

int redirect_read_call(struct machine *m, struct icept_event *ev)
{
	struct redirect *st = redirect_of(m);
	struct user_regs_struct *regs = &st->regs;
	int err = access_regs(m, PTRACE_GETREGSET, REGS_READ);

	m->count.stops_syscall++;
	st->arch = AUDIT_ARCH_X86_64;
	if (err)
		return err;
	ev->call = (struct host_call){
		.arch = st->arch,
		.nr = regs->orig_rax,
		.arg = { regs->rdi, regs->rsi, regs->rdx, regs->r10, regs->r8,
			 regs->r9 },
		.ip = regs->rip,
	};
	return 0;
}

int redirect_repeat(const struct machine *m)
{
	struct user_regs_struct *regs = &redirect_of(m)->regs;

	regs->rax = regs->orig_rax;
	regs->orig_rax = SKIP_CALL;
	regs->rip -= SYSCALL_BYTES;
	return access_regs(m, PTRACE_SETREGSET, REGS_WRITTEN);
}

/*
 * A signal while a forged SIGSYS is awaited. The host delivers that before any
 * interrupt; should one stop first all the same it is put off until after, for
 * the guest kernel must not switch tasks in between.
 */
static int forged_stop(struct machine *m, int sig)
{
	struct redirect *st = redirect_of(m);
	siginfo_t si = { .si_signo = SIGSYS, .si_code = SECCOMP_CODE };

	if (sig != SIGSYS) {
		if (icept_is_interrupt(sig))
			st->put_off |= 1ULL << sig;
		return 0;
	}
	si.si_call_addr = (void *)st->regs.rip;
	si.si_syscall = (int)st->regs.rax;
	si.si_arch = st->arch;
	if (ptrace(PTRACE_SETSIGINFO, m->guest_pid, 0, &si))
		return -errno;
	st->resume_signal = SIGSYS;
	st->forged = false;
	m->count.signals_injected++;
	for (sig = 1; sig < 64; sig++)
		if (st->put_off >> sig & 1)
			kill(m->guest_pid, sig);
	st->put_off = 0;
	return 0;
}

int redirect_signal_stop(struct machine *m, int status, struct icept_event *ev)
{
	struct redirect *st = redirect_of(m);

	ev->kind = ICEPT_NONE;
	if (status >> 16) /* group stop: nothing of ours, go on */
		return 0;
	m->count.stops_signal++;
	if (st->forged)
		return forged_stop(m, WSTOPSIG(status));
	ev->kind = ICEPT_SIGNAL;
	ev->signal = WSTOPSIG(status);
	st->seen_signal = ev->signal;
	return 0;
}

int redirect_reflect(struct machine *m)
{
	struct redirect *st = redirect_of(m);
	struct user_regs_struct *regs = &st->regs;

	m->count.reflected_calls++;
	regs->rax = regs->orig_rax;
	regs->orig_rax = SKIP_CALL;
	if (regs->eflags & TRAP_FLAG || st->arch != AUDIT_ARCH_X86_64) {
		st->forged = true;
		if (syscall(SYS_tgkill, m->guest_pid, m->guest_pid, SIGSYS))
			return -errno;
	} else {
		regs->rcx = regs->rip;
		regs->rip = m->image.call_entry;
	}
	return access_regs(m, PTRACE_SETREGSET, REGS_WRITTEN);
}

bool redirect_expected(const struct machine *m, int sig)
{
	siginfo_t si;

	return icept_is_interrupt(sig) ||
	       (icept_is_exception(sig) &&
		icept_sent_by_host(m->guest_pid, &si));
}

int redirect_deliver(struct machine *m)
{
	redirect_of(m)->resume_signal = redirect_of(m)->seen_signal;
	m->count.signals_injected++;
	return 0;
}

int redirect_suppress(struct machine *m)
{
	redirect_of(m)->resume_signal = 0;
	return 0;
}

void redirect_kill(struct machine *m)
{
	struct redirect *st = redirect_of(m);

	if (m->guest_pid <= 0 || !st || st->gone)
		return;
	tracee_kill(m);
	st->gone = true;
}

