/*
 * Between the files of procfs: one tree of tables. procfs.c turns the tables
 * into directories and inodes, procfs_file.c reads and writes, the others fill in
 * the content.
 */
#ifndef FS_PROCFS_H
#define FS_PROCFS_H

#include "fs/vfs.h"
#include "lib/printf.h"
#include "lib/types.h"

struct mm;
struct process;
struct task;

/* What a node is about: looked up anew at each use, never kept. */
struct proc_entry;
struct proc_target {
	const struct proc_entry *entry; /* what is shown or written */
	struct process *process; /* NULL: the machine */
	struct task *task;
	s32 fd; /* /proc/PID/fd/N */
};

/* core(5): the pattern of core files' names, and whether the pid is added to one that
 * has none. */
#define CORE_PATTERN_BYTES 128
extern char proc_core_pattern[CORE_PATTERN_BYTES];
extern s64 proc_core_uses_pid;

/* A number that is shown and, within its bounds, set. */
struct proc_number {
	s64 *value, min, max;
};

enum proc_kind {
	PROC_FILE,  /* show, perhaps write */
	PROC_LINK,  /* symbolic link: show makes its text */
	PROC_MAGIC, /* show makes the text, follow goes there */
	PROC_DIR,   /* children, and what dynamic says */
};

/* Entries of a directory beside its table. */
enum proc_dynamic {
	PROC_NOTHING,
	PROC_PROCESSES, /* /proc: a directory per process */
	PROC_TASKS,	/* /proc/PID/task */
	PROC_FDS,	/* /proc/PID/fd */
	PROC_FDINFOS,	/* /proc/PID/fdinfo */
};

struct proc_entry {
	const char *name;
	enum proc_kind kind;
	u16 mode; /* permissions */
	/* Writes the content; 0 or -errno. Must not sleep. */
	int (*show)(struct textbuf *tb, const struct proc_target *t);
	/* Takes what was written, NUL-terminated, line end cut; 0 or -errno. */
	int (*write)(const struct proc_target *t, const char *text, size_t len);
	/* The referenced place; 0 or -errno. */
	int (*follow)(const struct proc_target *t, struct path *to);
	const struct proc_number *number; /* proc_show_number's */
	const struct file_ops *fops;	   /* of a PROC_FILE that is no mere text */
	const struct proc_entry *children; /* ends with a NULL name */
	enum proc_dynamic dynamic;
};

/* The root's table, and those of /proc/PID and /proc/PID/task/TID. */
extern const struct proc_entry proc_root_entries[];
extern const struct proc_entry proc_process_entries[];
extern const struct proc_entry proc_sys_entries[]; /* procfs_sysctl.c */
extern const struct proc_entry proc_task_entries[];
extern const struct proc_entry proc_ns_entries[]; /* procfs_links.c */
/* /proc/net and /proc/sys/net: the layer above defines them (net/proc_net.c). */
extern const struct proc_entry proc_net_entries[];
extern const struct proc_entry proc_sys_net_entries[];
/* What the dynamic entries are. */
extern const struct proc_entry proc_fd_entry, proc_fdinfo_entry;

/* An inode's private data. */
struct proc_node {
	const struct proc_entry *entry;
	s32 pid, tid, fd; /* 0, 0, -1: none */
	u64 start_ns;	  /* of the process: a number may be used again */
};

/* Whom node is about: 0, or -ESRCH, -ENOENT when that is gone. */
int proc_node_target(const struct proc_node *node, struct proc_target *t);
/* May the current task look into p (ptrace(2), PTRACE_MODE_READ_FSCREDS)? */
bool proc_may_access(const struct process *p);
/* The user and group that files about p belong to. */
void proc_owner(const struct process *p, u32 *uid, u32 *gid);

/* f is open on /proc/PID: its process, NULL when that is gone; ERR_PTR(-EBADF): f is
 * something else. */
struct process *proc_file_process(const struct file *f);

/* A super block whose root is entry, or ERR_PTR(-ENOMEM): proc's and sysfs's. */
struct super_block *proc_super_create(const char *fstype, u64 magic,
				      const struct proc_entry *entry);
/* file_ops of PROC_FILE (procfs_file.c). */
extern const struct file_ops proc_file_ops;
/* Runs entry->show into fresh memory: kmalloc'd *text of *len bytes. 0, -errno. */
int proc_show(const struct proc_node *node, char **text, size_t *len);

/* show and write of an entry with a number. */
int proc_show_number(struct textbuf *tb, const struct proc_target *t);
int proc_write_number(const struct proc_target *t, const char *text, size_t len);
/* A text that was written becomes *to, within the number's bounds: 0, -EINVAL. */
int proc_set_number(const struct proc_number *number, s64 *to, const char *text, size_t len);
/* A decimal number, perhaps with a sign: 0, -EINVAL. */
int proc_parse_number(const char *text, s64 *value);

/* --- content (procfs_process.c, procfs_mm.c, procfs_links.c, procfs_system.c) --- */

