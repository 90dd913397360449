/* Processes: fork, wait, exec, groups, identities, scheduling, limits, time. */
#include "diff.h"

#include <grp.h>
#include <linux/futex.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <sys/fsuid.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/times.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <time.h>

static void ends_with_3(void)
{
	_exit(3);
}

static void kills_itself(void)
{
	kill(getpid(), SIGTERM);
}

static void c_wait(void)
{
	siginfo_t si;
	int status;
	pid_t pid;

	diff_status("exit", diff_child(ends_with_3));
	diff_status("killed", diff_child(kills_itself));
	R(waitpid(-1, &status, 0));
	R(waitpid(4000000, &status, 0));
	R(waitpid(-1, &status, 0x100));
	R(waitid(P_ALL, 0, &si, 0));
	R(waitid(P_ALL, 0, &si, WEXITED));
	R(waitid(9, 0, &si, WEXITED));
	R(waitid(P_PID, 0, &si, WEXITED));
	R(waitid(P_PIDFD, 99, &si, WEXITED));
	pid = fork();
	if (pid == 0)
		pause();
	R(waitpid(pid, &status, WNOHANG));
	kill(pid, SIGSTOP);
	V(waitpid(pid, &status, WUNTRACED) == pid);
	V(status);
	kill(pid, SIGCONT);
	V(waitpid(pid, &status, WCONTINUED) == pid);
	V(status);
	kill(pid, SIGKILL);
	R(waitid(P_PID, (id_t)pid, &si, WEXITED | WNOWAIT));
	V(si.si_code);
	V(si.si_status);
	V(waitpid(pid, BAD, 0) == -1 && errno == EFAULT);
	R(waitpid(pid, &status, 0));
	signal(SIGCHLD, SIG_IGN);
	pid = fork();
	if (pid == 0)
		_exit(0);
	R(waitpid(pid, &status, 0));
}

static void c_exec(void)
{
	char *arg[] = { "x", NULL }, *env[] = { NULL };

	diff_file("text", "no program\n");
	diff_file("empty", "");
	diff_file("script", "#!/no/interpreter\n");
	diff_file("loop", "#!loop\n");
	mkdir("d", 0755);
	R(execve("none", arg, env));
	R(execve("text", arg, env));
	chmod("text", 0755);
	chmod("empty", 0755);
	chmod("script", 0755);
	R(execve("text", arg, env));
	R(execve("empty", arg, env));
	R(execve("script", arg, env));
	R(execve("d", arg, env));
	R(execve("text/x", arg, env));
	R(execve("", arg, env));
	R(execve(BAD, arg, env));
	R(execve("text", BAD, env));
	R(SC(execveat, 99, "x", arg, env, 0));
	R(SC(execveat, AT_FDCWD, "text", arg, env, 0x1));
	R(SC(execveat, open("text", O_RDONLY), "", arg, env, AT_EMPTY_PATH));
}

static void c_clone(void)
{
	struct clone_args args = { .exit_signal = 0 };
	struct clone_args big[2] = { { 0 }, { .flags = 1 } };

	R(SC(clone, CLONE_THREAD, 0, 0, 0, 0));
	R(SC(clone, CLONE_SIGHAND, 0, 0, 0, 0));
	R(SC(clone, CLONE_PIDFD | CLONE_PARENT_SETTID | SIGCHLD, 0, 0, 0, 0));
	R(SC(clone, CLONE_NEWNS | CLONE_FS, 0, 0, 0, 0));
	R(SC(clone3, &args, 8));
	R(SC(clone3, BAD, sizeof(args)));
	R(SC(clone3, big, sizeof(big)));
	args.exit_signal = 100;
	R(SC(clone3, &args, sizeof(args)));
	args.exit_signal = SIGCHLD;
	args.stack_size = 1;
	R(SC(clone3, &args, sizeof(args)));
	R(SC(unshare, 1));
	R(SC(set_robust_list, NULL, 1));
	R(SC(get_robust_list, 4000000, BAD, BAD));
	R(SC(setns, 99, 0));
	R(SC(pidfd_open, 0, 0));
	R(SC(pidfd_open, 4000000, 0));
	R(SC(pidfd_open, getpid(), 1));
	R(SC(pidfd_getfd, 99, 0, 0));
	R(SC(pidfd_send_signal, 0, 0, NULL, 0));
	R(SC(kcmp, 4000000, getpid(), 0, 0, 0));
}

