/*
 * Interception by ptrace: the paper's original path (section 3.1, figure of
 * the eight steps). Every system call of the guest-machine process stops
 * twice, every signal once.
 *
 * A guest program's call is reflected so:
 *   1  the guest program issues a system call; the VMM process catches it
 *   2  the VMM process changes it into a no-op, getpid
 *   3  getpid returns and is caught
 *   4  the VMM process sends SIGUSR1 (one more stop: a signal asked for at an
 *      exit stop is first sent, then stops for its own delivery)
 *   5  the handler asks for the guest kernel's data to be opened; caught
 *   6  the VMM process lets it pass
 *   7  the opening returns; caught
 *   8  the VMM process returns to the handler, which serves the call
 * On the way back the gate closes the data and calls rt_sigreturn, two more
 * calls of two stops each: nine stops in all with the delivery.
 *
 * WHO IS RUNNING is known here and nowhere else, by following the gate:
 *
 *   BOOT -> KERNEL           the guest kernel starts, data open
 *   KERNEL -> CLOSED         closing call at the gate succeeded
 *   CLOSED -> USER           rt_sigreturn at the gate
 *   USER -> ENTERING         a signal is being delivered
 *   ENTERING -> KERNEL       opening call at the gate succeeded
 *
 * Invariants: in USER every system call is the guest program's, wherever its
 * rip is, so jumping to the gate or to a host-call stub gains nothing; in
 * ENTERING and CLOSED exactly one call is legal; a signal in KERNEL, ENTERING
 * or CLOSED is a fault of the guest kernel. A stack pointer inside the signal
 * stack is replaced before a signal is delivered in USER, because the host
 * would put the frame below it and could run out of the stack.
 */
#include <errno.h>
#include <linux/audit.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/ptrace.h>

#include "abi/layout.h"
#include "icept.h"
#include "icept_probe.h"
#include "icept_signal.h"
#include "trace_steps.h"
#include "tracee.h"

/* A 32-bit entry has other numbers, and no getpid that the filter knows. */
#define SKIP_CALL ((uint64_t)-1)
#define SYSCALL_STOP (SIGTRAP | 0x80)
/* The host judges by rsp less the red zone (arch/x86/kernel/signal.c). */
#define RED_ZONE 128

enum guest_state { BOOT, KERNEL, CLOSED, USER, ENTERING };
enum gate_call { GATE_NONE, GATE_OPEN, GATE_CLOSE, GATE_RETURN };

struct ptrace_state {
	enum guest_state state;
	enum gate_call gate;   /* the gate's call under way */
	bool in_call;	       /* between entry and exit stop */
	bool in_steps;	       /* steps 5 to 8 of a reflected call to come */
	bool gone;	       /* reaped inside an answer */
	bool abused;	       /* a call came where SIGUSR1 had to: abuse_call */
	struct host_call abuse_call;
	bool user_compat;      /* the pending user call is a 32-bit entry */
	int resume_signal;
	int seen_signal;       /* of the SIGNAL event to answer */
	uint64_t user_nr;
};

static struct ptrace_state *state_of(const struct machine *m)
{
	return m->icept_private;
}

static bool ptrace_supported(char *why, size_t why_bytes)
{
	int status;
	pid_t pid;

	if (!icept_probe_filters(SECCOMP_RET_KILL_PROCESS, why, why_bytes))
		return false;
	pid = fork();
	if (pid == 0) {
		pause();
		_exit(0);
	}
	if (pid < 0) {
		snprintf(why, why_bytes, "fork: %s", strerror(errno));
		return false;
	}
	status = ptrace(PTRACE_SEIZE, pid, 0, 0) ? errno : 0;
	if (status)
		snprintf(why, why_bytes, "the host refuses ptrace: %s",
			 strerror(status));
	kill(pid, SIGKILL);
	waitpid(pid, NULL, __WALL);
	return status == 0;
}

/* ptrace(2) on a register at a byte offset of struct user. */
static int poke_reg(const struct machine *m, size_t offset, uint64_t value)
{
	return ptrace(PTRACE_POKEUSER, m->guest_pid, offset, value) ? -errno : 0;
}

#define POKE(m, reg, value) \
	poke_reg(m, offsetof(struct user_regs_struct, reg), value)

