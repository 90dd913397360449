/*
 * When the guest machine's processes gave up the CPU by themselves: until the first
 * program began, and from then to the end. The guest kernel says when (enum
 * lodger_mark, with --stats and --space multi), and waits for the answer: so all
 * of its processes sleep while they are looked at, and the two numbers are
 * exact. Without, struct rusage has the sum of both and of the processes' ends.
 */
#ifndef VMMPROC_SWITCHES_H
#define VMMPROC_SWITCHES_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* Part of struct machine. */
struct switches {
	bool began, ended; /* both: the rest is known */
	uint64_t start, since;
};

/* How often at most several processes together are waited for, half a millisecond each:
 * who is on the way to sleep sleeps soon, but a loaded host may let it wait. */
#define SWITCHES_TRIES 20000

/*
 * Voluntary switches of a process of one thread, once it sleeps, are added to *sum, and
 * *tries is what is left of it. false: they were used up, or the host shows no
 * /proc/PID/status.
 */
bool switches_of_sleeper(pid_t pid, int *tries, uint64_t *sum);

#endif
