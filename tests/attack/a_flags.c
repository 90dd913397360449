/*
 * Hostile flags at the moment of entry: trap, alignment check, direction,
 * nested task, resume, I/O privilege, virtual-8086.
 *
 * Without the defence (clean flags before the kernel's first memory access)
 * TF single-steps the kernel just after it has opened its data, AC makes its
 * accesses fault, DF runs its copies backwards.
 */
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <syscall.h>
#include <test.h>
#include <unistd.h>

#include "libattack.h"

#define FLAG_TF 0x100UL
#define FLAG_DF 0x400UL
#define FLAG_IOPL 0x3000UL
#define FLAG_NT 0x4000UL
#define FLAG_RF 0x10000UL
#define FLAG_VM 0x20000UL
#define FLAG_AC 0x40000UL
#define FLAG_VIF 0x80000UL
#define FLAG_ID 0x200000UL

/* Around code with other flags: the operand is the flags; clear of the red
 * zone, in which the compiler may keep variables. */
#define WITH_FLAGS(operand, code)                                    \
	"lea -128(%%rsp), %%rsp; pushq " operand "; popfq;" code     \
	"; pushq $0x202; popfq; lea 128(%%rsp), %%rsp"

static const unsigned long all_flags[] = {
	FLAG_AC, FLAG_DF, FLAG_NT, FLAG_RF, FLAG_IOPL, FLAG_VM, FLAG_VIF,
	FLAG_ID, FLAG_AC | FLAG_DF | FLAG_NT | FLAG_ID, ~FLAG_TF,
};

/* Sets flags, makes one call, clears them; the answer. */
static long call_with(unsigned long flags, long nr, long a, long b)
{
	long ret;

	__asm__ volatile(WITH_FLAGS("%1", "syscall")
			 : "=a"(ret)
			 : "r"(flags | 2), "a"(nr), "D"(a), "S"(b)
			 : "rcx", "r11", "memory", "cc");
	return ret;
}

static void calls(void)
{
	struct { long sec, nsec; } ts;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(all_flags); i++) {
		CHECK_EQ(call_with(all_flags[i], __NR_getpid, 0, 0), getpid());
		/* copies to user memory, misaligned */
		CHECK_EQ(call_with(all_flags[i], __NR_clock_gettime, 1,
				   (long)&ts), 0);
	}
	attack_check_alive();
}

/* fork, exec and exit run the kernel's long copies. */
static void fork_with_df(void)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(all_flags); i++) {
		pid_t pid = (pid_t)call_with(all_flags[i], __NR_fork, 0, 0);

		CHECK(pid >= 0);
		if (pid == 0)
			_exit(7);
		CHECK_EQ(WEXITSTATUS(test_wait(pid)), 7);
	}
}

static int exec_role(int argc, char **argv)
{
	unsigned long flags;

	(void)argc;
	(void)argv;
	__asm__ volatile("lea -128(%%rsp), %%rsp; pushfq; popq %0;"
			 "lea 128(%%rsp), %%rsp"
			 : "=r"(flags));
	return flags & (FLAG_TF | FLAG_DF | FLAG_NT | FLAG_AC) ? 3 : 0;
}

static unsigned long exec_flags;

/* A new program must not start with the old one's flags. */
static void exec_with_flags_child(void)
{
	char *argv[] = { (char *)test_program(), "=exec", NULL };
	char *envp[] = { NULL };
	long ret;

	__asm__ volatile(WITH_FLAGS("%1", "syscall")
			 : "=a"(ret)
			 : "r"(exec_flags | 2), "a"(__NR_execve), "D"(argv[0]),
			   "S"(argv), "d"(envp)
			 : "rcx", "r11", "memory", "cc");
	_exit(4);
}

static void exec_with_flags(void)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(all_flags); i++) {
		exec_flags = all_flags[i];
		test_child(exec_with_flags_child);
	}
	exec_flags = FLAG_AC | FLAG_DF;
	test_child(exec_with_flags_child);
}

/* Faults that the kernel serves. */
static void fault_in(void *arg)
{
	volatile char *page = arg;

	*page = 1;
}

static void faults(void)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(all_flags); i++) {
		char *page = attack_page(0);

		__asm__ volatile(WITH_FLAGS("%0", "movb $1, (%1)")
				 :
				 : "r"(all_flags[i] | 2), "r"(page)
				 : "memory", "cc");
		CHECK_EQ(attack_try(fault_in, page), 0);
	}
	attack_check_alive();
}

/* Timer interrupts with the flags set. */
static void timers_child(void)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(all_flags); i++) {
		unsigned long left = 20000000;

		__asm__ volatile(WITH_FLAGS("%1", "1: dec %0; jnz 1b")
				 : "+a"(left)
				 : "r"(all_flags[i] | 2)
				 : "memory", "cc");
		CHECK_EQ(left, 0);
	}
}

static void timers(void)
{
	pid_t pid = test_fork();

	if (pid == 0) {
		timers_child();
		_exit(0);
	}
	attack_check_alive();
	test_wait_ok(pid);
}

/* ---- single steps ----------------------------------------------------------------- */

