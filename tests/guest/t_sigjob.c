/*
 * What signals do to processes by default, stopping and continuing, SIGCHLD,
 * and which system calls go on after a handler.
 */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <test.h>
#include <time.h>
#include <unistd.h>

static volatile sig_atomic_t count;
static siginfo_t last_info;

static void note(int sig)
{
	(void)sig;
	count++;
}

static void note_info(int sig, siginfo_t *info, void *context)
{
	(void)sig;
	(void)context;
	last_info = *info;
	count++;
}

static void handle(int sig, void (*handler)(int), unsigned long flags)
{
	struct sigaction act = { .sa_handler = handler, .sa_flags = flags };

	CHECK_OK(sigaction(sig, &act, NULL));
}

static pid_t start_sleeper(void)
{
	pid_t pid = test_fork();

	if (pid == 0)
		for (;;)
			pause();
	return pid;
}

static void end(pid_t pid)
{
	CHECK_OK(kill(pid, SIGKILL));
	CHECK_EQ(WTERMSIG(test_wait(pid)), SIGKILL);
}

/* ---- default actions ---------------------------------------------------- */

static void check_kills(int sig)
{
	pid_t pid = start_sleeper();
	int status;

	CHECK_OK(kill(pid, sig));
	status = test_wait(pid);
	CHECK(WIFSIGNALED(status));
	CHECK_EQ(WTERMSIG(status), sig);
}

static void default_terminates(void)
{
	static const int sigs[] = {
		SIGHUP,	 SIGINT,    SIGKILL, SIGUSR1,	SIGUSR2,
		SIGPIPE, SIGALRM,   SIGTERM, SIGSTKFLT, SIGIO,
		SIGPROF, SIGVTALRM, SIGPWR,
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(sigs); i++)
		check_kills(sigs[i]);
}

static void default_dumps_core(void)
{
	static const int sigs[] = { SIGQUIT, SIGILL,  SIGTRAP, SIGABRT, SIGBUS,
				    SIGFPE,  SIGSEGV, SIGXCPU, SIGXFSZ, SIGSYS };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(sigs); i++)
		check_kills(sigs[i]);
}

static void default_of_realtime(void)
{
	check_kills(34);
	check_kills(50);
	check_kills(64);
}

static void default_ignores(void)
{
	static const int sigs[] = { SIGCHLD, SIGURG, SIGWINCH, SIGCONT };
	pid_t pid = start_sleeper();
	size_t i;

	for (i = 0; i < ARRAY_SIZE(sigs); i++) {
		CHECK_OK(kill(pid, sigs[i]));
		sleep_ms(2);
		CHECK_EQ(waitpid(pid, NULL, WNOHANG), 0);
	}
	end(pid);
}

static void default_stops(void)
{
	static const int sigs[] = { SIGSTOP, SIGTSTP, SIGTTIN, SIGTTOU };
	pid_t pid = start_sleeper();
	int status;
	size_t i;

	/*
	 * All but SIGSTOP need a parent in another group of the session, or
	 * nobody could continue the child and nothing happens.
	 */
	CHECK_OK(setpgid(pid, pid));
	for (i = 0; i < ARRAY_SIZE(sigs); i++) {
		CHECK_OK(kill(pid, sigs[i]));
		CHECK_EQ(waitpid(pid, &status, WUNTRACED), pid);
		CHECK(WIFSTOPPED(status));
		CHECK_EQ(WSTOPSIG(status), sigs[i]);
		CHECK_OK(kill(pid, SIGCONT));
		CHECK_EQ(waitpid(pid, &status, WCONTINUED), pid);
	}
	end(pid);
}

/* ---- stop and continue -------------------------------------------------- */

