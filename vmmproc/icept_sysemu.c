/*
 * Interception by PTRACE_SYSEMU: a resumption that stops at the next system
 * call, once, and does not carry it out. While a guest program runs the tracer
 * resumes so, and every call is the program's, whatever its number, entry or
 * address: it moves the program to the call gate (redirect.c).
 *
 * While the guest kernel runs the tracer must not, or the kernel's own calls
 * would not be made either. It hears of the return to user mode from the filter
 * (filter_inproc.c), which makes the gate's closing call a stop; the call is then
 * made. So there are two stops a call.
 *
 *   KERNEL -> USER     the gate's closing call stops
 *   USER -> KERNEL     a call or a signal stops
 *
 * One call in USER may be the gate's: a signal that interrupted the gate on its way
 * in has been noted, and the gate goes on with the core closed (trap_gate.c). So
 * the opening call is made, and by whom does not matter: as in trap, the filter
 * admits it with one set of arguments, and what follows is the gate's code.
 *
 * Taking a program for the kernel (a signal that came in the gate's last
 * instructions) costs nothing but a SIGSYS in place of a stop, as in trap; taking
 * the kernel for a program is impossible: behind the closing call the core is
 * closed.
 *
 * A refused host call stops marked FILTER_TRACE_REFUSED and is never continued.
 * The vsyscall page does not pass ptrace's stops; it comes as SIGSYS.
 */
#include <errno.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/ptrace.h>

#include "filter_inproc.h"
#include "icept.h"
#include "redirect.h"

#define SYSCALL_STOP (SIGTRAP | 0x80) /* PTRACE_O_TRACESYSGOOD */

/* Stops at its getppid, not made? Returns 0 or an errno. */
static int probe_stop(pid_t pid)
{
	int status;

	if (waitpid(pid, &status, __WALL) != pid || !WIFSTOPPED(status) ||
	    ptrace(PTRACE_SYSEMU, pid, 0, 0))
		return errno ? errno : ECHILD;
	if (waitpid(pid, &status, __WALL) != pid || !WIFSTOPPED(status))
		return ECHILD;
	return 0;
}

static bool sysemu_supported(char *why, size_t why_bytes)
{
	pid_t pid;
	int err;

	if (!icept_seccomp.supported(why, why_bytes))
		return false;
	pid = fork();
	if (pid == 0) {
		ptrace(PTRACE_TRACEME, 0, 0, 0);
		raise(SIGSTOP);
		syscall(SYS_getppid);
		_exit(0);
	}
	errno = 0;
	err = pid < 0 ? errno : probe_stop(pid);
	if (pid > 0) {
		kill(pid, SIGKILL);
		waitpid(pid, NULL, __WALL);
	}
	if (err)
		snprintf(why, why_bytes, "the host refuses PTRACE_SYSEMU: %s",
			 strerror(err));
	return err == 0;
}

static int icept_sysemu_attach(struct machine *m)
{
	return redirect_attach(m, PTRACE_O_TRACESECCOMP | PTRACE_O_TRACESYSGOOD);
}

/* A call of a guest program, or the gate's opening one, which is begun again. */
static int user_stop(struct machine *m, struct icept_event *ev)
{
	struct ptrace_syscall_info info;
	int err = redirect_read_call(m, ev);

	if (err)
		return err;
	if (ptrace(PTRACE_GET_SYSCALL_INFO, m->guest_pid, sizeof(info), &info) <
	    0)
		return -errno;
	redirect_of(m)->arch = info.arch;
	redirect_of(m)->in_user = false;
	ev->call.arch = info.arch;
	if (ev->call.ip == m->image.call_open_ip)
		return redirect_repeat(m);
	ev->kind = ICEPT_USER_CALL;
	return 0;
}

/* A call of the guest kernel that the filter tells of. The closing one needs no look
 * at its registers: the filter says so of one call at one address only. */
static int filter_stop(struct machine *m, struct icept_event *ev)
{
	int err;

	if (redirect_has_message(m, FILTER_TRACE_CLOSES)) {
		m->count.stops_syscall++;
		redirect_of(m)->in_user = true;
		return 0;
	}
	err = redirect_read_call(m, ev);
	if (err)
		return err;
	if (!redirect_is_message(m, m->image.host_call_ip, FILTER_TRACE_REFUSED))
		return -EPROTO;
	ev->kind = ICEPT_REFUSED_CALL;
	return 0;
}

static int icept_sysemu_next(struct machine *m, struct icept_event *ev)
{
	struct redirect *st = redirect_of(m);
	int status, err;

	err = redirect_to_stop(m, st->in_user ? PTRACE_SYSEMU : PTRACE_CONT,
			       &status);
	ev->kind = err == -ESRCH ? ICEPT_EXITED : ICEPT_NONE;
	if (err)
		return err == -ESRCH ? 0 : err;
	if (WSTOPSIG(status) == SYSCALL_STOP)
		return user_stop(m, ev);
	if (status >> 8 == (SIGTRAP | PTRACE_EVENT_SECCOMP << 8))
		return filter_stop(m, ev);
	return redirect_signal_stop(m, status, ev);
}

static int icept_sysemu_deliver(struct machine *m)
{
	redirect_of(m)->in_user = false;
	return redirect_deliver(m);
}

const struct icept_ops icept_sysemu = {
	.name = "sysemu",
	.summary = "ptrace that makes no call: two stops, one at the return",
	.abi = LODGER_INTERCEPT_SYSEMU,
	.filter = ICEPT_FILTER_EMU,
	.supported = sysemu_supported,
	.attach = icept_sysemu_attach,
	.next = icept_sysemu_next,
	.kill = redirect_kill,
	.reflect = redirect_reflect,
	.expected = redirect_expected,
	.deliver = icept_sysemu_deliver,
	.suppress = redirect_suppress,
};
