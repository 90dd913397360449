/*
 * eventfd, timerfd, signalfd: values, waiting, polling, errors.
 */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <syscall.h>
#include <test.h>
#include <time.h>
#include <unistd.h>

#include <linux/eventpoll.h>
#include <linux/signalfd.h>
#include <linux/timerfd.h>

#define MS 1000000L
#define SEMAPHORE 1 /* EFD_SEMAPHORE */

static int ready(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN | POLLOUT };

	CHECK_OK(poll(&p, 1, 0));
	return p.revents;
}

static uint64_t get(int fd)
{
	uint64_t value;

	CHECK_EQ(read(fd, &value, 8), 8);
	return value;
}

static void put(int fd, uint64_t value)
{
	CHECK_EQ(write(fd, &value, 8), 8);
}

/* ---- eventfd -------------------------------------------------------------- */

static void event_counts(void)
{
	int fd = (int)CHECK_OK(SYS(eventfd2, 3, O_NONBLOCK));
	char buf[16];

	CHECK_EQ(ready(fd), POLLIN | POLLOUT);
	put(fd, 4);
	CHECK_EQ(get(fd), 7);
	CHECK_EQ(ready(fd), POLLOUT);
	CHECK_ERR(read(fd, buf, 8), EAGAIN);
	CHECK_ERR(read(fd, buf, 7), EINVAL);
	put(fd, 0);
	CHECK_EQ(ready(fd), POLLOUT);
	put(fd, 1);
	CHECK_EQ(read(fd, buf, 16), 8);
}

static void event_semaphore(void)
{
	int fd = (int)CHECK_OK(SYS(eventfd2, 2, SEMAPHORE | O_NONBLOCK));
	uint64_t v;

	CHECK_EQ(get(fd), 1);
	CHECK_EQ(get(fd), 1);
	CHECK_ERR(read(fd, &v, 8), EAGAIN);
}

static void event_full(void)
{
	int fd = (int)CHECK_OK(SYS(eventfd2, 0, O_NONBLOCK));
	uint64_t v = ~0UL;

	CHECK_ERR(write(fd, &v, 8), EINVAL);
	put(fd, ~0UL - 1);
	CHECK_EQ(ready(fd), POLLIN);
	v = 1;
	CHECK_ERR(write(fd, &v, 8), EAGAIN);
	CHECK_ERR(write(fd, &v, 4), EINVAL);
	CHECK_ERR(write(fd, test_bad_pointer, 8), EFAULT);
	CHECK_EQ(get(fd), ~0UL - 1);
}

static void event_waits(void)
{
	int fd = (int)CHECK_OK(SYS(eventfd2, 0, 0));
	pid_t pid = test_fork();

	if (pid == 0) {
		sleep_ms(20);
		put(fd, 5);
		/* No room until the parent has read. */
		put(fd, ~0UL - 1);
		_exit(0);
	}
	CHECK_EQ(get(fd), 5);
	CHECK_EQ(get(fd), ~0UL - 1);
	test_wait_ok(pid);
}

static void event_errors(void)
{
	CHECK_ERR(SYS(eventfd2, 0, 2), EINVAL);
	CHECK_EQ(fcntl((int)SYS(eventfd2, 0, O_CLOEXEC), F_GETFD), FD_CLOEXEC);
	CHECK_EQ(fcntl((int)SYS(eventfd, 0), F_GETFL), O_RDWR);
}

/* ---- timerfd -------------------------------------------------------------- */

static struct itimerspec spec(long ns, long interval_ns)
{
	struct itimerspec s = { { interval_ns / 1000000000, interval_ns % 1000000000 },
				{ ns / 1000000000, ns % 1000000000 } };

	return s;
}

static int new_timer(int clock, int flags)
{
	return (int)CHECK_OK(SYS(timerfd_create, clock, flags));
}

static void set(int fd, int flags, struct itimerspec s)
{
	CHECK_OK(SYS(timerfd_settime, fd, flags, &s, NULL));
}

