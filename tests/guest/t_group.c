/*
 * Process groups and sessions, and kill() to one, to a group, to others.
 */
#include <signal.h>
#include <sys/wait.h>
#include <test.h>
#include <time.h>
#include <unistd.h>

static int role_wait(int argc, char **argv)
{
	char byte;

	(void)argc;
	(void)argv;
	/* Says that the exec is done, then waits for the end of input. */
	CHECK_EQ(write(1, "x", 1), 1);
	while (read(0, &byte, 1) > 0)
		;
	return 0;
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

/* ---- process groups ----------------------------------------------------- */

static void group_is_inherited(void)
{
	pid_t group = getpgrp();
	pid_t pid = test_fork();

	if (pid == 0) {
		CHECK_EQ(getpgrp(), group);
		CHECK_EQ(getpgid(0), group);
		CHECK_EQ(getsid(0), getsid(getppid()));
		_exit(0);
	}
	CHECK_EQ(getpgid(pid), group);
	test_wait_ok(pid);
}

static void group_of_ones_own(void)
{
	pid_t pid = test_fork();

	if (pid == 0) {
		CHECK_OK(setpgid(0, 0));
		CHECK_EQ(getpgrp(), getpid());
		CHECK_OK(setpgid(getpid(), getpid()));
		_exit(0);
	}
	test_wait_ok(pid);
}

static void group_of_a_child(void)
{
	pid_t first = start_sleeper();
	pid_t second = start_sleeper();

	CHECK_OK(setpgid(first, 0));
	CHECK_EQ(getpgid(first), first);
	CHECK_OK(setpgid(second, first));
	CHECK_EQ(getpgid(second), first);
	CHECK_OK(setpgid(second, getpgrp()));
	end(first);
	end(second);
}

static void group_errors(void)
{
	pid_t pid = start_sleeper();

	CHECK_ERR(setpgid(0, -1), EINVAL);
	CHECK_ERR(setpgid(getppid(), 0), ESRCH);
	CHECK_ERR(setpgid(-5, 5), ESRCH);
	/* No group of that number in our session. */
	CHECK_ERR(setpgid(pid, 1 << 22), EPERM);
	CHECK_ERR(getpgid(1 << 22), ESRCH);
	CHECK_ERR(getsid(1 << 22), ESRCH);
	end(pid);
	CHECK_ERR(setpgid(pid, 0), ESRCH);
}

static void group_after_exec(void)
{
	int in[2];
	int out[2];
	char byte;
	pid_t pid;

	CHECK_OK(pipe(in));
	CHECK_OK(pipe(out));
	pid = test_fork();
	if (pid == 0) {
		dup2(in[0], 0);
		dup2(out[1], 1);
		close(in[1]);
		test_exec("wait", NULL);
	}
	test_read_all(out[0], &byte, 1);
	CHECK_ERR(setpgid(pid, 0), EACCES);
	close(in[1]);
	test_wait_ok(pid);
}

/* ---- sessions ----------------------------------------------------------- */

static void session_new(void)
{
	pid_t pid = test_fork();

	if (pid == 0) {
		CHECK_EQ(setsid(), getpid());
		CHECK_EQ(getsid(0), getpid());
		CHECK_EQ(getpgrp(), getpid());
		CHECK_ERR(setsid(), EPERM);
		CHECK_ERR(setpgid(0, 0), EPERM);
		_exit(0);
	}
	test_wait_ok(pid);
}

static void session_not_for_group_leaders(void)
{
	/* The harness made us one. */
	CHECK_EQ(getpgrp(), getpid());
	CHECK_ERR(setsid(), EPERM);
}

static void session_boundary(void)
{
	pid_t leader;
	int fds[2];
	char byte;

	CHECK_OK(pipe(fds));
	leader = test_fork();
	if (leader == 0) {
		CHECK_OK(setsid());
		CHECK_EQ(write(fds[1], "x", 1), 1);
		for (;;)
			pause();
	}
	test_read_all(fds[0], &byte, 1);
	CHECK_EQ(getsid(leader), leader);
	CHECK_ERR(setpgid(leader, getpgrp()), EPERM);
	end(leader);
}

/* ---- kill --------------------------------------------------------------- */

static void kill_probe(void)
{
	pid_t pid = start_sleeper();

	CHECK_OK(kill(pid, 0));
	end(pid);
	CHECK_ERR(kill(pid, 0), ESRCH);
}

static void kill_errors(void)
{
	CHECK_ERR(kill(getpid(), -1), EINVAL);
	CHECK_ERR(kill(getpid(), 65), EINVAL);
	CHECK_ERR(kill(1 << 22, 0), ESRCH);
	CHECK_ERR(kill(-(1 << 22), 0), ESRCH);
}

static void kill_group(void)
{
	pid_t first = start_sleeper();
	pid_t second = start_sleeper();
	pid_t third = start_sleeper();

	CHECK_OK(setpgid(first, first));
	CHECK_OK(setpgid(second, first));
	CHECK_OK(setpgid(third, third));
	CHECK_OK(kill(-first, SIGTERM));
	CHECK_EQ(WTERMSIG(test_wait(first)), SIGTERM);
	CHECK_EQ(WTERMSIG(test_wait(second)), SIGTERM);
	CHECK_ERR(kill(-first, 0), ESRCH);
	CHECK_OK(kill(third, 0));
	end(third);
}

static void kill_own_group(void)
{
	pid_t pid = start_sleeper();

	signal(SIGUSR1, SIG_IGN);
	CHECK_OK(kill(0, SIGUSR1));
	CHECK_EQ(WTERMSIG(test_wait(pid)), SIGUSR1);
}

static pid_t other_pid;

static void kill_foreign(void)
{
	CHECK_ERR(kill(other_pid, SIGTERM), EPERM);
	CHECK_ERR(kill(other_pid, 0), EPERM);
}

static void kill_needs_permission(void)
{
	test_need_root();
	other_pid = start_sleeper();
	test_as_user(kill_foreign);
	end(other_pid);
}

static void kill_own_user(void)
{
	pid_t pid = start_sleeper();

	end(pid);
}

static void kill_same_user(void)
{
	test_as_user(kill_own_user);
}

/* ---- orphaned groups ---------------------------------------------------- */

static volatile sig_atomic_t hangups;

static void on_hangup(int sig)
{
	(void)sig;
	hangups++;
}

/*
 * When the last tie of a group to the rest of its session goes and one of its
 * members is stopped, all get SIGHUP and SIGCONT (POSIX, _exit).
 */
static void orphaned_group_is_woken(void)
{
	pid_t middle;
	int fds[2];
	char byte = 0;

	CHECK_OK(pipe(fds));
	middle = test_fork();
	if (middle == 0) {
		pid_t inner;

		CHECK_OK(setpgid(0, 0));
		inner = test_fork();
		if (inner == 0) {
			signal(SIGHUP, on_hangup);
			raise(SIGSTOP);
			WAIT_UNTIL(hangups == 1);
			CHECK_EQ(write(fds[1], "w", 1), 1);
			_exit(0);
		}
		CHECK_EQ(waitpid(inner, NULL, WUNTRACED), inner);
		_exit(0);
	}
	test_wait_ok(middle);
	close(fds[1]);
	CHECK_EQ(read(fds[0], &byte, 1), 1);
	CHECK_EQ(byte, 'w');
}

static void try_tstp(void)
{
	CHECK_OK(setsid());
	/* Nobody could continue us: terminal stops do nothing. */
	raise(SIGTSTP);
	raise(SIGTTIN);
	raise(SIGTTOU);
}

static void orphaned_group_does_not_stop(void)
{
	test_child(try_tstp);
}

static const struct test_role roles[] = {
	{ "wait", role_wait },
};

static const struct test_case cases[] = {
	{ "group: inherited", group_is_inherited },
	{ "group: of one's own", group_of_ones_own },
	{ "group: of a child", group_of_a_child },
	{ "group: errors", group_errors },
	{ "group: EACCES after exec", group_after_exec },
	{ "session: new", session_new },
	{ "session: not for group leaders", session_not_for_group_leaders },
	{ "session: boundary for groups", session_boundary },
	{ "kill: probe with 0", kill_probe },
	{ "kill: errors", kill_errors },
	{ "kill: a group", kill_group },
	{ "kill: own group with 0", kill_own_group },
	{ "kill: EPERM across users", kill_needs_permission },
	{ "kill: same user", kill_same_user },
	{ "orphaned group: SIGHUP and SIGCONT", orphaned_group_is_woken },
	{ "orphaned group: SIGTSTP does nothing", orphaned_group_does_not_stop },
};

TEST_MAIN_ROLES(cases, roles)
