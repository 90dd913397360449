/*
 * Accesses that may fault, tried and answered for.
 */
#include <setjmp.h>
#include <signal.h>
#include <sys/mman.h>
#include <test.h>

#include "libmem.h"

static jmp_buf back;
static volatile int code;

static void on_fault(int sig, siginfo_t *info, void *context)
{
	(void)sig;
	(void)context;
	code = info->si_code;
	longjmp(back, 1);
}

static void install(void)
{
	struct sigaction act = { .sa_sigaction = on_fault,
				 .sa_flags = SA_SIGINFO | SA_NODEFER };

	CHECK_OK(sigaction(SIGSEGV, &act, NULL));
	CHECK_OK(sigaction(SIGBUS, &act, NULL));
	code = 0;
}

int mem_read_fault(const volatile void *p)
{
	install();
	if (setjmp(back) == 0)
		(void)*(const volatile char *)p;
	return code;
}

int mem_write_fault(volatile void *p)
{
	volatile char *byte = p;

	install();
	if (setjmp(back) == 0)
		*byte = *byte;
	return code;
}

char *mem_anonymous(size_t len, int prot)
{
	char *p = mmap(NULL, len, prot, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		test_fail(__FILE__, __LINE__, "mmap of %zu bytes: %s", len,
			  test_errno());
	return p;
}

int mem_all(const char *p, int value, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		if (p[i] != (char)value)
			return 0;
	return 1;
}
