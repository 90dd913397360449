/*
 * hostfs: regular files. Contents are cached as those of disks are (fs/diskfile.h);
 * what was written goes to the host when the file is closed or synced, or after some
 * seconds.
 */
#include <linux/falloc.h>
#include <linux/fcntl.h>
#include <linux/fs.h>
#include <linux/stat.h>

#include "fs/hostfs.h"
#include "fs/pagecache.h"
#include "fs/vfs_internal.h"
#include "hal/hal.h"
#include "lib/err.h"
#include "mm/mm.h"
#include "mm/slab.h"

/* --- between RAM and the host -------------------------------------------------------- */

/* What the host has in memory comes at once; for what it has not the task sleeps. */
static int call_for_read(struct hostfs_call *call, bool *slept)
{
	int err;

	call->rq.flags = LODGER_BROKER_READ_CACHED;
	err = hostfs_call(call);
	call->rq.flags = 0;
	if (err != -EAGAIN)
		return err;
	err = hostfs_call_apart(call);
	if (err == -EAGAIN)
		return hostfs_call(call);
	*slept = true;
	return err;
}

/* slept: of a reader that can, or NULL. */
static s64 transfer(struct inode *inode, u32 op, u64 at, u64 ram_at, u64 len_bytes,
		    struct lodger_broker_attr *attr, bool *slept)
{
	struct hostfs_call call = { .rq = { .op = op, .offset = at, .ram_at = ram_at } };
	int err = hostfs_hold(inode, op == LODGER_BROKER_WRITE ? HOSTFS_WRITE : HOSTFS_READ);

	if (err)
		return err;
	call.rq.handle = hostfs_info_of(inode)->handle;
	call.rq.bytes = MIN(len_bytes, (u64)LODGER_BROKER_IO_MAX);
	err = slept ? call_for_read(&call, slept) : hostfs_call(&call);
	*attr = call.reply.attr;
	if (!err && call.reply.value > call.rq.bytes)
		err = -EIO;
	return err ? err : (s64)call.reply.value;
}

static int host_read(struct inode *inode, u64 at, gpa_t to, u64 len_bytes, bool *slept)
{
	struct hostfs_info *info = hostfs_info_of(inode);
	const u64 size = inode->size;
	const u32 changes = info->df->changes;
	struct lodger_broker_attr attr;

	ram_written(to, len_bytes);
	while (len_bytes) {
		s64 n = transfer(inode, LODGER_BROKER_READ, at, to.v, len_bytes, &attr, slept);

		if (n < 0)
			return n == -EAGAIN ? -EIO : (int)n;
		/* what it says of the file's end may be of before a write */
		if (inode->size != size || info->df->changes != changes)
			return -EAGAIN;
		at += (u64)n;
		to.v += (u64)n;
		len_bytes -= (u64)n;
		if (n || !len_bytes)
			continue;
		/* it ends here: what is behind reads as zero till it is forgotten */
		ram_zero(to, len_bytes);
		if (attr.size >= inode->size || info->df->dirty_count || info->modified)
			return 0;
		info->shrunk = true;
		info->shrunk_size = attr.size;
		return 0;
	}
	return 0;
}

static void file_settle(struct inode *inode)
{
	struct hostfs_info *info = hostfs_info_of(inode);

	if (!info->shrunk)
		return;
	info->shrunk = false;
	if (info->shrunk_size < inode->size && !info->df->dirty_count)
		diskfile_forget(info->df, info->shrunk_size);
}

static int host_write(struct inode *inode, u64 at, gpa_t from, u64 len_bytes)
{
	struct lodger_broker_attr attr;
	s64 n;

	for (; len_bytes; at += (u64)n, from.v += (u64)n, len_bytes -= (u64)n) {
		n = transfer(inode, LODGER_BROKER_WRITE, at, from.v, len_bytes, &attr, NULL);
		if (n <= 0)
			return n ? (int)n : -EIO;
		hostfs_take_attr(inode, &attr, true);
	}
	return 0;
}

