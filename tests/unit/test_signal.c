/* Signals: generation, queues, masks, delivery, waiting, restart. */
#include <check.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>

#include "mm/uaccess.h"
#include "proc_fixture.h"

#define SET8 8
#define SIGNO_RT (SIGRTMIN - 2 + 3) /* 35: libc hides the first two */

static u64 self(void)
{
	return (u64)CALL(getpid);
}

/* --- what happens by default ------------------------------------------------------------ */

static void check_default(int sig, bool kills)
{
	s64 child = user_fork(user_pause);
	s32 status;

	CALL(sched_yield);
	ck_assert_int_eq(CALL(kill, (u64)child, (u64)sig), 0);
	CALL(sched_yield);
	if (!kills) {
		ck_assert_int_eq(CALL(wait4, (u64)child, 0, WNOHANG), 0);
		CALL(kill, (u64)child, SIGKILL);
		sig = SIGKILL;
	}
	status = user_wait(NULL);
	ck_assert(WIFSIGNALED(status));
	ck_assert_int_eq(WTERMSIG(status), sig);
	ck_assert(!WCOREDUMP(status));
}

static void defaults(void)
{
	check_default(SIGTERM, true);
	check_default(SIGSEGV, true);
	check_default(SIGQUIT, true);
	check_default(SIGUSR2, true);
	check_default(64, true);
	check_default(SIGCHLD, false);
	check_default(SIGCONT, false);
	check_default(SIGWINCH, false);
	check_default(SIGURG, false);
}

START_TEST(test_defaults)
{
	ck_assert_int_eq(proc_run(defaults), 0);
}
END_TEST

static void init_is_safe(void)
{
	ck_assert_int_eq(CALL(kill, 1, SIGKILL), 0);
	ck_assert_int_eq(CALL(kill, 1, SIGTERM), 0);
	ck_assert_int_eq(CALL(kill, 1, SIGSTOP), 0);
	CALL(sched_yield);
	ck_assert_int_eq(CALL(kill, 1, 65), -EINVAL);
	ck_assert_int_eq(CALL(kill, 9999, 0), -ESRCH);
	ck_assert_int_eq(CALL(kill, 1UL << 31, 0), -ESRCH);
	ck_assert_int_eq(CALL(tgkill, 2, 1, 0), -ESRCH);
	ck_assert_int_eq(CALL(tgkill, 0, 2, 0), -EINVAL);
}

START_TEST(test_init_is_safe)
{
	ck_assert_int_eq(proc_run(init_is_safe), 0);
}
END_TEST

static void rights(void)
{
	s64 child = user_fork(user_pause);

	ck_assert_int_eq(CALL(setuid, 1000), 0);
	ck_assert_int_eq(CALL(kill, 1, SIGTERM), -EPERM);
	ck_assert_int_eq(CALL(kill, (u64)child, SIGTERM), -EPERM);
	ck_assert_int_eq(CALL(kill, (u64)child, SIGCONT), 0); /* same session */
	ck_assert_int_eq(CALL(kill, self(), 0), 0);
	current_task()->cred = process_leader(task_find((s32)child)->proc)->cred;
	ck_assert_int_eq(CALL(kill, (u64)child, SIGKILL), 0);
	user_wait(NULL);
}

START_TEST(test_rights)
{
	ck_assert_int_eq(proc_run(rights), 0);
}
END_TEST

/* --- handlers --------------------------------------------------------------------------------- */

static void handler_sees(void)
{
	const struct trap_frame before = current_task()->tf;
	struct trap_frame *tf = &current_task()->tf;

	user_handle(SIGUSR1, user_note, SA_SIGINFO);
	tf->r15 = 0x1515;
	tf->rbp = 0xbbbb;
	ck_assert_int_eq(CALL(kill, self(), SIGUSR1), 0);
	ck_assert_int_eq(noted.calls, 1);
	ck_assert_int_eq(noted.info.si_signo, SIGUSR1);
	ck_assert_int_eq(noted.info.si_code, SI_USER);
	ck_assert_int_eq(noted.info.si_pid, 2);
	ck_assert_uint_eq(noted.blocked, SIG_BIT(SIGUSR1));
	ck_assert_uint_eq(current_task()->blocked, 0);
	ck_assert_uint_eq(tf->r15, 0x1515);
	ck_assert_uint_eq(tf->rbp, 0xbbbb);
	ck_assert_uint_eq(tf->rsp, before.rsp);
	ck_assert_uint_eq(noted.uc.uc_mcontext.gregs[REG_R15], 0x1515);
	ck_assert_uint_eq(noted.uc.uc_flags, 7);
	ck_assert_uint_eq((u64)noted.uc.uc_mcontext.fpregs % 64, 0);
}

