/*
 * Formatted text into bounded buffers, and str_copy. Owns nothing, knows no
 * device: klog and panic format here and write elsewhere.
 *
 * Invariant of an out: never stores past size - 1, always counts.
 */
#include "lib/printf.h"
#include "lib/string.h"

struct out {
	char *buf;
	size_t size, len; /* len counts what was wanted */
};

struct spec {
	bool left, zero, plus, space, alt, upper, negative;
	int width, precision; /* precision -1: none given */
	int length; /* bytes of an integer argument */
	u32 base;
};

static void out_char(struct out *out, char c)
{
	if (out->len + 1 < out->size)
		out->buf[out->len] = c;
	out->len++;
}

static void out_fill(struct out *out, char c, int n)
{
	while (n-- > 0)
		out_char(out, c);
}

static void out_text(struct out *out, const char *text, size_t n)
{
	for (size_t i = 0; i < n; i++)
		out_char(out, text[i]);
}

static void out_string(struct out *out, const char *s, const struct spec *sp)
{
	size_t n;
	int pad;

	if (!s)
		s = "(null)";
	n = sp->precision >= 0 ? strnlen(s, (size_t)sp->precision) : strlen(s);
	pad = (size_t)sp->width > n ? sp->width - (int)n : 0;
	if (!sp->left)
		out_fill(out, ' ', pad);
	out_text(out, s, n);
	if (sp->left)
		out_fill(out, ' ', pad);
}

/* "+", "-", "0x", ... in front of the digits */
static size_t number_prefix(char prefix[3], u64 value, const struct spec *sp)
{
	size_t n = 0;

	if (sp->negative)
		prefix[n++] = '-';
	else if (sp->plus)
		prefix[n++] = '+';
	else if (sp->space)
		prefix[n++] = ' ';
	if (sp->alt && sp->base == 16 && value) {
		prefix[n++] = '0';
		prefix[n++] = sp->upper ? 'X' : 'x';
	}
	return n;
}

static void out_number(struct out *out, u64 value, const struct spec *sp)
{
	const char *set = sp->upper ? "0123456789ABCDEF" : "0123456789abcdef";
	char digits[24], prefix[3];
	size_t n = 0, prefix_len = number_prefix(prefix, value, sp);
	int zeros, pad;

	for (u64 v = value; v; v /= sp->base)
		digits[n++] = set[v % sp->base];
	if (!n && sp->precision != 0)
		digits[n++] = '0';
	zeros = sp->precision > (int)n ? sp->precision - (int)n : 0;
	if (sp->alt && sp->base == 8 && !zeros && (!n || digits[n - 1] != '0'))
		zeros = 1;
	pad = sp->width - (int)(n + prefix_len) - zeros;
	if (pad > 0 && sp->zero && !sp->left && sp->precision < 0) {
		zeros += pad;
		pad = 0;
	}
	if (!sp->left)
		out_fill(out, ' ', pad);
	out_text(out, prefix, prefix_len);
	out_fill(out, '0', zeros);
	while (n)
		out_char(out, digits[--n]);
	if (sp->left)
		out_fill(out, ' ', pad);
}

static const char *parse_flags(const char *p, struct spec *sp)
{
	for (;; p++) {
		switch (*p) {
		case '-':
			sp->left = true;
			break;
		case '0':
			sp->zero = true;
			break;
		case '+':
			sp->plus = true;
			break;
		case ' ':
			sp->space = true;
			break;
		case '#':
			sp->alt = true;
			break;
		default:
			return p;
		}
	}
}

static const char *parse_number(const char *p, int *value)
{
	for (*value = 0; *p >= '0' && *p <= '9'; p++)
		if (*value < 100000)
			*value = *value * 10 + (*p - '0');
	return p;
}

static const char *parse_length(const char *p, struct spec *sp)
{
	sp->length = 4;
	if (p[0] == 'h') {
		sp->length = p[1] == 'h' ? 1 : 2;
		return p + (p[1] == 'h' ? 2 : 1);
	}
	if (p[0] == 'l' || p[0] == 'z') {
		sp->length = 8;
		return p + (p[0] == 'l' && p[1] == 'l' ? 2 : 1);
	}
	return p;
}

static u64 unsigned_arg(u64 value, int length)
{
	return length == 8 ? value : value & ((1ULL << (8 * length)) - 1);
}

