/*
 * Patched call sites turned against the kernel: jumps into their middle, calls
 * from them that are interrupted and begun again, tasks that rewrite them while
 * others are in them. In sets that patch nothing the same code must do the
 * same.
 *
 * TEST-TIMEOUT: 120
 * TEST-RACY
 *
 * Without the defence (the jump's last bytes are an invalid instruction that the
 * kernel knows; a call is begun again at the old `syscall`; text is patched in a
 * copy of the one address space) a program's call is made with another number,
 * twice or never, or a site half rewritten runs into the window.
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
#include <time.h>
#include <unistd.h>

#include "libattack.h"

#define SITE 0x20000100UL
#define SITE_BYTES 7
#define OLD_SYSCALL 5 /* offset in the site */
/* The other kind of site: mov %ecx, %eax; syscall; lea (%rax), %rax (7 bytes); ret */
#define MOVED_CALL 2
#define MOVED_BEHIND 4
#define MOVED_BYTES 11
#define OFTEN 40
#define STACKS 0x30000000UL
#define ROUNDS 200

typedef long (*site_fn)(long a, long b, long c);

static const site_fn site = (site_fn)SITE;

static void write_site(int nr)
{
	unsigned char code[SITE_BYTES + 1] = { 0xb8, 0, 0, 0, 0, 0x0f, 0x05, 0xc3 };

	memcpy(code + 1, &nr, sizeof(nr));
	memcpy((void *)SITE, code, sizeof(code));
}

/* A site of this call, used until it is patched, if anything is here. */
static void make_site(int nr, long a, long b, long c)
{
	const char *set = getenv("LODGER_SET");
	int i;

	attack_page(SITE & ~(PAGE_SIZE - 1));
	write_site(nr);
	for (i = 0; i < OFTEN; i++)
		site(a, b, c);
	if (set && strncmp(set, "patch", 5) == 0)
		CHECK_EQ(*(volatile unsigned char *)SITE, 0xff);
}

/* ---- jumps into the middle ----------------------------------------------------------- */

static long at_old_syscall(long nr)
{
	long ret;

	__asm__ volatile("call *%2"
			 : "=a"(ret)
			 : "a"(nr), "r"(SITE + OLD_SYSCALL)
			 : "rcx", "r11", "memory");
	return ret;
}

static void old_syscall(void)
{
	int i;

	make_site(__NR_getppid, 0, 0, 0);
	for (i = 0; i < OFTEN; i++) {
		CHECK_EQ(at_old_syscall(__NR_getppid), getppid());
		CHECK_EQ(at_old_syscall(__NR_getpid), getpid());
		CHECK_EQ(at_old_syscall(100000), -ENOSYS);
		CHECK_EQ(site(0, 0, 0), getppid());
	}
}

static struct attack_regs into;

static void jump_into(void)
{
	attack_jump(&into);
}

/* To each of the site's bytes with each of the values in rax. */
static void jump_to_bytes(size_t bytes, const unsigned long *values, size_t count)
{
	size_t i, j;

	for (i = 0; i < bytes; i++)
		for (j = 0; j < count; j++) {
			into.rip = SITE + i;
			into.rax = values[j];
			attack_harmless(jump_into);
		}
	attack_check_closed();
	attack_check_alive();
}

static void every_byte(void)
{
	const unsigned long values[] = { __NR_getpid, __NR_exit, 0x6000000,
					 LODGER_CORE_BASE, -1UL };

	make_site(__NR_getppid, 0, 0, 0);
	attack_page(STACKS);
	*(unsigned char *)(SITE + SITE_BYTES) = 0xcc;
	into.rsp = STACKS + 2048;
	jump_to_bytes(SITE_BYTES, values, ARRAY_SIZE(values));
}

