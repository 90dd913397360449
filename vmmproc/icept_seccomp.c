/*
 * Interception by the filter and a tracer: one stop a guest program's call.
 * The filter tells guest programs' calls from the guest kernel's by instruction
 * pointer (filter_inproc.c); only the former stop, once, before they are made,
 * and the tracer moves the program to the call gate (redirect.c).
 *
 * Host calls run unstopped. One that the policy refuses stops, too, marked
 * FILTER_TRACE_REFUSED, so that no listener is needed here; it is never
 * continued. Were the tracer gone, both kinds would return ENOSYS.
 *
 * 32-bit entries and vsyscalls come as SIGSYS, as in trap.
 */
#include <errno.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <sys/ptrace.h>

#include "filter_inproc.h"
#include "icept.h"
#include "icept_probe.h"
#include "redirect.h"

static bool seccomp_supported(char *why, size_t why_bytes)
{
	return icept_probe_filters(SECCOMP_RET_TRACE, why, why_bytes) &&
	       icept_ptrace.supported(why, why_bytes);
}

static int icept_seccomp_attach(struct machine *m)
{
	return redirect_attach(m, PTRACE_O_TRACESECCOMP);
}

static int call_stop(struct machine *m, struct icept_event *ev)
{
	int err = redirect_read_call(m, ev);

	if (err)
		return err;
	/* only the guest kernel's own instruction is ever refused */
	ev->kind = redirect_is_message(m, m->image.host_call_ip,
				       FILTER_TRACE_REFUSED) ?
			   ICEPT_REFUSED_CALL :
			   ICEPT_USER_CALL;
	return 0;
}

static int icept_seccomp_next(struct machine *m, struct icept_event *ev)
{
	int status, err = redirect_to_stop(m, PTRACE_CONT, &status);

	ev->kind = err == -ESRCH ? ICEPT_EXITED : ICEPT_NONE;
	if (err)
		return err == -ESRCH ? 0 : err;
	if (status >> 8 == (SIGTRAP | PTRACE_EVENT_SECCOMP << 8))
		return call_stop(m, ev);
	return redirect_signal_stop(m, status, ev);
}

const struct icept_ops icept_seccomp = {
	.name = "seccomp",
	.summary = "filter and tracer, one stop a call",
	.abi = LODGER_INTERCEPT_SECCOMP,
	.filter = ICEPT_FILTER_TRACE,
	.supported = seccomp_supported,
	.attach = icept_seccomp_attach,
	.next = icept_seccomp_next,
	.kill = redirect_kill,
	.reflect = redirect_reflect,
	.expected = redirect_expected,
	.deliver = redirect_deliver,
	.suppress = redirect_suppress,
};
