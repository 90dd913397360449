/*
 * Time: clocks, sleeping, interval timers, CPU accounting.  Upper bounds are
 * wide: a loaded host may be late, but nobody may be early.
 * TEST-TIMEOUT: 180
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

#define MS 1000000UL

static volatile sig_atomic_t count;

static void note(int sig)
{
	(void)sig;
	count++;
}

static pid_t start_pest(unsigned int after_ms)
{
	pid_t parent = getpid();
	pid_t pid = test_fork();

	if (pid == 0) {
		sleep_ms(after_ms);
		for (;;) {
			kill(parent, SIGUSR1);
			sleep_ms(20);
		}
	}
	return pid;
}

static void end_pest(pid_t pid)
{
	kill(pid, SIGKILL);
	test_wait(pid);
}

/* ---- clocks ------------------------------------------------------------- */

static void clocks_exist(void)
{
	static const int clocks[] = {
		CLOCK_REALTIME,		  CLOCK_MONOTONIC,
		CLOCK_PROCESS_CPUTIME_ID, CLOCK_THREAD_CPUTIME_ID,
		CLOCK_MONOTONIC_RAW,	  CLOCK_REALTIME_COARSE,
		CLOCK_MONOTONIC_COARSE,	  CLOCK_BOOTTIME,
	};
	struct timespec ts;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(clocks); i++) {
		ts.tv_nsec = -1;
		CHECK_OK(clock_gettime(clocks[i], &ts));
		CHECK(ts.tv_nsec >= 0 && ts.tv_nsec < 1000000000);
		CHECK_OK(clock_getres(clocks[i], &ts));
		CHECK_EQ(ts.tv_sec, 0);
		CHECK(ts.tv_nsec > 0 && ts.tv_nsec <= 100 * (long)MS);
	}
	CHECK_ERR(clock_gettime(1234, &ts), EINVAL);
	CHECK_ERR(clock_getres(1234, &ts), EINVAL);
	CHECK_OK(clock_getres(CLOCK_MONOTONIC, NULL));
	CHECK_ERR(SYS(clock_gettime, CLOCK_REALTIME, test_bad_pointer), EFAULT);
}

static void monotonic_never_goes_back(void)
{
	uint64_t last = clock_ns(CLOCK_MONOTONIC);
	uint64_t now;
	int i;

	for (i = 0; i < 2000; i++) {
		now = clock_ns(CLOCK_MONOTONIC);
		CHECK(now >= last);
		last = now;
	}
}

static void clocks_agree(void)
{
	struct timespec ts;
	struct timeval tv;
	time_t now;

	now = time(NULL);
	CHECK_EQ(time(&now), now);
	CHECK_OK(clock_gettime(CLOCK_REALTIME, &ts));
	CHECK(ts.tv_sec >= now && ts.tv_sec <= now + 2);
	CHECK_OK(gettimeofday(&tv, NULL));
	CHECK(tv.tv_sec >= ts.tv_sec && tv.tv_sec <= ts.tv_sec + 2);
	CHECK(tv.tv_usec >= 0 && tv.tv_usec < 1000000);
	/* After 2020: the clock has been set. */
	CHECK(now > 1577836800);
}

static void monotonic_agrees_across_processes(void)
{
	uint64_t before = clock_ns(CLOCK_MONOTONIC);
	uint64_t inside = 0;
	int fds[2];
	pid_t pid;

	CHECK_OK(pipe(fds));
	pid = test_fork();
	if (pid == 0) {
		inside = clock_ns(CLOCK_MONOTONIC);
		CHECK_EQ(write(fds[1], &inside, sizeof(inside)), sizeof(inside));
		_exit(0);
	}
	test_wait_ok(pid);
	test_read_all(fds[0], &inside, sizeof(inside));
	CHECK(inside >= before);
	CHECK(inside <= clock_ns(CLOCK_MONOTONIC));
}

/* ---- sleeping ----------------------------------------------------------- */

static void sleeping(void)
{
	uint64_t start = test_now();
	struct timespec ts = { 0, 30 * (long)MS };
	struct timespec zero = { 0, 0 };

	CHECK_OK(nanosleep(&ts, NULL));
	CHECK(test_now() - start >= 30 * MS);
	CHECK(test_now() - start < 5000 * MS);
	CHECK_OK(nanosleep(&zero, NULL));
}

