/*
 * Waiting for signals: sigsuspend, pause, sigtimedwait.
 */
#include <signal.h>
#include <test.h>
#include <time.h>
#include <unistd.h>

static volatile sig_atomic_t count;
static volatile int last_signal;

static void note(int sig)
{
	count++;
	last_signal = sig;
}

static void handle(int sig, void (*handler)(int), unsigned long flags, sigset_t mask)
{
	struct sigaction act = { .sa_handler = handler,
				 .sa_flags = flags,
				 .sa_mask = mask };

	CHECK_OK(sigaction(sig, &act, NULL));
}

static void block(sigset_t set)
{
	CHECK_OK(sigprocmask(SIG_BLOCK, &set, NULL));
}

static void unblock(sigset_t set)
{
	CHECK_OK(sigprocmask(SIG_UNBLOCK, &set, NULL));
}

static sigset_t current_mask(void)
{
	sigset_t set;

	CHECK_OK(sigprocmask(SIG_BLOCK, NULL, &set));
	return set;
}

static sigset_t pending(void)
{
	sigset_t set;

	CHECK_OK(sigpending(&set));
	return set;
}

static sigset_t mask_in_handler;

static void take_mask(int sig)
{
	note(sig);
	sigprocmask(SIG_BLOCK, NULL, &mask_in_handler);
}

static void suspend_swaps_masks(void)
{
	sigset_t none = 0;

	handle(SIGUSR1, take_mask, 0, 0);
	block(SIGBIT(SIGUSR1) | SIGBIT(SIGUSR2));
	raise(SIGUSR1);
	CHECK_ERR(sigsuspend(&none), EINTR);
	CHECK_EQ(count, 1);
	CHECK_EQ(mask_in_handler, SIGBIT(SIGUSR1));
	CHECK_EQ(current_mask(), SIGBIT(SIGUSR1) | SIGBIT(SIGUSR2));
}

static void suspend_waits(void)
{
	sigset_t most = ~SIGBIT(SIGUSR1);
	pid_t parent = getpid();
	pid_t pid;

	handle(SIGUSR1, note, 0, 0);
	handle(SIGUSR2, note, 0, 0);
	block(SIGBIT(SIGUSR1) | SIGBIT(SIGUSR2));
	pid = test_fork();
	if (pid == 0) {
		sleep_ms(20);
		CHECK_OK(kill(parent, SIGUSR2));
		sleep_ms(20);
		CHECK_OK(kill(parent, SIGUSR1));
		_exit(0);
	}
	CHECK_ERR(sigsuspend(&most), EINTR);
	CHECK_EQ(count, 1);
	CHECK_EQ(last_signal, SIGUSR1);
	test_wait_ok(pid);
}

static void pause_is_interrupted(void)
{
	pid_t parent = getpid();
	pid_t pid;

	handle(SIGUSR1, note, SA_RESTART, 0);
	pid = test_fork();
	if (pid == 0) {
		/* Until the parent reaps us, in case it was not paused yet. */
		for (;;) {
			sleep_ms(10);
			kill(parent, SIGUSR1);
		}
	}
	CHECK_ERR(pause(), EINTR);
	CHECK(count >= 1);
	kill(pid, SIGKILL);
	test_wait(pid);
}

static void wait_takes_pending(void)
{
	union sigval value = { .sival_int = 9 };
	sigset_t set = SIGBIT(SIGUSR1) | SIGBIT(SIGUSR2);
	siginfo_t info;

	handle(SIGUSR1, note, 0, 0);
	block(set);
	CHECK_OK(sigqueue(getpid(), SIGUSR1, value));
	CHECK_EQ(sigtimedwait(&set, &info, NULL), SIGUSR1);
	CHECK_EQ(info.si_value.sival_int, 9);
	CHECK_EQ(count, 0);
	CHECK_EQ(pending(), 0);
}

static void wait_times_out(void)
{
	struct timespec zero = { 0, 0 };
	struct timespec some = { 0, 20000000 };
	struct timespec bad = { 0, 1000000000 };
	sigset_t set = SIGBIT(SIGUSR1);
	uint64_t start = test_now();

	CHECK_ERR(sigtimedwait(&set, NULL, &zero), EAGAIN);
	CHECK_ERR(sigtimedwait(&set, NULL, &some), EAGAIN);
	CHECK(test_now() - start >= 20000000);
	CHECK_ERR(sigtimedwait(&set, NULL, &bad), EINVAL);
}

static void wait_is_interrupted(void)
{
	sigset_t set = SIGBIT(SIGUSR2);
	pid_t parent = getpid();
	pid_t pid;

	handle(SIGUSR1, note, 0, 0);
	block(SIGBIT(SIGUSR1));
	pid = test_fork();
	if (pid == 0) {
		for (;;) {
			sleep_ms(10);
			kill(parent, SIGUSR1);
		}
	}
	unblock(SIGBIT(SIGUSR1));
	block(set);
	CHECK_ERR(sigtimedwait(&set, NULL, NULL), EINTR);
	kill(pid, SIGKILL);
	test_wait(pid);
}

static const struct test_case cases[] = {
	{ "sigsuspend: swaps masks", suspend_swaps_masks },
	{ "sigsuspend: waits", suspend_waits },
	{ "pause", pause_is_interrupted },
	{ "sigtimedwait: takes a pending signal", wait_takes_pending },
	{ "sigtimedwait: times out", wait_times_out },
	{ "sigtimedwait: is interrupted", wait_is_interrupted },
};

TEST_MAIN(cases)
