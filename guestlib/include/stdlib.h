/*
 * Memory, numbers, the environment and leaving the program (stdlib(3)).
 */
#ifndef GUESTLIB_STDLIB_H
#define GUESTLIB_STDLIB_H

#include <stddef.h>

#define EXIT_SUCCESS 0
#define EXIT_FAILURE 1

/* size bytes, 16-byte aligned, not cleared; NULL and ENOMEM when full. */
void *malloc(size_t size);
/* count * size bytes, cleared; NULL and ENOMEM on overflow or when full. */
void *calloc(size_t count, size_t size);
/* Resizes, moving if need be; on failure NULL, and ptr stays valid. */
void *realloc(void *ptr, size_t size);
/* Gives back what malloc, calloc or realloc returned; NULL does nothing. */
void free(void *ptr);

/* Decimal; no error is reported. */
int atoi(const char *s);
/* Number in base 2..36, or 0 to read 0x and 0 prefixes; clamps on ERANGE. */
long strtol(const char *s, char **end, int base);
/* As strtol, unsigned. */
unsigned long strtoul(const char *s, char **end, int base);
/* Absolute value. */
int abs(int n);

/* Sorts count items of size bytes in place (heap sort, not stable). */
void qsort(void *base, size_t count, size_t size,
	   int (*compare)(const void *, const void *));

/* Value of NAME in the environment, or NULL. */
char *getenv(const char *name);
/* The environment, NULL-terminated, as the kernel handed it over. */
extern char **environ;

/* Flushes stdio, then ends the process with status & 0xff. */
_Noreturn void exit(int status);
/* Raises SIGABRT; never returns. */
_Noreturn void abort(void);

#endif
