/* What several mechanisms ask of the host. */
#ifndef VMMPROC_ICEPT_PROBE_H
#define VMMPROC_ICEPT_PROBE_H

#include <errno.h>
#include <linux/seccomp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Does the host know a filter's action (SECCOMP_RET_*), and allow filters? true,
 * or false and why[] is a clause. */
static inline bool icept_probe_filters(uint32_t action, char *why,
				       size_t why_bytes)
{
	if (!syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action))
		return true;
	snprintf(why, why_bytes, "the host refuses seccomp filters: %s",
		 strerror(errno));
	return false;
}

#endif
