/*
 * Resource limits: asked, set, inherited, and enforced.
 * TEST-TIMEOUT: 180
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <syscall.h>
#include <test.h>
#include <time.h>
#include <unistd.h>

#define RW (PROT_READ | PROT_WRITE)
#define ANON (MAP_PRIVATE | MAP_ANONYMOUS)
/* A user that owns no other process. */
#define LONELY 64321

static volatile sig_atomic_t count;

static void note(int sig)
{
	(void)sig;
	count++;
}

static void set_soft(int resource, unsigned long soft)
{
	struct rlimit limit;

	CHECK_OK(getrlimit(resource, &limit));
	limit.rlim_cur = soft;
	CHECK_OK(setrlimit(resource, &limit));
}

static void set_both(int resource, unsigned long soft, unsigned long hard)
{
	struct rlimit limit = { soft, hard };

	CHECK_OK(setrlimit(resource, &limit));
}

/* ---- asking and setting ------------------------------------------------- */

static void all_can_be_asked(void)
{
	struct rlimit limit;
	int r;

	for (r = 0; r < 16; r++) {
		CHECK_OK(getrlimit(r, &limit));
		CHECK(limit.rlim_cur <= limit.rlim_max);
	}
	CHECK_ERR(getrlimit(16, &limit), EINVAL);
	CHECK_ERR(getrlimit(-1, &limit), EINVAL);
	CHECK_ERR(getrlimit(RLIMIT_NOFILE, test_bad_pointer), EFAULT);
}

static void setting(void)
{
	struct rlimit limit;

	set_both(RLIMIT_NOFILE, 100, 200);
	CHECK_OK(getrlimit(RLIMIT_NOFILE, &limit));
	CHECK_EQ(limit.rlim_cur, 100);
	CHECK_EQ(limit.rlim_max, 200);
	set_soft(RLIMIT_NOFILE, 150);
	limit.rlim_cur = 300;
	CHECK_ERR(setrlimit(RLIMIT_NOFILE, &limit), EINVAL);
	CHECK_ERR(setrlimit(16, &limit), EINVAL);
	CHECK_ERR(setrlimit(RLIMIT_NOFILE, test_bad_pointer), EFAULT);
}

static void try_raising(void)
{
	struct rlimit limit = { 100, 200 };

	CHECK_OK(setrlimit(RLIMIT_NOFILE, &limit));
	limit.rlim_max = 300;
	CHECK_ERR(setrlimit(RLIMIT_NOFILE, &limit), EPERM);
	limit.rlim_max = 150;
	CHECK_OK(setrlimit(RLIMIT_NOFILE, &limit));
}

static void raising_needs_root(void)
{
	test_as_user(try_raising);
}

static void by_prlimit(void)
{
	struct rlimit64 limit = { 50, 60 };
	struct rlimit64 old;

	CHECK_OK(SYS(prlimit64, 0, RLIMIT_NOFILE, &limit, &old));
	CHECK(old.rlim_cur <= old.rlim_max);
	CHECK_OK(SYS(prlimit64, getpid(), RLIMIT_NOFILE, NULL, &old));
	CHECK_EQ(old.rlim_cur, 50);
	CHECK_EQ(old.rlim_max, 60);
	CHECK_ERR(SYS(prlimit64, 1 << 22, RLIMIT_NOFILE, NULL, &old), ESRCH);
}

static int role_nofile(int argc, char **argv)
{
	struct rlimit limit;

	(void)argc;
	CHECK_OK(getrlimit(RLIMIT_NOFILE, &limit));
	CHECK_EQ(limit.rlim_cur, (unsigned long)atoi(argv[0]));
	return 0;
}

static void inherited(void)
{
	pid_t pid;

	set_soft(RLIMIT_NOFILE, 77);
	pid = test_fork();
	if (pid == 0)
		test_exec("nofile", "77", NULL);
	test_wait_ok(pid);
}

/* ---- RLIMIT_NOFILE ------------------------------------------------------ */

