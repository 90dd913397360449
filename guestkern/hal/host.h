/* Host system calls: hal's private way to the hardware. */
#ifndef HAL_HOST_H
#define HAL_HOST_H

#include <asm/unistd.h>

#include "hal/hal.h"

/* Assembly stub (host_call.S): returns the host's result or -errno. Use the
 * host_callN wrappers, which count. */
s64 host_call(u64 nr, u64 a, u64 b, u64 c, u64 d, u64 e, u64 f);

static inline s64 host_call6(u64 nr, u64 a, u64 b, u64 c, u64 d, u64 e, u64 f)
{
	counters()->host_calls++;
	return host_call(nr, a, b, c, d, e, f);
}

static inline s64 host_call4(u64 nr, u64 a, u64 b, u64 c, u64 d)
{
	return host_call6(nr, a, b, c, d, 0, 0);
}

static inline s64 host_call3(u64 nr, u64 a, u64 b, u64 c)
{
	return host_call6(nr, a, b, c, 0, 0, 0);
}

#endif
