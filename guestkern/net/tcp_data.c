/*
 * TCP: moving bytes. What is sent goes straight into the peer's receive queue, as
 * much as both buffers together hold; small pieces are added to the last message
 * there, so that many of them cost no more than their bytes.
 */
#include <linux/fcntl.h>

#include "lib/err.h"
#include "lib/string.h"
#include "net/stream.h"
#include "net/tcp.h"
#include "proc/signal.h"
#include "proc/task.h"

#define PIECE_MAX 16384u
#define SMALL_BYTES 256u /* up to here bytes are added to the last message */
#define SMALL_ROOM 320u
#define OVERHEAD 256u	 /* charged for each message beside its bytes */
/* What SO_SNDBUF grows to while nobody sets it (net.ipv4.tcp_wmem: 4 MiB). */
#define SNDBUF_GROWN 262144u
#define SIGURG_ 23

/* --- sending ------------------------------------------------------------------------- */

static u32 tx_limit(const struct tcp_socket *t)
{
	const struct socket *s = &t->i.s;
	u32 own = s->sndbuf_set ? s->sndbuf : MAX(s->sndbuf, SNDBUF_GROWN);

	return own + (t->peer ? t->peer->i.s.rcvbuf : 0);
}

bool tcp_writable(struct socket *s)
{
	/* A third must be free, so that a writer is not woken for a few bytes. */
	return s->tx_charge + s->tx_charge / 2 <= tx_limit(tcp_of(s));
}

/* 0, or why nothing can be sent. */
static int may_send(struct socket *s)
{
	if (!s->error && !(s->closed & SOCKET_NO_SEND) && tcp_of(s)->peer)
		return 0;
	return s->error ? socket_take_error(s) : -EPIPE;
}

static int wait_connected(struct tcp_socket *t, u64 deadline)
{
	struct socket *s = &t->i.s;

	if (t->state == TCP_SYN_SENT)
		return socket_wait(s, t->state != TCP_SYN_SENT, deadline);
	return 0;
}

static bool has_room(const struct tcp_socket *t)
{
	return t->i.s.tx_charge < tx_limit(t);
}

static int wait_room(struct tcp_socket *t, u64 deadline)
{
	struct socket *s = &t->i.s;

	s->no_space = true;
	return socket_wait(s, tcp_writable(s) || s->error || s->closed & SOCKET_NO_SEND ||
				      !t->peer, deadline);
}

/* The other end's program has closed it, or shut it down both ways: bytes that
 * come there are answered with a reset. */
static bool peer_resets(const struct tcp_socket *t)
{
	const struct tcp_socket *peer = t->peer;

	return peer->i.s.dead ||
	       (peer->state == TCP_FIN_WAIT2 && peer->i.s.closed & SOCKET_NO_RECEIVE);
}

/* A few bytes go to the end of the peer's last message, if that is ours and has
 * room; nb is then freed. */
static bool merge(struct tcp_socket *t, struct netbuf *nb)
{
	struct socket *to = &t->peer->i.s;
	u32 len = nb->total;
	struct netbuf *last;

	if (len > SMALL_BYTES || list_empty(&to->rx))
		return false;
	last = list_entry(to->rx.prev, struct netbuf, link);
	if (last->owner != &t->i.s || last->room - last->off - last->len < len)
		return false;
	memcpy(last->data + last->off + last->len, nb->data, len);
	last->len += len;
	last->total += len;
	last->charge += len;
	t->i.s.tx_charge += len;
	to->rx_bytes += len;
	netbuf_free(nb);
	socket_wake_readers(to);
	return true;
}

static void deliver(struct tcp_socket *t, struct netbuf *nb)
{
	struct socket *s = &t->i.s;

	if (merge(t, nb))
		return;
	nb->charge = nb->total + OVERHEAD;
	nb->owner = s;
	s->tx_charge += nb->charge;
	socket_get(s);
	stream_append(&t->peer->i.s, nb);
}

/* One message from what is left of m: bytes or -errno. */
static s64 send_piece(struct tcp_socket *t, struct net_msg *m)
{
	u32 len = (u32)MIN(m->buf.len, (size_t)PIECE_MAX);
	struct socket *s = &t->i.s;
	struct netbuf *nb;
	int err;

	nb = netbuf_alloc_piece(MAX(len, SMALL_ROOM));
	if (!nb)
		return list_empty(&t->peer->i.s.rx) ? -ENOBUFS : -EAGAIN;
	nb->len = nb->total = MIN(len, nb->room);
	err = netbuf_fill(nb, &m->buf);
	if (!err)
		err = may_send(s); /* filling may have slept */
	if (err) {
		netbuf_free(nb);
		return err;
	}
	len = nb->total;
	t->bytes_sent += len;
	if (peer_resets(t)) {
		netbuf_free(nb);
		tcp_get_reset(t);
		return len;
	}
	t->peer->bytes_received += len;
	netdev_count(len);
	deliver(t, nb);
	return len;
}

static s64 send_all(struct tcp_socket *t, struct net_msg *m, u64 deadline)
{
	struct socket *s = &t->i.s;
	s64 done = 0, n = may_send(s);

	while (!n && m->buf.len) {
		if (has_room(t))
			n = send_piece(t, m);
		else
			n = -EAGAIN;
		if (n == -EAGAIN) {
			n = wait_room(t, deadline);
			if (!n)
				n = may_send(s);
		} else if (n > 0) {
			done += n;
			n = m->buf.len ? may_send(s) : 0;
		}
	}
	return done ? done : n;
}

