/*
 * Address spaces as wholes: creation, references, which one is in force, and
 * truncation, which concerns all of them. Owns the list of all spaces.
 */
#include "hal/hal.h"
#include "lib/bug.h"
#include "lib/err.h"
#include "lib/string.h"
#include "mm/mm_internal.h"
#include "mm/page.h"
#include "mm/slab.h"

/* Room above the search for free space before exec says where the stack is. */
#define MMAP_TOP_GAP (8UL << 20)

static struct list_head all_mms = LIST_HEAD_INIT(all_mms);
static struct mm *loaded;

static void *radix_node_alloc(size_t bytes)
{
	return kzalloc(bytes);
}

static void radix_node_free(void *node, size_t bytes)
{
	(void)bytes;
	kfree(node);
}

s64 mm_randomize = 2;

void mm_init(void)
{
	static const struct radix_alloc_ops ops = { radix_node_alloc,
						    radix_node_free };

	radix_set_allocator(&ops);
	list_init(&all_mms);
	loaded = NULL;
	if (fault_init())
		panic("no memory for the copy-on-write page");
}

struct mm *mm_create(void)
{
	struct mm *mm = kzalloc(sizeof(*mm));

	if (!mm)
		return NULL;
	as_create(&mm->as, &pt_as_ops);
	mm->refs = 1;
	mm->mmap_top = user_low_end() - MMAP_TOP_GAP;
	mm->stack_limit = mm->as_limit = mm->data_limit = UINT64_MAX;
	radix_init(&mm->pt);
	list_add_tail(&mm->all_link, &all_mms);
	return mm;
}

void mm_get(struct mm *mm)
{
	BUG_ON(!mm->refs);
	mm->refs++;
}

/* Files are let go one by one as VMAs are, which may sleep: the space is out of
 * force and off the list by then, so nobody meets it half gone. */
static void mm_destroy(struct mm *mm)
{
	struct vma *vma;

	as_destroy(&mm->as);
	if (loaded == mm)
		loaded = NULL;
	list_del(&mm->all_link);
	pt_destroy(mm);
	while ((vma = vma_find(mm, 0))) {
		vma_unlink(vma);
		vma_free(vma);
	}
	BUG_ON(mm->total_pages || mm->data_pages || mm->locked_pages);
	kfree(mm);
}

void mm_put(struct mm *mm)
{
	BUG_ON(!mm->refs);
	if (!--mm->refs)
		mm_destroy(mm);
}

void mm_switch(struct mm *mm)
{
	if (!mm || mm == loaded)
		return;
	loaded = mm;
	as_switch_to(&mm->as);
}

static void (*lost_fn)(struct mm *mm);

void mm_set_lost(void (*lost)(struct mm *mm))
{
	lost_fn = lost;
}

void mm_lost(struct mm *mm)
{
	if (lost_fn)
		lost_fn(mm);
}

struct mm *mm_loaded(void)
{
	return loaded;
}

bool mm_page_present(const struct mm *mm, uaddr_t addr)
{
	const struct vma *vma = vma_at(mm, addr);

	return vma && vma->flags & VMA_PROT && radix_get(&mm->pt, addr >> PAGE_SHIFT);
}

/* What [first_index, end_index) of its object is in vma: [*start, *end), maybe none. */
static bool object_range(const struct vma *vma, u64 first_index, u64 end_index, uaddr_t *start,
			 uaddr_t *end)
{
	u64 end_shown = vma->pgoff + vma_pages(vma);

	first_index = MAX(first_index, vma->pgoff);
	end_index = MIN(end_index, end_shown);
	*start = vma->start + ((first_index - vma->pgoff) << PAGE_SHIFT);
	*end = vma->start + ((end_index - vma->pgoff) << PAGE_SHIFT);
	return first_index < end_index;
}

static void zap_in_vma(struct vma *vma, u64 first_index, u64 end_index)
{
	uaddr_t start, end;

	if (object_range(vma, first_index, end_index, &start, &end))
		pt_zap_range(vma->mm, start, end);
}

static void zap_if_shared(struct vma *vma, u64 first_index, u64 end_index)
{
	if (!vma_is_cow(vma))
		zap_in_vma(vma, first_index, end_index);
}

static void protect_in_vma(struct vma *vma, u64 first_index, u64 end_index)
{
	uaddr_t start, end;

	if (!vma_is_cow(vma) && object_range(vma, first_index, end_index, &start, &end))
		pt_write_protect(vma, start, end);
}

/* Does that to every mapping of the object. */
static void for_each_mapping(struct vm_object *obj,
			     void (*to)(struct vma *vma, u64 first_index, u64 end_index),
			     u64 first_index, u64 end_index)
{
	struct mm *mm;

	if (!obj->vma_count)
		return;
	list_for_each_entry(mm, &all_mms, all_link)
		for (struct vma *vma = vma_find(mm, 0); vma; vma = vma_next(vma))
			if (vma->object == obj)
				to(vma, first_index, end_index);
}

void mm_object_write_protect(struct vm_object *obj, u64 first_index, u64 end_index)
{
	for_each_mapping(obj, protect_in_vma, first_index, end_index);
}

void mm_object_forget(struct vm_object *obj)
{
	for_each_mapping(obj, zap_if_shared, 0, UINT64_MAX);
}

static bool has_bytes(const struct mm *mm, uaddr_t addr, const u8 *bytes, size_t len_bytes)
{
	u64 pte = radix_get(&mm->pt, addr >> PAGE_SHIFT);
	u8 there[16];
	gpa_t gpa;

	if (!pte)
		return false;
	gpa = pfn_to_gpa(pte_pfn(pte));
	gpa.v += addr % PAGE_SIZE;
	ram_read(gpa, there, len_bytes);
	return memcmp(there, bytes, len_bytes) == 0;
}

bool mm_any_has(uaddr_t addr, const void *bytes, size_t len_bytes)
{
	struct mm *mm;

	BUG_ON(len_bytes > 16);
	list_for_each_entry(mm, &all_mms, all_link) {
		if (has_bytes(mm, addr, bytes, len_bytes))
			return true;
	}
	return false;
}

void mm_object_truncate(struct vm_object *obj, u64 first_index)
{
	for_each_mapping(obj, zap_in_vma, first_index, UINT64_MAX);
}
