/*
 * O_ASYNC: SIGIO and F_SETSIG's signal, owners, files that do not have it.
 */
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <syscall.h>
#include <test.h>
#include <unistd.h>

#include <linux/fcntl.h>

static volatile sig_atomic_t count;
static volatile int last_fd;
static volatile int last_code;
static volatile long last_band;

#define O_ASYNC FASYNC

struct info {
	int signo, err, code, pad;
	long band;
	int fd;
};

static void on_signal(int sig, siginfo_t *si, void *context)
{
	const struct info *info = (const void *)si;

	(void)sig;
	(void)context;
	last_fd = info->fd;
	last_code = info->code;
	last_band = info->band;
	count++;
}

static void catch(int sig)
{
	struct sigaction sa;

	memset(&sa, 0, sizeof(sa));
	sa.sa_sigaction = on_signal;
	sa.sa_flags = SA_SIGINFO;
	CHECK_OK(sigaction(sig, &sa, NULL));
}

static void async_pipe(int fds[2], pid_t owner)
{
	CHECK_OK(pipe(fds));
	CHECK_OK(fcntl(fds[0], F_SETOWN, owner));
	CHECK_OK(fcntl(fds[0], F_SETFL, O_ASYNC | O_NONBLOCK));
}

static void plain(void)
{
	int fds[2];

	catch(SIGIO);
	async_pipe(fds, getpid());
	CHECK_EQ(fcntl(fds[0], F_GETFL), O_ASYNC | O_NONBLOCK);
	CHECK_EQ(fcntl(fds[0], F_GETOWN), getpid());
	CHECK_EQ(count, 0);
	CHECK_EQ(write(fds[1], "x", 1), 1);
	CHECK_EQ(count, 1);
	CHECK_EQ(last_code, 0x80); /* SI_KERNEL */
	CHECK_OK(fcntl(fds[0], F_SETFL, 0));
	CHECK_EQ(write(fds[1], "x", 1), 1);
	CHECK_EQ(count, 1);
}

static void chosen_signal(void)
{
	int fds[2];

	catch(40);
	async_pipe(fds, getpid());
	CHECK_OK(fcntl(fds[0], F_SETSIG, 40));
	CHECK_EQ(fcntl(fds[0], F_GETSIG), 40);
	CHECK_EQ(write(fds[1], "x", 1), 1);
	CHECK_EQ(count, 1);
	CHECK_EQ(last_fd, fds[0]);
	CHECK_EQ(last_code, 1); /* POLL_IN */
	CHECK_EQ(last_band, 0x41);
	CHECK_ERR(fcntl(fds[0], F_SETSIG, 65), EINVAL);
}

static void room(void)
{
	static char block[65536];
	int fds[2];

	catch(40);
	CHECK_OK(pipe(fds));
	CHECK_EQ(write(fds[1], block, sizeof(block)), sizeof(block));
	CHECK_OK(fcntl(fds[1], F_SETOWN, getpid()));
	CHECK_OK(fcntl(fds[1], F_SETSIG, 40));
	CHECK_OK(fcntl(fds[1], F_SETFL, O_ASYNC));
	test_read_all(fds[0], block, sizeof(block));
	CHECK_EQ(count, 1);
	CHECK_EQ(last_code, 2); /* POLL_OUT */
	CHECK_EQ(last_band, 0x304);
}

static void group(void)
{
	int fds[2];

	catch(SIGIO);
	async_pipe(fds, -getpgrp());
	CHECK_EQ(write(fds[1], "x", 1), 1);
	CHECK_EQ(count, 1);
}

static void thread(void)
{
	struct f_owner_ex owner = { F_OWNER_TID, 0 };
	int fds[2];

	catch(SIGIO);
	async_pipe(fds, 0);
	owner.pid = gettid();
	CHECK_OK(fcntl(fds[0], F_SETOWN_EX, &owner));
	memset(&owner, 0, sizeof(owner));
	owner.type = -1;
	CHECK_OK(fcntl(fds[0], F_GETOWN_EX, &owner));
	CHECK_EQ(owner.type, F_OWNER_TID);
	CHECK_EQ(owner.pid, gettid());
	CHECK_EQ(write(fds[1], "x", 1), 1);
	CHECK_EQ(count, 1);
	owner.type = 9;
	CHECK_ERR(fcntl(fds[0], F_SETOWN_EX, &owner), EINVAL);
}

static void nobody(void)
{
	int fds[2];

	async_pipe(fds, 0);
	CHECK_EQ(write(fds[1], "x", 1), 1);
	CHECK_ERR(fcntl(fds[0], F_SETOWN, 4000000), ESRCH);
	CHECK_ERR(fcntl(fds[0], F_SETOWN, -4000000), ESRCH);
	/* A hangup tells the owner, too. */
	catch(SIGIO);
	CHECK_OK(fcntl(fds[0], F_SETOWN, getpid()));
	CHECK_OK(close(fds[1]));
	CHECK_EQ(count, 1);
}

