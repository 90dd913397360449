/* Scheduling: nice values, policies, affinity to the one CPU. */
#include "lib/err.h"
#include "lib/string.h"
#include "mm/mm.h"
#include "mm/uaccess.h"
#include "proc/futex.h"
#include "proc/task.h"
#include "proc/rseq.h"
#include "sys/syscall.h"
#include "sys/user_time.h"

#include <linux/capability.h>
#include <linux/ioprio.h>
#include <linux/membarrier.h>
#include <linux/resource.h>
#include <linux/sched.h>
#include <linux/sched/types.h>

#define NICE_MIN (-20)
#define NICE_MAX 19
#define RT_PRIORITY_MAX 99
#define ATTR_BYTES_VER0 48

s64 sys_sched_yield(const u64 arg[6])
{
	(void)arg;
	sched_yield_current();
	return 0;
}

/* --- nice ------------------------------------------------------------------------------ */

static bool same_user(const struct task *t)
{
	const struct cred *own = &current_task()->cred;

	return own->euid == t->cred.uid || own->euid == t->cred.euid ||
	       cred_capable(own, CAP_SYS_NICE);
}

static bool may_nice(const struct task *t, s32 nice)
{
	u64 limit = t->proc->rlim[RLIMIT_NICE].cur; /* 1..40 is 19..-20 */

	return nice >= t->nice || (u64)(20 - nice) <= limit ||
	       capable(CAP_SYS_NICE);
}

static int set_nice(struct task *t, s32 nice)
{
	if (!same_user(t))
		return -EPERM;
	if (!may_nice(t, nice))
		return -EACCES;
	t->nice = nice;
	sched_changed(t);
	return 0;
}

static bool is_meant(const struct task *t, s32 which, s32 who)
{
	if (which == PRIO_PGRP)
		return t->proc->pgid == (who ? who : current_process()->pgid);
	return t->cred.uid == (who ? (u32)who : current_task()->cred.uid);
}

/* Calls fn for each task that (which, who) of getpriority(2) names. */
static int for_each_meant(s32 which, s32 who,
			  void (*fn)(struct task *t, void *arg), void *arg)
{
	struct process *p;
	struct task *t;

	if (which < PRIO_PROCESS || which > PRIO_USER)
		return -EINVAL;
	if (which == PRIO_PROCESS) {
		t = who ? task_find(who) : current_task();
		if (t)
			fn(t, arg);
		return 0;
	}
	for (p = process_first(); p; p = process_next(p))
		list_for_each_entry(t, &p->tasks, group_link)
			if (is_meant(t, which, who))
				fn(t, arg);
	return 0;
}

struct set_request {
	s32 nice;
	int result;
};

static void set_one(struct task *t, void *arg)
{
	struct set_request *req = arg;
	int err = set_nice(t, req->nice);

	if (err || req->result == -ESRCH)
		req->result = err;
}

s64 sys_setpriority(const u64 arg[6])
{
	s32 nice = MIN(MAX((s32)arg[2], NICE_MIN), NICE_MAX);
	struct set_request req = { nice, -ESRCH };
	int err = for_each_meant((s32)arg[0], (s32)arg[1], set_one, &req);

	return err ? err : req.result;
}

static void get_one(struct task *t, void *arg)
{
	s64 *best = arg;

	*best = MAX(*best, 20 - t->nice); /* 1..40: never negative */
}

s64 sys_getpriority(const u64 arg[6])
{
	s64 best = -ESRCH;
	int err = for_each_meant((s32)arg[0], (s32)arg[1], get_one, &best);

	return err ? err : best;
}

/* --- I/O priorities ---------------------------------------------------------------------- */

/* There is nothing to weigh them by: they are kept and told. */

static int check_ioprio(u32 ioprio)
{
	u32 class = ioprio >> IOPRIO_CLASS_SHIFT;
	u32 level = ioprio & ((1u << IOPRIO_CLASS_SHIFT) - 1);

	switch (class) {
	case IOPRIO_CLASS_RT:
		if (!capable(CAP_SYS_ADMIN) && !capable(CAP_SYS_NICE))
			return -EPERM;
		return level < IOPRIO_NR_LEVELS ? 0 : -EINVAL;
	case IOPRIO_CLASS_BE:
		return level < IOPRIO_NR_LEVELS ? 0 : -EINVAL;
	case IOPRIO_CLASS_IDLE:
		return 0;
	case IOPRIO_CLASS_NONE:
		return level ? -EINVAL : 0;
	default:
		return -EINVAL;
	}
}

