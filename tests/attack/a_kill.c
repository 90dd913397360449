/*
 * Other people's processes: signals, tracing, priorities, limits and files of
 * processes that belong to another user, and to the kernel.
 *
 * Without the defence (credentials checked in every call that names a process)
 * one guest user ends or reads what another runs.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <syscall.h>
#include <test.h>
#include <time.h>
#include <unistd.h>

#include "libattack.h"

#define OTHER_UID 1001

/* A victim of root's; the attacker is user 1000 (test_as_user). */
static pid_t victim;
static volatile int *victim_signals;

static void count(int sig)
{
	(void)sig;
	++*victim_signals;
}

static void be_victim(unsigned int uid)
{
	int sig;

	for (sig = 1; sig < 65; sig++)
		signal(sig, count);
	if (uid) {
		CHECK_OK(setgid(uid));
		CHECK_OK(setuid(uid));
	}
	victim_signals[1] = 1;
	for (;;)
		sleep_ms(10);
}

static void start_victim(unsigned int uid)
{
	test_need_root();
	victim_signals = attack_shared(4096);
	victim = test_fork();
	if (victim == 0)
		be_victim(uid);
	WAIT_UNTIL(victim_signals[1]);
}

static void end_victim(void)
{
	CHECK_EQ(*victim_signals, 0);
	CHECK_OK(kill(victim, SIGKILL));
	CHECK_EQ(WTERMSIG(test_wait(victim)), SIGKILL);
}

/* ---- process 1 --------------------------------------------------------------------- */

/* Even root's SIGKILL: the machine's own first process has no handlers. */
static void kill_first(void)
{
	int sig;

	for (sig = 1; sig < 65; sig++)
		kill(1, sig);
	CHECK(sys3(__NR_tgkill, 1, 1, SIGKILL) <= 0);
	CHECK(sys2(__NR_tkill, 1, SIGSTOP) <= 0);
	sleep_ms(50);
	CHECK_OK(kill(1, 0));
}

/* It must still reap. */
static void orphan(void)
{
	if (fork() == 0) {
		sleep_ms(20);
		_exit(0);
	}
}

static void first_process(void)
{
	attack_need_machine();
	test_need_root();
	test_child(kill_first);
	test_child(orphan);
	sleep_ms(60);
	attack_check_alive();
}

static void kill_first_as_user(void)
{
	int sig;

	for (sig = 0; sig < 65; sig++)
		CHECK_ERR(kill(1, sig), EPERM);
	CHECK_EQ(sys3(__NR_tgkill, 1, 1, SIGKILL), -EPERM);
}

static void first_process_as_user(void)
{
	test_need_root();
	test_as_user(kill_first_as_user);
}

/* ---- signals ------------------------------------------------------------------------- */

static void signal_victim(void)
{
	siginfo_t info;
	int sig;

	memset(&info, 0, sizeof(info));
	info.si_code = SI_QUEUE;
	for (sig = 0; sig < 65; sig++) {
		if (sig == SIGCONT) /* allowed within a session, kill(2) */
			continue;
		CHECK_ERR(kill(victim, sig), EPERM);
		CHECK_EQ(sys2(__NR_tkill, victim, sig), -EPERM);
		CHECK_EQ(sys3(__NR_tgkill, victim, victim, sig), -EPERM);
		info.si_signo = sig;
		if (sig)
			CHECK_EQ(sys3(__NR_rt_sigqueueinfo, victim, sig,
				      (long)&info), -EPERM);
	}
	CHECK_ERR(kill(-victim, SIGKILL), ESRCH);
}

static void signals_of_root(void)
{
	start_victim(0);
	test_as_user(signal_victim);
	end_victim();
}

static void signals_of_another(void)
{
	start_victim(OTHER_UID);
	test_as_user(signal_victim);
	end_victim();
}

/* kill(-1): everybody whom one may signal, nobody else. */
static void kill_everybody(void)
{
	kill(-1, SIGTERM);
	kill(-1, SIGKILL); /* not oneself, Linux says */
}

static void everybody(void)
{
	start_victim(OTHER_UID);
	test_as_user(kill_everybody);
	sleep_ms(50);
	end_victim();
	attack_check_alive();
}

/* A sender that claims to be somebody else, or the kernel. */
static void forge_info_child(void)
{
	siginfo_t info;
	int code;

	for (code = 0; code < 0x100; code++) {
		memset(&info, 0, sizeof(info));
		info.si_signo = SIGUSR1;
		info.si_code = code;
		CHECK_EQ(sys3(__NR_rt_sigqueueinfo, getppid(), SIGUSR1,
			      (long)&info), -EPERM);
	}
	memset(&info, 0, sizeof(info));
	info.si_code = SI_TKILL;
	CHECK_EQ(sys3(__NR_rt_sigqueueinfo, getppid(), SIGUSR1, (long)&info),
		 -EPERM);
}

static void forged_information(void)
{
	test_child(forge_info_child);
}

/* A set-user-ID program could be signalled by its caller's real user; a
 * process that has become another may not be. */
static void become_other(void)
{
	CHECK_OK(setgid(OTHER_UID));
	CHECK_OK(setuid(OTHER_UID));
	CHECK_ERR(setuid(0), EPERM);
	CHECK_ERR(setresuid(0, 0, 0), EPERM);
	CHECK_ERR(setgid(0), EPERM);
	CHECK_ERR(setgroups(0, NULL), EPERM);
	CHECK_ERR(kill(getppid(), SIGTERM), EPERM);
}

