/* The one way to say a sentence to the user. */
#include "machine.h"

#include <stdarg.h>

void machine_complain(const char *fmt, ...)
{
	va_list ap;

	fflush(stdout);
	fputs("lodger: ", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
}
