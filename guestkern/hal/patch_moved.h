/*
 * Call sites whose number is set elsewhere: `syscall` and the instruction behind it
 * become a jump of 5 bytes, and a stub enters the call gate, carries out that
 * instruction when the call is done, and jumps to the one behind.
 *
 * The address to return to stays the one behind the `syscall`, everywhere but in
 * rip at the very moment of the return: signal frames, restarts, children see
 * nothing else. Who may be patched is decided above (entry/patch.c).
 */
#ifndef HAL_PATCH_MOVED_H
#define HAL_PATCH_MOVED_H

#include "hal/trap.h"
#include "lib/insn.h"
#include "lib/types.h"

#define MOVED_SITE_BYTES 5

/*
 * Bytes to put over a site whose call returns to ret (below the window), where
 * insn stands in these bytes of code. 0, or -ENOSPC: no stub that fits is free.
 * Context: trap.
 */
int patch_moved_make(u64 ret, const u8 *code, const struct insn *insn,
		     u8 site[MOVED_SITE_BYTES]);

/* As patch_used, patch_drop and patch_tidy, for index below LODGER_MOVED_COUNT. */
struct patch_site;
bool patch_moved_used(u32 index, struct patch_site *site);
void patch_moved_drop(u32 index);
void patch_moved_tidy(void);

/* Might a site of this kind return to ret? False for nearly all others. */
bool patch_moved_known(u64 ret);

/* Where a call goes on that returns to ret, with these bytes at the site; 0: it is no
 * such site. */
u64 patch_moved_next(u64 ret, const u8 site[MOVED_SITE_BYTES]);

/* A jump came to ret itself, behind the `syscall`. True when that happened so often
 * that the site is to be given up, and these are the bytes to put back. */
bool patch_moved_give_up(u64 ret, u8 site[MOVED_SITE_BYTES]);

/* For hal/patch.c. Is rip at an instruction of a stub on its way into the kernel? */
bool patch_moved_enters(u64 rip);
/* As patch_finish. */
void patch_moved_finish(struct trap_frame *tf);

#endif
