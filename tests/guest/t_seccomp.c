/* seccomp(2) inside the machine: what filters may be, what they do, who has them. */
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/wait.h>
#include <syscall.h>
#include <test.h>
#include <unistd.h>

#define PR_SET_NO_NEW_PRIVS 38
#define PR_GET_SECCOMP 21
#define PR_SET_SECCOMP 22

#define LOAD(what)                                                  \
	{ BPF_LD | BPF_W | BPF_ABS, 0, 0,                           \
	  (unsigned int)offsetof(struct seccomp_data, what) }
#define RETURN(value) { BPF_RET | BPF_K, 0, 0, value }
/* For call nr the action, else the next instruction. */
#define ON(nr, action) { BPF_JMP | BPF_JEQ | BPF_K, 0, 1, nr }, RETURN(action)

static long result(long ret)
{
	if (ret >= 0)
		return ret;
	errno = (int)-ret;
	return -1;
}

static long install(struct sock_filter *insns, unsigned int count, int flags)
{
	struct sock_fprog prog = { (unsigned short)count, insns };

	return result(sys3(__NR_seccomp, SECCOMP_SET_MODE_FILTER, flags, (long)&prog));
}

static void allow_filters(void)
{
	CHECK_OK(result(sys6(__NR_prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0, 0)));
}

static void filter(struct sock_filter *insns, unsigned int count)
{
	allow_filters();
	CHECK_OK(install(insns, count, 0));
}

static void errno_action(void)
{
	struct sock_filter insns[] = {
		LOAD(nr),
		ON(__NR_getppid, SECCOMP_RET_ERRNO | 42),
		ON(__NR_getuid, SECCOMP_RET_ERRNO),
		ON(__NR_getgid, SECCOMP_RET_ERRNO | 5000),
		RETURN(SECCOMP_RET_ALLOW),
	};
	char text[2048];

	CHECK_EQ(sys1(__NR_prctl, PR_GET_SECCOMP), 0);
	filter(insns, ARRAY_SIZE(insns));
	CHECK_EQ(sys0(__NR_getppid), -42);
	CHECK_EQ(sys0(__NR_getuid), 0);
	CHECK_EQ(sys0(__NR_getgid), -4095);
	CHECK(sys0(__NR_getpid) > 0);
	CHECK_EQ(sys1(__NR_prctl, PR_GET_SECCOMP), 2);
	test_read_file("/proc/self/status", text, sizeof(text));
	CHECK(strstr(text, "Seccomp:\t2\n"));
	if (test_fork() == 0)
		_exit(sys0(__NR_getppid) == -42 ? 0 : 1);
	CHECK_OK(wait(NULL));
}

static void arguments(void)
{
	struct sock_filter insns[] = {
		LOAD(nr),
		{ BPF_JMP | BPF_JEQ | BPF_K, 0, 6, __NR_getpriority },
		LOAD(args[1]),
		{ BPF_ST, 0, 0, 3 },
		LOAD(args[0]),
		{ BPF_LDX | BPF_MEM, 0, 0, 3 },
		{ BPF_ALU | BPF_ADD | BPF_X, 0, 0, 0 },
		{ BPF_JMP | BPF_JGT | BPF_K, 1, 0, 9 },
		RETURN(SECCOMP_RET_ALLOW),
		RETURN(SECCOMP_RET_ERRNO | 77),
	};

	filter(insns, ARRAY_SIZE(insns));
	CHECK_EQ(sys2(__NR_getpriority, 4, 6), -77);
	CHECK(sys2(__NR_getpriority, 0, 0) > 0);
}

static volatile sig_atomic_t seen, number;
static void *volatile address;

static void on_sys(int sig, siginfo_t *info, void *context)
{
	(void)context;
	CHECK_EQ(sig, SIGSYS);
	CHECK_EQ(info->si_code, 1);
	CHECK_EQ(info->si_errno, 9);
	CHECK_EQ(info->si_arch, AUDIT_ARCH_X86_64);
	number = info->si_syscall;
	address = info->si_call_addr;
	seen++;
}

