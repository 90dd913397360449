/*
 * Tasks (threads) and processes (thread groups).
 *
 * A task is what the scheduler runs; a process is what programs call one:
 * pid, parent, children, descriptor table, signal handlers. Lock: none needed,
 * the kernel is entered under one lock and is not preemptible inside; fields
 * may change across anything that sleeps.
 */
#ifndef PROC_TASK_H
#define PROC_TASK_H

#include "hal/cpu.h"
#include "hal/trap.h"
#include "lib/list.h"
#include "lib/types.h"
#include "mm/mm.h"
#include "proc/cred.h"
#include "proc/itimer.h"
#include "proc/key.h"
#include "proc/signal.h"
#include "proc/timer.h"
#include "proc/wait.h"

#define TASK_COMM_LEN 16
#define KERNEL_STACK_ORDER 2 /* 16 KiB */
#define RLIM_NLIMITS_ 16

enum task_state {
	TASK_RUNNABLE,	/* on the run queue or running */
	TASK_SLEEPING,	/* on wait queues, a signal wakes it */
	TASK_STOPPED,	/* by SIGSTOP and kin */
	TASK_ZOMBIE,	/* exited; stack is freed by the scheduler */
};

/* A parent in vfork(2), on its own stack: done once the child has left the
 * common address space. */
struct vfork_wait {
	struct wait_queue wq;
	bool done;
};

struct rlimit64_pair {
	u64 cur, max;
};

/* What upper layers hang on a process; see resource.h for the operations. */
struct proc_resources {
	void *files; /* fs: descriptor table */
	void *fs;    /* fs: root, cwd, umask */
	void *mounts; /* fs: mount name space; NULL: the first */
	void *aio;   /* fs: contexts of io_setup; never shared or inherited */
};

struct uts_names;

/* What went through read, write and kin. */
struct io_account {
	u64 read_bytes, written_bytes, reads, writes;
};

struct session {
	u32 refs;
	s32 sid;
};

struct process {
	s32 pid;		     /* thread-group id */
	s32 pgid;
	struct session *session;
	void *tty;		     /* dev: controlling terminal or NULL */
	s32 tty_old_pgrp;	     /* leader: who was in front when it hung up */
	struct process *parent;	     /* NULL only for pid 1 */
	struct list_head children;   /* by sibling */
	struct list_head sibling;
	struct list_head tasks;	     /* by task.group_link */
	struct list_head all_link;   /* in the list of all processes */
	u32 task_count;
	struct mm *mm;		     /* NULL: kernel process or zombie */
	struct proc_resources res;
	struct pid_ref *pid_ref;     /* proc/pidref.h; NULL until asked for */
	struct sighand *sighand;     /* handlers; shared by CLONE_SIGHAND */
	struct sigpending shared_pending;
	struct wait_queue child_wait; /* the parent's wait4 sleeps here */
	struct wait_queue signalfd_wait; /* woken by every new signal */
	struct rlimit64_pair rlim[RLIM_NLIMITS_];
	struct timer itimer_real;
	u64 itimer_real_interval_ns;
	u64 itimer_virtual_ns[2], itimer_prof_ns[2]; /* left, interval */
	struct list_head sem_undos;  /* proc/sem.c */
	struct list_head ptimers;    /* timer_create's, proc/ptimer.c */
	struct list_head cpu_timers; /* that count this one's CPU time */
	s32 next_ptimer;
	struct io_account io;
	u64 utime_ns, stime_ns;	     /* of ended tasks */
	u64 cutime_ns, cstime_ns;    /* of waited-for children */
	u64 cpu_ns;		     /* CPU time of all its tasks so far */
	u64 cpu_limit_ns;	     /* next RLIMIT_CPU signal; UINT64_MAX none */
	bool cpu_watched;	     /* a CPU-time timer or limit is active */
	u64 minflt, majflt, cminflt, cmajflt, nvcsw, nivcsw;
	u64 maxrss_pages, cmaxrss_pages;
	u64 start_ns;		     /* mono at creation */
	s32 exit_signal;	     /* to the parent, SIGCHLD normally */
	s32 exit_code;		     /* wait status once exiting */
	bool exiting, zombie;
	bool unkillable;	     /* init: default actions do not happen */
	bool stop_pending;	     /* threads are to stop, or have */
	bool stopped, stop_reported, continued;
	s32 stop_sig;
	u32 sig_queued;		     /* struct sigqueue in all its queues */
	struct task *exec_task;	     /* in execve: the others are to end */
	bool did_exec, dumpable, child_subreaper;
	bool thp_disable, io_flusher; /* of prctl(2); kept only */
	u8 mce_kill;		     /* PR_MCE_KILL_SET's; kept only */
	s32 oom_score_adj;
	u32 coredump_filter;	     /* of core(5) */
	u32 personality;	     /* of personality(2) */
	struct uts_names *uts;	     /* proc/uts.h; NULL: the machine's first */
	struct ipc_space *ipc;	     /* proc/ipc.h; NULL: the machine's first */
	char *exe_path;		     /* kmalloc'd absolute path, or NULL */
};

