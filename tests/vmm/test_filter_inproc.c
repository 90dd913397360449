/*
 * The in-process filter, in children that make calls for real from every place
 * (stub_child.h), without a tracer and with one.
 */
#include <check.h>
#include <errno.h>
#include <linux/audit.h>
#include <linux/falloc.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

#include "abi/boot.h"
#include "stub_child.h"

/* Sums of 64 bits; a high address space. */
static const struct policy_env env_large = {
	.ram_bytes = 5 * GIB,
	.core_bytes = CORE_BYTES,
	.user_low_min = LODGER_USER_LOW_MIN,
	.vspace_high = true,
	.in_process = true,
};

static uint64_t empty_frame[512]; /* as if a signal had found all zeroes */

static int run_reflected(const struct policy_env *env,
			 const struct sample *sample,
			 enum filter_reflect reflect)
{
	bool sigreturn = sample->outcome == FAULTS;
	int status;
	pid_t pid = stub_child_fork();

	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		struct filter_program program;
		long result;

		if (stub_child_prepare(env, sample) ||
		    stub_child_build(&program, env, sample, reflect))
			_exit(CHILD_FAILED);
		filter_inproc_without_listener(&program);
		if (filter_inproc_install(&program, false))
			_exit(CHILD_FAILED);
		result = stub_child_call(sample,
					 sigreturn ? empty_frame + 8 : NULL);
		/* the host stub has passed, or was not tried */
		if (sample->outcome == PASSES && result == -ENOSYS)
			stub_child_leave(CHILD_FAILED);
		stub_child_leave(CHILD_PASSED);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	return status;
}

static int run_sample(const struct policy_env *env, const struct sample *sample)
{
	return run_reflected(env, sample, FILTER_REFLECT_TRAP);
}

/* --- Samples ------------------------------------------------------------------- */

