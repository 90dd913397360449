/*
 * Sockets: life time, the file behind a descriptor, and the checks that are the
 * same for all families before the family's own operation.
 *
 * Invariant: a socket is in no list of its family once release has run and the
 * family let go of it; it is freed with the last reference. Nothing here holds
 * across an operation that sleeps but the caller's references.
 */
#include "net/socket.h"

#include <linux/fcntl.h>
#include <linux/ioctl.h>
#include <linux/magic.h>
#include <linux/poll.h>
#include <linux/sockios.h>
#include <linux/stat.h>
#include <linux/xattr.h>
#include <asm/ioctls.h>

#include "fs/vfs.h"
#include "fs/xattr.h"
#include "hal/hal.h"
#include "lib/bug.h"
#include "lib/err.h"
#include "lib/string.h"
#include "mm/slab.h"
#include "mm/uaccess.h"
#include "net/netdev.h"
#include "proc/signal.h"
#include "proc/task.h"

#define SIGPIPE_ 13
#define SOCKPROTONAME XATTR_SYSTEM_PREFIX "sockprotoname"
#define CORE_SHARE 8	    /* of the core, all struct socket together */
#define SOCKET_BYTES 1024   /* about what one costs, file and inode included */

static u32 sockets;
static struct super_block *sockfs;

static const struct net_family *const families[] = {
	&unix_family,
	&inet_family,
	&inet6_family,
	&netlink_family,
};

/* --- life time ---------------------------------------------------------------------- */

struct socket *socket_alloc(size_t bytes, const struct socket_ops *ops, u16 family,
			    u32 type, s32 protocol)
{
	struct socket *s;

	if (sockets >= kmem_total_bytes() / CORE_SHARE / SOCKET_BYTES)
		return NULL;
	s = kzalloc(bytes);
	if (!s)
		return NULL;
	sockets++;
	s->ops = ops;
	s->refs = 1;
	s->family = family;
	s->type = (u16)type;
	s->protocol = protocol;
	s->rcvbuf = s->sndbuf = SOCKET_BUFFER_DEFAULT;
	s->rcvlowat = 1;
	s->orphan = true;
	s->owner_uid = current_task()->cred.fsuid;
	wait_queue_init(&s->wait);
	wait_queue_init(&s->rx_turn);
	list_init(&s->rx);
	list_init(&s->accept_queue);
	list_init(&s->accept_link);
	return s;
}

void socket_get(struct socket *s)
{
	s->refs++;
}

void socket_put(struct socket *s)
{
	BUG_ON(s->refs == 0);
	if (--s->refs > 0)
		return;
	if (s->ops->destroy)
		s->ops->destroy(s);
	sockets--;
	kfree(s);
}

u32 socket_count(void)
{
	return sockets;
}

void socket_wake_writers(struct socket *s)
{
	if (!s->no_space || (s->ops->writable && !s->ops->writable(s)))
		return;
	s->no_space = false;
	wake_up_events(&s->wait, POLLOUT | POLLWRNORM);
}

void socket_set_error(struct socket *s, int err)
{
	s->error = err;
	socket_wake(s);
}

int socket_take_error(struct socket *s)
{
	int err = s->error;

	s->error = 0;
	return -err;
}

/* --- waiting ------------------------------------------------------------------------ */

u64 socket_deadline(u64 timeo_ns, bool nonblock)
{
	if (nonblock)
		return 0;
	return timeo_ns ? clock_mono_ns() + timeo_ns : UINT64_MAX;
}

int socket_wait_error(int err, u64 deadline)
{
	if (err == -ETIMEDOUT)
		return -EAGAIN;
	if (err == -ERESTARTSYS && deadline != UINT64_MAX)
		return -EINTR;
	return err;
}

int socket_rx_lock(struct socket *s)
{
	int err = 0;

	/* Whoever has it does not keep it while waiting for data: so even who
	 * must not wait does. */
	if (s->rx_busy)
		err = wait_event(&s->rx_turn, !s->rx_busy);
	if (!err)
		s->rx_busy = true;
	return err;
}

void socket_rx_unlock(struct socket *s)
{
	s->rx_busy = false;
	wake_up(&s->rx_turn);
}

struct user_cred socket_current_cred(void)
{
	const struct task *t = current_task();

	return (struct user_cred){ t->proc->pid, t->cred.euid, t->cred.egid };
}

/* --- making them ----------------------------------------------------------------------- */

static const struct net_family *family_find(u32 family)
{
	for (size_t i = 0; i < ARRAY_SIZE(families); i++)
		if (families[i]->family == family)
			return families[i];
	return NULL;
}

struct socket *socket_create(u32 family, u32 type, s32 protocol)
{
	const struct net_family *nf;

