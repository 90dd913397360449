/* Core files of programs that a signal kills. */
#ifndef SYS_COREDUMP_H
#define SYS_COREDUMP_H

#include "proc/signal.h"

/*
 * Writes the current process to "core" in its directory, as far as its limit
 * (RLIMIT_CORE, bytes) and its being dumpable allow (core(5), prctl(2)
 * PR_SET_DUMPABLE). sig: the signal that kills it, info: its particulars. Returns
 * whether there is a core file. May sleep; the other threads are ending.
 */
bool coredump(int sig, const struct k_siginfo *info);

#endif