static void c_groups(void)
{
	R(setpgid(4000000, 0));
	R(setpgid(0, -1));
	R(setpgid(0, 4000000));
	R(getpgid(4000000));
	R(getpgid(-1));
	R(getsid(4000000));
	R(setpgid(0, 0));
	R(setsid());
	V(getpgrp() == getpid());
	V(getpgid(0) == getpid());
	R(tcgetpgrp(0));
	R(kill(4000000, 0));
	R(kill(-4000000, 0));
	R(kill(0, 100));
	R(kill(getpid(), 0));
	R(kill(1, 0));
	R(SC(tkill, 0, 0));
	R(SC(tgkill, -1, 1, 0));
	R(SC(tgkill, getpid(), 4000000, 0));
}

static void c_identity(void)
{
	gid_t groups[4];
	uid_t r, e, s;

	R(setuid(0));
	R(setgid(0));
	R(setreuid(-1, -1));
	R(setreuid(0, -1));
	R(setresuid(-1, -1, 0));
	R(setfsuid(0) == (int)getuid());
	R(setfsgid(0) == (int)getgid());
	R(setregid(0, -1));
	R(setregid(-1, getgid()));
	R(setgroups(1, groups));
	R(getgroups(-1, groups));
	V(getgroups(0, NULL) >= 0); /* those of whoever runs the test */
	R(getresuid(&r, &e, &s));
	V(r == e && e == s);
	R(SC(getresuid, BAD, &e, &s));
	R(SC(capget, BAD, NULL));
	R(SC(capget, (unsigned int[]){ 1, 0 }, NULL));
	R(prctl(PR_SET_NAME, "a very long name indeed"));
	R(prctl(PR_SET_DUMPABLE, 2));
	R(prctl(PR_SET_DUMPABLE, 1));
	R(prctl(PR_GET_DUMPABLE));
	R(prctl(PR_SET_PDEATHSIG, 100));
	R(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0));
	R(prctl(PR_SET_NO_NEW_PRIVS, 2, 0, 0, 0));
	R(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
	R(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0));
	R(prctl(PR_CAPBSET_READ, 100));
	R(prctl(PR_GET_KEEPCAPS));
	R(prctl(PR_SET_KEEPCAPS, 2));
	R(prctl(12345));
	R(prctl(PR_GET_TIMERSLACK));
	R(SC(personality, 0xffffffff));
}

static void c_sched(void)
{
	struct sched_param param = { 0 };
	struct timespec ts;
	cpu_set_t set;

	R(sched_getscheduler(0));
	R(sched_getscheduler(-1));
	R(sched_getscheduler(4000000));
	R(sched_setscheduler(0, SCHED_FIFO, &param));
	param.sched_priority = 1;
	R(sched_setscheduler(0, SCHED_OTHER, &param));
	R(sched_setscheduler(0, 77, &param));
	R(sched_setscheduler(0, SCHED_FIFO, &param));
	R(sched_get_priority_max(SCHED_FIFO));
	R(sched_get_priority_min(SCHED_RR));
	R(sched_get_priority_max(77));
	R(sched_rr_get_interval(4000000, &ts));
	R(SC(sched_setaffinity, 0, 0, &set));
	R(SC(sched_getaffinity, 0, 4, &set));
	CPU_ZERO(&set);
	R(sched_setaffinity(0, sizeof(set), &set));
	R(getpriority(7, 0));
	R(getpriority(PRIO_PROCESS, 4000000));
	R(setpriority(PRIO_PROCESS, 0, 18)); /* the host's may begin at another */
	R(getpriority(PRIO_PROCESS, 0));
	R(setpriority(PRIO_PROCESS, 0, 100));
	R(getpriority(PRIO_PROCESS, 0));
	R(setpriority(PRIO_PROCESS, 0, 0));
	R(nice(-1));
	R(SC(sched_setattr, 0, BAD, 0));
	R(SC(sched_getattr, 0, &set, 4, 0));
	R(sched_yield());
	R(SC(ioprio_get, 1, 0));
	R(SC(ioprio_get, 9, 0));
	R(SC(membarrier, 0x1000, 0, 0));
	R(SC(getcpu, BAD, NULL, NULL));
}

