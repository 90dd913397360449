/*
 * A guest address space: VMAs (what should be there), the page table (what is
 * there), and the host's mappings as a cache of it (hal/as.h).
 *
 * Invariants: a present PTE lies inside a VMA; host mappings of the loaded
 * space never allow more than the PTE does; a frame with more than one
 * reference is never writable through a private mapping.
 */
#ifndef MM_MM_H
#define MM_MM_H

#include "hal/as.h"
#include "lib/list.h"
#include "lib/radix.h"
#include "lib/rbtree.h"
#include "lib/types.h"
#include "mm/object.h"

/* struct vma.flags */
#define VMA_R 1u
#define VMA_W 2u
#define VMA_X 4u
#define VMA_SHARED 8u
#define VMA_GROWSDOWN 16u
#define VMA_STACK 32u  /* named [stack] */
#define VMA_HEAP 64u   /* named [heap] */
#define VMA_NORESERVE 128u
#define VMA_DONTFORK 256u
#define VMA_LOCKED 512u      /* mlock: present, and counted */
#define VMA_WIPEONFORK 1024u /* a child finds it empty */
#define VMA_DONTDUMP 2048u   /* not into core files */
#define VMA_PROT (VMA_R | VMA_W | VMA_X)
/* The memory policy of mbind(2) is kept in the upper bits: sys/sys_numa.c. */
#define VMA_POLICY_SHIFT 24
#define VMA_POLICY (0xffu << VMA_POLICY_SHIFT)

struct vma {
	union {
		struct rb_node node; /* in mm.vmas by start */
		struct vma *detached_next; /* while it waits to be freed */
	};
	struct mm *mm;
	uaddr_t start, end;
	u32 flags;
	u32 max_prot;		  /* what mprotect may grant (shared files) */
	struct vm_object *object; /* NULL: private anonymous */
	u64 pgoff;		  /* object page shown at start */
	/* For /proc/PID/maps and MAP_SHARED accounting: opaque to mm, set by
	 * fs, kept alive by file_ops below. NULL for anonymous. */
	void *file;
};

/* How mm holds the opaque file of a VMA; registered by fs at boot. */
struct vma_file_ops {
	void (*get)(void *file);
	void (*put)(void *file);
};
void mm_set_file_ops(const struct vma_file_ops *ops);

struct mm {
	struct as as;
	struct rb_root vmas;
	struct radix pt; /* vpn -> pte */
	u32 refs;
	u32 vma_count;
	u64 total_pages;    /* sum of VMA lengths */
	u64 resident_pages; /* present PTEs */
	u64 resident_peak;
	u64 locked_pages;
	uaddr_t brk_start, brk;
	uaddr_t mmap_top; /* search for free space goes down from here */
	uaddr_t stack_top;
	u64 stack_limit;  /* RLIMIT_STACK of the exec, bytes */
	u64 as_limit, data_limit; /* RLIMIT_AS, RLIMIT_DATA now, bytes */
	uaddr_t arg_start, arg_end, env_start, env_end;
	uaddr_t code_start, code_end, data_start, data_end;
	u64 auxv[44];	  /* for /proc/PID/auxv */
	u64 faults_minor, faults_major;
	struct list_head all_link; /* in the list of all spaces */
	u64 data_pages;	    /* private writable ones: RLIMIT_DATA's */
	u32 future_flags;   /* VMA_LOCKED after mlockall(MCL_FUTURE) */
	u32 membarrier;	    /* commands that membarrier(2) registered */
	u32 map_seq;	    /* counts changes of VMAs */
	u32 flush_seq;	    /* counts losses of all host mappings */
	uaddr_t gap_hint;   /* between here and mmap_top no free space is ... */
	u64 gap_max;	    /* ... longer than this; hint 0: nothing known */
};

/* PTE: frame << PTE_SHIFT | flags; 0 is not present. */
#define PTE_PRESENT 1u
#define PTE_W 2u	/* writable now (never with COW pending) */
#define PTE_MAPPED 4u	/* the host mapping of the loaded space shows it */
#define PTE_SHIFT 12

/* Whom to tell of a space whose programs cannot go on (as.lost), from an
 * interrupt's handler; registered by proc at boot. */
void mm_set_lost(void (*lost)(struct mm *mm));

/* Most VMAs of a space (/proc/sys/vm/max_map_count), and how a new program's places
 * are chosen (/proc/sys/kernel/randomize_va_space; 0: always the same). */
extern s64 mm_map_count_max, mm_randomize;

/* Boot: caches; needs kmem_init and page_init. */
void mm_init(void);

/* A new empty space with one reference, or NULL. */
struct mm *mm_create(void);
void mm_get(struct mm *mm);
/* Drops a reference; the last one unmaps everything. */
void mm_put(struct mm *mm);
/* Copy for fork: private pages become copy-on-write in both. ERR_PTR. */
struct mm *mm_fork(struct mm *mm);
/* Makes mm the one in force (NULL: kernel thread, keeps the old one). */
void mm_switch(struct mm *mm);
/* The one in force. */
struct mm *mm_loaded(void);

