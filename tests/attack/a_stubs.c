/*
 * The stubs of patched call sites entered at every byte, those that answer from
 * the user page among them, in 64-bit and in 32-bit mode.
 *
 * TEST-TIMEOUT: 120
 *
 * Without the defence (a stub does nothing but what the program may do: a system
 * call, or a load that user mode may make; one interrupted inside a stub is never
 * shown the window) a program could stand in the window with a state of its
 * choice.
 */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <syscall.h>
#include <test.h>
#include <unistd.h>

#include "libattack.h"

#define STACK_TOP 0x30001000UL
#define STUBS_MAX 8
#define CALLS 20

static unsigned long stub[STUBS_MAX];
static int stub_count;

static void need_patched_sites(void)
{
	const char *set = getenv("LODGER_SET");

	attack_need_machine();
	if (!set || strncmp(set, "patch", 5) != 0)
		test_skip("no patched sites in this set");
}

/* Sites of both kinds, often enough used; then what stubs the table names. */
static void find_stubs(void)
{
	const unsigned long *slot = (const unsigned long *)LODGER_PATCH_SLOTS;
	int i;

	for (i = 0; i < CALLS; i++) {
		sys0(__NR_getpid);
		sys0(__NR_getuid);
		sys0(__NR_getppid);
		sys2(__NR_getpriority, 0, 0);
	}
	for (i = 0; i < LODGER_PATCH_COUNT && stub_count < STUBS_MAX; i++)
		if (slot[i])
			stub[stub_count++] = slot[i];
	CHECK(stub_count >= 4);
}

static void jump(void *regs)
{
	attack_jump(regs);
}

/* A jump may go on for ever where a stub's number is a call that waits. */
static void limited(struct attack_regs *regs)
{
	const struct itimerval limit = { { 0, 0 }, { 0, 50000 } };
	const struct itimerval none = { { 0, 0 }, { 0, 0 } };

	setitimer(ITIMER_REAL, &limit, NULL);
	attack_try(jump, regs);
	setitimer(ITIMER_REAL, &none, NULL);
}

static struct attack_regs at_byte;

static void enter(void)
{
	attack_can_read(0);
	attack_catch(SIGALRM);
	limited(&at_byte);
	CHECK(!attack_can_read(LODGER_CORE_BASE));
	CHECK(!attack_can_write(LODGER_COUNTERS_ADDR));
}

static void every_byte(void)
{
	unsigned long i;
	int n;

	need_patched_sites();
	find_stubs();
	at_byte.rsp = (unsigned long)attack_page(STACK_TOP - PAGE_SIZE) + 2048;
	for (n = 0; n < stub_count; n++)
		for (i = 0; i < LODGER_PATCH_STUB_BYTES; i++) {
			at_byte.rip = stub[n] + i;
			attack_harmless(enter);
		}
	attack_check_closed();
	attack_check_alive();
}

static unsigned long target32;

/* Under a timer: a machine with one program to run has no clock interrupt of its
 * own, and code that loops would never trap. */
static void go_32_bit(void)
{
	const struct itimerval soon = { { 0, 20000 }, { 0, 20000 } };
	char *stack = (char *)attack_page(STACK_TOP - PAGE_SIZE) + 2048;

	setitimer(ITIMER_REAL, &soon, NULL);
	__asm__ volatile("mov %0, %%rsp; pushq $0x23; pushq %1; lretq"
			 :
			 : "r"(stack), "r"(target32)
			 : "memory");
	__builtin_unreachable();
}

static void as_32_bit_code(void)
{
	unsigned long i;
	int n;

	need_patched_sites();
	find_stubs();
	for (n = 0; n < stub_count; n++)
		for (i = 0; i < LODGER_PATCH_STUB_BYTES; i++) {
			target32 = stub[n] + i;
			attack_dies(go_32_bit, SIGSEGV);
		}
	attack_check_closed();
	attack_check_alive();
}

/* A call site whose return address, as it stands in the stub, is a jump to
 * itself: 0x20feeb00 is 00 eb fe 20. */
#define LOOP_RETURN 0x20feeb00UL
#define LOOP_BYTE 2 /* in `mov $return, %ecx` */

static unsigned long loop_site(int nr)
{
	const unsigned char code[] = { 0xb8, (unsigned char)nr, 0, 0, 0,
				       0x0f, 0x05, 0xc3 };
	unsigned char *site = (unsigned char *)LOOP_RETURN - 7;
	const unsigned long *slot = (const unsigned long *)LODGER_PATCH_SLOTS;
	int i;

	attack_page(LOOP_RETURN & ~(PAGE_SIZE - 1));
	memcpy(site, code, sizeof(code));
	for (i = 0; i < CALLS; i++)
		((long (*)(void))site)();
	for (i = 0; i < LODGER_PATCH_COUNT; i++)
		if (slot[i] && *(const unsigned int *)(slot[i] + 1) == LOOP_RETURN)
			return slot[i];
	test_fail(__FILE__, __LINE__, "the site was not patched");
}

static int loop_number;

static void loop_in_a_stub(void)
{
	const struct itimerval soon = { { 0, 20000 }, { 0, 20000 } };
	unsigned long at = loop_site(loop_number) + LOOP_BYTE;

	setitimer(ITIMER_REAL, &soon, NULL);
	((void (*)(void))at)();
}

/* An interrupt must end it: it never gets to the gate by itself. */
static void looping_inside(void)
{
	need_patched_sites();
	loop_number = __NR_getppid;
	attack_dies(loop_in_a_stub, SIGSEGV);
	loop_number = __NR_getpid;
	attack_dies(loop_in_a_stub, SIGSEGV);
	attack_check_alive();
}

static const struct test_case cases[] = {
	{ "every byte of the stubs", every_byte },
	{ "every byte as 32-bit code", as_32_bit_code },
	{ "a loop of a return address's bytes", looping_inside },
};

TEST_MAIN(cases)
