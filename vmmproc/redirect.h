/*
 * What the mechanisms share whose tracer moves guest programs to the call gate
 * (icept_seccomp.c, icept_sysemu.c): stopping, the registers of a call, what the
 * gate finds in them, signals.
 */
#ifndef VMMPROC_REDIRECT_H
#define VMMPROC_REDIRECT_H

#include <stdbool.h>
#include <sys/ptrace.h>
#include <sys/user.h>

#include "icept.h"

/* m->icept_private of these mechanisms. */
struct redirect {
	struct user_regs_struct regs; /* of the call that stopped, up to rsp */
	uint32_t arch;	      /* of that call: AUDIT_ARCH_* */
	bool stopped;
	bool gone;
	bool in_user;	      /* icept_sysemu.c */
	int seen_signal;      /* of the SIGNAL event to answer */
	int resume_signal;
	bool forged;	      /* a SIGSYS for regs is on its way */
	uint64_t put_off;     /* interrupts that came before it */
};

static inline struct redirect *redirect_of(const struct machine *m)
{
	return m->icept_private;
}

/* Takes charge of m->guest_pid with these PTRACE_O_ options beside EXITKILL.
 * 0 or -errno. */
int redirect_attach(struct machine *m, int options);

/* Resumes by this request and waits for the next stop. 0 with *status, or -ESRCH
 * when the process is gone (m->guest_status set). */
int redirect_to_stop(struct machine *m, enum __ptrace_request request,
		     int *status);

/* Reads the registers at a stop for a call into ev->call. 0 or -errno. */
int redirect_read_call(struct machine *m, struct icept_event *ev);

/* The call that stopped, and is not made, is to be begun again. 0 or -errno. */
int redirect_repeat(const struct machine *m);

/* Is this seccomp stop one with that message (enum filter_trace)? The other: and at
 * that ip, of the registers that were read? */
bool redirect_has_message(const struct machine *m, unsigned long message);
bool redirect_is_message(const struct machine *m, uint64_t ip,
			 unsigned long message);

/* A stop for a signal: into ev, or dealt with. 0 or -errno. */
int redirect_signal_stop(struct machine *m, int status, struct icept_event *ev);

/* The ops of that name. */
int redirect_reflect(struct machine *m);
bool redirect_expected(const struct machine *m, int sig);
int redirect_deliver(struct machine *m);
int redirect_suppress(struct machine *m);
void redirect_kill(struct machine *m);

#endif
