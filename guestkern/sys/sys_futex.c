/* futex and robust lists: argument decoding around proc/futex.c. */
#include "lib/err.h"
#include "mm/slab.h"
#include "mm/uaccess.h"
#include "proc/futex.h"
#include "proc/task.h"
#include "sys/syscall.h"
#include "sys/user_time.h"

#include <linux/capability.h>
#include <linux/futex.h>
#include <linux/time.h>

/* --- waiting ---------------------------------------------------------------------------- */

static s64 wait_until(uaddr_t addr, enum futex_scope scope, u32 val,
		      u64 deadline_ns, u32 bitset);

/* restart_arg: address, value | bitset << 32, deadline, scope. */
static s64 wait_restart(struct task *t)
{
	const u64 *arg = t->restart_arg;

	return wait_until(arg[0], (enum futex_scope)arg[3], (u32)arg[1], arg[2],
			  (u32)(arg[1] >> 32));
}

static s64 wait_until(uaddr_t addr, enum futex_scope scope, u32 val,
		      u64 deadline_ns, u32 bitset)
{
	struct task *t = current_task();
	int err = futex_wait(addr, scope, val, deadline_ns, bitset);

	if (err != -ERESTARTSYS || deadline_ns == UINT64_MAX)
		return err;
	t->restart_fn = wait_restart;
	t->restart_arg[0] = addr;
	t->restart_arg[1] = val | (u64)bitset << 32;
	t->restart_arg[2] = deadline_ns;
	t->restart_arg[3] = scope;
	return -ERESTART_RESTARTBLOCK;
}

/* The time of FUTEX_WAIT is relative, that of FUTEX_WAIT_BITSET absolute. */
static int wait_deadline(u32 op, u32 cmd, uaddr_t timeout, u64 *deadline_ns)
{
	u64 ns;
	int err;

	*deadline_ns = UINT64_MAX;
	if (!timeout)
		return 0;
	err = user_timespec_get(&ns, timeout);
	if (err)
		return err;
	if (cmd == FUTEX_WAIT)
		*deadline_ns = user_deadline(ns);
	else if (op & FUTEX_CLOCK_REALTIME)
		*deadline_ns = wait_wall_deadline(ns);
	else
		*deadline_ns = ns;
	return 0;
}

static s64 do_wait(const u64 arg[6], u32 cmd, enum futex_scope scope)
{
	u32 bitset = cmd == FUTEX_WAIT ? FUTEX_BITSET_MATCH_ANY : (u32)arg[5];
	u64 deadline;
	int err = wait_deadline((u32)arg[1], cmd, arg[3], &deadline);

	if (err)
		return err;
	return wait_until(arg[0], scope, (u32)arg[2], deadline, bitset);
}

/* The time of FUTEX_LOCK_PI is absolute and real, that of FUTEX_LOCK_PI2 absolute. */
static s64 do_lock_pi(const u64 arg[6], u32 cmd, enum futex_scope scope)
{
	u32 op = cmd == FUTEX_LOCK_PI ? FUTEX_CLOCK_REALTIME : (u32)arg[1];
	u64 deadline;
	int err = wait_deadline(op, cmd, arg[3], &deadline);

	return err ? err : futex_lock_pi(arg[0], scope, deadline, false);
}

static s64 do_wait_requeue_pi(const u64 arg[6], enum futex_scope scope)
{
	const struct futex_word from = { arg[0], scope, (u32)arg[2] };
	u64 deadline;
	int err = wait_deadline((u32)arg[1], FUTEX_WAIT_BITSET, arg[3], &deadline);

	return err ? err : futex_wait_requeue_pi(&from, arg[4], deadline, ~0u);
}

/* --- moving --------------------------------------------------------------------------------- */

static s64 do_requeue(const u64 arg[6], u32 cmd, enum futex_scope scope)
{
	struct futex_requeue rq = {
		.from = arg[0],
		.to = arg[4],
		.wake_count = (u32)arg[2],
		.requeue_count = (u32)arg[3],
		.compare = cmd != FUTEX_REQUEUE,
		.val = (u32)arg[5],
	};

	if ((s32)arg[2] < 0 || (s32)arg[3] < 0)
		return -EINVAL;
	if (cmd == FUTEX_CMP_REQUEUE_PI)
		return futex_cmp_requeue_pi(&rq, scope);
	return futex_requeue(&rq, scope);
}

