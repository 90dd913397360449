/*
 * The policy: the tracer's check row by row, and the filter in forked
 * children that make the calls for real. A child that the filter kills dies
 * of SIGSYS.
 */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/falloc.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "abi/layout.h"
#include "policy.h"

#define MIB (1ULL << 20)
#define RAM_BYTES (64 * MIB)
#define CORE_BYTES (4 * MIB)
#define SHARED_FIXED (MAP_SHARED | MAP_FIXED)

static const struct policy_env env_low = {
	.ram_bytes = RAM_BYTES,
	.core_bytes = CORE_BYTES,
	.user_low_min = LODGER_USER_LOW_MIN,
};

/* Disk 0 writable, disk 1 read-only. */
static const struct policy_env env_disks = {
	.ram_bytes = RAM_BYTES,
	.core_bytes = CORE_BYTES,
	.user_low_min = LODGER_USER_LOW_MIN,
	.block_bytes = { MIB, 2 * MIB },
	.block_writable = 1,
};

static const struct policy_env env_high = {
	.ram_bytes = RAM_BYTES,
	.core_bytes = CORE_BYTES,
	.user_low_min = LODGER_USER_LOW_MIN,
	.vspace_high = true,
};

#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE 25 /* linux/mman.h since 6.1 */
#endif

struct sample {
	uint64_t nr;
	uint64_t arg[6];
};

static const struct sample allowed[] = {
	{ __NR_mmap, { 0x10000, 0x1000, 7, SHARED_FIXED, LODGER_FD_RAM, 0 } },
	{ __NR_mmap, { 0x10000, 0x6fff0000 - 0x6c000000, 0, SHARED_FIXED,
		       LODGER_FD_RAM, 0 } },
	{ __NR_mmap, { 0x6ffff000, 0x1000, 1, SHARED_FIXED | MAP_POPULATE,
		       LODGER_FD_RAM, RAM_BYTES - 0x1000 } },
	{ __NR_munmap, { 0, LODGER_WINDOW_BASE } },
	{ __NR_munmap, { LODGER_WINDOW_END,
			 LODGER_USER_HIGH_END - LODGER_WINDOW_END } },
	{ __NR_munmap, { 0x400000, 0x2000 } },
	{ __NR_mprotect, { 0x400000, 0x2000, 5 } },
	{ __NR_mprotect, { LODGER_CORE_BASE, CORE_BYTES, 0 } },
	{ __NR_mprotect, { LODGER_CORE_BASE, CORE_BYTES, 7 } },
	{ __NR_madvise, { LODGER_CORE_BASE, 0x200000, MADV_COLLAPSE } },
	{ __NR_madvise, { LODGER_CORE_BASE + CORE_BYTES - 0x200000, 0x200000,
			  MADV_COLLAPSE } },
	{ __NR_pread64, { LODGER_FD_RAM, 1, RAM_BYTES, 0 } },
	{ __NR_pwrite64, { LODGER_FD_RAM, 1, 1, RAM_BYTES - 1 } },
	{ __NR_pread64, { LODGER_FD_ROOT, 1, 1ULL << 40, 1ULL << 40 } },
	{ __NR_fallocate, { LODGER_FD_RAM, 3, 0, RAM_BYTES } },
	{ __NR_read, { 0, 1, 1 } },
	{ __NR_read, { LODGER_FD_TTY, 1, 1 } },
	{ __NR_read, { LODGER_FD_BELL, 1, 8 } },
	{ __NR_write, { 2, 1, 1 } },
	{ __NR_writev, { LODGER_FD_TRACE, 1, 1 } },
	{ __NR_readv, { 0, 1, 1 } },
	{ __NR_ppoll, { 0, 8, 0, 0, 8 } },
	{ __NR_ppoll, { 1, 0, 0, 0, 0 } },
	{ __NR_ioctl, { LODGER_FD_TTY, TIOCGWINSZ, 1 } },
	{ __NR_fstat, { 2, 1 } },
	{ __NR_lseek, { 0, 0, SEEK_END } },
	{ __NR_setitimer, { ITIMER_REAL, 1, 0 } },
	{ __NR_clock_gettime, { CLOCK_MONOTONIC, 1 } },
	{ __NR_getrandom, { 1, 8, 0 } },
	{ __NR_rt_sigaction, { SIGUSR1, 1, 0, 8 } },
	{ __NR_rt_sigprocmask, { SIG_SETMASK, 1, 0, 8 } },
	{ __NR_sigaltstack, { 1, 0 } },
	{ __NR_arch_prctl, { 0x1002, 1 } },
	{ __NR_rt_sigreturn, { 0 } },
	{ __NR_getpid, { 1, 2, 3, 4, 5, 6 } },
	{ __NR_exit_group, { 1 } },
};

