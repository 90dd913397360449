/*
 * rt_sigreturn with forged frames: selectors, flags, addresses, masks, stacks
 * and vector state of the program's choice.
 *
 * TEST-TIMEOUT: 120
 *
 * Without the defence (every field checked or forced, vector state that the
 * processor would refuse refused first) the host loads them: a fault inside
 * the return, in the guest kernel's name, ends the machine; I/O privilege or
 * another code segment changes what the kernel takes for granted.
 */
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <syscall.h>
#include <test.h>
#include <unistd.h>

#include "libattack.h"

#define FX_SW_OFFSET 464
#define FX_MXCSR_OFFSET 24
#define XSTATE_HEADER 512
#define XSTATE_BV 0
#define XCOMP_BV 8

/* What the handler does to its own frame before it returns. */
static void (*forge)(struct ucontext *uc, unsigned long value);
static unsigned long forge_value;
static volatile int returned;

static void on_signal(int sig, siginfo_t *info, void *context)
{
	(void)sig;
	(void)info;
	forge(context, forge_value);
}

static void take_signal(void)
{
	struct sigaction act = { .sa_sigaction = on_signal,
				 .sa_flags = SA_SIGINFO };

	CHECK_OK(sigaction(SIGUSR1, &act, NULL));
	CHECK_OK(raise(SIGUSR1));
	returned = 1;
	CHECK_EQ(getpid(), sys0(__NR_getpid));
}

static int forged_status(void (*fn)(struct ucontext *, unsigned long),
			 unsigned long value)
{
	forge = fn;
	forge_value = value;
	return test_status(take_signal);
}

/* Dies of SIGSEGV for this value. */
static void must_die(const char *what,
		     void (*fn)(struct ucontext *, unsigned long),
		     unsigned long value)
{
	int status = forged_status(fn, value);

	if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGSEGV)
		test_fail(__FILE__, __LINE__, "%s %#lx: wait status %#x", what,
			  value, status);
}

/* Dies of a fault or goes on unharmed, the value forced to something sane. */
static void must_be_harmless(const char *what,
			     void (*fn)(struct ucontext *, unsigned long),
			     unsigned long value)
{
	int status = forged_status(fn, value);
	int sig = WTERMSIG(status);

	if (status != 0 && !(WIFSIGNALED(status) &&
			     (sig == SIGSEGV || sig == SIGBUS ||
			      sig == SIGILL || sig == SIGTRAP)))
		test_fail(__FILE__, __LINE__, "%s %#lx: wait status %#x", what,
			  value, status);
}

/* ---- general registers ---------------------------------------------------------------- */

static void set_rip(struct ucontext *uc, unsigned long value)
{
	uc->uc_mcontext.rip = value;
}

static void set_rsp(struct ucontext *uc, unsigned long value)
{
	uc->uc_mcontext.rsp = value;
}

static void set_flags(struct ucontext *uc, unsigned long value)
{
	uc->uc_mcontext.eflags = value;
}

static void set_cs(struct ucontext *uc, unsigned long value)
{
	uc->uc_mcontext.cs = (__u16)value;
}

static void set_ss(struct ucontext *uc, unsigned long value)
{
	uc->uc_mcontext.ss = (__u16)value;
	uc->uc_flags = ~0UL;
}

static void set_gs_fs(struct ucontext *uc, unsigned long value)
{
	uc->uc_mcontext.gs = (__u16)value;
	uc->uc_mcontext.fs = (__u16)value;
}

static const unsigned long window_addresses[] = {
	LODGER_GATE_TEXT, LODGER_GATE_TEXT + 0x20, LODGER_GATE_CONST,
	LODGER_SIGSTACK_BASE, LODGER_SIGSTACK_BASE + 0x800,
	LODGER_SIGSTACK_END - 8, LODGER_CORE_BASE, LODGER_IMAGE_ADDR,
	LODGER_CORE_BASE + 0x200000, LODGER_WINDOW_END - 1,
	LODGER_WINDOW_END, 0, 8, 0x7fffffffefff, 0x7ffffffff000,
	0x800000000000, 0x8000000000000000, 0xffff800000000000,
	0xffffffff81000000, ~0UL,
};

/* Without it: a jump into the kernel's text with registers of one's own. */
static void rip_elsewhere(void)
{
	size_t i;

	attack_need_machine();
	for (i = 0; i < ARRAY_SIZE(window_addresses); i++)
		must_die("rip", set_rip, window_addresses[i]);
	attack_check_closed();
	attack_check_alive();
}

