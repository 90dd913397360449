/* /proc beside the processes: the machine's figures and names (proc(5)), and the
 * tree of /proc/sys as far as programs look there. */
#include <linux/capability.h>
#include <linux/mount.h>

#include "dev/block.h"
#include "fs/diskfile.h"
#include "fs/file_internal.h"
#include "fs/locks.h"
#include "fs/notify.h"
#include "fs/procfs.h"
#include "hal/hal.h"
#include "lib/err.h"
#include "lib/string.h"
#include "mm/overcommit.h"
#include "mm/page.h"
#include "mm/slab.h"
#include "proc/cred.h"
#include "proc/task.h"
#include "proc/uts.h"

#define TICK_NS (NS_PER_SEC / 100) /* USER_HZ */
#define LOAD_SHIFT 11		   /* of sched_load_avg */
#define KIB_PER_PAGE 4

typedef unsigned long long ull; /* for %llu */

/* --- figures ------------------------------------------------------------------------------ */

static void put_kib(struct textbuf *tb, const char *name, u64 kib)
{
	textbuf_printf(tb, "%-15s %8llu kB\n", name, (ull)kib);
}

/* MemFree is exactly the free frames: a test that looks for leaks relies on it. */
static int show_meminfo(struct textbuf *tb, const struct proc_target *t)
{
	u64 total = page_total_count() * KIB_PER_PAGE;
	u64 free = page_free_count() * KIB_PER_PAGE;
	u64 available = page_available_count() * KIB_PER_PAGE;
	u64 kernel = kmem_used_bytes() / 1024;

	(void)t;
	put_kib(tb, "MemTotal:", total);
	put_kib(tb, "MemFree:", free);
	put_kib(tb, "MemAvailable:", available);
	put_kib(tb, "Buffers:", 0);
	put_kib(tb, "Cached:", available - free); /* what could be given back */
	put_kib(tb, "SwapCached:", 0);
	put_kib(tb, "Active:", total - free);
	put_kib(tb, "Inactive:", 0);
	put_kib(tb, "SwapTotal:", 0);
	put_kib(tb, "SwapFree:", 0);
	put_kib(tb, "Dirty:", diskfile_dirty_pages() * KIB_PER_PAGE);
	put_kib(tb, "Writeback:", 0);
	put_kib(tb, "Shmem:", 0);
	put_kib(tb, "Slab:", kernel);
	put_kib(tb, "SReclaimable:", 0);
	put_kib(tb, "SUnreclaim:", kernel);
	put_kib(tb, "CommitLimit:", overcommit_limit_pages() * KIB_PER_PAGE);
	put_kib(tb, "Committed_AS:", overcommit_promised_pages() * KIB_PER_PAGE);
	put_kib(tb, "Hugepagesize:", 2048);
	return 0;
}

static u64 uptime_ns(void)
{
	return clock_mono_ns() - sched_boot_ns();
}

static int show_uptime(struct textbuf *tb, const struct proc_target *t)
{
	u64 up = uptime_ns() / TICK_NS, idle = sched_idle_ns() / TICK_NS;

	(void)t;
	textbuf_printf(tb, "%llu.%02llu %llu.%02llu\n", (ull)(up / 100),
		       (ull)(up % 100), (ull)(idle / 100), (ull)(idle % 100));
	return 0;
}

/* All CPU time counts as user time: what the guest kernel takes is not told
 * apart from what its programs take. */
static int show_stat(struct textbuf *tb, const struct proc_target *t)
{
	u64 up = uptime_ns(), idle = MIN(sched_idle_ns(), up);
	ull busy = (up - idle) / TICK_NS, rest = idle / TICK_NS;

	(void)t;
	textbuf_printf(tb, "cpu  %llu 0 0 %llu 0 0 0 0 0 0\n", busy, rest);
	textbuf_printf(tb, "cpu0 %llu 0 0 %llu 0 0 0 0 0 0\n", busy, rest);
	textbuf_printf(tb, "intr %llu\nctxt %llu\nbtime %llu\nprocesses %llu\n",
		       (ull)(counters()->traps_timer + counters()->traps_io),
		       (ull)counters()->task_switches,
		       (ull)((clock_real_ns() - up) / NS_PER_SEC),
		       (ull)counters()->forks + 1);
	textbuf_printf(tb, "procs_running %u\nprocs_blocked 0\n",
		       sched_runnable_count());
	return 0;
}

/* What vmstat(8) reads: 4 KiB pages, except pgpg*, in KiB. */
static int show_vmstat(struct textbuf *tb, const struct proc_target *t)
{
	u64 total = page_total_count(), free = page_free_count();

	(void)t;
	textbuf_printf(tb, "nr_free_pages %llu\nnr_inactive_anon 0\nnr_active_anon %llu\n",
		       (ull)free, (ull)(total - free));
	textbuf_printf(tb, "pgpgin 0\npgpgout 0\npswpin 0\npswpout 0\n");
	textbuf_printf(tb, "pgfault %llu\npgmajfault 0\noom_kill 0\n",
		       (ull)counters()->traps_fault);
	return 0;
}

