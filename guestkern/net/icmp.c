/*
 * ICMP messages on the loopback device. Echo requests are answered here; all messages
 * are shown to raw sockets before. Whoever is at fault on a loopback device learns it
 * from the call itself: no other messages are made.
 */
#include "net/icmp.h"

#include <linux/in.h>
#include <linux/in6.h>

#include "lib/checksum.h"
#include "lib/err.h"
#include "lib/string.h"

#define TTL_ANSWER 64
#define IP_DONT_FRAGMENT 0x4000

/* The header that raw sockets of IPv4 get before the message (RFC 791). */
struct ip4_header {
	u8 version_words, tos;
	u16 total, id, fragment;
	u8 ttl, protocol;
	u16 checksum;
	u8 from[4], to[4];
};

/* --- checksums ----------------------------------------------------------------------- */

/* What ICMPv6's checksum covers before the message (RFC 8200, 8.1). */
static void add_pseudo_header(struct checksum *c, const struct netbuf *nb)
{
	const u32 rest[2] = { __builtin_bswap32(nb->total), __builtin_bswap32(IPPROTO_ICMPV6) };

	checksum_add(c, &nb->from.ip, sizeof(nb->from.ip));
	checksum_add(c, &nb->to.ip, sizeof(nb->to.ip));
	checksum_add(c, rest, sizeof(rest));
}

static u16 checksum_of(const struct netbuf *nb)
{
	struct checksum c = { .sum = 0 };
	const struct netbuf *piece;

	if (!ip_is_v4(&nb->to.ip))
		add_pseudo_header(&c, nb);
	for (piece = nb; piece; piece = piece->more)
		checksum_add(&c, piece->data + piece->off, piece->len);
	return checksum_end(&c);
}

/* Overwrites two bytes, which may lie in two pieces. */
static void put_u16(struct netbuf *nb, u32 at, u16 value)
{
	u8 bytes[2];

	memcpy(bytes, &value, sizeof(value));
	for (u32 i = 0; nb && i < 2; at -= MIN(at, nb->len), nb = nb->more)
		for (; i < 2 && at < nb->len; at++)
			nb->data[nb->off + at] = bytes[i++];
}

int icmp_put_checksum(struct netbuf *nb, u32 at)
{
	if (nb->total < sizeof(u16) || at > nb->total - sizeof(u16))
		return -EINVAL;
	put_u16(nb, at, 0);
	put_u16(nb, at, checksum_of(nb));
	return 0;
}

/* --- raw sockets ----------------------------------------------------------------------- */

static bool wants(const struct icmp_socket *raw, const struct netbuf *nb, u8 type, bool intact)
{
	const struct inet_socket *is = &raw->i;

	if (is->s.type != SOCK_RAW || !inet_accepts(is, &nb->to.ip))
		return false;
	if ((is->s.family == AF_INET) != ip_is_v4(&nb->to.ip))
		return false;
	if (is->s.state == SOCKET_CONNECTED && !ip_equal(&is->remote.ip, &nb->from.ip))
		return false;
	if (raw->checksum_at >= 0 && !intact)
		return false;
	return !(raw->blocked[type / 32] & 1u << type % 32);
}

static void put_ip4_header(struct netbuf *nb)
{
	struct ip4_header h = {
		.version_words = 0x45,
		.tos = nb->tos,
		.total = __builtin_bswap16((u16)nb->total),
		.fragment = __builtin_bswap16(IP_DONT_FRAGMENT),
		.ttl = nb->ttl,
		.protocol = IPPROTO_ICMP,
	};
	struct checksum c = { .sum = 0 };

	memcpy(h.from, nb->from.ip.b + 12, sizeof(h.from));
	memcpy(h.to, nb->to.ip.b + 12, sizeof(h.to));
	checksum_add(&c, &h, sizeof(h));
	h.checksum = checksum_end(&c);
	memcpy(nb->data + nb->off, &h, sizeof(h));
}

static void show_raw_sockets(const struct netbuf *nb, u8 type, bool intact)
{
	bool v4 = ip_is_v4(&nb->to.ip);
	struct icmp_socket *raw;
	struct netbuf *copy;

	for (raw = icmp_first(); raw; raw = icmp_next(raw)) {
		if (!wants(raw, nb, type, intact))
			continue;
		copy = netbuf_clone(nb, v4 ? sizeof(struct ip4_header) : 0);
		if (!copy) {
			raw->i.drops++;
			continue;
		}
		if (v4)
			put_ip4_header(copy);
		inet_dgram_deliver(&raw->i, copy);
	}
}

/* --- the kernel's part ----------------------------------------------------------------- */

/* The request becomes the answer to it. */
static void turn_round(struct netbuf *nb)
{
	struct icmp_head *h = (struct icmp_head *)(nb->data + nb->off);
	struct endpoint from = nb->from;

	h->type = ip_is_v4(&nb->to.ip) ? ICMP4_ECHO_REPLY : ICMP6_ECHO_REPLY;
	nb->from = nb->to;
	nb->to = from;
	nb->ttl = TTL_ANSWER;
	icmp_put_checksum(nb, ICMP_CHECKSUM_AT); /* there is room: a whole head */
}

/* nb, a reply, goes to whose identifier it has. */
static void take_reply(struct netbuf *nb, const struct icmp_head *h)
{
	struct inet_socket *ping;

	nb->to.port = __builtin_bswap16(h->id);
	ping = icmp_find_ping(&nb->to);
	if (ping)
		inet_dgram_deliver(ping, nb);
	else
		netbuf_free(nb);
}

/* Over the device: false when nobody but raw sockets heard of nb, which is damaged or
 * for nobody in particular. */
static bool cross(const struct netbuf *nb, struct icmp_head *h)
{
	bool intact = checksum_of(nb) == 0;

	netdev_count(nb->total);
	if (nb->total < sizeof(*h))
		return false;
	netbuf_peek(nb, 0, h, sizeof(*h));
	show_raw_sockets(nb, h->type, intact);
	return intact && !ip_is_broadcast(&nb->to.ip);
}

void icmp_transmit(struct netbuf *nb)
{
	bool v4 = ip_is_v4(&nb->to.ip), heard;
	struct icmp_head h;

	nb->from.port = nb->to.port = 0;
	heard = cross(nb, &h);
	if (heard && h.type == (v4 ? ICMP4_ECHO : ICMP6_ECHO)) {
		turn_round(nb);
		heard = cross(nb, &h);
	}
	if (heard && h.type == (v4 ? ICMP4_ECHO_REPLY : ICMP6_ECHO_REPLY))
		take_reply(nb, &h);
	else
		netbuf_free(nb);
}
