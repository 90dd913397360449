/*
 * Bombs: taking all of something. Each must end at a limit, with an error or
 * with the death of the greedy, while another process still makes progress
 * and, afterwards, gets what it asks for.
 *
 * TEST-ARGS: --mem 64M --pids 100
 * TEST-TIMEOUT: 300
 *
 * Without the defence (limits, and a killer that picks the greedy) the kernel
 * itself runs out of memory for the next request, and panics or hangs.
 */
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <syscall.h>
#include <test.h>
#include <time.h>
#include <unistd.h>

#include "libattack.h"

#define MIB (1UL << 20)
#define LIMIT_SECONDS 3600 /* for one that must come to its end: the case's own limit */
#define GREED_SECONDS 4	   /* for one that is killed when that takes longer */

/* A bystander beats on shared memory. */
static volatile unsigned long *beats;

static pid_t start_bystander(void)
{
	pid_t pid;

	beats = attack_shared(4096);
	pid = test_fork();
	if (pid == 0)
		for (;;) {
			beats[0]++;
			sleep_ms(20);
		}
	return pid;
}

static void check_beating(void)
{
	const unsigned long seen = beats[0];

	WAIT_UNTIL(beats[0] > seen + 2);
}

/*
 * Runs a bomb in a process group of its own while a bystander beats; kills
 * what is left of it, after so many seconds, and checks that all is well.
 * Returns the wait status.
 */
static int explode(void (*bomb)(void), uint64_t seconds)
{
	pid_t bystander = start_bystander();
	uint64_t end = test_now() + seconds * 1000000000UL;
	int status = 0;
	pid_t pid = test_fork(), ended = 0;

	if (pid == 0) {
		setpgid(0, 0);
		bomb();
		_exit(0);
	}
	while (!ended && test_now() < end) {
		unsigned long seen = beats[0];

		sleep_ms(300);
		if (beats[0] == seen) /* slow is no crime, standing still is */
			check_beating();
		ended = waitpid(pid, &status, WNOHANG);
	}
	kill(-pid, SIGKILL);
	if (!ended)
		status = test_wait(pid);
	while (waitpid(-pid, NULL, 0) > 0)
		;
	check_beating();
	CHECK_OK(kill(bystander, SIGKILL));
	CHECK_EQ(WTERMSIG(test_wait(bystander)), SIGKILL);
	attack_check_alive();
	return status;
}

/* The bomb saw the limit and ended by itself. */
static void must_end(void (*bomb)(void))
{
	int status = explode(bomb, LIMIT_SECONDS);

	if (status != 0)
		test_fail(__FILE__, __LINE__, "the bomb's wait status is %#x",
			  status);
}

/* The bomb was killed for its greed or, by us, for its slowness. */
static void may_be_killed(void (*bomb)(void))
{
	int status = explode(bomb, GREED_SECONDS);

	if (status != 0 && !(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL))
		test_fail(__FILE__, __LINE__, "the bomb's wait status is %#x",
			  status);
}

/* ---- processes -------------------------------------------------------------------- */

static void fork_chain(void)
{
	int refused = 0;

	while (refused < 50) {
		pid_t pid = fork();

		if (pid == 0)
			pause();
		if (pid < 0) {
			CHECK(errno == EAGAIN || errno == ENOMEM);
			refused++;
		}
	}
}

/* One process forks until it is refused. */
static void fork_wide(void)
{
	must_end(fork_chain);
}

/* Every child forks too, for as long as it lasts. */
static void fork_tree_bomb(void)
{
	const uint64_t end = test_now() + 2000000000UL;

	while (test_now() < end)
		fork();
	pause();
}

static void fork_deep(void)
{
	pid_t bystander = start_bystander();
	pid_t pid = test_fork();

	if (pid == 0) {
		setpgid(0, 0);
		fork_tree_bomb();
	}
	setpgid(pid, pid);
	sleep_ms(3000);
	check_beating();
	CHECK_OK(kill(-pid, SIGKILL));
	test_wait(pid);
	/* the orphans go to process 1, which must reap them */
	sleep_ms(200);
	check_beating();
	CHECK_OK(kill(bystander, SIGKILL));
	test_wait(bystander);
	WAIT_UNTIL(kill(-pid, 0) == -1);
	attack_check_alive();
}

/* Zombies that nobody reaps hold their numbers. */
static void zombie_bomb(void)
{
	int refused = 0;

	while (refused < 50) {
		pid_t pid = fork();

		if (pid == 0)
			_exit(0);
		if (pid < 0)
			refused++;
	}
}

static void zombies(void)
{
	must_end(zombie_bomb);
}

