/*
 * A stack pointer where the host or the guest kernel would write: inside, at
 * the edges of and below the signal stack, in the core, nowhere.
 *
 * TEST-TIMEOUT: 120
 *
 * Without the defence (rsp inside the signal stack is replaced before the host
 * puts a frame there; guest frames go through the page table's say-so) a frame
 * runs over the signal stack's end, which kills the machine's process, or
 * lands in the guest kernel's data.
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

static const unsigned long places[] = {
	LODGER_SIGSTACK_BASE - 0x1000, LODGER_SIGSTACK_BASE - 8,
	LODGER_SIGSTACK_BASE, LODGER_SIGSTACK_BASE + 1,
	LODGER_SIGSTACK_BASE + 8, LODGER_SIGSTACK_BASE + 128,
	LODGER_SIGSTACK_BASE + 512, LODGER_SIGSTACK_BASE + 2048,
	LODGER_SIGSTACK_BASE + 4096, LODGER_SIGSTACK_BASE + 0x4000,
	LODGER_SIGSTACK_END - 512, LODGER_SIGSTACK_END - 16,
	LODGER_SIGSTACK_END - 8, LODGER_SIGSTACK_END - 1, LODGER_SIGSTACK_END,
	LODGER_SIGSTACK_END + 1, LODGER_SIGSTACK_END + 8,
	LODGER_SIGSTACK_END + 128, LODGER_SIGSTACK_END + 0x1000,
	LODGER_GATE_TEXT, LODGER_GATE_TEXT + 0x800, LODGER_GATE_CONST + 0x800,
	LODGER_CORE_BASE, LODGER_CORE_BASE + 128, LODGER_CORE_BASE + 0x8000,
	LODGER_COUNTERS_ADDR + 0x800, LODGER_CORE_BASE + 0x200000,
	LODGER_WINDOW_BASE, LODGER_WINDOW_END - 8, LODGER_WINDOW_END,
	LODGER_WINDOW_END + 0x1000, 0, 8, 0x1000, 0x7fffffffeff8,
	0x7ffffffff000, 0x800000000000, 0x8000000000000000,
	0xffff800000000000, 0xfffffffffffffff8,
};

static volatile unsigned long hostile_rsp;

/* Makes one call there and comes back: the answer. rsp may have been taken
 * away, everything else must be as it was. */
static long call_there(long nr)
{
	long ret;

	__asm__ volatile("mov %%rsp, %%rbx; mov %2, %%rsp; syscall;"
			 "mov %%rbx, %%rsp"
			 : "=a"(ret)
			 : "a"(nr), "r"(hostile_rsp)
			 : "rbx", "rcx", "r11", "memory");
	return ret;
}

static void call_case(void)
{
	const long pid = getpid();
	int i;

	for (i = 0; i < 20; i++)
		CHECK_EQ(call_there(__NR_getpid), pid);
}

