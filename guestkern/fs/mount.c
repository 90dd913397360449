/*
 * The tree of mounts: what hangs where, and mount(2)'s operations on it.
 *
 * Owns struct mount. Does not walk paths but for vfs_mount and vfs_umount; the
 * system calls check privilege. There is a tree for each mount name space
 * (mount_space.c), all in one list, and no propagation between them.
 *
 * Invariants: a mount in the list holds one reference of itself for being
 * there, references of its parent and mountpoint, and one of its super block.
 * The last mount on a place covers the earlier ones; it is found first.
 */
#include <linux/fcntl.h>
#include <linux/mount.h>
#include <linux/stat.h>

#include "dev/block.h"
#include "fs/vfs_internal.h"
#include "lib/bug.h"
#include "lib/err.h"
#include "lib/string.h"
#include "mm/slab.h"
#include "proc/task.h"

/* umount2(2); the kernel keeps these in a header of its own. */
#define MNT_FORCE 1u
#define MNT_DETACH 2u
#define MNT_EXPIRE 4u
#define UMOUNT_NOFOLLOW 8u

/* Flags a mount carries; the rest of mount(2)'s are commands. */
#define MOUNT_FLAGS                                                              \
	(MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_NOATIME | MS_NODIRATIME | \
	 MS_RELATIME | MS_STRICTATIME | MS_NOSYMFOLLOW | MS_SYNCHRONOUS)

static struct list_head mounts = LIST_HEAD_INIT(mounts); /* in order of mounting */
static struct mount *root_mount;
/* Who looks for a mount to expire: his look is no use of it. */
static const struct task *expirer;

struct mount *mount_root(void)
{
	return root_mount;
}

void mount_get(struct mount *mnt)
{
	mnt->refs++;
	if (current_task() != expirer)
		mnt->expiring = false;
}

void mount_put(struct mount *mnt)
{
	BUG_ON(mnt->refs == 0);
	if (--mnt->refs > 0)
		return;
	/* Detached long since: mount_unlink dropped parent and mountpoint. */
	dentry_put(mnt->root);
	super_put(mnt->sb);
	kfree(mnt->source);
	kfree(mnt);
}

/* Takes over the reference of sb, takes its own of root. NULL: no memory. */
static struct mount *mount_new(struct super_block *sb, struct dentry *root,
			       const char *source, u32 flags)
{
	static u32 last_id;
	struct mount *mnt = kzalloc(sizeof(*mnt));

	if (mnt)
		mnt->source = kstrdup(source ? source : "none");
	if (!mnt || !mnt->source) {
		kfree(mnt);
		super_put(sb);
		return NULL;
	}
	mnt->refs = 1;
	mnt->id = ++last_id;
	mnt->sb = sb;
	mnt->root = root;
	dentry_get(root);
	mnt->flags = flags & MOUNT_FLAGS;
	list_init(&mnt->link);
	return mnt;
}

struct wait_queue *mount_wait_queue(void)
{
	static struct wait_queue wq;
	static bool made;

	if (!made)
		wait_queue_init(&wq);
	made = true;
	return &wq;
}

/* Something has come or gone in the tree that mnt is in. */
static void tree_changed(struct mount *mnt)
{
	while (mnt->parent)
		mnt = mnt->parent;
	mnt->events++;
	wake_up(mount_wait_queue());
}

static void mount_link(struct mount *mnt, const struct path *target)
{
	tree_changed(target->mnt);
	mnt->parent = target->mnt;
	mnt->mountpoint = target->dentry;
	path_get(target);
	target->dentry->mounted++;
	list_add_tail(&mnt->link, &mounts);
}

/* Out of the tree, and the tree's reference dropped. */
static void mount_unlink(struct mount *mnt)
{
	struct path target = { .mnt = mnt->parent, .dentry = mnt->mountpoint };

	tree_changed(mnt);
	list_del(&mnt->link);
	target.dentry->mounted--;
	mnt->parent = NULL;
	mnt->mountpoint = NULL;
	path_put(&target);
	mount_put(mnt);
}

struct mount *mount_apart(struct super_block *sb, struct dentry *root, const char *source,
			  u32 flags)
{
	struct mount *mnt = mount_new(sb, root, source, flags);

	if (mnt)
		list_add_tail(&mnt->link, &mounts);
	return mnt;
}

struct mount *mount_kernel(struct super_block *sb, const char *source)
{
	struct mount *mnt = mount_new(sb, sb->root, source, 0);

	if (mnt)
		mnt->kernel = true;
	return mnt;
}