struct ioprio_request {
	u32 ioprio;
	s64 result;
};

static void set_one_ioprio(struct task *t, void *arg)
{
	const struct cred *own = &current_task()->cred;
	struct ioprio_request *req = arg;

	/* the first refusal ends it */
	if (req->result < 0 && req->result != -ESRCH)
		return;
	req->result = -EPERM;
	if (own->euid != t->cred.uid && own->uid != t->cred.uid && !capable(CAP_SYS_NICE))
		return;
	t->ioprio = req->ioprio;
	req->result = 0;
}

s64 sys_ioprio_set(const u64 arg[6])
{
	struct ioprio_request req = { (u32)arg[2], -ESRCH };
	int err = check_ioprio(req.ioprio);

	/* IOPRIO_WHO_* is PRIO_* and one more */
	if (!err)
		err = for_each_meant((s32)arg[0] - IOPRIO_WHO_PROCESS, (s32)arg[1],
				     set_one_ioprio, &req);
	return err ? err : req.result;
}

/* The best is the least number, but none at all is the worst. */
static void get_one_ioprio(struct task *t, void *arg)
{
	s64 *best = arg;

	if (*best <= 0 || (t->ioprio && t->ioprio < *best))
		*best = t->ioprio;
}

s64 sys_ioprio_get(const u64 arg[6])
{
	s64 best = -ESRCH;
	int err = for_each_meant((s32)arg[0] - IOPRIO_WHO_PROCESS, (s32)arg[1],
				 get_one_ioprio, &best);

	return err ? err : best;
}

/* --- policies ----------------------------------------------------------------------------- */

static bool is_realtime(u32 policy)
{
	return policy == SCHED_FIFO || policy == SCHED_RR;
}

static struct task *find_or_self(s32 pid)
{
	return pid ? task_find(pid) : current_task();
}

static int check_policy(u32 policy, u32 priority)
{
	if (is_realtime(policy))
		return priority >= 1 && priority <= RT_PRIORITY_MAX ? 0 : -EINVAL;
	if (policy != SCHED_NORMAL && policy != SCHED_BATCH && policy != SCHED_IDLE)
		return -EINVAL;
	return priority ? -EINVAL : 0;
}

static int check_policy_rights(const struct task *t, u32 policy, u32 priority)
{
	if (capable(CAP_SYS_NICE))
		return 0;
	if (!same_user(t))
		return -EPERM;
	if (is_realtime(policy) && priority > t->rt_priority &&
	    priority > t->proc->rlim[RLIMIT_RTPRIO].cur)
		return -EPERM;
	return 0;
}

static int set_policy(struct task *t, u32 policy, u32 priority, bool reset)
{
	int err = check_policy(policy, priority);

	if (!err)
		err = check_policy_rights(t, policy, priority);
	if (!err && t->reset_on_fork && !reset && !capable(CAP_SYS_NICE))
		err = -EPERM;
	if (err)
		return err;
	t->policy = policy;
	t->rt_priority = priority;
	t->reset_on_fork = reset;
	sched_changed(t);
	futex_priority_changed(t);
	return 0;
}

s64 sys_sched_setscheduler(const u64 arg[6])
{
	s32 pid = (s32)arg[0], priority;
	u32 policy = (u32)arg[1];
	struct task *t;

	if (pid < 0 || !arg[2] || (s32)policy < 0)
		return -EINVAL;
	if (get_user(priority, arg[2]))
		return -EFAULT;
	t = find_or_self(pid);
	if (!t)
		return -ESRCH;
	return set_policy(t, policy & ~(u32)SCHED_RESET_ON_FORK, (u32)priority,
			  policy & SCHED_RESET_ON_FORK);
}

s64 sys_sched_setparam(const u64 arg[6])
{
	s32 pid = (s32)arg[0], priority;
	struct task *t;

	if (pid < 0 || !arg[1])
		return -EINVAL;
	if (get_user(priority, arg[1]))
		return -EFAULT;
	t = find_or_self(pid);
	if (!t)
		return -ESRCH;
	return set_policy(t, t->policy, (u32)priority, t->reset_on_fork);
}

