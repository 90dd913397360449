/*
 * What procfs tells of a process's memory. Other spaces than the loaded one are
 * read through their page tables; pages that are not present read as absent, the
 * program's stack with its arguments always is there once it has run.
 */
#include <linux/stat.h>

#include "fs/procfs.h"
#include "hal/hal.h"
#include "lib/err.h"
#include "lib/string.h"
#include "mm/mm.h"
#include "mm/slab.h"
#include "mm/vdso.h"
#include "proc/task.h"

#define ARGS_MAX_BYTES (64 << 10) /* of cmdline and environ */

/* --- bytes of another space ------------------------------------------------------------ */

/* Reads within one page; false when it is not there. */
static bool read_piece(const struct mm *mm, uaddr_t from, char *to, size_t n)
{
	u64 pte = radix_get(&mm->pt, from >> PAGE_SHIFT);
	gpa_t at;

	if (!(pte & PTE_PRESENT))
		return false;
	at = pfn_to_gpa((pfn_t)(pte >> PTE_SHIFT));
	at.v += from & (PAGE_SIZE - 1);
	ram_read(at, to, n);
	return true;
}

static void put_range(struct textbuf *tb, const struct mm *mm, uaddr_t from,
		      uaddr_t to)
{
	char piece[256];

	to = MIN(to, from + ARGS_MAX_BYTES);
	while (from < to) {
		size_t n = MIN((size_t)(to - from), sizeof(piece));

		n = MIN(n, PAGE_SIZE - (from & (PAGE_SIZE - 1)));
		if (!read_piece(mm, from, piece, n))
			return;
		for (size_t i = 0; i < n; i++)
			textbuf_putc(tb, piece[i]);
		from += n;
	}
}

int proc_show_cmdline(struct textbuf *tb, const struct proc_target *t)
{
	const struct mm *mm = t->process->mm;
	char last = '\0';

	if (!mm || mm->arg_end <= mm->arg_start)
		return 0;
	/* A program that wrote a longer title over its arguments (setproctitle)
	 * has left no NUL at their end: it goes on in the environment. */
	read_piece(mm, mm->arg_end - 1, &last, 1);
	put_range(tb, mm, mm->arg_start,
		  last && mm->env_end > mm->arg_end ? mm->env_end : mm->arg_end);
	if (last) {
		tb->len = strnlen(tb->data, tb->len);
		textbuf_putc(tb, '\0');
	}
	return 0;
}

int proc_show_environ(struct textbuf *tb, const struct proc_target *t)
{
	const struct mm *mm = t->process->mm;

	if (!proc_may_access(t->process))
		return -EACCES;
	if (mm && mm->env_end > mm->env_start)
		put_range(tb, mm, mm->env_start, mm->env_end);
	return 0;
}

int proc_show_auxv(struct textbuf *tb, const struct proc_target *t)
{
	const struct mm *mm = t->process->mm;
	const char *bytes = mm ? (const char *)mm->auxv : NULL;
	size_t pairs = 0;

	if (!proc_may_access(t->process))
		return -EACCES;
	if (!mm)
		return 0;
	while (pairs * 2 + 2 < ARRAY_SIZE(mm->auxv) && mm->auxv[pairs * 2])
		pairs++;
	for (size_t i = 0; i < (pairs + 1) * 2 * sizeof(u64); i++)
		textbuf_putc(tb, bytes[i]);
	return 0;
}

/* --- VMAs ---------------------------------------------------------------------------------- */

static void put_vma_place(struct textbuf *tb, const struct vma *vma)
{
	const struct file *f = vma->file;
	const struct inode *inode = f ? f->inode : NULL;
	u64 dev = inode && inode->sb ? super_dev(inode->sb) : 0;

	textbuf_printf(tb, "%08llx-%08llx %c%c%c%c %08llx %02x:%02x %llu ",
		       (unsigned long long)vma->start,
		       (unsigned long long)vma->end,
		       vma->flags & VMA_R ? 'r' : '-',
		       vma->flags & VMA_W ? 'w' : '-',
		       vma->flags & VMA_X ? 'x' : '-',
		       vma->flags & VMA_SHARED ? 's' : 'p',
		       (unsigned long long)(f ? vma->pgoff * PAGE_SIZE : 0),
		       (u32)(dev >> 8 & 0xfff), (u32)(dev & 0xff),
		       (unsigned long long)(inode ? inode->ino : 0));
}

static const char *vma_name(const struct vma *vma)
{
	const struct mm *mm = vma->mm;

	if (vma->flags & VMA_HEAP)
		return "[heap]";
	if (vdso_is_shown(vma))
		return "[vdso]";
	if (vma->flags & VMA_STACK)
		return "[stack]";
	if (!vma->object && vma->start <= mm->brk && vma->end > mm->brk_start &&
	    mm->brk > mm->brk_start)
		return "[heap]";
	if (vma->object && vma->flags & VMA_SHARED)
		return "/dev/zero (deleted)";
	return NULL;
}

int proc_put_vma(struct textbuf *tb, const struct vma *vma)
{
	const struct file *f = vma->file;
	size_t start = tb->len;
	const char *name;
	struct path path;
	int err = 0;

	put_vma_place(tb, vma);
	name = f ? NULL : vma_name(vma);
	if (f || name)
		while (tb->len - start < 73 && tb->len + 1 < tb->size)
			textbuf_putc(tb, ' ');
	if (f && f->dentry) {
		path = (struct path){ f->mnt, f->dentry };
		err = proc_put_path(tb, &path);
	} else if (name) {
		textbuf_printf(tb, "%s", name);
	}
	textbuf_putc(tb, '\n');
	return err;
}

int proc_show_maps(struct textbuf *tb, const struct proc_target *t)
{
	const struct mm *mm = t->process->mm;
	const struct vma *vma;
	int err = 0;

	if (!proc_may_access(t->process))
		return -EACCES;
	if (!mm)
		return 0;
	for (vma = vma_find(mm, 0); vma && !err; vma = vma_next(vma)) {
		if (tb->len + 1 >= tb->size)
			return 0; /* full: the caller comes again with more */
		err = proc_put_vma(tb, vma);
	}
	return err;
}

void proc_mm_use(const struct mm *mm, struct proc_mm_use *use)
{
	const struct vma *vma;

	memset(use, 0, sizeof(*use));
	for (vma = vma_find(mm, 0); vma; vma = vma_next(vma)) {
		u64 pages = (vma->end - vma->start) / PAGE_SIZE;

		if (vma->flags & VMA_STACK)
			use->stack += pages;
		else if (vma->flags & VMA_W && !(vma->flags & VMA_SHARED))
			use->data += pages;
		else if (vma->flags & VMA_X && vma->start <= mm->code_end &&
			 vma->end > mm->code_start)
			use->text += pages;
		else if (vma->flags & VMA_X)
			use->library += pages;
	}
}

int proc_show_statm(struct textbuf *tb, const struct proc_target *t)
{
	const struct mm *mm = t->process->mm;
	struct proc_mm_use use;

	if (!mm) {
		textbuf_printf(tb, "0 0 0 0 0 0 0\n");
		return 0;
	}
	proc_mm_use(mm, &use);
	textbuf_printf(tb, "%llu %llu 0 %llu 0 %llu 0\n",
		       (unsigned long long)mm->total_pages,
		       (unsigned long long)mm->resident_pages,
		       (unsigned long long)use.text,
		       (unsigned long long)(use.data + use.stack));
	return 0;
}
