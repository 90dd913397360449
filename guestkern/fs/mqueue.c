/*
 * POSIX message queues. A queue is an inode of the one mqueue super block; its
 * messages are in a list by priority, in the core.
 *
 * Invariants: messages are sorted by falling priority, equal ones by age; who
 * waits is woken by every change and looks again.
 */
#include "fs/mqueue.h"

#include <asm/siginfo.h>
#include <linux/capability.h>
#include <linux/fcntl.h>
#include <linux/poll.h>
#include <linux/resource.h>
#include <linux/stat.h>

#include "fs/file_internal.h"
#include "fs/vfs_internal.h"
#include "hal/hal.h"
#include "lib/err.h"
#include "lib/printf.h"
#include "lib/string.h"
#include "mm/slab.h"
#include "mm/uaccess.h"
#include "proc/cred.h"
#include "proc/ipc.h"
#include "proc/task.h"

#define MQUEUE_MAGIC 0x19800202 /* linux/magic.h has no name for it */
#define MESSAGE_COST 48u /* struct msg_msg; and a leaf for each priority */
#define PRIORITY_COST 48u
#define MAY_READ 4u
#define MAY_WRITE 2u
#define FILE_TEXT_BYTES 80

struct mq_message {
	struct list_head link;
	u32 priority;
	u64 bytes;
	u8 text[];
};

struct mqueue {
	struct list_head messages;
	struct wait_queue wait;
	s64 messages_max, bytes_max, count;
	u64 queued_bytes, charged_bytes;
	u32 receivers; /* that wait */
	struct mqueue_event event;
	s32 notify_pid; /* 0: nobody is told */
};

static u32 queue_count;

/* Of the current name space; NULL: not made yet. */
static struct mount *mq_mount(void)
{
	return ipc_space()->mqueues;
}

static struct mqueue *queue_of(const struct inode *inode)
{
	return inode->private;
}

/* --- files --------------------------------------------------------------------------------- */

static s64 mqueue_file_read(struct file *f, struct iobuf *buf, s64 *pos)
{
	const struct mqueue *q = queue_of(f->inode);
	char text[FILE_TEXT_BYTES];
	int len, err;

	len = ksnprintf(text, sizeof(text),
			"QSIZE:%-10llu NOTIFY:%-5d SIGNO:%-5d NOTIFY_PID:%-6d\n",
			(unsigned long long)q->queued_bytes,
			q->notify_pid && !q->event.signo ? SIGEV_NONE : 0,
			q->notify_pid ? q->event.signo : 0, q->notify_pid);
	if (*pos >= len)
		return 0;
	len = (int)MIN((s64)buf->len, len - *pos);
	err = iobuf_put(buf, text + *pos, (size_t)len);
	if (err)
		return err;
	*pos += len;
	return len;
}

static u32 mqueue_poll(struct file *f, struct poll_table *pt)
{
	struct mqueue *q = queue_of(f->inode);
	u32 mask = 0;

	poll_wait(pt, &q->wait);
	if (q->count)
		mask |= POLLIN | POLLRDNORM;
	if (q->count < q->messages_max)
		mask |= POLLOUT | POLLWRNORM;
	return mask;
}

/* As Linux: the first of its process's descriptors that is closed ends it. */
static int mqueue_file_flush(struct file *f)
{
	struct mqueue *q = queue_of(f->inode);

	if (q->notify_pid == current_process()->pid)
		q->notify_pid = 0;
	return 0;
}

static void mqueue_file_release(struct file *f)
{
	mqueue_file_flush(f);
}

static const struct file_ops mqueue_fops = {
	.read = mqueue_file_read,
	.lseek = file_noop_lseek,
	.poll = mqueue_poll,
	.flush = mqueue_file_flush,
	.release = mqueue_file_release,
};

bool file_is_mqueue(const struct file *f)
{
	return f->ops == &mqueue_fops;
}

