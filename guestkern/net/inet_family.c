/* The families AF_INET and AF_INET6: which type and protocol is which kind of
 * socket. */
#include <linux/capability.h>
#include <linux/in.h>
#include <linux/in6.h>

#include "lib/err.h"
#include "net/icmp.h"
#include "net/tcp.h"
#include "net/udp.h"
#include "proc/cred.h"

static s32 icmp_protocol(u16 family)
{
	return family == AF_INET ? IPPROTO_ICMP : IPPROTO_ICMPV6;
}

static struct socket *create(u16 family, u32 type, s32 protocol)
{
	if (protocol < 0 || protocol >= IPPROTO_MAX)
		return ERR_PTR(-EINVAL);
	switch (type) {
	case SOCK_STREAM:
		if (protocol == IPPROTO_IP || protocol == IPPROTO_TCP)
			return tcp_create(family);
		return ERR_PTR(-EPROTONOSUPPORT);
	case SOCK_DGRAM:
		if (protocol == IPPROTO_IP || protocol == IPPROTO_UDP)
			return udp_create(family, IPPROTO_UDP);
		if (protocol == IPPROTO_UDPLITE)
			return udp_create(family, protocol);
		if (protocol == icmp_protocol(family))
			return icmp_ping_create(family, protocol);
		return ERR_PTR(-EPROTONOSUPPORT);
	case SOCK_RAW:
		if (protocol == IPPROTO_IP)
			return ERR_PTR(-EPROTONOSUPPORT);
		if (!capable(CAP_NET_RAW))
			return ERR_PTR(-EPERM);
		if (protocol == icmp_protocol(family))
			return icmp_raw_create(family, protocol);
		return ERR_PTR(-EPROTONOSUPPORT);
	default:
		return ERR_PTR(-ESOCKTNOSUPPORT);
	}
}

static struct socket *inet4_create(u32 type, s32 protocol)
{
	return create(AF_INET, type, protocol);
}

static struct socket *inet6_create(u32 type, s32 protocol)
{
	return create(AF_INET6, type, protocol);
}

const struct net_family inet_family = { .family = AF_INET, .create = inet4_create };
const struct net_family inet6_family = { .family = AF_INET6, .create = inet6_create };
