/*
 * Waiting for several descriptors: poll, ppoll, select, pselect.
 */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <test.h>
#include <time.h>
#include <unistd.h>

static volatile sig_atomic_t count;

static void note(int sig)
{
	(void)sig;
	count++;
}

static struct pollfd on(int fd, short events)
{
	struct pollfd p = { .fd = fd, .events = events, .revents = -1 };

	return p;
}

static int poll_one(int fd, short events, int timeout_ms)
{
	struct pollfd p = on(fd, events);
	int ready = (int)CHECK_OK(poll(&p, 1, timeout_ms));

	CHECK_EQ(ready, p.revents != 0);
	return p.revents;
}

static void fill(int fd)
{
	static char block[65536];

	CHECK_EQ(write(fd, block, sizeof(block)), sizeof(block));
}

/* ---- poll --------------------------------------------------------------- */

static void poll_pipe_states(void)
{
	int fds[2];
	char byte;

	CHECK_OK(pipe(fds));
	CHECK_EQ(poll_one(fds[0], POLLIN, 0), 0);
	CHECK_EQ(poll_one(fds[1], POLLOUT, 0), POLLOUT);
	CHECK_EQ(write(fds[1], "x", 1), 1);
	CHECK_EQ(poll_one(fds[0], POLLIN, 0), POLLIN);
	CHECK_EQ(poll_one(fds[0], POLLIN | POLLRDNORM, 0), POLLIN | POLLRDNORM);
	CHECK_EQ(poll_one(fds[0], 0, 0), 0);
	CHECK_EQ(read(fds[0], &byte, 1), 1);
	CHECK_EQ(poll_one(fds[0], POLLIN, 0), 0);
	fill(fds[1]);
	CHECK_EQ(poll_one(fds[1], POLLOUT, 0), 0);
}

static void poll_hangup(void)
{
	int fds[2];

	CHECK_OK(pipe(fds));
	CHECK_EQ(write(fds[1], "x", 1), 1);
	CHECK_OK(close(fds[1]));
	CHECK_EQ(poll_one(fds[0], POLLIN, -1), POLLIN | POLLHUP);
	/* Told without being asked for. */
	CHECK_EQ(poll_one(fds[0], 0, -1), POLLHUP);
	CHECK_OK(pipe(fds));
	CHECK_OK(close(fds[0]));
	CHECK_EQ(poll_one(fds[1], POLLOUT, -1), POLLOUT | POLLERR);
}

static void poll_invalid(void)
{
	struct pollfd p[2] = { on(99, POLLIN), on(-1, POLLIN) };

	CHECK_EQ(poll(p, 2, -1), 1);
	CHECK_EQ(p[0].revents, POLLNVAL);
	CHECK_EQ(p[1].revents, 0);
}

static void poll_files_and_devices(void)
{
	int fd;

	test_scratch();
	fd = (int)CHECK_OK(open("f", O_RDWR | O_CREAT, 0644));
	CHECK_EQ(poll_one(fd, POLLIN | POLLOUT, 0), POLLIN | POLLOUT);
	fd = (int)CHECK_OK(open("/dev/null", O_RDWR));
	CHECK_EQ(poll_one(fd, POLLIN | POLLOUT, 0), POLLIN | POLLOUT);
}

static void poll_times_out(void)
{
	uint64_t start = test_now();
	int fds[2];

	CHECK_OK(pipe(fds));
	CHECK_EQ(poll_one(fds[0], POLLIN, 50), 0);
	CHECK(test_now() - start >= 50 * 1000000UL);
	start = test_now();
	CHECK_EQ(poll(NULL, 0, 20), 0);
	CHECK(test_now() - start >= 20 * 1000000UL);
}

static void poll_wakes(void)
{
	struct pollfd p[2];
	int a[2];
	int b[2];
	pid_t pid;

	CHECK_OK(pipe(a));
	CHECK_OK(pipe(b));
	pid = test_fork();
	if (pid == 0) {
		sleep_ms(20);
		CHECK_EQ(write(b[1], "x", 1), 1);
		_exit(0);
	}
	p[0] = on(a[0], POLLIN);
	p[1] = on(b[0], POLLIN);
	CHECK_EQ(poll(p, 2, -1), 1);
	CHECK_EQ(p[0].revents, 0);
	CHECK_EQ(p[1].revents, POLLIN);
	test_wait_ok(pid);
}

