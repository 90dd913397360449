/*
 * The machine's three streams as files: descriptors 0..2 of the first program.
 * What stands behind one on the host shows in fstat: a pipe is a FIFO, a regular
 * file has its size. Streams that are the terminal are /dev/console.
 */
#include <linux/fcntl.h>
#include <linux/stat.h>

#include "dev/chrdev.h"
#include "fs/chrdev_file.h"
#include "fs/file_internal.h"
#include "fs/pseudo.h"
#include "fs/vfs.h"
#include "hal/hal.h"
#include "lib/err.h"

#define STREAMS 3

/* inode->private is the stream's chrdev, opened again through /dev/stdin. */
static int stream_inode_open(struct inode *inode, struct file *f)
{
	return chrdev_file_attach(f, inode->private);
}

static void stream_inode_getattr(struct inode *inode)
{
	struct chrdev *dev = inode->private;
	s64 size = stream_size((int)(dev->rdev & 0xff));

	inode->size = size > 0 ? (u64)size : 0;
	inode->blocks = (inode->size + 511) / 512;
}

/* A shell's "> /dev/stdout": opened as it is, the host's file is not cut. */
static int stream_inode_truncate(struct inode *inode, u64 size)
{
	(void)inode;
	return size ? -EINVAL : 0;
}

static const struct inode_ops stream_inode_ops = {
	.open = stream_inode_open,
};

static const struct inode_ops stream_file_inode_ops = {
	.open = stream_inode_open,
	.getattr = stream_inode_getattr,
	.truncate = stream_inode_truncate,
};

static u32 stream_type(int stream)
{
	switch ((enum lodger_stream_kind)boot_info()->stream_kind[stream]) {
	case LODGER_STREAM_PIPE:
		return S_IFIFO;
	case LODGER_STREAM_FILE:
		return S_IFREG;
	case LODGER_STREAM_SOCKET:
		return S_IFSOCK;
	case LODGER_STREAM_CLOSED:
	case LODGER_STREAM_TTY:
	case LODGER_STREAM_CHAR:
		return S_IFCHR;
	}
	return S_IFCHR;
}

static struct file *open_stream(int stream, struct chrdev *dev)
{
	static const struct file_ops none;
	u32 type = stream_type(stream);
	struct inode *inode;
	struct file *f;
	int err;

	inode = inode_create(vfs_anon_super(), type | 0600);
	if (!inode)
		return ERR_PTR(-ENOMEM);
	inode->ops = type == S_IFREG ? &stream_file_inode_ops : &stream_inode_ops;
	inode->private = dev;
	inode->rdev = type == S_IFCHR ? dev->rdev : 0;
	inode->uid = boot_info()->uid;
	inode->gid = boot_info()->gid;
	f = file_create_anon(inode, &none, stream == 0 ? O_RDONLY : O_WRONLY, NULL);
	if (IS_ERR(f))
		return f;
	err = chrdev_file_attach(f, dev);
	if (err) {
		file_put(f);
		return ERR_PTR(err);
	}
	return f;
}

/*
 * By its name, so that ttyname(3) finds it; it belongs to the program's user. An
 * init does not own its console: the shells that it starts are to, and when one
 * ends and the console hangs up, init still has it.
 */
static struct file *open_console(void)
{
	bool init = boot_info()->flags & LODGER_BOOT_INIT;
	struct chrdev_file *cf;
	struct path path;
	struct file *f;
	int err;

	err = path_walk(AT_FDCWD, "/dev/console", 0, &path);
	if (err)
		return ERR_PTR(err);
	path.dentry->inode->uid = boot_info()->uid;
	f = file_open_path(&path, O_RDWR | (init ? O_NOCTTY : 0));
	path_put(&path);
	if (!IS_ERR(f)) {
		cf = f->private;
		cf->survives = init;
	}
	return f;
}

static struct file *open_one(int stream, struct file **console)
{
	bool tty = boot_info()->stream_kind[stream] == LODGER_STREAM_TTY &&
		   boot_info()->tty_present;
	struct chrdev *dev = dev_stream(stream);

	if (!dev)
		return NULL;
	if (!tty)
		return open_stream(stream, dev);
	if (!*console)
		*console = open_console();
	if (IS_ERR(*console))
		return open_stream(stream, dev);
	file_get(*console);
	return *console;
}

int stream_files_install(void)
{
	struct file *console = NULL, *f;
	int err = 0;

	for (int i = 0; i < STREAMS && err >= 0; i++) {
		f = open_one(i, &console);
		if (IS_ERR(f))
			err = (int)PTR_ERR(f);
		else if (f)
			err = fd_replace(f, i, false);
	}
	if (console && !IS_ERR(console))
		file_put(console);
	return err < 0 ? err : 0;
}
