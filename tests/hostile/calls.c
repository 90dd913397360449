/*
 * Host calls that no guest kernel may make at all: names, processes,
 * privileges, other kernels' facilities. Without the policy each would act
 * with the rights of the user who started the machine.
 */
#include <linux/audit.h>
#include <linux/sched.h>
#include <linux/signal.h>

#include "hostile.h"
#include "lib/string.h"

static const char passwd[] = "/etc/passwd";
static const char tmp[] = "/tmp";
static u64 words[64];

#define PASSWD ((u64)passwd)
#define TMP ((u64)tmp)
#define WORDS ((u64)words)
#define AT_CWD ((u64)-100)

/* Linux's own number for the x32 ABI, asm/unistd.h */
#define X32 0x40000000

#define NEVER(call, ...)                                            \
	{                                                           \
		.name = #call, .status = STATUS_REFUSED,            \
		.line = REFUSED(#call, NOT_THIS_CALL),              \
		.nr = __NR_##call, .arg = { __VA_ARGS__ }           \
	}
#define NAMED(text, shown, why, number, ...)                        \
	{                                                           \
		.name = text, .status = STATUS_REFUSED,             \
		.line = REFUSED(shown, why),                        \
		.nr = number, .arg = { __VA_ARGS__ }                \
	}

/* The VMM process's number is given as third word. */
static u64 vmm_pid(void)
{
	return number_of(attack_word(2));
}

static void kill_vmm(void)
{
	let_through(host_call3(__NR_kill, vmm_pid(), SIGKILL, 0));
}

static void tgkill_vmm(void)
{
	let_through(host_call3(__NR_tgkill, vmm_pid(), vmm_pid(), SIGKILL));
}

static void read_vmm(void)
{
	u64 local[2] = { WORDS, sizeof(words) };
	u64 remote[2] = { 0x400000, sizeof(words) };

	let_through(host_call6(__NR_process_vm_readv, vmm_pid(), (u64)local, 1,
			       (u64)remote, 1, 0));
}

static void trace_vmm(void)
{
	let_through(host_call4(__NR_ptrace, 16 /* ATTACH */, vmm_pid(), 0, 0));
}

/* 32-bit entries have numbers of their own: 4 is write, 5 open, 20 getpid. */
static s64 int80(u64 nr, u64 a, u64 b, u64 c)
{
	s64 ret;

	__asm__ volatile("int $0x80"
			 : "=a"(ret)
			 : "a"(nr), "b"(a), "c"(b), "d"(c)
			 : "r8", "r9", "r10", "r11", "memory");
	return ret;
}

static void int80_open(void)
{
	let_through(int80(5, PASSWD, 0, 0));
}

static void int80_getpid(void)
{
	let_through(int80(20, 0, 0, 0));
}

static void int80_write(void)
{
	let_through(int80(4, 1, PASSWD, 1));
}

/* An Intel processor enters the host, an AMD one raises #UD. The way back
 * would go through the vdso, which is unmapped. */
static void sysenter_open(void)
{
	__asm__ volatile("sysenter"
			 :
			 : "a"(5), "b"(PASSWD), "c"(0), "d"(0)
			 : "memory");
}

s64 own_syscall(u64 nr, u64 a, u64 b, u64 c, u64 d, u64 e, u64 f)
{
	register u64 r10 __asm__("r10") = d;
	register u64 r8 __asm__("r8") = e;
	register u64 r9 __asm__("r9") = f;
	s64 ret;

	__asm__ volatile("syscall"
			 : "=a"(ret)
			 : "a"(nr), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8),
			   "r"(r9)
			 : "rcx", "r11", "memory");
	return ret;
}

static void own_open(void)
{
	let_through(own_syscall(__NR_open, PASSWD, 0, 0, 0, 0, 0));
}

/* Harmless by itself, but the stub is the one place for it. */
static void own_getpid(void)
{
	let_through(own_syscall(__NR_getpid, 0, 0, 0, 0, 0, 0));
}

static void own_core_mprotect(void)
{
	let_through(own_syscall(__NR_mprotect, 0x70200000, 0x1000, 7, 0, 0, 0));
}

