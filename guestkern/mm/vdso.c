/*
 * The vDSO as a memory object: a few frames, filled once, which every program
 * maps privately, so that a debugger's breakpoint or a patched call site gets
 * its own copy. To a program it is a mapping like any other: it may be moved or
 * unmapped, and costs host mappings only once it was used.
 */
#include "mm/vdso.h"

#include "hal/hal.h"
#include "lib/err.h"
#include "mm/mm.h"
#include "mm/object.h"
#include "mm/page.h"

static int vdso_get_page(struct vm_object *obj, u64 index, bool for_write, pfn_t *pfn)
{
	(void)for_write;
	*pfn = vm_object_lookup(obj, index);
	return *pfn == PFN_NONE ? -ENODATA : 0;
}

/* The kernel keeps its own reference: never called. */
static void vdso_release(struct vm_object *obj)
{
	(void)obj;
}

static const struct vm_object_ops vdso_ops = {
	.get_page = vdso_get_page,
	.release = vdso_release,
};

static struct vm_object vdso;

int vdso_init(void)
{
	size_t bytes;
	const u8 *image = vdso_image(&bytes);
	u64 count = ALIGN_UP(bytes, PAGE_SIZE) >> PAGE_SHIFT;

	vm_object_init(&vdso, &vdso_ops);
	for (u64 i = 0; i < count; i++) {
		pfn_t pfn = page_alloc(0, PAGE_ZERO);

		if (pfn == PFN_NONE || vm_object_insert(&vdso, i, pfn))
			return -ENOMEM;
		page_mark_dirty(pfn);
		ram_write(pfn_to_gpa(pfn), image + (i << PAGE_SHIFT),
			  MIN(bytes - (i << PAGE_SHIFT), PAGE_SIZE));
	}
	vdso.size_bytes = count << PAGE_SHIFT;
	return 0;
}

s64 vdso_map(struct mm *mm)
{
	const struct map_req req = {
		.len_bytes = vdso.size_bytes,
		.vma_flags = VMA_R | VMA_X,
		.max_prot = VMA_PROT,
		.object = &vdso,
	};

	return vdso.size_bytes ? mm_map(mm, &req) : 0;
}

bool vdso_is_shown(const struct vma *vma)
{
	return vma->object == &vdso;
}
