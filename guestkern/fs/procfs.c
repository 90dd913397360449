/*
 * "proc": the tree. Owns inodes and directories; every inode is made when it is
 * looked up and forgotten with its last user. What a process's directory shows
 * is found anew at each use by number and start time, so nothing here keeps a
 * process alive or outlives it.
 */
#include "fs/procfs.h"

#include <linux/capability.h>
#include <linux/fcntl.h>
#include <linux/fs.h>
#include <linux/magic.h>
#include <linux/stat.h>

#include "fs/file_internal.h"
#include "fs/pseudo.h"
#include "lib/err.h"
#include "lib/string.h"
#include "mm/slab.h"
#include "proc/cred.h"
#include "proc/task.h"

#define POS_DYNAMIC 1024 /* directory positions of numbered entries start here */
#define NUMBER_MAX_DIGITS 10

static const struct proc_entry root_entry = {
	.name = "/",
	.kind = PROC_DIR,
	.mode = 0555,
	.children = proc_root_entries,
	.dynamic = PROC_PROCESSES,
};
static const struct proc_entry process_entry = {
	.name = "PID",
	.kind = PROC_DIR,
	.mode = 0555,
	.children = proc_process_entries,
};
static const struct proc_entry task_entry = {
	.name = "TID",
	.kind = PROC_DIR,
	.mode = 0555,
	.children = proc_task_entries,
};

static const struct file_ops dir_fops;

static struct proc_node *node_of(const struct inode *inode)
{
	return inode->private;
}

/* --- whom it is about ------------------------------------------------------------------ */

int proc_node_target(const struct proc_node *node, struct proc_target *t)
{
	memset(t, 0, sizeof(*t));
	t->fd = node->fd;
	t->entry = node->entry;
	if (!node->pid)
		return 0;
	t->process = process_find(node->pid);
	if (!t->process || t->process->start_ns != node->start_ns)
		return -ESRCH;
	t->task = node->tid ? task_find(node->tid) : process_leader(t->process);
	return t->task && t->task->proc == t->process ? 0 : -ESRCH;
}

struct process *proc_file_process(const struct file *f)
{
	struct proc_target t;

	if (!f->inode || f->ops != &dir_fops || node_of(f->inode)->entry != &process_entry)
		return ERR_PTR(-EBADF);
	return proc_node_target(node_of(f->inode), &t) ? NULL : t.process;
}

bool proc_may_access(const struct process *p)
{
	const struct cred *mine = &current_task()->cred;
	const struct cred *theirs = &process_leader(p)->cred;

	if (p == current_process() || capable(CAP_SYS_PTRACE))
		return true;
	return p->dumpable && mine->fsuid == theirs->uid &&
	       mine->fsuid == theirs->euid && mine->fsuid == theirs->suid &&
	       mine->fsgid == theirs->gid && mine->fsgid == theirs->egid &&
	       mine->fsgid == theirs->sgid;
}

void proc_owner(const struct process *p, u32 *uid, u32 *gid)
{
	const struct cred *cred = &process_leader(p)->cred;

	*uid = p->dumpable ? cred->euid : 0;
	*gid = p->dumpable ? cred->egid : 0;
}

/* --- inodes -------------------------------------------------------------------------------- */

static const struct inode_ops dir_inode_ops, file_inode_ops, link_inode_ops,
	magic_inode_ops;

/* Stable while the thing is: same name, same number. */
static u64 node_ino(const struct proc_node *node)
{
	u32 hash = 2166136261u;

	for (const char *c = node->entry->name; *c; c++)
		hash = (hash ^ (u8)*c) * 16777619u;
	hash += (u32)(node->fd + 1) * 2654435761u;
	return ((u64)(node->tid ? node->tid : node->pid) << 32 | hash) + 2;
}

static u32 node_mode(const struct proc_node *node)
{
	static const u32 type[] = { [PROC_FILE] = S_IFREG,
				    [PROC_LINK] = S_IFLNK,
				    [PROC_MAGIC] = S_IFLNK,
				    [PROC_DIR] = S_IFDIR };

	return type[node->entry->kind] | node->entry->mode;
}

static void inode_set_ops(struct inode *inode, const struct proc_entry *entry)
{
	switch (entry->kind) {
	case PROC_FILE:
		inode->ops = &file_inode_ops;
		inode->fops = entry->fops ? entry->fops : &proc_file_ops;
		break;
	case PROC_LINK:
		inode->ops = &link_inode_ops;
		break;
	case PROC_MAGIC:
		inode->ops = &magic_inode_ops;
		break;
	case PROC_DIR:
		inode->ops = &dir_inode_ops;
		inode->fops = &dir_fops;
		break;
	}
}

/* Links of descriptors show in their mode what may be done through them. */
static u32 fd_link_mode(const struct process *p, int fd)
{
	struct file *f = process_fd_get(p, fd);
	u32 mode = S_IFLNK;

	if (!f)
		return mode;
	if (file_readable(f))
		mode |= 0500;
	if (file_writable(f))
		mode |= 0300;
	file_put(f);
	return mode;
}

