/*
 * Scheduling: everybody makes progress, and nobody's registers suffer when
 * timers, signals and other processes interrupt.
 * TEST-TIMEOUT: 180
 */
#include <asm/prctl.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <syscall.h>
#include <test.h>
#include <time.h>
#include <unistd.h>

#include "libcpu.h"

#define MS 1000000UL

static volatile sig_atomic_t ticks;

static void *shared_page(void)
{
	void *p = mmap(NULL, PAGE_SIZE, PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	CHECK(p != MAP_FAILED);
	return p;
}

static void end(pid_t pid)
{
	CHECK_OK(kill(pid, SIGKILL));
	CHECK_EQ(WTERMSIG(test_wait(pid)), SIGKILL);
}

/* ---- progress ----------------------------------------------------------- */

static pid_t start_spinner(volatile unsigned long *counter)
{
	pid_t pid = test_fork();

	if (pid == 0)
		for (;;)
			++*counter;
	return pid;
}

static void spinners_progress(void)
{
	volatile unsigned long *counters = shared_page();
	unsigned long before[3];
	pid_t pids[3];
	int i;

	for (i = 0; i < 3; i++)
		pids[i] = start_spinner(&counters[i]);
	for (i = 0; i < 3; i++)
		WAIT_UNTIL(counters[i] > 0);
	for (i = 0; i < 3; i++)
		before[i] = counters[i];
	/* And go on doing so. */
	for (i = 0; i < 3; i++)
		WAIT_UNTIL(counters[i] > before[i]);
	for (i = 0; i < 3; i++)
		end(pids[i]);
}

static void spinners_share_fairly(void)
{
	volatile unsigned long *counters = shared_page();
	pid_t pids[4];
	unsigned long least = ~0UL;
	unsigned long most = 0;
	int i;

	for (i = 0; i < 4; i++)
		pids[i] = start_spinner(&counters[i]);
	sleep_ms(400);
	for (i = 0; i < 4; i++)
		end(pids[i]);
	for (i = 0; i < 4; i++) {
		if (counters[i] < least)
			least = counters[i];
		if (counters[i] > most)
			most = counters[i];
	}
	CHECK(least > 0);
	/* Nobody is starved; more is not promised on a busy host. */
	CHECK(least >= most / 50);
}

static void sleeper_beats_spinner(void)
{
	volatile unsigned long *counter = shared_page();
	pid_t pid = start_spinner(counter);
	uint64_t start;
	int i;

	WAIT_UNTIL(*counter > 0);
	start = test_now();
	for (i = 0; i < 20; i++)
		sleep_ms(1);
	CHECK(test_now() - start < 5000 * MS);
	end(pid);
}

static void spinner_waits_for_child(void)
{
	volatile unsigned long *flag = shared_page();
	pid_t pid = test_fork();

	/* No system call here: only preemption lets the child run. */
	if (pid == 0) {
		*flag = 1;
		_exit(0);
	}
	while (*flag == 0)
		;
	test_wait_ok(pid);
}

static void yielding(void)
{
	volatile unsigned long *turn = shared_page();
	pid_t pid = test_fork();
	unsigned long i;

	for (i = 0; i < 200; i++) {
		while (*turn % 2 != (pid == 0))
			CHECK_OK(sched_yield());
		++*turn;
	}
	if (pid == 0)
		_exit(0);
	test_wait_ok(pid);
	CHECK_EQ(*turn, 400);
}

/* ---- priorities --------------------------------------------------------- */

static void try_priorities(void)
{
	CHECK_EQ(getpriority(PRIO_PROCESS, 0), 0);
	CHECK_OK(setpriority(PRIO_PROCESS, 0, 5));
	CHECK_EQ(getpriority(PRIO_PROCESS, 0), 5);
	CHECK_EQ(getpriority(PRIO_PROCESS, getpid()), 5);
	CHECK_ERR(setpriority(PRIO_PROCESS, 0, 0), EACCES);
	/* Beyond the range is the end of the range. */
	CHECK_OK(setpriority(PRIO_PROCESS, 0, 100));
	CHECK_EQ(getpriority(PRIO_PROCESS, 0), 19);
	CHECK_ERR(SYS(getpriority, 9, 0), EINVAL);
	CHECK_ERR(SYS(setpriority, PRIO_PROCESS, 1 << 22, 0), ESRCH);
}

static void priorities(void)
{
	if (getpriority(PRIO_PROCESS, 0) != 0)
		test_skip("started with another priority");
	test_as_user(try_priorities);
}

static void priority_is_inherited(void)
{
	int nice = getpriority(PRIO_PROCESS, 0);
	pid_t pid;

	if (nice > 9)
		test_skip("started with another priority");
	CHECK_OK(setpriority(PRIO_PROCESS, 0, nice + 10));
	pid = test_fork();
	if (pid == 0) {
		CHECK_EQ(getpriority(PRIO_PROCESS, 0), nice + 10);
		_exit(0);
	}
	test_wait_ok(pid);
}

/* ---- registers under a storm of ticks ----------------------------------- */

static struct cpu_registers junk;

static void spoil(int sig)
{
	(void)sig;
	cpu_load(cpu_widest(), &junk);
	cpu_set_mxcsr(0x1fc0);
	cpu_set_x87_control(0x27f);
	__asm__ volatile("fldpi; fldpi");
	ticks++;
}

static void start_ticks(long every_us)
{
	struct itimerval timer = { { 0, every_us }, { 0, every_us } };
	struct sigaction act = { .sa_handler = spoil };

	cpu_pattern(&junk, 12345);
	CHECK_OK(sigaction(SIGALRM, &act, NULL));
	CHECK_OK(setitimer(ITIMER_REAL, &timer, NULL));
}

/* Holds patterns in the registers until `wanted` ticks came. */
static void hold_registers(enum cpu_vector width, unsigned int seed, int wanted)
{
	static struct cpu_registers in, out;

	while (ticks < wanted) {
		cpu_pattern(&in, seed++);
		cpu_set_mxcsr(0x1f80 | 0x4000);
		cpu_set_x87_control(0x37f | 0x800);
		cpu_hold(width, &in, &out, 50000);
		CHECK_EQ(cpu_differ(width, &in, &out), 0);
		CHECK_EQ(cpu_get_mxcsr(), 0x1f80 | 0x4000);
		CHECK_EQ(cpu_get_x87_control(), 0x37f | 0x800);
	}
}

static void storm(enum cpu_vector width, int processes, int wanted)
{
	pid_t pids[8];
	int i;

	if (cpu_widest() < width)
		test_skip("the processor has no %s", cpu_vector_name(width));
	for (i = 0; i < processes; i++) {
		pids[i] = test_fork();
		if (pids[i] == 0) {
			start_ticks(2000 + i * 100);
			hold_registers(width, (unsigned int)i * 1000, wanted);
			_exit(0);
		}
	}
	for (i = 0; i < processes; i++)
		test_wait_ok(pids[i]);
}

static void storm_sse(void)
{
	storm(CPU_SSE, 3, 50);
}

static void storm_avx(void)
{
	storm(CPU_AVX, 3, 50);
}

static void storm_avx512(void)
{
	storm(CPU_AVX512, 3, 50);
}

static void storm_many_processes(void)
{
	storm(cpu_widest(), 8, 30);
}

static void storm_x87_stack(void)
{
	static const double values[4] = { 1.25, -3.5, 1e200, 7.0 };
	double got[4];

	start_ticks(2000);
	while (ticks < 50) {
		__asm__ volatile("fninit\n\t"
				 "fldl 0(%0)\n\tfldl 8(%0)\n\t"
				 "fldl 16(%0)\n\tfldl 24(%0)\n\t"
				 "movl $50000, %%ecx\n"
				 "1:\tdecl %%ecx\n\t"
				 "jnz 1b\n\t"
				 "fstpl 24(%1)\n\tfstpl 16(%1)\n\t"
				 "fstpl 8(%1)\n\tfstpl 0(%1)"
				 :
				 : "r"(values), "r"(got)
				 : "rcx", "cc", "memory");
		CHECK_EQ(memcmp(values, got, sizeof(got)), 0);
	}
}

/* All general registers and the flags, over a long loop without calls. */
static unsigned long hold_general(unsigned long seed)
{
	unsigned long wrong;

	__asm__ volatile("pushq %%rbp\n\t"
			 "leaq 1(%%rdi), %%rax\n\tleaq 2(%%rdi), %%rbx\n\t"
			 "leaq 3(%%rdi), %%rdx\n\tleaq 4(%%rdi), %%rsi\n\t"
			 "leaq 5(%%rdi), %%rbp\n\tleaq 6(%%rdi), %%r8\n\t"
			 "leaq 7(%%rdi), %%r9\n\tleaq 8(%%rdi), %%r10\n\t"
			 "leaq 9(%%rdi), %%r11\n\tleaq 10(%%rdi), %%r12\n\t"
			 "leaq 11(%%rdi), %%r13\n\tleaq 12(%%rdi), %%r14\n\t"
			 "leaq 13(%%rdi), %%r15\n\t"
			 "std\n\t"
			 "movq $300000, %%rcx\n"
			 "1:\tleaq -1(%%rcx), %%rcx\n\tjrcxz 2f\n\tjmp 1b\n"
			 /* With everything intact the sum is 13 seeds and 91. */
			 "2:\taddq %%rbx, %%rax\n\taddq %%rdx, %%rax\n\t"
			 "addq %%rsi, %%rax\n\taddq %%rbp, %%rax\n\t"
			 "addq %%r8, %%rax\n\taddq %%r9, %%rax\n\t"
			 "addq %%r10, %%rax\n\taddq %%r11, %%rax\n\t"
			 "addq %%r12, %%rax\n\taddq %%r13, %%rax\n\t"
			 "addq %%r14, %%rax\n\taddq %%r15, %%rax\n\t"
			 "imulq $13, %%rdi, %%rcx\n\t"
			 "subq %%rcx, %%rax\n\tsubq $91, %%rax\n\t"
			 /* And the direction flag is still set. */
			 "pushfq\n\tpopq %%rcx\n\tcld\n\t"
			 "notq %%rcx\n\tandq $0x400, %%rcx\n\torq %%rcx, %%rax\n\t"
			 "popq %%rbp"
			 : "=a"(wrong), "+D"(seed)
			 :
			 : "rbx", "rcx", "rdx", "rsi", "r8", "r9", "r10", "r11",
			   "r12", "r13", "r14", "r15", "cc", "memory");
	return wrong;
}

static void storm_general_registers(void)
{
	unsigned long seed = 0x0123456789abcdef;
	pid_t pid = test_fork();

	start_ticks(2000);
	while (ticks < 50) {
		CHECK_EQ(hold_general(seed), 0);
		seed = seed * 6364136223846793005 + 1442695040888963407;
	}
	if (pid == 0)
		_exit(0);
	test_wait_ok(pid);
}

/* ---- registers under a storm of signals from others --------------------- */

static void note(int sig)
{
	(void)sig;
	ticks++;
}

static void storm_of_signals(void)
{
	struct sigaction act = { .sa_handler = spoil };
	enum cpu_vector width = cpu_widest();
	pid_t parent = getpid();
	pid_t pids[2];
	int i;

	cpu_pattern(&junk, 777);
	CHECK_OK(sigaction(SIGUSR1, &act, NULL));
	for (i = 0; i < 2; i++) {
		pids[i] = test_fork();
		if (pids[i] == 0) {
			signal(SIGUSR1, SIG_IGN);
			for (;;)
				if (kill(parent, SIGUSR1) < 0 || sleep_ms(1) < 0)
					_exit(0);
		}
	}
	hold_registers(width, 42, 100);
	for (i = 0; i < 2; i++)
		end(pids[i]);
}

static void storm_during_calls(void)
{
	struct itimerval timer = { { 0, 2000 }, { 0, 2000 } };
	struct sigaction act = { .sa_handler = note };
	pid_t self = getpid();
	int fds[2];
	char byte;

	CHECK_OK(pipe(fds));
	CHECK_OK(sigaction(SIGALRM, &act, NULL));
	CHECK_OK(setitimer(ITIMER_REAL, &timer, NULL));
	while (ticks < 50) {
		CHECK_EQ(getpid(), self);
		CHECK_EQ(write(fds[1], "x", 1), 1);
		CHECK_EQ(read(fds[0], &byte, 1), 1);
		CHECK_EQ(byte, 'x');
		CHECK_ERR(close(99), EBADF);
	}
}

/* ---- segment bases ------------------------------------------------------ */

static unsigned long read_fs(void)
{
	unsigned long value;

	__asm__ volatile("movq %%fs:0, %0" : "=r"(value));
	return value;
}

static unsigned long read_gs(void)
{
	unsigned long value;

	__asm__ volatile("movq %%gs:0, %0" : "=r"(value));
	return value;
}

static void segment_bases(void)
{
	static unsigned long fs_block;
	static unsigned long gs_block;
	unsigned long base;

	CHECK_OK(SYS(arch_prctl, ARCH_SET_FS, &fs_block));
	CHECK_OK(SYS(arch_prctl, ARCH_SET_GS, &gs_block));
	fs_block = 111;
	gs_block = 222;
	CHECK_EQ(read_fs(), 111);
	CHECK_EQ(read_gs(), 222);
	CHECK_OK(SYS(arch_prctl, ARCH_GET_FS, &base));
	CHECK_EQ(base, (unsigned long)&fs_block);
	CHECK_OK(SYS(arch_prctl, ARCH_GET_GS, &base));
	CHECK_EQ(base, (unsigned long)&gs_block);
	CHECK_ERR(SYS(arch_prctl, ARCH_SET_FS, 1UL << 63), EPERM);
	CHECK_ERR(SYS(arch_prctl, 0x9999, 0), EINVAL);
}

static void segment_bases_per_process(void)
{
	static unsigned long block[4];
	pid_t pids[4];
	int i;

	for (i = 0; i < 4; i++) {
		pids[i] = test_fork();
		if (pids[i] == 0) {
			block[i] = (unsigned long)i + 100;
			CHECK_OK(SYS(arch_prctl, ARCH_SET_FS, &block[i]));
			CHECK_OK(SYS(arch_prctl, ARCH_SET_GS, &block[i]));
			start_ticks(2000);
			while (ticks < 20) {
				CHECK_EQ(read_fs(), i + 100);
				CHECK_EQ(read_gs(), i + 100);
			}
			_exit(0);
		}
	}
	for (i = 0; i < 4; i++)
		test_wait_ok(pids[i]);
}

static void segment_bases_and_fork(void)
{
	static unsigned long block = 5;
	pid_t pid;

	CHECK_OK(SYS(arch_prctl, ARCH_SET_FS, &block));
	pid = test_fork();
	if (pid == 0) {
		CHECK_EQ(read_fs(), 5);
		block = 6;
		CHECK_EQ(read_fs(), 6);
		_exit(0);
	}
	test_wait_ok(pid);
	CHECK_EQ(read_fs(), 5);
}

static void segment_bases_by_instruction(void)
{
	static unsigned long block[2] = { 31, 32 };
	int i;

	/* Bit 1: Linux lets programs use the instructions. */
	if (!(getauxval(AT_HWCAP2) & 2))
		test_skip("no FSGSBASE");
	start_ticks(2000);
	for (i = 0; ticks < 30; i = !i) {
		__asm__ volatile("wrfsbase %0" : : "r"(&block[i]) : "memory");
		__asm__ volatile("wrgsbase %0" : : "r"(&block[i]) : "memory");
		getpid();
		CHECK_EQ(read_fs(), block[i]);
		CHECK_EQ(read_gs(), block[i]);
	}
}

static const struct test_case cases[] = {
	{ "three spinners make progress", spinners_progress },
	{ "four spinners share", spinners_share_fairly },
	{ "sleeper wakes beside a spinner", sleeper_beats_spinner },
	{ "spinner waits for its child", spinner_waits_for_child },
	{ "yielding in turns", yielding },
	{ "priorities", priorities },
	{ "priority and fork", priority_is_inherited },
	{ "storm: SSE", storm_sse },
	{ "storm: AVX", storm_avx },
	{ "storm: AVX-512", storm_avx512 },
	{ "storm: eight processes", storm_many_processes },
	{ "storm: x87 stack", storm_x87_stack },
	{ "storm: general registers", storm_general_registers },
	{ "storm: of signals", storm_of_signals },
	{ "storm: during calls", storm_during_calls },
	{ "segment bases", segment_bases },
	{ "segment bases per process", segment_bases_per_process },
	{ "segment bases and fork", segment_bases_and_fork },
	{ "segment bases by instruction", segment_bases_by_instruction },
};

TEST_MAIN(cases)
