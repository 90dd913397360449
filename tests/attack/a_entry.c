/*
 * Ways into a kernel other than `syscall` from an ordinary place.
 *
 * Without the defence (every entry of user mode is reflected, whatever its
 * instruction, number or place; 32-bit ones become a fault) such a call would
 * be made on the host, with arguments of the program's choice.
 */
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <syscall.h>
#include <test.h>
#include <unistd.h>

#include "libattack.h"

#define X32 0x40000000UL
#define VSYSCALL_PAGE 0xffffffffff600000UL

/* ---- `syscall` from odd places ---------------------------------------------------- */

/* mov $39,%eax; syscall; ret */
static const unsigned char getpid_code[] = { 0xb8, 39, 0, 0, 0, 0x0f, 0x05, 0xc3 };

static void place_call(unsigned char *at)
{
	memcpy(at, getpid_code, sizeof(getpid_code));
	CHECK_EQ(((long (*)(void))at)(), getpid());
}

static void odd_places(void)
{
	unsigned char *page = attack_page(0x6ffff000);
	unsigned char stack_page[8] __attribute__((aligned(8)));

	place_call(page);
	place_call(page + PAGE_SIZE - sizeof(getpid_code));
	place_call(attack_page(0x20000000));
	mprotect((void *)((unsigned long)stack_page & -PAGE_SIZE), 2 * PAGE_SIZE,
		 PROT_READ | PROT_WRITE | PROT_EXEC);
	place_call(stack_page);
}

/* The instruction ends where the window begins: the program goes on in the
 * gate, with rax the answer. It may only kill itself. */
static void call_at_the_edge(void)
{
	unsigned char *page = attack_page(0x6ffff000);

	memcpy(page + PAGE_SIZE - 7, getpid_code, 7);
	((void (*)(void))(page + PAGE_SIZE - 7))();
}

static void edge_of_the_window(void)
{
	int status;

	attack_need_machine();
	status = test_status(call_at_the_edge);
	CHECK(WIFSIGNALED(status));
	attack_check_closed();
	attack_check_alive();
}

/* Half of the instruction on a page that is not executable. */
static void split_call(void)
{
	unsigned char *page = attack_page(0x6fffe000);

	attack_page(0x6ffff000);
	memcpy(page + PAGE_SIZE - 6, getpid_code, 6);
	page[PAGE_SIZE] = 0x05;
	page[PAGE_SIZE + 1] = 0xc3;
	CHECK_EQ(((long (*)(void))(page + PAGE_SIZE - 6))(), getpid());
	CHECK_OK(mprotect(page + PAGE_SIZE, PAGE_SIZE, PROT_READ));
	((void (*)(void))(page + PAGE_SIZE - 6))();
}

static void split_over_pages(void)
{
	attack_dies(split_call, SIGSEGV);
}

/* ---- numbers ------------------------------------------------------------------------ */

static void call_number(void *nr)
{
	sys6((long)nr, -1, -1, -1, -1, -1, -1);
}

/* x32: would reach the host's table under names that no policy row has. */
static void x32_numbers(void)
{
	unsigned long nr;

	for (nr = 0; nr < 600; nr++)
		CHECK_EQ(sys6((long)(X32 | nr), 0, 0, 0, 0, 0, 0), -ENOSYS);
}

/* Numbers that index nothing, and -1, which for a tracer means "skip". */
static void wild_numbers(void)
{
	static const long numbers[] = {
		-1, -2, -4096, 512, 1000, 0x7fffffff, (long)0x8000000000000000UL,
		0x7fffffffffffffff, 0xffffffff, (long)0xffffffff00000000UL,
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(numbers); i++) {
		long ret = sys6(numbers[i], 0, 0, 0, 0, 0, 0);

		/* Linux looks at the lower half only: number 0 is read */
		if ((int)numbers[i] == 0)
			CHECK(ret == -ENOSYS || ret == 0 || ret == -EFAULT);
		else
			CHECK_EQ(ret, -ENOSYS);
	}
	CHECK_EQ(attack_try(call_number, (void *)-1L), 0);
	attack_check_alive();
}

