/* How many log lines programs may cause. */
#include "proc/ratelimit.h"

#include "hal/hal.h"

bool ratelimit_allows(struct ratelimit *limit, u32 *missed)
{
	u64 now = clock_mono_ns();

	if (!limit->lines || now - limit->start_ns >= RATELIMIT_WINDOW_NS) {
		limit->start_ns = now;
		limit->lines = 0;
	}
	if (limit->lines == RATELIMIT_LINES) {
		limit->missed++;
		return false;
	}
	limit->lines++;
	*missed = limit->missed;
	limit->missed = 0;
	return true;
}