static void out_signed(struct out *out, s64 value, struct spec *sp)
{
	int shift = 64 - 8 * sp->length;

	value = (s64)((u64)value << shift) >> shift;
	sp->negative = value < 0;
	sp->base = 10;
	out_number(out, value < 0 ? -(u64)value : (u64)value, sp);
}

static void out_unsigned(struct out *out, char conv, u64 value, struct spec *sp)
{
	sp->plus = sp->space = false;
	sp->upper = conv == 'X';
	sp->base = conv == 'u' ? 10 : conv == 'o' ? 8 : 16;
	out_number(out, unsigned_arg(value, sp->length), sp);
}

/* One conversion with its parsed spec. */
static void out_conversion(struct out *out, char conv, struct spec *sp, va_list *ap)
{
	char c;

	switch (conv) {
	case 'd':
	case 'i':
		if (sp->length == 8)
			out_signed(out, va_arg(*ap, s64), sp);
		else
			out_signed(out, va_arg(*ap, int), sp);
		return;
	case 'u':
	case 'x':
	case 'X':
	case 'o':
		if (sp->length == 8)
			out_unsigned(out, conv, va_arg(*ap, u64), sp);
		else
			out_unsigned(out, conv, va_arg(*ap, u32), sp);
		return;
	case 'p':
		sp->length = 8;
		out_text(out, "0x", 2);
		sp->width = sp->width > 2 ? sp->width - 2 : 0;
		out_unsigned(out, 'x', (u64)va_arg(*ap, void *), sp);
		return;
	case 'c':
		c = (char)va_arg(*ap, int);
		if (!sp->left)
			out_fill(out, ' ', sp->width - 1);
		out_char(out, c);
		if (sp->left)
			out_fill(out, ' ', sp->width - 1);
		return;
	case 's':
		out_string(out, va_arg(*ap, const char *), sp);
		return;
	default:
		out_char(out, conv);
	}
}

static const char *parse_spec(const char *p, struct spec *sp, va_list *ap)
{
	p = parse_flags(p, sp);
	if (*p == '*') {
		sp->width = va_arg(*ap, int);
		if (sp->width < 0) {
			sp->left = true;
			sp->width = -sp->width;
		}
		p++;
	} else {
		p = parse_number(p, &sp->width);
	}
	sp->precision = -1;
	if (*p == '.') {
		p++;
		if (*p == '*') {
			sp->precision = va_arg(*ap, int);
			p++;
		} else {
			p = parse_number(p, &sp->precision);
		}
	}
	return parse_length(p, sp);
}

int kvsnprintf(char *buf, size_t size, const char *fmt, va_list ap)
{
	struct out out = { .buf = buf, .size = size };
	va_list args;

	va_copy(args, ap);
	for (const char *p = fmt; *p; p++) {
		struct spec sp = { 0 };

		if (*p != '%') {
			out_char(&out, *p);
			continue;
		}
		p = parse_spec(p + 1, &sp, &args);
		if (!*p)
			break;
		out_conversion(&out, *p, &sp, &args);
	}
	va_end(args);
	if (size)
		buf[MIN(out.len, size - 1)] = 0;
	return (int)out.len;
}

int ksnprintf(char *buf, size_t size, const char *fmt, ...)
{
	va_list ap;
	int len;

	va_start(ap, fmt);
	len = kvsnprintf(buf, size, fmt, ap);
	va_end(ap);
	return len;
}

void textbuf_init(struct textbuf *tb, char *data, size_t size)
{
	tb->data = data;
	tb->size = size;
	tb->len = 0;
	if (size)
		data[0] = 0;
}

void textbuf_printf(struct textbuf *tb, const char *fmt, ...)
{
	size_t room = tb->size - tb->len;
	va_list ap;
	int len;

	if (!tb->size)
		return;
	va_start(ap, fmt);
	len = kvsnprintf(tb->data + tb->len, room, fmt, ap);
	va_end(ap);
	tb->len += MIN((size_t)len, room - 1);
}

void textbuf_putc(struct textbuf *tb, char c)
{
	if (tb->len + 1 >= tb->size)
		return;
	tb->data[tb->len++] = c;
	tb->data[tb->len] = 0;
}

size_t str_copy(char *dst, const char *src, size_t size)
{
	size_t len = strlen(src);

	if (size) {
		size_t n = MIN(len, size - 1);

		memcpy(dst, src, n);
		dst[n] = 0;
	}
	return len;
}
