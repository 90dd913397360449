/* The receive queue of sockets that keep messages whole. */
#ifndef NET_DATAGRAM_H
#define NET_DATAGRAM_H

#include "net/netbuf.h"
#include "net/socket.h"

/* Queues nb, which it takes over, and wakes the readers. What is not charged to a
 * sender counts against the receiver, by nb->charge. */
void datagram_queue(struct socket *s, struct netbuf *nb);
/* Takes nb out of the queue and frees it. With the reader's turn. */
void datagram_drop(struct socket *s, struct netbuf *nb);
/* Waits for a message: 0 with the reader's turn taken; 1 where none will come any
 * more; -errno, an error to report first. deadline as from socket_deadline. */
int datagram_wait(struct socket *s, u64 deadline);

#endif
