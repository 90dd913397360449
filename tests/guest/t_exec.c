/*
 * execve: what the new program is given, what it keeps, and what is refused.
 */
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <test.h>
#include <unistd.h>

/* ---- roles: the program that was started again -------------------------- */

static int role_true(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	return 0;
}

/* Arguments must be as exec_arguments gave them. */
static int role_args(int argc, char **argv)
{
	CHECK_EQ(argc, 4);
	CHECK_STR(argv[0], "one");
	CHECK_STR(argv[1], "");
	CHECK_STR(argv[2], "with space");
	CHECK_STR(argv[3], "four");
	CHECK(argv[4] == NULL);
	return 0;
}

static int role_count(int argc, char **argv)
{
	int i;

	CHECK_EQ(argc, 1000);
	for (i = 0; i < argc; i++)
		CHECK_EQ(atoi(argv[i]), i);
	return 0;
}

static int role_env(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	CHECK_STR(environ[0], "A=1");
	CHECK_STR(environ[1], "B=");
	CHECK(environ[2] == NULL);
	return 0;
}

static int role_pid(int argc, char **argv)
{
	CHECK_EQ(argc, 1);
	CHECK_EQ(getpid(), atoi(argv[0]));
	return 0;
}

/* argv[0] must be closed, argv[1] open and at offset 1. */
static int role_fds(int argc, char **argv)
{
	CHECK_EQ(argc, 2);
	CHECK_ERR(fcntl(atoi(argv[0]), F_GETFD), EBADF);
	CHECK_EQ(lseek(atoi(argv[1]), 0, SEEK_CUR), 1);
	return 0;
}

static int role_signals(int argc, char **argv)
{
	struct sigaction act;
	sigset_t set;
	stack_t stack;

	(void)argc;
	(void)argv;
	CHECK_OK(sigaction(SIGUSR1, NULL, &act));
	CHECK(act.sa_handler == SIG_DFL);
	CHECK_OK(sigaction(SIGUSR2, NULL, &act));
	CHECK(act.sa_handler == SIG_IGN);
	CHECK_OK(sigprocmask(SIG_BLOCK, NULL, &set));
	CHECK_EQ(set, SIGBIT(SIGTERM));
	CHECK_OK(sigpending(&set));
	CHECK_EQ(set, SIGBIT(SIGTERM));
	CHECK_OK(sigaltstack(NULL, &stack));
	CHECK_EQ(stack.ss_flags, SS_DISABLE);
	return 0;
}

static int role_timer(int argc, char **argv)
{
	struct itimerval left;

	(void)argc;
	(void)argv;
	CHECK_OK(getitimer(ITIMER_REAL, &left));
	CHECK(left.it_value.tv_sec > 10);
	return 0;
}

static int role_auxv(int argc, char **argv)
{
	const unsigned char *random = (void *)getauxval(AT_RANDOM);

	(void)argc;
	(void)argv;
	CHECK_EQ(getauxval(AT_PAGESZ), 4096);
	CHECK_EQ(getauxval(AT_UID), getuid());
	CHECK_EQ(getauxval(AT_EGID), getegid());
	CHECK_EQ(getauxval(AT_SECURE), 0);
	CHECK_EQ(getauxval(AT_CLKTCK), 100);
	CHECK_EQ(getauxval(AT_PHENT), 56);
	CHECK(getauxval(AT_PHNUM) >= 2);
	CHECK_EQ(memcmp((void *)(getauxval(AT_PHDR) - 64), "\177ELF", 4), 0);
	CHECK(getauxval(AT_ENTRY) != 0);
	CHECK_STR((char *)getauxval(AT_EXECFN), test_program());
	CHECK_STR((char *)getauxval(AT_PLATFORM), "x86_64");
	CHECK(getauxval(AT_MINSIGSTKSZ) >= 1024);
	CHECK(random != NULL);
	CHECK(random[0] | random[1] | random[2] | random[3] | random[4]);
	return 0;
}

static int role_mapped(int argc, char **argv)
{
	unsigned long addr = strtoul(argv[0], NULL, 0);

	(void)argc;
	/* msync says ENOMEM when nothing is mapped; so does mprotect. */
	CHECK_ERR(mprotect((void *)addr, PAGE_SIZE, PROT_READ), ENOMEM);
	return 0;
}

