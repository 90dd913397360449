/* errno values (Linux UAPI), errors in pointers, and the internal codes by
 * which a system call asks to be restarted. */
#ifndef LIB_ERR_H
#define LIB_ERR_H

#include <linux/errno.h>

#include "lib/types.h"

/* Internal: never seen by programs (Linux include/linux/errno.h has the same
 * set). Turned into a restart or into -EINTR by signal_setup_return. */
#define ERESTARTSYS 512	   /* restart if SA_RESTART or no handler */
#define ERESTARTNOINTR 513 /* always restart */
#define ERESTARTNOHAND 514 /* restart only if no handler runs */
#define ERESTART_RESTARTBLOCK 516 /* like NOHAND, by restart_syscall */

#define MAX_ERRNO 4095

static inline void *ERR_PTR(s64 err)
{
	return (void *)err;
}

static inline s64 PTR_ERR(const void *ptr)
{
	return (s64)ptr;
}

static inline bool IS_ERR(const void *ptr)
{
	return (u64)ptr >= (u64)-MAX_ERRNO;
}

#endif
