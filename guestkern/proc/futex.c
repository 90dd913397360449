/*
 * Futexes: a hash of sleepers by key.
 *
 * The key is (mm, address) for private words and for words in private memory, and
 * (object, offset) for words in shared mappings; a sleeper holds a reference of the
 * object. A sleeper is queued before it reads the word, so that no wake-up between
 * the read and the sleep is lost. Being taken out of the queue is being woken.
 *
 * The kernel is not preemptible and there is one CPU: a word that user_prepare made
 * accessible is read, changed and written atomically with respect to programs. With
 * a second CPU these places need host-atomic operations.
 */
#include "proc/futex.h"

#include "lib/err.h"
#include "lib/list.h"
#include "mm/mm.h"
#include "mm/slab.h"
#include "mm/uaccess.h"
#include "proc/proc_internal.h"

#include <linux/futex.h>

#define BUCKETS 64

struct futex_key {
	const void *owner; /* struct mm or struct vm_object */
	u64 offset;
	struct vm_object *object; /* referenced, or NULL */
};

struct futex_waiter {
	struct list_head link;
	struct futex_key key;
	struct task *task;
	u32 bitset;
	bool pi; /* is given the lock when it is woken: FUTEX_LOCK_PI */
	bool queued;
};

static struct list_head buckets[BUCKETS];

static struct list_head *bucket_of(const struct futex_key *key)
{
	u64 hash = ((u64)key->owner >> 4) + (key->offset >> 2);
	struct list_head *head = &buckets[(hash ^ (hash >> 6)) % BUCKETS];

	if (!head->next)
		list_init(head);
	return head;
}

static bool key_equal(const struct futex_key *a, const struct futex_key *b)
{
	return a->owner == b->owner && a->offset == b->offset;
}

/* No reference is taken. */
static int key_find(uaddr_t addr, enum futex_scope scope, struct futex_key *key)
{
	struct mm *mm = current_task()->mm;
	const struct vma *vma;

	if (addr % sizeof(u32))
		return -EINVAL;
	*key = (struct futex_key){ .owner = mm, .offset = addr };
	if (scope == FUTEX_KEY_PRIVATE) /* only a name, wherever it is */
		return user_range_possible(addr, sizeof(u32)) ? 0 : -EFAULT;
	if (!user_range_ok(addr, sizeof(u32)))
		return -EFAULT;
	vma = vma_at(mm, addr);
	if (!vma)
		return -EFAULT;
	if ((vma->flags & VMA_SHARED) && vma->object) {
		key->owner = vma->object;
		key->object = vma->object;
		key->offset = (vma->pgoff << PAGE_SHIFT) + (addr - vma->start);
	}
	return 0;
}

/* The memory of a shared word must be there: private ones are names only. May
 * sleep: before key_find. */
static int key_present(uaddr_t addr, enum futex_scope scope)
{
	if (scope == FUTEX_KEY_PRIVATE || addr % sizeof(u32))
		return 0;
	return user_prepare(addr, sizeof(u32), false) < (s64)sizeof(u32) ? -EFAULT : 0;
}

static void key_get(const struct futex_key *key)
{
	if (key->object)
		vm_object_get(key->object);
}

static void key_put(const struct futex_key *key)
{
	if (key->object)
		vm_object_put(key->object);
}

/* --- sleeping ------------------------------------------------------------------------- */

/* Real-time tasks before others, by priority, as they were when they came; equals
 * in the order of their coming (sched(7)). */
static void waiter_queue(struct futex_waiter *w)
{
	struct list_head *head = bucket_of(&w->key), *before = head;
	struct futex_waiter *other;

	w->queued = true;
	if (w->task->rt_priority) {
		list_for_each_entry(other, head, link) {
			if (other->task->rt_priority < w->task->rt_priority) {
				before = &other->link;
				break;
			}
		}
	}
	list_add_tail(&w->link, before);
}

static void waiter_unqueue(struct futex_waiter *w)
{
	list_del(&w->link);
	w->queued = false;
}

static int check_word(uaddr_t addr, u32 val)
{
	u32 word;

	if (get_user(word, addr))
		return -EFAULT;
	return word == val ? 0 : -EAGAIN;
}