static uint64_t peek_rsp(const struct machine *m)
{
	errno = 0;
	return (uint64_t)ptrace(PTRACE_PEEKUSER, m->guest_pid,
				offsetof(struct user_regs_struct, rsp), 0);
}

/* Resumes and waits for the next stop. 0 with *status, or -ESRCH when the
 * process is gone (m->guest_status set). */
static int run_to_stop(struct machine *m, int *status)
{
	struct ptrace_state *st = state_of(m);
	int err;

	if (st->gone)
		return -ESRCH;
	/* ESRCH: killed meanwhile; tracee_wait tells */
	ptrace(PTRACE_SYSCALL, m->guest_pid, 0, st->resume_signal);
	st->resume_signal = 0;
	err = tracee_wait(m, status);
	st->gone = err == -ESRCH;
	return err;
}

/* The int3 at the guest kernel's entry: from here on calls are caught. */
static int wait_for_entry(struct machine *m)
{
	int status, err = tracee_wait(m, &status);
	uint64_t ip;

	state_of(m)->gone = err == -ESRCH;
	if (err)
		return err == -ESRCH ? 0 : err; /* gone: reported by next */
	m->count.stops_signal++;
	ip = (uint64_t)ptrace(PTRACE_PEEKUSER, m->guest_pid,
			      offsetof(struct user_regs_struct, rip), 0);
	return WSTOPSIG(status) == SIGTRAP && ip == m->image.entry_ready ?
		       0 : -EPROTO;
}

static int icept_ptrace_attach(struct machine *m)
{
	struct ptrace_state *st = calloc(1, sizeof(*st));

	if (!st)
		return -ENOMEM;
	m->icept_private = st;
	if (ptrace(PTRACE_SEIZE, m->guest_pid, 0,
		   PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL))
		return -errno;
	return 0;
}

/* --- what a stop means ------------------------------------------------------ */

static bool is_core_mprotect(const struct machine *m,
			     const struct host_call *call, uint64_t prot)
{
	return call->arch == AUDIT_ARCH_X86_64 && call->nr == SYS_mprotect &&
	       call->arg[0] == LODGER_CORE_BASE &&
	       call->arg[1] == m->gate_bytes && call->arg[2] == prot;
}

static enum gate_call gate_call_of(const struct machine *m,
				   const struct host_call *call)
{
	if (call->ip == m->image.gate_open_ip &&
	    is_core_mprotect(m, call, PROT_READ | PROT_WRITE | PROT_EXEC))
		return GATE_OPEN;
	if (call->ip == m->image.gate_close_ip &&
	    is_core_mprotect(m, call, PROT_NONE))
		return GATE_CLOSE;
	if (call->ip == m->image.gate_return_ip &&
	    call->arch == AUDIT_ARCH_X86_64 && call->nr == SYS_rt_sigreturn)
		return GATE_RETURN;
	return GATE_NONE;
}

/* Is this gate call the one that the state allows? */
static bool gate_in_order(enum guest_state state, enum gate_call gate)
{
	switch (state) {
	case BOOT: /* the frame probe opens what is open (hal/frame.c) */
		return gate != GATE_RETURN;
	case KERNEL:
		return gate == GATE_NONE || gate == GATE_CLOSE;
	case CLOSED:
		return gate == GATE_RETURN;
	case ENTERING:
		return gate == GATE_OPEN;
	case USER:
		break;
	}
	return false;
}

static void kernel_call(struct machine *m, struct icept_event *ev)
{
	struct ptrace_state *st = state_of(m);

	st->gate = gate_call_of(m, &ev->call);
	ev->off_stub = st->gate == GATE_NONE &&
		       ev->call.ip != m->image.host_call_ip;
	if (!gate_in_order(st->state, st->gate)) {
		ev->kind = ICEPT_GATE_ABUSE;
		return;
	}
	ev->kind = ICEPT_HOST_CALL;
	m->count.host_calls_checked++;
	if (ev->call.nr < LODGER_NSYSCALL)
		m->count.host_call[ev->call.nr]++;
	if (st->gate == GATE_OPEN && st->in_steps)
		trace_step(m, 5, "handler's mprotect of the guest kernel's data caught");
	else
		trace_other(m, "host call %llu", (unsigned long long)ev->call.nr);
}

static void call_of(const struct ptrace_syscall_info *info,
		    struct host_call *call)
{
	call->arch = info->arch;
	call->nr = info->entry.nr;
	call->ip = info->instruction_pointer;
	memcpy(call->arg, info->entry.args, sizeof(call->arg));
}

