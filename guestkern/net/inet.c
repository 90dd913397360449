/* What all protocols do alike: names and destinations. */
#include "net/inet.h"

#include <linux/capability.h>
#include <linux/in.h>

#include "lib/err.h"
#include "lib/string.h"
#include "proc/cred.h"

#define TTL_DEFAULT 64

void inet_setup(struct inet_socket *is)
{
	list_init(&is->port_link);
	is->local.ip = is->remote.ip = ip_any(is->s.family);
	is->ttl = TTL_DEFAULT;
	is->mcast_ttl = 1;
	is->mcast_loop = true;
	is->pmtu = IP_PMTUDISC_WANT;
}

/* An address that is bound must be one of ours; for datagrams also one of many machines,
 * but not for ping sockets. */
static int check_own(const struct inet_socket *is, const struct ip *ip)
{
	bool many = ip_is_multicast(ip) || ip_is_broadcast(ip);

	if (many && is->s.type == SOCK_DGRAM && is->portless)
		return -EADDRNOTAVAIL;
	if (many && is->s.type != SOCK_STREAM)
		return 0;
	if (ip_is_any(ip) || netdev_is_local(ip) || is->freebind)
		return 0;
	return -EADDRNOTAVAIL;
}

/* bind takes AF_UNSPEC with the wildcard address for AF_INET. */
static int parse_own(const struct inet_socket *is, struct endpoint *ep, const struct net_addr *addr)
{
	struct net_addr as_inet = *addr;
	int err;

	if (is->s.family == AF_INET && addr->len >= INET_ADDR_LEN &&
	    addr->family == AF_UNSPEC) {
		as_inet.family = AF_INET;
		err = endpoint_parse(ep, AF_INET, &as_inet);
		return err ? err : ip_is_any(&ep->ip) ? 0 : -EAFNOSUPPORT;
	}
	err = endpoint_parse(ep, is->s.family, addr);
	if (!err && is->s.family == AF_INET6 && ip_is_v4(&ep->ip) && is->v6only)
		err = -EINVAL;
	return err;
}

int inet_own_end(const struct inet_socket *is, struct endpoint *ep,
		 const struct net_addr *addr)
{
	int err = parse_own(is, ep, addr);

	return err ? err : check_own(is, &ep->ip);
}

int inet_bind(struct port_table *table, struct inet_socket *is, const struct net_addr *addr)
{
	struct endpoint ep;
	int err;

	err = inet_own_end(is, &ep, addr);
	if (err)
		return err;
	if (!is->portless && ep.port && ep.port < PORT_PRIVILEGED && !capable(CAP_NET_BIND_SERVICE))
		return -EACCES;
	if (is->bound || is->s.state != SOCKET_CLOSED)
		return -EINVAL;
	is->port_chosen = ep.port != 0;
	is->address_chosen = !ip_is_any(&ep.ip);
	return port_take(table, is, &ep);
}

int inet_autobind(struct port_table *table, struct inet_socket *is)
{
	struct endpoint ep = { .ip = is->local.ip };

	if (is->bound)
		return 0;
	return port_take(table, is, &ep) ? -EAGAIN : 0;
}

int inet_destination(struct inet_socket *is, const struct net_addr *addr,
		     struct endpoint *to, struct ip *from)
{
	static const struct ip lo4 = IP_V4(127, 0, 0, 1), lo6 = IP_V6_LOOPBACK;
	int err = endpoint_parse(to, is->s.family, addr);

	if (err)
		return err;
	if (ip_is_any(&to->ip))
		to->ip = ip_is_v4(&to->ip) || ip_is_v4(&is->local.ip) ? lo4 : lo6;
	if (is->s.family == AF_INET6 && ip_is_v4(&to->ip) && is->v6only)
		return -ENETUNREACH;
	/* One end IPv4, the other not. */
	if (!ip_is_any(&is->local.ip) && ip_is_v4(&is->local.ip) != ip_is_v4(&to->ip))
		return is->s.family == AF_INET6 && !ip_is_v4(&to->ip) ? -EINVAL : -ENETUNREACH;
	if (ip_is_broadcast(&to->ip) && is->s.type != SOCK_STREAM && !is->s.broadcast)
		return -EACCES;
	if (!netdev_route(&to->ip, from))
		return -ENETUNREACH;
	if (!ip_is_any(&is->local.ip))
		*from = is->local.ip;
	return 0;
}

int inet_name(struct socket *s, struct net_addr *addr, bool peer)
{
	const struct inet_socket *is = inet_of(s);

	if (peer && !is->remote.port)
		return -ENOTCONN;
	endpoint_fill(addr, s->family, peer ? &is->remote : &is->local);
	return 0;
}
