/*
 * System V message queues (msgop(2), msgctl(2)). Texts live in the core.
 *
 * A queue that is removed stays until the last call that sleeps on it has seen so.
 * Who waits is woken by every change and looks again.
 */
#include "lib/err.h"
#include "mm/slab.h"
#include "mm/uaccess.h"
#include "proc/ipc.h"
#include "proc/task.h"

#include <linux/ipc.h>
#include <linux/msg.h>

struct message {
	struct list_head link;
	s64 type;
	u64 bytes;
	u8 text[];
};

struct msg_waiter {
	struct list_head link;
	struct task *task;
};

struct msg_queue *msg_find(s32 id)
{
	struct ipc_object *perm = ipc_find(&ipc_space()->msg, id);

	return perm ? container_of(perm, struct msg_queue, perm) : NULL;
}

static struct ipc_object *create(const struct ipc_get *get)
{
	struct msg_queue *q = kzalloc(sizeof(*q));

	(void)get;
	if (!q)
		return ERR_PTR(-ENOMEM);
	q->bytes_max = (u64)ipc_space()->msg_queue_bytes_max;
	list_init(&q->messages);
	list_init(&q->waiters);
	return &q->perm;
}

static void destroy(struct ipc_object *perm)
{
	kfree(container_of(perm, struct msg_queue, perm));
}

s64 msg_get(s32 key, u32 flags)
{
	const struct ipc_get get = { key, flags, 0, create, destroy, NULL };

	return ipc_get(&ipc_space()->msg, &get);
}

void msg_stir(struct msg_queue *q)
{
	struct msg_waiter *w;

	list_for_each_entry(w, &q->waiters, link)
		sched_wake(w->task);
}

static void unuse(struct msg_queue *q)
{
	if (--q->users == 0 && q->removed)
		kfree(q);
}

void msg_remove(struct msg_queue *q)
{
	struct message *m;

	ipc_remove(&q->perm);
	while (!list_empty(&q->messages)) {
		m = list_first_entry(&q->messages, struct message, link);
		list_del(&m->link);
		kfree(m);
	}
	q->removed = true;
	q->users++;
	msg_stir(q);
	unuse(q);
}

void msg_totals(u64 *messages, u64 *bytes)
{
	const struct ipc_object *perm;
	const struct msg_queue *q;

	*messages = *bytes = 0;
	for (u64 i = 0; (perm = ipc_next(&ipc_space()->msg, &i)); i++) {
		q = container_of(perm, struct msg_queue, perm);
		*messages += q->count;
		*bytes += q->bytes;
	}
}

/* Sleeps until something changes. 0, -EIDRM (q may be gone), -ERESTARTNOHAND. */
static int wait_for_change(struct msg_queue *q)
{
	struct msg_waiter w = { .task = current_task() };
	bool removed;
	int err;

	list_add_tail(&w.link, &q->waiters);
	q->users++;
	err = wait_sleep(UINT64_MAX);
	list_del(&w.link);
	removed = q->removed;
	unuse(q);
	if (removed)
		return -EIDRM;
	return err ? -ERESTARTNOHAND : 0;
}

/* --- sending ---------------------------------------------------------------------------- */

static struct message *message_from_user(s64 type, uaddr_t text, u64 bytes)
{
	struct message *m;

	if (ipc_core_short())
		return ERR_PTR(-ENOMEM);
	m = kmalloc(sizeof(*m) + bytes);
	if (!m)
		return ERR_PTR(-ENOMEM);
	m->type = type;
	m->bytes = bytes;
	if (copy_from_user(m->text, text, bytes)) {
		kfree(m);
		return ERR_PTR(-EFAULT);
	}
	return m;
}

static int wait_for_room(struct msg_queue *q, u64 bytes, u32 flags)
{
	int err = 0;

	for (;;) {
		err = ipc_permitted(&q->perm, 0222);
		if (err)
			return err;
		if (q->bytes + bytes <= q->bytes_max && q->count + 1 <= q->bytes_max)
			return 0;
		if (flags & IPC_NOWAIT)
			return -EAGAIN;
		err = wait_for_change(q);
		if (err)
			return err;
	}
}

s64 msg_send(s32 id, s64 type, uaddr_t text, u64 bytes, u32 flags)
{
	struct msg_queue *q;
	struct message *m;
	int err;

	if (bytes > (u64)ipc_space()->msg_bytes_max || id < 0 || type < 1)
		return -EINVAL;
	m = message_from_user(type, text, bytes);
	if (IS_ERR(m))
		return PTR_ERR(m);
	q = msg_find(id);
	err = q ? wait_for_room(q, bytes, flags) : -EINVAL;
	if (err) {
		kfree(m);
		return err;
	}
	list_add_tail(&m->link, &q->messages);
	q->bytes += bytes;
	q->count++;
	q->sender = current_process()->pid;
	q->stime = ipc_now();
	msg_stir(q);
	return 0;
}

/* --- receiving ----------------------------------------------------------------------------- */

static struct message *nth(const struct msg_queue *q, s64 number)
{
	struct message *m;

	list_for_each_entry(m, &q->messages, link)
		if (number-- == 0)
			return m;
	return NULL;
}

/* The message that a receiver of type takes, or NULL. */
static struct message *choose(const struct msg_queue *q, s64 type, u32 flags)
{
	struct message *m, *best = NULL;

	list_for_each_entry(m, &q->messages, link) {
		if (type == 0)
			return m;
		if (type > 0 && (m->type == type) == !(flags & MSG_EXCEPT))
			return m;
		if (type < 0 && m->type <= (type == INT64_MIN ? INT64_MAX : -type) &&
		    (!best || m->type < best->type))
			best = m;
	}
	return best;
}

static s64 message_to_user(uaddr_t to, const struct message *m, u64 bytes)
{
	bytes = MIN(bytes, m->bytes);
	if (put_user(m->type, to) || copy_to_user(to + sizeof(m->type), m->text, bytes))
		return -EFAULT;
	return (s64)bytes;
}

static s64 receive_copy(struct msg_queue *q, uaddr_t to, u64 bytes, s64 number, u32 flags)
{
	const struct message *m = number < 0 ? NULL : nth(q, number);

	if (!m)
		return -ENOMSG;
	if (bytes < m->bytes && !(flags & MSG_NOERROR))
		return -E2BIG;
	return message_to_user(to, m, bytes);
}

s64 msg_receive(s32 id, uaddr_t to, u64 bytes, s64 type, u32 flags)
{
	struct msg_queue *q;
	struct message *m;
	s64 done;
	int err;

	if (id < 0 || (s64)bytes < 0)
		return -EINVAL;
	if (flags & MSG_COPY && (flags & MSG_EXCEPT || !(flags & IPC_NOWAIT)))
		return -EINVAL;
	q = msg_find(id);
	if (!q)
		return -EINVAL;
	for (;;) {
		err = ipc_permitted(&q->perm, 0444);
		if (err)
			return err;
		if (flags & MSG_COPY)
			return receive_copy(q, to, bytes, type, flags);
		m = choose(q, type, flags);
		if (m)
			break;
		if (flags & IPC_NOWAIT)
			return -ENOMSG;
		err = wait_for_change(q);
		if (err)
			return err;
	}
	if (bytes < m->bytes && !(flags & MSG_NOERROR))
		return -E2BIG;
	list_del(&m->link);
	q->bytes -= m->bytes;
	q->count--;
	q->receiver = current_process()->pid;
	q->rtime = ipc_now();
	msg_stir(q);
	done = message_to_user(to, m, bytes);
	kfree(m);
	return done;
}
