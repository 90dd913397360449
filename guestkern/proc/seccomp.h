/* Secure computing (seccomp(2)): programs' own filters on their system calls, in
 * classic BPF. */
#ifndef PROC_SECCOMP_H
#define PROC_SECCOMP_H

#include "lib/types.h"

struct task;
struct trap_frame;
struct seccomp_filter;

/* task.seccomp_mode, as /proc/PID/status and PR_GET_SECCOMP have it */
#define SECCOMP_OFF 0
#define SECCOMP_STRICT 1
#define SECCOMP_FILTERED 2

/* One instruction: struct sock_filter of linux/filter.h. */
struct seccomp_insn {
	u16 code;
	u8 jt, jf;
	u32 k;
};

/* A filter of count instructions in user memory, checked as the kernel's: 0, or
 * -EINVAL, -EFAULT, -ENOMEM. To be attached or freed with seccomp_filter_put. */
int seccomp_filter_load(struct seccomp_filter **filter, uaddr_t insns, u32 count);
/* Puts it in front of the current task's. 0, -ENOMEM (too many of them). */
int seccomp_filter_attach(struct seccomp_filter *filter);
/* Gives every thread of the process the current task's filters. 0, or the number of
 * a thread that has others of its own. */
s32 seccomp_filter_sync(void);
void seccomp_filter_get(struct seccomp_filter *filter);
void seccomp_filter_put(struct seccomp_filter *filter);
u32 seccomp_filter_count(const struct task *t);

/* The current task wants to make the call in tf. false: it must not, and result or
 * signal are in place. */
bool seccomp_allows(struct trap_frame *tf);

#endif
