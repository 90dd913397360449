/*
 * The MMU misused: other files, other places, other protections. Without the
 * limits the guest kernel could map the kernel file or its own streams, cover
 * the gate, or keep mappings that the VMM does not know.
 */
#include <linux/mman.h>

#include "abi/layout.h"
#include "hostile.h"

#define RWX (PROT_READ | PROT_WRITE | PROT_EXEC)
#define RW (PROT_READ | PROT_WRITE)
#define SHARED_FIXED (MAP_SHARED | MAP_FIXED)
#define PAGE 0x1000
#define SOME 0x500000

#define BAD_FD "a descriptor other than the RAM file"
#define BAD_FLAGS "flags other than MAP_SHARED|MAP_FIXED"
#define BAD_PROT "protection bits beyond read, write, execute"
#define BAD_PLACE "an address range outside what it may touch"
#define BAD_ADVICE "advice other than MADV_COLLAPSE"
#define BAD_SPAN "an offset or length past the end of the RAM file"

#define MAP(text, why, at, len, prot, flags, fd, offset)            \
	{                                                           \
		.name = text, .status = STATUS_REFUSED,             \
		.line = REFUSED("mmap", why), .nr = __NR_mmap,      \
		.arg = { at, len, prot, flags, fd, offset }         \
	}
