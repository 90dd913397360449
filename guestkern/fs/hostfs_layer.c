/*
 * hostfs where changes stay in memory: what changed, as a layer in OCI's format (image
 * specification, "Image Layer Filesystem Changeset"): a tar of what is new or different,
 * whole files each; ".wh.NAME" for a name that is gone, ".wh..wh..opq" in a directory that
 * has nothing to do with the host's of that name.
 *
 * A file that differs is in fs->kept; the directories that lead to it are marked, by their
 * places on the host, and only those are looked through. What is not where it was on the
 * host (renamed, linked) is written whole, as overlay file systems do.
 */
#include <linux/fcntl.h>
#include <linux/stat.h>

#include "abi/tar.h"
#include "fs/hostfs.h"
#include "fs/tarout.h"
#include "fs/vfs_internal.h"
#include "hal/hal.h"
#include "lib/err.h"
#include "lib/printf.h"
#include "lib/string.h"
#include "mm/slab.h"

#define COPY_BYTES (64u << 10)
#define VISITED UINT32_MAX /* as a stamp: the host has the name, too */

/* A directory whose entry is written, its names are not. */
struct pending {
	struct list_head link;
	struct dentry *dir; /* referenced */
	bool whole;	    /* nothing in it is the host's any more */
};

struct layer {
	struct hostfs *fs;
	struct mount *mnt;
	struct tarout *out;
	struct radix links; /* inode -> the name (char *) that it was written under first */
	struct list_head pending;
	struct pending *now; /* whose names are gone through */
	char *name, *copy;   /* PATH_MAX_; COPY_BYTES */
};

/* --- names ---------------------------------------------------------------------------- */

/* d's name from the root on into l->name, with what follows; "." is the root. 0 or
 * -ENAMETOOLONG. */
static int set_name(struct layer *l, const struct dentry *d, const char *prefix,
		    const char *last)
{
	size_t at = PATH_MAX_ - 1;

	l->name[at] = '\0';
	if (last) {
		at -= strlen(last);
		memcpy(l->name + at, last, strlen(last));
		at -= strlen(prefix);
		memcpy(l->name + at, prefix, strlen(prefix));
	}
	for (; d->parent != d; d = d->parent) {
		bool slash = l->name[at];

		if (at < d->name_len + 1u)
			return -ENAMETOOLONG;
		if (slash)
			l->name[--at] = '/';
		at -= d->name_len;
		memcpy(l->name + at, d->name, d->name_len);
	}
	memmove(l->name, l->name + at, PATH_MAX_ - at);
	if (!*l->name)
		str_copy(l->name, ".", 2);
	return 0;
}

/* An empty file of that name in dir. */
static int write_mark(struct layer *l, const struct dentry *dir, const char *prefix,
		      const char *name)
{
	struct tarout_entry e = { .name = l->name, .empty = true };
	int err = set_name(l, dir, prefix, name);

	return err ? err : tarout_entry(l->out, &e);
}

/* --- files ---------------------------------------------------------------------------- */

static int write_contents(struct layer *l, struct dentry *d)
{
	struct path path = { l->mnt, d };
	struct file *f = file_open_path(&path, O_RDONLY);
	u64 size = d->inode->size;
	int err = 0;

	if (IS_ERR(f))
		return (int)PTR_ERR(f);
	for (u64 at = 0; at < size && !err;) {
		u64 want = MIN(size - at, (u64)COPY_BYTES);
		s64 n = file_read_kernel(f, l->copy, want, (s64)at);

		if (n < 0)
			err = (int)n;
		else if (!n) /* shorter than it was said to be */
			memset(l->copy, 0, n = (s64)want);
		if (!err)
			err = tarout_bytes(l->out, l->copy, (u64)n);
		at += (u64)MAX(n, 0LL);
	}
	file_put(f);
	return err ? err : tarout_pad(l->out);
}

