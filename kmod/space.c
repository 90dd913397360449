// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * Address spaces (paper, section 3.3: the host lets one process hold several and
 * switch among them with one call, switchguest). A space is the memory of a
 * process that was forked for it, registered it and ended; the machine's task
 * goes from one to another as exec goes from the old memory to the new.
 *
 * Invariants: the table holds a reference to each space, and the task one to the
 * space it is in, as any task does; so exec and exit need not know of any of
 * this, and leaving a space never frees it.
 */
#include <linux/cred.h>
#include <linux/mm.h>
#include <linux/mmu_context.h>
#include <linux/sched/mm.h>
#include <linux/sched/task.h>
#include <linux/slab.h>

#include "machine.h"

typedef void (*switch_fn)(struct mm_struct *from, struct mm_struct *to,
			  struct task_struct *task);

static switch_fn load_mm; /* switch_mm_irqs_off */

/* ---- What differs between kernels ------------------------------------------------ */

#ifdef SPLIT_RSS_COUNTING
static void (*account)(struct mm_struct *mm); /* sync_mm_rss */

static int account_install(void)
{
	account = symbol_address("sync_mm_rss");
	return account ? 0 : -ENOENT;
}

/* The task's own page counts go to the memory that they are about. */
static void account_leave(void)
{
	account(current->mm);
}
#else
static int account_install(void)
{
	return 0;
}

static void account_leave(void)
{
}
#endif

#ifdef CONFIG_SCHED_MM_CID
static void (*cid_give)(struct task_struct *task);
static void (*cid_take)(struct task_struct *task);

static int cid_install(void)
{
	cid_give = symbol_address("sched_mm_cid_before_execve");
	cid_take = symbol_address("sched_mm_cid_after_execve");
	return cid_give && cid_take ? 0 : -ENOENT;
}

/* The task's number within its memory, for rseq(2): given up and taken anew, as
 * by exec. Nobody else looks at it, and the scheduler gives a new one by the
 * memory that it finds the task in: without rseq(2) there is nothing to do. */
static void cid_leave(void)
{
	if (current->rseq)
		cid_give(current);
}

static void cid_enter(void)
{
	if (current->rseq)
		cid_take(current);
}
#else
static int cid_install(void)
{
	return 0;
}

static void cid_leave(void)
{
}

static void cid_enter(void)
{
}
#endif

int space_install(void)
{
	load_mm = symbol_address("switch_mm_irqs_off");
	if (!load_mm || account_install() || cid_install())
		return -ENOENT;
	return 0;
}

/* ---- SWITCH ------------------------------------------------------------------------ */

void space_enter(struct mm_struct *next)
{
	struct mm_struct *last = current->mm;

	if (!next || next == last)
		return;
	mmget(next);
	account_leave();
	cid_leave();
	task_lock(current);
	local_irq_disable();
	current->mm = next;
	current->active_mm = next;
	load_mm(last, next, current);
	local_irq_enable();
	task_unlock(current);
	cid_enter();
	/* the table has one more; mmput() may not be called everywhere */
	atomic_add_unless(&last->mm_users, -1, 1);
}

struct mm_struct *space_of(const struct machine *m, unsigned long number)
{
	if (!m->spaces || number >= LODGER_KMOD_SPACES)
		return NULL;
	return smp_load_acquire(&m->spaces[number]);
}

long space_switch(struct machine *m, unsigned long number)
{
	struct mm_struct *next = space_of(m, number);

	if (!machine_is_alone())
		return -EBUSY;
	/* somewhere else than in a space of this machine: exec is under way */
	if (!next || space_of(m, m->space) != current->mm)
		return -ENOENT;
	m->count.switches++;
	m->space = number;
	space_enter(next);
	return 0;
}

long space_release(struct machine *m, unsigned long number)
{
	struct mm_struct *mm = space_of(m, number);

	if (!mm)
		return -ENOENT;
	if (number == m->space || number == 0)
		return -EBUSY;
	WRITE_ONCE(m->spaces[number], NULL);
	mmput(mm);
	return 0;
}

/* ---- REGISTER ------------------------------------------------------------------------ */

/* The table begins with the memory that the task attached in. The task may be
 * looking. */
int space_begin(struct machine *m)
{
	struct mm_struct **table;

	if (m->spaces)
		return 0;
	table = kvcalloc(LODGER_KMOD_SPACES, sizeof(*table), GFP_KERNEL_ACCOUNT);
	if (!table)
		return -ENOMEM;
	if (!mmget_not_zero(m->home)) {
		kvfree(table);
		return -ENODEV;
	}
	table[0] = m->home;
	smp_store_release(&m->spaces, table);
	return 0;
}

static int may_register(const struct machine *m, unsigned long number)
{
	if (!m->task)
		return -ENODEV;
	if (!uid_eq(current_euid(), m->owner) || current == m->task)
		return -EPERM;
	if (test_thread_flag(TIF_ADDR32) || get_nr_threads(current) != 1)
		return -EPERM;
	return number > 0 && number < LODGER_KMOD_SPACES ? 0 : -EINVAL;
}

long space_register(struct machine *m, unsigned long number)
{
	int err;

	mutex_lock(&m->lock);
	err = may_register(m, number);
	if (!err)
		err = space_begin(m);
	if (!err && m->spaces[number])
		err = -EEXIST;
	if (!err) {
		mmget(current->mm);
		if (m->protection && m->protection->registered)
			m->protection->registered(m, number);
		smp_store_release(&m->spaces[number], current->mm);
		m->count.spaces++;
	}
	mutex_unlock(&m->lock);
	return err;
}

void space_end(struct machine *m)
{
	if (!m->spaces)
		return;
	for (unsigned int i = 0; i < LODGER_KMOD_SPACES; i++)
		if (m->spaces[i])
			mmput(m->spaces[i]);
	kvfree(m->spaces);
	m->spaces = NULL;
}
