/* Core files of programs that a signal kills. */
#ifndef SYS_COREDUMP_H
#define SYS_COREDUMP_H

#include "proc/signal.h"

/*
 * Writes the current process to a file of core_name's name, as far as its limit
 * (RLIMIT_CORE, bytes) and its being dumpable allow (core(5), prctl(2)
 * PR_SET_DUMPABLE). sig: the signal that kills it, info: its particulars. Returns
 * whether there is a core file. May sleep; the other threads are ending.
 */
bool coredump(int sig, const struct k_siginfo *info);

/* The name of a core file of the current process, killed by sig, relative to its
 * directory: 0, or -ENOENT: there is to be none. */
int core_name(char *name, size_t size, int sig);

#endif
