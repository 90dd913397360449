/* wait4 and waitid: argument checks and layouts around process_wait. */
#include "fs/file.h"
#include "fs/pidfd.h"
#include "lib/err.h"
#include "lib/string.h"
#include "mm/uaccess.h"
#include "proc/pidref.h"
#include "proc/task.h"
#include "sys/syscall.h"
#include "sys/user_time.h"

#include <asm/siginfo.h>
#include <asm/signal.h>
#include <linux/fcntl.h>
#include <linux/wait.h>

#define WAIT4_OPTIONS \
	(WNOHANG | WUNTRACED | WCONTINUED | __WNOTHREAD | __WCLONE | __WALL)
#define WAITID_OPTIONS                                                  \
	(WNOHANG | WNOWAIT | WEXITED | WSTOPPED | WCONTINUED |          \
	 __WNOTHREAD | __WCLONE | __WALL)

s64 sys_wait4(const u64 arg[6])
{
	struct wait_result res;
	u32 options = (u32)arg[2];
	int idtype = P_PID;
	s32 pid = (s32)arg[0];
	s64 got;

	if (options & ~(u32)WAIT4_OPTIONS)
		return -EINVAL;
	if (pid == INT32_MIN)
		return -ESRCH;
	if (pid == -1) {
		idtype = P_ALL;
	} else if (pid <= 0) {
		idtype = P_PGID;
		pid = pid ? -pid : current_process()->pgid;
	}
	got = process_wait(idtype, pid, (int)(options | WEXITED), &res);
	if (got <= 0)
		return got;
	if (arg[1] && put_user(res.status, arg[1]))
		return -EFAULT;
	if (arg[3] && user_rusage_put(arg[3], &res))
		return -EFAULT;
	return got;
}

/* The status of wait4(2) as si_status. */
static s32 si_status_of(const struct wait_result *res)
{
	switch (res->code) {
	case CLD_EXITED:
	case CLD_STOPPED:
		return (res->status >> 8) & 0xff;
	case CLD_CONTINUED:
		return SIGCONT;
	default:
		return res->status & 0x7f;
	}
}

/* As Linux: only these six fields of siginfo are written. */
static int put_siginfo(uaddr_t to, const struct wait_result *res)
{
	struct k_siginfo info;
	u32 head = offsetof(struct k_siginfo, pad);

	memset(&info, 0, sizeof(info));
	if (res) {
		info.signo = SIGCHLD;
		info.code = res->code;
		info.chld.pid = res->pid;
		info.chld.uid = (u32)res->uid;
		info.chld.status = si_status_of(res);
	}
	if (copy_to_user(to, &info, head))
		return -EFAULT;
	return copy_to_user(to + offsetof(struct k_siginfo, chld), &info.chld,
			    3 * sizeof(s32));
}

/* The number of the process behind a pidfd; *nonblock: the descriptor's flag. */
static int pidfd_target(s32 *id, bool *nonblock)
{
	struct file *f = *id < 0 ? NULL : fd_get(*id);
	struct pid_ref *ref = f ? pidfd_ref(f) : NULL;
	int err = ref ? 0 : -EBADF;

	if (*id < 0)
		return -EINVAL;
	if (ref) {
		*nonblock = f->flags & O_NONBLOCK;
		*id = ref->process ? ref->pid : -1; /* nobody's child */
	}
	if (f)
		file_put(f);
	return err;
}

static int waitid_target(u64 idtype, s32 *id, bool *nonblock)
{
	switch (idtype) {
	case P_ALL:
		return 0;
	case P_PID:
		return *id > 0 ? 0 : -EINVAL;
	case P_PGID:
		if (*id < 0)
			return -EINVAL;
		if (*id == 0)
			*id = current_process()->pgid;
		return 0;
	case P_PIDFD:
		return pidfd_target(id, nonblock);
	default:
		return -EINVAL;
	}
}

s64 sys_waitid(const u64 arg[6])
{
	u32 options = (u32)arg[3];
	struct wait_result res;
	s32 id = (s32)arg[1];
	bool nonblock = false;
	int idtype = (int)arg[0], err;
	s64 got;

	if ((options & ~(u32)WAITID_OPTIONS) ||
	    !(options & (WEXITED | WSTOPPED | WCONTINUED)))
		return -EINVAL;
	err = waitid_target((u32)arg[0], &id, &nonblock);
	if (err)
		return err;
	if (idtype == P_PIDFD)
		idtype = P_PID;
	got = process_wait(idtype, id, (int)(options | (nonblock ? WNOHANG : 0)), &res);
	if (got < 0)
		return got;
	if (!got && nonblock && !(options & WNOHANG))
		return -EAGAIN;
	if (arg[4] && user_rusage_put(arg[4], got ? &res : &(struct wait_result){ 0 }))
		return -EFAULT;
	if (arg[2] && put_siginfo(arg[2], got ? &res : NULL))
		return -EFAULT;
	return 0;
}
