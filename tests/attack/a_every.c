/*
 * Every number of a system call there is or may come to be, with addresses of the
 * window in each argument and in every word of the structures that arguments point
 * to; and what comes back in registers.
 *
 * TEST-TIMEOUT: 300
 *
 * Without the defence (user memory is touched only through the page table's
 * say-so, and all registers but the answer's are the program's) a call that was
 * written after a_pointers.c follows a pointer that a structure hides, or leaves a
 * register of the kernel's behind.
 */
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <syscall.h>
#include <test.h>
#include <time.h>
#include <unistd.h>

#include "libattack.h"

#define TO_A_CHILD 16
#define PART (8 * TO_A_CHILD) /* of the numbers to a case: 512 in all */
#define COPY_BYTES 256 /* enough for the code that is copied */
#define PATIENCE 100 /* looks, the longer apart the later */
#define LONGEST_NS 32000000
#define SOME_UID 4711
#define MARK 0x5a5a1234000000UL
#define USER_FLAGS 0xed7UL /* status flags, IF, DF, and the bit that is always set */

/* The host's frames are at the top, the call gate's blocks in the first page. */
#define STABLE_START (LODGER_SIGSTACK_BASE + 0x1000UL)
#define STABLE_BYTES 0x800UL

static const unsigned long places[] = {
	LODGER_BOOT_ADDR, LODGER_IMAGE_ADDR + 0x20000, STABLE_START + 0x100,
	LODGER_GATE_CONST, LODGER_USER_PAGE, LODGER_WINDOW_BASE - 4,
	LODGER_WINDOW_END - 4,
};

static unsigned char before[STABLE_BYTES];
static unsigned long words[512] __attribute__((aligned(4096)));
static char path[] = "/tmp";
static int file;

/* Calls that end the process or make another, and no structure of theirs is
 * looked at anywhere else. */
static int is_left_out(int nr)
{
	switch (nr) {
	case __NR_rt_sigreturn:
	case __NR_exit:
	case __NR_exit_group:
	case __NR_fork:
	case __NR_vfork:
		return 1;
	}
	return 0;
}

/* A new process must not go on with this test; its stack is the program's own. */
static int makes_process(int nr)
{
	return nr == __NR_clone || nr == __NR_clone3;
}

static void check_stable(int nr)
{
	if (memcmp(before, (const void *)STABLE_START, STABLE_BYTES) != 0)
		test_fail(__FILE__, __LINE__, "call %d wrote to the signal stack", nr);
}

static void fill_words(unsigned long value)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(words); i++)
		words[i] = value;
}

static void make(int nr, const long a[6])
{
	const pid_t self = getpid();

	sys6(nr, a[0], a[1], a[2], a[3], a[4], a[5]);
	if (makes_process(nr) && (pid_t)sys0(__NR_getpid) != self)
		sys1(__NR_exit_group, 0);
	check_stable(nr);
}

/* Arguments that calls of several families take for sensible. */
static void plausible(int shape, long a[6])
{
	const long v = (long)words, s = (long)path, f = file;
	const long shapes[][6] = {
		{ 0, 0, 0, 0, 0, 0 },	    { f, v, 64, 0, v, 8 },
		{ v, v, v, v, v, v },	    { f, 1, v, 8, v, 0 },
		{ -100, s, v, 0, v, 8 },    { s, v, v, 64, 1, 0 },
		{ 0, 1, v, 1, v, 1 },	    { 1, v, v, v, 8, 0 },
	};

	memcpy(a, shapes[shape], sizeof(shapes[shape]));
}
#define SHAPES 8

static void on_tick(int sig)
{
	(void)sig;
}

/* What waits is to end. */
static void tick(void)
{
	const struct itimerval often = { { 0, 10000 }, { 0, 10000 } };
	const struct sigaction act = { .sa_handler = on_tick };

	sigaction(SIGALRM, &act, NULL);
	setitimer(ITIMER_REAL, &often, NULL);
}

/* What may be done to others is to be refused. */
static void settle(void)
{

	file = (int)CHECK_OK(open("/dev/zero", O_RDWR));
	for (int fd = 0; fd < 3; fd++)
		CHECK_OK(dup2(file, fd));
	CHECK_OK(setgid(SOME_UID));
	CHECK_OK(setuid(SOME_UID));
	memcpy(before, (const void *)STABLE_START, STABLE_BYTES);
}

/* Elsewhere a call costs up to a thousand times as much: a part of it there. */
static int is_fast(void)
{
	const char *set = getenv("LODGER_SET");

	return set && strncmp(set, "patch", 5) == 0;
}

/* The places take turns: all of them meet each shape in some call of a family. */
static unsigned long next_place(void)
{
	static unsigned int turn;

	return places[turn++ % ARRAY_SIZE(places)];
}

static void each_argument(int nr)
{
	int shape, i;
	long a[6];

	for (shape = 0; shape < SHAPES; shape += is_fast() ? 1 : 3)
		for (i = (nr + shape) % 2; i < 6; i += 2) {
			fill_words(0);
			plausible(shape, a);
			a[i] = (long)next_place();
			make(nr, a);
		}
}

/* All words, or every other one, which leaves lengths and counts small. */
static void each_word(int nr)
{
	int shape, step;
	size_t at;
	long a[6];

	for (shape = 1; shape < SHAPES; shape += is_fast() ? 1 : 3)
		for (step = nr % 2; step < 3; step += 2) {
			unsigned long place = next_place();

			fill_words(step ? 1 : place);
			for (at = step == 2; at < 16; at += 2)
				words[at] = place;
			plausible(shape, a);
			make(nr, a);
		}
}

