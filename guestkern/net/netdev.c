/* The loopback device. Owns the tables of devices and addresses, which are
 * constant: the machine has no other network yet. */
#include "net/netdev.h"

#include <linux/rtnetlink.h>

#include "lib/string.h"
#include "net/inet_addr.h"

/* linux/if.h and linux/if_arp.h need the libc's headers. IFF_UP, IFF_LOOPBACK,
 * IFF_RUNNING, IFF_LOWER_UP: */
#define FLAGS_LOOPBACK (0x1u | 0x8u | 0x40u | 0x10000u)
#define LO_MTU 65536u
#define ARPHRD_LOOPBACK 772

static const struct netdev devices[] = {
	{ "lo", 1, FLAGS_LOOPBACK, LO_MTU, ARPHRD_LOOPBACK },
};

static const struct netdev_addr addresses[] = {
	{ &devices[0], IP_V4(127, 0, 0, 1), 8, RT_SCOPE_HOST },
	{ &devices[0], IP_V6_LOOPBACK, 128, RT_SCOPE_HOST },
};

static struct netdev_traffic loopback_traffic;

struct netdev_traffic netdev_traffic(const struct netdev *dev)
{
	(void)dev;
	return loopback_traffic;
}

void netdev_count(u32 bytes)
{
	loopback_traffic.packets++;
	loopback_traffic.bytes += bytes;
}

const struct netdev *netdev_at(u32 i)
{
	return i < ARRAY_SIZE(devices) ? &devices[i] : NULL;
}

const struct netdev_addr *netdev_addr_at(u32 i)
{
	return i < ARRAY_SIZE(addresses) ? &addresses[i] : NULL;
}

const struct netdev *netdev_by_name(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(devices); i++)
		if (strcmp(devices[i].name, name) == 0)
			return &devices[i];
	return NULL;
}

const struct netdev *netdev_by_index(u32 index)
{
	for (size_t i = 0; i < ARRAY_SIZE(devices); i++)
		if (devices[i].index == index)
			return &devices[i];
	return NULL;
}

/* All of a loopback network is this machine; of others only the address. */
static bool address_covers(const struct netdev_addr *a, const struct ip *ip)
{
	if (a->dev == &devices[0] && ip_is_v4(&a->ip))
		return ip_is_v4(ip) && ip->b[12] == a->ip.b[12];
	return ip_equal(&a->ip, ip);
}

static const struct netdev_addr *local_address(const struct ip *ip)
{
	for (size_t i = 0; i < ARRAY_SIZE(addresses); i++)
		if (address_covers(&addresses[i], ip))
			return &addresses[i];
	return NULL;
}

bool netdev_is_local(const struct ip *ip)
{
	return local_address(ip) != NULL;
}

const struct netdev *netdev_route(const struct ip *to, struct ip *from)
{
	const struct netdev_addr *a = local_address(to);

	if (!a)
		return NULL;
	*from = a->ip;
	return a->dev;
}