/* Numbers without a row: must answer, not panic. */
static void missing_numbers(void)
{
	long nr;

	for (nr = 340; nr < 424; nr++)
		CHECK_EQ(sys6(nr, -1, -1, -1, -1, -1, -1), -ENOSYS);
	for (nr = 463; nr < 600; nr++)
		CHECK(sys6(nr, -1, -1, -1, -1, -1, -1) < 0);
}

/* ---- 32-bit entries ------------------------------------------------------------------ */

static void do_int80(void *nr)
{
	__asm__ volatile("int $0x80"
			 :
			 : "a"(nr), "b"(0L), "c"(0L), "d"(0L), "S"(0L), "D"(0L)
			 : "r8", "r9", "r10", "r11", "memory");
}

/* exit, read, write, open, execve, getpid, mmap, exit_group and the rest: no
 * such entry in this machine, so a protection fault. */
static void int80(void)
{
	long nr;

	attack_need_machine();
	for (nr = -1; nr < 460; nr++)
		if (attack_try(do_int80, (void *)nr) != SIGSEGV)
			test_fail(__FILE__, __LINE__, "int 0x80 with %ld: signal %d",
				  nr, attack_trapped.sig);
}

static void do_sysenter(void *nr)
{
	__asm__ volatile("sysenter" : : "a"(nr), "b"(0L), "c"(0L), "d"(0L)
			 : "memory");
}

static void sysenter_child(void)
{
	do_sysenter((void *)20);
}

static void sysenter(void)
{
	int status = test_status(sysenter_child);

	CHECK(WIFSIGNALED(status));
	CHECK(WTERMSIG(status) == SIGILL || WTERMSIG(status) == SIGSEGV);
	attack_check_alive();
}

static void do_software_interrupt(void *vector)
{
	switch ((long)vector) {
	case 1: __asm__ volatile("int $1"); break;
	case 2: __asm__ volatile("int $2"); break;
	case 8: __asm__ volatile("int $8"); break;
	case 13: __asm__ volatile("int $13"); break;
	case 14: __asm__ volatile("int $14"); break;
	case 32: __asm__ volatile("int $32"); break;
	case 255: __asm__ volatile("int $255"); break;
	}
}

static void software_interrupts(void)
{
	static const long vectors[] = { 1, 2, 8, 13, 14, 32, 255 };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(vectors); i++)
		CHECK_EQ(attack_try(do_software_interrupt, (void *)vectors[i]),
			 SIGSEGV);
}

/* ---- the vsyscall page ------------------------------------------------------------------ */

static void call_vsyscall(void *entry)
{
	long words[8] = { 0 };

	((long (*)(void *, void *, void *))entry)(words, words + 4, NULL);
}

/* Makes no ptrace stop: the host would answer it itself, and with a filter
 * that kills the machine would be gone. */
static void vsyscall(void)
{
	unsigned long at;

	for (at = VSYSCALL_PAGE; at < VSYSCALL_PAGE + 0x1000; at += 0x100) {
		int sig = attack_try(call_vsyscall, (void *)at);

		if (sig != 0 && sig != SIGSEGV && sig != SIGILL)
			test_fail(__FILE__, __LINE__, "vsyscall %#lx: signal %d",
				  at, sig);
	}
	CHECK(!attack_can_write(VSYSCALL_PAGE));
	attack_check_alive();
}

/* The result pointer of the emulated call lies in the window: the host itself
 * would write there. */
static void call_vsyscall_into(void *to)
{
	((long (*)(void *, void *, void *))VSYSCALL_PAGE)(to, to, NULL);
}

static void vsyscall_into_window(void)
{
	attack_need_machine();
	attack_try(call_vsyscall_into, (void *)LODGER_BOOT_ADDR);
	attack_try(call_vsyscall_into, (void *)LODGER_GATE_CONST);
	attack_check_closed();
	attack_check_alive();
}

