/*
 * Processes: fork, vfork, clone, exit and waiting for the end.
 */
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <syscall.h>
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

/* ---- fork ---------------------------------------------------------------- */

static void fork_ids(void)
{
	pid_t parent = getpid();
	pid_t pid = test_fork();

	if (pid == 0) {
		CHECK(getpid() != parent);
		CHECK_EQ(getppid(), parent);
		CHECK_EQ(gettid(), getpid());
		_exit(0);
	}
	CHECK(pid > 0);
	CHECK_EQ(getpid(), parent);
	test_wait_ok(pid);
}

static int private_word = 1;

static void fork_copies_memory(void)
{
	int on_stack = 1;
	int *on_heap = malloc(sizeof(*on_heap));
	pid_t pid;

	*on_heap = 1;
	pid = test_fork();
	if (pid == 0) {
		private_word = 2;
		on_stack = 2;
		*on_heap = 2;
		CHECK_EQ(private_word + on_stack + *on_heap, 6);
		_exit(0);
	}
	test_wait_ok(pid);
	CHECK_EQ(private_word + on_stack + *on_heap, 3);
}

static void fork_shares_offsets(void)
{
	char byte;
	pid_t pid;
	int fd;

	test_scratch();
	test_make_file("f", "abc");
	fd = (int)CHECK_OK(open("f", O_RDONLY));
	pid = test_fork();
	if (pid == 0) {
		CHECK_EQ(read(fd, &byte, 1), 1);
		_exit(0);
	}
	test_wait_ok(pid);
	CHECK_EQ(read(fd, &byte, 1), 1);
	CHECK_EQ(byte, 'b');
}

static void fork_descriptors_are_separate(void)
{
	int fds[2];
	pid_t pid;

	CHECK_OK(pipe(fds));
	pid = test_fork();
	if (pid == 0) {
		CHECK_OK(close(fds[1]));
		_exit(0);
	}
	test_wait_ok(pid);
	CHECK_EQ(write(fds[1], "x", 1), 1);
}

static void fork_many_at_once(void)
{
	pid_t pids[50];
	int i;

	for (i = 0; i < 50; i++)
		pids[i] = start_exit(i);
	for (i = 49; i >= 0; i--)
		CHECK_EQ(WEXITSTATUS(test_wait(pids[i])), i);
	CHECK_ERR(wait(NULL), ECHILD);
}

static void nest_forks(int depth)
{
	pid_t pid;

	if (depth == 0)
		return;
	pid = test_fork();
	if (pid == 0) {
		nest_forks(depth - 1);
		_exit(0);
	}
	test_wait_ok(pid);
}

static void fork_nested(void)
{
	nest_forks(20);
}

static void fork_in_a_row(void)
{
	int i;

	for (i = 0; i < 200; i++)
		CHECK_EQ(WEXITSTATUS(test_wait(start_exit(i & 0x7f))),
			 i & 0x7f);
}

/* ---- exit ---------------------------------------------------------------- */

static void exit_codes(void)
{
	static const int codes[] = { 0, 1, 7, 127, 128, 255, 256, 263, -1 };
	size_t i;
	int status;

	for (i = 0; i < ARRAY_SIZE(codes); i++) {
		status = test_wait(start_exit(codes[i]));
		CHECK(WIFEXITED(status));
		CHECK_EQ(WEXITSTATUS(status), codes[i] & 0xff);
	}
}

static void exit_by_plain_exit(void)
{
	pid_t pid = test_fork();

	if (pid == 0)
		sys1(__NR_exit, 9);
	CHECK_EQ(WEXITSTATUS(test_wait(pid)), 9);
}

static void exit_closes_descriptors(void)
{
	int fds[2];
	char byte;
	pid_t pid;

	CHECK_OK(pipe(fds));
	pid = start_exit(0);
	CHECK_OK(close(fds[1]));
	CHECK_EQ(read(fds[0], &byte, 1), 0);
	test_wait(pid);
}

/* ---- wait4 --------------------------------------------------------------- */

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

/* ---- zombies and orphans --------------------------------------------------- */

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
		CHECK_EQ(write(fds[1], &orphan, sizeof(orphan)),
			 sizeof(orphan));
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

/* ---- waitid ---------------------------------------------------------------- */

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

/* ---- vfork and clone -------------------------------------------------------- */

static volatile int shared_word;

static void vfork_shares_memory(void)
{
	pid_t pid;

	shared_word = 0;
	pid = vfork();
	if (pid == 0) {
		shared_word = 1;
		_exit(3);
	}
	/* The parent slept until the child was gone. */
	CHECK_EQ(shared_word, 1);
	CHECK_EQ(WEXITSTATUS(test_wait(pid)), 3);
}

static void vfork_then_exec(void)
{
	char *argv[] = { (char *)"t", (char *)"=exit", (char *)"6", NULL };
	const char *path = test_program();
	pid_t pid = vfork();

	if (pid == 0) {
		execve(path, argv, environ);
		_exit(127);
	}
	CHECK_EQ(WEXITSTATUS(test_wait(pid)), 6);
}

