/* The list of interception mechanisms. */
#include "icept.h"

const struct icept_ops *const icept_all[] = {
	&icept_ptrace,
	NULL,
};
