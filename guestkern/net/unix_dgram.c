/*
 * AF_UNIX datagrams and sequenced packets: each send is one message in the
 * receiver's queue. A datagram's receiver holds at most UNIX_DGRAM_QUEUE + 1 of
 * them from senders that it is not connected to; who finds it full waits for the
 * receiver, which wakes them (full_senders) when it has taken one out.
 */
#include <linux/fcntl.h>
#include <linux/poll.h>

#include "lib/err.h"
#include "net/datagram.h"
#include "net/netbuf.h"
#include "net/unix.h"

#define OVERHEAD 32u /* of the buffer limit, as Linux has it */

static bool queue_full(const struct unix_socket *us)
{
	return us->s.rx_count > us->s.backlog;
}

/* Two that are connected to each other need no limit but their buffers'. */
static bool must_wait(const struct unix_socket *from, const struct unix_socket *to)
{
	return to != from && to->peer != from && queue_full(to);
}

void unix_dgram_drained(struct unix_socket *us)
{
	struct unix_socket *from;

	if (us->s.type != SOCK_DGRAM)
		return;
	if (queue_full(us) && !(us->s.closed & SOCKET_NO_RECEIVE))
		return;
	while (!list_empty(&us->full_senders)) {
		from = list_first_entry(&us->full_senders, struct unix_socket, full_link);
		list_del(&from->full_link);
		wake_up_events(&from->s.wait, POLLOUT | POLLWRNORM);
	}
}

/* --- connecting ------------------------------------------------------------------------ */

static void set_peer(struct unix_socket *us, struct unix_socket *peer)
{
	struct unix_socket *old = us->peer;

	us->peer = peer;
	us->s.state = peer ? SOCKET_CONNECTED : SOCKET_CLOSED;
	list_del(&us->full_link);
	if (!old)
		return;
	/* What the old peer has sent is not for us any more (unless somebody is
	 * reading it right now). */
	if (old != peer && !list_empty(&us->s.rx) && !us->s.rx_busy) {
		unix_flush(us);
		socket_wake(&us->s);
		if (old->peer == us && !old->s.dead)
			socket_set_error(&old->s, ECONNRESET);
	}
	socket_put(&old->s);
}

static int dgram_connect(struct socket *s, const struct net_addr *addr, bool nonblock)
{
	struct unix_socket *us = unix_of(s), *peer = NULL;
	int err;

	(void)nonblock;
	if (addr->len < UNIX_ADDR_MIN)
		return -EINVAL;
	if (addr->family != AF_UNSPEC) {
		err = unix_addr_check(addr);
		if (!err && s->passcred)
			err = unix_autobind(us);
		if (err)
			return err;
		peer = unix_find(addr, s->type);
		if (IS_ERR(peer))
			return (int)PTR_ERR(peer);
		if (peer->peer && peer->peer != us) {
			socket_put(&peer->s);
			return -EPERM;
		}
	}
	set_peer(us, peer);
	socket_wake(s);
	return 0;
}

/* --- sending ------------------------------------------------------------------------------ */

/* The receiver, referenced; or ERR_PTR. */
static struct unix_socket *destination(struct unix_socket *us, const struct net_msg *m)
{
	int err;

	if (m->name.len) {
		err = unix_addr_check(&m->name);
		return err ? ERR_PTR(err) : unix_find(&m->name, us->s.type);
	}
	if (!us->peer)
		return ERR_PTR(-ENOTCONN);
	socket_get(&us->peer->s);
	return us->peer;
}

static bool has_room(const struct socket *s)
{
	return s->tx_charge < s->sndbuf;
}

/* Memory for the message, filled; or ERR_PTR. */
static struct netbuf *prepare(struct socket *s, struct net_msg *m, u64 deadline)
{
	struct netbuf *nb;
	int err = 0;

	if (m->buf.len > s->sndbuf - OVERHEAD)
		return ERR_PTR(-EMSGSIZE);
	while (!has_room(s) && !err) {
		s->no_space = true;
		err = socket_wait(s, has_room(s) || s->error || s->closed & SOCKET_NO_SEND,
				  deadline);
		if (s->error)
			err = socket_take_error(s);
		if (s->closed & SOCKET_NO_SEND)
			err = -EPIPE;
	}
	if (err)
		return ERR_PTR(err);
	nb = netbuf_alloc((u32)m->buf.len);
	if (!nb)
		return ERR_PTR(-ENOBUFS);
	err = netbuf_fill(nb, &m->buf);
	if (err) {
		netbuf_free(nb);
		return ERR_PTR(err);
	}
	return nb;
}

/* May it go there now? 0, -EAGAIN to wait for room, or another -errno. */
static int judge(struct unix_socket *us, struct unix_socket *to, const struct net_msg *m)
{
	if (to->peer && to->peer != us)
		return -EPERM;
	if (to->s.dead) {
		if (!m->name.len && us->peer == to && us->s.type == SOCK_DGRAM)
			set_peer(us, NULL);
		return us->s.type == SOCK_DGRAM ? -ECONNREFUSED : -EPIPE;
	}
	if (to->s.closed & SOCKET_NO_RECEIVE)
		return -EPIPE;
	return us->s.type == SOCK_DGRAM && must_wait(us, to) ? -EAGAIN : 0;
}

