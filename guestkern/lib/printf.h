/* Formatted text: %d %i %u %x %X %o %c %s %p %%, flags - 0 + # space, width, precision,
 * l ll z h hh. Nothing else. */
#ifndef LIB_PRINTF_H
#define LIB_PRINTF_H

#include "lib/types.h"

/* As C's vsnprintf/snprintf: terminates, returns the length wanted. */
int kvsnprintf(char *buf, size_t size, const char *fmt, va_list ap);
int ksnprintf(char *buf, size_t size, const char *fmt, ...) __printf(3, 4);

/* A bounded text buffer that grows by appending; silently truncates. */
struct textbuf {
	char *data;
	size_t size, len; /* len < size always; data terminated */
};
void textbuf_init(struct textbuf *tb, char *data, size_t size);
void textbuf_printf(struct textbuf *tb, const char *fmt, ...) __printf(2, 3);
void textbuf_putc(struct textbuf *tb, char c);

#endif
