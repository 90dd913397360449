/*
 * Tasks and processes as things with a number: their memory, the table of
 * numbers, the list of all processes. Life and death are clone.c's and exit.c's.
 *
 * One table for all numbers: a process is found by the number of its first
 * task (the leader), which stays in the table and in process.tasks, in front, as
 * a zombie until the process has been waited for. A number is used again only
 * after all have been used, and not while a task, a group or a session has it.
 */
#include "hal/hal.h"
#include "lib/bug.h"
#include "lib/err.h"
#include "lib/radix.h"
#include "lib/string.h"
#include "mm/page.h"
#include "mm/slab.h"
#include "proc/proc_internal.h"
#include "proc/ipc.h"
#include "proc/uts.h"
#include "proc/seccomp.h"

#include <linux/resource.h>

#define PID_MAX_DEFAULT 32768
#define PID_RESERVED 300 /* Linux: not used again after the first round */
#define STACK_CANARY 0x5354434b4c474452ULL

/* Kernel memory that a process with one task needs, roughly. */
#define TASK_CORE_BYTES (48 << 10)
#define TASKS_MIN 16

#define RLIM_INFINITE UINT64_MAX
#define STACK_LIMIT_BYTES (8ULL << 20)
#define NOFILE_SOFT 1024
#define NOFILE_HARD 4096
#define MEMLOCK_BYTES (8ULL << 20)
#define SIGPENDING_MAX 1024
#define MSGQUEUE_BYTES 819200

static struct radix table; /* number -> struct task * */
static struct list_head processes = LIST_HEAD_INIT(processes);
static u32 task_total, process_total;
static s32 last_number;
s64 task_pid_max = PID_MAX_DEFAULT;
static struct task idle_task;
static struct process idle_process;
static const struct resource_ops *resource_ops;
static void (*user_return)(struct trap_frame *tf) __noreturn;

/* --- what boot registers ------------------------------------------------------ */

void proc_set_resource_ops(const struct resource_ops *ops)
{
	resource_ops = ops;
}

const struct resource_ops *proc_resource_ops(void)
{
	BUG_ON(!resource_ops);
	return resource_ops;
}

static void (*shutdown)(void);

void proc_set_shutdown(void (*fn)(void))
{
	shutdown = fn;
}

void proc_shutdown(void)
{
	if (shutdown)
		shutdown();
}

void proc_set_user_return(void (*fn)(struct trap_frame *tf) __noreturn)
{
	user_return = fn;
}

void proc_return_to_user(struct trap_frame *tf)
{
	BUG_ON(!user_return);
	user_return(tf);
}

/* --- memory ---------------------------------------------------------------------- */

static u64 *stack_canary(const struct task *t)
{
	return t->kernel_stack;
}

struct task *task_alloc(void)
{
	struct task *t = kzalloc(sizeof(*t));

	if (!t)
		return NULL;
	t->kernel_stack = kpages_alloc(KERNEL_STACK_ORDER);
	if (!t->kernel_stack)
		goto out_task;
	*stack_canary(t) = STACK_CANARY;
	t->user.xstate = kmalloc(cpu_xstate_bytes());
	if (!t->user.xstate)
		goto out_stack;
	list_init(&t->group_link);
	list_init(&t->run_link);
	sigpending_init(&t->pending);
	return t;

out_stack:
	kpages_free(t->kernel_stack, KERNEL_STACK_ORDER);
out_task:
	kfree(t);
	return NULL;
}

void task_check_stack(const struct task *t)
{
	BUG_ON(t->kernel_stack && *stack_canary(t) != STACK_CANARY);
}

void task_free_stack(struct task *t)
{
	if (!t->kernel_stack)
		return;
	task_check_stack(t);
	cpu_user_forget(&t->user);
	kfree(t->user.xstate);
	t->user.xstate = NULL;
	kpages_free(t->kernel_stack, KERNEL_STACK_ORDER);
	t->kernel_stack = NULL;
}

