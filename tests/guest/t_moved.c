/*
 * Call sites whose number is set elsewhere: with --intercept patch `syscall` and the
 * instruction behind it become a jump. The same results, the same addresses in
 * signal frames, whoever interrupts, jumps there or changes the text. In other
 * sets nothing is patched, and the same must hold.
 */
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <syscall.h>
#include <test.h>
#include <unistd.h>

#include "libcpu.h"

#define SITE 0x21000100UL
#define PAGE ((void *)(SITE & ~4095UL))
#define BEHIND (SITE + 4) /* the number is set before, the call is two bytes */
#define OFTEN 40
#define JUMPS 100 /* more than the kernel bears */
#define WINDOW 0x70000000UL
#define NO_CALL 100000

typedef long (*site_fn)(long a, long b, long c, long nr);

static const site_fn site = (site_fn)SITE;

static void new_page(void)
{
	CHECK(mmap(PAGE, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED,
		   -1, 0) == PAGE);
}

static void check_is_patched(int is)
{
	const char *set = getenv("LODGER_SET");

	if (set && strncmp(set, "patch", 5) == 0)
		CHECK(is);
	else
		CHECK(!is);
}

static void check_patched(void)
{
	check_is_patched(*(volatile unsigned char *)(SITE + 2) == 0xe9);
}

/* mov %ecx, %eax; syscall; what follows. Then it is called, and patched. */
static void make_site(const void *code, size_t bytes)
{
	static const unsigned char call[] = { 0x89, 0xc8, 0x0f, 0x05 };
	static const long zero;
	int i;

	new_page();
	memcpy((void *)SITE, call, sizeof(call));
	memcpy((void *)BEHIND, code, bytes);
	CHECK_OK(mprotect(PAGE, 4096, PROT_READ | PROT_EXEC));
	for (i = 0; i < OFTEN; i++)
		site(0, (long)&zero, 0, __NR_getppid);
	check_patched();
}

#define MAKE_SITE(...)                                        \
	do {                                                  \
		const unsigned char code_[] = { __VA_ARGS__ }; \
		make_site(code_, sizeof(code_));              \
	} while (0)

/* cmp $-4096, %rax; seta %al; movzbl %al, %eax; ret */
#define COMPARE 0x48, 0x3d, 0, 0xf0, 0xff, 0xff, 0x0f, 0x97, 0xc0, 0x0f, 0xb6, 0xc0, 0xc3
/* add $1, %rax; ret */
#define ADD_ONE 0x48, 0x83, 0xc0, 1, 0xc3
/* add $2, %rax; ret */
#define ADD_TWO 0x48, 0x83, 0xc0, 2, 0xc3
/* mov (%rsi), %rax; ret */
#define LOAD 0x48, 0x8b, 0x06, 0xc3
/* lea 0x10(%rip), %rax; ret */
#define ADDRESS 0x48, 0x8d, 0x05, 0x10, 0, 0, 0, 0xc3

static void each_kind(void)
{
	const long value = 0x123456789abcdef;
	int i;

	MAKE_SITE(COMPARE);
	for (i = 0; i < OFTEN; i++) {
		CHECK_EQ(site(0, 0, 0, __NR_getppid), 0);
		CHECK_EQ(site(0, 0, 0, NO_CALL), 1);
	}
	MAKE_SITE(ADD_ONE);
	for (i = 0; i < OFTEN; i++) {
		CHECK_EQ(site(0, 0, 0, __NR_getppid), getppid() + 1);
		CHECK_EQ(site(0, 0, 0, __NR_getpid), getpid() + 1);
		CHECK_EQ(site(0, 0, 0, NO_CALL), -ENOSYS + 1);
	}
	MAKE_SITE(LOAD);
	for (i = 0; i < OFTEN; i++)
		CHECK_EQ(site(0, (long)&value, 0, __NR_getppid), value);
	MAKE_SITE(ADDRESS);
	for (i = 0; i < OFTEN; i++)
		CHECK_EQ(site(0, 0, 0, __NR_getppid), (long)BEHIND + 7 + 0x10);
}

/* ---- jumps behind the call ---------------------------------------------------------- */

static long jump_behind(long rax)
{
	long ret;

	__asm__ volatile("call *%2"
			 : "=a"(ret)
			 : "a"(rax), "r"(BEHIND)
			 : "rcx", "r11", "memory", "cc");
	return ret;
}

