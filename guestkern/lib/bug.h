/* The guest kernel's own mistakes. Never an answer to input. */
#ifndef LIB_BUG_H
#define LIB_BUG_H

#include "lib/types.h"

/* Ends the machine with one line (exit status 125); hosted: abort(). Provided
 * by hal/machine.c, hosted by the fake hal. Any context. */
void panic(const char *fmt, ...) __printf(1, 2) __noreturn;

#define BUG() panic("bug at %s:%d", __FILE__, __LINE__)
#define BUG_ON(cond)                                                  \
	do {                                                          \
		if (unlikely(cond))                                   \
			panic("bug at %s:%d: %s", __FILE__, __LINE__, #cond); \
	} while (0)

#endif
