/* eventfd(2): a counter that reads and writes wait on. */
#include <linux/fcntl.h>
#include <linux/poll.h>

#include "fs/file.h"
#include "fs/objects.h"
#include "lib/err.h"
#include "lib/printf.h"
#include "mm/slab.h"

#define COUNT_MAX (UINT64_MAX - 1)

struct eventfd {
	struct wait_queue wait;
	u64 count; /* at most COUNT_MAX; UINT64_MAX: overflown, by eventfd_add */
	bool semaphore;
};

static s64 eventfd_read(struct file *f, struct iobuf *buf, s64 *pos)
{
	struct eventfd *e = f->private;
	u64 value;
	int err;

	(void)pos;
	if (buf->len < sizeof(value))
		return -EINVAL;
	if (!e->count && f->flags & O_NONBLOCK)
		return -EAGAIN;
	err = wait_event(&e->wait, e->count);
	if (err)
		return err;
	value = e->semaphore ? 1 : e->count;
	e->count -= value;
	wake_up_events(&e->wait, POLLOUT);
	err = iobuf_put(buf, &value, sizeof(value));
	return err ? err : (s64)sizeof(value);
}

static bool has_room(const struct eventfd *e, u64 value)
{
	return e->count <= COUNT_MAX && COUNT_MAX - e->count >= value;
}

static s64 eventfd_write(struct file *f, struct iobuf *buf, s64 *pos)
{
	struct eventfd *e = f->private;
	u64 value;
	int err;

	(void)pos;
	if (buf->len < sizeof(value))
		return -EINVAL;
	err = iobuf_get(buf, &value, sizeof(value));
	if (err)
		return err;
	if (value == UINT64_MAX)
		return -EINVAL;
	if (!has_room(e, value) && f->flags & O_NONBLOCK)
		return -EAGAIN;
	err = wait_event(&e->wait, has_room(e, value));
	if (err)
		return err;
	e->count += value;
	wake_up_events(&e->wait, POLLIN);
	return sizeof(value);
}

static u32 eventfd_poll(struct file *f, struct poll_table *pt)
{
	struct eventfd *e = f->private;

	poll_wait(pt, &e->wait);
	return (e->count ? POLLIN : 0) | (e->count < COUNT_MAX ? POLLOUT : 0) |
	       (e->count == UINT64_MAX ? POLLERR : 0);
}

static void eventfd_show(struct file *f, struct textbuf *tb)
{
	const struct eventfd *e = f->private;

	textbuf_printf(tb, "eventfd-count: %16llx\n", (unsigned long long)e->count);
}

static void eventfd_release(struct file *f)
{
	kfree(f->private);
}

static const struct file_ops eventfd_ops = {
	.anon_name = "[eventfd]",
	.read = eventfd_read,
	.write = eventfd_write,
	.lseek = file_noop_lseek,
	.poll = eventfd_poll,
	.show = eventfd_show,
	.release = eventfd_release,
};

bool file_is_eventfd(const struct file *f)
{
	return f->ops == &eventfd_ops;
}

void eventfd_add(struct file *f, u64 value)
{
	struct eventfd *e = f->private;

	e->count += MIN(value, UINT64_MAX - e->count);
	wake_up_events(&e->wait, POLLIN);
}

struct file *eventfd_create(u32 count, bool semaphore, u32 flags)
{
	struct eventfd *e = kzalloc(sizeof(*e));
	struct file *f;

	if (!e)
		return ERR_PTR(-ENOMEM);
	wait_queue_init(&e->wait);
	e->count = count;
	e->semaphore = semaphore;
	f = file_create_object(&eventfd_ops, O_RDWR | flags, e);
	if (IS_ERR(f))
		kfree(e);
	return f;
}
