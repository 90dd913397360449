/* POSIX message queues: the calls and their structures. */
#include "fs/mqueue.h"
#include "fs/file_internal.h"
#include "lib/err.h"
#include "lib/string.h"
#include "mm/slab.h"
#include "mm/uaccess.h"
#include "proc/task.h"
#include "sys/handlers.h"
#include "sys/user_time.h"

#include <asm/siginfo.h>
#include <linux/fcntl.h>

/* struct mq_attr; linux/mqueue.h has no include of its own types */
struct user_mq_attr {
	s64 flags, messages_max, bytes_max, messages, reserved[4];
};

static int attr_from_user(struct mqueue_attr *attr, uaddr_t from)
{
	struct user_mq_attr u;

	if (get_user(u, from))
		return -EFAULT;
	*attr = (struct mqueue_attr){ u.flags, u.messages_max, u.bytes_max, u.messages };
	return 0;
}

s64 sys_mq_open(const u64 arg[6])
{
	struct mqueue_attr attr;
	struct file *f;
	char *name;

	if (arg[3] && attr_from_user(&attr, arg[3]))
		return -EFAULT;
	name = getname(arg[0]);
	if (IS_ERR(name))
		return PTR_ERR(name);
	f = mqueue_open(name, (u32)arg[1], (u32)arg[2], arg[3] ? &attr : NULL);
	kfree(name);
	return IS_ERR(f) ? PTR_ERR(f) : fd_install(f, 0, true);
}

s64 sys_mq_unlink(const u64 arg[6])
{
	char *name = getname(arg[0]);
	int err;

	if (IS_ERR(name))
		return PTR_ERR(name);
	err = mqueue_unlink(name);
	kfree(name);
	return err;
}

/* The queue's description with a reference, or NULL. */
static struct file *queue_get(s32 fd)
{
	struct file *f = fd_get(fd);

	if (!f || file_is_mqueue(f))
		return f;
	file_put(f);
	return NULL;
}

/* An instant of the wall clock, where there is one. */
static int deadline_get(u64 *deadline_ns, uaddr_t from)
{
	int err;

	*deadline_ns = UINT64_MAX;
	if (!from)
		return 0;
	err = user_timespec_get(deadline_ns, from);
	if (!err)
		*deadline_ns = wait_wall_deadline(*deadline_ns);
	return err;
}

s64 sys_mq_timedsend(const u64 arg[6])
{
	u64 deadline_ns;
	struct file *f;
	s64 ret;

	ret = deadline_get(&deadline_ns, arg[4]);
	if (ret)
		return ret;
	if ((u32)arg[3] >= MQ_PRIORITY_MAX)
		return -EINVAL;
	f = queue_get((s32)arg[0]);
	if (!f)
		return -EBADF;
	ret = mqueue_send(f, arg[1], arg[2], (u32)arg[3], deadline_ns);
	file_put(f);
	return ret;
}

s64 sys_mq_timedreceive(const u64 arg[6])
{
	u64 deadline_ns;
	struct file *f;
	u32 priority;
	s64 ret;

	ret = deadline_get(&deadline_ns, arg[4]);
	if (ret)
		return ret;
	f = queue_get((s32)arg[0]);
	if (!f)
		return -EBADF;
	ret = mqueue_receive(f, arg[1], arg[2], &priority, deadline_ns);
	file_put(f);
	if (ret >= 0 && arg[3] && put_user(priority, arg[3]))
		return -EFAULT;
	return ret;
}

/* struct sigevent: 0, 1 (there is none), -errno. */
static int event_from_user(struct mqueue_event *event, uaddr_t from)
{
	struct {
		u64 value;
		s32 signo, notify;
	} u;

	if (!from)
		return 1;
	if (get_user(u, from))
		return -EFAULT;
	*event = (struct mqueue_event){ u.signo, u.value };
	switch (u.notify) {
	case SIGEV_NONE:
		event->signo = 0;
		return 0;
	case SIGEV_SIGNAL:
		return (u32)u.signo > NSIG_ ? -EINVAL : 0;
	default: /* SIGEV_THREAD goes by a netlink socket */
		return -EINVAL;
	}
}

s64 sys_mq_notify(const u64 arg[6])
{
	struct mqueue_event event;
	struct file *f;
	int none, err;

	none = event_from_user(&event, arg[1]);
	if (none < 0)
		return none;
	f = queue_get((s32)arg[0]);
	if (!f)
		return -EBADF;
	err = mqueue_notify(f, none ? NULL : &event);
	file_put(f);
	return err;
}

s64 sys_mq_getsetattr(const u64 arg[6])
{
	struct mqueue_attr new = { 0 }, old;
	struct user_mq_attr u;
	struct file *f;

	if (arg[1] && attr_from_user(&new, arg[1]))
		return -EFAULT;
	if (arg[1] && new.flags & ~(s64)O_NONBLOCK)
		return -EINVAL;
	f = queue_get((s32)arg[0]);
	if (!f)
		return -EBADF;
	mqueue_attr_get(f, &old);
	if (arg[1])
		f->flags = (f->flags & ~(u32)O_NONBLOCK) | (u32)new.flags;
	file_put(f);
	if (!arg[2])
		return 0;
	memset(&u, 0, sizeof(u));
	u.flags = old.flags;
	u.messages_max = old.messages_max;
	u.bytes_max = old.bytes_max;
	u.messages = old.messages;
	return put_user(u, arg[2]);
}