/* Sites without a number of their own are patched where nobody may write. */
static void make_moved_site(void)
{
	static const unsigned char code[] = { 0x89, 0xc8, 0x0f, 0x05, 0x48, 0x8d,
					      0x80, 0,	  0,	0,    0,    0xc3 };
	const char *set = getenv("LODGER_SET");
	char *page = attack_page(SITE & ~(PAGE_SIZE - 1));
	int i;

	memcpy((void *)SITE, code, sizeof(code));
	CHECK_OK(mprotect(page, PAGE_SIZE, PROT_READ | PROT_EXEC));
	for (i = 0; i < OFTEN; i++)
		((long (*)(long, long, long, long))SITE)(0, 0, 0, __NR_getppid);
	if (set && strncmp(set, "patch", 5) == 0)
		CHECK_EQ(*(volatile unsigned char *)(SITE + MOVED_CALL), 0xe9);
}

static long at_moved(unsigned long at, long rax)
{
	long ret, rcx = rax;

	__asm__ volatile("call *%3"
			 : "=a"(ret), "+c"(rcx)
			 : "a"(rax), "r"(at)
			 : "r11", "memory");
	return ret;
}

static void moved_call(void)
{
	int i;

	make_moved_site();
	for (i = 0; i < OFTEN; i++) {
		CHECK_EQ(at_moved(SITE + MOVED_CALL, __NR_getppid), getppid());
		CHECK_EQ(at_moved(SITE + MOVED_CALL, 100000), -ENOSYS);
		CHECK_EQ(at_moved(SITE + MOVED_BEHIND, i), i);
		CHECK_EQ(at_moved(SITE, __NR_getpid), getpid());
	}
}

static void moved_every_byte(void)
{
	const unsigned long values[] = { __NR_getpid, __NR_exit, LODGER_CORE_BASE, -1UL };

	make_moved_site();
	attack_page(STACKS);
	into.rsp = STACKS + 2048;
	*(unsigned long *)into.rsp = 0;
	jump_to_bytes(MOVED_BYTES, values, ARRAY_SIZE(values));
}

/* ---- calls that are begun again ------------------------------------------------------ */

static volatile sig_atomic_t ticks;

static void on_tick(int sig)
{
	(void)sig;
	ticks++;
}

static void tick(long usec)
{
	const struct itimerval timer = { { 0, usec }, { 0, usec } };
	struct sigaction act = { .sa_handler = on_tick, .sa_flags = SA_RESTART };

	ticks = 0;
	CHECK_OK(sigaction(SIGALRM, &act, NULL));
	CHECK_OK(setitimer(ITIMER_REAL, &timer, NULL));
}

/* Each byte once, however often the read is begun again. */
static void restarted_reads(void)
{
	char byte = 0;
	int fds[2], i;
	pid_t pid;

	CHECK_OK(pipe(fds));
	make_site(__NR_read, fds[0], (long)&byte, 0);
	pid = test_fork();
	if (pid == 0) {
		for (i = 0; i < 20; i++) {
			sleep_ms(5);
			byte = (char)i;
			CHECK_EQ(write(fds[1], &byte, 1), 1);
		}
		_exit(0);
	}
	tick(1000);
	for (i = 0; i < 20; i++) {
		CHECK_EQ(site(fds[0], (long)&byte, 1), 1);
		CHECK_EQ(byte, i);
	}
	tick(0);
	CHECK_EQ(test_wait(pid), 0);
}

/* restart_syscall has a number of its own: the site's start would set its. */
static void sleep_at_site(void)
{
	const struct timespec none = { 0, 0 }, long_time = { 0, 150000000 };

	make_site(__NR_nanosleep, (long)&none, 0, 0);
	CHECK_EQ(site((long)&long_time, 0, 0), 0);
}

static void sleep_at_moved_site(void)
{
	const struct timespec long_time = { 0, 150000000 };

	make_moved_site();
	CHECK_EQ(((long (*)(long, long, long, long))SITE)((long)&long_time, 0, 0,
							   __NR_nanosleep), 0);
}

static void stop_and_go(void (*sleep_there)(void))
{
	const pid_t pid = test_fork();
	int i;

	if (pid == 0) {
		sleep_there();
		_exit(0);
	}
	for (i = 0; i < 10; i++) {
		sleep_ms(10);
		CHECK_OK(kill(pid, SIGSTOP));
		sleep_ms(1);
		CHECK_OK(kill(pid, SIGCONT));
	}
	CHECK_EQ(test_wait(pid), 0);
}

