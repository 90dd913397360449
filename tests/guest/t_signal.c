/*
 * Signals: installing handlers, what they are told, masks, pending signals.
 * TEST-SMOKE
 */
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/wait.h>
#include <syscall.h>
#include <test.h>
#include <time.h>
#include <unistd.h>

/* What the handlers saw, in order. */
static volatile int seen[32];
static volatile int seen_count;
static siginfo_t last_info;

static void note(int sig)
{
	seen[seen_count++ % 32] = sig;
}

static void note_info(int sig, siginfo_t *info, void *context)
{
	(void)context;
	note(sig);
	last_info = *info;
}

static void handle(int sig, void (*handler)(int), unsigned long flags, sigset_t mask)
{
	struct sigaction act = { .sa_handler = handler,
				 .sa_flags = flags,
				 .sa_mask = mask };

	CHECK_OK(sigaction(sig, &act, NULL));
}

static void handle_info(int sig)
{
	struct sigaction act = { .sa_sigaction = note_info, .sa_flags = SA_SIGINFO };

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

/* ---- installing --------------------------------------------------------- */

static void install_and_ask(void)
{
	struct sigaction act = { .sa_handler = note,
				 .sa_flags = SA_RESTART | SA_NODEFER,
				 .sa_mask = SIGBIT(SIGINT) };
	struct sigaction old;

	CHECK_OK(sigaction(SIGUSR1, NULL, &old));
	CHECK(old.sa_handler == SIG_DFL);
	CHECK_OK(sigaction(SIGUSR1, &act, &old));
	CHECK(old.sa_handler == SIG_DFL);
	CHECK_OK(sigaction(SIGUSR1, NULL, &old));
	CHECK(old.sa_handler == note);
	CHECK_EQ(old.sa_flags & ~(unsigned long)SA_RESTORER,
		 SA_RESTART | SA_NODEFER);
	CHECK_EQ(old.sa_mask, SIGBIT(SIGINT));
}

static void install_errors(void)
{
	struct sigaction act = { .sa_handler = note };
	struct sigaction old;

	CHECK_ERR(sigaction(SIGKILL, &act, NULL), EINVAL);
	CHECK_ERR(sigaction(SIGSTOP, &act, NULL), EINVAL);
	CHECK_OK(sigaction(SIGKILL, NULL, &old));
	CHECK_ERR(sigaction(0, &act, NULL), EINVAL);
	CHECK_ERR(sigaction(65, &act, NULL), EINVAL);
	CHECK_ERR(sigaction(-1, &act, NULL), EINVAL);
	CHECK_ERR(SYS(rt_sigaction, SIGUSR1, &act, NULL, 4), EINVAL);
	CHECK_ERR(SYS(rt_sigaction, SIGUSR1, test_bad_pointer, NULL, 8), EFAULT);
	CHECK_ERR(SYS(rt_sigprocmask, SIG_BLOCK, test_bad_pointer, NULL, 8),
		  EFAULT);
	CHECK_ERR(SYS(rt_sigprocmask, SIG_BLOCK, &act.sa_mask, NULL, 16), EINVAL);
	CHECK_ERR(SYS(rt_sigprocmask, 7, &act.sa_mask, NULL, 8), EINVAL);
}

static void handler_runs(void)
{
	handle(SIGUSR1, note, 0, 0);
	CHECK_OK(raise(SIGUSR1));
	CHECK_EQ(seen_count, 1);
	CHECK_EQ(seen[0], SIGUSR1);
	CHECK_OK(kill(getpid(), SIGUSR1));
	CHECK_EQ(seen_count, 2);
}

static void handler_many_times(void)
{
	int i;

	handle(SIGUSR1, note, 0, 0);
	for (i = 0; i < 500; i++)
		CHECK_OK(raise(SIGUSR1));
	CHECK_EQ(seen_count, 500);
}

static void handlers_of_all_signals(void)
{
	int sig;

	for (sig = 1; sig <= 64; sig++) {
		/* 32 and 33 belong to threading libraries, but exist. */
		if (sig == SIGKILL || sig == SIGSTOP)
			continue;
		seen_count = 0;
		handle(sig, note, 0, 0);
		CHECK_OK(raise(sig));
		CHECK_EQ(seen_count, 1);
		CHECK_EQ(seen[0], sig);
	}
}

static void ignored_signal(void)
{
	handle(SIGTERM, SIG_IGN, 0, 0);
	CHECK_OK(raise(SIGTERM));
	block(SIGBIT(SIGTERM));
	CHECK_OK(raise(SIGTERM));
	handle(SIGTERM, SIG_DFL, 0, 0);
	handle(SIGTERM, SIG_IGN, 0, 0);
	/* Ignoring throws away what was pending. */
	CHECK_EQ(pending(), 0);
}

static void one_shot(void)
{
	struct sigaction old;

	handle(SIGUSR1, note, SA_RESETHAND, 0);
	CHECK_OK(raise(SIGUSR1));
	CHECK_EQ(seen_count, 1);
	CHECK_OK(sigaction(SIGUSR1, NULL, &old));
	CHECK(old.sa_handler == SIG_DFL);
}

/* ---- siginfo ------------------------------------------------------------ */

static void info_of_kill(void)
{
	handle_info(SIGUSR1);
	CHECK_OK(kill(getpid(), SIGUSR1));
	CHECK_EQ(last_info.si_signo, SIGUSR1);
	CHECK_EQ(last_info.si_code, SI_USER);
	CHECK_EQ(last_info.si_errno, 0);
	CHECK_EQ(last_info.si_pid, getpid());
	CHECK_EQ(last_info.si_uid, getuid());
}

static void info_of_tkill(void)
{
	handle_info(SIGUSR1);
	CHECK_OK(SYS(tkill, gettid(), SIGUSR1));
	CHECK_EQ(last_info.si_code, SI_TKILL);
	CHECK_EQ(last_info.si_pid, getpid());
	CHECK_OK(SYS(tgkill, getpid(), gettid(), SIGUSR1));
	CHECK_EQ(seen_count, 2);
	CHECK_ERR(SYS(tgkill, getpid(), gettid(), 65), EINVAL);
	CHECK_ERR(SYS(tgkill, getppid(), gettid(), SIGUSR1), ESRCH);
	CHECK_ERR(SYS(tgkill, -1, gettid(), SIGUSR1), EINVAL);
	CHECK_ERR(SYS(tkill, 0, SIGUSR1), EINVAL);
}

static void info_of_sigqueue(void)
{
	union sigval value = { .sival_int = 4711 };

	handle_info(SIGUSR1);
	CHECK_OK(sigqueue(getpid(), SIGUSR1, value));
	CHECK_EQ(last_info.si_code, SI_QUEUE);
	CHECK_EQ(last_info.si_value.sival_int, 4711);
	CHECK_EQ(last_info.si_pid, getpid());
}

static void info_from_child(void)
{
	pid_t parent = getpid();
	pid_t pid;

	handle_info(SIGUSR1);
	pid = test_fork();
	if (pid == 0) {
		CHECK_OK(kill(parent, SIGUSR1));
		_exit(0);
	}
	WAIT_UNTIL(seen_count == 1);
	CHECK_EQ(last_info.si_pid, pid);
	test_wait_ok(pid);
}

static void info_forged(void)
{
	siginfo_t info = { 0 };
	pid_t pid = test_fork();

	if (pid == 0)
		for (;;)
			pause();
	info.si_signo = SIGUSR1;
	info.si_code = SI_USER;
	CHECK_ERR(SYS(rt_sigqueueinfo, pid, SIGUSR1, &info), EPERM);
	info.si_code = SI_TKILL;
	CHECK_ERR(SYS(rt_sigqueueinfo, pid, SIGUSR1, &info), EPERM);
	CHECK_OK(kill(pid, SIGKILL));
	test_wait(pid);
}

/* ---- masks and pending signals ------------------------------------------ */

static void mask_operations(void)
{
	sigset_t set = SIGBIT(SIGUSR1);
	sigset_t old;

	CHECK_EQ(current_mask(), 0);
	CHECK_OK(sigprocmask(SIG_BLOCK, &set, &old));
	CHECK_EQ(old, 0);
	block(SIGBIT(SIGUSR2));
	CHECK_EQ(current_mask(), SIGBIT(SIGUSR1) | SIGBIT(SIGUSR2));
	unblock(SIGBIT(SIGUSR1));
	CHECK_EQ(current_mask(), SIGBIT(SIGUSR2));
	set = SIGBIT(SIGINT);
	CHECK_OK(sigprocmask(SIG_SETMASK, &set, NULL));
	CHECK_EQ(current_mask(), SIGBIT(SIGINT));
}

static void mask_leaves_kill_and_stop(void)
{
	sigset_t all = ~0UL;

	CHECK_OK(sigprocmask(SIG_SETMASK, &all, NULL));
	CHECK_EQ(current_mask(), ~(SIGBIT(SIGKILL) | SIGBIT(SIGSTOP)));
}

static void blocked_signal_waits(void)
{
	handle(SIGUSR1, note, 0, 0);
	block(SIGBIT(SIGUSR1));
	CHECK_OK(raise(SIGUSR1));
	CHECK_EQ(seen_count, 0);
	CHECK_EQ(pending(), SIGBIT(SIGUSR1));
	unblock(SIGBIT(SIGUSR1));
	CHECK_EQ(seen_count, 1);
	CHECK_EQ(pending(), 0);
}

static void standard_signals_merge(void)
{
	handle(SIGUSR1, note, 0, 0);
	block(SIGBIT(SIGUSR1));
	raise(SIGUSR1);
	raise(SIGUSR1);
	kill(getpid(), SIGUSR1);
	kill(getpid(), SIGUSR1);
	unblock(SIGBIT(SIGUSR1));
	/* One for the process, one for its only thread. */
	CHECK_EQ(seen_count, 2);
}

static void realtime_signals_queue(void)
{
	union sigval value;
	int i;

	handle_info(SIGRTMIN + 4);
	block(SIGBIT(SIGRTMIN + 4));
	for (i = 1; i <= 5; i++) {
		value.sival_int = i;
		CHECK_OK(sigqueue(getpid(), SIGRTMIN + 4, value));
	}
	CHECK_EQ(pending(), SIGBIT(SIGRTMIN + 4));
	unblock(SIGBIT(SIGRTMIN + 4));
	CHECK_EQ(seen_count, 5);
	CHECK_EQ(last_info.si_code, SI_QUEUE);
}

static void note_value(int sig, siginfo_t *info, void *context)
{
	(void)sig;
	(void)context;
	note(info->si_value.sival_int);
}

static void realtime_order(void)
{
	struct sigaction act = { .sa_sigaction = note_value,
				 .sa_flags = SA_SIGINFO,
				 .sa_mask = ~0UL };
	union sigval value;
	int i;

	CHECK_OK(sigaction(SIGRTMIN + 5, &act, NULL));
	block(SIGBIT(SIGRTMIN + 5));
	for (i = 1; i <= 4; i++) {
		value.sival_int = i;
		CHECK_OK(sigqueue(getpid(), SIGRTMIN + 5, value));
	}
	unblock(SIGBIT(SIGRTMIN + 5));
	for (i = 0; i < 4; i++)
		CHECK_EQ(seen[i], i + 1);
}

static void lowest_number_first(void)
{
	static const int sigs[] = { SIGRTMIN + 3, SIGUSR2, SIGHUP, SIGTERM };
	static const int order[] = { SIGHUP, SIGUSR2, SIGTERM, SIGRTMIN + 3 };
	sigset_t set = 0;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(sigs); i++) {
		handle(sigs[i], note, 0, ~0UL);
		set |= SIGBIT(sigs[i]);
	}
	block(set);
	for (i = 0; i < ARRAY_SIZE(sigs); i++)
		raise(sigs[i]);
	unblock(set);
	CHECK_EQ(seen_count, 4);
	for (i = 0; i < ARRAY_SIZE(sigs); i++)
		CHECK_EQ(seen[i], order[i]);
}