	if (family >= AF_MAX)
		return ERR_PTR(-EAFNOSUPPORT);
	if (type >= SOCK_TYPE_MAX)
		return ERR_PTR(-EINVAL);
	nf = family_find(family);
	if (!nf)
		return ERR_PTR(-EAFNOSUPPORT);
	return nf->create(type, protocol);
}

int socket_create_pair(u32 family, u32 type, s32 protocol, struct socket *pair[2])
{
	int err = -EOPNOTSUPP;

	pair[0] = socket_create(family, type, protocol);
	if (IS_ERR(pair[0]))
		return (int)PTR_ERR(pair[0]);
	pair[1] = socket_create(family, type, protocol);
	if (IS_ERR(pair[1])) {
		err = (int)PTR_ERR(pair[1]);
		goto out_first;
	}
	if (family_find(family)->pair)
		err = family_find(family)->pair(pair[0], pair[1]);
	if (!err)
		return 0;
	pair[1]->ops->release(pair[1]);
	socket_put(pair[1]);
out_first:
	pair[0]->ops->release(pair[0]);
	socket_put(pair[0]);
	return err;
}

/* --- the attribute that names the protocol, as lsof and lsfd read it --------------------- */

/* inode->private is the name. */
static s64 sockfs_xattr_get(const struct inode *inode, const char *name, void *value,
			    size_t size)
{
	const char *protocol = inode->private;
	size_t len = strlen(protocol) + 1;

	if (strcmp(name, SOCKPROTONAME) != 0)
		return -EOPNOTSUPP;
	if (size && size < len)
		return -ERANGE;
	if (size)
		memcpy(value, protocol, len);
	return (s64)len;
}

static int sockfs_xattr_set(struct inode *inode, const char *name, const void *value,
			    size_t size, u32 flags)
{
	(void)inode;
	(void)name;
	(void)value;
	(void)size;
	(void)flags;
	return -EOPNOTSUPP;
}

static int sockfs_xattr_list(const struct inode *inode, struct xattr_list *list)
{
	(void)inode;
	return xattr_list_add(list, "", SOCKPROTONAME, strlen(SOCKPROTONAME));
}

static const struct xattr_ops sockfs_xattr_ops = {
	.own = SOCKPROTONAME,
	.get = sockfs_xattr_get,
	.set = sockfs_xattr_set,
	.list = sockfs_xattr_list,
};

/* --- the file -------------------------------------------------------------------------- */

static const struct file_ops socket_file_ops;
static const struct inode_ops socket_inode_ops;

static void sockfs_statfs(struct super_block *sb, struct fs_usage *u)
{
	(void)sb;
	(void)u;
}

static const struct super_ops sockfs_ops = { .statfs = sockfs_statfs };

static struct inode *sockfs_inode(const struct socket *s)
{
	struct inode *inode;

	if (!sockfs) {
		sockfs = super_create("sockfs", SOCKFS_MAGIC);
		if (!sockfs)
			return NULL;
		sockfs->ops = &sockfs_ops;
		sockfs->xattr_ops = &sockfs_xattr_ops;
	}
	inode = inode_create(sockfs, S_IFSOCK | 0777);
	if (!inode)
		return NULL;
	inode->ops = &socket_inode_ops;
	inode->private = (void *)(u64)(s->family == AF_INET6 ? s->ops->protocol_v6 :
							       s->ops->protocol);
	return inode;
}

struct file *socket_file(struct socket *s, u32 flags)
{
	struct inode *inode = sockfs_inode(s);
	struct file *f = ERR_PTR(-ENOMEM);

	if (inode)
		f = file_create_anon(inode, &socket_file_ops,
				     O_RDWR | (flags & O_NONBLOCK), s);
	if (IS_ERR(f)) {
		s->ops->release(s);
		socket_put(s);
		return f;
	}
	s->ino = inode->ino;
	s->file = f;
	s->orphan = false;
	return f;
}

struct socket *socket_of(const struct file *f)
{
	return f->ops == &socket_file_ops ? f->private : NULL;
}

static void socket_file_release(struct file *f)
{
	struct socket *s = f->private;

	s->orphan = true;
	s->file = NULL;
	s->ops->release(s);
	socket_put(s);
}

/* Takes what the transfer has left of buf over and gives it back. */
static s64 file_transfer(struct file *f, struct iobuf *buf, bool write)
{
	struct socket *s = f->private;
	struct net_msg m = { .buf = *buf };
	s64 ret;

	if (f->flags & O_NONBLOCK)
		m.flags |= MSG_DONTWAIT;
	if (write && s->type == SOCK_SEQPACKET)
		m.flags |= MSG_EOR;
	ret = write ? socket_send(s, &m) : socket_receive(s, &m);
	*buf = m.buf;
	return ret;
}

static s64 socket_file_read(struct file *f, struct iobuf *buf, s64 *pos)
{
	(void)pos;
	return buf->len ? file_transfer(f, buf, false) : 0;
}

