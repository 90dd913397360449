/*
 * NETLINK_ROUTE (rtnetlink(7)): devices, addresses and routes, as getaddrinfo,
 * if_nameindex and ip(8) ask for them. Changing them is refused.
 */
#include <linux/capability.h>
#include <linux/rtnetlink.h>

#include "lib/err.h"
#include "lib/string.h"
#include "net/inet_addr.h"
#include "net/netlink.h"
#include "proc/cred.h"

#define HW_ADDR_BYTES 6u
#define TX_QUEUE 1000u
#define V4_BYTES 4u
#define V6_BYTES 16u

/* --- devices ---------------------------------------------------------------------------- */

static void put_link(struct nl_reply *r, const struct netdev *dev, u16 flags)
{
	static const u8 no_address[HW_ADDR_BYTES];
	struct netdev_traffic n = netdev_traffic(dev);
	struct ifinfomsg info = { .ifi_type = dev->type, .ifi_index = (s32)dev->index,
				  .ifi_flags = dev->flags };
	struct rtnl_link_stats64 stats = { .rx_packets = n.packets, .tx_packets = n.packets,
					   .rx_bytes = n.bytes, .tx_bytes = n.bytes };
	u8 zero = 0;

	nl_begin(r, RTM_NEWLINK, flags, &info, sizeof(info));
	nl_attr(r, IFLA_IFNAME, dev->name, (u32)strlen(dev->name) + 1);
	nl_attr_u32(r, IFLA_TXQLEN, TX_QUEUE);
	nl_attr(r, IFLA_OPERSTATE, &zero, sizeof(zero));
	nl_attr(r, IFLA_LINKMODE, &zero, sizeof(zero));
	nl_attr_u32(r, IFLA_MTU, dev->mtu);
	nl_attr_u32(r, IFLA_GROUP, 0);
	nl_attr(r, IFLA_QDISC, "noqueue", sizeof("noqueue"));
	nl_attr(r, IFLA_ADDRESS, no_address, sizeof(no_address));
	nl_attr(r, IFLA_BROADCAST, no_address, sizeof(no_address));
	nl_attr(r, IFLA_STATS64, &stats, sizeof(stats));
	nl_end(r);
}

/* The value of an attribute after the fixed part, or NULL; *len its length. */
static const void *attr_find(const struct nlmsghdr *h, u32 fixed, u16 type, u32 *len)
{
	u32 at = (u32)NLMSG_ALIGN(sizeof(*h) + fixed);

	while (at + sizeof(struct nlattr) <= h->nlmsg_len) {
		const struct nlattr *a = (const void *)((const u8 *)h + at);

		if (a->nla_len < sizeof(*a) || a->nla_len > h->nlmsg_len - at)
			return NULL;
		if ((a->nla_type & NLA_TYPE_MASK) == type) {
			*len = a->nla_len - (u32)sizeof(*a);
			return a + 1;
		}
		at += (u32)NLA_ALIGN(a->nla_len);
	}
	return NULL;
}

/* The device that a request names: by index or IFLA_IFNAME. */
static const struct netdev *link_named(const struct nlmsghdr *h, const struct ifinfomsg *info)
{
	char name[16] = { 0 };
	const void *value;
	u32 len;

	if (info->ifi_index)
		return netdev_by_index((u32)info->ifi_index);
	value = attr_find(h, sizeof(*info), IFLA_IFNAME, &len);
	if (!value || len >= sizeof(name))
		return NULL;
	memcpy(name, value, len);
	return netdev_by_name(name);
}

static int get_link(struct nl_reply *r, const struct nlmsghdr *h, bool dump)
{
	const struct netdev *dev;
	struct ifinfomsg info;

	if (dump) {
		for (u32 i = 0; (dev = netdev_at(i)); i++)
			put_link(r, dev, NLM_F_MULTI);
		return 0;
	}
	if (h->nlmsg_len < NLMSG_LENGTH(sizeof(info)))
		return -EINVAL;
	memcpy(&info, h + 1, sizeof(info));
	dev = link_named(h, &info);
	if (!dev)
		return -ENODEV;
	put_link(r, dev, 0);
	return 0;
}

/* --- addresses --------------------------------------------------------------------------- */