static void entry_stop(struct machine *m, const struct ptrace_syscall_info *info,
		       struct icept_event *ev)
{
	struct ptrace_state *st = state_of(m);

	st->in_call = true;
	call_of(info, &ev->call);
	if (st->state != USER) {
		kernel_call(m, ev);
		return;
	}
	ev->kind = ICEPT_USER_CALL;
	st->user_nr = ev->call.nr;
	st->user_compat = info->arch != AUDIT_ARCH_X86_64;
	m->count.reflected_calls++;
	trace_step(m, 1, "guest system call %llu at %#llx caught",
		   (unsigned long long)ev->call.nr,
		   (unsigned long long)ev->call.ip);
}

static void exit_stop(struct machine *m, const struct ptrace_syscall_info *info)
{
	struct ptrace_state *st = state_of(m);
	bool ok = !info->exit.is_error;

	st->in_call = false;
	switch (st->gate) {
	case GATE_NONE:
		break;
	case GATE_OPEN:
		if (st->in_steps) {
			trace_step(m, 7, "mprotect returned %lld, caught",
				   (long long)info->exit.rval);
			trace_step(m, 8, "back to the handler");
			st->in_steps = false;
		}
		if (ok && st->state == ENTERING)
			st->state = KERNEL;
		break;
	case GATE_CLOSE:
		if (ok)
			st->state = CLOSED;
		break;
	case GATE_RETURN:
		st->state = USER;
		trace_other(m, "rt_sigreturn: in user mode");
		break;
	}
	st->gate = GATE_NONE;
}

static void signal_stop(struct machine *m, int sig, struct icept_event *ev)
{
	struct ptrace_state *st = state_of(m);
	siginfo_t si;
	bool from_host = icept_is_exception(sig) &&
			 icept_sent_by_host(m->guest_pid, &si);

	m->count.stops_signal++;
	st->seen_signal = sig;
	ev->kind = ICEPT_SIGNAL;
	ev->signal = sig;
	if (!from_host)
		return;
	if (st->state == USER || (st->state == BOOT && sig == SIGTRAP))
		return;
	ev->kind = ICEPT_KERNEL_FAULT;
	ev->addr = (uint64_t)si.si_addr;
	ev->ip = (uint64_t)ptrace(PTRACE_PEEKUSER, m->guest_pid,
				  offsetof(struct user_regs_struct, rip), 0);
}

static int icept_ptrace_next(struct machine *m, struct icept_event *ev)
{
	struct ptrace_syscall_info info;
	struct ptrace_state *st = state_of(m);
	int status, err;

	memset(ev, 0, sizeof(*ev));
	if (m->count.tracer_stops == 0 && !st->gone) {
		err = wait_for_entry(m);
		ev->kind = ICEPT_NONE;
		return err;
	}
	if (st->abused) {
		ev->kind = ICEPT_GATE_ABUSE;
		ev->call = st->abuse_call;
		return 0;
	}
	err = run_to_stop(m, &status);
	if (err == -ESRCH) {
		ev->kind = ICEPT_EXITED;
		return 0;
	}
	if (err)
		return err;
	if (WSTOPSIG(status) == SYSCALL_STOP) {
		m->count.stops_syscall++;
		if (ptrace(PTRACE_GET_SYSCALL_INFO, m->guest_pid, sizeof(info),
			   &info) < 0)
			return -errno;
		if (info.op == PTRACE_SYSCALL_INFO_ENTRY)
			entry_stop(m, &info, ev);
		else
			exit_stop(m, &info);
		ev->kind = info.op == PTRACE_SYSCALL_INFO_ENTRY ? ev->kind :
								  ICEPT_NONE;
		return 0;
	}
	if (status >> 16) { /* group stop: nothing of ours, go on */
		ev->kind = ICEPT_NONE;
		return 0;
	}
	signal_stop(m, WSTOPSIG(status), ev);
	return 0;
}

/* --- answers ------------------------------------------------------------------ */

static int icept_ptrace_allow(struct machine *m)
{
	if (state_of(m)->gate == GATE_OPEN && state_of(m)->in_steps)
		trace_step(m, 6, "mprotect may pass");
	return 0;
}

