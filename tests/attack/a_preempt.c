/*
 * Keeping the processor: programs that block, ignore or forge whatever might
 * take it from them, beside one that must go on.
 *
 * TEST-TIMEOUT: 120
 * TEST-RACY
 *
 * Without the defence (the host's timer signal is not the guest's to block,
 * and its handler is the kernel's) one program stops the machine.
 */
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <syscall.h>
#include <test.h>
#include <time.h>
#include <unistd.h>

#include "libattack.h"

/* The other process must get at least this many turns of a millisecond's work.
 * A fair share would be some fifty, beside the best priority some six, and fewer
 * on a host that is busy itself; one that starves gets none. */
#define BESIDE_MS 500
#define TURNS_WANTED 2

static volatile int *ready;

static void beside(void (*attacker)(void))
{
	const uint64_t end = test_now() + BESIDE_MS * 1000000UL;
	int turns = 0;
	pid_t pid;

	ready = attack_shared(4096);
	pid = test_fork();
	if (pid == 0) {
		attacker();
		_exit(1);
	}
	WAIT_UNTIL(*ready);
	/* one that starves never gets them: the case's own limit ends it */
	while (test_now() < end || turns < TURNS_WANTED) {
		test_spin_ms(1);
		turns++;
	}
	attack_check_alive();
	CHECK_EQ(waitpid(pid, NULL, WNOHANG), 0);
	CHECK_OK(kill(pid, SIGKILL));
	CHECK_EQ(WTERMSIG(test_wait(pid)), SIGKILL);
	test_note("%d turns", turns);
}

static void __attribute__((noreturn)) spin(void)
{
	*ready = 1;
	for (;;)
		;
}

static void plain(void)
{
	spin();
}

static void block_all(void)
{
	const sigset_t all = ~0UL;

	CHECK_OK(sigprocmask(SIG_SETMASK, &all, NULL));
}

static void blocker(void)
{
	block_all();
	spin();
}

static void ignore_all(void)
{
	int sig;

	for (sig = 1; sig < 65; sig++)
		signal(sig, SIG_IGN);
}

static void ignorer(void)
{
	ignore_all();
	block_all();
	spin();
}

static void in_handler(int sig)
{
	(void)sig;
	spin();
}

/* In a handler with every signal in its mask. */
static void handler(void)
{
	struct sigaction act = { .sa_handler = in_handler, .sa_mask = ~0UL };

	CHECK_OK(sigaction(SIGALRM, &act, NULL));
	CHECK_OK(raise(SIGALRM));
}

static void set_mask(int sig, siginfo_t *info, void *context)
{
	struct ucontext *uc = context;
	const unsigned long all = ~0UL;

	(void)sig;
	(void)info;
	memcpy(&uc->uc_sigmask, &all, sizeof(all));
}

/* By the mask of a forged frame. */
static void returner(void)
{
	struct sigaction act = { .sa_sigaction = set_mask,
				 .sa_flags = SA_SIGINFO };

	CHECK_OK(sigaction(SIGUSR1, &act, NULL));
	CHECK_OK(raise(SIGUSR1));
	spin();
}

/* The host's own numbers for timer, I/O and the kernel's call. */
static void catcher(void)
{
	static const int used[] = { SIGALRM, SIGIO, SIGWINCH, SIGUSR1, SIGSEGV,
				    SIGSYS, SIGTRAP, SIGBUS };
	struct sigaction act = { .sa_handler = in_handler, .sa_mask = ~0UL };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(used); i++)
		CHECK_OK(sigaction(used[i], &act, NULL));
	spin();
}

/* As a favourite of the scheduler. */
static void favourite(void)
{
	setpriority(PRIO_PROCESS, 0, -20);
	spin();
}

/* Giving way just before each tick, so that it is never the one caught. */
static void yielder(void)
{
	*ready = 1;
	for (;;) {
		sched_yield();
		test_spin_ms(1);
	}
}

/* All its time in the kernel. */
static void caller(void)
{
	*ready = 1;
	for (;;)
		getppid();
}

static void faulter(void)
{
	char *page = attack_page(0);

	*ready = 1;
	for (;;) {
		*(volatile char *)page = 1;
		madvise(page, PAGE_SIZE, MADV_DONTNEED);
	}
}

