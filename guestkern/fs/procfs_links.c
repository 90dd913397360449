/* Symbolic links of procfs that lead to places: exe, cwd, root, fd/N. */
#include <linux/stat.h>

#include "fs/file_internal.h"
#include "fs/nsfs.h"
#include "fs/procfs.h"
#include "fs/vfs_internal.h"
#include "lib/err.h"
#include "mm/mm.h"
#include "mm/slab.h"
#include "proc/task.h"

int proc_put_path(struct textbuf *tb, const struct path *path)
{
	char *page = kpages_alloc(0);
	char *name;
	int err = 0;

	if (!page)
		return -ENOMEM;
	name = path_name(path, page, PAGE_SIZE);
	if (IS_ERR(name))
		err = (int)PTR_ERR(name);
	else
		textbuf_printf(tb, "%s", name);
	kpages_free(page, 0);
	return err;
}

/* --- exe ---------------------------------------------------------------------------- */

/* The file that the program's code is mapped from, or NULL. */
static struct file *exe_file(const struct proc_target *t)
{
	const struct mm *mm = t->process->mm;
	const struct vma *vma = mm ? vma_at(mm, mm->code_start) : NULL;
	struct file *f = vma ? vma->file : NULL;

	return f && f->dentry ? f : NULL;
}

int proc_show_exe(struct textbuf *tb, const struct proc_target *t)
{
	const struct file *f = exe_file(t);
	struct path path;

	if (f) {
		path = (struct path){ f->mnt, f->dentry };
		return proc_put_path(tb, &path);
	}
	if (!t->process->exe_path)
		return -ENOENT;
	textbuf_printf(tb, "%s", t->process->exe_path);
	return 0;
}

int proc_follow_exe(const struct proc_target *t, struct path *to)
{
	const struct file *f = exe_file(t);

	if (!f)
		return -ENOENT;
	*to = (struct path){ f->mnt, f->dentry };
	path_get(to);
	return 0;
}

/* --- ns ------------------------------------------------------------------------------ */

static int show_ns(struct textbuf *tb, const struct proc_target *t)
{
	return nsfs_show(tb, t->process, t->entry->name);
}

static int follow_ns(const struct proc_target *t, struct path *to)
{
	return nsfs_path(t->process, t->entry->name, to);
}

#define NS_(n) \
	{ .name = n, .kind = PROC_MAGIC, .mode = 0777, .show = show_ns, .follow = follow_ns }

const struct proc_entry proc_ns_entries[] = {
	NS_("cgroup"),
	NS_("ipc"),
	NS_("mnt"),
	NS_("net"),
	NS_("pid"),
	NS_("pid_for_children"),
	NS_("time"),
	NS_("time_for_children"),
	NS_("user"),
	NS_("uts"),
	{ .name = NULL },
};

/* --- cwd, root --------------------------------------------------------------------------- */

static int copy_path(const struct path *from, struct path *to)
{
	if (!from->dentry)
		return -ENOENT;
	*to = *from;
	path_get(to);
	return 0;
}

int proc_follow_cwd(const struct proc_target *t, struct path *to)
{
	const struct fs_context *fs = process_fs(t->process);

	return fs ? copy_path(&fs->cwd, to) : -ENOENT;
}

int proc_follow_root(const struct proc_target *t, struct path *to)
{
	const struct fs_context *fs = process_fs(t->process);

	return fs ? copy_path(&fs->root, to) : -ENOENT;
}

int proc_show_cwd(struct textbuf *tb, const struct proc_target *t)
{
	const struct fs_context *fs = process_fs(t->process);

	return fs && fs->cwd.dentry ? proc_put_path(tb, &fs->cwd) : -ENOENT;
}

int proc_show_root(struct textbuf *tb, const struct proc_target *t)
{
	const struct fs_context *fs = process_fs(t->process);

	return fs && fs->root.dentry ? proc_put_path(tb, &fs->root) : -ENOENT;
}

/* --- descriptors --------------------------------------------------------------------------- */

static const char *nameless_kind(u32 mode)
{
	switch (mode & S_IFMT) {
	case S_IFIFO:
		return "pipe";
	case S_IFSOCK:
		return "socket";
	case S_IFREG:
		return "file";
	case S_IFCHR:
		return "device";
	default:
		return "anon_inode";
	}
}

static void put_nameless(struct textbuf *tb, const struct file *f)
{
	if (f->ops->anon_name) {
		textbuf_printf(tb, "anon_inode:%s", f->ops->anon_name);
		return;
	}
	textbuf_printf(tb, "%s:[%llu]", nameless_kind(f->inode->mode),
		       (unsigned long long)f->inode->ino);
}

int proc_show_fd(struct textbuf *tb, const struct proc_target *t)
{
	struct file *f = process_fd_get(t->process, t->fd);
	struct path path;
	int err = 0;

	if (!f)
		return -ENOENT;
	path = (struct path){ f->mnt, f->dentry };
	if (f->dentry)
		err = proc_put_path(tb, &path);
	else
		put_nameless(tb, f);
	file_put(f);
	return err;
}

/* A file without a name gets a dentry for the occasion, so that it can be opened
 * (/dev/stdin, /dev/fd/N on a pipe); it goes with its last user. */
static int nameless_place(const struct file *f, struct path *to)
{
	const struct path *root = &current_fs()->root;
	char name[40];
	struct textbuf tb;
	struct dentry *d;

	textbuf_init(&tb, name, sizeof(name));
	put_nameless(&tb, f);
	inode_get(f->inode);
	d = dentry_alloc_unlinked(root->dentry, name, f->inode);
	if (!d) {
		inode_put(f->inode);
		return -ENOMEM;
	}
	mount_get(root->mnt);
	*to = (struct path){ root->mnt, d };
	return 0;
}

int proc_follow_fd(const struct proc_target *t, struct path *to)
{
	struct file *f = process_fd_get(t->process, t->fd);
	struct path path;
	int err;

	if (!f)
		return -ENOENT;
	path = (struct path){ f->mnt, f->dentry };
	err = f->dentry ? copy_path(&path, to) : nameless_place(f, to);
	file_put(f);
	return err;
}

int proc_show_fdinfo(struct textbuf *tb, const struct proc_target *t)
{
	struct file *f = process_fd_get(t->process, t->fd);

	if (!f)
		return -ENOENT;
	textbuf_printf(tb, "pos:\t%lld\nflags:\t0%o\nmnt_id:\t%u\nino:\t%llu\n",
		       (long long)f->pos, f->flags, f->mnt ? f->mnt->id : 0,
		       (unsigned long long)f->inode->ino);
	if (f->ops->show)
		f->ops->show(f, tb);
	file_put(f);
	return 0;
}

const struct proc_entry proc_fd_entry = {
	.name = "fd",
	.kind = PROC_MAGIC,
	.mode = 0777,
	.show = proc_show_fd,
	.follow = proc_follow_fd,
};

const struct proc_entry proc_fdinfo_entry = {
	.name = "fdinfo",
	.kind = PROC_FILE,
	.mode = 0400,
	.show = proc_show_fdinfo,
};
