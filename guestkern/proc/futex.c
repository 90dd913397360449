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
#include "proc/futex_internal.h"

#include "lib/err.h"
#include "lib/list.h"
#include "mm/mm.h"
#include "mm/slab.h"
#include "mm/uaccess.h"
#include "proc/proc_internal.h"

#include <linux/futex.h>

#define BUCKETS 64

static struct list_head buckets[BUCKETS];

struct list_head *futex_bucket(const struct futex_key *key)
{
	u64 hash = ((u64)key->owner >> 4) + (key->offset >> 2);
	struct list_head *head = &buckets[(hash ^ (hash >> 6)) % BUCKETS];

	if (!head->next)
		list_init(head);
	return head;
}

bool futex_key_equal(const struct futex_key *a, const struct futex_key *b)
{
	return a->owner == b->owner && a->offset == b->offset;
}

/* No reference is taken. */
int futex_key_find(uaddr_t addr, enum futex_scope scope, struct futex_key *key)
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
int futex_key_present(uaddr_t addr, enum futex_scope scope)
{
	if (scope == FUTEX_KEY_PRIVATE || addr % sizeof(u32))
		return 0;
	return user_prepare(addr, sizeof(u32), false) < (s64)sizeof(u32) ? -EFAULT : 0;
}

void futex_key_get(const struct futex_key *key)
{
	if (key->object)
		vm_object_get(key->object);
}

void futex_key_put(const struct futex_key *key)
{
	if (key->object)
		vm_object_put(key->object);
}

/* --- sleeping ------------------------------------------------------------------------- */

/* Real-time tasks before others, by priority, as they were when they came; equals
 * in the order of their coming (sched(7)). */
void futex_waiter_queue(struct futex_waiter *w)
{
	struct list_head *head = futex_bucket(&w->key), *before = head;
	struct futex_waiter *other;

	w->queued = true;
	if (sched_priority(w->task)) {
		list_for_each_entry(other, head, link) {
			if (sched_priority(other->task) < sched_priority(w->task)) {
				before = &other->link;
				break;
			}
		}
	}
	list_add_tail(&w->link, before);
}

void futex_waiter_unqueue(struct futex_waiter *w)
{
	list_del(&w->link);
	w->queued = false;
}

int futex_check_word(uaddr_t addr, u32 val)
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
	err = futex_key_find(addr, scope, &w.key);
	if (err)
		return err;
	futex_key_get(&w.key);
	futex_waiter_queue(&w);
	err = futex_check_word(addr, val);
	while (w.queued && !err)
		err = wait_sleep(deadline_ns);
	if (w.queued)
		futex_waiter_unqueue(&w);
	else
		err = 0; /* the wake-up was spent on us */
	futex_key_put(&w.key);
	return err;
}

/* Leaves all queues; the last one that was woken, or -1. */
static s64 waiters_leave(struct futex_waiter *w, u32 count)
{
	s64 woken = -1;

	for (u32 i = 0; i < count; i++) {
		if (w[i].queued)
			futex_waiter_unqueue(&w[i]);
		else
			woken = i;
		futex_key_put(&w[i].key);
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

		err = futex_key_find(words[queued].addr, words[queued].scope, &next->key);
		if (err)
			break;
		next->task = current_task();
		next->bitset = ~0u;
		futex_key_get(&next->key);
		futex_waiter_queue(next);
		err = futex_check_word(words[queued].addr, words[queued].val);
		queued++;
	}
	while (!err && !any_woken(w, count))
		err = wait_sleep(deadline_ns);
	woken = waiters_leave(w, queued);
	kfree(w);
	return woken >= 0 ? woken : err;
}

/* --- waking ----------------------------------------------------------------------------- */

static u32 wake_key(const struct futex_key *key, u32 count, u32 bitset)
{
	struct list_head *head = futex_bucket(key);
	struct futex_waiter *w, *tmp;
	u32 woken = 0;

	list_for_each_entry_safe(w, tmp, head, link) {
		if (woken >= count)
			break;
		if (w->pi || !futex_key_equal(&w->key, key) || !(w->bitset & bitset))
			continue;
		futex_waiter_unqueue(w);
		sched_wake(w->task);
		woken++;
	}
	return woken;
}

s64 futex_wake(uaddr_t addr, enum futex_scope scope, u32 count, u32 bitset)
{
	struct futex_key key;
	int err;

	if (!bitset)
		return -EINVAL;
	err = futex_key_present(addr, scope);
	if (!err)
		err = futex_key_find(addr, scope, &key);
	if (err)
		return err;
	if (futex_pi_has_waiters(&key)) /* those are woken with the lock only */
		return -EINVAL;
	return wake_key(&key, count, bitset);
}

void futex_waiter_move(struct futex_waiter *w, const struct futex_key *to)
{
	struct futex_key old = w->key;

	futex_waiter_unqueue(w);
	futex_key_get(to);
	w->key = *to;
	futex_waiter_queue(w);
	futex_key_put(&old);
}

static u32 requeue_key(const struct futex_key *from, const struct futex_key *to,
		       u32 count)
{
	struct futex_waiter *w, *tmp;
	u32 moved = 0;

	if (futex_key_equal(from, to))
		return 0;
	list_for_each_entry_safe(w, tmp, futex_bucket(from), link) {
		if (moved >= count)
			break;
		if (w->pi || !futex_key_equal(&w->key, from))
			continue;
		futex_waiter_move(w, to);
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
	err = futex_key_present(rq->from, scope);
	if (!err)
		err = futex_key_present(rq->to, scope);
	if (!err && rq->compare)
		err = futex_check_word(rq->from, rq->val);
	if (err)
		return err;
	err = futex_key_find(rq->from, scope, &from);
	if (!err)
		err = futex_key_find(rq->to, scope, &to);
	if (err)
		return err;
	if (futex_pi_has_waiters(&from)) /* FUTEX_CMP_REQUEUE_PI's */
		return -EINVAL;
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
u32 *futex_word_at(uaddr_t addr)
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
	word = futex_word_at(addr2);
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

	err = futex_key_present(addr, scope);
	if (!err)
		err = futex_key_find(addr, scope, &key);
	if (!err)
		err = futex_key_find(addr2, scope, &key2);
	if (!err)
		err = op_on_word(addr2, op, &wake2);
	/* the page may have had to come in: look again */
	if (!err)
		err = futex_key_find(addr, scope, &key);
	if (!err)
		err = futex_key_find(addr2, scope, &key2);
	if (err)
		return err;
	woken = wake_key(&key, wake_count, ~0u);
	if (wake2)
		woken += wake_key(&key2, wake2_count, ~0u);
	return woken;
}

/* --- robust lists ------------------------------------------------------------------------------ */

/* One lock that t may hold: mark it, wake one waiter. */
static int owner_died(struct task *t, uaddr_t addr, bool pi)
{
	u32 *word = futex_word_at(addr);
	struct futex_key key;
	u32 old;

	if (!word)
		return -EFAULT;
	old = *word;
	if ((old & FUTEX_TID_MASK) != (u32)t->tid)
		return 0;
	*word = (old & FUTEX_WAITERS) | FUTEX_OWNER_DIED;
	if (pi && !futex_key_find(addr, FUTEX_KEY_SHARED, &key))
		futex_pi_hand_over(word, &key, FUTEX_OWNER_DIED);
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

static void robust_list_exit(struct task *t)
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

void futex_exit(struct task *t)
{
	robust_list_exit(t);
	futex_pi_exit(t);
}
