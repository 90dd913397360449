/*
 * hostfs: inodes in memory. There is one for each number of the host's, however many
 * names lead to it (fs->inodes).
 *
 * An inode is found by its place: a name in a directory. Where more is wanted than
 * attributes it gets a handle, which stays the file's whatever becomes of the name.
 */
#include <linux/stat.h>

#include "fs/hostfs.h"
#include "fs/vfs_internal.h"
#include "hal/hal.h"
#include "lib/err.h"
#include "lib/string.h"
#include "mm/slab.h"

#define SET_ID_BITS 06000u
#define PROBES 4u	   /* numbers of several devices may clash */

static bool same_time(const struct timespec64 *a, const struct timespec64 *b)
{
	return a->sec == b->sec && a->nsec == b->nsec;
}

/* --- the table ----------------------------------------------------------------------- */

static u64 inode_key(const struct hostfs *fs, u64 dev, u64 ino)
{
	return dev == fs->dev ? ino : ino ^ dev << 40;
}

static struct inode *find_inode(struct hostfs *fs, const struct lodger_broker_attr *attr)
{
	u64 key = inode_key(fs, attr->dev, attr->ino);

	for (u64 i = 0; i < PROBES; i++) {
		struct inode *inode = (struct inode *)radix_get(&fs->inodes, key + i);

		if (inode && inode->ino == attr->ino &&
		    hostfs_info_of(inode)->dev == attr->dev &&
		    (inode->mode & S_IFMT) == (attr->mode & S_IFMT))
			return inode;
	}
	return NULL;
}

/* An inode that finds no place is one by itself. */
static int enter_inode(struct hostfs *fs, struct inode *inode)
{
	u64 key = inode_key(fs, hostfs_info_of(inode)->dev, inode->ino);

	for (u64 i = 0; i < PROBES; i++) {
		if (!radix_get(&fs->inodes, key + i))
			return radix_set(&fs->inodes, key + i, (u64)inode);
	}
	return 0;
}

static void leave_inode(struct hostfs *fs, struct inode *inode)
{
	u64 key = inode_key(fs, hostfs_info_of(inode)->dev, inode->ino);

	for (u64 i = 0; i < PROBES; i++) {
		if (radix_get(&fs->inodes, key + i) == (u64)inode)
			radix_del(&fs->inodes, key + i);
	}
}

/* --- attributes ---------------------------------------------------------------------- */

/* Regular files: is what we have of it still what the host has? */
static void check_contents(struct inode *inode, const struct lodger_broker_attr *attr,
			   bool adopt)
{
	struct hostfs_info *info = hostfs_info_of(inode);
	struct timespec64 mtime = { attr->mtime, attr->mtime_ns };
	bool changed = attr->size != info->host_size ||
		       !same_time(&mtime, &info->host_mtime);

	if (adopt || !changed || info->modified)
		return;
	if (info->times_ours || (info->df && info->df->dirty_count))
		return; /* ours is newer, and goes there */
	if (info->df)
		diskfile_forget(info->df, attr->size);
	else
		inode->size = attr->size;
}

static void check_names(struct hostfs_info *info, const struct lodger_broker_attr *attr)
{
	struct timespec64 mtime = { attr->mtime, attr->mtime_ns };

	if (same_time(&mtime, &info->host_mtime) || info->loaded)
		return;
	info->epoch++;
	hostfs_drop_list(info);
}

static void check_target(struct hostfs_info *info, const struct lodger_broker_attr *attr)
{
	struct timespec64 mtime = { attr->mtime, attr->mtime_ns };

	if (same_time(&mtime, &info->host_mtime))
		return;
	kfree(info->target);
	info->target = NULL;
}

/* Has it attributes? Who sets one changes ctime. */
static void take_xattrs(struct hostfs_info *info, const struct lodger_broker_attr *attr,
			bool adopt)
{
	struct timespec64 ctime = { attr->ctime, attr->ctime_ns };

	if (!adopt && !same_time(&ctime, &info->host_ctime))
		info->no_caps = false;
	info->host_ctime = ctime;
	info->has_xattrs = attr->flags & LODGER_BROKER_XATTRS;
}