static const struct sample refused[] = {
	/* other memory, other places, other protections */
	{ __NR_mmap, { 0x10000, 0x1000, 3, SHARED_FIXED, LODGER_FD_KMEM, 0 } },
	{ __NR_mmap, { 0x10000, 0x1000, 3, SHARED_FIXED, LODGER_FD_ROOT, 0 } },
	{ __NR_mmap, { 0x10000, 0x1000, 3,
		       MAP_PRIVATE | MAP_FIXED | MAP_ANONYMOUS, -1ULL, 0 } },
	{ __NR_mmap, { 0x10000, 0x1000, 3, MAP_SHARED, LODGER_FD_RAM, 0 } },
	{ __NR_mmap, { 0x10000, 0x1000, 3, MAP_PRIVATE | MAP_FIXED,
		       LODGER_FD_RAM, 0 } },
	{ __NR_mmap, { 0x10000, 0x1000, 3, SHARED_FIXED | MAP_GROWSDOWN,
		       LODGER_FD_RAM, 0 } },
	{ __NR_mmap, { 0x10000, 0x1000, 3, SHARED_FIXED | 1ULL << 32,
		       LODGER_FD_RAM, 0 } },
	{ __NR_mmap, { 0x10000, 0x1000, PROT_GROWSDOWN, SHARED_FIXED,
		       LODGER_FD_RAM, 0 } },
	{ __NR_mmap, { 0x10000, 0x1000, 3, SHARED_FIXED, LODGER_FD_RAM,
		       RAM_BYTES } },
	{ __NR_mmap, { 0x10000, 0x2000, 3, SHARED_FIXED, LODGER_FD_RAM,
		       RAM_BYTES - 0x1000 } },
	{ __NR_mmap, { 0x10000, 0x1000, 3, SHARED_FIXED, LODGER_FD_RAM,
		       -0x1000ULL } },
	{ __NR_mmap, { LODGER_WINDOW_BASE, 0x1000, 3, SHARED_FIXED,
		       LODGER_FD_RAM, 0 } },
	{ __NR_mmap, { 0x6ffff000, 0x2000, 3, SHARED_FIXED, LODGER_FD_RAM,
		       0 } },
	{ __NR_mmap, { 0xbffff000, 0x1000, 3, SHARED_FIXED, LODGER_FD_RAM,
		       0 } },
	{ __NR_mmap, { 0x1000, 0x1000, 3, SHARED_FIXED, LODGER_FD_RAM, 0 } },
	{ __NR_mmap, { 0x10000, -0x1000ULL, 3, SHARED_FIXED, LODGER_FD_RAM,
		       0 } },
	{ __NR_mmap, { LODGER_USER_HIGH_BASE, 0x1000, 3, SHARED_FIXED,
		       LODGER_FD_RAM, 0 } }, /* in a low machine */
	{ __NR_munmap, { LODGER_WINDOW_BASE - 0x1000, 0x2000 } },
	{ __NR_munmap, { LODGER_CORE_BASE, 0x1000 } },
	{ __NR_munmap, { LODGER_WINDOW_END - 0x1000, 0x2000 } },
	{ __NR_munmap, { 0, -1ULL } },
	{ __NR_mprotect, { LODGER_GATE_TEXT, 0x1000, 7 } },
	{ __NR_mprotect, { LODGER_CORE_BASE, 0x1000, 7 } },
	{ __NR_mprotect, { LODGER_CORE_BASE, CORE_BYTES, 1 } },
	{ __NR_mprotect, { LODGER_CORE_BASE, CORE_BYTES, 64 } },
	{ __NR_mprotect, { 0x400000, 0x1000, 8 } },
	{ __NR_mremap, { 0x400000, 0x1000, 0x2000, 1 } },
	{ __NR_remap_file_pages, { 0x400000, 0x1000, 0, 0 } },
	{ __NR_madvise, { 0x400000, 0x1000, MADV_REMOVE } },
	{ __NR_madvise, { 0x400000, 0x200000, MADV_COLLAPSE } },
	{ __NR_madvise, { LODGER_CORE_BASE, 0x1000, MADV_REMOVE } },
	{ __NR_madvise, { LODGER_CORE_BASE, 0x1000, MADV_DONTNEED } },
	{ __NR_madvise, { LODGER_GATE_TEXT, 0x1000, MADV_COLLAPSE } },
	{ __NR_madvise, { LODGER_CORE_BASE, CORE_BYTES + 0x1000, MADV_COLLAPSE } },
	/* side powers of descriptors */
	{ __NR_pread64, { LODGER_FD_RAM, 1, 2, RAM_BYTES - 1 } },
	{ __NR_pread64, { LODGER_FD_KMEM, 1, 1, 0 } },
	{ __NR_pwrite64, { LODGER_FD_ROOT, 1, 1, 0 } },
	{ __NR_pwrite64, { 1, 1, 1, 0 } },
	{ __NR_fallocate, { LODGER_FD_RAM, 0, 0, 4096 } },
	{ __NR_fallocate, { 1, 3, 0, 4096 } },
	{ __NR_ftruncate, { LODGER_FD_RAM, 0 } },
	{ __NR_ioctl, { LODGER_FD_TTY, TIOCSTI, 1 } },
	{ __NR_ioctl, { LODGER_FD_TTY, TIOCLINUX, 1 } },
	{ __NR_ioctl, { LODGER_FD_TTY, TIOCSWINSZ, 1 } },
	{ __NR_ioctl, { 0, TIOCGWINSZ, 1 } },
	{ __NR_ioctl, { LODGER_FD_TTY, TIOCGWINSZ | 1ULL << 32, 1 } },
	{ __NR_fcntl, { 0, F_SETOWN, 1 } },
	{ __NR_fcntl, { 0, F_SETFL, O_NONBLOCK } },
	{ __NR_fcntl, { 0, F_DUPFD, 0 } },
	{ __NR_dup, { 0 } },
	{ __NR_close, { 0 } },
	{ __NR_write, { LODGER_FD_RAM, 1, 1 } },
	{ __NR_write, { LODGER_FD_BELL, 1, 8 } },
	{ __NR_read, { LODGER_FD_TRACE, 1, 1 } },
	{ __NR_read, { LODGER_FD_KMEM, 1, 1 } },
	{ __NR_read, { 1ULL << 32, 1, 1 } },
	{ __NR_lseek, { LODGER_FD_ROOT, 0, 0 } },
	/* the host's names, processes and networks */
	{ __NR_open, { 1, 0 } },
	{ __NR_openat, { -100ULL, 1, 0 } },
	{ __NR_openat2, { -100ULL, 1, 0 } },
	{ __NR_execve, { 1, 1, 1 } },
	{ __NR_execveat, { 1, 1, 1 } },
	{ __NR_socket, { 1, 1, 0 } },
	{ __NR_ptrace, { 0 } },
	{ __NR_kill, { 1, 9 } },
	{ __NR_tgkill, { 1, 1, 9 } },
	{ __NR_rt_sigqueueinfo, { 1, 9 } },
	{ __NR_pidfd_open, { 1 } },
	{ __NR_clone, { SIGCHLD } },
	{ __NR_clone3, { 1, 88 } },
	{ __NR_fork, { 0 } },
	{ __NR_vfork, { 0 } },
	{ __NR_process_vm_writev, { 1 } },
	{ __NR_memfd_create, { 1, 0 } },
	{ __NR_io_uring_setup, { 8, 1 } },
	{ __NR_bpf, { 0 } },
	{ __NR_prctl, { PR_SET_DUMPABLE, 1 } },
	{ __NR_setrlimit, { 0 } },
	{ __NR_prlimit64, { 0 } },
	{ __NR_unshare, { 0 } },
	{ __NR_seccomp, { 0 } },
	{ __NR_userfaultfd, { 0 } },
	{ __NR_modify_ldt, { 1 } },
	{ __NR_iopl, { 3 } },
	{ __NR_arch_prctl, { 0x1012, 0 } },
	{ __NR_arch_prctl, { 0x1000, 0 } },
	{ __NR_rt_sigaction, { SIGTERM, 1, 0, 8 } },
	{ __NR_rt_sigaction, { SIGTTIN, 1, 0, 8 } },
	{ __NR_rt_sigaction, { SIGUSR1 + 64, 1, 0, 8 } },
	{ __NR_rt_sigaction, { SIGUSR1, 1, 0, 16 } },
	{ __NR_setitimer, { ITIMER_PROF, 1, 0 } },
	{ __NR_timer_create, { 0 } },
	{ __NR_clock_gettime, { -6ULL, 1 } }, /* of a process */
	{ __NR_clock_settime, { 0, 1 } },
	{ __NR_ppoll, { 1, 9, 0, 0, 8 } },
	{ __NR_gettimeofday, { 1 } }, /* vsyscall, answered by the filter */
	{ 0x40000000 + 39, { 0 } }, /* x32 getpid */
	{ 511, { 0 } },
	{ -1ULL, { 0 } },
};

