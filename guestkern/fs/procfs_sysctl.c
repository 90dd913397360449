/*
 * /proc/sys as far as programs look there (proc(5)). A number that may be set is
 * kept where it counts; one that would change nothing here is kept and told.
 */
#include "fs/procfs.h"

#include <linux/capability.h>

#include "fs/aio.h"
#include "fs/file_internal.h"
#include "fs/lease.h"
#include "fs/notify.h"
#include "fs/pipe.h"
#include "hal/hal.h"
#include "lib/err.h"
#include "lib/string.h"
#include "mm/mm.h"
#include "mm/overcommit.h"
#include "mm/slab.h"
#include "proc/cred.h"
#include "proc/ipc.h"
#include "proc/key.h"
#include "proc/task.h"
#include "proc/uts.h"

typedef unsigned long long ull; /* for %llu */

/* --- /proc/sys ------------------------------------------------------------------------------------ */

/* A file with one unchanging line. */
#define CONSTANT(name, ...)                                                  \
	static int name(struct textbuf *tb, const struct proc_target *t)     \
	{                                                                    \
		(void)t;                                                     \
		textbuf_printf(tb, __VA_ARGS__);                             \
		return 0;                                                    \
	}

CONSTANT(show_ostype, "%s\n", UTS_SYSNAME)
CONSTANT(show_osrelease, "%s\n", UTS_RELEASE)
CONSTANT(show_osversion, "%s\n", UTS_VERSION)
CONSTANT(show_threads_max, "%u\n", task_count_max())
CONSTANT(show_cap_last_cap, "%d\n", CAP_LAST_CAP)
CONSTANT(show_ngroups_max, "%d\n", CRED_GROUPS_MAX)
CONSTANT(show_mmap_min_addr, "%llu\n", (ull)boot_info()->user_low_min)
CONSTANT(show_inotify_watches, "%llu\n", (ull)inotify_watches_max())
CONSTANT(show_one, "1\n")
CONSTANT(show_aio_nr, "%llu\n", (ull)aio_events_total())
CONSTANT(show_zero, "0\n")
CONSTANT(show_overflow_id, "65534\n")
CONSTANT(show_rt_period, "1000000\n")
CONSTANT(show_rt_runtime, "950000\n")
CONSTANT(show_printk, "4\t4\t1\t7\n")

static int show_hostname(struct textbuf *tb, const struct proc_target *t)
{
	(void)t;
	textbuf_printf(tb, "%s\n", uts_hostname());
	return 0;
}

static int write_hostname(const struct proc_target *t, const char *text, size_t len)
{
	(void)t;
	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	return uts_set_hostname(text, len);
}

static int show_domainname(struct textbuf *tb, const struct proc_target *t)
{
	(void)t;
	textbuf_printf(tb, "%s\n", uts_domainname());
	return 0;
}

static int write_domainname(const struct proc_target *t, const char *text,
			    size_t len)
{
	(void)t;
	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	return uts_set_domainname(text, len);
}

char proc_core_pattern[CORE_PATTERN_BYTES] = "core";
s64 proc_core_uses_pid;

static int show_core_pattern(struct textbuf *tb, const struct proc_target *t)
{
	(void)t;
	textbuf_printf(tb, "%s\n", proc_core_pattern);
	return 0;
}

static int write_core_pattern(const struct proc_target *t, const char *text, size_t len)
{
	(void)t;
	(void)len;
	str_copy(proc_core_pattern, text, sizeof(proc_core_pattern));
	return 0;
}

/* RFC 4122, version 4. */
static void put_uuid(struct textbuf *tb, const u8 raw[16])
{
	u8 b[16];

	memcpy(b, raw, sizeof(b));
	b[6] = (u8)((b[6] & 0x0f) | 0x40);
	b[8] = (u8)((b[8] & 0x3f) | 0x80);
	for (u32 i = 0; i < sizeof(b); i++)
		textbuf_printf(tb, i == 4 || i == 6 || i == 8 || i == 10 ?
					   "-%02x" : "%02x", b[i]);
	textbuf_putc(tb, '\n');
}

static int show_uuid(struct textbuf *tb, const struct proc_target *t)
{
	u8 raw[16];

	(void)t;
	random_bytes(raw, sizeof(raw));
	put_uuid(tb, raw);
	return 0;
}

static int show_boot_id(struct textbuf *tb, const struct proc_target *t)
{
	static u8 raw[16];
	static bool made;

	(void)t;
	if (!made)
		random_bytes(raw, sizeof(raw));
	made = true;
	put_uuid(tb, raw);
	return 0;
}

static int show_entropy(struct textbuf *tb, const struct proc_target *t)
{
	(void)t;
	textbuf_printf(tb, "256\n");
	return 0;
}

static int show_file_max(struct textbuf *tb, const struct proc_target *t)
{
	(void)t;
	textbuf_printf(tb, "%llu\n", (ull)(kmem_total_bytes() / sizeof(struct file)));
	return 0;
}

