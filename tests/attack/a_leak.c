/*
 * The signal stack is readable by design: what is left there? A victim with
 * recognisable registers and fault addresses runs beside a program that reads
 * the whole signal stack over and over.
 *
 * TEST-TIMEOUT: 180
 * TEST-RACY
 *
 * Without the defence (every field of the frame overwritten before the return
 * to user mode) it shows the last registers, vector registers and fault
 * addresses of whichever process ran before, under address randomisation and
 * key schedules the most valuable ones.
 */
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <syscall.h>
#include <test.h>
#include <time.h>
#include <unistd.h>

#include "libattack.h"

/* The reader compares shifted values only: were the pattern itself in one of
 * its registers, it would find that. */
#define PATTERN_HIGH 0x5ec2e7a1UL
#define PATTERN_LOW 0xb3c4d500UL
#define FAULT_PAGE 0x35a1b000UL
#define FAULT_OFFSET 0x2e8UL

#define LOOK_MS 400

void pattern_spin(uint64_t pattern, uint64_t unused);
void pattern_call(uint64_t pattern, uint64_t nr);
void pattern_touch(uint64_t pattern, uint64_t addr);

static uint64_t pattern(void)
{
	volatile uint64_t high = PATTERN_HIGH;

	return high << 32 | PATTERN_LOW;
}

/* ---- victims ------------------------------------------------------------------ */

static void victim_spins(void)
{
	pattern_spin(pattern(), 0);
}

static void victim_calls(void)
{
	pattern_call(pattern(), __NR_sched_yield);
}

static jmp_buf again;

static void on_fault(int sig)
{
	(void)sig;
	longjmp(again, 1);
}

/* Faults that become signals. */
static void victim_faults(void)
{
	struct sigaction act = { .sa_handler = on_fault, .sa_flags = SA_NODEFER };

	CHECK_OK(sigaction(SIGSEGV, &act, NULL));
	setjmp(again);
	pattern_touch(pattern(), FAULT_PAGE + FAULT_OFFSET);
}

/* Faults that the kernel serves: demand zero, again and again. */
static void victim_pages(void)
{
	char *page = mmap((void *)FAULT_PAGE, PAGE_SIZE, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);

	CHECK_EQ(page, FAULT_PAGE);
	for (;;) {
		*(volatile char *)(page + FAULT_OFFSET) = 1;
		madvise(page, PAGE_SIZE, MADV_DONTNEED);
	}
}

/* ---- the reader ---------------------------------------------------------------- */

struct found {
	unsigned long pattern, fault, core;
};

static void look_at(uint64_t value, unsigned long first_core_2m,
		    unsigned long end_core_2m, struct found *found)
{
	if (value >> 32 == PATTERN_HIGH)
		found->pattern++;
	/* compared without the low bits: no register holds the address */
	if (value >> 4 == (FAULT_PAGE + FAULT_OFFSET) >> 4 ||
	    value >> 12 == FAULT_PAGE >> 12)
		found->fault++;
	if (value >> 21 >= first_core_2m && value >> 21 < end_core_2m)
		found->core++;
}

/* One pass over the signal stack; whatever lies there is aligned. */
static void look_once(struct found *found)
{
	const unsigned long first = LODGER_CORE_BASE >> 21;
	const unsigned long end = first + (attack_core_bytes() >> 21);
	unsigned long at;

	for (at = LODGER_SIGSTACK_BASE; at < LODGER_SIGSTACK_END; at += 8)
		look_at(*(volatile uint64_t *)at, first, end, found);
}

/* Half the time it gives way by a call, half the time by the timer; and it
 * takes a fault of its own now and then. */
static struct found look_long(void)
{
	const uint64_t end = test_now() + LOOK_MS * 1000000UL;
	struct found found = { 0, 0, 0 };
	unsigned int pass = 0;

	while (test_now() < end && !found.pattern && !found.fault) {
		look_once(&found);
		if (pass & 1)
			sched_yield();
		if (pass % 16 == 0)
			attack_can_read(0x20000000);
		pass++;
	}
	return found;
}

static void beside(void (*victim)(void))
{
	struct found found;
	pid_t pid;

	attack_need_machine();
	pid = test_fork();
	if (pid == 0) {
		victim();
		_exit(0);
	}
	sched_yield();
	found = look_long();
	CHECK_OK(kill(pid, SIGKILL));
	test_wait(pid);
	if (found.pattern || found.fault || found.core)
		test_fail(__FILE__, __LINE__,
			  "on the signal stack: %lu registers and %lu fault addresses of the victim, %lu of the kernel",
			  found.pattern, found.fault, found.core);
}

/* Registers saved at the victim's timer interrupts. */
static void beside_spinner(void)
{
	beside(victim_spins);
}

/* Registers saved at the victim's system calls. */
static void beside_caller(void)
{
	beside(victim_calls);
}

/* Fault address and cause of the victim's signals. */
static void beside_faulter(void)
{
	beside(victim_faults);
}

/* Fault address and cause of the victim's demand-zero faults. */
static void beside_pager(void)
{
	beside(victim_pages);
}

/* A reader that was itself born of the victim: fork copies registers. */
static void child_of_pattern(void)
{
	struct found found = { 0, 0, 0 };

	attack_need_machine();
	look_once(&found);
	CHECK_EQ(found.core, 0);
}

/* Frames written by the host while the reader reads: its own only. */
static volatile int ticks;

static void on_tick(int sig)
{
	(void)sig;
	ticks++;
}

static void under_timer_load(void)
{
	struct itimerval every = { { 0, 1000 }, { 0, 1000 } };
	struct sigaction act = { .sa_handler = on_tick };

	CHECK_OK(sigaction(SIGALRM, &act, NULL));
	CHECK_OK(setitimer(ITIMER_REAL, &every, NULL));
	beside(victim_spins);
	CHECK(ticks > 0);
}

/* Two readers and two victims: switches in every order. */
static void crowd(void)
{
	pid_t other = test_fork();

	if (other == 0)
		victim_faults();
	beside(victim_spins);
	CHECK_OK(kill(other, SIGKILL));
	test_wait(other);
}

static const struct test_case cases[] = {
	{ "no address of the kernel in a fresh child", child_of_pattern },
	{ "nothing of a process that spins", beside_spinner },
	{ "nothing of a process that makes calls", beside_caller },
	{ "nothing of a process that faults", beside_faulter },
	{ "nothing of a process whose pages come and go", beside_pager },
	{ "nothing under timer load", under_timer_load },
	{ "nothing in a crowd", crowd },
};
TEST_MAIN(cases)
