/* What the sockets of IPv4 and IPv6 have in common (ip(7), ipv6(7)): addresses, ports,
 * options. */
#ifndef NET_INET_H
#define NET_INET_H

#include "net/inet_addr.h"
#include "net/socket.h"

#define PORT_PRIVILEGED 1024 /* below: CAP_NET_BIND_SERVICE */
#define PORT_EPHEMERAL_FIRST 32768
#define PORT_EPHEMERAL_LAST 60999

struct inet_socket {
	struct socket s;
	struct list_head port_link; /* in the protocol's port table, while bound */
	struct endpoint local, remote;
	bool bound;	    /* has a port */
	bool port_chosen;   /* the program named it */
	bool address_chosen;
	bool v6only;
	bool portless;	    /* ICMP: addresses alone say where to; any number may be bound */
	u64 drops;	    /* datagrams that found the buffer full */
	/* options: kept, and said in control messages of datagrams */
	u8 tos, ttl, mcast_ttl, pmtu;
	bool mcast_loop, pktinfo, recv_ttl, recv_tos, recv_error, freebind;
	bool recv_opts, return_opts; /* IP_RECVOPTS, IP_RETOPTS: no datagram has options */
	bool recv_ttl_2292;	     /* IPV6_2292HOPLIMIT */
};

static inline struct inet_socket *inet_of(struct socket *s)
{
	return container_of(s, struct inet_socket, s);
}

/* Sockets of one protocol by local port. */
#define PORT_BUCKETS 256u
struct port_table {
	struct list_head bucket[PORT_BUCKETS]; /* next NULL: never used */
	/* May a and b have the same port, given that their addresses overlap? */
	bool (*compatible)(const struct inet_socket *a, const struct inet_socket *b);
	/* Ports that are kept free for other reasons, or NULL. */
	bool (*reserved)(const struct inet_socket *is, const struct endpoint *ep);
};

/* --- inet_port.c --------------------------------------------------------------- */

/* The sockets that may have port. */
struct list_head *port_bucket(struct port_table *table, u16 port);
/* Gives is the address and port of ep (0: an ephemeral one): 0, -EADDRINUSE. */
int port_take(struct port_table *table, struct inet_socket *is,
	      const struct endpoint *ep);
/* Shares the port of another (an accepted connection its listener's). */
void port_share(struct port_table *table, struct inet_socket *is);
void port_release(struct inet_socket *is);
/* Is there a conflict with somebody, now that is listens? */
bool port_conflict(struct port_table *table, const struct inet_socket *is,
		   const struct endpoint *ep);
/* Does is, by its own address, get what is sent to ip? */
bool inet_accepts(const struct inet_socket *is, const struct ip *ip);

/* --- inet.c ---------------------------------------------------------------------- */

/* Defaults of a new socket. */
void inet_setup(struct inet_socket *is);
/* The own end that bind(2) names: parsed, and the address one of ours. -EINVAL,
 * -EAFNOSUPPORT, -EADDRNOTAVAIL. */
int inet_own_end(const struct inet_socket *is, struct endpoint *ep,
		 const struct net_addr *addr);
/* bind(2). */
int inet_bind(struct port_table *table, struct inet_socket *is,
	      const struct net_addr *addr);
/* An ephemeral port, if is has none: 0, -EAGAIN, as bind without a name. */
int inet_autobind(struct port_table *table, struct inet_socket *is);
/* Destination of a connect or send: parsed, "any" replaced by loopback, checked
 * against the socket's family, with the own address to use in *from. -EINVAL,
 * -EAFNOSUPPORT, -ENETUNREACH, -EACCES. */
int inet_destination(struct inet_socket *is, const struct net_addr *addr,
		     struct endpoint *to, struct ip *from);
int inet_name(struct socket *s, struct net_addr *addr, bool peer);
/* Options at SOL_IP and SOL_IPV6. */
int inet_setopt(struct inet_socket *is, const struct sockopt *opt);
int inet_getopt(struct inet_socket *is, struct sockopt *opt);

#endif
