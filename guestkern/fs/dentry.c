/*
 * Directory entries: the tree of names. The hash by which it is searched is in
 * dentry_table.c.
 *
 * Owns struct dentry. Does not know mounts, permissions or path syntax.
 *
 * Invariants: a dentry holds a reference of its parent and of its inode. It is
 * hashed and in parent->children exactly as long as its name may be found. A
 * dentry that nobody references is freed at once: what a file system wants to
 * keep it pins, but for the names of disks' file systems (sb->keep_unused), which
 * wait in a list to be used again, as many as an eighth of the core holds, and more while
 * less than five eighths of it are in use; and negative
 * dentries live only while someone works on them, so that failing look-ups cost no
 * memory, but where they cost more than that (sb->keep_absent). Children ascend by dir_pos, which makes
 * a directory position meaningful across removals.
 */
#include "fs/notify.h"
#include "fs/vfs_internal.h"

#include <linux/fs.h>
#include <linux/stat.h>

#include "lib/bug.h"
#include "lib/err.h"
#include "lib/string.h"
#include "mm/slab.h"

static u64 dentry_next_pos = DIR_POS_FIRST;

/* FNV-1a (Fowler, Noll, Vo), 32 bits, over the name. */
static u32 name_hash(const char *name, size_t len)
{
	u32 hash = 2166136261u;

	for (size_t i = 0; i < len; i++)
		hash = (hash ^ (u8)name[i]) * 16777619u;
	return hash;
}

/* --- names kept unused ------------------------------------------------------------ */

#define CORE_SHARE 8
/* A name, its inode and what the file system has with it. */
#define UNUSED_BYTES 640u

static struct list_head unused = LIST_HEAD_INIT(unused); /* the longest so first */
static u64 unused_count;

void dentry_get(struct dentry *d)
{
	if (d->refs++ || list_empty(&d->unused))
		return;
	list_del(&d->unused);
	unused_count--;
}

/* The last user is gone: true if d stays. */
static bool dentry_keep(struct dentry *d)
{
	if (!d->sb || !d->sb->keep_unused || d->unlinked || d->parent == d ||
	    (!d->inode && !d->sb->keep_absent))
		return false;
	list_add_tail(&d->unused, &unused);
	unused_count++;
	return true;
}

void dentry_shrink(u64 count, const struct super_block *sb)
{
	struct list_head *at = unused.next;

	while (count && at != &unused) {
		struct dentry *d = list_entry(at, struct dentry, unused);

		at = at->next;
		if (sb && d->sb != sb)
			continue;
		count--;
		dentry_get(d);
		d->unlinked = true; /* not to be kept once more */
		dentry_put(d);
		at = unused.next; /* a parent may have joined the list, or gone */
	}
}

/* Before there is one more. */
static void limit_unused(void)
{
	u64 total = kmem_total_bytes();

	if (unused_count * UNUSED_BYTES > total / CORE_SHARE && kmem_used_bytes() > total / 8 * 5)
		dentry_shrink(unused_count / 8, NULL);
}

/* --- life ------------------------------------------------------------------------- */

static struct dentry *dentry_new(struct dentry *parent, const char *name, size_t len)
{
	struct dentry *d;

	limit_unused();
	d = kzalloc(sizeof(*d));
	if (!d)
		return NULL;
	d->name = kmalloc(len + 1);
	if (!d->name) {
		kfree(d);
		return NULL;
	}
	memcpy(d->name, name, len);
	d->name[len] = '\0';
	d->name_len = (u32)len;
	d->name_hash = name_hash(name, len);
	d->refs = 1;
	list_init(&d->sibling);
	list_init(&d->children);
	list_init(&d->hash);
	list_init(&d->unused);
	d->parent = parent ? parent : d;
	if (parent) {
		d->sb = parent->sb;
		dentry_get(parent);
	}
	return d;
}

static void dentry_link(struct dentry *d)
{
	d->dir_pos = dentry_next_pos++;
	list_add_tail(&d->sibling, &d->parent->children);
	dentry_table_add(d);
}

static void dentry_unlink(struct dentry *d)
{
	dentry_table_remove(d);
	list_del(&d->sibling);
}

struct dentry *dentry_alloc(struct dentry *parent, const char *name, size_t len)
{
	struct dentry *d = dentry_new(parent, name, len);

