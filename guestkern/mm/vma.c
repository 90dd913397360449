/*
 * The tree of VMAs of an address space: finding, cutting, joining, and the
 * accounts that hang on them (total, data and locked pages).
 *
 * Owns the VMAs and their references on objects and files; does not look at
 * page tables. Every change of the tree counts mm.map_seq, so that who slept
 * can see whether what it knew still holds.
 */
#include "hal/hal.h"
#include "lib/bug.h"
#include "lib/err.h"
#include "mm/mm_internal.h"
#include "mm/overcommit.h"
#include "mm/page.h"
#include "mm/slab.h"

static const struct vma_file_ops *file_ops;

void mm_set_file_ops(const struct vma_file_ops *ops)
{
	file_ops = ops;
}

void vma_hold(struct vm_object *object, void *file)
{
	if (object)
		vm_object_get(object);
	if (file)
		file_ops->get(file);
}

void vma_release(struct vm_object *object, void *file)
{
	if (object)
		vm_object_put(object);
	if (file)
		file_ops->put(file);
}

static bool may_write_object(const struct vma *vma)
{
	return vma->flags & VMA_SHARED && vma->max_prot & VMA_W;
}

struct vma *vma_new(const struct vma *pattern, uaddr_t start, uaddr_t end)
{
	struct vma *vma = kmalloc(sizeof(*vma));

	if (!vma)
		return NULL;
	*vma = *pattern;
	vma->start = start;
	vma->end = end;
	vma_hold(vma->object, vma->file);
	if (vma->object) {
		vma->object->vma_count++;
		vma->object->writable_count += may_write_object(vma);
	}
	return vma;
}

void vma_free(struct vma *vma)
{
	if (vma->object) {
		vma->object->vma_count--;
		vma->object->writable_count -= may_write_object(vma);
	}
	vma_release(vma->object, vma->file);
	kfree(vma);
}

/* Does RLIMIT_DATA count such a mapping? (Linux: is_data_mapping) */
static bool is_data(u32 flags)
{
	return (flags & (VMA_W | VMA_SHARED | VMA_GROWSDOWN)) == VMA_W;
}

static void account(struct mm *mm, u32 flags, u64 pages)
{
	mm->total_pages += pages;
	if (is_data(flags))
		mm->data_pages += pages;
	if (flags & VMA_LOCKED)
		mm->locked_pages += pages;
	overcommit_account(flags, pages);
}

void vma_set_flags(struct vma *vma, u32 flags)
{
	account(vma->mm, vma->flags, -vma_pages(vma));
	vma->flags = flags;
	account(vma->mm, vma->flags, vma_pages(vma));
	vma->mm->map_seq++;
}

void vma_set_range(struct vma *vma, uaddr_t start, uaddr_t end)
{
	account(vma->mm, vma->flags, -vma_pages(vma));
	if (end < vma->end || start > vma->start)
		place_freed(vma->mm, vma->end);
	if (vma->object)
		vma->pgoff += (s64)(start - vma->start) >> PAGE_SHIFT;
	vma->start = start;
	vma->end = end;
	account(vma->mm, vma->flags, vma_pages(vma));
	vma->mm->map_seq++;
}

int vma_may_expand(const struct mm *mm, u32 flags, u64 pages, u64 replaced)
{
	if (mm->total_pages + pages - replaced > mm->as_limit >> PAGE_SHIFT)
		return -ENOMEM;
	if (is_data(flags) && mm->data_pages + pages > mm->data_limit >> PAGE_SHIFT)
		return -ENOMEM;
	return overcommit_ok(flags, pages) ? 0 : -ENOMEM;
}

static struct vma *vma_of(struct rb_node *node)
{
	return node ? rb_entry(node, struct vma, node) : NULL;
}

struct vma *vma_find(const struct mm *mm, uaddr_t addr)
{
	struct rb_node *node = mm->vmas.node;
	struct vma *best = NULL;

