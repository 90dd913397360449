/*
 * Asynchronous input and output: io_setup(2), io_submit(2), io_getevents(2),
 * io_cancel(2), io_destroy(2).
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <syscall.h>
#include <test.h>
#include <time.h>
#include <unistd.h>

#include <linux/aio_abi.h>

static aio_context_t ctx;
static struct io_event events[8];

static void setup(unsigned int count)
{
	ctx = 0;
	CHECK_OK(SYS(io_setup, count, &ctx));
	CHECK(ctx != 0);
}

static struct iocb request(int op, int fd, const void *buf, size_t len, long at)
{
	struct iocb cb;

	memset(&cb, 0, sizeof(cb));
	cb.aio_lio_opcode = (unsigned short)op;
	cb.aio_fildes = (unsigned int)fd;
	cb.aio_buf = (unsigned long)buf;
	cb.aio_nbytes = len;
	cb.aio_offset = at;
	cb.aio_data = 77;
	return cb;
}

static long submit(struct iocb *cb)
{
	return SYS(io_submit, ctx, 1, &cb);
}

static long get(long min, long max)
{
	struct timespec none = { 0, 0 };

	return SYS(io_getevents, ctx, min, max, events, min ? NULL : &none);
}

static void files(void)
{
	char back[8] = "";
	struct iocb w, r, s, v;
	struct {
		void *base;
		size_t len;
	} iov = { back, 5 };
	struct iocb *all[3] = { &w, &s, &r };
	int fd;

	test_scratch();
	fd = (int)CHECK_OK(open("f", O_RDWR | O_CREAT, 0600));
	setup(4);
	w = request(IOCB_CMD_PWRITE, fd, "hello", 5, 3);
	s = request(IOCB_CMD_FSYNC, fd, NULL, 0, 0);
	r = request(IOCB_CMD_PREAD, fd, back, 8, 0);
	CHECK_EQ(SYS(io_submit, ctx, 3, all), 3);
	CHECK_EQ(get(3, 8), 3);
	CHECK_EQ(events[0].res, 5);
	CHECK_EQ(events[0].obj, (unsigned long)&w);
	CHECK_EQ(events[0].data, 77);
	CHECK_EQ(events[1].res, 0);
	CHECK_EQ(events[2].res, 8);
	CHECK_EQ(memcmp(back, "\0\0\0hello", 8), 0);
	CHECK_EQ(get(0, 8), 0);
	v = request(IOCB_CMD_PREADV, fd, &iov, 1, 3);
	CHECK_EQ(submit(&v), 1);
	CHECK_EQ(get(1, 1), 1);
	CHECK_EQ(events[0].res, 5);
	CHECK_EQ(memcmp(back, "hello", 5), 0);
	CHECK_OK(SYS(io_destroy, ctx));
	CHECK_ERR(SYS(io_destroy, ctx), EINVAL);
}

static void poll_waits(void)
{
	struct iocb cb;
	int fds[2];
	pid_t pid;

	setup(2);
	CHECK_OK(pipe(fds));
	cb = request(IOCB_CMD_POLL, fds[0], (void *)(long)POLLIN, 0, 0);
	CHECK_EQ(submit(&cb), 1);
	CHECK_EQ(get(0, 1), 0);
	pid = test_fork();
	if (pid == 0)
		_exit(write(fds[1], "x", 1) == 1 ? 0 : 1);
	CHECK_EQ(get(1, 1), 1);
	CHECK_EQ(events[0].res & POLLIN, POLLIN);
	test_wait_ok(pid);
	CHECK_EQ(submit(&cb), 1); /* it is readable already */
	CHECK_EQ(get(1, 1), 1);
}

static void poll_is_cancelled(void)
{
	struct iocb cb;
	int fds[2];

	setup(2);
	CHECK_OK(pipe(fds));
	cb = request(IOCB_CMD_POLL, fds[0], (void *)(long)POLLIN, 0, 0);
	CHECK_EQ(submit(&cb), 1);
	CHECK_ERR(SYS(io_cancel, ctx, &cb, events), EINPROGRESS);
	CHECK_EQ(get(1, 1), 1);
	CHECK_ERR(SYS(io_cancel, ctx, &cb, events), EINVAL);
	CHECK_EQ(submit(&cb), 1);
	CHECK_OK(SYS(io_destroy, ctx)); /* with a request that waits */
	setup(2);
	CHECK_EQ(submit(&cb), 1); /* and the end of the process */
}

static void tells_an_eventfd(void)
{
	struct iocb cb;
	uint64_t count;
	int fd, efd;

	test_scratch();
	setup(2);
	fd = (int)CHECK_OK(open("f", O_RDWR | O_CREAT, 0600));
	efd = (int)CHECK_OK(SYS(eventfd2, 0, O_NONBLOCK));
	cb = request(IOCB_CMD_PWRITE, fd, "x", 1, 0);
	cb.aio_flags = IOCB_FLAG_RESFD;
	cb.aio_resfd = (unsigned int)efd;
	CHECK_EQ(submit(&cb), 1);
	CHECK_EQ(read(efd, &count, 8), 8);
	CHECK_EQ(count, 1);
	cb.aio_resfd = (unsigned int)fd;
	CHECK_ERR(submit(&cb), EINVAL);
	cb.aio_resfd = 99;
	CHECK_ERR(submit(&cb), EBADF);
}

