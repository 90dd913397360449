/*
 * The fake machine's board: boot data, RAM, core heap, clock, interrupts,
 * ends. See fake_hal.h.
 */
#include "fake_hal.h"

#include "abi/layout.h"
#include "lib/bug.h"
#include "lib/printf.h"
#include "mm/mm.h"
#include "mm/page.h"
#include "mm/slab.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define DEFAULT_RAM_BYTES (32UL << 20)
#define DEFAULT_HEAP_BYTES (16UL << 20)

int fake_ram_fd = -1; /* the as backend maps it */

static struct lodger_boot boot;
static struct lodger_counters counts;
static u8 *ram_view, *heap;
static u64 heap_bytes;
static u64 now_ns, deadline_ns, real_step_ns;
static void (*irq_fn[IRQ_END])(void);
static char trace_text[1 << 16];
static size_t trace_len;
static const u8 *archive_data;
static size_t archive_bytes;

void (*fake_idle_hook)(void);
void (*fake_halt_hook)(u32 reason, int status, const char *text);

static void *map_or_die(size_t len, int flags, int fd)
{
	void *at = mmap(NULL, len, PROT_READ | PROT_WRITE, flags, fd, 0);

	if (at == MAP_FAILED) {
		perror("fake hal: mmap");
		abort();
	}
	return at;
}

void fake_hal_init(const struct fake_config *config)
{
	static const struct fake_config none;

	if (!config)
		config = &none;
	memset(&boot, 0, sizeof(boot));
	boot.magic = LODGER_ABI_MAGIC;
	boot.abi_version = LODGER_ABI_VERSION;
	boot.flags = config->boot_flags;
	boot.ram_bytes = config->ram_bytes ? config->ram_bytes : DEFAULT_RAM_BYTES;
	boot.user_low_min = FAKE_USER_MIN;
	boot.xfeatures = 3;
	boot.xstate_bytes = 576;
	boot.minsigstksz = 2048;
	heap_bytes = config->heap_bytes ? config->heap_bytes : DEFAULT_HEAP_BYTES;
	heap = map_or_die(heap_bytes, MAP_PRIVATE | MAP_ANONYMOUS, -1);
	fake_ram_fd = memfd_create("ram", MFD_CLOEXEC);
	if (fake_ram_fd < 0 || ftruncate(fake_ram_fd, (off_t)boot.ram_bytes)) {
		perror("fake hal: memfd");
		abort();
	}
	ram_view = map_or_die(boot.ram_bytes, MAP_SHARED, fake_ram_fd);
	now_ns = NS_PER_SEC;
	deadline_ns = UINT64_MAX;
}

void fake_boot_mm(const struct fake_config *config)
{
	fake_hal_init(config);
	kmem_init();
	if (page_init(boot.ram_bytes))
		panic("fake hal: page_init");
	mm_init();
}

/* --- boot data ------------------------------------------------------------------ */

struct lodger_boot *fake_boot_info(void)
{
	return &boot;
}

const struct lodger_boot *boot_info(void)
{
	return &boot;
}

const char *boot_string(u32 offset)
{
	return offset < sizeof(boot.strings) ? boot.strings + offset : "";
}

struct lodger_counters *counters(void)
{
	return &counts;
}

void core_heap_range(u64 *start, u64 *end)
{
	*start = (u64)heap;
	*end = (u64)heap + heap_bytes;
}

static u64 gathered;

u64 core_gather(u64 start, u64 end)
{
	if (start < (u64)heap || start >= end || end > (u64)heap + heap_bytes)
		panic("core_gather of what is no core");
	gathered = end;
	return end;
}

u64 fake_core_gathered(void)
{
	return gathered;
}

static void *hog_chain;

void fake_heap_hog(void)
{
	void **page;

	while ((page = kpages_alloc(0))) {
		*page = hog_chain;
		hog_chain = page;
	}
}

void fake_heap_release(void)
{
	while (hog_chain) {
		void **page = hog_chain;

		hog_chain = *page;
		kpages_free(page, 0);
	}
}

/* --- RAM ------------------------------------------------------------------------- */

u8 *fake_ram(pfn_t pfn)
{
	return ram_view + ((u64)pfn << PAGE_SHIFT);
}

static void check_ram(gpa_t at, size_t len)
{
	if (at.v > boot.ram_bytes || len > boot.ram_bytes - at.v)
		panic("RAM access at %llx, %zu bytes", (unsigned long long)at.v,
		      len);
}

/* By the file, so that the kernel finds what a program was not given: a bad
 * address gives EFAULT here, not a fault. */
void ram_read(gpa_t from, void *to, size_t len_bytes)
{
	check_ram(from, len_bytes);
	if (pread(fake_ram_fd, to, len_bytes, (off_t)from.v) != (ssize_t)len_bytes)
		panic("ram_read: %s", strerror(errno));
}

void ram_write(gpa_t to, const void *from, size_t len_bytes)
{
	check_ram(to, len_bytes);
	if (pwrite(fake_ram_fd, from, len_bytes, (off_t)to.v) != (ssize_t)len_bytes)
		panic("ram_write: %s", strerror(errno));
}

void ram_zero(gpa_t at, size_t len_bytes)
{
	check_ram(at, len_bytes);
	memset(ram_view + at.v, 0, len_bytes);
	counts.pages_zeroed += ALIGN_UP(len_bytes, PAGE_SIZE) / PAGE_SIZE;
}

