/*
 * System V semaphores (semop(2), semctl(2)). A list of operations happens at once
 * or waits at once: who waits is in the set's list with his operations, and whoever
 * changes the set carries out, in order, what has become possible.
 *
 * Owns sets and SEM_UNDO adjustments. An undo record is in two lists, the set's and
 * the process's, and goes with whichever goes first.
 */
#include "lib/err.h"
#include "lib/string.h"
#include "mm/slab.h"
#include "proc/ipc.h"
#include "proc/task.h"

#include <linux/ipc.h>
#include <linux/sem.h>

struct sem_undo {
	struct list_head process_link, set_link;
	struct sem_set *set;
	short adjust[];
};

struct sem_waiter {
	struct list_head link;
	struct task *task;
	const struct sem_op *ops;
	u32 count;
	struct sem_undo *undo;
	u32 blocker; /* index of the operation that has to wait */
	int result;  /* 1: still waiting */
};

struct sem_set *sem_find(s32 id)
{
	struct ipc_object *perm = ipc_find(&ipc_space()->sem, id);

	return perm ? container_of(perm, struct sem_set, perm) : NULL;
}

static struct ipc_object *create(const struct ipc_get *get)
{
	struct ipc_space *space = ipc_space();
	struct sem_set *set;

	if (!get->size)
		return ERR_PTR(-EINVAL);
	if (space->sem_total + get->size > (u64)space->sem_max)
		return ERR_PTR(-ENOSPC);
	set = kzalloc(sizeof(*set) + get->size * sizeof(set->sems[0]));
	if (!set)
		return ERR_PTR(-ENOMEM);
	set->count = (u32)get->size;
	list_init(&set->waiters);
	list_init(&set->undos);
	set->space = space;
	space->sem_total += set->count;
	return &set->perm;
}

static void destroy(struct ipc_object *perm)
{
	struct sem_set *set = container_of(perm, struct sem_set, perm);

	set->space->sem_total -= set->count;
	kfree(set);
}

static int check(const struct ipc_object *perm, const struct ipc_get *get)
{
	return get->size > container_of(perm, struct sem_set, perm)->count ? -EINVAL : 0;
}

s64 sem_get(s32 key, u32 count, u32 flags)
{
	const struct ipc_get get = { key, flags, count, create, destroy, check };

	return count > (u64)ipc_space()->sem_per_set_max ?
		       -EINVAL :
		       ipc_get(&ipc_space()->sem, &get);
}

/* --- undo ------------------------------------------------------------------------------ */

static void undo_free(struct sem_undo *undo)
{
	list_del(&undo->process_link);
	list_del(&undo->set_link);
	kfree(undo);
}

static struct sem_undo *undo_of(struct sem_set *set)
{
	struct process *p = current_process();
	struct sem_undo *undo;

	list_for_each_entry(undo, &p->sem_undos, process_link)
		if (undo->set == set)
			return undo;
	undo = kzalloc(sizeof(*undo) + set->count * sizeof(undo->adjust[0]));
	if (!undo)
		return NULL;
	undo->set = set;
	list_add(&undo->process_link, &p->sem_undos);
	list_add(&undo->set_link, &set->undos);
	return undo;
}

static void forget_adjustment(struct sem_set *set, u32 num)
{
	struct sem_undo *undo;

	list_for_each_entry(undo, &set->undos, set_link)
		undo->adjust[num] = 0;
}

/* --- operations ------------------------------------------------------------------------- */

/* Takes back the first done of ops. */
static void revert(struct sem_set *set, const struct sem_op *ops, u32 done)
{
	while (done-- > 0)
		set->sems[ops[done].num].value =
			(u16)(set->sems[ops[done].num].value - ops[done].op);
}

/* The number of the first operation that must wait goes to *blocker. 0 done, 1
 * has to wait, -ERANGE, -EAGAIN; nothing is changed unless 0. */
static int try_operations(struct sem_set *set, const struct sem_op *ops, u32 count,
			  const struct sem_undo *undo, u32 *blocker)
{
	int value, result = 0, adjust;
	u32 i;

	for (i = 0; i < count && !result; i++) {
		value = set->sems[ops[i].num].value;
		if ((ops[i].op == 0 && value) || value + ops[i].op < 0) {
			*blocker = i;
			result = ops[i].flags & IPC_NOWAIT ? -EAGAIN : 1;
			break;
		}
		if (value + ops[i].op > SEM_VALUE_MAX) {
			result = -ERANGE;
			break;
		}
		if (ops[i].flags & SEM_UNDO) {
			adjust = undo->adjust[ops[i].num] - ops[i].op;
			if (adjust < -SEM_VALUE_MAX - 1 || adjust > SEM_VALUE_MAX) {
				result = -ERANGE;
				break;
			}
		}
		set->sems[ops[i].num].value = (u16)(value + ops[i].op);
	}
	if (result)
		revert(set, ops, i);
	return result;
}