struct task {
	s32 tid;
	struct process *proc;
	struct list_head group_link;
	struct list_head run_link;   /* run queue */
	enum task_state state;
	bool woken;		     /* a wake-up came while going to sleep */
	bool exiting;		     /* in task_exit: signals are over */
	bool futex_done;	     /* has given its locks up: owns none any more */
	bool in_user_fault;	     /* serves a fault of user mode: holds nothing */
	bool detached;		     /* nobody waits for it: freed when it has
				      * left its kernel stack */
	struct mm *mm;		     /* = proc->mm; NULL for kernel threads */
	struct trap_frame tf;	     /* user registers while in the kernel */
	struct cpu_context ctx;
	struct cpu_user user;
	void *kernel_stack;
	struct cred cred;
	struct task_keys keys;
	char comm[TASK_COMM_LEN];
	/* signals */
	u64 blocked;		     /* mask */
	u64 saved_blocked;	     /* to restore after sigsuspend, ppoll */
	bool restore_blocked;
	struct sigpending pending;
	u64 sigwait;		     /* sigtimedwait takes these, though blocked */
	s32 forced_sig;		     /* fault to deliver before all else, or 0 */
	struct k_siginfo forced_info;
	uaddr_t altstack_sp;
	u64 altstack_size;
	u32 altstack_flags;
	/* restart of an interrupted call (restart_syscall) */
	s64 (*restart_fn)(struct task *t);
	u64 restart_arg[4];
	/* scheduling and accounting */
	s32 nice;
	u32 ioprio;		     /* of ioprio_set(2); kept, has no effect */
	u32 mempolicy;		     /* of set_mempolicy(2), as sys_numa.c has it */
	u64 timer_slack_ns, timer_slack_default_ns; /* PR_SET_TIMERSLACK; kept only */
	u32 policy, rt_priority;     /* SCHED_* of linux/sched.h */
	u32 pi_boost;		     /* real-time priority lent by who waits for it; 0 */
	bool reset_on_fork;
	u64 vruntime_ns;	     /* CPU time weighted by nice: least runs next */
	u64 slice_start_ns, utime_ns, stime_ns;
	u64 accounted_ns;	     /* CPU time is charged up to this instant */
	/* clock_cycles: at the entry from user mode; spent in the kernel
	 * since accounted_cycles, the counter at accounted_ns */
	u64 enter_cycles, kernel_cycles, accounted_cycles;
	u64 switch_ns;		     /* what bringing its space into force took */
	u64 nvcsw, nivcsw;
	/* threads */
	uaddr_t clear_child_tid, set_child_tid, robust_list;
	uaddr_t rseq;		     /* proc/rseq.c; 0: not registered */
	u32 rseq_signature;
	bool rseq_due;		     /* a sequence that it is in has to end */
	struct vfork_wait *vfork;    /* parent that waits for us, or NULL */
	u64 pdeath_signal;
	/* who has logged in, and the how manyeth login: fs/procfs_login.c */
	u32 login_uid, login_session;
	struct seccomp_filter *seccomp; /* proc/seccomp.c */
	u8 seccomp_mode;
};

/* The running task; never NULL after boot. */
static inline struct task *current_task(void)
{
	return this_cpu()->current;
}

static inline struct process *current_process(void)
{
	return this_cpu()->current->proc;
}

/* Boot: the idle context becomes a task, pid table. */
void proc_init(void);

/* What is to be done before the machine ends with its process 1: installed at boot,
 * and done. */
void proc_set_shutdown(void (*fn)(void));
void proc_shutdown(void);

/* Installs the way to user mode (entry_return); new tasks end their first steps
 * in it. Boot. */
void proc_set_user_return(void (*fn)(struct trap_frame *tf) __noreturn);

/* Installs what writes core files (sys/coredump.h). Boot. */
void proc_set_core_dumper(bool (*fn)(int sig, const struct k_siginfo *info));

/* Starts a kernel process (pid allocated; leader of a session of its own)
 * running fn(arg), which ends with process_exit or becomes a program by exec.
 * Child of the current process; the first is process 1. Returns it or ERR_PTR. */
struct task *kthread_create(const char *name, void (*fn)(void *arg), void *arg);

/* clone(2) as clone_args of linux/sched.h; tf: parent's frame, which the child
 * resumes with rax 0. Returns the child's tid or -errno. */
