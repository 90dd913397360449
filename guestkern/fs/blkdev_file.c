/*
 * Files on block devices: /dev/vda as a program sees it. Reads and writes go
 * straight between the host's file and the program's memory, whatever their
 * alignment; there is no page cache between, and so no mmap.
 */
#include <linux/capability.h>
#include <linux/fcntl.h>
#include <linux/fs.h>

#include "dev/block.h"
#include "fs/pseudo.h"
#include "fs/vfs.h"
#include "lib/err.h"
#include "mm/uaccess.h"
#include "proc/cred.h"
#include "proc/task.h"

static struct blkdev *dev_of(const struct file *f)
{
	return f->private;
}

/* Moves up to want bytes at *pos; done ones count although a later one fails. */
static s64 transfer(struct file *f, struct iobuf *buf, s64 *pos, u64 want, bool write)
{
	struct blkdev *dev = dev_of(f);
	u64 done = 0;
	int err = 0;

	while (done < want) {
		void *ptr;
		s64 ready = iobuf_prepare(buf, &ptr, !write);
		u64 n;

		if (ready <= 0) {
			err = (int)ready;
			break;
		}
		n = MIN((u64)ready, want - done);
		err = write ? blkdev_write(dev, (u64)*pos, ptr, n)
			    : blkdev_read(dev, (u64)*pos, ptr, n);
		if (err)
			break;
		iobuf_advance(buf, n);
		*pos += (s64)n;
		done += n;
	}
	return done ? (s64)done : err;
}

static s64 blkdev_file_read(struct file *f, struct iobuf *buf, s64 *pos)
{
	u64 size = dev_of(f)->size_bytes;

	if ((u64)*pos >= size)
		return 0;
	return transfer(f, buf, pos, MIN(buf->len, size - (u64)*pos), false);
}

static s64 blkdev_file_write(struct file *f, struct iobuf *buf, s64 *pos)
{
	struct blkdev *dev = dev_of(f);
	s64 n;

	if (dev->read_only)
		return -EPERM;
	if (!buf->len)
		return 0;
	if ((u64)*pos >= dev->size_bytes)
		return -ENOSPC;
	n = transfer(f, buf, pos, MIN(buf->len, dev->size_bytes - (u64)*pos), true);
	if (n > 0 && f->flags & O_DSYNC) {
		int err = blkdev_flush(dev);

		if (err)
			return err;
	}
	return n;
}

static s64 blkdev_file_lseek(struct file *f, s64 offset, int whence)
{
	s64 size = (s64)dev_of(f)->size_bytes;

	switch (whence) {
	case SEEK_SET:
	case SEEK_DATA:
		break;
	case SEEK_CUR:
		if (__builtin_add_overflow(offset, f->pos, &offset))
			return -EINVAL;
		break;
	case SEEK_END:
		if (__builtin_add_overflow(offset, size, &offset))
			return -EINVAL;
		break;
	case SEEK_HOLE:
		if (offset >= 0 && offset < size)
			offset = size;
		else
			return -ENXIO;
		break;
	default:
		return -EINVAL;
	}
	if (whence == SEEK_DATA && (offset < 0 || offset >= size))
		return -ENXIO;
	if (offset < 0 || offset > size)
		return -EINVAL;
	f->pos = offset;
	return offset;
}

static s64 discard(struct file *f, u64 arg)
{
	struct blkdev *dev = dev_of(f);
	u64 range[2];

	if ((f->flags & O_ACCMODE) == O_RDONLY)
		return -EBADF;
	if (copy_from_user(range, arg, sizeof(range)))
		return -EFAULT;
	if ((range[0] | range[1]) % BLKDEV_SECTOR_BYTES || !range[1])
		return -EINVAL;
	return blkdev_discard(dev, range[0], range[1]);
}

static s64 set_read_only(struct blkdev *dev, u64 arg)
{
	s32 on;

	if (!capable(CAP_SYS_ADMIN))
		return -EACCES;
	if (get_user(on, arg))
		return -EFAULT;
	if (!on && dev->host_read_only)
		return -EACCES;
	dev->read_only = on;
	return 0;
}

static s64 put_int(u64 arg, u32 value)
{
	return put_user(value, arg);
}

/* linux/fs.h, blkdev(8) */
static s64 blkdev_file_ioctl(struct file *f, u32 cmd, u64 arg)
{
	struct blkdev *dev = dev_of(f);
	u64 sectors = dev->size_bytes / BLKDEV_SECTOR_BYTES;

	switch (cmd) {
	case BLKGETSIZE64:
		return put_user(dev->size_bytes, arg);
	case BLKGETSIZE:
		return put_user(sectors, arg);
	case BLKSSZGET:
	case BLKPBSZGET:
	case BLKIOMIN:
		return put_int(arg, BLKDEV_SECTOR_BYTES);
	case BLKIOOPT:
	case BLKALIGNOFF:
	case BLKDISCARDZEROES:
		return put_int(arg, 0);
	case BLKBSZGET:
		return put_int(arg, PAGE_SIZE);
	case BLKROGET:
		return put_int(arg, dev->read_only);
	case BLKROSET:
		return set_read_only(dev, arg);
	case BLKRAGET:
	case BLKFRAGET:
		return put_user(dev->readahead, arg);
	case BLKRASET:
	case BLKFRASET: /* kept and told */
		if (!capable(CAP_SYS_ADMIN))
			return -EACCES;
		dev->readahead = arg;
		return 0;
	case BLKFLSBUF:
		return capable(CAP_SYS_ADMIN) ? blkdev_flush(dev) : -EACCES;
	case BLKDISCARD:
		return discard(f, arg);
	case BLKRRPART: /* no partitions are looked for */
		return capable(CAP_SYS_ADMIN) ? -EINVAL : -EACCES;
	default:
		return -ENOTTY;
	}
}

static int blkdev_file_fsync(struct file *f)
{
	return blkdev_flush(dev_of(f));
}

static const struct file_ops blkdev_file_ops = {
	.read = blkdev_file_read,
	.write = blkdev_file_write,
	.lseek = blkdev_file_lseek,
	.ioctl = blkdev_file_ioctl,
	.fsync = blkdev_file_fsync,
};

int blkdev_file_open(struct inode *inode, struct file *f)
{
	struct blkdev *dev = blkdev_find(inode->rdev);

	if (!dev)
		return -ENXIO;
	f->private = dev;
	f->ops = &blkdev_file_ops;
	return 0;
}
