// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * Protection by a second memory: in USER state the task is in another one, the
 * view, which has all of the space in force but the hidden range. An access to
 * that range is an ordinary fault where nothing is mapped.
 *
 * View of space n, an even number, is space n + 1: the memory of a process that
 * was forked for it, and emptied here. It is filled as it is used: a fault of
 * USER state where the view has nothing maps there what the space has. What the
 * owner's own calls change in the space is noted, and taken out of the view
 * before USER state: so the view may lack what the space has, and never keeps
 * what the space has no more. It shows mappings of files only; an owner's
 * anonymous memory cannot be in two places.
 *
 * Invariants: USER state is entered only in a view that is up to date; nothing
 * in [hide_start, hide_end) is ever mapped in one; KERNEL state is never in one
 * but within these functions.
 */
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/ptrace.h>
#include <linux/slab.h>
#include <asm/trap_pf.h>
#include <asm/unistd.h>

#include "machine.h"

#define NOTES 16
#define VIEWS (LODGER_KMOD_SPACES / 2)
/* Up to here pages are touched when they are mapped, as the guest kernel does. */
#define POPULATE_MAX_BYTES (64UL << 10)

/* What a view may still show and its space has changed. By the task alone, but
 * for `all` of a view that is just being registered. */
struct view {
	bool all;
	unsigned int count;
	struct {
		unsigned long start, end;
	} note[NOTES];
};

/* A part of a mapping. */
struct piece {
	struct file *file; /* with a reference */
	unsigned long start, end, offset, prot, flags;
};

static struct view *view_of(const struct machine *m, unsigned long space)
{
	struct view *views = m->protection_private;

	return &views[space / 2];
}

/* ---- Keeping up with the space ----------------------------------------------------- */

static void note(struct view *v, unsigned long start, unsigned long bytes)
{
	unsigned long end = PAGE_ALIGN(start + bytes);

	start &= PAGE_MASK;
	if (v->all || !bytes)
		return;
	if (end <= start || end > TASK_SIZE || v->count == NOTES) {
		v->all = true;
		return;
	}
	if (v->count && v->note[v->count - 1].end == start) {
		v->note[v->count - 1].end = end;
		return;
	}
	v->note[v->count].start = start;
	v->note[v->count++].end = end;
}

/* A call of the guest kernel's that is about to be made. Whether it will be is of
 * no account: what was noted in vain is filled in again. */
static void mm_call(struct machine *m, const struct pt_regs *regs)
{
	struct view *v = view_of(m, m->space);

	switch (regs->orig_ax) {
	case __NR_mmap:
		if (!(regs->r10 & MAP_FIXED))
			return;
		fallthrough;
	case __NR_munmap:
	case __NR_mprotect:
	case __NR_pkey_mprotect:
		note(v, regs->di, regs->si);
		return;
	case __NR_mremap:
	case __NR_shmat:
	case __NR_shmdt:
	case __NR_brk:
	case __NR_remap_file_pages:
		v->all = true;
		return;
	default:
		return;
	}
}

/* In the view. */
static int catch_up(struct view *v)
{
	int err = 0;

	if (v->all)
		err = vm_munmap(0, TASK_SIZE);
	for (unsigned int i = 0; i < v->count && !v->all && !err; i++)
		err = vm_munmap(v->note[i].start,
				v->note[i].end - v->note[i].start);
	if (err)
		return err;
	v->all = false;
	v->count = 0;
	return 0;
}

/* ---- Filling ------------------------------------------------------------------------ */

static bool may_show(const struct vm_area_struct *vma, unsigned long error_code)
{
	if (!vma->vm_file || !S_ISREG(file_inode(vma->vm_file)->i_mode) ||
	    vma->vm_flags & (VM_IO | VM_PFNMAP | VM_HUGETLB))
		return false;
	if (!(vma->vm_flags & VM_SHARED) && vma->anon_vma)
		return false; /* has pages of its own */
	if (error_code & X86_PF_WRITE)
		return vma->vm_flags & VM_WRITE;
	if (error_code & X86_PF_INSTR)
		return vma->vm_flags & VM_EXEC;
	return vma->vm_flags & (VM_READ | VM_WRITE | VM_EXEC);
}

