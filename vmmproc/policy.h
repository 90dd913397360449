/*
 * The host-call policy: the one table of every host system call that a guest
 * kernel may make, its argument limits and why. It generates both the
 * tracer's check and the libseccomp filter.
 */
#ifndef VMMPROC_POLICY_H
#define VMMPROC_POLICY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

#include "machine.h"

/* The values that symbolic limits in the table stand for; from the machine. */
struct policy_env {
	uint64_t ram_bytes, core_bytes, kmem_bytes;
	bool unprotected; /* the gate's calls are about no byte */
	uint64_t host_token; /* shown by each host call; 0: none is asked for */
	uint64_t user_low_min;
	bool vspace_high;
	bool in_process; /* programs' calls do not stop: filter_inproc.c */
	bool multi;	 /* --space multi: several host processes */
	bool broker;	 /* files of the host may be asked for */
	bool maker;	 /* they, or address spaces, are made on request */
	/* The files behind the disks: sizes in bytes, 0 for none; bit i of
	 * block_writable: file i may be written. */
	uint64_t block_bytes[LODGER_MAX_BLOCK_FILES];
	uint32_t block_writable;
	pid_t guest_pid; /* 0 while not known (in the child before exec) */
};

struct host_call {
	uint32_t arch; /* AUDIT_ARCH_* */
	uint64_t nr;
	uint64_t arg[6];
	uint64_t ip;   /* address after the instruction, for the report */
};

/*
 * May the guest kernel make this call? Returns true, or false with *why set
 * to a short reason ("offset past the end of the RAM file").
 */
bool policy_allows(const struct policy_env *env, const struct host_call *call,
		   const char **why);

/* Name of an x86-64 host system call, or NULL. */
const char *policy_call_name(uint64_t nr);

/*
 * Builds and loads the filter into the calling process (the guest-machine
 * process, just before it leaves hosted code). no_new_privs must be set.
 * Returns 0 or -errno.
 */
int policy_install_filter(const struct policy_env *env);

struct sock_filter;

/*
 * The policy, but for its ranges of addresses and offsets (filter_ranges.h),
 * as a BPF program for 64-bit calls: the last part of the in-process modes'
 * filter. A call that no row admits gets refuse_action (SECCOMP_RET_*). Writes
 * at most max instructions to out and their number to *count. VMM process, before the fork. Returns 0 or -errno.
 */
int policy_export_filter(const struct policy_env *env, uint32_t refuse_action,
			 struct sock_filter *out, size_t max, size_t *count);

/* Prints the table as text (docs, `lodger modes --policy`). */
void policy_print(FILE *out);

#endif