static void sleeping_errors(void)
{
	struct timespec too_many = { 0, 1000000000 };
	struct timespec negative = { -1, 0 };

	CHECK_ERR(nanosleep(&too_many, NULL), EINVAL);
	CHECK_ERR(nanosleep(&negative, NULL), EINVAL);
	CHECK_ERR(nanosleep(test_bad_pointer, NULL), EFAULT);
}

static void sleeping_interrupted(void)
{
	struct timespec ts = { 20, 0 };
	struct timespec left = { -1, -1 };
	pid_t pest;

	signal(SIGUSR1, note);
	pest = start_pest(30);
	CHECK_ERR(nanosleep(&ts, &left), EINTR);
	CHECK(left.tv_sec >= 10 && left.tv_sec < 20);
	CHECK(left.tv_nsec >= 0 && left.tv_nsec < 1000000000);
	end_pest(pest);
}

static void sleeping_uninterrupted_by_ignored(void)
{
	uint64_t start = test_now();
	struct timespec ts = { 0, 100 * (long)MS };
	pid_t pest;

	signal(SIGUSR1, SIG_IGN);
	pest = start_pest(10);
	CHECK_OK(nanosleep(&ts, NULL));
	CHECK(test_now() - start >= 100 * MS);
	end_pest(pest);
}

static void sleeping_through_a_stop(void)
{
	uint64_t start = test_now();
	pid_t pid = test_fork();

	if (pid == 0) {
		struct timespec ts = { 0, 150 * (long)MS };

		CHECK_OK(nanosleep(&ts, NULL));
		CHECK(test_now() - start >= 150 * MS);
		_exit(0);
	}
	sleep_ms(20);
	CHECK_OK(kill(pid, SIGSTOP));
	CHECK_EQ(waitpid(pid, NULL, WUNTRACED), pid);
	sleep_ms(20);
	CHECK_OK(kill(pid, SIGCONT));
	test_wait_ok(pid);
}

static void sleeping_until(void)
{
	struct timespec ts;
	uint64_t end = test_now() + 40 * MS;

	ts.tv_sec = (time_t)(end / 1000000000);
	ts.tv_nsec = (long)(end % 1000000000);
	CHECK_EQ(clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, NULL), 0);
	CHECK(test_now() >= end);
	/* A moment in the past is over at once. */
	CHECK_EQ(clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, NULL), 0);
	ts.tv_sec = 0;
	ts.tv_nsec = (long)MS;
	CHECK_EQ(clock_nanosleep(CLOCK_REALTIME, 0, &ts, NULL), 0);
	CHECK_EQ(clock_nanosleep(1234, 0, &ts, NULL), EINVAL);
}

static void several_sleepers(void)
{
	uint64_t start = test_now();
	int i;

	for (i = 0; i < 10; i++) {
		if (test_fork() == 0) {
			sleep_ms((unsigned int)(10 + 5 * i));
			CHECK(test_now() - start >=
			      (unsigned long)(10 + 5 * i) * MS);
			_exit(0);
		}
	}
	for (i = 0; i < 10; i++) {
		int status;

		CHECK(wait(&status) > 0);
		CHECK_EQ(status, 0);
	}
	/* Side by side, not one after the other. */
	CHECK(test_now() - start < 10000 * MS);
}

/* ---- interval timers ---------------------------------------------------- */

static void set_timer(int which, unsigned int first_ms, unsigned int then_ms)
{
	struct itimerval timer = {
		{ 0, (long)then_ms * 1000 },
		{ first_ms / 1000, (long)(first_ms % 1000) * 1000 },
	};

	CHECK_OK(setitimer(which, &timer, NULL));
}

/* pause() for SIGALRM, which may have come already. */
static void await_alarm(void)
{
	sigset_t set = SIGBIT(SIGALRM);
	sigset_t old;

	CHECK_OK(sigprocmask(SIG_BLOCK, &set, &old));
	while (count == 0)
		CHECK_ERR(sigsuspend(&old), EINTR);
	CHECK_OK(sigprocmask(SIG_SETMASK, &old, NULL));
}

static void real_timer_once(void)
{
	uint64_t start = test_now();
	struct itimerval left;

	signal(SIGALRM, note);
	set_timer(ITIMER_REAL, 30, 0);
	await_alarm();
	CHECK(test_now() - start >= 30 * MS);
	CHECK_EQ(count, 1);
	CHECK_OK(getitimer(ITIMER_REAL, &left));
	CHECK_EQ(left.it_value.tv_sec | left.it_value.tv_usec, 0);
}

static void real_timer_repeats(void)
{
	uint64_t start = test_now();

	signal(SIGALRM, note);
	set_timer(ITIMER_REAL, 10, 10);
	while (count < 5)
		pause();
	CHECK(test_now() - start >= 50 * MS);
	set_timer(ITIMER_REAL, 0, 0);
}

