/*
 * epoll(7). A set keeps an item for each file; the item's wait entries stay
 * queued on the file, and a wake-up puts the item on the set's ready list, from
 * which epoll_wait takes it: nothing is asked that did not stir.
 *
 * Owns sets and items. Items hold no reference on their file: the file's last
 * reference takes them along (epoll_forget_file). What is on the ready list is
 * a candidate only; the file is asked before it is reported. A level-triggered
 * item goes back to the end of the list after it was reported.
 *
 * Sets may be watched by sets (file_ops.poll); loops and too deep or too many
 * paths are refused when a link is made (epoll_paths.c), so wake-ups and polls
 * recurse within bounds.
 */
#include "fs/epoll.h"

#include <linux/eventpoll.h>
#include <linux/fcntl.h>
#include <linux/poll.h>

#include "fs/epoll_internal.h"
#include "fs/poll.h"
#include "lib/err.h"
#include "lib/printf.h"
#include "lib/string.h"
#include "mm/slab.h"
#include "mm/uaccess.h"
#include "proc/signal.h"
#include "proc/task.h"

/* Bits of events that say how, not what. */
#define EPOLL_HOW                                                            \
	((u32)(EPOLLWAKEUP | EPOLLONESHOT | EPOLLET | EPOLLEXCLUSIVE))
/* What may come with EPOLLEXCLUSIVE. */
#define EPOLL_EXCLUSIVE_OK                                                   \
	((u32)(EPOLLIN | EPOLLOUT | EPOLLERR | EPOLLHUP | EPOLLWAKEUP |      \
	       EPOLLET | EPOLLEXCLUSIVE))

/* No scan: whatever is ready. */
#define SCAN_NONE UINT64_MAX

/* Items in all sets together fill at most this share of the core. */
#define ITEMS_CORE_SHARE 16
static u64 item_count;

static const struct file_ops epoll_ops;

bool file_is_epoll(const struct file *f)
{
	return f->ops == &epoll_ops;
}

struct file *epoll_target(const struct file *epf, int fd, u32 skip)
{
	const struct epoll *ep = epf->private;
	struct rb_node *node;

	if (!file_is_epoll(epf))
		return ERR_PTR(-EINVAL);
	for (node = rb_first(&ep->items); node; node = rb_next(node)) {
		const struct epoll_item *item = rb_entry(node, struct epoll_item, node);

		if (item->fd == fd && skip-- == 0)
			return item->f;
	}
	return ERR_PTR(-ENOENT);
}

/* --- wake-ups -------------------------------------------------------------------------- */

/* What it counts as for an exclusive entry: a waiter was woken for this. */
static bool epoll_stir(struct epoll_item *item, u32 came)
{
	struct epoll *ep = item->ep;
	u32 inout = came & (u32)(EPOLLIN | EPOLLOUT);
	bool woke = false;

	if (list_empty(&item->ready_link))
		list_add_tail(&item->ready_link, &ep->ready);
	if (!list_empty(&ep->waiters.entries)) {
		woke = !inout || inout == (u32)(EPOLLIN | EPOLLOUT) ||
		       item->events & inout;
		wake_up(&ep->waiters);
	}
	wake_up_events(&ep->pollers, POLLIN | POLLRDNORM);
	return woke;
}

static bool item_wake(struct wait_entry *we, u32 came)
{
	struct epoll_item *item = container_of(we, struct epoll_entry, we)->item;

	if (!(item->events & ~EPOLL_HOW)) /* one shot, spent */
		return false;
	if (came && !(came & item->events & ~EPOLL_HOW))
		return false;
	return epoll_stir(item, came);
}

/* --- items ----------------------------------------------------------------------------- */

struct item_table {
	struct poll_table pt;
	struct epoll_item *item;
};

static void item_queue(struct poll_table *pt, struct wait_queue *wq)
{
	struct epoll_item *item = container_of(pt, struct item_table, pt)->item;
	struct epoll_entry *entry = &item->first;

	if (entry->item) {
		entry = kmalloc(sizeof(*entry));
		if (!entry) {
			pt->err = -ENOMEM;
			return;
		}
		entry->next = item->first.next;
		item->first.next = entry;
	}
	entry->item = item;
	wait_watch(wq, &entry->we, item_wake,
		   item->events & (u32)EPOLLEXCLUSIVE);
}

static u32 item_poll(const struct epoll_item *item, struct poll_table *pt)
{
	return file_poll_mask(item->f, pt) & item->events & ~EPOLL_HOW;
}

/* < 0, 0, > 0: order of the tree. */
static int item_order(const struct epoll_item *item, const struct file *f, int fd)
{
	if (item->f != f)
		return (u64)f < (u64)item->f ? -1 : 1;
	return fd < item->fd ? -1 : fd > item->fd;
}