static struct inode *node_inode(struct super_block *sb, const struct proc_node *node)
{
	struct process *p = node->pid ? process_find(node->pid) : NULL;
	struct proc_node *copy = kmalloc(sizeof(*copy));
	struct inode *inode;

	if (!copy)
		return NULL;
	*copy = *node;
	copy->start_ns = p ? p->start_ns : 0;
	inode = inode_create(sb, node_mode(node));
	if (!inode) {
		kfree(copy);
		return NULL;
	}
	inode->private = copy;
	inode->ino = node_ino(node);
	inode->uid = inode->gid = 0;
	if (p)
		proc_owner(p, &inode->uid, &inode->gid);
	if (p && node->fd >= 0 && node->entry->kind == PROC_MAGIC)
		inode->mode = fd_link_mode(p, node->fd);
	inode_set_ops(inode, node->entry);
	return inode;
}

static void node_evict(struct inode *inode)
{
	kfree(inode->private);
}

/* The owner may have changed (exec, setuid) since the inode was made. */
static void node_getattr(struct inode *inode)
{
	struct proc_target t;

	if (proc_node_target(node_of(inode), &t) == 0 && t.process)
		proc_owner(t.process, &inode->uid, &inode->gid);
}

/* O_TRUNC on the way to a write (a shell's "> file") changes nothing. */
static int file_truncate(struct inode *inode, u64 size)
{
	(void)inode;
	(void)size;
	return 0;
}

/* --- look-up ----------------------------------------------------------------------------------- */

static bool parse_number(const char *name, size_t len, s32 *number)
{
	u64 value = 0;

	if (len == 0 || len > NUMBER_MAX_DIGITS || (name[0] == '0' && len > 1))
		return false;
	for (size_t i = 0; i < len; i++) {
		if (name[i] < '0' || name[i] > '9')
			return false;
		value = value * 10 + (u64)(name[i] - '0');
	}
	if (value > INT32_MAX)
		return false;
	*number = (s32)value;
	return true;
}

/* The node of a numbered entry; false: there is none. */
static bool dynamic_node(const struct proc_node *dir, const struct proc_target *t,
			 s32 number, struct proc_node *node)
{
	struct task *task;
	struct file *f;

	*node = (struct proc_node){ .pid = dir->pid, .tid = dir->tid, .fd = -1 };
	switch (dir->entry->dynamic) {
	case PROC_NOTHING:
		return false;
	case PROC_PROCESSES:
		node->entry = &process_entry;
		node->pid = number;
		return process_find(number) != NULL;
	case PROC_TASKS:
		task = task_find(number);
		node->entry = &task_entry;
		node->tid = number;
		return task && task->proc == t->process;
	case PROC_FDS:
	case PROC_FDINFOS:
		f = process_fd_get(t->process, number);
		if (!f)
			return false;
		file_put(f);
		node->entry = dir->entry->dynamic == PROC_FDS ? &proc_fd_entry :
								&proc_fdinfo_entry;
		node->fd = number;
		return true;
	}
	return false;
}

static bool find_node(const struct proc_node *dir, const struct proc_target *t,
		      const char *name, size_t len, struct proc_node *node)
{
	const struct proc_entry *e;
	s32 number;

	for (e = dir->entry->children; e && e->name; e++) {
		if (strlen(e->name) != len || memcmp(e->name, name, len) != 0)
			continue;
		*node = (struct proc_node){ .entry = e, .pid = dir->pid,
					    .tid = dir->tid, .fd = -1 };
		return true;
	}
	return parse_number(name, len, &number) &&
	       dynamic_node(dir, t, number, node);
}

static int dir_lookup(struct inode *dir, struct dentry *child)
{
	struct proc_target t;
	struct proc_node node;
	struct inode *inode;
	int err;

	err = proc_node_target(node_of(dir), &t);
	if (err)
		return -ENOENT; /* the process is gone, and its files with it */
	if (!find_node(node_of(dir), &t, child->name, child->name_len, &node))
		return 0;
	inode = node_inode(dir->sb, &node);
	if (!inode)
		return -ENOMEM;
	d_set_inode(child, inode);
	return 0;
}

/* --- listing --------------------------------------------------------------------------------------- */

static bool emit(struct file *f, struct dir_sink *sink, const char *name, u64 ino,
		 u32 type, s64 next)
{
	if (!sink->emit(sink, name, strlen(name), ino, type, next))
		return false;
	f->pos = next;
	return true;
}

static bool emit_dots(struct file *f, struct dir_sink *sink)
{
	u32 type = S_IFDIR >> 12;

	if (f->pos == 0 && !emit(f, sink, ".", f->inode->ino, type, 1))
		return false;
	if (f->pos == 1 && !emit(f, sink, "..",
				 f->dentry->parent->inode->ino, type, 2))
		return false;
	return true;
}

static bool emit_table(struct file *f, struct dir_sink *sink)
{
	const struct proc_node *dir = node_of(f->inode);
	const struct proc_entry *e = dir->entry->children;

	for (s64 i = 0; e && e->name; i++, e++) {
		struct proc_node node = { .entry = e, .pid = dir->pid,
					  .tid = dir->tid, .fd = -1 };

		if (i + 2 < f->pos)
			continue;
		if (!emit(f, sink, e->name, node_ino(&node),
			  node_mode(&node) >> 12, i + 3))
			return false;
	}
	return true;
}

