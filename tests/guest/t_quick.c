/*
 * Calls that a patched site answers from the user page (--intercept patch):
 * right over fork, threads, changes of credentials and interruption. In other
 * sets the same calls go the ordinary way, and the same must hold.
 */
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <syscall.h>
#include <test.h>
#include <unistd.h>

#include "libcpu.h"

#define PATCHED_AFTER 20 /* calls; entry/patch.c */
#define WINDOW 0x70000000UL
#define STACK_BYTES 65536

/* One call site for all: `mov $nr, %eax; syscall`. */
#define SITE(name)                                        \
	static __attribute__((noinline)) long site_##name(void) \
	{                                                 \
		return sys0(__NR_##name);                 \
	}
SITE(getpid)
SITE(gettid)
SITE(getuid)
SITE(geteuid)
SITE(getgid)
SITE(getegid)
SITE(getppid)

static const struct {
	long (*site)(void);
	int nr;
} sites[] = {
	{ site_getpid, __NR_getpid },	{ site_gettid, __NR_gettid },
	{ site_getuid, __NR_getuid },	{ site_geteuid, __NR_geteuid },
	{ site_getgid, __NR_getgid },	{ site_getegid, __NR_getegid },
	{ site_getppid, __NR_getppid },
};

/* The same call from a site that goes into the kernel: its number comes from a
 * register. */
static long plain(int nr)
{
	volatile int number = nr;

	return sys0(number);
}

static void patch_all(void)
{
	size_t i, n;

	for (i = 0; i < ARRAY_SIZE(sites); i++)
		for (n = 0; n < PATCHED_AFTER; n++)
			CHECK_EQ(sites[i].site(), plain(sites[i].nr));
}

static void check_all(void)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(sites); i++)
		CHECK_EQ(sites[i].site(), plain(sites[i].nr));
}

static void answers_as_the_call(void)
{
	patch_all();
	check_all();
}

static void over_fork(void)
{
	pid_t parent = (pid_t)site_getpid(), pid;
	int i;

	patch_all();
	for (i = 0; i < 10; i++) {
		pid = test_fork();
		if (pid == 0) {
			CHECK(site_getpid() != parent);
			CHECK_EQ(site_getppid(), parent);
			check_all();
			_exit(0);
		}
		CHECK_EQ(site_getpid(), parent);
		test_wait_ok(pid);
		check_all();
	}
}

/* Two processes run in turns on the same sites. */
static void taking_turns(void)
{
	pid_t pid;
	int i;

	patch_all();
	pid = test_fork();
	for (i = 0; i < 200; i++) {
		CHECK_EQ(site_getpid(), plain(__NR_getpid));
		sched_yield();
		CHECK_EQ(site_getpid(), plain(__NR_getpid));
	}
	if (pid == 0)
		_exit(0);
	test_wait_ok(pid);
}

static void after_vfork(void)
{
	pid_t parent = (pid_t)site_getpid(), pid;

	patch_all();
	pid = vfork();
	if (pid == 0)
		_exit(site_getpid() == parent || site_getppid() != parent);
	test_wait_ok(pid);
	CHECK_EQ(site_getpid(), parent);
}

static void changed_credentials(void)
{
	pid_t pid;

	patch_all();
	pid = test_fork();
	if (pid == 0) {
		CHECK_OK(SYS(setresgid, 1001, 1002, 1003));
		check_all();
		CHECK_EQ(site_getgid(), 1001);
		CHECK_EQ(site_getegid(), 1002);
		CHECK_OK(SYS(setresuid, 1004, 1005, 1006));
		check_all();
		CHECK_EQ(site_getuid(), 1004);
		CHECK_EQ(site_geteuid(), 1005);
		CHECK_OK(SYS(setresuid, -1, 1006, -1));
		CHECK_EQ(site_geteuid(), 1006);
		_exit(0);
	}
	test_wait_ok(pid);
	check_all();
	CHECK_EQ(site_getuid(), 0);
}

/* An orphan sees its new parent. */
static void reparented(void)
{
	volatile long *seen = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
				   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t pid;

	patch_all();
	pid = test_fork();
	if (pid == 0) {
		pid_t middle = (pid_t)site_getpid();

		if (test_fork() == 0) {
			while (site_getppid() == middle)
				sched_yield();
			seen[0] = site_getppid();
			_exit(0);
		}
		_exit(0);
	}
	test_wait_ok(pid);
	WAIT_UNTIL(seen[0]);
	CHECK_EQ(seen[0], 1);
}

/* ---- threads --------------------------------------------------------------------- */

static volatile long thread_tid, thread_pid, thread_wrong, thread_done;