static void thread_bomb(void)
{
	static char stacks[64] __attribute__((aligned(16)));
	int refused = 0;

	while (refused < 50) {
		long pid = sys6(__NR_clone, CLONE_VM | SIGCHLD,
				(long)(stacks + sizeof(stacks)), 0, 0, 0, 0);

		if (pid == 0)
			for (;;)
				sys0(__NR_pause);
		if (pid < 0)
			refused++;
	}
}

static void tasks_sharing_memory(void)
{
	must_end(thread_bomb);
}

/* ---- memory ------------------------------------------------------------------------ */

static void touch_all(void)
{
	const unsigned long step = 4 * MIB;

	for (;;) {
		char *at = mmap(NULL, step, PROT_READ | PROT_WRITE,
				MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		unsigned long i;

		if (at == MAP_FAILED)
			return;
		for (i = 0; i < step; i += PAGE_SIZE)
			at[i] = 1;
	}
}

static void memory_touched(void)
{
	may_be_killed(touch_all);
}

static void touch_by_brk(void)
{
	while (sbrk((intptr_t)MIB) != (void *)-1)
		memset((char *)sys_brk(NULL) - MIB, 1, MIB);
}

static void memory_by_brk(void)
{
	may_be_killed(touch_by_brk);
}

static volatile int never_set;

static void grow_stack(void)
{
	volatile char frame[4096];

	frame[0] = 1;
	if (!never_set)
		grow_stack();
	frame[1] = frame[0];
}

static void stack_without_end(void)
{
	int status = explode(grow_stack, GREED_SECONDS);

	CHECK(WIFSIGNALED(status));
	CHECK(WTERMSIG(status) == SIGSEGV || WTERMSIG(status) == SIGKILL);
}

/* Shared memory that outlives whoever touched it. */
static void touch_shared(void)
{
	unsigned long bytes = 256 * MIB;
	char *at = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
			MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	unsigned long i;

	if (at == MAP_FAILED)
		return;
	for (i = 0; i < bytes; i += PAGE_SIZE)
		at[i] = 1;
}

static void memory_shared(void)
{
	int status = explode(touch_shared, GREED_SECONDS);

	CHECK(status == 0 || WIFSIGNALED(status));
}

/* One page in each page table: tables cost as much as pages. */
static void touch_sparse(void)
{
	unsigned long at;

	for (at = 0x1000000; at < 0x60000000; at += 2 * MIB) {
		char *page = mmap((void *)at, PAGE_SIZE, PROT_READ | PROT_WRITE,
				  MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE,
				  -1, 0);

		if (page != MAP_FAILED)
			*page = 1;
	}
}

static void memory_sparse(void)
{
	may_be_killed(touch_sparse);
}

/* As many mappings as possible: protections alternate, so none merge. */
static void map_many_bomb(void)
{
	unsigned long bytes = 512 * MIB;
	char *at = mmap(NULL, bytes, PROT_NONE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	unsigned long i;

	if (at == MAP_FAILED)
		return;
	for (i = 0; i < bytes; i += 2 * PAGE_SIZE)
		if (mprotect(at + i, PAGE_SIZE, PROT_READ)) {
			CHECK_EQ(errno, ENOMEM);
			return;
		}
}

static void many_mappings(void)
{
	may_be_killed(map_many_bomb);
}

/* The same with each page touched: the host's own mappings run out first. */
static void map_many_touched_bomb(void)
{
	unsigned long bytes = 40 * MIB;
	char *at = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	unsigned long i;

	if (at == MAP_FAILED)
		return;
	for (i = 0; i < bytes; i += 2 * PAGE_SIZE) {
		at[i] = 1;
		mprotect(at + i, PAGE_SIZE, PROT_READ);
	}
}

static void many_mappings_touched(void)
{
	may_be_killed(map_many_touched_bomb);
}

/* Copy on write by many children. */
static void cow_bomb(void)
{
	unsigned long bytes = 20 * MIB, i;
	char *at = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (at == MAP_FAILED)
		return;
	memset(at, 1, bytes);
	for (i = 0; i < 8; i++)
		if (fork() == 0) {
			memset(at, 2, bytes);
			pause();
		}
	sleep_ms(1000);
}

static void copies_on_write(void)
{
	may_be_killed(cow_bomb);
}

/* ---- descriptors and files ---------------------------------------------------------------- */

static void open_all(void)
{
	while (open("/", O_RDONLY) >= 0)
		;
	CHECK(errno == EMFILE || errno == ENFILE || errno == ENOMEM);
}

static void descriptors(void)
{
	must_end(open_all);
}

/* With the limit as high as it goes, and by many processes. */
static void open_all_many(void)
{
	struct rlimit limit = { 1 << 20, 1 << 20 };
	int i;

	setrlimit(RLIMIT_NOFILE, &limit);
	for (i = 0; i < 20; i++)
		if (fork() == 0) {
			while (open("/", O_RDONLY) >= 0)
				;
			pause();
		}
	sleep_ms(2000);
}

static void descriptors_of_many(void)
{
	may_be_killed(open_all_many);
}

static void pipe_bomb(void)
{
	static char block[65536];
	int fds[2];

	while (pipe2(fds, O_NONBLOCK) == 0)
		while (write(fds[1], block, sizeof(block)) > 0)
			;
}

static void pipes(void)
{
	may_be_killed(pipe_bomb);
}

static void file_bomb(void)
{
	static char block[65536];
	int fd = open("/tmp/bomb", O_WRONLY | O_CREAT | O_TRUNC, 0600);
	long n;

	do
		n = write(fd, block, sizeof(block));
	while (n > 0);
	CHECK(errno == ENOSPC || errno == ENOMEM);
}

static void file_without_end(void)
{
	int status = explode(file_bomb, GREED_SECONDS);

	unlink("/tmp/bomb");
	CHECK(status == 0 || (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL));
	test_make_file("/tmp/after", "room again");
	unlink("/tmp/after");
}

static void empty_files_bomb(void)
{
	char name[64];
	int i;

	for (i = 0;; i++) {
		int fd;

		snprintf(name, sizeof(name), "f%d", i);
		fd = open(name, O_WRONLY | O_CREAT, 0600);
		if (fd < 0)
			break;
		close(fd);
		if (i == 5000)
			break;
	}
}

static void many_files(void)
{
	test_scratch();
	may_be_killed(empty_files_bomb);
}

static void nest_bomb(void)
{
	int i;

	for (i = 0; i < 800; i++) /* the harness must get down there */
		if (mkdir("d", 0700) || chdir("d"))
			break;
}

static void deep_directories(void)
{
	test_scratch();
	may_be_killed(nest_bomb);
}

static void loop_names(void)
{
	struct stat st;

	test_scratch();
	CHECK_OK(symlink("b", "a"));
	CHECK_OK(symlink("a", "b"));
	CHECK_ERR(open("a", O_RDONLY), ELOOP);
	CHECK_ERR(stat("b", &st), ELOOP);
}

/* ---- other things that queue ----------------------------------------------------------------- */

static void queue_bomb(void)
{
	const sigset_t all = ~0UL;
	union sigval value = { .sival_int = 1 };
	int i;

	CHECK_OK(sigprocmask(SIG_SETMASK, &all, NULL));
	for (i = 0; i < 1000000; i++)
		if (sigqueue(getpid(), 40, value)) {
			CHECK_EQ(errno, EAGAIN);
			return;
		}
	CHECK(!"an end of the queue");
}

static void queued_signals(void)
{
	must_end(queue_bomb);
}

static void args_bomb(void)
{
	static char big[100000];
	static char *argv[2000];
	size_t i;

	memset(big, 'x', sizeof(big) - 1);
	for (i = 0; i < ARRAY_SIZE(argv) - 1; i++)
		argv[i] = big;
	execve(test_program(), argv, environ);
	CHECK(errno == E2BIG || errno == ENOMEM);
}

static void arguments(void)
{
	must_end(args_bomb);
}

static void lock_bomb(void)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET,
			      .l_len = 1 };
	int fd = (int)CHECK_OK(open("locks", O_RDWR | O_CREAT, 0600));
	int i;

	for (i = 0; i < 200000; i++) {
		lock.l_start = 2 * i;
		if (fcntl(fd, F_SETLK, &lock)) {
			CHECK(errno == ENOLCK || errno == ENOMEM);
			return;
		}
	}
}

