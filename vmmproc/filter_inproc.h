/*
 * The one seccomp program of the in-process modes: who may make a host call is
 * decided by the address of the instruction that makes it.
 */
#ifndef VMMPROC_FILTER_INPROC_H
#define VMMPROC_FILTER_INPROC_H

#include <linux/filter.h>
#include <stdint.h>

#include "abi/image.h"
#include "policy.h"

/* How a guest program's system call reaches the guest kernel. */
enum filter_reflect {
	FILTER_REFLECT_TRAP,  /* SIGSYS in the process itself */
	FILTER_REFLECT_TRACE, /* a stop for the tracer */
	/* as TRAP, where the tracer has not stopped it before the filter; the
	 * gate's closing call is a stop */
	FILTER_REFLECT_EMU,
};

/* What a tracer finds with PTRACE_GETEVENTMSG at the filter's stops. */
enum filter_trace {
	FILTER_TRACE_USER = 1,	  /* a guest program's call */
	FILTER_TRACE_REFUSED = 2, /* the guest kernel's, and refused */
	FILTER_TRACE_CLOSES = 3,  /* the gate's closing call */
};

struct filter_program {
	struct sock_fprog fprog; /* .filter is owned */
};

/*
 * Builds the program for a machine with this image. What the policy refuses is
 * notified to a listener (TRAP) or traced (TRACE, EMU). To be undone by
 * filter_inproc_free. Returns 0 or -errno: -EINVAL for an image whose gate is
 * not below 4 GiB.
 */
int filter_inproc_build(struct filter_program *program,
			const struct policy_env *env,
			const struct lodger_image *image,
			enum filter_reflect reflect);

/*
 * Installs it in the calling process, for good; no_new_privs must be set. With
 * a listener returns its descriptor, the lowest free one, else 0. -errno:
 * -EINVAL or -EBUSY where this host can give no listener. Afterwards no
 * instruction but the image's can make a system call.
 */
int filter_inproc_install(const struct filter_program *program,
			  bool with_listener);

/* What the policy refuses kills, in place of notifying. */
void filter_inproc_without_listener(struct filter_program *program);

/* Frees what filter_inproc_build made. */
void filter_inproc_free(struct filter_program *program);

#endif
