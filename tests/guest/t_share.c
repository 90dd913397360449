/*
 * What processes share and stop sharing: kcmp(2), unshare(2), UTS name spaces,
 * process_madvise(2), process_mrelease(2), futex_waitv(2).
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <syscall.h>
#include <test.h>
#include <time.h>
#include <unistd.h>

#include <linux/eventpoll.h>
#include <linux/futex.h>
#include <linux/kcmp.h>
#include <linux/personality.h>
#include <linux/sched.h>

#define PAGE 4096UL
#define MADV_COLD_ 20

static void compare(void)
{
	struct kcmp_epoll_slot slot = { 0, 0, 0 };
	struct epoll_event ev = { .events = EPOLLIN };
	pid_t self = getpid(), pid;
	int fds[2], copy, ep;
	long order;

	CHECK_OK(pipe(fds));
	copy = (int)CHECK_OK(dup(fds[0]));
	CHECK_EQ(SYS(kcmp, self, self, KCMP_FILE, fds[0], copy), 0);
	order = CHECK_OK(SYS(kcmp, self, self, KCMP_FILE, fds[0], fds[1]));
	CHECK(order == 1 || order == 2);
	CHECK_EQ(SYS(kcmp, self, self, KCMP_FILE, fds[1], fds[0]), 3 - order);
	CHECK_ERR(SYS(kcmp, self, self, KCMP_FILE, fds[0], 99), EBADF);
	CHECK_ERR(SYS(kcmp, self, self, 77, 0, 0), EINVAL);
	CHECK_ERR(SYS(kcmp, self, 99999, KCMP_VM, 0, 0), ESRCH);
	ep = (int)CHECK_OK(SYS(epoll_create1, 0));
	CHECK_OK(SYS(epoll_ctl, ep, EPOLL_CTL_ADD, fds[0], &ev));
	slot.efd = (unsigned int)ep;
	slot.tfd = (unsigned int)fds[0];
	CHECK_EQ(SYS(kcmp, self, self, KCMP_EPOLL_TFD, copy, &slot), 0);
	slot.toff = 1;
	CHECK_ERR(SYS(kcmp, self, self, KCMP_EPOLL_TFD, copy, &slot), ENOENT);
	pid = test_fork();
	if (pid == 0)
		for (;;)
			pause();
	CHECK_EQ(SYS(kcmp, self, pid, KCMP_FILE, fds[0], fds[0]), 0);
	CHECK(SYS(kcmp, self, pid, KCMP_FILES, 0, 0) > 0);
	CHECK(SYS(kcmp, self, pid, KCMP_VM, 0, 0) > 0);
	CHECK_EQ(SYS(kcmp, self, self, KCMP_VM, 0, 0), 0);
	CHECK_EQ(SYS(kcmp, self, self, KCMP_SIGHAND, 0, 0), 0);
	CHECK_EQ(SYS(kcmp, self, pid, KCMP_SYSVSEM, 0, 0), 0);
	CHECK_OK(kill(pid, SIGKILL));
	test_wait(pid);
}

/* Shares all but the memory with its parent: closes fd 50 there unless unshared. */
static void child_with_own_table(int flags)
{
	pid_t pid;

	CHECK_OK(dup2(0, 50));
	pid = (pid_t)CHECK_OK(SYS(clone, CLONE_FILES | CLONE_FS | SIGCHLD, 0, 0, 0, 0));
	if (pid == 0) {
		if (flags && SYS(unshare, flags))
			_exit(1);
		close(50);
		umask(0111);
		_exit(0);
	}
	test_wait_ok(pid);
}

static void unshare_tables(void)
{
	umask(022);
	child_with_own_table(CLONE_FILES | CLONE_FS);
	CHECK_OK(fcntl(50, F_GETFD, 0));
	CHECK_EQ(umask(022), 022);
	child_with_own_table(0);
	CHECK_ERR(fcntl(50, F_GETFD, 0), EBADF);
	CHECK_EQ(umask(022), 0111);
}

