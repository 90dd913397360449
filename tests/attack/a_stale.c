/*
 * What processes share and no longer share: memory that one gives back while the
 * others do not run, and vector registers that others have filled.
 *
 * TEST-TIMEOUT: 120
 * TEST-RACY
 *
 * Without the defence (a request for a space that is not in force is carried out
 * before it is again; vector state goes with its task) a process still sees, or
 * writes, frames that now hold another's data, or another's registers: a host
 * process of its own keeps its mappings and its registers while it waits.
 */
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <syscall.h>
#include <test.h>
#include <time.h>
#include <unistd.h>

#include "libattack.h"

#define PAGES 48 /* more requests than a space that waits can hold */
#define READERS 3
#define SECRET 0x5ec2e7a9b3c4d511UL

/* ---- mappings --------------------------------------------------------------------- */

static int gate[2]; /* a pipe: closed at its other end, all go on */
static unsigned long *page_at[PAGES];

static void hold(void)
{
	char byte;

	close(gate[1]);
	CHECK_EQ(read(gate[0], &byte, 1), 0);
}

static void look(void *at)
{
	(void)*(volatile unsigned long *)at;
}

static void scribble(void *at)
{
	*(volatile unsigned long *)at = ~SECRET;
}

/* In a process that has touched the pages and then waited while they went. */
static void reader(int file)
{
	int i;

	for (i = 0; i < PAGES; i++) {
		page_at[i] = mmap(NULL, PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, file,
				  i * (long)PAGE_SIZE);
		CHECK(page_at[i] != MAP_FAILED);
		page_at[i][0] = (unsigned long)i;
	}
	hold();
	for (i = 0; i < PAGES; i++) {
		CHECK_EQ(attack_try(look, page_at[i]), SIGBUS);
		CHECK_EQ(attack_try(scribble, page_at[i]), SIGBUS);
	}
	_exit(0);
}

