/*
 * Leases on files (fcntl(2), F_SETLEASE), and /proc/locks, which lists them beside the
 * locks.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <syscall.h>
#include <test.h>
#include <unistd.h>


static volatile sig_atomic_t told, told_fd, told_code;

static void note(int sig, siginfo_t *info, void *context)
{
	(void)context;
	told = sig;
	told_fd = info->si_fd;
	told_code = info->si_code;
}

static void listen_for(int sig)
{
	struct sigaction act = { .sa_sigaction = note, .sa_flags = SA_SIGINFO | SA_RESTART };

	CHECK_OK(sigaction(sig, &act, NULL));
	told = 0;
}

static int lease(int fd, int type)
{
	return (int)fcntl(fd, F_SETLEASE, type);
}

static void who_may(void)
{
	int fd, other, pipes[2];

	test_scratch();
	fd = (int)CHECK_OK(open("f", O_CREAT | O_RDWR, 0600));
	CHECK_EQ(fcntl(fd, F_GETLEASE), F_UNLCK);
	CHECK_ERR(lease(fd, F_RDLCK), EAGAIN); /* open for writing */
	CHECK_ERR(lease(fd, F_UNLCK), EAGAIN);
	CHECK_ERR(lease(fd, 99), EINVAL);
	CHECK_OK(lease(fd, F_WRLCK));
	CHECK_EQ(fcntl(fd, F_GETLEASE), F_WRLCK);
	CHECK_OK(lease(fd, F_UNLCK));
	other = (int)CHECK_OK(open("f", O_RDONLY));
	CHECK_ERR(lease(fd, F_WRLCK), EAGAIN); /* somebody else has it open */
	CHECK_ERR(lease(other, F_RDLCK), EAGAIN);
	close(fd);
	CHECK_OK(lease(other, F_RDLCK));
	fd = (int)CHECK_OK(open("f", O_RDONLY));
	CHECK_OK(lease(fd, F_RDLCK)); /* as many as like */
	CHECK_ERR(lease(fd, F_WRLCK), EAGAIN);
	CHECK_EQ(fcntl(fd, F_GETLEASE), F_RDLCK);
	CHECK_OK(pipe(pipes));
	CHECK_ERR(lease(pipes[0], F_RDLCK), EINVAL);
	close(fd);
	close(other);
	/* Gone with its description. */
	fd = (int)CHECK_OK(open("f", O_RDWR | O_NONBLOCK));
}

static void others_file(void)
{
	int fd = (int)CHECK_OK(open("f", O_RDONLY));

	CHECK_ERR(lease(fd, F_RDLCK), EACCES);
}

static void not_his(void)
{
	test_need_root();
	test_scratch();
	CHECK_OK(chmod(".", 0755));
	test_make_file("f", "x");
	CHECK_OK(chmod("f", 0644));
	test_as_user(others_file);
}

/* A child that opens the file in a way that has to wait, says so and ends. */
static pid_t start_opener(int flags, int say)
{
	pid_t pid = test_fork();

	if (pid)
		return pid;
	CHECK_ERR(open("f", flags | O_NONBLOCK), EAGAIN);
	CHECK_OK(open("f", flags));
	CHECK_EQ(write(say, "x", 1), 1);
	_exit(0);
}

static void broken_by(int own, int type, int flags, int left)
{
	int fd, said[2];
	char byte;
	pid_t pid;

	test_make_file("f", "text");
	fd = (int)CHECK_OK(open("f", own));
	CHECK_OK(pipe2(said, O_NONBLOCK));
	listen_for(SIGUSR1);
	CHECK_OK(fcntl(fd, F_SETSIG, SIGUSR1));
	CHECK_OK(lease(fd, type));
	pid = start_opener(flags, said[1]);
	WAIT_UNTIL(told);
	CHECK_EQ(told_fd, fd);
	CHECK_EQ(told_code, POLL_MSG);
	CHECK_EQ(fcntl(fd, F_GETLEASE), left);
	test_nap();
	CHECK_ERR(read(said[0], &byte, 1), EAGAIN);
	if (flags != O_RDONLY)
		CHECK_ERR(lease(fd, F_RDLCK), EAGAIN); /* that would not do */
	CHECK_OK(lease(fd, F_UNLCK));
	test_wait_ok(pid);
	CHECK_EQ(read(said[0], &byte, 1), 1);
	CHECK_EQ(fcntl(fd, F_GETLEASE), F_UNLCK);
	close(fd);
	close(said[0]);
	close(said[1]);
	CHECK_OK(unlink("f"));
}

