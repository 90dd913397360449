/*
 * Pointers into the window given to every family of system calls: EFAULT, and
 * nothing read or written there.
 *
 * TEST-TIMEOUT: 120
 *
 * Without the defence (user memory is touched only through the page table's
 * say-so) read(2) writes into the kernel's data and write(2) shows it: the
 * kernel itself has the window open while it works.
 */
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <syscall.h>
#include <test.h>
#include <time.h>
#include <unistd.h>

#include <linux/futex.h>

#include "libattack.h"

/* In the calls below P stands for the pointer, S, F, D, R, W for what
 * set_up makes, V for a writable buffer. */
enum { P = -1000, S, F, R, W, V, I, T };

static const struct probe {
	const char *name;
	long nr;
	long arg[6];
} probes[] = {
	/* data in and out */
	{ "read", __NR_read, { F, P, 64 } },
	{ "write", __NR_write, { W, P, 64 } },
	{ "pread64", __NR_pread64, { F, P, 64, 0 } },
	{ "pwrite64", __NR_pwrite64, { F, P, 64, 0 } },
	{ "readv", __NR_readv, { F, P, 1 } },
	{ "writev", __NR_writev, { W, P, 1 } },
	{ "preadv", __NR_preadv, { F, P, 1, 0, 0 } },
	{ "pwritev", __NR_pwritev, { F, P, 1, 0, 0 } },
	{ "readv, buffer", __NR_readv, { F, I, 1 } },
	{ "writev, buffer", __NR_writev, { W, I, 1 } },
	{ "getdents64", __NR_getdents64, { T, P, 512 } },
	{ "getrandom", __NR_getrandom, { P, 64, 0 } },
	{ "sendfile, offset", __NR_sendfile, { W, F, P, 1 } },

	/* names */
	{ "open", __NR_open, { P, 0 } },
	{ "openat", __NR_openat, { -100, P, 0 } },
	{ "creat", __NR_creat, { P, 0600 } },
	{ "stat", __NR_stat, { P, V } },
	{ "lstat", __NR_lstat, { P, V } },
	{ "newfstatat", __NR_newfstatat, { -100, P, V, 0 } },
	{ "statx", __NR_statx, { -100, P, 0, 0xfff, V } },
	{ "access", __NR_access, { P, 0 } },
	{ "faccessat", __NR_faccessat, { -100, P, 0 } },
	{ "readlink", __NR_readlink, { P, V, 64 } },
	{ "chdir", __NR_chdir, { P } },
	{ "mkdir", __NR_mkdir, { P, 0700 } },
	{ "rmdir", __NR_rmdir, { P } },
	{ "unlink", __NR_unlink, { P } },
	{ "unlinkat", __NR_unlinkat, { -100, P, 0 } },
	{ "rename, from", __NR_rename, { P, S } },
	{ "rename, to", __NR_rename, { S, P } },
	{ "link", __NR_link, { S, P } },
	{ "symlink, target", __NR_symlink, { P, S } },
	{ "symlink, name", __NR_symlink, { S, P } },
	{ "chmod", __NR_chmod, { P, 0700 } },
	{ "chown", __NR_chown, { P, 0, 0 } },
	{ "lchown", __NR_lchown, { P, 0, 0 } },
	{ "truncate", __NR_truncate, { P, 0 } },
	{ "mknod", __NR_mknod, { P, S_IFIFO | 0600, 0 } },
	{ "utimensat", __NR_utimensat, { -100, P, 0, 0 } },
	{ "utimensat, times", __NR_utimensat, { -100, S, P, 0 } },
	{ "chroot", __NR_chroot, { P } },
	{ "statfs, path", __NR_statfs, { P, V } },
	{ "mount, target", __NR_mount, { S, P, S, 0, 0 } },
	{ "umount2", __NR_umount2, { P, 0 } },
	{ "execve, path", __NR_execve, { P, 0, 0 } },
	{ "execve, argv", __NR_execve, { S, P, 0 } },
	{ "execve, envp", __NR_execve, { S, 0, P } },
	{ "execveat", __NR_execveat, { -100, P, 0, 0, 0 } },
	{ "sethostname", __NR_sethostname, { P, 8 } },

	/* answers */
	{ "stat, answer", __NR_stat, { S, P } },
	{ "lstat, answer", __NR_lstat, { S, P } },
	{ "fstat", __NR_fstat, { F, P } },
	{ "newfstatat, answer", __NR_newfstatat, { -100, S, P, 0 } },
	{ "statx, answer", __NR_statx, { -100, S, 0, 0xfff, P } },
	{ "statfs", __NR_statfs, { S, P } },
	{ "fstatfs", __NR_fstatfs, { F, P } },
	{ "getcwd", __NR_getcwd, { P, 64 } },
	{ "readlink, answer", __NR_readlink, { S, P, 64 } },
	{ "pipe", __NR_pipe, { P } },
	{ "pipe2", __NR_pipe2, { P, 0 } },
	{ "uname", __NR_uname, { P } },
	{ "sysinfo", __NR_sysinfo, { P } },
	{ "times", __NR_times, { P } },
	{ "getrusage", __NR_getrusage, { 0, P } },
	{ "getrlimit", __NR_getrlimit, { RLIMIT_NOFILE, P } },
	{ "setrlimit", __NR_setrlimit, { RLIMIT_NOFILE, P } },
	{ "prlimit64, new", __NR_prlimit64, { 0, RLIMIT_NOFILE, P, 0 } },
	{ "prlimit64, old", __NR_prlimit64, { 0, RLIMIT_NOFILE, 0, P } },
	{ "gettimeofday", __NR_gettimeofday, { P, 0 } },
	{ "time", __NR_time, { P } },
	{ "clock_gettime", __NR_clock_gettime, { 1, P } },
	{ "clock_getres", __NR_clock_getres, { 1, P } },
	{ "clock_settime", __NR_clock_settime, { 0, P } },
	{ "settimeofday", __NR_settimeofday, { P, 0 } },
	{ "getgroups", __NR_getgroups, { 16, P } },
	{ "setgroups", __NR_setgroups, { 1, P } },
	{ "getresuid", __NR_getresuid, { P, V, V } },
	{ "getresgid", __NR_getresgid, { V, P, V } },
	{ "getcpu", __NR_getcpu, { P, 0, 0 } },
	{ "sched_getaffinity", __NR_sched_getaffinity, { 0, 128, P } },
	{ "sched_setaffinity", __NR_sched_setaffinity, { 0, 8, P } },
	{ "sched_getparam", __NR_sched_getparam, { 0, P } },
	{ "sched_setparam", __NR_sched_setparam, { 0, P } },
	{ "sched_setscheduler", __NR_sched_setscheduler, { 0, 0, P } },
	{ "sched_rr_get_interval", __NR_sched_rr_get_interval, { 0, P } },
	{ "capget", __NR_capget, { P, V } },
	{ "mincore", __NR_mincore, { V, 4096, P } },
	{ "syslog", __NR_syslog, { 3, P, 64 } },

	/* waiting and time */
	{ "poll", __NR_poll, { P, 1, 0 } },
	{ "ppoll", __NR_ppoll, { P, 1, V, 0, 8 } },
	{ "ppoll, time", __NR_ppoll, { 0, 0, P, 0, 8 } },
	{ "ppoll, mask", __NR_ppoll, { 0, 0, V, P, 8 } },
	{ "select, read set", __NR_select, { 8, P, 0, 0, V } },
	{ "select, write set", __NR_select, { 8, 0, P, 0, V } },
	{ "select, time", __NR_select, { 0, 0, 0, 0, P } },
	{ "pselect6, set", __NR_pselect6, { 8, P, 0, 0, V, 0 } },
	{ "pselect6, mask", __NR_pselect6, { 0, 0, 0, 0, V, P } },
	{ "nanosleep", __NR_nanosleep, { P, 0 } },
	{ "clock_nanosleep", __NR_clock_nanosleep, { 1, 0, P, 0 } },
	{ "setitimer", __NR_setitimer, { 0, P, 0 } },
	{ "setitimer, old", __NR_setitimer, { 0, V, P } },
	{ "getitimer", __NR_getitimer, { 0, P } },
	{ "timer_create", __NR_timer_create, { 0, 0, P } },
	{ "futex wait", __NR_futex, { P, FUTEX_WAIT, 0, V } },
	{ "futex wait, time", __NR_futex, { V, FUTEX_WAIT, 0, P } },
	{ "futex wake", __NR_futex, { P, FUTEX_WAKE, 1, 0 } },
	{ "futex requeue", __NR_futex, { V, FUTEX_REQUEUE, 1, 1, P, 0 } },
	{ "futex wake op", __NR_futex, { V, FUTEX_WAKE_OP, 1, 1, P, 0 } },
	{ "wait4, status", __NR_wait4, { -1, P, WNOHANG, 0 } },
	{ "waitid", __NR_waitid, { 0, 0, P, WEXITED | WNOHANG, 0 } },

	/* signals */
	{ "rt_sigaction", __NR_rt_sigaction, { SIGUSR1, P, 0, 8 } },
	{ "rt_sigaction, old", __NR_rt_sigaction, { SIGUSR1, 0, P, 8 } },
	{ "rt_sigprocmask", __NR_rt_sigprocmask, { 0, P, 0, 8 } },
	{ "rt_sigprocmask, old", __NR_rt_sigprocmask, { 0, 0, P, 8 } },
	{ "rt_sigpending", __NR_rt_sigpending, { P, 8 } },
	{ "rt_sigsuspend", __NR_rt_sigsuspend, { P, 8 } },
	{ "rt_sigtimedwait", __NR_rt_sigtimedwait, { P, 0, V, 8 } },
	{ "rt_sigtimedwait, time", __NR_rt_sigtimedwait, { V, 0, P, 8 } },
	{ "rt_sigqueueinfo", __NR_rt_sigqueueinfo, { 1, SIGUSR1, P } },
	{ "sigaltstack", __NR_sigaltstack, { P, 0 } },
	{ "sigaltstack, old", __NR_sigaltstack, { 0, P } },
	{ "signalfd4", __NR_signalfd4, { -1, P, 8, 0 } },

	/* processes */
	{ "clone3", __NR_clone3, { P, 88 } },
	{ "arch_prctl", __NR_arch_prctl, { 0x1003, P } },
	{ "prctl set name", __NR_prctl, { 15, P } },
	{ "prctl get name", __NR_prctl, { 16, P } },
	{ "get_robust_list", __NR_get_robust_list, { 0, P, V } },
	{ "rseq", __NR_rseq, { P, 32, 0, 0x53053053 } },

	/* descriptors */
	{ "ioctl FIONREAD", __NR_ioctl, { R, FIONREAD, P } },
	{ "ioctl TCGETS", __NR_ioctl, { 0, TCGETS, P } },
	{ "fcntl F_GETLK", __NR_fcntl, { F, F_GETLK, P } },
	{ "fcntl F_SETLK", __NR_fcntl, { F, F_SETLK, P } },
	{ "epoll_ctl", __NR_epoll_ctl, { F, 1, R, P } },
	{ "inotify_add_watch", __NR_inotify_add_watch, { F, P, 1 } },
	{ "copy_file_range", __NR_copy_file_range, { F, P, W, 0, 1, 0 } },
	{ "getsockname", __NR_getsockname, { 0, P, P } },
	{ "getxattr", __NR_getxattr, { S, P, V, 64 } },
};