int mount_init_root(struct super_block *sb, const char *source, u32 flags)
{
	root_mount = mount_new(sb, sb->root, source, flags);
	if (!root_mount)
		return -ENOMEM;
	list_add_tail(&root_mount->link, &mounts);
	return 0;
}

struct mount *mount_first(void)
{
	return list_empty(&mounts) ? NULL : list_first_entry(&mounts, struct mount, link);
}

struct mount *mount_next(struct mount *m)
{
	return m->link.next == &mounts ? NULL : list_entry(m->link.next, struct mount, link);
}

static struct mount *mount_on(const struct path *path)
{
	struct mount *mnt, *found = NULL;

	list_for_each_entry(mnt, &mounts, link) {
		if (mnt->parent == path->mnt && mnt->mountpoint == path->dentry)
			found = mnt;
	}
	return found;
}

bool mount_cross_down(struct path *path)
{
	struct mount *mnt;
	bool moved = false;

	while (path->dentry->mounted && (mnt = mount_on(path))) {
		mount_get(mnt);
		dentry_get(mnt->root);
		path_put(path);
		path->mnt = mnt;
		path->dentry = mnt->root;
		moved = true;
	}
	return moved;
}

int mount_want_write(const struct mount *mnt)
{
	return mnt && (mnt->flags & MS_RDONLY || mnt->sb->read_only) ? -EROFS : 0;
}

/* Has anybody a file of sb open for writing, by whatever mount? */
static bool super_is_written(const struct super_block *sb)
{
	const struct mount *mnt;

	list_for_each_entry(mnt, &mounts, link) {
		if (mnt->sb == sb && mnt->writers)
			return true;
	}
	return false;
}

int super_remount(struct super_block *sb, bool read_only)
{
	int err = 0;

	if (read_only && super_is_written(sb))
		return -EBUSY;
	if (sb->ops && sb->ops->remount)
		err = sb->ops->remount(sb, read_only);
	if (!err)
		sb->read_only = read_only;
	return err;
}

int mount_set_flags(const struct path *path, u32 flags)
{
	struct mount *mnt = path->mnt;
	int err = 0;

	if (path->dentry != mnt->root || !mount_is_seen(mnt, current_process()))
		return -EINVAL;
	if (!(flags & MS_BIND))
		err = super_remount(mnt->sb, flags & MS_RDONLY);
	else if (flags & MS_RDONLY && mnt->writers)
		err = -EBUSY;
	if (err)
		return err;
	mnt->flags = flags & MOUNT_FLAGS;
	return 0;
}

int mount_copy(const struct mount *from, struct dentry *root, const struct path *target,
	       struct mount **copy)
{
	struct mount *mnt;

	from->sb->refs++;
	mnt = mount_new(from->sb, root, from->source, from->flags);
	if (!mnt)
		return -ENOMEM;
	mount_link(mnt, target);
	*copy = mnt;
	return 0;
}

struct mount *mount_copy_root(const struct mount *from, struct dentry *root)
{
	from->sb->refs++;
	return mount_apart(from->sb, root, from->source, from->flags);
}

void mount_relink(struct mount *mnt, const struct path *target)
{
	struct path old = { .mnt = mnt->parent, .dentry = mnt->mountpoint };

	tree_changed(mnt);
	list_del(&mnt->link);
	mnt->parent = NULL;
	mnt->mountpoint = NULL;
	if (target) {
		mount_link(mnt, target);
	} else { /* it becomes the root of all */
		struct mount **root = mount_space_root(current_process()->res.mounts);

		list_add(&mnt->link, &mounts);
		root = root ? root : &root_mount;
		mnt->events = (*root)->events + 1; /* goes on where that one was */
		*root = mnt;
	}
	if (!old.mnt)
		return;
	old.dentry->mounted--;
	path_put(&old);
}

/* The disk that a mount's source names. */
static struct blkdev *source_disk(const char *source)
{
	struct blkdev *dev = ERR_PTR(-ENOTBLK);
	struct inode *inode;
	struct path path;
	int err;

	err = path_walk(AT_FDCWD, source, 0, &path);
	if (err)
		return ERR_PTR(err);
	inode = path.dentry->inode;
	if (S_ISBLK(inode->mode)) {
		dev = path.mnt->flags & MS_NODEV ? NULL : blkdev_find(inode->rdev);
		dev = dev ? dev : ERR_PTR(path.mnt->flags & MS_NODEV ? -EACCES : -ENXIO);
	}
	path_put(&path);
	return dev;
}

struct super_block *super_of_disk(const struct fs_type *fs, struct blkdev *dev,
				  bool read_only, const char *options)
{
	struct super_block *sb = dev->super;

	if (!read_only && dev->read_only)
		return ERR_PTR(-EACCES);
	if (!sb)
		return fs->mount_disk(dev, read_only, options);
	if (strcmp(sb->fstype, fs->name))
		return ERR_PTR(-EBUSY);
	sb->refs++;
	return sb;
}

