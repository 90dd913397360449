/* Signals: handlers, masks, sending, waiting. */
#include "fs/file.h"
#include "fs/pidfd.h"
#include "fs/procfs.h"
#include "lib/err.h"
#include "lib/string.h"
#include "mm/uaccess.h"
#include "proc/pidref.h"
#include "proc/task.h"
#include "sys/syscall.h"
#include "sys/user_time.h"

#include <asm/siginfo.h>
#include <asm/signal.h>

#define SIGINFO_BYTES 128
#define SIGSET_BYTES 8

/* What rt_sigaction keeps of sa_flags (Linux: UAPI_SA_FLAGS). */
#define ACTION_FLAGS                                                     \
	(SA_NOCLDSTOP | SA_NOCLDWAIT | SA_SIGINFO | SA_ONSTACK |         \
	 SA_RESTART | SA_NODEFER | SA_RESETHAND | SA_EXPOSE_TAGBITS |    \
	 SA_RESTORER)

/* --- handlers and masks -------------------------------------------------------------- */

s64 sys_rt_sigaction(const u64 arg[6])
{
	struct k_sigaction act, old;
	int err;

	if (arg[3] != SIGSET_BYTES)
		return -EINVAL;
	if (arg[1]) {
		if (get_user(act, arg[1]))
			return -EFAULT;
		act.flags &= (u32)ACTION_FLAGS;
	}
	err = signal_set_action((s32)arg[0], arg[1] ? &act : NULL, &old);
	if (!err && arg[2])
		err = put_user(old, arg[2]);
	return err;
}

static int change_mask(u64 how, u64 set)
{
	struct task *t = current_task();

	switch ((s32)how) {
	case SIG_BLOCK:
		signal_set_blocked(t, t->blocked | set);
		return 0;
	case SIG_UNBLOCK:
		signal_set_blocked(t, t->blocked & ~set);
		return 0;
	case SIG_SETMASK:
		signal_set_blocked(t, set);
		return 0;
	default:
		return -EINVAL;
	}
}

s64 sys_rt_sigprocmask(const u64 arg[6])
{
	u64 old = current_task()->blocked, set;
	int err = 0;

	if (arg[3] != SIGSET_BYTES)
		return -EINVAL;
	if (arg[1]) {
		if (get_user(set, arg[1]))
			return -EFAULT;
		err = change_mask(arg[0], set);
	}
	if (!err && arg[2])
		err = put_user(old, arg[2]);
	return err;
}

s64 sys_rt_sigpending(const u64 arg[6])
{
	const struct task *t = current_task();
	u64 set = signal_pending_set(t) & t->blocked;

	if (arg[1] > SIGSET_BYTES)
		return -EINVAL;
	return copy_to_user(arg[0], &set, arg[1]);
}

s64 sys_sigaltstack(const u64 arg[6])
{
	struct k_altstack set, old;
	int err;

	if (arg[0] && get_user(set, arg[0]))
		return -EFAULT;
	err = signal_altstack(arg[0] ? &set : NULL, &old, current_task()->tf.rsp);
	if (!err && arg[1])
		err = put_user(old, arg[1]);
	return err;
}

s64 sys_rt_sigreturn(const u64 arg[6])
{
	(void)arg;
	return signal_sigreturn(&current_task()->tf);
}

/* --- waiting ---------------------------------------------------------------------------- */

static s64 sleep_till_signal(void)
{
	while (wait_sleep(UINT64_MAX) == 0)
		;
	return -ERESTARTNOHAND;
}

s64 sys_pause(const u64 arg[6])
{
	(void)arg;
	return sleep_till_signal();
}

s64 sys_rt_sigsuspend(const u64 arg[6])
{
	u64 set;

	if (arg[1] != SIGSET_BYTES)
		return -EINVAL;
	if (get_user(set, arg[0]))
		return -EFAULT;
	signal_set_blocked_for_call(current_task(), set);
	return sleep_till_signal();
}

static int put_siginfo(uaddr_t to, const struct k_siginfo *info)
{
	if (put_user(*info, to))
		return -EFAULT;
	return clear_user(to + sizeof(*info), SIGINFO_BYTES - sizeof(*info));
}

s64 sys_rt_sigtimedwait(const u64 arg[6])
{
	u64 set, ns, deadline = UINT64_MAX;
	struct k_siginfo info;
	s64 sig;
	int err;

	if (arg[3] != SIGSET_BYTES)
		return -EINVAL;
	if (get_user(set, arg[0]))
		return -EFAULT;
	if (arg[2]) {
		err = user_timespec_get(&ns, arg[2]);
		if (err)
			return err;
		deadline = ns ? user_deadline(ns) : 0;
	}
	sig = signal_timedwait(set, &info, deadline);
	if (sig > 0 && arg[1] && put_siginfo(arg[1], &info))
		return -EFAULT;
	return sig;
}

s64 sys_restart_syscall(const u64 arg[6])
{
	struct task *t = current_task();
	s64 (*fn)(struct task *) = t->restart_fn;

	(void)arg;
	t->restart_fn = NULL;
	return fn ? fn(t) : -EINTR;
}

/* --- sending ------------------------------------------------------------------------------ */

static struct k_siginfo info_from_user_call(int sig, int code)
{
	struct k_siginfo info;

