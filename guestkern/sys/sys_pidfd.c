/* pidfd_open, pidfd_getfd. (pidfd_send_signal: sys_signal.c.) */
#include <linux/fcntl.h>

#include "fs/file.h"
#include "fs/pidfd.h"
#include "fs/procfs.h"
#include "lib/err.h"
#include "proc/pidref.h"
#include "proc/task.h"
#include "sys/handlers.h"

s64 sys_pidfd_open(const u64 arg[6])
{
	s32 pid = (s32)arg[0];
	struct process *p;
	struct file *f;

	if ((u32)arg[1] & ~(u32)O_NONBLOCK || pid <= 0)
		return -EINVAL;
	p = process_find(pid);
	if (!p)
		return task_find(pid) ? -EINVAL : -ESRCH; /* a thread's number */
	f = pidfd_create(p, (u32)arg[1]);
	return IS_ERR(f) ? PTR_ERR(f) : fd_install(f, 0, true);
}

static struct file *file_of_process(const struct pid_ref *ref, int fd)
{
	struct file *f;

	if (pid_ref_exited(ref))
		return ERR_PTR(-ESRCH);
	if (!proc_may_access(ref->process))
		return ERR_PTR(-EPERM);
	f = process_fd_get(ref->process, fd);
	return f ? f : ERR_PTR(-EBADF);
}

s64 sys_pidfd_getfd(const u64 arg[6])
{
	struct file *pidfd, *f;

	if ((u32)arg[2])
		return -EINVAL;
	pidfd = fd_get((int)arg[0]);
	if (!pidfd)
		return -EBADF;
	f = ERR_PTR(-EBADF);
	if (pidfd_ref(pidfd))
		f = file_of_process(pidfd_ref(pidfd), (int)arg[1]);
	file_put(pidfd);
	return IS_ERR(f) ? PTR_ERR(f) : fd_install(f, 0, true);
}