static void fork_and_signals(void)
{
	pid_t pid;

	handle(SIGUSR1, note, 0, 0);
	block(SIGBIT(SIGUSR1));
	raise(SIGUSR1);
	pid = test_fork();
	if (pid == 0) {
		/* Mask and handlers are inherited, pending signals not. */
		CHECK_EQ(current_mask(), SIGBIT(SIGUSR1));
		CHECK_EQ(pending(), 0);
		unblock(SIGBIT(SIGUSR1));
		CHECK_EQ(seen_count, 0);
		raise(SIGUSR1);
		CHECK_EQ(seen_count, 1);
		_exit(0);
	}
	test_wait_ok(pid);
	CHECK_EQ(pending(), SIGBIT(SIGUSR1));
}

/* ---- the mask while a handler runs -------------------------------------- */

static sigset_t mask_in_handler;

static void take_mask(int sig)
{
	note(sig);
	sigprocmask(SIG_BLOCK, NULL, &mask_in_handler);
}

static void handler_mask(void)
{
	block(SIGBIT(SIGHUP));
	handle(SIGUSR1, take_mask, 0, SIGBIT(SIGTERM) | SIGBIT(SIGKILL));
	raise(SIGUSR1);
	CHECK_EQ(mask_in_handler,
		 SIGBIT(SIGHUP) | SIGBIT(SIGUSR1) | SIGBIT(SIGTERM));
	CHECK_EQ(current_mask(), SIGBIT(SIGHUP));
	handle(SIGUSR1, take_mask, SA_NODEFER, 0);
	raise(SIGUSR1);
	CHECK_EQ(mask_in_handler, SIGBIT(SIGHUP));
}

