/*
 * The auxiliary vector that the kernel leaves above the environment.
 */
#ifndef GUESTLIB_SYS_AUXV_H
#define GUESTLIB_SYS_AUXV_H

#include <linux/auxvec.h>

/* Value of an entry (AT_PAGESZ, AT_EXECFN, ...), 0 when it is not there. */
unsigned long getauxval(unsigned long type);

#endif