static void not_for_files(void)
{
	int fd;

	test_scratch();
	fd = (int)CHECK_OK(open("f", O_RDWR | O_CREAT, 0644));
	CHECK_OK(fcntl(fd, F_SETFL, O_ASYNC));
	CHECK_EQ(fcntl(fd, F_GETFL) & O_ASYNC, 0);
	fd = (int)CHECK_OK(SYS(eventfd2, 0, 0));
	CHECK_OK(fcntl(fd, F_SETFL, O_ASYNC));
	CHECK_EQ(fcntl(fd, F_GETFL) & O_ASYNC, 0);
}

/* --- F_NOTIFY ------------------------------------------------------------------------ */

#define NOTIFY_SIGNAL 41

static int open_here(void)
{
	int fd = (int)CHECK_OK(open(".", O_RDONLY | O_DIRECTORY, 0));

	CHECK_OK(fcntl(fd, F_SETSIG, NOTIFY_SIGNAL));
	return fd;
}

static int notify(int fd, long flags)
{
	return (int)SYS(fcntl, fd, F_NOTIFY, flags);
}

static void make(const char *name)
{
	CHECK_OK(close((int)CHECK_OK(open(name, O_WRONLY | O_CREAT | O_TRUNC, 0644))));
}

/* One signal, once; again and again with DN_MULTISHOT, until told otherwise. */
static void directory(void)
{
	int fd;

	test_scratch();
	catch(NOTIFY_SIGNAL);
	fd = open_here();
	CHECK_OK(notify(fd, DN_CREATE));
	CHECK_EQ(fcntl(fd, F_GETOWN), getpid());
	make("a");
	CHECK_EQ(count, 1);
	CHECK_EQ(last_fd, fd);
	CHECK_EQ(last_code, 3);		  /* POLL_MSG */
	CHECK_EQ(last_band, 0x1 | 0x40 | 0x400); /* POLLIN, POLLRDNORM, POLLMSG */
	make("b");
	CHECK_EQ(count, 1);
	CHECK_OK(notify(fd, DN_DELETE | DN_MULTISHOT));
	CHECK_OK(unlink("a"));
	make("c");
	CHECK_OK(unlink("b"));
	CHECK_EQ(count, 3);
	CHECK_OK(notify(fd, DN_CREATE)); /* beside what there is */
	make("d");
	CHECK_OK(rename("d", "e"));
	CHECK_OK(chmod("e", 0600));
	CHECK_EQ(count, 6); /* the new name is one created, the old one deleted */
	CHECK_OK(notify(fd, DN_MULTISHOT));
	CHECK_OK(unlink("c"));
	CHECK_EQ(count, 6);
}

static void directory_contents(void)
{
	char byte;
	int fd, f;

	test_scratch();
	catch(NOTIFY_SIGNAL);
	fd = open_here();
	f = (int)CHECK_OK(open("f", O_RDWR | O_CREAT, 0644));
	CHECK_OK(notify(fd, DN_MODIFY | DN_ATTRIB | DN_ACCESS | DN_MULTISHOT));
	CHECK_EQ(write(f, "x", 1), 1);
	CHECK_EQ(count, 1);
	CHECK_EQ(pread(f, &byte, 1, 0), 1);
	CHECK_EQ(count, 2);
	CHECK_OK(chmod("f", 0600));
	CHECK_EQ(count, 3);
}

/* Closing one descriptor ends it, although another keeps the description. */
static void directory_closed(void)
{
	int fd, copy;

	test_scratch();
	catch(NOTIFY_SIGNAL);
	fd = open_here();
	copy = (int)CHECK_OK(dup(fd));
	CHECK_OK(notify(fd, DN_CREATE | DN_MULTISHOT));
	make("a");
	CHECK_EQ(count, 1);
	CHECK_OK(close(copy));
	make("b");
	CHECK_EQ(count, 1);
	CHECK_OK(notify(fd, DN_CREATE | DN_MULTISHOT));
	CHECK_OK(close(fd));
	make("c");
	CHECK_EQ(count, 1);
}

static void directory_errors(void)
{
	int f;

	test_scratch();
	f = (int)CHECK_OK(open("f", O_RDWR | O_CREAT, 0644));
	CHECK_ERR(notify(f, DN_MODIFY), ENOTDIR);
	CHECK_OK(notify(f, 0));
	CHECK_OK(notify(f, DN_MULTISHOT));
	CHECK_ERR(notify(99, DN_MODIFY), EBADF);
}

static const struct test_case cases[] = {
	{ "sigio: plain", plain },
	{ "sigio: a chosen signal", chosen_signal },
	{ "sigio: for room", room },
	{ "sigio: a group", group },
	{ "sigio: a thread", thread },
	{ "sigio: nobody", nobody },
	{ "sigio: not for files", not_for_files },
	{ "sigio: a directory changes", directory },
	{ "sigio: a directory's files change", directory_contents },
	{ "sigio: a changing directory is closed", directory_closed },
	{ "sigio: F_NOTIFY's errors", directory_errors },
};

TEST_MAIN(cases)
