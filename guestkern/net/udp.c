/*
 * UDP: each send looks up the receiver and appends to its queue; a queue that is
 * full drops, as the network may. Who is connected to a port where nobody listens
 * learns it by the next call (ECONNREFUSED), as by ICMP.
 */
#include "net/udp.h"

#include <asm/ioctls.h>
#include <linux/in.h>
#include <linux/udp.h>

#include "hal/hal.h"
#include "lib/err.h"
#include "lib/string.h"
#include "mm/uaccess.h"
#include "net/datagram.h"
#include "net/netbuf.h"

#define LENGTH_MAX 65535u	 /* more is refused at once */
#define PAYLOAD_MAX_V4 65507u /* less the headers of IPv4 and UDP */
#define PAYLOAD_MAX_V6 65527u

static struct list_head all = LIST_HEAD_INIT(all);

static bool ports_compatible(const struct inet_socket *a, const struct inet_socket *b)
{
	if (a->s.reuseport && b->s.reuseport && a->s.owner_uid == b->s.owner_uid)
		return true;
	return a->s.reuseaddr && b->s.reuseaddr;
}

/* UDP-Lite (RFC 3828) is UDP with ports of its own: nothing is ever damaged here,
 * so that how much a checksum covers does not matter. */
static struct port_table udp_ports = { .compatible = ports_compatible };
static struct port_table udplite_ports = { .compatible = ports_compatible };

static struct port_table *ports_of(const struct inet_socket *is)
{
	return is->s.protocol == IPPROTO_UDPLITE ? &udplite_ports : &udp_ports;
}

struct socket *udp_create(u16 family, s32 protocol)
{
	struct socket *s = socket_alloc(sizeof(struct udp_socket), &udp_ops, family,
					SOCK_DGRAM, protocol);

	if (!s)
		return ERR_PTR(-ENOMEM);
	inet_setup(inet_of(s));
	list_add_tail(&udp_of(s)->all, &all);
	return s;
}

struct udp_socket *udp_first(void)
{
	return list_empty(&all) ? NULL : list_first_entry(&all, struct udp_socket, all);
}

struct udp_socket *udp_next(struct udp_socket *u)
{
	return u->all.next == &all ? NULL : list_first_entry(&u->all, struct udp_socket, all);
}

static int udp_bind(struct socket *s, const struct net_addr *addr)
{
	return inet_bind(ports_of(inet_of(s)), inet_of(s), addr);
}

static void disconnect(struct inet_socket *is)
{
	is->remote.port = 0;
	is->s.state = SOCKET_CLOSED;
	if (!is->address_chosen)
		is->local.ip = ip_any(is->s.family);
	if (!is->port_chosen && is->bound) {
		port_release(is);
		is->local.port = 0;
	}
}

static int udp_connect(struct socket *s, const struct net_addr *addr, bool nonblock)
{
	struct inet_socket *is = inet_of(s);
	struct endpoint to;
	struct ip from;
	int err;

	(void)nonblock;
	if (addr->len < sizeof(addr->family))
		return -EINVAL;
	if (addr->family == AF_UNSPEC) {
		disconnect(is);
		return 0;
	}
	err = inet_autobind(ports_of(is), is);
	if (err)
		return err;
	/* The last connection's address is not kept for the next. */
	if (!is->address_chosen)
		is->local.ip = ip_any(s->family);
	err = inet_destination(is, addr, &to, &from);
	if (err)
		return err;
	is->local.ip = from;
	is->remote = to;
	s->state = SOCKET_CONNECTED;
	return 0;
}

static int udp_getname(struct socket *s, struct net_addr *addr, bool peer)
{
	return inet_name(s, addr, peer);
}

/* --- finding the receiver -------------------------------------------------------------- */

