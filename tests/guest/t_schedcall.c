/* Calls around scheduling whose effect is what they tell: membarrier, ioprio. */
#include <linux/ioprio.h>
#include <linux/membarrier.h>
#include <sys/wait.h>
#include <syscall.h>
#include <test.h>
#include <unistd.h>

static long membarrier(int cmd, unsigned flags)
{
	return sys3(__NR_membarrier, cmd, flags, 0);
}

static void membarrier_commands(void)
{
	long mask = membarrier(MEMBARRIER_CMD_QUERY, 0);

	CHECK(mask > 0);
	CHECK_EQ(membarrier(MEMBARRIER_CMD_QUERY, 1), -EINVAL);
	CHECK_EQ(membarrier(1 << 20, 0), -EINVAL);
	CHECK_EQ(membarrier(-1, 0), -EINVAL);
	CHECK_EQ(membarrier(MEMBARRIER_CMD_GLOBAL, 0), 0);
	CHECK_EQ(membarrier(MEMBARRIER_CMD_GLOBAL_EXPEDITED, 0), 0);
	CHECK_EQ(mask & MEMBARRIER_CMD_PRIVATE_EXPEDITED, MEMBARRIER_CMD_PRIVATE_EXPEDITED);
}

/* The private commands are for those who registered; a child has inherited it. */
static void membarrier_registration(void)
{
	static const int pairs[][2] = {
		{ MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, MEMBARRIER_CMD_PRIVATE_EXPEDITED },
		{ MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE,
		  MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE },
	};
	pid_t pid;

	for (int i = 0; i < 2; i++) {
		CHECK_EQ(membarrier(pairs[i][1], 0), -EPERM);
		CHECK_EQ(membarrier(pairs[i][0], 0), 0);
		CHECK_EQ(membarrier(pairs[i][1], 0), 0);
	}
	pid = test_fork();
	if (pid == 0)
		_exit(membarrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0) ? 1 : 0);
	CHECK_EQ(test_wait(pid), 0);
}

static long ioprio_set(int which, int who, int ioprio)
{
	return sys3(__NR_ioprio_set, which, who, ioprio);
}

static long ioprio_get(int which, int who)
{
	return sys2(__NR_ioprio_get, which, who);
}

static int prio(int class, int level)
{
	return IOPRIO_PRIO_VALUE(class, level);
}

static void ioprio_is_kept(void)
{
	int best = prio(IOPRIO_CLASS_BE, 3);
	pid_t pid;

	CHECK_EQ(ioprio_get(IOPRIO_WHO_PROCESS, 0), 0);
	CHECK_EQ(ioprio_set(IOPRIO_WHO_PROCESS, 0, best), 0);
	CHECK_EQ(ioprio_get(IOPRIO_WHO_PROCESS, getpid()), best);
	pid = test_fork();
	if (pid == 0)
		_exit(ioprio_get(IOPRIO_WHO_PROCESS, 0) == best ? 0 : 1);
	CHECK_EQ(test_wait(pid), 0);
	CHECK_EQ(ioprio_set(IOPRIO_WHO_PROCESS, 0, prio(IOPRIO_CLASS_IDLE, 5)), 0);
	CHECK_EQ(ioprio_set(IOPRIO_WHO_PROCESS, 0, prio(IOPRIO_CLASS_RT, 0)), 0);
	CHECK_EQ(ioprio_set(IOPRIO_WHO_PROCESS, 0, 0), 0);
}

/* Of several the best is told, and any is better than none. */
static void ioprio_of_groups(void)
{
	pid_t pid;

	CHECK_OK(setpgid(0, 0));
	pid = test_fork();
	if (pid == 0)
		for (;;)
			pause();
	CHECK_EQ(ioprio_get(IOPRIO_WHO_PGRP, 0), 0);
	CHECK_EQ(ioprio_set(IOPRIO_WHO_PROCESS, pid, prio(IOPRIO_CLASS_IDLE, 0)), 0);
	CHECK_EQ(ioprio_get(IOPRIO_WHO_PGRP, 0), prio(IOPRIO_CLASS_IDLE, 0));
	CHECK_EQ(ioprio_set(IOPRIO_WHO_PROCESS, 0, prio(IOPRIO_CLASS_BE, 7)), 0);
	CHECK_EQ(ioprio_get(IOPRIO_WHO_PGRP, getpid()), prio(IOPRIO_CLASS_BE, 7));
	CHECK_EQ(ioprio_set(IOPRIO_WHO_PGRP, 0, prio(IOPRIO_CLASS_BE, 1)), 0);
	CHECK_EQ(ioprio_get(IOPRIO_WHO_PROCESS, pid), prio(IOPRIO_CLASS_BE, 1));
	CHECK_OK(kill(pid, SIGKILL));
	test_wait(pid);
}

static void ioprio_errors(void)
{
	pid_t pid = test_fork();

	if (pid == 0) {
		CHECK_OK(setresuid(1000, 1000, 1000));
		CHECK_EQ(ioprio_set(IOPRIO_WHO_PROCESS, 0, prio(IOPRIO_CLASS_RT, 0)), -EPERM);
		CHECK_EQ(ioprio_set(IOPRIO_WHO_PROCESS, 1, prio(IOPRIO_CLASS_BE, 0)), -EPERM);
		CHECK_EQ(ioprio_set(IOPRIO_WHO_PROCESS, 0, prio(IOPRIO_CLASS_BE, 0)), 0);
		_exit(0);
	}
	CHECK_EQ(test_wait(pid), 0);
	CHECK_EQ(ioprio_set(IOPRIO_WHO_PROCESS, 0, prio(IOPRIO_CLASS_BE, 8)), -EINVAL);
	CHECK_EQ(ioprio_set(IOPRIO_WHO_PROCESS, 0, prio(IOPRIO_CLASS_NONE, 1)), -EINVAL);
	CHECK_EQ(ioprio_set(IOPRIO_WHO_PROCESS, 0, prio(4, 0)), -EINVAL);
	CHECK_EQ(ioprio_set(0, 0, 0), -EINVAL);
	CHECK_EQ(ioprio_get(4, 0), -EINVAL);
	CHECK_EQ(ioprio_get(IOPRIO_WHO_PROCESS, 99999), -ESRCH);
}

static const struct test_case cases[] = {
	{ "membarrier: commands", membarrier_commands },
	{ "membarrier: registration", membarrier_registration },
	{ "ioprio: is kept", ioprio_is_kept },
	{ "ioprio: of groups", ioprio_of_groups },
	{ "ioprio: errors", ioprio_errors },
};

TEST_MAIN(cases)
