/* Signal frames: what handlers see, alternate stacks, forged frames. */
#include <check.h>
#include <signal.h>
#include <string.h>
#include <ucontext.h>

#include "proc_fixture.h"

static u64 self(void)
{
	return (u64)CALL(getpid);
}

/* --- faults ------------------------------------------------------------------------------------------------------ */

static void fault_frame(void)
{
	user_handle(SIGSEGV, user_note, SA_SIGINFO);
	user_fault(SIGSEGV, SEGV_MAPERR, 0x1234);
	ck_assert_int_eq(noted.calls, 1);
	ck_assert_int_eq(noted.info.si_code, SEGV_MAPERR);
	ck_assert_ptr_eq(noted.info.si_addr, (void *)0x1234);
	ck_assert_uint_eq(noted.uc.uc_mcontext.gregs[REG_TRAPNO], 14);
	ck_assert_uint_eq(noted.uc.uc_mcontext.gregs[REG_ERR], 6);
	ck_assert_uint_eq(noted.uc.uc_mcontext.gregs[REG_CR2], 0x1234);
	CALL(kill, self(), SIGSEGV);
	ck_assert_uint_eq(noted.uc.uc_mcontext.gregs[REG_CR2], 0);
	user_mask(SIG_BLOCK, SIG_BIT(SIGSEGV));
	user_fault(SIGSEGV, SEGV_MAPERR, 0x1234); /* blocked: the end */
}

START_TEST(test_fault)
{
	ck_assert_int_eq(proc_run(fault_frame), SIGSEGV);
}
END_TEST

static void ignored_fault(void)
{
	struct k_sigaction ign = { .handler = (u64)SIG_IGN };

	signal_set_action(SIGFPE, &ign, NULL);
	user_fault(SIGFPE, FPE_INTDIV, 0x1234);
}

START_TEST(test_ignored_fault_kills)
{
	ck_assert_int_eq(proc_run(ignored_fault), SIGFPE);
}
END_TEST

static void stack_is_gone(void)
{
	user_handle(SIGSEGV, user_note, 0);
	current_task()->tf.rsp = 0x50000;
	user_fault(SIGSEGV, SEGV_MAPERR, 0x50000);
}

START_TEST(test_no_stack_for_handler)
{
	ck_assert_int_eq(proc_run(stack_is_gone), SIGSEGV);
}
END_TEST

/* --- alternate stacks ---------------------------------------------------------------------------------------------- */

#define ALT (USER_DATA + 2 * PAGE_SIZE)
#define ALT_BYTES (2 * PAGE_SIZE)

static u64 rsp_inside;
static s64 altstack_inside;

static s64 set_altstack(u64 sp, u32 flags, u64 size)
{
	user_put(USER_DATA, sp);
	user_put(USER_DATA + 8, flags);
	user_put(USER_DATA + 16, size);
	return CALL(sigaltstack, USER_DATA, USER_DATA + 32);
}

static void on_altstack(int sig, void *info, void *uc)
{
	user_note(sig, info, uc);
	rsp_inside = current_task()->tf.rsp;
	altstack_inside = set_altstack(ALT, 0, ALT_BYTES);
}

static void uses_altstack(void)
{
	u64 rsp = current_task()->tf.rsp;

	ck_assert_int_eq(set_altstack(ALT, 0, 100), -ENOMEM);
	ck_assert_int_eq(set_altstack(ALT, 7, ALT_BYTES), -EINVAL);
	ck_assert_int_eq(set_altstack(ALT, 0, ALT_BYTES), 0);
	ck_assert_uint_eq((u32)user_get(USER_DATA + 40), SS_DISABLE);
	user_handle(SIGUSR1, on_altstack, SA_ONSTACK);
	user_handle(SIGUSR2, on_altstack, 0);
	CALL(kill, self(), SIGUSR1);
	ck_assert_uint_gt(rsp_inside, ALT);
	ck_assert_uint_lt(rsp_inside, ALT + ALT_BYTES);
	ck_assert_int_eq(altstack_inside, -EPERM);
	ck_assert_uint_eq((u64)noted.uc.uc_stack.ss_sp, ALT);
	CALL(kill, self(), SIGUSR2);
	ck_assert_uint_gt(rsp_inside, USER_STACK_TOP - 16 * PAGE_SIZE);
	ck_assert_int_eq(altstack_inside, 0);
	ck_assert_uint_eq(current_task()->tf.rsp, rsp);
	/* a stack below which there is no room */
	current_task()->tf.rsp = 0x50000;
	CALL(kill, self(), SIGUSR1);
	ck_assert_int_eq(noted.calls, 3);
	current_task()->tf.rsp = ALT + 300;
	CALL(kill, self(), SIGUSR1); /* would leave it downwards */
}

START_TEST(test_altstack)
{
	ck_assert_int_eq(proc_run(uses_altstack), SIGSEGV);
}
END_TEST

