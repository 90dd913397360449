/*
 * POSIX timers: timer_create and kin, overruns, CPU-time clocks, and sleeping for
 * CPU time. Bounds as in t_time.c: nobody may be early.
 */
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <syscall.h>
#include <test.h>
#include <time.h>
#include <unistd.h>

#define MS 1000000L

static long ret_errno(long ret)
{
	if (ret >= 0)
		return ret;
	errno = (int)-ret;
	return -1;
}

static long timer_create_(int clock, struct sigevent *ev, int *id)
{
	return ret_errno(sys3(__NR_timer_create, clock, (long)ev, (long)id));
}

static long timer_set(int id, int flags, long value_ns, long interval_ns,
		      struct itimerspec *old)
{
	struct itimerspec it = {
		{ interval_ns / 1000000000, interval_ns % 1000000000 },
		{ value_ns / 1000000000, value_ns % 1000000000 },
	};

	return ret_errno(sys4(__NR_timer_settime, id, flags, (long)&it, (long)old));
}

static long left_ns(int id)
{
	struct itimerspec it;

	CHECK_OK(ret_errno(sys2(__NR_timer_gettime, id, (long)&it)));
	return it.it_value.tv_sec * 1000000000 + it.it_value.tv_nsec;
}

static long overrun(int id)
{
	return ret_errno(sys1(__NR_timer_getoverrun, id));
}

static long timer_delete_(int id)
{
	return ret_errno(sys1(__NR_timer_delete, id));
}

static int new_timer(int clock, int sig)
{
	struct sigevent ev;
	int id = -1;

	memset(&ev, 0, sizeof(ev));
	ev.sigev_notify = SIGEV_SIGNAL;
	ev.sigev_signo = sig;
	ev.sigev_value.sival_int = 4711;
	CHECK_OK(timer_create_(clock, &ev, &id));
	return id;
}

static void block(int sig)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, sig);
	CHECK_OK(sigprocmask(SIG_BLOCK, &set, NULL));
}

/* Takes a blocked signal within seconds. */
static siginfo_t take(int sig)
{
	struct timespec limit = { 10, 0 };
	siginfo_t info;
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, sig);
	CHECK_EQ(sigtimedwait(&set, &info, &limit), sig);
	return info;
}

static int pending(int sig)
{
	struct timespec none = { 0, 0 };
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, sig);
	return sigtimedwait(&set, NULL, &none) == sig;
}

static void create_errors(void)
{
	struct sigevent ev;
	int id;

	memset(&ev, 0, sizeof(ev));
	CHECK_ERR(timer_create_(99, NULL, &id), EINVAL);
	CHECK_ERR(timer_create_(CLOCK_MONOTONIC_RAW, NULL, &id), EOPNOTSUPP);
	CHECK_ERR(timer_create_(CLOCK_REALTIME_COARSE, NULL, &id), EOPNOTSUPP);
	CHECK_ERR(timer_create_(CLOCK_MONOTONIC, test_bad_pointer, &id), EFAULT);
	CHECK_ERR(timer_create_(CLOCK_MONOTONIC, NULL, test_bad_pointer), EFAULT);
	ev.sigev_notify = SIGEV_SIGNAL;
	ev.sigev_signo = 0;
	CHECK_ERR(timer_create_(CLOCK_MONOTONIC, &ev, &id), EINVAL);
	ev.sigev_signo = 65;
	CHECK_ERR(timer_create_(CLOCK_MONOTONIC, &ev, &id), EINVAL);
	ev.sigev_signo = SIGUSR1;
	ev.sigev_notify = 3;
	CHECK_ERR(timer_create_(CLOCK_MONOTONIC, &ev, &id), EINVAL);
	ev.sigev_notify = SIGEV_THREAD_ID;
	ev._sigev_un._tid = getppid();
	CHECK_ERR(timer_create_(CLOCK_MONOTONIC, &ev, &id), EINVAL);
	CHECK_ERR(timer_set(77, 0, MS, 0, NULL), EINVAL);
	CHECK_ERR(overrun(77), EINVAL);
	CHECK_ERR(timer_delete_(77), EINVAL);
	id = new_timer(CLOCK_MONOTONIC, SIGUSR1);
	CHECK_ERR(timer_set(id, 0, -1, 0, NULL), EINVAL);
	CHECK_ERR(ret_errno(sys4(__NR_timer_settime, id, 0, 0, 0)), EINVAL);
	CHECK_ERR(ret_errno(sys2(__NR_timer_gettime, id, 0)), EFAULT);
	CHECK_OK(timer_delete_(id));
	CHECK_ERR(timer_delete_(id), EINVAL);
}