void ram_copy(gpa_t to, gpa_t from, size_t len_bytes)
{
	check_ram(to, len_bytes);
	check_ram(from, len_bytes);
	memmove(ram_view + to.v, ram_view + from.v, len_bytes);
	counts.pages_copied += ALIGN_UP(len_bytes, PAGE_SIZE) / PAGE_SIZE;
}

void ram_discard(gpa_t at, size_t len_bytes)
{
	if ((at.v | len_bytes) & ~PAGE_MASK)
		panic("ram_discard of parts of pages");
	check_ram(at, len_bytes);
	memset(ram_view + at.v, 0, len_bytes);
}

void ram_poke(gpa_t to, const void *from, size_t len_bytes)
{
	ram_write(to, from, len_bytes);
}

void ram_written(gpa_t at, size_t len_bytes)
{
	check_ram(at, len_bytes);
}

void ram_fresh(gpa_t at, size_t len_bytes)
{
	check_ram(at, len_bytes);
}

void fake_archive(const void *data, size_t len_bytes)
{
	archive_data = data;
	archive_bytes = len_bytes;
	boot.root_bytes = len_bytes;
}

s64 archive_read(u64 offset, void *buf, size_t len_bytes)
{
	if (offset >= archive_bytes)
		return 0;
	len_bytes = MIN(len_bytes, archive_bytes - offset);
	memcpy(buf, archive_data + offset, len_bytes);
	return (s64)len_bytes;
}

void archive_release(u64 offset, u64 len_bytes)
{
	(void)offset;
	(void)len_bytes;
}

/* --- the vDSO ---------------------------------------------------------------------- */

const void *vdso_image(size_t *size_bytes)
{
	static const char image[] = "a vDSO";

	*size_bytes = sizeof(image);
	return image;
}

/* --- clock and interrupts ----------------------------------------------------------- */

void fake_clock_advance(u64 ns)
{
	now_ns += ns;
}

u64 fake_clock_deadline(void)
{
	return deadline_ns;
}

u64 clock_mono_ns(void)
{
	return now_ns;
}

u64 clock_cycles(void)
{
	return now_ns;
}

u64 clock_real_ns(void)
{
	return now_ns + 1000000000ULL * NS_PER_SEC + real_step_ns;
}

u64 clock_stamp_ns(void)
{
	return clock_real_ns();
}

void clock_step_real(u64 delta_ns)
{
	real_step_ns += delta_ns;
}

u64 clock_cpu_ns(void)
{
	return now_ns;
}

void clock_arm(u64 deadline)
{
	if (deadline < deadline_ns)
		deadline_ns = deadline;
}

void irq_set_handler(enum irq irq, void (*fn)(void))
{
	irq_fn[irq] = fn;
}

void irq_raise(enum irq irq)
{
	if (irq_fn[irq])
		irq_fn[irq]();
}

/* Time passes at once. With nothing to wait for the test hangs: an error. */
void cpu_idle(void)
{
	u64 due = deadline_ns;

	if (fake_disk_answer_due()) {
		irq_raise(IRQ_IO);
		return;
	}
	if (fake_idle_hook)
		fake_idle_hook();
	if (due == UINT64_MAX && !fake_idle_hook)
		panic("idle with no deadline: nothing will ever happen");
	if (due != UINT64_MAX) {
		now_ns = MAX(now_ns, due);
		deadline_ns = UINT64_MAX;
		irq_raise(IRQ_TIMER);
	}
	irq_raise(IRQ_IO);
}

/* --- text, randomness, ends ------------------------------------------------------------ */

void trace_write(const char *text, size_t len_bytes)
{
	if (getenv("FAKE_HAL_VERBOSE"))
		fwrite(text, 1, len_bytes, stderr);
	len_bytes = MIN(len_bytes, sizeof(trace_text) - 1 - trace_len);
	memcpy(trace_text + trace_len, text, len_bytes);
	trace_len += len_bytes;
	trace_text[trace_len] = 0;
}

void klog(const char *fmt, ...)
{
	char line[512];
	va_list ap;

	va_start(ap, fmt);
	kvsnprintf(line, sizeof(line) - 1, fmt, ap);
	va_end(ap);
	strcat(line, "\n");
	trace_write(line, strlen(line));
}

const char *fake_trace(void)
{
	return trace_text;
}

void fake_trace_clear(void)
{
	trace_len = 0;
	trace_text[0] = 0;
}

void panic(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	fputs("panic: ", stderr);
	vfprintf(stderr, fmt, ap);
	fputc('\n', stderr);
	va_end(ap);
	abort();
}

void machine_halt(u32 reason, int exit_status, const char *text)
{
	if (fake_halt_hook)
		fake_halt_hook(reason, exit_status, text);
	fprintf(stderr, "machine halted: reason %u, status %d, %s\n", reason,
		exit_status, text);
	abort();
}

/* The same for every run: tests are to be repeatable. */
void random_bytes(void *buf, size_t len_bytes)
{
	static u64 state = 0x9e3779b97f4a7c15ULL;
	u8 *at = buf;

	while (len_bytes--) {
		state ^= state << 13;
		state ^= state >> 7;
		state ^= state << 17;
		*at++ = (u8)state;
	}
}