/* Waits for a child however long its call thinks it has to wait; what it died
 * of is its own affair, but not what it found. */
static int wait_patiently(pid_t pid, int nr)
{
	struct timespec moment = { 0, 1000000 };
	int i, status = 0;

	for (i = 0; i < PATIENCE && waitpid(pid, &status, WNOHANG) == 0; i++) {
		nanosleep(&moment, NULL);
		if (moment.tv_nsec < LONGEST_NS)
			moment.tv_nsec *= 2;
	}
	if (i == PATIENCE) {
		kill(pid, SIGKILL);
		CHECK_EQ(waitpid(pid, &status, 0), pid);
	}
	if (WIFEXITED(status) && WEXITSTATUS(status) == 1)
		test_fail(__FILE__, __LINE__, "call %d", nr);
	return WIFEXITED(status);
}

/* A child makes calls [first, end); false when they ended it. */
static int in_child(void (*what)(int nr), int first, int end)
{
	pid_t pid = test_fork();
	int nr;

	if (pid == 0) {
		settle();
		for (nr = first; nr < end; nr++) {
			tick();
			if (!is_left_out(nr))
				what(nr);
		}
		_exit(0);
	}
	return wait_patiently(pid, first);
}

/* Many to a child, for that is quicker; those that end it one by one. */
static void every_number(void (*what)(int nr), int part)
{
	int nr = part * PART, stop = nr + PART, end, i;
	unsigned int unfinished = 0;

	attack_need_machine();
	for (; nr < stop; nr = end) {
		end = nr + TO_A_CHILD;
		if (in_child(what, nr, end))
			continue;
		for (i = nr; i < end; i++)
			unfinished += !in_child(what, i, i + 1);
	}
	test_note("%u numbers ended their process", unfinished);
	attack_check_closed();
	attack_check_alive();
}

#define PARTS(name, what)                                   \
	static void name##_0(void) { every_number(what, 0); } \
	static void name##_1(void) { every_number(what, 1); } \
	static void name##_2(void) { every_number(what, 2); } \
	static void name##_3(void) { every_number(what, 3); }

PARTS(arguments, each_argument)
PARTS(structures, each_word)

/* ---- what comes back ------------------------------------------------------------ */

/* As a patched site has it: `mov $nr, %eax; syscall` at a fixed place of the code
 * between the two labels, which is copied for each number. */
static struct attack_call state;

static void one_answer(int nr, unsigned char *site)
{
	struct attack_call want;
	int round;

	/* another address for each, or the old site's jump would be in the way */
	site += nr % TO_A_CHILD * COPY_BYTES;
	memcpy(site, attack_call_start, (size_t)(attack_call_end - attack_call_start));
	memcpy(site + (attack_call_number - attack_call_start), &nr, sizeof(nr));
	for (round = 0; round < (is_fast() ? 12 : 2); round++) {
		for (size_t i = 0; i < ARRAY_SIZE(state.reg); i++)
			state.reg[i] = MARK + i;
		want = state;
		((void (*)(struct attack_call *))site)(&state);
		/* the answer; rcx and r11 are what syscall(2) says */
		want.reg[ATTACK_RAX] = state.reg[ATTACK_RAX];
		want.reg[ATTACK_RCX] = (unsigned long)site +
			(unsigned long)(attack_call_back - attack_call_start);
		want.reg[ATTACK_R11] = state.reg[ATTACK_R11];
		for (size_t i = 0; i < ARRAY_SIZE(state.reg); i++)
			if (state.reg[i] != want.reg[i])
				test_fail(__FILE__, __LINE__,
					  "call %d, round %d: register %lu is %#lx, wanted %#lx",
					  nr, round, (unsigned long)i, state.reg[i],
					  want.reg[i]);
		/* an answer without the kernel leaves r11 as it was */
		if (state.reg[ATTACK_R11] & ~USER_FLAGS &&
		    state.reg[ATTACK_R11] != MARK + ATTACK_R11)
			test_fail(__FILE__, __LINE__, "call %d: r11 is %#lx", nr,
				  state.reg[ATTACK_R11]);
	}
}

/* All arguments are wild, so that no call does anything; those that need none, or
 * answer without looking, do no harm to a child. */
static unsigned char *copy;

static void answer(int nr)
{
	if (!copy)
		copy = attack_page(0);
	if (!makes_process(nr) && nr != __NR_pause)
		one_answer(nr, copy);
}

PARTS(answers, answer)

static const struct test_case cases[] = {
	{ "each argument of calls 0 to 127", arguments_0 },
	{ "each argument of calls 128 to 255", arguments_1 },
	{ "each argument of calls 256 to 383", arguments_2 },
	{ "each argument of calls 384 to 511", arguments_3 },
	{ "each word of what calls 0 to 127 are shown", structures_0 },
	{ "each word of what calls 128 to 255 are shown", structures_1 },
	{ "each word of what calls 256 to 383 are shown", structures_2 },
	{ "each word of what calls 384 to 511 are shown", structures_3 },
	{ "the registers after calls 0 to 127", answers_0 },
	{ "the registers after calls 128 to 255", answers_1 },
	{ "the registers after calls 256 to 383", answers_2 },
	{ "the registers after calls 384 to 511", answers_3 },
};
TEST_MAIN(cases)