static char path[64] = "pointers";
static union {
	char bytes[4096];
	unsigned long words[512];
} buffer __attribute__((aligned(4096)));
static struct iovec vector;
static int file, tree, pipe_read, pipe_write;

static void set_up(void)
{
	int fds[2];

	test_scratch();
	test_make_file(path, "some text that can be read and be written");
	file = (int)CHECK_OK(open(path, O_RDWR));
	tree = (int)CHECK_OK(open("/", O_RDONLY | O_DIRECTORY));
	CHECK_OK(pipe2(fds, O_NONBLOCK));
	pipe_read = fds[0];
	pipe_write = fds[1];
}

/* Where the window may be touched, what user mode can see of it. */
static unsigned char before[LODGER_SIGSTACK_SIZE];
/* The host's frames are at the top, the call gate's blocks in the first page. */
#define STABLE_START (LODGER_SIGSTACK_BASE + 0x1000UL)
#define STABLE_BYTES 0x1000UL

static void remember(void)
{
	memcpy(before, (void *)STABLE_START, STABLE_BYTES);
}

static void check_unchanged(const char *name)
{
	if (memcmp(before, (void *)STABLE_START, STABLE_BYTES) != 0)
		test_fail(__FILE__, __LINE__, "%s wrote to the signal stack",
			  name);
}

