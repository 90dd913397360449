#include "complain.h"

#include <stdarg.h>
#include <stdio.h>

#include "machine.h"

static char last[1024];

void machine_complain(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(last, sizeof(last), fmt, args);
	va_end(args);
}

const char *complain_last(void)
{
	return last;
}

void complain_clear(void)
{
	last[0] = '\0';
}
