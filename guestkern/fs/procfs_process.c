/* /proc/PID: the table, and stat, status, limits and the small ones (proc(5)). */
#include <linux/resource.h>

#include "dev/chrdev.h"
#include "fs/procfs.h"
#include "lib/err.h"
#include "lib/string.h"
#include "mm/mm.h"
#include "proc/seccomp.h"
#include "proc/task.h"

#define TICK_NS (NS_PER_SEC / 100) /* USER_HZ */
#define SIG_IGN_ 1
#define KIB_PER_PAGE 4
#define OOM_SCORE_ADJ_MAX 1000

typedef unsigned long long ull; /* for %llu */

/* --- pieces --------------------------------------------------------------------------------- */

static char state_letter(const struct task *t)
{
	switch (t->state) {
	case TASK_RUNNABLE:
		return 'R';
	case TASK_SLEEPING:
		return 'S';
	case TASK_STOPPED:
		return 'T';
	case TASK_ZOMBIE:
		return 'Z';
	}
	return '?';
}

static const char *state_text(const struct task *t)
{
	switch (t->state) {
	case TASK_RUNNABLE:
		return "R (running)";
	case TASK_SLEEPING:
		return "S (sleeping)";
	case TASK_STOPPED:
		return "T (stopped)";
	case TASK_ZOMBIE:
		return "Z (zombie)";
	}
	return "?";
}

/* Sets of ignored and caught signals. */
static void handler_sets(const struct process *p, u64 *ignored, u64 *caught)
{
	*ignored = *caught = 0;
	if (!p->sighand)
		return;
	for (int sig = 1; sig <= NSIG_; sig++) {
		u64 handler = p->sighand->action[sig - 1].handler;

		if (handler == SIG_IGN_)
			*ignored |= SIG_BIT(sig);
		else if (handler)
			*caught |= SIG_BIT(sig);
	}
}

static s32 parent_pid(const struct process *p)
{
	return p->parent ? p->parent->pid : 0;
}

static bool is_one_task(const struct proc_target *t)
{
	return t->task != process_leader(t->process);
}

/* CPU time: of one thread under task/TID, else of the process. */
static void cpu_times(const struct proc_target *t, u64 *utime, u64 *stime)
{
	sched_account(); /* or a program that asks in a loop sees no progress */
	if (is_one_task(t)) {
		*utime = t->task->utime_ns;
		*stime = t->task->stime_ns;
	} else {
		process_times(t->process, utime, stime);
	}
}

static u64 start_ticks(const struct process *p)
{
	u64 boot = sched_boot_ns();

	return p->start_ns > boot ? (p->start_ns - boot) / TICK_NS : 0;
}

/* --- stat --------------------------------------------------------------------------------------- */

static void stat_identity(struct textbuf *tb, const struct proc_target *t)
{
	const struct process *p = t->process;
	void *tty = p->tty;

	textbuf_printf(tb, "%d (%s) %c %d %d %d %d %d 0 ", t->task->tid,
		       t->task->comm, state_letter(t->task), parent_pid(p),
		       p->pgid, p->session ? p->session->sid : 0,
		       (int)tty_rdev(tty), tty ? tty_foreground(tty) : -1);
}

static void stat_usage(struct textbuf *tb, const struct proc_target *t)
{
	const struct process *p = t->process;
	const struct mm *mm = p->mm;
	u64 utime, stime;

	cpu_times(t, &utime, &stime);
	textbuf_printf(tb, "%llu %llu %llu %llu ",
		       (ull)(mm ? mm->faults_minor : p->minflt), (ull)p->cminflt,
		       (ull)(mm ? mm->faults_major : p->majflt), (ull)p->cmajflt);
	textbuf_printf(tb, "%llu %llu %llu %llu %d %d %u 0 %llu ",
		       (ull)(utime / TICK_NS), (ull)(stime / TICK_NS),
		       (ull)(p->cutime_ns / TICK_NS),
		       (ull)(p->cstime_ns / TICK_NS), 20 + t->task->nice,
		       t->task->nice, p->task_count, (ull)start_ticks(p));
}

