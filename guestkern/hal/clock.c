/*
 * Clocks and the timer interrupt. The interrupt is a one-shot host timer
 * (SIGALRM), programmed on the way to user mode only: an idle machine waits in
 * ppoll with a time-out instead (idle.c), so most deadlines cost no host call.
 * Each host process has a timer of its own; one that expires in a process without
 * the baton is of no concern.
 */
#include "hal/hal_private.h"
#include "hal/host.h"
#include "hal/host_process.h"
#include "hal/tsc.h"
#include "hal/user_page.h"

#include <linux/time.h>

#define STAMP_VALID_CYCLES 4000000ULL

static u64 wanted = UINT64_MAX; /* deadline asked for */
static u64 real_step_ns; /* the guest's wall clock is the host's and this */
static u64 stamp_ns, stamp_cycles;

u64 clock_host_ns(u64 id)
{
	struct timespec ts = { 0, 0 };

	host_call3(__NR_clock_gettime, id, (u64)&ts, 0);
	return (u64)ts.tv_sec * NS_PER_SEC + (u64)ts.tv_nsec;
}

u64 clock_mono_ns(void)
{
	if (tsc_usable())
		return tsc_mono_ns();
	return MAX(clock_host_ns(CLOCK_MONOTONIC), tsc_floor_ns());
}

u64 clock_real_ns(void)
{
	return tsc_usable() ? tsc_real_ns() : clock_host_ns(CLOCK_REALTIME) + real_step_ns;
}

/*
 * Where the host's clock takes a host call, a reading serves until the counter
 * has moved on by about a millisecond (any CPU counts 1 to 6 GHz): the coarse
 * clock that Linux stamps files with is no finer. A counter that stands or jumps
 * only makes the stamps coarser or the reading more frequent.
 */
u64 clock_stamp_ns(void)
{
	u64 cycles = tsc_read();

	if (tsc_usable())
		return tsc_real_ns();
	if (!stamp_ns || cycles - stamp_cycles > STAMP_VALID_CYCLES) {
		stamp_ns = clock_host_ns(CLOCK_REALTIME) + real_step_ns;
		stamp_cycles = cycles;
	}
	return stamp_ns;
}

void clock_step_real(u64 delta_ns)
{
	real_step_ns += delta_ns;
	stamp_ns = 0;
	tsc_step_real(delta_ns);
}

u64 clock_real_step_ns(void)
{
	return real_step_ns;
}

u64 clock_cpu_ns(void)
{
	return clock_host_ns(CLOCK_PROCESS_CPUTIME_ID);
}

u64 clock_cycles(void)
{
	return tsc_read();
}

void clock_arm(u64 deadline_ns)
{
	if (deadline_ns < wanted)
		wanted = deadline_ns;
}

u64 clock_wanted(void)
{
	return wanted;
}

void clock_expired(void)
{
	wanted = UINT64_MAX;
}

void clock_signal_arrived(void)
{
	host_own()->timer_ns = UINT64_MAX;
}

void clock_program(void)
{
	struct itimerval it = { { 0, 0 }, { 0, 0 } };
	u64 now, us;

	if (wanted >= host_self()->timer_ns)
		return;
	now = clock_mono_ns();
	us = wanted > now ? (wanted - now) / NS_PER_US + 1 : 1;
	it.it_value.tv_sec = (long)(us / 1000000);
	it.it_value.tv_usec = (long)(us % 1000000);
	host_self()->timer_ns = wanted; /* first: it may be over at once */
	if (host_call3(__NR_setitimer, ITIMER_REAL, (u64)&it, 0))
		host_self()->timer_ns = UINT64_MAX;
}