void task_free(struct task *t)
{
	sigpending_flush(&t->pending, ~0ULL);
	seccomp_filter_put(t->seccomp);
	cred_groups_put(t->cred.groups);
	task_keys_drop(t);
	task_free_stack(t);
	kfree(t);
}

static void set_limit(struct process *p, int which, u64 cur, u64 max)
{
	p->rlim[which] = (struct rlimit64_pair){ cur, max };
}

static void process_default_limits(struct process *p)
{
	u32 i;

	for (i = 0; i < RLIM_NLIMITS_; i++)
		set_limit(p, (int)i, RLIM_INFINITE, RLIM_INFINITE);
	set_limit(p, RLIMIT_STACK, STACK_LIMIT_BYTES, RLIM_INFINITE);
	set_limit(p, RLIMIT_CORE, 0, RLIM_INFINITE);
	set_limit(p, RLIMIT_NPROC, task_count_max(), task_count_max());
	set_limit(p, RLIMIT_NOFILE, NOFILE_SOFT, NOFILE_HARD);
	set_limit(p, RLIMIT_MEMLOCK, MEMLOCK_BYTES, MEMLOCK_BYTES);
	set_limit(p, RLIMIT_SIGPENDING, SIGPENDING_MAX, SIGPENDING_MAX);
	set_limit(p, RLIMIT_MSGQUEUE, MSGQUEUE_BYTES, MSGQUEUE_BYTES);
	set_limit(p, RLIMIT_NICE, 0, 0);
	set_limit(p, RLIMIT_RTPRIO, 0, 0);
}

static void process_setup(struct process *p)
{
	list_init(&p->children);
	list_init(&p->sibling);
	list_init(&p->tasks);
	list_init(&p->all_link);
	sigpending_init(&p->shared_pending);
	wait_queue_init(&p->child_wait);
	wait_queue_init(&p->signalfd_wait);
	list_init(&p->sem_undos);
	itimer_setup(p);
	p->dumpable = true;
	process_default_limits(p);
}

struct process *process_alloc(void)
{
	struct process *p = kzalloc(sizeof(*p));

	if (p)
		process_setup(p);
	return p;
}

void process_free(struct process *p)
{
	sigpending_flush(&p->shared_pending, ~0ULL);
	wait_queue_drain(&p->signalfd_wait);
	pid_ref_cut(p);
	if (p->sighand)
		sighand_put(p->sighand);
	if (p->session)
		session_put(p->session);
	uts_put(p->uts);
	ipc_space_put(p->ipc); /* not there yet, or gone with its exit */
	kfree(p->exe_path);
	kfree(p);
}

/* --- numbers ------------------------------------------------------------------------ */

struct task *task_find(s32 tid)
{
	return tid > 0 ? (struct task *)radix_get(&table, (u64)tid) : NULL;
}

struct process *process_find(s32 pid)
{
	struct task *t = task_find(pid);

	return t && t->proc->pid == pid ? t->proc : NULL;
}

bool process_number_used(s32 number)
{
	struct process *p;

	if (task_find(number))
		return true;
	list_for_each_entry(p, &processes, all_link)
		if (p->pgid == number || p->session->sid == number)
			return true;
	return false;
}

static s32 number_find(void)
{
	static bool wrapped;
	s32 number = last_number;
	s32 tries;

	for (tries = 0; tries < task_pid_max; tries++) {
		if (++number >= task_pid_max) {
			number = PID_RESERVED;
			wrapped = true;
		}
		if (!wrapped || !process_number_used(number))
			return number;
	}
	return 0;
}

static int number_assign(struct task *t, s32 number)
{
	int err = radix_set(&table, (u64)number, (u64)t);

	if (!err)
		t->tid = number;
	return err;
}

int task_number(struct task *t)
{
	s32 number = number_find();
	int err;

	if (!number)
		return -EAGAIN;
	err = number_assign(t, number);
	if (err)
		return err;
	last_number = number;
	task_total++;
	return 0;
}

