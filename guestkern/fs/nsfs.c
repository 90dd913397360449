/*
 * The file system of name spaces: an inode per open link of /proc/PID/ns, whose number
 * is the name space's. Of user ids, processes, networks, clocks and control groups
 * there is one space each, which has a file all the same.
 *
 * Invariant: an inode holds a reference of its space.
 */
#include "fs/nsfs.h"

#include <linux/capability.h>
#include <linux/nsfs.h>
#include <linux/sched.h>
#include <linux/stat.h>

#include "fs/file_internal.h"
#include "fs/vfs_internal.h"
#include "lib/err.h"
#include "lib/printf.h"
#include "lib/string.h"
#include "mm/slab.h"
#include "mm/uaccess.h"
#include "proc/cred.h"
#include "proc/ipc.h"
#include "proc/task.h"
#include "proc/uts.h"

#define NSFS_MAGIC_ 0x6e736673 /* linux/magic.h: NSFS_MAGIC */
#define NAME_BYTES 40

/* A kind of name space; the first one of each has Linux's number. */
struct space_kind {
	const char *name, *text;
	u32 flag, first;
};

static const struct space_kind kinds[] = {
	{ "cgroup", "cgroup", CLONE_NEWCGROUP, 4026531835u },
	{ "ipc", "ipc", CLONE_NEWIPC, 4026531839u },
	{ "mnt", "mnt", CLONE_NEWNS, 4026531841u },
	{ "net", "net", CLONE_NEWNET, 4026531840u },
	{ "pid", "pid", CLONE_NEWPID, 4026531836u },
	{ "pid_for_children", "pid", CLONE_NEWPID, 4026531836u },
	{ "time", "time", CLONE_NEWTIME, 4026531834u },
	{ "time_for_children", "time", CLONE_NEWTIME, 4026531834u },
	{ "user", "user", CLONE_NEWUSER, 4026531837u },
	{ "uts", "uts", CLONE_NEWUTS, 4026531838u },
};

/* A name space; at NULL: the first of its kind. */
struct space {
	const struct space_kind *kind;
	void *at;
};

static struct mount *nsfs_mount; /* made at first use */

static void *space_at(const struct process *p, u32 flag)
{
	switch (flag) {
	case CLONE_NEWUTS: return p->uts;
	case CLONE_NEWIPC: return p->ipc;
	case CLONE_NEWNS: return p->res.mounts;
	default: return NULL;
	}
}

static u32 space_number(const struct space *s)
{
	if (!s->at)
		return s->kind->first;
	switch (s->kind->flag) {
	case CLONE_NEWUTS: return uts_number(s->at);
	case CLONE_NEWIPC: return ((const struct ipc_space *)s->at)->number;
	default: return mount_space_number(s->at);
	}
}

static void space_get(const struct space *s)
{
	switch (s->kind->flag) {
	case CLONE_NEWUTS: uts_get(s->at); return;
	case CLONE_NEWIPC: ipc_space_get(s->at); return;
	default: mount_space_get(s->at); return;
	}
}

static void space_put(const struct space *s)
{
	switch (s->kind->flag) {
	case CLONE_NEWUTS: uts_put(s->at); return;
	case CLONE_NEWIPC: ipc_space_put(s->at); return;
	default: mount_space_put(s->at); return;
	}
}

/* Not referenced. -ENOENT: p ends, or there is no such name. */
static int space_find(const struct process *p, const char *name, struct space *s)
{
	if (p->exiting)
		return -ENOENT;
	for (u32 i = 0; i < ARRAY_SIZE(kinds); i++) {
		if (strcmp(kinds[i].name, name) != 0)
			continue;
		*s = (struct space){ &kinds[i], space_at(p, kinds[i].flag) };
		return 0;
	}
	return -ENOENT;
}

/* --- files ------------------------------------------------------------------------------ */

static s64 nsfs_ioctl(struct file *f, u32 cmd, u64 arg)
{
	const struct space *s = f->inode->private;
	u32 uid = 0;

	switch (cmd) {
	case NS_GET_NSTYPE:
		return s->kind->flag;
	case NS_GET_PARENT: /* beyond the first */
		return s->kind->flag == CLONE_NEWUSER || s->kind->flag == CLONE_NEWPID ?
			       -EPERM :
			       -EINVAL;
	case NS_GET_OWNER_UID:
		return s->kind->flag == CLONE_NEWUSER ? put_user(uid, arg) : -EINVAL;
	case NS_GET_USERNS: {
		struct path path;
		struct file *user;
		int err = nsfs_path(current_process(), "user", &path);

		if (err)
			return err;
		user = file_open_path(&path, 0);
		path_put(&path);
		return IS_ERR(user) ? PTR_ERR(user) : fd_install(user, 0, true);
	}
	default:
		return -ENOTTY;
	}
}

