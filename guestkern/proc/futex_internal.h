/* Between futex.c (sleeping, waking, moving) and futex_pi.c (locks with an owner). */
#ifndef PROC_FUTEX_INTERNAL_H
#define PROC_FUTEX_INTERNAL_H

#include "lib/list.h"
#include "proc/futex.h"

struct vm_object;

struct futex_key {
	const void *owner; /* struct mm or struct vm_object */
	u64 offset;
	struct vm_object *object; /* referenced, or NULL */
};

/* On its task's stack while that sleeps. */
struct futex_waiter {
	struct list_head link;
	struct futex_key key;
	struct task *task;
	u32 bitset;
	bool pi; /* is given the lock when it is woken: FUTEX_LOCK_PI */
	bool requeue; /* is to be moved to target's lock: FUTEX_WAIT_REQUEUE_PI */
	bool queued;
	struct futex_key target;
	struct task *owner;	  /* of the lock (pi); NULL: not known any more */
	struct list_head pi_link; /* among all that wait for locks (pi) */
};

/* The waiters that may be key's, in order, among others. */
struct list_head *futex_bucket(const struct futex_key *key);
/* Do both name the same word? */
bool futex_key_equal(const struct futex_key *a, const struct futex_key *b);
/* The name of the word at addr; no reference is taken: good until something
 * sleeps. 0, -EINVAL, -EFAULT. */
int futex_key_find(uaddr_t addr, enum futex_scope scope, struct futex_key *key);
/* The memory of a shared word must be there: private ones are names only. May
 * sleep: before futex_key_find. 0, -EFAULT. */
int futex_key_present(uaddr_t addr, enum futex_scope scope);
void futex_key_get(const struct futex_key *key);
void futex_key_put(const struct futex_key *key);

/* Into the queue by priority, and out of it. */
void futex_waiter_queue(struct futex_waiter *w);
void futex_waiter_unqueue(struct futex_waiter *w);
/* To another key, whose reference it takes. */
void futex_waiter_move(struct futex_waiter *w, const struct futex_key *to);

/* Is the word val? 0, -EAGAIN, -EFAULT. May sleep. */
int futex_check_word(uaddr_t addr, u32 val);
/* The word, accessible for reading and writing in one go; NULL: EFAULT. */
u32 *futex_word_at(uaddr_t addr);

/* --- futex_pi.c ------------------------------------------------------------------- */

/* Does somebody wait there who is woken with a lock only? */
bool futex_pi_has_waiters(const struct futex_key *key);
/* The lock goes to who is next, or becomes free; flags: FUTEX_OWNER_DIED or 0. */
void futex_pi_hand_over(u32 *word, const struct futex_key *key, u32 flags);
/* t, current, leaves its address space: the locks that it has and others wait for go
 * to them. May sleep. */
void futex_pi_exit(struct task *t);

#endif
