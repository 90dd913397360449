/*
 * The stacks of handlers: where a frame goes, the red zone, the alternate
 * stack and its rules.
 */
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <syscall.h>
#include <test.h>
#include <unistd.h>

#define STACK_BYTES 32768UL

static char area[STACK_BYTES] __attribute__((aligned(16)));

/* What the handler saw. */
static unsigned long handler_sp;
static unsigned long handler_flags;
static stack_t inside;
static stack_t in_frame;
static int runs;

static void look(int sig, siginfo_t *info, void *context)
{
	(void)sig;
	(void)info;
	handler_sp = (unsigned long)__builtin_frame_address(0);
	__asm__ volatile("pushfq\n\t"
			 "popq %0"
			 : "=r"(handler_flags));
	sigaltstack(NULL, &inside);
	in_frame = ((ucontext_t *)context)->uc_stack;
	runs++;
}

static void handle(int sig, void (*fn)(int, siginfo_t *, void *), unsigned long flags)
{
	struct sigaction act = { .sa_sigaction = fn,
				 .sa_flags = SA_SIGINFO | flags };

	CHECK_OK(sigaction(sig, &act, NULL));
}

static void use_area(void)
{
	stack_t ss = { .ss_sp = area, .ss_size = sizeof(area) };

	CHECK_OK(sigaltstack(&ss, NULL));
}

static int on_area(unsigned long sp)
{
	return sp > (unsigned long)area && sp <= (unsigned long)area + STACK_BYTES;
}

/* ---- the ordinary stack ------------------------------------------------- */

static void frame_alignment(int sig, siginfo_t *info, void *context)
{
	(void)sig;
	(void)info;
	(void)context;
	/* The caller's push of the return address: psABI, 3.2.2. */
	handler_sp = (unsigned long)__builtin_frame_address(0);
	runs++;
}

static void stack_is_aligned(void)
{
	long ret;
	int i;

	handle(SIGUSR1, frame_alignment, 0);
	for (i = 0; i < 32; i += 8) {
		__asm__ volatile("movq %%rsp, %%rbx\n\t"
				 "subq %2, %%rsp\n\t"
				 "subq $128, %%rsp\n\t"
				 "syscall\n\t"
				 "movq %%rbx, %%rsp"
				 : "=a"(ret)
				 : "0"((long)__NR_tkill), "r"((long)i),
				   "D"(gettid()), "S"((long)SIGUSR1)
				 : "rbx", "rcx", "r11", "memory");
		CHECK_EQ(ret, 0);
		/* rbp was pushed: 16 below the return address plus 16. */
		CHECK_EQ(handler_sp % 16, 0);
	}
	CHECK_EQ(runs, 4);
}

static void red_zone_survives(void)
{
	unsigned long low = 0;
	unsigned long high = 0;
	long ret = __NR_tkill;

	handle(SIGUSR1, look, 0);
	__asm__ volatile("movq $0x5a5a5a5a, -8(%%rsp)\n\t"
			 "movq $0x3c3c3c3c, -128(%%rsp)\n\t"
			 "syscall\n\t"
			 "movq -8(%%rsp), %1\n\t"
			 "movq -128(%%rsp), %2"
			 : "+a"(ret), "=&r"(high), "=&r"(low)
			 : "D"(gettid()), "S"((long)SIGUSR1)
			 : "rcx", "r11", "memory");
	CHECK_EQ(runs, 1);
	CHECK_EQ(high, 0x5a5a5a5a);
	CHECK_EQ(low, 0x3c3c3c3c);
}

static void direction_flag(void)
{
	unsigned long after;
	long ret = __NR_tkill;

	handle(SIGUSR1, look, 0);
	__asm__ volatile("std\n\t"
			 "syscall\n\t"
			 "pushfq\n\t"
			 "popq %1\n\t"
			 "cld"
			 : "+a"(ret), "=r"(after)
			 : "D"(gettid()), "S"((long)SIGUSR1)
			 : "rcx", "r11", "memory", "cc");
	CHECK_EQ(runs, 1);
	CHECK_EQ(handler_flags & 0x400, 0);
	CHECK_EQ(after & 0x400, 0x400);
}

/* ---- the alternate stack ------------------------------------------------ */

