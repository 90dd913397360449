/* Futexes (futex(2)): sleeping on a word of user memory. */
#ifndef PROC_FUTEX_H
#define PROC_FUTEX_H

#include "lib/types.h"

struct task;

/* How the word is named: by address space and address, or (without
 * FUTEX_PRIVATE_FLAG) by what is mapped there. */
enum futex_scope { FUTEX_KEY_PRIVATE, FUTEX_KEY_SHARED };

/*
 * Sleeps until a wake with a bit of bitset comes, if the word is val.
 * deadline_ns: mono, UINT64_MAX none. 0; -EAGAIN: other value; -ETIMEDOUT;
 * -ERESTARTSYS: a signal; -EFAULT, -EINVAL.
 */
int futex_wait(uaddr_t addr, enum futex_scope scope, u32 val, u64 deadline_ns,
	       u32 bitset);
#define FUTEX_WAITV_COUNT_MAX 128
struct futex_word {
	uaddr_t addr;
	enum futex_scope scope;
	u32 val;
};
/* futex_waitv(2): sleeps until one of count words, each of which is its val, is
 * woken. The index of one that was, or as futex_wait. */
s64 futex_wait_any(const struct futex_word *words, u32 count, u64 deadline_ns);
/* Wakes up to count; returns how many, or -EFAULT, -EINVAL. */
s64 futex_wake(uaddr_t addr, enum futex_scope scope, u32 count, u32 bitset);

struct futex_requeue {
	uaddr_t from, to;
	u32 wake_count, requeue_count;
	bool compare; /* only if the word at from is val: else -EAGAIN */
	u32 val;
};
/* Wakes wake_count and moves up to requeue_count; returns how many of both, or
 * -errno. */
s64 futex_requeue(const struct futex_requeue *rq, enum futex_scope scope);
/* FUTEX_WAKE_OP: op is the encoded operation on addr2. */
s64 futex_wake_op(uaddr_t addr, uaddr_t addr2, enum futex_scope scope,
		  u32 wake_count, u32 wake2_count, u32 op);
/*
 * FUTEX_LOCK_PI, FUTEX_TRYLOCK_PI (try) and FUTEX_UNLOCK_PI: the word is its owner's
 * tid, and who unlocks gives the lock to the waiter of the best priority, which the
 * owner has until then. deadline_ns: mono, UINT64_MAX none. 0; -EDEADLK: it is ours, or
 * its owner waits for us; -EAGAIN: somebody else's (try); -ESRCH: its owner is gone;
 * -EPERM: not ours;
 * -ETIMEDOUT, -ERESTARTNOINTR, -EFAULT, -EINVAL.
 */
int futex_lock_pi(uaddr_t addr, enum futex_scope scope, u64 deadline_ns, bool try);
int futex_unlock_pi(uaddr_t addr, enum futex_scope scope);
/*
 * FUTEX_WAIT_REQUEUE_PI: waits at from, if that is its val, to be moved to lock, and
 * returns with that. 0; -EAGAIN: other value, or interrupted after it was moved; else
 * as futex_wait.
 */
int futex_wait_requeue_pi(const struct futex_word *from, uaddr_t lock, u64 deadline_ns,
			  u32 bitset);
/* FUTEX_CMP_REQUEUE_PI: gives who waits at rq->from the lock rq->to, or moves it
 * there: how many, or -EINVAL (they do not wait for that), -EAGAIN, -EDEADLK, -ESRCH,
 * -EFAULT. */
s64 futex_cmp_requeue_pi(const struct futex_requeue *rq, enum futex_scope scope);
/* t's priority was set: who has what it waits for inherits the new one. */
void futex_priority_changed(struct task *t);
/* t leaves its address space: marks the futexes of its robust list, wakes their
 * waiters. Context: t is current; may sleep. */
void futex_exit(struct task *t);

#endif
