/*
 * The host-call policy (paper, section 2.3: the VMM process restricts the
 * host system calls that the guest may make). One table; a call that matches
 * no row ends the machine.
 *
 * The check here is exact, and so is the filter of the in-process modes, where
 * it is the only judge (filter_inproc.c). The one behind a tracer's check
 * (policy_filter.c) is made of the same rows, but libseccomp compares one
 * argument with one constant, so that "address plus length stays inside"
 * becomes "address inside and length not larger than the whole".
 *
 * Invariants: no row opens, creates or names anything (paths, processes,
 * addresses of others); every row that takes a descriptor fixes which; memory
 * is mapped from the RAM file only and never over the window.
 */
#include "policy.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/falloc.h>
#include <linux/futex.h>
#include <seccomp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <time.h>

#include "abi/diskio.h"
#include "abi/layout.h"
#include "policy_table.h"

#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE 25 /* linux/mman.h since 6.1 */
#endif
#define PROT_RWX ((uint64_t)(PROT_READ | PROT_WRITE | PROT_EXEC))
#define ALL_BITS UINT64_MAX
#define KERNEL_SIGSET_BYTES 8
#define SIG_BIT(sig) (1ULL << (sig))
#define FD_BIT(fd) (1ULL << (fd))

/* arch_prctl(2) codes, asm/prctl.h: SET_GS, SET_FS, GET_FS, GET_GS */
#define ARCH_BASES 0x1000
#define ARCH_BASES_BITS 0x1eULL

/* Signals that are the guest kernel's interrupts and exceptions, and those
 * that it must be able to ignore. Never SIGKILL and kin, nor job control. */
#define KERNEL_SIGNALS                                                     \
	(SIG_BIT(SIGILL) | SIG_BIT(SIGTRAP) | SIG_BIT(SIGBUS) |            \
	 SIG_BIT(SIGFPE) | SIG_BIT(SIGUSR1) | SIG_BIT(SIGSEGV) |           \
	 SIG_BIT(SIGPIPE) | SIG_BIT(SIGALRM) | SIG_BIT(SIGWINCH) |         \
	 SIG_BIT(SIGIO) | SIG_BIT(SIGSYS))

#define READ_FDS                                                           \
	(FD_BIT(0) | FD_BIT(1) | FD_BIT(2) | FD_BIT(LODGER_FD_TTY) |       \
	 FD_BIT(LODGER_FD_BELL))
#define WRITE_FDS                                                          \
	(FD_BIT(0) | FD_BIT(1) | FD_BIT(2) | FD_BIT(LODGER_FD_TTY) |       \
	 FD_BIT(LODGER_FD_TRACE))

#define EQ(n, value, text) { LIMIT_EQ, n, (uint64_t)(value), 0, text }
#define LE(n, value, text) { LIMIT_LE, n, (uint64_t)(value), 0, text }
#define MASKED(n, mask, value, text) \
	{ LIMIT_MASKED, n, (uint64_t)(mask), (uint64_t)(value), text }
#define ONE_OF(n, base, bits, text) \
	{ LIMIT_ONE_OF, n, (uint64_t)(base), (uint64_t)(bits), text }

#define PROT_IS_RWX(n) \
	MASKED(n, ~PROT_RWX, 0, "protection bits beyond read, write, execute")
#define FD_IS_RAM EQ(0, LODGER_FD_RAM, "a descriptor other than the RAM file")
#define FD_IS_STREAM LE(0, 2, "a descriptor other than the three streams")
#define MMAP_LIMITS                                                        \
	{                                                                  \
		EQ(4, LODGER_FD_RAM, "a descriptor other than the RAM file"), \
		MASKED(3, ~(uint64_t)MAP_POPULATE, MAP_SHARED | MAP_FIXED, \
		       "flags other than MAP_SHARED|MAP_FIXED"),           \
		PROT_IS_RWX(2)                                             \
	}

/* A file behind a disk. What is read past its end is nothing; what is written
 * there would grow it. */