static void autodisarm(void)
{
	ck_assert_int_eq(set_altstack(ALT, 1u << 31, ALT_BYTES), 0);
	user_handle(SIGUSR1, on_altstack, SA_ONSTACK);
	CALL(kill, self(), SIGUSR1);
	ck_assert_int_eq(altstack_inside, 0); /* was disarmed: may be set */
	ck_assert_uint_eq(current_task()->altstack_flags, 1u << 31);
	ck_assert_uint_eq(current_task()->altstack_sp, ALT);
}

START_TEST(test_autodisarm)
{
	ck_assert_int_eq(proc_run(autodisarm), 0);
}
END_TEST

/* --- forged frames --------------------------------------------------------------------------------------------------- */

static size_t forge_offset;
static u64 forge_value;

static void forge(int sig, void *info, void *uc)
{
	user_note(sig, info, uc);
	user_put((u64)uc + forge_offset, forge_value);
}

static void returns_through_forged_frame(void)
{
	user_handle(SIGUSR1, forge, SA_SIGINFO);
	CALL(kill, self(), SIGUSR1);
}

#define GREG(n) (offsetof(ucontext_t, uc_mcontext.gregs) + 8 * (n))

START_TEST(test_forged_frame)
{
	static const struct {
		size_t offset;
		u64 value;
	} bad[] = {
		{ GREG(REG_CSGSFS), 0x23 },	       /* 32-bit code segment */
		{ GREG(REG_CSGSFS), 0x002b000000000010 }, /* kernel's */
		{ GREG(REG_CSGSFS), 0x0000000000000033 }, /* stack segment 0 */
		{ GREG(REG_RIP), 0x70000000 },
		{ GREG(REG_RIP), 0xbfffffff },
		{ offsetof(ucontext_t, uc_mcontext.fpregs), 0x50000 },
	};

	forge_offset = bad[_i].offset;
	forge_value = bad[_i].value;
	ck_assert_int_eq(proc_run(returns_through_forged_frame), SIGSEGV);
	ck_assert_int_eq(noted.calls, 1);
}
END_TEST

static void flags_are_masked(void)
{
	forge_offset = GREG(REG_EFL);
	forge_value = ~0ULL;
	user_handle(SIGUSR1, forge, SA_SIGINFO);
	CALL(kill, self(), SIGUSR1);
	ck_assert_uint_eq(current_task()->tf.rflags, TRAP_USER_RFLAGS);
	forge_offset = offsetof(ucontext_t, uc_sigmask);
	CALL(kill, self(), SIGUSR1);
	ck_assert_uint_eq(current_task()->blocked,
			  ~(SIG_BIT(SIGKILL) | SIG_BIT(SIGSTOP)));
	user_mask(SIG_SETMASK, 0);
	forge_offset = offsetof(ucontext_t, uc_mcontext.fpregs);
	forge_value = 0; /* no vector state: initial */
	CALL(kill, self(), SIGUSR1);
	ck_assert_int_eq(noted.calls, 3);
}

START_TEST(test_forged_flags_are_masked)
{
	ck_assert_int_eq(proc_run(flags_are_masked), 0);
}
END_TEST

static void sigreturn_from_nowhere(void)
{
	current_task()->tf.rsp = 0x70001000;
	CALL(rt_sigreturn);
}

START_TEST(test_sigreturn_from_nowhere)
{
	ck_assert_int_eq(proc_run(sigreturn_from_nowhere), SIGSEGV);
}
END_TEST

/* Vector state goes through the frame and back. */
static void vector_state(void)
{
	u8 *area = current_task()->user.xstate;

	memset(area, 0, cpu_xstate_bytes());
	memset(area + 32, 0xa5, 128);
	area[512] = 3; /* XSTATE_BV */
	user_handle(SIGUSR1, user_note, SA_SIGINFO);
	CALL(kill, self(), SIGUSR1);
	ck_assert_uint_eq(area[32], 0xa5);
	ck_assert_uint_eq(area[159], 0xa5);
	ck_assert_uint_eq(area[512], 3);
}

START_TEST(test_vector_state)
{
	ck_assert_int_eq(proc_run(vector_state), 0);
}
END_TEST

Suite *sigframe_suite(void);
Suite *sigframe_suite(void)
{
	Suite *s = suite_create("sigframe");
	TCase *tc = tcase_create("sigframe");

	tcase_add_test(tc, test_fault);
	tcase_add_test(tc, test_ignored_fault_kills);
	tcase_add_test(tc, test_no_stack_for_handler);
	tcase_add_test(tc, test_altstack);
	tcase_add_test(tc, test_autodisarm);
	tcase_add_loop_test(tc, test_forged_frame, 0, 6);
	tcase_add_test(tc, test_forged_flags_are_masked);
	tcase_add_test(tc, test_sigreturn_from_nowhere);
	tcase_add_test(tc, test_vector_state);
	suite_add_tcase(s, tc);
	return s;
}
