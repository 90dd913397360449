/*
 * The printf engine: one conversion at a time into a small buffer on the
 * stack, then out to a sink.  No floating point.
 */
#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "internal.h"

struct conversion {
	int left;
	int zero;
	int plus;
	int space;
	int alternate;
	int width;
	int precision; /* -1: none was given */
	int size; /* bytes of an integer argument */
	char type;
};

struct output {
	struct format_sink *sink;
	int len;
};

static void put(struct output *out, const char *s, size_t len)
{
	out->sink->put(out->sink, s, len);
	out->len += (int)len;
}

static void put_fill(struct output *out, char c, int count)
{
	for (; count > 0; count--)
		put(out, &c, 1);
}

static const char *parse_flags(const char *f, struct conversion *c)
{
	for (;; f++) {
		switch (*f) {
		case '-':
			c->left = 1;
			break;
		case '0':
			c->zero = 1;
			break;
		case '+':
			c->plus = 1;
			break;
		case ' ':
			c->space = 1;
			break;
		case '#':
			c->alternate = 1;
			break;
		default:
			return f;
		}
	}
}

static const char *parse_int(const char *f, int *value)
{
	*value = 0;
	while (isdigit((unsigned char)*f))
		*value = *value * 10 + (*f++ - '0');
	return f;
}

static const char *parse_size(const char *f, struct conversion *c)
{
	c->size = sizeof(int);
	for (;; f++) {
		if (*f == 'h')
			c->size /= 2;
		else if (*f == 'l' || *f == 'z' || *f == 'j' || *f == 't')
			c->size = sizeof(long);
		else
			return f;
	}
}

static long signed_value(unsigned long value, int size)
{
	switch (size) {
	case 1:
		return (signed char)value;
	case 2:
		return (short)value;
	case 4:
		return (int)value;
	default:
		return (long)value;
	}
}

static unsigned long unsigned_value(unsigned long value, int size)
{
	if (size == sizeof(long))
		return value;
	return value & ((1UL << (8 * size)) - 1);
}

/* Writes the digits backwards from end; returns where they begin. */
static char *digits(char *end, unsigned long value, unsigned int base, int upper)
{
	const char *set = upper ? "0123456789ABCDEF" : "0123456789abcdef";

	for (; value; value /= base)
		*--end = set[value % base];
	return end;
}

static void put_padded(struct output *out, const struct conversion *c,
		       const char *prefix, const char *s, int len, int zeros)
{
	int prefix_len = (int)strlen(prefix);
	int pad = c->width - prefix_len - zeros - len;

	if (!c->left)
		put_fill(out, ' ', pad);
	put(out, prefix, (size_t)prefix_len);
	put_fill(out, '0', zeros);
	put(out, s, (size_t)len);
	if (c->left)
		put_fill(out, ' ', pad);
}

static void put_number(struct output *out, const struct conversion *c,
		       const char *prefix, unsigned long value, unsigned int base)
{
	char buf[24];
	char *end = buf + sizeof(buf);
	char *s = digits(end, value, base, c->type == 'X');
	int len = (int)(end - s);
	int want = c->precision < 0 ? 1 : c->precision;

	if (c->precision < 0 && c->zero && !c->left)
		want = c->width - (int)strlen(prefix);
	put_padded(out, c, prefix, s, len, want > len ? want - len : 0);
}

static void put_signed(struct output *out, const struct conversion *c,
		       unsigned long raw)
{
	long value = signed_value(raw, c->size);
	const char *prefix = "";

	if (value < 0)
		prefix = "-";
	else if (c->plus)
		prefix = "+";
	else if (c->space)
		prefix = " ";
	put_number(out, c, prefix,
		   value < 0 ? -(unsigned long)value : (unsigned long)value, 10);
}

static void put_unsigned(struct output *out, const struct conversion *c,
			 unsigned long raw)
{
	unsigned long value = unsigned_value(raw, c->size);
	const char *prefix = "";

	if (c->type == 'u')
		put_number(out, c, prefix, value, 10);
	else if (c->type == 'o')
		put_number(out, c, c->alternate ? "0" : "", value, 8);
	else {
		if (c->alternate && value)
			prefix = c->type == 'X' ? "0X" : "0x";
		put_number(out, c, prefix, value, 16);
	}
}

