/*
 * File handles. Inode numbers are never used again there, so that a number is the
 * file. It is looked for among all names: who uses handles (a file server, a backup)
 * does so seldom enough, and every file keeps its memory for other things.
 */
#include "fs/handle.h"

#include "fs/vfs.h"
#include "lib/err.h"

void handle_make(const struct inode *inode, struct handle *handle)
{
	handle->generation = 0;
	handle->ino_low = (u32)inode->ino;
	handle->ino_high = (u32)(inode->ino >> 32);
}

/* The next of all dentries below root, parents first; NULL at the end. */
static struct dentry *next_below(struct dentry *d, const struct dentry *root)
{
	if (!list_empty(&d->children))
		return list_first_entry(&d->children, struct dentry, sibling);
	while (d != root && d->sibling.next == &d->parent->children)
		d = d->parent;
	return d == root ? NULL : list_entry(d->sibling.next, struct dentry, sibling);
}

struct dentry *handle_find(struct super_block *sb, const struct handle *handle)
{
	u64 ino = handle->ino_low | (u64)handle->ino_high << 32;
	struct dentry *d;

	for (d = sb->root; d; d = next_below(d, sb->root)) {
		if (!d->inode || d->inode->ino != ino || d->unlinked)
			continue;
		dentry_get(d);
		return d;
	}
	return ERR_PTR(-ESTALE);
}
