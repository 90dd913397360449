/*
 * inotify(7): instances, their watches (kept by fs/notify.c) and queues of events.
 *
 * Events are queued at once; the same event twice in a row is one. A queue that is
 * full, or an event without memory, ends in one IN_Q_OVERFLOW, whose place every
 * instance has from the start.
 */
#include <asm/ioctls.h>
#include <linux/fcntl.h>
#include <linux/inotify.h>
#include <linux/poll.h>

#include "fs/notify_internal.h"
#include "fs/vfs.h"
#include "lib/err.h"
#include "lib/printf.h"
#include "lib/string.h"
#include "mm/slab.h"
#include "mm/uaccess.h"
#include "proc/task.h"

/* Flags of a watch beside events. */
#define WATCH_FLAGS (IN_EXCL_UNLINK | IN_ONESHOT)

/* struct inotify_event, short of the name. */
struct event_head {
	s32 wd;
	u32 mask, cookie;
	u32 len; /* of the name, with padding */
};

/* The name follows. */
struct event {
	struct list_head link;
	struct event_head head;
};

struct inotify {
	struct list_head link; /* in instances */
	struct list_head watches;
	struct list_head events;
	struct wait_queue wait;
	struct event overflow; /* queued or alone */
	u32 uid, event_count;
	s32 next_wd;
};

struct inotify_watch {
	struct watch watch;
	struct list_head link; /* in owner->watches */
	struct inotify *owner;
	s32 wd;
};

static struct list_head instances = LIST_HEAD_INIT(instances);

static char *event_name(const struct event *e)
{
	return (char *)(e + 1);
}

/* --- queues ---------------------------------------------------------------------------- */

static bool is_last_again(const struct inotify *in, const struct event_head *head,
			  const char *name)
{
	const struct event *last;

	if (list_empty(&in->events))
		return false;
	last = list_entry(in->events.prev, struct event, link);
	return !(last->head.mask & IN_IGNORED) && last->head.mask == head->mask &&
	       last->head.wd == head->wd && last->head.len == head->len &&
	       (!head->len || strcmp(event_name(last), name) == 0);
}

static void queue_overflow(struct inotify *in)
{
	if (!list_empty(&in->overflow.link))
		return;
	in->overflow.head = (struct event_head){ .wd = -1, .mask = IN_Q_OVERFLOW };
	list_add_tail(&in->overflow.link, &in->events);
	wake_up_events(&in->wait, POLLIN | POLLRDNORM);
}

/* name: "" for the watched file itself; NUL-terminated. */
static void queue_event(struct inotify *in, s32 wd, u32 mask, u32 cookie,
			const char *name)
{
	size_t len = strlen(name);
	struct event_head head = { .wd = wd, .mask = mask, .cookie = cookie };
	struct event *e;

	if (len)
		head.len = (u32)ALIGN_UP(len + 1, sizeof(struct event_head));
	if (is_last_again(in, &head, name))
		return;
	e = in->event_count < inotify_events_max ? kzalloc(sizeof(*e) + head.len) : NULL;
	if (!e) {
		queue_overflow(in);
		return;
	}
	e->head = head;
	memcpy(event_name(e), name, len);
	list_add_tail(&e->link, &in->events);
	in->event_count++;
	wake_up_events(&in->wait, POLLIN | POLLRDNORM);
}

/* Takes e off its queue; what remains is the caller's to free. */
static void event_take(struct inotify *in, struct event *e)
{
	list_del(&e->link);
	if (e != &in->overflow)
		in->event_count--;
}

static void event_free(struct inotify *in, struct event *e)
{
	if (e != &in->overflow)
		kfree(e);
}

/* --- watches --------------------------------------------------------------------------- */

static struct inotify_watch *inotify_watch_of(struct watch *w)
{
	return container_of(w, struct inotify_watch, watch);
}

static void inotify_watch_free(struct inotify_watch *iw)
{
	list_del(&iw->link);
	watch_remove(&iw->watch);
	kfree(iw);
}

/* With the events that say so. */
static void inotify_end(struct watch *w, u32 event)
{
	struct inotify_watch *iw = inotify_watch_of(w);
	struct inotify *in = iw->owner;
	s32 wd = iw->wd;

	if (event)
		queue_event(in, wd, event, 0, "");
	inotify_watch_free(iw);
	queue_event(in, wd, IN_IGNORED, 0, "");
}

static void inotify_tell(struct watch *w, u32 event, u32 cookie, const char *name)
{
	const struct inotify_watch *iw = inotify_watch_of(w);

	event &= ~(u32)NOTIFY_RENAME;
	queue_event(iw->owner, iw->wd, event, cookie, name);
	if (w->mask & IN_ONESHOT)
		inotify_end(w, 0);
}

static const struct watch_ops inotify_watch_ops = {
	.tell = inotify_tell,
	.end = inotify_end,
};

u64 inotify_watches_max(void)
{
	return watches_max(sizeof(struct inotify_watch));
}

static struct inotify_watch *inotify_watch_find(const struct inotify *in,
						const struct inode *inode)
{
	for (struct watch *w = inode->watches; w; w = w->next) {
		if (w->ops == &inotify_watch_ops && inotify_watch_of(w)->owner == in)
			return inotify_watch_of(w);
	}
	return NULL;
}