static void c_time(void)
{
	struct timespec ts = { 0, 1000000000 }, left;
	struct itimerval it = { { 0, 0 }, { 0, 1000000 } };
	struct rusage ru;
	struct timeval tv;

	R(clock_gettime(99, &ts));
	R(clock_gettime(CLOCK_MONOTONIC, &left));
	R(SC(clock_gettime, CLOCK_MONOTONIC, BAD));
	R(clock_getres(CLOCK_REALTIME, NULL));
	R(clock_getres(-1, NULL));
	R(clock_settime(CLOCK_MONOTONIC, &left));
	R(nanosleep(&ts, NULL));
	ts.tv_nsec = 1000;
	R(nanosleep(&ts, &left));
	ts.tv_sec = -1;
	R(nanosleep(&ts, NULL));
	R(clock_nanosleep(99, 0, &ts, NULL));
	R(clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &(struct timespec){ 1, 0 }, NULL));
	R(clock_nanosleep(CLOCK_THREAD_CPUTIME_ID, 0, &(struct timespec){ 1, 0 }, NULL));
	R(setitimer(9, &it, NULL));
	R(setitimer(ITIMER_REAL, &it, NULL));
	R(getitimer(ITIMER_REAL, &it));
	V(it.it_value.tv_sec);
	R(SC(getitimer, 9, &it));
	R(alarm(10));
	V(alarm(0) <= 10);
	R(getrusage(77, &ru));
	R(SC(getrusage, RUSAGE_SELF, BAD));
	R(SC(gettimeofday, &tv, BAD));
	R(SC(time, BAD));
	R(SC(times, BAD) < 0);
	R(SC(timer_create, 99, NULL, &tv));
	R(SC(timer_gettime, 77, &it));
	R(SC(timer_delete, 77));
	R(SC(adjtimex, BAD));
}

static void c_limits(void)
{
	struct rlimit rl = { 5, 4 };

	R(getrlimit(99, &rl));
	R(SC(getrlimit, RLIMIT_NOFILE, BAD));
	R(setrlimit(RLIMIT_NOFILE, &(struct rlimit){ 5, 4 }));
	R(setrlimit(RLIMIT_NOFILE, &(struct rlimit){ 10, 1 << 30 }));
	R(SC(prlimit64, 4000000, RLIMIT_NOFILE, NULL, &rl));
	R(SC(prlimit64, 1, RLIMIT_NOFILE, NULL, &rl));
	R(setrlimit(RLIMIT_NOFILE, &(struct rlimit){ 6, 4096 }));
	OK(dup(0));
	OK(dup(0));
	OK(dup(0));
	R(dup(0));
	R(dup2(0, 6));
	R(dup2(0, 5));
	R(pipe((int[2]){ 0 }));
	R(SC(uname, BAD));
	R(SC(sysinfo, BAD));
	R(SC(getrandom, BAD, 10, 0));
	R(SC(getrandom, NULL, 0, 0));
	R(SC(getrandom, NULL, 0, 0x10));
	R(SC(syslog, 99, NULL, 0));
	R(SC(ptrace, 99, 0, 0, 0));
}