static const struct sample samples[] = {
	/* the opening call, and each word of it wrong */
	CALL(PASSES, STUBS, OPEN, __NR_mprotect, WHOLE_CORE, PROT_ALL),
	CALL(TRAPS, STUBS, OPEN, __NR_mprotect, WHOLE_CORE, PROT_NONE),
	CALL(TRAPS, STUBS, OPEN, __NR_mprotect, WHOLE_CORE, PROT_READ | PROT_WRITE),
	CALL(TRAPS, STUBS, OPEN, __NR_mprotect, WHOLE_CORE, PROT_ALL | HIGH),
	CALL(TRAPS, STUBS, OPEN, __NR_mprotect, WHOLE_CORE, PROT_ALL | PROT_GROWSDOWN),
	CALL(TRAPS, STUBS, OPEN, __NR_mprotect, BASE + 4096, CORE_BYTES, PROT_ALL),
	CALL(TRAPS, STUBS, OPEN, __NR_mprotect, BASE | HIGH, CORE_BYTES, PROT_ALL),
	CALL(TRAPS, STUBS, OPEN, __NR_mprotect, STUBS, 4096, PROT_ALL),
	CALL(TRAPS, STUBS, OPEN, __NR_mprotect, BASE, CORE_BYTES - 4096, PROT_ALL),
	CALL(TRAPS, STUBS, OPEN, __NR_mprotect, BASE, CORE_BYTES + 1, PROT_ALL),
	CALL(TRAPS, STUBS, OPEN, __NR_mprotect, BASE, CORE_BYTES | HIGH, PROT_ALL),
	CALL(TRAPS, STUBS, OPEN, __NR_munmap, BASE, CORE_BYTES, PROT_ALL),
	CALL(TRAPS, STUBS, OPEN, __NR_mprotect | X32, BASE, CORE_BYTES, PROT_ALL),
	CALL(TRAPS, STUBS, OPEN, __NR_pkey_mprotect, BASE, CORE_BYTES, PROT_ALL, 0),
	CALL(TRAPS, STUBS, OPEN, __NR_getpid),
	CALL(TRAPS, STUBS, OPEN, -1ULL),
	INT80(STUBS, OPEN, __NR_mprotect, WHOLE_CORE, PROT_ALL),
	CALL(TRAPS, STUBS_HIGH, OPEN, __NR_mprotect, WHOLE_CORE, PROT_ALL),

	/* the closing call */
	CALL(PASSES, STUBS, CLOSE, __NR_mprotect, WHOLE_CORE, PROT_NONE),
	CALL(TRAPS, STUBS, CLOSE, __NR_mprotect, WHOLE_CORE, PROT_ALL),
	CALL(TRAPS, STUBS, CLOSE, __NR_mprotect, WHOLE_CORE, PROT_READ),
	CALL(TRAPS, STUBS, CLOSE, __NR_mprotect, WHOLE_CORE, HIGH),
	CALL(TRAPS, STUBS, CLOSE, __NR_mprotect, USER_PAGE, CORE_BYTES, 0),
	CALL(TRAPS, STUBS, CLOSE, __NR_mprotect, BASE, 0, 0),
	CALL(TRAPS, STUBS, CLOSE, __NR_munmap, BASE, CORE_BYTES, 0),
	INT80(STUBS, CLOSE, __NR_mprotect, WHOLE_CORE, PROT_NONE),
	CALL(TRAPS, STUBS_HIGH, CLOSE, __NR_mprotect, WHOLE_CORE, 0),

	/* the nested return: what it finds on the stack is no frame */
	CALL(FAULTS, STUBS, NESTED, __NR_rt_sigreturn),
	CALL(TRAPS, STUBS, NESTED, __NR_rt_sigreturn | X32),
	CALL(TRAPS, STUBS, NESTED, 513 | X32),
	CALL(TRAPS, STUBS, NESTED, __NR_getpid),
	CALL(TRAPS, STUBS, NESTED, __NR_mprotect, WHOLE_CORE, PROT_ALL),
	INT80(STUBS, NESTED, __NR_rt_sigreturn),
	CALL(TRAPS, STUBS_HIGH, NESTED, __NR_rt_sigreturn),

	/* the host call stub: the policy, without the gate's calls */
	CALL(PASSES, STUBS, HOST, __NR_sigaltstack, 0, 0),
	CALL(PASSES, STUBS, HOST, __NR_rt_sigaction, SIGSYS, 0, 0, 8),
	CALL(PASSES, STUBS, HOST, __NR_clock_gettime, 1, BASE),
	CALL(PASSES, STUBS, HOST, __NR_mmap, 0x20000000, 4096, 3, SHARED_FIXED, LODGER_FD_RAM, 0),
	CALL(PASSES, STUBS, HOST, __NR_mprotect, 0x20000000, 4096, 5),
	CALL(PASSES, STUBS, HOST, __NR_munmap, 0x20000000, 4096),
	CALL(PASSES, STUBS, HOST, __NR_munmap, LODGER_WINDOW_END, 4096),
	CALL(PASSES, STUBS, HOST, __NR_pread64, LODGER_FD_RAM, BASE, 4096, 64 * MIB - 4096),
	CALL(PASSES, STUBS, HOST, __NR_pread64, LODGER_FD_ROOT, BASE, 4096, 1ULL << 40),
	CALL(PASSES, STUBS, HOST, __NR_exit_group, CHILD_PASSED),
	CALL(REFUSED, STUBS, HOST, __NR_mprotect, WHOLE_CORE, PROT_ALL),
	CALL(REFUSED, STUBS, HOST, __NR_mprotect, WHOLE_CORE, PROT_NONE),
	CALL(REFUSED, STUBS, HOST, __NR_rt_sigreturn),
	CALL(REFUSED, STUBS, HOST, __NR_getpid),
	CALL(REFUSED, STUBS, HOST, __NR_open, BASE, 0),
	CALL(REFUSED, STUBS, HOST, __NR_seccomp, 0, 0, 0),
	CALL(REFUSED, STUBS, HOST, __NR_prctl, PR_SET_DUMPABLE, 1),
	CALL(REFUSED, STUBS, HOST, __NR_ioctl, LODGER_FD_TTY, SECCOMP_IOCTL_NOTIF_SEND),
	CALL(REFUSED, STUBS, HOST, __NR_sendmsg, LODGER_FD_END, BASE, 0),
	CALL(REFUSED, STUBS, HOST, __NR_write, LODGER_FD_END, BASE, 8),
	CALL(REFUSED, STUBS, HOST, __NR_close, LODGER_FD_END),
	CALL(REFUSED, STUBS, HOST, __NR_write | X32, 1, BASE, 1),
	CALL(REFUSED, STUBS, HOST, -1ULL),
	CALL(PASSES, STUBS, HOST, __NR_sigaltstack | HIGH << 8, 0, 0), /* an int for the host */
	INT80(STUBS, HOST, __NR_sigaltstack, 0, 0),
	CALL(TRAPS, STUBS_HIGH, HOST, __NR_sigaltstack, 0, 0),

	/* sums */
	CALL(REFUSED, STUBS, HOST, __NR_mmap, 0x6ffff000, 8192, 3, SHARED_FIXED, LODGER_FD_RAM, 0),
	CALL(PASSES, STUBS, HOST, __NR_mmap, 0x6ffff000, 4096, 3, SHARED_FIXED, LODGER_FD_RAM, 0),
	CALL(REFUSED, STUBS, HOST, __NR_mmap, 0xf000, 4096, 3, SHARED_FIXED, LODGER_FD_RAM, 0),
	CALL(REFUSED, STUBS, HOST, __NR_mmap, 0x60001000, 0x9ffff000, 3, SHARED_FIXED, LODGER_FD_RAM, 0),
	CALL(REFUSED, STUBS, HOST, __NR_mmap, 0x20000000, 8192, 3, SHARED_FIXED, LODGER_FD_RAM, 64 * MIB - 4096),
	CALL(REFUSED, STUBS, HOST, __NR_mmap, 0x20000000, 4096, 3, SHARED_FIXED, LODGER_FD_RAM, 64 * MIB),
	CALL(REFUSED, STUBS, HOST, __NR_munmap, LODGER_WINDOW_BASE - 4096, 8192),
	CALL(REFUSED, STUBS, HOST, __NR_munmap, 4096, LODGER_WINDOW_BASE),
	CALL(REFUSED, STUBS, HOST, __NR_mprotect, 0x6ffff000, 8192, 7),
	CALL(REFUSED, STUBS, HOST, __NR_pread64, LODGER_FD_RAM, BASE, 2, 64 * MIB - 1),
	CALL(REFUSED, STUBS, HOST, __NR_pwrite64, LODGER_FD_RAM, BASE, 1, 64 * MIB),
	CALL(REFUSED, STUBS, HOST, __NR_pwrite64, LODGER_FD_RAM, BASE, -1ULL, 2),
	CALL(REFUSED, STUBS, HOST, __NR_fallocate, LODGER_FD_RAM, 3, 64 * MIB, 4096),

	/* everybody else */
	CALL(TRAPS, USER_PAGE, OPEN, __NR_getpid),
	CALL(TRAPS, USER_PAGE, OPEN, __NR_exit_group, 0),
	CALL(TRAPS, USER_PAGE, OPEN, __NR_mprotect, WHOLE_CORE, PROT_ALL),
	CALL(TRAPS, USER_PAGE, HOST, __NR_sigaltstack, 0, 0),
	CALL(TRAPS, USER_PAGE, HOST, __NR_rt_sigreturn),
	CALL(TRAPS, USER_PAGE, OPEN, __NR_getpid | X32),
	CALL(TRAPS, USER_PAGE, OPEN, -1ULL),
	INT80(USER_PAGE, OPEN, 20),
	CALL(TRAPS, STUBS_HIGH, EXIT, __NR_getpid),
};

