/*
 * Interception by the filter and a tracer: one stop a guest program's call.
 * The filter tells guest programs' calls from the guest kernel's by instruction
 * pointer (filter_inproc.c); only the former stop, once, before they are made.
 * The tracer skips the call and moves the program to the call gate, with what a
 * patched call site would have brought there: the number in rax and the return
 * address in rcx (which `syscall` has put there already).
 *
 * Host calls run unstopped. One that the policy refuses stops, too, marked
 * FILTER_TRACE_REFUSED, so that no listener is needed here; it is never
 * continued. Were the tracer gone, both kinds would return ENOSYS.
 *
 * A program that single-steps itself would step into the gate that way, so its
 * calls (TF set in rflags) are skipped and become a SIGSYS as the filter would
 * have raised it, which takes a second stop.
 *
 * Signals stop as always under ptrace: those of the machine are passed on as
 * they are, for the gate copes with one at any instruction; strangers' are
 * dropped. 32-bit entries and vsyscalls come as SIGSYS, as in trap.
 *
 * Registers are read and written up to rflags only. A program may set its fs
 * and gs bases to addresses that the host would not take from a tracer
 * (PTRACE_SETREGS fails with EIO then), and nobody needs them here.
 */
#include <elf.h>
#include <errno.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include "filter_inproc.h"
#include "icept.h"
#include "icept_signal.h"

#define SKIP_CALL ((uint64_t)-1)
#define TRAP_FLAG 0x100
#define SECCOMP_CODE 1 /* SYS_SECCOMP, asm-generic/siginfo.h */
#define REGS_READ offsetof(struct user_regs_struct, rsp)
#define REGS_WRITTEN offsetof(struct user_regs_struct, cs)

struct seccomp_state {
	struct user_regs_struct regs; /* of the call that stopped, REGS_READ */
	bool stopped;
	bool gone;
	int seen_signal;   /* of the SIGNAL event to answer */
	int resume_signal;
	bool forged;	   /* a SIGSYS for regs is on its way */
	uint64_t put_off;  /* interrupts that came before it */
};

static struct seccomp_state *state_of(const struct machine *m)
{
	return m->icept_private;
}

static bool seccomp_supported(char *why, size_t why_bytes)
{
	uint32_t action = SECCOMP_RET_TRACE;

	if (syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action)) {
		snprintf(why, why_bytes, "the host refuses seccomp filters: %s",
			 strerror(errno));
		return false;
	}
	return icept_ptrace.supported(why, why_bytes);
}

static int icept_seccomp_attach(struct machine *m)
{
	struct seccomp_state *st = calloc(1, sizeof(*st));

	if (!st)
		return -ENOMEM;
	m->icept_private = st;
	if (ptrace(PTRACE_SEIZE, m->guest_pid, 0,
		   PTRACE_O_TRACESECCOMP | PTRACE_O_EXITKILL))
		return -errno;
	return 0;
}

/* Resumes and waits for the next stop. 0 with *status, or -ESRCH when the
 * process is gone (m->guest_status set). */
static int run_to_stop(struct machine *m, int *status)
{
	struct seccomp_state *st = state_of(m);
	pid_t pid;

	if (st->gone)
		return -ESRCH;
	/* ESRCH: killed meanwhile; wait4 tells */
	if (st->stopped)
		ptrace(PTRACE_CONT, m->guest_pid, 0, st->resume_signal);
	st->stopped = false;
	st->resume_signal = 0;
	do
		pid = wait4(m->guest_pid, status, __WALL, &m->guest_rusage);
	while (pid < 0 && errno == EINTR);
	if (pid < 0)
		return -errno;
	if (!WIFSTOPPED(*status)) {
		m->guest_status = *status;
		m->guest_pid = -1;
		st->gone = true;
		return -ESRCH;
	}
	st->stopped = true;
	m->count.tracer_stops++;
	return 0;
}

/* Only the guest kernel's own instruction is ever refused, so the message is
 * asked for there alone. */
static bool is_refused(const struct machine *m, uint64_t ip)
{
	unsigned long message = 0;

	return ip == m->image.host_call_ip &&
	       ptrace(PTRACE_GETEVENTMSG, m->guest_pid, 0, &message) == 0 &&
	       message == FILTER_TRACE_REFUSED;
}

/* The first bytes of the tracee's registers, or -errno. */
static int access_regs(const struct machine *m, enum __ptrace_request request,
		       size_t bytes)
{
	struct iovec iov = { &state_of(m)->regs, bytes };

	return ptrace(request, m->guest_pid, NT_PRSTATUS, &iov) ? -errno : 0;
}

