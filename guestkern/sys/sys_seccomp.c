/* seccomp(2), and prctl's older form of it. */
#include "lib/err.h"
#include "mm/uaccess.h"
#include "proc/cred.h"
#include "proc/seccomp.h"
#include "proc/task.h"
#include "sys/handlers.h"
#include "sys/sys_seccomp.h"

#include <linux/capability.h>
#include <linux/seccomp.h>

#define FLAGS_KNOWN                                                          \
	(SECCOMP_FILTER_FLAG_TSYNC | SECCOMP_FILTER_FLAG_LOG |               \
	 SECCOMP_FILTER_FLAG_SPEC_ALLOW | SECCOMP_FILTER_FLAG_TSYNC_ESRCH)

struct user_fprog { /* struct sock_fprog */
	u16 count;
	u64 insns;
};

static s64 set_strict(void)
{
	struct task *t = current_task();

	if (t->seccomp_mode == SECCOMP_FILTERED)
		return -EINVAL;
	t->seccomp_mode = SECCOMP_STRICT;
	return 0;
}

static s64 set_filter(u32 flags, uaddr_t from)
{
	struct task *t = current_task();
	struct seccomp_filter *filter;
	struct user_fprog prog;
	s32 other;
	int err;

	if (flags & ~(u32)FLAGS_KNOWN)
		return -EINVAL;
	if (get_user(prog, from))
		return -EFAULT;
	if (!t->cred.no_new_privs && !capable(CAP_SYS_ADMIN))
		return -EACCES;
	err = seccomp_filter_load(&filter, prog.insns, prog.count);
	if (err)
		return err;
	if (t->seccomp_mode == SECCOMP_STRICT)
		err = -EINVAL;
	if (!err && flags & SECCOMP_FILTER_FLAG_TSYNC) {
		other = seccomp_filter_sync(); /* asks; there is nothing new yet */
		if (other) {
			seccomp_filter_put(filter);
			return flags & SECCOMP_FILTER_FLAG_TSYNC_ESRCH ? -ESRCH : other;
		}
	}
	if (!err)
		err = seccomp_filter_attach(filter);
	if (err) {
		seccomp_filter_put(filter);
		return err;
	}
	if (flags & SECCOMP_FILTER_FLAG_TSYNC)
		seccomp_filter_sync();
	return 0;
}

static s64 action_available(u32 flags, uaddr_t from)
{
	u32 action;

	if (flags)
		return -EINVAL;
	if (get_user(action, from))
		return -EFAULT;
	switch (action) {
	case SECCOMP_RET_KILL_PROCESS:
	case SECCOMP_RET_KILL_THREAD:
	case SECCOMP_RET_TRAP:
	case SECCOMP_RET_ERRNO:
	case SECCOMP_RET_TRACE:
	case SECCOMP_RET_LOG:
	case SECCOMP_RET_ALLOW:
		return 0;
	default:
		return -EOPNOTSUPP;
	}
}

s64 sys_seccomp(const u64 arg[6])
{
	switch ((u32)arg[0]) {
	case SECCOMP_SET_MODE_STRICT:
		return arg[1] || arg[2] ? -EINVAL : set_strict();
	case SECCOMP_SET_MODE_FILTER:
		return set_filter((u32)arg[1], arg[2]);
	case SECCOMP_GET_ACTION_AVAIL:
		return action_available((u32)arg[1], arg[2]);
	default:
		return -EINVAL;
	}
}

s64 seccomp_prctl_set(u64 mode, uaddr_t filter)
{
	switch (mode) {
	case SECCOMP_MODE_STRICT:
		return set_strict();
	case SECCOMP_MODE_FILTER:
		return set_filter(0, filter);
	default:
		return -EINVAL;
	}
}