START_TEST(test_handler)
{
	ck_assert_int_eq(proc_run(handler_sees), 0);
}
END_TEST

static void flags_of_handlers(void)
{
	user_handle(SIGUSR1, user_note, SA_SIGINFO | SA_NODEFER);
	CALL(kill, self(), SIGUSR1);
	ck_assert_uint_eq(noted.blocked, 0);
	user_handle(SIGUSR2, user_note, SA_SIGINFO | SA_RESETHAND);
	CALL(kill, self(), SIGUSR2);
	ck_assert_int_eq(noted.calls, 2);
	CALL(kill, self(), SIGUSR2); /* now by default */
}

START_TEST(test_handler_flags)
{
	ck_assert_int_eq(proc_run(flags_of_handlers), SIGUSR2);
}
END_TEST

static void actions(void)
{
	uaddr_t at = USER_DATA, old = USER_DATA + 64;

	ck_assert_int_eq(CALL(rt_sigaction, SIGKILL, at, 0, SET8), -EINVAL);
	ck_assert_int_eq(CALL(rt_sigaction, SIGSTOP, at, 0, SET8), -EINVAL);
	ck_assert_int_eq(CALL(rt_sigaction, SIGKILL, 0, old, SET8), 0);
	ck_assert_int_eq(CALL(rt_sigaction, 0, at, 0, SET8), -EINVAL);
	ck_assert_int_eq(CALL(rt_sigaction, 65, at, 0, SET8), -EINVAL);
	ck_assert_int_eq(CALL(rt_sigaction, SIGUSR1, at, 0, 4), -EINVAL);
	ck_assert_int_eq(CALL(rt_sigaction, SIGUSR1, 8, 0, SET8), -EFAULT);
	user_put(at, (u64)user_note);
	user_put(at + 8, ~0ULL);
	user_put(at + 24, ~0ULL);
	ck_assert_int_eq(CALL(rt_sigaction, SIGUSR1, at, 0, SET8), 0);
	ck_assert_int_eq(CALL(rt_sigaction, SIGUSR1, 0, old, SET8), 0);
	ck_assert_uint_eq(user_get(old + 8) & 0x400, 0); /* SA_UNSUPPORTED */
	ck_assert_uint_eq(user_get(old + 24),
			  ~(SIG_BIT(SIGKILL) | SIG_BIT(SIGSTOP)));
}

START_TEST(test_sigaction)
{
	ck_assert_int_eq(proc_run(actions), 0);
}
END_TEST

/* --- masks and queues ------------------------------------------------------------------------------ */

static void standard_signals_merge(void)
{
	user_handle(SIGUSR1, user_note, 0);
	ck_assert_int_eq(user_mask(SIG_BLOCK, SIG_BIT(SIGUSR1) | SIG_BIT(SIGKILL)), 0);
	ck_assert_uint_eq(current_task()->blocked, SIG_BIT(SIGUSR1));
	CALL(kill, self(), SIGUSR1);
	CALL(kill, self(), SIGUSR1);
	ck_assert_int_eq(noted.calls, 0);
	ck_assert_int_eq(CALL(rt_sigpending, USER_DATA + 8, SET8), 0);
	ck_assert_uint_eq(user_get(USER_DATA + 8), SIG_BIT(SIGUSR1));
	user_mask(SIG_UNBLOCK, SIG_BIT(SIGUSR1));
	ck_assert_int_eq(noted.calls, 1);
	ck_assert_int_eq(user_mask(77, 0), -EINVAL);
}