/* A fault that the kernel serves: the page appears, the program goes on. */
static void fault_case(void)
{
	char *fresh = mmap(NULL, 16 * PAGE_SIZE, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	unsigned long sum;
	int i;

	CHECK(fresh != MAP_FAILED);
	for (i = 0; i < 16; i++) {
		__asm__ volatile("mov %%rsp, %%rbx; mov %1, %%rsp;"
				 "movb $7, (%2); movzbl (%2), %k0;"
				 "mov %%rbx, %%rsp"
				 : "=&a"(sum)
				 : "r"(hostile_rsp), "r"(fresh + i * PAGE_SIZE)
				 : "rbx", "memory");
		CHECK_EQ(sum, 7);
	}
}

/* Timer interrupts only; gives way to the other process meanwhile. */
static void timer_case(void)
{
	unsigned long left = 30000000;

	__asm__ volatile("mov %%rsp, %%rbx; mov %1, %%rsp;"
			 "1: dec %0; jnz 1b;"
			 "mov %%rbx, %%rsp"
			 : "+&a"(left)
			 : "r"(hostile_rsp)
			 : "rbx", "memory");
	CHECK_EQ(left, 0);
}

/* A push: an ordinary fault with the stack pointer there. */
static void push_case(void)
{
	__asm__ volatile("mov %%rsp, %%rbx; mov %0, %%rsp; push %%rax;"
			 "mov %%rbx, %%rsp"
			 :
			 : "r"(hostile_rsp)
			 : "rbx", "memory");
}

static void everywhere(void (*attempt)(void))
{
	size_t i;

	attack_need_machine();
	for (i = 0; i < ARRAY_SIZE(places); i++) {
		int status;

		hostile_rsp = places[i];
		status = test_status(attempt);
		/* SIGBUS: a stack fault of the processor's */
		if (status != 0 && !(WIFSIGNALED(status) &&
				     (WTERMSIG(status) == SIGSEGV ||
				      WTERMSIG(status) == SIGBUS)))
			test_fail(__FILE__, __LINE__, "rsp %#lx: wait status %#x",
				  hostile_rsp, status);
	}
	attack_check_closed();
	attack_check_alive();
}

static void calls(void)
{
	everywhere(call_case);
}

static void faults(void)
{
	everywhere(fault_case);
}

static void timers(void)
{
	everywhere(timer_case);
}

static void pushes(void)
{
	everywhere(push_case);
}

/* All at once: two processes that keep rsp on the signal stack while a third
 * spins, so that frames of one follow those of another. */
static void hammer(void)
{
	for (;;)
		call_there(__NR_sched_yield);
}

static void rsp_on_signal_stack_by_two(void)
{
	pid_t pids[2];
	int i;

	attack_need_machine();
	for (i = 0; i < 2; i++) {
		hostile_rsp = LODGER_SIGSTACK_BASE + 64 + i * 0x1000;
		pids[i] = test_fork();
		if (pids[i] == 0)
			hammer();
	}
	for (i = 0; i < 20; i++) {
		test_spin_ms(10);
		attack_check_alive();
	}
	for (i = 0; i < 2; i++) {
		CHECK_OK(kill(pids[i], SIGKILL));
		CHECK_EQ(WTERMSIG(test_wait(pids[i])), SIGKILL);
	}
}

/* ---- the guest kernel's own frames ------------------------------------------------- */

static void nothing(int sig)
{
	(void)sig;
}

static void signal_there(void)
{
	struct sigaction act = { .sa_handler = nothing };

	CHECK_OK(sigaction(SIGUSR1, &act, NULL));
	__asm__ volatile("mov %%rsp, %%rbx; mov %0, %%rsp; syscall;"
			 "mov %%rbx, %%rsp"
			 :
			 : "r"(hostile_rsp), "a"(__NR_kill), "D"((long)getpid()),
			   "S"((long)SIGUSR1)
			 : "rbx", "rcx", "r11", "memory");
}

/* The guest kernel would write a signal frame over its own data. */
static void signals(void)
{
	size_t i;

	attack_need_machine();
	for (i = 0; i < ARRAY_SIZE(places); i++) {
		hostile_rsp = places[i];
		attack_dies(signal_there, SIGSEGV);
	}
	attack_check_alive();
}

static void alternate_stack_there(void)
{
	const stack_t stack = { (void *)(hostile_rsp & -16UL), 0, 0x8000 };
	struct sigaction act = { .sa_handler = nothing, .sa_flags = SA_ONSTACK };

	if (sigaltstack(&stack, NULL))
		raise(SIGKILL); /* refused at once: as good */
	CHECK_OK(sigaction(SIGUSR1, &act, NULL));
	raise(SIGUSR1);
}

/* The same by sigaltstack. */
static void alternate_stacks(void)
{
	size_t i;

	attack_need_machine();
	for (i = 0; i < ARRAY_SIZE(places); i++) {
		unsigned long at = places[i];
		int status;

		/* a stack that ends in user memory is nothing special */
		if (at + 0x8000 <= LODGER_WINDOW_BASE && at >= 0x10000)
			continue;
		hostile_rsp = at;
		status = test_status(alternate_stack_there);
		CHECK(WIFSIGNALED(status) && (WTERMSIG(status) == SIGSEGV ||
					      WTERMSIG(status) == SIGKILL));
	}
	attack_check_alive();
}

/* What a program writes on the signal stack must never be believed: it fills
 * it with frames whose every field is the kernel's wish list, under timer
 * load, so that some timer comes between two writes. */
static volatile int ticks;

static void on_tick(int sig)
{
	(void)sig;
	ticks++;
}

static void fill_signal_stack(unsigned long value)
{
	unsigned long at;

	for (at = LODGER_SIGSTACK_BASE; at < LODGER_SIGSTACK_END; at += 8)
		*(volatile unsigned long *)at = value;
}

static void forging(void)
{
	static const unsigned long values[] = {
		0, ~0UL, LODGER_CORE_BASE, LODGER_IMAGE_ADDR, LODGER_GATE_TEXT,
		0x33, 0x10, 0x246 | 0x3000, 0x8000000000000000,
		0x46505853, 0x46505845,
	};
	const struct itimerval every = { { 0, 500 }, { 0, 500 } };
	struct sigaction act = { .sa_handler = on_tick };
	const uint64_t end = test_now() + 600000000UL;
	unsigned int i = 0;

	CHECK_OK(sigaction(SIGALRM, &act, NULL));
	CHECK_OK(setitimer(ITIMER_REAL, &every, NULL));
	/* as long as it takes: a machine may get little of its host's time */
	while (test_now() < end || ticks <= 10)
		fill_signal_stack(values[i++ % ARRAY_SIZE(values)]);
}

static void forge_under_timer_load(void)
{
	attack_need_machine();
	test_child(forging);
	attack_check_closed();
	attack_check_alive();
}

/* And what it writes there must not stay for others to run into. */
static void forge_and_switch(void)
{
	pid_t pid;
	int i;

	attack_need_machine();
	pid = test_fork();
	if (pid == 0)
		for (;;)
			fill_signal_stack(LODGER_CORE_BASE + 0x100);
	for (i = 0; i < 30; i++)
		attack_check_alive();
	CHECK_OK(kill(pid, SIGKILL));
	CHECK_EQ(WTERMSIG(test_wait(pid)), SIGKILL);
}

static const struct test_case cases[] = {
	{ "calls with a hostile stack pointer", calls },
	{ "faults with a hostile stack pointer", faults },
	{ "timers with a hostile stack pointer", timers },
	{ "pushes through a hostile stack pointer", pushes },
	{ "two processes on the signal stack", rsp_on_signal_stack_by_two },
	{ "signals onto a hostile stack pointer", signals },
	{ "alternate stacks in the window", alternate_stacks },
	{ "forged frames under timer load", forge_under_timer_load },
	{ "forged frames beside other processes", forge_and_switch },
};
TEST_MAIN(cases)