static void put_address(struct nl_reply *r, const struct netdev_addr *a)
{
	bool v4 = ip_is_v4(&a->ip);
	struct ifaddrmsg info = { .ifa_family = v4 ? AF_INET : AF_INET6,
				  .ifa_prefixlen = a->prefix,
				  .ifa_flags = IFA_F_PERMANENT,
				  .ifa_scope = a->scope,
				  .ifa_index = a->dev->index };
	struct ifa_cacheinfo cache = { .ifa_prefered = (u32)-1, .ifa_valid = (u32)-1 };
	const u8 *bytes = v4 ? a->ip.b + 12 : a->ip.b;
	u32 len = v4 ? V4_BYTES : V6_BYTES;

	nl_begin(r, RTM_NEWADDR, NLM_F_MULTI, &info, sizeof(info));
	nl_attr(r, IFA_ADDRESS, bytes, len);
	if (v4) {
		nl_attr(r, IFA_LOCAL, bytes, len);
		nl_attr(r, IFA_LABEL, a->dev->name, (u32)strlen(a->dev->name) + 1);
	}
	nl_attr_u32(r, IFA_FLAGS, IFA_F_PERMANENT);
	nl_attr(r, IFA_CACHEINFO, &cache, sizeof(cache));
	nl_end(r);
}

static bool family_wanted(u8 family, const struct ip *ip)
{
	return family == AF_UNSPEC || family == (ip_is_v4(ip) ? AF_INET : AF_INET6);
}

static int dump_addresses(struct nl_reply *r, u8 family)
{
	const struct netdev_addr *a;

	for (u32 i = 0; (a = netdev_addr_at(i)); i++)
		if (family_wanted(family, &a->ip))
			put_address(r, a);
	return 0;
}

/* --- routes --------------------------------------------------------------------------------- */

static void put_route(struct nl_reply *r, const struct netdev_addr *a, const struct ip *to,
		      u8 bits, u16 flags)
{
	bool v4 = ip_is_v4(to);
	struct rtmsg info = { .rtm_family = v4 ? AF_INET : AF_INET6, .rtm_dst_len = bits,
			      .rtm_table = RT_TABLE_LOCAL, .rtm_protocol = RTPROT_KERNEL,
			      .rtm_scope = v4 ? RT_SCOPE_HOST : RT_SCOPE_UNIVERSE,
			      .rtm_type = RTN_LOCAL };
	u32 len = v4 ? V4_BYTES : V6_BYTES, skip = v4 ? 12 : 0;

	nl_begin(r, RTM_NEWROUTE, flags, &info, sizeof(info));
	nl_attr_u32(r, RTA_TABLE, RT_TABLE_LOCAL);
	nl_attr(r, RTA_DST, to->b + skip, len);
	if (v4)
		nl_attr(r, RTA_PREFSRC, a->ip.b + skip, len);
	nl_attr_u32(r, RTA_OIF, a->dev->index);
	nl_end(r);
}

static int dump_routes(struct nl_reply *r, u8 family)
{
	const struct netdev_addr *a;

	for (u32 i = 0; (a = netdev_addr_at(i)); i++) {
		struct ip net = a->ip;

		if (!family_wanted(family, &a->ip))
			continue;
		if (ip_is_v4(&net) && a->prefix == 8) /* the whole network is local */
			memset(net.b + 13, 0, 3);
		put_route(r, a, &net, a->prefix, NLM_F_MULTI);
	}
	return 0;
}

static int get_route(struct nl_reply *r, const struct nlmsghdr *h)
{
	struct netdev_addr via = { .prefix = 0 };
	struct ip to = ip_any(AF_INET);
	struct rtmsg info;
	const void *dst;
	u32 len = 0;

	if (h->nlmsg_len < NLMSG_LENGTH(sizeof(info)))
		return -EINVAL;
	memcpy(&info, h + 1, sizeof(info));
	dst = attr_find(h, sizeof(info), RTA_DST, &len);
	if (dst && info.rtm_family == AF_INET && len == V4_BYTES)
		memcpy(to.b + 12, dst, len);
	else if (dst && info.rtm_family == AF_INET6 && len == V6_BYTES)
		memcpy(to.b, dst, len);
	else
		return -EINVAL;
	via.dev = netdev_route(&to, &via.ip);
	if (!via.dev)
		return -ENETUNREACH;
	put_route(r, &via, &to, (u8)(len * 8), 0);
	return 0;
}

int netlink_route(struct nl_reply *r, const struct nlmsghdr *h, bool *dump)
{
	u8 family = h->nlmsg_len > sizeof(*h) ? *(const u8 *)(h + 1) : AF_UNSPEC;

	*dump = (h->nlmsg_flags & NLM_F_DUMP) == NLM_F_DUMP;
	switch (h->nlmsg_type) {
	case RTM_GETLINK:
		return get_link(r, h, *dump);
	case RTM_GETADDR:
		return *dump ? dump_addresses(r, family) : -EOPNOTSUPP;
	case RTM_GETROUTE:
		return *dump ? dump_routes(r, family) : get_route(r, h);
	case RTM_GETNEIGH:
	case RTM_GETRULE:
	case RTM_GETQDISC:
		return *dump ? 0 : -EOPNOTSUPP;
	default:
		return capable(CAP_NET_ADMIN) ? -EOPNOTSUPP : -EPERM;
	}
}