static int show_file_nr(struct textbuf *tb, const struct proc_target *t)
{
	(void)t;
	textbuf_printf(tb, "%llu\t0\t%llu\n", (ull)file_open_count(),
		       (ull)(kmem_total_bytes() / sizeof(struct file)));
	return 0;
}

#define FILE_(n, s) { .name = n, .kind = PROC_FILE, .mode = 0444, .show = s }
#define FILE_W(n, s, w) \
	{ .name = n, .kind = PROC_FILE, .mode = 0644, .show = s, .write = w }
#define LINK_(n, s) { .name = n, .kind = PROC_LINK, .mode = 0777, .show = s }
/* A number: where it is, and its bounds. */
#define NUMBER_(n, at, low, high)                                           \
	{ .name = n, .kind = PROC_FILE, .mode = 0644, .show = proc_show_number, \
	  .write = proc_write_number,                                       \
	  .number = &(const struct proc_number){ at, low, high } }
#define IPC_NUMBER_(n, field, low, high)                                     \
	{ .name = n, .kind = PROC_FILE, .mode = 0644, .show = proc_show_ipc_number, \
	  .write = proc_write_ipc_number,                                    \
	  .number = &(const struct proc_number){ &ipc_first_space.field, low, high } }
#define DIR_(n, c) { .name = n, .kind = PROC_DIR, .mode = 0555, .children = c }
#define END_ { .name = NULL }

/* Of write-back, reclaim and the like, which there is none of: kept and told. */
static struct {
	s64 dirty_background_ratio, dirty_ratio, dirty_expire, dirty_writeback;
	s64 drop_caches, laptop_mode, oom_dump_tasks, oom_kill_allocating_task;
	s64 page_cluster, panic_on_oom, stat_interval, swappiness;
	s64 vfs_cache_pressure;
	s64 dmesg_restrict, kptr_restrict, panic, panic_on_oops, perf_event_paranoid;
	s64 sched_autogroup, sysrq;
} kept = {
	.dirty_background_ratio = 10,
	.dirty_ratio = 20,
	.dirty_expire = 3000,
	.dirty_writeback = 500,
	.oom_dump_tasks = 1,
	.page_cluster = 3,
	.stat_interval = 1,
	.swappiness = 60,
	.vfs_cache_pressure = 100,
	.perf_event_paranoid = 2,
	.sysrq = 438,
};

#define ANY INT32_MAX

static const struct proc_entry sys_kernel_random[] = {
	FILE_("boot_id", show_boot_id),
	FILE_("entropy_avail", show_entropy),
	FILE_("uuid", show_uuid),
	END_,
};

static const struct proc_entry sys_kernel_keys[] = {
	NUMBER_("gc_delay", &key_gc_delay_s, 0, ANY),
	NUMBER_("maxbytes", &key_quota_bytes, 0, ANY),
	NUMBER_("maxkeys", &key_quota_keys, 0, ANY),
	NUMBER_("root_maxbytes", &key_quota_root_bytes, 0, ANY),
	NUMBER_("root_maxkeys", &key_quota_root_keys, 0, ANY),
	END_,
};

static const struct proc_entry sys_kernel[] = {
	FILE_("cap_last_cap", show_cap_last_cap),
	FILE_W("core_pattern", show_core_pattern, write_core_pattern),
	NUMBER_("core_uses_pid", &proc_core_uses_pid, 0, ANY),
	NUMBER_("dmesg_restrict", &kept.dmesg_restrict, 0, 1),
	FILE_W("domainname", show_domainname, write_domainname),
	FILE_W("hostname", show_hostname, write_hostname),
	DIR_("keys", sys_kernel_keys),
	NUMBER_("kptr_restrict", &kept.kptr_restrict, 0, 2),
	IPC_NUMBER_("msg_next_id", msg.next_id, -1, ANY),
	IPC_NUMBER_("msgmax", msg_bytes_max, 0, ANY),
	IPC_NUMBER_("msgmnb", msg_queue_bytes_max, 0, ANY),
	IPC_NUMBER_("msgmni", msg.max, 0, IPC_INDEX_MAX),
	FILE_("ngroups_max", show_ngroups_max),
	FILE_("osrelease", show_osrelease),
	FILE_("ostype", show_ostype),
	FILE_("overflowgid", show_overflow_id),
	FILE_("overflowuid", show_overflow_id),
	NUMBER_("panic", &kept.panic, -1, ANY),
	NUMBER_("panic_on_oops", &kept.panic_on_oops, 0, 1),
	NUMBER_("perf_event_paranoid", &kept.perf_event_paranoid, -1, 4),
	NUMBER_("pid_max", &task_pid_max, TASK_PID_MAX_MIN, TASK_PID_MAX),
	DIR_("random", sys_kernel_random),
	FILE_("printk", show_printk),
	NUMBER_("randomize_va_space", &mm_randomize, 0, 2),
	NUMBER_("sched_autogroup_enabled", &kept.sched_autogroup, 0, 1),
	FILE_("sched_rt_period_us", show_rt_period),
	FILE_("sched_rt_runtime_us", show_rt_runtime),
	FILE_W("sem", proc_show_sem, proc_write_sem),
	IPC_NUMBER_("sem_next_id", sem.next_id, -1, ANY),
	IPC_NUMBER_("shm_next_id", shm.next_id, -1, ANY),
	FILE_W("shmall", proc_show_shmall, proc_write_shmall),
	FILE_W("shmmax", proc_show_shmmax, proc_write_shmmax),
	IPC_NUMBER_("shmmni", shm.max, 0, IPC_INDEX_MAX),
	NUMBER_("sysrq", &kept.sysrq, 0, 511),
	FILE_("tainted", show_zero),
	FILE_("threads-max", show_threads_max),
	FILE_("version", show_osversion),
	END_,
};

