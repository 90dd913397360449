/* Signals as a tracer sees them: which are the machine's own. */
#ifndef VMMPROC_ICEPT_SIGNAL_H
#define VMMPROC_ICEPT_SIGNAL_H

#include <signal.h>
#include <stdbool.h>
#include <sys/ptrace.h>
#include <sys/types.h>

/* One that the host raises at an instruction: the guest's exceptions. */
static inline bool icept_is_exception(int sig)
{
	return sig == SIGSEGV || sig == SIGBUS || sig == SIGFPE ||
	       sig == SIGILL || sig == SIGTRAP || sig == SIGSYS;
}

/* One that stands for an interrupt of the machine. */
static inline bool icept_is_interrupt(int sig)
{
	return sig == SIGALRM || sig == SIGIO || sig == SIGWINCH;
}

/* Was the pending signal raised by the host itself, not sent by kill(2)?
 * Fills si. The tracee must be in a signal-delivery stop. */
static inline bool icept_sent_by_host(pid_t pid, siginfo_t *si)
{
	return ptrace(PTRACE_GETSIGINFO, pid, 0, si) == 0 && si->si_code > 0;
}

#endif