static void mqueue_evict(struct inode *inode)
{
	struct mqueue *q = queue_of(inode);
	struct mq_message *m;

	if (!q)
		return;
	while (!list_empty(&q->messages)) {
		m = list_first_entry(&q->messages, struct mq_message, link);
		list_del(&m->link);
		kfree(m);
	}
	wait_queue_drain(&q->wait);
	queue_count--;
	kfree(q);
}

static const struct inode_ops mqueue_inode_ops = {
	.evict = mqueue_evict,
};

/* --- names ------------------------------------------------------------------------------------- */

/* What the queues of uid are charged for. */
static u64 charged_to(const struct super_block *sb, u32 uid)
{
	const struct dentry *d;
	u64 bytes = 0;

	list_for_each_entry(d, &sb->root->children, sibling)
		if (d->inode && d->inode->uid == uid)
			bytes += queue_of(d->inode)->charged_bytes;
	return bytes;
}

static struct mqueue_attr attr_default(void)
{
	const struct ipc_space *space = ipc_space();

	return (struct mqueue_attr){
		.messages_max = MIN(space->mq_messages_default, space->mq_messages_max),
		.bytes_max = MIN(space->mq_bytes_default, space->mq_bytes_max),
	};
}

static int attr_check(const struct mqueue_attr *attr, u64 *charge)
{
	bool may_more = capable(CAP_SYS_RESOURCE);
	s64 messages = attr->messages_max, bytes = attr->bytes_max;

	if (messages <= 0 || bytes <= 0)
		return -EINVAL;
	if (messages > (may_more ? MQ_MESSAGES_HARD : ipc_space()->mq_messages_max) ||
	    bytes > (may_more ? MQ_BYTES_HARD : ipc_space()->mq_bytes_max))
		return -EINVAL;
	*charge = (u64)messages * (MESSAGE_COST + (u64)bytes) +
		  MIN((u64)messages, MQ_PRIORITY_MAX) * PRIORITY_COST;
	return 0;
}

static int queue_create(struct inode *dir, struct dentry *child, u32 mode,
			const struct mqueue_attr *attr)
{
	struct mqueue *q;
	struct inode *inode;
	u64 charge;
	int err;

	if (queue_count >= (u64)ipc_space()->mq_queues_max && !capable(CAP_SYS_RESOURCE))
		return -ENOSPC;
	err = attr_check(attr, &charge);
	if (err)
		return err;
	if (charged_to(dir->sb, current_task()->cred.fsuid) + charge >
	    current_process()->rlim[RLIMIT_MSGQUEUE].cur)
		return -EMFILE;
	q = kzalloc(sizeof(*q));
	inode = q ? inode_create(dir->sb, S_IFREG | (mode & 07777)) : NULL;
	if (!inode) {
		kfree(q);
		return -ENOMEM;
	}
	list_init(&q->messages);
	wait_queue_init(&q->wait);
	q->messages_max = attr->messages_max;
	q->bytes_max = attr->bytes_max;
	q->charged_bytes = charge;
	inode_init_owner(inode, dir);
	inode->ops = &mqueue_inode_ops;
	inode->fops = &mqueue_fops;
	inode->private = q;
	inode->size = FILE_TEXT_BYTES;
	queue_count++;
	d_set_inode(child, inode);
	d_pin(child);
	inode_touch(dir, false, true, true);
	return 0;
}

/* open(2) and touch(1) in a mounted mqueue. */
static int dir_create(struct inode *dir, struct dentry *child, u32 mode)
{
	const struct mqueue_attr attr = attr_default();

	return queue_create(dir, child, mode, &attr);
}

static int dir_unlink(struct inode *dir, struct dentry *child)
{
	child->inode->nlink--;
	inode_touch(child->inode, false, false, true);
	inode_touch(dir, false, true, true);
	return 0;
}

static const struct inode_ops mqueue_dir_ops = {
	.lookup = dentry_lookup_none,
	.create = dir_create,
	.unlink = dir_unlink,
};