static long value_of(long arg, unsigned long pointer)
{
	switch (arg) {
	case P: return (long)pointer;
	case S: return (long)path;
	case F: return file;
	case R: return pipe_read;
	case W: return pipe_write;
	case V: return (long)&buffer;
	case I: return (long)&vector;
	case T: return tree;
	}
	return arg;
}

static long make(const struct probe *p, unsigned long pointer)
{
	long a[6];
	int i;

	memset(&buffer, 0, sizeof(buffer));
	vector.iov_base = (void *)pointer;
	vector.iov_len = 64;
	lseek(file, 0, SEEK_SET);
	for (i = 0; i < 6; i++)
		a[i] = value_of(p->arg[i], pointer);
	return sys6(p->nr, a[0], a[1], a[2], a[3], a[4], a[5]);
}

/* Calls whose bad pointer Linux ignores or finds after another error. */
static int may_answer(const struct probe *p, long ret)
{
	switch (p->nr) {
	case __NR_wait4:
	case __NR_waitid:
		return ret == -ECHILD;
	case __NR_getgroups:
		return ret == 0;
	case __NR_getsockname:
	case __NR_ioctl:
		return ret == -ENOTTY || ret == -ENOTSOCK || ret == -EBADF;
	case __NR_epoll_ctl:
	case __NR_inotify_add_watch:
	case __NR_copy_file_range:
	case __NR_sched_setparam:
	case __NR_rseq:
	case __NR_clone3:
	case __NR_signalfd4:
	case __NR_getxattr:
	case __NR_capget:
		return ret == -EINVAL || ret == -EBADF || ret == -EPERM ||
		       ret == -EOPNOTSUPP;
	case __NR_readlink:
		return ret == -EINVAL; /* no link */
	case __NR_execve:
		return ret == -EACCES; /* no program */
	case __NR_syslog:
		return ret == 0 || ret == -EPERM; /* an empty log */
	case __NR_mount:
	case __NR_umount2:
	case __NR_settimeofday:
	case __NR_clock_settime:
		return ret == -EPERM;
	case __NR_time:
	case __NR_futex:
		return ret == -EINVAL;
	}
	return 0;
}

