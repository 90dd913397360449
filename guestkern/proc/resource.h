/* How proc copies and drops what upper layers hang on a process; registered
 * by fs at boot (inversion that keeps the layers acyclic). */
#ifndef PROC_RESOURCE_H
#define PROC_RESOURCE_H

#include "proc/task.h"

struct resource_ops {
	/* Child gets a copy, or shares what flags say: CLONE_FILES, CLONE_FS;
	 * CLONE_NEWNS: a mount name space of its own. 0, -ENOMEM. */
	int (*clone)(struct proc_resources *child,
		     const struct proc_resources *parent, u64 flags);
	/* Process ends; may sleep. */
	void (*exit)(struct proc_resources *res);
	/* exec: unshare files, close close-on-exec descriptors. 0, -ENOMEM. */
	int (*exec)(struct proc_resources *res);
	/* unshare(2) with CLONE_FILES, CLONE_FS, CLONE_NEWNS of flags. 0, -ENOMEM. */
	int (*unshare)(struct proc_resources *res, u64 flags);
	/* CLONE_PIDFD: a descriptor of the new process p in the current one's
	 * table, its number to user memory. 0 or -errno. */
	int (*give_pidfd)(struct process *p, uaddr_t to);
	/* Session leader ends: its terminal is given up. */
	void (*session_leader_exit)(struct process *leader);
};
/* Installs ops (kept by reference). Boot, before the first clone. */
void proc_set_resource_ops(const struct resource_ops *ops);

/* What was installed. */
const struct resource_ops *proc_resource_ops(void);

#endif
