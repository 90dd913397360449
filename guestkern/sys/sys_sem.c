/* System V semaphores: the calls and their structures. */
#include "hal/hal.h"
#include "lib/err.h"
#include "lib/string.h"
#include "mm/slab.h"
#include "mm/uaccess.h"
#include "proc/ipc.h"
#include "proc/task.h"
#include "sys/handlers.h"
#include "sys/user_ipc.h"
#include "sys/user_time.h"

#include <linux/sem.h>

#define FEW_OPS 32 /* on the stack */

void user_ipc_perm(struct ipc64_perm *to, const struct ipc_object *perm)
{
	memset(to, 0, sizeof(*to));
	to->key = perm->key;
	to->uid = perm->uid;
	to->gid = perm->gid;
	to->cuid = perm->cuid;
	to->cgid = perm->cgid;
	to->mode = perm->mode;
	to->seq = (u16)(perm->id >> IPC_INDEX_BITS);
}

s64 sys_semget(const u64 arg[6])
{
	s32 count = (s32)arg[1];

	return count < 0 ? -EINVAL : sem_get((s32)arg[0], (u32)count, (u32)arg[2]);
}

static s64 operate(s32 id, uaddr_t from, u64 count, u64 deadline_ns)
{
	struct sem_op few[FEW_OPS], *ops = few;
	s64 ret;

	if (count < 1 || id < 0)
		return -EINVAL;
	if (count > (u64)ipc_space()->sem_ops_max)
		return -E2BIG;
	if (count > FEW_OPS) {
		ops = kmalloc(count * sizeof(*ops));
		if (!ops)
			return -ENOMEM;
	}
	if (copy_from_user(ops, from, count * sizeof(*ops)))
		ret = -EFAULT;
	else
		ret = sem_operate(id, ops, (u32)count, deadline_ns);
	if (ops != few)
		kfree(ops);
	return ret;
}

s64 sys_semop(const u64 arg[6])
{
	return operate((s32)arg[0], arg[1], (u32)arg[2], UINT64_MAX);
}

s64 sys_semtimedop(const u64 arg[6])
{
	u64 deadline_ns = UINT64_MAX;
	int err;

	if (arg[3]) {
		err = user_timespec_get(&deadline_ns, arg[3]);
		if (err)
			return err;
		deadline_ns = user_deadline(deadline_ns);
	}
	return operate((s32)arg[0], arg[1], (u32)arg[2], deadline_ns);
}

/* --- semctl ------------------------------------------------------------------------------- */

static s64 put_limits(int cmd, uaddr_t to)
{
	const struct ipc_space *space = ipc_space();
	struct seminfo info = {
		.semmap = (int)space->sem_max,
		.semmni = (int)space->sem.max,
		.semmns = (int)space->sem_max,
		.semmnu = (int)space->sem_max,
		.semmsl = (int)space->sem_per_set_max,
		.semopm = (int)space->sem_ops_max,
		.semume = (int)space->sem_ops_max,
		.semusz = 20,
		.semvmx = SEM_VALUE_MAX,
		.semaem = SEM_VALUE_MAX,
	};

	if (cmd == SEM_INFO) {
		info.semusz = (int)space->sem.count;
		info.semaem = (int)space->sem_total;
	}
	return put_user(info, to) ? -EFAULT : ipc_max_index(&space->sem);
}

static s64 status(s32 id, int cmd, uaddr_t to)
{
	struct ipc_object *perm = cmd == IPC_STAT ? ipc_find(&ipc_space()->sem, id) :
						  ipc_find_index(&ipc_space()->sem, id);
	const struct sem_set *set;
	struct semid64_ds ds;
	int err;

	if (!perm)
		return -EINVAL;
	err = cmd == SEM_STAT_ANY ? 0 : ipc_permitted(perm, 0444);
	if (err)
		return err;
	set = container_of(perm, struct sem_set, perm);
	memset(&ds, 0, sizeof(ds));
	user_ipc_perm(&ds.sem_perm, perm);
	ds.sem_otime = set->otime;
	ds.sem_ctime = perm->ctime;
	ds.sem_nsems = set->count;
	if (put_user(ds, to))
		return -EFAULT;
	return cmd == IPC_STAT ? 0 : perm->id;
}

static s64 get_all(const struct sem_set *set, uaddr_t to)
{
	for (u32 i = 0; i < set->count; i++)
		if (put_user(set->sems[i].value, to + i * sizeof(u16)))
			return -EFAULT;
	return 0;
}

static s64 set_all(struct sem_set *set, uaddr_t from)
{
	u16 *values = kmalloc(set->count * sizeof(*values));
	s64 ret = 0;

	if (!values)
		return -ENOMEM;
	if (copy_from_user(values, from, set->count * sizeof(*values)))
		ret = -EFAULT;
	for (u32 i = 0; !ret && i < set->count; i++)
		if (values[i] > SEM_VALUE_MAX)
			ret = -ERANGE;
	if (!ret)
		sem_set_all(set, values);
	kfree(values);
	return ret;
}

static s64 on_values(struct sem_set *set, int cmd, u32 num, u64 arg)
{
	bool sets = cmd == SETVAL || cmd == SETALL;
	bool all = cmd == GETALL || cmd == SETALL;
	int err;

	if (cmd == SETVAL && ((s32)arg < 0 || (s32)arg > SEM_VALUE_MAX))
		return -ERANGE;
	if (cmd == SETVAL && num >= set->count)
		return -EINVAL;
	err = ipc_permitted(&set->perm, sets ? 0222 : 0444);
	if (err)
		return err;
	if (!all && num >= set->count)
		return -EINVAL;
	switch (cmd) {
	case GETALL:
		return get_all(set, arg);
	case SETALL:
		return set_all(set, arg);
	case SETVAL:
		sem_set_one(set, num, (u16)arg);
		return 0;
	case GETVAL:
		return set->sems[num].value;
	case GETPID:
		return set->sems[num].pid;
	default:
		return sem_waiting(set, num, cmd == GETZCNT);
	}
}

static s64 control(struct sem_set *set, int cmd, uaddr_t from)
{
	struct semid64_ds ds;
	int err;

	if (cmd == IPC_SET && get_user(ds, from))
		return -EFAULT;
	err = ipc_may_control(&set->perm);
	if (err)
		return err;
	if (cmd == IPC_RMID) {
		sem_remove(set);
		return 0;
	}
	if (ds.sem_perm.uid == (u32)-1 || ds.sem_perm.gid == (u32)-1)
		return -EINVAL;
	ipc_set_owner(&set->perm, ds.sem_perm.uid, ds.sem_perm.gid, ds.sem_perm.mode);
	return 0;
}

s64 sys_semctl(const u64 arg[6])
{
	struct sem_set *set;
	s32 id = (s32)arg[0];
	int cmd = (int)arg[2] & ~IPC_64;

	if (id < 0)
		return -EINVAL;
	switch (cmd) {
	case IPC_INFO:
	case SEM_INFO:
		return put_limits(cmd, arg[3]);
	case IPC_STAT:
	case SEM_STAT:
	case SEM_STAT_ANY:
		return status(id, cmd, arg[3]);
	case GETALL:
	case SETALL:
	case SETVAL:
	case GETVAL:
	case GETPID:
	case GETNCNT:
	case GETZCNT:
		set = sem_find(id);
		return set ? on_values(set, cmd, (u32)arg[1], arg[3]) : -EINVAL;
	case IPC_SET:
	case IPC_RMID:
		set = sem_find(id);
		return set ? control(set, cmd, arg[3]) : -EINVAL;
	default:
		return -EINVAL;
	}
}
