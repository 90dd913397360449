#include <setjmp.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <test.h>
#include <unistd.h>

#include "libattack.h"

#define TRAP_STACK_BYTES 65536

volatile struct attack_trap attack_trapped;

static jmp_buf back;
static volatile int trying;
static unsigned char trap_stack[TRAP_STACK_BYTES] __attribute__((aligned(64)));

unsigned long attack_core_bytes(void)
{
	if (!attack_can_read(LODGER_GATE_CONST))
		return 0;
	return *(volatile unsigned long *)LODGER_GATE_CORE_BYTES;
}

void attack_need_machine(void)
{
	if (!attack_can_read(LODGER_GATE_CONST))
		test_skip("there is no guest kernel below this program");
}

static void on_trap(int sig, siginfo_t *info, void *context)
{
	const struct ucontext *uc = context;

	/* AC and NT are the interrupted code's and may be hostile */
	__asm__ volatile("pushq $2; popfq" : : : "memory", "cc");
	if (!trying) { /* not ours: as if there were no handler */
		signal(sig, SIG_DFL);
		raise(sig);
		return;
	}
	attack_trapped.sig = sig;
	attack_trapped.code = info->si_code;
	attack_trapped.addr = (unsigned long)info->si_addr;
	attack_trapped.ip = uc->uc_mcontext.rip;
	longjmp(back, 1);
}

void attack_catch(int sig)
{
	struct sigaction act = {
		.sa_sigaction = on_trap,
		.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER,
	};

	CHECK_OK(sigaction(sig, &act, NULL));
}

static void catch_traps(void)
{
	static const int caught[] = { SIGSEGV, SIGBUS, SIGILL,
				      SIGFPE,  SIGTRAP, SIGSYS };
	const stack_t stack = { trap_stack, 0, sizeof(trap_stack) };
	size_t i;

	CHECK_OK(sigaltstack(&stack, NULL));
	for (i = 0; i < ARRAY_SIZE(caught); i++)
		attack_catch(caught[i]);
}

int attack_try(void (*fn)(void *arg), void *arg)
{
	static pid_t ready;
	const pid_t self = getpid();

	if (ready != self) {
		catch_traps();
		ready = self;
	}
	attack_trapped.sig = 0;
	trying = 1;
	if (!setjmp(back))
		fn(arg);
	trying = 0;
	return attack_trapped.sig;
}

static void read_byte(void *addr)
{
	(void)*(volatile unsigned char *)addr;
}

static void write_byte(void *addr)
{
	*(volatile unsigned char *)addr = 0;
}

static void run_byte(void *addr)
{
	((void (*)(void))addr)();
}

int attack_can_read(unsigned long addr)
{
	return attack_try(read_byte, (void *)addr) == 0;
}

int attack_can_write(unsigned long addr)
{
	return attack_try(write_byte, (void *)addr) == 0;
}

int attack_can_run(unsigned long addr)
{
	return attack_try(run_byte, (void *)addr) != SIGSEGV ||
	       attack_trapped.ip != addr;
}

void attack_check_closed(void)
{
	const unsigned long end = CORE_END;
	unsigned long at;

	CHECK(end > LODGER_CORE_BASE);
	for (at = LODGER_CORE_BASE; at < end; at += 0x81000)
		CHECK(!attack_can_read(at));
	CHECK(!attack_can_read(end - 1));
	CHECK(!attack_can_write(LODGER_BOOT_ADDR));
	CHECK(!attack_can_write(LODGER_COUNTERS_ADDR));
	CHECK(!attack_can_run(LODGER_IMAGE_ADDR));
}

static void say_hello(void)
{
	int fds[2];
	char text[6];

	CHECK_OK(pipe(fds));
	CHECK_EQ(write(fds[1], "hello", 6), 6);
	test_read_all(fds[0], text, sizeof(text));
	CHECK_STR(text, "hello");
}

void attack_check_alive(void)
{
	test_child(say_hello);
}

void attack_dies(void (*fn)(void), int sig)
{
	int status = test_status(fn);

	if (!WIFSIGNALED(status) || WTERMSIG(status) != sig)
		test_fail(__FILE__, __LINE__,
			  "wait status %#x, wanted death by %s", status,
			  strsignal(sig));
}

int attack_harmless(void (*fn)(void))
{
	int status = test_status(fn);
	int sig = WTERMSIG(status);

	if (status == 0 || (WIFSIGNALED(status) &&
			    (sig == SIGSEGV || sig == SIGBUS || sig == SIGILL ||
			     sig == SIGTRAP)))
		return status;
	test_fail(__FILE__, __LINE__, "wait status %#x", status);
}

void *attack_page(unsigned long at)
{
	void *page = mmap((void *)at, PAGE_SIZE,
			  PROT_READ | PROT_WRITE | PROT_EXEC,
			  MAP_PRIVATE | MAP_ANONYMOUS | (at ? MAP_FIXED : 0), -1,
			  0);

	CHECK(page != MAP_FAILED);
	return page;
}

void *attack_shared(size_t bytes)
{
	void *at = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
			MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	CHECK(at != MAP_FAILED);
	return at;
}
