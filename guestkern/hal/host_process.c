/* The table of host processes, and what becomes of the baton when one dies. */
#include "hal/host_process.h"

#include "hal/asm_offsets.h"
#include "hal/hal_private.h"
#include "hal/host.h"
#include "hal/prot_pkey.h"
#include "lib/bug.h"
#include "lib/err.h"
#include "lib/string.h"

#include <asm/signal.h>
#include <linux/futex.h>

_Static_assert(HOST_FUTEX_WAIT == FUTEX_WAIT && HOST_FUTEX_WAKE == FUTEX_WAKE,
	       "asm_offsets.h");
_Static_assert(HOST_EINTR == EINTR, "asm_offsets.h");

void baton_pass(u32 number);
s64 baton_sleep(struct pollfd *set, u64 count, struct timespec *timeout);
extern u64 baton_rsp;
extern u32 baton_sleeping;
/* 1: the baton is there for the taking. Futex words. */
u32 baton_word[LODGER_HOST_PROCESSES];

struct host_process host_process[LODGER_HOST_PROCESSES] = {
	[0] = { .timer_ns = UINT64_MAX, .dirty = true },
};

static u32 number_of(const struct host_process *p)
{
	return (u32)(p - host_process);
}

static volatile u8 *dead_mark(const struct host_process *p)
{
	return (volatile u8 *)LODGER_DEAD_ADDR + number_of(p);
}

void host_process_reset(struct host_process *p)
{
	memset(p, 0, sizeof(*p));
	prot_pkey_reset(p);
	p->timer_ns = UINT64_MAX;
	p->dirty = true; /* its start was on the signal stack */
	list_init(&p->link);
	baton_word[number_of(p)] = 0;
	*dead_mark(p) = 0;
}

bool host_process_dead(const struct host_process *p)
{
	return *dead_mark(p);
}

void host_process_switch(struct host_process *p)
{
	counters()->host_calls += 2; /* one futex call here, one there */
	baton_pass(number_of(p));
}

s64 host_process_sleep(struct pollfd *set, u32 count, struct timespec *timeout)
{
	u32 holder = this_cpu()->holder;
	s64 ready;

	counters()->host_calls++;
	ready = baton_sleep(set, count, timeout);
	if (this_cpu()->holder != holder)
		as_multi_recover();
	return ready;
}

/* --- deaths ------------------------------------------------------------------ */

/* First steps of number 0 on the kernel stack of the task whose host process
 * died in user mode. */
static void after_death(void *arg)
{
	struct trap_frame *tf = this_cpu()->frame;

	(void)arg;
	as_multi_recover();
	tf->orig_rax = (u64)-1;
	tf->kind = TRAP_IRQ; /* on the way back the program is found lost */
	trap_upcall_now(tf);
}

static void take_baton(void)
{
	this_cpu()->holder = 0;
	baton_word[0] = 1; /* taken as soon as the handler returns */
}

/* In number 0, which waits. The holder is dead or it is not: nobody else runs
 * the guest kernel in the first case. */
static void look_after_holder(void)
{
	struct host_process *holder = host_self();
	struct cpu *cpu = this_cpu();
	struct cpu_context ctx;

	if (!host_process_dead(holder))
		return; /* as_multi.c finds it when it wants to use it */
	if (baton_word[number_of(holder)]) {
		take_baton(); /* it had not begun: host_process_switch returns */
		return;
	}
	if (baton_sleeping) {
		baton_sleeping = 0;
		take_baton(); /* host_process_sleep returns */
		return;
	}
	if (cpu->in_kernel)
		machine_halt(LODGER_HALT_PANIC, EXIT_LODGER,
			     "the host process that ran the guest kernel was killed");
	cpu->in_kernel = 1;
	cpu_context_init(&ctx, (void *)cpu->kernel_stack_top, after_death, NULL);
	baton_rsp = ctx.rsp;
	take_baton();
}

void host_process_signal(int sig)
{
	struct host_process *own = host_own();

	switch (sig) {
	case SIGALRM: /* a deadline that another one looks after */
		return;
	case SIGIO:
		irq_note(IRQ_IO);
		return;
	case SIGWINCH: /* the holder gets its own: they go to the group */
		irq_note(IRQ_WINCH);
		return;
	case SIGUSR1:
		if (own == &host_process[0] && host_self() != own)
			look_after_holder();
		return;
	default:
		panic("signal %d in host process %u, which waits", sig,
		      number_of(own));
	}
}

/* --- a new one --------------------------------------------------------------- */

/* Called by kernel_join on the signal stack, while another one runs the guest
 * kernel. */
void hal_join(void);
void hal_join(void)
{
	trap_install();
}