	if (d)
		dentry_link(d);
	return d;
}

struct dentry *dentry_alloc_unlinked(struct dentry *parent, const char *name,
				     struct inode *inode)
{
	struct dentry *d = dentry_new(parent, name, strlen(name));

	if (d) {
		d->unlinked = true;
		d->inode = inode;
	}
	return d;
}

static struct dentry *dentry_cached(struct dentry *parent, const char *name, size_t len)
{
	u32 hash = name_hash(name, len);
	struct dentry *d;

	list_for_each_entry(d, dentry_bucket(parent, hash), hash) {
		if (d->name_hash == hash && d->parent == parent &&
		    d->name_len == len && memcmp(d->name, name, len) == 0)
			return d;
	}
	return NULL;
}

void dentry_forget(struct dentry *d)
{
	dentry_unlink(d);
	d->unlinked = true;
	d_unpin(d);
}

/* 1: d may be used; 0: it is not found any more; or -errno. */
static int dentry_revalidate(struct dentry *d)
{
	int valid = 1;

	if (!d->mounted && d->sb && d->sb->ops && d->sb->ops->revalidate)
		valid = d->sb->ops->revalidate(d);
	if (!valid)
		dentry_forget(d);
	return valid;
}

struct dentry *dentry_lookup(struct dentry *parent, const char *name, size_t len)
{
	struct inode *dir = parent->inode;
	struct dentry *d;
	int err;

	if (!dir || !dir->ops || !dir->ops->lookup)
		return ERR_PTR(-ENOTDIR);
	if (len > NAME_MAX_)
		return ERR_PTR(-ENAMETOOLONG);
	d = dentry_cached(parent, name, len);
	if (d) {
		dentry_get(d);
		err = dentry_revalidate(d);
		if (err == 1)
			return d;
		dentry_put(d);
		if (err)
			return ERR_PTR(err);
	}
	if (parent->unlinked)
		return ERR_PTR(-ENOENT);
	d = dentry_alloc(parent, name, len);
	if (!d)
		return ERR_PTR(-ENOMEM);
	err = dir->ops->lookup(dir, d);
	if (err) {
		dentry_unlink(d);
		dentry_put(d);
		return ERR_PTR(err);
	}
	return d;
}

int dentry_lookup_none(struct inode *dir, struct dentry *child)
{
	(void)dir;
	(void)child;
	return 0;
}

void dentry_put(struct dentry *d)
{
	/* A loop, not recursion: dropping a leaf may free a long branch. */
	while (d) {
		struct dentry *parent = d->parent == d ? NULL : d->parent;

		BUG_ON(d->refs == 0);
		if (--d->refs > 0)
			return;
		BUG_ON(!list_empty(&d->children));
		if (dentry_keep(d))
			break;
		dentry_unlink(d);
		if (d->inode && !d->inode->nlink)
			notify_gone(d->inode);
		if (d->inode)
			inode_put(d->inode);
		kfree(d->name);
		kfree(d);
		d = parent;
	}
}

void d_set_inode(struct dentry *d, struct inode *inode)
{
	BUG_ON(d->inode);
	d->inode = inode;
	if (d->parent == d)
		return;
	/* A new position, so that a reader past the old one still sees it. */
	dentry_unlink(d);
	dentry_link(d);
}

void d_pin(struct dentry *d)
{
	BUG_ON(d->pinned);
	d->pinned = true;
	d->refs++;
}

void d_unpin(struct dentry *d)
{
	if (!d->pinned)
		return;
	d->pinned = false;
	dentry_put(d);
}

struct dentry *dentry_add(struct dentry *parent, const char *name, struct inode *inode)
{
	struct dentry *d = dentry_alloc(parent, name, strlen(name));

	if (!d) {
		inode_put(inode);
		return NULL;
	}
	d->inode = inode;
	d->pinned = true; /* the only reference */
	return d;
}

struct dentry *dentry_make_root(struct super_block *sb, struct inode *inode)
{
	struct dentry *d = dentry_new(NULL, "/", 1);

	if (!d) {
		inode_put(inode);
		return NULL;
	}
	d->sb = sb;
	d->inode = inode;
	sb->root = d;
	return d;
}

