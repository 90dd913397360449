/*
 * The auxiliary vector that the kernel leaves above the environment.
 */
#ifndef GUESTLIB_SYS_AUXV_H
#define GUESTLIB_SYS_AUXV_H

#include <linux/auxvec.h>

/* Value of an entry (AT_PAGESZ, AT_EXECFN, ...), 0 when it is not there. */
unsigned long getauxval(unsigned long type);

/* Address of a function in the vDSO (vdso(7)), or NULL: no vDSO, or none of the
 * name. Versions are not compared. */
void *vdso_symbol(const char *name);

#endif