static struct host_call as_call(const struct sample *sample)
{
	struct host_call call = { .arch = AUDIT_ARCH_X86_64,
				  .nr = sample->nr };

	memcpy(call.arg, sample->arg, sizeof(call.arg));
	return call;
}

START_TEST(check_allows)
{
	struct host_call call = as_call(&allowed[_i]);
	const char *why = NULL;

	ck_assert_msg(policy_allows(&env_low, &call, &why),
		      "sample %d (call %llu): %s", _i,
		      (unsigned long long)call.nr, why);
}
END_TEST

START_TEST(check_refuses)
{
	struct host_call call = as_call(&refused[_i]);
	const char *why = NULL;

	ck_assert_msg(!policy_allows(&env_low, &call, &why),
		      "sample %d (call %llu) was allowed", _i,
		      (unsigned long long)call.nr);
	ck_assert_ptr_nonnull(why);
	ck_assert_uint_gt(strlen(why), 0);
}
END_TEST

/* The same call through 32-bit entries is another call. */
START_TEST(check_refuses_other_arch)
{
	struct host_call call = as_call(&allowed[_i]);
	const char *why;

	call.arch = AUDIT_ARCH_I386;
	ck_assert(!policy_allows(&env_low, &call, &why));
}
END_TEST

START_TEST(check_high_space)
{
	struct sample map = { __NR_mmap,
			      { LODGER_USER_HIGH_BASE, 0x1000, 3, SHARED_FIXED,
				LODGER_FD_RAM, 0 } };
	struct host_call call = as_call(&map);
	const char *why;

	ck_assert(policy_allows(&env_high, &call, &why));
	call.arg[0] = LODGER_USER_HIGH_END - 0x1000;
	ck_assert(policy_allows(&env_high, &call, &why));
	call.arg[1] = 0x2000;
	ck_assert(!policy_allows(&env_high, &call, &why));
	call.arg[0] = LODGER_WINDOW_END; /* between window and high range */
	call.arg[1] = 0x1000;
	ck_assert(!policy_allows(&env_high, &call, &why));
}
END_TEST