static int depth;
static int deepest;

static void nest(int sig)
{
	depth++;
	if (depth > deepest)
		deepest = depth;
	if (depth < 4)
		raise(sig);
	depth--;
}

static void handler_nests_with_nodefer(void)
{
	handle(SIGUSR1, nest, SA_NODEFER, 0);
	raise(SIGUSR1);
	CHECK_EQ(deepest, 4);
	CHECK_EQ(depth, 0);
}

static void handler_does_not_nest(void)
{
	/* The inner ones come one after the other. */
	handle(SIGUSR1, nest, 0, 0);
	block(0);
	depth = 3;
	raise(SIGUSR1);
	CHECK_EQ(deepest, 4);
	CHECK_EQ(pending(), 0);
}

static void raise_other(int sig)
{
	note(sig);
	raise(SIGUSR2);
	note(sig);
}

static void handlers_of_two_signals_nest(void)
{
	handle(SIGUSR1, raise_other, 0, 0);
	handle(SIGUSR2, note, 0, 0);
	raise(SIGUSR1);
	CHECK_EQ(seen_count, 3);
	CHECK_EQ(seen[1], SIGUSR2);
	seen_count = 0;
	handle(SIGUSR1, raise_other, 0, SIGBIT(SIGUSR2));
	raise(SIGUSR1);
	CHECK_EQ(seen_count, 3);
	CHECK_EQ(seen[2], SIGUSR2);
}

