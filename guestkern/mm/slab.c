/*
 * Small kernel objects: kmalloc by size classes, a page of the core at a
 * time. Owns the pages tagged KPAGES_SLAB and their struct slab_page.
 *
 * Objects fill their page from its start, so that classes of multiples of 64
 * are 64-aligned. A freed object's first two bytes name the next freed one;
 * objects never handed out are not touched.
 *
 * Invariants: a page with a free object is in its class's list, a full one in
 * none; an empty one goes back to the heap.
 */
#include "lib/bug.h"
#include "lib/string.h"
#include "mm/buddy.h"
#include "mm/kpages.h"
#include "mm/poison.h"
#include "mm/slab.h"

#define SLAB_NO_OBJECT 0xffffu
#define SLAB_NO_PAGE 0xffffu
#define SLAB_MAX_BYTES 2048

/* Each multiple of 16, from 64 on of 64, chosen to leave little of a page. */
static const u16 class_bytes[] = { 16,	32,  48,  64,  128, 192,  256,	320,
				   448, 512, 576, 640, 768, 1024, 1344, 2048 };

#define CLASSES ARRAY_SIZE(class_bytes)

/* First page with room, + 1: zero means none. */
static u16 partial[CLASSES];

static u32 class_for(size_t bytes)
{
	u32 class = 0;

	while (class_bytes[class] < bytes)
		class++;
	return class;
}

static u32 objects_per_page(u32 class)
{
	return (u32)PAGE_SIZE / class_bytes[class];
}

static void partial_add(u32 number, struct slab_page *slab)
{
	u16 *first = &partial[slab->class];

	slab->prev = SLAB_NO_PAGE;
	slab->next = (u16)(*first - 1); /* SLAB_NO_PAGE for none */
	if (*first)
		kpages_slab(*first - 1u)->prev = (u16)number;
	*first = (u16)(number + 1);
}

static void partial_remove(struct slab_page *slab)
{
	if (slab->prev != SLAB_NO_PAGE)
		kpages_slab(slab->prev)->next = slab->next;
	else
		partial[slab->class] = (u16)(slab->next + 1);
	if (slab->next != SLAB_NO_PAGE)
		kpages_slab(slab->next)->prev = slab->prev;
}

static bool add_page(u32 class)
{
	void *page = kpages_alloc_tagged(0, KPAGES_SLAB);
	struct slab_page *slab;

	if (!page)
		return false;
	slab = kpages_slab(kpages_number(page));
	*slab = (struct slab_page){ .free = SLAB_NO_OBJECT, .class = (u16)class };
	partial_add(kpages_number(page), slab);
	poison_add(page, PAGE_SIZE);
	return true;
}

static void *slab_alloc(u32 class, size_t bytes)
{
	struct slab_page *slab;
	u16 *object;
	u32 number;

	bytes = MAX(bytes, sizeof(*object)); /* room for the link when free */
	if (!partial[class] && !add_page(class))
		return NULL;
	number = partial[class] - 1u;
	slab = kpages_slab(number);
	object = kpages_address(number);
	if (slab->free != SLAB_NO_OBJECT) {
		object += slab->free * (class_bytes[class] / sizeof(*object));
		poison_remove(object, bytes);
		slab->free = *object;
	} else {
		object += slab->fresh++ * (class_bytes[class] / sizeof(*object));
		poison_remove(object, bytes);
	}
	slab->used++;
	if (slab->used == objects_per_page(class))
		partial_remove(slab);
	return object;
}

static void slab_free(void *object)
{
	u32 number = kpages_number(object), offset = (u64)object % PAGE_SIZE;
	struct slab_page *slab = kpages_slab(number);
	u32 bytes = class_bytes[slab->class];
	u16 *link = object;

	BUG_ON(!slab->used || offset % bytes || offset / bytes >= slab->fresh);
	*link = slab->free;
	slab->free = (u16)(offset / bytes);
	poison_add(object, bytes);
	if (slab->used == objects_per_page(slab->class))
		partial_add(number, slab);
	slab->used--;
	if (!slab->used) {
		partial_remove(slab);
		kpages_free_tagged(kpages_address(number), KPAGES_SLAB);
	}
}

static u32 order_for(size_t bytes)
{
	u32 order = 0;

	while (PAGE_SIZE << order < bytes)
		order++;
	return order;
}

static void *large_alloc(size_t bytes)
{
	u32 order = order_for(bytes);
	u8 *object = kpages_alloc_tagged(order, KPAGES_LARGE);
	size_t used = ALIGN_UP(bytes, 8UL);

	if (object)
		poison_add(object + used, (PAGE_SIZE << order) - used);
	return object;
}

void *kmalloc(size_t bytes)
{
	if (!bytes)
		bytes = 1;
	if (bytes <= SLAB_MAX_BYTES)
		return slab_alloc(class_for(bytes), bytes);
	if (bytes > PAGE_SIZE << BUDDY_ORDER_MAX)
		return NULL;
	return large_alloc(bytes);
}

void *kzalloc(size_t bytes)
{
	void *object = kmalloc(bytes);

	if (object)
		memset(object, 0, bytes);
	return object;
}

void kfree(void *object)
{
	if (!object)
		return;
	if (kpages_tag_of(object) == KPAGES_SLAB)
		slab_free(object);
	else
		kpages_free_tagged(object, KPAGES_LARGE);
}

char *kstrdup(const char *text)
{
	size_t bytes = strlen(text) + 1;
	char *copy = kmalloc(bytes);

	if (copy)
		memcpy(copy, text, bytes);
	return copy;
}
