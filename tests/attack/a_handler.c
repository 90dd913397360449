/*
 * The guest kernel's signal handler entered by a program just as the host does
 * it: the stack pointer at the one place where the host's frames lie, a frame
 * there that the program has written, and any signal number.
 *
 * TEST-TIMEOUT: 120
 * TEST-RACY
 *
 * Without the defence (what a frame says is the program's own business, and a
 * signal that the machine does not know is a protection fault) a number beyond
 * the table of signals makes the guest kernel write beside it, and a frame that
 * seems to have interrupted the gate sends the kernel where the program likes.
 */
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <test.h>
#include <unistd.h>

#include "libattack.h"

#define MARK 0x5ca1ab1e0ddba11UL
#define STACK_TOP 0x30001000UL
/* Aligned as the host's frames are. */
#define ANY_PLACE (LODGER_SIGSTACK_END - 0x1000 - 8)

/* arch/x86/include/asm/sigframe.h, uapi/asm/sigcontext.h: where registers and
 * siginfo lie in the host's frame, and the registers' order. */
#define CONTEXT_OFFSET 48
#define INFO_OFFSET 312
#define R15_INDEX 7
#define RSP_INDEX 15
#define RIP_INDEX 16
#define FLAGS_INDEX 17
#define CS_INDEX 18

/* A fault that the kernel serves leaves a frame with these registers. */
static void leave_frame(void)
{
	char *fresh = attack_page(0x28000000);

	__asm__ volatile("mov %0, %%r15; movb $1, (%1)"
			 :
			 : "r"(MARK), "r"(fresh)
			 : "r15", "memory");
}

/* The first frame with the mark in the signal stack, or 0. */
static unsigned long marked_place(void)
{
	unsigned long at;

	leave_frame();
	for (at = LODGER_SIGSTACK_BASE + 0x1000; at < LODGER_SIGSTACK_END - 8; at += 8)
		if (*(volatile uint64_t *)at == MARK)
			return at - CONTEXT_OFFSET - 8 * R15_INDEX;
	return 0;
}

/* With the host's module registers are exchanged, and a program's are in no frame:
 * any place is as good. */
static bool leaves_no_frames(void)
{
	const char *set = getenv("LODGER_SET");

	return set && strncmp(set, "kmod", 4) == 0;
}

/* The place of the host's frames, found by the mark in r15. A clock interrupt
 * between fault and look wipes the one or leaves one more, below: twice the same
 * place is the place. */
static unsigned long frame_place(void)
{
	unsigned long place = 0, before;
	int tries = 0;

	if (leaves_no_frames())
		return ANY_PLACE;
	do {
		before = place;
		place = marked_place();
	} while ((!place || place != before) && ++tries < 1000);
	return place;
}

static void landing(void)
{
	_exit(0);
}

/* What the next child says in its frame and its registers. */
static struct {
	unsigned long place; /* of the frame, and rsp */
	long sig;
	int code;
	unsigned long rip, rsp;
} forged;

/* The way out of the gate may lead to a return that was before the jump, for
 * ever: the timer ends that. */
static void enter_handler(void)
{
	const struct itimerval limit = { { 0, 0 }, { 0, 200000 } };
	struct attack_regs regs = { .rdi = (uint64_t)forged.sig,
				    .rip = LODGER_GATE_TEXT };
	uint64_t *context = (uint64_t *)(forged.place + CONTEXT_OFFSET);
	int *info = (int *)(forged.place + INFO_OFFSET);

	setitimer(ITIMER_REAL, &limit, NULL);
	context[RSP_INDEX] = forged.rsp;
	context[RIP_INDEX] = forged.rip;
	context[FLAGS_INDEX] = 0x202;
	context[CS_INDEX] = 0x002b000000000033;
	info[0] = (int)forged.sig;
	info[2] = forged.code;
	regs.rsp = forged.place;
	attack_jump(&regs);
}

/* It may die of whatever it asked for, or go on to its landing. */
static void enters_harmlessly(void)
{
	const int status = test_status(enter_handler);

	if (status != 0 && !WIFSIGNALED(status))
		test_fail(__FILE__, __LINE__, "signal %ld: wait status %#x",
			  forged.sig, status);
}

static const long odd_signals[] = {
	0, 64, 65, 66, 127, 128, 1000, 4096, 65536, 1 << 20,
	-1, -2, -64, -4096, 0x7fffffff, -0x80000000L,
};

static const int codes[] = { 0, 1, 2, 128, -1, -6, 0x7fffffff };

static void forge_all(unsigned long place, unsigned long rip)
{
	size_t i, j;

	forged.place = place;
	forged.rip = rip;
	for (i = 0; i < ARRAY_SIZE(odd_signals) + 64; i++)
		for (j = 0; j < ARRAY_SIZE(codes); j++) {
			forged.sig = i < ARRAY_SIZE(odd_signals) ?
					     odd_signals[i] :
					     (long)(i - ARRAY_SIZE(odd_signals));
			forged.code = codes[j];
			enters_harmlessly();
		}
	attack_check_closed();
	attack_check_alive();
}

static unsigned long place_and_stack(void)
{
	unsigned long place;

	attack_need_machine();
	forged.rsp = (unsigned long)attack_page(STACK_TOP -
						    PAGE_SIZE) +
		     PAGE_SIZE - 264;
	place = frame_place();
	CHECK(place != 0);
	return place;
}

static void any_signal(void)
{
	forge_all(place_and_stack(), (unsigned long)landing);
}

/* As if the program had been interrupted on its way in or out. */
static void any_signal_in_the_gate(void)
{
	const unsigned long place = place_and_stack();
	unsigned long offset;

	forged.sig = SIGALRM;
	forged.code = 128;
	forged.place = place;
	for (offset = 0; offset < 0x180; offset++) {
		forged.rip = LODGER_GATE_TEXT + offset;
		enters_harmlessly();
		forged.rsp = place;
		enters_harmlessly();
		forged.rsp = STACK_TOP - 264;
	}
	attack_check_closed();
	attack_check_alive();
}

/* As if several signals had come together: each frame below the next, and the
 * last one anywhere. */
static void frames_below(void)
{
	const unsigned long place = place_and_stack();
	unsigned long below;

	forged.sig = SIGALRM;
	forged.code = 128;
	forged.rip = LODGER_GATE_TEXT;
	for (below = 8; below < 0x6800; below += 968) {
		forged.place = place - below;
		forged.rsp = place;
		enters_harmlessly();
		forged.rsp = place - below / 2;
		enters_harmlessly();
		forged.rsp = place - below;
		enters_harmlessly();
		forged.rsp = LODGER_SIGSTACK_END - 8;
		enters_harmlessly();
		forged.rsp = LODGER_CORE_BASE + 0x8008;
		enters_harmlessly();
	}
	attack_check_closed();
	attack_check_alive();
}

static const struct test_case cases[] = {
	{ "any signal, a frame in the right place", any_signal },
	{ "a frame that interrupted the gate", any_signal_in_the_gate },
	{ "frames below the right place", frames_below },
};
TEST_MAIN(cases)
