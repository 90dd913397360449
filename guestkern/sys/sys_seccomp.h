/* Seccomp by prctl(2). */
#ifndef SYS_SYS_SECCOMP_H
#define SYS_SYS_SECCOMP_H

#include "lib/types.h"

/* PR_SET_SECCOMP: 0 or -errno. */
s64 seccomp_prctl_set(u64 mode, uaddr_t filter);

#endif
