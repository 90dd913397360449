/*
 * Open file descriptions: life time, the entry to reading and writing, and the
 * buffers that transfers move through.
 *
 * Does not own descriptors (fdtable.c), opening by name (vfs_open.c) or what
 * the operations do. Invariant: f->inode is valid as long as f: held through
 * the dentry, or directly by files without a name.
 */
#include "fs/file.h"

#include <linux/fcntl.h>
#include <linux/fs.h>
#include <linux/inotify.h>
#include <linux/stat.h>

#include "fs/async.h"
#include "fs/epoll.h"
#include "fs/file_internal.h"
#include "fs/lease.h"
#include "fs/locks.h"
#include "fs/notify.h"
#include "fs/vfs_internal.h"
#include "lib/bug.h"
#include "lib/err.h"
#include "lib/string.h"
#include "mm/slab.h"
#include "mm/uaccess.h"

/* How much of the core all descriptions together may fill: a descriptor bomb
 * must leave room for everything else. */
#define FILES_CORE_SHARE 16

static u64 file_count;

struct file *file_alloc(void)
{
	struct file *f;

	if (file_count >= kmem_total_bytes() / FILES_CORE_SHARE / sizeof(*f))
		return ERR_PTR(-ENFILE);
	f = kzalloc(sizeof(*f));
	if (!f)
		return ERR_PTR(-ENOMEM);
	f->refs = 1;
	list_init(&f->watchers);
	file_count++;
	return f;
}

void file_free(struct file *f)
{
	file_count--;
	kfree(f);
}

struct file *file_create_anon(struct inode *inode, const struct file_ops *ops,
			      u32 flags, void *private)
{
	struct file *f = file_alloc();

	if (IS_ERR(f)) {
		inode_put(inode);
		return f;
	}
	f->ops = ops;
	f->flags = flags;
	f->inode = inode;
	f->private = private;
	f->stream = !ops->lseek;
	return f;
}

struct file *file_create_object(const struct file_ops *ops, u32 flags, void *private)
{
	struct inode *inode = vfs_anon_inode();

	inode_get(inode);
	return file_create_anon(inode, ops, flags, private);
}

s64 file_plain_lseek(struct file *f, s64 offset, int whence)
{
	if (whence == SEEK_CUR && __builtin_add_overflow(offset, f->pos, &offset))
		return -EINVAL;
	if ((whence != SEEK_SET && whence != SEEK_CUR) || offset < 0)
		return -EINVAL;
	f->pos = offset;
	return offset;
}

s64 file_noop_lseek(struct file *f, s64 offset, int whence)
{
	(void)offset;
	(void)whence;
	return f->pos;
}

void file_get(struct file *f)
{
	f->refs++;
}

void file_put(struct file *f)
{
	BUG_ON(f->refs == 0);
	if (--f->refs > 0)
		return;
	if (f->notified)
		notify_file(f, file_writable(f) ? IN_CLOSE_WRITE : IN_CLOSE_NOWRITE);
	async_free(f);
	epoll_forget_file(f);
	locks_release_file(f);
	lease_release_file(f);
	if (f->counted_writer) {
		f->inode->writers--;
		f->mnt->writers--;
	}
	if (f->counted_reader)
		f->inode->readers--;
	if (f->ops && f->ops->release)
		f->ops->release(f);
	if (f->dentry)
		dentry_put(f->dentry);
	else
		inode_put(f->inode);
	if (f->mnt)
		mount_put(f->mnt);
	file_free(f);
}

u64 file_open_count(void)
{
	return file_count;
}

/* --- reading and writing ------------------------------------------------------------ */

bool file_readable(const struct file *f)
{
	return !(f->flags & O_PATH) && (f->flags & O_ACCMODE) != O_WRONLY &&
	       (f->flags & O_ACCMODE) != O_ACCMODE;
}

bool file_writable(const struct file *f)
{
	u32 mode = f->flags & O_ACCMODE;

	return !(f->flags & O_PATH) && (mode == O_WRONLY || mode == O_RDWR);
}