static int prepare(void)
{
	struct super_block *sb;
	struct inode *root;

	if (mq_mount())
		return 0;
	sb = super_create("mqueue", MQUEUE_MAGIC);
	root = sb ? inode_create(sb, S_IFDIR | S_ISVTX | 0777) : NULL;
	if (!root)
		return -ENOMEM;
	root->uid = root->gid = 0;
	root->ops = &mqueue_dir_ops;
	root->fops = &dentry_dir_fops;
	if (!dentry_make_root(sb, root))
		return -ENOMEM;
	ipc_space()->mqueues = mount_kernel(sb, "mqueue");
	return mq_mount() ? 0 : -ENOMEM;
}

static struct super_block *mqueue_mount(const char *source, const char *options)
{
	int err = prepare();

	(void)source;
	(void)options;
	if (err)
		return ERR_PTR(err);
	mq_mount()->sb->refs++;
	return mq_mount()->sb;
}

void mqueue_space_end(struct ipc_space *space)
{
	if (space->mqueues)
		mount_put(space->mqueues);
	space->mqueues = NULL;
}

void mqueue_init(void)
{
	static const struct fs_type type = { .name = "mqueue", .mount = mqueue_mount };

	fs_register(&type);
}

/* The referenced dentry of a queue's name, possibly negative. */
static struct dentry *name_lookup(const char *name)
{
	size_t len = strlen(name);
	int err = prepare();

	if (err)
		return ERR_PTR(err);
	if (!len || strchr(name, '/') || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		return ERR_PTR(len ? -EACCES : -ENOENT);
	if (len > NAME_MAX_)
		return ERR_PTR(-ENAMETOOLONG);
	return dentry_lookup(mq_mount()->root, name, len);
}

static int queue_prepare(struct dentry *d, u32 flags, u32 mode,
			 const struct mqueue_attr *attr)
{
	static const u32 access[] = { MAY_READ, MAY_WRITE, MAY_READ | MAY_WRITE };
	struct inode *dir = mq_mount()->root->inode;

	if (d->inode) {
		if ((flags & (O_CREAT | O_EXCL)) == (O_CREAT | O_EXCL))
			return -EEXIST;
		if ((flags & O_ACCMODE) == O_ACCMODE)
			return -EINVAL;
		return inode_permission(d->inode, access[flags & O_ACCMODE]);
	}
	if (!(flags & O_CREAT))
		return -ENOENT;
	return queue_create(dir, d, mode & ~current_fs()->umask, attr);
}

struct file *mqueue_open(const char *name, u32 flags, u32 mode,
			 const struct mqueue_attr *attr)
{
	const struct mqueue_attr usual = attr_default();
	struct dentry *d = name_lookup(name);
	struct path path;
	struct file *f;
	int err;

	if (IS_ERR(d))
		return (struct file *)d;
	err = queue_prepare(d, flags, mode, attr ? attr : &usual);
	if (err) {
		dentry_put(d);
		return ERR_PTR(err);
	}
	path.mnt = mq_mount();
	path.dentry = d;
	f = file_open_path(&path, flags & (O_ACCMODE | O_NONBLOCK));
	dentry_put(d);
	return f;
}

int mqueue_unlink(const char *name)
{
	struct dentry *d = name_lookup(name);
	int err;

	if (IS_ERR(d))
		return (int)PTR_ERR(d);
	err = dir_may_delete(mq_mount()->root, d, false);
	if (!err)
		err = dir_unlink(mq_mount()->root->inode, d);
	if (!err)
		dentry_delete(d);
	dentry_put(d);
	return err;
}

/* --- messages --------------------------------------------------------------------------------------- */

static struct mq_message *message_from_user(uaddr_t text, u64 bytes, u32 priority)
{
	struct mq_message *m;

