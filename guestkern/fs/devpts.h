/* Pseudo terminals as files: what opening /dev/ptmx and TIOCGPTPEER do. */
#ifndef FS_DEVPTS_H
#define FS_DEVPTS_H

#include "lib/types.h"

struct chrdev;
struct file;

/* Makes f, just opened by the name of a node 5:2, the master of a new pair of
 * the devpts instance next to it ("pts" in the same directory), or of the one
 * that the node is in. 0, -ENODEV (there is none), -ENOSPC, -ENOMEM. */
int devpts_open_master(struct file *f);

/* TIOCGPTPEER on f, a description of dev: a descriptor of the slave's, or
 * -ENOTTY (dev is no terminal), -EIO (no master; locked), or as open(2). */
s64 devpts_open_peer(struct file *f, struct chrdev *dev, u32 flags);

#endif