static void broken(void)
{
	test_scratch();
	broken_by(O_RDONLY, F_RDLCK, O_WRONLY, F_UNLCK);
	broken_by(O_RDWR, F_WRLCK, O_RDWR, F_UNLCK);
	broken_by(O_RDWR, F_WRLCK, O_RDONLY, F_RDLCK);
}

/* By closing, and by the time that is over. */
static void given_up(void)
{
	int fd, sysctl;
	pid_t pid;

	test_need_root();
	test_scratch();
	test_make_file("f", "text");
	listen_for(SIGIO);
	fd = (int)CHECK_OK(open("f", O_RDONLY));
	CHECK_OK(lease(fd, F_RDLCK));
	CHECK_OK(open("f", O_RDONLY)); /* readers are not in the way */
	pid = test_fork();
	if (!pid) {
		close(fd);
		CHECK_OK(SYS(truncate, "f", 2));
		_exit(0);
	}
	WAIT_UNTIL(told);
	CHECK_EQ(told, SIGIO);
	close(fd);
	test_wait_ok(pid);
	sysctl = (int)CHECK_OK(open("/proc/sys/fs/lease-break-time", O_WRONLY));
	CHECK_EQ(write(sysctl, "1", 1), 1);
	fd = (int)CHECK_OK(open("f", O_RDONLY));
	CHECK_OK(lease(fd, F_RDLCK));
	CHECK_OK(open("f", O_WRONLY)); /* its own is told too, and does not react */
	CHECK_EQ(pwrite(sysctl, "45", 2, 0), 2);
	CHECK_EQ(fcntl(fd, F_GETLEASE), F_UNLCK);
}

/* ---- /proc/locks ------------------------------------------------------------------ */

static char text[8192];

static int listed(const char *what, const struct stat *st, const char *range)
{
	char line[128];

	snprintf(line, sizeof(line), ": %s %d %02x:%02x:%lu %s\n", what, getpid(),
		 (unsigned)(st->st_dev >> 8 & 0xfff), (unsigned)(st->st_dev & 0xff),
		 (unsigned long)st->st_ino, range);
	test_read_file("/proc/locks", text, sizeof(text));
	return strstr(text, line) != NULL;
}

static void list(void)
{
	struct flock fl = { .l_type = F_WRLCK, .l_start = 10, .l_len = 5 };
	struct stat st;
	int fd, status;
	pid_t pid;

	test_scratch();
	fd = (int)CHECK_OK(open("f", O_CREAT | O_RDWR, 0600));
	CHECK_OK(fstat(fd, &st));
	CHECK_OK(fcntl(fd, F_SETLK, &fl));
	CHECK_OK(SYS(flock, fd, 1 /* LOCK_SH */));
	CHECK(listed("POSIX  ADVISORY  WRITE", &st, "10 14"));
	CHECK(listed("FLOCK  ADVISORY  READ", &st, "0 EOF"));
	CHECK_OK(lease(fd, F_WRLCK));
	CHECK(listed("LEASE  ACTIVE    WRITE", &st, "0 EOF"));
	CHECK_OK(lease(fd, F_UNLCK));
	pid = test_fork();
	if (!pid) {
		fl.l_len = 0;
		fcntl(fd, F_SETLKW, &fl);
		_exit(0);
	}
	do {
		test_nap();
		test_read_file("/proc/locks", text, sizeof(text));
	} while (!strstr(text, ": -> POSIX  ADVISORY  WRITE"));
	kill(pid, SIGKILL);
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	fl.l_type = F_UNLCK;
	fl.l_len = 0;
	fl.l_start = 0;
	CHECK_OK(fcntl(fd, F_SETLK, &fl));
	CHECK(!listed("POSIX  ADVISORY  WRITE", &st, "10 14"));
}

static const struct test_case cases[] = {
	{ "who may have one", who_may },
	{ "of others' files", not_his },
	{ "broken by opening", broken },
	{ "given up", given_up },
	{ "/proc/locks", list },
};

TEST_MAIN(cases)
