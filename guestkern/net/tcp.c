/*
 * TCP: life and end of a connection. Owns the list of sockets and the rules by
 * which two ends let go of each other.
 *
 * Invariants: t->peer is referenced and t->peer->peer == t; both pointers go at
 * once (tcp_done). A socket that was closed by its program lives on as long as
 * its peer points to it: that is the FIN_WAIT2 of an orphan.
 */
#include "net/tcp.h"

#include <asm/ioctls.h>
#include <linux/in.h>
#include <linux/sockios.h>

#include "lib/err.h"
#include "mm/uaccess.h"
#include "net/netbuf.h"

#define SNDBUF_DEFAULT 16384u /* net.ipv4.tcp_wmem */
#define RCVBUF_DEFAULT 131072u /* net.ipv4.tcp_rmem */

static struct list_head all = LIST_HEAD_INIT(all);

static bool ports_compatible(const struct inet_socket *a, const struct inet_socket *b)
{
	const struct tcp_socket *other = container_of(b, const struct tcp_socket, i);

	if (a->s.reuseport && b->s.reuseport && a->s.owner_uid == b->s.owner_uid)
		return true;
	return a->s.reuseaddr && b->s.reuseaddr && other->state != TCP_LISTEN;
}

struct port_table tcp_ports = {
	.compatible = ports_compatible,
	.reserved = tcp_timewait_reserves,
};

struct socket *tcp_create(u16 family)
{
	struct socket *s = socket_alloc(sizeof(struct tcp_socket), &tcp_ops, family,
					SOCK_STREAM, IPPROTO_TCP);
	struct tcp_socket *t;

	if (!s)
		return ERR_PTR(-ENOMEM);
	t = tcp_of(s);
	s->sndbuf = SNDBUF_DEFAULT;
	s->rcvbuf = RCVBUF_DEFAULT;
	t->state = TCP_CLOSE;
	inet_setup(&t->i);
	tcp_option_setup(t);
	list_init(&t->waiters);
	list_init(&t->waiting);
	list_add_tail(&t->all, &all);
	return s;
}

struct tcp_socket *tcp_first(void)
{
	return list_empty(&all) ? NULL : list_first_entry(&all, struct tcp_socket, all);
}

struct tcp_socket *tcp_next(struct tcp_socket *t)
{
	return t->all.next == &all ? NULL : list_first_entry(&t->all, struct tcp_socket, all);
}

/* --- ends --------------------------------------------------------------------------- */

/* A port that the program chose stays its socket's until that is closed. */
static void free_port(struct tcp_socket *t, bool closed)
{
	if (t->i.bound && (closed || !t->i.port_chosen))
		port_release(&t->i);
}

/* t's half of the end; its peer's reference is returned, to be put last. */
static struct tcp_socket *detach(struct tcp_socket *t)
{
	struct tcp_socket *peer = t->peer;

	t->peer = NULL;
	if (t->state == TCP_TIME_WAIT)
		tcp_timewait_add(t);
	t->state = TCP_CLOSE;
	t->i.s.closed = SOCKET_NO_BOTH;
	free_port(t, t->i.s.dead);
	socket_wake(&t->i.s);
	return peer;
}

void tcp_done(struct tcp_socket *t)
{
	struct tcp_socket *peer = detach(t);

	if (!peer)
		return;
	detach(peer);
	socket_put(&t->i.s); /* the peer's reference of t */
	socket_put(&peer->i.s);
}

void tcp_get_reset(struct tcp_socket *t)
{
	int err = tcp_reset_error(t->state);

	if (err)
		t->i.s.error = err;
	t->state = tcp_next_state(t->state, TCP_GETS_RST);
	tcp_done(t);
}

void tcp_send_reset(struct tcp_socket *t)
{
	t->state = TCP_CLOSE;
	if (t->peer)
		tcp_get_reset(t->peer);
	else
		tcp_done(t);
}

