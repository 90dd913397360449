/* The receive queue of sockets that keep messages whole. */
#include "net/datagram.h"

#include "lib/err.h"

void datagram_queue(struct socket *s, struct netbuf *nb)
{
	list_add_tail(&nb->link, &s->rx);
	s->rx_count++;
	s->rx_bytes += nb->total;
	if (!nb->owner)
		s->rx_charge += nb->charge;
	socket_wake_readers(s);
}

void datagram_drop(struct socket *s, struct netbuf *nb)
{
	list_del(&nb->link);
	s->rx_count--;
	s->rx_bytes -= nb->total;
	if (!nb->owner)
		s->rx_charge -= nb->charge;
	netbuf_free(nb);
}

/* Nothing is queued: 0 to wait, 1 for the end, or -errno. */
static int at_end(const struct socket *s, u64 deadline)
{
	if (!(s->closed & SOCKET_NO_RECEIVE))
		return 0;
	return deadline || s->type == SOCK_SEQPACKET ? 1 : -EAGAIN;
}

int datagram_wait(struct socket *s, u64 deadline)
{
	for (;;) {
		int err = socket_rx_lock(s);

		if (err)
			return err;
		err = socket_take_error(s);
		if (!err && !list_empty(&s->rx))
			return 0;
		if (!err)
			err = at_end(s, deadline);
		socket_rx_unlock(s);
		if (!err)
			err = socket_wait(s, !list_empty(&s->rx) || s->error ||
						     s->closed & SOCKET_NO_RECEIVE,
					  deadline);
		if (err)
			return err;
	}
}