/* Arguments of mm_map. */
struct map_req {
	uaddr_t addr;	/* hint, or the place with MAP_FIXED */
	u64 len_bytes;	/* rounded up to pages */
	u32 vma_flags;	/* VMA_* */
	u32 max_prot;
	bool fixed, noreplace, populate;
	bool low;	/* below 4 GiB only (MAP_32BIT) */
	struct vm_object *object; /* a reference is taken; NULL: anonymous */
	/* Set by file_ops.mmap when object came with a reference, which is then
	 * dropped by whoever called it, after mm_map. */
	bool put_object;
	u64 pgoff;
	void *file;	/* a reference is taken through vma_file_ops */
};
/* Returns the address or -errno as mmap(2): EINVAL ENOMEM EEXIST EPERM. */
s64 mm_map(struct mm *mm, const struct map_req *req);
int mm_unmap(struct mm *mm, uaddr_t addr, u64 len_bytes);
int mm_protect(struct mm *mm, uaddr_t addr, u64 len_bytes, u32 prot);
/* brk(2) semantics: returns the new or unchanged break. */
uaddr_t mm_brk(struct mm *mm, uaddr_t new_brk);
/* mremap(2): returns the address or -errno. flags as MREMAP_*. */
s64 mm_remap(struct mm *mm, uaddr_t old, u64 old_len, u64 new_len, u32 flags,
	     uaddr_t new_addr);
/* madvise(2) MADV_DONTNEED/FREE: drops private pages; others are hints. */
int mm_advise(struct mm *mm, uaddr_t addr, u64 len_bytes, int advice);
/* mbind(2): sets VMA_POLICY of what is mapped in the range to these bits. -EFAULT
 * where nothing is, -ENOMEM; what lies before has then been done. */
int mm_set_policy(struct mm *mm, uaddr_t addr, u64 len_bytes, u32 policy);
/* mlock(2) and munlock(2) without their rights: sets or clears VMA_LOCKED.
 * -ENOMEM where nothing is mapped; what lies before has then been done. */
int mm_lock(struct mm *mm, uaddr_t addr, u64 len_bytes, bool locked);
/* The same for all there is now (mlockall, munlockall). */
int mm_lock_all(struct mm *mm, bool locked);
/* Brings in the pages of the range (MAP_POPULATE, mlock) for access MM_*.
 * LOADED space only. 0, or mm_fault's first error. */
int mm_populate(struct mm *mm, uaddr_t addr, u64 len_bytes, u32 access);
/* Does the page table have an accessible page there, whether or not the host shows it
 * just now? */
bool mm_page_present(const struct mm *mm, uaddr_t addr);
/* Is the page there without a fault that takes I/O (mincore)? */
bool mm_page_in_core(const struct vma *vma, uaddr_t addr);

/* First VMA with end > addr (may start above it), or NULL. */
struct vma *vma_find(const struct mm *mm, uaddr_t addr);
/* VMA that contains addr, or NULL. */
struct vma *vma_at(const struct mm *mm, uaddr_t addr);
struct vma *vma_next(const struct vma *vma);

enum mm_access { MM_READ = 1, MM_WRITE = 2, MM_EXEC = 4 };
/*
 * Resolves a page fault of the LOADED space mm. 0: retry the access;
 * -EFAULT: nothing mapped there (SEGV_MAPERR); -EACCES: not allowed
 * (SEGV_ACCERR); -ENODATA: past the end of the object (SIGBUS BUS_ADRERR);
 * -ENOMEM: guest RAM is used up (caller invokes the OOM answer).
 */
int mm_fault(struct mm *mm, uaddr_t addr, enum mm_access access);

/*
 * Writes into a private executable page whatever its protection, in a copy of
 * this space's own (len within one page; the page is present). 0, -EFAULT (no
 * such private executable page), -ENOMEM.
 */
int mm_poke_text(struct mm *mm, uaddr_t addr, const void *bytes, size_t len_bytes);

/* Has any address space these bytes at addr (within one page), in a page that is
 * present, whatever its protection? */
bool mm_any_has(uaddr_t addr, const void *bytes, size_t len_bytes);

/* Is [addr, addr+len) inside one user range? */
bool user_range_ok(uaddr_t addr, u64 len_bytes);
/* Lowest and highest (exclusive) user address of the low range. */
uaddr_t user_low_min(void);
uaddr_t user_low_end(void);

/* Unmaps, everywhere, pages of obj with index >= first (truncate). */
void mm_object_truncate(struct vm_object *obj, u64 first_index);
/* Unmaps all pages of obj from shared mappings, which ask for them again; private ones
 * keep what they have. */
void mm_object_forget(struct vm_object *obj);
/* Takes the right to write from all shared mappings of pages [first, end) of obj,
 * which tracks writes: the next one asks get_page again. */
void mm_object_write_protect(struct vm_object *obj, u64 first_index, u64 end_index);

#endif
