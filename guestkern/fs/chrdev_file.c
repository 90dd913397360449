/*
 * Files on character devices. Owns the glue: struct iobuf to struct chrdev_io,
 * and what a hangup does to descriptions opened before it (as Linux's
 * hung_up_tty_fops: reads end, writes fail).
 */
#include "fs/chrdev_file.h"

#include <asm/ioctls.h>
#include <linux/fcntl.h>
#include <linux/fs.h>
#include <linux/poll.h>
#include <linux/stat.h>

#include "dev/chrdev.h"
#include "dev/pty.h"
#include "fs/devpts.h"
#include "fs/file_internal.h"
#include "fs/pseudo.h"
#include "fs/vfs.h"
#include "lib/err.h"
#include "mm/mm.h"
#include "mm/slab.h"

/* --- transfers ------------------------------------------------------------------------ */

struct file_io {
	struct chrdev_io io;
	struct iobuf *buf;
};

static struct iobuf *io_buf(struct chrdev_io *io)
{
	return container_of(io, struct file_io, io)->buf;
}

static int io_put(struct chrdev_io *io, const void *src, size_t n)
{
	int err = iobuf_put(io_buf(io), src, n);

	io->len = io_buf(io)->len;
	return err;
}

static int io_get(struct chrdev_io *io, void *dst, size_t n)
{
	int err = iobuf_get(io_buf(io), dst, n);

	io->len = io_buf(io)->len;
	return err;
}

static int io_zero(struct chrdev_io *io, size_t n)
{
	int err = iobuf_clear(io_buf(io), n);

	io->len = io_buf(io)->len;
	return err;
}

static s64 io_prepare(struct chrdev_io *io, void **ptr, bool write_to_it)
{
	return iobuf_prepare(io_buf(io), ptr, write_to_it);
}

static void io_advance(struct chrdev_io *io, size_t n)
{
	iobuf_advance(io_buf(io), n);
	io->len = io_buf(io)->len;
}

static void io_init(struct file_io *fio, struct file *f, struct iobuf *buf)
{
	*fio = (struct file_io){
		.io = { .len = buf->len,
			.nonblock = f->flags & O_NONBLOCK,
			.put = io_put,
			.get = io_get,
			.zero = io_zero,
			.prepare = io_prepare,
			.advance = io_advance },
		.buf = buf,
	};
}

static struct chrdev *dev_of(const struct file *f)
{
	const struct chrdev_file *cf = f->private;

	return cf->dev;
}

static bool is_dead(const struct file *f)
{
	const struct chrdev_file *cf = f->private;

	return cf->hangups != cf->dev->hangups && !cf->survives;
}

/*
 * A device with a position (a host file) keeps it itself, and shares it: with
 * other descriptions of the same host file, with host processes. So it is left
 * alone by plain reads and writes. Only when f->pos was changed otherwise
 * (sendfile) is it set; pread and pwrite go there and back.
 *
 * Returns where it was, or -1: it need not go back.
 */
static s64 seek_to(struct file *f, const s64 *pos)
{
	const struct chrdev_file *cf = f->private;
	struct chrdev *dev = cf->dev;
	s64 was;

	if (!dev->ops->lseek)
		return -1;
	if (pos == &f->pos) {
		if (*pos != cf->known)
			dev->ops->lseek(dev, *pos, SEEK_SET);
		return -1;
	}
	was = dev->ops->lseek(dev, 0, SEEK_CUR);
	dev->ops->lseek(dev, *pos, SEEK_SET);
	return was;
}

/* After a transfer of n bytes (or its failure). */
static void seek_done(struct file *f, s64 *pos, s64 was, s64 n)
{
	struct chrdev_file *cf = f->private;

	if (n > 0)
		*pos += n;
	if (was >= 0)
		cf->dev->ops->lseek(cf->dev, was, SEEK_SET);
	else if (pos == &f->pos)
		cf->known = *pos;
}

static s64 chrdev_file_read(struct file *f, struct iobuf *buf, s64 *pos)
{
	struct chrdev *dev = dev_of(f);
	struct file_io fio;
	s64 ret, was;

	if (is_dead(f))
		return 0;
	if (!dev->ops->read)
		return -EINVAL;
	io_init(&fio, f, buf);
	was = seek_to(f, pos);
	ret = dev->ops->read(dev, &fio.io);
	seek_done(f, pos, was, ret);
	return ret;
}

