/*
 * The types that system-call wrappers take and return.
 */
#ifndef GUESTLIB_SYS_TYPES_H
#define GUESTLIB_SYS_TYPES_H

#include <stddef.h>
#include <stdint.h>
#include <linux/types.h>

typedef long ssize_t;
typedef long off_t;
typedef int pid_t;
typedef unsigned int uid_t;
typedef unsigned int gid_t;
typedef unsigned int mode_t;
typedef unsigned long dev_t;
typedef unsigned long ino_t;
typedef long time_t;
typedef long clock_t;
typedef int clockid_t;

#endif
