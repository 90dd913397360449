/* Between the files of UDP (udp(7)). */
#ifndef NET_UDP_H
#define NET_UDP_H

#include "net/inet.h"

struct netbuf;

struct udp_socket {
	struct inet_socket i;
	struct list_head all;
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

#endif