/* SIGURG for who asked for it (F_SETOWN). */
static void signal_owner(const struct file *f)
{
	struct process *p;

	if (!f || !f->owner_pid)
		return;
	p = f->owner_pid > 0 ? process_find(f->owner_pid) : NULL;
	if (p)
		signal_send_process(p, SIGURG_, NULL);
	else if (f->owner_pid < 0)
		signal_send_group(-f->owner_pid, SIGURG_, NULL);
}

/* The last byte is urgent: it goes past the queue. */
static s64 send_urgent(struct tcp_socket *t, struct net_msg *m, u64 deadline)
{
	struct net_msg front = *m;
	s64 done = 0;
	int err = may_send(&t->i.s);
	u8 byte;

	if (err || !m->buf.len)
		return err;
	if (m->buf.len > 1) {
		front.buf.len--;
		done = send_all(t, &front, deadline);
		if (done < 0 || front.buf.len)
			return done;
		iobuf_advance(&m->buf, m->buf.len - 1);
	}
	if (iobuf_get(&m->buf, &byte, 1))
		return done ? done : -EFAULT;
	if (may_send(&t->i.s) || peer_resets(t))
		return done ? done : -EPIPE;
	if (t->peer->i.s.oobinline) {
		front.buf = (struct iobuf){ .kernel = &byte, .len = 1 };
		if (send_all(t, &front, deadline) < 0)
			return done ? done : -EAGAIN;
		return done + 1;
	}
	t->peer->urgent_byte = byte;
	t->peer->urgent = true;
	t->peer->urgent_seen = false;
	signal_owner(t->peer->i.s.file);
	wake_up_events(&t->peer->i.s.wait, POLLPRI);
	return done + 1;
}

s64 tcp_send(struct socket *s, struct net_msg *m)
{
	u64 deadline = socket_deadline(s->sndtimeo_ns, m->flags & MSG_DONTWAIT);
	struct tcp_socket *t = tcp_of(s);
	int err = wait_connected(t, deadline);

	if (err)
		return err;
	if (m->flags & MSG_OOB)
		return send_urgent(t, m, deadline);
	return send_all(t, m, deadline);
}

/* --- receiving ------------------------------------------------------------------------ */

static int tcp_empty(struct socket *s)
{
	const struct tcp_socket *t = tcp_of(s);

	if (t->fin_received)
		return 1;
	if (s->error)
		return socket_take_error(s);
	if (s->closed & SOCKET_NO_RECEIVE)
		return 1;
	return t->state == TCP_CLOSE || t->state == TCP_LISTEN ? -ENOTCONN : 0;
}

static const struct stream_ops tcp_rx = { .empty = tcp_empty };

static s64 receive_urgent(struct tcp_socket *t, struct net_msg *m)
{
	if (t->i.s.oobinline || (!t->urgent && !t->urgent_seen) || t->urgent_seen)
		return -EINVAL;
	if (t->state == TCP_CLOSE && !t->fin_received)
		return -ENOTCONN;
	if (!m->buf.len) {
		m->out_flags |= MSG_TRUNC;
		return 0;
	}
	if (iobuf_put(&m->buf, &t->urgent_byte, 1))
		return -EFAULT;
	m->out_flags |= MSG_OOB;
	if (!(m->flags & MSG_PEEK)) {
		t->urgent = false;
		t->urgent_seen = true;
	}
	return 1;
}

s64 tcp_receive(struct socket *s, struct net_msg *m)
{
	if (m->flags & MSG_ERRQUEUE) /* nothing is ever put there */
		return -EAGAIN;
	if (tcp_of(s)->state == TCP_LISTEN)
		return -ENOTCONN;
	if (m->flags & MSG_OOB)
		return receive_urgent(tcp_of(s), m);
	return stream_receive(s, m, &tcp_rx);
}

/* --- poll --------------------------------------------------------------------------------- */

static u32 poll_connection(struct socket *s)
{
	const struct tcp_socket *t = tcp_of(s);
	u32 mask = 0;

	if (s->closed == SOCKET_NO_BOTH || t->state == TCP_CLOSE)
		mask |= POLLHUP;
	if (s->closed & SOCKET_NO_RECEIVE)
		mask |= POLLIN | POLLRDNORM | POLLRDHUP;
	if (t->state == TCP_SYN_SENT)
		return mask;
	if (s->rx_bytes >= s->rcvlowat)
		mask |= POLLIN | POLLRDNORM;
	if (t->urgent)
		mask |= POLLPRI;
	if (s->closed & SOCKET_NO_SEND || tcp_writable(s))
		mask |= POLLOUT | POLLWRNORM;
	else
		s->no_space = true;
	return mask;
}

u32 tcp_poll(struct socket *s)
{
	u32 mask;

	if (tcp_of(s)->state == TCP_LISTEN)
		return s->accept_count ? POLLIN | POLLRDNORM : 0;
	mask = poll_connection(s);
	return s->error ? mask | POLLERR : mask;
}