static void trap_action(void)
{
	struct sock_filter insns[] = {
		LOAD(nr),
		ON(__NR_getppid, SECCOMP_RET_TRAP | 9),
		RETURN(SECCOMP_RET_ALLOW),
	};
	struct sigaction sa;

	memset(&sa, 0, sizeof(sa));
	sa.sa_sigaction = on_sys;
	sa.sa_flags = SA_SIGINFO;
	CHECK_OK(sigaction(SIGSYS, &sa, NULL));
	filter(insns, ARRAY_SIZE(insns));
	CHECK_EQ(sys0(__NR_getppid), __NR_getppid);
	CHECK_EQ(seen, 1);
	CHECK_EQ(number, __NR_getppid);
	CHECK(address);
}

static void killed(void)
{
	struct sock_filter insns[] = {
		LOAD(nr),
		ON(__NR_getppid, SECCOMP_RET_KILL_PROCESS),
		ON(__NR_getuid, SECCOMP_RET_KILL_THREAD),
		RETURN(SECCOMP_RET_ALLOW),
	};

	signal(SIGSYS, SIG_IGN);
	filter(insns, ARRAY_SIZE(insns));
	if (test_fork() == 0)
		sys0(__NR_getuid);
	else
		sys0(__NR_getppid);
	_exit(0);
}

static void kill_actions(void)
{
	int status = test_status(killed);

	CHECK(WIFSIGNALED(status));
	CHECK_EQ(WTERMSIG(status), SIGSYS);
}

/* All filters are asked, and the strictest counts. */
static void several(void)
{
	struct sock_filter first[] = {
		LOAD(nr),
		ON(__NR_getppid, SECCOMP_RET_ERRNO | 1),
		ON(__NR_getuid, SECCOMP_RET_TRACE),
		RETURN(SECCOMP_RET_ALLOW),
	};
	struct sock_filter second[] = {
		LOAD(nr),
		ON(__NR_getppid, SECCOMP_RET_ERRNO | 2),
		ON(__NR_getgid, SECCOMP_RET_ERRNO | 3),
		RETURN(SECCOMP_RET_LOG),
	};

	filter(first, ARRAY_SIZE(first));
	filter(second, ARRAY_SIZE(second));
	CHECK_EQ(sys0(__NR_getppid), -2);
	CHECK_EQ(sys0(__NR_getgid), -3);
	CHECK_EQ(sys0(__NR_getuid), -ENOSYS);
}

static void unprivileged(void)
{
	struct sock_filter insns[] = { RETURN(SECCOMP_RET_ALLOW) };

	CHECK_ERR(install(insns, 1, 0), EACCES);
	allow_filters();
	CHECK_OK(install(insns, 1, 0));
}

static void rights(void)
{
	test_as_user(unprivileged);
}

static void check_bad(unsigned short code, unsigned int k)
{
	struct sock_filter insns[] = { { code, 0, 0, k }, RETURN(SECCOMP_RET_ALLOW) };

	CHECK_ERR(install(insns, 2, 0), EINVAL);
}

