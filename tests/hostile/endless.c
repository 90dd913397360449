/*
 * Kernels that never end by themselves. Each must be ended by --timeout, by
 * SIGTERM and by the death of either process; the status and line here are
 * not used. TEST-TIMEOUT: 180
 */
#include <asm/signal.h>
#include <linux/mman.h>
#include <linux/poll.h>
#include <linux/time.h>

#include "hal/cpu.h"
#include "hal/hal_private.h"
#include "hostile.h"

extern const u8 user_call_loop[], user_call_loop_end[];
extern const u8 user_fault_loop[], user_fault_loop_end[];
extern const u8 user_getpid[], user_getpid_end[];
#define USER(blob) .user_code = blob, .user_code_end = blob##_end

static void call_loop(void)
{
	for (;;)
		clock_mono_ns();
}

static void map_loop(void)
{
	for (;;) {
		host_call6(__NR_mmap, 0x600000, 0x10000, PROT_READ,
			   MAP_SHARED | MAP_FIXED, LODGER_FD_RAM, 0);
		host_call3(__NR_munmap, 0x600000, 0x10000, 0);
	}
}

static void quiet_loop(void)
{
	for (;;)
		__asm__ volatile("pause");
}

static void sleep_blocked(void)
{
	u64 all = ~0ULL;

	host_call4(__NR_rt_sigprocmask, SIG_SETMASK, (u64)&all, 0, 8);
	for (;;)
		host_call6(__NR_ppoll, 0, 0, 0, 0, 8, 0);
}

static void read_bell(void)
{
	struct pollfd bell = { LODGER_FD_BELL, POLLIN, 0 };

	for (;;)
		host_call6(__NR_ppoll, (u64)&bell, 1, 0, 0, 8, 0);
}

static void read_stdin(void)
{
	static u8 buf[512];

	for (;;)
		host_call3(__NR_read, 0, (u64)buf, sizeof(buf));
}

/* Back to user mode from every trap, as often as user mode traps. */
static void user_loop(void)
{
	struct trap_frame *tf = prepare_user();

	cpu_set_trap_upcall(back_to_user);
	back_to_user(tf);
}

/* The same under the densest timer that the host gives. */
static void timer_storm(void)
{
	struct itimerval it = { { 0, 1 }, { 0, 1 } };

	host_call3(__NR_setitimer, ITIMER_REAL, (u64)&it, 0);
	user_loop();
}

static const struct attack table[] = {
	{ "call-loop", 0, NULL, .run = call_loop },
	{ "map-loop", 0, NULL, EARLY_ONLY, .run = map_loop },
	{ "quiet-loop", 0, NULL, .run = quiet_loop },
	{ "sleep-blocked", 0, NULL, .run = sleep_blocked },
	{ "read-bell", 0, NULL, EARLY_ONLY, .run = read_bell },
	{ "read-stdin", 0, NULL, EARLY_ONLY, .run = read_stdin },
	{ "user-calls", 0, NULL, EARLY_ONLY, .run = user_loop, USER(user_call_loop) },
	{ "user-faults", 0, NULL, EARLY_ONLY, .run = user_loop, USER(user_fault_loop) },
	{ "user-spins", 0, NULL, EARLY_ONLY, .run = user_loop, USER(user_getpid) },
	{ "timer-storm", 0, NULL, EARLY_ONLY, .run = timer_storm, .inside = NOT_HERE, USER(user_getpid) },
};

FAMILY(endless, table);
