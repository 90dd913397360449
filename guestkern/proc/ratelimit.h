/* Log lines that programs can cause: only so many in a time. */
#ifndef PROC_RATELIMIT_H
#define PROC_RATELIMIT_H

#include "lib/types.h"

#define RATELIMIT_LINES 10 /* as Linux: DEFAULT_RATELIMIT_BURST, _INTERVAL */
#define RATELIMIT_WINDOW_NS 5000000000ULL

struct ratelimit {
	u64 start_ns;
	u32 lines;  /* since start_ns */
	u32 missed; /* left out and not told of yet */
};

/* May one more line be logged? *missed: how many were left out before it. Any
 * context. */
bool ratelimit_allows(struct ratelimit *limit, u32 *missed);

#endif