/* Where the next trap's frame would go. */
static void rsp_elsewhere(void)
{
	size_t i;

	attack_need_machine();
	for (i = 0; i < ARRAY_SIZE(window_addresses); i++)
		must_be_harmless("rsp", set_rsp, window_addresses[i]);
	attack_check_closed();
	attack_check_alive();
}

static void flags(void)
{
	static const unsigned long values[] = {
		~0UL, 0, 2, 0x3202, 0x4202, 0x10202, 0x20202, 0x40202,
		0x80202, 0x100202, 0x1f0202, 0x200202, 0x602, 0xa02,
		0xffffffff00000202,
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(values); i++)
		must_be_harmless("flags", set_flags, values[i]);
	attack_check_alive();
}

/* A program that steps itself by a forged TF dies of SIGTRAP, or not. */
static void trap_flag(void)
{
	must_be_harmless("flags", set_flags, 0x302);
	attack_check_alive();
}

static void code_selectors(void)
{
	unsigned long value;

	/* all of the host's table, each privilege, and a local table */
	for (value = 0; value < 0x100; value++)
		if (value != 0x33)
			must_be_harmless("cs", set_cs, value);
	must_be_harmless("cs", set_cs, 0xffff);
	attack_check_alive();
}

static void other_selectors(void)
{
	unsigned long value;

	for (value = 0; value < 0x100; value += 3) {
		must_be_harmless("ss", set_ss, value);
		must_be_harmless("gs and fs", set_gs_fs, value);
	}
	attack_check_alive();
}

static void fill_general(struct ucontext *uc, unsigned long value)
{
	struct sigcontext sc = uc->uc_mcontext;

	memset(&uc->uc_mcontext, (int)value, sizeof(uc->uc_mcontext));
	uc->uc_mcontext.rip = sc.rip;
	uc->uc_mcontext.rsp = sc.rsp;
	uc->uc_mcontext.rbp = sc.rbp;
	uc->uc_mcontext.rbx = sc.rbx;
	uc->uc_mcontext.r12 = sc.r12;
	uc->uc_mcontext.r13 = sc.r13;
	uc->uc_mcontext.r14 = sc.r14;
	uc->uc_mcontext.r15 = sc.r15;
	uc->uc_mcontext.fpstate = NULL;
}

static void fill_all(struct ucontext *uc, unsigned long value)
{
	memset(uc, (int)value, sizeof(*uc));
}

static void garbage(void)
{
	static const unsigned long bytes[] = { 0, 0xff, 0x41, 0x80, 0x70 };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(bytes); i++) {
		must_be_harmless("context of", fill_general, bytes[i]);
		must_be_harmless("frame of", fill_all, bytes[i]);
	}
	attack_check_alive();
}

/* ---- masks and stacks ------------------------------------------------------------------ */

static void set_mask(struct ucontext *uc, unsigned long value)
{
	memcpy(&uc->uc_sigmask, &value, sizeof(value));
}

static volatile int *shared_ready;

static void block_all_and_wait(void)
{
	forge = set_mask;
	forge_value = ~0UL;
	take_signal();
	*shared_ready = 1;
	for (;;)
		;
}

/* SIGKILL and SIGSTOP blocked by the frame's mask: a program that nobody can
 * end. */
static void unkillable(void)
{
	pid_t pid;
	int status;

	shared_ready = attack_shared(4096);
	pid = test_fork();
	if (pid == 0) {
		block_all_and_wait();
		_exit(0);
	}
	WAIT_UNTIL(*shared_ready);
	CHECK_OK(kill(pid, SIGSTOP));
	CHECK_EQ(waitpid(pid, &status, WUNTRACED), pid);
	CHECK(WIFSTOPPED(status));
	CHECK_OK(kill(pid, SIGKILL));
	CHECK_EQ(WTERMSIG(test_wait(pid)), SIGKILL);
}

static void set_stack(struct ucontext *uc, unsigned long value)
{
	uc->uc_stack.ss_sp = (void *)value;
	uc->uc_stack.ss_size = 0x100000;
	uc->uc_stack.ss_flags = 0;
}

static void set_stack_flags(struct ucontext *uc, unsigned long value)
{
	uc->uc_stack.ss_flags = (int)value;
	uc->uc_stack.ss_size = ~0UL;
}

static void set_uc_flags(struct ucontext *uc, unsigned long value)
{
	uc->uc_flags = value;
	uc->uc_link = (struct ucontext *)value;
}

static void stacks(void)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(window_addresses); i++) {
		must_be_harmless("stack", set_stack, window_addresses[i]);
		must_be_harmless("uc_flags", set_uc_flags, window_addresses[i]);
	}
	must_be_harmless("stack flags", set_stack_flags, ~0UL);
	attack_check_alive();
}