static void timer_once(void)
{
	int fd = new_timer(CLOCK_MONOTONIC, 0);
	uint64_t start = test_now();
	struct itimerspec now;

	CHECK_EQ(ready(fd), 0);
	set(fd, 0, spec(20 * MS, 0));
	CHECK_OK(SYS(timerfd_gettime, fd, &now));
	CHECK(now.it_value.tv_nsec > 0 && now.it_value.tv_nsec <= 20 * MS);
	CHECK_EQ(get(fd), 1);
	CHECK(test_now() - start >= 20 * (uint64_t)MS);
	CHECK_OK(SYS(timerfd_gettime, fd, &now));
	CHECK_EQ(now.it_value.tv_sec | now.it_value.tv_nsec, 0);
	CHECK_OK(fcntl(fd, F_SETFL, O_NONBLOCK));
	CHECK_ERR(read(fd, &now, 8), EAGAIN);
	CHECK_ERR(read(fd, &now, 4), EINVAL);
}

static void timer_interval(void)
{
	int fd = new_timer(CLOCK_MONOTONIC, 0);
	uint64_t start = test_now();
	struct itimerspec old;
	struct itimerspec off = spec(0, 0);
	uint64_t total = 0;

	set(fd, 0, spec(5 * MS, 5 * MS));
	sleep_ms(30);
	CHECK_EQ(ready(fd), POLLIN);
	while (total < 8)
		total += get(fd);
	CHECK(test_now() - start >= 8 * 5 * (uint64_t)MS);
	CHECK_OK(SYS(timerfd_settime, fd, 0, &off, &old));
	CHECK_EQ(old.it_interval.tv_nsec, 5 * MS);
	CHECK(old.it_value.tv_nsec > 0 && old.it_value.tv_nsec <= 5 * MS);
	CHECK_EQ(ready(fd), 0);
}

static void timer_absolute(void)
{
	static const int clocks[] = { CLOCK_MONOTONIC, CLOCK_REALTIME, CLOCK_BOOTTIME };
	size_t i;

	for (i = 0; i < 3; i++) {
		int fd = new_timer(clocks[i], 0);
		struct itimerspec s = spec(0, 0);
		struct timespec now;

		CHECK_OK(SYS(clock_gettime, clocks[i], &now));
		s.it_value = now;
		s.it_value.tv_nsec += 20 * MS;
		if (s.it_value.tv_nsec >= 1000000000) {
			s.it_value.tv_sec++;
			s.it_value.tv_nsec -= 1000000000;
		}
		set(fd, TFD_TIMER_ABSTIME, s);
		CHECK_EQ(get(fd), 1);
		CHECK_OK(SYS(clock_gettime, clocks[i], &now));
		CHECK(now.tv_sec > s.it_value.tv_sec ||
		      (now.tv_sec == s.it_value.tv_sec &&
		       now.tv_nsec >= s.it_value.tv_nsec));
		/* In the past: at once. */
		s.it_value.tv_sec = 1;
		set(fd, TFD_TIMER_ABSTIME, s);
		CHECK_EQ(get(fd), 1);
		CHECK_OK(close(fd));
	}
}

static void timer_wakes_epoll(void)
{
	struct epoll_event ev = { .events = EPOLLIN | (unsigned int)EPOLLET, .data = 9 };
	int ep = (int)CHECK_OK(SYS(epoll_create1, 0));
	int fd = new_timer(CLOCK_MONOTONIC, 0);
	int i;

	CHECK_OK(SYS(epoll_ctl, ep, EPOLL_CTL_ADD, fd, &ev));
	for (i = 0; i < 3; i++) {
		set(fd, 0, spec(5 * MS, 0));
		CHECK_EQ(SYS(epoll_wait, ep, &ev, 1, -1), 1);
		CHECK_EQ(ev.data, 9);
	}
	CHECK_EQ(get(fd), 1);
	/* Closed while it runs. */
	set(fd, 0, spec(5 * MS, 5 * MS));
	CHECK_OK(close(fd));
	CHECK_EQ(SYS(epoll_wait, ep, &ev, 1, 20), 0);
}

