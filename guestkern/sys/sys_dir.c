/* Names and directories: listing, making, removing, linking, moving, the working
 * directory and the root. mount is in sys_mount.c. */
#include <linux/capability.h>
#include <linux/fcntl.h>
#include <linux/inotify.h>
#include <linux/stat.h>

#include "fs/namei.h"
#include "fs/notify.h"
#include "fs/vfs_internal.h"
#include "lib/err.h"
#include "lib/string.h"
#include "mm/slab.h"
#include "mm/uaccess.h"
#include "proc/cred.h"
#include "sys/fs_target.h"
#include "sys/handlers.h"

#define MAY_EXEC 1u

/* --- getdents --------------------------------------------------------------------------- */

/*
 * Records are built in kernel memory, a chunk at a time, and copied out between
 * two rounds of the directory's iterate: nothing there sleeps or faults.
 */
#define DENTS_CHUNK_MIN 512u /* one record of the longest name fits */
#define DENTS_CHUNK_MAX 8192u

struct dents {
	struct dir_sink sink;
	bool old;      /* getdents: type at the end of the record */
	bool too_small; /* not even one record fitted */
	size_t room;   /* what the program's buffer still takes */
	size_t used;
	u8 *chunk;
	size_t chunk_bytes;
};

/* struct linux_dirent64: getdents64(2). */
struct dirent64 {
	u64 ino;
	s64 next_pos;
	u16 record_bytes;
	u8 type;
	char name[];
};
#define DIRENT64_HEAD 19
#define DIRENT_HEAD 18 /* struct linux_dirent: no type, name earlier by one */

static bool dents_emit(struct dir_sink *sink, const char *name, size_t name_len,
		       u64 ino, u32 dtype, s64 next_pos)
{
	struct dents *d = container_of(sink, struct dents, sink);
	size_t head = d->old ? DIRENT_HEAD : DIRENT64_HEAD;
	/* The old form ends in a type byte after the NUL. */
	size_t bytes = ALIGN_UP(head + name_len + (d->old ? 2 : 1), (size_t)8);
	struct dirent64 *rec;
	u8 *at;

	if (d->used + bytes > d->chunk_bytes || d->used + bytes > d->room) {
		d->too_small = d->used == 0;
		return false;
	}
	at = d->chunk + d->used;
	memset(at, 0, bytes);
	rec = (struct dirent64 *)at;
	rec->ino = ino;
	rec->next_pos = next_pos;
	rec->record_bytes = (u16)bytes;
	memcpy(at + head, name, name_len);
	if (d->old)
		at[bytes - 1] = (u8)dtype;
	else
		rec->type = (u8)dtype;
	d->used += bytes;
	return true;
}

/* Chunk after chunk to the program; bytes, or -errno when there were none. */
static s64 dents_run(struct dents *d, struct file *f, uaddr_t to, size_t size)
{
	size_t done = 0;
	s64 pos;
	int err = 0;

	do {
		pos = f->pos;
		d->used = 0;
		d->room = size - done;
		d->too_small = false;
		err = f->ops->iterate(f, &d->sink);
		if (d->used && copy_to_user(to + done, d->chunk, d->used)) {
			f->pos = pos;
			err = -EFAULT;
			break;
		}
		done += d->used;
	} while (!err && d->used);
	if (done)
		return (s64)done;
	return err ? err : d->too_small ? -EINVAL : 0;
}

static s64 getdents(const u64 arg[6], bool old)
{
	struct dents d = { .sink = { dents_emit }, .old = old };
	struct file *f = fd_get((int)arg[0]);
	s64 ret = -ENOTDIR;

	if (!f)
		return -EBADF;
	if (!f->ops->iterate)
		goto out_put;
	ret = -ENOENT;
	if (f->dentry && f->dentry->unlinked)
		goto out_put;
	ret = -ENOMEM;
	d.chunk_bytes = MIN(MAX((u32)arg[2], DENTS_CHUNK_MIN), DENTS_CHUNK_MAX);
	d.chunk = kmalloc(d.chunk_bytes);
	if (!d.chunk)
		goto out_put;
	ret = dents_run(&d, f, arg[1], (u32)arg[2]);
	if (ret >= 0) {
		inode_accessed(f->inode, f->mnt);
		notify_file(f, IN_ACCESS);
	}
	kfree(d.chunk);
out_put:
	file_put(f);
	return ret;
}

s64 sys_getdents(const u64 arg[6])
{
	return getdents(arg, true);
}

s64 sys_getdents64(const u64 arg[6])
{
	return getdents(arg, false);
}

/* --- making ------------------------------------------------------------------------------ */

