/* Internet addresses. */
#include "net/inet_addr.h"

#include <linux/in.h>
#include <linux/in6.h>

#include "lib/err.h"
#include "lib/string.h"

_Static_assert(sizeof(struct sockaddr_in) == INET_ADDR_LEN, "sockaddr_in");
_Static_assert(sizeof(struct sockaddr_in6) == INET6_ADDR_LEN, "sockaddr_in6");

static const struct ip any4 = IP_V4(0, 0, 0, 0), any6;

bool ip_is_v4(const struct ip *ip)
{
	return memcmp(ip->b, any4.b, 12) == 0;
}

bool ip_is_any(const struct ip *ip)
{
	return ip_equal(ip, &any4) || ip_equal(ip, &any6);
}

bool ip_equal(const struct ip *a, const struct ip *b)
{
	return memcmp(a->b, b->b, sizeof(a->b)) == 0;
}

bool ip_is_multicast(const struct ip *ip)
{
	return ip_is_v4(ip) ? (ip->b[12] & 0xf0) == 0xe0 : ip->b[0] == 0xff;
}

bool ip_is_broadcast(const struct ip *ip)
{
	static const struct ip all = IP_V4(255, 255, 255, 255);
	static const struct ip lo = IP_V4(127, 255, 255, 255);

	return ip_equal(ip, &all) || ip_equal(ip, &lo);
}

struct ip ip_any(u16 family)
{
	return family == AF_INET ? any4 : any6;
}

int endpoint_parse(struct endpoint *ep, u16 family, const struct net_addr *addr)
{
	struct sockaddr_in in;
	struct sockaddr_in6 in6;

	memset(ep, 0, sizeof(*ep));
	if (family == AF_INET) {
		if (addr->len < sizeof(in))
			return -EINVAL;
		memcpy(&in, addr->raw, sizeof(in));
		if (in.sin_family != AF_INET)
			return -EAFNOSUPPORT;
		ep->ip = any4;
		memcpy(ep->ip.b + 12, &in.sin_addr, 4);
		ep->port = __builtin_bswap16(in.sin_port);
		return 0;
	}
	if (addr->len < INET6_ADDR_MIN)
		return -EINVAL;
	memcpy(&in6, addr->raw, sizeof(in6)); /* what is missing is zero there */
	if (in6.sin6_family != AF_INET6)
		return -EAFNOSUPPORT;
	memcpy(ep->ip.b, &in6.sin6_addr, sizeof(ep->ip.b));
	ep->port = __builtin_bswap16(in6.sin6_port);
	ep->scope = addr->len >= sizeof(in6) ? in6.sin6_scope_id : 0;
	return 0;
}

void endpoint_fill(struct net_addr *addr, u16 family, const struct endpoint *ep)
{
	struct sockaddr_in in = { .sin_family = AF_INET };
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6 };

	if (family == AF_INET) {
		in.sin_port = __builtin_bswap16(ep->port);
		memcpy(&in.sin_addr, ep->ip.b + 12, 4);
		memcpy(addr->raw, &in, sizeof(in));
		addr->len = sizeof(in);
		return;
	}
	in6.sin6_port = __builtin_bswap16(ep->port);
	memcpy(&in6.sin6_addr, ep->ip.b, sizeof(ep->ip.b));
	in6.sin6_scope_id = ep->scope;
	memcpy(addr->raw, &in6, sizeof(in6));
	addr->len = sizeof(in6);
}
