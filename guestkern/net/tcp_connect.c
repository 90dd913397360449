/*
 * TCP: listen, connect, accept. The handshake is one call: connect finds the
 * listener, makes the server's socket and queues it for accept. When the queue is
 * full the connecting socket waits in the listener's list, as its SYN would be
 * sent again and again, until there is room or two minutes have passed.
 */
#include "hal/hal.h"
#include "lib/err.h"
#include "lib/string.h"
#include "net/tcp.h"

/* Six repetitions from one second on: net.ipv4.tcp_syn_retries. */
#define CONNECT_PATIENCE_NS (127 * NS_PER_SEC)

static bool queue_full(const struct socket *s)
{
	return s->accept_count > s->backlog;
}

/* --- listening ----------------------------------------------------------------------- */

static bool another_listens(struct tcp_socket *t)
{
	return port_conflict(&tcp_ports, &t->i, &t->i.local);
}

int tcp_listen(struct socket *s, u32 backlog)
{
	struct tcp_socket *t = tcp_of(s);
	int err;

	if (s->state != SOCKET_CLOSED && s->state != SOCKET_LISTENING)
		return -EINVAL;
	if (t->state != TCP_LISTEN && t->state != TCP_CLOSE)
		return -EINVAL;
	s->backlog = backlog;
	if (t->state == TCP_LISTEN)
		return 0;
	err = inet_autobind(&tcp_ports, &t->i);
	if (err)
		return -EADDRINUSE;
	if (another_listens(t))
		return -EADDRINUSE;
	t->state = TCP_LISTEN;
	s->state = SOCKET_LISTENING;
	s->closed = 0;
	s->error = 0;
	socket_wake(s);
	return 0;
}

/* Of several that share the port (SO_REUSEPORT), each gets its turn. */
static struct tcp_socket *find_listener(const struct endpoint *to)
{
	static u32 turn;
	struct tcp_socket *best = NULL;
	struct inet_socket *is;
	u32 same = 0;

	list_for_each_entry(is, port_bucket(&tcp_ports, to->port), port_link) {
		struct tcp_socket *t = container_of(is, struct tcp_socket, i);
		bool exact = !ip_is_any(&is->local.ip);

		if (t->state != TCP_LISTEN || is->local.port != to->port ||
		    !inet_accepts(is, &to->ip))
			continue;
		if (!best || (exact && ip_is_any(&best->i.local.ip))) {
			best = t;
			same = 1;
		} else if (exact == !ip_is_any(&best->i.local.ip) && is->s.reuseport) {
			same++;
			if (turn % same == 0)
				best = t;
		}
	}
	turn++;
	return best;
}

static void refuse(struct tcp_socket *t, int err)
{
	t->state = TCP_CLOSE;
	if (t->i.bound && !t->i.port_chosen) {
		port_release(&t->i);
		t->i.local.port = 0;
	}
	if (!t->i.address_chosen)
		t->i.local.ip = ip_any(t->i.s.family);
	t->i.remote.port = 0;
	socket_set_error(&t->i.s, err);
}

void tcp_stop_listening(struct tcp_socket *t)
{
	struct socket *s = &t->i.s, *child;

	t->state = TCP_CLOSE;
	s->state = SOCKET_CLOSED;
	while (!list_empty(&s->accept_queue)) {
		child = list_first_entry(&s->accept_queue, struct socket, accept_link);
		list_del(&child->accept_link);
		s->accept_count--;
		child->dead = true;
		tcp_send_reset(tcp_of(child));
		socket_put(child);
	}
	while (!list_empty(&t->waiters)) {
		struct tcp_socket *from =
			list_first_entry(&t->waiters, struct tcp_socket, waiting);

		tcp_stop_connecting(from);
		refuse(from, ECONNREFUSED);
	}
	if (t->i.bound && !t->i.port_chosen)
		port_release(&t->i);
}

/* --- the handshake ---------------------------------------------------------------------- */

static struct tcp_socket *make_child(struct tcp_socket *from, struct tcp_socket *listener)
{
	struct socket *s = tcp_create(listener->i.s.family);
	struct tcp_socket *child;

	if (IS_ERR(s))
		return NULL;
	child = tcp_of(s);
	tcp_option_inherit(child, listener);
	child->i.local = from->i.remote;
	child->i.remote = from->i.local;
	child->i.address_chosen = true;
	port_share(&tcp_ports, &child->i);
	child->state = TCP_ESTABLISHED;
	s->state = SOCKET_CONNECTED;
	return child;
}

/* Joins from and a new socket of the listener's; 0 or -ENOBUFS. */
static int establish(struct tcp_socket *from, struct tcp_socket *listener)
{
	struct tcp_socket *child = make_child(from, listener);
	struct socket *l = &listener->i.s;

	if (!child)
		return -ENOBUFS;
	child->peer = from;
	from->peer = child;
	socket_get(&from->i.s);
	socket_get(&child->i.s);
	from->state = TCP_ESTABLISHED;
	list_add_tail(&child->i.s.accept_link, &l->accept_queue);
	l->accept_count++;
	socket_wake_readers(l);
	socket_wake(&from->i.s);
	return 0;
}

void tcp_stop_connecting(struct tcp_socket *t)
{
	struct tcp_socket *listener = t->listener;

	timer_stop(&t->give_up);
	list_del(&t->waiting);
	t->listener = NULL;
	t->state = TCP_CLOSE;
	t->i.s.state = SOCKET_CLOSED;
	if (listener)
		socket_put(&listener->i.s);
}

