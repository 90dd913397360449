// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * Address spaces (paper, section 3.3: switchguest). Not yet: one is all there is.
 */
#include <linux/errno.h>

#include "machine.h"

int space_install(void)
{
	return 0;
}

long space_switch(struct machine *m, unsigned long number)
{
	return -ENOENT;
}

long space_release(struct machine *m, unsigned long number)
{
	return -ENOENT;
}

long space_register(struct machine *m, unsigned long number)
{
	return -EINVAL;
}

void space_end(struct machine *m)
{
}
