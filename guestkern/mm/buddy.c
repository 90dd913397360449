/*
 * The buddy allocator (buddy.h). Owns the free lists; what a frame is and
 * where it lies its users know.
 *
 * Invariants: a free block of order k starts at a multiple of 2^k, below the
 * frontier; its buddy is not a free block of order k (they would be one).
 * Splitting hands out the low half, so that successive small requests get
 * ascending neighbours.
 */
#include "lib/bug.h"
#include "mm/buddy.h"

void buddy_init(struct buddy *b, struct frame *frames, u32 first, u32 end)
{
	BUG_ON(end > BUDDY_FRAMES_MAX || first > end);
	*b = (struct buddy){ .frames = frames,
			     .first = first,
			     .end = end,
			     .frontier = first,
			     .free_count = end - first };
	for (u32 order = 0; order <= BUDDY_ORDER_MAX; order++)
		b->list[order] = BUDDY_NONE;
}

static void list_push(struct buddy *b, u32 head, u32 order)
{
	struct frame *f = &b->frames[head];

	f->link = b->list[order];
	f->prev = BUDDY_NONE;
	f->order = order;
	f->free = 1;
	if (f->link != BUDDY_NONE)
		b->frames[f->link].prev = head;
	b->list[order] = head;
}

static void list_remove(struct buddy *b, u32 head)
{
	struct frame *f = &b->frames[head];

	if (f->prev != BUDDY_NONE)
		b->frames[f->prev].link = f->link;
	else
		b->list[f->order] = f->link;
	if (f->link != BUDDY_NONE)
		b->frames[f->link].prev = f->prev;
	f->free = 0;
}

/* Moves the frontier over the largest block that starts there. */
static bool advance_frontier(struct buddy *b)
{
	u32 order = 0, head = b->frontier;

	if (head == b->end)
		return false;
	while (order < BUDDY_ORDER_MAX && !(head & (1u << order)) &&
	       (2u << order) <= b->end - head)
		order++;
	b->frontier = head + (1u << order);
	list_push(b, head, order);
	return true;
}

u32 buddy_alloc(struct buddy *b, u32 order)
{
	u32 have, head;

	if (order > BUDDY_ORDER_MAX)
		return BUDDY_NONE;
	do {
		for (have = order; have <= BUDDY_ORDER_MAX; have++)
			if (b->list[have] != BUDDY_NONE)
				goto found;
	} while (advance_frontier(b));
	return BUDDY_NONE;
found:
	head = b->list[have];
	list_remove(b, head);
	while (have > order) {
		have--;
		list_push(b, head + (1u << have), have);
	}
	b->frames[head].order = order;
	b->free_count -= 1u << order;
	return head;
}

/* Is there a free block of this order at head? */
static bool is_free_block(const struct buddy *b, u32 head, u32 order)
{
	return head >= b->first && head < b->frontier && b->frames[head].free &&
	       b->frames[head].order == order;
}

void buddy_free(struct buddy *b, u32 head, u32 order)
{
	BUG_ON(head < b->first || head >= b->frontier || b->frames[head].free);
	b->free_count += 1u << order;
	for (; order < BUDDY_ORDER_MAX; order++) {
		u32 other = head ^ (1u << order);

		if (!is_free_block(b, other, order))
			break;
		list_remove(b, other);
		head &= ~(1u << order);
	}
	list_push(b, head, order);
}
