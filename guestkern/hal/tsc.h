/*
 * The host's clocks without a host call, where they run by the time-stamp
 * counter (LODGER_BOOT_TSC). Private to hal; upper layers use clock_mono_ns and
 * clock_real_ns.
 */
#ifndef HAL_TSC_H
#define HAL_TSC_H

#include "lib/types.h"

/* Learns the counter's rate. Boot, before any clock is read. */
void tsc_start(void);
/* Can the counter be used? It may become unusable, and then stays so. */
bool tsc_usable(void);
/* CLOCK_MONOTONIC and CLOCK_REALTIME in ns; a host call or two every tenth of a
 * second, to follow the host's clock. When the counter becomes unusable on the
 * way: the latest time that it showed. */
u64 tsc_mono_ns(void);
u64 tsc_real_ns(void);
/* Adds to CLOCK_REALTIME from now on. */
void tsc_step_real(u64 delta_ns);
/* No clock was ever seen later than this (ns): what a host reading must not be
 * before, when the counter became unusable. */
u64 tsc_floor_ns(void);

#endif
