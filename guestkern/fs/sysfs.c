/*
 * "sysfs": the few files that programs look for: the CPU that there is, what
 * kinds of devices there could be. Tables as procfs has them; devices have no
 * directories here.
 */
#include <linux/magic.h>

#include "fs/procfs.h"
#include "fs/pseudo.h"
#include "lib/err.h"

static int show_text(struct textbuf *tb, const char *text)
{
	textbuf_printf(tb, "%s\n", text);
	return 0;
}

static int show_zero(struct textbuf *tb, const struct proc_target *t)
{
	(void)t;
	return show_text(tb, "0");
}

static int show_one(struct textbuf *tb, const struct proc_target *t)
{
	(void)t;
	return show_text(tb, "1");
}

static int show_empty(struct textbuf *tb, const struct proc_target *t)
{
	(void)t;
	return show_text(tb, "");
}

static int show_huge(struct textbuf *tb, const struct proc_target *t)
{
	(void)t;
	return show_text(tb, "always madvise [never]");
}

static int show_clock(struct textbuf *tb, const struct proc_target *t)
{
	(void)t;
	return show_text(tb, "tsc");
}

/* --- the tables ---------------------------------------------------------------------- */

#define FILE_(n, s) { .name = n, .kind = PROC_FILE, .mode = 0444, .show = s }
#define DIR_(n, c) { .name = n, .kind = PROC_DIR, .mode = 0755, .children = c }
#define END_ { .name = NULL }

static const struct proc_entry nothing[] = { END_ };

static const struct proc_entry cpu_topology[] = {
	FILE_("core_cpus", show_one),
	FILE_("core_cpus_list", show_zero),
	FILE_("core_id", show_zero),
	FILE_("core_siblings", show_one),
	FILE_("core_siblings_list", show_zero),
	FILE_("package_cpus", show_one),
	FILE_("package_cpus_list", show_zero),
	FILE_("physical_package_id", show_zero),
	FILE_("thread_siblings", show_one),
	FILE_("thread_siblings_list", show_zero),
	END_,
};

static const struct proc_entry cpu0[] = { DIR_("topology", cpu_topology), END_ };

/* Lists of CPU numbers. */
static const struct proc_entry cpu[] = {
	DIR_("cpu0", cpu0),
	FILE_("isolated", show_empty),
	FILE_("kernel_max", show_zero),
	FILE_("offline", show_empty),
	FILE_("online", show_zero),
	FILE_("possible", show_zero),
	FILE_("present", show_zero),
	END_,
};

static const struct proc_entry node0[] = {
	FILE_("cpulist", show_zero),
	FILE_("cpumap", show_one),
	END_,
};

static const struct proc_entry node[] = {
	DIR_("node0", node0),
	FILE_("has_cpu", show_zero),
	FILE_("online", show_zero),
	FILE_("possible", show_zero),
	END_,
};

static const struct proc_entry clocksource0[] = {
	FILE_("available_clocksource", show_clock),
	FILE_("current_clocksource", show_clock),
	END_,
};

static const struct proc_entry clocksource[] = {
	DIR_("clocksource0", clocksource0),
	END_,
};

static const struct proc_entry devices_system[] = {
	DIR_("clocksource", clocksource),
	DIR_("cpu", cpu),
	DIR_("node", node),
	END_,
};

static const struct proc_entry devices[] = { DIR_("system", devices_system), END_ };

static const struct proc_entry class[] = {
	DIR_("block", nothing),
	DIR_("net", nothing),
	DIR_("tty", nothing),
	END_,
};

static const struct proc_entry dev[] = {
	DIR_("block", nothing),
	DIR_("char", nothing),
	END_,
};

static const struct proc_entry fs[] = { DIR_("cgroup", nothing), END_ };

static const struct proc_entry kernel_huge[] = {
	FILE_("enabled", show_huge),
	FILE_("shmem_enabled", show_huge),
	END_,
};

static const struct proc_entry kernel_mm[] = {
	DIR_("transparent_hugepage", kernel_huge),
	END_,
};

static const struct proc_entry kernel[] = { DIR_("mm", kernel_mm), END_ };

static const struct proc_entry root_entries[] = {
	DIR_("block", nothing), DIR_("bus", nothing),	   DIR_("class", class),
	DIR_("dev", dev),	DIR_("devices", devices),  DIR_("firmware", nothing),
	DIR_("fs", fs),		DIR_("kernel", kernel),	   DIR_("module", nothing),
	DIR_("power", nothing), END_,
};

static struct super_block *sysfs_mount(const char *source, const char *options)
{
	static const struct proc_entry root = {
		.name = "/",
		.kind = PROC_DIR,
		.mode = 0555,
		.children = root_entries,
	};

	(void)source;
	(void)options;
	return proc_super_create("sysfs", SYSFS_MAGIC, &root);
}

void sysfs_init(void)
{
	static const struct fs_type type = { .name = "sysfs", .mount = sysfs_mount };

	fs_register(&type);
}
