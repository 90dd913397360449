/* See proc_fixture.h. The loop around a program is entry_return's. */
#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "mm/page.h"
#include "mm/slab.h"
#include "mm/uaccess.h"
#include "proc/resource.h"
#include "proc_fixture.h"
#include "sys/syscall.h"

#define AFTER_SYSCALL 0x10000002UL /* where programs "are" between calls */
#define RESTORER 0x1234UL
#define SA_RESTORER_ 0x04000000UL

static program_fn main_program;
static bool finished;
static s32 main_status;
static u64 used_before, frames_before;

/* --- what fs would register ------------------------------------------------------ */

static int none_clone(struct proc_resources *child,
		      const struct proc_resources *parent, u64 flags)
{
	(void)parent;
	(void)flags;
	child->files = kmalloc(64); /* to be seen as leak, or as failure */
	return child->files ? 0 : -ENOMEM;
}

static void none_exit(struct proc_resources *res)
{
	kfree(res->files);
	res->files = NULL;
}

static int none_exec(struct proc_resources *res)
{
	(void)res;
	return 0;
}

/* The last thing that can go wrong in clone. */
static int none_give_pidfd(struct process *p, uaddr_t to)
{
	(void)p;
	(void)to;
	return -EMFILE;
}

static void none_hangup(struct process *leader)
{
	(void)leader;
}

static const struct resource_ops no_resources = {
	.clone = none_clone,
	.exit = none_exit,
	.exec = none_exec,
	.give_pidfd = none_give_pidfd,
	.session_leader_exit = none_hangup,
};

/* --- user mode --------------------------------------------------------------------- */

/* As entry_return, short of leaving. */
static void to_user(struct trap_frame *tf)
{
	struct task *task = current_task();

	do {
		if (this_cpu()->need_resched)
			schedule();
		if (signal_pending(task) || tf->orig_rax != (u64)-1)
			signal_handle_pending(tf);
	} while (this_cpu()->need_resched || signal_pending(task));
}

static void run_handler(struct trap_frame *tf)
{
	void (*handler)(int, void *, void *) =
		(void (*)(int, void *, void *))tf->rip;
	u64 rsp = tf->rsp;

	ck_assert_uint_eq(rsp % 16, 8);
	ck_assert_uint_eq(user_get(rsp), RESTORER);
	tf->rip = AFTER_SYSCALL;
	handler((int)tf->rdi, (void *)tf->rsi, (void *)tf->rdx);
	tf->rsp = rsp + 8;
	tf->rax = __NR_rt_sigreturn;
	tf->kind = TRAP_SYSCALL;
	syscall_dispatch(tf);
	to_user(tf);
}

/* The program goes on where it was, handlers and restarts done. */
static void settle(struct trap_frame *tf)
{
	to_user(tf);
	while (tf->rip != AFTER_SYSCALL) {
		if (tf->rip == AFTER_SYSCALL - 2) {
			tf->rip = AFTER_SYSCALL;
			tf->kind = TRAP_SYSCALL;
			tf->insn_bytes = 2;
			syscall_dispatch(tf);
			to_user(tf);
		} else {
			run_handler(tf);
		}
	}
}

s64 user_call(u64 number, const u64 arg[6])
{
	struct trap_frame *tf = &current_task()->tf;

	tf->rdi = arg[0];
	tf->rsi = arg[1];
	tf->rdx = arg[2];
	tf->r10 = arg[3];
	tf->r8 = arg[4];
	tf->r9 = arg[5];
	tf->rax = number;
	tf->rip = AFTER_SYSCALL;
	tf->kind = TRAP_SYSCALL;
	tf->insn_bytes = 2;
	syscall_dispatch(tf);
	settle(tf);
	return (s64)tf->rax;
}

/* New tasks come here: rbx is the function of their program. */
static void user_return(struct trap_frame *tf) __noreturn;
static void user_return(struct trap_frame *tf)
{
	settle(tf);
	((program_fn)tf->rbx)();
	CALL(exit, 0);
	abort(); /* exit does not return */
}

s64 user_fork(program_fn fn)
{
	current_task()->tf.rbx = (u64)fn;
	return CALL(fork);
}

s64 user_clone(u64 flags, uaddr_t stack, uaddr_t ptid, uaddr_t ctid, u64 tls,
	       program_fn fn)
{
	current_task()->tf.rbx = (u64)fn;
	return CALL(clone, flags, stack, ptid, ctid, tls);
}

s64 user_thread(program_fn fn)
{
	/* CLONE_VM FS FILES SIGHAND THREAD SYSVSEM */
	return user_clone(0x50f00, USER_STACK_TOP - PAGE_SIZE, 0, 0, 0, fn);
}

void user_interrupt(void)
{
	struct trap_frame *tf = &current_task()->tf;

	tf->kind = TRAP_IRQ;
	tf->orig_rax = (u64)-1;
	settle(tf);
}

