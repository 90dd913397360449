/*
 * Restartable sequences (rseq(2)): registration, and that a sequence which a signal
 * or another task came into ends at its abort address.
 */
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <syscall.h>
#include <test.h>
#include <unistd.h>

#include <linux/membarrier.h>
#include <linux/rseq.h>

#define SIGNATURE 0x53053053
#define BYTES 32

static struct rseq area __attribute__((aligned(32)));

static long enter(void)
{
	area.cpu_id = (unsigned int)RSEQ_CPU_ID_UNINITIALIZED;
	return SYS(rseq, &area, BYTES, 0, SIGNATURE);
}

static void registration(void)
{
	CHECK_ERR(SYS(rseq, &area, BYTES, RSEQ_FLAG_UNREGISTER, SIGNATURE), EINVAL);
	CHECK_ERR(SYS(rseq, (char *)&area + 4, BYTES, 0, SIGNATURE), EINVAL);
	CHECK_ERR(SYS(rseq, &area, BYTES - 1, 0, SIGNATURE), EINVAL);
	CHECK_ERR(SYS(rseq, &area, BYTES, 2, SIGNATURE), EINVAL);
	CHECK_ERR(SYS(rseq, (void *)-4096UL, BYTES, 0, SIGNATURE), EFAULT);
	CHECK_OK(enter());
	CHECK_EQ(area.cpu_id, 0);
	CHECK_EQ(area.cpu_id_start, 0);
	CHECK_ERR(enter(), EBUSY);
	CHECK_ERR(SYS(rseq, &area, BYTES, 0, 1), EPERM);
	CHECK_ERR(SYS(rseq, &area, BYTES, RSEQ_FLAG_UNREGISTER, 1), EPERM);
	CHECK_ERR(SYS(rseq, &area, 64, RSEQ_FLAG_UNREGISTER, SIGNATURE), EINVAL);
	CHECK_OK(SYS(rseq, &area, BYTES, RSEQ_FLAG_UNREGISTER, SIGNATURE));
	CHECK_EQ(area.cpu_id, (unsigned int)RSEQ_CPU_ID_UNINITIALIZED);
	CHECK_OK(enter());
}

/* A child has it, too; a bad area is the end. */
static void inherited(void)
{
	pid_t pid;

	CHECK_OK(enter());
	pid = test_fork();
	if (pid == 0)
		_exit(enter() == -1 && errno == EBUSY ? 0 : 1);
	test_wait_ok(pid);
}

static struct rseq_cs sequence __attribute__((aligned(32)));

/*
 * Spins in a sequence until it is aborted: rax 1. The word before the abort
 * address is the signature. A spin bound ends it as rax 0.
 */
static long spin(unsigned long turns)
{
	long aborted = 0;

	__asm__ volatile(
		"leaq 1f(%%rip), %%rax\n\t"
		"movq %%rax, 8(%[cs])\n\t"
		"leaq 2f(%%rip), %%rcx\n\t"
		"subq %%rax, %%rcx\n\t"
		"movq %%rcx, 16(%[cs])\n\t"
		"leaq 4f(%%rip), %%rax\n\t"
		"movq %%rax, 24(%[cs])\n\t"
		"movq %[cs], 8(%[area])\n"
		"1:\tdecq %[turns]\n\t"
		"jnz 1b\n"
		"2:\tjmp 5f\n\t"
		".long 0x53053053\n"
		"4:\tmovq $1, %[aborted]\n"
		"5:\n"
		: [aborted] "+r"(aborted), [turns] "+r"(turns)
		: [cs] "r"(&sequence), [area] "r"(&area)
		: "rax", "rcx", "memory", "cc");
	return aborted;
}

static volatile sig_atomic_t signals;

static void note(int sig)
{
	(void)sig;
	signals++;
}

static void signal_aborts(void)
{
	struct itimerval it = { { 0, 5000 }, { 0, 5000 } };

	CHECK_OK(enter());
	signal(SIGALRM, note);
	CHECK_OK(setitimer(ITIMER_REAL, &it, NULL));
	do { /* another process' turn aborts as well */
		CHECK_EQ(spin(-1UL), 1);
		CHECK_EQ(area.rseq_cs, 0);
	} while (!signals);
	memset(&it, 0, sizeof(it));
	CHECK_OK(setitimer(ITIMER_REAL, &it, NULL));
}

static void switch_aborts(void)
{
	pid_t pid;

	CHECK_OK(enter());
	pid = test_fork();
	if (pid == 0)
		for (;;)
			;
	CHECK_EQ(spin(-1UL), 1);
	CHECK_EQ(area.rseq_cs, 0);
	CHECK_OK(kill(pid, SIGKILL));
	test_wait(pid);
}

static void undisturbed_goes_through(void)
{
	int i;

	CHECK_OK(enter());
	for (i = 0; i < 1000 && spin(1); i++)
		;
	CHECK(i < 1000);
}

static void wrong_signature(void)
{
	struct itimerval it = { { 0, 5000 }, { 0, 5000 } };

	CHECK_OK(SYS(rseq, &area, BYTES, 0, 7));
	signal(SIGALRM, note);
	CHECK_OK(setitimer(ITIMER_REAL, &it, NULL));
	spin(-1UL);
}

static void signature_is_checked(void)
{
	int status = test_status(wrong_signature);

	CHECK(WIFSIGNALED(status));
	CHECK_EQ(WTERMSIG(status), SIGSEGV);
}

static void barriers(void)
{
	const int cmd = MEMBARRIER_CMD_PRIVATE_EXPEDITED_RSEQ;

	CHECK(SYS(membarrier, MEMBARRIER_CMD_QUERY, 0, 0) & cmd);
	CHECK_ERR(SYS(membarrier, cmd, 0, 0), EPERM);
	CHECK_OK(SYS(membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_RSEQ, 0, 0));
	CHECK_OK(SYS(membarrier, cmd, 0, 0));
	CHECK_OK(SYS(membarrier, cmd, MEMBARRIER_CMD_FLAG_CPU, 0));
	CHECK_ERR(SYS(membarrier, cmd, 2, 0), EINVAL);
	CHECK_ERR(SYS(membarrier, MEMBARRIER_CMD_GLOBAL, 1, 0), EINVAL);
}

static const struct test_case cases[] = {
	{ "registration", registration },
	{ "a child inherits it", inherited },
	{ "undisturbed", undisturbed_goes_through },
	{ "a signal aborts", signal_aborts },
	{ "a switch aborts", switch_aborts },
	{ "the signature is checked", signature_is_checked },
	{ "barriers", barriers },
};

TEST_MAIN(cases)
