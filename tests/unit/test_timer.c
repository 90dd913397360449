/* Kernel timers, interval timers, sleeping, CPU time, and the scheduler's turns. */
#include <check.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <time.h>

#include "proc/ratelimit.h"
#include "proc_fixture.h"

#define MS NS_PER_MS

/* --- kernel timers ---------------------------------------------------------------------- */

static struct timer timers[64];
static u64 fired_at[64];
static int fired[64], fired_count;

static void note_fired(struct timer *t)
{
	int n = (int)(t - timers);

	fired[n]++;
	fired_at[n] = t->deadline_ns;
	fired_count++;
}

static void boot(void)
{
	fake_hal_init(NULL);
	for (int i = 0; i < 64; i++)
		timer_init(&timers[i], note_fired);
}

START_TEST(test_order)
{
	u64 last = 0;

	boot();
	for (int i = 0; i < 64; i++)
		timer_start(&timers[i], 1000 + (u64)(i * 37 % 64));
	ck_assert_uint_eq(timers_next(), 1000);
	ck_assert_uint_eq(fake_clock_deadline(), 1000);
	timers_run(999);
	ck_assert_int_eq(fired_count, 0);
	for (u64 now = 1000; now < 1064; now++) {
		timers_run(now);
		ck_assert_int_eq(fired_count, (int)(now - 999));
		ck_assert_uint_ge(now, last);
		last = now;
	}
	ck_assert_uint_eq(timers_next(), UINT64_MAX);
}
END_TEST

START_TEST(test_stop_and_restart)
{
	boot();
	timer_stop(&timers[0]); /* not active: nothing */
	timer_start(&timers[0], 100);
	timer_start(&timers[1], 200);
	timer_start(&timers[0], 300);
	ck_assert_uint_eq(timers_next(), 200);
	timer_stop(&timers[1]);
	ck_assert_uint_eq(timers_next(), 300);
	timers_run(299);
	ck_assert_int_eq(fired_count, 0);
	timers_run(300);
	ck_assert_int_eq(fired[0], 1);
	ck_assert(!timers[0].active);
}
END_TEST

static void start_again(struct timer *t)
{
	note_fired(t);
	if (fired_count < 5)
		timer_start(t, t->deadline_ns + 10);
}

START_TEST(test_restart_in_callback)
{
	boot();
	timer_init(&timers[0], start_again);
	timer_start(&timers[0], 100);
	timers_run(1000);
	ck_assert_int_eq(fired_count, 5);
	ck_assert_uint_eq(fired_at[0], 140);
}
END_TEST

/* --- sleeping ------------------------------------------------------------------------------ */

static void put_timespec(uaddr_t at, u64 ns)
{
	user_put(at, ns / NS_PER_SEC);
	user_put(at + 8, ns % NS_PER_SEC);
}

static void sleeps(void)
{
	u64 start = clock_mono_ns();

	put_timespec(USER_DATA, 1500 * MS);
	ck_assert_int_eq(CALL(nanosleep, USER_DATA), 0);
	ck_assert_uint_eq(clock_mono_ns() - start, 1500 * MS);
	put_timespec(USER_DATA, clock_mono_ns() + 20 * MS);
	ck_assert_int_eq(CALL(clock_nanosleep, CLOCK_MONOTONIC, 1, USER_DATA), 0);
	ck_assert_uint_eq(clock_mono_ns() - start, 1520 * MS);
	put_timespec(USER_DATA, clock_real_ns() + 30 * MS);
	ck_assert_int_eq(CALL(clock_nanosleep, CLOCK_REALTIME, 1, USER_DATA), 0);
	ck_assert_uint_eq(clock_mono_ns() - start, 1550 * MS);
	put_timespec(USER_DATA, 5); /* long ago */
	ck_assert_int_eq(CALL(clock_nanosleep, CLOCK_REALTIME, 1, USER_DATA), 0);
	ck_assert_uint_eq(clock_mono_ns() - start, 1550 * MS);
	user_put(USER_DATA + 8, NS_PER_SEC);
	ck_assert_int_eq(CALL(nanosleep, USER_DATA), -EINVAL);
	user_put(USER_DATA, -1ULL);
	user_put(USER_DATA + 8, 0);
	ck_assert_int_eq(CALL(nanosleep, USER_DATA), -EINVAL);
	ck_assert_int_eq(CALL(nanosleep, 8), -EFAULT);
	ck_assert_int_eq(CALL(clock_nanosleep, 99, 0, USER_DATA), -EINVAL);
}

