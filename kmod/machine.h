/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * One machine, as the module knows it: a task, its shared page, and in which of
 * the two states it is (vmmproc/abi/kmod.h).
 *
 * Who may touch it: the task itself, in its own system calls, exceptions and
 * signals, without locks, for there is one of it. Others only find it through
 * its descriptor, and then look at nothing but `task` and `spaces`, under
 * `lock`. The task holds one reference from ATTACH to its exec or end, its
 * descriptor another.
 */
#ifndef KMOD_MACHINE_H
#define KMOD_MACHINE_H

#include <linux/atomic.h>
#include <linux/mm_types.h>
#include <linux/mutex.h>
#include <linux/ptrace.h>
#include <linux/refcount.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/workqueue.h>

#include "abi/kmod.h"

struct machine;

/* Protection: how [hide_start, hide_end) leaves USER state's sight. */
struct protection {
	/* At ATTACH, by the task. 0 or -errno. May sleep. */
	int (*begin)(struct machine *m);
	/* On the way to USER state, in a system call: 0, or -errno and all is as
	 * before. May sleep. */
	int (*hide)(struct machine *m);
	/* On the way back, by the task; interrupts may be off. */
	void (*show)(struct machine *m);
	/* In KERNEL state, or NULL: a system call that is not the module's. */
	void (*call)(struct machine *m, const struct pt_regs *regs);
	/* In USER state, or NULL: can this fault where nothing is mapped be
	 * undone? May sleep. */
	bool (*fill)(struct machine *m, unsigned long at,
		     unsigned long error_code);
	/* Or NULL: a space is about to be registered. With m->lock. */
	void (*registered)(struct machine *m, unsigned long space);
	/* When the last reference is gone. May sleep. */
	void (*end)(struct machine *m);
};

struct machine {
	refcount_t refs;
	struct mutex lock;
	struct hlist_node node;	  /* hooks.c: by task */
	struct work_struct free;  /* the last reference may go in atomic context */
	struct task_struct *task; /* with a reference; NULL before ATTACH */
	kuid_t owner;

	bool in_user;
	unsigned long resume_ip, resume_sp; /* where RUN returns */
	struct page *run_page;		    /* pinned */
	struct lodger_kmod_run *run;	    /* the kernel's view of it */

	const struct protection *protection; /* or NULL */
	unsigned long hide_start, hide_end;
	void *protection_private;

	struct mm_struct *home; /* with a reference to the struct alone */
	struct mm_struct **spaces; /* each with a reference; [0] is home */
	u32 space;		/* the one in force */

	struct lodger_kmod_counters count;
};

/* The threads of a process share one memory and one idea of who they are; a task
 * that has made some after ATTACH is no machine until they have ended. */
static inline bool machine_is_alone(void)
{
	return get_nr_threads(current) == 1;
}

/* core.c: takes and drops a reference; the drop may be in atomic context. */
struct machine *machine_get(struct machine *m);
void machine_put(struct machine *m);

/* regs.c: RUN. Loads USER state's registers into regs, or says in regs->ax why
 * not. By the task, in its system call. */
void machine_run(struct machine *m, struct pt_regs *regs);
/* regs.c: ends USER state: saves regs, and lets RUN return exit. By the task;
 * atomic context. The cause of a fault is the caller's to note first. */
void machine_trap(struct machine *m, struct pt_regs *regs,
		  enum lodger_kmod_exit exit);

/* hooks.c: interception. Installs and removes all hooks. */
int hooks_install(void);
void hooks_remove(void);
/* The machine that current is, or NULL. Any context. */
struct machine *hooks_current(void);
/* current becomes m, which keeps its reference until exec or exit. -EBUSY: it
 * is one already, or uses system call user dispatch. */
int hooks_adopt(struct machine *m);

/* prot_us.c. */
extern const struct protection protection_us;
int protection_us_install(void);
void protection_us_remove(void);

/* prot_mm.c. */
extern const struct protection protection_mm;

/* space.c: a space of the table, or NULL. By the task. */
struct mm_struct *space_of(const struct machine *m, unsigned long number);
/* From one space of the table to another, which may be NULL for none: by the
 * task; atomic context. */
void space_enter(struct mm_struct *next);
/* The table, if there is none yet. 0 or -errno. With m->lock; may sleep. */
int space_begin(struct machine *m);
/* space.c: SWITCH, RELEASE and REGISTER, and the end. */
int space_install(void);
long space_switch(struct machine *m, unsigned long number);
long space_release(struct machine *m, unsigned long number);
long space_register(struct machine *m, unsigned long number);
void space_end(struct machine *m);

/* symbols.c: the address of a function of the host kernel that is not
 * exported; NULL after a line in the kernel log. May sleep. */
void *symbol_address(const char *name);

/* tracepoints.c: looks a tracepoint up by name and attaches probe; NULL after a
 * line in the kernel log. Taken away by tracepoint_detach. May sleep. */
struct tracepoint;
struct tracepoint *tracepoint_attach(const char *name, void *probe);
void tracepoint_detach(struct tracepoint *tp, void *probe);

#endif