static void bad_filters(void)
{
	struct sock_filter ok[] = { RETURN(SECCOMP_RET_ALLOW) };
	struct sock_filter jump[] = {
		{ BPF_JMP | BPF_JEQ | BPF_K, 0, 1, 0 },
		RETURN(SECCOMP_RET_ALLOW),
	};
	struct sock_filter word[] = {
		{ BPF_JMP | BPF_JEQ | BPF_K, 1, 0, 0 },
		{ BPF_ST, 0, 0, 0 },
		{ BPF_LD | BPF_MEM, 0, 0, 0 },
		RETURN(SECCOMP_RET_ALLOW),
	};

	allow_filters();
	check_bad(BPF_LD | BPF_W | BPF_ABS, sizeof(struct seccomp_data));
	check_bad(BPF_LD | BPF_W | BPF_ABS, 1);
	check_bad(BPF_LD | BPF_H | BPF_ABS, 0);
	check_bad(BPF_LD | BPF_W | BPF_IND, 0);
	check_bad(BPF_ALU | BPF_DIV | BPF_K, 0);
	check_bad(BPF_ALU | BPF_MOD | BPF_K, 3);
	check_bad(BPF_ALU | BPF_LSH | BPF_K, 32);
	check_bad(BPF_LD | BPF_MEM, 0);
	check_bad(BPF_ST, 16);
	check_bad(BPF_JMP | BPF_JA, 1);
	check_bad(BPF_JMP | BPF_JA, -1u);
	check_bad(0xff, 0);
	CHECK_ERR(install(jump, ARRAY_SIZE(jump), 0), EINVAL);
	CHECK_ERR(install(word, ARRAY_SIZE(word), 0), EINVAL);
	jump[1] = jump[0];
	CHECK_ERR(install(jump, 1, 0), EINVAL);
	CHECK_ERR(install(ok, 0, 0), EINVAL);
	CHECK_ERR(install(ok, 4097, 0), EINVAL);
	CHECK_ERR(install(test_bad_pointer, 1, 0), EFAULT);
	CHECK_ERR(install(ok, 1, 1 << 20), EINVAL);
	CHECK_ERR(result(sys3(__NR_seccomp, 99, 0, 0)), EINVAL);
	CHECK_ERR(result(sys3(__NR_seccomp, SECCOMP_SET_MODE_STRICT, 1, 0)), EINVAL);
	CHECK_OK(install(ok, 1, SECCOMP_FILTER_FLAG_TSYNC));
}

static void available(void)
{
	unsigned int action = SECCOMP_RET_ERRNO;

	CHECK_OK(result(sys3(__NR_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, (long)&action)));
	action = 0x12340000;
	CHECK_ERR(result(sys3(__NR_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, (long)&action)),
		  EOPNOTSUPP);
}

static void divide(void)
{
	struct sock_filter insns[] = {
		{ BPF_LD | BPF_IMM, 0, 0, 100 },
		{ BPF_LDX | BPF_IMM, 0, 0, 7 },
		{ BPF_ALU | BPF_DIV | BPF_X, 0, 0, 0 },
		{ BPF_ALU | BPF_OR | BPF_K, 0, 0, SECCOMP_RET_ERRNO },
		{ BPF_MISC | BPF_TAX, 0, 0, 0 },
		LOAD(nr),
		{ BPF_JMP | BPF_JEQ | BPF_K, 1, 0, __NR_getppid },
		RETURN(SECCOMP_RET_ALLOW),
		{ BPF_MISC | BPF_TXA, 0, 0, 0 },
		{ BPF_RET | BPF_A, 0, 0, 0 },
	};

	filter(insns, ARRAY_SIZE(insns));
	CHECK_EQ(sys0(__NR_getppid), -14);
}

static void in_strict(void)
{
	CHECK_OK(result(sys2(__NR_prctl, PR_SET_SECCOMP, SECCOMP_MODE_STRICT)));
	sys3(__NR_write, -1, 0, 0);
	sys1(__NR_exit, 5);
}

static void in_strict_too_much(void)
{
	CHECK_OK(result(sys3(__NR_seccomp, SECCOMP_SET_MODE_STRICT, 0, 0)));
	sys0(__NR_getpid);
}

static void strict(void)
{
	int status = test_status(in_strict);

	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 5);
	status = test_status(in_strict_too_much);
	CHECK(WIFSIGNALED(status));
	CHECK_EQ(WTERMSIG(status), SIGKILL);
}

static const struct test_case cases[] = {
	{ "SECCOMP_RET_ERRNO; inherited", errno_action },
	{ "arguments, memory words, arithmetic", arguments },
	{ "division, registers", divide },
	{ "SECCOMP_RET_TRAP", trap_action },
	{ "SECCOMP_RET_KILL", kill_actions },
	{ "several filters", several },
	{ "who may", rights },
	{ "filters that are refused", bad_filters },
	{ "SECCOMP_GET_ACTION_AVAIL", available },
	{ "strict mode", strict },
};

TEST_MAIN(cases)
