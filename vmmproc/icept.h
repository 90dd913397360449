/*
 * The interception axis: how the guest's system calls reach the guest kernel,
 * and what the VMM process learns of them. One file per mechanism.
 *
 * There are two kinds. Where every system call of the guest-machine process
 * stops it (ICEPT_FILTER_TRACED), the VMM process knows who is running and
 * judges each host call. In the in-process modes the filter does both
 * (filter_inproc.c), and the VMM process hears of what is left: refusals, the
 * end and, where there is a tracer all the same, guest programs' calls and
 * signals.
 *
 * The loop (loop.c) asks for the next event, decides, and calls exactly one
 * of the answers listed with each event. A mechanism has the answers to the
 * events that it reports; the others are NULL.
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
	/* The filter has refused a host call, which is not made: answer
	 * kill. */
	ICEPT_REFUSED_CALL,
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
};

struct filter_program;

struct icept_event {
	enum icept_kind kind;
	struct host_call call; /* HOST_, REFUSED_ and USER_CALL, GATE_ABUSE */
	bool off_stub;	       /* HOST_CALL: not from the image's own stub */
	int signal;	       /* SIGNAL, KERNEL_FAULT */
	uint64_t ip, addr;     /* KERNEL_FAULT: rip and faulting address */
};

/* The filter that the guest-machine process installs for a mechanism. */
enum icept_filter {
	ICEPT_FILTER_TRACED, /* policy_filter.c, behind the tracer's check */
	ICEPT_FILTER_TRAP,   /* filter_inproc.c: programs' calls are SIGSYS */
	ICEPT_FILTER_TRACE,  /* filter_inproc.c: programs' calls are stops */
	ICEPT_FILTER_EMU,    /* filter_inproc.c: so is the gate's closing call */
};

/*
 * One mechanism. Functions return 0 or -errno; -ESRCH means the process died
 * meanwhile and next will report ICEPT_EXITED. Context: VMM process, one
 * thread, after attach.
 */
struct icept_ops {
	const char *name;
	const char *summary; /* one line for `lodger modes` */
	enum lodger_intercept abi;
	enum icept_filter filter;
	/* Can this host do it? true, or false and why[] is a clause. */
	bool (*supported)(char *why, size_t why_bytes);
	/* Before the fork: what it needs of the host. 0, or -1 after one
	 * sentence. NULL: nothing. */
	int (*open)(struct machine *m);
	/* In the child, the window mapped: becomes a machine. 0, or -1 after
	 * one sentence. NULL: nothing to do. */
	int (*become)(const struct machine *m);
	/* In a further process: its address space becomes the machine's space
	 * `number`. 0 or -errno. NULL: there is no --space kmod with it. */
	int (*lend)(uint32_t number);
	/* In the child, the last that hosted code does there: installs the
	 * filter, as filter_inproc_install. NULL: by that. */
	int (*install)(const struct machine *m,
		       const struct filter_program *program,
		       bool with_listener);
	/* Takes charge of m->guest_pid, which waits for the go-ahead. */
	int (*attach)(struct machine *m);
	/* Waits for the next event. With a TRAP filter, m->listener_fd is
	 * known since the process was started. */
	int (*next)(struct machine *m, struct icept_event *ev);
	/* Ends the guest-machine process and reaps it. Never fails. */
	void (*kill)(struct machine *m);

	/* HOST_CALL: lets it pass. */
	int (*allow)(struct machine *m);
	/* USER_CALL: turns it into an entry into the guest kernel. */
	int (*reflect)(struct machine *m);
	/* SIGNAL: is it part of the machine in its present state (an
	 * interrupt, an exception, our own), not a stranger's? */
	bool (*expected)(const struct machine *m, int signal);
	/* SIGNAL: delivers / drops it. */
	int (*deliver)(struct machine *m);
	int (*suppress)(struct machine *m);
};

extern const struct icept_ops icept_dispatch;
extern const struct icept_ops icept_kmod;
/* For what else the module does: icept_kmod.supported. */
bool icept_kmod_supported(char *why, size_t why_bytes);
extern const struct icept_ops icept_patch;
extern const struct icept_ops icept_ptrace;
extern const struct icept_ops icept_seccomp;
extern const struct icept_ops icept_sysemu;
extern const struct icept_ops icept_trap;

#endif
