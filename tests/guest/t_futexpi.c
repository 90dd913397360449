/*
 * Locks with an owner (FUTEX_LOCK_PI and kin, futex(2)): the word between
 * processes, on shared memory.
 */
#include <sched.h>
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
	volatile uint32_t word, said, go;
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

/* ---- inheritance ------------------------------------------------------------------- */

static void be_realtime(int priority)
{
	CHECK_OK(SYS(sched_setscheduler, 0, priority ? SCHED_FIFO : SCHED_NORMAL, &priority));
}

/* Spins until the other one has said something; ends with 1 if it never does. */
static void hog(void)
{
	be_realtime(10);
	for (unsigned long i = 0; i < 400000000UL; i++)
		if (shared->said)
			_exit(0);
	_exit(1);
}

/*
 * Who has the lock has no priority and a task of middle priority takes the processor:
 * only with the priority of who waits for the lock does it get on to give it back.
 */
static void inherited(void)
{
	int status;
	pid_t owner, waiter, middle;

	test_need_root();
	share();
	be_realtime(30);
	owner = test_fork();
	if (owner == 0) {
		CHECK_EQ(futex(FUTEX_LOCK_PI, NULL), 0);
		be_realtime(0);
		while (!shared->go)
			;
		CHECK_EQ(futex(FUTEX_UNLOCK_PI, NULL), 0);
		_exit(0);
	}
	WAIT_UNTIL(shared->word);
	waiter = test_fork();
	if (waiter == 0) {
		be_realtime(20);
		CHECK_EQ(futex(FUTEX_LOCK_PI, NULL), 0);
		shared->said = 1;
		CHECK_EQ(futex(FUTEX_UNLOCK_PI, NULL), 0);
		_exit(0);
	}
	WAIT_UNTIL(shared->word & FUTEX_WAITERS);
	middle = test_fork();
	if (middle == 0)
		hog();
	shared->go = 1;
	CHECK_EQ(waitpid(middle, &status, 0), middle);
	CHECK_EQ(status, 0);
	test_wait_ok(owner);
	test_wait_ok(waiter);
}

/* a has the lock at word and waits for that at said, whose owner wants the first. */
static void deadlock(void)
{
	pid_t pid;

	share();
	CHECK_EQ(futex(FUTEX_LOCK_PI, NULL), 0);
	pid = test_fork();
	if (pid == 0) {
		CHECK_EQ(sys6(__NR_futex, (long)&shared->said, FUTEX_LOCK_PI, 0, 0, 0, 0), 0);
		CHECK_EQ(futex(FUTEX_LOCK_PI, NULL), 0);
		CHECK_EQ(futex(FUTEX_UNLOCK_PI, NULL), 0);
		CHECK_EQ(sys6(__NR_futex, (long)&shared->said, FUTEX_UNLOCK_PI, 0, 0, 0, 0),
			 0);
		_exit(0);
	}
	WAIT_UNTIL(shared->word & FUTEX_WAITERS);
	CHECK_EQ(sys6(__NR_futex, (long)&shared->said, FUTEX_LOCK_PI, 0, 0, 0, 0), -EDEADLK);
	CHECK_EQ(futex(FUTEX_UNLOCK_PI, NULL), 0);
	test_wait_ok(pid);
}

/* Without a robust list too the lock of who ends goes to who waits for it. */
static void ends_with_it(void)
{
	pid_t pid;

	share();
	pid = test_fork();
	if (pid == 0) {
		CHECK_EQ(futex(FUTEX_LOCK_PI, NULL), 0);
		WAIT_UNTIL(shared->word & FUTEX_WAITERS);
		test_nap();
		_exit(0);
	}
	WAIT_UNTIL(shared->word);
	CHECK_EQ(futex(FUTEX_LOCK_PI, NULL), 0);
	CHECK_EQ(shared->word, self() | FUTEX_OWNER_DIED);
	test_wait_ok(pid);
}

