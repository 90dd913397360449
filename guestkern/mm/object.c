/*
 * Memory objects: the cache of frames by index that every kind of object has,
 * and anonymous shared memory, the kind that belongs to mm.
 *
 * Owns one reference on each cached frame. Truncation finds the mappings of an
 * object by a walk over all address spaces (mm.c): a list of VMAs would cost
 * every cached file two words and every VMA two more, and vma_count tells the
 * usual case, nobody maps it, apart.
 */
#include "hal/hal.h"
#include "lib/bug.h"
#include "lib/err.h"
#include "mm/mm_internal.h"
#include "mm/object.h"
#include "mm/slab.h"

void vm_object_init(struct vm_object *obj, const struct vm_object_ops *ops)
{
	*obj = (struct vm_object){ .ops = ops, .refs = 1 };
	radix_init(&obj->pages);
}

void vm_object_get(struct vm_object *obj)
{
	BUG_ON(!obj->refs);
	obj->refs++;
}

void vm_object_put(struct vm_object *obj)
{
	BUG_ON(!obj->refs);
	if (!--obj->refs)
		obj->ops->release(obj);
}

pfn_t vm_object_lookup(const struct vm_object *obj, u64 index)
{
	u64 value = radix_get(&obj->pages, index);

	return value ? (pfn_t)(value - 1) : PFN_NONE;
}

u64 vm_object_run(const struct vm_object *obj, u64 index, u64 end, pfn_t *pfn)
{
	u64 at = index, n;
	u32 want = 0; /* pfn + 1 in the low half, as in pages */

	*pfn = PFN_NONE;
	while (at < end) {
		const u64 *slot = radix_span((struct radix *)&obj->pages, at, &n);

		n = MIN(n, end - at);
		if (at == index && slot && *slot) {
			want = (u32)*slot;
			*pfn = want - 1;
		}
		if (!slot && want)
			break;
		for (u64 i = 0; slot && i < n; i++, want += want != 0) {
			if ((u32)slot[i] != want)
				return at + i - index;
		}
		at += n;
	}
	return at - index;
}

u64 vm_object_first_absent(const struct vm_object *obj, u64 index, u64 end)
{
	u64 n;

	while (index < end) {
		const u64 *slot = radix_span((struct radix *)&obj->pages, index, &n);

		if (!slot)
			return index;
		n = MIN(n, end - index);
		for (u64 i = 0; i < n; i++) {
			if (!slot[i])
				return index + i;
		}
		index += n;
	}
	return end;
}

int vm_object_insert(struct vm_object *obj, u64 index, pfn_t pfn)
{
	BUG_ON(radix_get(&obj->pages, index));
	return radix_set(&obj->pages, index, (u64)pfn + 1);
}

void vm_object_drop(struct vm_object *obj, u64 first, u64 end)
{
	u64 index = first, value;

	while ((value = radix_next(&obj->pages, &index)) && index < end) {
		radix_del(&obj->pages, index);
		page_put((pfn_t)(value - 1));
	}
}

/* --- anonymous shared memory -------------------------------------------------- */

/* Frames for the absent pages of index's window, in one run as far as they go
 * and there are. */
static int anon_fill(struct vm_object *obj, u64 index, u64 page_count)
{
	u64 first = ALIGN_DOWN(index, (u64)FAULT_AROUND_PAGES), end = index + 1;
	u64 last = MIN(first + FAULT_AROUND_PAGES, page_count);
	u32 got;
	pfn_t pfn;

	while (end < last && !radix_get(&obj->pages, end))
		end++;
	pfn = page_alloc_run((u32)(end - index), &got, PAGE_ZERO);
	if (pfn == PFN_NONE)
		return -ENOMEM;
	for (u32 i = 0; i < got; i++) {
		if (!vm_object_insert(obj, index + i, pfn + i))
			continue;
		for (u32 rest = i; rest < got; rest++)
			page_put(pfn + rest);
		return i ? 0 : -ENOMEM;
	}
	return 0;
}

static int anon_get_page(struct vm_object *obj, u64 index, bool for_write,
			 pfn_t *pfn)
{
	u64 page_count = ALIGN_UP(obj->size_bytes, PAGE_SIZE) >> PAGE_SHIFT;
	int err = 0;

	(void)for_write; /* holes always get a frame */
	if (index >= page_count)
		return -ENODATA;
	if (!radix_get(&obj->pages, index))
		err = anon_fill(obj, index, page_count);
	*pfn = vm_object_lookup(obj, index);
	return err;
}

static int anon_punch(struct vm_object *obj, u64 first, u64 end)
{
	u64 index = first, value;

	for (; (value = radix_next(&obj->pages, &index)) && index < end; index++)
		ram_zero(pfn_to_gpa((pfn_t)(value - 1)), PAGE_SIZE);
	return 0;
}

static void anon_release(struct vm_object *obj)
{
	vm_object_drop(obj, 0, UINT64_MAX);
	radix_destroy(&obj->pages);
	kfree(obj);
}

static const struct vm_object_ops anon_ops = {
	.get_page = anon_get_page,
	.punch = anon_punch,
	.release = anon_release,
};

struct vm_object *vm_object_anon(u64 size_bytes)
{
	struct vm_object *obj = kmalloc(sizeof(*obj));

	if (!obj)
		return NULL;
	vm_object_init(obj, &anon_ops);
	obj->size_bytes = size_bytes;
	return obj;
}
