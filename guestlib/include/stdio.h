/*
 * Buffered streams and formatted output (stdio(3)), without locale, wide
 * characters or floating point.  A stream is for reading or for writing, not
 * both at once.  fork() copies buffers: fflush(NULL) first.
 */
#ifndef GUESTLIB_STDIO_H
#define GUESTLIB_STDIO_H

#include <stdarg.h>
#include <stddef.h>

#define EOF (-1)
#define BUFSIZ 1024

/* A stream; opaque. */
typedef struct stream FILE;

/* Buffered by line on a terminal, by block elsewhere; stderr not at all. */
extern FILE *const stdin;
extern FILE *const stdout;
extern FILE *const stderr;

/*
 * %d i u x X o c s p %, with hh h l ll z, flags "-0+ #", width, precision and
 * '*'.  Return the length the text has or would have had.
 */
int printf(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* To a stream. */
int fprintf(FILE *f, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/* To a descriptor, unbuffered: one write(2) for up to BUFSIZ bytes. */
int dprintf(int fd, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* To memory, at most size bytes with the NUL. */
int snprintf(char *buf, size_t size, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* As fprintf, arguments in args. */
int vfprintf(FILE *f, const char *format, va_list args)
	__attribute__((format(printf, 2, 0)));
/* As dprintf, arguments in args. */
int vdprintf(int fd, const char *format, va_list args)
	__attribute__((format(printf, 2, 0)));
/* As snprintf, arguments in args. */
int vsnprintf(char *buf, size_t size, const char *format, va_list args)
	__attribute__((format(printf, 3, 0)));

/* One byte; EOF on error. */
int fputc(int c, FILE *f);
/* One byte to stdout. */
int putchar(int c);
/* A string; EOF on error. */
int fputs(const char *s, FILE *f);
/* A string and a newline to stdout. */
int puts(const char *s);
/* count items of size bytes; returns how many whole items went. */
size_t fwrite(const void *buf, size_t size, size_t count, FILE *f);

/* One byte, or EOF. */
int fgetc(FILE *f);
/* One byte of stdin, or EOF. */
int getchar(void);
/* A line with its newline, at most size-1 bytes; NULL at the end. */
char *fgets(char *buf, int size, FILE *f);
/* count items of size bytes; returns how many whole items came. */
size_t fread(void *buf, size_t size, size_t count, FILE *f);

/* mode: "r", "w" or "a".  NULL and errno on failure. */
FILE *fopen(const char *path, const char *mode);
/* A stream over an open descriptor; mode as for fopen. */
FILE *fdopen(int fd, const char *mode);
/* Flushes, closes, frees. */
int fclose(FILE *f);
/* Writes out what is buffered; NULL means every stream. */
int fflush(FILE *f);
/* The descriptor below. */
int fileno(const FILE *f);
/* True after a failed read or write. */
int ferror(const FILE *f);
/* True after the end was met. */
int feof(const FILE *f);

/* "s: text of errno" on stderr. */
void perror(const char *s);

#endif