static void one_shot(void)
{
	uint64_t start = test_now();
	int id = new_timer(CLOCK_MONOTONIC, SIGUSR1);
	struct itimerspec old;
	siginfo_t info;

	block(SIGUSR1);
	CHECK_EQ(left_ns(id), 0);
	CHECK_OK(timer_set(id, 0, 20 * MS, 0, NULL));
	CHECK(left_ns(id) > 0 && left_ns(id) <= 20 * MS);
	info = take(SIGUSR1);
	CHECK(test_now() - start >= 20 * (unsigned long)MS);
	CHECK_EQ(info.si_code, SI_TIMER);
	CHECK_EQ(info.si_tid, id);
	CHECK_EQ(info.si_overrun, 0);
	CHECK_EQ(info.si_value.sival_int, 4711);
	CHECK_EQ(left_ns(id), 0);
	CHECK_EQ(overrun(id), 0);
	CHECK_OK(timer_set(id, 0, 1000 * MS, 7 * MS, NULL));
	CHECK_OK(timer_set(id, 0, 0, 0, &old));
	CHECK_EQ(old.it_interval.tv_nsec, 7 * MS);
	CHECK(old.it_value.tv_sec == 1 || old.it_value.tv_nsec > 0);
	CHECK_EQ(left_ns(id), 0);
}

static void default_event(void)
{
	siginfo_t info;
	int id;

	block(SIGALRM);
	CHECK_OK(timer_create_(CLOCK_REALTIME, NULL, &id));
	CHECK_OK(timer_set(id, 0, 1, 0, NULL));
	info = take(SIGALRM);
	CHECK_EQ(info.si_value.sival_int, id);
}

static void absolute(void)
{
	static const int clocks[] = { CLOCK_MONOTONIC, CLOCK_REALTIME };

	block(SIGUSR1);
	for (size_t i = 0; i < ARRAY_SIZE(clocks); i++) {
		int id = new_timer(clocks[i], SIGUSR1);
		struct timespec now;

		CHECK_OK(clock_gettime(clocks[i], &now));
		CHECK_OK(timer_set(id, TIMER_ABSTIME,
				   now.tv_sec * 1000000000 + now.tv_nsec + 10 * MS, 0,
				   NULL));
		take(SIGUSR1);
		/* The past is now. */
		CHECK_OK(timer_set(id, TIMER_ABSTIME, 1, 0, NULL));
		take(SIGUSR1);
	}
}

static void overruns(void)
{
	int id = new_timer(CLOCK_MONOTONIC, SIGRTMIN + 2);
	uint64_t start;
	siginfo_t info;

	block(SIGRTMIN + 2);
	start = test_now();
	CHECK_OK(timer_set(id, 0, 5 * MS, 5 * MS, NULL));
	while (test_now() - start < 52 * (unsigned long)MS)
		sleep_ms(5);
	info = take(SIGRTMIN + 2);
	CHECK(info.si_overrun >= 9);
	CHECK_EQ(overrun(id), info.si_overrun);
	info = take(SIGRTMIN + 2); /* it went on */
	CHECK(overrun(id) < 5000);
	CHECK_OK(timer_set(id, 0, 0, 0, NULL));
}

