/*
 * Descriptors of processes: pidfd_open, clone with CLONE_PIDFD, waitid, poll,
 * pidfd_send_signal, pidfd_getfd.
 */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <syscall.h>
#include <test.h>
#include <unistd.h>

#include <linux/eventpoll.h>
#include <linux/sched.h>

#define P_PIDFD 3

struct siginfo_raw {
	int signo, err, code, pad, pid, uid, status;
	int rest[25];
};

static int pidfd_open(pid_t pid, int flags)
{
	return (int)SYS(pidfd_open, pid, flags);
}

static int ready(int fd, int timeout_ms)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	CHECK_OK(poll(&p, 1, timeout_ms));
	return p.revents & POLLIN;
}

/* A child that waits for a byte and then exits with status 7. */
static pid_t start_child(int *tell)
{
	int fds[2];
	char byte;
	pid_t pid;

	CHECK_OK(pipe(fds));
	pid = test_fork();
	if (pid == 0) {
		close(fds[1]);
		_exit(read(fds[0], &byte, 1) == 1 ? 7 : 8);
	}
	close(fds[0]);
	*tell = fds[1];
	return pid;
}

static void open_and_wait(void)
{
	struct siginfo_raw info;
	int tell;
	pid_t pid = start_child(&tell);
	int fd = (int)CHECK_OK(pidfd_open(pid, 0));

	CHECK_EQ(fcntl(fd, F_GETFD), FD_CLOEXEC);
	CHECK_EQ(fcntl(fd, F_GETFL), O_RDWR);
	CHECK_EQ(ready(fd, 0), 0);
	CHECK_EQ(write(tell, "x", 1), 1);
	CHECK_EQ(ready(fd, -1), POLLIN);
	CHECK_OK(SYS(waitid, P_PIDFD, fd, &info, WEXITED, NULL));
	CHECK_EQ(info.pid, pid);
	CHECK_EQ(info.status, 7);
	/* Nobody is left, and it stays readable. */
	CHECK_EQ(ready(fd, 0), POLLIN);
	CHECK_ERR(SYS(waitid, P_PIDFD, fd, &info, WEXITED, NULL), ECHILD);
	CHECK_ERR(SYS(pidfd_send_signal, fd, 0, NULL, 0), ESRCH);
	CHECK_ERR(pidfd_open(pid, 0), ESRCH);
}

static void wait_nonblocking(void)
{
	struct siginfo_raw info;
	int tell;
	pid_t pid = start_child(&tell);
	int fd = (int)CHECK_OK(pidfd_open(pid, O_NONBLOCK));

	CHECK_ERR(SYS(waitid, P_PIDFD, fd, &info, WEXITED, NULL), EAGAIN);
	CHECK_EQ(SYS(waitid, P_PIDFD, fd, &info, WEXITED | WNOHANG, NULL), 0);
	CHECK_EQ(write(tell, "x", 1), 1);
	CHECK_EQ(ready(fd, -1), POLLIN);
	CHECK_EQ(SYS(waitid, P_PIDFD, fd, &info, WEXITED, NULL), 0);
	CHECK_EQ(info.pid, pid);
}

static void wakes_epoll(void)
{
	struct epoll_event ev = { .events = EPOLLIN, .data = 5 };
	int ep = (int)CHECK_OK(SYS(epoll_create1, 0));
	int tell;
	pid_t pid = start_child(&tell);
	int fd = (int)CHECK_OK(pidfd_open(pid, 0));

	CHECK_OK(SYS(epoll_ctl, ep, EPOLL_CTL_ADD, fd, &ev));
	CHECK_EQ(SYS(epoll_wait, ep, &ev, 1, 0), 0);
	CHECK_EQ(write(tell, "x", 1), 1);
	CHECK_EQ(SYS(epoll_wait, ep, &ev, 1, -1), 1);
	CHECK_EQ(WEXITSTATUS(test_wait(pid)), 7);
}

static void from_clone(void)
{
	struct siginfo_raw info;
	int fd = -1;
	long pid = SYS(clone, CLONE_PIDFD | SIGCHLD, 0, &fd, NULL, 0);

	if (pid == 0)
		_exit(fcntl(fd, F_GETFD) == -1 ? 3 : 4);
	CHECK(pid > 0 && fd >= 0);
	CHECK_EQ(fcntl(fd, F_GETFD), FD_CLOEXEC);
	CHECK_OK(SYS(waitid, P_PIDFD, fd, &info, WEXITED, NULL));
	CHECK_EQ(info.pid, pid);
	CHECK_EQ(info.status, 3);
	CHECK_ERR(SYS(clone, CLONE_PIDFD | CLONE_PARENT_SETTID | SIGCHLD, 0, &fd,
		      NULL, 0), EINVAL);
	CHECK_ERR(SYS(clone, CLONE_PIDFD | SIGCHLD, 0, test_bad_pointer, NULL, 0),
		  EFAULT);
	CHECK_ERR(SYS(waitid, 0, 0, &info, WEXITED, NULL), ECHILD);
}

static void from_clone3(void)
{
	struct clone_args args;
	struct siginfo_raw info;
	int fd = -1;
	long pid;

	memset(&args, 0, sizeof(args));
	args.flags = CLONE_PIDFD;
	args.pidfd = (unsigned long)&fd;
	args.exit_signal = SIGCHLD;
	pid = SYS(clone3, &args, sizeof(args));
	if (pid == 0)
		_exit(5);
	CHECK(pid > 0 && fd >= 0);
	CHECK_OK(SYS(waitid, P_PIDFD, fd, &info, WEXITED, NULL));
	CHECK_EQ(info.status, 5);
}