#define SAMPLE_COUNT (sizeof(samples) / sizeof(samples[0]))

static void check_outcome(const struct sample *sample, int status, int i)
{
	int wanted = 0;

	switch (sample->outcome) {
	case PASSES:
		wanted = CHILD_PASSED << 8;
		break;
	case TRAPS:
		wanted = CHILD_TRAPPED << 8;
		break;
	case REFUSED:
		wanted = SIGSYS;
		break;
	case FAULTS:
		wanted = SIGSEGV;
		break;
	}
	/* a host without 32-bit entries raises SIGSEGV in their place */
	if (sample->int80 && status == SIGSEGV)
		return;
	ck_assert_msg((status & ~0x80) == wanted,
		      "sample %d (call %#llx at %#llx): wait status %#x, wanted %#x",
		      i, (unsigned long long)sample->reg[0],
		      (unsigned long long)sample->at, (unsigned)status,
		      (unsigned)wanted);
}

START_TEST(by_address)
{
	check_outcome(&samples[_i], run_sample(&stub_child_env, &samples[_i]), _i);
}
END_TEST

/* Children of a host stub sample that is refused die in place of leaving. */
static const struct sample large[] = {
	CALL(PASSES, STUBS, HOST, __NR_pread64, LODGER_FD_RAM, BASE, 2, 0xffffffff),
	CALL(PASSES, STUBS, HOST, __NR_pread64, LODGER_FD_RAM, BASE, 1, 5 * GIB - 1),
	CALL(REFUSED, STUBS, HOST, __NR_pread64, LODGER_FD_RAM, BASE, 2, 5 * GIB - 1),
	CALL(REFUSED, STUBS, HOST, __NR_pread64, LODGER_FD_RAM, BASE, 0xffffffff, 0xffffffff),
	CALL(PASSES, STUBS, HOST, __NR_pread64, LODGER_FD_RAM, BASE, 0x40000001, 0xffffffff),
	CALL(REFUSED, STUBS, HOST, __NR_pread64, LODGER_FD_RAM, BASE, 0x40000002, 0xffffffff),
	CALL(PASSES, STUBS, HOST, __NR_pread64, LODGER_FD_RAM, BASE, 5 * GIB, 0),
	CALL(REFUSED, STUBS, HOST, __NR_pread64, LODGER_FD_RAM, BASE, 5 * GIB, 1),
	CALL(REFUSED, STUBS, HOST, __NR_pread64, LODGER_FD_RAM, BASE, -1ULL, 1),
	CALL(REFUSED, STUBS, HOST, __NR_mmap, 0x20000000, 8192, 0, SHARED_FIXED, LODGER_FD_RAM, 5 * GIB - 4096),
	CALL(PASSES, STUBS, HOST, __NR_mmap, 0x20000000, 4096, 0, SHARED_FIXED, LODGER_FD_RAM, 5 * GIB - 4096),
	CALL(PASSES, STUBS, HOST, __NR_mmap, LODGER_USER_HIGH_END - 4096, 4096, 0, SHARED_FIXED, LODGER_FD_RAM, 0),
	CALL(PASSES, STUBS, HOST, __NR_munmap, LODGER_USER_HIGH_END - 4096, 4096),
	CALL(REFUSED, STUBS, HOST, __NR_mmap, 0x80000000, 4096, 0, SHARED_FIXED, LODGER_FD_RAM, 0),
};