static const struct sample disk_calls[] = {
	{ __NR_pread64, { LODGER_FD_BLOCK, 1, 4096, 0 } },
	{ __NR_pwrite64, { LODGER_FD_BLOCK, 1, 4096, MIB - 4096 } },
	{ __NR_fdatasync, { LODGER_FD_BLOCK } },
	{ __NR_fallocate, { LODGER_FD_BLOCK, 3, 0, MIB } },
	{ __NR_pread64, { LODGER_FD_BLOCK + 1, 1, 4096, 0 } },
};

static const struct sample disk_calls_refused[] = {
	{ __NR_pwrite64, { LODGER_FD_BLOCK, 1, 4096, MIB - 4095 } },
	{ __NR_pwrite64, { LODGER_FD_BLOCK, 1, 4096, -1ULL } },
	{ __NR_fallocate, { LODGER_FD_BLOCK, 3, 1, MIB } },
	{ __NR_fallocate, { LODGER_FD_BLOCK, 0, 0, 4096 } },
	{ __NR_fallocate, { LODGER_FD_BLOCK, 8, 0, 4096 } }, /* COLLAPSE_RANGE */
	{ __NR_ftruncate, { LODGER_FD_BLOCK, 0 } },
	{ __NR_ioctl, { LODGER_FD_BLOCK, 0x1277, 1 } }, /* BLKDISCARD */
	{ __NR_write, { LODGER_FD_BLOCK, 1, 1 } },
	{ __NR_lseek, { LODGER_FD_BLOCK, 0, 0 } },
	{ __NR_mmap, { 0x10000, 0x1000, 3, SHARED_FIXED, LODGER_FD_BLOCK, 0 } },
	{ __NR_pwrite64, { LODGER_FD_BLOCK + 1, 1, 512, 0 } },
	{ __NR_fdatasync, { LODGER_FD_BLOCK + 1 } },
	{ __NR_fallocate, { LODGER_FD_BLOCK + 1, 3, 0, 512 } },
	{ __NR_pread64, { LODGER_FD_BLOCK + 2, 1, 512, 0 } },
	{ __NR_pwrite64, { LODGER_FD_BLOCK + 2, 1, 512, 0 } },
};