static void ignored_goes_on(void)
{
	int id = new_timer(CLOCK_MONOTONIC, SIGUSR1);

	signal(SIGUSR1, SIG_IGN);
	CHECK_OK(timer_set(id, 0, 2 * MS, 2 * MS, NULL));
	sleep_ms(10);
	CHECK(left_ns(id) > 0);
	block(SIGUSR1);
	signal(SIGUSR1, SIG_DFL); /* now it is kept */
	take(SIGUSR1);
}

static void no_signal(void)
{
	struct sigevent ev;
	int id;

	memset(&ev, 0, sizeof(ev));
	ev.sigev_notify = SIGEV_NONE;
	CHECK_OK(timer_create_(CLOCK_MONOTONIC, &ev, &id));
	CHECK_OK(timer_set(id, 0, 3 * MS, 0, NULL));
	CHECK(left_ns(id) > 0);
	sleep_ms(10);
	CHECK_EQ(left_ns(id), 0);
	CHECK_OK(timer_set(id, 0, 3 * MS, 500 * MS, NULL));
	sleep_ms(10);
	CHECK(left_ns(id) > 3 * MS);
}

static void to_thread(void)
{
	struct sigevent ev;
	int id;

	memset(&ev, 0, sizeof(ev));
	ev.sigev_notify = SIGEV_THREAD_ID;
	ev.sigev_signo = SIGUSR2;
	ev._sigev_un._tid = (int)sys0(__NR_gettid);
	block(SIGUSR2);
	CHECK_OK(timer_create_(CLOCK_MONOTONIC, &ev, &id));
	CHECK_OK(timer_set(id, 0, MS, 0, NULL));
	take(SIGUSR2);
}

static void deleted_with_signal_pending(void)
{
	int id = new_timer(CLOCK_MONOTONIC, SIGUSR1);

	block(SIGUSR1);
	CHECK_OK(timer_set(id, 0, MS, MS, NULL));
	sleep_ms(5);
	CHECK_OK(timer_delete_(id));
	pending(SIGUSR1); /* Linux before 6.13 delivers it, later ones do not */
	CHECK(!pending(SIGUSR1));
	sleep_ms(5);
	CHECK(!pending(SIGUSR1));
}

static void child_has_none(void)
{
	int id = new_timer(CLOCK_MONOTONIC, SIGUSR1);
	pid_t pid;

	block(SIGUSR1);
	CHECK_OK(timer_set(id, 0, 5 * MS, 0, NULL));
	pid = test_fork();
	if (pid == 0) {
		CHECK_ERR(timer_delete_(id), EINVAL);
		sleep_ms(10);
		CHECK(!pending(SIGUSR1));
		_exit(0);
	}
	test_wait_ok(pid);
	take(SIGUSR1);
}

static void queue_limit(void)
{
	struct rlimit none = { 0, 0 };
	int id;

	CHECK_OK(setrlimit(RLIMIT_SIGPENDING, &none));
	CHECK_ERR(timer_create_(CLOCK_MONOTONIC, NULL, &id), EAGAIN);
}

/* ---- CPU time ----------------------------------------------------------------- */

static long cpu_ns(int clock)
{
	struct timespec ts;

	CHECK_OK(clock_gettime(clock, &ts));
	return ts.tv_sec * 1000000000 + ts.tv_nsec;
}

static void cpu_timer(int clock)
{
	int id = new_timer(clock, SIGUSR1);
	long start = cpu_ns(clock);

	block(SIGUSR1);
	CHECK_OK(timer_set(id, 0, 200 * MS, 0, NULL));
	sleep_ms(20); /* no CPU time */
	CHECK(!pending(SIGUSR1));
	CHECK(left_ns(id) > 0);
	while (!pending(SIGUSR1))
		CHECK(cpu_ns(clock) - start < 20000 * MS);
	CHECK(cpu_ns(clock) - start >= 200 * MS);
}

static void cpu_timers(void)
{
	cpu_timer(CLOCK_PROCESS_CPUTIME_ID);
	cpu_timer(CLOCK_THREAD_CPUTIME_ID);
}

