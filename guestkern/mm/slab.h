/* Kernel memory: whole pages of the core, and small objects from slabs. */
#ifndef MM_SLAB_H
#define MM_SLAB_H

#include "lib/types.h"

/* Prepares kernel memory over hal's core_heap_range. Boot only. */
void kmem_init(void);
/* A piece of core for good, zeroed, touched by nobody yet; NULL when there is
 * not that much. Boot only, before anything is handed out: page_init's frame
 * table. */
void *kmem_reserve(u64 bytes);

/* 2^order contiguous zeroed core pages, or NULL; and back. */
void *kpages_alloc(u32 order);
void kpages_free(void *pages, u32 order);

/* Any size; zeroed (kzalloc) or not (kmalloc); 16-byte aligned, 64-byte from
 * 64 bytes on; NULL when the core is used up. kfree(NULL) is allowed. */
void *kmalloc(size_t bytes);
void *kzalloc(size_t bytes);
void kfree(void *object);
char *kstrdup(const char *text); /* NULL on no memory */

/* Core bytes handed out, and the most there can be. */
u64 kmem_used_bytes(void);
u64 kmem_total_bytes(void);

#endif
