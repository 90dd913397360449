/* Byte ring over a caller's buffer whose size is a power of two. */
#ifndef LIB_RING_H
#define LIB_RING_H

#include "lib/types.h"

struct ring {
	u8 *data;
	u32 size; /* power of two */
	u32 head; /* next to read; counts up, wraps by masking */
	u32 tail; /* next to write */
};

/* Empty ring over data, size bytes (a power of two). */
void ring_init(struct ring *r, void *data, u32 size);

static inline u32 ring_used(const struct ring *r)
{
	return r->tail - r->head;
}

static inline u32 ring_space(const struct ring *r)
{
	return r->size - ring_used(r);
}

/* Copies up to n bytes in / out; returns how many. */
u32 ring_write(struct ring *r, const void *src, u32 n);
u32 ring_read(struct ring *r, void *dst, u32 n);

/* The longest contiguous piece to read from / write into; then commit. */
u8 *ring_read_ptr(struct ring *r, u32 *len_bytes);
u8 *ring_write_ptr(struct ring *r, u32 *len_bytes);
void ring_read_done(struct ring *r, u32 n);
void ring_write_done(struct ring *r, u32 n);

#endif
