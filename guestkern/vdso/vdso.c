/*
 * The vDSO, linux-vdso.so.1: the clocks without a system call (vdso(7)). It is
 * mapped into every program (mm/vdso.c) and reads the user page
 * (hal/user_page.h). Where that does not say how late it is, the system call is
 * made; the guest kernel then brings the page up to date.
 *
 * Runs in user mode: no state, no libc, no relocations.
 */
#include "hal/user_page.h"

#include <asm/unistd.h>
#include <linux/time.h>
#include <linux/types.h>

#define EXPORT __attribute__((visibility("default")))
#define page ((const volatile struct user_page *)LODGER_USER_PAGE)

/* What getcpu(2) takes for its cache, unused since Linux 2.6.24. */
struct getcpu_cache;

int __vdso_clock_gettime(s32 id, struct timespec *ts);
int __vdso_clock_getres(s32 id, struct timespec *res);
int __vdso_gettimeofday(struct __kernel_old_timeval *tv, struct timezone *tz);
__kernel_old_time_t __vdso_time(__kernel_old_time_t *t);
int __vdso_getcpu(unsigned int *cpu, unsigned int *node, struct getcpu_cache *unused);

static long call2(long nr, long a, long b)
{
	long ret = nr;

	__asm__ volatile("syscall"
			 : "+a"(ret)
			 : "D"(a), "S"(b)
			 : "rcx", "r11", "memory");
	return ret;
}

static void barrier(void)
{
	__asm__ volatile("" : : : "memory");
}

/* CLOCK_MONOTONIC, and what to add for CLOCK_REALTIME. false: ask the kernel. */
static bool read_clock(u64 *mono, u64 *real_offset)
{
	const volatile struct user_clock *clock = &page->clock;
	struct clock_line line;
	u64 cycles;
	u32 seq;

	do {
		seq = clock->seq;
		barrier();
		if (!clock->usable)
			return false;
		line.cycles = clock->line.cycles;
		line.ns = clock->line.ns;
		line.mult = clock->line.mult;
		line.valid_cycles = clock->line.valid_cycles;
		*real_offset = clock->real_offset;
		cycles = tsc_read();
		barrier();
	} while (clock->seq != seq);
	*mono = clock_line_ns(&line, cycles);
	return clock_line_valid(&line, cycles);
}

static bool read_real(u64 *ns)
{
	u64 mono, offset;

	if (!read_clock(&mono, &offset))
		return false;
	*ns = mono + offset;
	return true;
}

/* The clocks that the guest kernel serves from the same two. */
static bool read_id(s32 id, u64 *ns)
{
	u64 offset;

	switch (id) {
	case CLOCK_REALTIME:
	case CLOCK_REALTIME_COARSE:
	case CLOCK_TAI:
		return read_real(ns);
	case CLOCK_MONOTONIC:
	case CLOCK_MONOTONIC_RAW:
	case CLOCK_MONOTONIC_COARSE:
	case CLOCK_BOOTTIME:
		return read_clock(ns, &offset);
	default:
		return false;
	}
}

EXPORT int __vdso_clock_gettime(s32 id, struct timespec *ts)
{
	u64 ns;

	if (!read_id(id, &ns))
		return (int)call2(__NR_clock_gettime, id, (long)ts);
	ts->tv_sec = (long)(ns / NS_PER_SEC);
	ts->tv_nsec = (long)(ns % NS_PER_SEC);
	return 0;
}

/* Nobody is in a hurry for it, and the kernel has the table. */
EXPORT int __vdso_clock_getres(s32 id, struct timespec *res)
{
	return (int)call2(__NR_clock_getres, id, (long)res);
}

EXPORT int __vdso_gettimeofday(struct __kernel_old_timeval *tv, struct timezone *tz)
{
	u64 ns;

	if (tz || !read_real(&ns)) /* the zone is the kernel's */
		return (int)call2(__NR_gettimeofday, (long)tv, (long)tz);
	if (tv) {
		tv->tv_sec = (long)(ns / NS_PER_SEC);
		tv->tv_usec = (long)(ns % NS_PER_SEC / NS_PER_US);
	}
	return 0;
}

EXPORT __kernel_old_time_t __vdso_time(__kernel_old_time_t *t)
{
	__kernel_old_time_t seconds;
	u64 ns;

	if (!read_real(&ns))
		return call2(__NR_time, (long)t, 0);
	seconds = (__kernel_old_time_t)(ns / NS_PER_SEC);
	if (t)
		*t = seconds;
	return seconds;
}

/* The machine has one virtual CPU. */
EXPORT int __vdso_getcpu(unsigned int *cpu, unsigned int *node,
			 struct getcpu_cache *unused)
{
	(void)unused;
	if (cpu)
		*cpu = 0;
	if (node)
		*node = 0;
	return 0;
}

#define WEAK_ALIAS(name) \
	__asm__(".weak " #name "\n\t.set " #name ", __vdso_" #name)

WEAK_ALIAS(clock_gettime);
WEAK_ALIAS(clock_getres);
WEAK_ALIAS(gettimeofday);
WEAK_ALIAS(time);
WEAK_ALIAS(getcpu);