/* The rows of a disk stand only in a machine that has it. */
START_TEST(check_disks)
{
	const char *why;

	for (size_t i = 0; i < sizeof(disk_calls) / sizeof(disk_calls[0]); i++) {
		struct host_call call = as_call(&disk_calls[i]);

		ck_assert_msg(policy_allows(&env_disks, &call, &why), "%zu: %s", i, why);
		ck_assert(!policy_allows(&env_low, &call, &why));
	}
	for (size_t i = 0;
	     i < sizeof(disk_calls_refused) / sizeof(disk_calls_refused[0]); i++) {
		struct host_call call = as_call(&disk_calls_refused[i]);

		ck_assert_msg(!policy_allows(&env_disks, &call, &why), "%zu", i);
	}
}
END_TEST

/* The broker's socket: whole messages, to nobody else, and only where there is one. */
START_TEST(check_broker)
{
	static const struct sample calls[] = {
		{ __NR_write, { LODGER_FD_BROKER, 1, LODGER_BROKER_REQUEST_MAX } },
		{ __NR_read, { LODGER_FD_BROKER, 1, LODGER_BROKER_REPLY_MAX } },
		{ __NR_write, { LODGER_FD_HOSTIO, 1, sizeof(struct lodger_broker_request) } },
		{ __NR_read, { LODGER_FD_HOSTIO, 1, sizeof(struct lodger_broker_reply) } },
	};
	static const struct sample calls_refused[] = {
		{ __NR_write, { LODGER_FD_BROKER, 1, LODGER_BROKER_REQUEST_MAX + 1 } },
		{ __NR_read, { LODGER_FD_BROKER, 1, LODGER_BROKER_REPLY_MAX + 1 } },
		{ __NR_writev, { LODGER_FD_BROKER, 1, 1 } },
		{ __NR_sendmsg, { LODGER_FD_BROKER, 1, 0 } },
		{ __NR_recvmsg, { LODGER_FD_BROKER, 1, 0 } },
		{ __NR_shutdown, { LODGER_FD_BROKER, 2 } },
		{ __NR_openat, { LODGER_FD_BROKER, 1, 0 } },
		{ __NR_write, { LODGER_FD_HOSTIO, 1, sizeof(struct lodger_broker_request) + 1 } },
		{ __NR_write, { LODGER_FD_HOSTIO, 1, 1 } },
		{ __NR_read, { LODGER_FD_HOSTIO, 1, LODGER_BROKER_REPLY_MAX } },
		{ __NR_shutdown, { LODGER_FD_HOSTIO, 2 } },
	};
	struct policy_env env = env_low;
	const char *why;

	env.broker = true;
	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
		struct host_call call = as_call(&calls[i]);

		ck_assert_msg(policy_allows(&env, &call, &why), "%zu: %s", i, why);
		ck_assert(!policy_allows(&env_low, &call, &why));
	}
	for (size_t i = 0; i < sizeof(calls_refused) / sizeof(calls_refused[0]); i++) {
		struct host_call call = as_call(&calls_refused[i]);

		ck_assert_msg(!policy_allows(&env, &call, &why), "%zu", i);
	}
}
END_TEST

START_TEST(check_names_the_nearest_row)
{
	struct sample map = { __NR_mmap,
			      { 0x10000, 0x1000, 3, SHARED_FIXED,
				LODGER_FD_RAM, RAM_BYTES } };
	struct host_call call = as_call(&map);
	const char *why;

	ck_assert(!policy_allows(&env_low, &call, &why));
	ck_assert_str_eq(why,
			 "an offset or length past the end of the RAM file");
	call.arg[4] = LODGER_FD_KMEM;
	ck_assert(!policy_allows(&env_low, &call, &why));
	ck_assert_str_eq(why, "a descriptor other than the RAM file");
	call.nr = __NR_socket;
	ck_assert(!policy_allows(&env_low, &call, &why));
	ck_assert_str_eq(why, "no guest kernel may make this call");
}
END_TEST