static int call_stop(struct machine *m, struct icept_event *ev)
{
	struct user_regs_struct *regs = &state_of(m)->regs;
	int err = access_regs(m, PTRACE_GETREGSET, REGS_READ);

	m->count.stops_syscall++;
	if (err)
		return err;
	ev->kind = is_refused(m, regs->rip) ? ICEPT_REFUSED_CALL :
					      ICEPT_USER_CALL;
	ev->call = (struct host_call){
		.arch = AUDIT_ARCH_X86_64,
		.nr = regs->orig_rax,
		.arg = { regs->rdi, regs->rsi, regs->rdx, regs->r10, regs->r8,
			 regs->r9 },
		.ip = regs->rip,
	};
	return 0;
}

/*
 * A signal while a forged SIGSYS is awaited. The host delivers that before any
 * interrupt; should one stop first all the same it is put off until after, for
 * the guest kernel must not switch tasks in between.
 */
static int forged_stop(struct machine *m, int sig)
{
	struct seccomp_state *st = state_of(m);
	siginfo_t si = { .si_signo = SIGSYS, .si_code = SECCOMP_CODE };

	if (sig != SIGSYS) {
		if (icept_is_interrupt(sig))
			st->put_off |= 1ULL << sig;
		return 0;
	}
	si.si_call_addr = (void *)st->regs.rip;
	si.si_syscall = (int)st->regs.rax;
	si.si_arch = AUDIT_ARCH_X86_64;
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

static int icept_seccomp_next(struct machine *m, struct icept_event *ev)
{
	int status, err = run_to_stop(m, &status);

	ev->kind = ICEPT_NONE;
	if (err == -ESRCH) {
		ev->kind = ICEPT_EXITED;
		return 0;
	}
	if (err)
		return err;
	if (status >> 8 == (SIGTRAP | PTRACE_EVENT_SECCOMP << 8))
		return call_stop(m, ev);
	if (status >> 16) /* group stop: nothing of ours, go on */
		return 0;
	m->count.stops_signal++;
	if (state_of(m)->forged)
		return forged_stop(m, WSTOPSIG(status));
	ev->kind = ICEPT_SIGNAL;
	ev->signal = WSTOPSIG(status);
	state_of(m)->seen_signal = ev->signal;
	return 0;
}

static int icept_seccomp_reflect(struct machine *m)
{
	struct seccomp_state *st = state_of(m);
	struct user_regs_struct *regs = &st->regs;

	m->count.reflected_calls++;
	regs->rax = regs->orig_rax;
	regs->orig_rax = SKIP_CALL;
	if (regs->eflags & TRAP_FLAG) {
		st->forged = true;
		if (syscall(SYS_tgkill, m->guest_pid, m->guest_pid, SIGSYS))
			return -errno;
	} else {
		regs->rcx = regs->rip;
		regs->rip = m->image.call_entry;
	}
	return access_regs(m, PTRACE_SETREGSET, REGS_WRITTEN);
}

static bool icept_seccomp_expected(const struct machine *m, int sig)
{
	siginfo_t si;

	return icept_is_interrupt(sig) ||
	       (icept_is_exception(sig) &&
		icept_sent_by_host(m->guest_pid, &si));
}

static int icept_seccomp_deliver(struct machine *m)
{
	state_of(m)->resume_signal = state_of(m)->seen_signal;
	m->count.signals_injected++;
	return 0;
}

static int icept_seccomp_suppress(struct machine *m)
{
	state_of(m)->resume_signal = 0;
	return 0;
}

static void icept_seccomp_kill(struct machine *m)
{
	struct seccomp_state *st = state_of(m);
	pid_t pid;

	if (m->guest_pid <= 0 || !st || st->gone)
		return;
	kill(m->guest_pid, SIGKILL);
	do /* a stop that was under way is reported first */
		pid = wait4(m->guest_pid, &m->guest_status, __WALL,
			    &m->guest_rusage);
	while (pid < 0 ? errno == EINTR : WIFSTOPPED(m->guest_status));
	m->guest_pid = -1;
	st->gone = true;
}

const struct icept_ops icept_seccomp = {
	.name = "seccomp",
	.summary = "filter and tracer, one stop a call",
	.abi = LODGER_INTERCEPT_SECCOMP,
	.filter = ICEPT_FILTER_TRACE,
	.supported = seccomp_supported,
	.attach = icept_seccomp_attach,
	.next = icept_seccomp_next,
	.kill = icept_seccomp_kill,
	.reflect = icept_seccomp_reflect,
	.expected = icept_seccomp_expected,
	.deliver = icept_seccomp_deliver,
	.suppress = icept_seccomp_suppress,
};
