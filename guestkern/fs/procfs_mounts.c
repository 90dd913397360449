/*
 * /proc/PID/mounts and mountinfo (proc(5)), and waiting for changes of them: poll tells
 * POLLPRI when something was mounted or unmounted since it last did.
 */
#include <linux/mount.h>
#include <linux/poll.h>

#include "fs/file.h"
#include "fs/poll.h"
#include "fs/procfs.h"
#include "fs/vfs_internal.h"
#include "lib/err.h"
#include "lib/printf.h"
#include "lib/string.h"
#include "mm/slab.h"
#include "proc/task.h"

/* As mount(8) writes them. */
static void put_mount_options(struct textbuf *tb, const struct mount *m, bool read_only)
{
	static const struct {
		u32 flag;
		const char *text;
	} options[] = {
		{ MS_NOSUID, ",nosuid" },   { MS_NODEV, ",nodev" },
		{ MS_NOEXEC, ",noexec" },   { MS_NOATIME, ",noatime" },
		{ MS_NODIRATIME, ",nodiratime" },
	};

	textbuf_printf(tb, "%s", read_only ? "ro" : "rw");
	for (u32 i = 0; i < ARRAY_SIZE(options); i++) {
		if (m->flags & options[i].flag)
			textbuf_printf(tb, "%s", options[i].text);
	}
	if (!(m->flags & (MS_NOATIME | MS_STRICTATIME)))
		textbuf_printf(tb, ",relatime");
	if (m->flags & MS_NOSYMFOLLOW)
		textbuf_printf(tb, ",nosymfollow");
}

/* Blanks in names are written \040 and so on, as in fstab(5). */
static void put_escaped(struct textbuf *tb, const char *text)
{
	for (; *text; text++) {
		if (*text == ' ' || *text == '\t' || *text == '\n' || *text == '\\')
			textbuf_printf(tb, "\\%03o", (u8)*text);
		else
			textbuf_putc(tb, *text);
	}
}

/* What of the file system is mounted: "/" unless by a bind mount. */
static int put_root_in_fs(struct textbuf *tb, const struct mount *m)
{
	char *page = kpages_alloc(0);
	char *at = page + PAGE_SIZE - 1;
	const struct dentry *d;

	if (!page)
		return -ENOMEM;
	for (d = m->root; d != d->parent && at - page > (s64)d->name_len + 1; d = d->parent) {
		at -= d->name_len;
		memcpy(at, d->name, d->name_len);
		if (!d->sb->names_alone)
			*--at = '/';
	}
	put_escaped(tb, *at ? at : "/");
	if (m->root->unlinked)
		textbuf_printf(tb, "//deleted");
	kpages_free(page, 0);
	return 0;
}

static int put_mountpoint(struct textbuf *tb, struct mount *m)
{
	struct path path = { m, m->root };
	char *page = kpages_alloc(0);
	char *name;
	int err = 0;

	if (!page)
		return -ENOMEM;
	name = path_name(&path, page, PAGE_SIZE);
	if (IS_ERR(name))
		err = (int)PTR_ERR(name);
	else
		put_escaped(tb, name);
	kpages_free(page, 0);
	return err;
}

int proc_show_mounts(struct textbuf *tb, const struct proc_target *t)
{
	int err;

	for (struct mount *m = mount_first(); m; m = mount_next(m)) {
		if (!mount_is_seen(m, t->process))
			continue;
		put_escaped(tb, m->source ? m->source : "none");
		textbuf_putc(tb, ' ');
		err = put_mountpoint(tb, m);
		if (err)
			return err;
		textbuf_printf(tb, " %s ", m->sb->fstype);
		put_mount_options(tb, m, mount_want_write(m));
		textbuf_printf(tb, " 0 0\n");
	}
	return 0;
}

int proc_show_mountinfo(struct textbuf *tb, const struct proc_target *t)
{
	int err;

	for (struct mount *m = mount_first(); m; m = mount_next(m)) {
		if (!mount_is_seen(m, t->process))
			continue;
		textbuf_printf(tb, "%u %u %u:%u ", m->id,
			       m->parent ? m->parent->id : 0, (u32)(super_dev(m->sb) >> 8 & 0xfff),
			       (u32)(super_dev(m->sb) & 0xff));
		err = put_root_in_fs(tb, m);
		if (err)
			return err;
		textbuf_putc(tb, ' ');
		err = put_mountpoint(tb, m);
		if (err)
			return err;
		textbuf_putc(tb, ' ');
		put_mount_options(tb, m, m->flags & MS_RDONLY);
		textbuf_printf(tb, " - %s ", m->sb->fstype);
		put_escaped(tb, m->source ? m->source : "none");
		textbuf_printf(tb, " %s\n", mount_want_write(m) ? "ro" : "rw");
	}
	return 0;
}

/* --- waiting ----------------------------------------------------------------------------------- */

int proc_mounts_open(struct file *f)
{
	struct proc_target t;

	if (proc_node_target(f->inode->private, &t) == 0)
		f->event = mount_space_events(t.process);
	return 0;
}

u32 proc_mounts_poll(struct file *f, struct poll_table *pt)
{
	u32 ready = POLLIN | POLLRDNORM, event;
	struct proc_target t;

	poll_wait(pt, mount_wait_queue());
	if (proc_node_target(f->inode->private, &t))
		return ready;
	event = mount_space_events(t.process);
	if (event == f->event)
		return ready;
	f->event = event;
	return ready | POLLERR | POLLPRI;
}
