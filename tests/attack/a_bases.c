/*
 * Segment bases in the window, set by system call and by instruction; then
 * everything that enters the kernel.
 *
 * Without the defence (the kernel never uses fs or gs) a program chooses what
 * the kernel's per-CPU accesses would hit.
 */
#include <asm/prctl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <syscall.h>
#include <test.h>
#include <unistd.h>

#include "libattack.h"

static const unsigned long bases[] = {
	LODGER_CORE_BASE, LODGER_BOOT_ADDR + 8, LODGER_COUNTERS_ADDR,
	LODGER_SIGSTACK_BASE, LODGER_GATE_TEXT, LODGER_WINDOW_END - 8,
	LODGER_WINDOW_END, 0, 0x7ffffffff000, 0x7fffffffffff,
};

/* fs:0 and gs:0, both readable? */
static void read_fs(void *arg)
{
	(void)arg;
	__asm__ volatile("mov %%fs:0x10, %%rax" : : : "rax");
}

static void read_gs(void *arg)
{
	(void)arg;
	__asm__ volatile("mov %%gs:0x10, %%rax" : : : "rax");
}

static void write_fs(void *arg)
{
	(void)arg;
	__asm__ volatile("movq $0, %%fs:0x10" : : : "memory");
}

static void enter_in_every_way(void)
{
	char *page = attack_page(0);

	CHECK_EQ(getpid(), sys0(__NR_getpid));
	*page = 1;
	test_spin_ms(20);
	attack_check_alive();
	attack_can_read(0x20000000);
}

static void try_accesses(unsigned long base)
{
	if (base >= LODGER_CORE_BASE && base < LODGER_WINDOW_END) {
		CHECK_EQ(attack_try(read_fs, NULL), SIGSEGV);
		CHECK_EQ(attack_try(read_gs, NULL), SIGSEGV);
		CHECK_EQ(attack_try(write_fs, NULL), SIGSEGV);
	}
}

static void by_call_child(void)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(bases); i++) {
		long fs = sys2(__NR_arch_prctl, ARCH_SET_FS, (long)bases[i]);
		long gs = sys2(__NR_arch_prctl, ARCH_SET_GS, (long)bases[i]);

		CHECK(fs == 0 || fs == -EPERM);
		CHECK(gs == 0 || gs == -EPERM);
		enter_in_every_way();
		if (fs == 0 && gs == 0)
			try_accesses(bases[i]);
	}
}

static void by_call(void)
{
	attack_need_machine();
	test_child(by_call_child);
	attack_check_alive();
}

/* Non-canonical and host addresses: the host refuses them with a fault that
 * would be the kernel's own. */
static void bad_values(void)
{
	static const unsigned long bad[] = {
		0x800000000000, 0x8000000000000000, 0xffff800000000000,
		0xffffffff80000000, ~0UL,
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		CHECK_EQ(sys2(__NR_arch_prctl, ARCH_SET_FS, (long)bad[i]), -EPERM);
		CHECK_EQ(sys2(__NR_arch_prctl, ARCH_SET_GS, (long)bad[i]), -EPERM);
	}
	attack_check_alive();
}

/* Where the kernel would put the answer. */
static void answer_in_window(void)
{
	attack_need_machine();
	CHECK_EQ(sys2(__NR_arch_prctl, ARCH_GET_FS, LODGER_BOOT_ADDR), -EFAULT);
	CHECK_EQ(sys2(__NR_arch_prctl, ARCH_GET_GS, LODGER_GATE_CONST), -EFAULT);
	CHECK_EQ(sys2(__NR_arch_prctl, ARCH_GET_FS, LODGER_SIGSTACK_BASE), -EFAULT);
}

static void do_wrfsbase(void *base)
{
	__asm__ volatile("wrfsbase %0" : : "r"(base));
}

static void do_wrgsbase(void *base)
{
	__asm__ volatile("wrgsbase %0" : : "r"(base));
}

static unsigned long rdfsbase(void)
{
	unsigned long base;

	__asm__ volatile("rdfsbase %0" : "=r"(base));
	return base;
}

static void need_fsgsbase(void)
{
	attack_need_machine();
	if (attack_try(do_wrfsbase, NULL) == SIGILL)
		test_skip("the processor or host has no wrfsbase");
}

static void by_instruction_child(void)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(bases); i++) {
		do_wrfsbase((void *)bases[i]);
		do_wrgsbase((void *)bases[i]);
		enter_in_every_way();
		CHECK_EQ(rdfsbase(), bases[i]);
		try_accesses(bases[i]);
	}
}

static void by_instruction(void)
{
	need_fsgsbase();
	test_child(by_instruction_child);
	attack_check_alive();
}

/* wrfsbase with a value that the processor refuses: a fault, and no more. */
static void non_canonical(void)
{
	need_fsgsbase();
	CHECK_EQ(attack_try(do_wrfsbase, (void *)0x8000000000000000), SIGSEGV);
	CHECK_EQ(attack_try(do_wrgsbase, (void *)0x800000000000), SIGSEGV);
	attack_check_alive();
}

/* A host address that the processor does accept (canonical, upper half): the
 * kernel must be able to switch away from and back to it. */
static void upper_half_child(void)
{
	do_wrfsbase((void *)0xffff800000001000);
	do_wrgsbase((void *)0xffffffff81000000);
	enter_in_every_way();
	CHECK_EQ(attack_try(read_fs, NULL), SIGSEGV);
	CHECK_EQ(attack_try(read_gs, NULL), SIGSEGV);
}

static void upper_half(void)
{
	need_fsgsbase();
	test_child(upper_half_child);
	attack_check_alive();
}

/* One process writes its bases all the time, another relies on its own. */
static void bases_of_others(void)
{
	static unsigned long slot[4];
	pid_t pid;
	int i;

	attack_need_machine();
	pid = test_fork();
	if (pid == 0)
		for (;;)
			sys2(__NR_arch_prctl, ARCH_SET_FS, LODGER_CORE_BASE);
	CHECK_OK(sys2(__NR_arch_prctl, ARCH_SET_FS, (long)slot));
	for (i = 0; i < 50; i++) {
		unsigned long value = (unsigned long)i;

		slot[2] = ~value;
		test_spin_ms(4);
		__asm__ volatile("mov %%fs:0x10, %0" : "=r"(value));
		CHECK_EQ(value, slot[2]);
	}
	CHECK_OK(kill(pid, SIGKILL));
	test_wait(pid);
}

static const struct test_case cases[] = {
	{ "bases in the window by arch_prctl", by_call },
	{ "bases that the host would refuse", bad_values },
	{ "arch_prctl's answer in the window", answer_in_window },
	{ "bases in the window by instruction", by_instruction },
	{ "non-canonical bases by instruction", non_canonical },
	{ "bases in the upper half by instruction", upper_half },
	{ "bases of other processes", bases_of_others },
};
TEST_MAIN(cases)