struct clone_request {
	u64 flags; /* CLONE_* without the signal */
	s32 exit_signal;
	uaddr_t stack; /* new rsp or 0 */
	uaddr_t parent_tid, child_tid, tls, pidfd;
};
s64 task_clone(const struct clone_request *req);

/* Ends the calling task / its whole process. code: wait status (exit code
 * << 8, or the signal number | 0x80 for a core). */
void task_exit(s32 code) __noreturn;
void process_exit(s32 code) __noreturn;

/*
 * exec support. begin: ends the other threads (sleeps); the caller is the
 * process's only task and has its pid afterwards. 0, or -EINTR when the caller is
 * itself to end: it cleans up and returns to where signals are handled. commit,
 * after begin returned 0: resets handlers and names, closes descriptors, installs
 * the new mm (takes over the references of mm and exe_path).
 */
int process_exec_begin(void);
void process_exec_commit(struct mm *mm, const char *comm, char *exe_path);

/* New session and group of the current process: the sid, or -EPERM, -ENOMEM. */
s64 process_setsid(void);
void session_get(struct session *session);
void session_put(struct session *session);

/* The first task of p: its name and credentials are those of the process, also
 * when it is a zombie. */
static inline struct task *process_leader(const struct process *p)
{
	return list_first_entry(&p->tasks, struct task, group_link);
}
/* CPU time of all tasks of p, ended ones included, up to the last accounting. */
void process_times(const struct process *p, u64 *utime_ns, u64 *stime_ns);
/* Peak resident set so far. */
u64 process_maxrss_pages(const struct process *p);
/* Page faults served so far, before and after exec. */
void process_faults(const struct process *p, u64 *minor, u64 *major);
/* /proc/sys/kernel/pid_max: numbers below it are given out. */
#define TASK_PID_MAX_MIN 301 /* Linux: RESERVED_PIDS and one */
#define TASK_PID_MAX 4194304
extern s64 task_pid_max;
/* Tasks of real user uid. */
u32 task_count_of_uid(u32 uid);
/* The most tasks there may be (--pids). */
u32 task_count_max(void);

struct task *task_find(s32 tid);	 /* or NULL */
struct process *process_find(s32 pid);	 /* or NULL; zombies included */
/* Walk over all processes in pid order of creation. */
struct process *process_first(void);
struct process *process_next(struct process *p);
u32 process_count(void);
u32 task_count_total(void);
/* Is number a task's, a group's or a session's? */
bool process_number_used(s32 number);
/* The process group has a member in session sid? */
bool pgrp_exists(s32 pgid, s32 sid);
/* No member has a parent in another group of the same session? (orphaned) */
bool pgrp_is_orphaned(s32 pgid);

/* wait4/waitid engine. which: as waitid's idtype; options W*. Fills *res and
 * returns the pid, 0 (WNOHANG, none ready) or -ECHILD, -ERESTARTSYS. status is
 * encoded as for wait4(2). */
struct wait_result {
	s32 pid, uid, status, code; /* code: CLD_* */
	u64 utime_ns, stime_ns, minflt, majflt, maxrss_pages, nvcsw, nivcsw;
};
s64 process_wait(int idtype, s32 id, int options, struct wait_result *res);

/* The scheduler (sched.c). */
void schedule(void);		  /* give up the CPU; current's state says why */
void sched_wake(struct task *t);  /* make runnable */
void sched_tick(void);		  /* from IRQ_TIMER */
void sched_yield_current(void);
u32 sched_runnable_count(void);
/* Charges CPU time to the current task up to now; returns now, mono ns. */
u64 sched_account(void);
/* The current task has come from user mode; is about to go back. */
void sched_enter_kernel(struct task *t);
void sched_leave_kernel(struct task *t);
/* Nice value or policy of t changed: takes its place in the queue anew. */
void sched_changed(struct task *t);
/* t's real-time priority, its own or a lent one; 0: none. */
u32 sched_priority(const struct task *t);
/* The CPU share of a turn at this nice value, ns. */
u64 sched_slice_ns(s32 nice);
u64 sched_boot_ns(void);	  /* mono at boot */
u64 sched_load_avg(int which);	  /* 0..2: 1, 5, 15 min; fixed point 11 bits */
void sched_idle_loop(void) __noreturn; /* boot context ends here */
u64 sched_idle_ns(void);
/* Can the running context sleep? Not the boot's, which becomes the idle task. */
bool sched_may_sleep(void);

/* OOM: picks and kills a process, names it in one klog line. true if someone
 * was killed (caller lets it die and retries). */
bool oom_kill(void);
/* Ends all processes that run in mm: they have lost their registers. From an
 * interrupt's handler. */
void process_kill_lost(struct mm *mm);

#endif