START_TEST(test_standard_signals_merge)
{
	ck_assert_int_eq(proc_run(standard_signals_merge), 0);
}
END_TEST

static s64 queue_value(int sig, int value)
{
	siginfo_t si;

	memset(&si, 0, sizeof(si));
	si.si_code = SI_QUEUE;
	si.si_value.sival_int = value;
	ck_assert_int_eq(copy_to_user(USER_DATA + 128, &si, sizeof(si)), 0);
	return CALL(rt_sigqueueinfo, self(), (u64)sig, USER_DATA + 128);
}

static int values[8];
static void note_value(int sig, void *info, void *uc)
{
	values[noted.calls % 8] = ((siginfo_t *)info)->si_value.sival_int;
	user_note(sig, info, uc);
}

static void realtime_signals_queue(void)
{
	user_handle(SIGNO_RT, note_value, 0);
	user_handle(SIGNO_RT + 1, note_value, 0);
	user_mask(SIG_BLOCK, ~0ULL);
	ck_assert_int_eq(queue_value(SIGNO_RT + 1, 10), 0);
	ck_assert_int_eq(queue_value(SIGNO_RT, 1), 0);
	ck_assert_int_eq(queue_value(SIGNO_RT, 2), 0);
	user_mask(SIG_SETMASK, 0);
	ck_assert_int_eq(noted.calls, 3);
	/* All frames are built at once: the last, lowest in number, runs first. */
	ck_assert_int_eq(values[0] + values[1] + values[2], 13);
	ck_assert_uint_eq(current_process()->sig_queued, 0);
}

START_TEST(test_realtime_signals_queue)
{
	ck_assert_int_eq(proc_run(realtime_signals_queue), 0);
}
END_TEST

static void queue_is_limited(void)
{
	int i;

	current_process()->rlim[11].cur = 5; /* RLIMIT_SIGPENDING */
	user_mask(SIG_BLOCK, ~0ULL);
	for (i = 0; i < 5; i++)
		ck_assert_int_eq(queue_value(SIGNO_RT, i), 0);
	ck_assert_int_eq(queue_value(SIGNO_RT, i), -EAGAIN);
	ck_assert_int_eq(CALL(kill, self(), SIGNO_RT), 0); /* without info */
	ck_assert_int_eq(CALL(kill, self(), SIGTERM), 0);
	ck_assert_uint_eq(signal_pending_set(current_task()),
			  SIG_BIT(SIGNO_RT) | SIG_BIT(SIGTERM));
}

START_TEST(test_queue_limit)
{
	ck_assert_int_eq(proc_run(queue_is_limited), 0);
}
END_TEST

static void no_forgery(void)
{
	siginfo_t si;

	memset(&si, 0, sizeof(si));
	si.si_code = SI_USER;
	copy_to_user(USER_DATA, &si, sizeof(si));
	ck_assert_int_eq(CALL(rt_sigqueueinfo, 1, SIGTERM, USER_DATA), -EPERM);
	si.si_code = SI_TKILL;
	copy_to_user(USER_DATA, &si, sizeof(si));
	ck_assert_int_eq(CALL(rt_sigqueueinfo, 1, SIGTERM, USER_DATA), -EPERM);
}

START_TEST(test_no_forged_info)
{
	ck_assert_int_eq(proc_run(no_forgery), 0);
}
END_TEST

static void ignoring_takes_back(void)
{
	struct k_sigaction ign = { .handler = (u64)SIG_IGN };

	user_mask(SIG_BLOCK, SIG_BIT(SIGTERM));
	CALL(kill, self(), SIGTERM);
	signal_set_action(SIGTERM, &ign, NULL);
	ck_assert_uint_eq(signal_pending_set(current_task()), 0);
	user_mask(SIG_SETMASK, 0);
	CALL(kill, self(), SIGTERM);
}

START_TEST(test_ignoring_takes_back)
{
	ck_assert_int_eq(proc_run(ignoring_takes_back), 0);
}
END_TEST

/* --- waiting ------------------------------------------------------------------------------------------- */