static unsigned int tried, missing, wrong;

static void note_wrong(const char *name, unsigned long pointer, long ret)
{
	test_note("%s with %#lx: %ld", name, pointer, ret);
	wrong++;
}

static void probe_all(unsigned long pointer)
{
	const struct probe *p;

	remember();
	for (p = probes; p < probes + ARRAY_SIZE(probes); p++) {
		long ret = make(p, pointer);

		check_unchanged(p->name);
		if (ret == -ENOSYS) {
			missing++;
			continue;
		}
		tried++;
		if (ret != -EFAULT && !may_answer(p, ret))
			note_wrong(p->name, pointer, ret);
	}
	CHECK_EQ(wrong, 0);
}

static void probe_at(unsigned long pointer)
{
	attack_need_machine();
	set_up();
	tried = missing = 0;
	probe_all(pointer);
	test_note("%u calls, %u not there", tried, missing);
	attack_check_alive();
}

/* The ABI block of the core. */
static void core_start(void)
{
	probe_at(LODGER_BOOT_ADDR);
}

/* Data of the kernel that it uses all the time. */
static void core_middle(void)
{
	probe_at(LODGER_IMAGE_ADDR + 0x20000);
}

/* Writable for user mode, but no memory of the program's. */
static void signal_stack(void)
{
	probe_at(LODGER_SIGSTACK_BASE + 0x100);
}

/* Readable for user mode; a write there would be a fault of the kernel's. */
static void gate_text(void)
{
	probe_at(LODGER_GATE_TEXT);
}

static void gate_constants(void)
{
	probe_at(LODGER_GATE_CONST);
}

static void window_end(void)
{
	probe_at(LODGER_WINDOW_END - 4);
}

static void between(void)
{
	probe_at(0x90000000);
}

static void above(void)
{
	probe_at(LODGER_WINDOW_END);
	probe_all(0x7ffffffff000);
	probe_all(0x800000000000);
	probe_all(0x8000000000000000);
	probe_all(0xffff800000000000);
	probe_all(-4096UL);
	probe_all(-8UL);
}

/* Null is an absent argument for many; it must only not be followed. */
static void page_zero(void)
{
	attack_need_machine();
	set_up();
	probe_all(8);
	attack_check_alive();
}

/* A buffer that begins in the last page below the window. */
static void straddling(void)
{
	static const struct probe whole[] = {
		{ "read", __NR_read, { F, P, 32 } },
		{ "getrandom", __NR_getrandom, { P, 32, 0 } },
		{ "write", __NR_write, { W, P, 32 } },
		{ "uname", __NR_uname, { P } },
		{ "stat", __NR_stat, { S, P } },
		{ "clock_gettime", __NR_clock_gettime, { 1, P } },
		{ "open", __NR_open, { P, 0 } },
		{ "rt_sigaction", __NR_rt_sigaction, { SIGUSR1, 0, P, 8 } },
	};
	unsigned char *page;
	size_t i;

	attack_need_machine();
	set_up();
	page = attack_page(0x6ffff000);
	for (i = 0; i < ARRAY_SIZE(whole); i++) {
		unsigned char gate[64];
		long ret;

		memset(page, 'x', PAGE_SIZE);
		memcpy(gate, (void *)LODGER_GATE_TEXT, sizeof(gate));
		ret = make(&whole[i], LODGER_WINDOW_BASE - 8);
		/* a part may be moved, the part below */
		if (ret != -EFAULT && !(ret > 0 && ret <= 8))
			test_fail(__FILE__, __LINE__, "%s: %ld", whole[i].name,
				  ret);
		CHECK_EQ(memcmp(gate, (void *)LODGER_GATE_TEXT, 64), 0);
	}
	attack_check_alive();
}

