/* Internet addresses: one form for both families, and the sockaddr_in and
 * sockaddr_in6 of programs. */
#ifndef NET_INET_ADDR_H
#define NET_INET_ADDR_H

#include "net/netdev.h"
#include "net/socket.h"

#define IP_V4(a, b, c, d) \
	{ { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, a, b, c, d } }
#define IP_V6_LOOPBACK { { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1 } }

/* One end of a connection; port in host order. */
struct endpoint {
	struct ip ip;
	u16 port;
	u32 scope; /* sin6_scope_id */
};

#define INET_ADDR_LEN 16   /* struct sockaddr_in */
#define INET6_ADDR_LEN 28  /* struct sockaddr_in6 */
#define INET6_ADDR_MIN 24  /* without sin6_scope_id, as RFC 2133 had it */

/* Is it an IPv4 address? */
bool ip_is_v4(const struct ip *ip);
/* 0.0.0.0 or :: */
bool ip_is_any(const struct ip *ip);
bool ip_equal(const struct ip *a, const struct ip *b);
bool ip_is_multicast(const struct ip *ip);
/* 255.255.255.255 or a broadcast address of a device. */
bool ip_is_broadcast(const struct ip *ip);
/* The wildcard of a family. */
struct ip ip_any(u16 family);

/*
 * A program's address for a socket of family (AF_INET, AF_INET6): 0, -EINVAL
 * (too short), -EAFNOSUPPORT. An AF_INET6 socket takes sockaddr_in6 only.
 */
int endpoint_parse(struct endpoint *ep, u16 family, const struct net_addr *addr);
/* The same back, for a socket of family; IPv4 appears as ::ffff:a.b.c.d there. */
void endpoint_fill(struct net_addr *addr, u16 family, const struct endpoint *ep);

#endif
