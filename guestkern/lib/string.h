/* The memory and string functions of C that the guest kernel uses, with
 * their standard meaning (freestanding build: lib/string.c; hosted: libc). */
#ifndef LIB_STRING_H
#define LIB_STRING_H

#include "lib/types.h"

/* C11 7.24: memory. */
void *memcpy(void *restrict dst, const void *restrict src, size_t n);
void *memmove(void *dst, const void *src, size_t n);
void *memset(void *dst, int c, size_t n);
int memcmp(const void *a, const void *b, size_t n);
void *memchr(const void *s, int c, size_t n);

/* C11 7.24 and POSIX strnlen: text. */
size_t strlen(const char *s);
size_t strnlen(const char *s, size_t max);
int strcmp(const char *a, const char *b);
int strncmp(const char *a, const char *b, size_t n);
char *strchr(const char *s, int c);
char *strrchr(const char *s, int c);

/* Copies at most size - 1 bytes and terminates; returns strlen(src). Named
 * apart from libc's so that the hosted build has one too (lib/printf.c). */
size_t str_copy(char *dst, const char *src, size_t size);

#endif