/* Memory in the frames that have just become free. */
static unsigned long *fill_memory(size_t pages)
{
	unsigned long *at = mmap(NULL, pages * PAGE_SIZE, PROT_READ | PROT_WRITE,
				 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	size_t i;

	CHECK(at != MAP_FAILED);
	for (i = 0; i < pages * PAGE_SIZE / sizeof(*at); i++)
		at[i] = SECRET;
	return at;
}

static void check_memory(const unsigned long *at, size_t pages)
{
	size_t i;

	for (i = 0; i < pages * PAGE_SIZE / sizeof(*at); i++)
		if (at[i] != SECRET)
			test_fail(__FILE__, __LINE__, "word %lu is %#lx", (unsigned long)i,
				  at[i]);
}

static void yield_often(void)
{
	int i;

	for (i = 0; i < 20 * READERS; i++)
		sched_yield();
}

/* A file of PAGES is cut while readers that have it mapped wait; what its frames hold
 * then is memory of this process, which nobody else may see or change. */
static void cut_under_others(void (*behave)(int file), void (*cut)(int file))
{
	char name[] = "stale";
	pid_t pid[READERS];
	unsigned long *at;
	int i, file;

	attack_need_machine();
	test_scratch();
	CHECK_OK(pipe(gate));
	file = (int)CHECK_OK(open(name, O_RDWR | O_CREAT, 0600));
	CHECK_OK(ftruncate(file, PAGES * (long)PAGE_SIZE));
	for (i = 0; i < READERS; i++) {
		pid[i] = test_fork();
		if (pid[i] == 0)
			behave(file);
	}
	yield_often();
	cut(file);
	at = fill_memory(4 * PAGES);
	close(gate[1]);
	for (i = 0; i < READERS; i++)
		test_wait_ok(pid[i]);
	check_memory(at, 4 * PAGES);
}

static void cut_short(int file)
{
	CHECK_OK(ftruncate(file, 0));
}

static void truncated_under_others(void)
{
	cut_under_others(reader, cut_short);
}

/* The same by a hole: whoever looks sees zeros, not what the frames hold now. */
static void hole_reader(int file)
{
	unsigned long *at = mmap(NULL, PAGES * PAGE_SIZE, PROT_READ | PROT_WRITE,
				 MAP_SHARED, file, 0);
	int i;

	CHECK(at != MAP_FAILED);
	for (i = 0; i < PAGES; i += 2) /* one by one: no mapping of the host is whole */
		at[i * PAGE_SIZE / sizeof(*at)] = 7;
	hold();
	for (i = 0; i < PAGES; i++)
		if (at[i * PAGE_SIZE / sizeof(*at)] != 0)
			test_fail(__FILE__, __LINE__, "page %d: %#lx", i,
				  at[i * PAGE_SIZE / sizeof(*at)]);
	_exit(0);
}

static void punch(int file)
{
	/* FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE */
	CHECK_OK(sys4(__NR_fallocate, file, 3, 0, PAGES * (long)PAGE_SIZE));
}

static void hole_under_others(void)
{
	cut_under_others(hole_reader, punch);
}

/* Parent and child share pages until the first write, whoever writes, in whatever
 * order, while the other waits; then the parent gives its own back. */
static void copied_while_waiting(void)
{
	unsigned long *at, *more;
	pid_t pid[READERS];
	int i, k;

	attack_need_machine();
	CHECK_OK(pipe(gate));
	at = fill_memory(PAGES);
	for (i = 0; i < READERS; i++) {
		pid[i] = test_fork();
		if (pid[i])
			continue;
		for (k = i; k < PAGES; k += 5)
			at[k * PAGE_SIZE / sizeof(*at)] = SECRET + 1;
		hold();
		for (k = 0; k < PAGES; k++)
			CHECK_EQ(at[k * PAGE_SIZE / sizeof(*at)],
				 SECRET + (k >= i && (k - i) % 5 == 0));
		_exit(0);
	}
	yield_often();
	for (k = 0; k < PAGES; k += 3)
		at[k * PAGE_SIZE / sizeof(*at)] = 0;
	yield_often();
	CHECK_OK(munmap(at, PAGES * PAGE_SIZE));
	more = mmap(NULL, 4 * PAGES * PAGE_SIZE, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	CHECK(more != MAP_FAILED);
	memset(more, 0xee, 4 * PAGES * PAGE_SIZE);
	close(gate[1]);
	for (i = 0; i < READERS; i++)
		test_wait_ok(pid[i]);
	for (k = 0; k < (int)(4 * PAGES * PAGE_SIZE / sizeof(*more)); k++)
		CHECK_EQ(more[k], 0xeeeeeeeeeeeeeeee);
}

/* ---- vector registers --------------------------------------------------------------- */

#define ROUNDS 200

/* XMM registers, or as wide as the processor has them, filled with one value; the
 * call between is one that gives way. */
static void has_only(uint64_t value)
{
	uint64_t seen[16][2];
	int i, k;

	for (i = 0; i < ROUNDS; i++) {
		__asm__ volatile("movq %1, %%xmm0\n\tpunpcklqdq %%xmm0, %%xmm0\n\t"
				 ".irp n, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15\n\t"
				 "movdqa %%xmm0, %%xmm\\n\n\t.endr\n\t"
				 "mov %2, %%eax\n\tsyscall\n\t"
				 ".irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15\n\t"
				 "movups %%xmm\\n, 16*\\n(%0)\n\t.endr"
				 :
				 : "r"(seen), "r"(value), "i"(__NR_sched_yield)
				 : "rax", "rcx", "r11", "memory", "xmm0", "xmm1", "xmm2",
				   "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9",
				   "xmm10", "xmm11", "xmm12", "xmm13", "xmm14", "xmm15");
		for (k = 0; k < 32; k++)
			if (seen[k / 2][k % 2] != value)
				test_fail(__FILE__, __LINE__,
					  "round %d: half %d of register %d is %#lx", i,
					  k % 2, k / 2, seen[k / 2][k % 2]);
	}
}

/* Has the processor AVX-512, and do programs get it (CPUID 7, XCR0)? */
static int has_zmm(void)
{
	uint32_t a = 7, b, c = 0, d, low, high;

	__asm__ volatile("cpuid" : "+a"(a), "=b"(b), "+c"(c), "=d"(d));
	if (!(b >> 16 & 1))
		return 0;
	__asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
	return (low & 0xe6) == 0xe6;
}

static void zmm_has_only(uint64_t value)
{
	uint64_t seen[32][8], masks[8];
	int i, k;

	for (i = 0; i < ROUNDS; i++) {
		__asm__ volatile("vpbroadcastq %2, %%zmm0\n\t"
				 ".irp n, 1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31\n\t"
				 "vmovdqa64 %%zmm0, %%zmm\\n\n\t.endr\n\t"
				 ".irp n, 0,1,2,3,4,5,6,7\n\tkmovq %2, %%k\\n\n\t.endr\n\t"
				 "mov %3, %%eax\n\tsyscall\n\t"
				 ".irp n, 0,1,2,3,4,5,6,7\n\tkmovq %%k\\n, %%rax\n\tmov %%rax, 8*\\n(%1)\n\t.endr\n\t"
				 ".irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31\n\t"
				 "vmovdqu64 %%zmm\\n, 64*\\n(%0)\n\t.endr\n\tvzeroupper"
				 :
				 : "r"(seen), "r"(masks), "r"(value), "i"(__NR_sched_yield)
				 : "rax", "rcx", "r11", "memory", "xmm0", "xmm1", "xmm2",
				   "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9",
				   "xmm10", "xmm11", "xmm12", "xmm13", "xmm14", "xmm15");
		for (k = 0; k < 256; k++)
			CHECK_EQ(seen[k / 8][k % 8], value);
		for (k = 0; k < 8; k++)
			CHECK_EQ(masks[k], value);
	}
}

static void beside_each_other(void (*fill)(uint64_t value))
{
	pid_t pid[READERS];
	int i;

	for (i = 0; i < READERS; i++) {
		pid[i] = test_fork();
		if (pid[i] == 0) {
			fill(SECRET * (unsigned)(i + 2));
			_exit(0);
		}
	}
	fill(SECRET);
	for (i = 0; i < READERS; i++)
		test_wait_ok(pid[i]);
}

static void vectors(void)
{
	attack_need_machine();
	beside_each_other(has_only);
}

static void wide_vectors(void)
{
	attack_need_machine();
	if (!has_zmm())
		test_skip("this processor has no AVX-512");
	beside_each_other(zmm_has_only);
}

/* A program that begins finds none of what its maker had in them. */
static int fresh(int argc, char **argv)
{
	uint64_t seen[15][2];
	int k;

	(void)argc;
	(void)argv;
	/* the first few are the start-up code's own */
	__asm__ volatile(".irp n, 8, 9, 10, 11, 12, 13, 14, 15\n\t"
			 "movups %%xmm\\n, 16*(\\n-8)(%0)\n\t.endr"
			 :
			 : "r"(seen)
			 : "memory");
	for (k = 0; k < 16; k++)
		if (seen[k / 2][k % 2])
			return 1;
	return 0;
}

static void new_program(void)
{
	pid_t pid;

	attack_need_machine();
	pid = test_fork();
	if (pid == 0) {
		has_only(SECRET);
		test_exec("fresh", NULL);
	}
	test_wait_ok(pid);
}

static const struct test_case cases[] = {
	{ "a file that is cut while others wait", truncated_under_others },
	{ "a hole made while others wait", hole_under_others },
	{ "pages copied and given back while others wait", copied_while_waiting },
	{ "vector registers beside others", vectors },
	{ "all of AVX-512 beside others", wide_vectors },
	{ "vector registers of a new program", new_program },
};
static const struct test_role roles[] = { { "fresh", fresh } };
TEST_MAIN_ROLES(cases, roles)
