/*
 * uname(2).
 */
#ifndef GUESTLIB_SYS_UTSNAME_H
#define GUESTLIB_SYS_UTSNAME_H

#include <linux/utsname.h>

/* The kernel's newest layout under the name that programs use. */
#define utsname new_utsname

/* Name, release and machine of the running kernel. */
int uname(struct utsname *buf);
/* sethostname(2). */
int sethostname(const char *name, unsigned long len);

#endif