static int show_loadavg(struct textbuf *tb, const struct proc_target *t)
{
	(void)t;
	for (int i = 0; i < 3; i++) {
		/* rounded to hundredths, as Linux */
		u64 load = sched_load_avg(i) + (1 << LOAD_SHIFT) / 200;
		u64 part = load & ((1 << LOAD_SHIFT) - 1);

		textbuf_printf(tb, "%llu.%02llu ", (ull)(load >> LOAD_SHIFT),
			       (ull)((part * 100) >> LOAD_SHIFT));
	}
	textbuf_printf(tb, "%u/%u %d\n", sched_runnable_count(),
		       task_count_total(), current_task()->tid);
	return 0;
}

/* --- names ------------------------------------------------------------------------------------ */

static int show_version(struct textbuf *tb, const struct proc_target *t)
{
	(void)t;
	textbuf_printf(tb, "%s version %s (lodger) %s\n", UTS_SYSNAME,
		       UTS_RELEASE, UTS_VERSION);
	return 0;
}

static int show_filesystems(struct textbuf *tb, const struct proc_target *t)
{
	const struct fs_type *type;

	(void)t;
	for (u32 i = 0; (type = fs_type_at(i)); i++)
		textbuf_printf(tb, "%s\t%s\n", type->mount_disk ? "" : "nodev", type->name);
	return 0;
}

static int show_partitions(struct textbuf *tb, const struct proc_target *t)
{
	const struct blkdev *dev;

	(void)t;
	textbuf_printf(tb, "major minor  #blocks  name\n\n");
	for (u32 i = 0; (dev = blkdev_at(i)); i++)
		textbuf_printf(tb, "%4u  %7u %10llu %s\n", BLKDEV_MAJOR,
			       i * BLKDEV_MINORS, (ull)dev->size_bytes / 1024, dev->name);
	return 0;
}

static int show_cmdline(struct textbuf *tb, const struct proc_target *t)
{
	(void)t;
	textbuf_printf(tb, "lodger\n");
	return 0;
}

static int show_swaps(struct textbuf *tb, const struct proc_target *t)
{
	(void)t;
	textbuf_printf(tb, "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n");
	return 0;
}

static int show_self(struct textbuf *tb, const struct proc_target *t)
{
	(void)t;
	textbuf_printf(tb, "%d", current_process()->pid);
	return 0;
}

static int show_thread_self(struct textbuf *tb, const struct proc_target *t)
{
	(void)t;
	textbuf_printf(tb, "%d/task/%d", current_process()->pid,
		       current_task()->tid);
	return 0;
}

static int show_self_mounts(struct textbuf *tb, const struct proc_target *t)
{
	(void)t;
	textbuf_printf(tb, "self/mounts");
	return 0;
}

static int show_self_net(struct textbuf *tb, const struct proc_target *t)
{
	(void)t;
	textbuf_printf(tb, "self/net");
	return 0;
}

/* --- the tables --------------------------------------------------------------------------------------- */

#define FILE_(n, s) { .name = n, .kind = PROC_FILE, .mode = 0444, .show = s }
#define LINK_(n, s) { .name = n, .kind = PROC_LINK, .mode = 0777, .show = s }
#define DIR_(n, c) { .name = n, .kind = PROC_DIR, .mode = 0555, .children = c }
#define END_ { .name = NULL }

static const struct proc_entry sysvipc[] = {
	FILE_("msg", proc_show_sysvipc_msg),
	FILE_("sem", proc_show_sysvipc_sem),
	FILE_("shm", proc_show_sysvipc_shm),
	END_,
};

static int show_locks(struct textbuf *tb, const struct proc_target *t)
{
	(void)t;
	locks_show(tb);
	return 0;
}

const struct proc_entry proc_root_entries[] = {
	FILE_("buddyinfo", proc_show_buddyinfo),
	FILE_("cgroups", proc_show_cgroups),
	FILE_("cmdline", show_cmdline),
	FILE_("consoles", proc_show_consoles),
	FILE_("cpuinfo", proc_show_cpuinfo),
	FILE_("devices", proc_show_devices),
	FILE_("diskstats", proc_show_diskstats),
	FILE_("execdomains", proc_show_execdomains),
	FILE_("filesystems", show_filesystems),
	FILE_("interrupts", proc_show_interrupts),
	FILE_("iomem", proc_show_nothing),
	FILE_("ioports", proc_show_nothing),
	FILE_("loadavg", show_loadavg),
	FILE_("key-users", proc_show_key_users),
	FILE_("keys", proc_show_keys),
	FILE_("locks", show_locks),
	FILE_("meminfo", show_meminfo),
	FILE_("misc", proc_show_misc),
	FILE_("modules", proc_show_nothing),
	LINK_("mounts", show_self_mounts),
	LINK_("net", show_self_net),
	FILE_("partitions", show_partitions),
	LINK_("self", show_self),
	FILE_("softirqs", proc_show_softirqs),
	FILE_("stat", show_stat),
	FILE_("swaps", show_swaps),
	DIR_("sys", proc_sys_entries),
	DIR_("sysvipc", sysvipc),
	LINK_("thread-self", show_thread_self),
	DIR_("tty", proc_tty_entries),
	FILE_("uptime", show_uptime),
	FILE_("version", show_version),
	FILE_("vmstat", show_vmstat),
	FILE_("zoneinfo", proc_show_zoneinfo),
	END_,
};