s64 inotify_watch(struct file *f, struct inode *inode, u32 mask)
{
	u32 keep = mask & (IN_ALL_EVENTS | WATCH_FLAGS);
	struct inotify *in = f->private;
	struct inotify_watch *iw = inotify_watch_find(in, inode);

	if (iw && mask & IN_MASK_CREATE)
		return -EEXIST;
	if (iw) {
		iw->watch.mask = mask & IN_MASK_ADD ? iw->watch.mask | keep : keep;
		return iw->wd;
	}
	iw = kzalloc(sizeof(*iw));
	if (!iw)
		return -ENOMEM;
	iw->watch.ops = &inotify_watch_ops;
	iw->watch.mask = keep;
	if (watch_add(&iw->watch, inode, sizeof(*iw))) {
		kfree(iw);
		return -ENOSPC;
	}
	iw->owner = in;
	iw->wd = in->next_wd++;
	list_add_tail(&iw->link, &in->watches);
	return iw->wd;
}

int inotify_unwatch(struct file *f, s32 wd)
{
	struct inotify *in = f->private;
	struct inotify_watch *iw;

	list_for_each_entry(iw, &in->watches, link) {
		if (iw->wd == wd) {
			inotify_end(&iw->watch, 0);
			return 0;
		}
	}
	return -EINVAL;
}

/* --- the instance as a file ------------------------------------------------------------- */

/* One event into buf; 1 it did not fit, 0, -EFAULT (it is lost, as on Linux). */
static int read_event(struct inotify *in, struct iobuf *buf)
{
	struct event *e = list_first_entry(&in->events, struct event, link);
	int err;

	if (sizeof(e->head) + e->head.len > buf->len)
		return 1;
	event_take(in, e);
	err = iobuf_put(buf, &e->head, sizeof(e->head));
	if (!err && e->head.len)
		err = iobuf_put(buf, event_name(e), e->head.len);
	event_free(in, e);
	return err;
}

static s64 inotify_read(struct file *f, struct iobuf *buf, s64 *pos)
{
	struct inotify *in = f->private;
	size_t asked = buf->len;
	int err = 0;

	(void)pos;
	if (list_empty(&in->events) && f->flags & O_NONBLOCK)
		return -EAGAIN;
	err = wait_event(&in->wait, !list_empty(&in->events));
	while (!err && !list_empty(&in->events))
		err = read_event(in, buf);
	if (err == 1)
		err = asked == buf->len ? -EINVAL : 0;
	return err ? err : (s64)(asked - buf->len);
}

static u32 inotify_poll(struct file *f, struct poll_table *pt)
{
	struct inotify *in = f->private;

	poll_wait(pt, &in->wait);
	return list_empty(&in->events) ? 0 : POLLIN | POLLRDNORM;
}

static s64 inotify_ioctl(struct file *f, u32 cmd, u64 arg)
{
	struct inotify *in = f->private;
	const struct event *e;
	u32 bytes = 0;

	if (cmd != FIONREAD)
		return -ENOTTY;
	list_for_each_entry(e, &in->events, link)
		bytes += (u32)sizeof(e->head) + e->head.len;
	return put_user(bytes, arg);
}

static void inotify_release(struct file *f)
{
	struct inotify *in = f->private;
	struct event *e;

	while (!list_empty(&in->watches))
		inotify_watch_free(list_first_entry(&in->watches,
						    struct inotify_watch, link));
	while (!list_empty(&in->events)) {
		e = list_first_entry(&in->events, struct event, link);
		event_take(in, e);
		event_free(in, e);
	}
	list_del(&in->link);
	kfree(in);
}

/* As Linux without file handles of the watched. */
static void inotify_show(struct file *f, struct textbuf *tb)
{
	const struct inotify *in = f->private;
	const struct inotify_watch *iw;

	list_for_each_entry(iw, &in->watches, link)
		textbuf_printf(tb, "inotify wd:%x ino:%llx sdev:%x mask:%x ignored_mask:0\n",
			       (u32)iw->wd, (unsigned long long)iw->watch.inode->ino,
			       (u32)super_dev(iw->watch.inode->sb), iw->watch.mask);
}

static const struct file_ops inotify_ops = {
	.anon_name = "inotify",
	.show = inotify_show,
	.async = true,
	.read = inotify_read,
	.lseek = file_noop_lseek,
	.poll = inotify_poll,
	.ioctl = inotify_ioctl,
	.release = inotify_release,
};

bool file_is_inotify(const struct file *f)
{
	return f->ops == &inotify_ops;
}

s64 inotify_events_max = 16384, inotify_instances_max = 128; /* as Linux */

static bool too_many(u32 uid)
{
	const struct inotify *in;
	u32 count = 0;

	list_for_each_entry(in, &instances, link)
		count += in->uid == uid;
	return count >= inotify_instances_max;
}

struct file *inotify_file_create(u32 flags)
{
	u32 uid = current_task()->cred.uid;
	struct inotify *in;
	struct file *f;

	if (too_many(uid))
		return ERR_PTR(-EMFILE);
	in = kzalloc(sizeof(*in));
	if (!in)
		return ERR_PTR(-ENOMEM);
	list_init(&in->watches);
	list_init(&in->events);
	list_init(&in->overflow.link);
	wait_queue_init(&in->wait);
	in->uid = uid;
	in->next_wd = 1;
	f = file_create_object(&inotify_ops, O_RDONLY | flags, in);
	if (IS_ERR(f)) {
		kfree(in);
		return f;
	}
	list_add(&in->link, &instances);
	return f;
}
