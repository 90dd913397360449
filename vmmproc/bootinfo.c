/* What the guest kernel is told at start (abi/boot.h). */
#include "bootinfo.h"

#include <cpuid.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/random.h>
#include <time.h>
#include <x86intrin.h>

#include "abi/layout.h"
#include "icept.h"
#include "modes.h"
#include "procs.h"
#include "streams.h"

#ifndef AT_MINSIGSTKSZ
#define AT_MINSIGSTKSZ 51
#endif
#define HWCAP2_FSGSBASE_BIT 2UL /* asm/hwcap2.h */
#define XFEATURE_AMX (3ULL << 17)
#define CLOCK_SOURCE \
	"/sys/devices/system/clocksource/clocksource0/current_clocksource"
#define TSC_TRIES 16

struct string_area {
	struct lodger_boot *boot;
	uint32_t used;
	bool full;
};

/* Appends a string with its NUL; returns its offset. */
static uint32_t area_add(struct string_area *area, const char *text)
{
	size_t bytes = strlen(text) + 1;
	uint32_t at = area->used;

	if (bytes > LODGER_STRINGS_BYTES - area->used) {
		area->full = true;
		return 0;
	}
	memcpy(area->boot->strings + at, text, bytes);
	area->used += (uint32_t)bytes;
	return at;
}

static int fill_strings(const struct machine *m, struct lodger_boot *boot)
{
	const struct options *opt = m->opt;
	struct string_area area = { boot, 1, false };

	boot->argc = (uint32_t)opt->argc;
	boot->argv_off = area.used;
	for (int i = 0; i < opt->argc; i++)
		area_add(&area, opt->argv[i]);
	boot->envc = (uint32_t)opt->env_count;
	boot->envp_off = area.used;
	for (int i = 0; i < opt->env_count; i++)
		area_add(&area, opt->env[i]);
	boot->cwd_off = opt->cwd ? area_add(&area, opt->cwd) : 0;
	boot->hostname_off = opt->hostname ? area_add(&area, opt->hostname) : 0;
	boot->tmpfs_count = (uint32_t)opt->tmpfs_count;
	for (int i = 0; i < opt->tmpfs_count; i++) {
		boot->tmpfs_off[i] = area_add(&area, opt->tmpfs[i].guest_path);
		boot->tmpfs_bytes[i] = opt->tmpfs[i].size_bytes;
	}
	boot->bind_count = m->bind_count;
	for (uint32_t i = 0; i < m->bind_count; i++) {
		boot->bind[i].guest_off = area_add(&area, m->bind[i].guest_path);
		boot->bind[i].flags =
			(m->bind[i].read_only ? LODGER_BIND_READ_ONLY : 0) |
			(m->bind[i].is_file ? LODGER_BIND_FILE : 0) |
			(m->bind[i].is_root ? LODGER_BIND_ROOT : 0) |
			(m->bind[i].is_private ? LODGER_BIND_PRIVATE : 0) |
			(m->bind[i].is_output ? LODGER_BIND_OUTPUT : 0);
	}
	if (!area.full)
		return 0;
	machine_complain("arguments and environment exceed %d bytes; pass long data through a file or stdin",
			 LODGER_STRINGS_BYTES);
	return -1;
}

/* Size and features of the extended state (SDM vol 1, 13.2; CPUID 0xd). */
static void fill_xstate(struct lodger_boot *boot)
{
	uint32_t a, b, c, d;

	boot->xfeatures = 3;
	boot->xstate_bytes = 512;
	if (!__get_cpuid(1, &a, &b, &c, &d) || !(c & bit_OSXSAVE))
		return;
	__asm__ volatile("xgetbv" : "=a"(a), "=d"(d) : "c"(0));
	boot->xfeatures = ((uint64_t)d << 32 | a) & ~XFEATURE_AMX;
	__cpuid_count(0xd, 0, a, b, c, d);
	boot->xstate_bytes = b;
}

/* Do the host's clocks run by the time-stamp counter? Then it counts evenly
 * on all processors, says the host kernel's watchdog. */