static void parent_is_signalled(void)
{
	user_put(USER_DATA, 0);
	user_put(USER_DATA + 8, 1000000);
	CALL(nanosleep, USER_DATA, 0);
	CALL(kill, (u64)CALL(getppid), SIGUSR1);
	CALL(nanosleep, USER_DATA, 0);
}

static void suspends(void)
{
	user_handle(SIGUSR1, user_note, 0);
	user_mask(SIG_BLOCK, SIG_BIT(SIGUSR1));
	user_fork(parent_is_signalled);
	user_put(USER_DATA, SIG_BIT(SIGTERM));
	ck_assert_int_eq(CALL(rt_sigsuspend, USER_DATA, SET8), -EINTR);
	ck_assert_int_eq(noted.calls, 1);
	ck_assert_uint_eq(noted.blocked, SIG_BIT(SIGTERM) | SIG_BIT(SIGUSR1));
	ck_assert_uint_eq(current_task()->blocked, SIG_BIT(SIGUSR1));
	user_wait(NULL);
	ck_assert_int_eq(CALL(rt_sigsuspend, USER_DATA, 4), -EINVAL);
}

START_TEST(test_sigsuspend)
{
	ck_assert_int_eq(proc_run(suspends), 0);
}
END_TEST

static void timed_waits(void)
{
	user_put(USER_DATA + 16, 0);
	user_put(USER_DATA + 24, 5000000);
	user_mask(SIG_BLOCK, SIG_BIT(SIGUSR1) | SIG_BIT(SIGUSR2));
	user_put(USER_DATA, SIG_BIT(SIGUSR1));
	ck_assert_int_eq(CALL(rt_sigtimedwait, USER_DATA, 0, USER_DATA + 16, SET8),
			 -EAGAIN);
	user_fork(parent_is_signalled);
	user_put(USER_DATA, SIG_BIT(SIGUSR1));
	ck_assert_int_eq(CALL(rt_sigtimedwait, USER_DATA, USER_DATA + 256, 0, SET8),
			 SIGUSR1);
	ck_assert_int_eq((s32)user_get(USER_DATA + 256), SIGUSR1);
	ck_assert_uint_eq(current_task()->sigwait, 0);
	user_wait(NULL);
	user_put(USER_DATA + 24, 0);
	ck_assert_int_eq(CALL(rt_sigtimedwait, USER_DATA, 0, USER_DATA + 16, SET8),
			 -EAGAIN);
	/* another signal, with a handler */
	user_handle(SIGUSR1, user_note, 0);
	user_mask(SIG_UNBLOCK, SIG_BIT(SIGUSR1));
	user_fork(parent_is_signalled);
	user_put(USER_DATA, SIG_BIT(SIGUSR2));
	ck_assert_int_eq(CALL(rt_sigtimedwait, USER_DATA, 0, 0, SET8), -EINTR);
	ck_assert_int_eq(noted.calls, 1);
	user_wait(NULL);
}

START_TEST(test_sigtimedwait)
{
	ck_assert_int_eq(proc_run(timed_waits), 0);
}
END_TEST

/* --- restart ---------------------------------------------------------------------------------------------- */

static void restarts(void)
{
	user_handle(SIGUSR1, user_note, SA_RESTART);
	user_fork(parent_is_signalled);
	ck_assert_int_gt(CALL(wait4, -1), 0); /* goes on */
	ck_assert_int_eq(noted.calls, 1);
	user_handle(SIGUSR1, user_note, 0);
	user_fork(parent_is_signalled);
	ck_assert_int_eq(CALL(wait4, -1), -EINTR);
	ck_assert_int_gt(CALL(wait4, -1), 0);
	ck_assert_int_eq(noted.calls, 2);
	user_handle(SIGUSR1, user_note, SA_RESTART);
	user_fork(parent_is_signalled);
	ck_assert_int_eq(CALL(pause), -EINTR); /* never restarted */
	user_wait(NULL);
}

START_TEST(test_restart)
{
	ck_assert_int_eq(proc_run(restarts), 0);
}
END_TEST