static const struct proc_entry sys_vm[] = {
	NUMBER_("dirty_background_ratio", &kept.dirty_background_ratio, 0, 100),
	NUMBER_("dirty_expire_centisecs", &kept.dirty_expire, 0, ANY),
	NUMBER_("dirty_ratio", &kept.dirty_ratio, 0, 100),
	NUMBER_("dirty_writeback_centisecs", &kept.dirty_writeback, 0, ANY),
	NUMBER_("drop_caches", &kept.drop_caches, 1, 4),
	NUMBER_("laptop_mode", &kept.laptop_mode, 0, ANY),
	NUMBER_("max_map_count", &mm_map_count_max, 0, ANY),
	FILE_("mmap_min_addr", show_mmap_min_addr),
	FILE_("nr_hugepages", show_zero),
	FILE_("nr_overcommit_hugepages", show_zero),
	NUMBER_("oom_dump_tasks", &kept.oom_dump_tasks, 0, ANY),
	NUMBER_("oom_kill_allocating_task", &kept.oom_kill_allocating_task, 0, ANY),
	NUMBER_("overcommit_kbytes", &overcommit_kbytes, 0, ANY),
	NUMBER_("overcommit_memory", &overcommit_mode, OVERCOMMIT_GUESS, OVERCOMMIT_NEVER),
	NUMBER_("overcommit_ratio", &overcommit_ratio, 0, ANY),
	NUMBER_("page-cluster", &kept.page_cluster, 0, 31),
	NUMBER_("panic_on_oom", &kept.panic_on_oom, 0, 2),
	NUMBER_("stat_interval", &kept.stat_interval, 0, ANY),
	NUMBER_("swappiness", &kept.swappiness, 0, 200),
	NUMBER_("vfs_cache_pressure", &kept.vfs_cache_pressure, 0, ANY),
	END_,
};

static const struct proc_entry sys_fs_inotify[] = {
	NUMBER_("max_queued_events", &inotify_events_max, 0, ANY),
	NUMBER_("max_user_instances", &inotify_instances_max, 0, ANY),
	FILE_("max_user_watches", show_inotify_watches),
	END_,
};

static const struct proc_entry sys_fs_mqueue[] = {
	IPC_NUMBER_("msg_default", mq_messages_default, 1, MQ_MESSAGES_HARD),
	IPC_NUMBER_("msg_max", mq_messages_max, 1, MQ_MESSAGES_HARD),
	IPC_NUMBER_("msgsize_default", mq_bytes_default, 128, MQ_BYTES_HARD),
	IPC_NUMBER_("msgsize_max", mq_bytes_max, 128, MQ_BYTES_HARD),
	IPC_NUMBER_("queues_max", mq_queues_max, 0, ANY),
	END_,
};

static const struct proc_entry sys_fs[] = {
	FILE_("dir-notify-enable", show_one),
	NUMBER_("aio-max-nr", &aio_events_max, 0, ANY),
	FILE_("aio-nr", show_aio_nr),
	FILE_("file-max", show_file_max),
	FILE_("file-nr", show_file_nr),
	DIR_("inotify", sys_fs_inotify),
	DIR_("mqueue", sys_fs_mqueue),
	NUMBER_("lease-break-time", &lease_break_s, 0, ANY),
	NUMBER_("leases-enable", &leases_enabled, 0, ANY),
	NUMBER_("nr_open", &files_nr_open, FILES_NR_OPEN_MIN, FILES_NR_OPEN_MAX),
	FILE_("overflowgid", show_overflow_id),
	FILE_("overflowuid", show_overflow_id),
	NUMBER_("pipe-max-size", &pipe_bytes_max, PAGE_SIZE, PIPE_BYTES_LIMIT),
	FILE_("protected_fifos", show_zero),
	FILE_("protected_hardlinks", show_zero),
	FILE_("protected_regular", show_zero),
	FILE_("protected_symlinks", show_zero),
	FILE_("suid_dumpable", show_zero),
	END_,
};

const struct proc_entry proc_sys_entries[] = {
	DIR_("fs", sys_fs),
	DIR_("kernel", sys_kernel),
	DIR_("net", proc_sys_net_entries),
	DIR_("vm", sys_vm),
	END_,
};