static void put_string(struct output *out, const struct conversion *c,
		       const char *s)
{
	size_t max = c->precision < 0 ? SIZE_MAX : (size_t)c->precision;

	if (!s)
		s = "(null)";
	put_padded(out, c, "", s, (int)strnlen(s, max), 0);
}

/* A list of arguments that a function can take from: va_list is an array. */
struct arguments {
	va_list list;
};

static unsigned long integer_argument(struct arguments *args, int size)
{
	if (size == sizeof(long))
		return va_arg(args->list, unsigned long);
	return va_arg(args->list, unsigned int);
}

static const char *parse_conversion(const char *f, struct conversion *c,
				    struct arguments *args)
{
	f = parse_flags(f, c);
	if (*f == '*') {
		c->width = va_arg(args->list, int);
		f++;
	} else {
		f = parse_int(f, &c->width);
	}
	if (c->width < 0) {
		c->left = 1;
		c->width = -c->width;
	}
	c->precision = -1;
	if (*f == '.' && f[1] == '*') {
		c->precision = va_arg(args->list, int);
		f += 2;
	} else if (*f == '.') {
		f = parse_int(f + 1, &c->precision);
	}
	f = parse_size(f, c);
	c->type = *f;
	return *f ? f + 1 : f;
}

static void put_conversion(struct output *out, struct conversion *c,
			   struct arguments *args)
{
	char byte;

	switch (c->type) {
	case 'd':
	case 'i':
		put_signed(out, c, integer_argument(args, c->size));
		break;
	case 'u':
	case 'o':
	case 'x':
	case 'X':
		put_unsigned(out, c, integer_argument(args, c->size));
		break;
	case 'p':
		c->alternate = 1;
		c->size = sizeof(long);
		put_unsigned(out, c, va_arg(args->list, unsigned long));
		break;
	case 'c':
		byte = (char)va_arg(args->list, int);
		put_padded(out, c, "", &byte, 1, 0);
		break;
	case 's':
		put_string(out, c, va_arg(args->list, const char *));
		break;
	default:
		put(out, &c->type, c->type != '\0');
		break;
	}
}

int format_text(struct format_sink *sink, const char *format, va_list args)
{
	struct output out = { sink, 0 };
	struct arguments list;
	const char *end;

	va_copy(list.list, args);
	while (*format) {
		struct conversion c = { 0 };

		for (end = format; *end && *end != '%'; end++)
			;
		put(&out, format, (size_t)(end - format));
		format = end;
		if (*format != '%')
			break;
		format = parse_conversion(format + 1, &c, &list);
		put_conversion(&out, &c, &list);
	}
	va_end(list.list);
	return out.len;
}

/* A sink over memory: keeps what fits, drops the rest. */
struct memory_sink {
	struct format_sink sink;
	char *at;
	size_t left;
};

static void memory_put(struct format_sink *sink, const char *s, size_t len)
{
	struct memory_sink *m = (struct memory_sink *)sink;

	if (len > m->left)
		len = m->left;
	memcpy(m->at, s, len);
	m->at += len;
	m->left -= len;
}

int vsnprintf(char *buf, size_t size, const char *format, va_list args)
{
	struct memory_sink m = { { memory_put }, buf, size ? size - 1 : 0 };
	int len = format_text(&m.sink, format, args);

	if (size)
		*m.at = '\0';
	return len;
}

int snprintf(char *buf, size_t size, const char *format, ...)
{
	va_list args;
	int len;

	va_start(args, format);
	len = vsnprintf(buf, size, format, args);
	va_end(args);
	return len;
}

int vdprintf(int fd, const char *format, va_list args)
{
	char buf[BUFSIZ];
	int len = vsnprintf(buf, sizeof(buf), format, args);

	if (len > (int)sizeof(buf) - 1)
		len = sizeof(buf) - 1;
	return (int)write(fd, buf, (size_t)len);
}

int dprintf(int fd, const char *format, ...)
{
	va_list args;
	int len;

	va_start(args, format);
	len = vdprintf(fd, format, args);
	va_end(args);
	return len;
}