START_TEST(large_machine)
{
	check_outcome(&large[_i], run_sample(&env_large, &large[_i]), _i);
}
END_TEST

/* --- The vsyscall page ------------------------------------------------------------ */

static void on_sigsys_vsyscall(int sig, siginfo_t *si, void *context)
{
	const ucontext_t *uc = context;

	(void)sig;
	stub_child_leave(si->si_code == SECCOMP_CODE &&
			      uc->uc_mcontext.gregs[REG_RAX] == si->si_syscall ?
		      CHILD_TRAPPED :
		      CHILD_TRAP_ODD);
}

START_TEST(vsyscall_traps)
{
	const struct sample sample = {
		0xffffffffff600000 + 0x400 * (uint64_t)(_i % 3), { 0 }, TRAPS,
		false
	};
	enum filter_reflect reflect = _i < 3 ? FILTER_REFLECT_TRAP :
					       FILTER_REFLECT_TRACE;
	int status;
	pid_t pid = stub_child_fork();

	if (pid == 0) {
		struct sigaction action = { .sa_sigaction = on_sigsys_vsyscall,
					    .sa_flags = SA_SIGINFO };
		struct filter_program program;

		if (stub_child_prepare(&stub_child_env, &sample) ||
		    sigaction(SIGSYS, &action, NULL) ||
		    stub_child_build(&program, &stub_child_env, &sample, reflect) ||
		    filter_inproc_install(&program, false))
			_exit(CHILD_FAILED);
		stub_child_call(&sample, NULL);
		stub_child_leave(CHILD_PASSED);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	/* SIGSEGV: this host has no such page */
	ck_assert_msg((status & ~0x80) == SIGSEGV ||
			      status == CHILD_TRAPPED << 8,
		      "wait status %#x", (unsigned)status);
}
END_TEST

/* --- A tracer ----------------------------------------------------------------------- */

static const struct {
	struct sample sample;
	unsigned long message;
} traced[] = {
	{ CALL(TRAPS, USER_PAGE, OPEN, __NR_getpid),
	  FILTER_TRACE_USER },
	{ CALL(TRAPS, STUBS_HIGH, EXIT, __NR_getpid),
	  FILTER_TRACE_USER },
	{ CALL(REFUSED, STUBS, HOST, __NR_open, BASE, 0),
	  FILTER_TRACE_REFUSED },
	{ CALL(REFUSED, STUBS, HOST, __NR_munmap, 4096, LODGER_WINDOW_BASE),
	  FILTER_TRACE_REFUSED },
	{ CALL(REFUSED, STUBS, HOST, __NR_write | X32, 1, BASE, 1),
	  FILTER_TRACE_REFUSED },
	/* no stops, but SIGSYS */
	{ CALL(TRAPS, STUBS, OPEN, __NR_mprotect, WHOLE_CORE, PROT_READ), 0 },
	{ CALL(TRAPS, STUBS, EXIT, __NR_getpid), 0 },
	{ INT80(USER_PAGE, OPEN, 20), 0 },
	{ CALL(PASSES, STUBS, OPEN, __NR_mprotect, WHOLE_CORE, PROT_ALL), 0 },
};

static pid_t start_traced(const struct sample *sample)
{
	int go[2];
	pid_t pid;

	ck_assert_int_eq(pipe(go), 0);
	pid = stub_child_fork();
	if (pid == 0) {
		struct filter_program program;
		char byte;

		if (read(go[0], &byte, 1) != 1 ||
		    stub_child_prepare(&stub_child_env, sample) ||
		    stub_child_build(&program, &stub_child_env, sample, FILTER_REFLECT_TRACE) ||
		    filter_inproc_install(&program, false))
			_exit(CHILD_FAILED);
		stub_child_call(sample, NULL);
		stub_child_leave(CHILD_PASSED);
	}
	ck_assert_int_ge(pid, 0);
	ck_assert_int_eq(ptrace(PTRACE_SEIZE, pid, 0,
				PTRACE_O_TRACESECCOMP | PTRACE_O_EXITKILL), 0);
	ck_assert_int_eq(write(go[1], "g", 1), 1);
	close(go[0]);
	close(go[1]);
	return pid;
}

START_TEST(stops_for_a_tracer)
{
	const struct sample *sample = &traced[_i].sample;
	pid_t pid = start_traced(sample);
	struct user_regs_struct regs;
	unsigned long message;
	int status;

	ck_assert_int_eq(waitpid(pid, &status, __WALL), pid);
	if (!traced[_i].message) {
		if (sample->outcome == TRAPS) {
			ck_assert(WIFSTOPPED(status));
			if (sample->int80 && WSTOPSIG(status) == SIGSEGV)
				return;
			ck_assert_int_eq(status >> 8, SIGSYS);
			ptrace(PTRACE_CONT, pid, 0, SIGSYS);
			waitpid(pid, &status, __WALL);
		}
		check_outcome(sample, status, _i);
		return;
	}
	ck_assert_int_eq(status >> 8, SIGTRAP | PTRACE_EVENT_SECCOMP << 8);
	ck_assert_int_eq(ptrace(PTRACE_GETEVENTMSG, pid, 0, &message), 0);
	ck_assert_int_eq((long)message, (long)traced[_i].message);
	ck_assert_int_eq(ptrace(PTRACE_GETREGS, pid, 0, &regs), 0);
	ck_assert_uint_eq(regs.rip, sample->at + CALL_BYTES);
	ck_assert_uint_eq(regs.rcx, regs.rip);
	ck_assert_uint_eq(regs.orig_rax, sample->reg[0]);
	/* skipped and moved, as the mechanism does it: it leaves with 55 */
	regs.rax = __NR_exit_group;
	regs.rdi = 55;
	regs.orig_rax = (unsigned long long)-1;
	regs.rip = traced[_i].message == FILTER_TRACE_USER ? AT(USER_PAGE, EXIT) :
							     AT(STUBS, HOST);
	ck_assert_int_eq(ptrace(PTRACE_SETREGS, pid, 0, &regs), 0);
	ck_assert_int_eq(ptrace(PTRACE_CONT, pid, 0, 0), 0);
	ck_assert_int_eq(waitpid(pid, &status, __WALL), pid);
	ck_assert_int_eq(status, 55 << 8);
}
END_TEST
/* --- Building ------------------------------------------------------------------------ */

START_TEST(odd_images)
{
	struct lodger_image image = stub_child_image();
	struct filter_program program;

	image.host_call_ip |= HIGH;
	ck_assert_int_eq(filter_inproc_build(&program, &stub_child_env, &image,
					     FILTER_REFLECT_TRAP), -EINVAL);
	ck_assert_ptr_null(program.fprog.filter);
	filter_inproc_free(&program);
}
END_TEST

/* What the filter costs grows with what a hot call passes. */
START_TEST(is_short)
{
	struct lodger_image image = stub_child_image();
	struct filter_program program;

	ck_assert_int_eq(filter_inproc_build(&program, &env_large, &image,
					     FILTER_REFLECT_TRACE), 0);
	ck_assert_int_lt(program.fprog.len, 600);
	filter_inproc_free(&program);
}
END_TEST

/* Of the gate's calls PTRACE_SYSEMU's tracer is told the closing one. */
START_TEST(closing_stops)
{
	const struct sample sample =
		CALL(PASSES, STUBS, CLOSE, __NR_mprotect, WHOLE_CORE, PROT_NONE);
	struct lodger_image image = stub_child_image();
	struct filter_program program;
	unsigned closes = 0, allows = 0;

	ck_assert_int_eq(filter_inproc_build(&program, &stub_child_env, &image,
					     FILTER_REFLECT_EMU), 0);
	for (size_t i = 0; i < program.fprog.len; i++) {
		const struct sock_filter *insn = &program.fprog.filter[i];

		if (insn->code != (BPF_RET | BPF_K))
			continue;
		closes += insn->k == (SECCOMP_RET_TRACE | FILTER_TRACE_CLOSES);
		allows += insn->k == SECCOMP_RET_ALLOW;
	}
	ck_assert_uint_eq(closes, 1);
	ck_assert_uint_gt(allows, 1);
	filter_inproc_free(&program);
	/* without a tracer it is not made */
	ck_assert_int_eq(run_reflected(&stub_child_env, &sample,
				       FILTER_REFLECT_EMU),
			 CHILD_FAILED << 8);
	ck_assert_int_eq(run_reflected(&stub_child_env, &sample,
				       FILTER_REFLECT_TRAP),
			 CHILD_PASSED << 8);
}
END_TEST

Suite *filter_inproc_suite(void);
Suite *filter_inproc_suite(void)
{
	Suite *suite = suite_create("filter_inproc");
	TCase *calls = tcase_create("calls");

	tcase_set_timeout(calls, 20);
	tcase_add_loop_test(calls, by_address, 0, SAMPLE_COUNT);
	tcase_add_loop_test(calls, large_machine, 0,
			    sizeof(large) / sizeof(large[0]));
	tcase_add_loop_test(calls, vsyscall_traps, 0, 6);
	tcase_add_loop_test(calls, stops_for_a_tracer, 0,
			    sizeof(traced) / sizeof(traced[0]));
	tcase_add_test(calls, odd_images);
	tcase_add_test(calls, is_short);
	tcase_add_test(calls, closing_stops);
	suite_add_tcase(suite, calls);

	return suite;
}