static void poll_wakes_for_room(void)
{
	static char block[65536];
	int fds[2];
	pid_t pid;

	CHECK_OK(pipe(fds));
	fill(fds[1]);
	pid = test_fork();
	if (pid == 0) {
		sleep_ms(20);
		test_read_all(fds[0], block, sizeof(block));
		_exit(0);
	}
	CHECK_EQ(poll_one(fds[1], POLLOUT, -1), POLLOUT);
	test_wait_ok(pid);
}

static void poll_wakes_for_hangup(void)
{
	int fds[2];
	pid_t pid;

	CHECK_OK(pipe(fds));
	pid = test_fork();
	if (pid == 0) {
		sleep_ms(20);
		_exit(0);
	}
	CHECK_OK(close(fds[1]));
	CHECK_EQ(poll_one(fds[0], POLLIN, -1), POLLHUP);
	test_wait_ok(pid);
}

static void poll_many(void)
{
	struct pollfd p[100];
	int fds[2];
	int i;

	CHECK_OK(pipe(fds));
	CHECK_EQ(write(fds[1], "x", 1), 1);
	for (i = 0; i < 100; i++)
		p[i] = on(i % 3 ? -1 : fds[0], POLLIN);
	CHECK_EQ(poll(p, 100, -1), 34);
}

static void poll_errors(void)
{
	struct pollfd p = on(0, POLLIN);
	struct rlimit limit;

	CHECK_ERR(poll(test_bad_pointer, 1, 0), EFAULT);
	CHECK_OK(getrlimit(RLIMIT_NOFILE, &limit));
	CHECK_ERR(poll(&p, (nfds_t)limit.rlim_cur + 1, 0), EINVAL);
}

/* A child that sends SIGUSR1 again and again until it is killed. */
static pid_t start_pest(void)
{
	pid_t parent = getpid();
	pid_t pid = test_fork();

	if (pid == 0) {
		for (;;) {
			sleep_ms(20);
			kill(parent, SIGUSR1);
		}
	}
	return pid;
}

static void end_pest(pid_t pid)
{
	kill(pid, SIGKILL);
	test_wait(pid);
}

static void ppoll_opens_the_mask(void)
{
	sigset_t set = SIGBIT(SIGUSR1);
	sigset_t none = 0;
	struct pollfd p;
	int fds[2];
	sigset_t now;

	CHECK_OK(pipe(fds));
	p = on(fds[0], POLLIN);
	signal(SIGUSR1, note);
	CHECK_OK(sigprocmask(SIG_BLOCK, &set, NULL));
	raise(SIGUSR1);
	CHECK_EQ(count, 0);
	CHECK_ERR(ppoll(&p, 1, NULL, &none), EINTR);
	CHECK_EQ(count, 1);
	CHECK_OK(sigprocmask(SIG_BLOCK, NULL, &now));
	CHECK_EQ(now, set);
}

static void ppoll_closes_the_mask(void)
{
	struct timespec timeout = { 0, 100000000 };
	sigset_t set = SIGBIT(SIGUSR1);
	struct pollfd p;
	int fds[2];
	pid_t pest;

	CHECK_OK(pipe(fds));
	p = on(fds[0], POLLIN);
	signal(SIGUSR1, note);
	pest = start_pest();
	count = 0;
	CHECK_EQ(ppoll(&p, 1, &timeout, &set), 0);
	end_pest(pest);
	CHECK(count >= 1);
	timeout.tv_nsec = -1;
	CHECK_ERR(ppoll(&p, 1, &timeout, NULL), EINVAL);
}

/* ---- select ------------------------------------------------------------- */

static void select_reads_and_writes(void)
{
	fd_set r;
	fd_set w;
	int fds[2];

	CHECK_OK(pipe(fds));
	FD_ZERO(&r);
	FD_ZERO(&w);
	FD_SET(fds[0], &r);
	FD_SET(fds[1], &w);
	CHECK_EQ(select(fds[1] + 1, &r, &w, NULL, NULL), 1);
	CHECK(!FD_ISSET(fds[0], &r));
	CHECK(FD_ISSET(fds[1], &w));
	CHECK_EQ(write(fds[1], "x", 1), 1);
	FD_SET(fds[0], &r);
	CHECK_EQ(select(fds[1] + 1, &r, &w, NULL, NULL), 2);
	CHECK(FD_ISSET(fds[0], &r));
}

