/*
 * Red-black trees (Cormen et al., chapter 13, with NULL for the black leaf).
 *
 * Invariants: the root is black; a red node has no red child; every way from
 * a node down to a leaf passes equally many black nodes. Order is the user's.
 */
#include "lib/rbtree.h"

static bool is_red(const struct rb_node *node)
{
	return node && node->red;
}

/* Puts new where old hangs below old's parent. */
static void replace_child(struct rb_root *root, struct rb_node *old,
			  struct rb_node *new)
{
	struct rb_node *parent = old->parent;

	if (!parent)
		root->node = new;
	else if (parent->left == old)
		parent->left = new;
	else
		parent->right = new;
	if (new)
		new->parent = parent;
}

static void rotate_left(struct rb_root *root, struct rb_node *node)
{
	struct rb_node *right = node->right;

	replace_child(root, node, right);
	node->right = right->left;
	if (node->right)
		node->right->parent = node;
	right->left = node;
	node->parent = right;
}

static void rotate_right(struct rb_root *root, struct rb_node *node)
{
	struct rb_node *left = node->left;

	replace_child(root, node, left);
	node->left = left->right;
	if (node->left)
		node->left->parent = node;
	left->right = node;
	node->parent = left;
}

/* node and its parent are red: one step up or a final rotation. Returns the
 * node to go on with. */
static struct rb_node *fix_red_pair(struct rb_root *root, struct rb_node *node)
{
	struct rb_node *parent = node->parent, *grand = parent->parent;
	bool left = parent == grand->left;
	struct rb_node *uncle = left ? grand->right : grand->left;

	if (is_red(uncle)) {
		parent->red = uncle->red = false;
		grand->red = true;
		return grand;
	}
	if (left && node == parent->right) {
		rotate_left(root, parent);
		parent = node;
	} else if (!left && node == parent->left) {
		rotate_right(root, parent);
		parent = node;
	}
	parent->red = false;
	grand->red = true;
	if (left)
		rotate_right(root, grand);
	else
		rotate_left(root, grand);
	return parent;
}

void rb_insert(struct rb_root *root, struct rb_node *node,
	       struct rb_node *parent, struct rb_node **link)
{
	node->parent = parent;
	node->left = node->right = NULL;
	node->red = true;
	*link = node;
	while (node->red && is_red(node->parent))
		node = fix_red_pair(root, node);
	root->node->red = false;
}

/*
 * The ways through node (child of parent, maybe NULL) lack one black: one
 * step. Returns true when that is put right, else *node moves up.
 */
static bool fix_missing_black(struct rb_root *root, struct rb_node **node,
			      struct rb_node **parent)
{
	struct rb_node *up = *parent;
	bool left = *node == up->left;
	struct rb_node *sibling = left ? up->right : up->left;
	struct rb_node *near, *far;

	if (sibling->red) {
		sibling->red = false;
		up->red = true;
		(left ? rotate_left : rotate_right)(root, up);
		sibling = left ? up->right : up->left;
	}
	near = left ? sibling->left : sibling->right;
	far = left ? sibling->right : sibling->left;
	if (!is_red(near) && !is_red(far)) {
		sibling->red = true;
		*node = up;
		*parent = up->parent;
		return false;
	}
	if (!is_red(far)) {
		near->red = false;
		sibling->red = true;
		(left ? rotate_right : rotate_left)(root, sibling);
		far = sibling;
		sibling = near;
	}
	sibling->red = up->red;
	up->red = false;
	far->red = false;
	(left ? rotate_left : rotate_right)(root, up);
	return true;
}

/* Takes node's successor out of the right subtree and puts it in node's
 * place. Returns where a black is missing, if *lost_black. */
static void erase_inner(struct rb_root *root, struct rb_node *node,
			struct rb_node **child, struct rb_node **parent,
			bool *lost_black)
{
	struct rb_node *next = node->right;

	while (next->left)
		next = next->left;
	*lost_black = !next->red;
	*child = next->right;
	*parent = next->parent;
	if (next->parent == node) {
		*parent = next;
	} else {
		replace_child(root, next, next->right);
		next->right = node->right;
		next->right->parent = next;
	}
	replace_child(root, node, next);
	next->left = node->left;
	next->left->parent = next;
	next->red = node->red;
}

void rb_erase(struct rb_root *root, struct rb_node *node)
{
	struct rb_node *child, *parent;
	bool lost_black;

	if (node->left && node->right) {
		erase_inner(root, node, &child, &parent, &lost_black);
	} else {
		child = node->left ? node->left : node->right;
		parent = node->parent;
		lost_black = !node->red;
		replace_child(root, node, child);
	}
	if (!lost_black)
		return;
	while (parent && !is_red(child))
		if (fix_missing_black(root, &child, &parent))
			return;
	if (child)
		child->red = false;
}

struct rb_node *rb_first(const struct rb_root *root)
{
	struct rb_node *node = root->node;

	while (node && node->left)
		node = node->left;
	return node;
}

struct rb_node *rb_last(const struct rb_root *root)
{
	struct rb_node *node = root->node;

	while (node && node->right)
		node = node->right;
	return node;
}

struct rb_node *rb_next(const struct rb_node *node)
{
	struct rb_node *up;

	if (node->right) {
		up = node->right;
		while (up->left)
			up = up->left;
		return up;
	}
	for (up = node->parent; up && node == up->right; up = up->parent)
		node = up;
	return up;
}

struct rb_node *rb_prev(const struct rb_node *node)
{
	struct rb_node *up;

	if (node->left) {
		up = node->left;
		while (up->right)
			up = up->right;
		return up;
	}
	for (up = node->parent; up && node == up->left; up = up->parent)
		node = up;
	return up;
}
