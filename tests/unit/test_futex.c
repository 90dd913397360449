/* Futexes: waiting, waking, moving, robust lists. */
#include <check.h>
#include <linux/futex.h>
#include <signal.h>

#include "mm/mm.h"
#include "proc_fixture.h"

#define WORD USER_DATA
#define WORD2 (USER_DATA + 64)
#define TIME (USER_DATA + 256)
#define SHARED 0x22000000UL

static int woken, timed_out;

static s64 futex(u64 op, uaddr_t addr, u64 val)
{
	return CALL(futex, addr, op, val);
}

static void waits(void)
{
	if (futex(FUTEX_WAIT, WORD, 0) == 0)
		woken++;
	CALL(exit, 0);
}

static void wait_and_wake(void)
{
	int i;

	user_put(WORD, 0);
	for (i = 0; i < 5; i++)
		user_thread(waits);
	while (i--)
		CALL(sched_yield);
	ck_assert_int_eq(futex(FUTEX_WAIT, WORD, 1), -EAGAIN);
	ck_assert_int_eq(futex(FUTEX_WAKE, WORD, 2), 2);
	CALL(sched_yield);
	CALL(sched_yield);
	ck_assert_int_eq(woken, 2);
	/* the address is the same by process and, unshared, by memory */
	ck_assert_int_eq(futex(FUTEX_WAKE_PRIVATE, WORD, 1), 1);
	ck_assert_int_eq(futex(FUTEX_WAKE, WORD, 100), 2);
	ck_assert_int_eq(futex(FUTEX_WAKE, WORD, 100), 0);
}

START_TEST(test_wait_and_wake)
{
	ck_assert_int_eq(proc_run(wait_and_wake), 0);
}
END_TEST

static void bad_arguments(void)
{
	ck_assert_int_eq(futex(FUTEX_WAIT, WORD + 1, 0), -EINVAL);
	ck_assert_int_eq(futex(FUTEX_WAIT, 0x70001000, 0), -EFAULT);
	ck_assert_int_eq(futex(FUTEX_WAIT, 0x50000, 0), -EFAULT);
	ck_assert_int_eq(futex(FUTEX_WAKE, 0x50000, 0), -EFAULT);
	ck_assert_int_eq(futex(FUTEX_WAIT_PRIVATE, 0x50000, 0), -EFAULT);
	ck_assert_int_eq(futex(FUTEX_FD, WORD, 0), -ENOSYS);
	ck_assert_int_eq(futex(99, WORD, 0), -ENOSYS);
	ck_assert_int_eq(futex(FUTEX_WAIT_BITSET, WORD, 0), -EINVAL);
	ck_assert_int_eq(futex(FUTEX_WAIT | FUTEX_CLOCK_REALTIME, WORD, 0), -ENOSYS);
	ck_assert_int_eq(CALL(futex, WORD, FUTEX_REQUEUE, 1, -1ULL, WORD2), -EINVAL);
	ck_assert_int_eq(CALL(set_robust_list, WORD, 23), -EINVAL);
}

START_TEST(test_bad_arguments)
{
	ck_assert_int_eq(proc_run(bad_arguments), 0);
}
END_TEST

static void timeouts(void)
{
	u64 start = clock_mono_ns();

	user_put(WORD, 0);
	user_put(TIME, 0);
	user_put(TIME + 8, 5000000);
	ck_assert_int_eq(CALL(futex, WORD, FUTEX_WAIT, 0, TIME), -ETIMEDOUT);
	ck_assert_uint_eq(clock_mono_ns() - start, 5000000);
	user_put(TIME, (start + 9000000) / NS_PER_SEC);
	user_put(TIME + 8, (start + 9000000) % NS_PER_SEC);
	ck_assert_int_eq(CALL(futex, WORD, FUTEX_WAIT_BITSET, 0, TIME, 0, 1), -ETIMEDOUT);
	ck_assert_uint_eq(clock_mono_ns() - start, 9000000);
	user_put(TIME, 5); /* 1970 */
	ck_assert_int_eq(CALL(futex, WORD, FUTEX_WAIT_BITSET | FUTEX_CLOCK_REALTIME, 0,
			      TIME, 0, 1), -ETIMEDOUT);
	user_put(TIME + 8, NS_PER_SEC);
	ck_assert_int_eq(CALL(futex, WORD, FUTEX_WAIT, 0, TIME), -EINVAL);
}

START_TEST(test_timeouts)
{
	ck_assert_int_eq(proc_run(timeouts), 0);
}
END_TEST

static void waits_for_bit_2(void)
{
	CALL(futex, WORD, FUTEX_WAIT_BITSET, 0, 0, 0, 2);
	woken++;
}

static void bitsets(void)
{
	user_put(WORD, 0);
	user_thread(waits_for_bit_2);
	CALL(sched_yield);
	ck_assert_int_eq(CALL(futex, WORD, FUTEX_WAKE_BITSET, 9, 0, 0, 1), 0);
	ck_assert_int_eq(CALL(futex, WORD, FUTEX_WAKE_BITSET, 9, 0, 0, 0), -EINVAL);
	ck_assert_int_eq(CALL(futex, WORD, FUTEX_WAKE_BITSET, 9, 0, 0, 6), 1);
	CALL(sched_yield);
	ck_assert_int_eq(woken, 1);
}

