/*
 * Interface requests of netdevice(7): SIOCGIFCONF, SIOCGIFFLAGS and kin. What
 * would change the only device's settings is refused.
 */
#include <linux/capability.h>
#include <linux/sockios.h>

#include "lib/err.h"
#include "lib/string.h"
#include "mm/uaccess.h"
#include "net/inet_addr.h"
#include "proc/cred.h"

#define NAME_BYTES 16 /* IFNAMSIZ */
#define TX_QUEUE 1000

/* struct ifreq and struct ifconf of linux/if.h, which needs libc headers. */
struct user_ifreq {
	char name[NAME_BYTES];
	union {
		u8 addr[16]; /* struct sockaddr */
		int16_t flags;
		s32 value;
		u8 all[24];
	};
};
struct user_ifconf {
	s32 len;
	u32 pad;
	u64 at;
};

static void put_addr(struct user_ifreq *r, const struct ip *ip)
{
	struct endpoint ep = { .ip = *ip };
	struct net_addr addr;

	endpoint_fill(&addr, AF_INET, &ep);
	memcpy(r->addr, addr.raw, sizeof(r->addr));
}

static const struct netdev_addr *ipv4_of(const struct netdev *dev)
{
	const struct netdev_addr *a;

	for (u32 i = 0; (a = netdev_addr_at(i)); i++)
		if (a->dev == dev && ip_is_v4(&a->ip))
			return a;
	return NULL;
}

/* One entry for each IPv4 address, as many as fit. */
static s64 get_conf(uaddr_t arg)
{
	const struct netdev_addr *a;
	struct user_ifconf conf;
	s32 used = 0;

	if (get_user(conf, arg))
		return -EFAULT;
	for (u32 i = 0; (a = netdev_addr_at(i)); i++) {
		struct user_ifreq r = { .name = { 0 } };

		if (!ip_is_v4(&a->ip))
			continue;
		if (conf.at && conf.len - used < (s32)sizeof(r))
			break;
		memcpy(r.name, a->dev->name, strlen(a->dev->name));
		put_addr(&r, &a->ip);
		if (conf.at && put_user(r, conf.at + (u64)used))
			return -EFAULT;
		used += (s32)sizeof(r);
	}
	conf.len = used;
	return put_user(conf, arg);
}

static struct ip netmask(u8 prefix)
{
	struct ip mask = IP_V4(0, 0, 0, 0);

	for (u32 bit = 0; bit < prefix; bit++)
		mask.b[12 + bit / 8] |= (u8)(0x80 >> bit % 8);
	return mask;
}

static int get_address(struct user_ifreq *r, const struct netdev *dev, u32 cmd)
{
	static const struct ip none = IP_V4(0, 0, 0, 0);
	const struct netdev_addr *a = ipv4_of(dev);
	struct ip mask;

	if (!a)
		return -EADDRNOTAVAIL;
	mask = netmask(a->prefix);
	put_addr(r, cmd == SIOCGIFNETMASK ? &mask : cmd == SIOCGIFBRDADDR ? &none : &a->ip);
	return 0;
}

/* The answer to one request about dev: 0 or -errno. */
static int answer(struct user_ifreq *r, const struct netdev *dev, u32 cmd)
{
	memset(r->all, 0, sizeof(r->all));
	switch (cmd) {
	case SIOCGIFFLAGS:
		r->flags = (int16_t)(dev->flags & 0xffff);
		return 0;
	case SIOCGIFADDR:
	case SIOCGIFDSTADDR:
	case SIOCGIFBRDADDR:
	case SIOCGIFNETMASK:
		return get_address(r, dev, cmd);
	case SIOCGIFMTU:
		r->value = (s32)dev->mtu;
		return 0;
	case SIOCGIFINDEX:
		r->value = (s32)dev->index;
		return 0;
	case SIOCGIFTXQLEN:
		r->value = TX_QUEUE;
		return 0;
	case SIOCGIFHWADDR:
		r->flags = (int16_t)dev->type; /* sa_family; the address is zero */
		return 0;
	case SIOCGIFMETRIC:
	case SIOCGIFMAP:
		return 0;
	default:
		return -EOPNOTSUPP;
	}
}

static s64 device_request(u32 cmd, uaddr_t arg)
{
	const struct netdev *dev;
	struct user_ifreq r;
	int err;

	if (get_user(r, arg))
		return -EFAULT;
	r.name[NAME_BYTES - 1] = '\0';
	dev = cmd == SIOCGIFNAME ? netdev_by_index((u32)r.value) : netdev_by_name(r.name);
	if (!dev)
		return -ENODEV;
	if (cmd == SIOCGIFNAME) {
		memset(r.name, 0, sizeof(r.name));
		memcpy(r.name, dev->name, strlen(dev->name));
		return put_user(r, arg);
	}
	err = answer(&r, dev, cmd);
	return err ? err : put_user(r, arg);
}

/* The loopback device stays as it is. */
static s64 refuse_change(uaddr_t arg)
{
	struct user_ifreq r;

	if (get_user(r, arg))
		return -EFAULT;
	return capable(CAP_NET_ADMIN) ? -EOPNOTSUPP : -EPERM;
}

s64 netdev_ioctl(u32 cmd, uaddr_t arg)
{
	switch (cmd) {
	case SIOCGIFCONF:
		return get_conf(arg);
	case SIOCGIFNAME:
	case SIOCGIFFLAGS:
	case SIOCGIFADDR:
	case SIOCGIFDSTADDR:
	case SIOCGIFBRDADDR:
	case SIOCGIFNETMASK:
	case SIOCGIFMETRIC:
	case SIOCGIFMTU:
	case SIOCGIFHWADDR:
	case SIOCGIFINDEX:
	case SIOCGIFMAP:
	case SIOCGIFTXQLEN:
		return device_request(cmd, arg);
	case SIOCSIFFLAGS:
	case SIOCSIFADDR:
	case SIOCSIFNETMASK:
	case SIOCSIFMTU:
	case SIOCADDRT:
	case SIOCDELRT:
		return refuse_change(arg);
	default:
		return -ENOIOCTLCMD_;
	}
}
