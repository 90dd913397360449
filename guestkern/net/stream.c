/*
 * Byte streams. Readers copy out one after the other (rx_busy): copying may sleep
 * in a page fault, and the bytes stay in the queue until they are copied, so that
 * a bad pointer loses nothing.
 */
#include "net/stream.h"

#include "lib/err.h"

/* One receive on its way. */
struct receive {
	struct socket *s;
	struct net_msg *m;
	const struct stream_ops *ops;
	bool peek;
	u64 seen;  /* peek: bytes of the queue copied already */
	s64 done;
	bool over; /* the family ended it */
	bool turn; /* the reader's turn is ours */
};

void stream_append(struct socket *s, struct netbuf *nb)
{
	list_add_tail(&nb->link, &s->rx);
	s->rx_bytes += nb->total;
	s->rx_count++;
	socket_wake_readers(s);
}

static void consume(struct receive *r, struct netbuf *nb, u32 n)
{
	struct socket *s = r->s;

	netbuf_drop(nb, n);
	s->rx_bytes -= n;
	if (nb->total)
		return;
	list_del(&nb->link);
	s->rx_count--;
	netbuf_free(nb);
}

/* Copies from offset of nb on: 0 or -EFAULT. */
static int take(struct receive *r, struct netbuf *nb, u32 offset)
{
	u32 n = (u32)MIN((size_t)(nb->total - offset), r->m->buf.len);
	int err;

	if (r->ops->before && !r->ops->before(r->s, r->m, nb, r->done > 0)) {
		r->over = true;
		return 0;
	}
	if (r->m->flags & MSG_TRUNC && r->s->family != AF_UNIX)
		r->m->buf.len -= n; /* thrown away, tcp(7) */
	else if ((err = netbuf_copy(nb, offset, &r->m->buf, n)))
		return err;
	r->done += n;
	if (r->ops->after && !r->ops->after(r->s, r->m, nb, r->peek))
		r->over = true;
	if (r->peek)
		r->seen += n;
	else
		consume(r, nb, n);
	return 0;
}

/* All that is there and wanted: 0 or -EFAULT. */
static int take_queued(struct receive *r)
{
	struct netbuf *nb, *next;
	u64 skip = r->seen;
	int err;

	list_for_each_entry_safe(nb, next, &r->s->rx, link) {
		if (!r->m->buf.len || r->over)
			break;
		if (skip >= nb->total) {
			skip -= nb->total;
			continue;
		}
		err = take(r, nb, (u32)skip);
		if (err)
			return err;
		skip = 0;
	}
	return 0;
}

static s64 wanted(const struct receive *r)
{
	u64 least = r->m->buf.len;

	if (!(r->m->flags & MSG_WAITALL))
		least = MIN((u64)r->s->rcvlowat, least);
	return least ? (s64)least : 1;
}

static bool enough(const struct receive *r, s64 target)
{
	if (r->over || (r->done && (r->done >= target || !r->m->buf.len)))
		return true;
	/* Nothing is asked for: that waits until there is something. */
	return !r->m->buf.len && r->s->rx_bytes > r->seen;
}

static int take_turn(struct receive *r)
{
	int err = socket_rx_lock(r->s);

	r->turn = !err;
	return err;
}

static void leave_turn(struct receive *r)
{
	if (r->turn)
		socket_rx_unlock(r->s);
	r->turn = false;
}

/* Nothing is there: 0 to look again, 1 for what there is is all, or -errno. */
static int wait_for_more(struct receive *r, u64 deadline)
{
	struct socket *s = r->s;
	int ret = r->ops->empty(s);

	if (ret)
		return ret;
	leave_turn(r);
	ret = socket_wait(s, s->rx_bytes > r->seen || s->error || s->closed & SOCKET_NO_RECEIVE ||
				     s->state == SOCKET_CLOSED, deadline);
	return ret ? ret : take_turn(r);
}

s64 stream_receive(struct socket *s, struct net_msg *m, const struct stream_ops *ops)
{
	struct receive r = { .s = s, .m = m, .ops = ops, .peek = m->flags & MSG_PEEK };
	u64 deadline = socket_deadline(s->rcvtimeo_ns, m->flags & MSG_DONTWAIT);
	s64 target = wanted(&r);
	int err = take_turn(&r);

	if (err)
		return err;
	do {
		err = take_queued(&r);
		if (err || enough(&r, target))
			break;
		err = wait_for_more(&r, deadline);
	} while (!err);
	leave_turn(&r);
	if (ops->drained && r.done && !r.peek)
		ops->drained(s);
	return r.done || err == 1 ? r.done : err;
}
