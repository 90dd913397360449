/*
 * The end of processes: wait4, waitid, zombies, orphans.
 */
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <test.h>
#include <time.h>
#include <unistd.h>

static _Noreturn void sleep_for_ever(void)
{
	for (;;)
		pause();
}

static pid_t start_sleeper(void)
{
	pid_t pid = test_fork();

	if (pid == 0)
		sleep_for_ever();
	return pid;
}

static pid_t start_exit(int code)
{
	pid_t pid = test_fork();

	if (pid == 0)
		_exit(code);
	return pid;
}

static void end_sleeper(pid_t pid)
{
	CHECK_OK(kill(pid, SIGKILL));
	CHECK_EQ(WTERMSIG(test_wait(pid)), SIGKILL);
}

/* ---- wait4 -------------------------------------------------------------- */

static void wait_no_children(void)
{
	CHECK_ERR(wait(NULL), ECHILD);
	CHECK_ERR(waitpid(-1, NULL, WNOHANG), ECHILD);
	CHECK_ERR(waitpid(getpid(), NULL, 0), ECHILD);
	CHECK_ERR(waitpid(getppid(), NULL, 0), ECHILD);
	CHECK_ERR(waitpid(-getpid(), NULL, 0), ECHILD);
}

static void wait_killed(void)
{
	static const int sigs[] = { SIGHUP, SIGINT, SIGKILL, SIGTERM, SIGUSR1 };
	size_t i;
	int status;
	pid_t pid;

	for (i = 0; i < ARRAY_SIZE(sigs); i++) {
		pid = start_sleeper();
		CHECK_OK(kill(pid, sigs[i]));
		status = test_wait(pid);
		CHECK(WIFSIGNALED(status));
		CHECK_EQ(WTERMSIG(status), sigs[i]);
		CHECK(!WCOREDUMP(status));
	}
}

static void wait_nohang(void)
{
	pid_t pid = start_sleeper();
	int status = 1234;

	CHECK_EQ(waitpid(pid, &status, WNOHANG), 0);
	CHECK_EQ(waitpid(-1, &status, WNOHANG), 0);
	CHECK_EQ(status, 1234);
	CHECK_OK(kill(pid, SIGTERM));
	WAIT_UNTIL(waitpid(pid, &status, WNOHANG) == pid);
	CHECK_EQ(WTERMSIG(status), SIGTERM);
}

static void wait_for_one(void)
{
	pid_t first = start_exit(1);
	pid_t second = start_exit(2);

	CHECK_EQ(WEXITSTATUS(test_wait(second)), 2);
	CHECK_ERR(waitpid(second, NULL, 0), ECHILD);
	CHECK_EQ(WEXITSTATUS(test_wait(first)), 1);
}

static void wait_for_any(void)
{
	pid_t first = start_exit(1);
	pid_t second = start_exit(2);
	pid_t a = wait(NULL);
	pid_t b = wait(NULL);

	CHECK((a == first && b == second) || (a == second && b == first));
}

static void wait_by_group(void)
{
	pid_t own = start_exit(1);
	pid_t other = start_sleeper();

	CHECK_OK(setpgid(other, other));
	CHECK_EQ(waitpid(-other, NULL, WNOHANG), 0);
	CHECK_EQ(waitpid(0, NULL, 0), own);
	CHECK_ERR(waitpid(0, NULL, 0), ECHILD);
	CHECK_OK(kill(other, SIGKILL));
	CHECK_EQ(waitpid(-other, NULL, 0), other);
}

static void wait_bad_options(void)
{
	CHECK_ERR(waitpid(-1, NULL, 0x10000), EINVAL);
	CHECK_ERR(waitpid(-1, NULL, WEXITED), EINVAL);
}

static void wait_bad_pointer(void)
{
	pid_t pid = start_exit(0);

	CHECK_ERR(waitpid(pid, test_bad_pointer, 0), EFAULT);
}

static void wait_stops_and_continues(void)
{
	pid_t pid = start_sleeper();
	int status;

	CHECK_OK(kill(pid, SIGSTOP));
	CHECK_EQ(waitpid(pid, &status, WUNTRACED), pid);
	CHECK(WIFSTOPPED(status));
	CHECK_EQ(WSTOPSIG(status), SIGSTOP);
	CHECK_EQ(waitpid(pid, &status, WUNTRACED | WNOHANG), 0);
	CHECK_OK(kill(pid, SIGCONT));
	CHECK_EQ(waitpid(pid, &status, WCONTINUED), pid);
	CHECK(WIFCONTINUED(status));
	CHECK_EQ(waitpid(pid, &status, WCONTINUED | WNOHANG), 0);
	end_sleeper(pid);
}

static void wait_ignores_stops_unasked(void)
{
	pid_t pid = start_sleeper();
	int status;

	CHECK_OK(kill(pid, SIGSTOP));
	CHECK_EQ(waitpid(pid, &status, WUNTRACED), pid);
	CHECK_OK(kill(pid, SIGCONT));
	CHECK_OK(kill(pid, SIGSTOP));
	CHECK_EQ(waitpid(pid, &status, WNOHANG), 0);
	end_sleeper(pid);
}

