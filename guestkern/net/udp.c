/*
 * UDP: each send looks up the receiver and appends to its queue; a queue that is
 * full drops, as the network may. Who is connected to a port where nobody listens
 * learns it by the next call (ECONNREFUSED), as by ICMP.
 */
#include "net/udp.h"

#include <linux/in.h>
#include <linux/udp.h>

#include "lib/err.h"
#include "net/inet_dgram.h"

#define UDP_HEADER 8u /* bytes of the header that is never made */

static struct list_head all = LIST_HEAD_INIT(all);

static bool ports_compatible(const struct inet_socket *a, const struct inet_socket *b)
{
	if (a->s.reuseport && b->s.reuseport && a->s.owner_uid == b->s.owner_uid)
		return true;
	return a->s.reuseaddr && b->s.reuseaddr;
}

/* UDP-Lite (RFC 3828) is UDP with ports of its own: nothing is ever damaged here,
 * so that how much a checksum covers does not matter. */
static const struct socket_ops udplite_ops;
static struct port_table udp_ports = { .compatible = ports_compatible };
static struct port_table udplite_ports = { .compatible = ports_compatible };

static struct port_table *ports_of(const struct inet_socket *is)
{
	return is->s.protocol == IPPROTO_UDPLITE ? &udplite_ports : &udp_ports;
}

struct socket *udp_create(u16 family, s32 protocol)
{
	const struct socket_ops *ops = protocol == IPPROTO_UDPLITE ? &udplite_ops : &udp_ops;
	struct socket *s = socket_alloc(sizeof(struct udp_socket), ops, family, SOCK_DGRAM,
					protocol);

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

static int udp_connect(struct socket *s, const struct net_addr *addr, bool nonblock)
{
	(void)nonblock;
	return inet_dgram_connect(ports_of(inet_of(s)), inet_of(s), addr);
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

/* Nobody is there: who is connected is told, others only if they asked for it. */
static void unreachable(struct inet_socket *is, const struct endpoint *to)
{
	if ((is->remote.port == to->port && ip_equal(&is->remote.ip, &to->ip)) ||
	    is->recv_error)
		socket_set_error(&is->s, ECONNREFUSED);
}

/* A finished datagram goes its way. */
static void transmit(struct inet_socket *is, struct netbuf *nb)
{
	const struct endpoint to = nb->to;
	struct inet_socket *receiver = find_receiver(ports_of(is), &to, &nb->from);

	netdev_count(nb->total);
	if (receiver) {
		inet_dgram_deliver(receiver, nb);
	} else {
		netbuf_free(nb);
		unreachable(is, &to);
	}
}

/* What was held back by MSG_MORE or UDP_CORK becomes one datagram. */
static void push_pending(struct udp_socket *u)
{
	struct netbuf *nb = u->pending;

	if (!nb)
		return;
	u->pending = NULL;
	transmit(&u->i, nb);
}

static void drop_pending(struct udp_socket *u)
{
	if (u->pending)
		netbuf_free(u->pending);
	u->pending = NULL;
}

static int check_send(const struct net_msg *m)
{
	if (m->buf.len > INET_DGRAM_MAX)
		return -EMSGSIZE;
	if (m->flags & MSG_OOB)
		return -EOPNOTSUPP;
	return 0;
}

/* More of the datagram that is held back. What cannot be added loses all of it. */
static int append(struct udp_socket *u, struct net_msg *m)
{
	const struct inet_control control = { .ttl = u->pending->ttl, .tos = u->pending->tos };
	struct netbuf *more = ERR_PTR(-EMSGSIZE);

	if (u->pending->total + m->buf.len <=
	    inet_dgram_payload_max(&u->pending->to.ip, UDP_HEADER))
		more = inet_dgram_fill(m, &control); /* may sleep */
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
		nb = inet_dgram_begin(is, m, UDP_HEADER);
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

/* --- the rest --------------------------------------------------------------------------------- */

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
	drop_pending(udp_of(s));
	list_del(&udp_of(s)->all);
	inet_dgram_release(inet_of(s));
}

/* The same but for its name. */
#define UDP_OPS(v4, v6)                                                  \
	{                                                                \
		.protocol = (v4), .protocol_v6 = (v6), .bind = udp_bind, \
		.connect = udp_connect, .name = udp_getname,             \
		.send = udp_send, .receive = inet_dgram_receive,         \
		.poll = inet_dgram_poll, .shutdown = inet_dgram_shutdown, \
		.ioctl = inet_dgram_ioctl, .setopt = udp_setopt,         \
		.getopt = udp_getopt, .release = udp_release,            \
	}

const struct socket_ops udp_ops = UDP_OPS("UDP", "UDPv6");
static const struct socket_ops udplite_ops = UDP_OPS("UDP-Lite", "UDPLITEv6");
