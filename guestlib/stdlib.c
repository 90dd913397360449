/*
 * Numbers from text, and sorting.
 */
#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

static int digit_value(int c)
{
	if (isdigit(c))
		return c - '0';
	if (isalpha(c))
		return (c | 32) - 'a' + 10;
	return 99;
}

static int has_hex_prefix(const char *s)
{
	return s[0] == '0' && (s[1] | 32) == 'x' &&
	       digit_value((unsigned char)s[2]) < 16;
}

/* The magnitude and its sign; *overflow when it fits no unsigned long. */
static unsigned long parse_number(const char *s, const char **end, int base,
				  int *negative, int *overflow)
{
	unsigned long value = 0;
	const char *start = s;
	const char *first;

	*overflow = 0;
	while (isspace((unsigned char)*s))
		s++;
	*negative = *s == '-';
	if (*s == '-' || *s == '+')
		s++;
	if ((base == 0 || base == 16) && has_hex_prefix(s)) {
		s += 2;
		base = 16;
	}
	if (base == 0)
		base = *s == '0' ? 8 : 10;
	for (first = s; digit_value((unsigned char)*s) < base; s++) {
		*overflow |= __builtin_mul_overflow(value, (unsigned long)base,
						    &value);
		*overflow |= __builtin_add_overflow(
			value, (unsigned long)digit_value((unsigned char)*s),
			&value);
	}
	*end = s == first ? start : s;
	return value;
}

unsigned long strtoul(const char *s, char **end, int base)
{
	unsigned long value;
	const char *stop;
	int negative;
	int overflow;

	value = parse_number(s, &stop, base, &negative, &overflow);
	if (end)
		*end = (char *)stop;
	if (overflow) {
		errno = ERANGE;
		return ULONG_MAX;
	}
	return negative ? -value : value;
}

long strtol(const char *s, char **end, int base)
{
	unsigned long value;
	const char *stop;
	int negative;
	int overflow;

	value = parse_number(s, &stop, base, &negative, &overflow);
	if (end)
		*end = (char *)stop;
	if (overflow || value > (unsigned long)LONG_MAX + (negative != 0)) {
		errno = ERANGE;
		return negative ? LONG_MIN : LONG_MAX;
	}
	return (long)(negative ? -value : value);
}

int atoi(const char *s)
{
	return (int)strtol(s, NULL, 10);
}

int abs(int n)
{
	return n < 0 ? -n : n;
}

static void swap_bytes(char *a, char *b, size_t size)
{
	char c;

	for (; size; size--) {
		c = *a;
		*a++ = *b;
		*b++ = c;
	}
}

/* Lets the item at root sink until neither child is greater. */
static void sift_down(char *base, size_t root, size_t count, size_t size,
		      int (*compare)(const void *, const void *))
{
	size_t child;

	while ((child = 2 * root + 1) < count) {
		if (child + 1 < count &&
		    compare(base + child * size, base + (child + 1) * size) < 0)
			child++;
		if (compare(base + root * size, base + child * size) >= 0)
			return;
		swap_bytes(base + root * size, base + child * size, size);
		root = child;
	}
}

void qsort(void *base, size_t count, size_t size,
	   int (*compare)(const void *, const void *))
{
	size_t i;

	for (i = count / 2; i-- > 0;)
		sift_down(base, i, count, size, compare);
	for (i = count; i-- > 1;) {
		swap_bytes(base, (char *)base + i * size, size);
		sift_down(base, 0, i, size, compare);
	}
}