static void sends_signals(void)
{
	struct siginfo_raw info;
	int tell;
	pid_t pid = start_child(&tell);
	int fd = (int)CHECK_OK(pidfd_open(pid, 0));

	CHECK_OK(SYS(pidfd_send_signal, fd, 0, NULL, 0));
	CHECK_ERR(SYS(pidfd_send_signal, fd, 65, NULL, 0), EINVAL);
	CHECK_ERR(SYS(pidfd_send_signal, fd, SIGTERM, NULL, 0x1000), EINVAL);
	CHECK_ERR(SYS(pidfd_send_signal, 99, SIGTERM, NULL, 0), EBADF);
	CHECK_ERR(SYS(pidfd_send_signal, tell, SIGTERM, NULL, 0), EBADF);
	memset(&info, 0, sizeof(info));
	info.signo = SIGUSR1;
	info.code = -1;
	CHECK_ERR(SYS(pidfd_send_signal, fd, SIGTERM, &info, 0), EINVAL);
	info.signo = SIGTERM;
	info.code = 0;
	CHECK_ERR(SYS(pidfd_send_signal, fd, SIGTERM, &info, 0), EPERM);
	CHECK_OK(SYS(pidfd_send_signal, fd, SIGTERM, NULL, 0));
	CHECK_EQ(test_wait(pid), SIGTERM);
}

/* A directory of /proc is a pidfd to this one call. */
static void by_proc_directory(void)
{
	char name[32];
	int tell, dir, sub, root = (int)CHECK_OK(open("/proc", O_RDONLY | O_DIRECTORY, 0));
	pid_t pid = start_child(&tell);

	snprintf(name, sizeof(name), "/proc/%d", pid);
	dir = (int)CHECK_OK(open(name, O_RDONLY | O_DIRECTORY, 0));
	snprintf(name, sizeof(name), "/proc/%d/fd", pid);
	sub = (int)CHECK_OK(open(name, O_RDONLY | O_DIRECTORY, 0));
	CHECK_ERR(SYS(pidfd_send_signal, root, 0, NULL, 0), EBADF);
	CHECK_ERR(SYS(pidfd_send_signal, sub, 0, NULL, 0), EBADF);
	CHECK_ERR(SYS(pidfd_getfd, dir, 0, 0), EBADF);
	CHECK_OK(SYS(pidfd_send_signal, dir, SIGTERM, NULL, 0));
	CHECK_EQ(WTERMSIG(test_wait(pid)), SIGTERM);
	CHECK_ERR(SYS(pidfd_send_signal, dir, 0, NULL, 0), ESRCH);
	CHECK_ERR(SYS(pidfd_send_signal, dir, 65, NULL, 0), EINVAL);
}

static void gets_descriptors(void)
{
	int fds[2];
	int tell;
	int copy;
	char byte;
	pid_t pid;
	int fd;

	CHECK_OK(pipe(fds));
	pid = start_child(&tell);
	close(fds[0]);
	fd = (int)CHECK_OK(pidfd_open(pid, 0));
	copy = (int)CHECK_OK(SYS(pidfd_getfd, fd, fds[0], 0));
	CHECK_EQ(fcntl(copy, F_GETFD), FD_CLOEXEC);
	CHECK_EQ(write(fds[1], "y", 1), 1);
	CHECK_EQ(read(copy, &byte, 1), 1);
	CHECK_EQ(byte, 'y');
	CHECK_ERR(SYS(pidfd_getfd, fd, 190, 0), EBADF);
	CHECK_ERR(SYS(pidfd_getfd, fd, 0, 1), EINVAL);
	CHECK_ERR(SYS(pidfd_getfd, tell, 0, 0), EBADF);
	CHECK_EQ(write(tell, "x", 1), 1);
	CHECK_EQ(WEXITSTATUS(test_wait(pid)), 7);
	CHECK_ERR(SYS(pidfd_getfd, fd, 0, 0), ESRCH);
}

static void errors(void)
{
	int fd = (int)CHECK_OK(pidfd_open(getpid(), 0));
	char byte;

	CHECK_ERR(pidfd_open(0, 0), EINVAL);
	CHECK_ERR(pidfd_open(-1, 0), EINVAL);
	CHECK_ERR(pidfd_open(getpid(), O_CLOEXEC), EINVAL);
	CHECK_ERR(pidfd_open(4000000, 0), ESRCH);
	CHECK_ERR(read(fd, &byte, 1), EINVAL);
	CHECK_ERR(SYS(waitid, P_PIDFD, fd, NULL, WEXITED, NULL), ECHILD);
	CHECK_ERR(SYS(waitid, P_PIDFD, -1, NULL, WEXITED, NULL), EINVAL);
	CHECK_ERR(SYS(waitid, P_PIDFD, 99, NULL, WEXITED, NULL), EBADF);
	CHECK_ERR(SYS(waitid, P_PIDFD, 1, NULL, WEXITED, NULL), EBADF);
}

static const struct test_case cases[] = {
	{ "pidfd: open, poll and wait", open_and_wait },
	{ "pidfd: wait without blocking", wait_nonblocking },
	{ "pidfd: wakes epoll", wakes_epoll },
	{ "pidfd: from clone", from_clone },
	{ "pidfd: from clone3", from_clone3 },
	{ "pidfd: sends signals", sends_signals },
	{ "pidfd: a directory of /proc", by_proc_directory },
	{ "pidfd: gets descriptors", gets_descriptors },
	{ "pidfd: errors", errors },
};

TEST_MAIN(cases)
