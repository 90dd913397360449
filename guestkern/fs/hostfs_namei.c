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
	err = hostfs_call_with_room(dir->sb, call);
	if (err != -EIO)
		hostfs_dir_changed(dir, &call->reply, 0);
	return err;
}

/* The inode of a file that was made as owner says. */
static struct inode *new_inode(struct super_block *sb, const struct hostfs_call *call,
			       const struct hostfs_owner *owner, struct inode *dir,
			       const char *name)
{
	struct inode *inode = hostfs_iget(sb, &call->reply.attr, dir, name);
	struct hostfs_info *info;

	if (IS_ERR(inode))
		return inode;
	info = hostfs_info_of(inode);
	if (call->reply.handle && !info->has_handle) {
		info->handle = call->reply.handle;
		info->has_handle = true;
		info->access = HOSTFS_WRITE;
	}
	hostfs_keep_owner(inode, owner);
	return inode;
}

static void say_owner(struct hostfs_call *call, const struct hostfs_owner *owner)
{
	call->rq.mode = owner->mode & 07777;
	call->rq.uid = owner->uid;
	call->rq.gid = owner->gid;
}

/* mode: with its type. */
static int make(struct inode *dir, struct dentry *child, struct hostfs_call *call, u32 mode)
{
	struct hostfs_owner owner = hostfs_new_owner(dir, mode);
	struct inode *inode;
	int err;

	say_owner(call, &owner);
	err = ask(dir, call, child->name);
	if (err)
		return err;
	inode = new_inode(dir->sb, call, &owner, dir, child->name);
	if (IS_ERR(inode))
		return (int)PTR_ERR(inode);
	child->stamp = hostfs_info_of(dir)->epoch;
	d_set_inode(child, inode);
	return 0;
}

static int mknod(struct inode *dir, struct dentry *child, u32 mode, u64 rdev)
{
	struct hostfs_call call = { .rq = { .op = LODGER_BROKER_MKSPECIAL, .rdev = rdev } };

	if (S_ISREG(mode))
		call.rq.op = LODGER_BROKER_CREATE;
	else if (S_ISSOCK(mode))
		call.rq.flags = LODGER_BROKER_MAKE_SOCKET;
	else if (S_ISCHR(mode))
		call.rq.flags = LODGER_BROKER_MAKE_CHAR;
	else if (S_ISBLK(mode))
		call.rq.flags = LODGER_BROKER_MAKE_BLOCK;
	return make(dir, child, &call, mode);
}

static int create(struct inode *dir, struct dentry *child, u32 mode)
{
	struct hostfs_call call = { .rq = { .op = LODGER_BROKER_CREATE } };

	return make(dir, child, &call, (mode & 07777) | S_IFREG);
}

static int mkdir(struct inode *dir, struct dentry *child, u32 mode)
{
	struct hostfs_call call = { .rq = { .op = LODGER_BROKER_MKDIR } };

	return make(dir, child, &call, (mode & 07777) | S_IFDIR);
}

static struct inode *tmpfile(struct inode *dir, u32 mode)
{
	struct hostfs_call call = { .rq = { .op = LODGER_BROKER_TMPFILE } };
	struct hostfs_owner owner = hostfs_new_owner(dir, (mode & 07777) | S_IFREG);
	int err = hostfs_hold(dir, HOSTFS_PATH);

	say_owner(&call, &owner);
	call.rq.handle = hostfs_info_of(dir)->handle;
	if (!err)
		err = hostfs_call_with_room(dir->sb, &call);
	return err ? ERR_PTR(err) : new_inode(dir->sb, &call, &owner, NULL, NULL);
}

static int symlink(struct inode *dir, struct dentry *child, const char *to)
{
	struct hostfs_call call = { .rq = { .op = LODGER_BROKER_SYMLINK }, .text = to };

	return make(dir, child, &call, S_IFLNK | 0777);
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
	child->stamp = hostfs_info_of(dir)->epoch;
	return 0;
}

static int rmdir(struct inode *dir, struct dentry *child)
{
	struct hostfs_call call = { .rq = { .op = LODGER_BROKER_RMDIR } };
	int err = ask(dir, &call, child->name);

	if (err)
		return err;
	child->inode->nlink = 0;
	child->stamp = hostfs_info_of(dir)->epoch;
	return 0;
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

/* FIFOs and sockets are the guest's own behind their names, so are devices that it has
 * made; those of the host have no number here, and nothing behind it. */
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
	.tmpfile = tmpfile,
	.setattr = hostfs_setattr,
	.getattr = hostfs_getattr,
	.open = hostfs_open,
	.evict = hostfs_evict,
};