static void locks(void)
{
	test_scratch();
	may_be_killed(lock_bomb);
}

static void timer_bomb(void)
{
	int id, i;

	for (i = 0; i < 1000000; i++)
		if (sys3(__NR_timer_create, 1, 0, (long)&id) < 0)
			return;
	CHECK(!"an end of the timers");
}

static void timers(void)
{
	must_end(timer_bomb);
}

static const struct test_case cases[] = {
	{ "forks by one process", fork_wide },
	{ "forks by every process", fork_deep },
	{ "zombies", zombies },
	{ "tasks that share memory", tasks_sharing_memory },
	{ "memory, touched", memory_touched },
	{ "memory by brk", memory_by_brk },
	{ "a stack without end", stack_without_end },
	{ "shared memory", memory_shared },
	{ "a page here and there", memory_sparse },
	{ "many mappings", many_mappings },
	{ "many mappings, touched", many_mappings_touched },
	{ "copies on write", copies_on_write },
	{ "descriptors", descriptors },
	{ "descriptors of many processes", descriptors_of_many },
	{ "full pipes", pipes },
	{ "a file without end", file_without_end },
	{ "many files", many_files },
	{ "deep directories", deep_directories },
	{ "links in a circle", loop_names },
	{ "queued signals", queued_signals },
	{ "arguments", arguments },
	{ "locks", locks },
	{ "timers", timers },
};
TEST_MAIN(cases)