START_TEST(test_sleep)
{
	ck_assert_int_eq(proc_run(sleeps), 0);
}
END_TEST

/* --- interval timers -------------------------------------------------------------------------- */

static int alarms;
static void note_alarm(int sig, void *info, void *uc)
{
	(void)sig;
	(void)info;
	(void)uc;
	alarms++;
}

static s64 set_timer(int which, u64 value_ns, u64 interval_ns)
{
	user_put(USER_DATA, interval_ns / NS_PER_SEC);
	user_put(USER_DATA + 8, interval_ns % NS_PER_SEC / 1000);
	user_put(USER_DATA + 16, value_ns / NS_PER_SEC);
	user_put(USER_DATA + 24, value_ns % NS_PER_SEC / 1000);
	return CALL(setitimer, (u64)which, USER_DATA, USER_DATA + 64);
}

static void real_timer(void)
{
	user_handle(SIGALRM, note_alarm, 0);
	ck_assert_int_eq(CALL(alarm, 2), 0);
	user_spin(500 * MS);
	ck_assert_int_eq(CALL(alarm, 10), 2);
	user_spin(2000 * MS);
	ck_assert_int_eq(alarms, 0);
	ck_assert_int_eq(set_timer(ITIMER_REAL, 100 * MS, 50 * MS), 0);
	ck_assert_uint_eq(user_get(USER_DATA + 80), 8); /* of the alarm */
	user_spin(310 * MS);
	ck_assert_int_eq(alarms, 5);
	ck_assert_int_eq(CALL(getitimer, ITIMER_REAL, USER_DATA), 0);
	ck_assert_uint_eq(user_get(USER_DATA + 24), 40000);
	ck_assert_int_eq(CALL(pause), -EINTR);
	ck_assert_int_eq(alarms, 6);
	ck_assert_int_eq(set_timer(ITIMER_REAL, 0, 0), 0);
	user_spin(500 * MS);
	ck_assert_int_eq(alarms, 6);
	ck_assert_int_eq(CALL(getitimer, 3, USER_DATA), -EINVAL);
	user_put(USER_DATA + 24, 1000000);
	ck_assert_int_eq(CALL(setitimer, 0, USER_DATA), -EINVAL);
}

START_TEST(test_itimer_real)
{
	ck_assert_int_eq(proc_run(real_timer), 0);
}
END_TEST

/* An interval of 1 us must not keep the machine from everything else. */
static void tiny_interval(void)
{
	user_handle(SIGALRM, note_alarm, 0);
	set_timer(ITIMER_REAL, 1000, 1000);
	user_spin(100 * MS);
	ck_assert_int_ge(alarms, 90);
	ck_assert_int_le(alarms, 101);
}

START_TEST(test_itimer_tiny)
{
	ck_assert_int_eq(proc_run(tiny_interval), 0);
}
END_TEST

static void cpu_timers(void)
{
	user_handle(SIGVTALRM, note_alarm, 0);
	set_timer(ITIMER_VIRTUAL, 30 * MS, 10 * MS);
	put_timespec(USER_DATA, NS_PER_SEC);
	CALL(nanosleep, USER_DATA);
	ck_assert_int_eq(alarms, 0); /* sleeping is no CPU time */
	user_spin(25 * MS);
	ck_assert_int_eq(alarms, 0);
	user_spin(10 * MS);
	ck_assert_int_eq(alarms, 1);
	user_spin(20 * MS);
	ck_assert_int_eq(alarms, 3);
	set_timer(ITIMER_PROF, 10 * MS, 0);
	user_spin(100 * MS); /* SIGPROF by default */
}

START_TEST(test_itimer_cpu)
{
	ck_assert_int_eq(proc_run(cpu_timers), SIGPROF);
}
END_TEST

static void cpu_limit(void)
{
	user_handle(SIGXCPU, note_alarm, 0);
	user_put(USER_DATA, 1);
	user_put(USER_DATA + 8, 3);
	ck_assert_int_eq(CALL(setrlimit, RLIMIT_CPU, USER_DATA), 0);
	user_spin(900 * MS);
	ck_assert_int_eq(alarms, 0);
	user_spin(200 * MS);
	ck_assert_int_eq(alarms, 1);
	user_spin(1000 * MS);
	ck_assert_int_eq(alarms, 2);
	user_spin(2000 * MS);
}

START_TEST(test_cpu_limit)
{
	ck_assert_int_eq(proc_run(cpu_limit), SIGKILL);
}
END_TEST

/* --- CPU time ------------------------------------------------------------------------------------- */

