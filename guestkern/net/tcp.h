/*
 * Between the files of TCP (tcp(7)).
 *
 * Both ends of every connection are sockets of this machine, so there are no
 * segments: what one end sends goes into the other's queue in the same call, and
 * is acknowledged by that. What is left of TCP is what programs can see: states,
 * ports, limits, ends and errors.
 */
#ifndef NET_TCP_H
#define NET_TCP_H

#include "net/inet.h"
#include "net/tcp_state.h"
#include "proc/timer.h"

struct tcp_socket {
	struct inet_socket i;
	enum tcp_state state;
	struct tcp_socket *peer;  /* referenced; NULL: none, or gone */
	/* Connecting to a full listener: its list, and the end of patience. */
	struct list_head waiters, waiting; /* listener's head; our place */
	struct tcp_socket *listener;	   /* referenced while waiting */
	struct timer give_up;
	struct list_head all;
	bool fin_received;
	u64 bytes_sent, bytes_received;
	/* urgent data: one byte out of line */
	bool urgent, urgent_seen;
	u8 urgent_byte;
	/* options: kept, and told back */
	bool nodelay, cork, quickack;
	u32 keepidle, keepintvl, keepcnt, syncnt, linger2, defer_accept, user_timeout;
	u32 maxseg, window_clamp, notsent_lowat, fastopen;
	char congestion[16];
};

static inline struct tcp_socket *tcp_of(struct socket *s)
{
	return container_of(s, struct tcp_socket, i.s);
}

extern const struct socket_ops tcp_ops;
extern struct port_table tcp_ports;

/* --- tcp.c ------------------------------------------------------------------------- */

/* A closed socket; errors as net_family.create. */
struct socket *tcp_create(u16 family);
/* The first and next of all sockets that are not closed; NULL at the end. */
struct tcp_socket *tcp_first(void);
struct tcp_socket *tcp_next(struct tcp_socket *t);
/* The connection is over: t lets go of its peer and its port. */
void tcp_done(struct tcp_socket *t);
/* A reset from the other end, or from this one to the other. */
void tcp_get_reset(struct tcp_socket *t);
void tcp_send_reset(struct tcp_socket *t);
/* The sending half ends: a FIN goes to the peer. */
void tcp_send_fin(struct tcp_socket *t);

/* --- tcp_connect.c -------------------------------------------------------------------- */

/* Operations of struct socket_ops. */
int tcp_connect(struct socket *s, const struct net_addr *addr, bool nonblock);
int tcp_listen(struct socket *s, u32 backlog);
struct socket *tcp_accept(struct socket *s, bool nonblock);
/* Ends listening: who waits in the queue is reset, who waits for it refused. */
void tcp_stop_listening(struct tcp_socket *t);
/* A socket that was connecting gives up waiting. */
void tcp_stop_connecting(struct tcp_socket *t);

/* --- tcp_data.c -------------------------------------------------------------------------- */

/* Operations of struct socket_ops. */
s64 tcp_send(struct socket *s, struct net_msg *m);
s64 tcp_receive(struct socket *s, struct net_msg *m);
u32 tcp_poll(struct socket *s);
bool tcp_writable(struct socket *s);

/* --- tcp_option.c -------------------------------------------------------------------------- */

/* Operations of struct socket_ops. */
int tcp_setopt(struct socket *s, const struct sockopt *opt);
int tcp_getopt(struct socket *s, struct sockopt *opt);
/* Defaults. */
void tcp_option_setup(struct tcp_socket *t);
/* What an accepted connection takes over from its listener. */
void tcp_option_inherit(struct tcp_socket *child, const struct tcp_socket *listener);

/* --- tcp_timewait.c ------------------------------------------------------------------------ */

/* The port stays taken for a minute for those who do not ask to reuse it. */
void tcp_timewait_add(const struct tcp_socket *t);
/* Does a connection in TIME_WAIT keep ep from is? */
bool tcp_timewait_reserves(const struct inet_socket *is, const struct endpoint *ep);
/* The i-th connection in TIME_WAIT: false past the end. */
bool tcp_timewait_at(u32 i, struct endpoint *local, struct endpoint *remote, u64 *left_ns);

#endif