/* Lengths that wrap around. */
static void wrapping_lengths(void)
{
	static const long lengths[] = {
		-1, -4096, 0x7fffffffffffffff, 0x7fffffff, 0x100000000,
	};
	size_t i;

	attack_need_machine();
	set_up();
	remember();
	for (i = 0; i < ARRAY_SIZE(lengths); i++) {
		long n = lengths[i];

		sys3(__NR_read, file, LODGER_CORE_BASE - 64, n);
		sys3(__NR_write, pipe_write, LODGER_SIGSTACK_BASE, n);
		sys3(__NR_getrandom, LODGER_SIGSTACK_BASE, n, 0);
		sys4(__NR_pread64, file, (long)buffer.bytes, n, 0x7fffffffffffffff);
		sys2(__NR_getcwd, LODGER_SIGSTACK_BASE, n);
		sys3(__NR_getdents64, tree, LODGER_SIGSTACK_BASE, n);
		check_unchanged("a wrapping length");
	}
	attack_check_alive();
}

/* Words that the kernel writes at a child's start and at a thread's end. */
static void exit_words_child(void)
{
	sys1(__NR_set_tid_address, LODGER_GATE_CONST);
	sys2(__NR_set_robust_list, LODGER_CORE_BASE, 24);
}

static void robust_on_signal_stack(void)
{
	volatile unsigned long *head = (unsigned long *)LODGER_SIGSTACK_BASE;

	head[0] = LODGER_CORE_BASE + 0x100; /* the list goes on there */
	head[1] = 8;
	head[2] = LODGER_GATE_CONST;
	sys2(__NR_set_robust_list, LODGER_SIGSTACK_BASE, 24);
}

static void robust_list_of_own(void)
{
	static unsigned long head[3];

	head[0] = LODGER_CORE_BASE + 0x100;
	head[1] = 8;
	head[2] = LODGER_GATE_CONST;
	sys2(__NR_set_robust_list, (long)head, 24);
}

static void exit_words(void)
{
	attack_need_machine();
	test_status(exit_words_child);
	test_status(robust_on_signal_stack);
	test_status(robust_list_of_own);
	attack_check_alive();
}

static void child_words(void)
{
	static const unsigned long places[] = {
		LODGER_GATE_CONST, LODGER_BOOT_ADDR, LODGER_SIGSTACK_BASE + 0x200,
	};
	size_t i;

	attack_need_machine();
	remember();
	for (i = 0; i < ARRAY_SIZE(places); i++) {
		long pid = sys6(__NR_clone,
				CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID |
					CLONE_PARENT_SETTID | SIGCHLD,
				0, (long)places[i], (long)places[i], 0, 0);

		if (pid == 0)
			_exit(0);
		CHECK(pid > 0 || pid == -EFAULT);
		if (pid > 0)
			test_wait((pid_t)pid);
		check_unchanged("clone");
	}
	attack_check_alive();
}

/* Where a thread would run: it dies of its first push. */
static void thread_stacks(void)
{
	attack_need_machine();
	remember();
	for (int i = 0; i < 3; i++) {
		static const unsigned long stacks[] = {
			LODGER_CORE_BASE + 0x8000, LODGER_SIGSTACK_BASE + 0x100,
			LODGER_GATE_TEXT,
		};
		long pid = sys6(__NR_clone, SIGCHLD, (long)stacks[i], 0, 0,
				(long)LODGER_CORE_BASE, 0);

		if (pid == 0) {
			__asm__ volatile("push %rax");
			sys1(__NR_exit_group, 0);
		}
		CHECK(pid > 0);
		test_wait((pid_t)pid);
	}
	attack_check_alive();
}

static const struct test_case cases[] = {
	{ "the core's first page", core_start },
	{ "the core's middle", core_middle },
	{ "the signal stack", signal_stack },
	{ "the gate's text", gate_text },
	{ "the gate's constants", gate_constants },
	{ "the window's last bytes", window_end },
	{ "the window's unmapped part", between },
	{ "above the window and the host's half", above },
	{ "page zero", page_zero },
	{ "buffers that reach into the window", straddling },
	{ "lengths that wrap", wrapping_lengths },
	{ "words written at the end", exit_words },
	{ "words written in a child", child_words },
	{ "stacks of new processes", thread_stacks },
};
TEST_MAIN(cases)