static void restart_syscall(void)
{
	stop_and_go(sleep_at_site);
	stop_and_go(sleep_at_moved_site);
}

/* ---- races on the bytes -------------------------------------------------------------- */

static void call_forever(void)
{
	for (;;)
		site(0, 0, 0);
}

static void (*caller)(void) = call_forever;

/* A task in the same memory, on a stack of its own. */
static pid_t start_caller(int n)
{
	struct attack_state state = { .rflags = 2, .rip = (uint64_t)caller };
	unsigned long stack = STACKS + (unsigned long)n * PAGE_SIZE;

	attack_page(stack);
	state.rsp = stack + PAGE_SIZE - 8;
	return (pid_t)CHECK_OK(attack_thread(0x100 | SIGCHLD, /* CLONE_VM */
					     (char *)state.rsp, &state));
}

static void rewrite_by(void (*change)(int round))
{
	pid_t pid[3];
	int i;

	for (i = 0; i < 3; i++)
		pid[i] = start_caller(i);
	for (i = 0; i < ROUNDS; i++) {
		change(i);
		if (i % 8 == 0) /* each of the others spins for a slice */
			sched_yield();
	}
	for (i = 0; i < 3; i++)
		kill(pid[i], SIGKILL);
	while (wait(NULL) > 0)
		;
}

static void rewrite(void (*change)(int round))
{
	make_site(__NR_getppid, 0, 0, 0);
	rewrite_by(change);
}

static void put_back(int round)
{
	write_site(round % 2 ? __NR_getppid : __NR_getuid);
}

/* Half of the jump, half of the call. */
static void put_back_bytes(int round)
{
	static const unsigned char code[] = { 0xb8, __NR_getppid, 0, 0,
					      0, 0x0f, 0x05 };

	((volatile unsigned char *)SITE)[round % SITE_BYTES] =
		code[round % SITE_BYTES];
}

static void race_whole(void)
{
	rewrite(put_back);
}

static void race_bytes(void)
{
	rewrite(put_back_bytes);
}

static void unmap_under_it(int round)
{
	void *page = (void *)(SITE & ~(PAGE_SIZE - 1));

	if (round % 2) {
		munmap(page, PAGE_SIZE);
		attack_page((unsigned long)page);
	}
	write_site(__NR_getppid);
}

static void race_unmap(void)
{
	rewrite(unmap_under_it);
}

static void call_moved_forever(void)
{
	for (;;)
		((long (*)(long, long, long, long))SITE)(0, 0, 0, __NR_getppid);
}

/* Text that changes, by rights and by mapping, below a call of another kind. */
static void remake(int round)
{
	void *page = (void *)(SITE & ~(PAGE_SIZE - 1));

	if (round % 4 == 0) {
		make_moved_site();
	} else {
		CHECK_OK(mprotect(page, PAGE_SIZE, PROT_READ | PROT_WRITE | PROT_EXEC));
		if (round % 4 == 1)
			memcpy((char *)SITE + MOVED_CALL, "\x0f\x05\x48\x8d\x80\0\0\0\0", 9);
		CHECK_OK(mprotect(page, PAGE_SIZE, PROT_READ | PROT_EXEC));
	}
}

static void race_moved(void)
{
	caller = call_moved_forever;
	make_moved_site();
	rewrite_by(remake);
}

static void races(void)
{
	attack_need_machine();
	attack_harmless(race_whole);
	attack_harmless(race_bytes);
	attack_harmless(race_unmap);
	attack_harmless(race_moved);
	attack_check_closed();
	attack_check_alive();
}

static const struct test_case cases[] = {
	{ "the old syscall of a site", old_syscall },
	{ "every byte of a site", every_byte },
	{ "a site without a number", moved_call },
	{ "every byte of one", moved_every_byte },
	{ "reads begun again", restarted_reads },
	{ "a sleep begun again", restart_syscall },
	{ "sites rewritten by other tasks", races },
};
TEST_MAIN(cases)
