/*
 * Processes: fork, vfork, clone, exit.
 * TEST-SMOKE
 */
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <syscall.h>
#include <test.h>
#include <unistd.h>

static pid_t start_exit(int code)
{
	pid_t pid = test_fork();

	if (pid == 0)
		_exit(code);
	return pid;
}

/* ---- fork --------------------------------------------------------------- */

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
		CHECK_EQ(WEXITSTATUS(test_wait(start_exit(i & 0x7f))), i & 0x7f);
}

/* ---- exit --------------------------------------------------------------- */

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

/* ---- vfork and clone ---------------------------------------------------- */

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

/* ---- identities --------------------------------------------------------- */

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
