/*
 * Character classes of ASCII.
 */
#ifndef GUESTLIB_CTYPE_H
#define GUESTLIB_CTYPE_H

/* Space, tab, newline, vertical tab, form feed, carriage return. */
static inline int isspace(int c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

/* '0'..'9'. */
static inline int isdigit(int c)
{
	return c >= '0' && c <= '9';
}

/* A letter of ASCII. */
static inline int isalpha(int c)
{
	return (c | 32) >= 'a' && (c | 32) <= 'z';
}

/* Anything that prints, the space included. */
static inline int isprint(int c)
{
	return c >= ' ' && c <= '~';
}

#endif