/* ---- privileged and odd instructions -------------------------------------------------------- */

#define INSTRUCTION(name, text)                                      \
	static void name(void *arg)                                  \
	{                                                            \
		(void)arg;                                           \
		__asm__ volatile(text : : : "rax", "rcx", "rdx", "memory"); \
	}
INSTRUCTION(do_hlt, "hlt")
INSTRUCTION(do_cli, "cli")
INSTRUCTION(do_swapgs, "swapgs")
INSTRUCTION(do_sysret, "sysretq")
INSTRUCTION(do_iret, "push $0; push $0; push $0; push $0; push $0; iretq")
INSTRUCTION(do_lret_0, "push $0; push $0; lretq")
INSTRUCTION(do_lret_kernel, "push $0x10; push $0; lretq")
INSTRUCTION(do_wrmsr, "xor %%ecx, %%ecx; wrmsr")
INSTRUCTION(do_in, "in $0x80, %%al")
INSTRUCTION(do_mov_cr, "mov %%cr0, %%rax")
INSTRUCTION(do_mov_dr, "mov %%db7, %%rax")
INSTRUCTION(do_lidt, "lidt (%%rsp)")
INSTRUCTION(do_ltr, "ltr %%ax")
INSTRUCTION(do_ss, "xor %%eax, %%eax; mov %%ax, %%ss; push %%rax")
INSTRUCTION(do_fs, "mov $0x33, %%eax; mov %%ax, %%fs")
INSTRUCTION(do_xsetbv, "xor %%ecx, %%ecx; xor %%eax, %%eax; xor %%edx, %%edx; xsetbv")

static void privileged(void)
{
	static void (*const instructions[])(void *) = {
		do_hlt, do_cli, do_swapgs, do_sysret, do_iret, do_lret_0,
		do_lret_kernel, do_wrmsr, do_in, do_mov_cr, do_mov_dr, do_lidt,
		do_ltr, do_ss, do_fs, do_xsetbv,
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(instructions); i++) {
		int sig = attack_try(instructions[i], NULL);

		if (sig != SIGSEGV && sig != SIGILL && sig != SIGBUS &&
		    instructions[i] != do_fs)
			test_fail(__FILE__, __LINE__, "instruction %zu: signal %d",
				  i, sig);
	}
	attack_check_alive();
}

/* Null and data selectors in every segment register, then every kind of
 * trap: the kernel must not use what it did not load. */
static void load_selectors(void)
{
	__asm__ volatile("xor %%eax, %%eax; mov %%ax, %%ds; mov %%ax, %%es;"
			 "mov %%ax, %%fs; mov %%ax, %%gs"
			 : : : "rax");
	CHECK_EQ(getpid(), sys0(__NR_getpid));
	__asm__ volatile("mov $0x2b, %%eax; mov %%ax, %%ds; mov %%ax, %%es;"
			 "mov %%ax, %%fs; mov %%ax, %%gs"
			 : : : "rax");
	CHECK_EQ(getpid(), sys0(__NR_getpid));
	attack_can_read(0x20000000);
	test_spin_ms(30);
}

static void selectors(void)
{
	test_child(load_selectors);
	attack_check_alive();
}

static const struct test_case cases[] = {
	{ "syscall from stack, data and edges of user space", odd_places },
	{ "syscall whose next instruction is the gate", edge_of_the_window },
	{ "syscall split over two pages", split_over_pages },
	{ "x32 numbers", x32_numbers },
	{ "wild numbers", wild_numbers },
	{ "numbers that nobody has", missing_numbers },
	{ "int 0x80", int80 },
	{ "sysenter", sysenter },
	{ "other software interrupts", software_interrupts },
	{ "the vsyscall page", vsyscall },
	{ "vsyscall with a result in the window", vsyscall_into_window },
	{ "privileged instructions", privileged },
	{ "odd selectors", selectors },
};
TEST_MAIN(cases)
