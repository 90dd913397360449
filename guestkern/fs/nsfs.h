/* Files that stand for name spaces (namespaces(7)): /proc/PID/ns. */
#ifndef FS_NSFS_H
#define FS_NSFS_H

#include "lib/types.h"

struct file;
struct path;
struct process;
struct textbuf;

/* Appends "uts:[4026531838]" for the name space of p that /proc/PID/ns/NAME means: 0,
 * -ENOENT. */
int nsfs_show(struct textbuf *tb, const struct process *p, const char *name);
/* The file of it, referenced: 0, -ENOENT, -ENOMEM. */
int nsfs_path(const struct process *p, const char *name, struct path *to);

/* setns(2) with such a file: the current process goes into its name space; type:
 * CLONE_NEW* that it has to be of, or 0. 0, -EINVAL, -EPERM, -ENOMEM. */
int nsfs_enter(const struct file *f, u32 type);
/* The same with those of p that types names (CLONE_NEW*). */
int nsfs_enter_process(const struct process *p, u32 types);

#endif
