/*
 * Messages in sockets' queues. Owns struct netbuf's memory and the sum of it;
 * the queues are the sockets'. Invariants: all messages together take at most a
 * quarter of the core, with small pieces a third; what is charged to a sender is
 * given back exactly once.
 */
#include "net/netbuf.h"

#include "lib/err.h"
#include "lib/string.h"
#include "mm/slab.h"
#include "net/scm.h"
#include "net/socket.h"

/* A piece is at most so large, header included: long runs of the core are rare. */
#define PIECE_BYTES_MAX 16384u
#define PIECE_BYTES_SMALL 4096u
#define CORE_SHARE 4
/* Past the share there are still small pieces, so that who has nothing under way
 * is not kept from sending by those who fill their buffers. */
#define PIECE_BYTES_SPARE 1024u
#define CORE_SHARE_SPARE 3

static u64 bytes_total;

u64 netbuf_bytes(void)
{
	return bytes_total;
}

static struct netbuf *piece_try(u32 bytes)
{
	u32 share = bytes > PIECE_BYTES_SPARE ? CORE_SHARE : CORE_SHARE_SPARE;
	struct netbuf *nb;

	if (bytes_total + bytes > kmem_total_bytes() / share)
		return NULL;
	nb = kmalloc(bytes);
	if (!nb)
		return NULL;
	memset(nb, 0, sizeof(*nb));
	list_init(&nb->link);
	nb->room = bytes - (u32)sizeof(*nb);
	nb->bytes = bytes;
	bytes_total += bytes;
	return nb;
}

struct netbuf *netbuf_alloc_piece(u32 len)
{
	u32 bytes = MIN(len, PIECE_BYTES_MAX) + (u32)sizeof(struct netbuf);
	struct netbuf *nb;

	if (bytes > PIECE_BYTES_SMALL) {
		nb = piece_try(MIN(ALIGN_UP(bytes, PIECE_BYTES_SMALL), PIECE_BYTES_MAX));
		if (nb)
			return nb;
		bytes = PIECE_BYTES_SMALL;
	}
	nb = piece_try(bytes);
	return nb ? nb : piece_try(MIN(bytes, PIECE_BYTES_SPARE));
}

struct netbuf *netbuf_alloc(u32 len)
{
	struct netbuf *first = netbuf_alloc_piece(len), *nb = first;
	u32 left = len;

	if (!first)
		return NULL;
	for (;;) {
		nb->len = MIN(nb->room, left);
		left -= nb->len;
		if (!left)
			break;
		nb->more = netbuf_alloc_piece(left);
		if (!nb->more) {
			netbuf_free(first);
			return NULL;
		}
		nb = nb->more;
	}
	first->total = len;
	return first;
}

int netbuf_fill(struct netbuf *nb, struct iobuf *buf)
{
	for (; nb; nb = nb->more)
		if (iobuf_get(buf, nb->data + nb->off, nb->len))
			return -EFAULT;
	return 0;
}

void netbuf_append(struct netbuf *nb, struct netbuf *more)
{
	struct netbuf *last = nb;

	while (last->more)
		last = last->more;
	last->more = more;
	nb->total += more->total;
}

int netbuf_copy(const struct netbuf *nb, u32 offset, struct iobuf *buf, u32 n)
{
	for (; nb && n; nb = nb->more) {
		u32 part;

		if (offset >= nb->len) {
			offset -= nb->len;
			continue;
		}
		part = MIN(n, nb->len - offset);
		if (iobuf_put(buf, nb->data + nb->off + offset, part))
			return -EFAULT;
		offset = 0;
		n -= part;
	}
	return 0;
}

void netbuf_peek(const struct netbuf *nb, u32 offset, void *to, u32 n)
{
	struct iobuf buf = { .kernel = to, .len = n };

	netbuf_copy(nb, offset, &buf, n); /* to kernel memory: cannot fail */
}

struct netbuf *netbuf_clone(const struct netbuf *nb, u32 front)
{
	struct netbuf *copy = netbuf_alloc(front + nb->total), *to;
	u32 at = 0, skip = front;

	if (!copy)
		return NULL;
	for (to = copy; to; to = to->more) {
		netbuf_peek(nb, at, to->data + to->off + skip, to->len - skip);
		at += to->len - skip;
		skip = 0;
	}
	copy->from = nb->from;
	copy->to = nb->to;
	copy->ttl = nb->ttl;
	copy->tos = nb->tos;
	return copy;
}

void netbuf_drop(struct netbuf *nb, u32 n)
{
	nb->off += n;
	nb->len -= n;
	nb->total -= n;
}

u32 netbuf_charge_of(u32 len)
{
	/* As Linux counts on x86-64: data and struct skb_shared_info in powers
	 * of a kilobyte or so, and struct sk_buff. */
	return ALIGN_UP(len + 320u, 512u) + 256u;
}

void netbuf_charge(struct netbuf *nb, struct socket *owner)
{
	nb->charge = netbuf_charge_of(nb->total);
	nb->owner = owner;
	owner->tx_charge += nb->charge;
	socket_get(owner);
}

void netbuf_free(struct netbuf *nb)
{
	struct socket *owner = nb->owner;
	struct netbuf *more;

	if (owner) {
		owner->tx_charge -= nb->charge;
		socket_wake_writers(owner);
		socket_put(owner);
	}
	if (nb->scm)
		scm_free(nb->scm);
	for (; nb; nb = more) {
		more = nb->more;
		bytes_total -= nb->bytes;
		kfree(nb);
	}
}