static void vfork_child_killed(void)
{
	pid_t pid = vfork();

	if (pid == 0) {
		kill(getpid(), SIGKILL);
		_exit(0);
	}
	CHECK_EQ(WTERMSIG(test_wait(pid)), SIGKILL);
}

static long clone_plain(unsigned long flags, int *parent_tid, int *child_tid)
{
	return SYS(clone, flags, 0, parent_tid, child_tid, 0);
}

static void clone_like_fork(void)
{
	long pid = clone_plain(SIGCHLD, NULL, NULL);

	if (pid == 0)
		_exit(8);
	CHECK_EQ(WEXITSTATUS(test_wait((pid_t)pid)), 8);
}

static void clone_stores_tids(void)
{
	int parent_tid = 0;
	int child_tid = 0;
	long pid;

	pid = clone_plain(CLONE_PARENT_SETTID | CLONE_CHILD_SETTID | SIGCHLD,
			  &parent_tid, &child_tid);
	if (pid == 0) {
		CHECK_EQ(child_tid, getpid());
		_exit(0);
	}
	CHECK_EQ(parent_tid, pid);
	CHECK_EQ(child_tid, 0);
	test_wait_ok((pid_t)pid);
}

static void clone_without_sigchld(void)
{
	int status;
	long pid = clone_plain(0, NULL, NULL);

	if (pid == 0)
		_exit(2);
	CHECK(pid > 0);
	CHECK_ERR(waitpid((pid_t)pid, &status, 0), ECHILD);
	CHECK_EQ(waitpid((pid_t)pid, &status, (int)__WCLONE), pid);
	CHECK_EQ(WEXITSTATUS(status), 2);
	signal(SIGUSR2, SIG_IGN);
	pid = clone_plain(SIGUSR2, NULL, NULL);
	if (pid == 0)
		_exit(0);
	CHECK_EQ(waitpid((pid_t)pid, &status, __WALL), pid);
}

/* What glibc's posix_spawn does: the parent's memory, a stack of its own. */
static void clone_vm_vfork(void)
{
	static char stack[16384] __attribute__((aligned(16)));
	long pid;

	shared_word = 0;
	__asm__ volatile("syscall\n\t"
			 "test %%rax, %%rax\n\t"
			 "jnz 1f\n\t"
			 "movl $77, %1\n\t"
			 "movl $11, %%edi\n\t"
			 "movl %3, %%eax\n\t"
			 "syscall\n"
			 "1:"
			 : "=a"(pid), "+m"(shared_word)
			 : "0"((long)__NR_clone), "i"(__NR_exit_group),
			   "D"(CLONE_VM | CLONE_VFORK | SIGCHLD),
			   "S"(stack + sizeof(stack)), "d"(0L)
			 : "rcx", "r11", "memory");
	CHECK(pid > 0);
	CHECK_EQ(shared_word, 77);
	CHECK_EQ(WEXITSTATUS(test_wait((pid_t)pid)), 11);
}

static void clone_errors(void)
{
	CHECK_ERR(clone_plain(CLONE_SIGHAND | SIGCHLD, NULL, NULL), EINVAL);
	CHECK_ERR(clone_plain(CLONE_THREAD | SIGCHLD, NULL, NULL), EINVAL);
}

/* ---- identities -------------------------------------------------------------- */

static void ids_are_stable(void)
{
	CHECK(getpid() > 0);
	CHECK_EQ(getpid(), getpid());
	CHECK_EQ(gettid(), getpid());
	CHECK_EQ(SYS(set_tid_address, &shared_word), getpid());
}

static int role_exit(int argc, char **argv)
{
	return argc ? atoi(argv[0]) : 0;
}

static const struct test_role roles[] = {
	{ "exit", role_exit },
};

static const struct test_case cases[] = {
	{ "fork: ids", fork_ids },
	{ "fork: memory is copied", fork_copies_memory },
	{ "fork: file offsets are shared", fork_shares_offsets },
	{ "fork: descriptor tables are not", fork_descriptors_are_separate },
	{ "fork: fifty at once", fork_many_at_once },
	{ "fork: nested", fork_nested },
	{ "fork: two hundred in a row", fork_in_a_row },
	{ "exit: codes", exit_codes },
	{ "exit: by exit(2)", exit_by_plain_exit },
	{ "exit: closes descriptors", exit_closes_descriptors },
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
	{ "vfork: shares memory", vfork_shares_memory },
	{ "vfork: exec", vfork_then_exec },
	{ "vfork: child killed", vfork_child_killed },
	{ "clone: like fork", clone_like_fork },
	{ "clone: stores thread ids", clone_stores_tids },
	{ "clone: other exit signals", clone_without_sigchld },
	{ "clone: CLONE_VM with CLONE_VFORK", clone_vm_vfork },
	{ "clone: errors", clone_errors },
	{ "ids are stable", ids_are_stable },
};

TEST_MAIN_ROLES(cases, roles)