/* Process clock of pid as clock_getcpuclockid(3) makes it. */
static int clock_of(pid_t pid)
{
	return (~pid << 3) | 2;
}

static void cpu_time_of_another(void)
{
	pid_t pid = test_fork();
	struct timespec ts = { 0, 20 * MS }, end;
	int clock = clock_of(pid), id;

	if (pid == 0)
		for (;;)
			test_spin_ms(10);
	id = new_timer(clock, SIGUSR1);
	block(SIGUSR1);
	CHECK_OK(timer_set(id, 0, 20 * MS, 0, NULL));
	take(SIGUSR1);
	CHECK(cpu_ns(clock) >= 20 * MS);
	CHECK_OK(clock_gettime(clock, &end));
	CHECK_EQ(sys4(__NR_clock_nanosleep, clock, 0, (long)&ts, 0), 0);
	CHECK(cpu_ns(clock) >= end.tv_sec * 1000000000 + end.tv_nsec + 20 * MS);
	CHECK_OK(kill(pid, SIGKILL));
	test_wait(pid);
	CHECK_ERR(ret_errno(sys2(__NR_clock_gettime, clock, (long)&ts)), EINVAL);
	CHECK_OK(timer_delete_(id));
}

static void sleep_errors(void)
{
	struct timespec ts = { 0, 1 };

	CHECK_EQ(sys4(__NR_clock_nanosleep, CLOCK_THREAD_CPUTIME_ID, 0, (long)&ts, 0),
		 -EOPNOTSUPP);
	CHECK_EQ(sys4(__NR_clock_nanosleep, CLOCK_MONOTONIC_RAW, 0, (long)&ts, 0),
		 -EOPNOTSUPP);
	CHECK_EQ(sys4(__NR_clock_nanosleep, 99, 0, (long)&ts, 0), -EINVAL);
	CHECK_EQ(sys4(__NR_clock_nanosleep, clock_of(1 << 21), 0, (long)&ts, 0),
		 -EINVAL);
}

static long timeval_us(const struct __kernel_old_timeval *tv)
{
	return tv->tv_sec * 1000000 + tv->tv_usec;
}

/* User and system time are told apart: a program that computes has the one, one
 * that calls the kernel all the time has (much of) the other. */
static void two_kinds_of_time(void)
{
	struct rusage before, ru;
	volatile unsigned long x = 0;
	long user, sys;

	CHECK_OK(getrusage(RUSAGE_SELF, &before));
	do {
		for (int i = 0; i < 1000000; i++)
			x += (unsigned long)i;
		CHECK_OK(getrusage(RUSAGE_SELF, &ru));
		user = timeval_us(&ru.ru_utime) - timeval_us(&before.ru_utime);
	} while (user < 100000);
	sys = timeval_us(&ru.ru_stime) - timeval_us(&before.ru_stime);
	CHECK(sys < user);
	before = ru;
	do {
		for (int i = 0; i < 20; i++)
			access("/proc/self/no/such/file", 0);
		CHECK_OK(getrusage(RUSAGE_SELF, &ru));
		sys = timeval_us(&ru.ru_stime) - timeval_us(&before.ru_stime);
	} while (sys < 20000);
}

static const struct test_case cases[] = {
	{ "errors", create_errors },
	{ "one shot", one_shot },
	{ "without a sigevent", default_event },
	{ "absolute", absolute },
	{ "overruns", overruns },
	{ "an ignored signal", ignored_goes_on },
	{ "SIGEV_NONE", no_signal },
	{ "SIGEV_THREAD_ID", to_thread },
	{ "deleted while its signal is pending", deleted_with_signal_pending },
	{ "not inherited", child_has_none },
	{ "RLIMIT_SIGPENDING", queue_limit },
	{ "CPU time of process and thread", cpu_timers },
	{ "CPU time of another process", cpu_time_of_another },
	{ "clock_nanosleep: clocks", sleep_errors },
	{ "user and system time", two_kinds_of_time },
};

TEST_MAIN(cases)
