/*
 * The gate's text executed by a program: every byte of the page, with the
 * registers that would suit its calls, in 64-bit and in 32-bit mode.
 *
 * TEST-TIMEOUT: 300
 *
 * Without the defence (in user mode the gate's own `syscall`s are a program's
 * calls like any other) a jump to the opening mprotect opens the core, one to
 * rt_sigreturn loads any selectors, flags and vector state, and one behind
 * the closing call's check enters user mode with the core open.
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
#define FRAME_BYTES 1024

/* Where the text ends and zeros begin. */
static unsigned long gate_text_bytes(void)
{
	const unsigned char *text = (const unsigned char *)LODGER_GATE_TEXT;
	unsigned long n = LODGER_PAGE_SIZE;

	while (n && !text[n - 1])
		n--;
	return n;
}

/* Progress of a child that may die at any jump. */
struct progress {
	volatile unsigned long next;
	volatile unsigned long survived;
};

struct run {
	struct attack_regs regs;
	unsigned long end;
	struct progress *progress;
};

static void jump(void *regs)
{
	attack_jump(regs);
}

/* A jump may end in a loop where nobody sees it. */
static int jump_with_limit(struct attack_regs *regs)
{
	const struct itimerval limit = { { 0, 0 }, { 0, 300000 } };
	const struct itimerval none = { { 0, 0 }, { 0, 0 } };
	int sig;

	setitimer(ITIMER_REAL, &limit, NULL);
	sig = attack_try(jump, regs);
	setitimer(ITIMER_REAL, &none, NULL);
	return sig;
}

/*
 * The call gate's way out takes the registers of the program's last return,
 * so a jump into it may come back as that return once more: the program's own
 * business. The signal gate has nothing of the kind.
 */
static int may_return(void)
{
	const char *set = getenv("LODGER_SET");

	return set && strcmp(set, "umlinux") != 0;
}

static void run_offsets(struct run *run)
{
	struct progress *p = run->progress;

	attack_can_read(0);
	attack_catch(SIGALRM);
	while (p->next < run->end) {
		run->regs.rip = LODGER_GATE_TEXT + p->next++;
		CHECK(jump_with_limit(&run->regs) != 0 || may_return());
		CHECK(!attack_can_read(LODGER_CORE_BASE));
		CHECK(!attack_can_write(LODGER_COUNTERS_ADDR));
		p->survived++;
	}
}

/*
 * Jumps to every offset of the gate's page below `end` with these registers.
 * A child does it and is replaced when a jump kills it.
 */
static void every_offset(const struct attack_regs *regs, unsigned long end)
{
	struct progress *p = attack_shared(sizeof(*p));
	struct run run = { *regs, end, p };

	while (p->next < end) {
		pid_t pid = test_fork();
		int status;

		if (pid == 0) {
			run_offsets(&run);
			_exit(0);
		}
		status = test_wait(pid);
		if (WIFEXITED(status) && WEXITSTATUS(status))
			_exit(1); /* has said what failed */
	}
	test_note("%lu of %lu jumps came back by a signal", p->survived, end);
	attack_check_closed();
	attack_check_alive();
}

static unsigned char *own_stack(void)
{
	return (unsigned char *)attack_page(STACK_TOP - PAGE_SIZE) + PAGE_SIZE;
}

/* The opening call's registers, exactly. */
static void open_registers(void)
{
	struct attack_regs regs = { .rax = __NR_mprotect,
				    .rdi = LODGER_CORE_BASE,
				    .rdx = PROT_READ | PROT_WRITE | PROT_EXEC };

	attack_need_machine();
	regs.rsi = attack_core_bytes();
	regs.rsp = (uint64_t)own_stack() - 256;
	every_offset(&regs, gate_text_bytes() + 16);
}

/* The closing call's: the core is closed already, so it would succeed, and
 * the gate would go on to its rt_sigreturn. */
static void close_registers(void)
{
	struct attack_regs regs = { .rax = __NR_mprotect,
				    .rdi = LODGER_CORE_BASE,
				    .rdx = PROT_NONE };

	attack_need_machine();
	regs.rsi = attack_core_bytes();
	regs.rsp = (uint64_t)own_stack() - 256;
	every_offset(&regs, gate_text_bytes() + 16);
}

/* A frame such as rt_sigreturn reads, for the core's first instruction. */
static void forge(struct ucontext *uc)
{
	memset(uc, 0, sizeof(*uc));
	uc->uc_mcontext.rip = LODGER_IMAGE_ADDR;
	uc->uc_mcontext.rsp = LODGER_CORE_BASE + 0x8000;
	uc->uc_mcontext.cs = 0x33;
	uc->uc_mcontext.ss = 0x2b;
	uc->uc_mcontext.eflags = 0x202;
}

static void sigreturn_registers(void)
{
	struct attack_regs regs = { .rax = __NR_rt_sigreturn };
	unsigned char *top = own_stack();

	attack_need_machine();
	forge((struct ucontext *)(top - FRAME_BYTES));
	regs.rsp = (uint64_t)(top - FRAME_BYTES);
	every_offset(&regs, gate_text_bytes() + 16);
}

/* The same frame where the host's frames are. */
static void sigreturn_on_signal_stack(void)
{
	struct attack_regs regs = { .rax = __NR_rt_sigreturn };

	attack_need_machine();
	forge((struct ucontext *)(LODGER_SIGSTACK_BASE + 0x1000));
	regs.rsp = LODGER_SIGSTACK_BASE + 0x1000;
	every_offset(&regs, gate_text_bytes() + 16);
}