static void unshare_as_user(void)
{
	CHECK_ERR(SYS(unshare, CLONE_NEWUTS), EPERM);
	CHECK_ERR(SYS(clone, CLONE_NEWUTS | SIGCHLD, 0, 0, 0, 0), EPERM);
	CHECK_OK(SYS(unshare, CLONE_FILES));
}

static void unshare_errors(void)
{
	CHECK_OK(SYS(unshare, 0));
	CHECK_OK(SYS(unshare, CLONE_VM | CLONE_SYSVSEM));
	CHECK_ERR(SYS(unshare, CLONE_SETTLS), EINVAL);
	CHECK_ERR(SYS(unshare, 1), EINVAL);
	test_need_root();
	test_as_user(unshare_as_user);
}

static void other_names(void)
{
	struct utsname un;
	pid_t pid;

	test_need_root();
	CHECK_OK(SYS(unshare, CLONE_NEWUTS));
	CHECK_OK(sethostname("elsewhere", 9));
	pid = test_fork();
	if (pid == 0) {
		CHECK_OK(uname(&un));
		CHECK_STR(un.nodename, "elsewhere");
		_exit(0);
	}
	test_wait_ok(pid);
	pid = (pid_t)CHECK_OK(SYS(clone, CLONE_NEWUTS | SIGCHLD, 0, 0, 0, 0));
	if (pid == 0) {
		CHECK_OK(sethostname("third", 5));
		_exit(0);
	}
	test_wait_ok(pid);
	CHECK_OK(uname(&un));
	CHECK_STR(un.nodename, "elsewhere");
}

static void uts_name_space(void)
{
	struct utsname before, after;

	CHECK_OK(uname(&before));
	test_child(other_names);
	CHECK_OK(uname(&after));
	CHECK_STR(after.nodename, before.nodename);
}

static void old_kernels_name(void)
{
	struct utsname un;

	CHECK_EQ(SYS(personality, UNAME26), 0);
	CHECK_EQ(SYS(personality, 0xffffffff), UNAME26);
	CHECK_OK(uname(&un));
	CHECK_EQ(strncmp(un.release, "2.6.", 4), 0);
}

/* In the new program: prints the break and the stack of this run. */
static int print_layout(int argc, char **argv)
{
	long place[2] = { (long)SYS(brk, 0), (long)&argc };

	(void)argv;
	return write(1, place, sizeof(place)) != sizeof(place);
}

static void layout(long place[2])
{
	int fds[2];
	pid_t pid;

	CHECK_OK(pipe(fds));
	pid = test_fork();
	if (pid == 0) {
		dup2(fds[1], 1);
		test_exec("layout", NULL);
	}
	test_wait_ok(pid);
	test_read_all(fds[0], place, 2 * sizeof(*place));
	close(fds[0]);
	close(fds[1]);
}

static void layout_without_chance(void)
{
	long first[2], again[2];

	CHECK_OK(SYS(personality, ADDR_NO_RANDOMIZE));
	layout(first);
	layout(again);
	CHECK_EQ(first[0], again[0]);
	CHECK_EQ(first[1], again[1]);
}

static void timeouts_stay(void)
{
	struct timeval t = { 0, 1000 };

	CHECK_OK(SYS(personality, STICKY_TIMEOUTS));
	CHECK_EQ(SYS(select, 0, NULL, NULL, NULL, &t), 0);
	CHECK_EQ(t.tv_usec, 1000);
	CHECK_OK(SYS(personality, 0));
	CHECK_EQ(SYS(select, 0, NULL, NULL, NULL, &t), 0);
	CHECK_EQ(t.tv_usec, 0);
}

static pid_t start_sleeper(void)
{
	pid_t pid = test_fork();

	if (pid == 0)
		for (;;)
			pause();
	return pid;
}