/* How well is fits; 0: not at all. */
static u32 score(const struct inet_socket *is, const struct endpoint *to,
		 const struct endpoint *from)
{
	u32 points = 1;

	if (is->local.port != to->port || !inet_accepts(is, &to->ip))
		return 0;
	if (!ip_is_any(&is->local.ip))
		points += 2;
	if (is->remote.port) {
		if (is->remote.port != from->port || !ip_equal(&is->remote.ip, &from->ip))
			return 0;
		points += 4;
	}
	return points;
}

static struct inet_socket *find_receiver(struct port_table *table,
					 const struct endpoint *to,
					 const struct endpoint *from)
{
	struct inet_socket *is, *best = NULL;
	u32 most = 0, same = 0, points;

	list_for_each_entry(is, port_bucket(table, to->port), port_link) {
		points = score(is, to, from);
		if (points > most) {
			best = is;
			most = points;
			same = 1;
		} else if (points && points == most && is->s.reuseport) {
			/* A sender stays with one of the group. */
			same++;
			if (from->port % same == 0)
				best = is;
		}
	}
	return best;
}

/* --- sending ------------------------------------------------------------------------------ */

/* Destination and own end of a datagram. */
static int route(struct inet_socket *is, const struct net_msg *m, struct endpoint *to,
		 struct endpoint *from)
{
	struct net_addr as_inet;
	int err = 0;

	if (m->name.len) {
		as_inet = m->name;
		if (is->s.family == AF_INET && m->name.len >= INET_ADDR_LEN &&
		    m->name.family == AF_UNSPEC)
			as_inet.family = AF_INET;
		err = inet_destination(is, &as_inet, to, &from->ip);
		/* A connected socket may send elsewhere from its address. */
		if (!err && !to->port)
			err = -EINVAL;
	} else if (is->remote.port) {
		*to = is->remote;
		from->ip = is->local.ip;
	} else {
		err = -EDESTADDRREQ;
	}
	from->port = is->local.port;
	return err;
}

static void deliver(struct inet_socket *to, struct netbuf *nb, const struct endpoint *from,
		    const struct endpoint *dest)
{
	struct socket *s = &to->s;

	nb->charge = netbuf_charge_of(nb->total);
	if (s->rx_charge + nb->charge > s->rcvbuf || s->closed & SOCKET_NO_RECEIVE) {
		udp_of(s)->drops++;
		netbuf_free(nb);
		return;
	}
	nb->from = *from;
	nb->to = *dest;
	if (s->timestamp || s->timestamp_ns)
		nb->stamp_ns = clock_real_ns();
	datagram_queue(s, nb);
}

/* Nobody is there: who is connected is told, others only if they asked for it. */
static void unreachable(struct inet_socket *is, const struct endpoint *to)
{
	if ((is->remote.port == to->port && ip_equal(&is->remote.ip, &to->ip)) ||
	    is->recv_error)
		socket_set_error(&is->s, ECONNREFUSED);
}

/* A finished datagram goes its way. */
static void transmit(struct inet_socket *is, struct netbuf *nb, const struct endpoint *to,
		     const struct endpoint *from)
{
	struct inet_socket *receiver = find_receiver(ports_of(is), to, from);

	netdev_count(nb->total);
	if (receiver) {
		deliver(receiver, nb, from, to);
	} else {
		netbuf_free(nb);
		unreachable(is, to);
	}
}

/* What was held back by MSG_MORE or UDP_CORK becomes one datagram. */
static void push_pending(struct udp_socket *u)
{
	struct netbuf *nb = u->pending;
	struct endpoint to, from;

	if (!nb)
		return;
	to = nb->to;
	from = nb->from;
	u->pending = NULL;
	transmit(&u->i, nb, &to, &from);
}

static void drop_pending(struct udp_socket *u)
{
	if (u->pending)
		netbuf_free(u->pending);
	u->pending = NULL;
}

static u32 payload_max(const struct endpoint *to)
{
	return ip_is_v4(&to->ip) ? PAYLOAD_MAX_V4 : PAYLOAD_MAX_V6;
}

