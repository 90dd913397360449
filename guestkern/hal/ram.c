/* Guest RAM through the RAM file, and the root archive. */
#include "hal/exec_guard.h"
#include "hal/host.h"
#include "lib/bug.h"
#include "lib/err.h"

#include <linux/falloc.h>

#define HUGE_PAGE (2UL << 20)

static const u8 zero_page[PAGE_SIZE] __attribute__((aligned(PAGE_SIZE)));
static u8 bounce[PAGE_SIZE] __attribute__((aligned(PAGE_SIZE)));

static void ram_io(u64 nr, u64 at, u64 buf, u64 len)
{
	while (len) {
		s64 n = host_call4(nr, LODGER_FD_RAM, buf, len, at);

		if (n <= 0)
			panic("host memory file: call %llu at %llx for %llu: %lld",
			      (unsigned long long)nr, (unsigned long long)at,
			      (unsigned long long)len, (long long)n);
		at += (u64)n;
		buf += (u64)n;
		len -= (u64)n;
	}
}

void ram_read(gpa_t from, void *to, size_t len_bytes)
{
	ram_io(__NR_pread64, from.v, (u64)to, len_bytes);
}

static void write_now(gpa_t to, const void *from, size_t len_bytes)
{
	ram_io(__NR_pwrite64, to.v, (u64)from, len_bytes);
}

void ram_poke(gpa_t to, const void *from, size_t len_bytes)
{
	exec_guard_poke(to, write_now, from, len_bytes);
}

void ram_written(gpa_t at, size_t len_bytes)
{
	exec_guard_write(at, len_bytes);
}

void ram_fresh(gpa_t at, size_t len_bytes)
{
	exec_guard_fresh(at, len_bytes);
}

void ram_write(gpa_t to, const void *from, size_t len_bytes)
{
	exec_guard_write(to, len_bytes);
	ram_io(__NR_pwrite64, to.v, (u64)from, len_bytes);
}

/* A hole in a part of a huge page would cost the page. */
static bool zero_by_hole(gpa_t at, size_t len_bytes)
{
	u64 unit = boot_info()->flags & LODGER_BOOT_RAM_HUGE ? HUGE_PAGE : PAGE_SIZE;

	return ((at.v | len_bytes) & (unit - 1)) == 0 && len_bytes > PAGE_SIZE;
}

void ram_zero(gpa_t at, size_t len_bytes)
{
	exec_guard_write(at, len_bytes);
	counters()->pages_zeroed += ALIGN_UP(len_bytes, PAGE_SIZE) / PAGE_SIZE;
	if (zero_by_hole(at, len_bytes)) {
		ram_discard(at, len_bytes);
		return;
	}
	while (len_bytes) {
		size_t n = MIN(len_bytes, PAGE_SIZE);

		ram_io(__NR_pwrite64, at.v, (u64)zero_page, n);
		at.v += n;
		len_bytes -= n;
	}
}

void ram_copy(gpa_t to, gpa_t from, size_t len_bytes)
{
	counters()->pages_copied += ALIGN_UP(len_bytes, PAGE_SIZE) / PAGE_SIZE;
	while (len_bytes) {
		size_t n = MIN(len_bytes, PAGE_SIZE);

		ram_read(from, bounce, n);
		ram_write(to, bounce, n);
		from.v += n;
		to.v += n;
		len_bytes -= n;
	}
}

void ram_discard(gpa_t at, size_t len_bytes)
{
	s64 err;

	exec_guard_write(at, len_bytes);
	err = host_call4(__NR_fallocate, LODGER_FD_RAM,
			     FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, at.v,
			     len_bytes);

	if (err)
		panic("host memory file: discard of %llu bytes: %lld",
		      (unsigned long long)len_bytes, (long long)err);
}

s64 archive_read(u64 offset, void *buf, size_t len_bytes)
{
	s64 n = host_call4(__NR_pread64, LODGER_FD_ROOT, (u64)buf, len_bytes,
			   offset);

	return n < 0 ? -EIO : n;
}

void archive_release(u64 offset, u64 len_bytes)
{
	/* A host's file, which is only open for reading, refuses: it stays. */
	(void)host_call4(__NR_fallocate, LODGER_FD_ROOT,
			 FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, offset, len_bytes);
}