#define NO_BLOCK_FILE "a descriptor that is no stream, memory or disk"
#define BLOCK_ROWS(i)                                                      \
	{ __NR_pread64, USE_BLOCK_READ, REGION_ANY, SPAN_NONE,             \
	  { EQ(0, LODGER_FD_BLOCK + (i), NO_BLOCK_FILE) },                 \
	  "reads a disk" },                                             \
	{ __NR_preadv2, USE_BLOCK_READ, REGION_ANY, SPAN_NONE,             \
	  { EQ(0, LODGER_FD_BLOCK + (i), NO_BLOCK_FILE),                   \
	    EQ(2, 1, "more than one buffer"),                              \
	    EQ(5, RWF_NOWAIT, "flags other than RWF_NOWAIT") },            \
	  "reads what of a disk the host has in memory" },              \
	{ __NR_pwrite64, USE_BLOCK_WRITE, REGION_ANY, SPAN_PREAD,          \
	  { EQ(0, LODGER_FD_BLOCK + (i), NO_BLOCK_FILE) },                 \
	  "writes a disk" },                                            \
	{ __NR_fdatasync, USE_BLOCK_WRITE, REGION_ANY, SPAN_NONE,          \
	  { EQ(0, LODGER_FD_BLOCK + (i), NO_BLOCK_FILE) },                 \
	  "makes what was written to a disk last" },                    \
	{ __NR_fallocate, USE_BLOCK_WRITE, REGION_ANY, SPAN_FALLOCATE,     \
	  { EQ(0, LODGER_FD_BLOCK + (i), NO_BLOCK_FILE),                   \
	    EQ(1, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,              \
	       "a mode other than PUNCH_HOLE|KEEP_SIZE") },                \
	  "gives freed space of a disk back to the host" }

