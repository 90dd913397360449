/*
 * The user's terminal while a machine owns it: raw mode, and the way back
 * whatever happens.
 */
#ifndef VMMPROC_TERMINAL_H
#define VMMPROC_TERMINAL_H

#include "machine.h"

/*
 * Installs the handlers of SIGWINCH, SIGTSTP and SIGCONT, and, when stdin is
 * the machine's terminal, starts the keeper and sets raw mode (not from the
 * background; there it waits for SIGCONT). Call it as late as can be, after
 * everything that may fail with a sentence. m must outlive terminal_end; its
 * guest_pid is read in the handlers and must be set to -1 once reaped.
 * Returns 0, or -1 after one sentence.
 */
int terminal_begin(struct machine *m);

/*
 * Gives the terminal back and ends the keeper. Idempotent, and harmless when
 * terminal_begin was never called. To be called before the VMM writes its last
 * words, on every way out. Not for signal handlers.
 */
void terminal_end(void);

#endif
