/*
 * Futexes with an owner (futex(2), "Priority-inheritance futexes"): the word is the
 * owner's tid, and who unlocks gives the lock to the waiter of the best priority.
 *
 * While real-time tasks wait, the owner runs with the best of their priorities
 * (task.pi_boost), and so does who has the lock that the owner waits for, and so on.
 *
 * Invariants: pi_waiters has every queued waiter with pi set; those of one key name
 * the same owner; a task's boost is the best priority among the waiters that name it.
 */
#include "lib/err.h"
#include "mm/mm.h"
#include "proc/futex_internal.h"
#include "proc/proc_internal.h"

#include <linux/futex.h>

#define CHAIN_MAX 1024 /* as Linux: longer chains are taken for a deadlock */

static struct list_head pi_waiters = LIST_HEAD_INIT(pi_waiters);
static u32 requeue_waiters; /* of FUTEX_WAIT_REQUEUE_PI */

/* --- inheritance ------------------------------------------------------------------------ */

/* What t waits for, or NULL. */
static struct futex_waiter *waiter_of(const struct task *t)
{
	struct futex_waiter *w;

	list_for_each_entry(w, &pi_waiters, pi_link)
		if (w->task == t)
			return w;
	return NULL;
}

static u32 boost_of(const struct task *owner)
{
	const struct futex_waiter *w;
	u32 best = 0;

	list_for_each_entry(w, &pi_waiters, pi_link)
		if (w->owner == owner)
			best = MAX(best, sched_priority(w->task));
	return best;
}

/* Who waits for owner, or in what order, has changed. */
static void adjust(struct task *owner)
{
	struct futex_waiter *w;
	u32 boost;

	for (u32 i = 0; owner && i < CHAIN_MAX; i++) {
		boost = boost_of(owner);
		if (boost == owner->pi_boost)
			return;
		owner->pi_boost = boost;
		sched_changed(owner);
		w = waiter_of(owner);
		if (!w)
			return;
		futex_waiter_unqueue(w);
		futex_waiter_queue(w);
		owner = w->owner;
	}
}

void futex_priority_changed(struct task *t)
{
	struct futex_waiter *w = waiter_of(t);

	if (!w)
		return;
	futex_waiter_unqueue(w);
	futex_waiter_queue(w);
	adjust(w->owner);
}

/* Would t, waiting for owner, wait for itself? */
static bool would_deadlock(const struct task *t, const struct task *owner)
{
	const struct futex_waiter *w;

	for (u32 i = 0; owner && i < CHAIN_MAX; i++) {
		if (owner == t)
			return true;
		w = waiter_of(owner);
		owner = w ? w->owner : NULL;
	}
	return owner != NULL;
}

/* --- waiters --------------------------------------------------------------------------------- */

static void waiter_join(struct futex_waiter *w, struct task *owner)
{
	w->pi = true;
	w->owner = owner;
	list_add_tail(&w->pi_link, &pi_waiters);
	adjust(owner);
}

/* w, no longer queued, waits for no lock any more. */
static void waiter_leave(struct futex_waiter *w)
{
	list_del(&w->pi_link);
	adjust(w->owner);
}

static struct futex_waiter *first_of(const struct futex_key *key)
{
	struct futex_waiter *w;

	list_for_each_entry(w, futex_bucket(key), link)
		if (w->pi && futex_key_equal(&w->key, key))
			return w;
	return NULL;
}

bool futex_pi_has_waiters(const struct futex_key *key)
{
	const struct futex_waiter *w;

	if (list_empty(&pi_waiters) && !requeue_waiters)
		return false;
	list_for_each_entry(w, futex_bucket(key), link)
		if ((w->pi || w->requeue) && futex_key_equal(&w->key, key))
			return true;
	return false;
}

void futex_pi_hand_over(u32 *word, const struct futex_key *key, u32 flags)
{
	struct futex_waiter *next = first_of(key), *w;
	struct task *before;

	*word = flags;
	if (!next)
		return;
	before = next->owner;
	futex_waiter_unqueue(next);
	list_del(&next->pi_link);
	list_for_each_entry(w, &pi_waiters, pi_link)
		if (futex_key_equal(&w->key, key))
			w->owner = next->task;
	*word |= (u32)next->task->tid | (first_of(key) ? FUTEX_WAITERS : 0);
	adjust(before);
	adjust(next->task);
	sched_wake(next->task);
}

