/*
 * Limits and usage: getrlimit(2), getrusage(2), getpriority(2), times(2).
 */
#ifndef GUESTLIB_SYS_RESOURCE_H
#define GUESTLIB_SYS_RESOURCE_H

#include <sys/types.h>
#include <linux/resource.h>
#include <linux/times.h>

/* getrlimit(2). */
int getrlimit(int resource, struct rlimit *limit);
/* setrlimit(2). */
int setrlimit(int resource, const struct rlimit *limit);
/* getrusage(2). */
int getrusage(int who, struct rusage *usage);
/* times(2). */
clock_t times(struct tms *buf);
/* getpriority(2): the nice value -20..19, as the C library has it. */
int getpriority(int which, int who);
/* setpriority(2). */
int setpriority(int which, int who, int nice);

#endif