/* What the host has no bytes for is as good as there, but behind the host's part of a
 * file whose changes stay in memory. */
static s64 file_map(struct inode *inode, u64 at, u64 len_bytes, bool allocate, u64 *disk_at)
{
	const struct hostfs_info *info = hostfs_info_of(inode);

	*disk_at = 1;
	if (allocate && hostfs_of(inode)->private)
		hostfs_modify(inode); /* the write comes after this */
	if (allocate || !info->modified)
		return (s64)len_bytes;
	if (at < info->host_bytes)
		return (s64)MIN(len_bytes, info->host_bytes - at);
	*disk_at = 0;
	return (s64)len_bytes;
}

static void file_changed(struct inode *inode)
{
	if (hostfs_of(inode)->private)
		hostfs_modify(inode);
	else
		hostfs_info_of(inode)->times_ours = true;
}

static void file_release(struct vm_object *obj)
{
	kfree(container_of(obj, struct diskfile, obj));
}

const struct diskfile_ops hostfs_diskfile_ops = {
	.map = file_map,
	.read = host_read,
	.write = host_write,
	.settle = file_settle,
	.changed = file_changed,
	.release = file_release,
};

int hostfs_contents(struct inode *inode)
{
	struct hostfs_info *info = hostfs_info_of(inode);

	if (info->df)
		return 0;
	info->df = kmalloc(sizeof(*info->df));
	if (!info->df)
		return -ENOMEM;
	diskfile_init(info->df, inode, NULL, 1, &hostfs_diskfile_ops);
	info->df->resident = hostfs_of(inode)->private;
	return 0;
}

/* --- operations ------------------------------------------------------------------------ */

int hostfs_flush(struct inode *inode)
{
	struct hostfs_info *info = hostfs_info_of(inode);
	int err;

	if (!inode->object || hostfs_of(inode)->private)
		return 0;
	err = diskfile_sync(info->df);
	if (!info->times_ours || err)
		return err;
	return hostfs_setattr(inode);
}

int hostfs_open(struct inode *inode, struct file *f)
{
	struct hostfs_info *info = hostfs_info_of(inode);
	bool write = S_ISREG(inode->mode) && (f->flags & O_ACCMODE) != O_RDONLY &&
		     !hostfs_of(inode)->private;
	enum hostfs_access access = write ? HOSTFS_WRITE : HOSTFS_READ;
	/* what the host has just said, at the making of the file or by opening it */
	bool asks = f->created || !info->has_handle || info->access < access;
	int err;

	f->ops = inode->fops;
	err = S_ISREG(inode->mode) ? hostfs_contents(inode) : 0;
	if (err)
		return err;
	if (info->fresh || info->loaded)
		return 0;
	if (info->covered)
		return S_ISDIR(inode->mode) ? 0 : -EACCES;
	err = hostfs_hold(inode, access);
	if (!err && !asks) /* close-to-open: what the host has now */
		err = hostfs_refresh(inode, true);
	return err;
}

int hostfs_sync(struct hostfs_call *call)
{
	int err = hostfs_call_apart(call);

	return err == -EAGAIN ? hostfs_call(call) : err;
}

static int file_fsync(struct file *f)
{
	struct hostfs_info *info = hostfs_info_of(f->inode);
	struct hostfs_call call = { .rq = { .op = LODGER_BROKER_SYNC, .handle = info->handle } };
	int err, more;

	if (hostfs_of(f->inode)->private)
		return 0;
	err = hostfs_flush(f->inode);
	more = hostfs_sync(&call);
	return err ? err : more;
}

static int file_flush(struct file *f)
{
	return f->counted_writer ? hostfs_flush(f->inode) : 0;
}

/* The last descriptor went with its process. */
static void last_flush(struct file *f)
{
	file_flush(f);
}

/* All of a file is data. */
static s64 file_lseek(struct file *f, s64 offset, int whence)
{
	if (whence != SEEK_DATA && whence != SEEK_HOLE)
		return pagecache_lseek(f, offset, whence);
	if (offset < 0 || (u64)offset >= f->inode->size)
		return -ENXIO;
	f->pos = whence == SEEK_DATA ? offset : (s64)f->inode->size;
	return f->pos;
}