void hostfs_take_attr(struct inode *inode, const struct lodger_broker_attr *attr, bool adopt)
{
	struct hostfs_info *info = hostfs_info_of(inode);

	if (S_ISREG(inode->mode))
		check_contents(inode, attr, adopt);
	else if (S_ISDIR(inode->mode))
		check_names(info, attr);
	else if (S_ISLNK(inode->mode))
		check_target(info, attr);
	info->host_size = attr->size;
	info->host_mode = attr->mode;
	info->host_uid = attr->uid;
	info->host_gid = attr->gid;
	info->host_mtime = (struct timespec64){ attr->mtime, attr->mtime_ns };
	info->host_atime = (struct timespec64){ attr->atime, attr->atime_ns };
	take_xattrs(info, attr, adopt);
	info->covered = attr->flags & LODGER_BROKER_COVERED;
	info->checked_ns = clock_stamp_ns();
	if (info->modified)
		return;
	inode->mode = attr->mode | (info->owner_ours ? inode->mode & SET_ID_BITS : 0);
	inode->nlink = attr->nlink;
	inode->blocks = attr->blocks;
	inode->rdev = attr->rdev;
	if (!info->owner_ours) {
		inode->uid = attr->uid;
		inode->gid = attr->gid;
	}
	if (!S_ISREG(inode->mode))
		inode->size = attr->size;
	if (info->times_ours)
		return;
	inode->atime = info->host_atime;
	inode->mtime = info->host_mtime;
	inode->ctime = (struct timespec64){ attr->ctime, attr->ctime_ns };
}

void hostfs_dir_changed(struct inode *dir, const struct lodger_broker_reply *reply, u32 which)
{
	struct hostfs_info *info = hostfs_info_of(dir);
	const struct lodger_broker_dir *before = &reply->before[which];
	const struct lodger_broker_dir *after = &reply->after[which];

	hostfs_drop_list(info);
	if (before->mtime != info->host_mtime.sec || before->mtime_ns != info->host_mtime.nsec)
		info->epoch++;
	info->host_mtime = (struct timespec64){ after->mtime, after->mtime_ns };
	dir->mtime = dir->ctime = info->host_mtime;
	dir->nlink = after->nlink;
}

/* --- life ---------------------------------------------------------------------------- */

static void set_operations(struct inode *inode)
{
	switch (inode->mode & S_IFMT) {
	case S_IFREG:
		inode->ops = &hostfs_file_ops;
		inode->fops = &hostfs_file_fops;
		break;
	case S_IFDIR:
		inode->ops = hostfs_of(inode)->private ? &hostfs_private_dir_ops :
							 &hostfs_dir_ops;
		inode->fops = &hostfs_dir_fops;
		break;
	case S_IFLNK:
		inode->ops = &hostfs_link_ops;
		break;
	default:
		inode->ops = &hostfs_special_ops;
		break;
	}
}

/* An inode with its info, and no operations yet. */
static struct inode *alloc_inode(struct super_block *sb, u32 mode)
{
	struct inode *inode = inode_create(sb, mode);
	struct hostfs_info *info = inode ? kzalloc(sizeof(*info)) : NULL;

	if (!info) {
		if (inode)
			inode_put(inode);
		return NULL;
	}
	list_init(&info->kept);
	info->self = inode;
	inode->private = info;
	return inode;
}

struct inode *hostfs_new(struct super_block *sb, u32 mode)
{
	struct inode *inode = alloc_inode(sb, mode);

	if (!inode)
		return NULL;
	hostfs_info_of(inode)->fresh = hostfs_info_of(inode)->modified = true;
	set_operations(inode);
	return inode;
}

static struct inode *new_inode(struct super_block *sb, const struct lodger_broker_attr *attr)
{
	struct inode *inode = alloc_inode(sb, attr->mode);
	struct hostfs_info *info;

	if (!inode)
		return NULL;
	info = inode->private;
	inode->ino = attr->ino;
	inode->size = attr->size;
	info->dev = attr->dev;
	if (enter_inode(sb->private, inode)) {
		kfree(info);
		inode_put(inode);
		return NULL;
	}
	set_operations(inode);
	return inode;
}

struct inode *hostfs_iget(struct super_block *sb, const struct lodger_broker_attr *attr,
			  struct inode *dir, const char *name)
{
	struct inode *inode = find_inode(sb->private, attr);
	bool fresh = !inode;

