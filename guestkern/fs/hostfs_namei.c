/*
 * hostfs: names made, removed and moved, each by one request. What the VFS has checked
 * may be otherwise on the host by then: the host's word counts.
 */
#include <linux/fs.h>
#include <linux/stat.h>

#include "fs/hostfs.h"
#include "fs/vfs_internal.h"
#include "lib/err.h"
#include "lib/string.h"
#include "mm/slab.h"

/* Asks for something to be done to a name in dir. What came of it changes dir, too. */
static int ask(struct inode *dir, struct hostfs_call *call, const char *name)
{
	int err = hostfs_hold(dir, HOSTFS_PATH);

	if (err)
		return err;
	call->rq.handle = hostfs_info_of(dir)->handle;
	call->name = name;
	err = hostfs_call(call);
	if (err != -EIO)
		hostfs_dir_changed(dir, &call->reply, 0);
	return err;
}

/* The new file behind child. */
static int add_new(struct inode *dir, struct dentry *child, const struct hostfs_call *call,
		   u32 mode)
{
	struct inode *inode = hostfs_iget(dir->sb, &call->reply.attr, dir, child->name);
	struct hostfs_info *info;

	if (IS_ERR(inode))
		return (int)PTR_ERR(inode);
	info = hostfs_info_of(inode);
	if (call->reply.handle && !info->has_handle) {
		info->handle = call->reply.handle;
		info->has_handle = true;
		info->access = HOSTFS_WRITE;
	}
	inode->mode |= mode & 06000;
	inode_init_owner(inode, dir);
	info->owner_ours = inode->uid != info->host_uid || inode->gid != info->host_gid;
	child->stamp = hostfs_info_of(dir)->epoch;
	d_set_inode(child, inode);
	return 0;
}

static int make_as(struct inode *dir, struct dentry *child, struct hostfs_call *call, u32 mode)
{
	int err = ask(dir, call, child->name);

	return err ? err : add_new(dir, child, call, mode);
}

static int make(struct inode *dir, struct dentry *child, u32 op, u32 mode, const char *text)
{
	struct hostfs_call call = { .rq = { .op = op, .mode = mode & 01777 }, .text = text };

	if (op == LODGER_BROKER_MKSPECIAL && S_ISSOCK(mode))
		call.rq.flags = LODGER_BROKER_MAKE_SOCKET;
	return make_as(dir, child, &call, mode);
}

static int mknod(struct inode *dir, struct dentry *child, u32 mode, u64 rdev)
{
	(void)rdev;
	if (S_ISCHR(mode) || S_ISBLK(mode))
		return -EPERM; /* nothing of the guest's is a device on the host */
	return make(dir, child, LODGER_BROKER_MKSPECIAL, mode, NULL);
}

static int create(struct inode *dir, struct dentry *child, u32 mode)
{
	return make(dir, child, LODGER_BROKER_CREATE, mode, NULL);
}

static int mkdir(struct inode *dir, struct dentry *child, u32 mode)
{
	return make(dir, child, LODGER_BROKER_MKDIR, mode, NULL);
}

static int symlink(struct inode *dir, struct dentry *child, const char *to)
{
	return make(dir, child, LODGER_BROKER_SYMLINK, 0, to);
}

static int link(struct inode *dir, struct dentry *child, struct inode *target)
{
	struct hostfs_call call = { .rq = { .op = LODGER_BROKER_LINK } };
	int err = hostfs_hold(target, HOSTFS_PATH);

	if (err)
		return err;
	call.rq.other = hostfs_info_of(target)->handle;
	err = ask(dir, &call, child->name);
	if (err)
		return err;
	hostfs_take_attr(target, &call.reply.attr, true);
	err = hostfs_set_place(target, dir, child->name);
	if (err)
		return err;
	child->stamp = hostfs_info_of(dir)->epoch;
	inode_get(target);
	d_set_inode(child, target);
	return 0;
}

/* An open file lives on without its name: it needs a handle while it has one. */
static int keep_open(struct inode *inode)
{
	if (!S_ISREG(inode->mode) || inode->refs < 2)
		return 0;
	return hostfs_hold(inode, HOSTFS_PATH);
}