static void wait_usage(void)
{
	struct rusage usage;
	int status;
	pid_t pid = test_fork();

	if (pid == 0) {
		test_spin_ms(50);
		_exit(0);
	}
	memset(&usage, 0xff, sizeof(usage));
	CHECK_EQ(wait4(pid, &status, 0, &usage), pid);
	CHECK_EQ(status, 0);
	CHECK(usage.ru_utime.tv_sec >= 0 && usage.ru_utime.tv_sec < 30);
	CHECK(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec > 10000 ||
	      usage.ru_utime.tv_sec + usage.ru_stime.tv_sec > 0);
}

static void wait_is_interrupted_by_nothing(void)
{
	/* SIGCHLD is ignored by default and must not end the wait early. */
	pid_t sleeper = start_sleeper();
	pid_t quick = start_exit(3);
	int status;

	CHECK_EQ(waitpid(quick, &status, 0), quick);
	CHECK_EQ(WEXITSTATUS(status), 3);
	end_sleeper(sleeper);
}

/* ---- zombies and orphans ------------------------------------------------ */

static void zombie_exists_until_reaped(void)
{
	siginfo_t info;
	pid_t pid = start_exit(0);

	CHECK_OK(waitid(P_PID, pid, &info, WEXITED | WNOWAIT));
	CHECK_OK(kill(pid, 0));
	CHECK_OK(kill(pid, SIGKILL));
	CHECK_EQ(WEXITSTATUS(test_wait(pid)), 0);
	CHECK_ERR(kill(pid, 0), ESRCH);
}

static void orphan_gets_new_parent(void)
{
	pid_t middle;
	pid_t parent;
	int fds[2];

	CHECK_OK(pipe(fds));
	middle = test_fork();
	if (middle == 0) {
		pid_t self = getpid();

		if (test_fork() == 0) {
			WAIT_UNTIL(getppid() != self);
			parent = getppid();
			CHECK_EQ(write(fds[1], &parent, sizeof(parent)),
				 sizeof(parent));
		}
		_exit(0);
	}
	test_wait_ok(middle);
	test_read_all(fds[0], &parent, sizeof(parent));
	CHECK(parent != middle);
	CHECK(parent != getpid());
	CHECK_ERR(wait(NULL), ECHILD);
}

static void orphan_is_reaped(void)
{
	pid_t orphan;
	pid_t middle;
	int fds[2];

	CHECK_OK(pipe(fds));
	middle = test_fork();
	if (middle == 0) {
		orphan = test_fork();
		if (orphan == 0)
			_exit(0);
		CHECK_EQ(write(fds[1], &orphan, sizeof(orphan)), sizeof(orphan));
		_exit(0);
	}
	test_wait_ok(middle);
	test_read_all(fds[0], &orphan, sizeof(orphan));
	WAIT_UNTIL(kill(orphan, 0) < 0 && errno == ESRCH);
}

static void subreaper_gets_orphans(void)
{
	pid_t pid;
	int status;

	if (prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) < 0)
		test_skip("no PR_SET_CHILD_SUBREAPER");
	pid = test_fork();
	if (pid == 0) {
		if (test_fork() == 0)
			_exit(5);
		_exit(0);
	}
	test_wait_ok(pid);
	CHECK(wait(&status) > 0);
	CHECK_EQ(WEXITSTATUS(status), 5);
}

static void parent_death_signal(void)
{
	pid_t middle;
	pid_t child;
	int fds[2];

	CHECK_OK(pipe(fds));
	middle = test_fork();
	if (middle == 0) {
		child = test_fork();
		if (child == 0) {
			if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0)
				_exit(1);
			CHECK_EQ(write(fds[1], "x", 1), 1);
			sleep_for_ever();
		}
		close(fds[1]);
		test_read_all(fds[0], &child, 1);
		_exit(0);
	}
	CHECK_OK(close(fds[1]));
	if (WEXITSTATUS(test_wait(middle)) != 0)
		test_skip("no PR_SET_PDEATHSIG");
	/* The child held the last writing end. */
	CHECK_EQ(read(fds[0], &child, 1), 0);
}

/* ---- waitid ------------------------------------------------------------- */

static void waitid_exited(void)
{
	siginfo_t info;
	pid_t pid = start_exit(300);

	memset(&info, 0, sizeof(info));
	CHECK_EQ(waitid(P_PID, pid, &info, WEXITED), 0);
	CHECK_EQ(info.si_signo, SIGCHLD);
	CHECK_EQ(info.si_code, CLD_EXITED);
	CHECK_EQ(info.si_pid, pid);
	CHECK_EQ(info.si_uid, getuid());
	CHECK_EQ(info.si_status, 300 & 0xff);
	CHECK_ERR(waitid(P_PID, pid, &info, WEXITED), ECHILD);
}