/* Each is the show of the entry it is named after. */
int proc_show_stat(struct textbuf *tb, const struct proc_target *t);
int proc_show_status(struct textbuf *tb, const struct proc_target *t);
int proc_show_limits(struct textbuf *tb, const struct proc_target *t);
int proc_show_maps(struct textbuf *tb, const struct proc_target *t);
int proc_show_smaps(struct textbuf *tb, const struct proc_target *t);
int proc_show_smaps_rollup(struct textbuf *tb, const struct proc_target *t);
int proc_show_cmdline(struct textbuf *tb, const struct proc_target *t);
int proc_show_environ(struct textbuf *tb, const struct proc_target *t);
int proc_show_auxv(struct textbuf *tb, const struct proc_target *t);
int proc_show_statm(struct textbuf *tb, const struct proc_target *t);
int proc_show_mounts(struct textbuf *tb, const struct proc_target *t);
int proc_show_mountinfo(struct textbuf *tb, const struct proc_target *t);
int proc_show_cpuinfo(struct textbuf *tb, const struct proc_target *t);
int proc_show_sysvipc_shm(struct textbuf *tb, const struct proc_target *t);
int proc_show_sysvipc_sem(struct textbuf *tb, const struct proc_target *t);
int proc_show_sysvipc_msg(struct textbuf *tb, const struct proc_target *t);
int proc_show_shmmax(struct textbuf *tb, const struct proc_target *t);
int proc_show_shmall(struct textbuf *tb, const struct proc_target *t);
int proc_show_sem(struct textbuf *tb, const struct proc_target *t);
int proc_write_shmmax(const struct proc_target *t, const char *text, size_t len);
int proc_write_shmall(const struct proc_target *t, const char *text, size_t len);
int proc_write_sem(const struct proc_target *t, const char *text, size_t len);
/* show and write of an entry with a number in ipc_first_space, which stands for that
 * of the current name space. */
int proc_show_ipc_number(struct textbuf *tb, const struct proc_target *t);
int proc_write_ipc_number(const struct proc_target *t, const char *text, size_t len);

/* procfs_login.c: who has logged in. */
int proc_show_loginuid(struct textbuf *tb, const struct proc_target *t);
int proc_write_loginuid(const struct proc_target *t, const char *text, size_t len);
int proc_show_sessionid(struct textbuf *tb, const struct proc_target *t);

/* procfs_attr.c: further files of a process. */
int proc_show_io(struct textbuf *tb, const struct proc_target *t);
int proc_show_coredump_filter(struct textbuf *tb, const struct proc_target *t);
int proc_write_coredump_filter(const struct proc_target *t, const char *text, size_t len);
int proc_write_clear_refs(const struct proc_target *t, const char *text, size_t len);
int proc_show_id_map(struct textbuf *tb, const struct proc_target *t);
int proc_show_setgroups(struct textbuf *tb, const struct proc_target *t);
int proc_show_personality(struct textbuf *tb, const struct proc_target *t);
int proc_show_schedstat(struct textbuf *tb, const struct proc_target *t);
int proc_show_timerslack(struct textbuf *tb, const struct proc_target *t);
int proc_write_timerslack(const struct proc_target *t, const char *text, size_t len);
int proc_show_syscall(struct textbuf *tb, const struct proc_target *t);
int proc_show_stack(struct textbuf *tb, const struct proc_target *t);
int proc_show_children(struct textbuf *tb, const struct proc_target *t);
int proc_show_numa_maps(struct textbuf *tb, const struct proc_target *t);
int proc_show_oom_adj(struct textbuf *tb, const struct proc_target *t);
extern const struct file_ops proc_pagemap_ops;
/* procfs_machine.c: the rest of /proc's own files. */
extern const struct proc_entry proc_tty_entries[];
int proc_show_buddyinfo(struct textbuf *tb, const struct proc_target *t);
int proc_show_cgroups(struct textbuf *tb, const struct proc_target *t);
int proc_show_consoles(struct textbuf *tb, const struct proc_target *t);
int proc_show_devices(struct textbuf *tb, const struct proc_target *t);
int proc_show_diskstats(struct textbuf *tb, const struct proc_target *t);
int proc_show_execdomains(struct textbuf *tb, const struct proc_target *t);
int proc_show_interrupts(struct textbuf *tb, const struct proc_target *t);
int proc_show_misc(struct textbuf *tb, const struct proc_target *t);
int proc_show_softirqs(struct textbuf *tb, const struct proc_target *t);
int proc_show_zoneinfo(struct textbuf *tb, const struct proc_target *t);
int proc_show_nothing(struct textbuf *tb, const struct proc_target *t);
/* procfs_mounts.c */
int proc_mounts_open(struct file *f);
u32 proc_mounts_poll(struct file *f, struct poll_table *pt);
extern const struct file_ops proc_mounts_ops; /* procfs_file.c */
/* procfs_keys.c */
int proc_show_keys(struct textbuf *tb, const struct proc_target *t);
int proc_show_key_users(struct textbuf *tb, const struct proc_target *t);

/* The line of maps about vma. 0 or -ENOMEM. */
int proc_put_vma(struct textbuf *tb, const struct vma *vma);

/* Pages of mm by use, for status and statm. */
struct proc_mm_use {
	u64 text, data, stack, library; /* VMA pages */
};
void proc_mm_use(const struct mm *mm, struct proc_mm_use *use);

/* Links of a process: exe, cwd, root, fd/N. */
int proc_show_exe(struct textbuf *tb, const struct proc_target *t);
int proc_follow_exe(const struct proc_target *t, struct path *to);
int proc_show_cwd(struct textbuf *tb, const struct proc_target *t);
int proc_follow_cwd(const struct proc_target *t, struct path *to);
int proc_show_root(struct textbuf *tb, const struct proc_target *t);
int proc_follow_root(const struct proc_target *t, struct path *to);
int proc_show_fd(struct textbuf *tb, const struct proc_target *t);
int proc_follow_fd(const struct proc_target *t, struct path *to);
int proc_show_fdinfo(struct textbuf *tb, const struct proc_target *t);
/* Appends the absolute name of path. */
int proc_put_path(struct textbuf *tb, const struct path *path);

#endif