/* The name under which the file, which has several, was written; NULL: this is the
 * first. ERR_PTR(-ENOMEM). */
static const char *first_name(struct layer *l, const struct inode *inode)
{
	const char *name = (const char *)radix_get(&l->links, (u64)inode >> 4);
	char *copy;

	if (name)
		return name;
	copy = kstrdup(l->name);
	if (!copy)
		return ERR_PTR(-ENOMEM);
	if (radix_set(&l->links, (u64)inode >> 4, (u64)copy)) {
		kfree(copy);
		return ERR_PTR(-ENOMEM);
	}
	return NULL;
}

static int write_symlink(struct layer *l, struct tarout_entry *e)
{
	s64 n = e->inode->ops->readlink((struct inode *)(u64)e->inode, l->copy, PATH_MAX_);

	if (n < 0)
		return (int)n;
	l->copy[n] = '\0';
	e->target = l->copy;
	return tarout_entry(l->out, e);
}

/* Of what the host has and nobody here can have: nothing. */
static bool is_of_host(const struct inode *inode)
{
	return S_ISSOCK(inode->mode) ||
	       ((S_ISCHR(inode->mode) || S_ISBLK(inode->mode)) && !inode->rdev &&
		!hostfs_info_of(inode)->fresh);
}

static int write_file(struct layer *l, struct dentry *d)
{
	struct inode *inode = d->inode;
	struct tarout_entry e = { .name = l->name, .inode = inode };
	int err;

	if (is_of_host(inode))
		return 0;
	hostfs_refresh(inode, false);
	if (inode->nlink > 1 && !S_ISDIR(inode->mode)) {
		e.target = first_name(l, inode);
		if (IS_ERR(e.target))
			return (int)PTR_ERR(e.target);
		e.hard = e.target;
	}
	if (S_ISLNK(inode->mode) && !e.hard)
		return write_symlink(l, &e);
	err = tarout_entry(l->out, &e);
	if (err || !S_ISREG(inode->mode) || e.hard)
		return err;
	return write_contents(l, d);
}

/* The entry of d; its names, if it is a directory, later. */
static int write_entry(struct layer *l, struct dentry *d, bool whole, bool opaque)
{
	struct pending *p;
	int err = set_name(l, d, "", NULL);

	if (!err)
		err = write_file(l, d);
	if (!err && opaque)
		err = write_mark(l, d, "", LODGER_LAYER_OPAQUE);
	if (err || !S_ISDIR(d->inode->mode))
		return err;
	p = kmalloc(sizeof(*p));
	if (!p)
		return -ENOMEM;
	dentry_get(d);
	p->dir = d;
	p->whole = whole || hostfs_info_of(d->inode)->fresh;
	list_add(&p->link, &l->pending);
	return 0;
}

/* --- directories ------------------------------------------------------------------------- */

/* Is the name's file the one that the host has there? */
static bool is_in_place(const struct dentry *d)
{
	const struct hostfs_info *info = hostfs_info_of(d->inode);

	return !info->fresh && info->dir == d->parent->inode && !strcmp(info->name, d->name);
}

static int write_in_place(struct layer *l, struct dentry *d)
{
	return hostfs_info_of(d->inode)->marked ? write_entry(l, d, false, false) : 0;
}

/* A name that the host's directory has. */
static int compare_name(void *context, const char *name, u32 len)
{
	struct layer *l = context;
	struct dentry *d = dentry_lookup(l->now->dir, name, len);
	int err;

	if (IS_ERR(d)) /* nobody could look at it, or change it */
		return l->now->whole || PTR_ERR(d) == -ENOMEM ? (int)PTR_ERR(d) : 0;
	d->stamp = VISITED;
	if (l->now->whole)
		err = d->inode ? write_entry(l, d, true, false) : 0;
	else if (!d->inode)
		err = write_mark(l, l->now->dir, LODGER_LAYER_WHITEOUT, d->name);
	else if (is_in_place(d))
		err = write_in_place(l, d);
	else
		err = write_entry(l, d, true, S_ISDIR(d->inode->mode));
	dentry_put(d);
	return err;
}

