/* Signals as POSIX and signal(7) have them: generation, masks, delivery. */
#ifndef PROC_SIGNAL_H
#define PROC_SIGNAL_H

#include "hal/trap.h"
#include "lib/list.h"
#include "lib/types.h"

struct task;
struct process;

#define NSIG_ 64
#define SIG_BIT(sig) (1ULL << ((sig) - 1))

/* As rt_sigaction(2) has it in user memory (asm/signal.h, x86-64). */
struct k_sigaction {
	u64 handler; /* SIG_DFL 0, SIG_IGN 1 */
	u64 flags;
	u64 restorer;
	u64 mask;
};

/* The meaningful 48 bytes of siginfo_t, in user layout (asm-generic/siginfo.h);
 * copied out zero-extended to 128. */
struct k_siginfo {
	s32 signo, err, code, pad;
	union {
		struct { s32 pid; u32 uid; u64 value; } rt;
		struct { s32 pid; u32 uid; s32 status; s32 pad; s64 utime, stime; } chld;
		struct { u64 addr; u64 pad; } fault;
		struct { s32 timerid, overrun; u64 value; } timer;
		struct { s64 band; s32 fd; } poll;
		struct { u64 addr; s32 number; u32 arch; } sigsys;
		u64 raw[4];
	};
};

struct sigqueue {
	struct list_head link;
	struct process *charged; /* counts it in sig_queued */
	struct ptimer *ptimer;	 /* is_timer: whose signal it is, or NULL */
	bool is_timer, queued;
	struct k_siginfo info;
};
/* An entry charged to p, in no queue, or NULL (RLIMIT_SIGPENDING, memory). */
struct sigqueue *sigqueue_alloc(struct process *p);
void sigqueue_free(struct sigqueue *q);

struct sigpending {
	u64 mask;
	struct list_head queue; /* struct sigqueue */
};

struct sighand {
	u32 refs;
	struct k_sigaction action[NSIG_]; /* [sig - 1] */
};

/* Empty set; and: forget the pending signals of mask, freeing queue entries. */
void sigpending_init(struct sigpending *p);
void sigpending_flush(struct sigpending *p, u64 mask);

/* Sends to one thread / a process / a group (-pgid semantics of kill). info
 * NULL: SI_KERNEL. Returns 0 or -EAGAIN (queue full), -ESRCH. */
int signal_send_task(struct task *t, int sig, const struct k_siginfo *info);
int signal_send_process(struct process *p, int sig, const struct k_siginfo *info);
int signal_send_group(s32 pgid, int sig, const struct k_siginfo *info);
/* Puts an entry that is in no queue into that of t, or of p as a whole (t NULL),
 * without a copy. false: the signal is ignored, the entry is the caller's. */
bool signal_send_entry(struct process *p, struct task *t, int sig, struct sigqueue *q);
/* May the current task signal p (kill(2) permission rules)? */
bool signal_permitted(const struct process *p, int sig);

/* A fault of the current task: cannot be blocked or ignored (then kills). */
void signal_force_fault(int sig, int code, uaddr_t addr);
void signal_force(int sig); /* SI_KERNEL */
/* The same with any info; fatal: no handler gets it. */
void signal_force_info(const struct k_siginfo *info, bool fatal);

/* Is a deliverable signal pending (or a stop, or exit of the group)? */
bool signal_pending(const struct task *t);
/* Pending and blocked sets as sigpending(2). */
u64 signal_pending_set(const struct task *t);
void signal_set_blocked(struct task *t, u64 mask);
/* Takes the next signal of mask out of t's or its process's queue; 0: none. */
int signal_dequeue(struct task *t, u64 mask, struct k_siginfo *info);
/* sigaction(2) of the current process; act, old may be NULL. 0, -EINVAL. */
int signal_set_action(int sig, const struct k_sigaction *act,
		      struct k_sigaction *old);
/* sigtimedwait(2) for the signals of set until deadline_ns (mono): the number,
 * -EAGAIN (time is over), -EINTR. */
s64 signal_timedwait(u64 set, struct k_siginfo *info, u64 deadline_ns);
/* sigsuspend(2), pselect(2): mask is in force until the call's end; the old one
 * is what a handler returns to. */
void signal_set_blocked_for_call(struct task *t, u64 mask);

/* sigaltstack(2), in the layout of stack_t. */
struct k_altstack {
	u64 sp;
	s32 flags, pad;
	u64 size;
};
/* set, old may be NULL; sp: the user stack pointer. 0, -EPERM, -EINVAL,
 * -ENOMEM. Context: current task. */
int signal_altstack(const struct k_altstack *set, struct k_altstack *old, u64 sp);

/*
 * Last thing before user mode: handles restart of an interrupted call
 * (syscall_ret: its result, in tf->rax already), delivers signals: builds the
 * frame on the user stack or kills or stops. Context: current task.
 */
void signal_handle_pending(struct trap_frame *tf);
/* rt_sigreturn: restores from the frame at the user's rsp; kills on forgery. */
s64 signal_sigreturn(struct trap_frame *tf);
/* Kill the current task's program for breaking a rule; one klog line says why.
 * Returns; the program ends before it would enter user mode again. */
void signal_kill_current(int sig, const char *why);
/* Name such as "SIGSEGV", or "SIG42". */
const char *signal_name(int sig);

#endif
