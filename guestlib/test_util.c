/*
 * What test cases call: children, scratch directories, small files, time.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <test.h>
#include <time.h>
#include <unistd.h>

#include "test_internal.h"

#define USER_ID 1000

static char program[PATH_MAX];

void *volatile const test_bad_pointer = (void *)8;

const char *test_errno(void)
{
	static char text[32];

	if (strcmp(strerrorname(errno), "E?") != 0)
		return strerrorname(errno);
	snprintf(text, sizeof(text), "errno %d", errno);
	return text;
}

long test_ok(long ret, const char *file, int line, const char *call)
{
	if (ret == -1)
		test_fail(file, line, "%s: %s", call, test_errno());
	return ret;
}

int test_differ(const char *a, const char *b)
{
	return strcmp(a, b) != 0;
}

void test_nap(void)
{
	sleep_ms(2);
}

pid_t test_fork(void)
{
	return (pid_t)CHECK_OK(fork());
}

int test_wait(pid_t pid)
{
	int status = -1;
	pid_t got;

	do
		got = waitpid(pid, &status, 0);
	while (got < 0 && errno == EINTR);
	CHECK_EQ(got, pid);
	return status;
}

void test_wait_ok(pid_t pid)
{
	int status = test_wait(pid);

	if (WIFSIGNALED(status))
		test_fail(__FILE__, __LINE__, "a child was killed by %s",
			  strsignal(WTERMSIG(status)));
	/* 1: the child said what failed. */
	if (WEXITSTATUS(status) == 1)
		_exit(1);
	CHECK_EQ(WEXITSTATUS(status), 0);
}

int test_status(void (*fn)(void))
{
	pid_t pid = test_fork();

	if (pid == 0) {
		fn();
		_exit(0);
	}
	return test_wait(pid);
}

void test_child(void (*fn)(void))
{
	pid_t pid = test_fork();

	if (pid == 0) {
		fn();
		_exit(0);
	}
	test_wait_ok(pid);
}

void test_as_user(void (*fn)(void))
{
	pid_t pid = test_fork();

	if (pid == 0) {
		if (test_is_root()) {
			CHECK_OK(setgroups(0, NULL));
			CHECK_OK(setgid(USER_ID));
			CHECK_OK(setuid(USER_ID));
		}
		fn();
		_exit(0);
	}
	test_wait_ok(pid);
}

int test_is_root(void)
{
	return geteuid() == 0;
}

void test_need_root(void)
{
	if (!test_is_root())
		test_skip("needs root");
}

static void scratch_name(char *name, size_t size, pid_t pid)
{
	snprintf(name, size, "/tmp/lodger-test.%d", pid);
}

void test_scratch(void)
{
	char name[64];

	scratch_name(name, sizeof(name), getpid());
	CHECK_OK(mkdir(name, 0777));
	CHECK_OK(chmod(name, 0777));
	CHECK_OK(chdir(name));
}

static void remove_tree(int dirfd, const char *name);

static void remove_entries(int fd)
{
	union {
		struct dirent64 entry;
		char bytes[2048];
	} buf;
	struct dirent64 *d;
	ssize_t len;
	ssize_t at;

	for (;;) {
		len = getdents64(fd, &buf, sizeof(buf));
		if (len <= 0)
			return;
		for (at = 0; at < len; at += d->d_reclen) {
			d = (struct dirent64 *)(buf.bytes + at);
			if (strcmp(d->d_name, ".") && strcmp(d->d_name, ".."))
				remove_tree(fd, d->d_name);
		}
	}
}

/* Recursion is as deep as the case nested its directories. */
static void remove_tree(int dirfd, const char *name)
{
	int fd;

	if (unlinkat(dirfd, name, 0) == 0 || errno == ENOENT)
		return;
	fchmodat(dirfd, name, 0700);
	fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
	if (fd >= 0) {
		remove_entries(fd);
		close(fd);
	}
	if (unlinkat(dirfd, name, AT_REMOVEDIR) < 0)
		test_note("cannot remove %s: %s", name, test_errno());
}

void test_remove_scratch(pid_t pid)
{
	char name[64];

	scratch_name(name, sizeof(name), pid);
	remove_tree(AT_FDCWD, name);
}

void test_make_file(const char *path, const char *text)
{
	int fd = (int)CHECK_OK(open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644));

	CHECK_EQ(write(fd, text, strlen(text)), strlen(text));
	CHECK_OK(close(fd));
}

size_t test_read_file(const char *path, char *buf, size_t size)
{
	int fd = (int)CHECK_OK(open(path, O_RDONLY));
	size_t used = 0;
	long len;

	while (used < size - 1) {
		len = CHECK_OK(read(fd, buf + used, size - 1 - used));
		if (len == 0)
			break;
		used += (size_t)len;
	}
	buf[used] = '\0';
	CHECK_OK(close(fd));
	return used;
}

long test_write_file(const char *path, const char *text)
{
	int fd = (int)CHECK_OK(open(path, O_WRONLY));
	long n = write(fd, text, strlen(text));

	n = n < 0 ? -errno : n;
	close(fd);
	return n;
}

void test_read_all(int fd, void *buf, size_t len)
{
	char *to = buf;
	long got;

	while (len) {
		got = CHECK_OK(read(fd, to, len));
		CHECK(got > 0);
		to += got;
		len -= (size_t)got;
	}
}

void test_find_program(const char *argv0)
{
	const char *name = (const char *)getauxval(AT_EXECFN);
	char cwd[PATH_MAX];

	if (!name)
		name = argv0;
	if (name[0] != '/' && getcwd(cwd, sizeof(cwd)))
		snprintf(program, sizeof(program), "%s/%s", cwd, name);
	else
		snprintf(program, sizeof(program), "%s", name);
}

const char *test_program(void)
{
	return program;
}

void test_exec(const char *role, ...)
{
	char *argv[16] = { program, NULL };
	char name[64];
	va_list args;
	size_t i;

	snprintf(name, sizeof(name), "=%s", role);
	argv[1] = name;
	va_start(args, role);
	for (i = 2; i < ARRAY_SIZE(argv) - 1; i++) {
		argv[i] = va_arg(args, char *);
		if (!argv[i])
			break;
	}
	va_end(args);
	execve(program, argv, environ);
	test_fail(__FILE__, __LINE__, "exec of %s: %s", program, test_errno());
}

uint64_t test_now(void)
{
	return clock_ns(CLOCK_MONOTONIC);
}

void test_spin_ms(unsigned int ms)
{
	uint64_t end = clock_ns(CLOCK_PROCESS_CPUTIME_ID) + ms * 1000000UL;
	volatile unsigned int i;

	while (clock_ns(CLOCK_PROCESS_CPUTIME_ID) < end)
		for (i = 0; i < 10000; i++)
			;
}