/* ---- where the frame is ------------------------------------------------------------------- */

static volatile unsigned long frame_at;

static void return_from(void)
{
	__asm__ volatile("mov %0, %%rsp; mov %1, %%eax; syscall"
			 :
			 : "r"(frame_at), "i"(__NR_rt_sigreturn)
			 : "memory");
	__builtin_unreachable();
}

/* No frame was ever there: unmapped, misaligned, in the window, on the edge
 * of what is mapped. */
static void frame_places(void)
{
	unsigned char *page = attack_page(0x30000000);
	size_t i;

	for (i = 0; i < ARRAY_SIZE(window_addresses); i++) {
		frame_at = window_addresses[i];
		attack_dies(return_from, SIGSEGV);
		frame_at = window_addresses[i] - 100;
		attack_dies(return_from, SIGSEGV);
	}
	memset(page, 0, PAGE_SIZE);
	for (frame_at = 0x30000000 - 16; frame_at < 0x30000040; frame_at += 3)
		attack_dies(return_from, SIGSEGV);
	for (frame_at = 0x30000ff0; frame_at < 0x30001010; frame_at += 5)
		attack_dies(return_from, SIGSEGV);
	attack_check_alive();
}

/* Returning again and again from nothing in particular. */
static void return_storm_child(void)
{
	struct sigaction act = { .sa_sigaction = on_signal,
				 .sa_flags = SA_SIGINFO };
	int i;

	forge = set_mask;
	forge_value = 0;
	CHECK_OK(sigaction(SIGUSR1, &act, NULL));
	for (i = 0; i < 2000; i++)
		CHECK_OK(raise(SIGUSR1));
}

static void return_storm(void)
{
	test_child(return_storm_child);
}

/* ---- vector state --------------------------------------------------------------------------- */

static unsigned char *fx_of(struct ucontext *uc)
{
	return (unsigned char *)uc->uc_mcontext.fpstate;
}

static struct _fpx_sw_bytes *sw_of(struct ucontext *uc)
{
	return (struct _fpx_sw_bytes *)(fx_of(uc) + FX_SW_OFFSET);
}

static void set_fpstate(struct ucontext *uc, unsigned long value)
{
	uc->uc_mcontext.fpstate = (void *)value;
}

static void shift_fpstate(struct ucontext *uc, unsigned long value)
{
	uc->uc_mcontext.fpstate = (void *)(fx_of(uc) + value);
}

/* Copied to end exactly at, or run over, the end of what is mapped. */
static void move_fpstate(struct ucontext *uc, unsigned long value)
{
	unsigned char *page = attack_page(0x30000000);
	unsigned long keep = value < PAGE_SIZE ? value : PAGE_SIZE;

	memcpy(page + PAGE_SIZE - keep, fx_of(uc), keep);
	uc->uc_mcontext.fpstate = (void *)(page + PAGE_SIZE - keep);
}

static void set_mxcsr(struct ucontext *uc, unsigned long value)
{
	uint32_t mxcsr = (uint32_t)value;

	memcpy(fx_of(uc) + FX_MXCSR_OFFSET, &mxcsr, sizeof(mxcsr));
}

static void set_xstate_bv(struct ucontext *uc, unsigned long value)
{
	memcpy(fx_of(uc) + XSTATE_HEADER + XSTATE_BV, &value, sizeof(value));
}

static void set_xcomp_bv(struct ucontext *uc, unsigned long value)
{
	memcpy(fx_of(uc) + XSTATE_HEADER + XCOMP_BV, &value, sizeof(value));
}

static void set_reserved(struct ucontext *uc, unsigned long value)
{
	fx_of(uc)[XSTATE_HEADER + value] = 1;
}

static void set_magic1(struct ucontext *uc, unsigned long value)
{
	sw_of(uc)->magic1 = (__u32)value;
}

static void set_extended_size(struct ucontext *uc, unsigned long value)
{
	sw_of(uc)->extended_size = (__u32)value;
}

static void set_xstate_size(struct ucontext *uc, unsigned long value)
{
	sw_of(uc)->xstate_size = (__u32)value;
}

static void set_features(struct ucontext *uc, unsigned long value)
{
	sw_of(uc)->xfeatures = value;
}

static void clear_magic2(struct ucontext *uc, unsigned long value)
{
	uint32_t word = (uint32_t)value;

	memcpy(fx_of(uc) + sw_of(uc)->xstate_size, &word, sizeof(word));
}

