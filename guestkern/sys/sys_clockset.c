/*
 * Setting the wall clock, and adjtimex(2). The host's clock stays as it is: the
 * guest's is that and a step. What programs tell of frequencies and of offsets to
 * be slewed away is kept and told, as in a kernel whose clock needs no correction:
 * the host's kernel sees to that.
 */
#include "fs/objects.h"
#include "hal/hal.h"
#include "lib/err.h"
#include "mm/uaccess.h"
#include "proc/ptimer.h"
#include "proc/task.h"
#include "sys/syscall.h"
#include "sys/user_time.h"

#include <linux/capability.h>
#include <linux/time.h>
#include <linux/timex.h>

#define US_PER_SEC 1000000
/* A year this late leaves the clock no thirty years to run (TIME_SETTOD_SEC_MAX). */
#define SECONDS_MAX (INT64_MAX / (s64)NS_PER_SEC - 30LL * 365 * 24 * 3600)
#define MINUTES_WEST_MAX (15 * 60)

static struct timezone zone;

/* --- setting -------------------------------------------------------------------------- */

static void step(u64 delta_ns)
{
	clock_step_real(delta_ns);
	timers_step_real(delta_ns);
	ptimers_step_real(delta_ns);
	timerfd_clock_was_set();
}

/* The new time must not lie before the machine's start, as Linux counts it. */
static s64 set_real(u64 real_ns)
{
	if (!capable(CAP_SYS_TIME))
		return -EPERM;
	if (real_ns < clock_mono_ns())
		return -EINVAL;
	step(real_ns - clock_real_ns());
	return 0;
}

/* 0, -EFAULT, -EINVAL. */
static int get_instant(u64 *ns, uaddr_t from)
{
	int err = user_timespec_get(ns, from);

	if (!err && *ns / NS_PER_SEC >= (u64)SECONDS_MAX)
		err = -EINVAL;
	return err;
}

s64 sys_clock_settime(const u64 arg[6])
{
	struct ptimer_clock cpu;
	s32 clock = (s32)arg[0];
	u64 ns;
	int err;

	if (clock >= 0 && clock != CLOCK_REALTIME)
		return -EINVAL;
	if (clock < 0) {
		err = user_cpu_clock(&cpu, clock);
		return err ? err : -EPERM;
	}
	err = get_instant(&ns, arg[1]);
	return err ? err : set_real(ns);
}

static s64 set_zone(uaddr_t from)
{
	struct timezone tz;

	if (get_user(tz, from))
		return -EFAULT;
	if (!capable(CAP_SYS_TIME))
		return -EPERM;
	if (tz.tz_minuteswest > MINUTES_WEST_MAX || tz.tz_minuteswest < -MINUTES_WEST_MAX)
		return -EINVAL;
	zone = tz;
	return 0;
}

s64 sys_settimeofday(const u64 arg[6])
{
	u64 ns = 0;
	s64 err = 0;

	if (arg[0])
		err = user_timeval_get(&ns, arg[0]);
	if (!err && ns / NS_PER_SEC >= (u64)SECONDS_MAX)
		err = -EINVAL;
	if (!err && arg[1])
		err = set_zone(arg[1]);
	if (!err && !arg[1] && !capable(CAP_SYS_TIME))
		err = -EPERM;
	return err || !arg[0] ? err : set_real(ns);
}

s64 sys_gettimeofday(const u64 arg[6])
{
	if (arg[0] && user_timeval_put(arg[0], clock_real_ns()))
		return -EFAULT;
	if (arg[1] && put_user(zone, arg[1]))
		return -EFAULT;
	return 0;
}

/* --- adjtimex -------------------------------------------------------------------------- */

/* What the kernel itself calls them: modes of their own, not Linux's user
 * header's combinations. */
#define MODE_ADJTIME 0x8000u
#define MODE_SINGLESHOT 0x0001u
#define MODE_READONLY 0x2000u

#define PHASE_LIMIT_US 16000000
#define PHASE_MAX_US 500000
#define FREQ_MAX 32768000 /* 500 ppm, 16 bits of fraction */
#define TICK_US (US_PER_SEC / USER_HZ)
#define TICK_MIN_US (900000 / USER_HZ)
#define TICK_MAX_US (1100000 / USER_HZ)
#define TIMECONST_MAX 10
#define TIMECONST_SHIFT 4 /* between the scales of STA_NANO and of old */
#define TAI_MAX 100000

/* ntp_adjtime(3)'s variables. */
static struct {
	s64 offset, freq, maxerror, esterror, constant, tick, adjust;
	s32 status, tai;
} ntp = {
	.maxerror = PHASE_LIMIT_US,
	.esterror = PHASE_LIMIT_US,
	.constant = 2,
	.tick = TICK_US,
	.status = STA_UNSYNC,
};

static s64 clamped(s64 value, s64 low, s64 high)
{
	return MIN(MAX(value, low), high);
}

static int check_modes(const struct __kernel_timex *tx)
{
	u32 modes = tx->modes;
	s64 fraction_max = modes & ADJ_NANO ? (s64)NS_PER_SEC : US_PER_SEC;

	if (modes & MODE_ADJTIME) {
		if (!(modes & MODE_SINGLESHOT))
			return -EINVAL;
		if (!(modes & MODE_READONLY) && !capable(CAP_SYS_TIME))
			return -EPERM;
	} else {
		if (modes && !capable(CAP_SYS_TIME))
			return -EPERM;
		if ((modes & ADJ_TICK) && (tx->tick < TICK_MIN_US || tx->tick > TICK_MAX_US))
			return -EINVAL;
	}
	if (!(modes & ADJ_SETOFFSET))
		return 0;
	if (!capable(CAP_SYS_TIME))
		return -EPERM;
	return tx->time.tv_usec < 0 || tx->time.tv_usec >= fraction_max ? -EINVAL : 0;
}