static void c_futex(void)
{
	struct timespec now = { 0, 1000 }, bad = { 0, -1 };
	unsigned int word = 5, other = 0;

	R(SC(futex, &word, FUTEX_WAIT, 4, NULL));
	R(SC(futex, &word, FUTEX_WAIT, 5, &now));
	R(SC(futex, &word, FUTEX_WAIT, 5, &bad));
	R(SC(futex, (char *)&word + 1, FUTEX_WAIT, 5, &now));
	R(SC(futex, BAD, FUTEX_WAIT, 5, &now));
	R(SC(futex, &word, FUTEX_WAKE, 1));
	R(SC(futex, FAR, FUTEX_WAKE, 1));
	R(SC(futex, &word, 99, 1));
	R(SC(futex, &word, FUTEX_WAIT_BITSET, 5, &now, NULL, 0));
	R(SC(futex, &word, FUTEX_WAKE_BITSET, 5, NULL, NULL, 0));
	R(SC(futex, &word, FUTEX_CMP_REQUEUE, 1, 1, &word, 4));
	R(SC(futex, &word, FUTEX_CMP_REQUEUE, -1, 1, &word, 5));
	R(SC(futex, &word, FUTEX_REQUEUE, 1, 1, &word));
	R(SC(futex, &word, FUTEX_WAIT | FUTEX_CLOCK_REALTIME, 4, NULL));
	R(SC(futex, &word, FUTEX_CMP_REQUEUE_PI, 1, 1, &other, 4));
	R(SC(futex, &word, FUTEX_CMP_REQUEUE_PI, 1, 1, &other, 5));
	R(SC(futex, &word, FUTEX_CMP_REQUEUE_PI, 0, 1, &other, 5));
	R(SC(futex, &word, FUTEX_CMP_REQUEUE_PI, 1, 1, &word, 5));
	R(SC(futex, &word, FUTEX_CMP_REQUEUE_PI, 1, 1, BAD, 5));
	R(SC(futex, &word, FUTEX_WAIT_REQUEUE_PI, 4, NULL, &other));
	R(SC(futex, &word, FUTEX_WAIT_REQUEUE_PI, 5, NULL, &word));
	R(SC(futex, &word, FUTEX_WAIT_REQUEUE_PI, 5, &now, &other));
	R(SC(futex, &word, FUTEX_WAIT_REQUEUE_PI, 5, NULL, BAD));
	R(SC(futex, &other, FUTEX_LOCK_PI, 0, NULL));
	R(SC(futex, &other, FUTEX_LOCK_PI, 0, NULL));
	R(SC(futex, &other, FUTEX_UNLOCK_PI));
	R(SC(futex, &other, FUTEX_UNLOCK_PI));
	R(SC(futex, &word, FUTEX_FD, 0));
	R(SC(futex, BAD, FUTEX_WAKE, 1));
	R(SC(futex, BAD, FUTEX_WAKE | FUTEX_PRIVATE_FLAG, 1));
	R(SC(futex, &word, FUTEX_CMP_REQUEUE, 1, 1, BAD, 5));
	R(SC(futex, &word, FUTEX_CMP_REQUEUE | FUTEX_PRIVATE_FLAG, 1, 1, BAD, 5));
	R(SC(futex, &word, FUTEX_CMP_REQUEUE, 1, 1, BAD, 4));
	R(SC(futex, BAD, FUTEX_REQUEUE, 1, 1, &word));
	R(SC(futex, BAD, FUTEX_WAKE_OP, 1, 1, &word, 0));
}

