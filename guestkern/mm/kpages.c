/*
 * The core's heap: pages by a buddy allocator over hal's core_heap_range.
 * Owns the book-keeping arrays, which lie at the heap's start and are touched
 * only as far as pages were ever handed out: the core is toggled on every
 * entry, so that resident pages are what it costs.
 *
 * Invariant: a page whose dirty bit is clear holds zero bytes.
 */
#include "abi/layout.h"
#include "hal/hal.h"
#include "lib/bug.h"
#include "lib/string.h"
#include "mm/buddy.h"
#include "mm/kpages.h"
#include "mm/poison.h"
#include "mm/slab.h"

static struct {
	struct buddy buddy;
	struct slab_page *slabs;
	u64 base; /* address of page number 0: aligned like the largest block */
	u64 start; /* of the heap, book-keeping included */
	u64 end;
	u64 gathered; /* below, core_gather needs not be asked */
} heap;

/* What the guest kernel takes of the core: its image and what is handed out. */
static void count_used(void)
{
	u64 image_end = boot_info()->image_end;

	counters()->kernel_bytes = kmem_used_bytes() +
				   (image_end ? image_end - LODGER_CORE_BASE : 0);
}

void kmem_init(void)
{
	u64 pages, bytes, first;

	core_heap_range(&heap.start, &heap.end);
	heap.base = ALIGN_DOWN(heap.start, PAGE_SIZE << BUDDY_ORDER_MAX);
	pages = (heap.end - heap.base) >> PAGE_SHIFT;
	BUG_ON(pages > UINT16_MAX);
	bytes = pages * (sizeof(struct frame) + sizeof(struct slab_page));
	first = ALIGN_UP(heap.start + bytes, PAGE_SIZE);
	BUG_ON(first >= heap.end);
	heap.slabs =
		(struct slab_page *)(heap.start + pages * sizeof(struct frame));
	buddy_init(&heap.buddy, (struct frame *)heap.start,
		   (u32)((first - heap.base) >> PAGE_SHIFT), (u32)pages);
	heap.gathered = 0;
	poison_add((void *)first, heap.end - first);
}

/* Cut from the start of the heap: with the image and the first objects it shares
 * the first huge page. */
void *kmem_reserve(u64 bytes)
{
	struct buddy *b = &heap.buddy;
	u64 pages = ALIGN_UP(bytes, PAGE_SIZE) >> PAGE_SHIFT;
	void *piece = kpages_address(b->first);

	BUG_ON(b->frontier != b->first);
	if (bytes > heap.end - heap.start || pages >= b->end - b->first)
		return NULL;
	b->first += (u32)pages;
	b->frontier = b->first;
	b->free_count -= (u32)pages;
	poison_remove(piece, pages << PAGE_SHIFT);
	return piece;
}

void *kpages_address(u32 number)
{
	return (void *)(heap.base + ((u64)number << PAGE_SHIFT));
}

u32 kpages_number(const void *address)
{
	u64 number = ((u64)address - heap.base) >> PAGE_SHIFT;

	BUG_ON(number < heap.buddy.first || number >= heap.buddy.frontier);
	return (u32)number;
}

struct slab_page *kpages_slab(u32 number)
{
	return &heap.slabs[number];
}

enum kpages_tag kpages_tag_of(const void *address)
{
	struct frame *f = &heap.buddy.frames[kpages_number(address)];

	BUG_ON(f->free);
	return (enum kpages_tag)f->tag;
}

u32 kpages_count_of(const void *address)
{
	return 1u << heap.buddy.frames[kpages_number(address)].order;
}

/* The heap is handed out from its start on, but for gaps that a large block's
 * alignment leaves: those are gathered with it. */
static void came_into_use(u32 head, u32 count)
{
	u64 start = (u64)kpages_address(head), end = start + count * PAGE_SIZE;

	if (end > heap.gathered)
		heap.gathered = core_gather(heap.gathered ? heap.gathered : start,
					    end);
}

void *kpages_alloc_tagged(u32 order, enum kpages_tag tag)
{
	u32 head = buddy_alloc(&heap.buddy, order);

	if (head == BUDDY_NONE)
		return NULL;
	heap.buddy.frames[head].tag = tag;
	heap.buddy.frames[head].link = 1;
	came_into_use(head, 1u << order);
	poison_remove(kpages_address(head), PAGE_SIZE << order);
	count_used();
	return kpages_address(head);
}

void kpages_free_tagged(void *pages, enum kpages_tag tag)
{
	u32 head = kpages_number(pages);
	struct frame *f = &heap.buddy.frames[head];
	u32 order = f->order;

	BUG_ON((u64)pages % PAGE_SIZE || f->free || f->tag != tag || !f->link);
	f->link = 0; /* merged away, it is no head: a second free is found */
	for (u32 i = 0; i < 1u << order; i++)
		heap.buddy.frames[head + i].dirty = 1;
	poison_add(pages, PAGE_SIZE << order);
	buddy_free(&heap.buddy, head, order);
	count_used();
}

void *kpages_alloc(u32 order)
{
	void *pages = kpages_alloc_tagged(order, KPAGES_PLAIN);

	for (u32 i = 0; pages && i < 1u << order; i++)
		if (heap.buddy.frames[kpages_number(pages) + i].dirty)
			memset((u8 *)pages + i * PAGE_SIZE, 0, PAGE_SIZE);
	return pages;
}

void kpages_free(void *pages, u32 order)
{
	BUG_ON(kpages_count_of(pages) != 1u << order);
	kpages_free_tagged(pages, KPAGES_PLAIN);
}

u64 kmem_used_bytes(void)
{
	struct buddy *b = &heap.buddy;

	return (u64)(b->end - b->first - b->free_count) << PAGE_SHIFT;
}

u64 kmem_total_bytes(void)
{
	return (u64)(heap.buddy.end - heap.buddy.first) << PAGE_SHIFT;
}
