/*
 * The stubs of patched call sites entered at every byte, those that answer from
 * the user page among them, in 64-bit and in 32-bit mode.
 *
 * TEST-TIMEOUT: 120
 * TEST-RACY
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

static struct {
	unsigned long at, bytes;
} stub[STUBS_MAX];
static int stub_count;

static void need_patched_sites(void)
{
	const char *set = getenv("LODGER_SET");

	attack_need_machine();
	if (!set || strncmp(set, "patch", 5) != 0)
		test_skip("no patched sites in this set");
}

#define MOVED_SITE 0x22000100UL
#define MOVED_INSN 10 /* offset in its stub: hal/patch_moved.c */

/* A site whose number is not its own, with this instruction of five bytes behind;
 * returns its stub. */
static unsigned long moved_stub(const char *insn)
{
	char *page = attack_page(MOVED_SITE & ~(PAGE_SIZE - 1));
	unsigned char *site = (unsigned char *)MOVED_SITE;
	int i, distance;

	memcpy(site, "\x89\xf8\x0f\x05", 4); /* mov %edi, %eax; syscall */
	memcpy(site + 4, insn, 5);
	site[9] = 0xc3;
	CHECK_OK(mprotect(page, PAGE_SIZE, PROT_READ | PROT_EXEC));
	for (i = 0; i < CALLS; i++)
		((long (*)(long))MOVED_SITE)(__NR_getppid);
	CHECK_EQ(site[2], 0xe9);
	memcpy(&distance, site + 3, sizeof(distance));
	return MOVED_SITE + 7 + (unsigned long)(long)distance;
}

/* Sites of all kinds, often enough used; then what stubs the table names. */
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
	stub[0].at = moved_stub("\x48\x8d\x40\x01\x90"); /* lea 1(%rax), %rax */
	stub[0].bytes = LODGER_MOVED_STUB_BYTES;
	stub_count = 1;
	for (i = 0; i < LODGER_PATCH_COUNT && stub_count < STUBS_MAX; i++)
		if (slot[i]) {
			stub[stub_count].at = slot[i];
			stub[stub_count++].bytes = LODGER_PATCH_STUB_BYTES;
		}
	CHECK(stub_count >= 5);
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

/* The stack is there: an emulated processor's far return (0xca is in some stubs)
 * takes a missing one for a fault of its kernel's. */
static void enter(void)
{
	*(volatile unsigned long *)at_byte.rsp = 0;
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
		for (i = 0; i < stub[n].bytes; i++) {
			at_byte.rip = stub[n].at + i;
			attack_harmless(enter);
		}
	attack_check_closed();
	attack_check_alive();
}

static void nothing(int sig)
{
	(void)sig;
}

/* A timer that interrupts and does not kill: on a busy host it may come before the
 * jump. */
static void interrupt_often(void)
{
	const struct itimerval soon = { { 0, 20000 }, { 0, 20000 } };

	signal(SIGALRM, nothing);
	setitimer(ITIMER_REAL, &soon, NULL);
}

static unsigned long target32;

/* Under a timer: a machine with one program to run has no clock interrupt of its
 * own, and code that loops would never trap. */
static void go_32_bit(void)
{
	char *stack = (char *)attack_page(STACK_TOP - PAGE_SIZE) + 2048;

	interrupt_often();
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
		for (i = 0; i < stub[n].bytes; i++) {
			target32 = stub[n].at + i;
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
	unsigned long at = loop_site(loop_number) + LOOP_BYTE;

	interrupt_often();
	((void (*)(void))at)();
}

/* The same in the instruction that was moved: mov $0xfeeb, %edi. */
static void loop_in_a_moved_one(void)
{
	unsigned long at = moved_stub("\xbf\xeb\xfe\x00\x00") + MOVED_INSN + 1;

	interrupt_often();
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
	attack_dies(loop_in_a_moved_one, SIGSEGV);
	attack_check_alive();
}

static const struct test_case cases[] = {
	{ "every byte of the stubs", every_byte },
	{ "every byte as 32-bit code", as_32_bit_code },
	{ "a loop of a return address's bytes", looping_inside },
};

TEST_MAIN(cases)