static void nofile_enforced(void)
{
	int fds[2];
	int fd;
	int i;

	set_soft(RLIMIT_NOFILE, 20);
	for (i = 0; i < 20; i++) {
		fd = open("/dev/null", O_RDONLY);
		if (fd < 0)
			break;
		CHECK(fd < 20);
	}
	CHECK_EQ(fd, -1);
	CHECK_EQ(errno, EMFILE);
	CHECK_ERR(dup(0), EMFILE);
	CHECK_ERR(pipe(fds), EMFILE);
	CHECK_ERR(fcntl(0, F_DUPFD, 20), EINVAL);
	CHECK_ERR(dup2(0, 20), EBADF);
	CHECK_OK(close(19));
	CHECK_ERR(pipe(fds), EMFILE);
	CHECK_EQ(open("/dev/null", O_RDONLY), 19);
}

static void nofile_spares_open_ones(void)
{
	char byte;
	int fd = (int)CHECK_OK(
		fcntl((int)CHECK_OK(open("/dev/zero", O_RDONLY)), F_DUPFD, 50));

	set_soft(RLIMIT_NOFILE, 10);
	CHECK_EQ(read(fd, &byte, 1), 1);
	CHECK_OK(close(fd));
}

/* ---- RLIMIT_FSIZE ------------------------------------------------------- */

static void fsize_enforced(void)
{
	static char block[1000];
	struct stat st;
	int fd;

	test_scratch();
	fd = (int)CHECK_OK(open("f", O_RDWR | O_CREAT, 0644));
	set_soft(RLIMIT_FSIZE, 1500);
	signal(SIGXFSZ, note);
	CHECK_EQ(write(fd, block, 1000), 1000);
	/* What fits is written. */
	CHECK_EQ(write(fd, block, 1000), 500);
	CHECK_EQ(count, 0);
	CHECK_ERR(write(fd, block, 1000), EFBIG);
	CHECK_EQ(count, 1);
	CHECK_ERR(ftruncate(fd, 2000), EFBIG);
	CHECK_EQ(count, 2);
	CHECK_OK(ftruncate(fd, 100));
	CHECK_OK(fstat(fd, &st));
	CHECK_EQ(st.st_size, 100);
}

static void exceed_fsize(void)
{
	int fd = (int)CHECK_OK(open("f", O_RDWR | O_CREAT, 0644));

	set_soft(RLIMIT_FSIZE, 0);
	write(fd, "x", 1);
}

static void fsize_kills(void)
{
	test_scratch();
	CHECK_EQ(WTERMSIG(test_status(exceed_fsize)), SIGXFSZ);
}

static void fsize_not_for_pipes(void)
{
	int fds[2];

	CHECK_OK(pipe(fds));
	set_soft(RLIMIT_FSIZE, 0);
	CHECK_EQ(write(fds[1], "x", 1), 1);
}

/* ---- memory ------------------------------------------------------------- */

static void as_enforced(void)
{
	void *p;

	set_soft(RLIMIT_AS, 64UL << 20);
	CHECK_ERR(mmap(NULL, 65UL << 20, RW, ANON, -1, 0), ENOMEM);
	p = mmap(NULL, 32UL << 20, RW, ANON, -1, 0);
	CHECK(p != MAP_FAILED);
	CHECK_ERR(mmap(NULL, 40UL << 20, PROT_NONE, ANON, -1, 0), ENOMEM);
	CHECK(sbrk(40L << 20) == (void *)-1);
	CHECK_OK(munmap(p, 32UL << 20));
	p = mmap(NULL, 40UL << 20, RW, ANON, -1, 0);
	CHECK(p != MAP_FAILED);
}

static void data_enforced(void)
{
	set_soft(RLIMIT_DATA, 1UL << 20);
	CHECK(sbrk(2L << 20) == (void *)-1);
	CHECK_EQ(errno, ENOMEM);
	CHECK(sbrk(4096) != (void *)-1);
}

