/* prctl and arch_prctl: attributes of a task and its process. */
#include "abi/layout.h"
#include "lib/err.h"
#include "lib/string.h"
#include "mm/uaccess.h"
#include "proc/task.h"
#include "sys/sys_seccomp.h"
#include "sys/syscall.h"

#include <asm/prctl.h>
#include <linux/capability.h>
#include <linux/prctl.h>
#include <linux/securebits.h>


/* --- prctl ---------------------------------------------------------------------------- */

static s64 set_name(uaddr_t from)
{
	struct task *t = current_task();
	char name[TASK_COMM_LEN];
	s64 len = strncpy_from_user(name, from, sizeof(name));

	if (len == -ENAMETOOLONG) { /* cut, as Linux does */
		if (copy_from_user(name, from, sizeof(name)))
			return -EFAULT;
		name[sizeof(name) - 1] = '\0';
	} else if (len < 0) {
		return len;
	}
	memset(t->comm, 0, sizeof(t->comm));
	str_copy(t->comm, name, sizeof(t->comm));
	return 0;
}

static s64 set_pdeathsig(u64 sig)
{
	if (sig > NSIG_)
		return -EINVAL;
	current_task()->pdeath_signal = sig;
	return 0;
}

static s64 set_flag(bool *flag, u64 value)
{
	if (value > 1)
		return -EINVAL;
	*flag = value;
	return 0;
}

static s64 bounding_read(u64 cap)
{
	if (cap > CAP_LAST_CAP)
		return -EINVAL;
	return (current_task()->cred.cap_bounding >> cap) & 1;
}

static s64 bounding_drop(u64 cap)
{
	if (!capable(CAP_SETPCAP))
		return -EPERM;
	if (cap > CAP_LAST_CAP)
		return -EINVAL;
	return cred_drop_bounding(&current_task()->cred, (int)cap);
}

static s64 ambient(const u64 arg[6])
{
	struct cred *cred = &current_task()->cred;
	u64 cap = arg[2];

	if (arg[3] || arg[4])
		return -EINVAL;
	if (arg[1] == PR_CAP_AMBIENT_CLEAR_ALL) {
		if (cap)
			return -EINVAL;
		cred->cap_ambient = 0;
		return 0;
	}
	if (cap > CAP_LAST_CAP)
		return -EINVAL;
	switch (arg[1]) {
	case PR_CAP_AMBIENT_IS_SET:
		return (cred->cap_ambient >> cap) & 1;
	case PR_CAP_AMBIENT_LOWER:
		cred->cap_ambient &= ~(1ULL << cap);
		return 0;
	case PR_CAP_AMBIENT_RAISE:
		return cred_raise_ambient(cred, (int)cap);
	default:
		return -EINVAL;
	}
}

static s64 set_no_new_privs(const u64 arg[6])
{
	if (arg[1] != 1 || arg[2] || arg[3] || arg[4])
		return -EINVAL;
	current_task()->cred.no_new_privs = true;
	return 0;
}

/* 0 and less ask for the default, which is what the creator had. Every timer is as
 * exact as it can be. */
static s64 set_timer_slack(s64 ns)
{
	struct task *t = current_task();

	t->timer_slack_ns = ns > 0 ? (u64)ns : t->timer_slack_default_ns;
	return 0;
}

/* What is to happen at a memory error, which there are none of: kept and told. */
static s64 set_mce_kill(struct process *p, const u64 arg[6])
{
	if (arg[3] || arg[4])
		return -EINVAL;
	switch (arg[1]) {
	case PR_MCE_KILL_CLEAR:
		if (arg[2])
			return -EINVAL;
		p->mce_kill = PR_MCE_KILL_DEFAULT;
		return 0;
	case PR_MCE_KILL_SET:
		if (arg[2] > PR_MCE_KILL_DEFAULT) {
			/* no policy, but one of its own: as Linux has it */
			if (p->mce_kill == PR_MCE_KILL_DEFAULT)
				p->mce_kill = PR_MCE_KILL_LATE;
			return -EINVAL;
		}
		p->mce_kill = (u8)arg[2];
		return 0;
	default:
		return -EINVAL;
	}
}

static s64 io_flusher(struct process *p, const u64 arg[6])
{
	if (!capable(CAP_SYS_RESOURCE))
		return -EPERM;
	if (arg[2] || arg[3] || arg[4])
		return -EINVAL;
	if ((s32)arg[0] == PR_GET_IO_FLUSHER)
		return arg[1] ? -EINVAL : p->io_flusher;
	return set_flag(&p->io_flusher, arg[1]);
}

static s64 put_int(uaddr_t to, s32 value)
{
	return put_user(value, to);
}

