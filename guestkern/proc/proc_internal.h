/* What proc's own files share and upper layers do not see. */
#ifndef PROC_PROC_INTERNAL_H
#define PROC_PROC_INTERNAL_H

#include "proc/resource.h"
#include "proc/task.h"
#include "proc/wait_status.h"

#define NICE_MIN (-20)
#define NICE_MAX 19
#define INIT_PID 1

/* --- task.c: memory and numbers ---------------------------------------------- */

/* A task with kernel stack and vector-state area, in no list, without number;
 * or NULL. */
struct task *task_alloc(void);
/* Frees a task that runs no more: stack and area included. */
void task_free(struct task *t);
/* Panics when t has used more than its kernel stack. */
void task_check_stack(const struct task *t);
/* Frees stack and area only: the task is a zombie. Not on its own stack. */
void task_free_stack(struct task *t);
/* A process without tasks, in no list; own handlers and limits as new; or NULL. */
struct process *process_alloc(void);
/* Frees the memory, and drops handlers and session if present. */
void process_free(struct process *p);
/* Gives t a number and enters it in the table: 0, -EAGAIN, -ENOMEM. */
int task_number(struct task *t);
/* Makes t known under another number (exec in a thread); 0 or -ENOMEM. */
void task_renumber(struct task *t, s32 tid);
/* Takes t out of the table. */
void task_unnumber(struct task *t);
/* Adds t to the tasks of p / takes it out. */
void process_add_task(struct process *p, struct task *t);
void process_remove_task(struct task *t);
/* Adds to / removes from the list of all processes. */
void process_link(struct process *p);
void process_unlink(struct process *p);
/* Process 1, or NULL before there is one. */
struct process *process_init(void);
/* What upper layers registered; BUG before boot did. */
/* The way to user mode that entry registered. */
void proc_return_to_user(struct trap_frame *tf) __noreturn;

/* --- pidref.c ----------------------------------------------------------------- */

/* Wakes who waits for the end of p: it is a zombie. */
void pid_ref_stir(struct process *p);
/* p goes: its reference, if it has one, is about nobody from now on. */
void pid_ref_cut(struct process *p);

/* --- exit.c ------------------------------------------------------------------- */

/* A zombie has been waited for, or nobody will: forget it. */
void process_release(struct process *p);
/* Lets a parent in vfork go on: t has left the common address space. */
void task_vfork_done(struct task *t);
/* What t's mm gets to see at its end: robust futexes, clear_child_tid. */
void task_leave_mm(struct task *t);
/* Is t to end as soon as it can (exit of the group, exec of another thread)? */
bool task_is_doomed(const struct task *t);

/* --- pgrp.c ------------------------------------------------------------------- */

/* As pgrp_is_orphaned, without looking at process ignored (it is about to end;
 * NULL: none). */
bool pgrp_is_orphaned_without(s32 pgid, const struct process *ignored);
/* Has the group a stopped member? */
bool pgrp_has_stopped(s32 pgid);
/* A session of its own for p, leader and group of number sid; 0 or -ENOMEM. */
int session_create(struct process *p, s32 sid);

/* --- signal.c ------------------------------------------------------------------- */

/* Ends p with wait status code: every task of it leaves when it next can. The
 * first call counts. */
void signal_group_exit(struct process *p, s32 code);
/* To the parent: p stopped (CLD_STOPPED) or continued (CLD_CONTINUED). */
void signal_notify_stop(struct process *p, int code);
/* To the parent: p is a zombie. true: the parent does not want to wait. */
bool signal_notify_exit(struct process *p);
/* All tasks that are left have stopped? Then p is stopped. */
void signal_stop_check(struct process *p);
/* t no longer takes the signals of mask: wakes others of its process for those
 * that are pending. */
void signal_retarget(struct task *t, u64 mask);
/* --- waitpid.c ------------------------------------------------------------------ */

/* CLD_EXITED, CLD_KILLED or CLD_DUMPED for the wait status of an ended process. */
int wait_cld_code(s32 status);

/* --- sigqueue.c ----------------------------------------------------------------- */

/* Queues sig with info for p in one of its sets. 0, or -EAGAIN: a real-time signal
 * that must not be lost finds the queue full (others arrive without info). */
int sigpending_add(struct sigpending *pending, struct process *p, int sig,
		   const struct k_siginfo *info);
/* What sig does when no handler is installed. */
enum signal_default {
	SIGDEF_TERM,
	SIGDEF_CORE,
	SIGDEF_IGNORE,
	SIGDEF_STOP,
	SIGDEF_CONTINUE,
};
enum signal_default signal_default(int sig);
/* New handlers: all default but what is ignored (exec), or all default. */
void sighand_reset(struct sighand *sh, bool keep_ignored);
/* Has handlers of its own from now on; 0 or -ENOMEM. */
int sighand_unshare(struct process *p);
void sighand_put(struct sighand *sh);
/* Vector state as a program finds it at its start; bases stay. */
void task_reset_xstate(struct task *t);

/* --- sigframe.c ------------------------------------------------------------------ */

/* Builds the frame for sig on the user stack and points tf at the handler; mask
 * is what sigreturn will restore. 0 or -EFAULT. */
int sigframe_build(struct trap_frame *tf, int sig, const struct k_siginfo *info,
		   const struct k_sigaction *action, u64 mask);

/* --- sched.c ------------------------------------------------------------------- */

/* Makes the running context the idle task. Boot. */
void sched_init(struct task *idle);
/* trim.c. Boot: free RAM goes back to the host from now on. */
void trim_init(void);
/* First use of a new task. */
void sched_start(struct task *t);
/* Body of every new context: cleans up after the one that ran before. */
void sched_started(void);

#endif
