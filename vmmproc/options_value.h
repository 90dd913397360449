/* Values of command-line options: sizes, durations, numbers, near misses. */
#ifndef VMMPROC_OPTIONS_VALUE_H
#define VMMPROC_OPTIONS_VALUE_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Parses a whole decimal number between min and max, nothing after it.
 * Returns 0 and *value, -EINVAL on nonsense, -ERANGE outside the bounds.
 */
int options_number(const char *text, uint64_t min, uint64_t max,
		   uint64_t *value);

/* May name be a guest host name (RFC 1123 characters, at most 64)? */
bool options_hostname_ok(const char *name);

/*
 * The entry of the NULL-terminated list that is nearest to word by edit
 * distance, or NULL when none is near enough to suggest.
 */
const char *options_nearest(const char *word, const char *const *list);

#endif
