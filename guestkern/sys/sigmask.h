/* The signal mask that ppoll, pselect6 and epoll_pwait put in force while they
 * wait. */
#ifndef SYS_SIGMASK_H
#define SYS_SIGMASK_H

#include "lib/types.h"

/* mask: user address of a set of `bytes` bytes, 0: none. 0, -EINVAL, -EFAULT. */
int sigmask_begin(uaddr_t mask, u64 bytes);
/* interrupted: by a signal, whose handler is to run under the new mask; its
 * return restores the old one. Otherwise it is restored here. */
void sigmask_end(bool interrupted);

#endif
