// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * Protection by the supervisor bit (paper, section 3.2, the second way): in USER
 * state the page-directory entries of the hidden range have their user bit
 * cleared, and no user-mode access passes, whatever the pages below say. The
 * range is whole page-directory entries: one bit for 2 MiB.
 *
 * The host kernel does not expect that. Two kinds of fault would go wrong, so
 * that they are seen before the host looks at them (probe_fault): a write to a
 * page that the host thinks writable would be repeated for ever, and one where
 * no entry is yet would bring the page in and in sight. The rest the host refuses by
 * itself, which makes a signal, and that is hooks.c's.
 */
#include <linux/highmem.h>
#include <linux/mm.h>
#include <linux/pgtable.h>
#include <linux/sched.h>
#include <linux/signal.h>
#include <linux/tracepoint.h>
#include <asm/trap_pf.h>

#include "machine.h"

static void (*flush_range)(struct mm_struct *mm, unsigned long start,
			   unsigned long end, unsigned int stride_shift,
			   bool freed_tables);
static struct tracepoint *at_fault;

/* With interrupts off, so that the tables stay. */
static pmd_t *entry_of(struct mm_struct *mm, unsigned long addr)
{
	pgd_t *pgd = pgd_offset(mm, addr);
	p4d_t *p4d;
	pud_t *pud;

	if (pgd_none(*pgd) || pgd_bad(*pgd))
		return NULL;
	p4d = p4d_offset(pgd, addr);
	if (p4d_none(*p4d) || p4d_bad(*p4d))
		return NULL;
	pud = pud_offset(p4d, addr);
	return pud_none(*pud) || pud_bad(*pud) ? NULL : pmd_offset(pud, addr);
}

/* The processor sets bits of an entry meanwhile, and somebody who shares the
 * memory may take it away. */
static void entry_set(pmd_t *entry, bool visible)
{
	pmdval_t old, new;

	do {
		old = READ_ONCE(entry->pmd);
		if (!(old & _PAGE_PRESENT))
			return;
		new = visible ? old | _PAGE_USER : old & ~_PAGE_USER;
	} while (cmpxchg(&entry->pmd, old, new) != old);
}

static void set_visible(struct mm_struct *mm, unsigned long start,
			unsigned long end, bool visible)
{
	unsigned long flags;

	local_irq_save(flags);
	for (unsigned long addr = start; addr < end; addr += PMD_SIZE) {
		pmd_t *entry = entry_of(mm, addr);

		if (entry)
			entry_set(entry, visible);
	}
	local_irq_restore(flags);
}

/* In exceptions from user mode, where interrupts can be on, and must be: other
 * processors may have to be told. */
static void change(struct machine *m, bool visible)
{
	struct mm_struct *mm = current->mm;
	bool was_off = irqs_disabled();

	m->count.hides++;
	if (was_off)
		local_irq_enable();
	set_visible(mm, m->hide_start, m->hide_end, visible);
	flush_range(mm, m->hide_start, m->hide_end, PAGE_SHIFT, false);
	if (was_off)
		local_irq_disable();
}

static int us_hide(struct machine *m)
{
	change(m, false);
	return 0;
}

static void us_show(struct machine *m)
{
	change(m, true);
}

static int us_begin(struct machine *m)
{
	return 0;
}

static void us_end(struct machine *m)
{
}

const struct protection protection_us = {
	.begin = us_begin,
	.hide = us_hide,
	.show = us_show,
	.end = us_end,
};

static bool host_refuses(unsigned long error_code)
{
	return (error_code & X86_PF_PROT) && !(error_code & X86_PF_WRITE);
}

/* Runs before the host kernel looks at a page fault of user mode. What it does
 * then it does in KERNEL state, where the page is in sight. */
static void probe_fault(void *data, unsigned long address, struct pt_regs *regs,
			unsigned long error_code)
{
	struct machine *m = hooks_current();
	struct lodger_kmod_run *run;

	if (!m || !m->in_user || m->protection != &protection_us ||
	    address < m->hide_start || address >= m->hide_end ||
	    host_refuses(error_code))
		return;
	run = m->run;
	m->count.faults++;
	run->sig = SIGSEGV;
	run->si_code = SEGV_ACCERR;
	run->addr = run->cr2 = address;
	run->err = error_code;
	run->trapno = 14;
	run->orig_rax = -1;
	machine_trap(m, regs, LODGER_KMOD_EXIT_FAULT);
}

int protection_us_install(void)
{
	flush_range = symbol_address("flush_tlb_mm_range");
	if (!flush_range)
		return -ENOENT;
	at_fault = tracepoint_attach("page_fault_user", probe_fault);
	return at_fault ? 0 : -ENOENT;
}

void protection_us_remove(void)
{
	tracepoint_detach(at_fault, probe_fault);
}
