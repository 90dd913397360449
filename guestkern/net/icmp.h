/* ICMP and ICMPv6 (icmp(7), raw(7)): between the messages and the sockets. */
#ifndef NET_ICMP_H
#define NET_ICMP_H

#include "net/inet_dgram.h"

/* Of linux/icmp.h and linux/icmpv6.h, which need the libc's headers. */
#define ICMP4_ECHO_REPLY 0
#define ICMP4_ECHO 8
#define ICMP4_EXT_ECHO 42
#define ICMP6_ECHO 128
#define ICMP6_ECHO_REPLY 129
#define ICMP6_EXT_ECHO 160

/* The head of an echo message; network order. */
struct icmp_head {
	u8 type, code;
	u16 checksum, id, sequence;
};

#define ICMP_CHECKSUM_AT 2 /* its offset */
#define ICMP_TYPE_WORDS 8  /* 256 types, a bit each */

/* A ping socket (SOCK_DGRAM; its port is the identifier of its echoes) or a raw one. */
struct icmp_socket {
	struct inet_socket i;
	struct list_head all;
	u32 blocked[ICMP_TYPE_WORDS]; /* raw: types that it does not want, by bit */
	s32 checksum_at; /* raw, IPv6: where the kernel puts and checks it; -1: not */
};

static inline struct icmp_socket *icmp_of(struct socket *s)
{
	return container_of(s, struct icmp_socket, i.s);
}

/* --- icmp_socket.c ------------------------------------------------------------- */

/* A ping socket: also -EACCES, whose groups are not in ping_group_range. */
struct socket *icmp_ping_create(u16 family, s32 protocol);
struct socket *icmp_raw_create(u16 family, s32 protocol);
/* The first and next of all sockets of both kinds; NULL at the end. */
struct icmp_socket *icmp_first(void);
struct icmp_socket *icmp_next(struct icmp_socket *is);
/* The ping socket that gets replies for this end, or NULL. */
struct inet_socket *icmp_find_ping(const struct endpoint *to);

/* net.ipv4.ping_group_range: which groups may have ping sockets. */
extern s64 icmp_ping_groups[2];

/* --- icmp.c --------------------------------------------------------------------- */

/* A finished message, which it takes over, goes over the loopback device: to raw
 * sockets, and to the kernel or a ping socket. */
void icmp_transmit(struct netbuf *nb);
/* Puts the checksum at offset at: 0, -EINVAL when that is past the end. */
int icmp_put_checksum(struct netbuf *nb, u32 at);

#endif