static void waitid_killed(void)
{
	siginfo_t info;
	pid_t pid = start_sleeper();

	CHECK_OK(kill(pid, SIGTERM));
	CHECK_OK(waitid(P_PID, pid, &info, WEXITED));
	CHECK_EQ(info.si_code, CLD_KILLED);
	CHECK_EQ(info.si_status, SIGTERM);
}

static void waitid_stopped(void)
{
	siginfo_t info;
	pid_t pid = start_sleeper();

	CHECK_OK(kill(pid, SIGSTOP));
	CHECK_OK(waitid(P_PID, pid, &info, WSTOPPED | WNOWAIT));
	CHECK_EQ(info.si_code, CLD_STOPPED);
	CHECK_EQ(info.si_status, SIGSTOP);
	CHECK_OK(waitid(P_PID, pid, &info, WSTOPPED));
	CHECK_OK(kill(pid, SIGCONT));
	CHECK_OK(waitid(P_PID, pid, &info, WCONTINUED));
	CHECK_EQ(info.si_code, CLD_CONTINUED);
	CHECK_EQ(info.si_status, SIGCONT);
	end_sleeper(pid);
}

static void waitid_nowait_leaves_it(void)
{
	siginfo_t info;
	pid_t pid = start_exit(4);

	CHECK_OK(waitid(P_ALL, 0, &info, WEXITED | WNOWAIT));
	CHECK_EQ(info.si_pid, pid);
	CHECK_OK(waitid(P_ALL, 0, &info, WEXITED | WNOWAIT));
	CHECK_EQ(WEXITSTATUS(test_wait(pid)), 4);
}

static void waitid_nohang(void)
{
	siginfo_t info;
	pid_t pid = start_sleeper();

	memset(&info, 0xff, sizeof(info));
	CHECK_EQ(waitid(P_ALL, 0, &info, WEXITED | WNOHANG), 0);
	CHECK_EQ(info.si_pid, 0);
	CHECK_EQ(info.si_signo, 0);
	end_sleeper(pid);
}

static void waitid_by_group(void)
{
	siginfo_t info;
	pid_t pid = start_sleeper();

	CHECK_OK(setpgid(pid, pid));
	CHECK_ERR(waitid(P_PGID, getpgrp(), &info, WEXITED), ECHILD);
	CHECK_OK(kill(pid, SIGKILL));
	CHECK_OK(waitid(P_PGID, pid, &info, WEXITED));
	CHECK_EQ(info.si_pid, pid);
}

static void waitid_errors(void)
{
	siginfo_t info;

	CHECK_ERR(waitid(P_ALL, 0, &info, 0), EINVAL);
	CHECK_ERR(waitid(P_ALL, 0, &info, WNOHANG), EINVAL);
	CHECK_ERR(waitid(99, 0, &info, WEXITED), EINVAL);
	CHECK_ERR(waitid(P_PID, -1, &info, WEXITED), EINVAL);
	CHECK_ERR(waitid(P_ALL, 0, &info, WEXITED), ECHILD);
}

static void take_signal(int sig)
{
	(void)sig;
}

/* The end of the last child comes with a signal that has a handler: what wait has
 * to say is said first. */
static void no_zombies_with_a_handler(void)
{
	struct sigaction act = { .sa_handler = take_signal,
				 .sa_flags = SA_NOCLDWAIT };
	pid_t pid;

	CHECK_OK(sigaction(SIGCHLD, &act, NULL));
	pid = test_fork();
	if (pid == 0) {
		sleep_ms(20);
		_exit(0);
	}
	CHECK_ERR(wait(NULL), ECHILD);
	CHECK_ERR(kill(pid, 0), ESRCH);
}

static const struct test_case cases[] = {
	{ "wait4: no children", wait_no_children },
	{ "wait4: killed by a signal", wait_killed },
	{ "wait4: WNOHANG", wait_nohang },
	{ "wait4: one of two", wait_for_one },
	{ "wait4: any", wait_for_any },
	{ "wait4: by process group", wait_by_group },
	{ "wait4: bad options", wait_bad_options },
	{ "wait4: bad pointer", wait_bad_pointer },
	{ "wait4: stopped and continued", wait_stops_and_continues },
	{ "wait4: stops stay unreported unasked", wait_ignores_stops_unasked },
	{ "wait4: usage", wait_usage },
	{ "wait4: SIGCHLD does not interrupt", wait_is_interrupted_by_nothing },
	{ "zombie exists until reaped", zombie_exists_until_reaped },
	{ "orphan gets a new parent", orphan_gets_new_parent },
	{ "orphan is reaped", orphan_is_reaped },
	{ "subreaper gets orphans", subreaper_gets_orphans },
	{ "parent death signal", parent_death_signal },
	{ "waitid: exited", waitid_exited },
	{ "waitid: killed", waitid_killed },
	{ "waitid: stopped and continued", waitid_stopped },
	{ "waitid: WNOWAIT", waitid_nowait_leaves_it },
	{ "waitid: WNOHANG", waitid_nohang },
	{ "waitid: by process group", waitid_by_group },
	{ "waitid: errors", waitid_errors },
	{ "no zombies, with a handler", no_zombies_with_a_handler },
};

TEST_MAIN(cases)