static void deliver(struct unix_socket *us, struct unix_socket *to, struct netbuf *nb,
		    struct net_msg *m)
{
	netbuf_charge(nb, &us->s);
	nb->scm = m->scm;
	m->scm = NULL;
	datagram_queue(&to->s, nb);
}

static s64 send_to(struct unix_socket *us, struct unix_socket *to, struct net_msg *m)
{
	u64 deadline = socket_deadline(us->s.sndtimeo_ns, m->flags & MSG_DONTWAIT);
	struct netbuf *nb = prepare(&us->s, m, deadline);
	s64 len;
	int err;

	if (IS_ERR(nb))
		return PTR_ERR(nb);
	len = nb->total;
	while ((err = judge(us, to, m)) == -EAGAIN) {
		err = socket_wait(&to->s, !must_wait(us, to) || to->s.dead ||
						  to->s.closed & SOCKET_NO_RECEIVE,
				  deadline);
		if (err)
			break;
	}
	if (err) {
		netbuf_free(nb);
		return err;
	}
	deliver(us, to, nb, m);
	return len;
}

static s64 dgram_send(struct socket *s, struct net_msg *m)
{
	struct unix_socket *us = unix_of(s), *to;
	s64 ret;

	if (m->flags & MSG_OOB)
		return -EOPNOTSUPP;
	ret = unix_scm_begin(s, m);
	if (ret)
		return ret;
	if (s->error)
		return socket_take_error(s);
	if (s->closed & SOCKET_NO_SEND)
		return -EPIPE;
	to = destination(us, m);
	if (IS_ERR(to))
		return PTR_ERR(to);
	ret = send_to(us, to, m);
	socket_put(&to->s);
	return ret;
}

static s64 seqpacket_send(struct socket *s, struct net_msg *m)
{
	if (s->error)
		return socket_take_error(s);
	if (s->state != SOCKET_CONNECTED)
		return -ENOTCONN;
	m->name.len = 0;
	return dgram_send(s, m);
}

static void take_out(struct unix_socket *us, struct netbuf *nb)
{
	struct socket *s = &us->s;

	datagram_drop(s, nb);
	unix_dgram_drained(us);
	if (s->rx_count == s->backlog)
		wake_up_events(&s->wait, WAKE_SLEEPERS); /* who waits in send_to */
}

static s64 take_message(struct socket *s, struct net_msg *m)
{
	struct netbuf *nb = list_first_entry(&s->rx, struct netbuf, link);
	u32 n = (u32)MIN((size_t)nb->total, m->buf.len), total = nb->total;
	bool peek = m->flags & MSG_PEEK;
	struct scm *scm = nb->scm;

	if (netbuf_copy(nb, 0, &m->buf, n))
		return -EFAULT;
	if (n < total)
		m->out_flags |= MSG_TRUNC;
	if (scm && scm->from)
		unix_name_fill(&m->name, scm->from);
	if (peek)
		scm = scm ? scm_copy(scm) : NULL;
	else
		nb->scm = NULL;
	unix_scm_deliver(s, m, scm);
	if (!peek)
		take_out(unix_of(s), nb);
	if (scm)
		scm_free(scm);
	return m->flags & MSG_TRUNC ? total : n;
}

static s64 dgram_receive(struct socket *s, struct net_msg *m)
{
	u64 deadline = socket_deadline(s->rcvtimeo_ns, m->flags & MSG_DONTWAIT);
	s64 ret;

	if (m->flags & MSG_OOB)
		return -EOPNOTSUPP;
	ret = datagram_wait(s, deadline);
	if (ret)
		return ret == 1 ? 0 : ret;
	ret = take_message(s, m);
	socket_rx_unlock(s);
	return ret;
}

static s64 seqpacket_receive(struct socket *s, struct net_msg *m)
{
	return s->state == SOCKET_CONNECTED ? dgram_receive(s, m) : -ENOTCONN;
}

static u32 dgram_poll(struct socket *s)
{
	struct unix_socket *us = unix_of(s);
	u32 mask = unix_poll_common(s);

	if (mask & POLLOUT && us->peer && must_wait(us, us->peer) && !us->peer->s.dead) {
		mask &= ~(u32)(POLLOUT | POLLWRNORM | POLLWRBAND);
		if (list_empty(&us->full_link))
			list_add_tail(&us->full_link, &us->peer->full_senders);
	}
	return mask;
}

const struct socket_ops unix_dgram_ops = {
	.protocol = "UNIX",
	.bind = unix_bind,
	.connect = dgram_connect,
	.name = unix_getname,
	.send = dgram_send,
	.receive = dgram_receive,
	.poll = dgram_poll,
	.shutdown = unix_shutdown,
	.ioctl = unix_ioctl,
	.writable = unix_writable,
	.release = unix_release,
	.destroy = unix_destroy,
};

const struct socket_ops unix_seqpacket_ops = {
	.protocol = "UNIX",
	.bind = unix_bind,
	.connect = unix_stream_connect,
	.listen = unix_listen,
	.accept = unix_accept,
	.name = unix_getname,
	.send = seqpacket_send,
	.receive = seqpacket_receive,
	.poll = unix_poll_common,
	.shutdown = unix_shutdown,
	.ioctl = unix_ioctl,
	.writable = unix_writable,
	.release = unix_release,
	.destroy = unix_destroy,
};