/* ---- from a condition to its lock ---------------------------------------------------- */

static volatile uint32_t *condition(void)
{
	return &shared->said;
}

static long wait_requeue(uint32_t val)
{
	return sys6(__NR_futex, (long)condition(), FUTEX_WAIT_REQUEUE_PI, val, 0,
		    (long)&shared->word, 0);
}

static long requeue(long count, uint32_t val)
{
	return sys6(__NR_futex, (long)condition(), FUTEX_CMP_REQUEUE_PI, 1, count,
		    (long)&shared->word, val);
}

static pid_t start_conditional(void)
{
	pid_t pid = test_fork();

	if (pid)
		return pid;
	CHECK_EQ(wait_requeue(0), 0);
	CHECK_EQ(shared->word & FUTEX_TID_MASK, self());
	CHECK_EQ(futex(FUTEX_UNLOCK_PI, NULL), 0);
	_exit(0);
}

static void requeued(void)
{
	pid_t pids[3];
	long moved = 0;

	share();
	CHECK_EQ(wait_requeue(1), -EAGAIN);
	CHECK_EQ(requeue(1, 1), -EAGAIN);
	CHECK_EQ(requeue(1, 0), 0);
	CHECK_EQ(sys6(__NR_futex, (long)condition(), FUTEX_CMP_REQUEUE_PI, 2, 1,
		      (long)&shared->word, 0),
		 -EINVAL);
	for (int i = 0; i < 3; i++)
		pids[i] = start_conditional();
	CHECK_EQ(futex(FUTEX_LOCK_PI, NULL), 0);
	/* The lock is ours: all are moved, two and then one. */
	while (moved < 3) {
		long n = requeue(1, 0);

		CHECK(n >= 0 && n <= 2);
		moved += n;
		test_nap();
	}
	CHECK_EQ(shared->word, self() | FUTEX_WAITERS);
	CHECK_EQ(futex(FUTEX_UNLOCK_PI, NULL), 0);
	for (int i = 0; i < 3; i++)
		test_wait_ok(pids[i]);
	CHECK_EQ(shared->word, 0);
	/* The lock is free: the first gets it at once. */
	pids[0] = start_conditional();
	while (requeue(0, 0) == 0)
		test_nap();
	test_wait_ok(pids[0]);
	CHECK_EQ(shared->word, 0);
}

/* Who waits for a lock is not woken in other ways, nor moved by who means another. */
static void not_paired(void)
{
	pid_t pid;
	long ret;

	share();
	pid = test_fork();
	if (pid == 0) {
		CHECK_EQ(sys6(__NR_futex, (long)condition(), FUTEX_WAIT, 0, 0, 0, 0), 0);
		CHECK_EQ(wait_requeue(0), 0);
		CHECK_EQ(futex(FUTEX_UNLOCK_PI, NULL), 0);
		_exit(0);
	}
	do
		ret = requeue(1, 0);
	while (ret == 0);
	CHECK_EQ(ret, -EINVAL); /* it waits without FUTEX_WAIT_REQUEUE_PI */
	CHECK_EQ(sys6(__NR_futex, (long)condition(), FUTEX_WAKE, 1, 0, 0, 0), 1);
	do
		ret = sys6(__NR_futex, (long)condition(), FUTEX_WAKE, 1, 0, 0, 0);
	while (ret == 0);
	CHECK_EQ(ret, -EINVAL);
	while (requeue(0, 0) == 0)
		test_nap();
	test_wait_ok(pid);
}

static const struct test_case cases[] = {
	{ "owner and nobody", owner_and_nobody },
	{ "handed over", handed_over },
	{ "times out", times_out },
	{ "not woken by FUTEX_WAKE", not_woken },
	{ "its owner dies", owner_dies },
	{ "priority is inherited", inherited },
	{ "deadlock", deadlock },
	{ "ends with the lock", ends_with_it },
	{ "requeued", requeued },
	{ "not paired", not_paired },
};

TEST_MAIN(cases)