static const struct attack table[] = {
	/* names */
	NEVER(open, PASSWD, 0), NEVER(openat, AT_CWD, PASSWD, 0),
	NEVER(openat2, AT_CWD, PASSWD, WORDS, 24), NEVER(creat, PASSWD, 0600),
	NEVER(open_by_handle_at, AT_CWD, WORDS, 0),
	NEVER(name_to_handle_at, AT_CWD, PASSWD, WORDS, WORDS, 0),
	NEVER(stat, PASSWD, WORDS), NEVER(statx, AT_CWD, PASSWD, 0, 0xfff, WORDS),
	NEVER(access, PASSWD, 0), NEVER(readlink, PASSWD, WORDS, 8),
	NEVER(chdir, TMP), NEVER(chroot, TMP), NEVER(rename, PASSWD, TMP),
	NEVER(unlink, PASSWD), NEVER(mkdir, TMP, 0), NEVER(symlink, PASSWD, TMP),
	NEVER(link, PASSWD, TMP), NEVER(chmod, PASSWD, 04777),
	NEVER(chown, PASSWD, 0, 0), NEVER(truncate, PASSWD, 0),
	NEVER(mknod, TMP, 0), NEVER(getcwd, WORDS, 64),
	NEVER(inotify_init1, 0), NEVER(fanotify_init, 0, 0),
	NEVER(setxattr, PASSWD, PASSWD, WORDS, 1, 0),
	NEVER(utimensat, AT_CWD, PASSWD, 0, 0),

	/* mounts and namespaces */
	NEVER(mount, TMP, TMP, TMP, 0, 0), NEVER(umount2, TMP, 0),
	NEVER(pivot_root, TMP, TMP), NEVER(unshare, CLONE_NEWUSER),
	NEVER(setns, 0, 0), NEVER(fsopen, PASSWD, 0),
	NEVER(open_tree, AT_CWD, TMP, 0), NEVER(move_mount, 0, TMP, 0, TMP, 0),

	/* processes */
	NEVER(execve, PASSWD, WORDS, WORDS),
	NEVER(execveat, AT_CWD, PASSWD, WORDS, WORDS, 0), NEVER(fork),
	NEVER(vfork), NEVER(clone, SIGCHLD),
	NAMED("clone-thread", "clone", NOT_THIS_CALL, __NR_clone,
	      CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD,
	      WORDS),
	NEVER(clone3, WORDS, 88), NEVER(exit, 0), NEVER(getppid), NEVER(gettid),
	NEVER(setsid), NEVER(setpgid, 0, 0), NEVER(wait4, (u64)-1, 0, 0, 0),
	NEVER(prctl, 4 /* SET_DUMPABLE */, 1),
	NAMED("prctl-pdeathsig", "prctl", NOT_THIS_CALL, __NR_prctl, 1, 0),
	NAMED("prctl-ptracer", "prctl", NOT_THIS_CALL, __NR_prctl, 0x59616d61,
	      (u64)-1),
	NEVER(prlimit64, 0, 7, WORDS, 0), NEVER(setrlimit, 7, WORDS),
	NEVER(setpriority, 0, 0, (u64)-20), NEVER(sched_setaffinity, 0, 8, WORDS),
	NEVER(sched_setscheduler, 0, 1, WORDS), NEVER(personality, 0x40000),
	NEVER(setuid, 0), NEVER(setresuid, 0, 0, 0), NEVER(setgroups, 0, 0),
	NEVER(capset, WORDS, WORDS), NEVER(umask, 0), NEVER(seccomp, 0, 0, 0),
	NEVER(set_tid_address, WORDS), NEVER(set_robust_list, WORDS, 24),
	NEVER(rseq, WORDS, 32, 0, 0), NEVER(restart_syscall),

	/* the VMM process and its neighbours */
	{ "kill-vmm", STATUS_REFUSED, REFUSED("kill", NOT_THIS_CALL),
	  .run = kill_vmm },
	{ "tgkill-vmm", STATUS_REFUSED, REFUSED("tgkill", NOT_THIS_CALL),
	  .run = tgkill_vmm },
	{ "read-vmm", STATUS_REFUSED, REFUSED("process_vm_readv", NOT_THIS_CALL),
	  .run = read_vmm },
	{ "trace-vmm", STATUS_REFUSED, REFUSED("ptrace", NOT_THIS_CALL),
	  .run = trace_vmm },
	NAMED("kill-group", "kill", NOT_THIS_CALL, __NR_kill, 0, SIGKILL),
	NAMED("kill-all", "kill", NOT_THIS_CALL, __NR_kill, (u64)-1, SIGKILL),
	NEVER(tkill, 1, SIGKILL), NEVER(rt_sigqueueinfo, 1, SIGKILL, WORDS),
	NEVER(rt_tgsigqueueinfo, 1, 1, SIGKILL, WORDS),
	NEVER(pidfd_open, 1, 0), NEVER(pidfd_send_signal, 3, SIGKILL, 0, 0),
	NEVER(pidfd_getfd, 3, 0, 0),
	NEVER(process_vm_writev, 1, WORDS, 1, WORDS, 1, 0),
	NEVER(process_madvise, 3, WORDS, 1, 4, 0), NEVER(kcmp, 1, 1, 0, 0, 0),
	NEVER(ptrace, 0 /* TRACEME */, 0, 0, 0),

	/* networks and shared objects */
	NEVER(socket, 1, 1, 0), NEVER(socketpair, 1, 1, 0, WORDS),
	NEVER(connect, 0, WORDS, 16), NEVER(sendto, 1, WORDS, 1, 0, 0, 0),
	NEVER(sendmsg, 1, WORDS, 0), NEVER(recvmsg, 0, WORDS, 0),
	NEVER(shmget, 0, 4096, 01600), NEVER(shmat, 0, 0, 0),
	NEVER(msgget, 0, 01600), NEVER(semget, 0, 1, 01600),
	NEVER(mq_open, PASSWD, 0100, 0600, 0), NEVER(add_key, PASSWD, PASSWD, 0, 0, 0),
	NEVER(keyctl, 0, 0), NEVER(request_key, PASSWD, PASSWD, 0, 0),

	/* other kernels' facilities */
	NEVER(io_uring_setup, 8, WORDS), NEVER(io_uring_enter, 3, 1, 0, 0, 0, 0),
	NEVER(io_setup, 8, WORDS), NEVER(userfaultfd, 0),
	NEVER(perf_event_open, WORDS, 0, (u64)-1, (u64)-1, 0), NEVER(bpf, 0, WORDS, 72),
	NEVER(memfd_create, PASSWD, 0), NEVER(memfd_secret, 0),
	NEVER(modify_ldt, 1, WORDS, 16), NEVER(iopl, 3), NEVER(ioperm, 0, 64, 1),
	NEVER(init_module, WORDS, 8, PASSWD), NEVER(finit_module, 0, PASSWD, 0),
	NEVER(kexec_load, 0, 0, 0, 0), NEVER(reboot, 0, 0, 0, 0),
	NEVER(syslog, 3, WORDS, 64), NEVER(acct, PASSWD), NEVER(swapon, PASSWD, 0),
	NEVER(sethostname, PASSWD, 4), NEVER(clock_settime, 0, WORDS),
	NEVER(settimeofday, WORDS, 0), NEVER(adjtimex, WORDS),
	NEVER(timer_create, 0, 0, WORDS), NEVER(timerfd_create, 0, 0),
	NEVER(eventfd2, 0, 0), NEVER(epoll_create1, 0), NEVER(signalfd4, (u64)-1, WORDS, 8, 0),
	NEVER(membarrier, 0, 0, 0), NEVER(landlock_create_ruleset, 0, 0, 0),
	NEVER(lookup_dcookie, 0, 0, 0), NEVER(quotactl, 0, 0, 0, 0),

	/* numbers that are none, and other ABIs */
	NAMED("x32-write", "call *", NOT_THIS_CALL, X32 | __NR_write, 1, PASSWD, 1),
	NAMED("x32-open", "call *", NOT_THIS_CALL, X32 | __NR_open, PASSWD, 0),
	NAMED("x32-execve", "call *", NOT_THIS_CALL, X32 | 520, PASSWD, 0, 0),
	NAMED("call-511", "call 511", NOT_THIS_CALL, 511),
	NAMED("call-minus-2", "call *", NOT_THIS_CALL, (u64)-2),
	{ "int80-open", STATUS_REFUSED, REFUSED("32-bit call *", "not a 64-bit system call"),
	  .run = int80_open, .inside = TRAPPED("*") },
	{ "int80-getpid", STATUS_REFUSED, REFUSED("32-bit call *", "not a 64-bit system call"),
	  .run = int80_getpid, .inside = TRAPPED("*") },
	{ "int80-write", STATUS_REFUSED, REFUSED("32-bit call *", "not a 64-bit system call"),
	  .run = int80_write, .inside = TRAPPED("*") },
	{ "sysenter", STATUS_REFUSED, "lodger: guest kernel *: *",
	  .run = sysenter_open, .inside = TRAPPED("*") },
	{ "open-beside-the-stub", STATUS_REFUSED, REFUSED("open", NOT_THIS_CALL),
	  .run = own_open, .inside = TRAPPED("*") },
	{ "getpid-beside-the-stub", STATUS_REFUSED, REFUSED("getpid", "*"),
	  .run = own_getpid, .inside = TRAPPED("*") },
	{ "mprotect-beside-the-stub", STATUS_REFUSED, REFUSED("mprotect", "*"),
	  .run = own_core_mprotect, .inside = TRAPPED("*") },
};

FAMILY(calls, table);
