/* The guest program's three standard streams and the machine's terminal. */
#ifndef VMMPROC_STREAMS_H
#define VMMPROC_STREAMS_H

#include <stdint.h>

#include "machine.h"

/*
 * Fills m->stream[], m->tty and m->tty_cooked. To be called first of all in
 * main: a closed 0, 1 or 2 is given a placeholder, so that no later open gets
 * its number; the guest still finds it closed (fd -1).
 *
 * The machine's terminal is that of stdin, else of stdout, else of stderr; in
 * the last two cases for output and size only. Streams on the same terminal
 * are LODGER_STREAM_TTY, on another LODGER_STREAM_CHAR. tty.fd is an open file
 * description of our own where the host lets us open it again (reopened), so
 * is stream[0].fd for a pipe (O_NONBLOCK): the flags of descriptions shared
 * with other programs are never changed.
 *
 * Returns 0, or -1 after one sentence.
 */
int streams_open(struct machine *m);

/*
 * Asks for SIGIO to m->guest_pid on our own descriptions. Only the VMM process
 * may (F_SETOWN is not in the policy): after the fork, before the go-ahead.
 * Returns 0, or -1 after one sentence.
 */
int streams_arm(const struct machine *m);

/* The LODGER_BOOT_* bits that follow from the streams. */
uint32_t streams_boot_flags(const struct machine *m);

/* Closes what streams_open opened. */
void streams_close(struct machine *m);

#endif
