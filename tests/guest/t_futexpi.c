/*
 * Locks with an owner (FUTEX_LOCK_PI and kin, futex(2)): the word between
 * processes, on shared memory.
 */
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <syscall.h>
#include <test.h>
#include <time.h>
#include <unistd.h>

#include <linux/futex.h>

#define NOBODY 0x3ffffff0u /* no task has this number */

/* The lock, and a place where the other process says something. */
struct shared {
	volatile uint32_t word, said;
};

static struct shared *shared;

static void share(void)
{
	shared = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	CHECK(shared != MAP_FAILED);
}

static long futex(int op, const struct timespec *time)
{
	return sys6(__NR_futex, (long)&shared->word, op, 0, (long)time, 0, 0);
}

static uint32_t self(void)
{
	return (uint32_t)getpid();
}

static void owner_and_nobody(void)
{
	share();
	CHECK_EQ(futex(FUTEX_UNLOCK_PI, NULL), -EPERM);
	CHECK_EQ(futex(FUTEX_LOCK_PI, NULL), 0);
	CHECK_EQ(shared->word, self());
	CHECK_EQ(futex(FUTEX_LOCK_PI, NULL), -EDEADLK);
	CHECK_EQ(futex(FUTEX_TRYLOCK_PI, NULL), -EDEADLK);
	CHECK_EQ(futex(FUTEX_UNLOCK_PI, NULL), 0);
	CHECK_EQ(shared->word, 0);
	CHECK_EQ(futex(FUTEX_TRYLOCK_PI, NULL), 0);
	CHECK_EQ(shared->word, self());
	shared->word = NOBODY;
	CHECK_EQ(futex(FUTEX_LOCK_PI, NULL), -ESRCH);
	CHECK_EQ(futex(FUTEX_UNLOCK_PI, NULL), -EPERM);
	shared->word = FUTEX_OWNER_DIED;
	CHECK_EQ(futex(FUTEX_LOCK_PI, NULL), 0);
	CHECK_EQ(shared->word, self() | FUTEX_OWNER_DIED);
}

/* A child that takes the lock as it ought to be taken, says so and gives it back. */
static pid_t start_waiter(void)
{
	pid_t pid = test_fork();

	if (pid)
		return pid;
	CHECK_EQ(futex(FUTEX_TRYLOCK_PI, NULL), -EAGAIN);
	CHECK_EQ(futex(FUTEX_LOCK_PI, NULL), 0);
	CHECK_EQ(shared->word & FUTEX_TID_MASK, self());
	shared->said++;
	CHECK_EQ(futex(FUTEX_UNLOCK_PI, NULL), 0);
	_exit(0);
}

static void handed_over(void)
{
	pid_t a, b;

	share();
	CHECK_EQ(futex(FUTEX_LOCK_PI, NULL), 0);
	a = start_waiter();
	WAIT_UNTIL(shared->word & FUTEX_WAITERS);
	b = start_waiter();
	sleep_ms(20);
	CHECK_EQ(shared->said, 0);
	CHECK_EQ(futex(FUTEX_UNLOCK_PI, NULL), 0);
	test_wait_ok(a);
	test_wait_ok(b);
	CHECK_EQ(shared->said, 2);
	CHECK_EQ(shared->word, 0);
}

static void times_out(void)
{
	struct timespec end;
	pid_t pid;

	share();
	CHECK_EQ(futex(FUTEX_LOCK_PI, NULL), 0);
	pid = test_fork();
	if (pid == 0) {
		CHECK_OK(clock_gettime(CLOCK_REALTIME, &end));
		end.tv_sec--;
		CHECK_EQ(futex(FUTEX_LOCK_PI, &end), -ETIMEDOUT);
		CHECK_OK(clock_gettime(CLOCK_MONOTONIC, &end));
		CHECK_EQ(futex(FUTEX_LOCK_PI2, &end), -ETIMEDOUT);
		_exit(0);
	}
	test_wait_ok(pid);
	CHECK_EQ(shared->word & FUTEX_TID_MASK, self());
	CHECK_EQ(futex(FUTEX_UNLOCK_PI, NULL), 0);
	CHECK_EQ(shared->word, 0);
}

/* An ordinary wake does not give the lock away. */
static void not_woken(void)
{
	pid_t pid;

	share();
	CHECK_EQ(futex(FUTEX_LOCK_PI, NULL), 0);
	pid = start_waiter();
	WAIT_UNTIL(shared->word & FUTEX_WAITERS);
	sleep_ms(20);
	CHECK_EQ(sys6(__NR_futex, (long)&shared->word, FUTEX_WAKE, 1, 0, 0, 0),
		 -EINVAL);
	CHECK_EQ(shared->said, 0);
	CHECK_EQ(futex(FUTEX_UNLOCK_PI, NULL), 0);
	test_wait_ok(pid);
}

static void die_with_the_lock(void)
{
	static struct robust_list_head head;
	static struct robust_list entry;

	/* the lowest bit marks a lock of this kind */
	entry.next = &head.list;
	head.list.next = (struct robust_list *)((uintptr_t)&entry | 1);
	head.futex_offset = (char *)&shared->word - (char *)&entry;
	CHECK_EQ(sys2(__NR_set_robust_list, (long)&head, sizeof(head)), 0);
	CHECK_EQ(futex(FUTEX_LOCK_PI, NULL), 0);
	shared->said = 1;
	WAIT_UNTIL(shared->word & FUTEX_WAITERS);
	sleep_ms(20);
	kill(getpid(), SIGKILL);
}

static void owner_dies(void)
{
	pid_t pid;

	share();
	pid = test_fork();
	if (pid == 0)
		die_with_the_lock();
	WAIT_UNTIL(shared->said);
	CHECK_EQ(futex(FUTEX_LOCK_PI, NULL), 0);
	CHECK_EQ(shared->word & ~FUTEX_WAITERS, self() | FUTEX_OWNER_DIED);
	CHECK_EQ(WTERMSIG(test_wait(pid)), SIGKILL);
}

static const struct test_case cases[] = {
	{ "owner and nobody", owner_and_nobody },
	{ "handed over", handed_over },
	{ "times out", times_out },
	{ "not woken by FUTEX_WAKE", not_woken },
	{ "its owner dies", owner_dies },
};

TEST_MAIN(cases)
