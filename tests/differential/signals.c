/* Signals: actions, masks, queues, stacks, restarts. */
#include "diff.h"

#include <signal.h>
#include <sys/wait.h>
#include <time.h>

static volatile sig_atomic_t count;
static volatile int seen_code, seen_value;

static void note(int sig)
{
	(void)sig;
	count++;
}

static void note_info(int sig, siginfo_t *si, void *context)
{
	(void)sig;
	(void)context;
	seen_code = si->si_code;
	seen_value = si->si_value.sival_int;
	count++;
}

static void c_action(void)
{
	struct sigaction sa = { .sa_handler = note }, old;
	unsigned long mask = 1;

	R(sigaction(SIGUSR1, &sa, NULL));
	R(sigaction(SIGUSR1, NULL, &old));
	V(old.sa_handler == note);
	R(sigaction(SIGKILL, &sa, NULL));
	R(sigaction(SIGSTOP, NULL, &old));
	R(SC(rt_sigaction, 0, NULL, NULL, 8));
	R(SC(rt_sigaction, 65, NULL, NULL, 8));
	R(SC(rt_sigaction, 10, NULL, NULL, 4));
	R(SC(rt_sigaction, 10, BAD, NULL, 8));
	R(SC(rt_sigprocmask, 9, &mask, NULL, 8));
	R(SC(rt_sigprocmask, 9, NULL, &mask, 8));
	R(SC(rt_sigprocmask, 0, &mask, NULL, 4));
	R(SC(rt_sigprocmask, 0, BAD, NULL, 8));
	R(SC(rt_sigpending, BAD, 8));
	R(SC(rt_sigpending, &mask, 9));
	R(SC(rt_sigsuspend, &mask, 4));
	R(raise(SIGUSR1));
	V(count);
}

static void c_queue(void)
{
	struct sigaction sa = { .sa_sigaction = note_info, .sa_flags = SA_SIGINFO };
	struct timespec none = { 0, 0 }, bad = { 0, 1000000000 };
	sigset_t set;
	siginfo_t si;

	sigaction(40, &sa, NULL);
	sigaction(SIGUSR2, &sa, NULL);
	sigemptyset(&set);
	sigaddset(&set, 40);
	sigaddset(&set, SIGUSR2);
	sigprocmask(SIG_BLOCK, &set, NULL);
	R(sigqueue(getpid(), 40, (union sigval){ .sival_int = 7 }));
	R(sigqueue(getpid(), 40, (union sigval){ .sival_int = 8 }));
	raise(SIGUSR2);
	raise(SIGUSR2);
	R(sigtimedwait(&set, &si, &none));
	V(si.si_code);
	R(sigtimedwait(&set, &si, &none));
	V(si.si_value.sival_int);
	V(si.si_code);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	V(count);
	V(seen_value);
	R(sigtimedwait(&set, &si, &none));
	R(sigtimedwait(&set, &si, &bad));
	R(SC(rt_sigtimedwait, &set, NULL, NULL, 4));
	R(sigqueue(4000000, 40, (union sigval){ 0 }));
	R(sigqueue(getpid(), 65, (union sigval){ 0 }));
	R(sigqueue(getpid(), 0, (union sigval){ 0 }));
	si.si_code = SI_USER;
	R(SC(rt_sigqueueinfo, 1, 40, &si));
	R(SC(rt_sigqueueinfo, getpid(), 40, BAD));
	R(SC(rt_tgsigqueueinfo, 0, 1, 40, &si));
}

static void c_stack(void)
{
	static char memory[65536];
	stack_t ss = { .ss_sp = memory, .ss_size = sizeof(memory) }, old;

	R(sigaltstack(NULL, &old));
	V(old.ss_flags);
	ss.ss_size = 1024;
	R(sigaltstack(&ss, NULL));
	ss.ss_size = sizeof(memory);
	ss.ss_flags = 77;
	R(sigaltstack(&ss, NULL));
	ss.ss_flags = 0;
	R(sigaltstack(&ss, NULL));
	R(sigaltstack(NULL, &old));
	V(old.ss_size);
	ss.ss_flags = SS_DISABLE;
	R(sigaltstack(&ss, NULL));
	R(sigaltstack(BAD, NULL));
}

/* Sends SIGUSR1 to the parent in a moment. */
static pid_t poke_later(void)
{
	pid_t parent = getppid(), pid;

	parent = getpid();
	pid = fork();
	if (pid == 0) {
		nanosleep(&(struct timespec){ 0, 50000000 }, NULL);
		kill(parent, SIGUSR1);
		_exit(0);
	}
	return pid;
}

static void c_restart(void)
{
	struct sigaction sa = { .sa_handler = note };
	struct timespec ten = { 10, 0 };
	char byte;
	int p[2];

	pipe(p);
	sigaction(SIGUSR1, &sa, NULL);
	poke_later();
	R(read(p[0], &byte, 1));
	poke_later();
	R(nanosleep(&ten, NULL));
	poke_later();
	R(pause());
	wait(NULL);
	wait(NULL);
	wait(NULL);
	sa.sa_flags = SA_RESTART;
	sigaction(SIGUSR1, &sa, NULL);
	poke_later();
	V(wait(NULL) > 0);
	poke_later();
	R(nanosleep(&ten, NULL));
	V(count);
}

static void c_default(void)
{
	static const int signals[] = { SIGHUP, SIGALRM, SIGURG, SIGWINCH, SIGIO, SIGPWR, 35 };

	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
		pid_t pid = fork();
		int status;

		if (pid == 0) {
			raise(signals[i]);
			_exit(9);
		}
		waitpid(pid, &status, 0);
		diff_status(sigabbrev_np(signals[i]) ? sigabbrev_np(signals[i]) : "real-time",
			    status);
	}
}

static const struct diff_case cases[] = {
	{ "sigaction", c_action },
	{ "signal queue", c_queue },
	{ "signal stack", c_stack },
	{ "signal restart", c_restart },
	{ "signal defaults", c_default },
};
DIFF_TABLE(signals_table, cases);