const struct policy_row policy_table[] = {
	/* The MMU: guest pages come and go. */
	{ __NR_mmap, USE_ALWAYS, REGION_USER_LOW, SPAN_MMAP, MMAP_LIMITS,
	  "maps guest RAM where a guest program's pages are" },
	{ __NR_mmap, USE_ALWAYS, REGION_USER_HIGH, SPAN_MMAP, MMAP_LIMITS,
	  "the same in the high range of --vspace=high" },
	{ __NR_munmap, USE_ALWAYS, REGION_BELOW_WINDOW, SPAN_NONE, {},
	  "unmaps guest pages; at start, whatever the host had put there" },
	{ __NR_munmap, USE_ALWAYS, REGION_ABOVE_WINDOW, SPAN_NONE, {},
	  "the same above the window" },
	{ __NR_mprotect, USE_ALWAYS, REGION_USER_LOW, SPAN_NONE, { PROT_IS_RWX(2) },
	  "changes what a guest program may do with its pages" },
	{ __NR_mprotect, USE_ALWAYS, REGION_USER_HIGH, SPAN_NONE, { PROT_IS_RWX(2) },
	  "the same in the high range of --vspace=high" },
	{ __NR_mprotect, USE_TRACED, REGION_CORE, SPAN_NONE,
	  { ONE_OF(2, 0, 1 | 1ULL << PROT_RWX,
		   "core protection other than none and all") },
	  "the gate opens and closes the guest kernel's core" },
	{ __NR_madvise, USE_ALWAYS, REGION_IN_CORE, SPAN_NONE,
	  { EQ(2, MADV_COLLAPSE, "advice other than MADV_COLLAPSE") },
	  "gathers core memory that comes into use in huge pages" },

	/* The disk and physical memory. */
	{ __NR_pread64, USE_ALWAYS, REGION_ANY, SPAN_PREAD, { FD_IS_RAM },
	  "copies guest RAM that is not mapped" },
	{ __NR_pwrite64, USE_ALWAYS, REGION_ANY, SPAN_PREAD, { FD_IS_RAM },
	  "copies into guest RAM that is not mapped" },
	{ __NR_pread64, USE_ALWAYS, REGION_ANY, SPAN_NONE,
	  { EQ(0, LODGER_FD_ROOT, "a descriptor other than RAM and root") },
	  "reads the root archive" },
	{ __NR_pwrite64, USE_IN_PROCESS, REGION_ANY, SPAN_NONE,
	  { EQ(0, LODGER_FD_KMEM, "a descriptor other than the RAM file"),
	    LE(2, LODGER_MOVED_STUB_BYTES, "more than one stub"),
	    MASKED(3, ~0x1ffffULL, LODGER_KFILE_OFFSET(LODGER_PATCH_SLOTS),
		   "an offset outside the stubs of patched call sites") },
	  "makes a call site's stub, which user mode may only execute" },
	{ __NR_fallocate, USE_ALWAYS, REGION_ANY, SPAN_FALLOCATE,
	  { FD_IS_RAM, EQ(1, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
			  "a mode other than PUNCH_HOLE|KEEP_SIZE") },
	  "gives freed guest RAM back to the host" },
	{ __NR_fallocate, USE_ALWAYS, REGION_ANY, SPAN_NONE,
	  { EQ(0, LODGER_FD_ROOT, "a descriptor other than RAM and root"),
	    EQ(1, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
	       "a mode other than PUNCH_HOLE|KEEP_SIZE") },
	  "gives back what of the root archive is unpacked" },
	BLOCK_ROWS(0), BLOCK_ROWS(1), BLOCK_ROWS(2), BLOCK_ROWS(3),
	BLOCK_ROWS(4), BLOCK_ROWS(5), BLOCK_ROWS(6), BLOCK_ROWS(7),

	/* The console and the three streams. */
	{ __NR_read, USE_ALWAYS, REGION_ANY, SPAN_NONE,
	  { ONE_OF(0, 0, READ_FDS, "a descriptor that is no stream") },
	  "input of the streams and the terminal; resets the bell" },
	{ __NR_readv, USE_ALWAYS, REGION_ANY, SPAN_NONE,
	  { ONE_OF(0, 0, READ_FDS, "a descriptor that is no stream") },
	  "input of the streams and the terminal" },
	{ __NR_write, USE_ALWAYS, REGION_ANY, SPAN_NONE,
	  { ONE_OF(0, 0, WRITE_FDS, "a descriptor that is no stream") },
	  "output to the streams, the terminal and the trace" },
	{ __NR_writev, USE_ALWAYS, REGION_ANY, SPAN_NONE,
	  { ONE_OF(0, 0, WRITE_FDS, "a descriptor that is no stream") },
	  "output to the streams, the terminal and the trace" },
	{ __NR_fstat, USE_ALWAYS, REGION_ANY, SPAN_NONE, { FD_IS_STREAM },
	  "size of a stream that is a regular file" },
	{ __NR_lseek, USE_ALWAYS, REGION_ANY, SPAN_NONE,
	  { FD_IS_STREAM, LE(2, SEEK_END, "an unknown whence") },
	  "position of a stream that is a regular file" },
	{ __NR_ioctl, USE_ALWAYS, REGION_ANY, SPAN_NONE,
	  { EQ(0, LODGER_FD_TTY, "a descriptor other than the terminal"),
	    EQ(1, TIOCGWINSZ, "a request other than TIOCGWINSZ") },
	  "size of the terminal" },
	{ __NR_ppoll, USE_ALWAYS, REGION_ANY, SPAN_NONE,
	  { LE(1, 8, "more than eight descriptors"),
	    LE(4, KERNEL_SIGSET_BYTES, "an odd signal set size") },
	  "sleeps until a stream is ready or an interrupt comes" },

	/* Clocks and randomness. */
	{ __NR_setitimer, USE_ALWAYS, REGION_ANY, SPAN_NONE,
	  { EQ(0, ITIMER_REAL, "a timer other than ITIMER_REAL") },
	  "the clock interrupt" },
	{ __NR_clock_gettime, USE_ALWAYS, REGION_ANY, SPAN_NONE,
	  { LE(0, CLOCK_TAI, "a clock of another process") },
	  "the clock" },
	{ __NR_getrandom, USE_ALWAYS, REGION_ANY, SPAN_NONE,
	  { LE(2, 7, "unknown flags") },
	  "the random source" },

	/* The processor: signals are its interrupts and exceptions. */
	{ __NR_rt_sigreturn, USE_TRACED, REGION_ANY, SPAN_NONE, {},
	  "returns from an interrupt" },
	{ __NR_rt_sigaction, USE_ALWAYS, REGION_ANY, SPAN_NONE,
	  { ONE_OF(0, 0, KERNEL_SIGNALS, "a signal that is no interrupt"),
	    EQ(3, KERNEL_SIGSET_BYTES, "an odd signal set size") },
	  "installs interrupt handlers at boot" },
	{ __NR_rt_sigprocmask, USE_ALWAYS, REGION_ANY, SPAN_NONE,
	  { LE(0, SIG_SETMASK, "an unknown operation"),
	    EQ(3, KERNEL_SIGSET_BYTES, "an odd signal set size") },
	  "disables and enables interrupts" },
	{ __NR_sigaltstack, USE_ALWAYS, REGION_ANY, SPAN_NONE, {},
	  "sets the interrupt stack" },
	{ __NR_arch_prctl, USE_ALWAYS, REGION_ANY, SPAN_NONE,
	  { ONE_OF(0, ARCH_BASES, ARCH_BASES_BITS,
		   "a code other than the fs and gs bases") },
	  "a guest program's fs and gs bases, without FSGSBASE" },
	/* Several host processes. */
	{ __NR_futex, USE_MULTI, REGION_ANY, SPAN_NONE,
	  { MASKED(0, ~0x0fffffffULL, LODGER_WINDOW_BASE,
		   "a word outside the core"),
	    LE(1, FUTEX_WAKE, "an operation other than WAIT and WAKE"),
	    EQ(3, 0, "a time-out or a second address") },
	  "hands the baton to another host process" },
	{ __NR_write, USE_MAKER, REGION_ANY, SPAN_NONE,
	  { EQ(0, LODGER_FD_MAKER, "a descriptor that is no stream"),
	    EQ(2, sizeof(struct lodger_maker_request), "no whole request") },
	  "asks the VMM process for a host process, or address space" },
	{ __NR_read, USE_MAKER, REGION_ANY, SPAN_NONE,
	  { EQ(0, LODGER_FD_MAKER, "a descriptor that is no stream"),
	    EQ(2, sizeof(struct lodger_maker_reply), "no whole answer") },
	  "the answer" },
	/* Files of the host. */
	{ __NR_write, USE_BROKER, REGION_ANY, SPAN_NONE,
	  { EQ(0, LODGER_FD_BROKER, "a descriptor that is no stream"),
	    LE(2, LODGER_BROKER_REQUEST_MAX, "more than a request") },
	  "asks the broker about a file of the host" },
	{ __NR_read, USE_BROKER, REGION_ANY, SPAN_NONE,
	  { EQ(0, LODGER_FD_BROKER, "a descriptor that is no stream"),
	    LE(2, LODGER_BROKER_REPLY_MAX, "more than an answer") },
	  "the answer" },
	{ __NR_write, USE_BROKER, REGION_ANY, SPAN_NONE,
	  { EQ(0, LODGER_FD_HOSTIO, "a descriptor that is no stream"),
	    EQ(2, sizeof(struct lodger_broker_request), "no whole request") },
	  "asks a helper of the broker's to wait for the host" },
	{ __NR_read, USE_BROKER, REGION_ANY, SPAN_NONE,
	  { EQ(0, LODGER_FD_HOSTIO, "a descriptor that is no stream"),
	    EQ(2, sizeof(struct lodger_broker_reply), "no whole answer") },
	  "the answer" },
	/* Who waits for disks. */
	{ __NR_write, USE_ALWAYS, REGION_ANY, SPAN_NONE,
	  { EQ(0, LODGER_FD_DISKIO, "a descriptor that is no stream"),
	    EQ(2, sizeof(struct lodger_diskio_request), "no whole request") },
	  "asks a helper to read a disk or to flush it" },
	{ __NR_read, USE_ALWAYS, REGION_ANY, SPAN_NONE,
	  { EQ(0, LODGER_FD_DISKIO, "a descriptor that is no stream"),
	    EQ(2, sizeof(struct lodger_diskio_reply), "no whole answer") },
	  "the answer" },
	{ __NR_getpid, USE_TRACED, REGION_ANY, SPAN_NONE, {},
	  "the no-op that stands for a guest program's call (step 2)" },
	{ __NR_exit_group, USE_ALWAYS, REGION_ANY, SPAN_NONE, {},
	  "switches the machine off" },
};

