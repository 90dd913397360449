/*
 * Ancillary data of datagrams (ip(7), ipv6(7)): what a sender asks for this one
 * message, and what a receiver is told about it.
 */
#include <linux/in.h>
#include <linux/in6.h>

#include "hal/hal.h"
#include "lib/err.h"
#include "lib/string.h"
#include "net/inet_dgram.h"

/* struct in6_pktinfo, which linux/in6.h leaves to the libc. */
struct user_in6_pktinfo {
	struct ip addr;
	u32 index;
};

/* --- sending ---------------------------------------------------------------------------- */

/* An int in [least, 255]. */
static int get_byte(u8 *to, const u8 *data, u64 len, s32 least)
{
	s32 value;

	if (len != sizeof(value))
		return -EINVAL;
	memcpy(&value, data, sizeof(value));
	if (value < least || value > 255)
		return -EINVAL;
	if (value >= 0)
		*to = (u8)value;
	return 0;
}

static int parse_v4(struct inet_control *c, s32 type, const u8 *data, u64 len)
{
	struct in_pktinfo info;

	switch (type) {
	case IP_TTL:
		return get_byte(&c->ttl, data, len, 1);
	case IP_TOS:
		if (len == 1) {
			c->tos = *data;
			return 0;
		}
		return get_byte(&c->tos, data, len, 0);
	case IP_PKTINFO:
		if (len != sizeof(info))
			return -EINVAL;
		memcpy(&info, data, sizeof(info));
		c->from = ip_any(AF_INET);
		memcpy(c->from.b + 12, &info.ipi_spec_dst, 4);
		c->has_from = !ip_is_any(&c->from);
		return c->has_from && !netdev_is_local(&c->from) ? -EINVAL : 0;
	default:
		return -EINVAL;
	}
}

static int parse_v6(struct inet_control *c, s32 type, const u8 *data, u64 len)
{
	struct user_in6_pktinfo info;

	switch (type) {
	case IPV6_HOPLIMIT:
	case IPV6_2292HOPLIMIT:
		return get_byte(&c->ttl, data, len, -1);
	case IPV6_TCLASS:
		return get_byte(&c->tos, data, len, -1);
	case IPV6_PKTINFO:
		if (len < sizeof(info))
			return -EINVAL;
		memcpy(&info, data, sizeof(info));
		c->from = info.addr;
		c->has_from = !ip_is_any(&c->from);
		return c->has_from && !netdev_is_local(&c->from) ? -EINVAL : 0;
	case IPV6_DONTFRAG:
		return 0;
	default:
		return -EINVAL;
	}
}

/* Levels of other families are not looked at. */
static int parse_one(struct inet_control *c, const struct inet_socket *is,
		     const struct cmsg_header *h, const u8 *data)
{
	u64 len = h->len - sizeof(*h);

	if (h->level == IPPROTO_IP && is->s.family == AF_INET)
		return parse_v4(c, h->type, data, len);
	if (h->level == IPPROTO_IPV6 && is->s.family == AF_INET6)
		return parse_v6(c, h->type, data, len);
	if (h->level == SOL_SOCKET && h->type != SCM_RIGHTS && h->type != SCM_CREDENTIALS)
		return -EINVAL;
	return 0;
}

int inet_control_parse(struct inet_control *c, const struct inet_socket *is,
		      const struct net_msg *m)
{
	const u8 *at = m->cmsg;
	u64 left = m->cmsg_bytes;
	struct cmsg_header h;
	int err = 0;

	*c = (struct inet_control){ .ttl = is->ttl, .tos = is->tos };
	while (left >= sizeof(h) && !err) {
		memcpy(&h, at, sizeof(h));
		if (h.len < sizeof(h) || h.len > left)
			return -EINVAL;
		err = parse_one(c, is, &h, at + sizeof(h));
		h.len = MIN(CMSG_ALIGN_(h.len), left);
		at += h.len;
		left -= h.len;
	}
	return err;
}

/* --- receiving ---------------------------------------------------------------------------- */

static void put_stamp(struct net_msg *m, const struct socket *s, u64 ns)
{
	s64 stamp[2];

	if (!ns)
		ns = clock_real_ns();
	stamp[0] = (s64)(ns / NS_PER_SEC);
	stamp[1] = (s64)(ns % NS_PER_SEC);
	if (s->timestamp)
		stamp[1] /= 1000;
	net_put_cmsg(m, SOL_SOCKET, s->timestamp ? SO_TIMESTAMP_OLD : SO_TIMESTAMPNS_OLD,
		     stamp, sizeof(stamp));
}

static void put_v4(struct net_msg *m, const struct inet_socket *is, const struct netbuf *nb)
{
	struct in_pktinfo info = { .ipi_ifindex = 1 };
	s32 ttl = nb->ttl;
	u8 tos = nb->tos;

	memcpy(&info.ipi_addr, nb->to.ip.b + 12, 4);
	memcpy(&info.ipi_spec_dst, nb->to.ip.b + 12, 4);
	if (is->pktinfo)
		net_put_cmsg(m, IPPROTO_IP, IP_PKTINFO, &info, sizeof(info));
	if (is->recv_ttl)
		net_put_cmsg(m, IPPROTO_IP, IP_TTL, &ttl, sizeof(ttl));
	if (is->recv_tos)
		net_put_cmsg(m, IPPROTO_IP, IP_TOS, &tos, sizeof(tos));
}

static void put_v6(struct net_msg *m, const struct inet_socket *is, const struct netbuf *nb)
{
	struct user_in6_pktinfo info = { nb->to.ip, 1 };
	s32 ttl = nb->ttl, tos = nb->tos;

	if (is->pktinfo)
		net_put_cmsg(m, IPPROTO_IPV6, IPV6_PKTINFO, &info, sizeof(info));
	if (is->recv_ttl)
		net_put_cmsg(m, IPPROTO_IPV6, IPV6_HOPLIMIT, &ttl, sizeof(ttl));
	if (is->recv_ttl_2292)
		net_put_cmsg(m, IPPROTO_IPV6, IPV6_2292HOPLIMIT, &ttl, sizeof(ttl));
	if (is->recv_tos)
		net_put_cmsg(m, IPPROTO_IPV6, IPV6_TCLASS, &tos, sizeof(tos));
}

void inet_control_put(struct net_msg *m, const struct inet_socket *is,
		     const struct netbuf *nb)
{
	if (is->s.timestamp || is->s.timestamp_ns)
		put_stamp(m, &is->s, nb->stamp_ns);
	if (is->s.family == AF_INET)
		put_v4(m, is, nb);
	else
		put_v6(m, is, nb);
}
