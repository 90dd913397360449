/*
 * What the two halves of the test harness share.
 */
#ifndef GUESTLIB_TEST_INTERNAL_H
#define GUESTLIB_TEST_INTERNAL_H

#include <sys/types.h>

/* Remembers where this program lies, before anybody changes directory. */
void test_find_program(const char *argv0);

/* Removes the scratch directory of a case, if it made one. */
void test_remove_scratch(pid_t pid);

#endif
