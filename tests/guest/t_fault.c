/*
 * Signals that the processor causes: which one, si_code, si_addr, what the
 * frame says of trap and registers, and repairing the cause.
 */
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <test.h>
#include <unistd.h>

#include "libcpu.h"

static siginfo_t info;
static struct sigcontext context;
static jmp_buf back;

static inline void clear_ac(void)
{
	__asm__ volatile("pushfq\n\t"
			 "andl $~0x40000, (%%rsp)\n\t"
			 "popfq"
			 :
			 :
			 : "cc", "memory");
}

/* Takes notes and leaves by a jump: the cause stays. */
static void escape(int sig, siginfo_t *i, void *c)
{
	/* Handlers start with the alignment checks of what they interrupt. */
	clear_ac();
	(void)sig;
	info = *i;
	context = ((ucontext_t *)c)->uc_mcontext;
	longjmp(back, 1);
}

/* Runs fn; its signal, 0 when there was none; details in info and context. */
static int caught(void (*fn)(void))
{
	static const int sigs[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP };
	struct sigaction act = { .sa_sigaction = escape,
				 .sa_flags = SA_SIGINFO | SA_NODEFER };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(sigs); i++)
		CHECK_OK(sigaction(sigs[i], &act, NULL));
	memset(&info, 0, sizeof(info));
	if (setjmp(back) == 0)
		fn();
	return info.si_signo;
}

