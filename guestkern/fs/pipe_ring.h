/*
 * What is in a pipe: a ring of bytes over page slots. A slot has a page of the core only
 * while bytes are in it: the core is scarce and most pipes are empty most of the time.
 *
 * Invariants: tail - head <= slots * PAGE_SIZE; every slot that holds a byte of
 * [head, tail) has a page, and only those once pipe_ring_trim was called. An empty ring
 * starts at slot 0 again.
 */
#ifndef FS_PIPE_RING_H
#define FS_PIPE_RING_H

#include "fs/file.h"
#include "fs/pipe_packet.h"
#include "mm/page.h"

struct pipe_ring {
	u32 slots;
	u32 pages;	/* slots that have one */
	u64 head, tail; /* count up; byte i is in slot i / PAGE_SIZE % slots */
	u8 **page;	/* [slots] */
	struct packet_queue packets;
};

/* 0, -ENOMEM. */
int pipe_ring_init(struct pipe_ring *r, u32 slots);
void pipe_ring_free(struct pipe_ring *r);
/* To so many slots: 0, -EBUSY: more is in it, -ENOMEM. */
int pipe_ring_resize(struct pipe_ring *r, u32 slots);

static inline u32 pipe_ring_used(const struct pipe_ring *r)
{
	return (u32)(r->tail - r->head);
}

/* Whole slots, as Linux counts: the slot that is being read takes no more. */
static inline u32 pipe_ring_room(const struct pipe_ring *r)
{
	return r->slots * (u32)PAGE_SIZE - (u32)(r->tail - ALIGN_DOWN(r->head, PAGE_SIZE));
}

/* Pages for n more bytes. How many bytes there are pages for. */
u32 pipe_ring_reserve(struct pipe_ring *r, u32 n);
/* Frees pages past tail that pipe_ring_reserve got in vain. */
void pipe_ring_trim(struct pipe_ring *r);
/* Copies n reserved bytes in. 0 or -EFAULT; *done counts what went in. May sleep. */
int pipe_ring_in(struct pipe_ring *r, struct iobuf *buf, u32 n, s64 *done);
/* Copies n bytes out, that are there. 0 or -EFAULT. May sleep. */
int pipe_ring_out(struct pipe_ring *r, struct iobuf *buf, u32 n, s64 *done);
/* Copies at most len bytes and leaves them; how many. */
u32 pipe_ring_peek(const struct pipe_ring *r, void *buf, u32 len);
/* Drops n bytes that are there. */
void pipe_ring_skip(struct pipe_ring *r, u32 n);
/* How much one read of len takes, and how much more goes with it: the rest of the
 * packet that it ends in. */
u32 pipe_ring_read_size(const struct pipe_ring *r, size_t len, u32 *rest);

#endif
