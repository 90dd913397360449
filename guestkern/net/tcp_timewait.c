/*
 * TIME_WAIT: connections that are over, remembered for their port's sake. No
 * segment can come late here; but a program must find its old port taken just as
 * on another machine, or it would only fail there. Owns a ring of the last ones,
 * the oldest first: when it is full the oldest is forgotten early, as Linux does
 * past net.ipv4.tcp_max_tw_buckets.
 */
#include "hal/hal.h"
#include "net/tcp.h"

#define TIMEWAIT_MAX 512u /* power of two */
#define TIMEWAIT_NS (60 * NS_PER_SEC)

struct timewait {
	struct endpoint local, remote;
	u64 until_ns;
	bool reuse;
};

static struct timewait ring[TIMEWAIT_MAX];
static u32 first, count;

static void forget_old(void)
{
	u64 now;

	if (!count)
		return;
	now = clock_mono_ns();
	while (count && ring[first % TIMEWAIT_MAX].until_ns <= now) {
		first++;
		count--;
	}
}

void tcp_timewait_add(const struct tcp_socket *t)
{
	struct timewait *tw;

	forget_old();
	if (count == TIMEWAIT_MAX) {
		first++;
		count--;
	}
	tw = &ring[(first + count++) % TIMEWAIT_MAX];
	tw->local = t->i.local;
	tw->remote = t->i.remote;
	tw->reuse = t->i.s.reuseaddr;
	tw->until_ns = clock_mono_ns() + TIMEWAIT_NS;
}

bool tcp_timewait_reserves(const struct inet_socket *is, const struct endpoint *ep)
{
	forget_old();
	for (u32 i = 0; i < count; i++) {
		const struct timewait *tw = &ring[(first + i) % TIMEWAIT_MAX];

		if (tw->local.port != ep->port || (is->s.reuseaddr && tw->reuse))
			continue;
		if (ip_is_any(&ep->ip) || ip_equal(&ep->ip, &tw->local.ip))
			return true;
	}
	return false;
}

bool tcp_timewait_at(u32 i, struct endpoint *local, struct endpoint *remote, u64 *left_ns)
{
	const struct timewait *tw = &ring[(first + i) % TIMEWAIT_MAX];
	u64 now = clock_mono_ns();

	if (i >= count)
		return false;
	*local = tw->local;
	*remote = tw->remote;
	*left_ns = tw->until_ns > now ? tw->until_ns - now : 0;
	return true;
}
