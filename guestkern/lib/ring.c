/*
 * Byte rings. The buffer is the caller's; head and tail count up for ever and
 * wrap by masking, so tail - head is the fill even past 2^32.
 */
#include "lib/bug.h"
#include "lib/ring.h"
#include "lib/string.h"

void ring_init(struct ring *r, void *data, u32 size)
{
	BUG_ON(!size || (size & (size - 1)));
	*r = (struct ring){ .data = data, .size = size };
}

u8 *ring_read_ptr(struct ring *r, u32 *len_bytes)
{
	u32 at = r->head & (r->size - 1);

	*len_bytes = MIN(ring_used(r), r->size - at);
	return r->data + at;
}

u8 *ring_write_ptr(struct ring *r, u32 *len_bytes)
{
	u32 at = r->tail & (r->size - 1);

	*len_bytes = MIN(ring_space(r), r->size - at);
	return r->data + at;
}

void ring_read_done(struct ring *r, u32 n)
{
	BUG_ON(n > ring_used(r));
	r->head += n;
}

void ring_write_done(struct ring *r, u32 n)
{
	BUG_ON(n > ring_space(r));
	r->tail += n;
}

u32 ring_write(struct ring *r, const void *src, u32 n)
{
	const u8 *from = src;
	u32 done = 0, piece;

	while (done < n) {
		u8 *at = ring_write_ptr(r, &piece);

		piece = MIN(piece, n - done);
		if (!piece)
			break;
		memcpy(at, from + done, piece);
		ring_write_done(r, piece);
		done += piece;
	}
	return done;
}

u32 ring_read(struct ring *r, void *dst, u32 n)
{
	u8 *to = dst;
	u32 done = 0, piece;

	while (done < n) {
		u8 *at = ring_read_ptr(r, &piece);

		piece = MIN(piece, n - done);
		if (!piece)
			break;
		memcpy(to + done, at, piece);
		ring_read_done(r, piece);
		done += piece;
	}
	return done;
}
