#include "fs/pipe_ring.h"

#include "lib/err.h"
#include "lib/string.h"
#include "mm/slab.h"

/* Pages in all pipes together. Past an eighth of the core a pipe gets one page
 * only, past a quarter none: pipes must not use up the kernel's memory. */
static u64 pages_total;

int pipe_ring_init(struct pipe_ring *r, u32 slots)
{
	*r = (struct pipe_ring){ .slots = slots };
	r->page = kzalloc(slots * sizeof(*r->page));
	return r->page ? 0 : -ENOMEM;
}

static bool add_page(struct pipe_ring *r, u8 **slot)
{
	u64 share = kmem_total_bytes() / PAGE_SIZE / 8;

	if (pages_total >= (r->pages ? share : 2 * share))
		return false;
	*slot = kpages_alloc(0);
	if (!*slot)
		return false;
	r->pages++;
	pages_total++;
	return true;
}

static void drop_page(struct pipe_ring *r, u8 **slot)
{
	kpages_free(*slot, 0);
	*slot = NULL;
	r->pages--;
	pages_total--;
}

void pipe_ring_free(struct pipe_ring *r)
{
	for (u32 i = 0; i < r->slots; i++)
		if (r->page[i])
			drop_page(r, &r->page[i]);
	packets_free(&r->packets);
	kfree(r->page);
}

static u8 **slot_of(const struct pipe_ring *r, u64 pos)
{
	return &r->page[pos / PAGE_SIZE % r->slots];
}

u32 pipe_ring_reserve(struct pipe_ring *r, u32 n)
{
	u64 end = r->tail;

	while (end - r->tail < n) {
		u8 **slot = slot_of(r, end);

		if (!*slot && !add_page(r, slot))
			break;
		end = ALIGN_DOWN(end, PAGE_SIZE) + PAGE_SIZE;
	}
	return (u32)MIN((u64)n, end - r->tail);
}

void pipe_ring_trim(struct pipe_ring *r)
{
	u64 first, used_slots;

	if (pipe_ring_used(r) == 0)
		r->head = r->tail = 0;
	first = r->head / PAGE_SIZE;
	used_slots = ALIGN_UP(r->tail, PAGE_SIZE) / PAGE_SIZE - first;
	for (u64 i = first + used_slots; i < first + r->slots; i++)
		if (r->page[i % r->slots])
			drop_page(r, &r->page[i % r->slots]);
}

int pipe_ring_in(struct pipe_ring *r, struct iobuf *buf, u32 n, s64 *done)
{
	while (n) {
		u32 offset = (u32)(r->tail % PAGE_SIZE);
		u32 part = MIN(n, (u32)PAGE_SIZE - offset);

		if (iobuf_get(buf, *slot_of(r, r->tail) + offset, part))
			return -EFAULT;
		r->tail += part;
		*done += part;
		n -= part;
	}
	return 0;
}

int pipe_ring_out(struct pipe_ring *r, struct iobuf *buf, u32 n, s64 *done)
{
	while (n) {
		u32 offset = (u32)(r->head % PAGE_SIZE);
		u32 part = MIN(n, (u32)PAGE_SIZE - offset);
		u8 **slot = slot_of(r, r->head);

		if (iobuf_put(buf, *slot + offset, part))
			return -EFAULT;
		r->head += part;
		if (r->head % PAGE_SIZE == 0 || r->head == r->tail)
			drop_page(r, slot);
		*done += part;
		n -= part;
	}
	if (r->head == r->tail)
		r->head = r->tail = 0;
	return 0;
}

void pipe_ring_skip(struct pipe_ring *r, u32 n)
{
	while (n) {
		u8 **slot = slot_of(r, r->head);
		u32 part = MIN(n, (u32)(PAGE_SIZE - r->head % PAGE_SIZE));

		r->head += part;
		n -= part;
		if (r->head % PAGE_SIZE == 0 || r->head == r->tail)
			drop_page(r, slot);
	}
	packets_pass(&r->packets, r->head);
	if (r->head == r->tail)
		r->head = r->tail = 0;
}

u32 pipe_ring_read_size(const struct pipe_ring *r, size_t len, u32 *rest)
{
	const struct packet *next = packets_next(&r->packets);
	u64 n = MIN((u64)len, (u64)pipe_ring_used(r));

	*rest = 0;
	if (!next || next->start >= r->head + n)
		return (u32)n;
	n = MIN(n, next->end - r->head);
	*rest = (u32)(next->end - r->head - n);
	return (u32)n;
}

u32 pipe_ring_peek(const struct pipe_ring *r, void *buf, u32 len)
{
	u64 end = r->head + MIN(len, pipe_ring_used(r));
	u8 *to = buf;

	for (u64 at = r->head; at < end;) {
		u32 part = (u32)MIN(end - at, PAGE_SIZE - at % PAGE_SIZE);

		memcpy(to, *slot_of(r, at) + at % PAGE_SIZE, part);
		to += part;
		at += part;
	}
	return (u32)(end - r->head);
}

int pipe_ring_resize(struct pipe_ring *r, u32 slots)
{
	u64 first = r->head / PAGE_SIZE;
	u8 **page;

	if ((u64)slots * PAGE_SIZE < r->tail - first * PAGE_SIZE || r->packets.count > slots)
		return -EBUSY;
	page = kzalloc(slots * sizeof(*page));
	if (!page)
		return -ENOMEM;
	for (u64 i = first; i * PAGE_SIZE < r->tail; i++)
		page[i - first] = *slot_of(r, i * PAGE_SIZE);
	kfree(r->page);
	r->page = page;
	r->slots = slots;
	packets_shift(&r->packets, first * PAGE_SIZE);
	r->head -= first * PAGE_SIZE;
	r->tail -= first * PAGE_SIZE;
	return 0;
}
