/*
 * Memory and strings: the C library's functions of these names (string(3)),
 * plain loops, nothing clever.
 */
#ifndef GUESTLIB_STRING_H
#define GUESTLIB_STRING_H

#include <stddef.h>

/* Copies len bytes; the ranges must not overlap.  Returns dst. */
void *memcpy(void *dst, const void *src, size_t len);
/* Copies len bytes; the ranges may overlap.  Returns dst. */
void *memmove(void *dst, const void *src, size_t len);
/* Fills len bytes with (unsigned char)c.  Returns dst. */
void *memset(void *dst, int c, size_t len);
/* Compares as unsigned bytes: negative, zero or positive. */
int memcmp(const void *a, const void *b, size_t len);
/* The first byte equal to c among len, or NULL. */
void *memchr(const void *s, int c, size_t len);

/* Length in bytes without the final NUL. */
size_t strlen(const char *s);
/* As strlen, but never looks further than max bytes. */
size_t strnlen(const char *s, size_t max);
/* Compares as unsigned bytes: negative, zero or positive. */
int strcmp(const char *a, const char *b);
/* As strcmp, at most len bytes. */
int strncmp(const char *a, const char *b, size_t len);
/* Copies with the NUL.  Returns dst. */
char *strcpy(char *dst, const char *src);
/* Copies at most len bytes and pads with NULs; may leave no NUL. */
char *strncpy(char *dst, const char *src, size_t len);
/* Appends src to dst.  Returns dst. */
char *strcat(char *dst, const char *src);
/* First occurrence of c (the NUL included), or NULL. */
char *strchr(const char *s, int c);
/* Last occurrence of c (the NUL included), or NULL. */
char *strrchr(const char *s, int c);
/* First occurrence of needle, or NULL. */
char *strstr(const char *haystack, const char *needle);
/* Length of the prefix made of bytes in set. */
size_t strspn(const char *s, const char *set);
/* Length of the prefix made of bytes not in set. */
size_t strcspn(const char *s, const char *set);
/* Next token of *save (s on the first call) cut at bytes in sep, or NULL. */
char *strtok_r(char *s, const char *sep, char **save);
/* A malloc'd copy, or NULL. */
char *strdup(const char *s);

/* Text of an errno: "No such file or directory". */
const char *strerror(int err);
/* Name of an errno: "ENOENT"; "E?" for one that is not in the table. */
const char *strerrorname(int err);
/* Name of a signal: "SIGSEGV"; "SIG?" when there is none of that number. */
const char *strsignal(int sig);

#endif