void user_spin(u64 ns)
{
	u64 start;

	while (ns) {
		start = clock_mono_ns();
		sched_leave_kernel(current_task());
		if (fake_clock_deadline() <= start + ns)
			cpu_idle(); /* goes to the deadline, interrupts */
		else
			fake_clock_advance(ns);
		ns -= clock_mono_ns() - start;
		sched_enter_kernel(current_task());
		user_interrupt(); /* others' time is not ours */
	}
}

void user_fault(int sig, int code, uaddr_t addr)
{
	struct trap_frame *tf = &current_task()->tf;

	tf->kind = TRAP_PAGEFAULT;
	tf->orig_rax = (u64)-1;
	tf->trapno = 14;
	tf->err = 6;
	tf->cr2 = addr;
	signal_force_fault(sig, code, addr);
	settle(tf);
}

s32 user_wait(s32 *pid)
{
	uaddr_t at = USER_DATA + PAGE_SIZE;
	s64 got = CALL(wait4, -1, at);

	ck_assert_msg(got > 0, "wait4: %ld", (long)got);
	if (pid)
		*pid = (s32)got;
	return (s32)(u32)user_get(at);
}

void user_handle(int sig, void (*handler)(int, void *, void *), u64 flags)
{
	struct k_sigaction act = {
		.handler = (u64)handler,
		.flags = flags | SA_RESTORER_,
		.restorer = RESTORER,
	};

	ck_assert_int_eq(signal_set_action(sig, &act, NULL), 0);
}

s64 user_mask(int how, u64 set)
{
	user_put(USER_DATA, set);
	return CALL(rt_sigprocmask, (u64)how, USER_DATA, 0, 8);
}

void user_pause(void)
{
	for (;;)
		CALL(pause);
}

u64 user_fork_pausing(void)
{
	s64 child = user_fork(user_pause);

	ck_assert_int_gt(child, 0);
	return (u64)child;
}

struct user_noted noted;

void user_note(int sig, void *info, void *uc)
{
	(void)sig;
	noted.calls++;
	memcpy(&noted.info, info, sizeof(noted.info));
	memcpy(&noted.uc, uc, offsetof(ucontext_t, uc_sigmask) + 8);
	noted.blocked = current_task()->blocked;
}

void user_put(uaddr_t addr, u64 value)
{
	ck_assert_int_eq(put_user(value, addr), 0);
}

u64 user_get(uaddr_t addr)
{
	u64 value;

	ck_assert_int_eq(get_user(value, addr), 0);
	return value;
}

/* --- the machine ---------------------------------------------------------------------- */

static void map_data(struct mm *mm, uaddr_t addr, u64 pages)
{
	struct map_req req = { .addr = addr, .len_bytes = pages * PAGE_SIZE,
			       .vma_flags = VMA_R | VMA_W, .max_prot = VMA_PROT,
			       .fixed = true };

	ck_assert_int_eq(mm_map(mm, &req), (s64)addr);
}

static void become_program(void *arg)
{
	struct trap_frame *tf = &current_task()->tf;
	struct mm *mm = mm_create();

	(void)arg;
	ck_assert_ptr_nonnull(mm);
	ck_assert_int_eq(process_exec_begin(), 0);
	process_exec_commit(mm, "main", NULL);
	map_data(mm, USER_DATA, USER_DATA_PAGES);
	map_data(mm, USER_STACK_TOP - 16 * PAGE_SIZE, 16);
	memset(tf, 0, sizeof(*tf));
	tf->cs = TRAP_USER_CS;
	tf->rip = AFTER_SYSCALL;
	tf->rsp = USER_STACK_TOP;
	tf->orig_rax = (u64)-1;
	tf->rbx = (u64)main_program;
	user_return(tf);
}

static void init_main(void *arg)
{
	struct wait_result res;
	struct task *t;
	s32 pid;
	s64 got;

	(void)arg;
	used_before = kmem_used_bytes();
	frames_before = page_free_count();
	t = kthread_create("main", become_program, NULL);
	ck_assert(!IS_ERR(t));
	pid = t->tid;
	do {
		got = process_wait(P_ALL, 0, WEXITED, &res);
		if (got == pid)
			main_status = res.status;
	} while (got > 0);
	ck_assert_int_eq(got, -ECHILD);
	finished = true;
	for (;;)
		wait_sleep(UINT64_MAX);
}

static void tick(void)
{
	sched_tick();
}

s32 proc_run_with(const struct fake_config *config, void (*prepare)(void),
		  program_fn fn)
{
	fake_boot_mm(config);
	if (prepare)
		prepare();
	irq_set_handler(IRQ_TIMER, tick);
	proc_init();
	proc_set_resource_ops(&no_resources);
	proc_set_user_return(user_return);
	main_program = fn;
	ck_assert(!IS_ERR(kthread_create("init", init_main, NULL)));
	while (!finished) {
		if (sched_runnable_count())
			schedule();
		else
			cpu_idle();
	}
	ck_assert_uint_eq(task_count_total(), 1);
	ck_assert_uint_eq(process_count(), 1);
	ck_assert_uint_eq(page_free_count(), frames_before);
	ck_assert_uint_eq(kmem_used_bytes(), used_before);
	return main_status;
}

s32 proc_run(program_fn fn)
{
	return proc_run_with(NULL, NULL, fn);
}
