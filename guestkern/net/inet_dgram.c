/*
 * Datagrams of UDP, ping and raw sockets: from a send's arguments to a message with
 * two ends, and from a socket's queue to its reader. Who gets a message is the
 * protocols' business.
 */
#include "net/inet_dgram.h"

#include <asm/ioctls.h>
#include <linux/in.h>

#include "hal/hal.h"
#include "lib/err.h"
#include "mm/uaccess.h"
#include "net/datagram.h"

#define IPV4_HEADER 20u

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

int inet_dgram_connect(struct port_table *table, struct inet_socket *is,
		       const struct net_addr *addr)
{
	struct endpoint to;
	struct ip from;
	int err;

	if (addr->len < sizeof(addr->family))
		return -EINVAL;
	if (addr->family == AF_UNSPEC) {
		disconnect(is);
		return 0;
	}
	err = table ? inet_autobind(table, is) : 0;
	if (err)
		return err;
	/* The last connection's address is not kept for the next. */
	if (!is->address_chosen)
		is->local.ip = ip_any(is->s.family);
	err = inet_destination(is, addr, &to, &from);
	if (err)
		return err;
	is->local.ip = from;
	is->remote = to;
	is->s.state = SOCKET_CONNECTED;
	return 0;
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
		if (!is->portless && is->s.family == AF_INET &&
		    m->name.len >= INET_ADDR_LEN && m->name.family == AF_UNSPEC)
			as_inet.family = AF_INET;
		err = inet_destination(is, &as_inet, to, &from->ip);
		/* A connected socket may send elsewhere from its address. */
		if (!err && !to->port && !is->portless)
			err = -EINVAL;
	} else if (is->portless ? is->s.state == SOCKET_CONNECTED : is->remote.port) {
		*to = is->remote;
		from->ip = is->local.ip;
	} else {
		err = -EDESTADDRREQ;
	}
	from->port = is->local.port;
	return err;
}

u32 inet_dgram_payload_max(const struct ip *ip, u32 header)
{
	return INET_DGRAM_MAX - header - (ip_is_v4(ip) ? IPV4_HEADER : 0);
}

struct netbuf *inet_dgram_fill(struct net_msg *m, const struct inet_control *control)
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

struct netbuf *inet_dgram_begin(struct inet_socket *is, struct net_msg *m, u32 header)
{
	struct endpoint to, from = { .port = 0 };
	struct inet_control control;
	struct netbuf *nb;
	int err;

	err = inet_control_parse(&control, is, m);
	if (!err)
		err = route(is, m, &to, &from);
	if (!err && is->s.error)
		err = socket_take_error(&is->s);
	if (!err && is->s.closed & SOCKET_NO_SEND)
		err = -EPIPE;
	if (!err && m->buf.len > inet_dgram_payload_max(&to.ip, header))
		err = -EMSGSIZE;
	if (err)
		return ERR_PTR(err);
	if (control.has_from)
		from.ip = control.from;
	nb = inet_dgram_fill(m, &control);
	if (!IS_ERR(nb)) {
		nb->to = to;
		nb->from = from;
	}
	return nb;
}

void inet_dgram_deliver(struct inet_socket *to, struct netbuf *nb)
{
	struct socket *s = &to->s;

	nb->charge = netbuf_charge_of(nb->total);
	if (s->rx_charge + nb->charge > s->rcvbuf || s->closed & SOCKET_NO_RECEIVE) {
		to->drops++;
		netbuf_free(nb);
		return;
	}
	if (s->timestamp || s->timestamp_ns)
		nb->stamp_ns = clock_real_ns();
	datagram_queue(s, nb);
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
	inet_control_put(m, inet_of(s), nb);
	if (!(m->flags & MSG_PEEK))
		datagram_drop(s, nb);
	return m->flags & MSG_TRUNC ? total : n;
}

s64 inet_dgram_receive(struct socket *s, struct net_msg *m)
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

u32 inet_dgram_poll(struct socket *s)
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

int inet_dgram_shutdown(struct socket *s, u32 mask)
{
	s->closed |= mask;
	socket_wake(s);
	return s->state == SOCKET_CONNECTED ? 0 : -ENOTCONN;
}

s64 inet_dgram_ioctl(struct socket *s, u32 cmd, uaddr_t arg)
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

void inet_dgram_release(struct inet_socket *is)
{
	struct socket *s = &is->s;
	struct netbuf *nb;

	s->dead = true;
	s->closed = SOCKET_NO_BOTH;
	if (is->bound)
		port_release(is);
	while (!list_empty(&s->rx)) {
		nb = list_first_entry(&s->rx, struct netbuf, link);
		list_del(&nb->link);
		netbuf_free(nb);
	}
	s->rx_count = 0;
	s->rx_bytes = s->rx_charge = 0;
	socket_wake(s);
}