static void alternate_is_used(void)
{
	use_area();
	handle(SIGUSR1, look, SA_ONSTACK);
	raise(SIGUSR1);
	CHECK_EQ(runs, 1);
	CHECK(on_area(handler_sp));
	CHECK_EQ(inside.ss_flags, SS_ONSTACK);
	CHECK(inside.ss_sp == area);
	CHECK_EQ(inside.ss_size, STACK_BYTES);
	CHECK(in_frame.ss_sp == area);
	CHECK_EQ(in_frame.ss_size, STACK_BYTES);
}

static void alternate_needs_the_flag(void)
{
	use_area();
	handle(SIGUSR1, look, 0);
	raise(SIGUSR1);
	CHECK_EQ(runs, 1);
	CHECK(!on_area(handler_sp));
	CHECK_EQ(inside.ss_flags, 0);
}

static void alternate_ask_and_disable(void)
{
	stack_t ss;

	CHECK_OK(sigaltstack(NULL, &ss));
	CHECK_EQ(ss.ss_flags, SS_DISABLE);
	use_area();
	CHECK_OK(sigaltstack(NULL, &ss));
	CHECK_EQ(ss.ss_flags, 0);
	CHECK(ss.ss_sp == area);
	ss.ss_flags = SS_DISABLE;
	CHECK_OK(sigaltstack(&ss, NULL));
	CHECK_OK(sigaltstack(NULL, &ss));
	CHECK_EQ(ss.ss_flags, SS_DISABLE);
	handle(SIGUSR1, look, SA_ONSTACK);
	raise(SIGUSR1);
	CHECK(!on_area(handler_sp));
}

static void alternate_errors(void)
{
	stack_t ss = { .ss_sp = area, .ss_size = 100 };

	CHECK_ERR(sigaltstack(&ss, NULL), ENOMEM);
	ss.ss_size = sizeof(area);
	ss.ss_flags = 0x10;
	CHECK_ERR(sigaltstack(&ss, NULL), EINVAL);
	CHECK_ERR(sigaltstack(test_bad_pointer, NULL), EFAULT);
	CHECK_ERR(sigaltstack(NULL, test_bad_pointer), EFAULT);
}

static int change_error;

static void change_stack(int sig, siginfo_t *info, void *context)
{
	stack_t ss = { .ss_sp = area, .ss_size = sizeof(area) / 2 };

	(void)sig;
	(void)info;
	(void)context;
	change_error = sigaltstack(&ss, NULL) < 0 ? errno : 0;
}

static void alternate_not_changed_while_on_it(void)
{
	use_area();
	handle(SIGUSR1, change_stack, SA_ONSTACK);
	raise(SIGUSR1);
	CHECK_EQ(change_error, EPERM);
	handle(SIGUSR1, change_stack, 0);
	raise(SIGUSR1);
	CHECK_EQ(change_error, 0);
}

static unsigned long outer_sp;

static void look_nested(int sig, siginfo_t *info, void *context)
{
	outer_sp = (unsigned long)__builtin_frame_address(0);
	raise(SIGUSR2);
	(void)sig;
	(void)info;
	(void)context;
}

static void alternate_nested(void)
{
	use_area();
	handle(SIGUSR1, look_nested, SA_ONSTACK);
	handle(SIGUSR2, look, SA_ONSTACK);
	raise(SIGUSR1);
	/* The inner frame goes below the outer one, not over it. */
	CHECK(on_area(outer_sp) && on_area(handler_sp));
	CHECK(handler_sp < outer_sp);
}

static void alternate_autodisarm(void)
{
	stack_t ss = { .ss_sp = area,
		       .ss_size = sizeof(area),
		       .ss_flags = (int)SS_AUTODISARM };

	if (sigaltstack(&ss, NULL) < 0 && errno == EINVAL)
		test_skip("no SS_AUTODISARM");
	handle(SIGUSR1, look, SA_ONSTACK);
	raise(SIGUSR1);
	CHECK(on_area(handler_sp));
	CHECK_EQ(inside.ss_flags, SS_DISABLE);
	CHECK_OK(sigaltstack(NULL, &ss));
	CHECK(ss.ss_sp == area);
}