/* The file of everything: 0xff over the whole area. */
static void fill_fpstate(struct ucontext *uc, unsigned long value)
{
	memset(fx_of(uc), (int)value, FX_SW_OFFSET);
	if (sw_of(uc)->magic1 == FP_XSTATE_MAGIC1)
		memset(fx_of(uc) + 512, (int)value,
		       sw_of(uc)->xstate_size - 512);
}

static int has_xsave(void)
{
	unsigned int eax = 1, ebx, ecx = 0, edx;

	__asm__ volatile("cpuid"
			 : "+a"(eax), "=b"(ebx), "+c"(ecx), "=d"(edx));
	return ecx >> 27 & 1;
}

/* Vector registers of a bystander. */
static volatile double bystander = 1.5;

static void check_vectors(void)
{
	double x = bystander;

	__asm__ volatile("addsd %1, %0" : "+x"(x) : "x"(x));
	CHECK(x * 2 == 6.0);
	attack_check_alive();
}

/* The kernel would read the state from its own memory, or from nowhere. */
static void fpstate_places(void)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(window_addresses); i++) {
		if (window_addresses[i] < 64) /* none: the initial state */
			continue;
		must_die("fpstate", set_fpstate, window_addresses[i] & -64UL);
	}
	must_be_harmless("fpstate", set_fpstate, 0);
	must_be_harmless("fpstate shifted by", shift_fpstate, 1);
	must_be_harmless("fpstate shifted by", shift_fpstate, 8);
	must_be_harmless("fpstate shifted by", shift_fpstate, 64);
	for (i = 64; i < PAGE_SIZE; i += 192)
		must_be_harmless("fpstate cut to", move_fpstate, i);
	check_vectors();
}

/* Bits that make ldmxcsr and xrstor fault. */
static void mxcsr(void)
{
	must_be_harmless("mxcsr", set_mxcsr, 0xffffffff);
	must_be_harmless("mxcsr", set_mxcsr, 0x80000000);
	must_be_harmless("mxcsr", set_mxcsr, 0x10000);
	must_be_harmless("mxcsr", set_mxcsr, 0xffff);
	check_vectors();
}

static void header(void)
{
	unsigned long i;

	if (!has_xsave())
		test_skip("the processor has no XSAVE");
	for (i = 0; i < 64; i++) {
		must_be_harmless("xstate_bv", set_xstate_bv, 1UL << i);
		must_be_harmless("xstate_bv", set_xstate_bv, ~(1UL << i));
		must_be_harmless("xcomp_bv", set_xcomp_bv, 1UL << i);
	}
	must_be_harmless("xstate_bv", set_xstate_bv, ~0UL);
	must_be_harmless("xcomp_bv", set_xcomp_bv, ~0UL);
	must_be_harmless("xcomp_bv", set_xcomp_bv, 0x8000000000000007);
	for (i = 16; i < 64; i++)
		must_be_harmless("reserved byte", set_reserved, i);
	check_vectors();
}

static void sizes(void)
{
	static const unsigned long values[] = {
		0, 1, 64, 511, 512, 513, 575, 576, 4096, 0x10000, 0x7fffffff,
		0x80000000, 0xffffffff,
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(values); i++) {
		must_be_harmless("magic1", set_magic1, values[i]);
		must_be_harmless("extended_size", set_extended_size, values[i]);
		must_be_harmless("xstate_size", set_xstate_size, values[i]);
		must_be_harmless("xfeatures", set_features, values[i]);
		if (has_xsave())
			must_be_harmless("magic2", clear_magic2, values[i]);
	}
	check_vectors();
}

static void fillings(void)
{
	must_be_harmless("vector state of", fill_fpstate, 0xff);
	must_be_harmless("vector state of", fill_fpstate, 0);
	must_be_harmless("vector state of", fill_fpstate, 0x55);
	check_vectors();
}

static const struct test_case cases[] = {
	{ "rip in the window or nowhere", rip_elsewhere },
	{ "rsp in the window or nowhere", rsp_elsewhere },
	{ "flags", flags },
	{ "the trap flag", trap_flag },
	{ "code selectors", code_selectors },
	{ "other selectors", other_selectors },
	{ "garbage", garbage },
	{ "a mask that blocks SIGKILL", unkillable },
	{ "alternate stack and context flags", stacks },
	{ "frames where there are none", frame_places },
	{ "many returns", return_storm },
	{ "vector state elsewhere", fpstate_places },
	{ "reserved bits of mxcsr", mxcsr },
	{ "the vector state's header", header },
	{ "sizes and magic numbers", sizes },
	{ "vector state full of a byte", fillings },
};
TEST_MAIN(cases)