int futex_wait(uaddr_t addr, enum futex_scope scope, u32 val, u64 deadline_ns,
	       u32 bitset)
{
	struct futex_waiter w = { .task = current_task(), .bitset = bitset };
	int err;

	if (!bitset)
		return -EINVAL;
	err = key_find(addr, scope, &w.key);
	if (err)
		return err;
	key_get(&w.key);
	waiter_queue(&w);
	err = check_word(addr, val);
	while (w.queued && !err)
		err = wait_sleep(deadline_ns);
	if (w.queued)
		waiter_unqueue(&w);
	else
		err = 0; /* the wake-up was spent on us */
	key_put(&w.key);
	return err;
}

/* Leaves all queues; the last one that was woken, or -1. */
static s64 waiters_leave(struct futex_waiter *w, u32 count)
{
	s64 woken = -1;

	for (u32 i = 0; i < count; i++) {
		if (w[i].queued)
			waiter_unqueue(&w[i]);
		else
			woken = i;
		key_put(&w[i].key);
	}
	return woken;
}

static bool any_woken(const struct futex_waiter *w, u32 count)
{
	for (u32 i = 0; i < count; i++)
		if (!w[i].queued)
			return true;
	return false;
}

s64 futex_wait_any(const struct futex_word *words, u32 count, u64 deadline_ns)
{
	struct futex_waiter *w = kzalloc(count * sizeof(*w));
	u32 queued = 0;
	s64 woken;
	int err = 0;

	if (!w)
		return -ENOMEM;
	while (!err && queued < count) {
		struct futex_waiter *next = &w[queued];

		err = key_find(words[queued].addr, words[queued].scope, &next->key);
		if (err)
			break;
		next->task = current_task();
		next->bitset = ~0u;
		key_get(&next->key);
		waiter_queue(next);
		err = check_word(words[queued].addr, words[queued].val);
		queued++;
	}
	while (!err && !any_woken(w, count))
		err = wait_sleep(deadline_ns);
	woken = waiters_leave(w, queued);
	kfree(w);
	return woken >= 0 ? woken : err;
}

/* --- waking ----------------------------------------------------------------------------- */

/* Among who waits for a lock with an owner: who is next (or NULL), and whether
 * somebody is left after that. */
static struct futex_waiter *pi_first(const struct futex_key *key, bool *more)
{
	struct futex_waiter *w, *first = NULL;

	*more = false;
	list_for_each_entry(w, bucket_of(key), link) {
		if (!w->pi || !key_equal(&w->key, key))
			continue;
		if (first) {
			*more = true;
			break;
		}
		first = w;
	}
	return first;
}

static u32 wake_key(const struct futex_key *key, u32 count, u32 bitset)
{
	struct list_head *head = bucket_of(key);
	struct futex_waiter *w, *tmp;
	u32 woken = 0;

	list_for_each_entry_safe(w, tmp, head, link) {
		if (woken >= count)
			break;
		if (w->pi || !key_equal(&w->key, key) || !(w->bitset & bitset))
			continue;
		waiter_unqueue(w);
		sched_wake(w->task);
		woken++;
	}
	return woken;
}

s64 futex_wake(uaddr_t addr, enum futex_scope scope, u32 count, u32 bitset)
{
	struct futex_key key;
	bool more;
	int err;

	if (!bitset)
		return -EINVAL;
	err = key_present(addr, scope);
	if (!err)
		err = key_find(addr, scope, &key);
	if (err)
		return err;
	if (pi_first(&key, &more))
		return -EINVAL;
	return wake_key(&key, count, bitset);
}

static void waiter_move(struct futex_waiter *w, const struct futex_key *to)
{
	struct futex_key old = w->key;

	waiter_unqueue(w);
	key_get(to);
	w->key = *to;
	waiter_queue(w);
	key_put(&old);
}

static u32 requeue_key(const struct futex_key *from, const struct futex_key *to,
		       u32 count)
{
	struct futex_waiter *w, *tmp;
	u32 moved = 0;

	if (key_equal(from, to))
		return 0;
	list_for_each_entry_safe(w, tmp, bucket_of(from), link) {
		if (moved >= count)
			break;
		if (w->pi || !key_equal(&w->key, from))
			continue;
		waiter_move(w, to);
		moved++;
	}
	return moved;
}

