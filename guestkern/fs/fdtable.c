/*
 * Descriptor tables and the file-system context of a process (root, working
 * directory, umask): sharing, copying and dropping at clone, exec and exit.
 *
 * Owns struct files and struct fs_context behind process->res. Descriptions
 * themselves are file.c's.
 *
 * Invariants: a used slot holds one reference; no descriptor is below
 * next_free and free; tables grow by doubling up to RLIMIT_NOFILE and never
 * shrink. A table is empty of locks when its address is reused: each close
 * drops the process's record locks, which are known by the table's address.
 */
#include <linux/fcntl.h>
#include <linux/resource.h>
#include <linux/sched.h>

#include "dev/chrdev.h"
#include "fs/aio.h"
#include "fs/file_internal.h"
#include "fs/locks.h"
#include "fs/notify.h"
#include "fs/pidfd.h"
#include "fs/vfs_internal.h"
#include "lib/bitmap.h"
#include "lib/bug.h"
#include "lib/err.h"
#include "lib/string.h"
#include "mm/mm.h"
#include "mm/slab.h"
#include "proc/resource.h"
#include "proc/task.h"

#define FILES_FIRST_SIZE 16u
#define WORD_FDS 64

struct files {
	u32 refs;
	u32 size;	/* slots */
	u32 next_free;	/* nothing below is free */
	struct file **fd;
	u64 *cloexec;	/* bit map; meaningful for used slots */
};

/* Of kernel processes and of boot, until they have their own. */
static struct fs_context boot_fs_context;

/* --- tables -------------------------------------------------------------------------- */

static u64 slots_bytes(u32 size)
{
	return (u64)size * sizeof(struct file *) + BITMAP_WORDS(size) * sizeof(u64);
}

static int files_grow(struct files *files, u32 size)
{
	struct file **fd = kzalloc(slots_bytes(size));
	u64 *cloexec = (u64 *)(fd + size);

	if (!fd)
		return -ENOMEM;
	if (files->fd) {
		memcpy(fd, files->fd, files->size * sizeof(*fd));
		memcpy(cloexec, files->cloexec, BITMAP_WORDS(files->size) * sizeof(u64));
		kfree(files->fd);
	}
	files->fd = fd;
	files->cloexec = cloexec;
	files->size = size;
	return 0;
}

static struct files *files_create(u32 size)
{
	struct files *files = kzalloc(sizeof(*files));

	if (!files)
		return NULL;
	files->refs = 1;
	if (files_grow(files, size)) {
		kfree(files);
		return NULL;
	}
	return files;
}

static u32 files_highest(const struct files *files)
{
	u32 n = files->size;

	while (n && !files->fd[n - 1])
		n--;
	return n; /* one past the highest used */
}

s64 files_nr_open = FILES_NR_OPEN_MAX;

static u32 up_to_word(u64 fds)
{
	return (u32)((fds + WORD_FDS - 1) / WORD_FDS * WORD_FDS);
}

/* ERR_PTR(-ENOMEM); -EMFILE: the limit has sunk below what is open (dup_fd of Linux, which
 * counts in words of its bitmap). */
static struct files *files_copy(const struct files *from)
{
	u32 used = files_highest(from), size = FILES_FIRST_SIZE;
	struct files *files;

	if (up_to_word(used) > up_to_word((u64)files_nr_open))
		return ERR_PTR(-EMFILE);
	while (size < used)
		size *= 2;
	files = files_create(size);
	if (!files)
		return ERR_PTR(-ENOMEM);
	for (u32 i = 0; i < used; i++) {
		if (!from->fd[i])
			continue;
		file_get(from->fd[i]);
		files->fd[i] = from->fd[i];
		if (bitmap_test(from->cloexec, i))
			bitmap_set(files->cloexec, i);
	}
	files->next_free = MIN(from->next_free, used);
	return files;
}

static struct file *files_clear_slot(struct files *files, u32 fd)
{
	struct file *f = files->fd[fd];

	files->fd[fd] = NULL;
	bitmap_clear(files->cloexec, fd);
	if (fd < files->next_free)
		files->next_free = fd;
	return f;
}

/* What close(2) does once the slot is empty. */
static void files_release(struct files *files, struct file *f)
{
	locks_release_owner(f, files);
	dnotify_close(f, files);
	file_put(f);
}

static void files_put(struct files *files)
{
	if (--files->refs > 0)
		return;
	for (u32 i = 0; i < files->size; i++) {
		if (files->fd[i])
			files_release(files, files_clear_slot(files, i));
	}
	kfree(files->fd);
	kfree(files);
}

/* The current process's table, made on first use; NULL on no memory. */
static struct files *current_files(void)
{
	struct process *p = current_process();

