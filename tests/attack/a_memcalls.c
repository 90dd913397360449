/*
 * The window named to the memory calls: mapped over, unmapped, protected,
 * moved, grown into.
 *
 * Without the defence (the guest's page tables cover its user ranges only)
 * a program maps its own page over the gate or the core.
 */
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <syscall.h>
#include <test.h>
#include <unistd.h>

#include "libattack.h"

#define RWX (PROT_READ | PROT_WRITE | PROT_EXEC)

static const struct {
	unsigned long at, len;
} ranges[] = {
	{ LODGER_GATE_TEXT, 0x1000 },
	{ LODGER_GATE_CONST, 0x1000 },
	{ LODGER_SIGSTACK_BASE, LODGER_SIGSTACK_SIZE },
	{ LODGER_CORE_BASE, 0x1000 },
	{ LODGER_CORE_BASE, 0x200000 },
	{ 0x78000000, 0x1000 },
	{ 0x90000000, 0x100000 },
	{ LODGER_WINDOW_END - 0x1000, 0x1000 },
	{ LODGER_WINDOW_BASE, LODGER_WINDOW_END - LODGER_WINDOW_BASE },
	/* reaching in from below, out above, and over the whole */
	{ LODGER_WINDOW_BASE - 0x1000, 0x2000 },
	{ LODGER_WINDOW_BASE - 0x100000, 0x1000000 },
	{ LODGER_WINDOW_END - 0x1000, 0x2000 },
	{ 0x60000000, 0x70000000 },
	/* wrapping round */
	{ LODGER_WINDOW_BASE - 0x1000, -0x1000UL },
	{ LODGER_WINDOW_BASE, -0x1000UL },
	{ -0x1000UL, 0x2000 },
	/* above everything */
	{ LODGER_WINDOW_END, 0x1000 },
	{ 0x7fffffffe000, 0x2000 },
	{ 0x800000000000, 0x1000 },
	{ 0xffff800000000000, 0x1000 },
};

static int outside_user(unsigned long at, unsigned long len)
{
	return at + len > LODGER_WINDOW_BASE || at + len < at;
}

/* What the machine stands on is as it was. */
static void check_ground(void)
{
	static unsigned char gate[4096];
	static int have_gate;

	if (!have_gate)
		memcpy(gate, (void *)LODGER_GATE_TEXT, sizeof(gate));
	have_gate = 1;
	CHECK_EQ(memcmp(gate, (void *)LODGER_GATE_TEXT, sizeof(gate)), 0);
	CHECK(!attack_can_write(LODGER_GATE_TEXT));
	CHECK(!attack_can_read(LODGER_CORE_BASE));
	CHECK(!attack_can_run(LODGER_SIGSTACK_BASE));
	CHECK_EQ(getpid(), sys0(__NR_getpid));
}

static void map_fixed(void)
{
	static const int flags[] = {
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED,
		MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_POPULATE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_GROWSDOWN,
	};
	size_t i, j;

	attack_need_machine();
	check_ground();
	for (i = 0; i < ARRAY_SIZE(ranges); i++)
		for (j = 0; j < ARRAY_SIZE(flags); j++) {
			long ret = sys6(__NR_mmap, (long)ranges[i].at,
					(long)ranges[i].len, RWX, flags[j], -1, 0);

			if (ret >= 0 || ret < -4095)
				test_fail(__FILE__, __LINE__,
					  "mmap(%#lx, %#lx) returned %#lx",
					  ranges[i].at, ranges[i].len, ret);
			check_ground();
		}
}

/* A hint is only a hint; what comes back lies in user space. */
static void map_hinted(void)
{
	size_t i;

	attack_need_machine();
	check_ground();
	for (i = 0; i < ARRAY_SIZE(ranges); i++) {
		long ret = sys6(__NR_mmap, (long)ranges[i].at, 0x4000, RWX,
				MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		if (ret > 0) {
			CHECK(!outside_user((unsigned long)ret, 0x4000));
			CHECK_OK(munmap((void *)ret, 0x4000));
		}
	}
	check_ground();
}

/* All of user space, in ever smaller pieces: none may touch the window. */
static void map_everything_child(void)
{
	unsigned long len = 1UL << 30;

	while (len >= 0x100000) {
		unsigned long ret = (unsigned long)sys6(
			__NR_mmap, 0, (long)len, PROT_NONE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

		if (ret > -4096UL) {
			len /= 2;
			continue;
		}
		CHECK(!outside_user(ret, len));
	}
	check_ground();
}

static void map_everything(void)
{
	attack_need_machine();
	check_ground();
	test_child(map_everything_child);
	attack_check_alive();
}

/* mprotect, munmap and their kin: whatever they answer, nothing changes. */
static void others_child(void)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(ranges); i++) {
		const long at = (long)ranges[i].at;
		const long len = (long)ranges[i].len;

		/* what begins below may change the program's own part */
		if (ranges[i].at < LODGER_WINDOW_BASE)
			continue;
		CHECK(sys3(__NR_mprotect, at, len, RWX) < 0);
		CHECK(sys3(__NR_mprotect, at, len, PROT_NONE) < 0);
		check_ground();
		sys2(__NR_munmap, at, len);
		check_ground();
		sys3(__NR_madvise, at, len, MADV_DONTNEED);
		sys3(__NR_madvise, at, len, MADV_FREE);
		sys3(__NR_madvise, at, len, MADV_REMOVE);
		sys3(__NR_madvise, at, len, 21 /* PAGEOUT */);
		check_ground();
		sys3(__NR_msync, at, len, MS_SYNC | MS_INVALIDATE);
		sys2(__NR_mlock, at, len);
		sys2(__NR_munlock, at, len);
		sys6(__NR_remap_file_pages, at, len, 0, 0, 0, 0);
		sys6(__NR_pkey_mprotect, at, len, RWX, -1, 0, 0);
		check_ground();
	}
}

