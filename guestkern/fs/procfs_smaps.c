/*
 * /proc/PID/smaps and smaps_rollup (proc(5)): how much of each mapping is there, and
 * whose it is. A page is private when its frame has one user, anonymous when it is
 * no page of a file's object. Anonymous pages count as dirty and pages of files as
 * clean, for nothing else keeps account of writes; all are small, all referenced.
 */
#include "fs/procfs.h"
#include "lib/err.h"
#include "lib/string.h"
#include "mm/mm.h"
#include "mm/page.h"
#include "proc/task.h"

#define PAGE_KIB (PAGE_SIZE / 1024)
#define PSS_SHIFT 12 /* fractions of a page, as Linux counts them */

struct usage {
	u64 size, rss, pss_shifted; /* pages */
	u64 shared_clean, shared_dirty, private_clean, private_dirty;
	u64 anonymous, locked;
};

static void count_page(const struct vma *vma, u64 pte, struct usage *use)
{
	const u32 refs = page_refs((pfn_t)(pte >> PTE_SHIFT));
	/* one reference of a file's page is the page cache's */
	const bool of_file = vma->file && (vma->flags & VMA_SHARED || refs > 1);
	const u32 users = MAX(of_file ? refs - 1 : refs, 1u);

	use->rss++;
	use->pss_shifted += (1ULL << PSS_SHIFT) / users;
	use->anonymous += !of_file;
	use->locked += !!(vma->flags & VMA_LOCKED);
	if (of_file)
		*(users > 1 ? &use->shared_clean : &use->private_clean) += 1;
	else
		*(users > 1 ? &use->shared_dirty : &use->private_dirty) += 1;
}

static void count_vma(const struct mm *mm, const struct vma *vma, struct usage *use)
{
	const u64 end = vma->end >> PAGE_SHIFT;
	u64 vpn = vma->start >> PAGE_SHIFT, pte;

	use->size += end - vpn;
	for (; (pte = radix_next(&mm->pt, &vpn)) && vpn < end; vpn++)
		if (pte & PTE_PRESENT)
			count_page(vma, pte, use);
}

static void put_kib(struct textbuf *tb, const char *name, u64 kib)
{
	size_t len = strlen(name);

	textbuf_printf(tb, "%s:", name);
	for (; len < 15; len++)
		textbuf_putc(tb, ' ');
	textbuf_printf(tb, "%8llu kB\n", (unsigned long long)kib);
}

static void put_row(struct textbuf *tb, const char *name, u64 pages)
{
	put_kib(tb, name, pages * PAGE_KIB);
}

static void put_usage(struct textbuf *tb, const struct usage *use)
{
	const u64 pss_kib = use->pss_shifted * PAGE_KIB >> PSS_SHIFT;

	put_row(tb, "Rss", use->rss);
	put_kib(tb, "Pss", pss_kib);
	put_kib(tb, "Pss_Dirty", MIN(pss_kib, use->anonymous * PAGE_KIB));
	put_row(tb, "Shared_Clean", use->shared_clean);
	put_row(tb, "Shared_Dirty", use->shared_dirty);
	put_row(tb, "Private_Clean", use->private_clean);
	put_row(tb, "Private_Dirty", use->private_dirty);
	put_row(tb, "Referenced", use->rss);
	put_row(tb, "Anonymous", use->anonymous);
	put_row(tb, "LazyFree", 0);
	put_row(tb, "AnonHugePages", 0);
	put_row(tb, "ShmemPmdMapped", 0);
	put_row(tb, "FilePmdMapped", 0);
	put_row(tb, "Shared_Hugetlb", 0);
	put_row(tb, "Private_Hugetlb", 0);
	put_row(tb, "Swap", 0);
	put_row(tb, "SwapPss", 0);
	put_row(tb, "Locked", use->locked);
}

static void put_flags(struct textbuf *tb, const struct vma *vma)
{
	const struct {
		u32 flags;
		const char *name;
	} names[] = {
		{ vma->flags & VMA_R, "rd" },
		{ vma->flags & VMA_W, "wr" },
		{ vma->flags & VMA_X, "ex" },
		{ vma->flags & VMA_SHARED, "sh" },
		{ vma->max_prot & VMA_R, "mr" },
		{ vma->max_prot & VMA_W, "mw" },
		{ vma->max_prot & VMA_X, "me" },
		{ vma->flags & VMA_GROWSDOWN, "gd" },
		{ vma->flags & VMA_LOCKED, "lo" },
		{ vma->flags & VMA_DONTFORK, "dc" },
		{ vma->flags & VMA_DONTDUMP, "dd" },
		{ vma->flags & VMA_NORESERVE, "nr" },
		{ vma->flags & VMA_WIPEONFORK, "wf" },
	};

	textbuf_printf(tb, "VmFlags: ");
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (names[i].flags)
			textbuf_printf(tb, "%s ", names[i].name);
	textbuf_putc(tb, '\n');
}

int proc_show_smaps(struct textbuf *tb, const struct proc_target *t)
{
	const struct mm *mm = t->process->mm;
	const struct vma *vma;
	int err = 0;

	if (!proc_may_access(t->process))
		return -EACCES;
	if (!mm)
		return 0;
	for (vma = vma_find(mm, 0); vma && !err; vma = vma_next(vma)) {
		struct usage use = { 0 };

		if (tb->len + 1 >= tb->size)
			return 0; /* full: the caller comes again with more */
		err = proc_put_vma(tb, vma);
		count_vma(mm, vma, &use);
		put_row(tb, "Size", use.size);
		put_row(tb, "KernelPageSize", 1);
		put_row(tb, "MMUPageSize", 1);
		put_usage(tb, &use);
		textbuf_printf(tb, "THPeligible:    0\n");
		put_flags(tb, vma);
	}
	return err;
}

int proc_show_smaps_rollup(struct textbuf *tb, const struct proc_target *t)
{
	const struct mm *mm = t->process->mm;
	struct usage use = { 0 };
	u64 start = 0, end = 0;

	if (!proc_may_access(t->process))
		return -EACCES;
	if (!mm)
		return -ESRCH;
	for (const struct vma *vma = vma_find(mm, 0); vma; vma = vma_next(vma)) {
		if (!end)
			start = vma->start;
		end = vma->end;
		count_vma(mm, vma, &use);
	}
	textbuf_printf(tb, "%08llx-%08llx ---p 00000000 00:00 0                          [rollup]\n",
		       (unsigned long long)start, (unsigned long long)end);
	put_usage(tb, &use);
	return 0;
}
