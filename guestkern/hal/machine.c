/* Boot data, counters, first C code, and the machine's end. */
#include "abi/image.h"
#include "abi/layout.h"
#include "hal/as.h"
#include "hal/exec_guard.h"
#include "hal/frame.h"
#include "hal/hal_private.h"
#include "hal/host.h"
#include "hal/prot.h"
#include "hal/tsc.h"
#include "lib/bug.h"
#include "lib/printf.h"
#include "lib/string.h"

const struct as_ops *as_backend = &as_remap;
const struct prot_ops *prot_backend = &prot_mprotect;

/* Reflection by SIGUSR1 comes through the signal gate, all else through the
 * call gate or the module; the kind of pages below it is the VMM process's affair. */
static void choose_backends(const struct lodger_boot *boot)
{
	if (boot->space == LODGER_SPACE_MULTI)
		as_backend = &as_multi;
	if (boot->space == LODGER_SPACE_KMOD)
		as_backend = &as_kmod;
	if (boot->intercept == LODGER_INTERCEPT_PTRACE)
		return;
	if (boot->intercept == LODGER_INTERCEPT_KMOD)
		prot_backend = &prot_kmod;
	else if (boot->protect == LODGER_PROTECT_PKEY)
		prot_backend = &prot_pkey;
	else
		prot_backend = &prot_gate;
	this_cpu()->in_kernel = 1;
}

const struct lodger_boot *boot_info(void)
{
	return (const struct lodger_boot *)LODGER_BOOT_ADDR;
}

const char *boot_string(u32 offset)
{
	return offset < LODGER_STRINGS_BYTES ? boot_info()->strings + offset : "";
}

struct lodger_counters *counters(void)
{
	return (struct lodger_counters *)LODGER_COUNTERS_ADDR;
}

extern const char vdso_image_start[], vdso_image_end[];

const void *vdso_image(size_t *size_bytes)
{
	*size_bytes = (size_t)(vdso_image_end - vdso_image_start);
	return vdso_image_start;
}

void core_heap_range(u64 *start, u64 *end)
{
	*start = ALIGN_UP(boot_info()->image_end, PAGE_SIZE) + exec_guard_bytes();
	*end = LODGER_CORE_BASE + boot_info()->core_bytes;
}

void machine_mark(u32 moment)
{
	if (boot_info()->flags & LODGER_BOOT_MARKS)
		as_host_ask_maker(LODGER_MAKER_MARK, moment);
}

void machine_halt(u32 reason, int exit_status, const char *text)
{
	struct lodger_counters *c = counters();

	if (reason == LODGER_HALT_EXIT)
		machine_mark(LODGER_MARK_END);
	c->halt_reason = reason;
	c->halt_status = (u32)exit_status;
	str_copy(c->halt_text, text, sizeof(c->halt_text));
	for (;;)
		host_call3(__NR_exit_group, (u64)exit_status, 0, 0);
}

void panic(const char *fmt, ...)
{
	char text[160];
	va_list ap;

	va_start(ap, fmt);
	kvsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	machine_halt(LODGER_HALT_PANIC, EXIT_LODGER, text);
}

void klog(const char *fmt, ...)
{
	char text[256];
	va_list ap;
	int n, i;

	va_start(ap, fmt);
	n = kvsnprintf(text, sizeof(text) - 1, fmt, ap);
	va_end(ap);
	n = MIN(n, (int)sizeof(text) - 2);
	/* names in it are chosen by programs; a terminal may read it */
	for (i = 0; i < n; i++)
		if (text[i] < ' ' || text[i] > '~')
			text[i] = '?';
	text[n++] = '\n';
	trace_write(text, (size_t)n);
}

void trace_write(const char *text, size_t len_bytes)
{
	while (len_bytes) {
		s64 n = host_call3(__NR_write, LODGER_FD_TRACE, (u64)text,
				   len_bytes);

		if (n <= 0)
			return;
		text += n;
		len_bytes -= (size_t)n;
	}
}

void random_bytes(void *buf, size_t len_bytes)
{
	u8 *p = buf;

	while (len_bytes) {
		s64 n = host_call3(__NR_getrandom, (u64)p, len_bytes, 0);

		if (n < 0)
			panic("host getrandom failed: %lld", (long long)n);
		p += n;
		len_bytes -= (size_t)n;
	}
}

/* --- first C code ----------------------------------------------------------- */

void hal_start(void) __noreturn;
void hal_start(void)
{
	const struct lodger_boot *boot = boot_info();

	if (boot->magic != LODGER_ABI_MAGIC ||
	    boot->abi_version != LODGER_ABI_VERSION)
		panic("boot data of another ABI version");
	counters()->version = LODGER_COUNTERS_VERSION;
	choose_backends(boot);
	trap_install();
	frame_probe();
	trap_unblock(); /* its handler did not return */
	tsc_start();
	prot_kmod_start();
	kernel_main();
}