static void places(void)
{
	struct iocb cb;
	int fd;

	test_scratch();
	setup(2);
	fd = (int)CHECK_OK(open("f", O_RDWR | O_CREAT, 0600));
	cb = request(IOCB_CMD_PWRITE, fd, "x", 1, 0);
	CHECK_EQ(submit(&cb), 1);
	CHECK_EQ(submit(&cb), 1);
	CHECK_ERR(submit(&cb), EAGAIN);
	CHECK_EQ(get(1, 1), 1);
	CHECK_EQ(submit(&cb), 1);
	ctx = 0;
	CHECK_ERR(SYS(io_setup, 1 << 20, &ctx), EAGAIN);
}

static void setup_errors(void)
{
	ctx = 0;
	CHECK_ERR(SYS(io_setup, 0, &ctx), EINVAL);
	CHECK_ERR(SYS(io_setup, -1, &ctx), EINVAL);
	CHECK_ERR(SYS(io_setup, 1, test_bad_pointer), EFAULT);
	ctx = 1;
	CHECK_ERR(SYS(io_setup, 1, &ctx), EINVAL);
	CHECK_ERR(SYS(io_destroy, 12345), EINVAL);
}

static void submit_errors(void)
{
	struct iocb cb, *bad = test_bad_pointer;
	char byte;
	int fd;

	test_scratch();
	setup(2);
	fd = (int)CHECK_OK(open("f", O_RDONLY | O_CREAT, 0600));
	cb = request(IOCB_CMD_PWRITE, fd, "x", 1, 0);
	CHECK_ERR(submit(&cb), EBADF);
	cb = request(IOCB_CMD_PREAD, 99, &byte, 1, 0);
	CHECK_ERR(submit(&cb), EBADF);
	cb = request(77, fd, &byte, 1, 0);
	CHECK_ERR(submit(&cb), EINVAL);
	cb = request(IOCB_CMD_PREAD, fd, &byte, 1, -1);
	CHECK_ERR(submit(&cb), EINVAL);
	cb = request(IOCB_CMD_FSYNC, fd, &byte, 1, 0);
	CHECK_ERR(submit(&cb), EINVAL);
	cb = request(IOCB_CMD_PREAD, fd, &byte, 1, 0);
	cb.aio_reserved2 = 1;
	CHECK_ERR(submit(&cb), EINVAL);
	CHECK_ERR(SYS(io_submit, ctx, 1, &bad), EFAULT);
	CHECK_ERR(SYS(io_submit, ctx, 1, test_bad_pointer), EFAULT);
	CHECK_ERR(SYS(io_submit, ctx, -1, &bad), EINVAL);
	CHECK_ERR(SYS(io_submit, 12345, 0, &bad), EINVAL);
	CHECK_EQ(SYS(io_submit, ctx, 0, NULL), 0);
	CHECK_EQ(get(0, 8), 0); /* no place was lost */
	CHECK_ERR(SYS(io_getevents, ctx, 2, 1, events, NULL), EINVAL);
	CHECK_ERR(SYS(io_getevents, ctx, -1, 1, events, NULL), EINVAL);
	CHECK_ERR(SYS(io_getevents, 12345, 0, 1, events, NULL), EINVAL);
	CHECK_ERR(SYS(io_getevents, ctx, 0, 1, events, test_bad_pointer), EFAULT);
	CHECK_ERR(SYS(io_cancel, ctx, test_bad_pointer, events), EFAULT);
}

static void note(int sig)
{
	(void)sig;
}

static void waiting_ends(void)
{
	struct timespec soon = { 0, 1000000 };
	unsigned long empty = 0, all = -1UL;
	struct {
		unsigned long *mask;
		size_t bytes;
	} set = { &empty, 8 };
	struct sigaction sa = { .sa_handler = note };

	setup(2);
	CHECK_EQ(SYS(io_getevents, ctx, 1, 1, events, &soon), 0);
	CHECK_OK(sigaction(SIGUSR1, &sa, NULL));
	CHECK_OK(SYS(rt_sigprocmask, SIG_BLOCK, &all, NULL, 8));
	CHECK_OK(kill(getpid(), SIGUSR1));
	CHECK_ERR(SYS(io_pgetevents, ctx, 1, 1, events, NULL, &set), EINTR);
	CHECK_EQ(SYS(io_pgetevents, ctx, 0, 1, events, &soon, NULL), 0);
	set.bytes = 4;
	CHECK_ERR(SYS(io_pgetevents, ctx, 1, 1, events, NULL, &set), EINVAL);
}

static const struct test_case cases[] = {
	{ "files", files },
	{ "a poll waits", poll_waits },
	{ "a poll is cancelled", poll_is_cancelled },
	{ "eventfd", tells_an_eventfd },
	{ "places", places },
	{ "io_setup: errors", setup_errors },
	{ "io_submit: errors", submit_errors },
	{ "waiting ends", waiting_ends },
};

TEST_MAIN(cases)