	if (!p->res.files)
		p->res.files = files_create(FILES_FIRST_SIZE);
	return p->res.files;
}

static u32 nofile_limit(void)
{
	u64 limit = current_process()->rlim[RLIMIT_NOFILE].cur;

	return (u32)MIN(limit, (u64)files_nr_open);
}

/* Makes slot fd exist. The caller has checked fd against the limit. */
static int files_reach(struct files *files, u32 fd)
{
	u32 size = files->size;

	if (fd < size)
		return 0;
	while (size <= fd)
		size *= 2;
	return files_grow(files, size) ? -EMFILE : 0;
}

static void files_set(struct files *files, u32 fd, struct file *f, bool cloexec)
{
	files->fd[fd] = f;
	if (cloexec)
		bitmap_set(files->cloexec, fd);
	else
		bitmap_clear(files->cloexec, fd);
}

int fd_install(struct file *f, int min, bool cloexec)
{
	struct files *files = current_files();
	u32 limit = nofile_limit(), fd;
	int err = -ENOMEM;

	if (!files)
		goto out_put;
	fd = MAX((u32)min, files->next_free);
	while (fd < files->size && files->fd[fd])
		fd++;
	err = -EMFILE;
	if (fd >= limit)
		goto out_put;
	err = files_reach(files, fd);
	if (err)
		goto out_put;
	files_set(files, fd, f, cloexec);
	if ((u32)min <= files->next_free)
		files->next_free = fd + 1;
	return (int)fd;

out_put:
	file_put(f);
	return err;
}

int fd_replace(struct file *f, int fd, bool cloexec)
{
	struct files *files = current_files();
	struct file *old;
	int err = -ENOMEM;

	if (!files)
		goto out_put;
	err = -EBADF;
	if (fd < 0 || (u32)fd >= nofile_limit())
		goto out_put;
	err = files_reach(files, (u32)fd);
	if (err)
		goto out_put;
	old = files->fd[fd];
	files_set(files, (u32)fd, f, cloexec);
	if (old)
		files_release(files, old);
	return fd;

out_put:
	file_put(f);
	return err;
}

static struct file *files_file(const struct files *files, int fd)
{
	if (!files || fd < 0 || (u32)fd >= files->size)
		return NULL;
	return files->fd[fd];
}

struct file *fd_get_path(int fd)
{
	struct file *f = files_file(current_process()->res.files, fd);

	if (f)
		file_get(f);
	return f;
}

struct file *fd_get(int fd)
{
	struct file *f = files_file(current_process()->res.files, fd);

	if (!f || f->flags & O_PATH)
		return NULL;
	file_get(f);
	return f;
}

int fd_close(int fd)
{
	struct files *files = current_process()->res.files;
	struct file *f = files_file(files, fd);
	int err = 0;

	if (!f)
		return -EBADF;
	if (f->ops && f->ops->flush)
		err = f->ops->flush(f);
	files_release(files, files_clear_slot(files, (u32)fd));
	return err;
}

int fd_get_cloexec(int fd)
{
	struct files *files = current_process()->res.files;

	if (!files_file(files, fd))
		return -EBADF;
	return bitmap_test(files->cloexec, (u32)fd);
}

int fd_set_cloexec(int fd, bool cloexec)
{
	struct files *files = current_process()->res.files;

	if (!files_file(files, fd))
		return -EBADF;
	files_set(files, (u32)fd, files->fd[fd], cloexec);
	return 0;
}

static int files_unshare(struct process *p)
{
	struct files *files = p->res.files, *copy;

	if (!files || files->refs == 1)
		return 0;
	copy = files_copy(files);
	if (IS_ERR(copy))
		return (int)PTR_ERR(copy);
	p->res.files = copy;
	files_put(files);
	return 0;
}

int fd_close_range(u32 first, u32 last, bool cloexec, bool unshare)
{
	struct files *files;
	int err;

	err = unshare ? files_unshare(current_process()) : 0;
	if (err)
		return err;
	files = current_process()->res.files;
	for (u32 i = first; files && i < files->size && i <= last; i++) {
		if (!files->fd[i])
			continue;
		if (cloexec)
			bitmap_set(files->cloexec, i);
		else
			files_release(files, files_clear_slot(files, i));
	}
	return 0;
}

struct file *process_fd_get(const struct process *p, int fd)
{
	struct file *f = files_file(p->res.files, fd);

	if (f)
		file_get(f);
	return f;
}

int process_fd_next(const struct process *p, int fd)
{
	const struct files *files = p->res.files;

	for (u32 i = fd < 0 ? 0 : (u32)fd; files && i < files->size; i++) {
		if (files->fd[i])
			return (int)i;
	}
	return -1;
}

/* --- root, cwd, umask ---------------------------------------------------------------- */

static struct fs_context *boot_context(void)
{
	struct fs_context *fs = &boot_fs_context;

