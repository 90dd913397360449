/*
 * sysinfo(2).
 */
#ifndef GUESTLIB_SYS_SYSINFO_H
#define GUESTLIB_SYS_SYSINFO_H

#include <linux/sysinfo.h>

/* Uptime, load, memory, number of processes. */
int sysinfo(struct sysinfo *info);

#endif