static void stat_memory(struct textbuf *tb, const struct proc_target *t)
{
	const struct process *p = t->process;
	const struct mm *mm = p->mm;
	bool open = mm && proc_may_access(p);

	textbuf_printf(tb, "%llu %llu %llu ",
		       (ull)(mm ? mm->total_pages * PAGE_SIZE : 0),
		       (ull)(mm ? mm->resident_pages : 0),
		       (ull)p->rlim[RLIMIT_RSS].cur);
	textbuf_printf(tb, "%llu %llu %llu 0 0 ",
		       (ull)(open ? mm->code_start : 0),
		       (ull)(open ? mm->code_end : 0),
		       (ull)(open ? mm->stack_top : 0));
}

static void stat_signals(struct textbuf *tb, const struct proc_target *t)
{
	u64 ignored, caught;

	handler_sets(t->process, &ignored, &caught);
	/* 31 bits, as historical */
	textbuf_printf(tb, "%llu %llu %llu %llu 0 0 0 %d 0 %u %u 0 0 0 ",
		       (ull)(t->task->pending.mask & INT32_MAX),
		       (ull)(t->task->blocked & INT32_MAX),
		       (ull)(ignored & INT32_MAX), (ull)(caught & INT32_MAX),
		       t->process->exit_signal, t->task->rt_priority,
		       t->task->policy);
}

static void stat_layout(struct textbuf *tb, const struct proc_target *t)
{
	const struct mm *mm = t->process->mm;

	if (!mm || !proc_may_access(t->process)) {
		textbuf_printf(tb, "0 0 0 0 0 0 0 0\n");
		return;
	}
	textbuf_printf(tb, "%llu %llu %llu %llu %llu %llu %llu %d\n",
		       (ull)mm->data_start, (ull)mm->data_end,
		       (ull)mm->brk_start, (ull)mm->arg_start, (ull)mm->arg_end,
		       (ull)mm->env_start, (ull)mm->env_end,
		       t->process->exit_code);
}

int proc_show_stat(struct textbuf *tb, const struct proc_target *t)
{
	stat_identity(tb, t);
	stat_usage(tb, t);
	stat_memory(tb, t);
	stat_signals(tb, t);
	stat_layout(tb, t);
	return 0;
}

/* --- status --------------------------------------------------------------------------------------- */

static void status_identity(struct textbuf *tb, const struct proc_target *t)
{
	const struct process *p = t->process;
	const struct fs_context *fs = process_fs(p);
	const struct cred *c = &t->task->cred;

	textbuf_printf(tb, "Name:\t%s\nUmask:\t%04o\nState:\t%s\n", t->task->comm,
		       fs ? fs->umask : 0, state_text(t->task));
	textbuf_printf(tb, "Tgid:\t%d\nNgid:\t0\nPid:\t%d\nPPid:\t%d\nTracerPid:\t0\n",
		       p->pid, t->task->tid, parent_pid(p));
	textbuf_printf(tb, "Uid:\t%u\t%u\t%u\t%u\nGid:\t%u\t%u\t%u\t%u\n", c->uid,
		       c->euid, c->suid, c->fsuid, c->gid, c->egid, c->sgid,
		       c->fsgid);
	textbuf_printf(tb, "FDSize:\t%d\nGroups:\t", 64);
	for (u32 i = 0; c->groups && i < c->groups->count; i++)
		textbuf_printf(tb, "%u ", c->groups->gid[i]);
	textbuf_printf(tb, "\n");
}

static void put_kib(struct textbuf *tb, const char *name, u64 pages)
{
	textbuf_printf(tb, "%s:\t%8llu kB\n", name, (ull)(pages * KIB_PER_PAGE));
}

