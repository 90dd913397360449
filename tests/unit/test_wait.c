/* Processes: fork, exit, wait, groups, orphans, threads, exec, limits. */
#include <check.h>
#include <signal.h>
#include <sched.h>
#include <sys/wait.h>

#include "mm/slab.h"
#include "proc_fixture.h"

static int steps;
static s32 seen;

/* --- fork and wait ------------------------------------------------------------------ */

static void ends_with_7(void)
{
	CALL(exit_group, 7);
}

static void forks_and_waits(void)
{
	s32 pid, status;
	s64 child = user_fork(ends_with_7);

	ck_assert_int_gt(child, 2);
	status = user_wait(&pid);
	ck_assert_int_eq(pid, child);
	ck_assert(WIFEXITED(status));
	ck_assert_int_eq(WEXITSTATUS(status), 7);
	ck_assert_int_eq(CALL(wait4, -1), -ECHILD);
	ck_assert_int_eq(CALL(getpid), 2);
	ck_assert_int_eq(CALL(getppid), 1);
	CALL(exit_group, 3);
}

START_TEST(test_fork_and_wait)
{
	ck_assert_int_eq(proc_run(forks_and_waits), 3 << 8);
}
END_TEST

static void writes_own_copy(void)
{
	ck_assert_uint_eq(user_get(USER_DATA), 11);
	user_put(USER_DATA, 22);
}

static void memory_is_copied(void)
{
	user_put(USER_DATA, 11);
	ck_assert_int_gt(user_fork(writes_own_copy), 0);
	ck_assert_int_eq(user_wait(NULL), 0);
	ck_assert_uint_eq(user_get(USER_DATA), 11);
}

START_TEST(test_fork_copies_memory)
{
	ck_assert_int_eq(proc_run(memory_is_copied), 0);
}
END_TEST

static void sleeps_ten_seconds(void)
{
	user_put(USER_DATA, 10);
	user_put(USER_DATA + 8, 0);
	CALL(nanosleep, USER_DATA, 0);
	steps++;
}

static void wnohang_and_order(void)
{
	s64 slow = user_fork(sleeps_ten_seconds);
	s64 quick = user_fork(ends_with_7);
	s32 pid;

	ck_assert_int_eq(CALL(wait4, slow, 0, WNOHANG), 0);
	user_wait(&pid);
	ck_assert_int_eq(pid, quick);
	ck_assert_int_eq(CALL(wait4, quick, 0, 0), -ECHILD);
	ck_assert_int_eq(CALL(wait4, slow, 0, 0), slow);
	ck_assert_int_eq(steps, 1);
	ck_assert_int_eq(CALL(wait4, -1, 0, 0x100), -EINVAL);
}

START_TEST(test_wnohang)
{
	ck_assert_int_eq(proc_run(wnohang_and_order), 0);
}
END_TEST

static void waitid_leaves_it(void)
{
	s64 child = user_fork(ends_with_7);
	const siginfo_t *si = (const siginfo_t *)USER_DATA;

	ck_assert_int_eq(CALL(waitid, P_PID, child, USER_DATA, WEXITED | WNOWAIT), 0);
	ck_assert_int_eq(si->si_pid, child);
	ck_assert_int_eq(si->si_code, CLD_EXITED);
	ck_assert_int_eq(si->si_status, 7);
	ck_assert_int_eq(CALL(waitid, P_PID, child, USER_DATA, WSTOPPED | WNOHANG),
			 -ECHILD);
	ck_assert_int_eq(CALL(waitid, P_PGID, 0, USER_DATA, WEXITED), 0);
	ck_assert_int_eq(CALL(waitid, P_ALL, 0, USER_DATA, WEXITED), -ECHILD);
	ck_assert_int_eq(CALL(waitid, P_ALL, 0, USER_DATA, WNOHANG), -EINVAL);
	ck_assert_int_eq(CALL(waitid, 9, 0, USER_DATA, WEXITED), -EINVAL);
}

START_TEST(test_waitid)
{
	ck_assert_int_eq(proc_run(waitid_leaves_it), 0);
}
END_TEST

/* --- orphans -------------------------------------------------------------------------- */

static void notes_parent(void)
{
	CALL(sched_yield);
	user_put(USER_DATA, 1);
	user_put(USER_DATA + 8, 0);
	CALL(nanosleep, USER_DATA, 0);
	seen = (s32)CALL(getppid);
}

static void leaves_a_child(void)
{
	user_fork(notes_parent);
}

static void orphan_goes_to_init(void)
{
	user_fork(leaves_a_child);
	user_wait(NULL);
	ck_assert_int_eq(CALL(wait4, -1), -ECHILD);
}

