/* The name of a core file, from /proc/sys/kernel/core_pattern (core(5)). */
#include "fs/procfs.h"
#include "fs/vfs.h"
#include "hal/hal.h"
#include "lib/err.h"
#include "lib/string.h"
#include "proc/task.h"
#include "proc/uts.h"
#include "sys/coredump.h"

#include <linux/resource.h>

typedef unsigned long long ull;

/* A name of the program's or the machine's: it must not lead elsewhere. */
static void put_plain(struct textbuf *tb, const char *name)
{
	for (; *name; name++)
		textbuf_putc(tb, *name == '/' ? '!' : *name);
}

/* One specifier; unknown ones are dropped. */
static void put_field(struct textbuf *tb, char what, int sig, bool *has_pid)
{
	const struct task *t = current_task();
	const struct process *p = t->proc;

	switch (what) {
	case '%': textbuf_putc(tb, '%'); return;
	case 'p':
	case 'P':
		textbuf_printf(tb, "%d", p->pid);
		*has_pid = true;
		return;
	case 'i':
	case 'I': textbuf_printf(tb, "%d", t->tid); return;
	case 'u': textbuf_printf(tb, "%u", t->cred.uid); return;
	case 'g': textbuf_printf(tb, "%u", t->cred.gid); return;
	case 'd': textbuf_printf(tb, "%d", p->dumpable); return;
	case 's': textbuf_printf(tb, "%d", sig); return;
	case 't': textbuf_printf(tb, "%llu", (ull)(clock_real_ns() / NS_PER_SEC)); return;
	case 'h': put_plain(tb, uts_hostname()); return;
	case 'e': put_plain(tb, t->comm); return;
	case 'E': put_plain(tb, p->exe_path ? p->exe_path : t->comm); return;
	case 'c': textbuf_printf(tb, "%llu", (ull)p->rlim[RLIMIT_CORE].cur); return;
	default: return;
	}
}

int core_name(char *name, size_t size, int sig)
{
	const char *at = proc_core_pattern;
	bool has_pid = false;
	struct textbuf tb;

	textbuf_init(&tb, name, size);
	if (*at == '|') /* nobody starts a helper here */
		return -ENOENT;
	for (; *at; at++) {
		if (*at != '%') {
			textbuf_putc(&tb, *at);
			continue;
		}
		if (!*++at)
			break;
		put_field(&tb, *at, sig, &has_pid);
	}
	if (!has_pid && proc_core_uses_pid)
		textbuf_printf(&tb, ".%d", current_process()->pid);
	return *name ? 0 : -ENOENT;
}