	if (ipc_core_short())
		return ERR_PTR(-ENOMEM);
	m = kmalloc(sizeof(*m) + bytes);
	if (!m)
		return ERR_PTR(-ENOMEM);
	m->priority = priority;
	m->bytes = bytes;
	if (copy_from_user(m->text, text, bytes)) {
		kfree(m);
		return ERR_PTR(-EFAULT);
	}
	return m;
}

static void insert(struct mqueue *q, struct mq_message *m)
{
	struct list_head *before = &q->messages;
	struct mq_message *other;

	list_for_each_entry(other, &q->messages, link) {
		if (other->priority < m->priority) {
			before = &other->link;
			break;
		}
	}
	list_add_tail(&m->link, before);
	q->count++;
	q->queued_bytes += m->bytes;
}

/* A message came into the empty queue and nobody waits for it. */
static void notify(struct mqueue *q)
{
	struct process *p = q->notify_pid ? process_find(q->notify_pid) : NULL;
	struct k_siginfo info = { .signo = q->event.signo, .code = SI_MESGQ };

	q->notify_pid = 0;
	if (!p || !q->event.signo)
		return;
	info.rt.pid = current_process()->pid;
	info.rt.uid = current_task()->cred.uid;
	info.rt.value = q->event.value;
	signal_send_process(p, q->event.signo, &info);
}

s64 mqueue_send(struct file *f, uaddr_t text, u64 bytes, u32 priority, u64 deadline_ns)
{
	struct mqueue *q = queue_of(f->inode);
	struct mq_message *m;
	int err = 0;

	if (!file_writable(f))
		return -EBADF;
	if (bytes > (u64)q->bytes_max)
		return -EMSGSIZE;
	m = message_from_user(text, bytes, priority);
	if (IS_ERR(m))
		return PTR_ERR(m);
	if (q->count == q->messages_max)
		err = f->flags & O_NONBLOCK ? -EAGAIN :
					      wait_event_until(&q->wait,
							       q->count < q->messages_max,
							       deadline_ns);
	if (err) {
		kfree(m);
		return err;
	}
	insert(q, m);
	inode_touch(f->inode, true, true, true);
	if (q->count == 1 && !q->receivers)
		notify(q);
	wake_up(&q->wait);
	return 0;
}

s64 mqueue_receive(struct file *f, uaddr_t to, u64 bytes, u32 *priority, u64 deadline_ns)
{
	struct mqueue *q = queue_of(f->inode);
	struct mq_message *m;
	int err = 0;
	s64 ret;

	if (!file_readable(f))
		return -EBADF;
	if (bytes < (u64)q->bytes_max)
		return -EMSGSIZE;
	if (!q->count && f->flags & O_NONBLOCK)
		return -EAGAIN;
	if (!q->count) {
		q->receivers++;
		err = wait_event_until(&q->wait, q->count, deadline_ns);
		q->receivers--;
	}
	if (err)
		return err;
	m = list_first_entry(&q->messages, struct mq_message, link);
	list_del(&m->link);
	q->count--;
	q->queued_bytes -= m->bytes;
	inode_touch(f->inode, true, true, true);
	wake_up(&q->wait);
	*priority = m->priority;
	ret = copy_to_user(to, m->text, m->bytes) ? -EFAULT : (s64)m->bytes;
	kfree(m);
	return ret;
}

int mqueue_notify(struct file *f, const struct mqueue_event *event)
{
	struct mqueue *q = queue_of(f->inode);
	s32 pid = current_process()->pid;

	if (!event) {
		if (q->notify_pid == pid)
			q->notify_pid = 0;
		return 0;
	}
	if (q->notify_pid && process_find(q->notify_pid))
		return -EBUSY;
	q->notify_pid = pid;
	q->event = *event;
	return 0;
}

void mqueue_attr_get(const struct file *f, struct mqueue_attr *attr)
{
	const struct mqueue *q = queue_of(f->inode);

	attr->flags = f->flags & O_NONBLOCK;
	attr->messages_max = q->messages_max;
	attr->bytes_max = q->bytes_max;
	attr->messages = q->count;
}
