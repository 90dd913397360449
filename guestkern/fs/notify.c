/*
 * What happens to files, told to who watches: the watches on inodes. A watch keeps
 * its inode, until the last name of it goes. Who watches, and what becomes of an
 * event: inotify.c, dnotify.c.
 */
#include <linux/inotify.h>
#include <linux/stat.h>

#include "fs/notify_internal.h"
#include "fs/vfs.h"
#include "lib/err.h"
#include "lib/string.h"
#include "mm/slab.h"

/* Watches by share of the core. */
#define WATCHES_CORE_SHARE 32

/* What a directory hears of its entries' contents. */
#define CHILD_EVENTS                                                         \
	((u32)(IN_ACCESS | IN_MODIFY | IN_ATTRIB | IN_CLOSE | IN_OPEN))

static struct list_head watches = LIST_HEAD_INIT(watches);
static u64 watch_count;
static u32 last_cookie;

u32 notify_cookie(void)
{
	return ++last_cookie;
}

u64 watches_max(size_t size_bytes)
{
	return kmem_total_bytes() / WATCHES_CORE_SHARE / size_bytes;
}

int watch_add(struct watch *w, struct inode *inode, size_t size_bytes)
{
	if (watch_count >= watches_max(size_bytes))
		return -ENOSPC;
	inode_get(inode);
	w->inode = inode;
	w->next = inode->watches;
	inode->watches = w;
	list_add_tail(&w->all, &watches);
	watch_count++;
	return 0;
}

void watch_remove(struct watch *w)
{
	struct watch **at = (struct watch **)&w->inode->watches;

	while (*at != w)
		at = &(*at)->next;
	*at = w->next;
	list_del(&w->all);
	watch_count--;
	inode_put(w->inode);
}

static void tell_all(struct inode *inode, u32 event, u32 cookie, const char *name,
		     bool is_dir, u32 unless)
{
	struct watch *w = inode->watches, *next;

	for (; w; w = next) {
		next = w->next;
		if (w->mask & event && !(w->mask & unless))
			w->ops->tell(w, event | (is_dir ? IN_ISDIR : 0), cookie, name);
	}
}

void notify_inode(struct inode *inode, u32 event)
{
	if (inode->watches)
		tell_all(inode, event, 0, "", false, 0);
}

void notify_entry(struct inode *dir, u32 event, const char *name, size_t len,
		  u32 cookie, bool is_dir)
{
	char text[NAME_MAX_ + 1];

	if (!dir->watches || len > NAME_MAX_)
		return;
	memcpy(text, name, len);
	text[len] = '\0';
	tell_all(dir, event, cookie, text, is_dir, 0);
}

void notify_dentry(const struct dentry *d, u32 event)
{
	struct inode *dir;
	bool is_dir;

	if (!watch_count || !d->inode)
		return;
	is_dir = S_ISDIR(d->inode->mode);
	dir = d->parent != d ? d->parent->inode : NULL;
	if (dir && dir->watches && event & CHILD_EVENTS)
		tell_all(dir, event, 0, d->name, is_dir,
			 d->unlinked ? IN_EXCL_UNLINK : 0);
	tell_all(d->inode, event, 0, "", is_dir, 0);
}

void notify_file(const struct file *f, u32 event)
{
	if (watch_count && f->dentry && !(f->flags & O_PATH))
		notify_dentry(f->dentry, event);
}

void notify_gone(struct inode *inode)
{
	struct watch *w;

	if (!inode->watches)
		return;
	inode_get(inode); /* the watches hold it, too */
	tell_all(inode, IN_DELETE_SELF, 0, "", false, 0);
	while ((w = inode->watches))
		w->ops->end(w, 0);
	inode_put(inode);
}

void notify_unmount(const struct super_block *sb)
{
	struct watch *w, *tmp;

	list_for_each_entry_safe(w, tmp, &watches, all) {
		if (w->inode->sb == sb)
			w->ops->end(w, IN_UNMOUNT);
	}
}