/* gate_leave takes its frame from rdi. */
static void leave_registers(void)
{
	struct attack_regs regs = { .rax = __NR_getpid };
	unsigned char *top = own_stack();

	attack_need_machine();
	forge((struct ucontext *)(top - FRAME_BYTES));
	regs.rdi = (uint64_t)(top - FRAME_BYTES);
	regs.rsp = (uint64_t)top - 64;
	every_offset(&regs, gate_text_bytes() + 16);
}

/* Registers of a call that user mode is allowed: must return its answer to
 * the gate's next instruction, in user mode. */
static void harmless_registers(void)
{
	struct attack_regs regs = { .rax = __NR_getpid };

	attack_need_machine();
	regs.rsp = (uint64_t)own_stack() - 256;
	every_offset(&regs, LODGER_PAGE_SIZE);
}

/* The stack pointer in the core: a push before the opening would write there
 * if the core were open. */
static void stack_in_core(void)
{
	struct attack_regs regs = { .rax = __NR_mprotect,
				    .rdi = LODGER_CORE_BASE,
				    .rdx = PROT_READ | PROT_WRITE | PROT_EXEC };

	attack_need_machine();
	regs.rsi = attack_core_bytes();
	regs.rsp = LODGER_CORE_BASE + 0x8000;
	every_offset(&regs, gate_text_bytes());
}

/* The handler called as a function, as the host would: signal number, info
 * and context of our making. */
static long handler_signal;

static void call_handler(void)
{
	void (*handler)(long, void *, void *) =
		(void (*)(long, void *, void *))LODGER_GATE_TEXT;

	handler(handler_signal, (void *)LODGER_SIGSTACK_BASE,
		(void *)LODGER_SIGSTACK_BASE);
}

static void handler_directly(void)
{
	attack_need_machine();
	for (handler_signal = 0; handler_signal < 64; handler_signal++)
		attack_dies(call_handler, SIGSEGV);
	attack_check_closed();
	attack_check_alive();
}

/* ---- 32-bit mode ------------------------------------------------------------------- */

static unsigned long target32;

/* Far return to the compatibility-mode code segment. */
static void go_32_bit(void)
{
	void *stack = own_stack() - 64;

	__asm__ volatile("mov %0, %%rsp; pushq $0x23; pushq %1; lretq"
			 :
			 : "r"(stack), "r"(target32), "a"(__NR_mprotect),
			   "D"(LODGER_CORE_BASE), "S"(0x200000L), "d"(7L),
			   "b"(LODGER_CORE_BASE), "c"(0x200000L)
			 : "memory");
	__builtin_unreachable();
}

/* Whatever it does there, its first trap must end it: a program that the
 * kernel took for 64-bit code would have its registers misread. */
static void gate_as_32_bit_code(void)
{
	const unsigned long end = LODGER_GATE_TEXT + gate_text_bytes() + 8;

	attack_need_machine();
	for (target32 = LODGER_GATE_TEXT; target32 < end; target32++)
		attack_dies(go_32_bit, SIGSEGV);
	attack_check_closed();
	attack_check_alive();
}

static const struct {
	const char *name;
	unsigned char code[16];
} code32[] = {
	{ "int 0x80", { 0xb8, 20, 0, 0, 0, 0xcd, 0x80, 0xeb, 0xfe } },
	{ "syscall", { 0xb8, 20, 0, 0, 0, 0x0f, 0x05, 0xeb, 0xfe } },
	{ "syscall mprotect", { 0xb8, 125, 0, 0, 0, 0x0f, 0x05, 0xeb, 0xfe } },
	{ "sysenter", { 0xb8, 20, 0, 0, 0, 0x0f, 0x34, 0xeb, 0xfe } },
	{ "a read of the core", { 0xa1, 0, 0, 0x20, 0x70, 0xeb, 0xfe } },
	{ "ud2", { 0x0f, 0x0b } },
	{ "int3", { 0xcc, 0xeb, 0xfe } },
	{ "a loop until the timer", { 0xeb, 0xfe } },
	{ "far jump to the gate in 64-bit mode",
	  { 0xea, 0, 0, 0, 0x70, 0x33, 0 } },
	{ "pushes down from the stack's page", { 0x50, 0xeb, 0xfd } },
};

/* A machine with one program to run has no clock interrupt of its own: the
 * loops among them would never trap. */
static void go_32_bit_under_timer(void)
{
	const struct itimerval soon = { { 0, 50000 }, { 0, 50000 } };

	setitimer(ITIMER_REAL, &soon, NULL);
	go_32_bit();
}

static void other_32_bit_code(void)
{
	unsigned char *page = attack_page(0x20000000);
	size_t i;

	attack_need_machine();
	for (i = 0; i < ARRAY_SIZE(code32); i++) {
		int status;

		memcpy(page, code32[i].code, sizeof(code32[i].code));
		target32 = (unsigned long)page;
		status = test_status(go_32_bit_under_timer);
		if (!WIFSIGNALED(status))
			test_fail(__FILE__, __LINE__, "%s: wait status %#x",
				  code32[i].name, status);
	}
	attack_check_closed();
	attack_check_alive();
}

static const struct test_case cases[] = {
	{ "every byte, registers of the opening call", open_registers },
	{ "every byte, registers of the closing call", close_registers },
	{ "every byte, rt_sigreturn and a forged frame", sigreturn_registers },
	{ "every byte, a forged frame on the signal stack",
	  sigreturn_on_signal_stack },
	{ "every byte, registers of the way out", leave_registers },
	{ "every byte of the page, a harmless call", harmless_registers },
	{ "every byte, the stack in the core", stack_in_core },
	{ "the handler called directly", handler_directly },
	{ "every byte as 32-bit code", gate_as_32_bit_code },
	{ "other code in 32-bit mode", other_32_bit_code },
};
TEST_MAIN(cases)
