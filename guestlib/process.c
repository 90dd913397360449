/*
 * Wrappers of the system calls on processes, identities, limits and the
 * machine as a whole.
 */
#include <errno.h>
#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <syscall.h>
#include <unistd.h>

pid_t fork(void)
{
	return (pid_t)SYS(fork);
}

int execve(const char *path, char *const argv[], char *const envp[])
{
	return (int)SYS(execve, path, argv, envp);
}

int execvp(const char *file, char *const argv[])
{
	const char *dir = getenv("PATH");
	char path[PATH_MAX];
	int err = ENOENT;
	size_t len;

	if (strchr(file, '/'))
		return execve(file, argv, environ);
	for (dir = dir ? dir : "/bin:/usr/bin"; *dir; dir += *dir == ':') {
		len = strcspn(dir, ":");
		snprintf(path, sizeof(path), "%.*s/%s", (int)len, dir, file);
		execve(path, argv, environ);
		if (errno != ENOENT && errno != ENOTDIR)
			err = errno;
		dir += len;
	}
	errno = err;
	return -1;
}

pid_t wait4(pid_t pid, int *status, int options, struct rusage *usage)
{
	return (pid_t)SYS(wait4, pid, status, options, usage);
}

pid_t waitpid(pid_t pid, int *status, int options)
{
	return wait4(pid, status, options, NULL);
}

pid_t wait(int *status)
{
	return wait4(-1, status, 0, NULL);
}

int waitid(int idtype, pid_t id, siginfo_t *info, int options)
{
	return (int)SYS(waitid, idtype, id, info, options, NULL);
}

pid_t getpid(void)
{
	return (pid_t)sys0(__NR_getpid);
}

pid_t getppid(void)
{
	return (pid_t)sys0(__NR_getppid);
}

pid_t gettid(void)
{
	return (pid_t)sys0(__NR_gettid);
}

pid_t getpgid(pid_t pid)
{
	return (pid_t)SYS(getpgid, pid);
}

pid_t getpgrp(void)
{
	return (pid_t)sys0(__NR_getpgrp);
}

int setpgid(pid_t pid, pid_t group)
{
	return (int)SYS(setpgid, pid, group);
}

pid_t getsid(pid_t pid)
{
	return (pid_t)SYS(getsid, pid);
}

pid_t setsid(void)
{
	return (pid_t)SYS(setsid);
}

uid_t getuid(void)
{
	return (uid_t)sys0(__NR_getuid);
}

uid_t geteuid(void)
{
	return (uid_t)sys0(__NR_geteuid);
}

gid_t getgid(void)
{
	return (gid_t)sys0(__NR_getgid);
}

gid_t getegid(void)
{
	return (gid_t)sys0(__NR_getegid);
}

int setuid(uid_t uid)
{
	return (int)SYS(setuid, uid);
}

int setgid(gid_t gid)
{
	return (int)SYS(setgid, gid);
}

int setresuid(uid_t real, uid_t effective, uid_t saved)
{
	return (int)SYS(setresuid, real, effective, saved);
}

int setresgid(gid_t real, gid_t effective, gid_t saved)
{
	return (int)SYS(setresgid, real, effective, saved);
}

int getgroups(int count, gid_t *groups)
{
	return (int)SYS(getgroups, count, groups);
}

int setgroups(size_t count, const gid_t *groups)
{
	return (int)SYS(setgroups, count, groups);
}

int getrlimit(int resource, struct rlimit *limit)
{
	return (int)SYS(getrlimit, resource, limit);
}

int setrlimit(int resource, const struct rlimit *limit)
{
	return (int)SYS(setrlimit, resource, limit);
}

int getrusage(int who, struct rusage *usage)
{
	return (int)SYS(getrusage, who, usage);
}

clock_t times(struct tms *buf)
{
	return SYS(times, buf);
}

int getpriority(int which, int who)
{
	long answer = SYS(getpriority, which, who);

	return answer < 0 ? -1 : (int)(20 - answer);
}

int setpriority(int which, int who, int nice)
{
	return (int)SYS(setpriority, which, who, nice);
}

int sched_yield(void)
{
	return (int)SYS(sched_yield);
}

int uname(struct utsname *buf)
{
	return (int)SYS(uname, buf);
}

int sethostname(const char *name, unsigned long len)
{
	return (int)SYS(sethostname, name, len);
}

int sysinfo(struct sysinfo *info)
{
	return (int)SYS(sysinfo, info);
}

ssize_t getrandom(void *buf, size_t len, unsigned int flags)
{
	return SYS(getrandom, buf, len, flags);
}

int prctl(int operation, unsigned long a, unsigned long b, unsigned long c,
	  unsigned long d)
{
	return (int)SYS(prctl, operation, a, b, c, d);
}