struct super_block *super_for(const struct fs_type *fs, const char *source, u32 flags,
			      const char *options)
{
	struct blkdev *dev;

	if (!fs->mount_disk)
		return fs->mount(source ? source : "none", options);
	if (!source)
		return ERR_PTR(-EINVAL);
	dev = source_disk(source);
	if (IS_ERR(dev))
		return ERR_PTR(PTR_ERR(dev));
	return super_of_disk(fs, dev, flags & MS_RDONLY, options);
}

int mount_super(struct super_block *sb, const char *source, const struct path *target,
		u32 flags)
{
	bool dir = S_ISDIR(sb->root->inode->mode);
	struct mount *mnt;

	if (dir != S_ISDIR(target->dentry->inode->mode)) {
		super_put(sb);
		return dir ? -ENOTDIR : -EISDIR;
	}
	mnt = mount_new(sb, sb->root, source, flags);
	if (!mnt)
		return -ENOMEM;
	mount_link(mnt, target);
	return 0;
}

int mount_at(const char *type, const char *source, const struct path *target,
	     u32 flags, const char *options)
{
	const struct fs_type *fs = fs_find_type(type);
	struct super_block *sb;
	struct mount *mnt;

	if (!fs)
		return -ENODEV;
	if (!S_ISDIR(target->dentry->inode->mode))
		return -ENOTDIR;
	if (target->dentry->unlinked)
		return -ENOENT;
	sb = super_for(fs, source, flags, options);
	if (IS_ERR(sb))
		return (int)PTR_ERR(sb);
	if (sb == target->mnt->sb && target->dentry == target->mnt->root) {
		super_put(sb); /* not the same once more on itself */
		return -EBUSY;
	}
	mnt = mount_new(sb, sb->root, source, flags);
	if (!mnt)
		return -ENOMEM;
	mount_link(mnt, target);
	return 0;
}

int vfs_mount(const char *type, const char *source, const char *target,
	      u32 flags, const char *options)
{
	struct path path;
	int err;

	err = path_walk(AT_FDCWD, target, 0, &path);
	if (err)
		return err;
	err = mount_at(type, source, &path, flags, options ? options : "");
	path_put(&path);
	return err;
}

static struct mount *mount_child(const struct mount *parent)
{
	struct mount *mnt;

	list_for_each_entry(mnt, &mounts, link) {
		if (mnt->parent == parent)
			return mnt;
	}
	return NULL;
}

void mount_unlink_tree(struct mount *mnt)
{
	struct mount *m = mnt, *up;

	for (;;) {
		struct mount *child = mount_child(m);

		if (child) {
			m = child;
			continue;
		}
		up = m->parent;
		if (m == mnt) {
			mount_unlink(m);
			return;
		}
		mount_unlink(m);
		m = up;
	}
}

void mount_drop_tree(struct mount *root)
{
	struct mount *child;

	while ((child = mount_child(root)))
		mount_unlink_tree(child);
	list_del(&root->link);
	mount_put(root);
}

int mount_detach(struct path *path, u32 flags)
{
	struct mount *mnt = path->mnt;

	if (flags & ~(MNT_FORCE | MNT_DETACH | MNT_EXPIRE | UMOUNT_NOFOLLOW))
		return -EINVAL;
	if (flags & MNT_EXPIRE && flags & (MNT_FORCE | MNT_DETACH))
		return -EINVAL;
	if (path->dentry != mnt->root || mnt == root_mount || !mnt->parent ||
	    !mount_is_seen(mnt, current_process()))
		return -EINVAL;
	if (flags & MNT_DETACH) {
		mount_unlink_tree(mnt);
		return 0;
	}
	/* One reference is the tree's, one is path's. */
	if (mount_child(mnt) || mnt->refs > 2)
		return -EBUSY;
	if (flags & MNT_EXPIRE && !mnt->expiring) {
		mnt->expiring = true; /* until it is used: mount_get */
		return -EAGAIN;
	}
	mount_unlink(mnt);
	return 0;
}

int vfs_umount(const char *target, u32 flags)
{
	struct path path;
	int err;

	if (flags & MNT_EXPIRE)
		expirer = current_task();
	err = path_walk(AT_FDCWD, target, flags & UMOUNT_NOFOLLOW ? WALK_NOFOLLOW : 0,
			&path);
	expirer = NULL;
	if (err)
		return err;
	err = mount_detach(&path, flags);
	path_put(&path);
	return err;
}