/* rsp inside the signal stack: see the head of this file. */
static int clear_hostile_rsp(const struct machine *m)
{
	uint64_t rsp = peek_rsp(m);

	if (rsp < LODGER_SIGSTACK_BASE || rsp > LODGER_SIGSTACK_END + RED_ZONE)
		return 0;
	return POKE(m, rsp, 0);
}

static int hand_over_signal(struct machine *m, int sig)
{
	struct ptrace_state *st = state_of(m);

	st->resume_signal = sig;
	m->count.signals_injected++;
	if (st->state != USER)
		return 0;
	st->state = ENTERING;
	return clear_hostile_rsp(m);
}

/* The guest kernel went to user mode with our signals blocked: the next event
 * says so. */
static int note_abuse(struct machine *m)
{
	struct ptrace_state *st = state_of(m);
	struct ptrace_syscall_info info;

	m->count.stops_syscall++;
	if (ptrace(PTRACE_GET_SYSCALL_INFO, m->guest_pid, sizeof(info), &info) < 0)
		return -errno;
	call_of(&info, &st->abuse_call);
	st->abused = true;
	return 0;
}

/*
 * Step 4: waits until the signal just asked for stops for delivery. The host
 * delivers it before any interrupt (a thread's own signals first); should an
 * interrupt stop first all the same it is put off until after, for the guest
 * kernel must not switch tasks between a call and its SIGUSR1.
 */
static int deliver_reflection(struct machine *m, int sig)
{
	struct ptrace_state *st = state_of(m);
	uint64_t put_off = 0;
	int status, got, err;

	st->resume_signal = sig;
	for (;;) {
		err = run_to_stop(m, &status);
		if (err)
			return err;
		got = WSTOPSIG(status);
		if (got == SYSCALL_STOP)
			return note_abuse(m);
		m->count.stops_signal++;
		if (got == sig)
			break;
		if (icept_is_interrupt(got))
			put_off |= 1ULL << got;
	}
	for (got = 1; got < 64; got++)
		if (put_off >> got & 1)
			kill(m->guest_pid, got);
	st->in_steps = true;
	trace_step(m, 4, "SIG%s sent", sigabbrev_np(sig));
	return hand_over_signal(m, sig);
}

static int icept_ptrace_reflect(struct machine *m)
{
	struct ptrace_state *st = state_of(m);
	bool compat = st->user_compat;
	int status, err;

	err = POKE(m, orig_rax, compat ? SKIP_CALL : SYS_getpid);
	if (err)
		return err;
	trace_step(m, 2, "changed into getpid");
	err = run_to_stop(m, &status);
	if (err)
		return err;
	m->count.stops_syscall++;
	st->in_call = false;
	trace_step(m, 3, "getpid returned, caught");
	if (compat) /* no such entry in this machine: a general protection fault */
		return deliver_reflection(m, SIGSEGV);
	err = POKE(m, rax, st->user_nr);
	return err ? err : deliver_reflection(m, SIGUSR1);
}

static int icept_ptrace_deliver(struct machine *m)
{
	return hand_over_signal(m, state_of(m)->seen_signal);
}

static int icept_ptrace_suppress(struct machine *m)
{
	state_of(m)->resume_signal = 0;
	return 0;
}

static bool icept_ptrace_expected(const struct machine *m, int sig)
{
	struct ptrace_state *st = state_of(m);

	if (icept_is_exception(sig)) {
		siginfo_t si;

		return icept_sent_by_host(m->guest_pid, &si);
	}
	return icept_is_interrupt(sig) && st->state == USER;
}

static void icept_ptrace_kill(struct machine *m)
{
	struct ptrace_state *st = state_of(m);

	if (m->guest_pid > 0)
		tracee_kill(m);
	if (st)
		st->gone = true;
}

const struct icept_ops icept_ptrace = {
	.name = "ptrace",
	.summary = "two stops a call, getpid no-op, SIGUSR1 (the paper's original)",
	.abi = LODGER_INTERCEPT_PTRACE,
	.filter = ICEPT_FILTER_TRACED,
	.supported = ptrace_supported,
	.attach = icept_ptrace_attach,
	.next = icept_ptrace_next,
	.allow = icept_ptrace_allow,
	.reflect = icept_ptrace_reflect,
	.expected = icept_ptrace_expected,
	.deliver = icept_ptrace_deliver,
	.suppress = icept_ptrace_suppress,
	.kill = icept_ptrace_kill,
};
