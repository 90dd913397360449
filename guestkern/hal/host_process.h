/*
 * The host processes of a machine, and the baton: who of them runs the guest
 * kernel. With --space remap there is one, number 0.
 *
 * All map the same two memory files; the guest kernel, its stacks included, is
 * therefore the same in each, and a thread of control of the guest kernel goes
 * from one to another by leaving its stack pointer where the other finds it
 * (baton.S). Exactly one host process holds the baton: it alone runs the guest
 * kernel or a guest program. The others wait in the kernel with the core
 * open, on the signal stack, which each has for itself.
 *
 * Private to each host process: user mappings, signal stack and scratch blocks,
 * the gate's constants (for its number), registers, signal dispositions, the
 * host timer. What the guest kernel knows of them is in struct host_process.
 *
 * Number 0 never runs a guest program in a machine that has got others: it is there
 * to take the baton when its holder has died (as_multi.c).
 */
#ifndef HAL_HOST_PROCESS_H
#define HAL_HOST_PROCESS_H

#include "abi/boot.h"
#include "abi/layout.h"
#include "hal/cpu.h"
#include "lib/list.h"

struct host_process {
	/* cpu.c: whose bases and vector state are in its registers, and where
	 * those of the vector are */
	struct cpu_user *bases, *vector;
	bool vector_in_frame;
	/* clock.c: deadline its host timer has, mono ns; UINT64_MAX none */
	u64 timer_ns;
	/* prot_gate.c: the alternate stack is armed; it has held a frame of the
	 * kernel's; whose frame it may hold */
	bool armed;
	volatile bool dirty; /* handlers of signals set it */
	const struct cpu_user *last_user;
	/* as_multi.c */
	struct as *as;	/* whose mappings it has, or NULL */
	bool made;	/* it exists on the host */
	bool stale;	/* it has mappings that nobody wants any more */
	bool high;	/* as_host.c: it may have mappings in the high range */
	u64 used;	/* when it was last handed the baton, in hand-overs */
	struct list_head link; /* among the free */
};

extern struct host_process host_process[LODGER_HOST_PROCESSES];

/* The holder of the baton. Who runs the guest kernel is that. */
static inline struct host_process *host_self(void)
{
	return &host_process[this_cpu()->holder];
}

/* This host process, holder or not: for handlers of signals. */
static inline struct host_process *host_own(void)
{
	return &host_process[*(const volatile u32 *)LODGER_GATE_NUMBER];
}

/* Back to the state of a process that has just been made, or is to be. */
void host_process_reset(struct host_process *p);
/* Has the VMM process said that it died? */
bool host_process_dead(const struct host_process *p);

/* Hands the baton to p; returns when this thread of control goes on, in p. If p
 * died before it took the baton: in number 0. */
void host_process_switch(struct host_process *p);

struct pollfd;
struct timespec;
/* ppoll with all signals as they are: the machine sleeps, in the holder. Should
 * that die meanwhile the machine does not. Result as ppoll(2). */
s64 host_process_sleep(struct pollfd *set, u32 count, struct timespec *timeout);

/*
 * A signal that came in a host process without the baton, or a SIGUSR1: the
 * VMM process sends that to number 0 when another one has died. Context: nested
 * signal, another host process may be running the guest kernel.
 */
void host_process_signal(int sig);

/* as_multi.c: the holder died, number 0 has the baton. Gives the space in force, if
 * there is one, a new host process and goes on there. */
void as_multi_recover(void);

/* cpu.c: what p's registers hold of programs goes to memory (running in p), or
 * is lost. */
void cpu_user_leave(struct host_process *p);
void cpu_user_lose(struct host_process *p);

#endif
