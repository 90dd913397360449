/*
 * AF_UNIX (unix(7)): what stream, datagram and sequenced-packet sockets have in
 * common. Names are unix_name.c's, connections unix_connect.c's, garbage in
 * flight unix_gc.c's.
 *
 * Invariant: us->peer is referenced; a stream's peer stays its peer until one of
 * the two is closed, a datagram's may be somebody who does not know.
 */
#include "net/unix.h"

#include <linux/poll.h>
#include <linux/sockios.h>
#include <asm/ioctls.h>

#include "lib/err.h"
#include "lib/string.h"
#include "mm/slab.h"
#include "mm/uaccess.h"
#include "net/netbuf.h"
#include "proc/task.h"

static struct list_head all = LIST_HEAD_INIT(all);

struct socket *unix_create(u32 type, s32 protocol)
{
	const struct socket_ops *ops;
	struct unix_socket *us;
	struct socket *s;

	if (protocol && protocol != AF_UNIX)
		return ERR_PTR(-EPROTONOSUPPORT);
	switch (type) {
	case SOCK_STREAM:
		ops = &unix_stream_ops;
		break;
	case SOCK_RAW: /* as Linux: datagrams by another name */
		type = SOCK_DGRAM;
		ops = &unix_dgram_ops;
		break;
	case SOCK_DGRAM:
		ops = &unix_dgram_ops;
		break;
	case SOCK_SEQPACKET:
		ops = &unix_seqpacket_ops;
		break;
	default:
		return ERR_PTR(-ESOCKTNOSUPPORT);
	}
	s = socket_alloc(sizeof(*us), ops, AF_UNIX, type, 0);
	if (!s)
		return ERR_PTR(-ENOMEM);
	us = unix_of(s);
	s->backlog = UNIX_DGRAM_QUEUE;
	list_init(&us->hash);
	list_init(&us->full_senders);
	list_init(&us->full_link);
	list_init(&us->inflight_link);
	list_add_tail(&us->all, &all);
	return s;
}

static int unix_pair(struct socket *a, struct socket *b)
{
	unix_of(a)->peer = unix_of(b);
	unix_of(b)->peer = unix_of(a);
	socket_get(a);
	socket_get(b);
	a->state = b->state = SOCKET_CONNECTED;
	a->peer_cred = b->peer_cred = socket_current_cred();
	return 0;
}

const struct net_family unix_family = {
	.family = AF_UNIX,
	.create = unix_create,
	.pair = unix_pair,
};

struct unix_socket *unix_first(void)
{
	return list_empty(&all) ? NULL : list_first_entry(&all, struct unix_socket, all);
}

struct unix_socket *unix_next(struct unix_socket *us)
{
	return us->all.next == &all ? NULL
				    : list_first_entry(&us->all, struct unix_socket, all);
}

/* --- the end -------------------------------------------------------------------------- */

void unix_flush(struct unix_socket *us)
{
	struct socket *s = &us->s;
	struct netbuf *nb;
	struct socket *child;

	while (!list_empty(&s->rx)) {
		nb = list_first_entry(&s->rx, struct netbuf, link);
		list_del(&nb->link);
		netbuf_free(nb);
	}
	s->rx_count = 0;
	s->rx_bytes = 0;
	while (!list_empty(&s->accept_queue)) {
		child = list_first_entry(&s->accept_queue, struct socket, accept_link);
		list_del(&child->accept_link);
		s->accept_count--;
		child->ops->release(child);
		socket_put(child);
	}
}

/* Connections: the peer reads what there is, and then the end. */
static void leave_peer(struct unix_socket *us, bool unread)
{
	struct unix_socket *peer = us->peer;

	us->peer = NULL;
	if (us->s.type != SOCK_DGRAM) {
		peer->s.closed = SOCKET_NO_BOTH;
		if (unread)
			peer->s.error = ECONNRESET;
	}
	socket_wake(&peer->s);
	list_del(&us->full_link);
	socket_put(&peer->s);
}

void unix_release(struct socket *s)
{
	struct unix_socket *us = unix_of(s);
	/* Unread bytes, or never accepted. */
	bool unread = !list_empty(&s->rx) || !s->ino;

	s->dead = true;
	unix_unhash(us);
	list_del(&us->all);
	s->state = SOCKET_CLOSED;
	s->closed = SOCKET_NO_BOTH;
	if (us->path.dentry)
		path_put(&us->path);
	us->path.dentry = NULL;
	socket_wake(s); /* who sleeps in a call, or polls its datagram queue */
	unix_dgram_drained(us);
	if (us->peer)
		leave_peer(us, unread);
	unix_flush(us);
	unix_collect();
}

