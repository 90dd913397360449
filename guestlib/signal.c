/*
 * Wrappers of the system calls on signals.
 */
#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <syscall.h>
#include <time.h>
#include <unistd.h>

#include "internal.h"

int sigaction(int sig, const struct sigaction *act, struct sigaction *old)
{
	struct sigaction with_restorer;

	if (act) {
		with_restorer = *act;
		with_restorer.sa_flags |= SA_RESTORER;
		with_restorer.sa_restorer = signal_restorer;
		act = &with_restorer;
	}
	return (int)SYS(rt_sigaction, sig, act, old, sizeof(sigset_t));
}

void (*signal(int sig, void (*handler)(int)))(int)
{
	struct sigaction act = { .sa_handler = handler, .sa_flags = SA_RESTART };
	struct sigaction old;

	if (sigaction(sig, &act, &old) < 0)
		return SIG_ERR;
	return old.sa_handler;
}

int sigprocmask(int how, const sigset_t *set, sigset_t *old)
{
	return (int)SYS(rt_sigprocmask, how, set, old, sizeof(*set));
}

int sigpending(sigset_t *set)
{
	return (int)SYS(rt_sigpending, set, sizeof(*set));
}

int sigsuspend(const sigset_t *mask)
{
	return (int)SYS(rt_sigsuspend, mask, sizeof(*mask));
}

int sigtimedwait(const sigset_t *set, siginfo_t *info, const struct timespec *timeout)
{
	return (int)SYS(rt_sigtimedwait, set, info, timeout, sizeof(*set));
}

int sigaltstack(const stack_t *stack, stack_t *old)
{
	return (int)SYS(sigaltstack, stack, old);
}

int kill(pid_t pid, int sig)
{
	return (int)SYS(kill, pid, sig);
}

int raise(int sig)
{
	return (int)SYS(tkill, gettid(), sig);
}

int sigqueue(pid_t pid, int sig, union sigval value)
{
	siginfo_t info = { 0 };

	info.si_signo = sig;
	info.si_code = SI_QUEUE;
	info.si_pid = getpid();
	info.si_uid = getuid();
	info.si_value = value;
	return (int)SYS(rt_sigqueueinfo, pid, sig, &info);
}

int pause(void)
{
	return (int)SYS(pause);
}

unsigned int alarm(unsigned int seconds)
{
	return (unsigned int)sys1(__NR_alarm, seconds);
}
