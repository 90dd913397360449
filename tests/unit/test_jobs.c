/* Job control: stopping, continuing, orphaned groups. */
#include <check.h>
#include <signal.h>
#include <sys/wait.h>

#include "proc_fixture.h"

static u64 self(void)
{
	return (u64)CALL(getpid);
}

static void stop_and_continue(void)
{
	u64 child = (u64)user_fork(user_pause);
	uaddr_t status = USER_DATA + 8;

	user_handle(SIGCHLD, user_note, SA_RESTART);
	user_put(status, 0);
	CALL(sched_yield);
	CALL(kill, child, SIGSTOP);
	ck_assert_int_eq(CALL(wait4, child, status, WUNTRACED), (s64)child);
	ck_assert(WIFSTOPPED((int)user_get(status)));
	ck_assert_int_eq(WSTOPSIG((int)user_get(status)), SIGSTOP);
	ck_assert_int_eq(noted.info.si_code, CLD_STOPPED);
	ck_assert_int_eq(noted.info.si_status, SIGSTOP);
	ck_assert_int_eq(CALL(wait4, child, status, WUNTRACED | WNOHANG), 0);
	CALL(kill, child, SIGTERM); /* waits for SIGCONT */
	CALL(sched_yield);
	ck_assert_int_eq(CALL(wait4, child, status, WNOHANG), 0);
	noted.calls = 0;
	CALL(kill, child, SIGCONT);
	ck_assert_int_eq(noted.info.si_code, CLD_CONTINUED);
	ck_assert_int_eq(CALL(wait4, child, status, WCONTINUED), (s64)child);
	ck_assert(WIFCONTINUED((int)user_get(status)));
	ck_assert_int_eq(user_wait(NULL), SIGTERM);
}

START_TEST(test_stop_and_continue)
{
	ck_assert_int_eq(proc_run(stop_and_continue), 0);
}
END_TEST

static void stop_signals_cancel(void)
{
	u64 child = (u64)user_fork(user_pause);
	struct process *p = task_find((s32)child)->proc;

	CALL(sched_yield);
	CALL(kill, child, SIGSTOP);
	CALL(kill, child, SIGCONT); /* before it noticed */
	CALL(sched_yield);
	ck_assert(!p->stopped);
	user_handle(SIGCHLD, user_note, SA_NOCLDSTOP | SA_RESTART);
	CALL(kill, child, SIGSTOP);
	CALL(sched_yield);
	ck_assert(p->stopped);
	ck_assert_int_eq(noted.calls, 0);
	CALL(kill, child, SIGKILL);
	ck_assert_int_eq(user_wait(NULL), SIGKILL);
}

START_TEST(test_stop_signals_cancel)
{
	ck_assert_int_eq(proc_run(stop_signals_cancel), 0);
}
END_TEST

static void own_group_stop(void)
{
	CALL(setpgid, 0, 0);
	user_pause();
}

static void orphans_do_not_stop(void)
{
	u64 child = (u64)user_fork(own_group_stop);
	struct process *p = task_find((s32)child)->proc;

	CALL(kill, self(), SIGTSTP); /* only init is above us */
	CALL(sched_yield);
	CALL(kill, child, SIGTSTP);
	CALL(sched_yield);
	ck_assert(p->stopped);
	CALL(kill, child, SIGKILL);
	user_wait(NULL);
}

START_TEST(test_orphaned_group_does_not_stop)
{
	ck_assert_int_eq(proc_run(orphans_do_not_stop), 0);
}
END_TEST

static void leaves_stopped_child(void)
{
	u64 child = (u64)user_fork(own_group_stop);

	CALL(sched_yield);
	CALL(kill, child, SIGTSTP);
	CALL(wait4, child, 0, WUNTRACED);
}

static void orphaned_stopped_group_is_hung_up(void)
{
	/* The grandchild stops in a group that our child's end orphans: SIGHUP
	 * and SIGCONT end it, or this test would not end. */
	user_fork(leaves_stopped_child);
	user_wait(NULL);
}

START_TEST(test_orphaned_stopped_group)
{
	ck_assert_int_eq(proc_run(orphaned_stopped_group_is_hung_up), 0);
}
END_TEST

static void threads_stop_together(void)
{
	user_thread(user_pause);
	user_thread(user_pause);
	user_pause();
}

static void stops_threads(void)
{
	u64 child = (u64)user_fork(threads_stop_together);
	const struct process *p = task_find((s32)child)->proc;
	const struct task *t;

	CALL(sched_yield);
	CALL(sched_yield);
	CALL(sched_yield);
	ck_assert_uint_eq(p->task_count, 3);
	CALL(kill, child, SIGSTOP);
	ck_assert_int_eq(CALL(wait4, child, 0, WUNTRACED), (s64)child);
	list_for_each_entry(t, &p->tasks, group_link)
		ck_assert_int_eq(t->state, TASK_STOPPED);
	CALL(kill, child, SIGCONT);
	ck_assert_int_eq(CALL(wait4, child, 0, WCONTINUED), (s64)child);
	CALL(kill, child, SIGKILL);
	ck_assert_int_eq(user_wait(NULL), SIGKILL);
}

START_TEST(test_threads_stop_together)
{
	ck_assert_int_eq(proc_run(stops_threads), 0);
}
END_TEST

Suite *jobs_suite(void);
Suite *jobs_suite(void)
{
	Suite *s = suite_create("jobs");
	TCase *tc = tcase_create("jobs");

	tcase_add_test(tc, test_stop_and_continue);
	tcase_add_test(tc, test_stop_signals_cancel);
	tcase_add_test(tc, test_orphaned_group_does_not_stop);
	tcase_add_test(tc, test_orphaned_stopped_group);
	tcase_add_test(tc, test_threads_stop_together);
	suite_add_tcase(s, tc);
	return s;
}
