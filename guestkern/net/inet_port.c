/*
 * Local ports. Owns the rules by which two sockets may have the same one: their
 * addresses do not overlap, or the protocol says that they are compatible
 * (SO_REUSEADDR, SO_REUSEPORT).
 */
#include "hal/hal.h"
#include "lib/err.h"
#include "net/inet.h"

struct list_head *port_bucket(struct port_table *table, u16 port)
{
	struct list_head *head = &table->bucket[port % PORT_BUCKETS];

	if (!head->next)
		list_init(head);
	return head;
}

/* What an address stands for: IPv4 addresses, IPv6 addresses, or with :: both. */
static bool covers_v4(const struct inet_socket *is, const struct ip *ip)
{
	if (is->s.family == AF_INET || ip_is_v4(ip))
		return true;
	return ip_is_any(ip) && !is->v6only;
}

static bool covers_v6(const struct inet_socket *is, const struct ip *ip)
{
	return is->s.family == AF_INET6 && !ip_is_v4(ip);
}

static bool overlap(const struct inet_socket *a, const struct ip *a_ip,
		    const struct inet_socket *b)
{
	const struct ip *b_ip = &b->local.ip;
	bool common = (covers_v4(a, a_ip) && covers_v4(b, b_ip)) ||
		      (covers_v6(a, a_ip) && covers_v6(b, b_ip));

	if (!common)
		return false;
	return ip_is_any(a_ip) || ip_is_any(b_ip) || ip_equal(a_ip, b_ip);
}

static bool reserved(struct port_table *table, const struct inet_socket *is,
		     const struct endpoint *ep)
{
	return table->reserved && table->reserved(is, ep);
}

bool port_conflict(struct port_table *table, const struct inet_socket *is,
		   const struct endpoint *ep)
{
	const struct inet_socket *other;

	list_for_each_entry(other, port_bucket(table, ep->port), port_link)
		if (other != is && other->local.port == ep->port &&
		    overlap(is, &ep->ip, other) && !table->compatible(is, other))
			return true;
	return reserved(table, is, ep);
}

static bool port_unused(struct port_table *table, u16 port)
{
	const struct inet_socket *other;

	list_for_each_entry(other, port_bucket(table, port), port_link)
		if (other->local.port == port)
			return false;
	return true;
}

/* A port that nobody uses at all; or, if there is none, one that does not clash. */
static u16 ephemeral(struct port_table *table, const struct inet_socket *is,
		     const struct endpoint *ep)
{
	const u32 count = PORT_EPHEMERAL_LAST - PORT_EPHEMERAL_FIRST + 1;
	struct endpoint try = *ep;
	u32 start;

	random_bytes(&start, sizeof(start));
	for (u32 i = 0; i < 2 * count; i++) {
		try.port = (u16)(PORT_EPHEMERAL_FIRST + (start + i) % count);
		if (i < count ? port_unused(table, try.port) && !reserved(table, is, &try)
			      : !port_conflict(table, is, &try))
			return try.port;
	}
	return 0;
}

int port_take(struct port_table *table, struct inet_socket *is, const struct endpoint *ep)
{
	struct endpoint own = *ep;

	if (!own.port) {
		own.port = ephemeral(table, is, ep);
		if (!own.port)
			return -EADDRINUSE;
	} else if (port_conflict(table, is, &own)) {
		return -EADDRINUSE;
	}
	is->local = own;
	port_share(table, is);
	return 0;
}

void port_share(struct port_table *table, struct inet_socket *is)
{
	is->bound = true;
	list_add(&is->port_link, port_bucket(table, is->local.port));
}

void port_release(struct inet_socket *is)
{
	is->bound = false;
	list_del(&is->port_link);
}

bool inet_accepts(const struct inet_socket *is, const struct ip *ip)
{
	if (ip_is_v4(ip) ? !covers_v4(is, &is->local.ip) : !covers_v6(is, &is->local.ip))
		return false;
	return ip_is_any(&is->local.ip) || ip_equal(&is->local.ip, ip);
}