/* --- locking --------------------------------------------------------------------------------- */

/*
 * The lock for t without waiting: 0; -EAGAIN, with *owner, and *word marked as waited
 * for (wait); -EDEADLK, -ESRCH.
 */
static int take(u32 *word, const struct task *t, bool wait, struct task **owner)
{
	const u32 old = *word, tid = old & FUTEX_TID_MASK;

	if (tid == (u32)t->tid)
		return -EDEADLK;
	if (!tid) {
		*word = old | (u32)t->tid;
		return 0;
	}
	if (!wait)
		return -EAGAIN;
	*owner = task_find((s32)tid);
	if (!*owner || (*owner)->futex_done)
		return -ESRCH;
	if (would_deadlock(t, *owner))
		return -EDEADLK;
	*word = old | FUTEX_WAITERS;
	return -EAGAIN;
}

/* Until the lock is given to w, or err. */
static int wait_for_lock(struct futex_waiter *w, u64 deadline_ns)
{
	int err = 0;

	while (w->queued && !err)
		err = wait_sleep(deadline_ns);
	if (!w->queued)
		return 0;
	futex_waiter_unqueue(w);
	waiter_leave(w);
	return err;
}

int futex_lock_pi(uaddr_t addr, enum futex_scope scope, u64 deadline_ns, bool try)
{
	struct futex_waiter w = { .task = current_task() };
	u32 *word = futex_word_at(addr);
	struct task *owner = NULL;
	int err;

	if (!word)
		return -EFAULT;
	err = futex_key_find(addr, scope, &w.key);
	if (!err)
		err = take(word, w.task, !try, &owner);
	if (err != -EAGAIN || try)
		return err;
	futex_key_get(&w.key);
	futex_waiter_queue(&w);
	waiter_join(&w, owner);
	err = wait_for_lock(&w, deadline_ns);
	futex_key_put(&w.key);
	return err == -ERESTARTSYS ? -ERESTARTNOINTR : err;
}

int futex_unlock_pi(uaddr_t addr, enum futex_scope scope)
{
	u32 *word = futex_word_at(addr);
	struct futex_key key;
	int err;

	if (!word)
		return -EFAULT;
	if ((*word & FUTEX_TID_MASK) != (u32)current_task()->tid)
		return -EPERM;
	err = futex_key_find(addr, scope, &key);
	if (!err)
		futex_pi_hand_over(word, &key, 0);
	return err;
}

/* --- from a condition to its lock --------------------------------------------------------- */

int futex_wait_requeue_pi(const struct futex_word *from, uaddr_t lock, u64 deadline_ns,
			  u32 bitset)
{
	struct futex_waiter w = { .task = current_task(), .bitset = bitset, .requeue = true };
	int err;

	if (!bitset || from->addr == lock)
		return -EINVAL;
	if (!futex_word_at(lock))
		return -EFAULT;
	err = futex_key_find(lock, from->scope, &w.target);
	if (!err)
		err = futex_key_find(from->addr, from->scope, &w.key);
	if (err)
		return err;
	futex_key_get(&w.key);
	futex_key_get(&w.target);
	futex_waiter_queue(&w);
	requeue_waiters++;
	err = futex_check_word(from->addr, from->val);
	while (w.queued && !w.pi && !err)
		err = wait_sleep(deadline_ns);
	if (w.queued && w.pi) {
		err = wait_for_lock(&w, deadline_ns);
		if (err == -ERESTARTSYS)
			err = -EAGAIN; /* the condition is not what it was */
	} else if (w.queued) {
		futex_waiter_unqueue(&w);
	} else {
		err = 0; /* woken with the lock */
	}
	requeue_waiters--;
	futex_key_put(&w.key);
	futex_key_put(&w.target);
	return err == -ERESTARTSYS ? -ERESTARTNOINTR : err;
}

