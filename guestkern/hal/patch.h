/*
 * Patched call sites: `mov $nr, %eax; syscall` (7 bytes) becomes
 * `jmp *slot` (7 bytes), and slot leads to a stub that enters the call gate
 * without a signal. hal owns slots and stubs; who may be patched is decided
 * above (entry/patch.c). Sites of another shape: hal/patch_moved.h.
 */
#ifndef HAL_PATCH_H
#define HAL_PATCH_H

#include "hal/trap.h"
#include "lib/types.h"

/*
 * Bytes to put over a site whose call returns to ret (below 4 GiB) and has
 * number nr. Returns 0, or -ENOSPC when all stubs are taken.
 */
int patch_make(u64 ret, u32 nr, u8 site[PATCHED_SITE_BYTES]);

/*
 * Stubs whose sites are gone can be taken back. patch_used: the site that stub index
 * (below LODGER_PATCH_COUNT) was made for; false: it is free. patch_drop frees one
 * that no address space has a site of; when all such are dropped, patch_tidy.
 */
struct patch_site {
	u64 addr;
	u8 bytes[PATCHED_SITE_BYTES];
	size_t len_bytes;
};
bool patch_used(u32 index, struct patch_site *site);
void patch_drop(u32 index);
void patch_tidy(void);

/* Are these the bytes of a patched site? */
bool patch_is_site(const u8 site[PATCHED_SITE_BYTES]);

/* Is rip at an instruction of a stub that is on its way into the kernel? Such are
 * gate code. */
bool patch_is_stub(u64 rip);

/*
 * A program interrupted inside a stub that answers from the user page, or behind
 * the call in one of the other kind: its registers become those behind the call, so
 * that nobody sees it in the window. tf is that of the current task, whose numbers
 * the page has.
 */
void patch_finish(struct trap_frame *tf);

/* For hal: writes a slot or stub at this address. 0, or -ENOSPC. */
int patch_write(u64 addr, const void *bytes, size_t len_bytes);

#endif
