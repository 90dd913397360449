/*
 * Setting the wall clock: settimeofday(2), clock_settime(2), adjtimex(2), and what
 * becomes of timers and sleepers meanwhile. The machine's own clock only: natively
 * nothing is tried. Each case puts the clock back.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <syscall.h>
#include <test.h>
#include <time.h>
#include <unistd.h>

#include <linux/futex.h>
#include <linux/timerfd.h>
#include <linux/timex.h>

#define HOUR 3600L
#define NS 1000000000L

#ifndef ECANCELED
#define ECANCELED 125
#endif

static long real_ns(void)
{
	return (long)clock_ns(CLOCK_REALTIME);
}

static int set_real(long ns)
{
	struct timespec ts = { ns / NS, ns % NS };

	return (int)SYS(clock_settime, CLOCK_REALTIME, &ts);
}

/* Sets the clock on by so many seconds. */
static void step(long seconds)
{
	CHECK_OK(set_real(real_ns() + seconds * NS));
}

static void only_here(void)
{
	if (!getenv("LODGER_GUEST"))
		test_skip("the clock is the machine's own");
	test_need_root();
}

static void all_clocks_follow(void)
{
	struct timeval tv;
	struct timespec ts;
	long real, mono, before;

	only_here();
	before = real_ns();
	mono = (long)clock_ns(CLOCK_MONOTONIC);
	step(10 * HOUR);
	real = real_ns();
	CHECK(real >= before + 10 * HOUR * NS);
	CHECK_OK(SYS(clock_gettime, CLOCK_REALTIME, &ts));
	CHECK(ts.tv_sec >= real / NS);
	CHECK_OK(gettimeofday(&tv, NULL));
	CHECK(tv.tv_sec >= real / NS);
	CHECK(time(NULL) >= real / NS);
	CHECK((long)clock_ns(CLOCK_MONOTONIC) - mono < HOUR * NS);
	tv.tv_sec -= 10 * HOUR;
	CHECK_OK(SYS(settimeofday, &tv, NULL));
	CHECK(real_ns() < before + HOUR * NS);
}

static void timer_is_due(void)
{
	struct itimerspec spec = { .it_value.tv_sec = real_ns() / NS + 9 * HOUR };
	struct itimerspec relative = { .it_value.tv_sec = 9 * HOUR };
	struct pollfd p[2] = { { .events = POLLIN }, { .events = POLLIN } };

	only_here();
	p[0].fd = (int)CHECK_OK(SYS(timerfd_create, CLOCK_REALTIME, 0));
	p[1].fd = (int)CHECK_OK(SYS(timerfd_create, CLOCK_REALTIME, 0));
	CHECK_OK(SYS(timerfd_settime, p[0].fd, TFD_TIMER_ABSTIME, &spec, NULL));
	CHECK_OK(SYS(timerfd_settime, p[1].fd, 0, &relative, NULL));
	CHECK_EQ(poll(p, 2, 0), 0);
	step(10 * HOUR);
	CHECK_EQ(poll(p, 2, -1), 1);
	CHECK_EQ(p[0].revents, POLLIN);
	step(-10 * HOUR);
}

/* Later on the clock, so later in time, too. */
static void timer_goes_back(void)
{
	struct itimerspec spec = { .it_value.tv_sec = real_ns() / NS + 9 * HOUR };
	struct itimerspec left;
	int fd;

	only_here();
	fd = (int)CHECK_OK(SYS(timerfd_create, CLOCK_REALTIME, 0));
	CHECK_OK(SYS(timerfd_settime, fd, TFD_TIMER_ABSTIME, &spec, NULL));
	step(-10 * HOUR);
	CHECK_OK(SYS(timerfd_gettime, fd, &left));
	CHECK(left.it_value.tv_sec > 18 * HOUR);
	step(10 * HOUR);
	CHECK_OK(SYS(timerfd_gettime, fd, &left));
	CHECK(left.it_value.tv_sec <= 9 * HOUR);
}