/* Signals to itself as fast as they can be. */
static void nothing(int sig)
{
	(void)sig;
}

static void signaller(void)
{
	signal(SIGUSR1, nothing);
	*ready = 1;
	for (;;)
		raise(SIGUSR1);
}

/* Its own timers as dense as they go: each costs the kernel an interrupt. */
static void timer_storm(void)
{
	const struct itimerval every = { { 0, 1 }, { 0, 1 } };

	signal(SIGALRM, nothing);
	CHECK_OK(setitimer(ITIMER_REAL, &every, NULL));
	spin();
}

static void forker(void)
{
	*ready = 1;
	for (;;) {
		pid_t pid = fork();

		if (pid == 0)
			_exit(0);
		if (pid > 0)
			waitpid(pid, NULL, 0);
	}
}

#define CASE(fn)                                                     \
	static void beside_##fn(void)                                \
	{                                                            \
		beside(fn);                                          \
	}
CASE(plain)
CASE(blocker)
CASE(ignorer)
CASE(handler)
CASE(returner)
CASE(catcher)
CASE(favourite)
CASE(yielder)
CASE(caller)
CASE(faulter)
CASE(signaller)
CASE(timer_storm)
CASE(forker)

/* Several at once. */
static void crowd(void)
{
	pid_t pids[5];
	int i;

	ready = attack_shared(4096);
	for (i = 0; i < 5; i++) {
		pids[i] = test_fork();
		if (pids[i] == 0)
			blocker();
	}
	for (i = 0; i < 5; i++)
		attack_check_alive();
	for (i = 0; i < 5; i++) {
		CHECK_OK(kill(pids[i], SIGKILL));
		CHECK_EQ(WTERMSIG(test_wait(pids[i])), SIGKILL);
	}
}

/* A real-time program of root's comes before everybody, but not for ever:
 * Linux leaves a twentieth to the others. It ends by itself, for a machine
 * without that would never end. */
static void real_time_for_a_while(void)
{
	const uint64_t end = test_now() + 3000000000UL;
	const int priority = 99;

	CHECK_OK(sys3(__NR_sched_setscheduler, 0, 1 /* SCHED_FIFO */,
		      (long)&priority));
	*ready = 1;
	while (test_now() < end)
		;
}

static void real_time(void)
{
	uint64_t end;
	pid_t pid;
	int turns = 0;

	test_need_root();
	ready = attack_shared(4096);
	pid = test_fork();
	if (pid == 0) {
		real_time_for_a_while();
		_exit(0);
	}
	end = test_now() + 2500000000UL;
	while (test_now() < end) {
		sleep_ms(10);
		turns++;
	}
	test_wait_ok(pid);
	test_note("%d turns", turns);
	CHECK(turns > 1);
}

/* A timer of the bystander's must come in time although another spins with
 * everything blocked. */
static void timers_in_time(void)
{
	uint64_t start;
	pid_t pid;

	ready = attack_shared(4096);
	pid = test_fork();
	if (pid == 0)
		blocker();
	WAIT_UNTIL(*ready);
	start = test_now();
	sleep_ms(50);
	start = test_now() - start;
	test_note("slept %lu ms instead of 50", start / 1000000);
	CHECK(start < 1000000000UL);
	CHECK_OK(kill(pid, SIGKILL));
	test_wait(pid);
}

static const struct test_case cases[] = {
	{ "a program that spins", beside_plain },
	{ "spinning with every signal blocked", beside_blocker },
	{ "spinning with every signal ignored and blocked", beside_ignorer },
	{ "spinning in a handler that masks all", beside_handler },
	{ "spinning with a forged mask", beside_returner },
	{ "handlers for the host's signals", beside_catcher },
	{ "spinning with the best priority", beside_favourite },
	{ "giving way before each tick", beside_yielder },
	{ "calls without end", beside_caller },
	{ "faults without end", beside_faulter },
	{ "signals without end", beside_signaller },
	{ "a storm of timers", beside_timer_storm },
	{ "forks without end", beside_forker },
	{ "a crowd of spinners", crowd },
	{ "a bystander's timer", timers_in_time },
	{ "a real-time program", real_time },
};
TEST_MAIN(cases)