static void connect_timeout(struct timer *timer)
{
	struct tcp_socket *t = container_of(timer, struct tcp_socket, give_up);

	tcp_stop_connecting(t);
	refuse(t, ETIMEDOUT);
}

static void wait_for_listener(struct tcp_socket *t, struct tcp_socket *listener)
{
	t->listener = listener;
	socket_get(&listener->i.s);
	list_add_tail(&t->waiting, &listener->waiters);
	timer_init(&t->give_up, connect_timeout);
	timer_start(&t->give_up, clock_mono_ns() + CONNECT_PATIENCE_NS);
}

/* Room in the queue: who waited longest is next. */
static void serve_waiters(struct tcp_socket *listener)
{
	while (!queue_full(&listener->i.s) && !list_empty(&listener->waiters)) {
		struct tcp_socket *t =
			list_first_entry(&listener->waiters, struct tcp_socket, waiting);
		enum socket_state state = t->i.s.state;

		tcp_stop_connecting(t);
		t->i.s.state = state;
		if (establish(t, listener))
			refuse(t, ENOBUFS);
	}
}

/* Sends the SYN: afterwards t is connected, refused or waits. */
static void handshake(struct tcp_socket *t)
{
	struct tcp_socket *listener = find_listener(&t->i.remote);

	t->state = TCP_SYN_SENT;
	if (!listener)
		refuse(t, ECONNREFUSED);
	else if (queue_full(&listener->i.s))
		wait_for_listener(t, listener);
	else if (establish(t, listener))
		refuse(t, ENOBUFS);
}

static int start(struct tcp_socket *t, const struct net_addr *addr)
{
	struct socket *s = &t->i.s;
	struct endpoint to;
	struct ip from;
	int err;

	if (t->state != TCP_CLOSE)
		return -EISCONN;
	err = inet_destination(&t->i, addr, &to, &from);
	if (!err && (ip_is_multicast(&to.ip) || ip_is_broadcast(&to.ip)))
		err = -ENETUNREACH;
	if (err)
		return err;
	if (!t->i.bound) {
		struct endpoint own = { .ip = from };

		if (port_take(&tcp_ports, &t->i, &own))
			return -EADDRNOTAVAIL;
	}
	t->i.local.ip = from;
	t->i.remote = to;
	s->closed = 0;
	s->error = 0;
	t->fin_received = false;
	s->state = SOCKET_CONNECTING;
	handshake(t);
	return 0;
}

/* connect to AF_UNSPEC: the connection is broken off. */
static int disconnect(struct tcp_socket *t)
{
	struct socket *s = &t->i.s;

	if (t->state == TCP_LISTEN)
		tcp_stop_listening(t);
	else if (t->state == TCP_SYN_SENT)
		tcp_stop_connecting(t);
	else if (t->peer)
		tcp_send_reset(t);
	t->state = TCP_CLOSE;
	s->state = SOCKET_CLOSED;
	s->closed = 0;
	s->error = 0;
	if (!t->i.address_chosen)
		t->i.local.ip = ip_any(s->family);
	if (!t->i.port_chosen)
		t->i.local.port = 0;
	t->i.remote.port = 0;
	return 0;
}

/* What the handshake came to, or will: 0 or -errno. */
static int finish(struct tcp_socket *t, int pending, u64 deadline)
{
	struct socket *s = &t->i.s;
	int err;

	if (t->state == TCP_SYN_SENT) {
		if (!deadline)
			return pending;
		err = socket_wait(s, t->state != TCP_SYN_SENT, deadline);
		if (err)
			return err == -EAGAIN ? pending : err;
	}
	if (t->state == TCP_CLOSE && !t->peer && !t->fin_received) {
		s->state = SOCKET_CLOSED;
		err = socket_take_error(s);
		return err ? err : -ECONNABORTED;
	}
	s->state = SOCKET_CONNECTED;
	return 0;
}

int tcp_connect(struct socket *s, const struct net_addr *addr, bool nonblock)
{
	struct tcp_socket *t = tcp_of(s);
	u64 deadline = socket_deadline(s->sndtimeo_ns, nonblock);
	int err;

	if (addr->len < sizeof(addr->family))
		return -EINVAL;
	if (addr->family == AF_UNSPEC)
		return disconnect(t);
	switch (s->state) {
	case SOCKET_CONNECTED:
	case SOCKET_LISTENING:
		return -EISCONN;
	case SOCKET_CONNECTING:
		return finish(t, -EALREADY, deadline);
	case SOCKET_CLOSED:
		break;
	}
	err = start(t, addr);
	if (err)
		return err;
	/* Over a network the answer comes later: who must not wait asks again. */
	return nonblock ? -EINPROGRESS : finish(t, -EINPROGRESS, deadline);
}

struct socket *tcp_accept(struct socket *s, bool nonblock)
{
	u64 deadline = socket_deadline(s->rcvtimeo_ns, nonblock);
	struct tcp_socket *t = tcp_of(s);
	struct socket *child;
	int err;

	if (t->state != TCP_LISTEN)
		return ERR_PTR(-EINVAL);
	err = socket_wait(s, s->accept_count || t->state != TCP_LISTEN, deadline);
	if (err)
		return ERR_PTR(err);
	if (t->state != TCP_LISTEN)
		return ERR_PTR(-EINVAL);
	child = list_first_entry(&s->accept_queue, struct socket, accept_link);
	list_del(&child->accept_link);
	s->accept_count--;
	serve_waiters(t);
	return child;
}