static void change_saved_mask(int sig, siginfo_t *info, void *context)
{
	ucontext_t *uc = context;

	(void)sig;
	(void)info;
	CHECK_EQ(uc->uc_sigmask, 0);
	uc->uc_sigmask = SIGBIT(SIGUSR2) | SIGBIT(SIGKILL);
}

static void handler_changes_saved_mask(void)
{
	struct sigaction act = { .sa_sigaction = change_saved_mask,
				 .sa_flags = SA_SIGINFO };

	CHECK_OK(sigaction(SIGUSR1, &act, NULL));
	raise(SIGUSR1);
	CHECK_EQ(current_mask(), SIGBIT(SIGUSR2));
}

static const struct test_case cases[] = {
	{ "install: set and ask", install_and_ask },
	{ "install: errors", install_errors },
	{ "handler runs", handler_runs },
	{ "handler runs five hundred times", handler_many_times },
	{ "handlers of all signals", handlers_of_all_signals },
	{ "ignored signals", ignored_signal },
	{ "SA_RESETHAND", one_shot },
	{ "siginfo: kill", info_of_kill },
	{ "siginfo: tkill and tgkill", info_of_tkill },
	{ "siginfo: sigqueue", info_of_sigqueue },
	{ "siginfo: from a child", info_from_child },
	{ "siginfo: forging for others is refused", info_forged },
	{ "mask: operations", mask_operations },
	{ "mask: SIGKILL and SIGSTOP stay open", mask_leaves_kill_and_stop },
	{ "blocked signal waits", blocked_signal_waits },
	{ "standard signals merge", standard_signals_merge },
	{ "real-time signals queue", realtime_signals_queue },
	{ "real-time signals keep order", realtime_order },
	{ "lowest number first", lowest_number_first },
	{ "fork: mask inherited, pending not", fork_and_signals },
	{ "handler: mask", handler_mask },
	{ "handler: nests with SA_NODEFER", handler_nests_with_nodefer },
	{ "handler: does not nest without", handler_does_not_nest },
	{ "handler: two signals", handlers_of_two_signals_nest },
	{ "handler: changes the saved mask", handler_changes_saved_mask },
};

TEST_MAIN(cases)