/* Names that only this machine has. */
static int write_new_names(struct layer *l, struct dentry *dir)
{
	struct dentry *d, *next;
	int err = 0;

	list_for_each_entry_safe(d, next, &dir->children, sibling) {
		if (!d->inode || d->stamp == VISITED || err)
			continue;
		dentry_get(d);
		err = write_entry(l, d, true, false);
		dentry_put(d);
	}
	return err;
}

/* The names of the directory are the host's, but some of the files are changed. */
static int write_marked(struct layer *l, struct dentry *dir)
{
	struct inode *inode;
	u64 key = 0;
	int err = 0;

	for (; !err && (inode = (struct inode *)radix_next(&l->fs->inodes, &key)); key++) {
		const struct hostfs_info *info = hostfs_info_of(inode);
		struct dentry *d;

		if (!info->marked || info->dir != dir->inode)
			continue;
		d = dentry_lookup(dir, info->name, strlen(info->name));
		if (IS_ERR(d))
			return (int)PTR_ERR(d);
		if (d->inode == inode)
			err = write_in_place(l, d);
		dentry_put(d);
	}
	return err;
}

static int write_names(struct layer *l)
{
	struct dentry *dir = l->now->dir;
	const struct hostfs_info *info = hostfs_info_of(dir->inode);
	int err = 0;

	if (info->covered)
		return 0;
	if (!info->loaded && !l->now->whole)
		return write_marked(l, dir);
	if (info->fresh || (info->loaded && l->now->whole))
		return write_new_names(l, dir);
	err = hostfs_each_name(dir->inode, compare_name, l);
	return err || !info->loaded ? err : write_new_names(l, dir);
}

/* --- all of it --------------------------------------------------------------------------- */

static void mark(struct hostfs *fs)
{
	struct hostfs_info *info;

	list_for_each_entry(info, &fs->kept, kept) {
		struct hostfs_info *at = info;

		for (; !at->marked; at = hostfs_info_of(at->dir)) {
			at->marked = true;
			if (!at->dir)
				break;
		}
	}
}

static int write_all(struct layer *l)
{
	struct dentry *root = l->fs->sb->root;
	int err = 0;

	if (hostfs_info_of(root->inode)->marked)
		err = write_entry(l, root, false, false);
	while (!list_empty(&l->pending)) {
		l->now = list_first_entry(&l->pending, struct pending, link);
		list_del(&l->now->link);
		if (!err)
			err = write_names(l);
		dentry_put(l->now->dir);
		kfree(l->now);
	}
	return err;
}

static void free_links(struct layer *l)
{
	u64 key = 0, name;

	for (; (name = radix_next(&l->links, &key)); key++)
		kfree((void *)name);
	radix_destroy(&l->links);
}

static struct mount *mount_of(const struct super_block *sb)
{
	struct mount *m = mount_first();

	while (m && (m->sb != sb || m->root != sb->root))
		m = mount_next(m);
	return m;
}

int hostfs_write_layer(struct super_block *sb, u32 handle)
{
	struct layer l = { .fs = sb->private, .mnt = mount_of(sb) };
	int err = -ENOMEM;

	list_init(&l.pending);
	radix_init(&l.links);
	l.name = kmalloc(PATH_MAX_);
	l.copy = kmalloc(COPY_BYTES);
	l.out = tarout_begin(handle);
	if (l.mnt && l.name && l.copy && !IS_ERR(l.out)) {
		mark(l.fs);
		err = tarout_end(l.out, write_all(&l));
	} else if (!IS_ERR(l.out)) {
		tarout_end(l.out, err);
	}
	free_links(&l);
	kfree(l.name);
	kfree(l.copy);
	return err;
}
