/*
 * Network devices, their addresses and the way to an address. There is one, the
 * machine's own loopback; what leads outside will be another row.
 */
#ifndef NET_NETDEV_H
#define NET_NETDEV_H

#include "lib/types.h"

/* An IPv6 address, or an IPv4 one as ::ffff:a.b.c.d; network order. */
struct ip {
	u8 b[16];
};

#define NETDEV_NAME_BYTES 16 /* IFNAMSIZ: a name and its NUL */

struct netdev {
	const char *name;
	u32 index;
	u32 flags; /* IFF_* */
	u32 mtu;
	u16 type;  /* ARPHRD_* */
};

struct netdev_addr {
	const struct netdev *dev;
	struct ip ip;
	u8 prefix; /* bits of the network part, of 32 or 128 */
	u8 scope;  /* RT_SCOPE_* */
};

/* The i-th device, or address of a device; NULL past the end. */
const struct netdev *netdev_at(u32 i);
const struct netdev_addr *netdev_addr_at(u32 i);
/* By name or index; NULL: none. */
const struct netdev *netdev_by_name(const char *name);
const struct netdev *netdev_by_index(u32 index);

/* What went over a device so far. */
struct netdev_traffic {
	u64 packets, bytes;
};
struct netdev_traffic netdev_traffic(const struct netdev *dev);
/* A message of so many bytes went over the loopback device. */
void netdev_count(u32 bytes);

/* Is it an address of this machine? */
bool netdev_is_local(const struct ip *ip);
/* The device that leads to ip, and the own address to send from; NULL: network
 * unreachable. */
const struct netdev *netdev_route(const struct ip *to, struct ip *from);

/* Interface requests of netdevice(7), on a socket of any family (netdev_ioctl.c);
 * -ENOIOCTLCMD_: not one of them. */
s64 netdev_ioctl(u32 cmd, uaddr_t arg);

#endif