static void thread_main(void)
{
	int i;

	thread_tid = plain(__NR_gettid);
	thread_pid = site_getpid();
	for (i = 0; i < 500; i++) {
		if (site_gettid() != thread_tid)
			thread_wrong = 1;
		if (i % 10 == 0)
			sched_yield();
	}
	thread_done = 1;
}

static long thread_start(void *stack_top, void (*fn)(void))
{
	const long flags = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND |
			   CLONE_THREAD | CLONE_SYSVSEM;
	register void (*r9)(void) __asm__("r9") = fn;
	register long r10 __asm__("r10") = 0;
	register long r8 __asm__("r8") = 0;
	long ret = __NR_clone;

	__asm__ volatile("syscall\n\t"
			 "test %%eax, %%eax\n\t"
			 "jnz 1f\n\t"
			 "xor %%ebp, %%ebp\n\t"
			 "call *%%r9\n\t"
			 "mov %[exit], %%eax\n\t"
			 "xor %%edi, %%edi\n\t"
			 "syscall\n"
			 "1:"
			 : "+a"(ret)
			 : "D"(flags), "S"(stack_top), "d"(0L), "r"(r10), "r"(r8),
			   "r"(r9), [exit] "i"(__NR_exit)
			 : "rcx", "r11", "memory");
	return ret;
}

static void in_a_thread(void)
{
	char *stack = mmap(NULL, STACK_BYTES, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	long self, tid;
	int i;

	CHECK(stack != MAP_FAILED);
	patch_all();
	self = plain(__NR_gettid);
	thread_tid = thread_pid = thread_wrong = thread_done = 0;
	tid = CHECK_OK(thread_start(stack + STACK_BYTES, thread_main));
	for (i = 0; !thread_done || i < 500; i++) {
		CHECK_EQ(site_gettid(), self);
		if (i % 10 == 0)
			sched_yield();
	}
	CHECK_EQ(thread_tid, tid);
	CHECK_EQ(thread_pid, site_getpid());
	CHECK_EQ(thread_wrong, 0);
	CHECK(tid != self);
}

/* ---- interrupted ----------------------------------------------------------------- */

static volatile sig_atomic_t interrupted, in_window;

static void look(int sig, siginfo_t *info, void *context)
{
	const ucontext_t *uc = context;

	(void)sig;
	(void)info;
	interrupted++;
	if (uc->uc_mcontext.rip >= WINDOW && uc->uc_mcontext.rip < 0xc0000000)
		in_window = 1;
}

static void handle(int sig)
{
	struct sigaction act = { .sa_sigaction = look, .sa_flags = SA_SIGINFO };

	interrupted = in_window = 0;
	CHECK_OK(sigaction(sig, &act, NULL));
}

/* A handler never sees the window, and the answers are right. */
static void by_a_timer(void)
{
	const struct itimerval often = { { 0, 300 }, { 0, 300 } };
	const struct itimerval off = { { 0, 0 }, { 0, 0 } };
	long pid = plain(__NR_getpid), tid = plain(__NR_gettid);

	patch_all();
	handle(SIGALRM);
	CHECK_OK(setitimer(ITIMER_REAL, &often, NULL));
	while (interrupted < 300)
		for (int i = 0; i < 100; i++) {
			CHECK_EQ(site_getpid(), pid);
			CHECK_EQ(site_gettid(), tid);
		}
	CHECK_OK(setitimer(ITIMER_REAL, &off, NULL));
	CHECK(!in_window);
}

static void step_by_step(void)
{
	long pid = plain(__NR_getpid), stepped;

	patch_all();
	handle(SIGTRAP);
	FLIP_TF();
	stepped = site_getpid();
	FLIP_TF();
	CHECK_EQ(stepped, pid);
	CHECK(interrupted > 4);
	CHECK(!in_window);
	interrupted = 0;
	CHECK_EQ(site_getpid(), pid);
	CHECK_EQ(interrupted, 0);
}

/* Who spins on such a call is preempted like anybody. */
static void spinning_gives_way(void)
{
	volatile long *count = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
				    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t pid;

	patch_all();
	pid = test_fork();
	if (pid == 0)
		for (;;)
			count[0] += site_getpid() > 0;
	for (int i = 0; i < 3; i++) {
		long before = count[0];

		while (count[0] == before)
			CHECK(site_getpid() != pid);
	}
	kill(pid, SIGKILL);
	test_wait(pid);
}

static const struct test_case cases[] = {
	{ "the same answers as the call", answers_as_the_call },
	{ "over fork", over_fork },
	{ "two processes in turns", taking_turns },
	{ "after vfork", after_vfork },
	{ "changed credentials", changed_credentials },
	{ "an orphan's new parent", reparented },
	{ "in a thread", in_a_thread },
	{ "interrupted by a timer", by_a_timer },
	{ "step by step", step_by_step },
	{ "spinning gives way", spinning_gives_way },
};

TEST_MAIN(cases)