/* What else success means: pids, undo, times. */
static void operations_done(struct sem_set *set, const struct sem_op *ops, u32 count,
			    struct sem_undo *undo, s32 pid)
{
	for (u32 i = 0; i < count; i++) {
		set->sems[ops[i].num].pid = pid;
		if (ops[i].flags & SEM_UNDO)
			undo->adjust[ops[i].num] =
				(short)(undo->adjust[ops[i].num] - ops[i].op);
	}
	set->otime = ipc_now();
}

static void waiter_finish(struct sem_waiter *w, int result)
{
	list_del(&w->link);
	w->result = result;
	sched_wake(w->task);
}

/* The set has changed: serves who can go on, from the front after each success. */
static void serve(struct sem_set *set)
{
	struct sem_waiter *w;
	bool again;
	int result;

	do {
		again = false;
		list_for_each_entry(w, &set->waiters, link) {
			result = try_operations(set, w->ops, w->count, w->undo,
						&w->blocker);
			if (result == 1)
				continue;
			if (!result)
				operations_done(set, w->ops, w->count, w->undo,
						w->task->proc->pid);
			waiter_finish(w, result);
			again = true;
			break;
		}
	} while (again);
}

static s64 wait_for_turn(struct sem_set *set, const struct sem_op *ops, u32 count,
			 struct sem_undo *undo, u32 blocker, u64 deadline_ns)
{
	struct sem_waiter w = {
		.task = current_task(),
		.ops = ops,
		.count = count,
		.undo = undo,
		.blocker = blocker,
		.result = 1,
	};
	int err = 0;

	list_add_tail(&w.link, &set->waiters);
	while (w.result == 1 && !err)
		err = wait_sleep(deadline_ns);
	if (w.result != 1)
		return w.result;
	list_del(&w.link);
	return err == -ETIMEDOUT ? -EAGAIN : -EINTR;
}

s64 sem_operate(s32 id, const struct sem_op *ops, u32 count, u64 deadline_ns)
{
	struct sem_set *set = sem_find(id);
	struct sem_undo *undo = NULL;
	bool alter = false, undoes = false;
	u32 blocker;
	int result;

	if (!set)
		return -EINVAL;
	for (u32 i = 0; i < count; i++) {
		if (ops[i].num >= set->count)
			return -EFBIG;
		alter |= ops[i].op != 0;
		undoes |= ops[i].op != 0 && ops[i].flags & SEM_UNDO;
	}
	result = ipc_permitted(&set->perm, alter ? 0222 : 0444);
	if (result)
		return result;
	if (undoes) {
		undo = undo_of(set);
		if (!undo)
			return -ENOMEM;
	}
	result = try_operations(set, ops, count, undo, &blocker);
	if (result == 1)
		return wait_for_turn(set, ops, count, undo, blocker, deadline_ns);
	if (!result) {
		operations_done(set, ops, count, undo, current_process()->pid);
		if (alter)
			serve(set);
	}
	return result;
}

/* --- control ------------------------------------------------------------------------------ */

void sem_set_one(struct sem_set *set, u32 num, u16 value)
{
	set->sems[num].value = value;
	set->sems[num].pid = current_process()->pid;
	forget_adjustment(set, num);
	set->perm.ctime = ipc_now();
	serve(set);
}

void sem_set_all(struct sem_set *set, const u16 *values)
{
	for (u32 i = 0; i < set->count; i++) {
		set->sems[i].value = values[i];
		set->sems[i].pid = current_process()->pid;
		forget_adjustment(set, i);
	}
	set->perm.ctime = ipc_now();
	serve(set);
}

u32 sem_waiting(const struct sem_set *set, u32 num, bool zero)
{
	const struct sem_waiter *w;
	u32 n = 0;

	list_for_each_entry(w, &set->waiters, link)
		n += w->ops[w->blocker].num == num &&
		     (w->ops[w->blocker].op == 0) == zero;
	return n;
}

void sem_remove(struct sem_set *set)
{
	ipc_remove(&set->perm);
	while (!list_empty(&set->undos))
		undo_free(list_first_entry(&set->undos, struct sem_undo, set_link));
	while (!list_empty(&set->waiters))
		waiter_finish(list_first_entry(&set->waiters, struct sem_waiter, link),
			      -EIDRM);
	destroy(&set->perm);
}

void sem_exit(struct process *p)
{
	struct sem_undo *undo;
	struct sem_set *set;
	int value;

	while (!list_empty(&p->sem_undos)) {
		undo = list_first_entry(&p->sem_undos, struct sem_undo, process_link);
		set = undo->set;
		for (u32 i = 0; i < set->count; i++) {
			if (!undo->adjust[i])
				continue;
			value = set->sems[i].value + undo->adjust[i];
			value = MAX(MIN(value, SEM_VALUE_MAX), 0);
			set->sems[i].value = (u16)value;
			set->sems[i].pid = p->pid;
		}
		undo_free(undo);
		set->otime = ipc_now();
		serve(set);
	}
}