static bool clock_is_tsc(void)
{
	char name[32] = "";
	FILE *f = fopen(CLOCK_SOURCE, "re");

	if (!f)
		return false;
	if (!fgets(name, sizeof(name), f))
		name[0] = '\0';
	fclose(f);
	name[strcspn(name, "\n")] = '\0';
	return !strcmp(name, "tsc");
}

static uint64_t mono_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

/* The counter and the clock at one moment: between two readings of the counter
 * lie nanoseconds, unless the host interrupts, so the closest of some counts. */
static void fill_tsc(struct lodger_boot *boot)
{
	uint64_t closest = UINT64_MAX;

	for (int i = 0; i < TSC_TRIES; i++) {
		uint64_t before = __rdtsc(), ns = mono_ns(), after = __rdtsc();

		if (after - before >= closest)
			continue;
		closest = after - before;
		boot->tsc_cycles = before + closest / 2;
		boot->tsc_mono_ns = ns;
	}
}

static void fill_clock(struct lodger_boot *boot)
{
	struct timespec mono, real;

	clock_gettime(CLOCK_MONOTONIC, &mono);
	clock_gettime(CLOCK_REALTIME, &real);
	boot->realtime_offset_ns =
		(int64_t)(real.tv_sec - mono.tv_sec) * 1000000000 +
		(real.tv_nsec - mono.tv_nsec);
}

static uint32_t option_flags(const struct options *opt)
{
	uint32_t flags = 0;

	if (opt->trace == TRACE_SYSCALLS)
		flags |= LODGER_BOOT_TRACE_SYSCALLS;
	if (opt->command == CMD_BOOT)
		flags |= LODGER_BOOT_INIT;
	if (opt->vspace_high)
		flags |= LODGER_BOOT_VSPACE_HIGH;
	if (getauxval(AT_HWCAP2) & HWCAP2_FSGSBASE_BIT)
		flags |= LODGER_BOOT_FSGSBASE;
	return flags;
}

int bootinfo_fill(const struct machine *m, struct lodger_boot *boot)
{
	const struct options *opt = m->opt;

	memset(boot, 0, sizeof(*boot));
	boot->magic = LODGER_ABI_MAGIC;
	boot->abi_version = LODGER_ABI_VERSION;
	boot->flags = option_flags(opt) | streams_boot_flags(m) |
		      (m->core_huge ? LODGER_BOOT_CORE_HUGE : 0) |
		      (m->ram_huge ? LODGER_BOOT_RAM_HUGE : 0) |
		      (procs_want_marks(m) ? LODGER_BOOT_MARKS : 0);
	boot->intercept = modes_abi(opt, AXIS_INTERCEPT);
	boot->protect = modes_abi(opt, AXIS_PROTECT);
	boot->space = modes_abi(opt, AXIS_SPACE);
	boot->ram_bytes = m->ram_bytes;
	boot->core_bytes = m->core_bytes;
	boot->root_bytes = m->root_bytes;
	boot->user_low_min = m->user_low_min;
	boot->hwcap = getauxval(AT_HWCAP);
	boot->hwcap2 = getauxval(AT_HWCAP2);
	boot->minsigstksz = (uint32_t)getauxval(AT_MINSIGSTKSZ);
	boot->image_end = m->image_end;
	boot->host_token = m->host_token;
	boot->uid = opt->uid;
	boot->gid = opt->gid;
	boot->pids_max = opt->pids_max;
	for (int i = 0; i < 3; i++)
		boot->stream_kind[i] = m->stream[i].kind;
	boot->disk_count = m->disk_count;
	memcpy(boot->disk, m->disk, sizeof(boot->disk));
	if (m->root_disk)
		boot->flags |= LODGER_BOOT_ROOT_DISK;
	boot->tty_present = m->tty.fd >= 0;
	fill_xstate(boot);
	fill_clock(boot);
	/* a traced guest kernel's host calls take too long to follow the host's
	 * clock by them */
	if (m->icept->filter != ICEPT_FILTER_TRACED && clock_is_tsc()) {
		boot->flags |= LODGER_BOOT_TSC;
		fill_tsc(boot);
	}
	if (getrandom(boot->rand_seed, sizeof(boot->rand_seed), 0) < 0) {
		machine_complain("cannot read random bytes: %s", strerror(errno));
		return -1;
	}
	return fill_strings(m, boot);
}