void task_renumber(struct task *t, s32 tid)
{
	u64 *slot = radix_slot(&table, (u64)tid);

	/* tid is present (its task is a zombie that gives it up now), so that
	 * nothing has to be allocated. */
	BUG_ON(!slot);
	*slot = (u64)t;
	radix_del(&table, (u64)t->tid);
	t->tid = tid;
}

void task_unnumber(struct task *t)
{
	if (task_find(t->tid) == t)
		radix_del(&table, (u64)t->tid);
	task_total--;
}

u32 task_count_total(void)
{
	return task_total;
}

u32 task_count_max(void)
{
	u64 by_core = kmem_total_bytes() / TASK_CORE_BYTES;
	u64 max = boot_info()->pids_max ? boot_info()->pids_max : by_core;

	return (u32)MIN(MAX(max, (u64)TASKS_MIN), (u64)PID_MAX_DEFAULT / 2);
}

u32 task_count_of_uid(u32 uid)
{
	struct process *p;
	struct task *t;
	u32 count = 0;

	list_for_each_entry(p, &processes, all_link)
		list_for_each_entry(t, &p->tasks, group_link)
			count += t->cred.uid == uid;
	return count;
}

/* --- the lists ------------------------------------------------------------------------ */

void process_add_task(struct process *p, struct task *t)
{
	t->proc = p;
	list_add_tail(&t->group_link, &p->tasks);
	p->task_count++;
}

void process_remove_task(struct task *t)
{
	list_del(&t->group_link);
}

void process_link(struct process *p)
{
	list_add_tail(&p->all_link, &processes);
	process_total++;
}

void process_unlink(struct process *p)
{
	list_del(&p->all_link);
	process_total--;
}

struct process *process_init(void)
{
	return process_find(INIT_PID);
}

struct process *process_first(void)
{
	if (list_empty(&processes))
		return NULL;
	return list_first_entry(&processes, struct process, all_link);
}

struct process *process_next(struct process *p)
{
	if (p->all_link.next == &processes)
		return NULL;
	return list_first_entry(&p->all_link, struct process, all_link);
}

u32 process_count(void)
{
	return process_total;
}

/* --- accounting ------------------------------------------------------------------------- */

void process_times(const struct process *p, u64 *utime_ns, u64 *stime_ns)
{
	struct task *t;

	*utime_ns = p->utime_ns;
	*stime_ns = p->stime_ns;
	list_for_each_entry(t, &p->tasks, group_link) {
		if (t->state == TASK_ZOMBIE)
			continue;
		*utime_ns += t->utime_ns;
		*stime_ns += t->stime_ns;
	}
}

u64 process_maxrss_pages(const struct process *p)
{
	return p->mm ? MAX(p->maxrss_pages, p->mm->resident_peak) :
		       p->maxrss_pages;
}

void process_faults(const struct process *p, u64 *minor, u64 *major)
{
	*minor = p->minflt + (p->mm ? p->mm->faults_minor : 0);
	*major = p->majflt + (p->mm ? p->mm->faults_major : 0);
}

/* --- boot ---------------------------------------------------------------------------------- */

/* The boot context: task 0, which is in no list and never ends. */
void proc_init(void)
{
	struct process *p = &idle_process;
	struct task *t = &idle_task;

	radix_init(&table);
	mm_set_lost(process_kill_lost);
	process_setup(p);
	p->sighand = kzalloc(sizeof(*p->sighand));
	if (!p->sighand || session_create(p, 0))
		panic("no memory for the first process");
	p->sighand->refs = 1;
	list_init(&t->run_link);
	sigpending_init(&t->pending);
	cred_init(&t->cred, 0, 0);
	str_copy(t->comm, "idle", sizeof(t->comm));
	process_add_task(p, t);
	sched_init(t);
	trim_init();
}