static s64 chrdev_file_write(struct file *f, struct iobuf *buf, s64 *pos)
{
	struct chrdev *dev = dev_of(f);
	struct file_io fio;
	s64 ret, was;

	if (is_dead(f))
		return -EIO;
	if (!dev->ops->write)
		return -EINVAL;
	io_init(&fio, f, buf);
	was = seek_to(f, pos);
	ret = dev->ops->write(dev, &fio.io);
	seek_done(f, pos, was, ret);
	return ret;
}

/* --- the other operations ----------------------------------------------------------------- */

static s64 chrdev_file_lseek(struct file *f, s64 offset, int whence)
{
	struct chrdev_file *cf = f->private;
	struct chrdev *dev = cf->dev;
	s64 pos;

	if (!dev->ops->lseek)
		return -ESPIPE;
	pos = dev->ops->lseek(dev, offset, whence);
	if (pos >= 0)
		f->pos = cf->known = pos;
	return pos;
}

static u32 chrdev_file_poll(struct file *f, struct poll_table *pt)
{
	struct chrdev *dev = dev_of(f);

	if (is_dead(f))
		return POLLIN | POLLOUT | POLLERR | POLLHUP | POLLRDNORM |
		       POLLWRNORM;
	if (!dev->ops->poll)
		return POLLIN | POLLOUT | POLLRDNORM | POLLWRNORM;
	return dev->ops->poll(dev, pt);
}

static s64 chrdev_file_ioctl(struct file *f, u32 cmd, u64 arg)
{
	struct chrdev *dev = dev_of(f);

	if (is_dead(f))
		return cmd == TIOCSPGRP ? -ENOTTY : -EIO;
	if (cmd == TIOCGPTPEER)
		return devpts_open_peer(f, dev, (u32)arg);
	return dev->ops->ioctl ? dev->ops->ioctl(dev, cmd, arg) : -ENOTTY;
}

/* /dev/zero is the one device that can be mapped: as anonymous memory. */
static int chrdev_file_mmap(struct file *f, struct map_req *req)
{
	if (dev_of(f)->rdev != MKDEV(1, 5))
		return -ENODEV;
	if (!(req->vma_flags & VMA_SHARED))
		return 0;
	req->object = vm_object_anon(ALIGN_UP(req->len_bytes, PAGE_SIZE));
	req->pgoff = 0;
	req->put_object = true;
	return req->object ? 0 : -ENOMEM;
}

static void chrdev_file_release(struct file *f)
{
	struct chrdev *dev = dev_of(f);

	if (dev->ops->release)
		dev->ops->release(dev);
	kfree(f->private);
	f->private = NULL;
}

static const struct file_ops chrdev_file_ops = {
	.async = true,
	.read = chrdev_file_read,
	.write = chrdev_file_write,
	.lseek = chrdev_file_lseek,
	.poll = chrdev_file_poll,
	.ioctl = chrdev_file_ioctl,
	.mmap = chrdev_file_mmap,
	.release = chrdev_file_release,
};

int chrdev_file_attach(struct file *f, struct chrdev *dev)
{
	struct chrdev_file *cf;
	int err = 0;

	if (dev->ops->redirect)
		dev = dev->ops->redirect(dev);
	if (!dev)
		return -ENXIO;
	cf = kmalloc(sizeof(*cf));
	if (!cf)
		return -ENOMEM;
	if (dev->ops->open)
		err = dev->ops->open(dev, f->flags & O_NOCTTY || !file_readable(f));
	if (err) {
		kfree(cf);
		return err;
	}
	cf->dev = dev;
	cf->survives = false;
	cf->hangups = dev->hangups;
	if (dev->ops->lseek)
		f->pos = MAX(dev->ops->lseek(dev, 0, SEEK_CUR), 0LL);
	cf->known = f->pos;
	f->private = cf;
	f->ops = &chrdev_file_ops;
	f->stream = !dev->ops->lseek;
	/* A host file behind a stream, /dev/null and kin. */
	f->no_poll = !dev->ops->poll || S_ISREG(f->inode->mode);
	return 0;
}

int chrdev_file_open(struct inode *inode, struct file *f)
{
	struct chrdev *dev;

	if (inode->rdev == PTMX_RDEV)
		return devpts_open_master(f);
	if (inode->rdev >> 8 == PTY_SLAVE_MAJOR)
		return -EIO; /* a slave's node outside of devpts */
	dev = chrdev_find(inode->rdev);
	return dev ? chrdev_file_attach(f, dev) : -ENXIO;
}