const size_t policy_table_rows = sizeof(policy_table) / sizeof(policy_table[0]);

struct policy_range policy_region_range(const struct policy_env *env,
					enum policy_region region)
{
	const struct policy_range none = { 0, 0 };

	switch (region) {
	case REGION_USER_LOW:
		return (struct policy_range){ env->user_low_min,
					      LODGER_USER_LOW_END };
	case REGION_USER_HIGH:
		if (!env->vspace_high)
			return none;
		return (struct policy_range){ LODGER_USER_HIGH_BASE,
					      LODGER_USER_HIGH_END };
	case REGION_BELOW_WINDOW:
		return (struct policy_range){ 0, LODGER_WINDOW_BASE };
	case REGION_ABOVE_WINDOW:
		return (struct policy_range){ LODGER_WINDOW_END,
					      LODGER_USER_HIGH_END };
	case REGION_CORE:
		return (struct policy_range){
			LODGER_CORE_BASE,
			LODGER_CORE_BASE +
				(env->unprotected ? 0 : env->core_bytes)
		};
	case REGION_IN_CORE:
		return (struct policy_range){ LODGER_CORE_BASE,
					      LODGER_CORE_BASE +
						      env->core_bytes };
	case REGION_ANY:
		return none;
	}
	return none;
}

const struct policy_span_args policy_span_args[] = {
	[SPAN_NONE] = { 0, 0 },
	[SPAN_MMAP] = { 5, 1 },
	[SPAN_PREAD] = { 3, 2 },
	[SPAN_FALLOCATE] = { 2, 3 },
};