START_TEST(test_orphan_to_init)
{
	ck_assert_int_eq(proc_run(orphan_goes_to_init), 0);
	ck_assert_int_eq(seen, 1);
}
END_TEST

static void orphan_goes_to_subreaper(void)
{
	ck_assert_int_eq(CALL(prctl, 36 /* PR_SET_CHILD_SUBREAPER */, 1), 0);
	user_fork(leaves_a_child);
	user_wait(NULL);
	user_wait(NULL);
	ck_assert_int_eq(seen, 2);
}

START_TEST(test_orphan_to_subreaper)
{
	ck_assert_int_eq(proc_run(orphan_goes_to_subreaper), 0);
}
END_TEST

static void ignores_children(void)
{
	struct k_sigaction act = { .handler = (u64)SIG_IGN };

	signal_set_action(SIGCHLD, &act, NULL);
	user_fork(ends_with_7);
	user_fork(ends_with_7);
	ck_assert_int_eq(CALL(wait4, -1), -ECHILD); /* once both have ended */
}

START_TEST(test_no_zombies)
{
	ck_assert_int_eq(proc_run(ignores_children), 0);
}
END_TEST

/* --- vfork ------------------------------------------------------------------------------ */

static void vfork_child(void)
{
	user_put(USER_DATA, 77);
	CALL(nanosleep, USER_DATA + 64, 0); /* zero time */
	steps = 1;
}

static void vforks(void)
{
	s64 child;

	current_task()->tf.rbx = (u64)vfork_child;
	child = CALL(vfork);
	ck_assert_int_gt(child, 0);
	ck_assert_int_eq(steps, 1); /* it has ended */
	ck_assert_uint_eq(user_get(USER_DATA), 77); /* in our memory */
	user_wait(NULL);
}

START_TEST(test_vfork)
{
	ck_assert_int_eq(proc_run(vforks), 0);
}
END_TEST

static void vfork_sleeper(void)
{
	user_put(USER_DATA, 5);
	CALL(nanosleep, USER_DATA, 0);
	steps++;
}

static void is_killed_in_vfork(void)
{
	current_task()->tf.rbx = (u64)vfork_sleeper;
	CALL(vfork);
	steps += 100;
}

static void kills_vfork_parent(void)
{
	s64 child = user_fork(is_killed_in_vfork);
	s32 status;

	CALL(sched_yield);
	CALL(kill, child, SIGKILL);
	status = user_wait(NULL);
	ck_assert(WIFSIGNALED(status));
	ck_assert_int_eq(WTERMSIG(status), SIGKILL);
	ck_assert_int_eq(steps, 0);
}

START_TEST(test_vfork_parent_killed)
{
	ck_assert_int_eq(proc_run(kills_vfork_parent), 0);
	ck_assert_int_eq(steps, 1);
}
END_TEST

/* --- threads ------------------------------------------------------------------------------- */

static void thread_body(void)
{
	seen = (s32)CALL(getpid);
	steps++;
	CALL(exit, 9);
}

static void makes_thread(void)
{
	s64 tid = user_thread(thread_body);

	ck_assert_int_gt(tid, 2);
	while (!steps)
		CALL(sched_yield);
	ck_assert_int_eq(seen, 2);
	CALL(sched_yield);
	ck_assert_int_eq(CALL(tgkill, 2, tid, 0), -ESRCH);
	ck_assert_int_eq(CALL(wait4, -1), -ECHILD);
}

START_TEST(test_thread)
{
	ck_assert_int_eq(proc_run(makes_thread), 0);
}
END_TEST

static void sleeps_for_ever(void)
{
	for (;;)
		CALL(pause);
}

static void ends_the_group(void)
{
	user_thread(sleeps_for_ever);
	user_thread(sleeps_for_ever);
	CALL(sched_yield);
	CALL(exit_group, 4);
}

static void leader_ends_first(void)
{
	user_thread(ends_the_group);
	CALL(exit, 1);
}

START_TEST(test_leader_ends_first)
{
	ck_assert_int_eq(proc_run(leader_ends_first), 4 << 8);
}
END_TEST

static void execs(void)
{
	struct mm *mm;

	CALL(sched_yield);
	ck_assert_int_ne(CALL(gettid), CALL(getpid));
	ck_assert_int_eq(process_exec_begin(), 0);
	mm = mm_create();
	process_exec_commit(mm, "new", NULL);
	ck_assert_int_eq(CALL(gettid), 2);
	ck_assert_int_eq(CALL(getpid), 2);
	ck_assert_uint_eq(current_process()->task_count, 1);
	ck_assert_ptr_eq(process_leader(current_process()), current_task());
	ck_assert_ptr_eq(task_find(2), current_task());
	CALL(exit_group, 5);
}