static int check_send(const struct net_msg *m)
{
	if (m->buf.len > LENGTH_MAX)
		return -EMSGSIZE;
	if (m->flags & MSG_OOB)
		return -EOPNOTSUPP;
	return 0;
}

/* Memory for the datagram, filled; or ERR_PTR. */
static struct netbuf *prepare(struct net_msg *m, const struct udp_control *control)
{
	struct netbuf *nb = netbuf_alloc((u32)m->buf.len);

	if (!nb)
		return ERR_PTR(-ENOBUFS);
	nb->ttl = control->ttl;
	nb->tos = control->tos;
	if (!netbuf_fill(nb, &m->buf))
		return nb;
	netbuf_free(nb);
	return ERR_PTR(-EFAULT);
}

/* More of the datagram that is held back. What cannot be added loses all of it. */
static int append(struct udp_socket *u, struct net_msg *m)
{
	const struct udp_control control = { .ttl = u->pending->ttl, .tos = u->pending->tos };
	struct netbuf *more = ERR_PTR(-EMSGSIZE);

	if (u->pending->total + m->buf.len <= payload_max(&u->pending->to))
		more = prepare(m, &control); /* may sleep */
	if (!IS_ERR(more) && u->pending) {
		netbuf_append(u->pending, more);
		return 0;
	}
	drop_pending(u);
	if (IS_ERR(more))
		return (int)PTR_ERR(more);
	netbuf_free(more);
	return -EINVAL; /* another thread has sent it off meanwhile */
}

/* The first or only part of a datagram: on its way with its destination, or
 * ERR_PTR. */
static struct netbuf *begin(struct inet_socket *is, struct net_msg *m)
{
	struct endpoint to, from = { .port = 0 };
	struct udp_control control;
	struct netbuf *nb;
	int err;

	err = udp_control_parse(&control, is, m);
	if (!err)
		err = route(is, m, &to, &from);
	if (!err && is->s.error)
		err = socket_take_error(&is->s);
	if (!err && is->s.closed & SOCKET_NO_SEND)
		err = -EPIPE;
	if (!err && m->buf.len > payload_max(&to))
		err = -EMSGSIZE;
	if (err)
		return ERR_PTR(err);
	if (control.has_from)
		from.ip = control.from;
	nb = prepare(m, &control);
	if (!IS_ERR(nb)) {
		nb->to = to;
		nb->from = from;
	}
	return nb;
}

static s64 udp_send(struct socket *s, struct net_msg *m)
{
	struct inet_socket *is = inet_of(s);
	struct udp_socket *u = udp_of(s);
	u32 len = (u32)m->buf.len;
	struct netbuf *nb;
	s64 err;

	err = inet_autobind(ports_of(is), is); /* whatever comes of the rest */
	if (!err)
		err = check_send(m);
	if (!err && u->pending) {
		err = append(u, m);
	} else if (!err) {
		nb = begin(is, m);
		if (IS_ERR(nb))
			return PTR_ERR(nb);
		push_pending(u); /* of a thread that was quicker */
		u->pending = nb;
	}
	if (err)
		return err;
	if (!u->cork && !(m->flags & MSG_MORE))
		push_pending(u);
	return len;
}

/* --- receiving ---------------------------------------------------------------------------- */

static s64 take_datagram(struct socket *s, struct net_msg *m)
{
	struct netbuf *nb = list_first_entry(&s->rx, struct netbuf, link);
	u32 n = (u32)MIN((size_t)nb->total, m->buf.len), total = nb->total;

	if (netbuf_copy(nb, 0, &m->buf, n))
		return -EFAULT;
	if (n < total)
		m->out_flags |= MSG_TRUNC;
	endpoint_fill(&m->name, s->family, &nb->from);
	udp_control_put(m, inet_of(s), nb);
	if (!(m->flags & MSG_PEEK))
		datagram_drop(s, nb);
	return m->flags & MSG_TRUNC ? total : n;
}

