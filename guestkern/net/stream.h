/* Byte streams: taking bytes out of a queue of messages, for the families whose
 * sockets are streams. */
#ifndef NET_STREAM_H
#define NET_STREAM_H

#include "net/netbuf.h"
#include "net/socket.h"

/* What distinguishes one family's streams. */
struct stream_ops {
	/*
	 * Nothing is queued: 0 to wait, 1 for the end of the stream, or -errno.
	 * Takes the socket's error along.
	 */
	int (*empty)(struct socket *s);
	/* nb comes next: false to end the receive before it. May be NULL. */
	bool (*before)(struct socket *s, struct net_msg *m, const struct netbuf *nb,
		       bool any);
	/* Bytes of nb were copied out: false to end the receive after it; peek:
	 * nb stays. May be NULL. */
	bool (*after)(struct socket *s, struct net_msg *m, struct netbuf *nb, bool peek);
	/* Bytes were taken out: the sender may go on. May be NULL. */
	void (*drained)(struct socket *s);
};

/* recvmsg on a stream: MSG_PEEK, MSG_WAITALL, MSG_TRUNC where the family takes
 * it, SO_RCVLOWAT, SO_RCVTIMEO. Bytes or -errno. */
s64 stream_receive(struct socket *s, struct net_msg *m, const struct stream_ops *ops);
/* Appends nb to the queue of s and wakes its reader. */
void stream_append(struct socket *s, struct netbuf *nb);

#endif