START_TEST(names)
{
	ck_assert_str_eq(policy_call_name(__NR_mmap), "mmap");
	ck_assert_str_eq(policy_call_name(__NR_exit_group), "exit_group");
	ck_assert_ptr_null(policy_call_name(100000));
	ck_assert_ptr_null(policy_call_name(-1ULL));
}
END_TEST

/* --- The filter -------------------------------------------------------------- */

#define CHILD_FAILED 99

static long raw(const struct sample *s)
{
	long result;

	__asm__ volatile("mov %5, %%r10; mov %6, %%r8; mov %7, %%r9; syscall"
			 : "=a"(result)
			 : "a"(s->nr), "D"(s->arg[0]), "S"(s->arg[1]),
			   "d"(s->arg[2]), "m"(s->arg[3]), "m"(s->arg[4]),
			   "m"(s->arg[5])
			 : "rcx", "r8", "r9", "r10", "r11", "memory");
	return result;
}

static void __attribute__((noreturn)) leave(int status)
{
	for (;;)
		raw(&(const struct sample){ __NR_exit_group,
					    { (uint64_t)status } });
}

/*
 * Makes one call behind the filter of a low machine, with LODGER_FD_RAM a
 * RAM file; returns the wait status. The child exits with minus the result.
 */
static int behind_filter(long (*act)(const void *arg), const void *arg)
{
	int status;
	pid_t pid = fork();

	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		int ram = memfd_create("ram", 0);

		if (ram < 0 || ftruncate(ram, RAM_BYTES) ||
		    dup2(ram, LODGER_FD_RAM) < 0 ||
		    dup2(ram, LODGER_FD_KMEM) < 0 ||
		    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
		    policy_install_filter(&env_low))
			_exit(CHILD_FAILED);
		leave((int)-act(arg));
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	return status;
}

static long act_raw(const void *arg)
{
	return raw(arg) < 0 ? -1 : 0;
}

/* What the filter may let through though the check does not: ranges whose
 * two halves are each in order. They can only hurt the guest itself. */
static bool filter_is_coarser(const struct sample *s)
{
	switch (s->nr) {
	case __NR_mmap:
		return s->arg[0] < LODGER_WINDOW_BASE &&
		       s->arg[1] <= LODGER_WINDOW_BASE &&
		       s->arg[4] == LODGER_FD_RAM && s->arg[5] <= RAM_BYTES &&
		       (s->arg[3] & ~(uint64_t)MAP_POPULATE) == SHARED_FIXED;
	case __NR_munmap:
		return s->arg[1] <= LODGER_WINDOW_BASE &&
		       s->arg[0] < LODGER_WINDOW_BASE;
	case __NR_pread64:
		return s->arg[0] == LODGER_FD_RAM;
	}
	return false;
}

START_TEST(filter_kills)
{
	const struct sample *s = &refused[_i];
	int status;

	if (filter_is_coarser(s) || s->nr == __NR_gettimeofday ||
	    s->nr == (uint64_t)-1)
		return;
	status = behind_filter(act_raw, s);
	ck_assert_msg(WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS,
		      "sample %d (call %llu): wait status %#x", _i,
		      (unsigned long long)s->nr, (unsigned)status);
}
END_TEST

/* Whatever the call then returns, the process lives on. Calls that would
 * block or take away the ground are left out. */
START_TEST(filter_passes)
{
	const struct sample *s = &allowed[_i];
	int status;

	switch (s->nr) {
	case __NR_munmap:
	case __NR_read:
	case __NR_readv:
	case __NR_ppoll:
	case __NR_rt_sigreturn:
	case __NR_arch_prctl:
	case __NR_exit_group:
		return;
	}
	status = behind_filter(act_raw, s);
	ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) != CHILD_FAILED,
		      "sample %d (call %llu): wait status %#x", _i,
		      (unsigned long long)s->nr, (unsigned)status);
}
END_TEST