static void real_timer_while_computing(void)
{
	signal(SIGALRM, note);
	set_timer(ITIMER_REAL, 10, 10);
	while (count < 5)
		;
	set_timer(ITIMER_REAL, 0, 0);
}

static void real_timer_asked_and_cancelled(void)
{
	struct itimerval long_one = { { 1, 2000 }, { 100, 0 } };
	struct itimerval off = { { 0, 0 }, { 0, 0 } };
	struct itimerval old;

	CHECK_OK(setitimer(ITIMER_REAL, &long_one, NULL));
	CHECK_OK(getitimer(ITIMER_REAL, &old));
	CHECK_EQ(old.it_interval.tv_sec, 1);
	CHECK_EQ(old.it_interval.tv_usec, 2000);
	CHECK(old.it_value.tv_sec > 80 && old.it_value.tv_sec <= 100);
	CHECK_OK(setitimer(ITIMER_REAL, &off, &old));
	CHECK(old.it_value.tv_sec > 80);
	CHECK_OK(getitimer(ITIMER_REAL, &old));
	CHECK_EQ(old.it_value.tv_sec | old.it_value.tv_usec, 0);
}

static void timer_errors(void)
{
	struct itimerval bad = { { 0, 0 }, { 0, 1000000 } };
	struct itimerval old;

	CHECK_ERR(setitimer(ITIMER_REAL, &bad, NULL), EINVAL);
	CHECK_ERR(setitimer(7, &bad, NULL), EINVAL);
	CHECK_ERR(getitimer(7, &old), EINVAL);
	CHECK_ERR(setitimer(ITIMER_REAL, test_bad_pointer, NULL), EFAULT);
}

static void timer_is_not_inherited(void)
{
	struct itimerval left;
	pid_t pid;

	signal(SIGALRM, note);
	set_timer(ITIMER_REAL, 20000, 0);
	pid = test_fork();
	if (pid == 0) {
		CHECK_OK(getitimer(ITIMER_REAL, &left));
		CHECK_EQ(left.it_value.tv_sec | left.it_value.tv_usec, 0);
		_exit(0);
	}
	test_wait_ok(pid);
	CHECK_OK(getitimer(ITIMER_REAL, &left));
	CHECK(left.it_value.tv_sec > 0);
}

static void virtual_timer_counts_computing(void)
{
	uint64_t start = clock_ns(CLOCK_PROCESS_CPUTIME_ID);

	signal(SIGVTALRM, note);
	set_timer(ITIMER_VIRTUAL, 30, 0);
	sleep_ms(100);
	CHECK(count == 0 || clock_ns(CLOCK_PROCESS_CPUTIME_ID) - start >= 5 * MS);
	set_timer(ITIMER_VIRTUAL, 0, 0);
	count = 0;
	start = clock_ns(CLOCK_PROCESS_CPUTIME_ID);
	set_timer(ITIMER_VIRTUAL, 30, 0);
	while (count == 0)
		;
	/* Kernels count whole ticks, which may be early by this clock. */
	CHECK(clock_ns(CLOCK_PROCESS_CPUTIME_ID) - start >= 5 * MS);
}

static void prof_timer_counts_both(void)
{
	uint64_t start = clock_ns(CLOCK_PROCESS_CPUTIME_ID);

	signal(SIGPROF, note);
	set_timer(ITIMER_PROF, 20, 20);
	sleep_ms(60);
	/* on a slow host the way here is long */
	CHECK(count == 0 || clock_ns(CLOCK_PROCESS_CPUTIME_ID) - start >= 5 * MS);
	while (count < 3)
		getpid();
	set_timer(ITIMER_PROF, 0, 0);
}

static void alarm_rings(void)
{
	uint64_t start = test_now();

	signal(SIGALRM, note);
	CHECK_EQ(alarm(100), 0);
	CHECK(alarm(1) >= 99);
	await_alarm();
	CHECK(test_now() - start >= 900 * MS);
	CHECK_EQ(alarm(0), 0);
	CHECK_EQ(count, 1);
}

static void alarm_kills(void)
{
	set_timer(ITIMER_REAL, 10, 0);
	for (;;)
		pause();
}

static void alarm_by_default(void)
{
	CHECK_EQ(WTERMSIG(test_status(alarm_kills)), SIGALRM);
}

/* ---- CPU time ----------------------------------------------------------- */