static s64 mkdir_at(int dirfd, uaddr_t addr, u32 mode)
{
	char *name = getname(addr);
	int err;

	if (IS_ERR(name))
		return PTR_ERR(name);
	err = name_mkdir(dirfd, name, mode);
	kfree(name);
	return err;
}

s64 sys_mkdir(const u64 arg[6])
{
	return mkdir_at(AT_FDCWD, arg[0], (u32)arg[1]);
}

s64 sys_mkdirat(const u64 arg[6])
{
	return mkdir_at((int)arg[0], arg[1], (u32)arg[2]);
}

static s64 mknod_at(int dirfd, uaddr_t addr, u32 mode, u64 rdev)
{
	char *name = getname(addr);
	int err;

	if (IS_ERR(name))
		return PTR_ERR(name);
	err = name_mknod(dirfd, name, mode & 0xffff, (u32)rdev);
	kfree(name);
	return err;
}

s64 sys_mknod(const u64 arg[6])
{
	return mknod_at(AT_FDCWD, arg[0], (u32)arg[1], arg[2]);
}

s64 sys_mknodat(const u64 arg[6])
{
	return mknod_at((int)arg[0], arg[1], (u32)arg[2], arg[3]);
}

static s64 symlink_at(uaddr_t to_addr, int dirfd, uaddr_t addr)
{
	char *to = getname(to_addr), *name;
	int err;

	if (IS_ERR(to))
		return PTR_ERR(to);
	name = getname(addr);
	if (IS_ERR(name)) {
		kfree(to);
		return PTR_ERR(name);
	}
	err = name_symlink(to, dirfd, name);
	kfree(name);
	kfree(to);
	return err;
}

s64 sys_symlink(const u64 arg[6])
{
	return symlink_at(arg[0], AT_FDCWD, arg[1]);
}

s64 sys_symlinkat(const u64 arg[6])
{
	return symlink_at(arg[0], (int)arg[1], arg[2]);
}

static s64 link_at(int old_dirfd, uaddr_t old, int new_dirfd, uaddr_t new, u32 flags)
{
	struct fs_target t;
	char *name;
	int err;

	if (flags & ~(u32)(AT_SYMLINK_FOLLOW | AT_EMPTY_PATH))
		return -EINVAL;
	if (flags & AT_EMPTY_PATH && !capable(CAP_DAC_READ_SEARCH))
		return -ENOENT;
	err = fs_target_get(&t, old_dirfd, old, flags | AT_SYMLINK_NOFOLLOW);
	if (err)
		return err;
	name = getname(new);
	if (IS_ERR(name)) {
		err = (int)PTR_ERR(name);
		goto out_target;
	}
	err = t.path.mnt ? name_link(&t.path, new_dirfd, name) : -EXDEV;
	kfree(name);
out_target:
	fs_target_put(&t);
	return err;
}

s64 sys_link(const u64 arg[6])
{
	return link_at(AT_FDCWD, arg[0], AT_FDCWD, arg[1], 0);
}

s64 sys_linkat(const u64 arg[6])
{
	return link_at((int)arg[0], arg[1], (int)arg[2], arg[3], (u32)arg[4]);
}

/* --- removing and moving ------------------------------------------------------------------ */

static s64 remove_at(int dirfd, uaddr_t addr, bool dir)
{
	char *name = getname(addr);
	int err;

	if (IS_ERR(name))
		return PTR_ERR(name);
	err = dir ? name_rmdir(dirfd, name) : name_unlink(dirfd, name);
	kfree(name);
	return err;
}

s64 sys_rmdir(const u64 arg[6])
{
	return remove_at(AT_FDCWD, arg[0], true);
}

s64 sys_unlink(const u64 arg[6])
{
	return remove_at(AT_FDCWD, arg[0], false);
}

s64 sys_unlinkat(const u64 arg[6])
{
	if ((u32)arg[2] & ~(u32)AT_REMOVEDIR)
		return -EINVAL;
	return remove_at((int)arg[0], arg[1], arg[2] & AT_REMOVEDIR);
}

static s64 rename_at(int old_dirfd, uaddr_t old_addr, int new_dirfd, uaddr_t new_addr,
		     u32 flags)
{
	char *old = getname(old_addr), *new;
	int err;

	if (IS_ERR(old))
		return PTR_ERR(old);
	new = getname(new_addr);
	if (IS_ERR(new)) {
		kfree(old);
		return PTR_ERR(new);
	}
	err = name_rename(old_dirfd, old, new_dirfd, new, flags);
	kfree(new);
	kfree(old);
	return err;
}