static int unlink(struct inode *dir, struct dentry *child)
{
	struct hostfs_call call = { .rq = { .op = LODGER_BROKER_UNLINK } };
	struct inode *inode = child->inode;
	int err;

	keep_open(inode); /* if that fails, what is open will say so */
	err = ask(dir, &call, child->name);
	if (err)
		return err;
	inode->nlink--;
	inode_touch(inode, false, false, true);
	return 0;
}

static int rmdir(struct inode *dir, struct dentry *child)
{
	struct hostfs_call call = { .rq = { .op = LODGER_BROKER_RMDIR } };
	int err = ask(dir, &call, child->name);

	if (!err)
		child->inode->nlink = 0;
	return err;
}

static int rename(struct inode *old_dir, struct dentry *old, struct inode *new_dir,
		  struct dentry *new, u32 flags)
{
	struct hostfs_call call = { .rq = { .op = LODGER_BROKER_RENAME, .flags = flags },
				    .text = new->name };
	struct inode *target = new->inode;
	int err = hostfs_hold(new_dir, HOSTFS_PATH);

	if (err)
		return err;
	if (target && !(flags & RENAME_EXCHANGE))
		keep_open(target);
	call.rq.other = hostfs_info_of(new_dir)->handle;
	err = ask(old_dir, &call, old->name);
	if (err)
		return err;
	if (new_dir != old_dir)
		hostfs_dir_changed(new_dir, &call.reply, 1);
	old->stamp = hostfs_info_of(new_dir)->epoch;
	err = hostfs_set_place(old->inode, new_dir, new->name);
	if (target && flags & RENAME_EXCHANGE) {
		new->stamp = hostfs_info_of(old_dir)->epoch;
		err = err ? err : hostfs_set_place(target, old_dir, old->name);
	} else if (target) {
		target->nlink = S_ISDIR(target->mode) ? 0 : target->nlink - 1;
	}
	if (err) { /* done, but not known where: look again */
		hostfs_info_of(old_dir)->epoch++;
		hostfs_info_of(new_dir)->epoch++;
	}
	return 0;
}

/* --- symbolic links -------------------------------------------------------------------- */

static char *read_target(struct inode *inode)
{
	struct hostfs_info *info = hostfs_info_of(inode);
	struct hostfs_call call = { .rq = { .op = LODGER_BROKER_READLINK } };
	char *text = kmalloc(LODGER_BROKER_TEXT_MAX + 1), *copy = NULL;
	int err = info->dir ? hostfs_hold(info->dir, HOSTFS_PATH) : -ESTALE;

	if (!text)
		return ERR_PTR(-ENOMEM);
	call.text_to = text;
	call.name = info->name;
	if (!err) {
		call.rq.handle = hostfs_info_of(info->dir)->handle;
		err = hostfs_call(&call);
	}
	if (!err) {
		text[call.reply.text_bytes] = '\0';
		copy = kstrdup(text);
		err = copy ? 0 : -ENOMEM;
	}
	kfree(text);
	return err ? ERR_PTR(err) : copy;
}

static s64 readlink(struct inode *inode, char *buf, size_t size)
{
	struct hostfs_info *info = hostfs_info_of(inode);
	size_t len;

	hostfs_refresh(inode, false);
	if (!info->target) {
		char *text = read_target(inode);

		if (IS_ERR(text))
			return PTR_ERR(text);
		info->target = text;
	}
	len = MIN(strlen(info->target), size);
	memcpy(buf, info->target, len);
	return (s64)len;
}

const struct inode_ops hostfs_link_ops = {
	.readlink = readlink,
	.setattr = hostfs_setattr,
	.getattr = hostfs_getattr,
	.evict = hostfs_evict,
};

/* FIFOs and sockets are the guest's own behind their names; devices of the host have no
 * number here, and nothing behind it. */
const struct inode_ops hostfs_special_ops = {
	.setattr = hostfs_setattr,
	.getattr = hostfs_getattr,
	.evict = hostfs_evict,
};

const struct inode_ops hostfs_dir_ops = {
	.lookup = hostfs_lookup,
	.create = create,
	.mkdir = mkdir,
	.mknod = mknod,
	.symlink = symlink,
	.link = link,
	.unlink = unlink,
	.rmdir = rmdir,
	.rename = rename,
	.setattr = hostfs_setattr,
	.getattr = hostfs_getattr,
	.open = hostfs_open,
	.evict = hostfs_evict,
};
