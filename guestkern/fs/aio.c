/*
 * Contexts of asynchronous input and output.
 *
 * Owns struct aio, in the list of its process, and the requests that wait. A place
 * is taken when a request is submitted and free again when its event was fetched, so
 * that there is always room for an event. A waiting request's callback runs in any
 * context: it makes an event and leaves its files to whoever fetches events or
 * destroys the context.
 */
#include "fs/aio.h"

#include <linux/aio_abi.h>
#include <linux/poll.h>

#include "fs/file.h"
#include "fs/objects.h"
#include "fs/poll.h"
#include "lib/err.h"
#include "lib/list.h"
#include "mm/slab.h"
#include "mm/uaccess.h"
#include "proc/task.h"
#include "proc/wait.h"

struct aio {
	struct list_head link; /* in proc_resources.aio's list */
	uaddr_t id;
	u32 places, taken;
	u32 head, count; /* ring of events */
	struct wait_queue wait;
	struct list_head polls; /* requests that wait, or are done with */
	struct io_event *ring; /* [places] */
};

struct aio_poll {
	struct list_head link;
	struct wait_entry entry;
	struct aio *aio;
	uaddr_t iocb;
	u64 data;
	u32 events;
	bool done, queued;
	struct file *f, *notify;
};

/* A process's contexts. */
struct aio_list {
	struct list_head contexts;
};

static u64 places_total;

u64 aio_events_total(void)
{
	return places_total;
}

s64 aio_events_max = 65536; /* as Linux */

int aio_create(uaddr_t id, u32 count)
{
	struct proc_resources *res = &current_process()->res;
	struct aio_list *list = res->aio;
	struct aio *aio;

	if (places_total + count > (u64)aio_events_max)
		return -EAGAIN;
	if (!list) {
		list = kmalloc(sizeof(*list));
		if (!list)
			return -ENOMEM;
		list_init(&list->contexts);
		res->aio = list;
	}
	aio = kzalloc(sizeof(*aio));
	if (aio)
		aio->ring = kmalloc(count * sizeof(*aio->ring));
	if (!aio || !aio->ring) {
		kfree(aio);
		return -ENOMEM;
	}
	aio->id = id;
	aio->places = count;
	wait_queue_init(&aio->wait);
	list_init(&aio->polls);
	list_add_tail(&aio->link, &list->contexts);
	places_total += count;
	return 0;
}

struct aio *aio_find(uaddr_t id)
{
	struct aio_list *list = current_process()->res.aio;
	struct aio *aio;

	if (!list)
		return NULL;
	list_for_each_entry(aio, &list->contexts, link)
		if (aio->id == id)
			return aio;
	return NULL;
}

/* p has left its queue. May sleep: files are put. */
static void poll_free(struct aio_poll *p)
{
	list_del(&p->link);
	if (p->queued)
		wait_finish(&p->entry);
	file_put(p->f);
	if (p->notify)
		file_put(p->notify);
	kfree(p);
}

void aio_destroy(struct aio *aio)
{
	list_del(&aio->link); /* nobody finds it any more */
	while (!list_empty(&aio->polls))
		poll_free(list_first_entry(&aio->polls, struct aio_poll, link));
	wake_up(&aio->wait);
	wait_queue_drain(&aio->wait);
	places_total -= aio->places;
	kfree(aio->ring);
	kfree(aio);
}

void aio_destroy_all(struct proc_resources *res)
{
	struct aio_list *list = res->aio;

	if (!list)
		return;
	res->aio = NULL;
	while (!list_empty(&list->contexts))
		aio_destroy(list_first_entry(&list->contexts, struct aio, link));
	kfree(list);
}

/* --- requests --------------------------------------------------------------------------- */

int aio_reserve(struct aio *aio)
{
	if (aio->taken == aio->places)
		return -EAGAIN;
	aio->taken++;
	return 0;
}

void aio_unreserve(struct aio *aio)
{
	aio->taken--;
}

void aio_complete(struct aio *aio, uaddr_t iocb, u64 data, s64 result,
		  struct file *notify)
{
	struct io_event *event = &aio->ring[(aio->head + aio->count) % aio->places];