static void execs_in_thread(void)
{
	user_thread(sleeps_for_ever);
	user_thread(execs);
	sleeps_for_ever();
}

START_TEST(test_exec_in_thread)
{
	ck_assert_int_eq(proc_run(execs_in_thread), 5 << 8);
}
END_TEST

static void also_execs(void)
{
	seen = process_exec_begin();
	if (seen == 0)
		CALL(exit_group, 6);
}

static void execs_twice(void)
{
	user_thread(also_execs);
	ck_assert_int_eq(process_exec_begin(), 0);
	CALL(exit_group, 6);
}

START_TEST(test_exec_in_two_threads)
{
	ck_assert_int_eq(proc_run(execs_twice), 6 << 8);
}
END_TEST

static void clears_tid(void)
{
	uaddr_t at = USER_DATA + 16;

	user_put(at, 99);
	ck_assert_int_gt(user_clone(0x50f00 | CLONE_CHILD_CLEARTID |
				    CLONE_CHILD_SETTID | CLONE_PARENT_SETTID,
				    USER_STACK_TOP - PAGE_SIZE, USER_DATA + 32, at,
				    0, thread_body), 0);
	ck_assert_int_eq((s32)user_get(USER_DATA + 32), 3);
	/* sleeps until the thread's end wakes it */
	ck_assert_int_eq(CALL(futex, at, 0, 99, 0), 0);
	ck_assert_int_eq((s32)user_get(at), 0);
}

START_TEST(test_clear_child_tid)
{
	ck_assert_int_eq(proc_run(clears_tid), 0);
}
END_TEST

/* --- groups and sessions ------------------------------------------------------------------------ */

static void is_moved(void)
{
	CALL(pause);
}

static void makes_groups(void)
{
	s64 a = user_fork(is_moved), b = user_fork(is_moved);

	ck_assert_int_eq(CALL(setsid), -EPERM); /* leads one already */
	ck_assert_int_eq(CALL(setpgid, a, 0), 0);
	ck_assert_int_eq(CALL(getpgid, a), a);
	ck_assert_int_eq(CALL(setpgid, b, a), 0);
	ck_assert_int_eq(CALL(setpgid, b, 999), -EPERM);
	ck_assert_int_eq(CALL(setpgid, b, -1), -EINVAL);
	ck_assert_int_eq(CALL(setpgid, 1, 0), -ESRCH);
	ck_assert_int_eq(CALL(setpgid, 0, 0), -EPERM);
	ck_assert_int_eq(CALL(getsid, a), 2);
	ck_assert(!pgrp_is_orphaned((s32)a));
	ck_assert(pgrp_is_orphaned(2)); /* only init is its parent */
	ck_assert_int_eq(CALL(kill, -a, SIGTERM), 0);
	ck_assert_int_eq(CALL(wait4, -a), a);
	ck_assert_int_eq(CALL(wait4, -a), b);
	ck_assert_int_eq(CALL(kill, -a, SIGTERM), -ESRCH);
}

START_TEST(test_groups)
{
	ck_assert_int_eq(proc_run(makes_groups), 0);
}
END_TEST

static void new_session(void)
{
	ck_assert_int_eq(CALL(setsid), CALL(getpid));
	ck_assert_int_eq(CALL(getpgid, 0), CALL(getpid));
	ck_assert_int_eq(CALL(setsid), -EPERM);
}

static void makes_session(void)
{
	s64 child = user_fork(new_session);

	user_wait(NULL);
	ck_assert_int_eq(CALL(getsid, child), -ESRCH);
}

START_TEST(test_session)
{
	ck_assert_int_eq(proc_run(makes_session), 0);
}
END_TEST

/* --- limits ------------------------------------------------------------------------------------- */

static void fork_bomb(void)
{
	s64 ret;
	int n = 0;

	while ((ret = user_fork(sleeps_for_ever)) > 0)
		n++;
	ck_assert_int_eq(ret, -EAGAIN);
	ck_assert_int_eq(n, 18); /* of 20: init and this one */
	CALL(kill, -1, SIGKILL);
	while (n--)
		user_wait(NULL);
}

static void twenty_tasks(void)
{
	fake_boot_info()->pids_max = 20;
}

START_TEST(test_pids_max)
{
	ck_assert_int_eq(proc_run_with(NULL, twenty_tasks, fork_bomb), 0);
}
END_TEST

static void core_used_up(void)
{
	u64 used = kmem_used_bytes();
	s64 ret;

	fake_heap_hog();
	ret = user_fork(sleeps_for_ever);
	ck_assert_int_eq(ret, -ENOMEM);
	ret = user_thread(sleeps_for_ever);
	ck_assert_int_eq(ret, -ENOMEM);
	fake_heap_release();
	ck_assert_uint_eq(kmem_used_bytes(), used);
	ck_assert_int_gt(user_fork(ends_with_7), 0);
	user_wait(NULL);
}