static void status_memory(struct textbuf *tb, const struct process *p)
{
	struct proc_mm_use use;

	if (!p->mm)
		return;
	proc_mm_use(p->mm, &use);
	put_kib(tb, "VmPeak", p->mm->total_pages);
	put_kib(tb, "VmSize", p->mm->total_pages);
	put_kib(tb, "VmLck", p->mm->locked_pages);
	put_kib(tb, "VmPin", 0);
	put_kib(tb, "VmHWM", MAX(p->mm->resident_peak, p->mm->resident_pages));
	put_kib(tb, "VmRSS", p->mm->resident_pages);
	put_kib(tb, "VmData", use.data);
	put_kib(tb, "VmStk", use.stack);
	put_kib(tb, "VmExe", use.text);
	put_kib(tb, "VmLib", use.library);
	put_kib(tb, "VmPTE", 0);
	put_kib(tb, "VmSwap", 0);
}

static void put_set(struct textbuf *tb, const char *name, u64 set)
{
	textbuf_printf(tb, "%s:\t%016llx\n", name, (ull)set);
}

static void status_signals(struct textbuf *tb, const struct proc_target *t)
{
	const struct process *p = t->process;
	u64 ignored, caught;

	handler_sets(p, &ignored, &caught);
	textbuf_printf(tb, "Threads:\t%u\nSigQ:\t%u/%llu\n", p->task_count,
		       p->sig_queued, (ull)p->rlim[RLIMIT_SIGPENDING].cur);
	put_set(tb, "SigPnd", t->task->pending.mask);
	put_set(tb, "ShdPnd", p->shared_pending.mask);
	put_set(tb, "SigBlk", t->task->blocked);
	put_set(tb, "SigIgn", ignored);
	put_set(tb, "SigCgt", caught);
}

static void status_rights(struct textbuf *tb, const struct task *t)
{
	put_set(tb, "CapInh", t->cred.cap_inheritable);
	put_set(tb, "CapPrm", t->cred.cap_permitted);
	put_set(tb, "CapEff", t->cred.cap_effective);
	put_set(tb, "CapBnd", t->cred.cap_bounding);
	put_set(tb, "CapAmb", t->cred.cap_ambient);
	textbuf_printf(tb, "NoNewPrivs:\t%d\nSeccomp:\t%u\nSeccomp_filters:\t%u\n",
		       t->cred.no_new_privs, t->seccomp_mode, seccomp_filter_count(t));
	textbuf_printf(tb, "Cpus_allowed:\t1\nCpus_allowed_list:\t0\n"
			   "Mems_allowed:\t1\nMems_allowed_list:\t0\n");
	textbuf_printf(tb, "voluntary_ctxt_switches:\t%llu\n"
			   "nonvoluntary_ctxt_switches:\t%llu\n",
		       (ull)t->nvcsw, (ull)t->nivcsw);
}

int proc_show_status(struct textbuf *tb, const struct proc_target *t)
{
	status_identity(tb, t);
	status_memory(tb, t->process);
	status_signals(tb, t);
	status_rights(tb, t->task);
	return 0;
}

/* --- limits ------------------------------------------------------------------------------------------- */

static const struct {
	const char *name, *unit;
} limit_names[] = {
	[RLIMIT_CPU] = { "Max cpu time", "seconds" },
	[RLIMIT_FSIZE] = { "Max file size", "bytes" },
	[RLIMIT_DATA] = { "Max data size", "bytes" },
	[RLIMIT_STACK] = { "Max stack size", "bytes" },
	[RLIMIT_CORE] = { "Max core file size", "bytes" },
	[RLIMIT_RSS] = { "Max resident set", "bytes" },
	[RLIMIT_NPROC] = { "Max processes", "processes" },
	[RLIMIT_NOFILE] = { "Max open files", "files" },
	[RLIMIT_MEMLOCK] = { "Max locked memory", "bytes" },
	[RLIMIT_AS] = { "Max address space", "bytes" },
	[RLIMIT_LOCKS] = { "Max file locks", "locks" },
	[RLIMIT_SIGPENDING] = { "Max pending signals", "signals" },
	[RLIMIT_MSGQUEUE] = { "Max msgqueue size", "bytes" },
	[RLIMIT_NICE] = { "Max nice priority", "" },
	[RLIMIT_RTPRIO] = { "Max realtime priority", "" },
	[RLIMIT_RTTIME] = { "Max realtime timeout", "us" },
};