/* What space maps at an address outside the hidden range, up to that range. */
static bool look_up(const struct machine *m, struct mm_struct *space,
		    unsigned long at, unsigned long error_code, struct piece *p)
{
	struct vm_area_struct *vma;
	bool found;

	if (mmap_read_lock_killable(space))
		return false;
	vma = find_vma(space, at);
	found = vma && vma->vm_start <= at && may_show(vma, error_code);
	if (found) {
		p->start = vma->vm_start;
		p->end = vma->vm_end;
		if (at >= m->hide_end)
			p->start = max(p->start, m->hide_end);
		else
			p->end = min(p->end, m->hide_start);
		p->offset = (vma->vm_pgoff << PAGE_SHIFT) + p->start - vma->vm_start;
		p->prot = (vma->vm_flags & VM_READ ? PROT_READ : 0) |
			  (vma->vm_flags & VM_WRITE ? PROT_WRITE : 0) |
			  (vma->vm_flags & VM_EXEC ? PROT_EXEC : 0);
		p->flags = vma->vm_flags & VM_SHARED ? MAP_SHARED : MAP_PRIVATE;
		p->file = get_file(vma->vm_file);
	}
	mmap_read_unlock(space);
	return found;
}

/* Makes it no more than the gap of the view that the address is in. */
static bool fit(struct piece *p, unsigned long at)
{
	struct mm_struct *view = current->mm;
	unsigned long start = p->start;
	struct vm_area_struct *vma;

	if (mmap_read_lock_killable(view))
		return false;
	for (vma = find_vma(view, start); vma && vma->vm_end <= at;
	     vma = find_vma(view, start))
		start = vma->vm_end;
	if (vma)
		p->end = min(p->end, vma->vm_start);
	mmap_read_unlock(view);
	p->offset += start - p->start;
	p->start = start;
	return p->start <= at && at < p->end;
}

/* A fault of USER state where the view has nothing: true if it has now. */
static bool mm_fill(struct machine *m, unsigned long at, unsigned long error_code)
{
	struct mm_struct *space = space_of(m, m->space);
	struct piece p;
	unsigned long got;

	if (!space || (at >= m->hide_start && at < m->hide_end) ||
	    !look_up(m, space, at, error_code, &p))
		return false;
	got = -ENOMEM;
	if (fit(&p, at)) {
		if (p.end - p.start <= POPULATE_MAX_BYTES)
			p.flags |= MAP_POPULATE;
		got = vm_mmap(p.file, p.start, p.end - p.start, p.prot,
			      p.flags | MAP_FIXED, p.offset);
	}
	fput(p.file);
	m->count.fills++;
	return got == p.start;
}

/* ---- To and fro ---------------------------------------------------------------------- */

static int mm_hide(struct machine *m)
{
	struct mm_struct *view = space_of(m, m->space + 1);
	int err;

	if (m->space % 2)
		return -EINVAL;
	if (!view || space_of(m, m->space) != current->mm)
		return -ENOENT;
	m->count.hides++;
	space_enter(view);
	err = catch_up(view_of(m, m->space));
	if (err)
		space_enter(space_of(m, m->space));
	return err;
}

static void mm_show(struct machine *m)
{
	m->count.hides++;
	space_enter(space_of(m, m->space));
}

static void mm_registered(struct machine *m, unsigned long space)
{
	view_of(m, space)->all = true;
}

static int mm_begin(struct machine *m)
{
	m->protection_private = kvcalloc(VIEWS, sizeof(struct view),
					 GFP_KERNEL_ACCOUNT);
	return m->protection_private ? space_begin(m) : -ENOMEM;
}

static void mm_end(struct machine *m)
{
	kvfree(m->protection_private);
	m->protection_private = NULL;
}

const struct protection protection_mm = {
	.begin = mm_begin,
	.hide = mm_hide,
	.show = mm_show,
	.call = mm_call,
	.fill = mm_fill,
	.registered = mm_registered,
	.end = mm_end,
};
