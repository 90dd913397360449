/*
 * The user page: what the guest kernel lets programs read without asking. It is
 * a page of the core, mapped a second time, read-only, at LODGER_USER_PAGE in
 * every guest-machine process. Its readers are the vDSO (vdso/vdso.c) and the
 * stubs of patched call sites (hal/patch.c).
 *
 * Nothing in it is a secret from the program that runs: the clock, and its own
 * numbers, which are those of the task that user mode belongs to.
 */
#ifndef HAL_USER_PAGE_H
#define HAL_USER_PAGE_H

#include "abi/boot.h"
#include "abi/layout.h"
#include "lib/clock_line.h"
#include "lib/types.h"

/* Written only while no program runs, but one may have been interrupted while
 * it was reading: seq tells (it changes with every write). */
struct user_clock {
	u32 seq;
	u32 usable;	 /* 0: make the system call */
	struct clock_line line; /* CLOCK_MONOTONIC by the TSC */
	u64 real_offset; /* CLOCK_REALTIME - CLOCK_MONOTONIC, ns */
};

/* Whose user mode it is now: a patched site's stub answers from here. */
struct user_ids {
	u32 pid, tid;
	u32 uid, euid, gid, egid;
};

struct user_page {
	struct user_clock clock;
	struct user_ids ids;
	/* --protect pkey: 1 for a host process whose core is closed by a call
	 * (prot_pkey.S) */
	u8 by_call[LODGER_HOST_PROCESSES];
};

/* The page as the guest kernel writes it. */
static inline struct user_page *user_page(void)
{
	return (struct user_page *)LODGER_USER_PAGE_CORE;
}

/* The time-stamp counter, not before what comes before it (SDM vol 2, RDTSC). */
static inline u64 tsc_read(void)
{
	u32 low, high;

	__asm__ volatile("lfence\n\trdtsc" : "=a"(low), "=d"(high) : : "memory");
	return (u64)high << 32 | low;
}

#endif
