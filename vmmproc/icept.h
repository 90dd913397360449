/*
 * The interception axis: how the VMM process learns of the guest's system
 * calls and hands them to the guest kernel. One file per mechanism.
 *
 * The loop (loop.c) asks for the next event, decides, and calls exactly one
 * of the answers listed with each event. It contains no ptrace call.
 */
#ifndef VMMPROC_ICEPT_H
#define VMMPROC_ICEPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "machine.h"
#include "policy.h"

enum icept_kind {
	/* A guest program made a system call: answer reflect. */
	ICEPT_USER_CALL,
	/* The guest kernel makes a host call: answer allow or kill. */
	ICEPT_HOST_CALL,
	/* A signal is about to be delivered to the guest-machine process:
	 * answer deliver if expected says so, else suppress. */
	ICEPT_SIGNAL,
	/* An exception inside the guest kernel: it has a bug or was driven
	 * into one. Answer kill. */
	ICEPT_KERNEL_FAULT,
	/* The gate was used out of order or with forged arguments by the
	 * guest kernel: answer kill. */
	ICEPT_GATE_ABUSE,
	/* Nothing to decide; call next again. */
	ICEPT_NONE,
	/* The process has ended and is reaped; guest_status is set. */
	ICEPT_EXITED,
	/* The VMM was asked to stop (signal, time-out): answer kill. */
	ICEPT_INTERRUPTED,
};

struct icept_event {
	enum icept_kind kind;
	struct host_call call; /* HOST_CALL, USER_CALL, GATE_ABUSE */
	int signal;	       /* SIGNAL, KERNEL_FAULT */
	uint64_t ip, addr;     /* KERNEL_FAULT: rip and faulting address */
};

/*
 * One mechanism. Functions return 0 or -errno; -ESRCH means the process died
 * meanwhile and next will report ICEPT_EXITED. Context: VMM process, one
 * thread, after attach.
 */
struct icept_ops {
	const char *name;
	const char *summary; /* one line for `lodger modes` */
	/* Can this host do it? true, or false and why[] is a clause. */
	bool (*supported)(char *why, size_t why_bytes);
	/* Takes charge of m->guest_pid, which waits for the go-ahead. */
	int (*attach)(struct machine *m);
	/* Waits for the next event. */
	int (*next)(struct machine *m, struct icept_event *ev);
	/* Lets the guest kernel's host call pass. */
	int (*allow)(struct machine *m);
	/* Turns the guest program's call into a SIGUSR1 in the guest kernel
	 * (paper, steps 2 to 4). */
	int (*reflect)(struct machine *m);
	/* Is this pending signal part of the machine in its present state (an
	 * interrupt, an exception, our own SIGUSR1), not a stranger's? */
	bool (*expected)(const struct machine *m, int signal);
	/* Delivers the pending signal / drops it. */
	int (*deliver)(struct machine *m);
	int (*suppress)(struct machine *m);
	/* Ends the guest-machine process and reaps it. Never fails. */
	void (*kill)(struct machine *m);
};

extern const struct icept_ops icept_ptrace;

/* All mechanisms, NULL-terminated, in the order `lodger modes` shows. */
extern const struct icept_ops *const icept_all[];

#endif