static void others(void)
{
	attack_need_machine();
	check_ground();
	test_child(others_child);
	attack_check_closed();
	attack_check_alive();
}

/* munmap of a range that begins in user space and reaches into the window:
 * the program's part may go, the window not. */
static void unmap_into_window(void)
{
	attack_need_machine();
	check_ground();
	attack_page(0x6ffff000);
	sys2(__NR_munmap, 0x6ffff000, 0x2000);
	check_ground();
	sys2(__NR_munmap, 0x6ffff000, LODGER_WINDOW_END - 0x6ffff000UL);
	check_ground();
	attack_check_alive();
}

/* Moving pages into the window, or the window's pages out of it. */
static void move(void)
{
	char *page = attack_page(0x30000000);
	size_t i;

	attack_need_machine();
	check_ground();
	strcpy(page, "mine");
	for (i = 0; i < ARRAY_SIZE(ranges); i++) {
		const long at = (long)ranges[i].at;

		if (!outside_user(ranges[i].at, 0x1000))
			continue;
		CHECK(sys6(__NR_mremap, (long)page, 0x1000, 0x1000,
			   MREMAP_MAYMOVE | MREMAP_FIXED, at, 0) < 0);
		CHECK(sys6(__NR_mremap, at, 0x1000, 0x2000, MREMAP_MAYMOVE, 0,
			   0) < 0);
		CHECK(sys6(__NR_mremap, at, 0x1000, 0x1000,
			   MREMAP_MAYMOVE | MREMAP_FIXED, 0x40000000, 0) < 0);
		CHECK(sys6(__NR_mremap, at, 0, 0x1000, MREMAP_MAYMOVE, 0, 0) < 0);
		CHECK_STR(page, "mine");
		check_ground();
	}
}

/* Growing a mapping at the very edge. */
static void grow_into_window(void)
{
	attack_need_machine();
	check_ground();
	attack_page(0x6ffff000);
	CHECK(sys6(__NR_mremap, 0x6ffff000, 0x1000, 0x2000, 0, 0, 0) < 0);
	CHECK(sys6(__NR_mremap, 0x6ffff000, 0x1000, -0x1000, 0, 0, 0) < 0);
	check_ground();
}

/* brk answers with the end in force. */
static void brk_into_window(void)
{
	char *end = sys_brk(NULL);

	attack_need_machine();
	check_ground();
	CHECK_EQ(sys_brk((void *)LODGER_GATE_CONST), end);
	CHECK_EQ(sys_brk((void *)(LODGER_CORE_BASE + 0x1000)), end);
	CHECK_EQ(sys_brk((void *)LODGER_WINDOW_END), end);
	CHECK_EQ(sys_brk((void *)0x7ffffffff000), end);
	CHECK_EQ(sys_brk((void *)-1L), end);
	CHECK_EQ(sys_brk((void *)8), end);
	check_ground();
}

/* A stack that grows down into... the window from above is not there; one
 * that would grow over what lies below it must not either. */
static void mincore_of_window(void)
{
	unsigned char vec[4];

	attack_need_machine();
	CHECK(sys3(__NR_mincore, LODGER_CORE_BASE, 0x1000, (long)vec) < 0);
	CHECK(sys3(__NR_mincore, LODGER_GATE_TEXT, 0x1000, (long)vec) < 0);
}

/* The kernel must not name what it keeps secret. */
static void maps_file(void)
{
	static char text[65536];
	const char *at;

	attack_need_machine();
	test_read_file("/proc/self/maps", text, sizeof(text));
	for (at = text; *at; at = strchr(at, '\n') + 1) {
		unsigned long start = 0;

		while (*at != '-')
			start = start * 16 + (unsigned long)(
				*at <= '9' ? *at - '0' : *at - 'a' + 10),
			at++;
		CHECK(start < LODGER_WINDOW_BASE || start >= LODGER_WINDOW_END);
	}
}

static const struct test_case cases[] = {
	{ "mmap over the window", map_fixed },
	{ "mmap with a hint in the window", map_hinted },
	{ "mmap of all there is", map_everything },
	{ "mprotect, munmap, madvise and others", others },
	{ "munmap into the window", unmap_into_window },
	{ "mremap into and out of the window", move },
	{ "mremap that grows into the window", grow_into_window },
	{ "brk into the window", brk_into_window },
	{ "mincore of the window", mincore_of_window },
	{ "/proc/self/maps", maps_file },
};
TEST_MAIN(cases)
