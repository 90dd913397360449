/* The queue of packets in a pipe. Invariant: they are in order and do not overlap. */
#include "fs/pipe_packet.h"

#include "lib/err.h"
#include "mm/slab.h"

static struct packet *nth(const struct packet_queue *q, u32 n)
{
	return &q->at[(q->first + n) % q->room];
}

int packets_resize(struct packet_queue *q, u32 room)
{
	struct packet *at = kmalloc(room * sizeof(*at));

	if (!at)
		return -ENOMEM;
	for (u32 i = 0; i < q->count; i++)
		at[i] = *nth(q, i);
	kfree(q->at);
	q->at = at;
	q->room = room;
	q->first = 0;
	return 0;
}

void packets_free(struct packet_queue *q)
{
	kfree(q->at);
	q->at = NULL;
	q->room = q->count = 0;
}

bool packets_full(const struct packet_queue *q, u32 limit)
{
	return q->count >= limit;
}

void packets_add(struct packet_queue *q, u64 start, u64 end)
{
	*nth(q, q->count++) = (struct packet){ start, end };
}

struct packet *packets_next(const struct packet_queue *q)
{
	return q->count ? nth(q, 0) : NULL;
}

void packets_pass(struct packet_queue *q, u64 head)
{
	struct packet *next;

	while ((next = packets_next(q)) && next->end <= head) {
		q->first = (q->first + 1) % q->room;
		q->count--;
	}
	if (next && next->start < head)
		next->start = head;
}

void packets_shift(struct packet_queue *q, u64 by)
{
	for (u32 i = 0; i < q->count; i++) {
		nth(q, i)->start -= by;
		nth(q, i)->end -= by;
	}
}