/* The lowest number >= from that is in the directory, or -1. */
static s32 next_number(const struct proc_node *dir, const struct proc_target *t,
		       s32 from)
{
	struct process *p;
	struct task *task;
	s32 best = -1;

	switch (dir->entry->dynamic) {
	case PROC_NOTHING:
		break;
	case PROC_PROCESSES:
		for (p = process_first(); p; p = process_next(p))
			if (p->pid >= from && (best < 0 || p->pid < best))
				best = p->pid;
		break;
	case PROC_TASKS:
		list_for_each_entry(task, &t->process->tasks, group_link)
			if (task->tid >= from && (best < 0 || task->tid < best))
				best = task->tid;
		break;
	case PROC_FDS:
	case PROC_FDINFOS:
		return process_fd_next(t->process, from);
	}
	return best;
}

static bool emit_numbers(struct file *f, struct dir_sink *sink,
			 const struct proc_target *t)
{
	const struct proc_node *dir = node_of(f->inode);
	struct proc_node node;
	char name[16];
	s32 n;

	if (f->pos < POS_DYNAMIC)
		f->pos = POS_DYNAMIC;
	while (f->pos - POS_DYNAMIC <= INT32_MAX) {
		n = next_number(dir, t, (s32)(f->pos - POS_DYNAMIC));
		if (n < 0 || !dynamic_node(dir, t, n, &node))
			return true;
		ksnprintf(name, sizeof(name), "%d", n);
		if (!emit(f, sink, name, node_ino(&node), node_mode(&node) >> 12,
			  (s64)n + 1 + POS_DYNAMIC))
			return false;
	}
	return true;
}

static int dir_iterate(struct file *f, struct dir_sink *sink)
{
	const struct proc_node *dir = node_of(f->inode);
	struct proc_target t;
	int err = proc_node_target(dir, &t);

	if (err)
		return err == -ESRCH ? -ENOENT : err;
	if ((dir->entry->dynamic == PROC_FDS ||
	     dir->entry->dynamic == PROC_FDINFOS) && !proc_may_access(t.process))
		return -EACCES;
	if (emit_dots(f, sink) && emit_table(f, sink))
		emit_numbers(f, sink, &t);
	return 0;
}

/* --- links -------------------------------------------------------------------------------------------- */

static s64 link_readlink(struct inode *inode, char *buf, size_t size)
{
	struct proc_target t;
	size_t len;
	char *text;
	int err;

	err = proc_node_target(node_of(inode), &t);
	if (!err && node_of(inode)->entry->kind == PROC_MAGIC &&
	    !proc_may_access(t.process))
		err = -EACCES;
	if (!err)
		err = proc_show(node_of(inode), &text, &len);
	if (err)
		return err;
	len = MIN(len, size);
	memcpy(buf, text, len);
	kfree(text);
	return (s64)len;
}

static int magic_follow(struct inode *inode, struct path *to)
{
	struct proc_target t;
	int err = proc_node_target(node_of(inode), &t);

	if (err)
		return err;
	if (!proc_may_access(t.process))
		return -EACCES;
	return node_of(inode)->entry->follow(&t, to);
}

static const struct inode_ops dir_inode_ops = {
	.lookup = dir_lookup,
	.getattr = node_getattr,
	.evict = node_evict,
};
static const struct inode_ops file_inode_ops = {
	.truncate = file_truncate,
	.getattr = node_getattr,
	.evict = node_evict,
};
static const struct inode_ops link_inode_ops = {
	.readlink = link_readlink,
	.getattr = node_getattr,
	.evict = node_evict,
};
static const struct inode_ops magic_inode_ops = {
	.readlink = link_readlink,
	.follow = magic_follow,
	.getattr = node_getattr,
	.evict = node_evict,
};
static const struct file_ops dir_fops = {
	.iterate = dir_iterate,
	.lseek = file_plain_lseek,
};

/* --- mounting -------------------------------------------------------------------------------------------- */

struct super_block *proc_super_create(const char *fstype, u64 magic,
				      const struct proc_entry *entry)
{
	const struct proc_node root = { .entry = entry, .fd = -1 };
	struct super_block *sb = super_create(fstype, magic);
	struct inode *inode;

	if (!sb)
		return ERR_PTR(-ENOMEM);
	inode = node_inode(sb, &root);
	if (inode)
		inode->ino = 1;
	if (inode && dentry_make_root(sb, inode))
		return sb;
	kfree(sb); /* nothing hangs on it yet */
	return ERR_PTR(-ENOMEM);
}

static struct super_block *procfs_mount(const char *source, const char *options)
{
	(void)source;
	(void)options;
	return proc_super_create("proc", PROC_SUPER_MAGIC, &root_entry);
}

void procfs_init(void)
{
	static const struct fs_type type = { .name = "proc", .mount = procfs_mount };

	fs_register(&type);
}