static void put_limit(struct textbuf *tb, u64 value)
{
	if (value == UINT64_MAX)
		textbuf_printf(tb, "%-20s ", "unlimited");
	else
		textbuf_printf(tb, "%-20llu ", (ull)value);
}

int proc_show_limits(struct textbuf *tb, const struct proc_target *t)
{
	textbuf_printf(tb, "%-25s %-20s %-20s %-10s\n", "Limit", "Soft Limit",
		       "Hard Limit", "Units");
	for (size_t i = 0; i < ARRAY_SIZE(limit_names); i++) {
		textbuf_printf(tb, "%-25s ", limit_names[i].name);
		put_limit(tb, t->process->rlim[i].cur);
		put_limit(tb, t->process->rlim[i].max);
		textbuf_printf(tb, "%-10s\n", limit_names[i].unit);
	}
	return 0;
}

/* --- the small ones -------------------------------------------------------------------------------------- */

static int show_comm(struct textbuf *tb, const struct proc_target *t)
{
	textbuf_printf(tb, "%s\n", t->task->comm);
	return 0;
}

/* Only threads of the process itself may rename it. */
static int write_comm(const struct proc_target *t, const char *text, size_t len)
{
	if (t->process != current_process())
		return -EINVAL;
	memset(t->task->comm, 0, TASK_COMM_LEN);
	memcpy(t->task->comm, text, MIN(len, (size_t)TASK_COMM_LEN - 1));
	return 0;
}

static int show_oom_score_adj(struct textbuf *tb, const struct proc_target *t)
{
	textbuf_printf(tb, "%d\n", t->process->oom_score_adj);
	return 0;
}

/* Thousandths of RAM, as the badness that oom_score_adj is added to. */
static int show_oom_score(struct textbuf *tb, const struct proc_target *t)
{
	const struct mm *mm = t->process->mm;
	u64 share = mm ? mm->resident_pages * 1000 / MAX(page_total_count(), 1UL) : 0;
	s64 score = (s64)share + t->process->oom_score_adj;

	textbuf_printf(tb, "%lld\n", (long long)MAX(score, 0LL));
	return 0;
}

static int write_oom_score_adj(const struct proc_target *t, const char *text,
			       size_t len)
{
	bool negative = len && text[0] == '-';
	s32 value = 0;

	for (size_t i = negative; i < len; i++) {
		if (text[i] < '0' || text[i] > '9' || value > OOM_SCORE_ADJ_MAX)
			return -EINVAL;
		value = value * 10 + (text[i] - '0');
	}
	if (len == (size_t)negative || value > OOM_SCORE_ADJ_MAX)
		return -EINVAL;
	value = negative ? -value : value;
	if (!proc_may_access(t->process))
		return -EACCES;
	if (value < t->process->oom_score_adj && !capable(24)) /* CAP_SYS_RESOURCE */
		return -EACCES;
	t->process->oom_score_adj = value;
	return 0;
}

static int show_wchan(struct textbuf *tb, const struct proc_target *t)
{
	(void)t;
	textbuf_putc(tb, '0');
	return 0;
}

static int show_cgroup(struct textbuf *tb, const struct proc_target *t)
{
	(void)t;
	textbuf_printf(tb, "0::/\n");
	return 0;
}

#define FILE_(n, m, s) { .name = n, .kind = PROC_FILE, .mode = m, .show = s }
#define FILE_W(n, m, s, w) \
	{ .name = n, .kind = PROC_FILE, .mode = m, .show = s, .write = w }
#define MOUNTS_(n, s) \
	{ .name = n, .kind = PROC_FILE, .mode = 0444, .show = s, .fops = &proc_mounts_ops }
