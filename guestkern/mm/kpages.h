/* Core pages as the slabs see them. Internal to mm. */
#ifndef MM_KPAGES_H
#define MM_KPAGES_H

#include "lib/types.h"

/* What a block of core pages serves as; kept with its first page. */
enum kpages_tag {
	KPAGES_PLAIN, /* kpages_alloc */
	KPAGES_LARGE, /* one kmalloc object of its own */
	KPAGES_SLAB, /* small objects; always a single page */
};

/* Book-keeping of a slab page, beside the page. */
struct slab_page {
	u16 next, prev; /* in its class's list of pages with room; page numbers
			 * relative to the first of the heap */
	u16 free; /* first freed object, or SLAB_NO_OBJECT */
	u16 fresh; /* objects from here on were never handed out */
	u16 used; /* objects handed out */
	u16 class;
};

/* 2^order pages, contents undefined; NULL when there is no such run. */
void *kpages_alloc_tagged(u32 order, enum kpages_tag tag);
/* Frees the block that starts at pages; its order is known. */
void kpages_free_tagged(void *pages, enum kpages_tag tag);
/* Tag of the block that holds address; only its first page has one. */
enum kpages_tag kpages_tag_of(const void *address);
/* Pages in the block that starts here. */
u32 kpages_count_of(const void *address);

/* A page's slab data and number, and back. */
struct slab_page *kpages_slab(u32 number);
u32 kpages_number(const void *address);
void *kpages_address(u32 number);

#endif