#define OTHER(text, call, why, ...)                                 \
	{                                                           \
		.name = text, .status = STATUS_REFUSED,             \
		.line = REFUSED(#call, why), .nr = __NR_##call,     \
		.arg = { __VA_ARGS__ }                              \
	}

static void past_the_end(void)
{
	let_through(host_call6(__NR_mmap, SOME, PAGE, RW, SHARED_FIXED,
			       LODGER_FD_RAM, boot_info()->ram_bytes));
}

static void across_the_end(void)
{
	let_through(host_call6(__NR_mmap, SOME, 2 * PAGE, RW, SHARED_FIXED,
			       LODGER_FD_RAM, boot_info()->ram_bytes - PAGE));
}

static void core_and_more(void)
{
	let_through(host_call3(__NR_mprotect, LODGER_CORE_BASE,
			       boot_info()->core_bytes + PAGE, RWX));
}

static void core_less(void)
{
	let_through(host_call3(__NR_mprotect, LODGER_CORE_BASE,
			       boot_info()->core_bytes - PAGE, 0));
}

static void core_read_only(void)
{
	let_through(host_call3(__NR_mprotect, LODGER_CORE_BASE,
			       boot_info()->core_bytes, PROT_READ));
}

/* Allowed, and must be: at most its own death. The core is gone under the
 * feet of the call's return. */
static void core_closed_by_stub(void)
{
	let_through(host_call3(__NR_mprotect, LODGER_CORE_BASE,
			       boot_info()->core_bytes, 0));
}

/* Every mapping the host gives: it must say when it has no more. */
static void many_mappings(void)
{
	u64 page;
	s64 at = 0;

	for (page = 0; page < 70000; page++) {
		at = host_call6(__NR_mmap, 0x1000000 + page * 2 * PAGE, PAGE,
				RW, SHARED_FIXED, LODGER_FD_RAM,
				page % 1024 * PAGE);
		if (at < 0)
			break;
	}
	host_call3(__NR_munmap, 0x1000000, 0x40000000, 0);
	machine_halt(LODGER_HALT_EXIT, at < 0 ? 42 : 0, "");
}

static const struct attack table[] = {
	/* other descriptors */
	MAP("map-kmem", BAD_FD, SOME, PAGE, RWX, SHARED_FIXED, LODGER_FD_KMEM, 0),
	MAP("map-root", BAD_FD, SOME, PAGE, RW, SHARED_FIXED, LODGER_FD_ROOT, 0),
	MAP("map-stdin", BAD_FD, SOME, PAGE, RW, SHARED_FIXED, 0, 0),
	MAP("map-stdout", BAD_FD, SOME, PAGE, RW, SHARED_FIXED, 1, 0),
	MAP("map-tty", BAD_FD, SOME, PAGE, RW, SHARED_FIXED, LODGER_FD_TTY, 0),
	MAP("map-no-fd", BAD_FD, SOME, PAGE, RW, SHARED_FIXED, (u64)-1, 0),
	MAP("map-fd-high-word", BAD_FD, SOME, PAGE, RW, SHARED_FIXED,
	    LODGER_FD_RAM | 1ULL << 32, 0),

	/* other kinds */
	MAP("map-anonymous", "*", SOME, PAGE, RW,
	    MAP_PRIVATE | MAP_FIXED | MAP_ANONYMOUS, (u64)-1, 0),
	MAP("map-anonymous-with-ram-fd", BAD_FLAGS, SOME, PAGE, RW,
	    MAP_PRIVATE | MAP_FIXED | MAP_ANONYMOUS, LODGER_FD_RAM, 0),
	MAP("map-shared-anonymous", BAD_FLAGS, SOME, PAGE, RW,
	    SHARED_FIXED | MAP_ANONYMOUS, LODGER_FD_RAM, 0),
	MAP("map-private", BAD_FLAGS, SOME, PAGE, RW, MAP_PRIVATE | MAP_FIXED,
	    LODGER_FD_RAM, 0),
	MAP("map-anywhere", BAD_FLAGS, 0, PAGE, RW, MAP_SHARED, LODGER_FD_RAM, 0),
	MAP("map-noreplace", BAD_FLAGS, SOME, PAGE, RW,
	    MAP_SHARED | MAP_FIXED_NOREPLACE, LODGER_FD_RAM, 0),
	MAP("map-growsdown", BAD_FLAGS, SOME, PAGE, RW,
	    SHARED_FIXED | MAP_GROWSDOWN, LODGER_FD_RAM, 0),
	MAP("map-locked", BAD_FLAGS, SOME, PAGE, RW, SHARED_FIXED | MAP_LOCKED,
	    LODGER_FD_RAM, 0),
	MAP("map-hugetlb", BAD_FLAGS, SOME, PAGE, RW,
	    SHARED_FIXED | MAP_HUGETLB, LODGER_FD_RAM, 0),
	MAP("map-flags-high-word", BAD_FLAGS, SOME, PAGE, RW,
	    SHARED_FIXED | 1ULL << 32, LODGER_FD_RAM, 0),
	MAP("map-prot-growsdown", BAD_PROT, SOME, PAGE, PROT_GROWSDOWN | RW,
	    SHARED_FIXED, LODGER_FD_RAM, 0),
	MAP("map-prot-high-word", BAD_PROT, SOME, PAGE, 1ULL << 32 | RW,
	    SHARED_FIXED, LODGER_FD_RAM, 0),

	/* other places */
	MAP("map-over-gate", BAD_PLACE, LODGER_GATE_TEXT, PAGE, RWX,
	    SHARED_FIXED, LODGER_FD_RAM, 0),
	MAP("map-over-signal-stack", BAD_PLACE, LODGER_SIGSTACK_BASE, PAGE, RWX,
	    SHARED_FIXED, LODGER_FD_RAM, 0),
	MAP("map-over-core", BAD_PLACE, LODGER_CORE_BASE, 0x200000, RWX,
	    SHARED_FIXED, LODGER_FD_RAM, 0),
	MAP("map-in-window", BAD_PLACE, 0x90000000, PAGE, RWX, SHARED_FIXED,
	    LODGER_FD_RAM, 0),
	MAP("map-into-window", BAD_PLACE, LODGER_WINDOW_BASE - PAGE, 2 * PAGE,
	    RWX, SHARED_FIXED, LODGER_FD_RAM, 0),
	MAP("map-out-of-window", BAD_PLACE, LODGER_WINDOW_END - PAGE, 2 * PAGE,
	    RWX, SHARED_FIXED, LODGER_FD_RAM, 0),
	MAP("map-above-window", BAD_PLACE, LODGER_WINDOW_END, PAGE, RWX,
	    SHARED_FIXED, LODGER_FD_RAM, 0),
	MAP("map-high", BAD_PLACE, LODGER_USER_HIGH_BASE, PAGE, RWX,
	    SHARED_FIXED, LODGER_FD_RAM, 0),
	MAP("map-zero", BAD_PLACE, 0, PAGE, RWX, SHARED_FIXED, LODGER_FD_RAM, 0),
	MAP("map-low", BAD_PLACE, 0xf000, PAGE, RWX, SHARED_FIXED,
	    LODGER_FD_RAM, 0),
	MAP("map-length-wraps", BAD_PLACE, SOME, -(u64)PAGE, RW, SHARED_FIXED,
	    LODGER_FD_RAM, 0),
	MAP("map-non-canonical", BAD_PLACE, 1ULL << 63, PAGE, RW, SHARED_FIXED,
	    LODGER_FD_RAM, 0),
	MAP("map-host-half", BAD_PLACE, 0xffff800000000000, PAGE, RW,
	    SHARED_FIXED, LODGER_FD_RAM, 0),
	MAP("map-offset-wraps", BAD_SPAN, SOME, PAGE, RW, SHARED_FIXED,
	    LODGER_FD_RAM, -(u64)PAGE),
	MAP("map-offset-huge", BAD_SPAN, SOME, PAGE, RW, SHARED_FIXED,
	    LODGER_FD_RAM, 1ULL << 40),
	{ "map-past-the-end", STATUS_REFUSED, REFUSED("mmap", BAD_SPAN),
	  .run = past_the_end },
	{ "map-across-the-end", STATUS_REFUSED, REFUSED("mmap", BAD_SPAN),
	  .run = across_the_end },

	/* the ground of the machine */
	OTHER("munmap-gate", munmap, BAD_PLACE, LODGER_GATE_TEXT, PAGE),
	OTHER("munmap-signal-stack", munmap, BAD_PLACE, LODGER_SIGSTACK_BASE,
	      LODGER_SIGSTACK_SIZE),
	OTHER("munmap-core", munmap, BAD_PLACE, LODGER_CORE_BASE, 0x200000),
	OTHER("munmap-window", munmap, BAD_PLACE, LODGER_WINDOW_BASE,
	      LODGER_WINDOW_END - LODGER_WINDOW_BASE),
	OTHER("munmap-into-window", munmap, BAD_PLACE, LODGER_WINDOW_BASE - PAGE,
	      2 * PAGE),
	OTHER("munmap-all", munmap, BAD_PLACE, 0, LODGER_USER_HIGH_END),
	OTHER("munmap-wraps", munmap, BAD_PLACE, 0, (u64)-PAGE),
	OTHER("mprotect-gate-rwx", mprotect, "*", LODGER_GATE_TEXT, PAGE, RWX),
	OTHER("mprotect-gate-none", mprotect, "*", LODGER_GATE_TEXT, PAGE, 0),
	OTHER("mprotect-gate-const", mprotect, "*", LODGER_GATE_CONST, PAGE, RW),
	OTHER("mprotect-signal-stack-x", mprotect, "*", LODGER_SIGSTACK_BASE,
	      LODGER_SIGSTACK_SIZE, RWX),
	OTHER("mprotect-signal-stack-none", mprotect, "*", LODGER_SIGSTACK_BASE,
	      LODGER_SIGSTACK_SIZE, 0),
	OTHER("mprotect-core-page", mprotect, "*", LODGER_CORE_BASE, PAGE, RWX),
	OTHER("mprotect-core-page-none", mprotect, "*", LODGER_CORE_BASE, PAGE, 0),
	OTHER("mprotect-window", mprotect, "*", LODGER_WINDOW_BASE,
	      LODGER_WINDOW_END - LODGER_WINDOW_BASE, RWX),
	OTHER("mprotect-user-growsdown", mprotect, BAD_PROT, SOME, PAGE,
	      PROT_GROWSDOWN | RW),
	OTHER("mprotect-user-pkey-bits", mprotect, BAD_PROT, SOME, PAGE, 0x10),
	{ "mprotect-core-and-more", STATUS_REFUSED, REFUSED("mprotect", "*"),
	  .run = core_and_more },
	{ "mprotect-core-less", STATUS_REFUSED, REFUSED("mprotect", "*"),
	  .run = core_less },
	{ "mprotect-core-read-only", STATUS_REFUSED, REFUSED("mprotect", "*"),
	  .run = core_read_only },
	{ "core-closed-by-the-stub", STATUS_REFUSED, FAULT("SEGV"),
	  .run = core_closed_by_stub, .inside = REFUSED("mprotect", "*") },

	/* other memory calls */
	OTHER("mremap", mremap, NOT_THIS_CALL, USER_CODE, PAGE, 2 * PAGE, 1),
	OTHER("remap-file-pages", remap_file_pages, NOT_THIS_CALL, USER_CODE,
	      PAGE, 0, 1, 0),
	OTHER("madvise-remove", madvise, BAD_ADVICE, LODGER_CORE_BASE, PAGE,
	      MADV_REMOVE),
	OTHER("madvise-wipe", madvise, BAD_ADVICE, USER_CODE, PAGE,
	      MADV_DONTNEED),
	OTHER("madvise-gather-elsewhere", madvise, BAD_PLACE, USER_CODE, PAGE,
	      MADV_COLLAPSE),
	OTHER("pkey-mprotect", pkey_mprotect, NOT_THIS_CALL, LODGER_CORE_BASE,
	      PAGE, RWX, (u64)-1),
	OTHER("pkey-alloc", pkey_alloc, NOT_THIS_CALL, 0, 0),
	OTHER("brk", brk, NOT_THIS_CALL, 0),
	OTHER("mlockall", mlockall, NOT_THIS_CALL, 3),
	OTHER("mlock", mlock, NOT_THIS_CALL, USER_CODE, PAGE),
	OTHER("msync", msync, NOT_THIS_CALL, USER_CODE, PAGE, 4),
	OTHER("mincore", mincore, NOT_THIS_CALL, USER_CODE, PAGE, 0),
	OTHER("mbind", mbind, NOT_THIS_CALL, USER_CODE, PAGE, 0, 0, 0, 0),
	{ "many-mappings", 42, NULL, .run = many_mappings },
};

FAMILY(memory, table);