static void jumps(void)
{
	int i;

	MAKE_SITE(ADD_ONE);
	for (i = 0; i < JUMPS; i++) {
		CHECK_EQ(jump_behind(i), i + 1);
		CHECK_EQ(site(0, 0, 0, __NR_getppid), getppid() + 1);
	}
	/* by then it has its call back */
	CHECK_EQ(*(volatile unsigned short *)(SITE + 2), 0x050f);
	CHECK_EQ(*(volatile unsigned int *)BEHIND, 0x01c08348);
	CHECK_EQ(jump_behind(5), 6);
}

/* A displacement is put back as it was. */
static void jumps_to_a_relative_one(void)
{
	int i;

	MAKE_SITE(ADDRESS);
	for (i = 0; i < JUMPS; i++)
		CHECK_EQ(jump_behind(i), (long)BEHIND + 7 + 0x10);
	CHECK_EQ(*(volatile unsigned int *)BEHIND, 0x10058d48);
}

/* ---- faults and signals ------------------------------------------------------------- */

static volatile sig_atomic_t interrupted, in_window;
static volatile unsigned long last_rip;
static long readable = 77;

static void look(int sig, siginfo_t *info, void *context)
{
	ucontext_t *uc = context;

	(void)info;
	interrupted++;
	last_rip = (unsigned long)uc->uc_mcontext.rip;
	if (last_rip >= WINDOW && last_rip < 0xc0000000)
		in_window = 1;
	if (sig == SIGSEGV)
		uc->uc_mcontext.rsi = (unsigned long)&readable;
}

static void handle(int sig, int flags)
{
	struct sigaction act = { .sa_sigaction = look, .sa_flags = SA_SIGINFO | flags };

	interrupted = in_window = 0;
	CHECK_OK(sigaction(sig, &act, NULL));
}

/* The instruction behind faults: where it stands in the program. */
static void faults_behind(void)
{
	int i;

	MAKE_SITE(LOAD);
	handle(SIGSEGV, 0);
	for (i = 0; i < OFTEN; i++) {
		CHECK_EQ(site(0, 8, 0, __NR_getppid), readable);
		CHECK_EQ(last_rip, BEHIND);
	}
	CHECK_EQ(interrupted, OFTEN);
	signal(SIGSEGV, SIG_DFL);
}

/* A signal that the call itself sends comes behind it. */
static void signal_from_the_call(void)
{
	int i;

	MAKE_SITE(ADD_ONE);
	handle(SIGUSR1, 0);
	for (i = 0; i < OFTEN; i++) {
		CHECK_EQ(site(getpid(), SIGUSR1, 0, __NR_kill), 1);
		CHECK_EQ(last_rip, BEHIND);
	}
	CHECK_EQ(interrupted, OFTEN);
}

static void by_a_timer(void)
{
	const struct itimerval often = { { 0, 300 }, { 0, 300 } };
	const struct itimerval off = { { 0, 0 }, { 0, 0 } };
	long ppid = getppid();

	MAKE_SITE(ADD_ONE);
	handle(SIGALRM, SA_RESTART);
	CHECK_OK(setitimer(ITIMER_REAL, &often, NULL));
	while (interrupted < 300)
		for (int i = 0; i < 100; i++)
			CHECK_EQ(site(0, 0, 0, __NR_getppid), ppid + 1);
	CHECK_OK(setitimer(ITIMER_REAL, &off, NULL));
	CHECK(!in_window);
}

static void step_by_step(void)
{
	long ppid = getppid(), stepped;

	MAKE_SITE(ADD_ONE);
	handle(SIGTRAP, 0);
	FLIP_TF();
	stepped = site(0, 0, 0, __NR_getppid);
	FLIP_TF();
	CHECK_EQ(stepped, ppid + 1);
	CHECK(interrupted > 0);
	CHECK(!in_window);
}

/* ---- other processes, other text ----------------------------------------------------- */

static void over_fork(void)
{
	pid_t pid;
	int i;

	MAKE_SITE(ADD_ONE);
	for (i = 0; i < 10; i++) {
		pid = (pid_t)(site(0, 0, 0, __NR_fork) - 1);
		if (pid == 0) {
			CHECK_EQ(site(0, 0, 0, __NR_getpid), getpid() + 1);
			_exit(0);
		}
		CHECK(pid > 0);
		test_wait_ok(pid);
		CHECK_EQ(site(0, 0, 0, __NR_getpid), getpid() + 1);
	}
}