/* As a script's interpreter: argv is what the kernel put together. */
static int role_script(int argc, char **argv)
{
	CHECK_EQ(argc, 3);
	CHECK_STR(argv[0], "./script");
	CHECK_STR(argv[1], "a");
	CHECK_STR(argv[2], "b");
	return 0;
}

/* ---- what the new program sees ------------------------------------------ */

static int exec_status(const char *path, char *const argv[])
{
	pid_t pid = test_fork();

	if (pid == 0) {
		execve(path, argv, environ);
		_exit(100);
	}
	return test_wait(pid);
}

#define IN_CHILD(statement)               \
	do {                              \
		pid_t pid_ = test_fork(); \
		if (pid_ == 0)            \
			statement;        \
		test_wait_ok(pid_);       \
	} while (0)

static void exec_arguments(void)
{
	IN_CHILD(test_exec("args", "one", "", "with space", "four", NULL));
}

static void exec_many_arguments(void)
{
	static char text[1000][8];
	static char *argv[1003];
	int i;

	argv[0] = (char *)"t";
	argv[1] = (char *)"=count";
	for (i = 0; i < 1000; i++) {
		snprintf(text[i], sizeof(text[i]), "%d", i);
		argv[i + 2] = text[i];
	}
	CHECK_EQ(exec_status(test_program(), argv), 0);
}

static void exec_environment(void)
{
	char *argv[] = { (char *)"t", (char *)"=env", NULL };
	char *envp[] = { (char *)"A=1", (char *)"B=", NULL };
	pid_t pid = test_fork();

	if (pid == 0) {
		execve(test_program(), argv, envp);
		_exit(100);
	}
	test_wait_ok(pid);
}

static void exec_keeps_pid(void)
{
	char pid[16];

	pid_t child = test_fork();
	if (child == 0) {
		snprintf(pid, sizeof(pid), "%d", getpid());
		test_exec("pid", pid, NULL);
	}
	test_wait_ok(child);
}

static void exec_descriptors(void)
{
	char closed[16];
	char kept[16];
	char byte;
	int fd;

	test_scratch();
	test_make_file("f", "xy");
	fd = (int)CHECK_OK(open("f", O_RDONLY | O_CLOEXEC));
	snprintf(closed, sizeof(closed), "%d", fd);
	fd = (int)CHECK_OK(open("f", O_RDONLY));
	CHECK_EQ(read(fd, &byte, 1), 1);
	snprintf(kept, sizeof(kept), "%d", fd);
	IN_CHILD(test_exec("fds", closed, kept, NULL));
}

static void do_nothing(int sig)
{
	(void)sig;
}

static void exec_signals(void)
{
	static char stack[16384];
	stack_t ss = { .ss_sp = stack, .ss_size = sizeof(stack) };
	sigset_t set = SIGBIT(SIGTERM);

	pid_t pid = test_fork();
	if (pid == 0) {
		signal(SIGUSR1, do_nothing);
		signal(SIGUSR2, SIG_IGN);
		CHECK_OK(sigaltstack(&ss, NULL));
		CHECK_OK(sigprocmask(SIG_SETMASK, &set, NULL));
		CHECK_OK(raise(SIGTERM));
		test_exec("signals", NULL);
	}
	test_wait_ok(pid);
}

static void exec_keeps_timer(void)
{
	struct itimerval timer = { { 0, 0 }, { 50, 0 } };

	pid_t pid = test_fork();
	if (pid == 0) {
		CHECK_OK(setitimer(ITIMER_REAL, &timer, NULL));
		test_exec("timer", NULL);
	}
	test_wait_ok(pid);
}

static void exec_auxv(void)
{
	IN_CHILD(test_exec("auxv", NULL));
}

