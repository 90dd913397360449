/*
 * What the files of guestlib share with each other and with nobody else.
 */
#ifndef GUESTLIB_INTERNAL_H
#define GUESTLIB_INTERNAL_H

#include <stdarg.h>
#include <stddef.h>

/* Entry from crt0.S; sp as the kernel left it. */
_Noreturn void start_c(long *sp);

/* Return address of signal handlers; asm.S. */
void signal_restorer(void);

/* Where formatted text goes, piece by piece. */
struct format_sink {
	void (*put)(struct format_sink *sink, const char *s, size_t len);
};

/* The printf engine: hands all text to sink->put; returns its length. */
int format_text(struct format_sink *sink, const char *format, va_list args)
	__attribute__((format(printf, 2, 0)));

#endif