static struct epoll_item *item_find(const struct epoll *ep, const struct file *f,
				    int fd)
{
	struct rb_node *node = ep->items.node;

	while (node) {
		struct epoll_item *item = rb_entry(node, struct epoll_item, node);
		int order = item_order(item, f, fd);

		if (order == 0)
			return item;
		node = order < 0 ? node->left : node->right;
	}
	return NULL;
}

static void item_link(struct epoll *ep, struct epoll_item *item)
{
	struct rb_node **link = &ep->items.node, *parent = NULL;

	while (*link) {
		struct epoll_item *at = rb_entry(*link, struct epoll_item, node);

		parent = *link;
		link = item_order(at, item->f, item->fd) < 0 ? &parent->left
							      : &parent->right;
	}
	rb_insert(&ep->items, &item->node, parent, link);
	list_add_tail(&item->watch_link, &item->f->watchers);
	item_count++;
}

static void item_remove(struct epoll_item *item)
{
	struct epoll_entry *entry = item->first.next, *next;

	if (item->first.item)
		wait_finish(&item->first.we);
	for (; entry; entry = next) {
		next = entry->next;
		wait_finish(&entry->we);
		kfree(entry);
	}
	list_del(&item->ready_link);
	list_del(&item->watch_link);
	rb_erase(&item->ep->items, &item->node);
	kfree(item);
	item_count--;
}

void epoll_forget_file(struct file *f)
{
	struct epoll_item *item, *tmp;

	list_for_each_entry_safe(item, tmp, &f->watchers, watch_link)
		item_remove(item);
}

/* --- control --------------------------------------------------------------------------- */

/* The item was added or changed: what is true already counts as having come. */
static void item_look(struct epoll_item *item, struct poll_table *pt)
{
	if (item_poll(item, pt))
		epoll_stir(item, 0);
}

static int epoll_add(struct epoll *ep, struct file *target, int fd,
		     const struct epoll_event *ev)
{
	struct epoll_item *item;
	struct item_table table;
	int err;

	if (item_count >= kmem_total_bytes() / ITEMS_CORE_SHARE / sizeof(*item))
		return -ENOSPC;
	item = kzalloc(sizeof(*item));
	if (!item)
		return -ENOMEM;
	item->ep = ep;
	item->f = target;
	item->fd = fd;
	item->events = ev->events | (u32)(EPOLLERR | EPOLLHUP);
	item->data = ev->data;
	list_init(&item->ready_link);
	item_link(ep, item);
	err = epoll_check_paths(ep, target);
	if (err)
		goto out_remove;
	poll_table_init(&table.pt);
	table.pt.queue = item_queue;
	table.item = item;
	item_look(item, &table.pt);
	err = table.pt.err;
	if (err)
		goto out_remove;
	return 0;

out_remove:
	item_remove(item);
	return err;
}

static int epoll_modify(struct epoll_item *item, const struct epoll_event *ev)
{
	if (item->events & (u32)EPOLLEXCLUSIVE)
		return -EINVAL;
	item->events = ev->events | (u32)(EPOLLERR | EPOLLHUP);
	item->data = ev->data;
	item_look(item, NULL);
	return 0;
}

static int check_exclusive(int op, const struct file *target,
			   const struct epoll_event *ev)
{
	if (!ev || !(ev->events & (u32)EPOLLEXCLUSIVE))
		return 0;
	if (op == EPOLL_CTL_MOD)
		return -EINVAL;
	if (op == EPOLL_CTL_ADD &&
	    (file_is_epoll(target) || ev->events & ~EPOLL_EXCLUSIVE_OK))
		return -EINVAL;
	return 0;
}

int epoll_control(struct file *epf, int op, struct file *target, int fd,
		  const struct epoll_event *ev)
{
	struct epoll_item *item;
	struct epoll *ep;
	int err;

	if (!target->ops->poll || target->no_poll)
		return -EPERM;
	if (!file_is_epoll(epf) || epf == target)
		return -EINVAL;
	err = check_exclusive(op, target, ev);
	if (err)
		return err;
	ep = epf->private;
	if (op == EPOLL_CTL_ADD && file_is_epoll(target) &&
	    epoll_would_loop(ep, target->private))
		return -ELOOP;
	item = item_find(ep, target, fd);
	switch (op) {
	case EPOLL_CTL_ADD:
		return item ? -EEXIST : epoll_add(ep, target, fd, ev);
	case EPOLL_CTL_MOD:
		return item ? epoll_modify(item, ev) : -ENOENT;
	case EPOLL_CTL_DEL:
		if (!item)
			return -ENOENT;
		item_remove(item);
		return 0;
	default:
		return -EINVAL;
	}
}

/* --- waiting --------------------------------------------------------------------------- */