static void timer_is_cancelled(void)
{
	const int flags = TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET;
	struct itimerspec spec = { .it_value.tv_sec = real_ns() / NS + 90 * HOUR };
	uint64_t ticks;
	int fd;

	only_here();
	fd = (int)CHECK_OK(SYS(timerfd_create, CLOCK_REALTIME, O_NONBLOCK));
	CHECK_OK(SYS(timerfd_settime, fd, flags, &spec, NULL));
	CHECK_ERR(read(fd, &ticks, sizeof(ticks)), EAGAIN);
	step(1);
	CHECK_ERR(read(fd, &ticks, sizeof(ticks)), ECANCELED);
	CHECK_ERR(read(fd, &ticks, sizeof(ticks)), EAGAIN);
	step(-1);
	CHECK_ERR(SYS(timerfd_settime, fd, flags, &spec, NULL), ECANCELED);
	CHECK_OK(SYS(timerfd_settime, fd, flags, &spec, NULL));
}

static void posix_timer_is_due(void)
{
	struct itimerspec spec = { .it_value.tv_sec = real_ns() / NS + 9 * HOUR };
	unsigned long set = 1UL << (SIGALRM - 1);
	int id;

	only_here();
	CHECK_OK(SYS(rt_sigprocmask, SIG_BLOCK, &set, NULL, 8));
	CHECK_OK(SYS(timer_create, CLOCK_REALTIME, NULL, &id));
	CHECK_OK(SYS(timer_settime, id, TIMER_ABSTIME, &spec, NULL));
	step(10 * HOUR);
	CHECK_EQ(SYS(rt_sigtimedwait, &set, NULL, NULL, 8), SIGALRM);
	step(-10 * HOUR);
	CHECK_OK(SYS(timer_delete, id));
}

static void sleepers_wake(void)
{
	struct timespec until = { real_ns() / NS + 9 * HOUR, 0 };
	pid_t pid, pid2;
	int word = 0;

	only_here();
	pid = test_fork();
	if (pid == 0)
		_exit(clock_nanosleep(CLOCK_REALTIME, TIMER_ABSTIME, &until, NULL));
	pid2 = test_fork();
	if (pid2 == 0)
		_exit(SYS(futex, &word, FUTEX_WAIT_BITSET | FUTEX_CLOCK_REALTIME, 0,
			  &until, NULL, -1) == -1 && errno == ETIMEDOUT ? 0 : 1);
	sleep_ms(20); /* whether they sleep by now or not */
	step(10 * HOUR);
	test_wait_ok(pid);
	test_wait_ok(pid2);
	step(-10 * HOUR);
}

static void set_errors(void)
{
	struct timespec ts = { 0, NS }, early = { 0, 1 };
	struct timeval tv = { 1, 1000000 };
	struct timezone tz = { -60, 1 }, far = { 16 * 60, 0 }, got;

	only_here();
	CHECK_ERR(SYS(clock_settime, CLOCK_REALTIME, &ts), EINVAL);
	CHECK_ERR(SYS(clock_settime, CLOCK_REALTIME, &early), EINVAL); /* before boot */
	CHECK_ERR(SYS(clock_settime, CLOCK_MONOTONIC, &early), EINVAL);
	CHECK_ERR(SYS(clock_settime, 77, &early), EINVAL);
	CHECK_ERR(SYS(clock_settime, CLOCK_REALTIME, test_bad_pointer), EFAULT);
	CHECK_ERR(SYS(settimeofday, &tv, NULL), EINVAL);
	CHECK_ERR(SYS(settimeofday, test_bad_pointer, NULL), EFAULT);
	CHECK_ERR(SYS(settimeofday, NULL, test_bad_pointer), EFAULT);
	CHECK_ERR(SYS(settimeofday, NULL, &far), EINVAL);
	CHECK_OK(SYS(settimeofday, NULL, NULL));
	CHECK_OK(SYS(settimeofday, NULL, &tz));
	CHECK_OK(gettimeofday(&tv, &got));
	CHECK_EQ(got.tz_minuteswest, -60);
	memset(&tz, 0, sizeof(tz));
	CHECK_OK(SYS(settimeofday, NULL, &tz));
}