static bool limit_holds(const struct policy_limit *limit, uint64_t value)
{
	switch (limit->op) {
	case LIMIT_EQ:
		return value == limit->a;
	case LIMIT_LE:
		return value <= limit->a;
	case LIMIT_MASKED:
		return (value & limit->a) == limit->b;
	case LIMIT_ONE_OF:
		return value - limit->a < 64 &&
		       (limit->b >> (value - limit->a) & 1);
	case LIMIT_END:
		break;
	}
	return true;
}

/* Does [start, start + len) lie inside? An empty one may be at the end. */
static bool range_holds(struct policy_range range, uint64_t start,
			uint64_t len)
{
	return start >= range.start && start <= range.end &&
	       len <= range.end - start;
}

static bool region_holds(const struct policy_env *env,
			 enum policy_region region, const uint64_t *arg)
{
	struct policy_range range = policy_region_range(env, region);

	if (region == REGION_ANY)
		return true;
	if (region == REGION_CORE)
		return arg[0] == range.start &&
		       arg[1] == range.end - range.start;
	if (range.start == range.end)
		return false;
	return arg[0] < range.end && range_holds(range, arg[0], arg[1]);
}

static bool span_holds(const struct policy_env *env,
		       const struct policy_row *row, const uint64_t *arg)
{
	const struct policy_range file = { 0, policy_span_bytes(env, row) };
	const struct policy_span_args *at = &policy_span_args[row->span];

	return row->span == SPAN_NONE ||
	       range_holds(file, arg[at->offset], arg[at->length]);
}

/* NULL if the row admits the call, else why not; *held counts what did hold,
 * so that the report speaks of the row that was nearest. */