s64 sys_rename(const u64 arg[6])
{
	return rename_at(AT_FDCWD, arg[0], AT_FDCWD, arg[1], 0);
}

s64 sys_renameat(const u64 arg[6])
{
	return rename_at((int)arg[0], arg[1], (int)arg[2], arg[3], 0);
}

s64 sys_renameat2(const u64 arg[6])
{
	return rename_at((int)arg[0], arg[1], (int)arg[2], arg[3], (u32)arg[4]);
}

/* --- readlink ------------------------------------------------------------------------------ */

static s64 readlink_copy(const struct fs_target *t, uaddr_t to, u64 size)
{
	char *text;
	s64 len;

	if (!t->path.mnt)
		return -EINVAL;
	text = kmalloc(PATH_MAX_);
	if (!text)
		return -ENOMEM;
	len = name_readlink(&t->path, text, PATH_MAX_);
	if (len > (s64)size)
		len = (s64)size;
	if (len > 0 && copy_to_user(to, text, (size_t)len))
		len = -EFAULT;
	kfree(text);
	return len;
}

static s64 readlink_at(int dirfd, uaddr_t name, uaddr_t to, u64 size)
{
	/* An empty name means a link opened with O_PATH. */
	u32 at_flags = AT_SYMLINK_NOFOLLOW | (dirfd == AT_FDCWD ? 0 : AT_EMPTY_PATH);
	struct fs_target t;
	s64 ret;

	if ((s32)size <= 0)
		return -EINVAL;
	ret = fs_target_get(&t, dirfd, name, at_flags);
	if (ret)
		return ret;
	ret = t.file && !S_ISLNK(t.inode->mode) ? -ENOENT : readlink_copy(&t, to, (u32)size);
	fs_target_put(&t);
	return ret;
}

s64 sys_readlink(const u64 arg[6])
{
	return readlink_at(AT_FDCWD, arg[0], arg[1], arg[2]);
}

s64 sys_readlinkat(const u64 arg[6])
{
	return readlink_at((int)arg[0], arg[1], arg[2], arg[3]);
}

/* --- working directory and root -------------------------------------------------------------- */

s64 sys_getcwd(const u64 arg[6])
{
	const struct path *cwd = &current_fs()->cwd;
	char *buf, *name;
	s64 len;

	if (cwd->dentry->unlinked)
		return -ENOENT;
	buf = kmalloc(PATH_MAX_);
	if (!buf)
		return -ENOMEM;
	name = path_name(cwd, buf, PATH_MAX_);
	if (IS_ERR(name)) {
		len = PTR_ERR(name);
	} else {
		len = (s64)strlen(name) + 1;
		if ((u64)len > arg[1])
			len = -ERANGE;
		else if (copy_to_user(arg[0], name, (size_t)len))
			len = -EFAULT;
	}
	kfree(buf);
	return len;
}

/* *place := path, a directory that may be searched; takes over path's
 * references. */
static s64 directory_set(struct path *place, struct path *path)
{
	int err = S_ISDIR(path->dentry->inode->mode)
			  ? inode_permission(path->dentry->inode, MAY_EXEC)
			  : -ENOTDIR;

	if (err) {
		path_put(path);
		return err;
	}
	path_put(place);
	*place = *path;
	return 0;
}

static s64 directory_walk(uaddr_t addr, struct path *path)
{
	char *name = getname(addr);
	s64 err;

	if (IS_ERR(name))
		return PTR_ERR(name);
	err = path_walk(AT_FDCWD, name, WALK_DIRECTORY, path);
	kfree(name);
	return err;
}

s64 sys_chdir(const u64 arg[6])
{
	struct path path;
	s64 err = directory_walk(arg[0], &path);

	return err ? err : directory_set(&current_fs()->cwd, &path);
}

s64 sys_fchdir(const u64 arg[6])
{
	struct fs_target t;
	struct path path;
	s64 err;

	err = fs_target_get_fd(&t, (int)arg[0], true);
	if (err)
		return err;
	err = -ENOTDIR;
	if (t.path.mnt) {
		path = t.path;
		path_get(&path);
		err = directory_set(&current_fs()->cwd, &path);
	}
	fs_target_put(&t);
	return err;
}

s64 sys_chroot(const u64 arg[6])
{
	struct path path;
	s64 err = directory_walk(arg[0], &path);

	if (err)
		return err;
	if (!capable(CAP_SYS_CHROOT)) {
		err = inode_permission(path.dentry->inode, MAY_EXEC);
		path_put(&path);
		return err ? err : -EPERM;
	}
	return directory_set(&current_fs()->root, &path);
}
