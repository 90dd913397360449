/*
 * Waiting for children: wait4(2), waitid(2).
 */
#ifndef GUESTLIB_SYS_WAIT_H
#define GUESTLIB_SYS_WAIT_H

#include <signal.h>
#include <sys/resource.h>
#include <linux/wait.h>

#define WEXITSTATUS(s) (((s) >> 8) & 0xff)
#define WTERMSIG(s) ((s)&0x7f)
#define WSTOPSIG(s) WEXITSTATUS(s)
#define WIFEXITED(s) (WTERMSIG(s) == 0)
#define WIFSTOPPED(s) (((s)&0xff) == 0x7f)
#define WIFSIGNALED(s) (!WIFEXITED(s) && !WIFSTOPPED(s) && !WIFCONTINUED(s))
#define WIFCONTINUED(s) ((s) == 0xffff)
#define WCOREDUMP(s) (((s)&0x80) != 0)

/* Any child. */
pid_t wait(int *status);
/* wait4 without usage. */
pid_t waitpid(pid_t pid, int *status, int options);
/* wait4(2). */
pid_t wait4(pid_t pid, int *status, int options, struct rusage *usage);
/* waitid(2), the kernel's five arguments without the last. */
int waitid(int idtype, pid_t id, siginfo_t *info, int options);

#endif
