/* Idle: the machine sleeps in one host ppoll with all signals blocked. */
#include "hal/hal_private.h"
#include "hal/host.h"
#include "hal/host_process.h"

#include <linux/poll.h>
#include <linux/time.h>

#define POLLSET_MAX 8

static void idle_answer_bell(void)
{
	u64 count;

	if (host_call3(__NR_read, LODGER_FD_BELL, (u64)&count, sizeof(count)) > 0)
		irq_raise(IRQ_WINCH);
}

void cpu_idle(void)
{
	struct pollfd set[POLLSET_MAX];
	struct timespec ts, *timeout = NULL;
	u64 deadline = clock_wanted();
	u64 now, left;
	s64 ready;
	u32 n;

	set[0] = (struct pollfd){ LODGER_FD_BELL, POLLIN, 0 };
	n = 1 + stream_fill_pollset(set + 1, POLLSET_MAX - 1 - HELPERS_POLLSET);
	n += helpers_fill_pollset(set + n);
	if (deadline != UINT64_MAX) {
		now = clock_mono_ns();
		left = deadline > now ? deadline - now : 0;
		ts.tv_sec = (long)(left / NS_PER_SEC);
		ts.tv_nsec = (long)(left % NS_PER_SEC);
		timeout = &ts;
	}
	ready = host_process_sleep(set, n, timeout);
	if (ready > 0 && (set[0].revents & POLLIN)) {
		idle_answer_bell();
		ready--;
	}
	irq_drain(); /* signals that ended the ppoll */
	if (ready > 0)
		irq_raise(IRQ_IO);
	if (deadline != UINT64_MAX && clock_mono_ns() >= deadline)
		irq_raise(IRQ_TIMER);
}