static void advise_other(void)
{
	struct {
		void *base;
		size_t len;
	} iov[2];
	char *p = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	pid_t pid = start_sleeper();
	int fd = (int)CHECK_OK(SYS(pidfd_open, pid, 0));

	iov[0].base = p;
	iov[0].len = PAGE;
	iov[1].base = p + PAGE;
	iov[1].len = PAGE;
	CHECK_EQ(SYS(process_madvise, fd, iov, 2, MADV_COLD_, 0), 2 * PAGE);
	CHECK_ERR(SYS(process_madvise, fd, iov, 2, MADV_DONTNEED, 0), EINVAL);
	CHECK_ERR(SYS(process_madvise, fd, iov, 2, MADV_COLD_, 1), EINVAL);
	CHECK_ERR(SYS(process_madvise, 0, iov, 2, MADV_COLD_, 0), EBADF);
	iov[0].base = (void *)((unsigned long)test_bad_pointer & -PAGE);
	CHECK_ERR(SYS(process_madvise, fd, iov, 1, MADV_COLD_, 0), ENOMEM);
	CHECK_ERR(SYS(process_mrelease, fd, 0), EINVAL); /* it lives */
	CHECK_ERR(SYS(process_mrelease, fd, 1), EINVAL);
	CHECK_ERR(SYS(process_mrelease, 0, 0), EBADF);
	CHECK_OK(kill(pid, SIGKILL));
	test_wait(pid);
	CHECK_ERR(SYS(process_mrelease, fd, 0), ESRCH);
	CHECK_OK(munmap(p, 2 * PAGE));
}

static void wait_for_any(void)
{
	int *words = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
			  -1, 0);
	struct futex_waitv v[3] = {
		{ 0, (unsigned long)&words[0], FUTEX_32, 0 },
		{ 7, (unsigned long)&words[1], FUTEX_32, 0 },
		{ 0, (unsigned long)&words[2], FUTEX_32, 0 },
	};
	struct timespec past = { 1, 0 }, bad = { 0, -1 };
	pid_t pid;

	CHECK_ERR(SYS(futex_waitv, v, 3, 0, NULL, 0), EAGAIN);
	words[1] = 7;
	CHECK_ERR(SYS(futex_waitv, v, 3, 0, &past, CLOCK_MONOTONIC), ETIMEDOUT);
	CHECK_ERR(SYS(futex_waitv, v, 3, 0, &past, CLOCK_REALTIME), ETIMEDOUT);
	CHECK_ERR(SYS(futex_waitv, v, 3, 0, &bad, CLOCK_REALTIME), EINVAL);
	CHECK_ERR(SYS(futex_waitv, v, 3, 0, &past, CLOCK_BOOTTIME), EINVAL);
	CHECK_ERR(SYS(futex_waitv, v, 0, 0, NULL, 0), EINVAL);
	CHECK_ERR(SYS(futex_waitv, v, 129, 0, NULL, 0), EINVAL);
	CHECK_ERR(SYS(futex_waitv, v, 3, 1, NULL, 0), EINVAL);
	CHECK_ERR(SYS(futex_waitv, test_bad_pointer, 3, 0, NULL, 0), EFAULT);
	pid = test_fork();
	if (pid == 0) {
		while (SYS(futex, &words[1], FUTEX_WAKE, 1, NULL, NULL, 0) == 0)
			test_nap();
		_exit(0);
	}
	CHECK_EQ(SYS(futex_waitv, v, 3, 0, NULL, 0), 1);
	test_wait_ok(pid);
	CHECK_EQ(SYS(futex, &words[0], FUTEX_WAKE, 9, NULL, NULL, 0), 0);
	v[2].flags = 0;
	CHECK_ERR(SYS(futex_waitv, v, 3, 0, NULL, 0), EINVAL);
	CHECK_OK(munmap(words, PAGE));
}

static const struct test_case cases[] = {
	{ "kcmp", compare },
	{ "unshare: descriptors, umask", unshare_tables },
	{ "unshare: errors", unshare_errors },
	{ "UTS name spaces", uts_name_space },
	{ "personality: UNAME26", old_kernels_name },
	{ "personality: ADDR_NO_RANDOMIZE", layout_without_chance },
	{ "personality: STICKY_TIMEOUTS", timeouts_stay },
	{ "process_madvise, process_mrelease", advise_other },
	{ "futex_waitv", wait_for_any },
};

static const struct test_role roles[] = {
	{ "layout", print_layout },
};

TEST_MAIN_ROLES(cases, roles)
