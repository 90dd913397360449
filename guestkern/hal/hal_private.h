/* What hal's own files share and upper layers do not see. */
#ifndef HAL_HAL_PRIVATE_H
#define HAL_HAL_PRIVATE_H

#include "hal/hal.h"
#include "hal/trap.h"

/* entry/main.c: the first function above hal. Declared here because hal may not
 * include entry; linked by name like the assembly upcall. */
void kernel_main(void) __noreturn;
/* trap.c: signal stack and handlers. Boot. */
void trap_install(void);
/* trap.c: unblocks signals unless the guest kernel runs with them blocked. */
void trap_unblock(void);
/* trap.c: hands tf to the upcall; never returns. */
void trap_upcall_now(struct trap_frame *tf) __noreturn;
/* trap_gate.c: with the call gate: deals with frames of interrupted gate code
 * and with forged ones, and then does not return. Else the signal that the
 * genuine frame is about: the program's trap. */
int gate_check_frame(int sig, u64 frame_rsp);
/* trap_gate.c: with the call gate: a signal that a process of the host's has
 * sent interrupts the program, nothing more. */
void gate_ignore_stranger(int sig, struct trap_frame *tf);
/* prot_gate.c: a signal used the alternate stack up. */
void gate_signal_arrived(void);
/* prot_gate.c: arms the alternate stack again if a signal used it up. */
void gate_arm(void);
/* prot_gate.c: a signal came in the kernel. In a nested signal. */
void gate_nested_arrived(void);
/* prot_gate.c: goes on at tf with the core closed; the genuine frame has the
 * interrupted code's vector state. */
void gate_resume(const struct trap_frame *tf) __noreturn;
/* irq.c: notes an interrupt for irq_drain. In a nested signal. */
void irq_note(enum irq irq);
/* clock.c: a clock of the host (linux/time.h) in ns, by a host call. */
u64 clock_host_ns(u64 id);
/* clock.c: what the guest's wall clock was set on from the host's, ns. */
u64 clock_real_step_ns(void);
/* clock.c: programs the host timer if an earlier deadline was asked for. */
void clock_program(void);
/* clock.c: the deadline asked for, mono ns; UINT64_MAX none. */
u64 clock_wanted(void);
/* clock.c: SIGALRM came in this host process, whatever becomes of it. */
void clock_signal_arrived(void);
/* clock.c: a timer interrupt arrived or its deadline passed in idle. */
void clock_expired(void);
/* stream.c: is a stream watched that no SIGIO tells of? */
bool stream_needs_polling(void);
struct pollfd;
/* helpers.c: is a request under way that no signal will tell the end of? */
bool helpers_under_way(void);
#define HELPERS_POLLSET 2
/* helpers.c: adds what is waited for, up to HELPERS_POLLSET; returns how many. */
u32 helpers_fill_pollset(struct pollfd *set);
/* stream.c: fills the poll set for idle; returns its length. */
u32 stream_fill_pollset(struct pollfd *set, u32 max);

/* gather.c: this host process shows the core's first huge page, which is gathered since
 * the start, by one entry again. The core must be one mapping. */
void core_map_first_huge(void);

#endif
