/*
 * Options at SOL_IP and SOL_IPV6 (ip(7), ipv6(7)), and the interface requests of
 * netdevice(7). What says something about a real network is kept and told back.
 */
#include <linux/in.h>
#include <linux/in6.h>

#include "lib/err.h"
#include "mm/uaccess.h"
#include "net/inet.h"

#define TTL_DEFAULT 64
#define IPV6_MTU_LEAST 1280

static int set_ttl(u8 *to, s32 value, s32 least)
{
	if (value != -1 && (value < least || value > 255))
		return -EINVAL;
	*to = (u8)(value == -1 ? TTL_DEFAULT : value);
	return 0;
}

static int set_v4(struct inet_socket *is, int name, s32 value)
{
	switch (name) {
	case IP_TOS: is->tos = (u8)value; return 0;
	case IP_TTL: return set_ttl(&is->ttl, value, 1);
	case IP_PKTINFO: is->pktinfo = value != 0; return 0;
	case IP_RECVTTL: is->recv_ttl = value != 0; return 0;
	case IP_RECVTOS: is->recv_tos = value != 0; return 0;
	case IP_RECVERR: is->recv_error = value != 0; return 0;
	case IP_RECVOPTS: is->recv_opts = value != 0; return 0;
	case IP_RETOPTS: is->return_opts = value != 0; return 0;
	case IP_FREEBIND: is->freebind = value != 0; return 0;
	case IP_MTU_DISCOVER:
		if (value < IP_PMTUDISC_DONT || value > IP_PMTUDISC_OMIT)
			return -EINVAL;
		is->pmtu = (u8)value;
		return 0;
	case IP_MULTICAST_TTL:
		return is->s.type == SOCK_STREAM ? -EINVAL
						 : set_ttl(&is->mcast_ttl, value, 0);
	case IP_MULTICAST_LOOP: is->mcast_loop = value != 0; return 0;
	case IP_BIND_ADDRESS_NO_PORT: return 0; /* only a hint */
	case IP_ADD_MEMBERSHIP: /* no device takes multicast */
	case MCAST_JOIN_GROUP:
	case IP_MULTICAST_IF:
		return -ENODEV;
	case IP_DROP_MEMBERSHIP:
	case MCAST_LEAVE_GROUP:
		return -EADDRNOTAVAIL;
	default:
		return -ENOPROTOOPT;
	}
}

/* IPV6_ADDRFORM: a connection of IPv4 becomes a socket of AF_INET. */
static int set_form(struct inet_socket *is, s32 value)
{
	if (value != AF_INET)
		return -EINVAL;
	if (is->s.state != SOCKET_CONNECTED)
		return -ENOTCONN;
	if (is->v6only || !ip_is_v4(&is->remote.ip))
		return -EADDRNOTAVAIL;
	is->s.family = AF_INET;
	return 0;
}

/* A routing header: there is nothing to route through. */
static int set_routing(u32 len)
{
	return len ? -EINVAL : 0;
}

static int set_v6(struct inet_socket *is, int name, s32 value)
{
	if (is->s.family != AF_INET6)
		return -ENOPROTOOPT;
	switch (name) {
	case IPV6_V6ONLY:
		if (is->bound)
			return -EINVAL;
		is->v6only = value != 0;
		return 0;
	case IPV6_UNICAST_HOPS: return set_ttl(&is->ttl, value, 0);
	case IPV6_MULTICAST_HOPS: return set_ttl(&is->mcast_ttl, value, 0);
	case IPV6_MULTICAST_LOOP: is->mcast_loop = value != 0; return 0;
	case IPV6_RECVPKTINFO: is->pktinfo = value != 0; return 0;
	case IPV6_RECVHOPLIMIT: is->recv_ttl = value != 0; return 0;
	case IPV6_2292HOPLIMIT: is->recv_ttl_2292 = value != 0; return 0;
	case IPV6_RECVTCLASS: is->recv_tos = value != 0; return 0;
	case IPV6_RECVERR: is->recv_error = value != 0; return 0;
	case IPV6_TCLASS:
		if (value < -1 || value > 255)
			return -EINVAL;
		is->tos = value == -1 ? 0 : (u8)value;
		return 0;
	case IPV6_MTU_DISCOVER: is->pmtu = (u8)value; return 0;
	case IPV6_DONTFRAG: return 0;
	case IPV6_ADDRFORM: return set_form(is, value);
	case IPV6_MTU: return value && value < IPV6_MTU_LEAST ? -EINVAL : 0;
	case IPV6_MULTICAST_IF: return netdev_by_index((u32)value) || !value ? 0 : -ENODEV;
	case IPV6_ADD_MEMBERSHIP:
	case MCAST_JOIN_GROUP:
		return -ENODEV;
	case IPV6_DROP_MEMBERSHIP:
	case MCAST_LEAVE_GROUP:
		return -EADDRNOTAVAIL;
	default: return -ENOPROTOOPT;
	}
}