	if (!fs->refs) {
		fs->refs = 1;
		fs->umask = 022;
		fs->root.mnt = mount_root();
		fs->root.dentry = fs->root.mnt->root;
		fs->cwd = fs->root;
		path_get(&fs->root);
		path_get(&fs->cwd);
	}
	return fs;
}

struct fs_context *process_fs(const struct process *p)
{
	return p->res.fs ? p->res.fs : boot_context();
}

struct fs_context *current_fs(void)
{
	return process_fs(current_process());
}

static struct fs_context *fs_context_copy(const struct fs_context *from)
{
	struct fs_context *fs = kzalloc(sizeof(*fs));

	if (!fs)
		return NULL;
	*fs = *from;
	fs->refs = 1;
	path_get(&fs->root);
	path_get(&fs->cwd);
	return fs;
}

static void fs_context_put(struct fs_context *fs)
{
	if (--fs->refs > 0)
		return;
	path_put(&fs->root);
	path_put(&fs->cwd);
	kfree(fs);
}

/* --- proc's hooks ---------------------------------------------------------------------- */

static int resources_clone(struct proc_resources *child,
			   const struct proc_resources *parent, u64 flags)
{
	bool share_files = flags & CLONE_FILES, share_fs = flags & CLONE_FS;
	struct mount_space *mounts = parent->mounts;
	struct fs_context *fs = parent->fs ? parent->fs : boot_context();
	struct files *files = parent->files;
	int err = -ENOMEM;

	/* The boot context is never shared: it is freed by nobody. */
	if (share_fs && parent->fs)
		fs->refs++;
	else
		fs = fs_context_copy(fs);
	if (!fs)
		return -ENOMEM;
	if (!files)
		files = files_create(FILES_FIRST_SIZE);
	else if (share_files)
		files->refs++;
	else
		files = files_copy(files);
	if (IS_ERR(files))
		err = (int)PTR_ERR(files);
	if (!files || IS_ERR(files))
		goto out_fs;
	if (flags & CLONE_NEWNS)
		mounts = mount_space_copy(fs);
	else
		mount_space_get(mounts);
	if (IS_ERR(mounts))
		goto out_files;
	child->fs = fs;
	child->files = files;
	child->mounts = mounts;
	return 0;

out_files:
	files_put(files);
out_fs:
	fs_context_put(fs);
	return err;
}

static void resources_exit(struct proc_resources *res)
{
	struct files *files = res->files;
	struct fs_context *fs = res->fs;

	struct mount_space *mounts = res->mounts;

	aio_destroy_all(res);
	res->mounts = NULL;
	res->files = NULL;
	res->fs = NULL;
	if (files)
		files_put(files);
	if (fs)
		fs_context_put(fs);
	mount_space_put(mounts);
}

static int resources_exec(struct proc_resources *res)
{
	struct process *p = container_of(res, struct process, res);
	struct files *files;
	int err;

	aio_destroy_all(res);
	err = files_unshare(p);
	if (err)
		return err;
	files = res->files;
	for (u32 i = 0; files && i < files->size; i++) {
		if (files->fd[i] && bitmap_test(files->cloexec, i))
			files_release(files, files_clear_slot(files, i));
	}
	return 0;
}

static int resources_unshare(struct proc_resources *res, u64 flags)
{
	struct process *p = container_of(res, struct process, res);
	struct fs_context *copy, *old = res->fs;
	struct mount_space *mounts;
	int err;

	if ((flags & (CLONE_FS | CLONE_NEWNS)) && old && old->refs > 1) {
		copy = fs_context_copy(old);
		if (!copy)
			return -ENOMEM;
		res->fs = copy;
		fs_context_put(old);
	}
	err = flags & CLONE_FILES ? files_unshare(p) : 0;
	if (err)
		return err;
	if (!(flags & CLONE_NEWNS))
		return 0;
	mounts = mount_space_copy(res->fs);
	if (IS_ERR(mounts))
		return -ENOMEM;
	mount_space_put(res->mounts);
	res->mounts = mounts;
	return 0;
}

static const struct resource_ops fs_resource_ops = {
	.clone = resources_clone,
	.unshare = resources_unshare,
	.exit = resources_exit,
	.exec = resources_exec,
	.give_pidfd = pidfd_give,
	.session_leader_exit = tty_session_exit,
};

static void vma_file_get(void *file)
{
	file_get(file);
}

static void vma_file_put(void *file)
{
	file_put(file);
}

static const struct vma_file_ops fs_vma_file_ops = {
	.get = vma_file_get,
	.put = vma_file_put,
};

void file_init(void)
{
	proc_set_resource_ops(&fs_resource_ops);
	mm_set_file_ops(&fs_vma_file_ops);
}