	*event = (struct io_event){ .data = data, .obj = iocb, .res = result };
	aio->count++;
	if (notify)
		eventfd_add(notify, 1);
	wake_up(&aio->wait);
}

static bool poll_came(struct wait_entry *we, u32 came)
{
	struct aio_poll *p = container_of(we, struct aio_poll, entry);
	u32 mask;

	if (p->done || (came && !(came & p->events)))
		return false;
	mask = file_poll_mask(p->f, NULL) & p->events;
	if (!mask)
		return false;
	p->done = true;
	aio_complete(p->aio, p->iocb, p->data, mask, p->notify);
	return true;
}

struct poll_asker {
	struct poll_table pt;
	struct aio_poll *p;
};

static void poll_queue(struct poll_table *pt, struct wait_queue *wq)
{
	struct aio_poll *p = container_of(pt, struct poll_asker, pt)->p;

	if (p->queued) /* a second queue, as Linux: none */
		return;
	p->queued = true;
	wait_watch(wq, &p->entry, poll_came, false);
}

int aio_poll(struct aio *aio, uaddr_t iocb, u64 data, struct file *f, u32 events,
	     struct file *notify)
{
	struct poll_asker asker = { .pt.queue = poll_queue };
	struct aio_poll *p = kzalloc(sizeof(*p));
	u32 mask;

	if (!p)
		return -ENOMEM;
	p->aio = aio;
	p->iocb = iocb;
	p->data = data;
	p->events = events | POLLERR | POLLHUP;
	p->f = f;
	file_get(f);
	p->notify = notify;
	if (notify)
		file_get(notify);
	list_add_tail(&p->link, &aio->polls);
	asker.p = p;
	mask = file_poll_mask(f, &asker.pt) & p->events;
	if (mask) {
		p->done = true;
		aio_complete(aio, iocb, data, mask, notify);
	}
	return 0;
}

int aio_cancel(struct aio *aio, uaddr_t iocb)
{
	struct aio_poll *p;

	list_for_each_entry(p, &aio->polls, link) {
		if (p->iocb != iocb || p->done)
			continue;
		p->done = true;
		aio_complete(aio, p->iocb, p->data, 0, p->notify);
		return -EINPROGRESS;
	}
	return -EINVAL;
}

/* Requests that are done give their files back. */
static void polls_clean(struct aio *aio)
{
	struct aio_poll *p, *tmp;

	list_for_each_entry_safe(p, tmp, &aio->polls, link)
		if (p->done)
			poll_free(p);
}

/* --- events ------------------------------------------------------------------------------- */

/* One event to user memory, which may sleep: the context may be gone afterwards. 1,
 * 0 (there is none), -EFAULT, -EINVAL. */
static int event_fetch(uaddr_t id, uaddr_t to)
{
	struct aio *aio = aio_find(id);
	struct io_event event;

	if (!aio)
		return -EINVAL;
	if (!aio->count)
		return 0;
	event = aio->ring[aio->head];
	aio->head = (aio->head + 1) % aio->places;
	aio->count--;
	aio->taken--;
	return put_user(event, to) ? -EFAULT : 1;
}

s64 aio_events(uaddr_t id, u32 min, u32 max, uaddr_t to, u64 deadline_ns)
{
	s64 done = 0;
	int err = 0;

	while ((u32)done < max) {
		struct aio *aio;
		int n = event_fetch(id, to + (u64)done * sizeof(struct io_event));

		if (n < 0)
			return done ? done : n;
		done += n;
		if (n)
			continue;
		if ((u32)done >= min || err)
			break;
		aio = aio_find(id);
		if (aio) {
			struct wait_entry we;

			polls_clean(aio);
			wait_prepare(&aio->wait, &we);
			if (!aio->count)
				err = wait_sleep(deadline_ns);
			wait_finish(&we);
		}
	}
	if (aio_find(id))
		polls_clean(aio_find(id));
	return done || err != -ERESTARTSYS ? done : err;
}