static void c_share(void)
{
	struct {
		unsigned long val, addr;
		unsigned int flags, reserved;
	} v = { 5, 0, 2, 0 };
	unsigned long nodes = 0, mask = 1;
	struct timespec now = { 0, 0 };
	unsigned int word = 5;
	int self = getpid(), mode = 77;

	v.addr = (unsigned long)&word;
	R(SC(futex_waitv, &v, 1, 0, &now, CLOCK_MONOTONIC));
	R(SC(futex_waitv, &v, 1, 0, &now, CLOCK_BOOTTIME));
	R(SC(futex_waitv, &v, 0, 0, NULL, 0));
	R(SC(futex_waitv, &v, 129, 0, NULL, 0));
	R(SC(futex_waitv, &v, 1, 1, NULL, 0));
	R(SC(futex_waitv, BAD, 1, 0, NULL, 0));
	word = 4;
	R(SC(futex_waitv, &v, 1, 0, NULL, 0));
	v.reserved = 1;
	R(SC(futex_waitv, &v, 1, 0, NULL, 0));
	R(SC(kcmp, self, self, 1, 0, 0));
	R(SC(kcmp, self, self, 0, 0, 99));
	R(SC(kcmp, self, self, 99, 0, 0));
	R(SC(kcmp, self, 0x7fffffff, 1, 0, 0));
	R(SC(setns, 99, 0));
	R(SC(setns, 0, 0));
	R(SC(setns, open("/proc/self/ns/user", O_RDONLY), 0));
	R(SC(setns, open("/proc/self/ns/uts", O_RDONLY), CLONE_NEWIPC));
	R(SC(setns, syscall(SYS_pidfd_open, self, 0), 0));
	R(SC(setns, syscall(SYS_pidfd_open, self, 0), CLONE_VM));
	R(open("/proc/self/ns/uts", O_WRONLY));
	R(open("/proc/self/ns/none", O_RDONLY));
	R(SC(unshare, 0));
	R(SC(unshare, 1));
	R(SC(unshare, CLONE_FILES | CLONE_FS | CLONE_SYSVSEM));
	R(SC(unshare, CLONE_NEWNS));
	R(SC(unshare, CLONE_NEWUTS));
	R(SC(set_mempolicy, 0, NULL, 0));
	R(SC(set_mempolicy, 77, NULL, 0));
	R(SC(set_mempolicy, 2, NULL, 0));
	R(SC(set_mempolicy, 2, &nodes, 64));
	R(SC(set_mempolicy, 2, BAD, 64));
	R(SC(set_mempolicy, 2, &mask, 64));
	R(SC(get_mempolicy, &mode, NULL, 0, NULL, 0));
	V(mode);
	R(SC(get_mempolicy, &mode, NULL, 0, &mode, 0));
	R(SC(get_mempolicy, &mode, NULL, 0, BAD, 2));
	R(SC(get_mempolicy, &mode, NULL, 0, NULL, 64));
	R(SC(mbind, (void *)1, 4096, 0, NULL, 0, 0));
	R(SC(mbind, NULL, 4096, 2, &mask, 64, 0));
	R(SC(mbind, NULL, 4096, 2, &mask, 64, 1 << 20));
	R(SC(move_pages, 0x7fffffff, 0, NULL, NULL, NULL, 0));
	R(SC(move_pages, 0, 1, BAD, NULL, NULL, 0));
	R(SC(migrate_pages, 0, 64, BAD, BAD));
	R(SC(process_mrelease, 0, 0));
	R(SC(process_mrelease, 0, 1));
	R(SC(process_madvise, 0, NULL, 0, 20, 1));
}

static void c_attributes(void)
{
	R(prctl(PR_SET_KEEPCAPS, 2));
	R(prctl(PR_GET_SECUREBITS));
	R(prctl(PR_SET_SECUREBITS, 1));
	R(prctl(PR_CAP_AMBIENT, 1, 99, 0, 0));
	R(prctl(PR_CAP_AMBIENT, 2, 0, 0, 0));
	R(prctl(PR_CAP_AMBIENT, 4, 1, 0, 0));
	R(prctl(PR_CAPBSET_DROP, 0));
	R(prctl(PR_SET_THP_DISABLE, 1, 0, 1, 0));
	R(prctl(PR_GET_THP_DISABLE, 1, 0, 0, 0));
	R(prctl(PR_MCE_KILL, 9, 0, 0, 0));
	R(prctl(PR_MCE_KILL, 1, 9, 0, 0));
	R(prctl(PR_MCE_KILL_GET, 0, 0, 0, 0));
	R(prctl(PR_SET_TIMERSLACK, 70));
	R(prctl(PR_GET_TIMERSLACK));
	R(prctl(PR_GET_SPECULATION_CTRL, 99, 0, 0, 0));
	R(prctl(PR_GET_SPECULATION_CTRL, 0, 1, 0, 0));
	R(SC(personality, 0xffffffff));
	R(SC(personality, 0x4000000));
	R(SC(personality, 0xffffffff));
	R(SC(personality, 0));
}

static const struct diff_case cases[] = {
	{ "share", c_share },
	{ "attributes", c_attributes },
	{ "wait", c_wait },
	{ "exec", c_exec },
	{ "clone", c_clone },
	{ "groups", c_groups },
	{ "identity", c_identity },
	{ "scheduling", c_sched },
	{ "time", c_time },
	{ "limits", c_limits },
	{ "futex", c_futex },
};
DIFF_TABLE(processes_table, cases);