s64 sys_futex(const u64 arg[6])
{
	u32 op = (u32)arg[1], cmd = op & (u32)FUTEX_CMD_MASK;
	enum futex_scope scope = op & FUTEX_PRIVATE_FLAG ? FUTEX_KEY_PRIVATE :
							  FUTEX_KEY_SHARED;

	if ((op & FUTEX_CLOCK_REALTIME) && cmd != FUTEX_WAIT_BITSET &&
	    cmd != FUTEX_LOCK_PI2 && cmd != FUTEX_WAIT_REQUEUE_PI)
		return -ENOSYS;
	switch (cmd) {
	case FUTEX_WAIT:
	case FUTEX_WAIT_BITSET:
		return do_wait(arg, cmd, scope);
	case FUTEX_WAKE:
		return futex_wake(arg[0], scope, (u32)arg[2],
				  FUTEX_BITSET_MATCH_ANY);
	case FUTEX_WAKE_BITSET:
		return futex_wake(arg[0], scope, (u32)arg[2], (u32)arg[5]);
	case FUTEX_REQUEUE:
	case FUTEX_CMP_REQUEUE:
		return do_requeue(arg, cmd, scope);
	case FUTEX_WAKE_OP:
		return futex_wake_op(arg[0], arg[4], scope, (u32)arg[2],
				     (u32)arg[3], (u32)arg[5]);
	case FUTEX_LOCK_PI:
	case FUTEX_LOCK_PI2:
		return do_lock_pi(arg, cmd, scope);
	case FUTEX_TRYLOCK_PI:
		return futex_lock_pi(arg[0], scope, UINT64_MAX, true);
	case FUTEX_UNLOCK_PI:
		return futex_unlock_pi(arg[0], scope);
	case FUTEX_WAIT_REQUEUE_PI:
		return do_wait_requeue_pi(arg, scope);
	case FUTEX_CMP_REQUEUE_PI:
		return do_requeue(arg, cmd, scope);
	default: /* FUTEX_FD was removed in Linux 2.6.26 */
		return -ENOSYS;
	}
}

/* --- several at once -------------------------------------------------------------------------- */

static int get_words(struct futex_word *words, uaddr_t from, u32 count)
{
	struct futex_waitv v;

	for (u32 i = 0; i < count; i++) {
		if (get_user(v, from + i * sizeof(v)))
			return -EFAULT;
		if ((v.flags & ~(u32)(FUTEX_32 | FUTEX_PRIVATE_FLAG)) || v.__reserved ||
		    !(v.flags & FUTEX_32))
			return -EINVAL;
		words[i] = (struct futex_word){
			.addr = v.uaddr,
			.val = (u32)v.val,
			.scope = v.flags & FUTEX_PRIVATE_FLAG ? FUTEX_KEY_PRIVATE :
								FUTEX_KEY_SHARED,
		};
	}
	return 0;
}

static int waitv_deadline(uaddr_t timeout, s32 clock, u64 *deadline_ns)
{
	int err;

	*deadline_ns = UINT64_MAX;
	if (!timeout)
		return 0;
	if (clock != CLOCK_REALTIME && clock != CLOCK_MONOTONIC)
		return -EINVAL;
	err = user_timespec_get(deadline_ns, timeout);
	if (!err && clock == CLOCK_REALTIME)
		*deadline_ns = wait_wall_deadline(*deadline_ns);
	return err;
}

s64 sys_futex_waitv(const u64 arg[6])
{
	u32 count = (u32)arg[1];
	struct futex_word *words;
	u64 deadline;
	s64 ret;

	if ((u32)arg[2] || !count || count > FUTEX_WAITV_COUNT_MAX || !arg[0])
		return -EINVAL;
	ret = waitv_deadline(arg[3], (s32)arg[4], &deadline);
	if (ret)
		return ret;
	words = kmalloc(count * sizeof(*words));
	if (!words)
		return -ENOMEM;
	ret = get_words(words, arg[0], count);
	if (!ret)
		ret = futex_wait_any(words, count, deadline);
	kfree(words);
	return ret;
}

/* --- robust lists ------------------------------------------------------------------------------ */

s64 sys_set_robust_list(const u64 arg[6])
{
	if (arg[1] != sizeof(struct robust_list_head))
		return -EINVAL;
	current_task()->robust_list = arg[0];
	return 0;
}

static bool may_look(const struct task *t)
{
	const struct cred *own = &current_task()->cred;

	return t->proc == current_process() || own->uid == t->cred.uid ||
	       cred_capable(own, CAP_SYS_PTRACE);
}

s64 sys_get_robust_list(const u64 arg[6])
{
	s32 pid = (s32)arg[0];
	const struct task *t = pid ? task_find(pid) : current_task();
	u64 len = sizeof(struct robust_list_head);

	if (!t)
		return -ESRCH;
	if (!may_look(t))
		return -EPERM;
	if (put_user(len, arg[2]))
		return -EFAULT;
	return put_user(t->robust_list, arg[1]);
}