static volatile int steps;
static volatile int strange_step;

static void on_step(int sig, siginfo_t *info, void *context)
{
	const struct ucontext *uc = context;
	const unsigned long ip = uc->uc_mcontext.rip;

	(void)sig;
	(void)info;
	steps++;
	if (ip >= LODGER_WINDOW_BASE && ip < LODGER_WINDOW_END)
		strange_step = 1;
}

static void catch_steps(void)
{
	struct sigaction act = { .sa_sigaction = on_step,
				 .sa_flags = SA_SIGINFO };

	CHECK_OK(sigaction(SIGTRAP, &act, NULL));
}

/* A step over a call must show the program before and after it, and nothing
 * of the gate or the kernel in between. */
static void step_over_calls(void)
{
	catch_steps();
	CHECK_EQ(call_with(FLAG_TF, __NR_getpid, 0, 0), getpid());
	CHECK(steps >= 1);
	CHECK(!strange_step);
	steps = 0;
	CHECK_EQ(call_with(FLAG_TF | FLAG_DF | FLAG_AC, __NR_getppid, 0, 0),
		 getppid());
	CHECK(steps >= 1);
	CHECK(!strange_step);
}

/* Steps over a fault and through a stretch with timer interrupts. */
static void step_over_faults(void)
{
	char *page = attack_page(0);
	unsigned long left = 3000;

	catch_steps();
	__asm__ volatile(WITH_FLAGS("$0x102", "movb $1, (%1); 1: dec %0; jnz 1b")
			 : "+a"(left)
			 : "r"(page)
			 : "memory", "cc");
	CHECK_EQ(*page, 1);
	CHECK(steps > 3000);
	CHECK(!strange_step);
}

static void step_into_gate_child(void)
{
	__asm__ volatile("pushq $0x102; popfq; jmp *%0"
			 :
			 : "r"((long)LODGER_GATE_TEXT), "a"(__NR_mprotect),
			   "D"(LODGER_CORE_BASE), "S"(attack_core_bytes()),
			   "d"(7L));
}

/* A program steps through the gate: its own instructions, as any others. */
static void step_into_gate(void)
{
	int status;

	attack_need_machine();
	status = test_status(step_into_gate_child);
	CHECK(WIFSIGNALED(status));
	attack_check_closed();
	attack_check_alive();
}

static void step_through_gate(void *arg)
{
	(void)arg;
	step_into_gate_child();
}

static void on_gate_step(int sig, siginfo_t *info, void *context)
{
	on_step(sig, info, context);
	if (steps > 200)
		_exit(0);
}

/* The same with a handler that lets it go on: it dies of the gate's ud2, and
 * the core stays closed at every step. */
static void gate_stepped_child(void)
{
	struct sigaction act = { .sa_sigaction = on_gate_step,
				 .sa_flags = SA_SIGINFO };

	CHECK_OK(sigaction(SIGTRAP, &act, NULL));
	step_through_gate(NULL);
}

static void step_all_the_way(void)
{
	int status;

	attack_need_machine();
	status = test_status(gate_stepped_child);
	CHECK(WIFSIGNALED(status) || status == 0);
	attack_check_closed();
	attack_check_alive();
}

/* A child of a stepped fork steps too; unhandled, it dies of SIGTRAP. */
static void stepped_fork(void)
{
	pid_t pid;

	catch_steps();
	pid = (pid_t)call_with(FLAG_TF, __NR_fork, 0, 0);
	CHECK(pid >= 0);
	if (pid == 0)
		_exit(0);
	test_wait_ok(pid);
	CHECK(steps >= 1);
}

/* Without a handler a step kills, the program only. */
static void step_unhandled_child(void)
{
	call_with(FLAG_TF, __NR_getpid, 0, 0);
}

static void step_unhandled(void)
{
	attack_dies(step_unhandled_child, SIGTRAP);
	attack_check_alive();
}

/* SIGTRAP blocked while stepping: a forced signal kills. */
static void step_blocked_child(void)
{
	const sigset_t all = ~0UL;

	catch_steps();
	CHECK_OK(sigprocmask(SIG_SETMASK, &all, NULL));
	call_with(FLAG_TF, __NR_getpid, 0, 0);
}

static void step_blocked(void)
{
	attack_dies(step_blocked_child, SIGTRAP);
	attack_check_alive();
}

static const struct test_case cases[] = {
	{ "calls with hostile flags", calls },
	{ "forks with hostile flags", fork_with_df },
	{ "flags do not outlive exec", exec_with_flags },
	{ "faults with hostile flags", faults },
	{ "timers with hostile flags", timers },
	{ "single steps over calls", step_over_calls },
	{ "single steps over faults and timers", step_over_faults },
	{ "a single step into the gate", step_into_gate },
	{ "single steps through the gate", step_all_the_way },
	{ "a single-stepped fork", stepped_fork },
	{ "an unhandled single step", step_unhandled },
	{ "a blocked single step", step_blocked },
};
static const struct test_role roles[] = {
	{ "exec", exec_role },
};
TEST_MAIN_ROLES(cases, roles)
