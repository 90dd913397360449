/*
 * A directory of its own for a fuzz program that lets the VMM at host files: "in" is what
 * the VMM is shown, "out" beside it holds a secret that must be neither changed nor read.
 */
#ifndef TESTS_FUZZ_SCRATCH_H
#define TESTS_FUZZ_SCRATCH_H

#include <stdbool.h>

#define SCRATCH_SECRET "what the guest must not see"

/* Aborts, which is a finding, unless ok. */
void scratch_require(bool ok, const char *what);
/* Makes the directory, or empties it; it goes when the program ends. */
void scratch_make(void);
/* Runs a shell command in it. */
void scratch_shell(const char *command);
/* An O_PATH descriptor of a name in it, or -1. */
int scratch_open(const char *name);
/* How many descriptors this process has. */
int scratch_descriptors(void);
/* Requires that nothing in "out" was changed, linked or made. */
void scratch_check_outside(void);

#endif