/* There is no such name any more, and who asks for it again need not search. */
static void keep_absent(const struct dentry *d)
{
	struct dentry *absent;

	if (!d->sb->keep_absent || d->parent->unlinked)
		return;
	absent = dentry_alloc(d->parent, d->name, d->name_len);
	if (!absent)
		return;
	absent->stamp = d->stamp;
	dentry_put(absent);
}

/* absent: and nothing takes its place. */
static void delete(struct dentry *d, bool absent)
{
	dentry_unlink(d);
	d->unlinked = true;
	if (absent)
		keep_absent(d);
	if (d->pinned) {
		d->pinned = false;
		dentry_put(d);
	}
}

void dentry_delete(struct dentry *d)
{
	delete(d, true);
}

void dentry_move(struct dentry *old, struct dentry *new, char *name)
{
	struct dentry *old_parent = old->parent;

	dentry_unlink(old);
	kfree(old->name);
	old->name = name;
	old->name_len = new->name_len;
	old->name_hash = new->name_hash;
	old->parent = new->parent;
	dentry_get(old->parent);
	if (new->inode) {
		delete(new, false);
	} else {
		dentry_unlink(new);
		new->unlinked = true; /* not to be kept */
	}
	dentry_link(old);
	dentry_put(old_parent);
}

void dentry_exchange(struct dentry *a, struct dentry *b)
{
	struct dentry *parent = a->parent;
	char *name = a->name;
	u32 len = a->name_len, hash = a->name_hash;

	dentry_unlink(a);
	dentry_unlink(b);
	a->parent = b->parent;
	a->name = b->name;
	a->name_len = b->name_len;
	a->name_hash = b->name_hash;
	b->parent = parent;
	b->name = name;
	b->name_len = len;
	b->name_hash = hash;
	dentry_link(a);
	dentry_link(b);
}

bool dentry_is_ancestor(const struct dentry *a, const struct dentry *d)
{
	while (d != a) {
		if (d->parent == d)
			return false;
		d = d->parent;
	}
	return true;
}

static struct dentry *first_pinned(struct dentry *parent)
{
	struct dentry *d;

	list_for_each_entry(d, &parent->children, sibling) {
		if (d->pinned)
			return d;
	}
	return NULL;
}

void dentry_drop_tree(struct dentry *root)
{
	struct dentry *d = root, *child, *parent;

	/* Depth first, without a stack: down while there are pinned children,
	 * else unpin and up. The reference on each dentry of the way down is
	 * its pin. */
	for (;;) {
		child = first_pinned(d);
		if (child) {
			d = child;
			continue;
		}
		if (d == root)
			return;
		parent = d->parent;
		dentry_delete(d);
		d = parent;
	}
}

/* --- directories made of pinned dentries -------------------------------------- */

static u32 inode_dtype(const struct inode *inode)
{
	return (inode->mode & S_IFMT) >> 12; /* DT_*: readdir(3) */
}

static bool emit_one(struct file *f, struct dir_sink *sink, const char *name,
		     size_t len, const struct inode *inode, u64 pos)
{
	if (!sink->emit(sink, name, len, inode->ino, inode_dtype(inode), (s64)pos + 1))
		return false;
	f->pos = (s64)pos + 1;
	return true;
}

static int dentry_dir_iterate(struct file *f, struct dir_sink *sink)
{
	struct dentry *dir = f->dentry, *d;

	if (f->pos == 0 && !emit_one(f, sink, ".", 1, dir->inode, 0))
		return 0;
	if (f->pos == 1 && !emit_one(f, sink, "..", 2, dir->parent->inode, 1))
		return 0;
	/* Emitting may take a fault but never sleeps in a way that lets others
	 * change the list (ramfs and anonymous memory do not wait). */
	list_for_each_entry(d, &dir->children, sibling) {
		if (!d->inode || (s64)d->dir_pos < f->pos)
			continue;
		if (!emit_one(f, sink, d->name, d->name_len, d->inode, d->dir_pos))
			break;
	}
	return 0;
}

static int dentry_dir_fsync(struct file *f)
{
	(void)f;
	return 0;
}

const struct file_ops dentry_dir_fops = {
	.lseek = file_plain_lseek,
	.iterate = dentry_dir_iterate,
	.fsync = dentry_dir_fsync,
};
