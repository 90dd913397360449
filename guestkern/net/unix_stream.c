/*
 * AF_UNIX streams: a send becomes messages in the peer's queue, a receive takes
 * bytes across message boundaries, but never across descriptors or, with
 * SO_PASSCRED, across writers.
 */
#include <linux/fcntl.h>

#include "lib/err.h"
#include "net/stream.h"
#include "net/unix.h"

/* At most so much in one message, so that a large write does not need the whole
 * buffer limit at once. */
#define MESSAGE_MAX 16384u

/* -EPIPE, -ENOTCONN or 0. */
static int may_send(const struct unix_socket *us)
{
	if (us->s.closed & SOCKET_NO_SEND)
		return -EPIPE;
	if (!us->peer)
		return -ENOTCONN;
	return us->peer->s.closed & SOCKET_NO_RECEIVE ? -EPIPE : 0;
}

static bool has_room(const struct socket *s)
{
	return s->tx_charge < s->sndbuf;
}

/* Messages have used up their share of memory: if some are our own, until there are
 * fewer. 0 or -errno. */
static int wait_for_memory(struct unix_socket *us, u64 deadline)
{
	struct socket *s = &us->s;
	u32 charge = s->tx_charge;
	int err;

	if (!charge)
		return -ENOBUFS;
	s->no_space = true;
	err = socket_wait(s, s->tx_charge < charge || may_send(us), deadline);
	return err ? err : may_send(us);
}

/* One message from what is left of m; bytes, 0 to be called again, or -errno. */
static s64 send_piece(struct unix_socket *us, struct net_msg *m, u64 deadline)
{
	struct socket *s = &us->s;
	struct netbuf *nb;
	int err;

	while (!has_room(s)) {
		s->no_space = true;
		err = socket_wait(s, has_room(s) || may_send(us), deadline);
		if (!err)
			err = may_send(us);
		if (err)
			return err;
	}
	nb = netbuf_alloc_piece((u32)MIN(m->buf.len, (size_t)MESSAGE_MAX));
	if (!nb)
		return wait_for_memory(us, deadline);
	nb->len = nb->total = (u32)MIN(m->buf.len, (size_t)nb->room);
	err = netbuf_fill(nb, &m->buf);
	if (!err)
		err = may_send(us); /* filling may have slept */
	if (err) {
		netbuf_free(nb);
		return err;
	}
	netbuf_charge(nb, s);
	nb->scm = m->scm;
	m->scm = NULL;
	stream_append(&us->peer->s, nb);
	return nb->total;
}

/* Each message says who wrote it, the descriptors go with the first. */
static int next_scm(struct unix_socket *us, struct net_msg *m, const struct user_cred *cred)
{
	if (m->scm || (!us->s.passcred && !(us->peer && us->peer->s.passcred)))
		return 0;
	m->scm = scm_create(0);
	if (!m->scm)
		return -ENOMEM;
	m->scm->cred = *cred;
	m->scm->has_cred = true;
	return 0;
}

static s64 stream_send(struct socket *s, struct net_msg *m)
{
	u64 deadline = socket_deadline(s->sndtimeo_ns, m->flags & MSG_DONTWAIT);
	struct unix_socket *us = unix_of(s);
	struct user_cred cred;
	s64 done = 0, n;

	if (m->flags & MSG_OOB)
		return -EOPNOTSUPP;
	n = unix_scm_begin(s, m);
	if (n)
		return n;
	cred = m->scm ? m->scm->cred : socket_current_cred();
	if (m->name.len)
		return s->state == SOCKET_CONNECTED ? -EISCONN : -EOPNOTSUPP;
	n = may_send(us);
	while (!n && m->buf.len) {
		n = next_scm(us, m, &cred);
		if (!n)
			n = send_piece(us, m, deadline);
		if (n > 0) {
			done += n;
			n = 0;
		}
	}
	return done ? done : n;
}

/* --- receiving ---------------------------------------------------------------------- */

static int stream_empty(struct socket *s)
{
	if (s->error)
		return socket_take_error(s);
	return s->closed & SOCKET_NO_RECEIVE ? 1 : 0;
}

static bool same_writer(const struct scm *a, const struct scm *b)
{
	return a && b && a->cred.pid == b->cred.pid && a->cred.uid == b->cred.uid &&
	       a->cred.gid == b->cred.gid;
}

/* m->scm collects what goes to the program: credentials of the first message. */
static bool stream_before(struct socket *s, struct net_msg *m, const struct netbuf *nb,
			  bool any)
{
	if (s->passcred && any)
		return m->scm ? same_writer(m->scm, nb->scm) : !nb->scm;
	return true;
}

static bool stream_after(struct socket *s, struct net_msg *m, struct netbuf *nb, bool peek)
{
	bool files = nb->scm && nb->scm->files;

	(void)s;
	if (!nb->scm || (m->scm && !files))
		return true;
	if (m->scm)
		scm_free(m->scm);
	m->scm = NULL;
	if (peek) {
		m->scm = scm_copy(nb->scm);
	} else {
		m->scm = nb->scm;
		nb->scm = NULL;
		/* What is left of it is by the same writer. */
		if (nb->total && s->passcred)
			nb->scm = scm_create(0);
		if (nb->scm) {
			nb->scm->cred = m->scm->cred;
			nb->scm->has_cred = true;
		}
	}
	return !files;
}

static const struct stream_ops unix_stream_rx = {
	.empty = stream_empty,
	.before = stream_before,
	.after = stream_after,
};

static s64 stream_recv(struct socket *s, struct net_msg *m)
{
	s64 ret;

	if (s->state != SOCKET_CONNECTED)
		return -EINVAL;
	if (m->flags & MSG_OOB)
		return -EOPNOTSUPP;
	ret = stream_receive(s, m, &unix_stream_rx);
	if (ret > 0) {
		if (unix_of(s)->peer && unix_of(s)->peer->name)
			unix_name_fill(&m->name, unix_of(s)->peer->name);
		unix_scm_deliver(s, m, m->scm);
	}
	if (m->scm)
		scm_free(m->scm);
	m->scm = NULL;
	return ret;
}

static u32 stream_poll(struct socket *s)
{
	return unix_poll_common(s);
}

const struct socket_ops unix_stream_ops = {
	.protocol = "UNIX-STREAM",
	.bind = unix_bind,
	.connect = unix_stream_connect,
	.listen = unix_listen,
	.accept = unix_accept,
	.name = unix_getname,
	.send = stream_send,
	.receive = stream_recv,
	.poll = stream_poll,
	.shutdown = unix_shutdown,
	.ioctl = unix_ioctl,
	.writable = unix_writable,
	.release = unix_release,
	.destroy = unix_destroy,
};
