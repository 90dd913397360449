/* Between the files of UDP (udp(7)). */
#ifndef NET_UDP_H
#define NET_UDP_H

#include "net/inet.h"

struct netbuf;

struct udp_socket {
	struct inet_socket i;
	struct list_head all;
	u64 drops; /* datagrams that found the buffer full */
	bool cork; /* UDP_CORK */
	struct netbuf *pending; /* held back by it or by MSG_MORE, or NULL */
};

static inline struct udp_socket *udp_of(struct socket *s)
{
	return container_of(s, struct udp_socket, i.s);
}

extern const struct socket_ops udp_ops;

/* protocol: IPPROTO_UDP, IPPROTO_UDPLITE. Errors as net_family.create. */
struct socket *udp_create(u16 family, s32 protocol);
/* The first and next of all sockets; NULL at the end. */
struct udp_socket *udp_first(void);
struct udp_socket *udp_next(struct udp_socket *u);

/* --- udp_control.c ------------------------------------------------------------ */

/* What one message asks for beside the socket's options. */
struct udp_control {
	u8 ttl, tos;
	bool has_from;
	struct ip from; /* the address to send from */
};

/* From the control messages of a send: 0 or -EINVAL. */
int udp_control_parse(struct udp_control *c, const struct inet_socket *is,
		      const struct net_msg *m);
/* Tells the program what it asked to know about nb. */
void udp_control_put(struct net_msg *m, const struct inet_socket *is,
		     const struct netbuf *nb);

#endif