START_TEST(test_core_used_up)
{
	ck_assert_int_eq(proc_run(core_used_up), 0);
}
END_TEST

/* Every allocation in the way of fork fails once. */
static void core_nearly_used_up(void)
{
	u64 used = kmem_used_bytes(), free_pages;
	void *pages[128];
	s64 ret = -1;
	u32 n;

	for (free_pages = 0; free_pages < 64 && ret < 0; free_pages++) {
		for (n = 0; n < free_pages; n++)
			pages[n] = kpages_alloc(0);
		fake_heap_hog();
		while (n > 0)
			kpages_free(pages[--n], 0);
		ret = user_fork(ends_with_7);
		fake_heap_release();
		if (ret < 0) {
			ck_assert_int_eq(ret, -ENOMEM);
			ck_assert_uint_eq(kmem_used_bytes(), used);
		}
	}
	ck_assert_int_gt(ret, 0);
	user_wait(NULL);
}

START_TEST(test_core_nearly_used_up)
{
	ck_assert_int_eq(proc_run(core_nearly_used_up), 0);
}
END_TEST

static void numbers_are_not_reused_soon(void)
{
	s64 last = 0, pid;
	int i;

	for (i = 0; i < 40; i++) {
		pid = user_fork(ends_with_7);
		ck_assert_int_gt(pid, last);
		last = pid;
		user_wait(NULL);
	}
}

START_TEST(test_numbers)
{
	ck_assert_int_eq(proc_run(numbers_are_not_reused_soon), 0);
}
END_TEST

static void bad_flags(void)
{
	program_fn fn = ends_with_7;

	ck_assert_int_eq(user_clone(CLONE_THREAD, 0, 0, 0, 0, fn), -EINVAL);
	ck_assert_int_eq(user_clone(CLONE_SIGHAND, 0, 0, 0, 0, fn), -EINVAL);
	ck_assert_int_eq(user_clone(CLONE_NEWPID | SIGCHLD, 0, 0, 0, 0, fn), -EINVAL);
	ck_assert_int_eq(user_clone(CLONE_PIDFD | SIGCHLD, 0, 0, 0, 0, fn), -EMFILE);
	ck_assert_int_eq(user_clone(CLONE_PIDFD | CLONE_PARENT_SETTID | SIGCHLD, 0, 0,
				    0, 0, fn), -EINVAL);
	ck_assert_int_eq(user_clone(CLONE_SETTLS | SIGCHLD, 0, 0, 0, 1UL << 47, fn),
			 -EPERM);
	ck_assert_int_eq(CALL(arch_prctl, 0x1002 /* SET_FS */, -8UL), -EPERM);
	ck_assert_int_eq(CALL(clone3, USER_DATA, 8), -EINVAL);
	ck_assert_int_eq(CALL(clone3, USER_DATA, 1 << 20), -E2BIG);
	ck_assert_int_eq(CALL(clone3, 0, 88), -EFAULT);
	user_put(USER_DATA, 0x80000000ff00UL);
	ck_assert_int_eq(CALL(clone3, USER_DATA, 88), -EINVAL);
}

START_TEST(test_bad_clone_flags)
{
	ck_assert_int_eq(proc_run(bad_flags), 0);
}
END_TEST

Suite *wait_suite(void);
Suite *wait_suite(void)
{
	Suite *s = suite_create("wait");
	TCase *tc = tcase_create("wait");

	tcase_add_test(tc, test_fork_and_wait);
	tcase_add_test(tc, test_fork_copies_memory);
	tcase_add_test(tc, test_wnohang);
	tcase_add_test(tc, test_waitid);
	tcase_add_test(tc, test_orphan_to_init);
	tcase_add_test(tc, test_orphan_to_subreaper);
	tcase_add_test(tc, test_no_zombies);
	tcase_add_test(tc, test_vfork);
	tcase_add_test(tc, test_vfork_parent_killed);
	tcase_add_test(tc, test_thread);
	tcase_add_test(tc, test_leader_ends_first);
	tcase_add_test(tc, test_exec_in_thread);
	tcase_add_test(tc, test_exec_in_two_threads);
	tcase_add_test(tc, test_clear_child_tid);
	tcase_add_test(tc, test_groups);
	tcase_add_test(tc, test_session);
	tcase_add_test(tc, test_pids_max);
	tcase_add_test(tc, test_core_used_up);
	tcase_add_test(tc, test_core_nearly_used_up);
	tcase_add_test(tc, test_numbers);
	tcase_add_test(tc, test_bad_clone_flags);
	suite_add_tcase(s, tc);
	return s;
}