static long act_map_ram(const void *arg)
{
	const struct sample map = { __NR_mmap,
				    { 0x10000000, 0x1000, 3, SHARED_FIXED,
				      LODGER_FD_RAM, 0x3000 } };
	const struct sample punch = { __NR_fallocate,
				      { LODGER_FD_RAM,
					FALLOC_FL_PUNCH_HOLE |
						FALLOC_FL_KEEP_SIZE,
					0x3000, 0x1000 } };
	volatile char *at = (char *)0x10000000;

	(void)arg;
	if (raw(&map) != 0x10000000)
		return -1;
	*at = 1;
	if (raw(&punch))
		return -2;
	return *at ? -3 : 0;
}

START_TEST(filter_lets_ram_be_mapped)
{
	ck_assert_int_eq(behind_filter(act_map_ram, NULL), 0);
}
END_TEST

/* What a tracer leaves of a guest program's call. */
static long act_skipped(const void *arg)
{
	const struct sample skipped = { (uint64_t)-1, { 0 } };

	(void)arg;
	return raw(&skipped) == -ENOSYS ? 0 : -1;
}

START_TEST(filter_passes_skipped)
{
	ck_assert_int_eq(behind_filter(act_skipped, NULL), 0);
}
END_TEST

/* int 0x80: returns eax. nr is the number of the 32-bit table. */
static long act_compat(const void *arg)
{
	long result = *(const int *)arg;

	__asm__ volatile("int $0x80"
			 : "+a"(result)
			 : "b"(0L), "c"(0L), "d"(0L)
			 : "r8", "r9", "r10", "r11", "memory");
	return (int)result >= 0 ? 0 : -1;
}

/* A host without 32-bit entries raises SIGSEGV, or answers ENOSYS. */
START_TEST(filter_32_bit_entries)
{
	const int i386_getpid = 20, i386_mkdir = 39, i386_skipped = -1;
	int status = behind_filter(act_compat, &i386_getpid);

	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV)
		return;
	ck_assert_int_eq(status, 0);
	status = behind_filter(act_compat, &i386_mkdir);
	ck_assert_int_eq(WTERMSIG(status), SIGSYS);
	status = behind_filter(act_compat, &i386_skipped);
	ck_assert(WIFEXITED(status));
}
END_TEST

/* The vsyscall page is no way to kill the machine: ENOSYS, or a fault where
 * the host has none. */
static long act_vsyscall(const void *arg)
{
	long (*call)(void *, void *, void *) =
		(long (*)(void *, void *, void *))*(const uintptr_t *)arg;
	long words[8];

	return call(words, words + 4, NULL) == -ENOSYS ? 0 : -1;
}

START_TEST(filter_vsyscall)
{
	const uintptr_t page = 0xffffffffff600000;
	const uintptr_t entry = page + 0x400 * (uintptr_t)_i;
	int status = behind_filter(act_vsyscall, &entry);

	ck_assert_msg(status == 0 || (WIFSIGNALED(status) &&
				      WTERMSIG(status) == SIGSEGV),
		      "entry %d: wait status %#x", _i, (unsigned)status);
}
END_TEST

Suite *policy_suite(void);
Suite *policy_suite(void)
{
	Suite *suite = suite_create("policy");
	TCase *check = tcase_create("check");
	TCase *filter = tcase_create("filter");
	const int allowed_count = sizeof(allowed) / sizeof(allowed[0]);
	const int refused_count = sizeof(refused) / sizeof(refused[0]);

	tcase_add_loop_test(check, check_allows, 0, allowed_count);
	tcase_add_loop_test(check, check_refuses, 0, refused_count);
	tcase_add_loop_test(check, check_refuses_other_arch, 0, allowed_count);
	tcase_add_test(check, check_high_space);
	tcase_add_test(check, check_disks);
	tcase_add_test(check, check_broker);
	tcase_add_test(check, check_names_the_nearest_row);
	tcase_add_test(check, names);
	suite_add_tcase(suite, check);

	tcase_set_timeout(filter, 20);
	tcase_add_loop_test(filter, filter_kills, 0, refused_count);
	tcase_add_loop_test(filter, filter_passes, 0, allowed_count);
	tcase_add_test(filter, filter_lets_ram_be_mapped);
	tcase_add_test(filter, filter_passes_skipped);
	tcase_add_test(filter, filter_32_bit_entries);
	tcase_add_loop_test(filter, filter_vsyscall, 0, 3);
	suite_add_tcase(suite, filter);
	return suite;
}