/* The first that waits at key: NULL, or ERR_PTR(-EINVAL): not to be moved to lock. */
static struct futex_waiter *movable(const struct futex_key *key, const struct futex_key *lock)
{
	struct futex_waiter *w;

	list_for_each_entry(w, futex_bucket(key), link) {
		if (!futex_key_equal(&w->key, key))
			continue;
		return w->requeue && !w->pi && futex_key_equal(&w->target, lock) ?
			       w :
			       ERR_PTR(-EINVAL);
	}
	return NULL;
}

/* The first of key gets the lock if that is free: 1, 0, or -errno; then *owner has it. */
static int wake_first(u32 *word, const struct futex_key *key, const struct futex_key *lock,
		      struct task **owner)
{
	struct futex_waiter *w = movable(key, lock);
	int err;

	if (!w || IS_ERR(w))
		return (int)PTR_ERR(w);
	*owner = w->task;
	err = take(word, w->task, true, owner);
	if (err)
		return err == -EAGAIN ? 0 : err;
	futex_waiter_unqueue(w);
	sched_wake(w->task);
	return 1;
}

s64 futex_cmp_requeue_pi(const struct futex_requeue *rq, enum futex_scope scope)
{
	struct futex_key from, lock;
	struct task *owner = NULL;
	struct futex_waiter *w;
	s64 done;
	u32 *word;
	int err;

	if (rq->wake_count != 1 || rq->from == rq->to)
		return -EINVAL;
	if (!futex_word_at(rq->to))
		return -EFAULT;
	err = futex_check_word(rq->from, rq->val);
	if (err)
		return err;
	word = futex_word_at(rq->to); /* there already: does not sleep */
	if (!word)
		return -EFAULT;
	err = futex_key_find(rq->from, scope, &from);
	if (!err)
		err = futex_key_find(rq->to, scope, &lock);
	if (err)
		return err;
	done = wake_first(word, &from, &lock, &owner);
	while (done >= 0 && done < (s64)rq->requeue_count + 1) {
		w = movable(&from, &lock);
		if (!w || IS_ERR(w))
			return w && !done ? PTR_ERR(w) : done;
		*word |= FUTEX_WAITERS;
		futex_waiter_move(w, &lock);
		waiter_join(w, owner);
		done++;
	}
	return done;
}

/* --- ends --------------------------------------------------------------------------------------- */

/* Where the current space has the word, or 0. */
static uaddr_t address_of(const struct futex_key *key)
{
	const struct mm *mm = current_task()->mm;
	const struct vma *vma;

	if (!key->object)
		return key->owner == mm ? key->offset : 0;
	for (vma = vma_find(mm, 0); vma; vma = vma_next(vma)) {
		u64 start = vma->pgoff << PAGE_SHIFT;

		if (vma->object == key->object && vma->flags & VMA_SHARED &&
		    key->offset >= start && key->offset - start < vma->end - vma->start)
			return vma->start + (key->offset - start);
	}
	return 0;
}

static struct futex_waiter *waits_for(const struct task *t)
{
	struct futex_waiter *w;

	list_for_each_entry(w, &pi_waiters, pi_link)
		if (w->owner == t)
			return w;
	return NULL;
}

void futex_pi_exit(struct task *t)
{
	struct futex_waiter *w, *other;
	struct futex_key key;
	uaddr_t addr;
	u32 *word;

	while ((w = waits_for(t))) {
		key = w->key;
		futex_key_get(&key);
		addr = address_of(&key);
		word = addr ? futex_word_at(addr) : NULL; /* may sleep */
		if (word && (*word & FUTEX_TID_MASK) == (u32)t->tid) {
			futex_pi_hand_over(word, &key, FUTEX_OWNER_DIED);
		} else {
			list_for_each_entry(other, &pi_waiters, pi_link)
				if (other->owner == t && futex_key_equal(&other->key, &key))
					other->owner = NULL;
		}
		futex_key_put(&key);
	}
	t->pi_boost = 0;
	t->futex_done = t->exiting;
}
