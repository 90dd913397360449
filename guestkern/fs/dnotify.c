/*
 * F_NOTIFY of fcntl(2): a signal when something happens in an open directory,
 * once, or with DN_MULTISHOT until the descriptor is closed. A watch belongs to a
 * file and a table of descriptors, as record locks do: closing any descriptor of
 * the file there ends it.
 */
#include <asm/siginfo.h>
#include <linux/fcntl.h>
#include <linux/inotify.h>
#include <linux/poll.h>
#include <linux/stat.h>

#include "fs/async.h"
#include "fs/notify_internal.h"
#include "fs/vfs.h"
#include "lib/err.h"
#include "mm/slab.h"
#include "proc/task.h"

struct dnotify {
	struct watch watch;
	struct file *f;
	const void *files; /* the table */
	int fd;
	bool again; /* DN_MULTISHOT */
};

static struct dnotify *dnotify_of(struct watch *w)
{
	return container_of(w, struct dnotify, watch);
}

static void dnotify_end(struct watch *w, u32 event)
{
	(void)event;
	watch_remove(w);
	kfree(dnotify_of(w));
}

static void dnotify_tell(struct watch *w, u32 event, u32 cookie, const char *name)
{
	const struct dnotify *d = dnotify_of(w);

	(void)event;
	(void)cookie;
	(void)name;
	async_tell(d->f, d->fd, POLL_MSG, POLLIN | POLLRDNORM | POLLMSG);
	if (!d->again)
		dnotify_end(w, 0);
}

static const struct watch_ops dnotify_ops = {
	.tell = dnotify_tell,
	.end = dnotify_end,
};

static struct dnotify *dnotify_find(const struct file *f, const void *files)
{
	struct watch *w = f->inode ? f->inode->watches : NULL;

	for (; w; w = w->next) {
		if (w->ops == &dnotify_ops && dnotify_of(w)->f == f &&
		    dnotify_of(w)->files == files)
			return dnotify_of(w);
	}
	return NULL;
}

void dnotify_close(const struct file *f, const void *files)
{
	struct dnotify *d = dnotify_find(f, files);

	if (d)
		dnotify_end(&d->watch, 0);
}

/* What is watched, of DN_*. */
static u32 events_of(u32 flags)
{
	u32 mask = 0;

	if (flags & DN_ACCESS)
		mask |= IN_ACCESS;
	if (flags & DN_MODIFY)
		mask |= IN_MODIFY;
	if (flags & DN_ATTRIB)
		mask |= IN_ATTRIB;
	if (flags & DN_CREATE)
		mask |= IN_CREATE | IN_MOVED_TO;
	if (flags & DN_DELETE)
		mask |= IN_DELETE | IN_MOVED_FROM;
	if (flags & DN_RENAME)
		mask |= NOTIFY_RENAME;
	return mask;
}

int dnotify_set(struct file *f, int fd, const void *files, u32 flags)
{
	struct dnotify *d;

	if (!(flags & ~(u32)DN_MULTISHOT)) {
		dnotify_close(f, files);
		return 0;
	}
	if (!f->inode || !S_ISDIR(f->inode->mode))
		return -ENOTDIR;
	d = dnotify_find(f, files);
	if (!d) {
		d = kzalloc(sizeof(*d));
		if (!d)
			return -ENOMEM;
		d->watch.ops = &dnotify_ops;
		d->f = f;
		d->files = files;
		if (watch_add(&d->watch, f->inode, sizeof(*d))) {
			kfree(d);
			return -ENOSPC;
		}
	}
	d->fd = fd;
	d->watch.mask |= events_of(flags);
	d->again = d->again || flags & DN_MULTISHOT;
	return f->owner_pid ? 0 : async_set_owner(f, current_process()->pid, false);
}