static const struct file_ops nsfs_fops = {
	.ioctl = nsfs_ioctl,
};

static void nsfs_evict(struct inode *inode)
{
	struct space *s = inode->private;

	if (!s)
		return;
	if (s->at)
		space_put(s);
	kfree(s);
}

static const struct inode_ops nsfs_inode_ops = {
	.evict = nsfs_evict,
};

static int prepare(void)
{
	struct super_block *sb;
	struct inode *root;

	if (nsfs_mount)
		return 0;
	sb = super_create("nsfs", NSFS_MAGIC_);
	root = sb ? inode_create(sb, S_IFDIR | 0755) : NULL;
	if (!root || !dentry_make_root(sb, root))
		return -ENOMEM;
	sb->names_alone = true;
	nsfs_mount = mount_kernel(sb, "nsfs");
	return nsfs_mount ? 0 : -ENOMEM;
}

static struct inode *space_inode(const struct space *s)
{
	struct space *own = kmalloc(sizeof(*own));
	struct inode *inode = own ? inode_create(nsfs_mount->sb, S_IFREG | 0444) : NULL;

	if (!inode) {
		kfree(own);
		return NULL;
	}
	*own = *s;
	if (s->at)
		space_get(s);
	inode->uid = inode->gid = 0;
	inode->flags |= INODE_IMMUTABLE;
	inode->ino = space_number(s);
	inode->ops = &nsfs_inode_ops;
	inode->fops = &nsfs_fops;
	inode->private = own;
	return inode;
}

static void space_name(const struct space *s, char name[NAME_BYTES])
{
	ksnprintf(name, NAME_BYTES, "%s:[%u]", s->kind->text, space_number(s));
}

int nsfs_show(struct textbuf *tb, const struct process *p, const char *name)
{
	char text[NAME_BYTES];
	struct space s;
	int err = space_find(p, name, &s);

	if (err)
		return err;
	space_name(&s, text);
	textbuf_printf(tb, "%s", text);
	return 0;
}

int nsfs_path(const struct process *p, const char *name, struct path *to)
{
	char text[NAME_BYTES];
	struct inode *inode;
	struct space s;
	int err = space_find(p, name, &s);

	if (!err)
		err = prepare();
	if (err)
		return err;
	inode = space_inode(&s);
	if (!inode)
		return -ENOMEM;
	space_name(&s, text);
	to->mnt = nsfs_mount;
	to->dentry = dentry_alloc_unlinked(nsfs_mount->root, text, inode);
	if (!to->dentry) {
		inode_put(inode);
		return -ENOMEM;
	}
	mount_get(to->mnt);
	return 0;
}

/* --- setns ------------------------------------------------------------------------------- */

/* What stands in the way of going into s. */
static int enter_check(const struct space *s)
{
	const struct process *p = current_process();

	if (s->kind->flag == CLONE_NEWUSER)
		return -EINVAL; /* where it is already */
	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	if (s->kind->flag == CLONE_NEWNS && !capable(CAP_SYS_CHROOT))
		return -EPERM;
	if (s->kind->flag == CLONE_NEWNS &&
	    (p->task_count > 1 || ((struct fs_context *)p->res.fs)->refs > 1))
		return -EINVAL;
	return 0;
}

/* Cannot fail: see enter_check. */
static void enter(const struct space *s)
{
	struct process *p = current_process();
	struct space old = { s->kind, space_at(p, s->kind->flag) };

	if (s->at == old.at)
		return;
	space_get(s);
	switch (s->kind->flag) {
	case CLONE_NEWUTS:
		p->uts = s->at;
		break;
	case CLONE_NEWIPC:
		sem_exit(p); /* what it would undo is another's now */
		p->ipc = s->at;
		break;
	default:
		p->res.mounts = s->at;
		mount_space_enter(p->res.fs);
		break;
	}
	space_put(&old);
}

int nsfs_enter(const struct file *f, u32 type)
{
	const struct space *s = f->inode->private;
	int err;

	if (f->ops != &nsfs_fops || (type && type != s->kind->flag))
		return -EINVAL;
	err = enter_check(s);
	if (!err)
		enter(s);
	return err;
}

int nsfs_enter_process(const struct process *p, u32 types)
{
	struct space s;
	int err = 0;

	if (p->exiting)
		return -ESRCH;
	for (u32 i = 0; i < ARRAY_SIZE(kinds) && !err; i++) {
		s.kind = &kinds[i];
		if (types & kinds[i].flag)
			err = enter_check(&s);
	}
	for (u32 i = 0; i < ARRAY_SIZE(kinds) && !err; i++) {
		s = (struct space){ &kinds[i], space_at(p, kinds[i].flag) };
		if (types & kinds[i].flag)
			enter(&s);
	}
	return err;
}