s64 file_read(struct file *f, struct iobuf *buf, s64 *pos)
{
	s64 ret;

	if (!file_readable(f))
		return -EBADF;
	if (S_ISDIR(f->inode->mode))
		return -EISDIR;
	if (!f->ops->read)
		return -EINVAL;
	ret = f->ops->read(f, buf, pos);
	if (ret > 0)
		notify_file(f, IN_ACCESS);
	return ret;
}

s64 file_write(struct file *f, struct iobuf *buf, s64 *pos)
{
	s64 ret;

	if (!file_writable(f))
		return -EBADF;
	if (!f->ops->write)
		return -EINVAL;
	ret = f->ops->write(f, buf, pos);
	if (ret > 0)
		notify_file(f, IN_MODIFY);
	return ret;
}

s64 file_read_kernel(struct file *f, void *buf, size_t len, s64 pos)
{
	struct iobuf io = { .kernel = buf, .len = len };

	if (!f->ops->read)
		return S_ISDIR(f->inode->mode) ? -EISDIR : -EINVAL;
	return f->ops->read(f, &io, &pos);
}

s64 file_write_kernel(struct file *f, const void *buf, size_t len, s64 pos)
{
	/* The buffer is only read: struct iobuf serves both directions. */
	struct iobuf io = { .kernel = (u8 *)(u64)buf, .len = len };

	if (!f->ops->write)
		return -EINVAL;
	return f->ops->write(f, &io, &pos);
}

/* --- buffers -------------------------------------------------------------------------- */

/* Bytes of the current stretch. */
static size_t iobuf_stretch(struct iobuf *buf)
{
	/* Empty segments are allowed in the middle. */
	while (buf->seg_count && !buf->seg_left) {
		buf->user = buf->seg->addr;
		buf->seg_left = buf->seg->len_bytes;
		buf->seg++;
		buf->seg_count--;
	}
	return buf->seg_left && buf->seg_left < buf->len ? buf->seg_left : buf->len;
}

void iobuf_advance(struct iobuf *buf, size_t n)
{
	BUG_ON(n > buf->len);
	while (n) {
		size_t part = MIN(n, iobuf_stretch(buf));

		if (buf->kernel)
			buf->kernel += part;
		else
			buf->user += part;
		if (buf->seg_left)
			buf->seg_left -= part;
		buf->len -= part;
		n -= part;
	}
}

int iobuf_put(struct iobuf *buf, const void *src, size_t len)
{
	const u8 *from = src;

	if (len > buf->len)
		return -EFAULT;
	while (len) {
		size_t part = MIN(len, iobuf_stretch(buf));

		if (buf->kernel)
			memcpy(buf->kernel, from, part);
		else if (copy_to_user(buf->user, from, part))
			return -EFAULT;
		iobuf_advance(buf, part);
		from += part;
		len -= part;
	}
	return 0;
}

int iobuf_get(struct iobuf *buf, void *dst, size_t len)
{
	u8 *to = dst;

	if (len > buf->len)
		return -EFAULT;
	while (len) {
		size_t part = MIN(len, iobuf_stretch(buf));

		if (buf->kernel)
			memcpy(to, buf->kernel, part);
		else if (copy_from_user(to, buf->user, part))
			return -EFAULT;
		iobuf_advance(buf, part);
		to += part;
		len -= part;
	}
	return 0;
}

int iobuf_clear(struct iobuf *buf, size_t len)
{
	while (len) {
		size_t part = MIN(len, iobuf_stretch(buf));

		if (buf->kernel)
			memset(buf->kernel, 0, part);
		else if (clear_user(buf->user, part))
			return -EFAULT;
		iobuf_advance(buf, part);
		len -= part;
	}
	return 0;
}

s64 iobuf_prepare(struct iobuf *buf, void **ptr, bool write_to_it)
{
	size_t len = iobuf_stretch(buf);

	if (buf->kernel) {
		*ptr = buf->kernel;
		return (s64)len;
	}
	*ptr = user_ptr(buf->user);
	return len ? user_prepare(buf->user, len, write_to_it) : 0;
}