s64 futex_requeue(const struct futex_requeue *rq, enum futex_scope scope)
{
	struct futex_key from, to;
	u32 woken;
	int err;

	/* First, since it may sleep: the keys are good until something does. */
	err = key_present(rq->from, scope);
	if (!err)
		err = key_present(rq->to, scope);
	if (!err && rq->compare)
		err = check_word(rq->from, rq->val);
	if (err)
		return err;
	err = key_find(rq->from, scope, &from);
	if (!err)
		err = key_find(rq->to, scope, &to);
	if (err)
		return err;
	woken = wake_key(&from, rq->wake_count, ~0u);
	return (s64)woken + requeue_key(&from, &to, rq->requeue_count);
}

/* --- FUTEX_WAKE_OP ------------------------------------------------------------------------- */

static s32 op_field(u32 op, u32 shift)
{
	return (s32)(op << (20 - shift)) >> 20; /* 12 bits, signed */
}

static int op_apply(u32 kind, u32 old, u32 arg, u32 *result)
{
	switch (kind) {
	case FUTEX_OP_SET:
		*result = arg;
		return 0;
	case FUTEX_OP_ADD:
		*result = old + arg;
		return 0;
	case FUTEX_OP_OR:
		*result = old | arg;
		return 0;
	case FUTEX_OP_ANDN:
		*result = old & ~arg;
		return 0;
	case FUTEX_OP_XOR:
		*result = old ^ arg;
		return 0;
	default:
		return -ENOSYS;
	}
}

static int op_compare(u32 kind, s32 old, s32 arg)
{
	switch (kind) {
	case FUTEX_OP_CMP_EQ:
		return old == arg;
	case FUTEX_OP_CMP_NE:
		return old != arg;
	case FUTEX_OP_CMP_LT:
		return old < arg;
	case FUTEX_OP_CMP_GE:
		return old >= arg;
	case FUTEX_OP_CMP_LE:
		return old <= arg;
	case FUTEX_OP_CMP_GT:
		return old > arg;
	default:
		return -ENOSYS;
	}
}

/* Accessible word for reading and writing in one go; NULL: EFAULT. */
static u32 *word_at(uaddr_t addr)
{
	if (addr % sizeof(u32) || !user_range_ok(addr, sizeof(u32)))
		return NULL;
	if (user_prepare(addr, sizeof(u32), true) < (s64)sizeof(u32))
		return NULL;
	return user_ptr(addr);
}

/* Carries the operation out; *wake2 tells whether addr2's waiters are due. */
static int op_on_word(uaddr_t addr2, u32 op, bool *wake2)
{
	u32 kind = (op >> 28) & 7;
	u32 arg = (u32)op_field(op, 12);
	u32 old, *word;
	int err, due;

	if (op & ((u32)FUTEX_OP_OPARG_SHIFT << 28))
		arg = 1u << (arg & 31);
	word = word_at(addr2);
	if (!word)
		return -EFAULT;
	old = *word;
	err = op_apply(kind, old, arg, word);
	if (err)
		return err;
	due = op_compare((op >> 24) & 15, (s32)old, op_field(op, 0));
	*wake2 = due > 0;
	return due < 0 ? due : 0;
}

s64 futex_wake_op(uaddr_t addr, uaddr_t addr2, enum futex_scope scope,
		  u32 wake_count, u32 wake2_count, u32 op)
{
	struct futex_key key, key2;
	bool wake2 = false;
	s64 woken;
	int err;

	err = key_present(addr, scope);
	if (!err)
		err = key_find(addr, scope, &key);
	if (!err)
		err = key_find(addr2, scope, &key2);
	if (!err)
		err = op_on_word(addr2, op, &wake2);
	/* the page may have had to come in: look again */
	if (!err)
		err = key_find(addr, scope, &key);
	if (!err)
		err = key_find(addr2, scope, &key2);
	if (err)
		return err;
	woken = wake_key(&key, wake_count, ~0u);
	if (wake2)
		woken += wake_key(&key2, wake2_count, ~0u);
	return woken;
}

/* --- locks with an owner (FUTEX_LOCK_PI) ----------------------------------------------- */

