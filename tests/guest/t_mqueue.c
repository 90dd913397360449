/* POSIX message queues, by the system calls: glibc takes the slash off. */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <syscall.h>
#include <test.h>
#include <time.h>
#include <unistd.h>

struct attr {
	long flags, messages_max, bytes_max, messages, reserved[4];
};

static long result(long ret)
{
	if (ret >= 0)
		return ret;
	errno = (int)-ret;
	return -1;
}

static long open_queue(const char *name, int flags, struct attr *attr)
{
	return result(sys4(__NR_mq_open, (long)name, flags, 0600, (long)attr));
}

/* A queue of three messages of ten bytes without a name. */
static int queue(int flags)
{
	struct attr attr = { .messages_max = 3, .bytes_max = 10 };
	int fd = (int)CHECK_OK(open_queue("t_mqueue", flags | O_CREAT | O_EXCL | O_RDWR,
					  &attr));

	CHECK_OK(result(sys1(__NR_mq_unlink, (long)"t_mqueue")));
	return fd;
}

static long put(int fd, const char *text, unsigned int priority)
{
	return result(sys6(__NR_mq_timedsend, fd, (long)text, (long)strlen(text) + 1,
			   priority, 0, 0));
}

static long take(int fd, char *buf, long size, unsigned int *priority)
{
	return result(sys6(__NR_mq_timedreceive, fd, (long)buf, size, (long)priority, 0, 0));
}

static void names(void)
{
	struct attr attr = { .messages_max = 3, .bytes_max = 10 };
	int fd;

	CHECK_ERR(open_queue("t_none", O_RDWR, NULL), ENOENT);
	CHECK_ERR(open_queue("/slash", O_RDWR | O_CREAT, NULL), EACCES);
	CHECK_ERR(open_queue("", O_RDWR | O_CREAT, NULL), ENOENT);
	CHECK_ERR(open_queue(NULL, O_RDWR | O_CREAT, NULL), EFAULT);
	fd = (int)CHECK_OK(open_queue("t_names", O_RDWR | O_CREAT, &attr));
	CHECK_EQ(fcntl(fd, F_GETFD), FD_CLOEXEC);
	CHECK_ERR(open_queue("t_names", O_RDWR | O_CREAT | O_EXCL, &attr), EEXIST);
	CHECK_OK(open_queue("t_names", O_RDONLY, NULL));
	CHECK_OK(result(sys1(__NR_mq_unlink, (long)"t_names")));
	CHECK_ERR(result(sys1(__NR_mq_unlink, (long)"t_names")), ENOENT);
	CHECK_OK(put(fd, "still", 0));
	attr.messages_max = 0;
	CHECK_ERR(open_queue("t_names", O_RDWR | O_CREAT, &attr), EINVAL);
	attr.messages_max = 70000;
	CHECK_ERR(open_queue("t_names", O_RDWR | O_CREAT, &attr), EINVAL);
}

static void priorities(void)
{
	unsigned int priority = 9;
	int fd = queue(0);
	struct attr attr;
	char buf[10];

	CHECK_OK(put(fd, "low", 1));
	CHECK_OK(put(fd, "high", 5));
	CHECK_OK(put(fd, "low2", 1));
	CHECK_OK(result(sys3(__NR_mq_getsetattr, fd, 0, (long)&attr)));
	CHECK_EQ(attr.messages, 3);
	CHECK_EQ(attr.messages_max, 3);
	CHECK_EQ(attr.bytes_max, 10);
	CHECK_EQ(take(fd, buf, 10, &priority), 5);
	CHECK_STR(buf, "high");
	CHECK_EQ(priority, 5);
	CHECK_EQ(take(fd, buf, 10, NULL), 4);
	CHECK_STR(buf, "low");
	CHECK_EQ(take(fd, buf, 10, NULL), 5);
	CHECK_STR(buf, "low2");
}

static void errors(void)
{
	struct timespec past = { 1, 0 }, bad = { 0, -1 };
	struct attr attr = { .flags = O_NONBLOCK };
	int fd = queue(0), fds[2];
	char buf[10];

	CHECK_ERR(put(fd, "eleven byte", 0), EMSGSIZE);
	CHECK_ERR(put(fd, "x", 32768), EINVAL);
	CHECK_ERR(take(fd, buf, 9, NULL), EMSGSIZE);
	CHECK_OK(pipe(fds));
	CHECK_ERR(put(fds[1], "x", 0), EBADF);
	CHECK_ERR(put(99, "x", 0), EBADF);
	CHECK_ERR(write(fd, "x", 1), EINVAL);
	CHECK_ERR(result(sys6(__NR_mq_timedreceive, fd, (long)buf, 10, 0, (long)&past, 0)),
		  ETIMEDOUT);
	CHECK_ERR(result(sys6(__NR_mq_timedreceive, fd, (long)buf, 10, 0, (long)&bad, 0)),
		  EINVAL);
	CHECK_OK(result(sys3(__NR_mq_getsetattr, fd, (long)&attr, 0)));
	CHECK_ERR(take(fd, buf, 10, NULL), EAGAIN);
	while (put(fd, "full", 0) == 0)
		;
	CHECK_EQ(errno, EAGAIN);
	attr.flags = 1;
	CHECK_ERR(result(sys3(__NR_mq_getsetattr, fd, (long)&attr, 0)), EINVAL);
}