static void try_to_set(void)
{
	struct timespec ts = { real_ns() / NS, 0 };
	struct timeval tv = { ts.tv_sec, 0 };
	struct __kernel_timex tx = { .modes = ADJ_FREQUENCY };

	CHECK_ERR(SYS(clock_settime, CLOCK_REALTIME, &ts), EPERM);
	CHECK_ERR(SYS(settimeofday, &tv, NULL), EPERM);
	CHECK_ERR(SYS(adjtimex, &tx), EPERM);
	tx.modes = 0;
	CHECK_OK(SYS(adjtimex, &tx));
	CHECK_OK(SYS(clock_adjtime, CLOCK_REALTIME, &tx));
}

static void user_may_only_look(void)
{
	only_here();
	test_as_user(try_to_set);
}

static void adjust_tells(void)
{
	struct __kernel_timex tx = { .modes = 0 };

	CHECK_OK(SYS(adjtimex, &tx));
	CHECK(tx.time.tv_sec - real_ns() / NS <= 1);
	CHECK(tx.tick >= 9000 && tx.tick <= 11000);
	CHECK_EQ(tx.precision, 1);
	CHECK_EQ(tx.tolerance, 500 << 16);
	CHECK_ERR(SYS(adjtimex, test_bad_pointer), EFAULT);
	CHECK_ERR(SYS(clock_adjtime, 77, &tx), EINVAL);
	CHECK_ERR(SYS(clock_adjtime, CLOCK_MONOTONIC, &tx), EOPNOTSUPP);
}

static void adjust_keeps(void)
{
	struct __kernel_timex tx = { .modes = ADJ_FREQUENCY | ADJ_TICK | ADJ_STATUS,
				     .freq = 600 << 16, .tick = 10001,
				     .status = STA_PLL };

	only_here();
	CHECK_EQ(SYS(adjtimex, &tx), TIME_OK);
	CHECK_EQ(tx.freq, 500 << 16);
	CHECK_EQ(tx.tick, 10001);
	tx = (struct __kernel_timex){ .modes = ADJ_FREQUENCY | ADJ_TICK | ADJ_STATUS,
				      .tick = 10000, .status = STA_UNSYNC };
	CHECK_EQ(SYS(adjtimex, &tx), TIME_ERROR);
	tx = (struct __kernel_timex){ .modes = ADJ_TICK, .tick = 11001 };
	CHECK_ERR(SYS(adjtimex, &tx), EINVAL);
	tx = (struct __kernel_timex){ .modes = 0x8000 };
	CHECK_ERR(SYS(adjtimex, &tx), EINVAL);
}

static void adjust_steps(void)
{
	struct __kernel_timex tx = { .modes = ADJ_SETOFFSET, .time = { 5 * HOUR, 0 } };
	long before;

	only_here();
	before = real_ns();
	CHECK_OK(SYS(clock_adjtime, CLOCK_REALTIME, &tx));
	CHECK(real_ns() >= before + 5 * HOUR * NS);
	tx = (struct __kernel_timex){ .modes = ADJ_SETOFFSET, .time = { -5 * HOUR, 0 } };
	CHECK_OK(SYS(clock_adjtime, CLOCK_REALTIME, &tx));
	CHECK(real_ns() < before + HOUR * NS);
	tx.modes = ADJ_SETOFFSET;
	tx.time.tv_usec = 1000000;
	CHECK_ERR(SYS(clock_adjtime, CLOCK_REALTIME, &tx), EINVAL);
}

static const struct test_case cases[] = {
	{ "all wall clocks follow", all_clocks_follow },
	{ "an instant's timer is due", timer_is_due },
	{ "an instant's timer waits longer", timer_goes_back },
	{ "TFD_TIMER_CANCEL_ON_SET", timer_is_cancelled },
	{ "an instant's POSIX timer is due", posix_timer_is_due },
	{ "sleepers for an instant wake", sleepers_wake },
	{ "settimeofday and clock_settime: errors", set_errors },
	{ "users may only look", user_may_only_look },
	{ "adjtimex tells", adjust_tells },
	{ "adjtimex keeps", adjust_keeps },
	{ "adjtimex steps", adjust_steps },
};

TEST_MAIN(cases)