static const char *row_refusal(const struct policy_env *env,
			       const struct policy_row *row,
			       const struct host_call *call, int *held)
{
	*held = 0;
	for (const struct policy_limit *limit = row->limit; limit->op;
	     limit++, (*held)++)
		if (!limit_holds(limit, call->arg[limit->arg]))
			return limit->refusal;
	if (!region_holds(env, row->region, call->arg))
		return "an address range outside what it may touch";
	(*held)++;
	if (!span_holds(env, row, call->arg))
		return row->use == USE_BLOCK_WRITE ?
			       "an offset or length past the end of the disk" :
			       "an offset or length past the end of the RAM file";
	return NULL;
}

bool policy_allows(const struct policy_env *env, const struct host_call *call,
		   const char **why)
{
	int held, best = -1;

	*why = "no guest kernel may make this call";
	if (call->arch != AUDIT_ARCH_X86_64) {
		*why = "not a 64-bit system call";
		return false;
	}
	for (size_t i = 0; i < policy_table_rows; i++) {
		const struct policy_row *row = &policy_table[i];
		const char *refusal;

		if (row->nr != call->nr || !policy_row_applies(env, row))
			continue;
		refusal = row_refusal(env, row, call, &held);
		if (!refusal)
			return true;
		if (held > best) {
			best = held;
			*why = refusal;
		}
	}
	return false;
}

const char *policy_call_name(uint64_t nr)
{
	/* Filled on demand from libseccomp's own table, never freed; the VMM
	 * process has one thread. */
	static const char *name[LODGER_NSYSCALL];

	if (nr >= LODGER_NSYSCALL)
		return NULL;
	if (!name[nr])
		name[nr] = seccomp_syscall_resolve_num_arch(SCMP_ARCH_X86_64,
							    (int)nr);
	return name[nr];
}

/* What a row admits, as a clause; "" where it limits nothing. */
static void print_limits(FILE *out, const struct policy_row *row)
{
	static const char *const region_text[] = {
		[REGION_ANY] = NULL,
		[REGION_USER_LOW] = "range in low user space",
		[REGION_USER_HIGH] = "range in high user space",
		[REGION_BELOW_WINDOW] = "range below the window",
		[REGION_ABOVE_WINDOW] = "range above the window",
		[REGION_CORE] = "exactly the kernel's core",
		[REGION_IN_CORE] = "range in the kernel's core",
	};
	const char *before = "only: ";

	if (region_text[row->region]) {
		fprintf(out, "%17s%s%s", "", before, region_text[row->region]);
		before = ", ";
	}
	if (row->span) {
		fprintf(out, "%*s%soffset and length inside %s",
			*before == ',' ? 0 : 17, "", before,
			row->use == USE_BLOCK_WRITE ? "the disk" : "the RAM file");
		before = ", ";
	}
	if (*before == ',')
		fputc('\n', out);
	before = "never: ";
	for (const struct policy_limit *limit = row->limit; limit->op;
	     limit++) {
		fprintf(out, "%*s%s%s", *before == ',' ? 0 : 17, "", before,
			limit->refusal);
		before = ", ";
	}
	if (*before == ',')
		fputc('\n', out);
}

void policy_print(FILE *out)
{
	fprintf(out, "Host system calls that a guest kernel may make; any other ends the machine.\n\n");
	for (size_t i = 0; i < policy_table_rows; i++) {
		const struct policy_row *row = &policy_table[i];

		if (row->use >= USE_BLOCK_READ && policy_row_block(row))
			continue; /* as for the first disk */
		fprintf(out, "%-16s %s%s\n", policy_call_name(row->nr),
			row->why,
			row->use == USE_TRACED ? " (traced modes only)" :
			row->use == USE_IN_PROCESS ? " (other modes only)" :
			row->use == USE_MULTI ? " (--space multi only)" :
			row->use == USE_BROKER ? " (with --bind or --root DIR only)" :
			row->use == USE_MAKER ? " (--space multi and kmod, --protect kmod-mm only)" :
			row->use == USE_BLOCK_READ ? " (where there is one)" :
			row->use == USE_BLOCK_WRITE ? " (that is writable)" : "");
		print_limits(out, row);
	}
}