static int recurse(int depth)
{
	volatile char block[4096];

	block[0] = 1;
	return depth ? recurse(depth - 1) + block[0] : 0;
}

static void exceed_stack(void)
{
	set_soft(RLIMIT_STACK, 512UL << 10);
	CHECK_EQ(recurse(40), 40);
	recurse(400);
}

static void stack_enforced(void)
{
	CHECK_EQ(WTERMSIG(test_status(exceed_stack)), SIGSEGV);
	/* That was the child's: here there is room. */
	CHECK_EQ(recurse(400), 400);
}

/* ---- RLIMIT_CPU --------------------------------------------------------- */

static void exceed_cpu_softly(void)
{
	struct rlimit limit = { 1, 100 };

	CHECK_OK(setrlimit(RLIMIT_CPU, &limit));
	signal(SIGXCPU, note);
	while (count == 0)
		;
	/* Kernels count whole ticks, which may be early by this clock. */
	CHECK(clock_ns(CLOCK_PROCESS_CPUTIME_ID) >= 400000000UL);
}

static void cpu_soft(void)
{
	test_child(exceed_cpu_softly);
}

static void exceed_cpu(void)
{
	struct rlimit limit = { 1, 1 };

	CHECK_OK(setrlimit(RLIMIT_CPU, &limit));
	for (;;)
		;
}

static void cpu_hard(void)
{
	int sig = WTERMSIG(test_status(exceed_cpu));

	CHECK(sig == SIGKILL || sig == SIGXCPU);
}

/* ---- RLIMIT_NPROC ------------------------------------------------------- */

static pid_t start_sleeper(void)
{
	pid_t pid = fork();

	if (pid == 0)
		for (;;)
			pause();
	return pid;
}

static void exceed_nproc(void)
{
	pid_t pids[3];
	int i;

	/* This process and three more. */
	set_both(RLIMIT_NPROC, 4, 4);
	for (i = 0; i < 3; i++)
		CHECK_OK(pids[i] = start_sleeper());
	CHECK_ERR(fork(), EAGAIN);
	CHECK_OK(kill(pids[0], SIGKILL));
	test_wait(pids[0]);
	CHECK_OK(pids[0] = start_sleeper());
	CHECK_ERR(fork(), EAGAIN);
	for (i = 0; i < 3; i++) {
		CHECK_OK(kill(pids[i], SIGKILL));
		test_wait(pids[i]);
	}
}

static void nproc_enforced(void)
{
	pid_t pid;

	test_need_root();
	pid = test_fork();
	if (pid == 0) {
		CHECK_OK(setgid(LONELY));
		CHECK_OK(setuid(LONELY));
		exceed_nproc();
		_exit(0);
	}
	test_wait_ok(pid);
}

static void fork_with_one_allowed(void)
{
	set_soft(RLIMIT_NPROC, 1);
	CHECK_ERR(fork(), EAGAIN);
}

static void nproc_of_one(void)
{
	test_as_user(fork_with_one_allowed);
}

static const struct test_role roles[] = {
	{ "nofile", role_nofile },
};

static const struct test_case cases[] = {
	{ "all can be asked", all_can_be_asked },
	{ "setting", setting },
	{ "raising needs root", raising_needs_root },
	{ "prlimit64", by_prlimit },
	{ "fork and exec", inherited },
	{ "NOFILE: enforced", nofile_enforced },
	{ "NOFILE: spares open ones", nofile_spares_open_ones },
	{ "FSIZE: enforced", fsize_enforced },
	{ "FSIZE: kills by default", fsize_kills },
	{ "FSIZE: not for pipes", fsize_not_for_pipes },
	{ "AS: enforced", as_enforced },
	{ "DATA: enforced", data_enforced },
	{ "STACK: enforced", stack_enforced },
	{ "CPU: soft", cpu_soft },
	{ "CPU: hard", cpu_hard },
	{ "NPROC: enforced", nproc_enforced },
	{ "NPROC: one", nproc_of_one },
};

TEST_MAIN_ROLES(cases, roles)