static int truncate_private(struct inode *inode, u64 size)
{
	struct hostfs_info *info = hostfs_info_of(inode);
	int err;

	err = hostfs_contents(inode);
	if (err)
		return err;
	hostfs_modify(inode);
	err = diskfile_resize(info->df, inode->size, size);
	if (err)
		return err;
	info->host_bytes = MIN(info->host_bytes, size);
	inode_touch(inode, false, true, true);
	return 0;
}

/* The host has made a file longer, shorter or other inside. */
static void content_changed(struct inode *inode, const struct hostfs_call *call)
{
	hostfs_take_attr(inode, &call->reply.attr, true);
	inode_touch(inode, false, true, true);
	hostfs_info_of(inode)->times_ours = true;
}

static int file_truncate(struct inode *inode, u64 size)
{
	struct hostfs_info *info = hostfs_info_of(inode);
	struct hostfs_call call = { .rq = { .op = LODGER_BROKER_SETATTR,
					    .flags = LODGER_BROKER_SET_SIZE,
					    .offset = size } };
	int err;

	if (size > INT64_MAX)
		return -EFBIG;
	if (hostfs_of(inode)->private)
		return truncate_private(inode, size);
	err = hostfs_contents(inode);
	if (!err)
		err = hostfs_hold(inode, HOSTFS_WRITE);
	if (err)
		return err;
	call.rq.handle = info->handle;
	err = hostfs_call(&call);
	if (!err)
		err = diskfile_resize(info->df, inode->size, size);
	if (err)
		return err;
	content_changed(inode, &call);
	return 0;
}

/* In memory: there is always room for what is not written. */
static int allocate_private(struct inode *inode, u32 mode, u64 end)
{
	if (mode & ~(u32)FALLOC_FL_KEEP_SIZE)
		return -EOPNOTSUPP;
	return mode || end <= inode->size ? 0 : truncate_private(inode, end);
}

static int file_fallocate(struct inode *inode, u32 mode, u64 start, u64 len_bytes)
{
	struct hostfs_info *info = hostfs_info_of(inode);
	struct hostfs_call call = { .rq = { .op = LODGER_BROKER_ALLOCATE, .flags = mode,
					    .offset = start, .bytes = len_bytes } };
	u64 end = start + len_bytes, cached = MIN(end, ALIGN_UP(inode->size, PAGE_SIZE));
	int err;

	if (hostfs_of(inode)->private)
		return allocate_private(inode, mode, end);
	err = hostfs_hold(inode, HOSTFS_WRITE);
	call.rq.handle = info->handle;
	/* a page that a hole takes away may be all that the host lacks of the length */
	if (!err && mode & (FALLOC_FL_PUNCH_HOLE | FALLOC_FL_ZERO_RANGE))
		err = diskfile_sync(info->df);
	if (!err)
		err = hostfs_call(&call);
	if (!err && mode & (FALLOC_FL_PUNCH_HOLE | FALLOC_FL_ZERO_RANGE) && start < cached)
		err = diskfile_punch(info->df, start, cached);
	if (!err && !(mode & FALLOC_FL_KEEP_SIZE) && end > inode->size)
		err = diskfile_resize(info->df, inode->size, end);
	if (err)
		return err;
	content_changed(inode, &call);
	return 0;
}

const struct file_ops hostfs_file_fops = {
	.read = diskfile_read,
	.write = diskfile_write,
	.lseek = file_lseek,
	.mmap = diskfile_mmap,
	.fsync = file_fsync,
	.flush = file_flush,
	.release = last_flush,
};

const struct inode_ops hostfs_file_ops = {
	.truncate = file_truncate,
	.fallocate = file_fallocate,
	.setattr = hostfs_setattr,
	.getattr = hostfs_getattr,
	.open = hostfs_open,
	.evict = hostfs_evict,
};
