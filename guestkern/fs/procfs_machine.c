/*
 * /proc beside the processes, continued: devices, interrupts, memory zones
 * (proc(5)).
 */
#include "fs/procfs.h"

#include "dev/block.h"
#include "hal/hal.h"
#include "lib/err.h"
#include "mm/page.h"
#include "proc/task.h"

#define BUDDY_ORDERS 11 /* Linux: MAX_ORDER of old */

typedef unsigned long long ull; /* for %llu */

int proc_show_nothing(struct textbuf *tb, const struct proc_target *t)
{
	(void)tb;
	(void)t;
	return 0;
}

int proc_show_devices(struct textbuf *tb, const struct proc_target *t)
{
	(void)t;
	textbuf_printf(tb, "Character devices:\n  1 mem\n  4 tty\n  5 /dev/tty\n"
			   "  5 /dev/console\n  5 /dev/ptmx\n 10 misc\n136 pts\n"
			   "\nBlock devices:\n%3d virtblk\n", BLKDEV_MAJOR);
	return 0;
}

/* Requests are the host's: none are counted here. */
int proc_show_diskstats(struct textbuf *tb, const struct proc_target *t)
{
	const struct blkdev *dev;

	(void)t;
	for (u32 i = 0; (dev = blkdev_at(i)); i++)
		textbuf_printf(tb, "%4d %7u %s 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0\n",
			       BLKDEV_MAJOR, i * BLKDEV_MINORS, dev->name);
	return 0;
}

int proc_show_interrupts(struct textbuf *tb, const struct proc_target *t)
{
	(void)t;
	textbuf_printf(tb, "           CPU0\n  0: %10llu   host-signal   timer\n"
			   "  1: %10llu   host-signal   streams\n",
		       (ull)counters()->traps_timer, (ull)counters()->traps_io);
	return 0;
}

int proc_show_softirqs(struct textbuf *tb, const struct proc_target *t)
{
	(void)t;
	textbuf_printf(tb, "                    CPU0\n       TIMER: %10llu\n",
		       (ull)counters()->traps_timer);
	return 0;
}

/* All that is free as the largest blocks that it could be. */
int proc_show_buddyinfo(struct textbuf *tb, const struct proc_target *t)
{
	u64 free = page_free_count();

	(void)t;
	textbuf_printf(tb, "Node 0, zone   Normal ");
	for (u32 order = 0; order < BUDDY_ORDERS - 1; order++)
		textbuf_printf(tb, "%6llu ", (ull)(free >> order & 1));
	textbuf_printf(tb, "%6llu \n", (ull)(free >> (BUDDY_ORDERS - 1)));
	return 0;
}

int proc_show_zoneinfo(struct textbuf *tb, const struct proc_target *t)
{
	(void)t;
	textbuf_printf(tb, "Node 0, zone   Normal\n  pages free     %llu\n"
			   "        min      0\n        low      0\n        high     0\n"
			   "        spanned  %llu\n        present  %llu\n"
			   "        managed  %llu\n  start_pfn:           0\n",
		       (ull)page_free_count(), (ull)page_total_count(),
		       (ull)page_total_count(), (ull)page_total_count());
	return 0;
}

int proc_show_consoles(struct textbuf *tb, const struct proc_target *t)
{
	(void)t;
	textbuf_printf(tb, "tty0                 -WU (EC  p  )    4:1\n");
	return 0;
}

int proc_show_cgroups(struct textbuf *tb, const struct proc_target *t)
{
	(void)t;
	textbuf_printf(tb, "#subsys_name\thierarchy\tnum_cgroups\tenabled\n");
	return 0;
}

int proc_show_execdomains(struct textbuf *tb, const struct proc_target *t)
{
	(void)t;
	textbuf_printf(tb, "0-0\tLinux           \t[kernel]\n");
	return 0;
}

int proc_show_misc(struct textbuf *tb, const struct proc_target *t)
{
	(void)t;
	return proc_show_nothing(tb, t);
}

static int show_drivers(struct textbuf *tb, const struct proc_target *t)
{
	(void)t;
	textbuf_printf(tb, "/dev/tty             /dev/tty        5       0 system:/dev/tty\n"
			   "/dev/console         /dev/console    5       1 system:console\n"
			   "/dev/ptmx            /dev/ptmx       5       2 system\n"
			   "pty_slave            /dev/pts      136 0-1048575 pty:slave\n"
			   "pty_master           /dev/ptm      128 0-1048575 pty:master\n");
	return 0;
}

const struct proc_entry proc_tty_entries[] = {
	{ .name = "drivers", .kind = PROC_FILE, .mode = 0444, .show = show_drivers },
	{ .name = NULL },
};