/* What concerns the whole process or only tells something. */
static s64 prctl_process(const u64 arg[6])
{
	struct process *p = current_process();

	switch ((s32)arg[0]) {
	case PR_SET_DUMPABLE:
		return set_flag(&p->dumpable, arg[1]);
	case PR_GET_DUMPABLE:
		return p->dumpable;
	case PR_SET_CHILD_SUBREAPER:
		p->child_subreaper = arg[1];
		return 0;
	case PR_GET_CHILD_SUBREAPER:
		return put_int(arg[1], p->child_subreaper);
	case PR_GET_TSC:
		return put_int(arg[1], PR_TSC_ENABLE);
	case PR_GET_SECCOMP:
		return current_task()->seccomp_mode;
	case PR_SET_SECCOMP:
		return seccomp_prctl_set(arg[1], arg[2]);
	case PR_GET_THP_DISABLE:
		return arg[1] || arg[2] || arg[3] || arg[4] ? -EINVAL : p->thp_disable;
	case PR_SET_THP_DISABLE:
		if (arg[2] || arg[3] || arg[4])
			return -EINVAL;
		p->thp_disable = arg[1];
		return 0;
	case PR_GET_TIMING:
		return 0;
	case PR_MCE_KILL:
		return set_mce_kill(p, arg);
	case PR_MCE_KILL_GET:
		return arg[1] || arg[2] || arg[3] || arg[4] ? -EINVAL : p->mce_kill;
	case PR_SET_IO_FLUSHER:
	case PR_GET_IO_FLUSHER:
		return io_flusher(p, arg);
	case PR_GET_SPECULATION_CTRL:
		if (arg[2] || arg[3] || arg[4])
			return -EINVAL;
		return arg[1] <= PR_SPEC_L1D_FLUSH ? PR_SPEC_NOT_AFFECTED : -ENODEV;
	case PR_SET_SPECULATION_CTRL:
		if (arg[3] || arg[4])
			return -EINVAL;
		return arg[1] <= PR_SPEC_L1D_FLUSH ? -ENXIO : -ENODEV;
	case PR_SET_TIMING:
		return arg[1] == PR_TIMING_STATISTICAL ? 0 : -EINVAL;
	case PR_GET_TIMERSLACK:
		return (s64)current_task()->timer_slack_ns;
	case PR_SET_TIMERSLACK:
		return set_timer_slack((s64)arg[1]);
	default:
		return -EINVAL;
	}
}

s64 sys_prctl(const u64 arg[6])
{
	struct task *t = current_task();

	switch ((s32)arg[0]) {
	case PR_SET_NAME:
		return set_name(arg[1]);
	case PR_GET_NAME:
		return copy_to_user(arg[1], t->comm, sizeof(t->comm));
	case PR_SET_PDEATHSIG:
		return set_pdeathsig(arg[1]);
	case PR_GET_PDEATHSIG:
		return put_int(arg[1], (s32)t->pdeath_signal);
	case PR_SET_KEEPCAPS:
		return arg[1] > 1 ? -EINVAL : cred_set_keep_caps(&t->cred, arg[1]);
	case PR_GET_KEEPCAPS:
		return cred_has_securebit(&t->cred, SECBIT_KEEP_CAPS);
	case PR_GET_SECUREBITS:
		return t->cred.securebits;
	case PR_SET_SECUREBITS:
		return cred_set_securebits(&t->cred, arg[1]);
	case PR_SET_NO_NEW_PRIVS:
		return set_no_new_privs(arg);
	case PR_GET_NO_NEW_PRIVS:
		if (arg[1] || arg[2] || arg[3] || arg[4])
			return -EINVAL;
		return t->cred.no_new_privs;
	case PR_CAPBSET_READ:
		return bounding_read(arg[1]);
	case PR_CAPBSET_DROP:
		return bounding_drop(arg[1]);
	case PR_CAP_AMBIENT:
		return ambient(arg);
	case PR_GET_TID_ADDRESS:
		return put_user(t->clear_child_tid, arg[1]);
	default:
		return prctl_process(arg);
	}
}

/* --- arch_prctl --------------------------------------------------------------------------- */

static s64 set_base(u64 *base, u64 value)
{
	struct task *t = current_task();

	if (value >= LODGER_USER_HIGH_END)
		return -EPERM;
	cpu_user_sync(&t->user);
	*base = value;
	cpu_user_changed(&t->user);
	return 0;
}

static s64 get_base(const u64 *base, uaddr_t to)
{
	cpu_user_sync(&current_task()->user);
	return put_user(*base, to);
}

s64 sys_arch_prctl(const u64 arg[6])
{
	struct cpu_user *user = &current_task()->user;
	u64 features = cpu_xfeatures();

	switch ((s32)arg[0]) {
	case ARCH_SET_FS:
		return set_base(&user->fsbase, arg[1]);
	case ARCH_SET_GS:
		return set_base(&user->gsbase, arg[1]);
	case ARCH_GET_FS:
		return get_base(&user->fsbase, arg[1]);
	case ARCH_GET_GS:
		return get_base(&user->gsbase, arg[1]);
	case ARCH_GET_CPUID:
		return 1; /* the instruction works */
	case ARCH_SET_CPUID:
		return arg[1] ? 0 : -ENODEV;
	case ARCH_GET_XCOMP_SUPP:
	case ARCH_GET_XCOMP_PERM:
		return put_user(features, arg[1]);
	default:
		return -EINVAL;
	}
}
