/*
 * Every page of the window, touched from a program.
 *
 * TEST-SMOKE TEST-TIMEOUT: 120
 *
 * Without the defence (the core inaccessible in user mode, nothing else mapped
 * in the window) a program reads the memory of every other and, by writing,
 * becomes the kernel.
 */
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <stdlib.h>
#include <test.h>

#include "libattack.h"

/* Beyond the core nothing is mapped: samples, at odd offsets. */
#define SAMPLE_STEP 0x13e000UL

static int in(unsigned long at, unsigned long base, unsigned long size)
{
	return at >= base && at - base < size;
}

/* The table and stubs of patched call sites, where there are any. */
static int in_patch_table(unsigned long at)
{
	const char *set = getenv("LODGER_SET");

	return set && strncmp(set, "patch", 5) == 0 &&
	       in(at, LODGER_PATCH_SLOTS,
		  LODGER_PATCH_COUNT * LODGER_PATCH_SLOT_BYTES);
}

static int in_patch_stubs(unsigned long at)
{
	const char *set = getenv("LODGER_SET");

	return set && strncmp(set, "patch", 5) == 0 &&
	       in(at, LODGER_MOVED_STUBS,
		  LODGER_PATCH_STUBS - LODGER_MOVED_STUBS +
			  LODGER_PATCH_COUNT * LODGER_PATCH_STUB_BYTES);
}

static int may_read(unsigned long at)
{
	if (in_patch_table(at) || in_patch_stubs(at))
		return 1;
	return in(at, LODGER_GATE_TEXT, LODGER_PAGE_SIZE) ||
	       in(at, LODGER_GATE_CONST, LODGER_PAGE_SIZE) ||
	       in(at, LODGER_USER_PAGE, LODGER_PAGE_SIZE) ||
	       in(at, LODGER_SIGSTACK_BASE, LODGER_SIGSTACK_SIZE);
}

static int may_write(unsigned long at)
{
	return in(at, LODGER_SIGSTACK_BASE, LODGER_SIGSTACK_SIZE);
}

/* With protection keys the core's text can be executed, to no avail: a_pkey.c. It
 * lies somewhere in the first megabyte. */
static int in_key_text(unsigned long at)
{
	return *(volatile unsigned *)LODGER_GATE_KEY &&
	       in(at, LODGER_IMAGE_ADDR + LODGER_PAGE_SIZE, 0x100000);
}

static int may_run(unsigned long at)
{
	if (in_key_text(at))
		return 1;
	return in_patch_stubs(at) || in(at, LODGER_GATE_TEXT, LODGER_PAGE_SIZE);
}

/* Calls look(address) for each page up to the core's end, samples beyond. */
static void each_page(void (*look)(unsigned long at))
{
	const unsigned long end = CORE_END;
	unsigned long at;

	for (at = LODGER_WINDOW_BASE; at < end; at += LODGER_PAGE_SIZE)
		look(at);
	for (; at < LODGER_WINDOW_END; at += SAMPLE_STEP)
		look(at);
	look(LODGER_WINDOW_END - LODGER_PAGE_SIZE);
}

static void look_read(unsigned long at)
{
	/* a page's first byte, its last one, or any */
	unsigned long byte = at + (at / LODGER_PAGE_SIZE * 273 & 4095);

	if (attack_can_read(byte) != may_read(at))
		test_fail(__FILE__, __LINE__, "reading %#lx: signal %d", byte,
			  attack_trapped.sig);
}

static void look_write(unsigned long at)
{
	if (attack_can_write(at + 8) != may_write(at))
		test_fail(__FILE__, __LINE__, "writing %#lx: signal %d", at,
			  attack_trapped.sig);
}

static void look_run(unsigned long at)
{
	if (may_run(at))
		return; /* a_gate.c */
	if (attack_can_run(at + (at & LODGER_PAGE_SIZE ? 0xfff : 0)))
		test_fail(__FILE__, __LINE__, "executing %#lx: signal %d at %#lx",
			  at, attack_trapped.sig, attack_trapped.ip);
}

/* Would show other programs' data, keys of the kernel's random numbers... */
static void read_window(void)
{
	attack_need_machine();
	each_page(look_read);
}

/* Would make any program the kernel. */
static void write_window(void)
{
	attack_need_machine();
	each_page(look_write);
	attack_check_alive();
}

/* Would call the host-call stub: host calls with arguments of the program's. */
static void run_window(void)
{
	attack_need_machine();
	each_page(look_run);
	attack_check_alive();
}

/* One instruction that begins in user memory and ends in the core would pass
 * a check of its first byte. */
static void read_16(void *at)
{
	__asm__ volatile("movups (%0), %%xmm0" : : "r"(at) : "xmm0");
}

static void copy_across(void *at)
{
	void *to = attack_page(0);
	unsigned long bytes = 64;

	__asm__ volatile("rep movsb"
			 : "+S"(at), "+D"(to), "+c"(bytes)
			 :
			 : "memory");
}

static void straddle(void)
{
	const unsigned long end = LODGER_SIGSTACK_END;

	attack_need_machine();
	CHECK_EQ(attack_try(read_16, (void *)(end - 8)), SIGSEGV);
	CHECK_EQ(attack_try(copy_across, (void *)(end - 8)), SIGSEGV);
	CHECK_EQ(attack_trapped.addr, end);
	CHECK_EQ(attack_try(read_16, (void *)(LODGER_CORE_BASE - 8)), SIGSEGV);
	CHECK_EQ(attack_try(read_16, (void *)(CORE_END - 8)), SIGSEGV);
}

/* The fault must be told with its own address, and as no mapping of ours. */
static void fault_address(void)
{
	attack_need_machine();
	CHECK(!attack_can_read(LODGER_CORE_BASE + 0x1234));
	CHECK_EQ(attack_trapped.sig, SIGSEGV);
	CHECK_EQ(attack_trapped.addr, LODGER_CORE_BASE + 0x1234);
}

/* Instructions that look without touching must not tell. */
static void do_prefetch(void *at)
{
	__asm__ volatile("prefetcht0 (%0); clflush (%1)" : : "r"(at), "r"(at));
}

static void locked(void *at)
{
	__asm__ volatile("lock incl (%0)" : : "r"(at) : "memory");
}

static void exchanged(void *at)
{
	unsigned long value = 0;

	__asm__ volatile("lock cmpxchg %0, (%1)"
			 : "+r"(value)
			 : "r"(at)
			 : "rax", "memory");
}

static void other_instructions(void)
{
	void *core = (void *)LODGER_COUNTERS_ADDR;

	attack_need_machine();
	attack_try(do_prefetch, core);
	CHECK_EQ(attack_try(locked, core), SIGSEGV);
	CHECK_EQ(attack_try(exchanged, core), SIGSEGV);
	CHECK_EQ(attack_try(locked, (void *)LODGER_GATE_TEXT), SIGSEGV);
	CHECK_EQ(attack_try(locked, (void *)LODGER_GATE_CONST), SIGSEGV);
	attack_check_closed();
}

static const struct test_case cases[] = {
	{ "reading shows the gate and the signal stack only", read_window },
	{ "writing reaches the signal stack only", write_window },
	{ "jumping reaches the gate's text only", run_window },
	{ "accesses that straddle an edge", straddle },
	{ "faults in the window tell their address", fault_address },
	{ "locked and prefetching instructions", other_instructions },
};
TEST_MAIN(cases)