static int prepare_event(uaddr_t at)
{
	size_t done = 0;
	s64 n;

	while (done < sizeof(struct epoll_event)) {
		n = user_prepare(at + done, sizeof(struct epoll_event) - done, true);
		if (n < 0)
			return -EFAULT;
		done += (size_t)n;
	}
	return 0;
}

/* Reports one item that is ready, at a place that is prepared. */
static int report(struct epoll_item *item, u32 revents, uaddr_t at, u64 scan)
{
	struct epoll_event ev = { .events = revents, .data = item->data };

	if (put_user(ev, at))
		return -EFAULT;
	list_del(&item->ready_link);
	if (item->events & (u32)EPOLLONESHOT) {
		item->events &= EPOLL_HOW;
	} else if (!(item->events & (u32)EPOLLET)) {
		item->scan = scan;
		list_add_tail(&item->ready_link, &item->ep->ready);
	}
	return 0;
}

/* The first candidate that is ready, others taken off the list; NULL: none that
 * this scan has not reported yet. */
static struct epoll_item *first_ready(struct epoll *ep, u64 scan, u32 *revents)
{
	struct epoll_item *item;

	while (!list_empty(&ep->ready)) {
		item = list_first_entry(&ep->ready, struct epoll_item, ready_link);
		if (item->scan == scan)
			return NULL;
		*revents = item_poll(item, NULL);
		if (*revents)
			return item;
		list_del(&item->ready_link);
	}
	return NULL;
}

/* What is ready now, up to max: the number, or -EFAULT before the first. */
static s64 epoll_report(struct epoll *ep, uaddr_t to, u32 max)
{
	u64 scan = ++ep->scans;
	struct epoll_item *item;
	u32 n = 0, revents;
	s64 err = 0;

	while (n < max && !err) {
		uaddr_t at = to + (u64)n * sizeof(struct epoll_event);

		item = first_ready(ep, scan, &revents);
		if (!item)
			break;
		/* Preparing may sleep: after it, the first may be another. */
		err = prepare_event(at);
		if (err)
			break;
		item = first_ready(ep, scan, &revents);
		if (!item)
			break;
		err = report(item, revents, at, scan);
		if (!err)
			n++;
	}
	if (!list_empty(&ep->ready))
		wake_up(&ep->waiters); /* the next waiter's turn */
	return n ? n : err;
}

/* Leaves the queue, so that the next event wakes somebody else. */
static bool waiter_wake(struct wait_entry *we, u32 events)
{
	(void)events;
	list_del(&we->link);
	sched_wake(we->task);
	return true;
}

s64 epoll_collect(struct file *epf, uaddr_t events, u32 max, u64 deadline_ns)
{
	struct epoll *ep = epf->private;
	bool over = deadline_ns == 0;
	struct wait_entry we;
	s64 ret;

	for (;;) {
		ret = epoll_report(ep, events, max);
		if (ret || over)
			return ret;
		if (signal_pending(current_task()))
			return -EINTR;
		wait_watch(&ep->waiters, &we, waiter_wake, true);
		over = wait_sleep(deadline_ns) == -ETIMEDOUT;
		wait_finish(&we);
	}
}

/* --- the set as a file ------------------------------------------------------------------- */

static u32 epoll_poll(struct file *f, struct poll_table *pt)
{
	struct epoll *ep = f->private;
	u32 revents;

	poll_wait(pt, &ep->pollers);
	return first_ready(ep, SCAN_NONE, &revents) ? POLLIN | POLLRDNORM : 0;
}

static void epoll_show(struct file *f, struct textbuf *tb)
{
	struct epoll *ep = f->private;
	struct rb_node *node;

	for (node = rb_first(&ep->items); node; node = rb_next(node)) {
		const struct epoll_item *item = rb_entry(node, struct epoll_item, node);

		textbuf_printf(tb, "tfd: %8d events: %8x data: %16llx\n", item->fd,
			       item->events, (unsigned long long)item->data);
	}
}

static void epoll_release(struct file *f)
{
	struct epoll *ep = f->private;
	struct rb_node *node;

	while ((node = rb_first(&ep->items)))
		item_remove(rb_entry(node, struct epoll_item, node));
	kfree(ep);
}

static const struct file_ops epoll_ops = {
	.anon_name = "[eventpoll]",
	.lseek = file_noop_lseek,
	.poll = epoll_poll,
	.show = epoll_show,
	.release = epoll_release,
};

struct file *epoll_file_create(void)
{
	struct epoll *ep = kzalloc(sizeof(*ep));
	struct file *f;

	if (!ep)
		return ERR_PTR(-ENOMEM);
	list_init(&ep->ready);
	wait_queue_init(&ep->waiters);
	wait_queue_init(&ep->pollers);
	f = file_create_object(&epoll_ops, O_RDWR, ep);
	if (IS_ERR(f)) {
		kfree(ep);
		return f;
	}
	ep->file = f;
	return f;
}