int inet_setopt(struct inet_socket *is, const struct sockopt *opt)
{
	u8 byte;
	s32 value = 0;

	if (opt->level != IPPROTO_IP && opt->level != IPPROTO_IPV6)
		return -ENOPROTOOPT;
	/* As BSD: a single byte serves too, and nothing is zero. */
	if (opt->len >= sizeof(value)) {
		if (get_user(value, opt->at))
			return -EFAULT;
	} else if (opt->len) {
		if (get_user(byte, opt->at))
			return -EFAULT;
		value = byte;
	}
	if (opt->level == IPPROTO_IP)
		return set_v4(is, opt->name, value);
	if (opt->name == IPV6_RTHDR && is->s.family == AF_INET6)
		return set_routing(opt->len);
	return opt->len < sizeof(value) ? -EINVAL : set_v6(is, opt->name, value);
}

static int get_v4(const struct inet_socket *is, int name, s32 *value)
{
	switch (name) {
	case IP_TOS: *value = is->tos; return 0;
	case IP_TTL: *value = is->ttl; return 0;
	case IP_PKTINFO: *value = is->pktinfo; return 0;
	case IP_RECVTTL: *value = is->recv_ttl; return 0;
	case IP_RECVTOS: *value = is->recv_tos; return 0;
	case IP_RECVERR: *value = is->recv_error; return 0;
	case IP_RECVOPTS: *value = is->recv_opts; return 0;
	case IP_RETOPTS: *value = is->return_opts; return 0;
	case IP_FREEBIND: *value = is->freebind; return 0;
	case IP_MTU_DISCOVER: *value = is->pmtu; return 0;
	case IP_MULTICAST_TTL: *value = is->mcast_ttl; return 0;
	case IP_MULTICAST_LOOP: *value = is->mcast_loop; return 0;
	case IP_BIND_ADDRESS_NO_PORT: *value = 0; return 0;
	case IP_MTU:
		*value = 65535;
		return is->remote.port ? 0 : -ENOTCONN;
	default: return -ENOPROTOOPT;
	}
}

static int get_v6(const struct inet_socket *is, int name, s32 *value)
{
	if (is->s.family != AF_INET6)
		return -ENOPROTOOPT;
	switch (name) {
	case IPV6_V6ONLY: *value = is->v6only; return 0;
	case IPV6_UNICAST_HOPS: *value = is->ttl; return 0;
	case IPV6_MULTICAST_HOPS: *value = is->mcast_ttl; return 0;
	case IPV6_MULTICAST_LOOP: *value = is->mcast_loop; return 0;
	case IPV6_RECVPKTINFO: *value = is->pktinfo; return 0;
	case IPV6_RECVHOPLIMIT: *value = is->recv_ttl; return 0;
	case IPV6_2292HOPLIMIT: *value = is->recv_ttl_2292; return 0;
	case IPV6_RECVTCLASS: *value = is->recv_tos; return 0;
	case IPV6_RECVERR: *value = is->recv_error; return 0;
	case IPV6_TCLASS: *value = is->tos; return 0;
	case IPV6_MTU_DISCOVER: *value = is->pmtu; return 0;
	case IPV6_MTU:
		*value = 65536;
		return is->remote.port ? 0 : -ENOTCONN;
	case IPV6_DONTFRAG:
	case IPV6_MULTICAST_IF:
		*value = 0;
		return 0;
	default: return -ENOPROTOOPT;
	}
}

int inet_getopt(struct inet_socket *is, struct sockopt *opt)
{
	s32 value;
	int err;

	if (opt->level == IPPROTO_IP)
		err = get_v4(is, opt->name, &value);
	else if (is->s.family == AF_INET)
		err = -EOPNOTSUPP;
	else if (opt->level == IPPROTO_IPV6)
		err = get_v6(is, opt->name, &value);
	else
		err = -ENOPROTOOPT;
	return err ? err : sockopt_put_int(opt, value);
}