s64 sys_sched_getscheduler(const u64 arg[6])
{
	s32 pid = (s32)arg[0];
	const struct task *t = find_or_self(pid);

	if (pid < 0)
		return -EINVAL;
	if (!t)
		return -ESRCH;
	return t->policy | (t->reset_on_fork ? SCHED_RESET_ON_FORK : 0);
}

s64 sys_sched_getparam(const u64 arg[6])
{
	s32 pid = (s32)arg[0];
	const struct task *t = find_or_self(pid);

	if (pid < 0 || !arg[1])
		return -EINVAL;
	return t ? put_user(t->rt_priority, arg[1]) : -ESRCH;
}

static s64 priority_bound(u32 policy, s64 bound)
{
	switch (policy) {
	case SCHED_FIFO:
	case SCHED_RR:
		return bound;
	case SCHED_NORMAL:
	case SCHED_BATCH:
	case SCHED_IDLE:
	case SCHED_DEADLINE:
		return 0;
	default:
		return -EINVAL;
	}
}

s64 sys_sched_get_priority_max(const u64 arg[6])
{
	return priority_bound((u32)arg[0], RT_PRIORITY_MAX);
}

s64 sys_sched_get_priority_min(const u64 arg[6])
{
	return priority_bound((u32)arg[0], 1);
}

s64 sys_sched_rr_get_interval(const u64 arg[6])
{
	s32 pid = (s32)arg[0];
	const struct task *t = find_or_self(pid);

	if (pid < 0)
		return -EINVAL;
	if (!t)
		return -ESRCH;
	return user_timespec_put(arg[1], t->policy == SCHED_FIFO ? 0 :
						 sched_slice_ns(t->nice));
}

/* --- sched_setattr, sched_getattr --------------------------------------------------------------- */

static int get_attr(struct sched_attr *attr, uaddr_t from)
{
	u32 size, known;
	u8 byte;

	if (get_user(size, from))
		return -EFAULT;
	if (size == 0)
		size = ATTR_BYTES_VER0;
	if (size < ATTR_BYTES_VER0 || size > PAGE_SIZE)
		return -E2BIG;
	memset(attr, 0, sizeof(*attr));
	known = MIN(size, (u32)sizeof(*attr));
	if (copy_from_user(attr, from, known))
		return -EFAULT;
	for (; known < size; known++) {
		if (get_user(byte, from + known))
			return -EFAULT;
		if (byte)
			return -E2BIG;
	}
	return 0;
}

s64 sys_sched_setattr(const u64 arg[6])
{
	struct sched_attr attr;
	struct task *t;
	int err;

	if ((s32)arg[0] < 0 || !arg[1] || arg[2])
		return -EINVAL;
	err = get_attr(&attr, arg[1]);
	if (err)
		return err;
	if (attr.sched_flags & ~(u64)(SCHED_FLAG_RESET_ON_FORK | SCHED_FLAG_KEEP_ALL))
		return -EINVAL;
	t = find_or_self((s32)arg[0]);
	if (!t)
		return -ESRCH;
	if (attr.sched_flags & SCHED_FLAG_KEEP_POLICY)
		attr.sched_policy = t->policy;
	if (attr.sched_flags & SCHED_FLAG_KEEP_PARAMS) {
		attr.sched_priority = t->rt_priority;
		attr.sched_nice = t->nice;
	}
	if (attr.sched_nice < NICE_MIN || attr.sched_nice > NICE_MAX)
		return -EINVAL;
	if (!is_realtime(attr.sched_policy) && !may_nice(t, attr.sched_nice))
		return -EPERM;
	err = set_policy(t, attr.sched_policy, attr.sched_priority,
			 attr.sched_flags & SCHED_FLAG_RESET_ON_FORK);
	if (!err && !is_realtime(attr.sched_policy))
		t->nice = attr.sched_nice;
	return err;
}

