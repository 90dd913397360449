/*
 * Memory objects: something whose pages can be mapped and cached, such as a
 * file. mm declares, fs (and shared anonymous memory in mm) implements.
 */
#ifndef MM_OBJECT_H
#define MM_OBJECT_H

#include "lib/radix.h"
#include "lib/types.h"
#include "mm/page.h"

struct vm_object;

struct vm_object_ops {
	/*
	 * Finds or brings in the frame of page index. The frame stays the
	 * object's; the caller takes its own reference. *pfn on success;
	 * -ENODATA past the end of the object (SIGBUS), -ENOMEM, -ENOSPC, -EIO.
	 * for_write: a shared mapping is going to write it (holes get a frame).
	 */
	int (*get_page)(struct vm_object *obj, u64 index, bool for_write,
			pfn_t *pfn);
	/* Pages [first, end) read as zero from now on, in mappings too
	 * (MADV_REMOVE). 0 or -errno; NULL: -EOPNOTSUPP. */
	int (*punch)(struct vm_object *obj, u64 first, u64 end);
	/* Last reference gone: release frames and memory. */
	void (*release)(struct vm_object *obj);
};

struct vm_object {
	const struct vm_object_ops *ops;
	u32 refs;
	u32 vma_count;	    /* VMAs that show it: mm's, for truncation */
	u32 writable_count; /* those of them that write to it or may come to */
	u64 size_bytes;	    /* pages past it fault with SIGBUS */
	/* Shared mappings show pages read-only until a write asks get_page. */
	bool track_writes;
	/* Page cache: index -> pfn + 1 in the low 32 bits; the others are marks
	 * of the owner's, which nobody else looks at. */
	struct radix pages;
};

/* A fresh object with one reference; then take and drop references, the last
 * drop calls ops->release. */
void vm_object_init(struct vm_object *obj, const struct vm_object_ops *ops);
void vm_object_get(struct vm_object *obj);
void vm_object_put(struct vm_object *obj);

/* Frame cached at index or PFN_NONE; takes no reference. */
pfn_t vm_object_lookup(const struct vm_object *obj, u64 index);
/* How many pages from index on, at most to end (> index), are one kind: cached in frames
 * that follow each other from *pfn on, or not cached (PFN_NONE). */
u64 vm_object_run(const struct vm_object *obj, u64 index, u64 end, pfn_t *pfn);
/* The first page of [index, end) that is not cached, or end. */
u64 vm_object_first_absent(const struct vm_object *obj, u64 index, u64 end);
/* Caches pfn at index; the object takes over the caller's reference. */
int vm_object_insert(struct vm_object *obj, u64 index, pfn_t pfn);
/* Drops cached frames with index in [first, end). Mapped ones live on in
 * their mappings; see mm_object_truncate for unmapping. */
void vm_object_drop(struct vm_object *obj, u64 first, u64 end);

/* New anonymous shared object of size bytes (MAP_SHARED|MAP_ANONYMOUS,
 * tmpfs-like), one reference; or NULL. */
struct vm_object *vm_object_anon(u64 size_bytes);

#endif
