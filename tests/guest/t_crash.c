/*
 * Programs that die of what they did: by default, and when the signal is
 * ignored, blocked, or cannot be handled.
 */
#include <setjmp.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <test.h>
#include <unistd.h>

static jmp_buf back;

static void escape(int sig)
{
	(void)sig;
	longjmp(back, 1);
}

static void handle(void (*handler)(int))
{
	struct sigaction act = { .sa_handler = handler };

	CHECK_OK(sigaction(SIGSEGV, &act, NULL));
}

static void check_dies(void (*fn)(void), int sig)
{
	int status = test_status(fn);

	CHECK(WIFSIGNALED(status));
	CHECK_EQ(WTERMSIG(status), sig);
}

/* ---- by default --------------------------------------------------------- */

static void crash(void)
{
	*(volatile char *)test_bad_pointer = 1;
}

static void undefined(void)
{
	__asm__ volatile("ud2");
}

static void divide(void)
{
	__asm__ volatile("xorl %%ecx, %%ecx\n\t"
			 "divl %%ecx"
			 :
			 :
			 : "rax", "rcx", "rdx", "cc");
}

static void breakpoint(void)
{
	__asm__ volatile("int3");
}

static void privileged(void)
{
	__asm__ volatile("hlt");
}

static void jump_away(void)
{
	((void (*)(void))test_bad_pointer)();
}

static void lose_the_stack(void)
{
	__asm__ volatile("movl $64, %%esp\n\t"
			 "pushq %%rax"
			 :
			 :
			 : "memory");
}

static void unmap_everything(void)
{
	/* The return address is gone when the call comes back. */
	munmap((void *)0x10000, 0x6fff0000);
}

static void by_default(void)
{
	check_dies(crash, SIGSEGV);
	check_dies(undefined, SIGILL);
	check_dies(divide, SIGFPE);
	check_dies(breakpoint, SIGTRAP);
	check_dies(privileged, SIGSEGV);
	check_dies(jump_away, SIGSEGV);
	check_dies(lose_the_stack, SIGSEGV);
	check_dies(unmap_everything, SIGSEGV);
}

/* ---- all the same ------------------------------------------------------- */

static void crash_ignoring(void)
{
	handle(SIG_IGN);
	crash();
}

static void ignored(void)
{
	check_dies(crash_ignoring, SIGSEGV);
}

static void crash_blocking(void)
{
	sigset_t set = SIGBIT(SIGSEGV);

	handle(escape);
	CHECK_OK(sigprocmask(SIG_BLOCK, &set, NULL));
	if (setjmp(back) == 0)
		crash();
}

static void blocked(void)
{
	check_dies(crash_blocking, SIGSEGV);
}

static void crash_again(int sig)
{
	(void)sig;
	crash();
}

static void crash_twice(void)
{
	handle(crash_again);
	crash();
}

static void in_the_handler(void)
{
	check_dies(crash_twice, SIGSEGV);
}

static void crash_without_stack(void)
{
	handle(escape);
	if (setjmp(back) == 0)
		lose_the_stack();
}

static void without_stack(void)
{
	check_dies(crash_without_stack, SIGSEGV);
}

static void crash_into_nowhere(void)
{
	handle((void (*)(int))test_bad_pointer);
	crash();
}

static void handler_is_nowhere(void)
{
	check_dies(crash_into_nowhere, SIGSEGV);
}

/* ---- the others --------------------------------------------------------- */

static void others_live(void)
{
	int fds[2];
	char byte;
	pid_t pid;
	int i;

	CHECK_OK(pipe(fds));
	pid = test_fork();
	if (pid == 0) {
		test_read_all(fds[0], &byte, 1);
		_exit(0);
	}
	for (i = 0; i < 20; i++)
		check_dies(crash, SIGSEGV);
	CHECK_EQ(write(fds[1], "x", 1), 1);
	test_wait_ok(pid);
}

static void resources_are_given_back(void)
{
	char byte;
	int fds[2];
	pid_t pid;

	CHECK_OK(pipe(fds));
	pid = test_fork();
	if (pid == 0)
		crash();
	CHECK_OK(close(fds[1]));
	/* The dead child's copy of the writing end is closed. */
	CHECK_EQ(read(fds[0], &byte, 1), 0);
	CHECK_EQ(WTERMSIG(test_wait(pid)), SIGSEGV);
}

static const struct test_case cases[] = {
	{ "by default", by_default },
	{ "signal ignored", ignored },
	{ "signal blocked", blocked },
	{ "in the handler", in_the_handler },
	{ "without a stack", without_stack },
	{ "handler is nowhere", handler_is_nowhere },
	{ "others live on", others_live },
	{ "resources are given back", resources_are_given_back },
};

TEST_MAIN(cases)