	if (inode)
		inode_get(inode);
	else
		inode = new_inode(sb, attr);
	if (!inode)
		return ERR_PTR(-ENOMEM);
	hostfs_take_attr(inode, attr, fresh);
	if (dir && hostfs_set_place(inode, dir, name)) {
		inode_put(inode);
		return ERR_PTR(-ENOMEM);
	}
	return inode;
}

int hostfs_set_place(struct inode *inode, struct inode *dir, const char *name)
{
	struct hostfs_info *info = hostfs_info_of(inode);
	char *copy;

	if (info->dir == dir && info->name && !strcmp(info->name, name))
		return 0;
	copy = kstrdup(name);
	if (!copy)
		return -ENOMEM;
	kfree(info->name);
	info->name = copy;
	inode_get(dir);
	if (info->dir)
		inode_put(info->dir);
	info->dir = dir;
	return 0;
}

void hostfs_evict(struct inode *inode)
{
	struct hostfs_info *info = hostfs_info_of(inode);
	struct hostfs *fs = hostfs_of(inode);

	if (inode->nlink)
		hostfs_flush(inode);
	leave_inode(fs, inode);
	hostfs_drop_list(info);
	if (info->has_handle && info->handle != fs->root_handle)
		hostfs_close_handle(info->handle);
	if (info->dir)
		inode_put(info->dir);
	kfree(info->name);
	kfree(info->target);
	if (info->df)
		diskfile_evict(info->df); /* frees it with the object */
	inode->private = NULL;
	kfree(info);
}

/* --- handles ------------------------------------------------------------------------- */

static int take_handle(struct inode *inode)
{
	struct hostfs_info *info = hostfs_info_of(inode);
	struct hostfs_call call = { .rq = { .op = LODGER_BROKER_TAKE, .ino = inode->ino },
				    .name = info->name };
	int err;

	if (!info->dir || info->covered || info->fresh)
		return info->covered ? -EXDEV : -ESTALE;
	err = hostfs_hold(info->dir, HOSTFS_PATH);
	if (err)
		return err;
	call.rq.handle = hostfs_info_of(info->dir)->handle;
	err = hostfs_call_with_room(inode->sb, &call);
	if (err == -ESTALE || err == -ENOENT)
		hostfs_info_of(info->dir)->epoch++; /* look again, next time */
	if (err)
		return err == -ENOENT ? -ESTALE : err;
	info->handle = call.reply.handle;
	info->has_handle = true;
	hostfs_take_attr(inode, &call.reply.attr, false);
	return 0;
}

int hostfs_hold(struct inode *inode, enum hostfs_access access)
{
	struct hostfs_info *info = hostfs_info_of(inode);
	struct hostfs_call call = { .rq = { .op = LODGER_BROKER_OPEN } };
	int err = info->has_handle ? 0 : take_handle(inode);

	if (err || info->access >= access)
		return err;
	call.rq.handle = info->handle;
	call.rq.flags = access == HOSTFS_WRITE ? LODGER_BROKER_OPEN_WRITE : 0;
	err = hostfs_call_with_room(inode->sb, &call);
	if (err)
		return err;
	info->access = (u8)access;
	hostfs_take_attr(inode, &call.reply.attr, false);
	return 0;
}

/* --- freshness ----------------------------------------------------------------------- */

int hostfs_refresh(struct inode *inode, bool always)
{
	struct hostfs_info *info = hostfs_info_of(inode);
	struct hostfs_call call = { .rq = { .op = LODGER_BROKER_GETATTR,
					    .handle = info->handle } };
	u64 fresh_ns = S_ISDIR(inode->mode) ? HOSTFS_FRESH_NS : HOSTFS_FILE_FRESH_NS;
	int err;

	if (info->covered || info->fresh || info->loaded ||
	    (info->modified && !S_ISDIR(inode->mode)))
		return 0;
	if ((!always && clock_stamp_ns() - info->checked_ns < fresh_ns))
		return 0;
	if (!info->has_handle) {
		if (!info->dir)
			return -ESTALE;
		err = hostfs_hold(info->dir, HOSTFS_PATH);
		if (err)
			return err;
		call.rq.op = LODGER_BROKER_LOOKUP;
		call.rq.handle = hostfs_info_of(info->dir)->handle;
		call.name = info->name;
	}
	err = hostfs_call(&call);
	if (err)
		return err;
	if (call.reply.attr.ino != inode->ino ||
	    (call.reply.attr.mode & S_IFMT) != (inode->mode & S_IFMT))
		return -ESTALE;
	hostfs_take_attr(inode, &call.reply.attr, false);
	return 0;
}