static void timer_errors(void)
{
	int fd = new_timer(CLOCK_REALTIME, O_CLOEXEC);
	struct itimerspec bad = spec(MS, 0);
	struct itimerspec good = spec(MS, 0);

	CHECK_ERR(SYS(timerfd_create, CLOCK_PROCESS_CPUTIME_ID, 0), EINVAL);
	CHECK_ERR(SYS(timerfd_create, CLOCK_MONOTONIC, 1), EINVAL);
	bad.it_value.tv_nsec = 1000000000;
	CHECK_ERR(SYS(timerfd_settime, fd, 0, &bad, NULL), EINVAL);
	CHECK_ERR(SYS(timerfd_settime, fd, 4, &good, NULL), EINVAL);
	CHECK_ERR(SYS(timerfd_settime, 99, 0, &good, NULL), EBADF);
	CHECK_ERR(SYS(timerfd_settime, 1, 0, &good, NULL), EINVAL);
	CHECK_ERR(SYS(timerfd_settime, fd, 0, test_bad_pointer, NULL), EFAULT);
	CHECK_ERR(SYS(timerfd_gettime, fd, test_bad_pointer), EFAULT);
	CHECK_ERR(SYS(timerfd_gettime, 1, &good), EINVAL);
	CHECK_ERR(write(fd, "12345678", 8), EINVAL);
	CHECK_EQ(fcntl(fd, F_GETFD), FD_CLOEXEC);
}

/* ---- signalfd --------------------------------------------------------------- */

static int new_signalfd(sigset_t set, int flags)
{
	CHECK_OK(sigprocmask(SIG_BLOCK, &set, NULL));
	return (int)CHECK_OK(SYS(signalfd4, -1, &set, 8, flags));
}

static void signal_read(void)
{
	int fd = new_signalfd(SIGBIT(SIGUSR1) | SIGBIT(SIGUSR2), O_NONBLOCK);
	struct signalfd_siginfo info[3];

	CHECK_EQ(ready(fd), 0);
	CHECK_ERR(read(fd, info, sizeof(info)), EAGAIN);
	CHECK_ERR(read(fd, info, sizeof(info[0]) - 1), EINVAL);
	CHECK_OK(kill(getpid(), SIGUSR2));
	CHECK_OK(kill(getpid(), SIGUSR1));
	CHECK_EQ(ready(fd), POLLIN);
	CHECK_EQ(read(fd, info, sizeof(info)), 2 * sizeof(info[0]));
	CHECK_EQ(info[0].ssi_signo, SIGUSR1);
	CHECK_EQ(info[1].ssi_signo, SIGUSR2);
	CHECK_EQ(info[0].ssi_pid, getpid());
	CHECK_EQ(info[0].ssi_uid, getuid());
	CHECK_EQ(info[0].ssi_code, 0);
	CHECK_EQ(ready(fd), 0);
}

static void signal_queue(void)
{
	int fd = new_signalfd(SIGBIT(40), O_NONBLOCK);
	struct signalfd_siginfo r;
	struct { int signo, err, code, pad, pid, uid; long value; long rest[12]; } si;

	memset(&si, 0, sizeof(si));
	si.code = -1; /* SI_QUEUE */
	si.pid = 7;
	si.value = 0x123456789;
	CHECK_OK(SYS(rt_sigqueueinfo, getpid(), 40, &si));
	CHECK_EQ(read(fd, &r, sizeof(r)), sizeof(r));
	CHECK_EQ(r.ssi_code, -1);
	CHECK_EQ(r.ssi_pid, 7);
	CHECK_EQ(r.ssi_ptr, 0x123456789);
	CHECK_EQ(r.ssi_int, 0x23456789);
}

static void signal_child(void)
{
	int fd = new_signalfd(SIGBIT(SIGCHLD), 0);
	struct signalfd_siginfo r;
	pid_t pid = test_fork();

	if (pid == 0) {
		sleep_ms(20);
		_exit(3);
	}
	CHECK_EQ(read(fd, &r, sizeof(r)), sizeof(r));
	CHECK_EQ(r.ssi_signo, SIGCHLD);
	CHECK_EQ(r.ssi_code, 1); /* CLD_EXITED */
	CHECK_EQ(r.ssi_pid, pid);
	CHECK_EQ(r.ssi_status, 3);
	test_wait(pid);
}