/* The lock goes to who is next, or becomes free; flags: FUTEX_OWNER_DIED or 0. */
static void pi_hand_over(u32 *word, const struct futex_key *key, u32 flags)
{
	bool more;
	struct futex_waiter *next = pi_first(key, &more);

	*word = flags;
	if (!next)
		return;
	*word |= (u32)next->task->tid | (more ? FUTEX_WAITERS : 0);
	waiter_unqueue(next);
	sched_wake(next->task);
}

/* The lock without waiting: 0, -EAGAIN with *word marked as waited for, or another
 * error. */
static int pi_take(u32 *word, bool try)
{
	const u32 tid = (u32)current_task()->tid, old = *word;
	const u32 owner = old & FUTEX_TID_MASK;

	if (owner == tid)
		return -EDEADLK;
	if (!owner) {
		*word = old | tid;
		return 0;
	}
	if (try)
		return -EAGAIN;
	if (!task_find((s32)owner))
		return -ESRCH;
	*word = old | FUTEX_WAITERS;
	return -EAGAIN;
}

int futex_lock_pi(uaddr_t addr, enum futex_scope scope, u64 deadline_ns, bool try)
{
	struct futex_waiter w = { .task = current_task(), .pi = true };
	u32 *word = word_at(addr);
	int err;

	if (!word)
		return -EFAULT;
	err = key_find(addr, scope, &w.key);
	if (!err)
		err = pi_take(word, try);
	if (err != -EAGAIN || try)
		return err;
	key_get(&w.key);
	waiter_queue(&w);
	err = 0;
	while (w.queued && !err)
		err = wait_sleep(deadline_ns);
	if (w.queued)
		waiter_unqueue(&w);
	else
		err = 0; /* the lock is ours */
	key_put(&w.key);
	return err == -ERESTARTSYS ? -ERESTARTNOINTR : err;
}

int futex_unlock_pi(uaddr_t addr, enum futex_scope scope)
{
	u32 *word = word_at(addr);
	struct futex_key key;
	int err;

	if (!word)
		return -EFAULT;
	if ((*word & FUTEX_TID_MASK) != (u32)current_task()->tid)
		return -EPERM;
	err = key_find(addr, scope, &key);
	if (!err)
		pi_hand_over(word, &key, 0);
	return err;
}

/* --- robust lists ------------------------------------------------------------------------------ */

/* One lock that t may hold: mark it, wake one waiter. */
static int owner_died(struct task *t, uaddr_t addr, bool pi)
{
	u32 *word = word_at(addr);
	struct futex_key key;
	u32 old;

	if (!word)
		return -EFAULT;
	old = *word;
	if ((old & FUTEX_TID_MASK) != (u32)t->tid)
		return 0;
	*word = (old & FUTEX_WAITERS) | FUTEX_OWNER_DIED;
	if (pi && !key_find(addr, FUTEX_KEY_SHARED, &key))
		pi_hand_over(word, &key, FUTEX_OWNER_DIED);
	if (!pi && (old & FUTEX_WAITERS))
		futex_wake(addr, FUTEX_KEY_SHARED, 1, ~0u);
	return 0;
}

/* Bit 0 of a list pointer marks a priority-inheriting lock. */
static int fetch_entry(uaddr_t *entry, bool *pi, uaddr_t from)
{
	u64 raw;

	if (get_user(raw, from))
		return -EFAULT;
	*pi = raw & 1;
	*entry = raw & ~1ULL;
	return 0;
}

void futex_exit(struct task *t)
{
	uaddr_t head = t->robust_list, entry, next, pending;
	bool pi, next_pi, pending_pi;
	s64 offset;
	u32 limit = ROBUST_LIST_LIMIT;
	int err;

	t->robust_list = 0;
	if (!head)
		return;
	if (fetch_entry(&entry, &pi, head) ||
	    get_user(offset, head + offsetof(struct robust_list_head, futex_offset)) ||
	    fetch_entry(&pending, &pending_pi,
			head + offsetof(struct robust_list_head, list_op_pending)))
		return;
	while (entry != head && limit-- > 0) {
		/* the next one first: the woken may change the list */
		err = fetch_entry(&next, &next_pi, entry);
		if (entry != pending && owner_died(t, entry + (u64)offset, pi))
			return;
		if (err)
			return;
		entry = next;
		pi = next_pi;
	}
	if (pending)
		owner_died(t, pending + (u64)offset, pending_pi);
}
