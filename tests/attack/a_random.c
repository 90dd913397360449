/*
 * Random programs: random bytes and pieces of code that were useful to attackers,
 * run from random registers, flags and stack pointers, with random signal
 * handlers, signal stacks and timers, and often with a second task in the same
 * memory that runs and rewrites the same bytes.
 *
 *   a_random [SECONDS [SEED [ROUND]]]     default 2 s, seed 1, from round 0
 *
 * A finding is whatever is more than the program's own end: the machine ends or
 * hangs, this process dies, the core is within reach. The last line before it
 * names the round to begin with.
 *
 * TEST-TIMEOUT: 120
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <syscall.h>
#include <test.h>
#include <time.h>
#include <unistd.h>

#include "libattack.h"

#define CODE 0x20000000UL
#define CODE_PAGES 4
#define DATA 0x30000000UL
#define DATA_PAGES 4
#define EDGE (LODGER_WINDOW_BASE - PAGE_SIZE)
#define NOBODY 65534
#define LONGEST_MS 30
#define LOOK_EVERY 64

static uint64_t rng_state;

/* splitmix64 */
static uint64_t rng(void)
{
	uint64_t z = rng_state += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

static uint64_t below(uint64_t n)
{
	return rng() % n;
}

/* ---- values ------------------------------------------------------------------------ */

static uint64_t somewhere(void)
{
	switch (below(18)) {
	case 0:
		return LODGER_GATE_TEXT + below(0x200);
	case 1:
		return LODGER_GATE_CONST + below(32);
	case 2:
		return LODGER_SIGSTACK_BASE + below(LODGER_SIGSTACK_SIZE);
	case 3:
		return LODGER_SIGSTACK_END - below(64) * 8;
	case 4:
		return LODGER_PATCH_SLOTS + 8 * below(LODGER_PATCH_COUNT);
	case 5:
		return (below(2) ? LODGER_PATCH_STUBS : LODGER_MOVED_STUBS) + below(16 * 32);
	case 6:
		return LODGER_CORE_BASE + below(1 << 22);
	case 7:
		return LODGER_USER_PAGE + below(64);
	case 8:
		return LODGER_WINDOW_END - below(16);
	case 9:
		return EDGE + below(PAGE_SIZE);
	case 10:
		return 0xffffffffff600000 + 0x400 * below(3);
	case 11:
		return 0x7ffffffff000 + below(32) - 16;
	case 12:
		return 1ULL << below(64);
	case 13:
		return -below(4096);
	case 14:
	case 15:
		return DATA + below(DATA_PAGES * PAGE_SIZE);
	default:
		return CODE + below(CODE_PAGES * PAGE_SIZE);
	}
}

static uint64_t value(void)
{
	switch (below(4)) {
	case 0:
		return below(512);
	case 1:
		return rng();
	default:
		return somewhere();
	}
}

static uint64_t flags(void)
{
	static const uint64_t bits[] = { 0x100, 0x400, 0x40000, 0x4000,
					 0x10000, 0x200000, 0x1, 0x3000 };
	uint64_t flags = 2;
	size_t i;

	if (below(2))
		return flags;
	for (i = 0; i < ARRAY_SIZE(bits); i++)
		if (below(4) == 0)
			flags |= bits[i];
	return flags;
}

static void fill_state(struct attack_state *state)
{
	uint64_t *words = (uint64_t *)state;
	size_t i;

	for (i = 0; i < sizeof(*state) / sizeof(*words); i++)
		words[i] = value();
	state->rflags = flags();
	if (below(2))
		state->rsp = DATA + 8 * below(DATA_PAGES * PAGE_SIZE / 8);
	state->rip = below(8) ? CODE + below(CODE_PAGES * PAGE_SIZE) :
				somewhere();
}

/* ---- code -------------------------------------------------------------------------- */

/* Length first. */
static const unsigned char piece[][12] = {
	{ 2, 0x0f, 0x05 },			  /* syscall */
	{ 2, 0x0f, 0x05 },
	{ 2, 0xcd, 0x80 },			  /* int 0x80 */
	{ 2, 0x0f, 0x34 },			  /* sysenter */
	{ 1, 0xcc }, { 1, 0xf1 }, { 2, 0x0f, 0x0b }, { 1, 0xf4 },
	{ 1, 0x9d }, { 1, 0xcb }, { 2, 0x48, 0xcb }, { 2, 0x48, 0xcf },
	{ 1, 0xc3 }, { 1, 0x9c }, { 1, 0xfd }, { 1, 0xfc },
	{ 5, 0xf3, 0x48, 0x0f, 0xae, 0xd0 },	  /* wrfsbase rax */
	{ 5, 0xf3, 0x48, 0x0f, 0xae, 0xd9 },	  /* wrgsbase rcx */
	{ 3, 0x0f, 0x01, 0xf8 },		  /* swapgs */
	{ 3, 0x0f, 0x01, 0xef },		  /* wrpkru */
	{ 3, 0x0f, 0x01, 0xd0 },		  /* xgetbv */
	{ 3, 0x0f, 0xae, 0x0f },		  /* fxrstor (rdi) */
	{ 4, 0x48, 0x0f, 0xae, 0x2f },		  /* xrstor64 (rdi) */
	{ 4, 0x48, 0x0f, 0xae, 0x27 },		  /* xsave64 (rdi) */
	{ 3, 0x0f, 0xae, 0x16 },		  /* ldmxcsr (rsi) */
	{ 2, 0x8e, 0xd0 }, { 2, 0x8e, 0xd8 }, { 2, 0x8e, 0xe0 },
	{ 2, 0xff, 0x2f }, { 2, 0xff, 0xd0 }, { 2, 0xff, 0xe1 },
	{ 2, 0xff, 0x27 }, { 2, 0x0f, 0xa2 }, { 2, 0xf3, 0xa4 },
	{ 3, 0x48, 0x89, 0xc4 },		  /* mov rax, rsp */
	{ 3, 0x48, 0x89, 0x07 },		  /* mov rax, (rdi) */
	{ 3, 0x48, 0x8b, 0x07 },		  /* mov (rdi), rax */
	{ 2, 0xeb, 0xf0 }, { 2, 0xeb, 0x05 }, { 2, 0xeb, 0xfe },
};

/* Sometimes the same call often, so that its site is patched where they are. */
static size_t put_call(unsigned char *at)
{
	const uint32_t often[] = { __NR_getpid, __NR_getppid, __NR_getuid,
				   __NR_sched_yield, __NR_read, __NR_nanosleep,
				   __NR_rt_sigreturn, __NR_restart_syscall,
				   __NR_rt_sigprocmask, __NR_gettid };
	uint32_t nr = below(3) ? (uint32_t)below(470) :
				 often[below(ARRAY_SIZE(often))];
	size_t n = 0;

	if (below(4) == 0) { /* mov $20, %r15b: the counter of a loop */
		memcpy(at, "\x41\xb7\x14", 3);
		n = 3;
	}
	at[n] = 0xb8;
	memcpy(at + n + 1, &nr, 4);
	memcpy(at + n + 5, "\x0f\x05", 2);
	if (n == 3) { /* dec %r15b; jnz to the mov */
		memcpy(at + 10, "\x41\xfe\xcf\x75\xf4", 5);
		return 15;
	}
	return 7;
}

static size_t put_piece(unsigned char *at)
{
	uint64_t word = value();
	size_t i = below(ARRAY_SIZE(piece)), n;

	switch (below(8)) {
	case 0: /* random bytes */
		n = 1 + below(8);
		memcpy(at, &word, n);
		return n;
	case 1: /* mov $value, a register */
		at[0] = (unsigned char)(0x48 + below(2));
		at[1] = (unsigned char)(0xb8 + below(8));
		memcpy(at + 2, &word, 8);
		return 10;
	case 2: /* jmp *slot, what a patched site is */
		memcpy(at, "\xff\x24\x25", 3);
		word = LODGER_PATCH_SLOTS + 8 * below(LODGER_PATCH_COUNT);
		memcpy(at + 3, &word, 4);
		return 7;
	case 3: /* write to the code itself: movb $x, (address) */
		memcpy(at, "\xc6\x04\x25", 3);
		word = CODE + below(CODE_PAGES * PAGE_SIZE);
		memcpy(at + 3, &word, 4);
		at[7] = (unsigned char)rng();
		return 8;
	case 4:
	case 5:
		return put_call(at);
	default:
		memcpy(at, piece[i] + 1, piece[i][0]);
		return piece[i][0];
	}
}

static void fill_code(void)
{
	unsigned char *at = (unsigned char *)CODE;
	unsigned char *end = at + CODE_PAGES * PAGE_SIZE - 32;
	uint64_t *data = (uint64_t *)DATA;
	size_t i;

	while (at < end)
		at += put_piece(at);
	for (i = 0; i < DATA_PAGES * PAGE_SIZE / 8; i += 1 + below(4))
		data[i] = value();
}

/* ---- the child --------------------------------------------------------------------- */

static void map(unsigned long at, unsigned long pages)
{
	const long got = sys6(__NR_mmap, (long)at, (long)(pages * PAGE_SIZE),
			      PROT_READ | PROT_WRITE | PROT_EXEC,
			      MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);

	if (got != (long)at)
		_exit(1);
}

static void limit(int what, unsigned long to)
{
	const unsigned long both[2] = { to, to };

	if (sys2(__NR_setrlimit, what, (long)both))
		_exit(1);
}

/* Nothing that it could harm: no descriptors, files, rights, others. */
static void confine(void)
{
	int fd;

	for (fd = 0; fd < 256; fd++)
		close(fd);
	sys2(__NR_setpgid, 0, 0);
	limit(0 /* CPU */, 1);
	limit(1 /* FSIZE */, 65536);
	limit(9 /* AS */, 24 << 20);
	limit(7 /* NOFILE */, 16);
	if (sys1(__NR_chroot, (long)"/tmp/empty") ||
	    sys1(__NR_chdir, (long)"/") || sys2(__NR_setgroups, 0, 0) ||
	    sys1(__NR_setgid, NOBODY) || sys1(__NR_setuid, NOBODY))
		_exit(1);
	limit(6 /* NPROC */, 8);
}

static void random_signals(void)
{
	struct {
		uint64_t handler, flags, restorer, mask;
	} act;
	int sig;

	for (sig = 1; sig < 32; sig++) {
		if (below(3) == 0)
			continue;
		act.handler = below(4) ? CODE + below(CODE_PAGES * PAGE_SIZE) :
					 value();
		act.flags = 0x04000000 | (below(2) ? 0x08000000 : 0) |
			    (below(2) ? 0x40000000 : 0) |
			    (below(2) ? 0x10000000 : 0);
		act.restorer = value();
		act.mask = below(2) ? 0 : rng();
		sys4(__NR_rt_sigaction, sig, (long)&act, 0, 8);
	}
	if (below(2)) {
		const uint64_t stack[3] = { somewhere(), below(3) ? 0 : rng(),
					    below(2) ? 8192 : rng() };

		sys2(__NR_sigaltstack, (long)stack, 0);
	}
	if (below(2)) {
		const long usec = 50 + (long)below(2000);
		const long timer[4] = { 0, usec, 0, usec };

		sys3(__NR_setitimer, 0, (long)timer, 0);
	}
}

static struct attack_state first, second;

static void random_program(uint64_t seed)
{
	rng_state = seed;
	map(CODE, CODE_PAGES);
	map(DATA, DATA_PAGES);
	map(EDGE, 1);
	confine();
	fill_code();
	fill_state(&first);
	fill_state(&second);
	random_signals();
	if (below(3) == 0) /* CLONE_VM, and sometimes a thread */
		attack_thread(0x100 | (below(2) ? 0x10e00 : 17),
			      (char *)DATA + PAGE_SIZE, &second);
	attack_enter(&first);
}

/* ---- the parent -------------------------------------------------------------------- */

static long now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Until it ends, or its time is over. */
static void await(pid_t pid)
{
	const long until = now_ms() + LONGEST_MS;
	int status;

	while (waitpid(pid, &status, WNOHANG) == 0) {
		if (now_ms() > until) {
			kill(-pid, SIGKILL);
			kill(pid, SIGKILL);
			waitpid(pid, &status, 0);
			return;
		}
		sleep_ms(1);
	}
	kill(-pid, SIGKILL);
}

/* What it left in sessions of their own. */
static void sweep(void)
{
	const pid_t pid = test_fork();

	if (pid == 0) {
		if (setuid(NOBODY) == 0)
			kill(-1, SIGKILL);
		_exit(0);
	}
	test_wait(pid);
	while (waitpid(-1, NULL, WNOHANG) > 0)
		;
}

static void look(unsigned long seed, unsigned long round)
{
	sweep();
	attack_check_closed();
	attack_check_alive();
	fprintf(stderr, "# seed %lu, before round %lu\n", seed, round + 1);
}

int main(int argc, char **argv)
{
	const long seconds = argc > 1 ? strtol(argv[1], NULL, 10) : 2;
	const unsigned long seed = argc > 2 ? strtoul(argv[2], NULL, 10) : 1;
	unsigned long round = argc > 3 ? strtoul(argv[3], NULL, 10) : 0;
	const unsigned long start = round;
	const long until = now_ms() + seconds * 1000;

	if (!attack_core_bytes()) {
		printf("1..0 # SKIP there is no guest kernel below this program\n");
		return 0;
	}
	printf("1..1\n");
	fflush(stdout);
	mkdir("/tmp/empty", 0555);
	for (; now_ms() < until; round++) {
		const pid_t pid = test_fork();

		if (pid == 0)
			random_program(seed * 1000000007 + round);
		await(pid);
		if (round % LOOK_EVERY == LOOK_EVERY - 1)
			look(seed, round);
	}
	sweep();
	attack_check_closed();
	printf("ok 1 - %lu random programs, seed %lu\n", round - start, seed);
	return 0;
}