void tcp_send_fin(struct tcp_socket *t)
{
	struct tcp_socket *peer = t->peer;

	t->state = tcp_next_state(t->state, TCP_SENDS_FIN);
	if (!peer)
		return;
	/* The FIN arrives, and with it the other's acknowledgement. */
	peer->state = tcp_next_state(peer->state, TCP_GETS_FIN);
	t->state = tcp_next_state(t->state, TCP_GETS_ACK);
	peer->i.s.closed |= SOCKET_NO_RECEIVE;
	peer->fin_received = true;
	socket_wake(&peer->i.s);
	if (peer->state == TCP_TIME_WAIT || t->state == TCP_CLOSE)
		tcp_done(t);
}

static void flush(struct socket *s)
{
	while (!list_empty(&s->rx)) {
		struct netbuf *nb = list_first_entry(&s->rx, struct netbuf, link);

		list_del(&nb->link);
		netbuf_free(nb);
	}
	s->rx_bytes = 0;
	s->rx_count = 0;
}

static void tcp_release(struct socket *s)
{
	struct tcp_socket *t = tcp_of(s);
	bool abort = s->rx_bytes || (s->linger.on && s->linger.seconds == 0);

	s->dead = true;
	s->closed = SOCKET_NO_BOTH;
	if (t->state == TCP_LISTEN)
		tcp_stop_listening(t);
	else if (t->state == TCP_SYN_SENT)
		tcp_stop_connecting(t);
	flush(s);
	if (abort || !t->peer)
		tcp_send_reset(t);
	else if (tcp_can_send(t->state))
		tcp_send_fin(t);
	socket_wake(s);
}

static void tcp_destroy(struct socket *s)
{
	struct tcp_socket *t = tcp_of(s);

	flush(s);
	free_port(t, true);
	list_del(&t->all);
}

/* --- operations ------------------------------------------------------------------------ */

static int tcp_bind(struct socket *s, const struct net_addr *addr)
{
	return inet_bind(&tcp_ports, inet_of(s), addr);
}

static int tcp_getname(struct socket *s, struct net_addr *addr, bool peer)
{
	const struct tcp_socket *t = tcp_of(s);

	if (peer && (t->state == TCP_CLOSE || t->state == TCP_SYN_SENT))
		return -ENOTCONN;
	return inet_name(s, addr, peer);
}

static int tcp_shutdown(struct socket *s, u32 mask)
{
	struct tcp_socket *t = tcp_of(s);

	switch (t->state) {
	case TCP_CLOSE:
		s->closed |= mask;
		socket_wake(s);
		return -ENOTCONN;
	case TCP_LISTEN:
		if (mask & SOCKET_NO_RECEIVE)
			tcp_stop_listening(t);
		break;
	case TCP_SYN_SENT:
		tcp_stop_connecting(t);
		break;
	default:
		s->closed |= mask;
		if (mask & SOCKET_NO_SEND && tcp_can_send(t->state))
			tcp_send_fin(t);
	}
	socket_wake(s);
	return 0;
}

static s64 tcp_ioctl(struct socket *s, u32 cmd, uaddr_t arg)
{
	const struct tcp_socket *t = tcp_of(s);
	s32 value;

	switch (cmd) {
	case FIONREAD: /* = SIOCINQ */
		if (t->state == TCP_LISTEN)
			return -EINVAL;
		value = (s32)MIN(s->rx_bytes, (u64)INT32_MAX);
		return put_user(value, arg);
	case TIOCOUTQ: /* = SIOCOUTQ: what is sent is acknowledged */
	case SIOCOUTQNSD:
		if (t->state == TCP_LISTEN)
			return -EINVAL;
		value = 0;
		return put_user(value, arg);
	case SIOCATMARK:
		value = t->urgent;
		return put_user(value, arg);
	default:
		return -ENOIOCTLCMD_;
	}
}

const struct socket_ops tcp_ops = {
	.protocol = "TCP",
	.protocol_v6 = "TCPv6",
	.bind = tcp_bind,
	.connect = tcp_connect,
	.listen = tcp_listen,
	.accept = tcp_accept,
	.name = tcp_getname,
	.send = tcp_send,
	.receive = tcp_receive,
	.poll = tcp_poll,
	.shutdown = tcp_shutdown,
	.ioctl = tcp_ioctl,
	.setopt = tcp_setopt,
	.getopt = tcp_getopt,
	.writable = tcp_writable,
	.release = tcp_release,
	.destroy = tcp_destroy,
};
