/* struct lodger_boot from what the VMM process knows. */
#ifndef VMMPROC_BOOTINFO_H
#define VMMPROC_BOOTINFO_H

#include "machine.h"

/* Fills boot. Returns 0, or -1 after one sentence (argument list too long for
 * the boot page, with --help's limit named). */
int bootinfo_fill(const struct machine *m, struct lodger_boot *boot);

#endif