	memset(&info, 0, sizeof(info));
	info.signo = sig;
	info.code = code;
	info.rt.pid = current_process()->pid;
	info.rt.uid = current_task()->cred.uid;
	return info;
}

static bool sig_valid(s32 sig)
{
	return sig >= 0 && sig <= NSIG_;
}

/* sig 0 only asks whether it could be sent. */
static int send_checked(struct process *p, struct task *t,
			const struct k_siginfo *info)
{
	if (!signal_permitted(p, info->signo))
		return -EPERM;
	if (info->signo == 0)
		return 0;
	return t ? signal_send_task(t, info->signo, info) :
		   signal_send_process(p, info->signo, info);
}

/* pgid 0: every process but init and the caller's own. */
static s64 kill_many(s32 pgid, const struct k_siginfo *info)
{
	struct process *p;
	int err, result = -ESRCH;

	for (p = process_first(); p; p = process_next(p)) {
		if (pgid ? p->pgid != pgid :
			   p->pid == 1 || p == current_process())
			continue;
		err = send_checked(p, NULL, info);
		if (result == -ESRCH || (result == -EPERM && !err))
			result = err;
	}
	return result;
}

s64 sys_kill(const u64 arg[6])
{
	s32 pid = (s32)arg[0], sig = (s32)arg[1];
	struct k_siginfo info = info_from_user_call(sig, SI_USER);
	struct task *t;

	if (!sig_valid(sig))
		return -EINVAL;
	if (pid == INT32_MIN)
		return -ESRCH;
	if (pid == -1)
		return kill_many(0, &info);
	if (pid <= 0)
		return kill_many(pid ? -pid : current_process()->pgid, &info);
	t = task_find(pid);
	return t ? send_checked(t->proc, NULL, &info) : -ESRCH;
}

/* tgid 0: of whatever process. */
static s64 send_to_thread(s32 tgid, s32 tid, const struct k_siginfo *info)
{
	struct task *t = task_find(tid);

	if (!t || (tgid && t->proc->pid != tgid))
		return -ESRCH;
	return send_checked(t->proc, t, info);
}

s64 sys_tkill(const u64 arg[6])
{
	s32 tid = (s32)arg[0], sig = (s32)arg[1];
	struct k_siginfo info = info_from_user_call(sig, SI_TKILL);

	if (tid <= 0 || !sig_valid(sig))
		return -EINVAL;
	return send_to_thread(0, tid, &info);
}

s64 sys_tgkill(const u64 arg[6])
{
	s32 tgid = (s32)arg[0], tid = (s32)arg[1], sig = (s32)arg[2];
	struct k_siginfo info = info_from_user_call(sig, SI_TKILL);

	if (tgid <= 0 || tid <= 0 || !sig_valid(sig))
		return -EINVAL;
	return send_to_thread(tgid, tid, &info);
}

/* A program may not pretend to others to be the kernel, or kill(2). */
static int get_queued_info(struct k_siginfo *info, uaddr_t from, s32 pid, s32 sig)
{
	if (get_user(*info, from))
		return -EFAULT;
	info->signo = sig;
	if ((info->code >= 0 || info->code == SI_TKILL) &&
	    pid != current_process()->pid)
		return -EPERM;
	return sig_valid(sig) ? 0 : -EINVAL;
}

s64 sys_rt_sigqueueinfo(const u64 arg[6])
{
	s32 pid = (s32)arg[0], sig = (s32)arg[1];
	struct k_siginfo info;
	struct task *t;
	int err = get_queued_info(&info, arg[2], pid, sig);

	if (err)
		return err;
	t = task_find(pid);
	return t ? send_checked(t->proc, NULL, &info) : -ESRCH;
}

s64 sys_rt_tgsigqueueinfo(const u64 arg[6])
{
	s32 tgid = (s32)arg[0], tid = (s32)arg[1], sig = (s32)arg[2];
	struct k_siginfo info;
	int err;

	if (tgid <= 0 || tid <= 0)
		return -EINVAL;
	err = get_queued_info(&info, arg[3], tgid, sig);
	return err ? err : send_to_thread(tgid, tid, &info);
}

/* Of a pidfd, or of /proc/PID; NULL: it is gone. */
static struct process *process_of_file(const struct file *f)
{
	const struct pid_ref *ref = pidfd_ref(f);

	return ref ? ref->process : proc_file_process(f);
}

static s64 send_to_pidfd(const struct file *f, s32 sig, uaddr_t info_at)
{
	struct process *p = process_of_file(f);
	struct k_siginfo info = info_from_user_call(sig, SI_USER);

	if (IS_ERR(p))
		return PTR_ERR(p);
	if (info_at) {
		if (get_user(info, info_at))
			return -EFAULT;
		if (info.signo != sig)
			return -EINVAL;
		if (p != current_process() &&
		    (info.code >= 0 || info.code == SI_TKILL))
			return -EPERM;
	}
	if (!sig_valid(sig))
		return -EINVAL;
	return p ? send_checked(p, NULL, &info) : -ESRCH;
}

s64 sys_pidfd_send_signal(const u64 arg[6])
{
	struct file *f;
	s64 ret;

	if ((u32)arg[3])
		return -EINVAL;
	f = fd_get((int)arg[0]);
	if (!f)
		return -EBADF;
	ret = send_to_pidfd(f, (s32)arg[1], arg[2]);
	file_put(f);
	return ret;
}
