/*
 * What the guest-machine process does to itself, seen from inside: a forked
 * child goes through both halves and looks around. Its exit status is 0, or
 * the line of the check that failed.
 */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/capability.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "abi/boot.h"
#include "machine.h"
#include "sandbox.h"

#define NEED(condition)                                             \
	do {                                                        \
		if (!(condition))                                   \
			_exit(__LINE__ % 250 ? __LINE__ % 250 : 1); \
	} while (0)

static void expect_child(void (*act)(pid_t parent), const char *name)
{
	pid_t parent = getpid();
	int status;
	pid_t pid = fork();

	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		act(parent);
		_exit(0);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_msg(status == 0, "%s: status %#x, line %d (mod 250)", name,
		      (unsigned)status, status >> 8);
}

/* A file whose size tells it apart. */
static int marked_file(off_t size)
{
	int fd = memfd_create("mark", 0);

	NEED(fd >= 0 && !ftruncate(fd, size));
	return fd;
}

static off_t mark_of(int fd)
{
	struct stat st;

	return fstat(fd, &st) ? -1 : st.st_size;
}

/* Every descriptor lands on its number though sources and targets overlap. */
static void act_descriptors(pid_t parent)
{
	struct machine m = { .bell_fd = -1 };
	int go;

	(void)parent;
	/* sources in reverse order over the targets */
	for (int i = 0; i < 10; i++)
		NEED(dup2(marked_file(100 + i), i) == i);
	m.stream[0].fd = 9;
	m.stream[1].fd = 8;
	m.stream[2].fd = 7;
	m.kmem_fd = 6;
	m.ram_fd = 5;
	m.root_fd = 4;
	m.tty.fd = -1;
	m.bell_fd = 2;
	go = 0;
	NEED(!sandbox_place_descriptors(&m, 3, &go));
	NEED(mark_of(0) == 109 && mark_of(1) == 108 && mark_of(2) == 107);
	NEED(mark_of(LODGER_FD_KMEM) == 106 && mark_of(LODGER_FD_RAM) == 105);
	NEED(mark_of(LODGER_FD_ROOT) == 104 && mark_of(LODGER_FD_TRACE) == 103);
	NEED(mark_of(LODGER_FD_TTY) == -1 && mark_of(LODGER_FD_BELL) == 102);
	NEED(go == LODGER_FD_END && mark_of(go) == 100);
	for (int fd = LODGER_FD_END + 1; fd < 200; fd++)
		NEED(fcntl(fd, F_GETFD) < 0);
}

static bool no_capabilities(void)
{
	cap_t have = cap_get_proc(), none = cap_init();

	return have && none && cap_compare(have, none) == 0;
}

static void act_confined(pid_t parent)
{
	struct rlimit limit;
	struct sigaction action;
	sigset_t mask;

	signal(SIGTERM, SIG_DFL);
	signal(SIGCHLD, SIG_IGN);
	NEED(!sandbox_before_attach(parent));
	NEED(no_capabilities());
	NEED(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1);
	NEED(!sigprocmask(SIG_BLOCK, NULL, &mask));
	NEED(sigismember(&mask, SIGINT) == 1 && sigismember(&mask, SIGIO) == 1);
	NEED(!sigaction(SIGTERM, NULL, &action));
	NEED(action.sa_handler == SIG_IGN);
	NEED(!sigaction(SIGCHLD, NULL, &action));
	NEED(action.sa_handler == SIG_DFL);
	NEED(!getrlimit(RLIMIT_CORE, &limit) && limit.rlim_max == 0);

	NEED(!sandbox_after_attach(parent, -1));
	NEED(prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) == 0);
	NEED(dup(0) < LODGER_FD_END);
	NEED(fcntl(0, F_DUPFD, LODGER_FD_END) < 0);
	NEED(!getrlimit(RLIMIT_NOFILE, &limit) &&
	     limit.rlim_max == LODGER_FD_END);
	NEED(!getrlimit(RLIMIT_NPROC, &limit) && limit.rlim_max == 0);
	NEED(no_capabilities());
}

START_TEST(descriptors)
{
	expect_child(act_descriptors, "descriptors");
}
END_TEST

START_TEST(confined)
{
	expect_child(act_confined, "confined");
}
END_TEST

/* The order that start.c relies on: a tracer can attach after the first half,
 * and death of the parent is the end. */
START_TEST(attach_and_death)
{
	int ready[2], status;
	pid_t middle, pid;
	char byte;

	ck_assert_int_eq(pipe(ready), 0);
	middle = fork();
	if (middle == 0) {
		pid_t parent = getpid();

		pid = fork();
		if (pid == 0) {
			NEED(!sandbox_before_attach(parent));
			NEED(write(ready[1], "r", 1) == 1);
			for (;;)
				pause();
		}
		NEED(read(ready[0], &byte, 1) == 1);
		NEED(!ptrace(PTRACE_SEIZE, pid, 0, 0));
		NEED(!ptrace(PTRACE_DETACH, pid, 0, 0) || errno == ESRCH);
		_exit(0);
	}
	ck_assert_int_eq(waitpid(middle, &status, 0), middle);
	ck_assert_msg(status == 0, "status %#x, line %d (mod 250)",
		      (unsigned)status, status >> 8);
	/* the grandchild's end of the pipe goes with it */
	close(ready[1]);
	ck_assert_int_eq(read(ready[0], &byte, 1), 0);
	close(ready[0]);
}
END_TEST

Suite *sandbox_suite(void);
Suite *sandbox_suite(void)
{
	Suite *suite = suite_create("sandbox");
	TCase *all = tcase_create("all");

	tcase_set_timeout(all, 20);
	tcase_add_test(all, descriptors);
	tcase_add_test(all, confined);
	tcase_add_test(all, attach_and_death);
	suite_add_tcase(suite, all);
	return suite;
}