START_TEST(test_bitsets)
{
	ck_assert_int_eq(proc_run(bitsets), 0);
}
END_TEST

static void requeues(void)
{
	user_put(WORD, 0);
	for (int i = 0; i < 4; i++)
		user_thread(waits);
	for (int i = 0; i < 4; i++)
		CALL(sched_yield);
	ck_assert_int_eq(CALL(futex, WORD, FUTEX_CMP_REQUEUE, 1, 2, WORD2, 7), -EAGAIN);
	ck_assert_int_eq(CALL(futex, WORD, FUTEX_CMP_REQUEUE, 1, 2, WORD2, 0), 3);
	ck_assert_int_eq(futex(FUTEX_WAKE, WORD2, 100), 2);
	ck_assert_int_eq(futex(FUTEX_WAKE, WORD, 100), 1);
}

START_TEST(test_requeue)
{
	ck_assert_int_eq(proc_run(requeues), 0);
}
END_TEST

static u64 wake_op(u32 op, u32 arg, u32 cmp, u32 cmp_arg)
{
	return (u64)op << 28 | cmp << 24 | arg << 12 | cmp_arg;
}

static void wake_ops(void)
{
	user_put(WORD2, 5);
	user_put(WORD, 0);
	user_thread(waits);
	CALL(sched_yield);
	/* *WORD2 += 3; then WORD's waiter, and WORD2's (none) as it was 5 */
	ck_assert_int_eq(CALL(futex, WORD, FUTEX_WAKE_OP, 1, 1, WORD2,
			      wake_op(FUTEX_OP_ADD, 3, FUTEX_OP_CMP_EQ, 5)), 1);
	ck_assert_uint_eq(user_get(WORD2), 8);
	CALL(futex, WORD, FUTEX_WAKE_OP, 1, 1, WORD2,
	     wake_op(FUTEX_OP_SET, 0xfff, FUTEX_OP_CMP_LT, 0));
	ck_assert_uint_eq(user_get(WORD2), 0xffffffff); /* 12 bits, signed */
	CALL(futex, WORD, FUTEX_WAKE_OP, 1, 1, WORD2,
	     wake_op(FUTEX_OP_ANDN | FUTEX_OP_OPARG_SHIFT, 4, FUTEX_OP_CMP_NE, 0));
	ck_assert_uint_eq(user_get(WORD2), 0xffffffef);
	ck_assert_int_eq(CALL(futex, WORD, FUTEX_WAKE_OP, 1, 1, WORD2,
			      wake_op(7, 0, 0, 0)), -ENOSYS);
	ck_assert_int_eq(CALL(futex, WORD, FUTEX_WAKE_OP, 1, 1, 0x50000, 0), -EFAULT);
	/* the other word's waiter, by comparison */
	user_put(WORD, 0);
	user_thread(waits);
	CALL(sched_yield);
	ck_assert_int_eq(CALL(futex, WORD2, FUTEX_WAKE_OP, 1, 1, WORD,
			      wake_op(FUTEX_OP_XOR, 1, FUTEX_OP_CMP_GE, 1)), 0);
	ck_assert_int_eq(CALL(futex, WORD2, FUTEX_WAKE_OP, 1, 1, WORD,
			      wake_op(FUTEX_OP_OR, 1, FUTEX_OP_CMP_GT, 0)), 1);
}

START_TEST(test_wake_op)
{
	ck_assert_int_eq(proc_run(wake_ops), 0);
}
END_TEST

/* --- shared memory ---------------------------------------------------------------------- */

static void map_shared(void)
{
	struct vm_object *obj = vm_object_anon(PAGE_SIZE);
	struct map_req req = { .addr = SHARED, .len_bytes = PAGE_SIZE,
			       .vma_flags = VMA_R | VMA_W | VMA_SHARED,
			       .max_prot = VMA_PROT, .fixed = true, .object = obj };

	ck_assert_int_eq(mm_map(current_task()->mm, &req), (s64)SHARED);
	vm_object_put(obj);
}

static void waits_shared(void)
{
	if (futex(FUTEX_WAIT, SHARED, 0) == 0)
		woken++;
}

static void waits_private(void)
{
	user_put(TIME, 0);
	user_put(TIME + 8, 50000000);
	if (CALL(futex, SHARED, FUTEX_WAIT_PRIVATE, 0, TIME) == -ETIMEDOUT)
		timed_out++;
}

static void between_processes(void)
{
	map_shared();
	user_put(SHARED, 0);
	user_fork(waits_shared);
	user_fork(waits_private);
	CALL(sched_yield);
	CALL(sched_yield);
	ck_assert_int_eq(futex(FUTEX_WAKE_PRIVATE, SHARED, 9), 0);
	ck_assert_int_eq(futex(FUTEX_WAKE, SHARED, 9), 1);
	user_wait(NULL);
	user_wait(NULL);
	ck_assert_int_eq(woken, 1);
	ck_assert_int_eq(timed_out, 1);
}