static void spins(void)
{
	user_spin(700 * MS);
}

static void cpu_time(void)
{
	uaddr_t at = USER_DATA;

	user_fork(spins);
	user_spin(300 * MS);
	user_wait(NULL);
	ck_assert_int_eq(CALL(getrusage, RUSAGE_SELF, at), 0);
	ck_assert_uint_eq(user_get(at + 8), 300000);
	ck_assert_int_eq(CALL(getrusage, (u64)RUSAGE_CHILDREN, at), 0);
	ck_assert_uint_eq(user_get(at + 8), 700000);
	ck_assert_int_eq(CALL(getrusage, 7, at), -EINVAL);
	ck_assert_int_eq(CALL(clock_gettime, CLOCK_PROCESS_CPUTIME_ID, at), 0);
	ck_assert_uint_eq(user_get(at + 8), 300 * MS);
	ck_assert_int_eq(CALL(clock_gettime, (u64)(~2ULL << 3 | 2), at), 0);
	ck_assert_uint_eq(user_get(at + 8), 300 * MS);
	ck_assert_int_eq(CALL(clock_gettime, (u64)(~77ULL << 3 | 2), at), -EINVAL);
	ck_assert_int_gt(CALL(times, at), 0);
	ck_assert_uint_eq(user_get(at), 30);
	ck_assert_uint_eq(user_get(at + 16), 70);
}

START_TEST(test_cpu_time)
{
	ck_assert_int_eq(proc_run(cpu_time), 0);
}
END_TEST

/* --- the scheduler --------------------------------------------------------------------------------- */

static u64 done_at[4];
static int runner;

static void hog(void)
{
	int n = runner++;

	user_spin(1000 * MS);
	done_at[n] = clock_mono_ns();
}

static void hogs_share(void)
{
	u64 start = clock_mono_ns();

	user_fork(hog);
	user_fork(hog);
	user_fork(hog);
	for (int i = 0; i < 3; i++)
		user_wait(NULL);
	for (int i = 0; i < 3; i++)
		ck_assert_uint_ge(done_at[i] - start, 2950 * MS);
}

START_TEST(test_hogs_share)
{
	ck_assert_int_eq(proc_run(hogs_share), 0);
}
END_TEST

static bool stop_hogs;
static void spins_until_told(void)
{
	while (!stop_hogs)
		user_spin(MS);
}

static void nice_counts(void)
{
	const struct task *a, *b;
	s64 pid_a = user_fork(spins_until_told), pid_b = user_fork(spins_until_told);

	a = task_find((s32)pid_a);
	b = task_find((s32)pid_b);
	ck_assert_int_eq(CALL(setpriority, PRIO_PROCESS, (u64)pid_b, 5), 0);
	ck_assert_int_eq(CALL(getpriority, PRIO_PROCESS, (u64)pid_b), 15);
	put_timespec(USER_DATA, 10 * NS_PER_SEC);
	CALL(nanosleep, USER_DATA);
	/* 1.25^5 = 3.05 */
	ck_assert_uint_gt(a->utime_ns, 5 * b->utime_ns / 2);
	ck_assert_uint_lt(a->utime_ns, 7 * b->utime_ns / 2);
	stop_hogs = true;
	user_wait(NULL);
	user_wait(NULL);
}

START_TEST(test_nice)
{
	ck_assert_int_eq(proc_run(nice_counts), 0);
}
END_TEST

/* Who sleeps much gets the CPU soon although others always want it. */
static void sleeper_is_served(void)
{
	u64 start, late, worst = 0;

	user_fork(spins_until_told);
	user_fork(spins_until_told);
	for (int i = 0; i < 50; i++) {
		start = clock_mono_ns();
		put_timespec(USER_DATA, 7 * MS);
		CALL(nanosleep, USER_DATA);
		late = clock_mono_ns() - start - 7 * MS;
		if (i > 0) /* they have just begun */
			worst = MAX(worst, late);
	}
	ck_assert_uint_le(worst, 4 * MS);
	stop_hogs = true;
	user_wait(NULL);
	user_wait(NULL);
}

START_TEST(test_sleeper_is_served)
{
	ck_assert_int_eq(proc_run(sleeper_is_served), 0);
}
END_TEST

/* Two that wake each other all the time do not keep a third from the CPU. */
static void ping(void)
{
	while (!stop_hogs) {
		user_spin(MS);
		CALL(sched_yield);
	}
}