/* A call that puts other text where it stands returns to that. */
static void own_text_changes(void)
{
	const unsigned char other[] = { ADD_TWO };
	char *spare = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
			   0);
	long nr = __NR_mremap, ret;

	CHECK(spare != MAP_FAILED);
	memcpy(spare + (BEHIND & 4095), other, sizeof(other));
	CHECK_OK(mprotect(spare, 4096, PROT_READ | PROT_EXEC));
	MAKE_SITE(ADD_ONE);
	__asm__ volatile("mov $3, %%r10d\n\t" /* MREMAP_MAYMOVE | MREMAP_FIXED */
			 "mov %3, %%r8\n\t"
			 "call *%2"
			 : "=a"(ret), "+c"(nr)
			 : "r"(SITE), "b"(PAGE), "D"(spare), "S"(4096L), "d"(4096L)
			 : "r8", "r10", "r11", "memory", "cc");
	CHECK_EQ(ret, (long)PAGE + 2);
}

/* ---- a site with a number, and what could be moved behind it ------------------------ */

#define AT_SYSCALL (SITE + 5)

static int pipe_fds[2];
static volatile sig_atomic_t ticks;

static void every_other_writes(int sig)
{
	(void)sig;
	if (++ticks % 2 == 0 && write(pipe_fds[1], "x", 1) != 1)
		abort();
}

/* What is patched one way is not patched the other way, too, when the old `syscall` is
 * executed: by a jump there, or since the call is begun again. */
static void with_a_number(void)
{
	/* mov $0, %eax; syscall; add $1, %rax; ret */
	static const unsigned char code[] = { 0xb8, 0, 0, 0, 0, 0x0f, 0x05, ADD_ONE };
	const struct itimerval fast = { { 0, 2000 }, { 0, 2000 } }, off = { 0 };
	long ret;
	char byte;
	int i;

	new_page();
	memcpy((void *)SITE, code, sizeof(code));
	CHECK_OK(mprotect(PAGE, 4096, PROT_READ | PROT_EXEC));
	for (i = 0; i < OFTEN; i++)
		CHECK_EQ(site(-1, 0, 0, 0), -EBADF + 1);
	for (i = 0; i < OFTEN; i++) {
		__asm__ volatile("call *%2"
				 : "=a"(ret)
				 : "a"(__NR_getppid), "r"(AT_SYSCALL)
				 : "rcx", "r11", "memory", "cc");
		CHECK_EQ(ret, getppid() + 1);
	}
	CHECK_EQ(site(-1, 0, 0, 0), -EBADF + 1);

	CHECK_OK(pipe(pipe_fds));
	CHECK(signal(SIGALRM, every_other_writes) != SIG_ERR); /* and SA_RESTART */
	CHECK_OK(setitimer(ITIMER_REAL, &fast, NULL));
	for (i = 0; i < OFTEN; i++)
		CHECK_EQ(site(pipe_fds[0], (long)&byte, 1, 0), 1 + 1);
	CHECK_OK(setitimer(ITIMER_REAL, &off, NULL));
}

#define MANY_SITES 120
#define SITE_STRIDE 17

/* However many sites take turns, each is patched before long. */
static void in_turns(void)
{
	/* mov $__NR_getppid, %eax; syscall; ret */
	static const unsigned char code[] = { 0xb8, __NR_getppid, 0, 0, 0, 0x0f, 0x05, 0xc3 };
	unsigned long at;
	int round, i;

	new_page();
	for (i = 0; i < MANY_SITES; i++)
		memcpy((void *)(SITE + i * SITE_STRIDE), code, sizeof(code));
	CHECK_OK(mprotect(PAGE, 4096, PROT_READ | PROT_EXEC));
	for (round = 0; round < OFTEN; round++) {
		for (at = SITE; at < SITE + MANY_SITES * SITE_STRIDE; at += SITE_STRIDE)
			CHECK_EQ(((site_fn)at)(0, 0, 0, 0), getppid());
	}
	for (i = 0; i < MANY_SITES; i++)
		check_is_patched(*(unsigned char *)(SITE + i * SITE_STRIDE) != code[0]);
}

static const struct test_case cases[] = {
	{ "each kind of instruction", each_kind },
	{ "jumps behind the call", jumps },
	{ "jumps to a relative one", jumps_to_a_relative_one },
	{ "a fault behind the call", faults_behind },
	{ "a signal from the call", signal_from_the_call },
	{ "interrupted by a timer", by_a_timer },
	{ "step by step", step_by_step },
	{ "over fork", over_fork },
	{ "its own text changes", own_text_changes },
	{ "with a number, patched once", with_a_number },
	{ "many that take turns", in_turns },
};

TEST_MAIN(cases)
