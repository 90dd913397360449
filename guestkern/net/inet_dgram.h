/* What UDP, ping and raw sockets have in common (ip(7), ipv6(7)): both ends of a
 * datagram, what goes with it, and the queue of those that have arrived. */
#ifndef NET_INET_DGRAM_H
#define NET_INET_DGRAM_H

#include "net/inet.h"
#include "net/netbuf.h"

struct inet_control;

#define INET_DGRAM_MAX 65535u /* bytes; a send of more is refused at once: EMSGSIZE */

/* connect(2), with AF_UNSPEC its end. table: the port table to take a port from, NULL
 * for sockets without. 0 or -errno. */
int inet_dgram_connect(struct port_table *table, struct inet_socket *is,
		       const struct net_addr *addr);
/* The message as a datagram with both its ends, in memory of its own; header: bytes of
 * the protocol's header that are no part of it. Or ERR_PTR, and nothing has happened.
 * May sleep. */
struct netbuf *inet_dgram_begin(struct inet_socket *is, struct net_msg *m, u32 header);
/* The most bytes after a header of so many that fit into a datagram to ip. */
u32 inet_dgram_payload_max(const struct ip *ip, u32 header);
/* Memory for m's bytes, filled, with control's marks; ERR_PTR(-ENOBUFS, -EFAULT). May
 * sleep. */
struct netbuf *inet_dgram_fill(struct net_msg *m, const struct inet_control *control);
/* nb, which it takes over, arrives; a full buffer drops it. */
void inet_dgram_deliver(struct inet_socket *to, struct netbuf *nb);

/* The socket operations of these names. */
s64 inet_dgram_receive(struct socket *s, struct net_msg *m);
u32 inet_dgram_poll(struct socket *s);
int inet_dgram_shutdown(struct socket *s, u32 mask);
s64 inet_dgram_ioctl(struct socket *s, u32 cmd, uaddr_t arg);
/* The part of release that concerns ports and queue. */
void inet_dgram_release(struct inet_socket *is);

/* --- inet_control.c ----------------------------------------------------------- */

/* What one message asks for beside the socket's options. */
struct inet_control {
	u8 ttl, tos;
	bool has_from;
	struct ip from; /* the address to send from */
};

/* From the control messages of a send: 0 or -EINVAL. */
int inet_control_parse(struct inet_control *c, const struct inet_socket *is,
		       const struct net_msg *m);
/* Tells the program what it asked to know about nb. */
void inet_control_put(struct net_msg *m, const struct inet_socket *is,
		      const struct netbuf *nb);

#endif