static void waiting(void)
{
	int fd = queue(0);
	struct pollfd p = { .fd = fd, .events = POLLIN | POLLOUT };
	char buf[10];
	pid_t pid;

	CHECK_EQ(poll(&p, 1, 0), 1);
	CHECK_EQ(p.revents, POLLOUT);
	pid = test_fork();
	if (pid == 0) {
		CHECK_EQ(take(fd, buf, 10, NULL), 6);
		for (int i = 0; i < 4; i++) /* the last one has to wait */
			CHECK_OK(put(fd, "back", 0));
		_exit(0);
	}
	test_nap();
	CHECK_OK(put(fd, "there", 0));
	p.events = POLLOUT;
	do {
		CHECK_OK(poll(&p, 1, 0));
	} while (p.revents);
	for (int i = 0; i < 4; i++)
		CHECK_EQ(take(fd, buf, 10, NULL), 5);
	test_wait_ok(pid);
}

static void notification(void)
{
	struct timespec limit = { 10, 0 }, none = { 0, 0 };
	struct sigevent ev;
	int fd = queue(0);
	siginfo_t info;
	sigset_t set;
	char buf[10];

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	CHECK_OK(sigprocmask(SIG_BLOCK, &set, NULL));
	memset(&ev, 0, sizeof(ev));
	ev.sigev_notify = SIGEV_SIGNAL;
	ev.sigev_signo = SIGUSR1;
	ev.sigev_value.sival_int = 42;
	CHECK_OK(result(sys2(__NR_mq_notify, fd, (long)&ev)));
	CHECK_ERR(result(sys2(__NR_mq_notify, fd, (long)&ev)), EBUSY);
	CHECK_OK(put(fd, "one", 0));
	CHECK_EQ(sigtimedwait(&set, &info, &limit), SIGUSR1);
	CHECK_EQ(info.si_code, SI_MESGQ);
	CHECK_EQ(info.si_value.sival_int, 42);
	CHECK_EQ(info.si_pid, getpid());
	CHECK_OK(take(fd, buf, 10, NULL));
	CHECK_OK(put(fd, "two", 0)); /* once only */
	CHECK_ERR(sigtimedwait(&set, &info, &none), EAGAIN);
	CHECK_OK(result(sys2(__NR_mq_notify, fd, (long)&ev)));
	CHECK_OK(put(fd, "three", 0)); /* it was not empty */
	CHECK_ERR(sigtimedwait(&set, &info, &none), EAGAIN);
	CHECK_OK(result(sys2(__NR_mq_notify, fd, 0)));
	CHECK_OK(take(fd, buf, 10, NULL));
	CHECK_OK(take(fd, buf, 10, NULL));
	/* The first descriptor of the queue that is closed ends it. */
	CHECK_OK(result(sys2(__NR_mq_notify, fd, (long)&ev)));
	CHECK_OK(close((int)CHECK_OK(dup(fd))));
	CHECK_OK(put(fd, "four", 0));
	CHECK_ERR(sigtimedwait(&set, &info, &none), EAGAIN);
	ev.sigev_notify = 9;
	CHECK_ERR(result(sys2(__NR_mq_notify, fd, (long)&ev)), EINVAL);
}

static void mounted(void)
{
	struct attr attr = { .messages_max = 3, .bytes_max = 10 };
	char text[128];
	struct stat st;
	int fd;

	test_need_root();
	test_scratch();
	CHECK_OK(mkdir("mq", 0755));
	if (result(sys6(__NR_mount, (long)"none", (long)"mq", (long)"mqueue", 0, 0,
			0)) < 0)
		test_skip("cannot mount: %s", test_errno());
	fd = (int)CHECK_OK(open_queue("t_mounted", O_RDWR | O_CREAT, &attr));
	CHECK_OK(put(fd, "1234", 0));
	CHECK_OK(stat("mq/t_mounted", &st));
	CHECK_EQ(st.st_mode, S_IFREG | 0600);
	test_read_file("mq/t_mounted", text, sizeof(text));
	CHECK(strncmp(text, "QSIZE:5 ", 8) == 0);
	CHECK_OK(unlink("mq/t_mounted"));
	CHECK_ERR(open_queue("t_mounted", O_RDWR, NULL), ENOENT);
	CHECK_OK(result(sys2(__NR_umount2, (long)"mq", 0)));
}

static const struct test_case cases[] = {
	{ "names and attributes", names },
	{ "priorities", priorities },
	{ "errors", errors },
	{ "waiting", waiting },
	{ "mq_notify", notification },
	{ "mounted", mounted },
};

TEST_MAIN(cases)