s64 sys_sched_getattr(const u64 arg[6])
{
	u32 size = (u32)arg[2];
	const struct task *t = find_or_self((s32)arg[0]);
	struct sched_attr attr;

	if ((s32)arg[0] < 0 || !arg[1] || size < ATTR_BYTES_VER0 ||
	    size > PAGE_SIZE || arg[3])
		return -EINVAL;
	if (!t)
		return -ESRCH;
	memset(&attr, 0, sizeof(attr));
	attr.size = MIN(size, (u32)sizeof(attr));
	attr.sched_policy = t->policy;
	attr.sched_flags = t->reset_on_fork ? SCHED_FLAG_RESET_ON_FORK : 0;
	if (is_realtime(t->policy))
		attr.sched_priority = t->rt_priority;
	else
		attr.sched_nice = t->nice;
	return copy_to_user(arg[1], &attr, attr.size);
}

/* --- affinity ------------------------------------------------------------------------------------ */

s64 sys_sched_setaffinity(const u64 arg[6])
{
	const struct task *t = find_or_self((s32)arg[0]);
	u64 mask = 0;

	if (copy_from_user(&mask, arg[2], MIN((u32)arg[1], (u32)sizeof(mask))))
		return -EFAULT;
	if (!t)
		return -ESRCH;
	if (!same_user(t))
		return -EPERM;
	return mask & 1 ? 0 : -EINVAL; /* there is CPU 0 only */
}

s64 sys_sched_getaffinity(const u64 arg[6])
{
	const struct task *t = find_or_self((s32)arg[0]);
	u32 len = (u32)arg[1];
	u64 mask = 1;

	if (len < sizeof(mask) || len % sizeof(mask))
		return -EINVAL;
	if (!t)
		return -ESRCH;
	return put_user(mask, arg[2]) ? -EFAULT : (s64)sizeof(mask);
}

s64 sys_rseq(const u64 arg[6])
{
	return rseq_register(arg[0], (u32)arg[1], (s32)arg[2], (u32)arg[3]);
}

s64 sys_getcpu(const u64 arg[6])
{
	u32 zero = 0;

	if (arg[0] && put_user(zero, arg[0]))
		return -EFAULT;
	if (arg[1] && put_user(zero, arg[1]))
		return -EFAULT;
	return 0;
}

/* --- barriers ------------------------------------------------------------------------------ */

#define MEMBARRIER_REGISTRATIONS                                                       \
	(MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED |                                    \
	 MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED |                                   \
	 MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE |                         \
	 MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_RSEQ)
#define MEMBARRIER_COMMANDS                                                            \
	(MEMBARRIER_CMD_GLOBAL | MEMBARRIER_CMD_GLOBAL_EXPEDITED |                     \
	 MEMBARRIER_CMD_PRIVATE_EXPEDITED | MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE | \
	 MEMBARRIER_CMD_PRIVATE_EXPEDITED_RSEQ |                                       \
	 MEMBARRIER_REGISTRATIONS)

/* With one CPU every thread has passed a barrier by the time another runs, and its
 * restartable sequence is over (proc/rseq.c): what remains is who may ask. */
s64 sys_membarrier(const u64 arg[6])
{
	u32 *registered = &current_task()->mm->membarrier;
	s32 cmd = (s32)arg[0];

	if (cmd == MEMBARRIER_CMD_PRIVATE_EXPEDITED_RSEQ) {
		if ((u32)arg[1] & ~(u32)MEMBARRIER_CMD_FLAG_CPU)
			return -EINVAL;
	} else if ((u32)arg[1]) {
		return -EINVAL;
	}
	switch (cmd) {
	case MEMBARRIER_CMD_QUERY:
		return MEMBARRIER_COMMANDS;
	case MEMBARRIER_CMD_GLOBAL:
	case MEMBARRIER_CMD_GLOBAL_EXPEDITED:
		return 0;
	case MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED:
	case MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED:
	case MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE:
	case MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_RSEQ:
		*registered |= (u32)cmd;
		return 0;
	case MEMBARRIER_CMD_PRIVATE_EXPEDITED:
	case MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE:
	case MEMBARRIER_CMD_PRIVATE_EXPEDITED_RSEQ:
		/* each registration is the next bit */
		return *registered & (u32)cmd << 1 ? 0 : -EPERM;
	default:
		return -EINVAL;
	}
}
