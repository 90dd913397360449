/*
 * The buddy allocator that guest RAM (page.c) and the core's heap (kpages.c)
 * share. Internal to mm.
 *
 * A frame is a number; its data is one 8-byte struct frame. Frames at or above
 * the frontier were never handed out and their struct frame never touched, so
 * that memory which nobody uses costs nothing either.
 */
#ifndef MM_BUDDY_H
#define MM_BUDDY_H

#include "lib/types.h"

#define BUDDY_ORDER_MAX 10
#define BUDDY_NONE 0xfffffffu
#define BUDDY_FRAMES_MAX BUDDY_NONE

/* All zero for a frame that was never handed out. */
struct frame {
	u32 link : 28; /* free: next block's head; used: the owner's (count) */
	u32 order : 4; /* of the block, in its head */
	u32 prev : 28; /* free: previous block's head */
	u32 free : 1; /* head of a free block */
	u32 dirty : 1; /* may hold something else than zero bytes */
	u32 tag : 2; /* the owner's */
};

struct buddy {
	struct frame *frames; /* by frame number */
	u32 first, end; /* the frames that exist */
	u32 frontier; /* first frame never handed out */
	u32 free_count; /* frames free, those past frontier too */
	u32 list[BUDDY_ORDER_MAX + 1]; /* heads of free blocks, last freed first */
};

/* frames: zeroed memory for end entries. */
void buddy_init(struct buddy *b, struct frame *frames, u32 first, u32 end);
/* Head of 2^order frames aligned to their number, or BUDDY_NONE. Its order is
 * set, free clear; link, prev and tag are the caller's to set. */
u32 buddy_alloc(struct buddy *b, u32 order);
/* Takes 2^order frames back; dirty bits stay as they are. */
void buddy_free(struct buddy *b, u32 head, u32 order);

#endif