static void no_way_back(void)
{
	test_need_root();
	test_child(become_other);
}

/* ---- other handles --------------------------------------------------------------------- */

static void touch_victim(void)
{
	struct rlimit limit = { 0, 0 };
	unsigned long mask = 1;
	char path[64];
	/* struct iovec: asking for nothing is allowed to everybody */
	unsigned long piece[2] = { (unsigned long)&mask, sizeof(mask) };
	long ret;

	ret = sys4(__NR_ptrace, 16 /* ATTACH */, victim, 0, 0);
	CHECK(ret == -EPERM || ret == -ENOSYS);
	ret = sys4(__NR_ptrace, 0x4206 /* SEIZE */, victim, 0, 0);
	CHECK(ret == -EPERM || ret == -ENOSYS || ret == -EIO);
	ret = sys6(__NR_process_vm_readv, victim, (long)piece, 1, (long)piece, 1,
		   0);
	CHECK(ret == -EPERM || ret == -ENOSYS);
	ret = sys6(__NR_process_vm_writev, victim, (long)piece, 1, (long)piece, 1,
		   0);
	CHECK(ret == -EPERM || ret == -ENOSYS);
	ret = sys4(__NR_prlimit64, victim, RLIMIT_CPU, (long)&limit, 0);
	CHECK(ret == -EPERM || ret == -ENOSYS);
	ret = sys3(__NR_setpriority, PRIO_PROCESS, victim, 19);
	CHECK(ret == -EPERM || ret == -EACCES || ret == -ENOSYS);
	ret = sys3(__NR_sched_setaffinity, victim, 8, (long)&mask);
	CHECK(ret == -EPERM || ret == -ENOSYS);
	CHECK_ERR(setpgid(victim, victim), ESRCH);
	CHECK(setpgid(0, victim) == -1);
	ret = sys2(__NR_pidfd_open, victim, 0);
	if (ret >= 0)
		CHECK_EQ(sys4(__NR_pidfd_send_signal, ret, SIGKILL, 0, 0), -EPERM);
	snprintf(path, sizeof(path), "/proc/%d/mem", victim);
	CHECK_EQ(open(path, O_RDWR), -1);
	snprintf(path, sizeof(path), "/proc/%d/environ", victim);
	CHECK_EQ(open(path, O_RDONLY), -1);
	snprintf(path, sizeof(path), "/proc/%d/fd/0", victim);
	CHECK_EQ(open(path, O_RDONLY), -1);
	snprintf(path, sizeof(path), "/proc/%d/cwd/.", victim);
	CHECK_EQ(open(path, O_RDONLY), -1);
}

static void other_handles(void)
{
	start_victim(OTHER_UID);
	test_as_user(touch_victim);
	end_victim();
}

static void other_handles_of_root(void)
{
	start_victim(0);
	test_as_user(touch_victim);
	end_victim();
}

/* Numbers that are no process. */
static void strange_numbers(void)
{
	static const int pids[] = { 0x7fffffff, -0x7fffffff, 40000, 4194304 };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(pids); i++)
		CHECK_ERR(kill(pids[i], 0), ESRCH);
	CHECK_ERR(kill(getpid(), 65), EINVAL);
	CHECK_ERR(kill(getpid(), -1), EINVAL);
	CHECK_EQ(sys3(__NR_tgkill, -1, 1, 0), -EINVAL);
	CHECK_EQ(sys3(__NR_tgkill, 1, -1, 0), -EINVAL);
	CHECK(sys2(__NR_kill, (long)0x8000000000000000, 0) <= 0);
	attack_check_alive();
}

/* The machine's own switches. */
static void switches_child(void)
{
	CHECK(sys4(__NR_reboot, 0xfee1dead, 672274793, 0x4321fedc, 0) < 0);
	CHECK(sys3(__NR_mount, (long)"none", (long)"/tmp", (long)"tmpfs") < 0);
	CHECK(sys2(__NR_umount2, (long)"/proc", 2) < 0);
	CHECK(sys2(__NR_sethostname, (long)"owned", 5) < 0);
	CHECK(sys2(__NR_clock_settime, 0, (long)(long[2]){ 0, 0 }) < 0);
	CHECK(sys1(__NR_chroot, (long)"/tmp") < 0);
	CHECK(sys3(__NR_setpriority, PRIO_PROCESS, 0, -20) < 0);
	CHECK(open("/dev/mem", O_RDWR) < 0);
	CHECK(open("/dev/kmem", O_RDWR) < 0);
	CHECK(open("/proc/kcore", O_RDONLY) < 0);
	CHECK(open("/proc/1/mem", O_RDONLY) < 0);
	CHECK(open("/proc/sysrq-trigger", O_WRONLY) < 0);
}

static void switches_of_the_machine(void)
{
	test_need_root();
	test_as_user(switches_child);
}

static const struct test_case cases[] = {
	{ "every signal to process 1 by root", first_process },
	{ "every signal to process 1 by a user", first_process_as_user },
	{ "signals to root's process", signals_of_root },
	{ "signals to another user's process", signals_of_another },
	{ "signals to everybody", everybody },
	{ "forged signal information", forged_information },
	{ "no way back to root", no_way_back },
	{ "other handles on another user's process", other_handles },
	{ "other handles on root's process", other_handles_of_root },
	{ "numbers that are no process", strange_numbers },
	{ "the machine's own switches, by a user", switches_of_the_machine },
};
TEST_MAIN(cases)
