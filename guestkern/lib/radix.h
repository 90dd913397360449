/*
 * Radix tree of non-zero u64 values under u64 keys, 64 slots a node, height
 * grown as keys need it. Serves guest page tables, page caches and number
 * tables. Node memory comes from the callbacks in lib/radix.c's user: see
 * radix_alloc_ops.
 */
#ifndef LIB_RADIX_H
#define LIB_RADIX_H

#include "lib/types.h"

struct radix_node;

struct radix {
	struct radix_node *root;
	u32 height; /* levels; 0: empty, or key 0 alone in root */
	u64 count;  /* values present */
};

/* Where nodes come from; installed once at boot (mm: a slab cache). */
struct radix_alloc_ops {
	void *(*alloc)(size_t bytes); /* zeroed or NULL */
	void (*free)(void *node, size_t bytes);
};
void radix_set_allocator(const struct radix_alloc_ops *ops);

/* Makes tree empty, without freeing anything. */
void radix_init(struct radix *tree);

/* Value at key, 0 when absent. */
u64 radix_get(const struct radix *tree, u64 key);

/* Pointer to the slot, for updates in place of a PRESENT value (non-zero to
 * non-zero), or NULL. Valid until the next insertion or removal. */
u64 *radix_slot(struct radix *tree, u64 key);

/* The slots of key and of the keys behind it that lie next to it in memory, at least one,
 * how many in *count; empty ones are 0. NULL: *count keys from key on are absent. Valid
 * and to be changed as radix_slot's. */
u64 *radix_span(struct radix *tree, u64 key, u64 *count);

/* Stores value (non-zero) at key, replacing. 0, or -ENOMEM with the tree
 * unchanged. */
int radix_set(struct radix *tree, u64 key, u64 value);

/* Removes key, frees nodes that became empty; returns the old value or 0. */
u64 radix_del(struct radix *tree, u64 key);

/* First present key >= *key: stores it in *key and returns the value, or 0
 * when there is none. Walk: for (k = 0; (v = radix_next(t, &k)); k++). */
u64 radix_next(const struct radix *tree, u64 *key);
/* The same, but returns the slot as radix_slot does, or NULL. */
u64 *radix_next_slot(struct radix *tree, u64 *key);

/* Frees all nodes (values are the caller's business beforehand). */
void radix_destroy(struct radix *tree);

#endif