static void cpu_time_is_of_computing(void)
{
	uint64_t start = clock_ns(CLOCK_PROCESS_CPUTIME_ID);
	uint64_t wall = test_now();

	sleep_ms(100);
	CHECK(clock_ns(CLOCK_PROCESS_CPUTIME_ID) - start < 80 * MS);
	test_spin_ms(40);
	CHECK(clock_ns(CLOCK_PROCESS_CPUTIME_ID) - start >= 40 * MS);
	CHECK(test_now() - wall >= 140 * MS);
}

static unsigned long usage_us(const struct rusage *usage)
{
	return (unsigned long)(usage->ru_utime.tv_sec + usage->ru_stime.tv_sec) *
		       1000000 +
	       (unsigned long)(usage->ru_utime.tv_usec + usage->ru_stime.tv_usec);
}

static void usage_of_self_and_children(void)
{
	struct rusage usage;
	pid_t pid;

	test_spin_ms(50);
	CHECK_OK(getrusage(RUSAGE_SELF, &usage));
	CHECK(usage_us(&usage) >= 20000);
	CHECK_OK(getrusage(RUSAGE_CHILDREN, &usage));
	CHECK_EQ(usage_us(&usage), 0);
	pid = test_fork();
	if (pid == 0) {
		CHECK_OK(getrusage(RUSAGE_SELF, &usage));
		CHECK(usage_us(&usage) < 40000);
		test_spin_ms(50);
		_exit(0);
	}
	test_wait_ok(pid);
	CHECK_OK(getrusage(RUSAGE_CHILDREN, &usage));
	CHECK(usage_us(&usage) >= 20000);
	CHECK_ERR(getrusage(99, &usage), EINVAL);
	CHECK_ERR(getrusage(RUSAGE_SELF, test_bad_pointer), EFAULT);
}

static void times_in_ticks(void)
{
	clock_t start;
	struct tms t;
	pid_t pid;

	start = times(&t);
	CHECK(start >= 0);
	CHECK_EQ(t.tms_cutime + t.tms_cstime, 0);
	test_spin_ms(60);
	pid = test_fork();
	if (pid == 0) {
		test_spin_ms(60);
		_exit(0);
	}
	test_wait_ok(pid);
	/* 100 ticks a second. */
	CHECK(times(&t) - start >= 10);
	CHECK(t.tms_utime + t.tms_stime >= 2);
	CHECK(t.tms_cutime + t.tms_cstime >= 2);
	CHECK(t.tms_cutime + t.tms_cstime < 2000);
}

static void faults_are_counted(void)
{
	static volatile char block[64 * 4096];
	struct rusage before;
	struct rusage after;
	size_t i;

	CHECK_OK(getrusage(RUSAGE_SELF, &before));
	for (i = 0; i < sizeof(block); i += 4096)
		block[i] = 1;
	CHECK_OK(getrusage(RUSAGE_SELF, &after));
	CHECK(after.ru_minflt > before.ru_minflt);
}

static const struct test_case cases[] = {
	{ "clocks exist", clocks_exist },
	{ "clocks agree", clocks_agree },
	{ "monotonic: never goes back", monotonic_never_goes_back },
	{ "monotonic: across processes", monotonic_agrees_across_processes },
	{ "nanosleep", sleeping },
	{ "nanosleep: errors", sleeping_errors },
	{ "nanosleep: EINTR and the rest", sleeping_interrupted },
	{ "nanosleep: ignored signals", sleeping_uninterrupted_by_ignored },
	{ "nanosleep: stopped and continued", sleeping_through_a_stop },
	{ "clock_nanosleep", sleeping_until },
	{ "ten sleepers", several_sleepers },
	{ "ITIMER_REAL: once", real_timer_once },
	{ "ITIMER_REAL: repeats", real_timer_repeats },
	{ "ITIMER_REAL: interrupts computing", real_timer_while_computing },
	{ "ITIMER_REAL: asked and cancelled", real_timer_asked_and_cancelled },
	{ "itimer: errors", timer_errors },
	{ "itimer: not inherited", timer_is_not_inherited },
	{ "ITIMER_VIRTUAL", virtual_timer_counts_computing },
	{ "ITIMER_PROF", prof_timer_counts_both },
	{ "alarm", alarm_rings },
	{ "alarm: kills by default", alarm_by_default },
	{ "CPU time is of computing", cpu_time_is_of_computing },
	{ "getrusage", usage_of_self_and_children },
	{ "times", times_in_ticks },
	{ "faults are counted", faults_are_counted },
};

TEST_MAIN(cases)