void unix_destroy(struct socket *s)
{
	unix_name_put(unix_of(s)->name);
}

/* --- what all types do alike --------------------------------------------------------------- */

bool unix_writable(struct socket *s)
{
	return s->state != SOCKET_LISTENING && s->tx_charge <= s->sndbuf / 4;
}

u32 unix_poll_common(struct socket *s)
{
	u32 mask = 0;

	if (s->error)
		mask |= POLLERR;
	if (s->closed == SOCKET_NO_BOTH)
		mask |= POLLHUP;
	if (s->closed & SOCKET_NO_RECEIVE)
		mask |= POLLRDHUP | POLLIN | POLLRDNORM;
	if (!list_empty(&s->rx) || !list_empty(&s->accept_queue))
		mask |= POLLIN | POLLRDNORM;
	if (s->type != SOCK_DGRAM && s->state == SOCKET_CLOSED)
		mask |= POLLHUP;
	if (unix_writable(s))
		mask |= POLLOUT | POLLWRNORM | POLLWRBAND;
	else
		s->no_space = true;
	return mask;
}

int unix_shutdown(struct socket *s, u32 mask)
{
	struct unix_socket *us = unix_of(s);
	u32 theirs = 0;

	s->closed |= mask;
	if (us->peer && s->type != SOCK_DGRAM) {
		if (mask & SOCKET_NO_RECEIVE)
			theirs |= SOCKET_NO_SEND;
		if (mask & SOCKET_NO_SEND)
			theirs |= SOCKET_NO_RECEIVE;
		us->peer->s.closed |= theirs;
		socket_wake(&us->peer->s);
	}
	socket_wake(s);
	unix_dgram_drained(us);
	return 0;
}

/* FIONREAD: the next datagram's length, or all of a stream's bytes. */
static s64 put_unread(struct socket *s, uaddr_t arg)
{
	s32 bytes = 0;

	if (s->state == SOCKET_LISTENING)
		return -EINVAL;
	if (s->type != SOCK_DGRAM)
		bytes = (s32)s->rx_bytes;
	else if (!list_empty(&s->rx))
		bytes = (s32)list_first_entry(&s->rx, struct netbuf, link)->total;
	return put_user(bytes, arg);
}

s64 unix_ioctl(struct socket *s, u32 cmd, uaddr_t arg)
{
	s32 charge = (s32)s->tx_charge;

	switch (cmd) {
	case FIONREAD: /* = SIOCINQ */
		return put_unread(s, arg);
	case TIOCOUTQ: /* = SIOCOUTQ */
		return put_user(charge, arg);
	default:
		return -ENOIOCTLCMD_;
	}
}

/* --- ancillary data -------------------------------------------------------------------------- */


/* Credentials go along when either side asked for them before the send. */
static bool wants_cred(const struct unix_socket *us)
{
	const struct unix_socket *to = us->peer;

	return us->s.passcred || !to || to->s.orphan || to->s.passcred;
}

int unix_scm_begin(struct socket *s, struct net_msg *m)
{
	struct unix_socket *us = unix_of(s);
	bool named = s->type == SOCK_DGRAM && us->name;
	int err;

	if (s->passcred && !us->name) {
		err = unix_autobind(us);
		if (err)
			return err;
		named = s->type == SOCK_DGRAM;
	}
	if (m->cmsg_bytes) {
		unix_collect_if_many();
		err = scm_parse(m->cmsg, m->cmsg_bytes, &m->scm);
		if (err)
			return err;
	}
	if (!m->scm && (named || wants_cred(us))) {
		m->scm = scm_create(0);
		if (!m->scm)
			return -ENOMEM;
	}
	if (!m->scm)
		return 0;
	if (!m->scm->has_cred)
		m->scm->cred = socket_current_cred();
	m->scm->has_cred = true;
	if (named)
		m->scm->from = unix_name_get(us->name);
	return 0;
}

void unix_scm_deliver(struct socket *s, struct net_msg *m, struct scm *scm)
{
	static const struct user_cred nobody = { 0, 65534, 65534 };

	if (s->passcred)
		net_put_cmsg(m, SOL_SOCKET, SCM_CREDENTIALS,
			     scm && scm->has_cred ? &scm->cred : &nobody, sizeof(nobody));
	if (scm && scm->files)
		scm_deliver_files(m, scm);
}