#define MAGIC_(n, s, f) \
	{ .name = n, .kind = PROC_MAGIC, .mode = 0777, .show = s, .follow = f }
#define NUMBERS_(n, m, d) \
	{ .name = n, .kind = PROC_DIR, .mode = m, .dynamic = d }

#define COMMON_ENTRIES                                                     \
	FILE_("auxv", 0400, proc_show_auxv),                               \
	FILE_("cgroup", 0444, show_cgroup),                                \
	FILE_W("clear_refs", 0200, NULL, proc_write_clear_refs),           \
	FILE_("cmdline", 0444, proc_show_cmdline),                         \
	FILE_W("comm", 0644, show_comm, write_comm),                       \
	FILE_W("coredump_filter", 0644, proc_show_coredump_filter,         \
	       proc_write_coredump_filter),                                \
	MAGIC_("cwd", proc_show_cwd, proc_follow_cwd),                     \
	FILE_("environ", 0400, proc_show_environ),                         \
	MAGIC_("exe", proc_show_exe, proc_follow_exe),                     \
	NUMBERS_("fd", 0500, PROC_FDS),                                    \
	NUMBERS_("fdinfo", 0500, PROC_FDINFOS),                            \
	FILE_("gid_map", 0644, proc_show_id_map),                          \
	FILE_("io", 0400, proc_show_io),                                   \
	FILE_("limits", 0444, proc_show_limits),                           \
	FILE_W("loginuid", 0644, proc_show_loginuid, proc_write_loginuid), \
	FILE_("maps", 0444, proc_show_maps),                               \
	MOUNTS_("mountinfo", proc_show_mountinfo),                         \
	MOUNTS_("mounts", proc_show_mounts),                               \
	{ .name = "net", .kind = PROC_DIR, .mode = 0555,                   \
	  .children = proc_net_entries },                                  \
	{ .name = "ns", .kind = PROC_DIR, .mode = 0511,                    \
	  .children = proc_ns_entries },                                   \
	FILE_("numa_maps", 0444, proc_show_numa_maps),                     \
	FILE_("oom_adj", 0444, proc_show_oom_adj),                         \
	FILE_("oom_score", 0444, show_oom_score),                          \
	FILE_W("oom_score_adj", 0644, show_oom_score_adj,                  \
	       write_oom_score_adj),                                       \
	{ .name = "pagemap", .kind = PROC_FILE, .mode = 0400,              \
	  .fops = &proc_pagemap_ops },                                     \
	FILE_("personality", 0400, proc_show_personality),                 \
	FILE_("projid_map", 0644, proc_show_id_map),                       \
	MAGIC_("root", proc_show_root, proc_follow_root),                  \
	FILE_("schedstat", 0444, proc_show_schedstat),                     \
	FILE_("sessionid", 0444, proc_show_sessionid),                     \
	FILE_("setgroups", 0644, proc_show_setgroups),                     \
	FILE_("smaps", 0444, proc_show_smaps),                             \
	FILE_("smaps_rollup", 0444, proc_show_smaps_rollup),               \
	FILE_("stat", 0444, proc_show_stat),                               \
	FILE_("statm", 0444, proc_show_statm),                             \
	FILE_("stack", 0400, proc_show_stack),                             \
	FILE_("status", 0444, proc_show_status),                           \
	FILE_("syscall", 0400, proc_show_syscall),                         \
	FILE_("uid_map", 0644, proc_show_id_map),                          \
	FILE_("wchan", 0444, show_wchan)

const struct proc_entry proc_process_entries[] = {
	COMMON_ENTRIES,
	NUMBERS_("task", 0555, PROC_TASKS),
	FILE_W("timerslack_ns", 0666, proc_show_timerslack, proc_write_timerslack),
	{ .name = NULL },
};

const struct proc_entry proc_task_entries[] = {
	COMMON_ENTRIES,
	FILE_("children", 0444, proc_show_children),
	{ .name = NULL },
};
