/*
 * Radix trees: 64 slots a node, so that a node is exactly 512 bytes.
 *
 * A node's slots are children above level 0 and values at level 0. A tree
 * whose only key is 0 has no node at all: its value lies in the root pointer
 * (height 0), which is what most small files' page caches come to.
 *
 * Invariants: no node without a non-zero slot, except while radix_set builds
 * a path; count is the number of values.
 */
#include "lib/bug.h"
#include "lib/err.h"
#include "lib/radix.h"

#define SLOT_BITS 6
#define SLOTS 64
#define HEIGHT_MAX 11 /* 11 * 6 >= 64 bits */

struct radix_node {
	u64 slot[SLOTS];
};

static const struct radix_alloc_ops *node_ops;

void radix_set_allocator(const struct radix_alloc_ops *ops)
{
	node_ops = ops;
}

static struct radix_node *node_alloc(void)
{
	return node_ops->alloc(sizeof(struct radix_node));
}

static void node_free(struct radix_node *node)
{
	node_ops->free(node, sizeof(*node));
}

void radix_init(struct radix *tree)
{
	*tree = (struct radix){ 0 };
}

static u32 slot_index(u64 key, u32 level)
{
	return (key >> (level * SLOT_BITS)) & (SLOTS - 1);
}

/* Does a tree of this height reach key? */
static bool key_fits(u32 height, u64 key)
{
	u32 bits = height * SLOT_BITS;

	return bits >= 64 || !(key >> bits);
}

static u32 height_for(u64 key)
{
	u32 height = 1;

	while (!key_fits(height, key))
		height++;
	return height;
}

static struct radix_node *child_at(const struct radix_node *node, u32 index)
{
	return (struct radix_node *)node->slot[index];
}

/* The level-0 node on key's path, or NULL. Height > 0. */
static struct radix_node *find_leaf(const struct radix *tree, u64 key)
{
	struct radix_node *node = tree->root;

	if (!key_fits(tree->height, key))
		return NULL;
	for (u32 level = tree->height - 1; level && node; level--)
		node = child_at(node, slot_index(key, level));
	return node;
}

u64 *radix_slot(struct radix *tree, u64 key)
{
	struct radix_node *leaf;
	u64 *slot;

	if (!tree->height)
		return tree->root && !key ? (u64 *)&tree->root : NULL;
	leaf = find_leaf(tree, key);
	slot = leaf ? &leaf->slot[slot_index(key, 0)] : NULL;
	return slot && *slot ? slot : NULL;
}

u64 *radix_span(struct radix *tree, u64 key, u64 *count)
{
	struct radix_node *leaf;

	if (!tree->height || !key_fits(tree->height, key)) {
		*count = tree->height || key ? MAX(UINT64_MAX - key, 1ULL) : 1;
		return tree->height || key ? NULL : (u64 *)&tree->root;
	}
	leaf = find_leaf(tree, key);
	*count = SLOTS - slot_index(key, 0);
	return leaf ? &leaf->slot[slot_index(key, 0)] : NULL;
}

u64 radix_get(const struct radix *tree, u64 key)
{
	struct radix_node *leaf;

	if (!tree->height)
		return key ? 0 : (u64)tree->root;
	leaf = find_leaf(tree, key);
	return leaf ? leaf->slot[slot_index(key, 0)] : 0;
}

/* Looks from `from` on round the node: what was just removed usually has a
 * present neighbour above it. */
static bool node_is_empty(const struct radix_node *node, u32 from)
{
	for (u32 i = 0; i < SLOTS; i++)
		if (node->slot[(from + i) % SLOTS])
			return false;
	return true;
}

/* Frees the nodes on key's path that are empty, from the bottom up. */
static void prune_path(struct radix *tree, u64 key)
{
	struct radix_node *path[HEIGHT_MAX];
	struct radix_node *node = tree->root;
	u32 level = tree->height - 1;

	for (;; level--) {
		path[level] = node;
		node = level ? child_at(node, slot_index(key, level)) : NULL;
		if (!node)
			break;
	}
	for (; level < tree->height; level++) {
		if (!node_is_empty(path[level], slot_index(key, level)))
			return;
		node_free(path[level]);
		if (level + 1 < tree->height)
			path[level + 1]->slot[slot_index(key, level + 1)] = 0;
	}
	tree->root = NULL;
	tree->height = 0;
}

/* Adds levels on top until key is in reach. */
static int grow_height(struct radix *tree, u64 key)
{
	u64 direct = tree->height ? 0 : (u64)tree->root;

	if (!tree->root && !tree->height) {
		tree->root = node_alloc();
		if (!tree->root)
			return -ENOMEM;
		tree->height = height_for(key);
		return 0;
	}
	while (direct || !key_fits(tree->height, key)) {
		struct radix_node *node = node_alloc();

		if (!node)
			return -ENOMEM;
		node->slot[0] = (u64)tree->root;
		tree->root = node;
		tree->height++;
		direct = 0;
	}
	return 0;
}

int radix_set(struct radix *tree, u64 key, u64 value)
{
	struct radix_node *node;
	u64 *slot;

	BUG_ON(!value);
	if (!key && !tree->height) {
		tree->count = 1;
		tree->root = (struct radix_node *)value;
		return 0;
	}
	if ((!tree->height || !key_fits(tree->height, key)) &&
	    grow_height(tree, key))
		return -ENOMEM;
	node = tree->root;
	for (u32 level = tree->height - 1; level; level--) {
		slot = &node->slot[slot_index(key, level)];
		if (!*slot)
			*slot = (u64)node_alloc();
		if (!*slot) {
			prune_path(tree, key);
			return -ENOMEM;
		}
		node = (struct radix_node *)*slot;
	}
	slot = &node->slot[slot_index(key, 0)];
	tree->count += !*slot;
	*slot = value;
	return 0;
}

u64 radix_del(struct radix *tree, u64 key)
{
	u64 *slot = radix_slot(tree, key);
	u64 old;

	if (!slot)
		return 0;
	old = *slot;
	*slot = 0;
	tree->count--;
	if (tree->height)
		prune_path(tree, key);
	return old;
}

/* First value at or after *key below node; moves *key along. */
static u64 *node_next(struct radix_node *node, u32 level, u64 *key)
{
	u32 shift = level * SLOT_BITS;

	for (u32 i = slot_index(*key, level); i < SLOTS; i++) {
		if (node->slot[i] && !level)
			return &node->slot[i];
		if (node->slot[i]) {
			u64 *found = node_next(child_at(node, i), level - 1, key);

			if (found)
				return found;
			continue; /* the child moved *key behind itself */
		}
		*key = ((*key >> shift) + 1) << shift;
	}
	return NULL;
}

u64 *radix_next_slot(struct radix *tree, u64 *key)
{
	if (!tree->height)
		return radix_slot(tree, *key);
	if (!key_fits(tree->height, *key))
		return NULL;
	return node_next(tree->root, tree->height - 1, key);
}

u64 radix_next(const struct radix *tree, u64 *key)
{
	u64 *slot = radix_next_slot((struct radix *)tree, key);

	return slot ? *slot : 0;
}

static void node_destroy(struct radix_node *node, u32 level)
{
	for (u32 i = 0; level && i < SLOTS; i++)
		if (node->slot[i])
			node_destroy(child_at(node, i), level - 1);
	node_free(node);
}

void radix_destroy(struct radix *tree)
{
	if (tree->height)
		node_destroy(tree->root, tree->height - 1);
	radix_init(tree);
}
