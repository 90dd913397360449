/* Between the files of UDP (udp(7)). */
#ifndef NET_UDP_H
#define NET_UDP_H

#include "net/inet.h"

struct udp_socket {
	struct inet_socket i;
	struct list_head all;
	u64 drops; /* datagrams that found the buffer full */
};

static inline struct udp_socket *udp_of(struct socket *s)
{
	return container_of(s, struct udp_socket, i.s);
}

extern const struct socket_ops udp_ops;
extern struct port_table udp_ports;

/* Errors as net_family.create. */
struct socket *udp_create(u16 family);
/* The first and next of all sockets; NULL at the end. */
struct udp_socket *udp_first(void);
struct udp_socket *udp_next(struct udp_socket *u);

#endif