static void select_end_of_file(void)
{
	fd_set r;
	int fds[2];

	CHECK_OK(pipe(fds));
	CHECK_OK(close(fds[1]));
	FD_ZERO(&r);
	FD_SET(fds[0], &r);
	CHECK_EQ(select(fds[0] + 1, &r, NULL, NULL, NULL), 1);
	CHECK(FD_ISSET(fds[0], &r));
}

static void select_times_out(void)
{
	struct timeval timeout = { 0, 50000 };
	uint64_t start = test_now();
	fd_set r;
	int fds[2];

	CHECK_OK(pipe(fds));
	FD_ZERO(&r);
	FD_SET(fds[0], &r);
	CHECK_EQ(select(fds[0] + 1, &r, NULL, NULL, &timeout), 0);
	CHECK(test_now() - start >= 50 * 1000000UL);
	CHECK(!FD_ISSET(fds[0], &r));
	/* Linux leaves what was left. */
	CHECK_EQ(timeout.tv_sec, 0);
	CHECK_EQ(timeout.tv_usec, 0);
	timeout.tv_usec = 20000;
	CHECK_EQ(select(0, NULL, NULL, NULL, &timeout), 0);
}

static void select_leaves_the_rest(void)
{
	struct timeval timeout = { 10, 0 };
	fd_set w;
	int fds[2];

	CHECK_OK(pipe(fds));
	FD_ZERO(&w);
	FD_SET(fds[1], &w);
	CHECK_EQ(select(fds[1] + 1, NULL, &w, NULL, &timeout), 1);
	CHECK(timeout.tv_sec >= 8 && timeout.tv_sec <= 10);
}

static void select_only_below_count(void)
{
	struct timeval zero = { 0, 0 };
	fd_set w;
	int fds[2];

	CHECK_OK(pipe(fds));
	FD_ZERO(&w);
	FD_SET(fds[1], &w);
	CHECK_EQ(select(fds[1], NULL, &w, NULL, &zero), 0);
}

static void select_errors(void)
{
	struct timeval bad = { -1, 0 };
	struct timeval zero = { 0, 0 };
	fd_set r;

	FD_ZERO(&r);
	FD_SET(99, &r);
	CHECK_ERR(select(100, &r, NULL, NULL, NULL), EBADF);
	CHECK_ERR(select(-1, NULL, NULL, NULL, &zero), EINVAL);
	CHECK_ERR(select(0, NULL, NULL, NULL, &bad), EINVAL);
	CHECK_ERR(select(1, test_bad_pointer, NULL, NULL, &zero), EFAULT);
}

static void pselect_opens_the_mask(void)
{
	sigset_t set = SIGBIT(SIGUSR1);
	sigset_t none = 0;
	int fds[2];
	fd_set r;

	CHECK_OK(pipe(fds));
	FD_ZERO(&r);
	FD_SET(fds[0], &r);
	signal(SIGUSR1, note);
	CHECK_OK(sigprocmask(SIG_BLOCK, &set, NULL));
	raise(SIGUSR1);
	CHECK_ERR(pselect(fds[0] + 1, &r, NULL, NULL, NULL, &none), EINTR);
	CHECK_EQ(count, 1);
}

static void select_is_interrupted(void)
{
	pid_t pest;

	signal(SIGUSR1, note);
	pest = start_pest();
	CHECK_ERR(select(0, NULL, NULL, NULL, NULL), EINTR);
	end_pest(pest);
}

static const struct test_case cases[] = {
	{ "poll: states of a pipe", poll_pipe_states },
	{ "poll: POLLHUP and POLLERR", poll_hangup },
	{ "poll: POLLNVAL", poll_invalid },
	{ "poll: files and devices", poll_files_and_devices },
	{ "poll: times out", poll_times_out },
	{ "poll: wakes for data", poll_wakes },
	{ "poll: wakes for room", poll_wakes_for_room },
	{ "poll: wakes for a hangup", poll_wakes_for_hangup },
	{ "poll: a hundred", poll_many },
	{ "poll: errors", poll_errors },
	{ "ppoll: opens the mask", ppoll_opens_the_mask },
	{ "ppoll: closes the mask", ppoll_closes_the_mask },
	{ "select: reads and writes", select_reads_and_writes },
	{ "select: end of file", select_end_of_file },
	{ "select: times out", select_times_out },
	{ "select: leaves the rest", select_leaves_the_rest },
	{ "select: only below the count", select_only_below_count },
	{ "select: errors", select_errors },
	{ "select: is interrupted", select_is_interrupted },
	{ "pselect: opens the mask", pselect_opens_the_mask },
};

TEST_MAIN(cases)