	while (node) {
		struct vma *vma = vma_of(node);

		if (vma->end > addr) {
			best = vma;
			if (vma->start <= addr)
				break;
			node = node->left;
		} else {
			node = node->right;
		}
	}
	return best;
}

struct vma *vma_at(const struct mm *mm, uaddr_t addr)
{
	struct vma *vma = vma_find(mm, addr);

	return vma && vma->start <= addr ? vma : NULL;
}

struct vma *vma_find_below(const struct mm *mm, uaddr_t addr)
{
	struct rb_node *node = mm->vmas.node;
	struct vma *best = NULL;

	while (node) {
		struct vma *vma = vma_of(node);

		if (vma->start < addr) {
			best = vma;
			node = node->right;
		} else {
			node = node->left;
		}
	}
	return best;
}

struct vma *vma_next(const struct vma *vma)
{
	return vma_of(rb_next(&vma->node));
}

struct vma *vma_prev(const struct vma *vma)
{
	return vma_of(rb_prev(&vma->node));
}

void vma_link(struct vma *vma)
{
	struct mm *mm = vma->mm;
	struct rb_node **link = &mm->vmas.node, *parent = NULL;

	while (*link) {
		parent = *link;
		BUG_ON(vma_of(parent)->start < vma->end &&
		       vma->start < vma_of(parent)->end);
		link = vma->start < vma_of(parent)->start ? &parent->left :
							    &parent->right;
	}
	rb_insert(&mm->vmas, &vma->node, parent, link);
	mm->vma_count++;
	mm->map_seq++;
	account(mm, vma->flags, vma_pages(vma));
}

void vma_unlink(struct vma *vma)
{
	struct mm *mm = vma->mm;

	rb_erase(&mm->vmas, &vma->node);
	mm->vma_count--;
	mm->map_seq++;
	place_freed(mm, vma->end);
	account(mm, vma->flags, -vma_pages(vma));
}

s64 mm_map_count_max = 65530; /* as Linux */

/* As Linux, or less where the core is small: one space must not fill it. */
bool vma_count_ok(const struct mm *mm, u32 more)
{
	u64 fitting = kmem_total_bytes() / sizeof(struct vma) / 4;

	return mm->vma_count + more <= MIN(fitting, (u64)mm_map_count_max);
}

int vma_split(struct vma *vma, uaddr_t addr)
{
	struct vma *upper;

	if (!vma_count_ok(vma->mm, 1))
		return -ENOMEM;
	upper = vma_new(vma, addr, vma->end);
	if (!upper)
		return -ENOMEM;
	if (upper->object)
		upper->pgoff = vma_object_index(vma, addr);
	vma_set_range(vma, vma->start, addr);
	vma_link(upper);
	return 0;
}

int vma_split_range(struct mm *mm, uaddr_t start, uaddr_t end)
{
	struct vma *vma = vma_find(mm, start);
	int err = 0;

	if (vma && vma->start < start)
		err = vma_split(vma, start);
	if (err)
		return err;
	vma = vma_find(mm, end);
	if (vma && vma->start < end)
		err = vma_split(vma, end);
	return err;
}

static bool can_merge(const struct vma *low, const struct vma *high)
{
	return low->end == high->start && low->flags == high->flags &&
	       low->max_prot == high->max_prot && low->object == high->object &&
	       low->file == high->file &&
	       (!low->object || vma_object_index(low, low->end) == high->pgoff);
}

/* high's space becomes low's. */
static void absorb(struct vma *low, struct vma *high)
{
	uaddr_t end = high->end;

	vma_unlink(high);
	vma_free(high);
	vma_set_range(low, low->start, end);
}

struct vma *vma_merge(struct vma *vma)
{
	struct vma *other = vma_next(vma);

	if (other && can_merge(vma, other))
		absorb(vma, other);
	other = vma_prev(vma);
	if (!other || !can_merge(other, vma))
		return vma;
	absorb(other, vma);
	return other;
}

void vma_free_list(struct vma *list)
{
	while (list) {
		struct vma *next = list->detached_next;

		vma_free(list);
		list = next;
	}
}