static volatile unsigned int *shared_counter(void)
{
	void *p = mmap(NULL, PAGE_SIZE, PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	CHECK(p != MAP_FAILED);
	return p;
}

static void stopped_makes_no_progress(void)
{
	volatile unsigned int *counter = shared_counter();
	unsigned int before;
	pid_t pid = test_fork();

	if (pid == 0)
		for (;;)
			++*counter;
	WAIT_UNTIL(*counter > 0);
	CHECK_OK(kill(pid, SIGSTOP));
	CHECK_EQ(waitpid(pid, NULL, WUNTRACED), pid);
	before = *counter;
	sleep_ms(30);
	CHECK_EQ(*counter, before);
	CHECK_OK(kill(pid, SIGCONT));
	WAIT_UNTIL(*counter != before);
	end(pid);
}

static void stopped_takes_no_signals_but_kill(void)
{
	pid_t pid = start_sleeper();

	CHECK_OK(kill(pid, SIGSTOP));
	CHECK_EQ(waitpid(pid, NULL, WUNTRACED), pid);
	CHECK_OK(kill(pid, SIGTERM));
	sleep_ms(20);
	CHECK_EQ(waitpid(pid, NULL, WNOHANG), 0);
	CHECK_OK(kill(pid, SIGCONT));
	CHECK_EQ(WTERMSIG(test_wait(pid)), SIGTERM);
	pid = start_sleeper();
	CHECK_OK(kill(pid, SIGSTOP));
	CHECK_EQ(waitpid(pid, NULL, WUNTRACED), pid);
	end(pid);
}

static void continue_drops_pending_stops(void)
{
	sigset_t set = SIGBIT(SIGTSTP) | SIGBIT(SIGCONT);
	sigset_t pending;

	CHECK_OK(sigprocmask(SIG_BLOCK, &set, NULL));
	CHECK_OK(raise(SIGTSTP));
	CHECK_OK(raise(SIGCONT));
	CHECK_OK(sigpending(&pending));
	CHECK_EQ(pending & SIGBIT(SIGTSTP), 0);
	CHECK_OK(raise(SIGTSTP));
	CHECK_OK(sigpending(&pending));
	CHECK_EQ(pending & SIGBIT(SIGCONT), 0);
}

static void continue_runs_its_handler(void)
{
	volatile unsigned int *ready = shared_counter();
	pid_t pid = test_fork();

	if (pid == 0) {
		handle(SIGCONT, note, 0);
		*ready = 1;
		WAIT_UNTIL(count == 1);
		_exit(0);
	}
	WAIT_UNTIL(*ready == 1);
	CHECK_OK(kill(pid, SIGSTOP));
	CHECK_EQ(waitpid(pid, NULL, WUNTRACED), pid);
	CHECK_OK(kill(pid, SIGCONT));
	test_wait_ok(pid);
}

static void stop_oneself(void)
{
	int status;
	pid_t pid = test_fork();

	if (pid == 0) {
		CHECK_OK(raise(SIGSTOP));
		_exit(0);
	}
	CHECK_EQ(waitpid(pid, &status, WUNTRACED), pid);
	CHECK(WIFSTOPPED(status));
	CHECK_OK(kill(pid, SIGCONT));
	test_wait_ok(pid);
}

/* ---- SIGCHLD ------------------------------------------------------------ */

static void install_chld(unsigned long flags)
{
	struct sigaction act = { .sa_sigaction = note_info,
				 .sa_flags = SA_SIGINFO | flags };

	CHECK_OK(sigaction(SIGCHLD, &act, NULL));
}

static void chld_says_who_and_how(void)
{
	pid_t pid;

	install_chld(0);
	pid = test_fork();
	if (pid == 0)
		_exit(33);
	WAIT_UNTIL(count == 1);
	CHECK_EQ(last_info.si_signo, SIGCHLD);
	CHECK_EQ(last_info.si_code, CLD_EXITED);
	CHECK_EQ(last_info.si_pid, pid);
	CHECK_EQ(last_info.si_uid, getuid());
	CHECK_EQ(last_info.si_status, 33);
	CHECK_EQ(WEXITSTATUS(test_wait(pid)), 33);
	pid = start_sleeper();
	CHECK_OK(kill(pid, SIGTERM));
	WAIT_UNTIL(count == 2);
	CHECK_EQ(last_info.si_code, CLD_KILLED);
	CHECK_EQ(last_info.si_status, SIGTERM);
	test_wait(pid);
}

static void chld_on_stop_and_continue(void)
{
	pid_t pid;

	install_chld(0);
	pid = start_sleeper();
	CHECK_OK(kill(pid, SIGSTOP));
	WAIT_UNTIL(count == 1);
	CHECK_EQ(last_info.si_code, CLD_STOPPED);
	CHECK_EQ(last_info.si_status, SIGSTOP);
	CHECK_OK(kill(pid, SIGCONT));
	WAIT_UNTIL(count == 2);
	CHECK_EQ(last_info.si_code, CLD_CONTINUED);
	signal(SIGCHLD, SIG_DFL);
	end(pid);
}

static void chld_nocldstop(void)
{
	pid_t pid;

	install_chld(SA_NOCLDSTOP);
	pid = start_sleeper();
	CHECK_OK(kill(pid, SIGSTOP));
	WAIT_UNTIL(waitpid(pid, NULL, WUNTRACED | WNOHANG) == pid);
	CHECK_EQ(count, 0);
	CHECK_OK(kill(pid, SIGKILL));
	WAIT_UNTIL(count == 1);
	test_wait(pid);
}

static void no_zombie_when_ignored(void)
{
	pid_t pid;

	signal(SIGCHLD, SIG_IGN);
	pid = test_fork();
	if (pid == 0)
		_exit(0);
	/* The wait lasts until all are gone, then finds nothing. */
	CHECK_ERR(wait(NULL), ECHILD);
	CHECK_ERR(kill(pid, 0), ESRCH);
}

static void no_zombie_with_nocldwait(void)
{
	pid_t pid;

	handle(SIGCHLD, note, SA_NOCLDWAIT);
	pid = test_fork();
	if (pid == 0)
		_exit(0);
	WAIT_UNTIL(waitpid(pid, NULL, 0) < 0 && errno == ECHILD);
	CHECK_EQ(count, 1);
}

/* ---- system calls and handlers ------------------------------------------ */

/* A child that sends `sig` to its parent after a while, and again. */
static pid_t start_pest(int sig)
{
	pid_t parent = getpid();
	pid_t pid = test_fork();

	if (pid == 0) {
		for (;;) {
			sleep_ms(20);
			kill(parent, sig);
		}
	}
	return pid;
}

static void read_eintr(void)
{
	int fds[2];
	char byte;
	pid_t pest;

	CHECK_OK(pipe(fds));
	handle(SIGUSR1, note, 0);
	pest = start_pest(SIGUSR1);
	CHECK_ERR(read(fds[0], &byte, 1), EINTR);
	end(pest);
	CHECK(count >= 1);
}

static volatile unsigned int *seen; /* shared with a child */

static void note_for_child(int sig)
{
	note(sig);
	++*seen;
}

static void read_restarts(void)
{
	pid_t parent = getpid();
	int fds[2];
	char byte;
	pid_t pid;

	CHECK_OK(pipe(fds));
	seen = shared_counter();
	handle(SIGUSR1, note_for_child, SA_RESTART);
	pid = test_fork();
	if (pid == 0) {
		unsigned int i;

		for (i = 0; i < 3; i++) {
			sleep_ms(10);
			CHECK_OK(kill(parent, SIGUSR1));
			WAIT_UNTIL(*seen == i + 1);
		}
		sleep_ms(10);
		CHECK_EQ(write(fds[1], "x", 1), 1);
		_exit(0);
	}
	CHECK_EQ(read(fds[0], &byte, 1), 1);
	CHECK_EQ(byte, 'x');
	CHECK_EQ(count, 3);
	test_wait_ok(pid);
}

static void write_eintr(void)
{
	static char block[65536];
	int fds[2];
	pid_t pest;

	CHECK_OK(pipe(fds));
	CHECK_EQ(write(fds[1], block, sizeof(block)), sizeof(block));
	handle(SIGUSR1, note, 0);
	pest = start_pest(SIGUSR1);
	CHECK_ERR(write(fds[1], "x", 1), EINTR);
	end(pest);
}

static void wait_eintr_and_restart(void)
{
	pid_t sleeper = start_sleeper();
	pid_t pest;
	pid_t pid;

	handle(SIGUSR1, note, 0);
	pest = start_pest(SIGUSR1);
	CHECK_ERR(waitpid(sleeper, NULL, 0), EINTR);
	handle(SIGUSR1, note, SA_RESTART);
	pid = test_fork();
	if (pid == 0) {
		sleep_ms(100);
		_exit(0);
	}
	CHECK_EQ(waitpid(pid, NULL, 0), pid);
	CHECK(count >= 2);
	end(pest);
	end(sleeper);
}

static void poll_never_restarts(void)
{
	struct pollfd p = { .events = POLLIN };
	int fds[2];
	pid_t pest;

	CHECK_OK(pipe(fds));
	p.fd = fds[0];
	handle(SIGUSR1, note, SA_RESTART);
	pest = start_pest(SIGUSR1);
	CHECK_ERR(poll(&p, 1, 5000), EINTR);
	end(pest);
}

static void stop_does_not_interrupt(void)
{
	pid_t pid;
	int fds[2];
	char byte;

	CHECK_OK(pipe(fds));
	pid = test_fork();
	if (pid == 0) {
		CHECK_EQ(read(fds[0], &byte, 1), 1);
		_exit(0);
	}
	sleep_ms(10);
	CHECK_OK(kill(pid, SIGSTOP));
	CHECK_EQ(waitpid(pid, NULL, WUNTRACED), pid);
	CHECK_OK(kill(pid, SIGCONT));
	sleep_ms(10);
	CHECK_EQ(write(fds[1], "x", 1), 1);
	test_wait_ok(pid);
}

static void ignored_does_not_interrupt(void)
{
	pid_t parent = getpid();
	int fds[2];
	char byte;
	pid_t pid;

	CHECK_OK(pipe(fds));
	signal(SIGUSR1, SIG_IGN);
	pid = test_fork();
	if (pid == 0) {
		sleep_ms(10);
		kill(parent, SIGUSR1);
		kill(parent, SIGWINCH);
		sleep_ms(10);
		CHECK_EQ(write(fds[1], "x", 1), 1);
		_exit(0);
	}
	CHECK_EQ(read(fds[0], &byte, 1), 1);
	test_wait_ok(pid);
}

static const struct test_case cases[] = {
	{ "default: terminate", default_terminates },
	{ "default: terminate with core", default_dumps_core },
	{ "default: real-time signals terminate", default_of_realtime },
	{ "default: ignore", default_ignores },
	{ "default: stop", default_stops },
	{ "stopped: no progress", stopped_makes_no_progress },
	{ "stopped: only SIGKILL gets through", stopped_takes_no_signals_but_kill },
	{ "SIGCONT drops pending stops, and back", continue_drops_pending_stops },
	{ "SIGCONT runs its handler", continue_runs_its_handler },
	{ "stopping oneself", stop_oneself },
	{ "SIGCHLD: who and how", chld_says_who_and_how },
	{ "SIGCHLD: stop and continue", chld_on_stop_and_continue },
	{ "SIGCHLD: SA_NOCLDSTOP", chld_nocldstop },
	{ "no zombie when SIGCHLD is ignored", no_zombie_when_ignored },
	{ "no zombie with SA_NOCLDWAIT", no_zombie_with_nocldwait },
	{ "read: EINTR", read_eintr },
	{ "read: SA_RESTART", read_restarts },
	{ "write: EINTR", write_eintr },
	{ "wait: EINTR and SA_RESTART", wait_eintr_and_restart },
	{ "poll never restarts", poll_never_restarts },
	{ "stop and continue do not interrupt", stop_does_not_interrupt },
	{ "ignored signals do not interrupt", ignored_does_not_interrupt },
};

TEST_MAIN(cases)