void hostfs_getattr(struct inode *inode)
{
	const struct hostfs_info *info = hostfs_info_of(inode);
	u64 size = ALIGN_UP(inode->size, PAGE_SIZE);

	hostfs_refresh(inode, false); /* what it was is all there is, else */
	if (!S_ISREG(inode->mode) || !info->modified)
		return;
	/* in memory: what has pages; of the host's part that is not known */
	if (info->fresh)
		size = info->df ? MIN(size, info->df->obj.pages.count << PAGE_SHIFT) : 0;
	inode->blocks = size / 512;
}

static bool owner_differs(const struct inode *inode)
{
	const struct hostfs_info *info = hostfs_info_of(inode);

	return inode->uid != info->host_uid || inode->gid != info->host_gid ||
	       inode->mode != info->host_mode;
}

struct hostfs_owner hostfs_new_owner(const struct inode *dir, u32 mode)
{
	struct inode probe = { .mode = mode };

	inode_init_owner(&probe, dir);
	return (struct hostfs_owner){ probe.mode, probe.uid, probe.gid };
}

void hostfs_keep_owner(struct inode *inode, const struct hostfs_owner *owner)
{
	inode->uid = owner->uid;
	inode->gid = owner->gid;
	inode->mode = (inode->mode & ~SET_ID_BITS) | (owner->mode & SET_ID_BITS);
	hostfs_info_of(inode)->owner_ours = owner_differs(inode);
}

/* What of the inode differs from what the host has. */
static u32 changed_attributes(const struct inode *inode, struct lodger_broker_request *rq)
{
	const struct hostfs_info *info = hostfs_info_of(inode);
	u32 flags = 0;

	if (owner_differs(inode) && !S_ISLNK(inode->mode)) /* those have none on the host */
		flags |= LODGER_BROKER_SET_OWNER;
	if (!same_time(&inode->atime, &info->host_atime))
		flags |= LODGER_BROKER_SET_ATIME;
	if (!same_time(&inode->mtime, &info->host_mtime))
		flags |= LODGER_BROKER_SET_MTIME;
	rq->mode = inode->mode & 07777;
	rq->uid = inode->uid;
	rq->gid = inode->gid;
	rq->bytes = (u64)inode->atime.sec;
	rq->ram_at = (u64)inode->mtime.sec;
	rq->atime_ns = (u32)inode->atime.nsec;
	rq->mtime_ns = (u32)inode->mtime.nsec;
	return flags;
}

int hostfs_setattr(struct inode *inode)
{
	struct hostfs_info *info = hostfs_info_of(inode);
	struct hostfs_call call = { .rq = { .op = LODGER_BROKER_SETATTR } };
	struct hostfs_owner owner = { inode->mode, inode->uid, inode->gid };
	struct timespec64 atime = inode->atime, mtime = inode->mtime;
	int err;

	if (hostfs_of(inode)->private) {
		hostfs_modify(inode);
		return 0;
	}

	err = hostfs_hold(inode, HOSTFS_PATH); /* which may look at the host's */
	inode->uid = owner.uid;
	inode->gid = owner.gid;
	inode->mode = owner.mode;
	inode->atime = atime;
	inode->mtime = mtime;
	call.rq.handle = info->handle;
	call.rq.flags = changed_attributes(inode, &call.rq);
	if (!err && call.rq.flags)
		err = hostfs_call(&call);
	if (err) {
		info->owner_ours = false;
		hostfs_refresh(inode, true);
		return err;
	}
	info->times_ours = false;
	info->owner_ours = false;
	if (call.rq.flags)
		hostfs_take_attr(inode, &call.reply.attr, true);
	hostfs_keep_owner(inode, &owner);
	return 0;
}