static void nobody_starves(void)
{
	const struct task *t;
	s64 pid;

	user_fork(ping);
	user_fork(ping);
	pid = user_fork(spins_until_told);
	t = task_find((s32)pid);
	put_timespec(USER_DATA, 3 * NS_PER_SEC);
	CALL(nanosleep, USER_DATA);
	ck_assert_uint_gt(t->utime_ns, 800 * MS);
	stop_hogs = true;
	for (int i = 0; i < 3; i++)
		user_wait(NULL);
}

START_TEST(test_nobody_starves)
{
	ck_assert_int_eq(proc_run(nobody_starves), 0);
}
END_TEST

/* Hours alone on the CPU are not held against a task. */
static void alone_first(void)
{
	const struct task *t = current_task();
	s64 pid;
	u64 before;

	fake_clock_advance(3600 * NS_PER_SEC);
	pid = user_fork(spins_until_told);
	ck_assert_int_gt(pid, 0);
	before = t->utime_ns;
	user_spin(1000 * MS);
	sched_account();
	ck_assert_uint_gt(t->utime_ns - before, 300 * MS);
	stop_hogs = true;
	user_wait(NULL);
}

START_TEST(test_alone_first)
{
	ck_assert_int_eq(proc_run(alone_first), 0);
}
END_TEST

/* A single task without timers is not interrupted. */
static void no_ticks(void)
{
	user_spin(10 * MS); /* what is left of the start */
	ck_assert_uint_eq(fake_clock_deadline(), UINT64_MAX);
}

START_TEST(test_no_ticks)
{
	ck_assert_int_eq(proc_run(no_ticks), 0);
}
END_TEST

static void realtime_first(void)
{
	user_put(USER_DATA, 10);
	ck_assert_int_eq(CALL(sched_setscheduler, 0, 1 /* FIFO */, USER_DATA), 0);
	user_fork(hog);
	user_spin(500 * MS);
	ck_assert_int_eq(runner, 0); /* as SCHED_FIFO the child waits */
	ck_assert_int_eq(CALL(sched_getscheduler, 0), 1);
	user_put(USER_DATA, 0);
	ck_assert_int_eq(CALL(sched_setscheduler, 0, 1, USER_DATA), -EINVAL);
	ck_assert_int_eq(CALL(sched_setscheduler, 0, 0, USER_DATA), 0);
	user_wait(NULL);
	ck_assert_int_eq(runner, 1);
}

START_TEST(test_realtime_first)
{
	ck_assert_int_eq(proc_run(realtime_first), 0);
}
END_TEST

static void some_lines(void)
{
	struct ratelimit limit = { 0 };
	u32 missed = 99;

	for (int i = 0; i < RATELIMIT_LINES; i++)
		ck_assert(ratelimit_allows(&limit, &missed));
	ck_assert_uint_eq(missed, 0);
	ck_assert(!ratelimit_allows(&limit, &missed));
	user_spin(RATELIMIT_WINDOW_NS / 2);
	ck_assert(!ratelimit_allows(&limit, &missed));
	user_spin(RATELIMIT_WINDOW_NS / 2 + MS);
	ck_assert(ratelimit_allows(&limit, &missed));
	ck_assert_uint_eq(missed, 2);
	ck_assert(ratelimit_allows(&limit, &missed));
	ck_assert_uint_eq(missed, 0);
}

START_TEST(test_ratelimit)
{
	ck_assert_int_eq(proc_run(some_lines), 0);
}
END_TEST

Suite *timer_suite(void);
Suite *timer_suite(void)
{
	Suite *s = suite_create("timer");
	TCase *tc = tcase_create("timer");
	TCase *sched = tcase_create("sched");

	tcase_add_test(tc, test_order);
	tcase_add_test(tc, test_stop_and_restart);
	tcase_add_test(tc, test_restart_in_callback);
	tcase_add_test(tc, test_sleep);
	tcase_add_test(tc, test_itimer_real);
	tcase_add_test(tc, test_itimer_tiny);
	tcase_add_test(tc, test_itimer_cpu);
	tcase_add_test(tc, test_cpu_limit);
	tcase_add_test(tc, test_cpu_time);
	tcase_add_test(tc, test_ratelimit);
	suite_add_tcase(s, tc);
	tcase_add_test(sched, test_hogs_share);
	tcase_add_test(sched, test_nice);
	tcase_add_test(sched, test_sleeper_is_served);
	tcase_add_test(sched, test_nobody_starves);
	tcase_add_test(sched, test_alone_first);
	tcase_add_test(sched, test_no_ticks);
	tcase_add_test(sched, test_realtime_first);
	suite_add_tcase(s, sched);
	return s;
}
