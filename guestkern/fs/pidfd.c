/* Processes as files: readable once the process has ended. */
#include "fs/pidfd.h"

#include <linux/fcntl.h>
#include <linux/poll.h>

#include "fs/file.h"
#include "lib/err.h"
#include "lib/printf.h"
#include "mm/uaccess.h"
#include "proc/pidref.h"

static u32 pidfd_poll(struct file *f, struct poll_table *pt)
{
	struct pid_ref *ref = f->private;

	poll_wait(pt, &ref->wait);
	return pid_ref_exited(ref) ? POLLIN | POLLRDNORM : 0;
}

static void pidfd_show(struct file *f, struct textbuf *tb)
{
	const struct pid_ref *ref = f->private;

	textbuf_printf(tb, "Pid:\t%d\nNSpid:\t%d\n", ref->process ? ref->pid : -1,
		       ref->process ? ref->pid : -1);
}

static void pidfd_release(struct file *f)
{
	pid_ref_put(f->private);
}

static const struct file_ops pidfd_ops = {
	.anon_name = "[pidfd]",
	.poll = pidfd_poll,
	.show = pidfd_show,
	.release = pidfd_release,
};

struct pid_ref *pidfd_ref(const struct file *f)
{
	return f->ops == &pidfd_ops ? f->private : NULL;
}

struct file *pidfd_create(struct process *p, u32 flags)
{
	struct pid_ref *ref = pid_ref_get(p);
	struct file *f;

	if (!ref)
		return ERR_PTR(-ENOMEM);
	f = file_create_object(&pidfd_ops, O_RDWR | flags, ref);
	if (IS_ERR(f))
		pid_ref_put(ref);
	return f;
}

int pidfd_give(struct process *p, uaddr_t to)
{
	struct file *f = pidfd_create(p, 0);
	s32 fd;

	if (IS_ERR(f))
		return (int)PTR_ERR(f);
	fd = fd_install(f, 0, true);
	if (fd < 0)
		return fd;
	if (put_user(fd, to)) {
		fd_close(fd);
		return -EFAULT;
	}
	return 0;
}