static void change_status(const struct __kernel_timex *tx)
{
	if (tx->modes & ADJ_STATUS)
		ntp.status = (ntp.status & STA_RONLY) | (tx->status & ~STA_RONLY);
	if (tx->modes & ADJ_NANO)
		ntp.status |= STA_NANO;
	if (tx->modes & ADJ_MICRO)
		ntp.status &= ~STA_NANO;
}

static void change_constant(s64 value)
{
	value = clamped(value, 0, TIMECONST_MAX);
	if (!(ntp.status & STA_NANO))
		value = MIN(value + TIMECONST_SHIFT, (s64)TIMECONST_MAX);
	ntp.constant = value;
}

/* Kept in ns. */
static void change_offset(s64 value)
{
	if (!(ntp.status & STA_PLL))
		return;
	if (!(ntp.status & STA_NANO))
		value = clamped(value, -US_PER_SEC, US_PER_SEC) * (s64)NS_PER_US;
	ntp.offset = clamped(value, -PHASE_MAX_US * (s64)NS_PER_US,
			     PHASE_MAX_US * (s64)NS_PER_US);
}

static void change(const struct __kernel_timex *tx)
{
	change_status(tx);
	if (tx->modes & ADJ_FREQUENCY)
		ntp.freq = clamped(tx->freq, -FREQ_MAX, FREQ_MAX);
	if (tx->modes & ADJ_MAXERROR)
		ntp.maxerror = clamped(tx->maxerror, 0, PHASE_LIMIT_US);
	if (tx->modes & ADJ_ESTERROR)
		ntp.esterror = clamped(tx->esterror, 0, PHASE_LIMIT_US);
	if (tx->modes & ADJ_TIMECONST)
		change_constant(tx->constant);
	if ((tx->modes & ADJ_TAI) && tx->constant >= 0 && tx->constant <= TAI_MAX)
		ntp.tai = (s32)tx->constant;
	if (tx->modes & ADJ_OFFSET)
		change_offset(tx->offset);
	if (tx->modes & ADJ_TICK)
		ntp.tick = tx->tick;
}

static void tell(struct __kernel_timex *tx)
{
	u64 now = clock_real_ns();

	tx->freq = ntp.freq;
	tx->maxerror = ntp.maxerror;
	tx->esterror = ntp.esterror;
	tx->status = ntp.status;
	tx->constant = ntp.constant;
	tx->precision = 1;
	tx->tolerance = FREQ_MAX;
	tx->tick = ntp.tick;
	tx->tai = ntp.tai;
	tx->ppsfreq = tx->jitter = tx->shift = tx->stabil = 0;
	tx->jitcnt = tx->calcnt = tx->errcnt = tx->stbcnt = 0;
	tx->time.tv_sec = (s64)(now / NS_PER_SEC);
	tx->time.tv_usec = (s64)(now % NS_PER_SEC);
	if (!(ntp.status & STA_NANO))
		tx->time.tv_usec /= (s64)NS_PER_US;
}

static s64 step_offset(const struct __kernel_timex *tx)
{
	s64 delta = tx->time.tv_sec * (s64)NS_PER_SEC;

	delta += tx->modes & ADJ_NANO ? tx->time.tv_usec :
					tx->time.tv_usec * (s64)NS_PER_US;
	if (tx->time.tv_sec > SECONDS_MAX || tx->time.tv_sec < -SECONDS_MAX ||
	    (s64)clock_real_ns() + delta < (s64)clock_mono_ns())
		return -EINVAL;
	step((u64)delta);
	return 0;
}

static s64 adjust(uaddr_t at)
{
	struct __kernel_timex tx;
	s64 old, err;

	if (get_user(tx, at))
		return -EFAULT;
	err = check_modes(&tx);
	if (!err && (tx.modes & ADJ_SETOFFSET))
		err = step_offset(&tx);
	if (err)
		return err;
	if (tx.modes & MODE_ADJTIME) {
		old = ntp.adjust;
		if (!(tx.modes & MODE_READONLY))
			ntp.adjust = tx.offset;
		tx.offset = old;
	} else {
		change(&tx);
		tx.offset = ntp.status & STA_NANO ? ntp.offset :
						    ntp.offset / (s64)NS_PER_US;
	}
	tell(&tx);
	if (put_user(tx, at))
		return -EFAULT;
	return ntp.status & (STA_UNSYNC | STA_CLOCKERR) ? TIME_ERROR : TIME_OK;
}

s64 sys_adjtimex(const u64 arg[6])
{
	return adjust(arg[0]);
}

s64 sys_clock_adjtime(const u64 arg[6])
{
	s32 clock = (s32)arg[0];

	if (clock == CLOCK_REALTIME)
		return adjust(arg[1]);
	/* the other clocks cannot be adjusted; what is none is worse */
	return clock >= 0 && clock <= CLOCK_TAI && clock != 10 ? -EOPNOTSUPP : -EINVAL;
}
