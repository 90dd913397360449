/* Stubs of patched call sites that nobody needs any more. */
#ifndef ENTRY_PATCH_SWEEP_H
#define ENTRY_PATCH_SWEEP_H

#include "lib/types.h"

/*
 * No stub was to be had: takes back those whose sites are gone. True if it is worth
 * trying again. It looks through all address spaces, so it refuses for a while when
 * that was of little use. Context: trap.
 */
bool patch_sweep(void);

#endif