START_TEST(test_between_processes)
{
	ck_assert_int_eq(proc_run(between_processes), 0);
}
END_TEST

/* --- signals ------------------------------------------------------------------------------ */

static void interrupts_parent(void)
{
	user_put(TIME, 0);
	user_put(TIME + 8, 1000000);
	CALL(nanosleep, TIME);
	CALL(kill, (u64)CALL(getppid), SIGSTOP);
	CALL(nanosleep, TIME);
	CALL(kill, (u64)CALL(getppid), SIGCONT);
}

static void keeps_its_deadline(void)
{
	u64 start = clock_mono_ns();

	user_fork(interrupts_parent);
	user_put(WORD, 0);
	user_put(TIME, 0);
	user_put(TIME + 8, 20000000);
	ck_assert_int_eq(CALL(futex, WORD, FUTEX_WAIT, 0, TIME), -ETIMEDOUT);
	ck_assert_uint_eq(clock_mono_ns() - start, 20000000);
	user_wait(NULL);
}

START_TEST(test_keeps_its_deadline)
{
	ck_assert_int_eq(proc_run(keeps_its_deadline), 0);
}
END_TEST

/* --- robust lists ----------------------------------------------------------------------------- */

#define HEAD (USER_DATA + 1024)
#define LOCK(n) (USER_DATA + 1088 + 32 * (n)) /* entry; the word 16 above */

static void dies_with_locks(void)
{
	u64 tid = (u64)CALL(gettid);

	user_put(HEAD, LOCK(0));
	user_put(HEAD + 8, 16);
	user_put(HEAD + 16, LOCK(2));
	user_put(LOCK(0), LOCK(1));
	user_put(LOCK(1), HEAD);
	user_put(LOCK(0) + 16, tid | FUTEX_WAITERS);
	user_put(LOCK(1) + 16, 1); /* somebody else's */
	user_put(LOCK(2) + 16, tid);
	CALL(set_robust_list, HEAD, 24);
	CALL(nanosleep, TIME);
	CALL(exit, 0);
}

static void waits_for_lock(void)
{
	woken = futex(FUTEX_WAIT, LOCK(0) + 16, (u32)user_get(LOCK(0) + 16)) == 0;
	CALL(exit, 0);
}

static void robust(void)
{
	user_put(TIME, 0);
	user_put(TIME + 8, 1000000);
	user_put(TIME + 16, 0);
	user_put(TIME + 24, 5000000);
	user_thread(dies_with_locks);
	CALL(sched_yield);
	user_thread(waits_for_lock);
	CALL(nanosleep, TIME + 16);
	ck_assert_int_eq(woken, 1);
	ck_assert_uint_eq(user_get(LOCK(0) + 16), FUTEX_WAITERS | FUTEX_OWNER_DIED);
	ck_assert_uint_eq(user_get(LOCK(1) + 16), 1);
	ck_assert_uint_eq(user_get(LOCK(2) + 16), FUTEX_OWNER_DIED);
}

START_TEST(test_robust_list)
{
	ck_assert_int_eq(proc_run(robust), 0);
}
END_TEST

/* A list without end, and one that leads nowhere. */
static void hostile_lists(void)
{
	user_put(HEAD, LOCK(0));
	user_put(HEAD + 8, -5ULL);
	user_put(HEAD + 16, 0x70001000);
	user_put(LOCK(0), LOCK(0));
	CALL(set_robust_list, HEAD, 24);
}

static void hostile_head(void)
{
	CALL(set_robust_list, 0x70001000, 24);
}

static void hostile_next(void)
{
	user_put(HEAD, 0x7000fff8);
	user_put(HEAD + 16, 0);
	CALL(set_robust_list, HEAD, 24);
}

static void hostiles(void)
{
	user_fork(hostile_lists);
	ck_assert_int_eq(user_wait(NULL), 0);
	user_fork(hostile_head);
	ck_assert_int_eq(user_wait(NULL), 0);
	user_fork(hostile_next);
	ck_assert_int_eq(user_wait(NULL), 0);
}

START_TEST(test_hostile_lists)
{
	ck_assert_int_eq(proc_run(hostiles), 0);
}
END_TEST

Suite *futex_suite(void);
Suite *futex_suite(void)
{
	Suite *s = suite_create("futex");
	TCase *tc = tcase_create("futex");

	tcase_add_test(tc, test_wait_and_wake);
	tcase_add_test(tc, test_bad_arguments);
	tcase_add_test(tc, test_timeouts);
	tcase_add_test(tc, test_bitsets);
	tcase_add_test(tc, test_requeue);
	tcase_add_test(tc, test_wake_op);
	tcase_add_test(tc, test_between_processes);
	tcase_add_test(tc, test_keeps_its_deadline);
	tcase_add_test(tc, test_robust_list);
	tcase_add_test(tc, test_hostile_lists);
	suite_add_tcase(s, tc);
	return s;
}