static s64 socket_file_write(struct file *f, struct iobuf *buf, s64 *pos)
{
	(void)pos;
	return file_transfer(f, buf, true);
}

static u32 socket_file_poll(struct file *f, struct poll_table *pt)
{
	struct socket *s = f->private;

	poll_wait(pt, &s->wait);
	return s->ops->poll(s);
}

static s64 socket_file_ioctl(struct file *f, u32 cmd, u64 arg)
{
	struct socket *s = f->private;
	s64 ret = -ENOIOCTLCMD_;
	s32 owner;

	if (s->ops->ioctl)
		ret = s->ops->ioctl(s, cmd, arg);
	if (ret == -ENOIOCTLCMD_)
		ret = netdev_ioctl(cmd, arg);
	if (ret != -ENOIOCTLCMD_)
		return ret;
	switch (cmd) {
	case FIOSETOWN:
	case SIOCSPGRP:
		return get_user(f->owner_pid, arg);
	case FIOGETOWN:
	case SIOCGPGRP:
		owner = f->owner_pid;
		return put_user(owner, arg);
	default:
		return -ENOTTY;
	}
}

static const struct file_ops socket_file_ops = {
	.async = true,
	.read = socket_file_read,
	.write = socket_file_write,
	.poll = socket_file_poll,
	.ioctl = socket_file_ioctl,
	.release = socket_file_release,
};

/* --- operations ---------------------------------------------------------------------------- */

int socket_bind(struct socket *s, const struct net_addr *addr)
{
	return s->ops->bind ? s->ops->bind(s, addr) : -EOPNOTSUPP;
}

int socket_connect(struct socket *s, const struct net_addr *addr, bool nonblock)
{
	return s->ops->connect ? s->ops->connect(s, addr, nonblock) : -EOPNOTSUPP;
}

int socket_listen(struct socket *s, s32 backlog)
{
	if (!s->ops->listen)
		return -EOPNOTSUPP;
	/* Unsigned, so that a negative one is the most there can be. */
	return s->ops->listen(s, MIN((u32)backlog, (u32)SOMAXCONN));
}

struct socket *socket_accept(struct socket *s, bool nonblock)
{
	return s->ops->accept ? s->ops->accept(s, nonblock) : ERR_PTR(-EOPNOTSUPP);
}

int socket_name(struct socket *s, struct net_addr *addr, bool peer)
{
	return s->ops->name(s, addr, peer);
}

s64 socket_send(struct socket *s, struct net_msg *m)
{
	s64 ret;

	if (!s->ops->send)
		return -EOPNOTSUPP;
	ret = s->ops->send(s, m);
	if (ret == -EPIPE && s->type == SOCK_STREAM && !(m->flags & MSG_NOSIGNAL))
		signal_send_task(current_task(), SIGPIPE_, NULL);
	return ret;
}

s64 socket_receive(struct socket *s, struct net_msg *m)
{
	return s->ops->receive ? s->ops->receive(s, m) : -EOPNOTSUPP;
}

int socket_shutdown(struct socket *s, s32 how)
{
	if (!s->ops->shutdown)
		return -EOPNOTSUPP;
	if (how < SHUT_RD || how > SHUT_RDWR)
		return -EINVAL;
	return s->ops->shutdown(s, (u32)how + 1); /* bits, as SOCKET_NO_* */
}

int socket_setopt(struct socket *s, const struct sockopt *opt)
{
	if ((s32)opt->len < 0)
		return -EINVAL;
	if (opt->level == SOL_SOCKET)
		return sockopt_set_socket(s, opt);
	return s->ops->setopt ? s->ops->setopt(s, opt) : -EOPNOTSUPP;
}

int socket_getopt(struct socket *s, struct sockopt *opt)
{
	if (opt->level == SOL_SOCKET)
		return sockopt_get_socket(s, opt);
	return s->ops->getopt ? s->ops->getopt(s, opt) : -EOPNOTSUPP;
}

void net_put_cmsg(struct net_msg *m, s32 level, s32 type, const void *data, u32 len)
{
	struct cmsg_header h = { CMSG_LEN_(len), level, type };
	struct net_control *c = &m->control;

	if (!c->at || c->left < sizeof(h)) {
		m->out_flags |= MSG_CTRUNC;
		return;
	}
	if (c->left < h.len) {
		m->out_flags |= MSG_CTRUNC;
		h.len = c->left;
	}
	if (put_user(h, c->at) ||
	    copy_to_user(c->at + sizeof(h), data, h.len - sizeof(h))) {
		m->out_flags |= MSG_CTRUNC;
		return;
	}
	len = (u32)MIN(CMSG_SPACE_(len), c->left);
	c->at += len;
	c->left -= len;
}