static char *page(int prot)
{
	char *p = mmap(NULL, PAGE_SIZE, prot, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	CHECK(p != MAP_FAILED);
	return p;
}

/* Where the single access below goes. */
static volatile char *volatile target;

static void read_target(void)
{
	(void)*target;
}

static void write_target(void)
{
	*target = 1;
}

static void call_target(void)
{
	((void (*)(void))(uintptr_t)target)();
}

/* Page-fault error code bits: SDM volume 3, 4.7. */
#define PF_PRESENT 1
#define PF_WRITE 2
#define PF_USER 4
#define PF_FETCH 16

static void check_segv(int code, unsigned long err)
{
	CHECK_EQ(info.si_signo, SIGSEGV);
	CHECK_EQ(info.si_code, code);
	CHECK(info.si_addr == (void *)target);
	CHECK_EQ(context.trapno, 14);
	CHECK_EQ(context.err, err);
	CHECK_EQ(context.cr2, (unsigned long)target);
}

/* ---- SIGSEGV ------------------------------------------------------------ */

static void segv_null(void)
{
	target = test_bad_pointer;
	CHECK_EQ(caught(read_target), SIGSEGV);
	check_segv(SEGV_MAPERR, PF_USER);
	CHECK_EQ(caught(write_target), SIGSEGV);
	check_segv(SEGV_MAPERR, PF_USER | PF_WRITE);
}

static void segv_unmapped(void)
{
	target = page(PROT_READ);
	CHECK_OK(munmap((void *)target, PAGE_SIZE));
	target += 123;
	CHECK_EQ(caught(read_target), SIGSEGV);
	check_segv(SEGV_MAPERR, PF_USER);
}

static void segv_write_to_read_only(void)
{
	target = page(PROT_READ) + 77;
	(void)*target;
	CHECK_EQ(caught(write_target), SIGSEGV);
	CHECK_EQ(info.si_code, SEGV_ACCERR);
	CHECK(info.si_addr == (void *)target);
	CHECK_EQ(context.err, PF_USER | PF_WRITE | PF_PRESENT);
}

static void segv_write_to_text(void)
{
	target = (volatile char *)(uintptr_t)segv_write_to_text;
	CHECK_EQ(caught(write_target), SIGSEGV);
	CHECK_EQ(info.si_code, SEGV_ACCERR);
	CHECK(info.si_addr == (void *)target);
}

static void segv_no_access(void)
{
	target = page(PROT_NONE) + 4095;
	CHECK_EQ(caught(read_target), SIGSEGV);
	CHECK_EQ(info.si_code, SEGV_ACCERR);
	CHECK(info.si_addr == (void *)target);
	CHECK_EQ(caught(write_target), SIGSEGV);
	CHECK_EQ(info.si_code, SEGV_ACCERR);
}

static void segv_execute_data(void)
{
	target = page(PROT_READ | PROT_WRITE);
	*target = (char)0xc3;
	CHECK_EQ(caught(call_target), SIGSEGV);
	check_segv(SEGV_ACCERR, PF_USER | PF_PRESENT | PF_FETCH);
	CHECK_EQ(context.rip, (unsigned long)target);
}

static void segv_execute_stack(void)
{
	volatile char code[16] = { (char)0xc3 };

	target = code;
	CHECK_EQ(caught(call_target), SIGSEGV);
	CHECK_EQ(info.si_code, SEGV_ACCERR);
}

static void segv_execute_nothing(void)
{
	target = test_bad_pointer;
	CHECK_EQ(caught(call_target), SIGSEGV);
	check_segv(SEGV_MAPERR, PF_USER | PF_FETCH);
}

static void segv_across_pages(void)
{
	char *p = mmap(NULL, 2 * PAGE_SIZE, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	CHECK(p != MAP_FAILED);
	CHECK_OK(munmap(p + PAGE_SIZE, PAGE_SIZE));
	/* The address is that of the first byte that is missing. */
	info.si_signo = 0;
	target = p;
	if (setjmp(back) == 0) {
		struct sigaction act = { .sa_sigaction = escape,
					 .sa_flags = SA_SIGINFO | SA_NODEFER };

		CHECK_OK(sigaction(SIGSEGV, &act, NULL));
		*(volatile uint64_t *)(p + PAGE_SIZE - 3) = 1;
	}
	CHECK_EQ(info.si_signo, SIGSEGV);
	CHECK(info.si_addr == p + PAGE_SIZE);
}

static void segv_not_canonical(void)
{
	target = (char *)(1UL << 60);
	CHECK_EQ(caught(read_target), SIGSEGV);
	CHECK_EQ(info.si_code, SI_KERNEL);
	CHECK(info.si_addr == NULL);
	CHECK_EQ(context.trapno, 13);
}

static void segv_upper_half(void)
{
	target = (char *)0xffff888000000000UL;
	CHECK_EQ(caught(read_target), SIGSEGV);
	CHECK_EQ(info.si_code, SEGV_MAPERR);
	CHECK(info.si_addr == (void *)target);
}

static void do_hlt(void)
{
	__asm__ volatile("hlt");
}

static void do_cli(void)
{
	__asm__ volatile("cli");
}

static void do_read_cr3(void)
{
	unsigned long x;

	__asm__ volatile("mov %%cr3, %0" : "=r"(x));
}

static void do_in(void)
{
	unsigned char x;

	__asm__ volatile("inb $0x80, %0" : "=a"(x));
}

static void do_int(void)
{
	__asm__ volatile("int $0x7f");
}

static void do_load_ds(void)
{
	__asm__ volatile("mov %0, %%ds" : : "r"(0x1230));
}

static void segv_privileged(void)
{
	static void (*const tries[])(void) = { do_hlt, do_cli, do_read_cr3,
					       do_in,  do_int, do_load_ds };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(tries); i++) {
		CHECK_EQ(caught(tries[i]), SIGSEGV);
		CHECK_EQ(info.si_code, SI_KERNEL);
		CHECK_EQ(context.trapno, 13);
	}
}

/* ---- SIGBUS ------------------------------------------------------------- */

static void bus_beyond_end_of_file(void)
{
	int fd;

	test_scratch();
	test_make_file("f", "short");
	fd = (int)CHECK_OK(open("f", O_RDONLY));
	target = mmap(NULL, 2 * PAGE_SIZE, PROT_READ, MAP_PRIVATE, fd, 0);
	CHECK(target != MAP_FAILED);
	CHECK_EQ(target[0], 's');
	CHECK_EQ(target[5], 0);
	CHECK_EQ(target[4095], 0);
	target += PAGE_SIZE + 9;
	CHECK_EQ(caught(read_target), SIGBUS);
	CHECK_EQ(info.si_code, BUS_ADRERR);
	CHECK(info.si_addr == (void *)target);
}

static void unaligned_with_ac(void)
{
	static char buf[16] __attribute__((aligned(16)));

	__asm__ volatile("pushfq\n\t"
			 "orl $0x40000, (%%rsp)\n\t"
			 "popfq\n\t"
			 "movl 1(%0), %%eax\n\t"
			 :
			 : "r"(buf)
			 : "rax", "cc", "memory");
}

static void bus_alignment(void)
{
	int sig = caught(unaligned_with_ac);

	clear_ac();
	if (sig == 0)
		test_skip("this processor does not check alignment");
	CHECK_EQ(sig, SIGBUS);
	CHECK_EQ(info.si_code, BUS_ADRALN);
	CHECK_EQ(context.trapno, 17);
}

/* ---- SIGFPE ------------------------------------------------------------- */

static unsigned long fault_ip;

static void divide_by_zero(void)
{
	int low = 1;
	int high = 0;

	__asm__ volatile("leaq 1f(%%rip), %%rcx\n\t"
			 "movq %%rcx, %2\n"
			 "1:\tidivl %3"
			 : "+a"(low), "+d"(high), "=m"(fault_ip)
			 : "r"(0)
			 : "rcx", "cc");
}

static void divide_overflow(void)
{
	int low = -0x7fffffff - 1;
	int high = -1;

	__asm__ volatile("idivl %2" : "+a"(low), "+d"(high) : "r"(-1) : "cc");
}

static void fpe_integer(void)
{
	CHECK_EQ(caught(divide_by_zero), SIGFPE);
	CHECK_EQ(info.si_code, FPE_INTDIV);
	CHECK_EQ((unsigned long)info.si_addr, fault_ip);
	CHECK_EQ(context.rip, fault_ip);
	CHECK_EQ(context.trapno, 0);
	CHECK_EQ(caught(divide_overflow), SIGFPE);
	CHECK_EQ(info.si_code, FPE_INTDIV);
}

static void sse_divide(void)
{
	static const float one = 1;
	static const float zero = 0;

	cpu_set_mxcsr(0x1f80 & ~0x200U);
	__asm__ volatile("movss %0, %%xmm0\n\t"
			 "divss %1, %%xmm0"
			 :
			 : "m"(one), "m"(zero)
			 : "xmm0");
}

static void fpe_sse(void)
{
	CHECK_EQ(caught(sse_divide), SIGFPE);
	CHECK_EQ(info.si_code, FPE_FLTDIV);
	CHECK_EQ(context.trapno, 19);
	/* The handler began with exceptions masked and jumped out of it. */
	CHECK_EQ(cpu_get_mxcsr(), 0x1f80);
}

static void x87_divide(void)
{
	cpu_set_x87_control(0x37f & ~4);
	__asm__ volatile("fld1\n\t"
			 "fldz\n\t"
			 "fdivrp\n\t"
			 "fwait");
}

static void fpe_x87(void)
{
	CHECK_EQ(caught(x87_divide), SIGFPE);
	CHECK_EQ(info.si_code, FPE_FLTDIV);
	CHECK_EQ(context.trapno, 16);
	CHECK_EQ(cpu_get_x87_control(), 0x37f);
}

/* ---- SIGILL and SIGTRAP ------------------------------------------------- */

static void do_ud2(void)
{
	__asm__ volatile("leaq 1f(%%rip), %%rcx\n\t"
			 "movq %%rcx, %0\n"
			 "1:\tud2"
			 : "=m"(fault_ip)
			 :
			 : "rcx");
}

static void ill_undefined(void)
{
	CHECK_EQ(caught(do_ud2), SIGILL);
	CHECK_EQ(info.si_code, ILL_ILLOPN);
	CHECK_EQ((unsigned long)info.si_addr, fault_ip);
	CHECK_EQ(context.rip, fault_ip);
	CHECK_EQ(context.trapno, 6);
}

static void do_int3(void)
{
	__asm__ volatile("leaq 1f(%%rip), %%rcx\n\t"
			 "movq %%rcx, %0\n\t"
			 "int3\n"
			 "1:"
			 : "=m"(fault_ip)
			 :
			 : "rcx");
}

static void trap_breakpoint(void)
{
	CHECK_EQ(caught(do_int3), SIGTRAP);
	CHECK_EQ(info.si_code, SI_KERNEL);
	CHECK_EQ(context.rip, fault_ip);
	CHECK_EQ(context.trapno, 3);
}

static void set_tf(void)
{
	__asm__ volatile("pushfq\n\t"
			 "orl $0x100, (%%rsp)\n\t"
			 "popfq\n\t"
			 "nop\n\t"
			 "nop"
			 :
			 :
			 : "cc", "memory");
}

static void trap_single_step(void)
{
	CHECK_EQ(caught(set_tf), SIGTRAP);
	CHECK_EQ(info.si_code, TRAP_TRACE);
	CHECK_EQ((unsigned long)info.si_addr, context.rip);
	CHECK_EQ(context.trapno, 1);
}

static volatile int steps;

static void count_steps(int sig, siginfo_t *i, void *c)
{
	(void)sig;
	(void)i;
	/* Nine nops, then TF goes. */
	if (++steps == 10)
		((ucontext_t *)c)->uc_mcontext.eflags &= ~0x100UL;
}

static void trap_stepping_along(void)
{
	struct sigaction act = { .sa_sigaction = count_steps,
				 .sa_flags = SA_SIGINFO };
	unsigned long flags;

	CHECK_OK(sigaction(SIGTRAP, &act, NULL));
	__asm__ volatile("pushfq\n\t"
			 "orl $0x100, (%%rsp)\n\t"
			 "popfq\n\t"
			 "nop; nop; nop; nop; nop\n\t"
			 "nop; nop; nop; nop; nop\n\t"
			 "nop; nop; nop; nop; nop\n\t"
			 "pushfq\n\t"
			 "popq %0"
			 : "=r"(flags)
			 :
			 : "cc", "memory");
	CHECK_EQ(steps, 10);
	CHECK_EQ(flags & 0x100, 0);
}

/* ---- going on after a fault --------------------------------------------- */

static int repairs;

static void repair(int sig, siginfo_t *i, void *c)
{
	unsigned long at = (unsigned long)i->si_addr & ~(PAGE_SIZE - 1);

	(void)sig;
	(void)c;
	repairs++;
	mprotect((void *)at, PAGE_SIZE, PROT_READ | PROT_WRITE);
}

static void repair_and_go_on(void)
{
	struct sigaction act = { .sa_sigaction = repair, .sa_flags = SA_SIGINFO };
	char *p = mmap(NULL, 4 * PAGE_SIZE, PROT_NONE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	unsigned long i;

	CHECK_OK(sigaction(SIGSEGV, &act, NULL));
	/* One string instruction, interrupted at each page. */
	memset(p, 7, 4 * PAGE_SIZE);
	CHECK_EQ(repairs, 4);
	for (i = 0; i < 4 * PAGE_SIZE; i++)
		CHECK_EQ(p[i], 7);
}

static void skip_instruction(int sig, siginfo_t *i, void *c)
{
	struct sigcontext *sc = &((ucontext_t *)c)->uc_mcontext;

	(void)sig;
	(void)i;
	context = *sc;
	sc->rip += 2; /* ud2 */
	sc->rax = 0x1111222233334444;
	sc->r15 += 1;
	sc->rbx = ~sc->rbx;
}

static void registers_in_and_out(void)
{
	struct sigaction act = { .sa_sigaction = skip_instruction,
				 .sa_flags = SA_SIGINFO };
	register unsigned long r15 __asm__("r15") = 0xffff0000ffff0000;
	unsigned long rax = 0xaaaaaaaaaaaaaaaa;
	unsigned long rbx = 0xbbbbbbbbbbbbbbbb;
	unsigned long rdx = 0xdddddddddddddddd;

	CHECK_OK(sigaction(SIGILL, &act, NULL));
	__asm__ volatile("ud2"
			 : "+a"(rax), "+b"(rbx), "+d"(rdx), "+r"(r15)
			 :
			 : "memory");
	CHECK_EQ(context.rax, 0xaaaaaaaaaaaaaaaa);
	CHECK_EQ(context.rbx, 0xbbbbbbbbbbbbbbbb);
	CHECK_EQ(context.rdx, 0xdddddddddddddddd);
	CHECK_EQ(context.r15, 0xffff0000ffff0000);
	CHECK_EQ(context.cs, 0x33);
	CHECK_EQ(context.ss, 0x2b);
	CHECK_EQ(rax, 0x1111222233334444);
	CHECK_EQ(rbx, ~0xbbbbbbbbbbbbbbbb);
	CHECK_EQ(rdx, 0xdddddddddddddddd);
	CHECK_EQ(r15, 0xffff0000ffff0001);
}

static const struct test_case cases[] = {
	{ "SIGSEGV: null pointer", segv_null },
	{ "SIGSEGV: unmapped", segv_unmapped },
	{ "SIGSEGV: write to read-only", segv_write_to_read_only },
	{ "SIGSEGV: write to text", segv_write_to_text },
	{ "SIGSEGV: PROT_NONE", segv_no_access },
	{ "SIGSEGV: execute data", segv_execute_data },
	{ "SIGSEGV: execute the stack", segv_execute_stack },
	{ "SIGSEGV: execute nothing", segv_execute_nothing },
	{ "SIGSEGV: access across two pages", segv_across_pages },
	{ "SIGSEGV: address not canonical", segv_not_canonical },
	{ "SIGSEGV: upper half", segv_upper_half },
	{ "SIGSEGV: privileged instructions", segv_privileged },
	{ "SIGBUS: beyond the end of a file", bus_beyond_end_of_file },
	{ "SIGBUS: alignment", bus_alignment },
	{ "SIGFPE: integer", fpe_integer },
	{ "SIGFPE: SSE", fpe_sse },
	{ "SIGFPE: x87", fpe_x87 },
	{ "SIGILL: undefined", ill_undefined },
	{ "SIGTRAP: breakpoint", trap_breakpoint },
	{ "SIGTRAP: single step", trap_single_step },
	{ "SIGTRAP: ten steps", trap_stepping_along },
	{ "repair and go on", repair_and_go_on },
	{ "registers in and out of the frame", registers_in_and_out },
};

TEST_MAIN(cases)