static void signal_new_mask(void)
{
	int fd = new_signalfd(SIGBIT(SIGUSR1), O_NONBLOCK);
	sigset_t set = SIGBIT(SIGUSR2);
	struct signalfd_siginfo r;

	CHECK_OK(sigprocmask(SIG_BLOCK, &set, NULL));
	raise(SIGUSR2);
	CHECK_EQ(ready(fd), 0);
	CHECK_EQ(SYS(signalfd4, fd, &set, 8, 0), fd);
	CHECK_EQ(ready(fd), POLLIN);
	CHECK_EQ(read(fd, &r, sizeof(r)), sizeof(r));
	CHECK_EQ(r.ssi_signo, SIGUSR2);
}

static void signal_wakes_epoll(void)
{
	int fd = new_signalfd(SIGBIT(SIGUSR1), O_NONBLOCK);
	struct epoll_event ev = { .events = EPOLLIN, .data = 1 };
	int ep = (int)CHECK_OK(SYS(epoll_create1, 0));
	pid_t parent = getpid();
	pid_t pid;

	CHECK_OK(SYS(epoll_ctl, ep, EPOLL_CTL_ADD, fd, &ev));
	pid = test_fork();
	if (pid == 0) {
		sleep_ms(20);
		kill(parent, SIGUSR1);
		_exit(0);
	}
	CHECK_EQ(SYS(epoll_wait, ep, &ev, 1, -1), 1);
	test_wait_ok(pid);
}

/* A set that outlives the process whose signals it waited for. */
static void signal_watcher_survives(void)
{
	int ep = (int)CHECK_OK(SYS(epoll_create1, 0));
	struct epoll_event ev = { .events = EPOLLIN, .data = 1 };
	int fd = new_signalfd(SIGBIT(SIGUSR1), O_NONBLOCK);
	pid_t pid = test_fork();

	if (pid == 0) {
		CHECK_OK(SYS(epoll_ctl, ep, EPOLL_CTL_ADD, fd, &ev));
		_exit(0);
	}
	test_wait_ok(pid);
	CHECK_EQ(SYS(epoll_wait, ep, &ev, 1, 0), 0);
	CHECK_OK(SYS(epoll_ctl, ep, EPOLL_CTL_DEL, fd, NULL));
}

static void signal_errors(void)
{
	sigset_t set = SIGBIT(SIGUSR1);

	CHECK_ERR(SYS(signalfd4, -1, &set, 4, 0), EINVAL);
	CHECK_ERR(SYS(signalfd4, -1, &set, 8, 1), EINVAL);
	CHECK_ERR(SYS(signalfd4, -1, test_bad_pointer, 8, 0), EFAULT);
	CHECK_ERR(SYS(signalfd4, 99, &set, 8, 0), EBADF);
	CHECK_ERR(SYS(signalfd4, 1, &set, 8, 0), EINVAL);
	CHECK_OK(SYS(signalfd, -1, &set, 8));
}

static const struct test_case cases[] = {
	{ "eventfd: counts", event_counts },
	{ "eventfd: semaphore", event_semaphore },
	{ "eventfd: full", event_full },
	{ "eventfd: waits", event_waits },
	{ "eventfd: errors", event_errors },
	{ "timerfd: once", timer_once },
	{ "timerfd: interval", timer_interval },
	{ "timerfd: absolute", timer_absolute },
	{ "timerfd: wakes epoll", timer_wakes_epoll },
	{ "timerfd: errors", timer_errors },
	{ "signalfd: read", signal_read },
	{ "signalfd: a queued value", signal_queue },
	{ "signalfd: a child", signal_child },
	{ "signalfd: new mask", signal_new_mask },
	{ "signalfd: wakes epoll", signal_wakes_epoll },
	{ "signalfd: its watcher survives", signal_watcher_survives },
	{ "signalfd: errors", signal_errors },
};

TEST_MAIN(cases)
