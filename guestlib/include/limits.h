/*
 * Limits of the x86-64 integer types and of Linux.
 */
#ifndef GUESTLIB_LIMITS_H
#define GUESTLIB_LIMITS_H

#include <linux/limits.h>

#define CHAR_BIT 8
#define INT_MAX __INT_MAX__
#define INT_MIN (-INT_MAX - 1)
#define UINT_MAX (INT_MAX * 2U + 1)
#define LONG_MAX __LONG_MAX__
#define LONG_MIN (-LONG_MAX - 1)
#define ULONG_MAX (LONG_MAX * 2UL + 1)

#endif