static void sleep_is_cut_short(void)
{
	user_handle(SIGUSR1, user_note, SA_RESTART);
	user_fork(parent_is_signalled);
	user_put(USER_DATA, 10);
	user_put(USER_DATA + 8, 0);
	ck_assert_int_eq(CALL(nanosleep, USER_DATA, USER_DATA + 32), -EINTR);
	ck_assert_uint_eq(user_get(USER_DATA + 32), 9);
	ck_assert_uint_ge(user_get(USER_DATA + 40), 998000000);
	user_wait(NULL);
}

START_TEST(test_sleep_is_cut_short)
{
	ck_assert_int_eq(proc_run(sleep_is_cut_short), 0);
}
END_TEST

static void stops_and_continues(void)
{
	s64 parent = CALL(getppid);

	user_put(USER_DATA, 0);
	user_put(USER_DATA + 8, 1000000);
	CALL(nanosleep, USER_DATA, 0);
	CALL(kill, (u64)parent, SIGSTOP);
	CALL(nanosleep, USER_DATA, 0);
	CALL(kill, (u64)parent, SIGCONT);
}

static void sleeps_through_stop(void)
{
	u64 start = clock_mono_ns();

	user_fork(stops_and_continues);
	user_put(USER_DATA, 0);
	user_put(USER_DATA + 8, 50000000);
	ck_assert_int_eq(CALL(nanosleep, USER_DATA, 0), 0); /* restart_syscall */
	ck_assert_uint_eq(clock_mono_ns() - start, 50000000);
	user_wait(NULL);
	ck_assert_int_eq(CALL(restart_syscall), -EINTR);
}

START_TEST(test_sleep_through_stop)
{
	ck_assert_int_eq(proc_run(sleeps_through_stop), 0);
}
END_TEST

/* --- threads ------------------------------------------------------------------------------------------------------------ */

static s32 taker;
static void note_taker(int sig, void *info, void *uc)
{
	user_note(sig, info, uc);
	taker = current_task()->tid;
}

static void blocks_and_pauses(void)
{
	user_mask(SIG_BLOCK, SIG_BIT(SIGUSR1));
	for (;;)
		CALL(pause);
}

static void other_thread_takes(void)
{
	s64 tid;

	user_handle(SIGUSR1, note_taker, 0);
	tid = user_thread(user_pause);
	CALL(sched_yield);
	user_mask(SIG_BLOCK, SIG_BIT(SIGUSR1));
	CALL(kill, self(), SIGUSR1);
	CALL(sched_yield);
	ck_assert_int_eq(taker, tid);
	ck_assert_int_eq(CALL(tkill, (u64)CALL(gettid), SIGUSR1), 0); /* stays ours */
	CALL(sched_yield);
	ck_assert_int_eq(noted.calls, 1);
	user_mask(SIG_SETMASK, 0);
	ck_assert_int_eq(taker, 2);
	user_thread(blocks_and_pauses);
	CALL(sched_yield);
	CALL(exit_group, 0);
}

START_TEST(test_threads_share)
{
	ck_assert_int_eq(proc_run(other_thread_takes), 0);
}
END_TEST

Suite *signal_suite(void);
Suite *signal_suite(void)
{
	Suite *s = suite_create("signal");
	TCase *tc = tcase_create("signal");

	tcase_add_test(tc, test_defaults);
	tcase_add_test(tc, test_init_is_safe);
	tcase_add_test(tc, test_rights);
	tcase_add_test(tc, test_handler);
	tcase_add_test(tc, test_handler_flags);
	tcase_add_test(tc, test_sigaction);
	tcase_add_test(tc, test_standard_signals_merge);
	tcase_add_test(tc, test_realtime_signals_queue);
	tcase_add_test(tc, test_queue_limit);
	tcase_add_test(tc, test_no_forged_info);
	tcase_add_test(tc, test_ignoring_takes_back);
	tcase_add_test(tc, test_sigsuspend);
	tcase_add_test(tc, test_sigtimedwait);
	tcase_add_test(tc, test_restart);
	tcase_add_test(tc, test_sleep_is_cut_short);
	tcase_add_test(tc, test_sleep_through_stop);
	tcase_add_test(tc, test_threads_share);
	suite_add_tcase(s, tc);
	return s;
}