static void exec_drops_mappings(void)
{
	char addr[32];
	char *p = mmap(NULL, PAGE_SIZE, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	CHECK(p != MAP_FAILED);
	snprintf(addr, sizeof(addr), "%p", (void *)p);
	IN_CHILD(test_exec("mapped", addr, NULL));
}

static void exec_many_times(void)
{
	int i;

	for (i = 0; i < 30; i++)
		IN_CHILD(test_exec("true", NULL));
}

static void exec_relative_path(void)
{
	char *argv[] = { (char *)"t", (char *)"=true", NULL };

	test_scratch();
	CHECK_OK(symlink(test_program(), "link"));
	CHECK_EQ(exec_status("./link", argv), 0);
	CHECK_EQ(exec_status("link", argv), 0);
}

/* ---- what is refused ---------------------------------------------------- */

static char *const no_args[] = { (char *)"t", NULL };

static void exec_missing(void)
{
	test_scratch();
	test_make_file("file", "");
	CHECK_ERR(execve("missing", no_args, environ), ENOENT);
	CHECK_ERR(execve("missing/file", no_args, environ), ENOENT);
	CHECK_ERR(execve("file/x", no_args, environ), ENOTDIR);
	CHECK_ERR(execve("", no_args, environ), ENOENT);
	CHECK_ERR(execve(NULL, no_args, environ), EFAULT);
}

static void exec_not_executable(void)
{
	test_scratch();
	test_make_file("file", "#!/bin/sh\n");
	CHECK_ERR(execve("file", no_args, environ), EACCES);
	CHECK_OK(mkdir("dir", 0755));
	CHECK_ERR(execve("dir", no_args, environ), EACCES);
	CHECK_OK(mkfifo("fifo", 0777));
	CHECK_ERR(execve("fifo", no_args, environ), EACCES);
}

static void make_program(const char *path, const void *bytes, size_t len)
{
	int fd = (int)CHECK_OK(open(path, O_WRONLY | O_CREAT | O_TRUNC, 0755));

	CHECK_EQ(write(fd, bytes, len), len);
	CHECK_OK(close(fd));
}

static void exec_not_a_program(void)
{
	test_scratch();
	make_program("empty", "", 0);
	CHECK_ERR(execve("./empty", no_args, environ), ENOEXEC);
	make_program("text", "hello\n", 6);
	CHECK_ERR(execve("./text", no_args, environ), ENOEXEC);
	make_program("short", "\177ELF", 4);
	CHECK_ERR(execve("./short", no_args, environ), ENOEXEC);
}

static size_t read_self(unsigned char *buf, size_t size)
{
	int fd = (int)CHECK_OK(open(test_program(), O_RDONLY));
	long len = CHECK_OK(read(fd, buf, size));

	CHECK_OK(close(fd));
	return (size_t)len;
}

/* Changes one byte of a good ELF header: it must be refused, not crash. */
static void exec_broken_headers(void)
{
	static const struct {
		size_t offset;
		unsigned char value;
	} breaks[] = {
		{ 0, 0 }, /* magic */
		{ 16, 1 }, /* type: relocatable */
		{ 18, 40 }, /* machine: ARM */
		{ 54, 8 }, /* size of a program header */
	};
	static unsigned char elf[4096];
	size_t len = read_self(elf, sizeof(elf));
	unsigned char saved;
	size_t i;

	test_scratch();
	for (i = 0; i < ARRAY_SIZE(breaks); i++) {
		saved = elf[breaks[i].offset];
		elf[breaks[i].offset] = breaks[i].value;
		make_program("bad", elf, len);
		CHECK_ERR(execve("./bad", no_args, environ), ENOEXEC);
		elf[breaks[i].offset] = saved;
	}
}

/* Too short for its segments: exec may refuse or the program may die. */
static void exec_truncated(void)
{
	static unsigned char elf[4096];
	size_t len = read_self(elf, sizeof(elf));
	int status;

	test_scratch();
	make_program("cut", elf, len);
	status = exec_status("./cut", no_args);
	CHECK(WIFSIGNALED(status) || WEXITSTATUS(status) == 100);
	make_program("cut", elf, 100);
	CHECK(exec_status("./cut", no_args) != 0);
}

static void exec_too_big(void)
{
	static char text[200000];
	char *argv[] = { (char *)"t", text, NULL };

	memset(text, 'x', sizeof(text) - 1);
	/* One string may have 128 KiB (MAX_ARG_STRLEN). */
	CHECK_ERR(execve(test_program(), argv, environ), E2BIG);
}

static void exec_bad_pointers(void)
{
	char *argv[] = { (char *)"t", test_bad_pointer, NULL };

	CHECK_ERR(execve(test_program(), test_bad_pointer, environ), EFAULT);
	CHECK_ERR(execve(test_program(), argv, environ), EFAULT);
}

static void exec_user_without_permission(void)
{
	CHECK_ERR(execve("prog", no_args, environ), EACCES);
}

static void exec_permission(void)
{
	test_need_root();
	test_scratch();
	make_program("prog", "#!/bin/true\n", 12);
	CHECK_OK(chmod("prog", 0700));
	test_as_user(exec_user_without_permission);
	CHECK_OK(chmod("prog", 0644));
	CHECK_ERR(execve("prog", no_args, environ), EACCES);
}

/* ---- scripts ------------------------------------------------------------ */

static void make_script(const char *path, const char *interpreter, const char *rest)
{
	char text[512];
	int len = snprintf(text, sizeof(text), "#!%s%s", interpreter, rest);

	make_program(path, text, (size_t)len);
}

static char *const script_args[] = { (char *)"ignored", (char *)"a",
				     (char *)"b", NULL };

static void script_plain(void)
{
	test_scratch();
	make_script("script", test_program(), " =script\nrest is not read\n");
	CHECK_EQ(exec_status("./script", script_args), 0);
}

static void script_spaces(void)
{
	test_scratch();
	make_script("script", test_program(), " \t=script \t\n");
	CHECK_EQ(exec_status("./script", script_args), 0);
	/* The end of the file ends the line as well. */
	make_script("script", test_program(), " =script");
	CHECK_EQ(exec_status("./script", script_args), 0);
}

static void script_of_a_script(void)
{
	char *args[] = { (char *)"t", NULL };

	test_scratch();
	make_script("inner", test_program(), " =true\n");
	make_script("outer", "./inner", "\n");
	CHECK_EQ(exec_status("./outer", args), 0);
}

static void script_missing_interpreter(void)
{
	test_scratch();
	make_script("script", "/no/such/interpreter", "\n");
	CHECK_ERR(execve("./script", no_args, environ), ENOENT);
	make_script("script", "", "\n");
	CHECK_ERR(execve("./script", no_args, environ), ENOEXEC);
}

static void script_recursion(void)
{
	test_scratch();
	make_script("loop", "./loop", "\n");
	CHECK_ERR(execve("./loop", no_args, environ), ELOOP);
}

static const struct test_role roles[] = {
	{ "true", role_true },	     { "args", role_args },
	{ "count", role_count },     { "env", role_env },
	{ "pid", role_pid },	     { "fds", role_fds },
	{ "signals", role_signals }, { "timer", role_timer },
	{ "auxv", role_auxv },	     { "mapped", role_mapped },
	{ "script", role_script },
};

static const struct test_case cases[] = {
	{ "arguments", exec_arguments },
	{ "a thousand arguments", exec_many_arguments },
	{ "environment", exec_environment },
	{ "the process id stays", exec_keeps_pid },
	{ "descriptors and CLOEXEC", exec_descriptors },
	{ "handlers, mask, pending, alternate stack", exec_signals },
	{ "interval timer goes on", exec_keeps_timer },
	{ "auxiliary vector", exec_auxv },
	{ "mappings go", exec_drops_mappings },
	{ "thirty in a row", exec_many_times },
	{ "relative path and symbolic link", exec_relative_path },
	{ "refused: missing", exec_missing },
	{ "refused: not executable", exec_not_executable },
	{ "refused: not a program", exec_not_a_program },
	{ "refused: broken headers", exec_broken_headers },
	{ "truncated program", exec_truncated },
	{ "refused: too big", exec_too_big },
	{ "refused: bad pointers", exec_bad_pointers },
	{ "refused: no permission", exec_permission },
	{ "script: arguments", script_plain },
	{ "script: spaces and end of file", script_spaces },
	{ "script: of a script", script_of_a_script },
	{ "script: missing interpreter", script_missing_interpreter },
	{ "script: endless", script_recursion },
};

TEST_MAIN_ROLES(cases, roles)