static s64 udp_receive(struct socket *s, struct net_msg *m)
{
	s64 ret;

	if (m->flags & MSG_ERRQUEUE) /* nothing is ever put there */
		return -EAGAIN;
	ret = datagram_wait(s, socket_deadline(s->rcvtimeo_ns, m->flags & MSG_DONTWAIT));
	if (ret)
		return ret == 1 ? 0 : ret;
	ret = take_datagram(s, m);
	socket_rx_unlock(s);
	return ret;
}

/* --- the rest --------------------------------------------------------------------------------- */

static u32 udp_poll(struct socket *s)
{
	u32 mask = POLLOUT | POLLWRNORM | POLLWRBAND;

	if (s->error)
		mask |= POLLERR;
	if (s->closed & SOCKET_NO_RECEIVE)
		mask |= POLLIN | POLLRDNORM | POLLRDHUP;
	if (s->closed == SOCKET_NO_BOTH)
		mask |= POLLHUP;
	if (!list_empty(&s->rx))
		mask |= POLLIN | POLLRDNORM;
	return mask;
}

static int udp_shutdown(struct socket *s, u32 mask)
{
	s->closed |= mask;
	socket_wake(s);
	return s->state == SOCKET_CONNECTED ? 0 : -ENOTCONN;
}

static s64 udp_ioctl(struct socket *s, u32 cmd, uaddr_t arg)
{
	s32 value = 0;

	switch (cmd) {
	case FIONREAD:
		if (!list_empty(&s->rx))
			value = (s32)list_first_entry(&s->rx, struct netbuf, link)->total;
		return put_user(value, arg);
	case TIOCOUTQ: /* what is sent has arrived, or is lost */
		return put_user(value, arg);
	default:
		return -ENOIOCTLCMD_;
	}
}

/* SOL_UDP, SOL_UDPLITE: corking; coverage is told back as not in use. */
static bool is_own_level(const struct socket *s, int level)
{
	return level == s->protocol;
}

static int udp_setopt(struct socket *s, const struct sockopt *opt)
{
	s32 value;
	int err;

	if (is_own_level(s, opt->level)) {
		if (opt->name != UDP_CORK && s->protocol == IPPROTO_UDP)
			return -ENOPROTOOPT;
		err = sockopt_get_int(opt, &value);
		if (err || opt->name != UDP_CORK)
			return err;
		udp_of(s)->cork = value != 0;
		if (!value)
			push_pending(udp_of(s));
		return 0;
	}
	return inet_setopt(inet_of(s), opt);
}

static int udp_getopt(struct socket *s, struct sockopt *opt)
{
	if (is_own_level(s, opt->level)) {
		if (opt->name != UDP_CORK && s->protocol == IPPROTO_UDP)
			return -ENOPROTOOPT;
		return sockopt_put_int(opt, opt->name == UDP_CORK && udp_of(s)->cork);
	}
	return inet_getopt(inet_of(s), opt);
}

static void udp_release(struct socket *s)
{
	struct inet_socket *is = inet_of(s);
	struct netbuf *nb;

	s->dead = true;
	s->closed = SOCKET_NO_BOTH;
	drop_pending(udp_of(s));
	if (is->bound)
		port_release(is);
	list_del(&udp_of(s)->all);
	while (!list_empty(&s->rx)) {
		nb = list_first_entry(&s->rx, struct netbuf, link);
		list_del(&nb->link);
		netbuf_free(nb);
	}
	s->rx_count = 0;
	s->rx_bytes = s->rx_charge = 0;
	socket_wake(s);
}

const struct socket_ops udp_ops = {
	.bind = udp_bind,
	.connect = udp_connect,
	.name = udp_getname,
	.send = udp_send,
	.receive = udp_receive,
	.poll = udp_poll,
	.shutdown = udp_shutdown,
	.ioctl = udp_ioctl,
	.setopt = udp_setopt,
	.getopt = udp_getopt,
	.release = udp_release,
};