static void move_saved_stack(int sig, siginfo_t *info, void *context)
{
	(void)sig;
	(void)info;
	((ucontext_t *)context)->uc_stack.ss_size = sizeof(area) / 2;
}

static void alternate_restored_from_frame(void)
{
	stack_t ss;

	use_area();
	handle(SIGUSR1, move_saved_stack, 0);
	raise(SIGUSR1);
	CHECK_OK(sigaltstack(NULL, &ss));
	CHECK_EQ(ss.ss_size, STACK_BYTES / 2);
}

static void alternate_and_fork(void)
{
	stack_t ss;
	pid_t pid;

	use_area();
	pid = test_fork();
	if (pid == 0) {
		CHECK_OK(sigaltstack(NULL, &ss));
		CHECK(ss.ss_sp == area);
		handle(SIGUSR1, look, SA_ONSTACK);
		raise(SIGUSR1);
		CHECK(on_area(handler_sp));
		_exit(0);
	}
	test_wait_ok(pid);
}

static void minimum_size_suffices(void)
{
	unsigned long min = getauxval(AT_MINSIGSTKSZ);
	stack_t ss = { .ss_sp = area };

	if (!min)
		test_skip("no AT_MINSIGSTKSZ");
	CHECK(min < sizeof(area));
	/* The frame itself, and what `look` and its callees need. */
	ss.ss_size = min + 1024;
	CHECK_OK(sigaltstack(&ss, NULL));
	handle(SIGUSR1, look, SA_ONSTACK);
	raise(SIGUSR1);
	CHECK(on_area(handler_sp));
	CHECK(handler_sp <= (unsigned long)area + ss.ss_size);
}

/* ---- overflow ----------------------------------------------------------- */

/* A gigabyte deep, were there a stack of that size. */
static int recurse(int depth)
{
	volatile char block[4096];

	block[0] = 1;
	return depth ? recurse(depth - 1) + block[0] : 0;
}

static void leave(int sig, siginfo_t *info, void *context)
{
	(void)context;
	_exit(sig == SIGSEGV && info->si_code == SEGV_MAPERR ? 42 : 1);
}

static void overflow_caught(void)
{
	use_area();
	handle(SIGSEGV, leave, SA_ONSTACK);
	recurse(1 << 18);
}

static void overflow_not_caught(void)
{
	handle(SIGSEGV, leave, 0);
	recurse(1 << 18);
}

static void overflow_on_alternate(void)
{
	CHECK_EQ(WEXITSTATUS(test_status(overflow_caught)), 42);
}

static void overflow_kills(void)
{
	CHECK_EQ(WTERMSIG(test_status(overflow_not_caught)), SIGSEGV);
}

/* The frame does not fit where the alternate stack says: the program dies. */
static void bad_stack_in_child(void)
{
	char *p = mmap(NULL, STACK_BYTES, PROT_READ,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	stack_t ss = { .ss_sp = p, .ss_size = STACK_BYTES };

	CHECK_OK(sigaltstack(&ss, NULL));
	handle(SIGUSR1, look, SA_ONSTACK);
	raise(SIGUSR1);
}

static void bad_stack_kills(void)
{
	CHECK_EQ(WTERMSIG(test_status(bad_stack_in_child)), SIGSEGV);
}

static const struct test_case cases[] = {
	{ "frame is aligned", stack_is_aligned },
	{ "red zone survives", red_zone_survives },
	{ "direction flag", direction_flag },
	{ "alternate: is used", alternate_is_used },
	{ "alternate: needs SA_ONSTACK", alternate_needs_the_flag },
	{ "alternate: ask and disable", alternate_ask_and_disable },
	{ "alternate: errors", alternate_errors },
	{ "alternate: EPERM while on it", alternate_not_changed_while_on_it },
	{ "alternate: nested handlers", alternate_nested },
	{ "alternate: SS_AUTODISARM", alternate_autodisarm },
	{ "alternate: restored from the frame", alternate_restored_from_frame },
	{ "alternate: inherited by fork", alternate_and_fork },
	{ "AT_MINSIGSTKSZ suffices", minimum_size_suffices },
	{ "overflow: caught on the alternate stack", overflow_on_alternate },
	{ "overflow: kills without one", overflow_kills },
	{ "unwritable alternate stack kills", bad_stack_kills },
};

TEST_MAIN(cases)
