/* The Internet checksum (RFC 1071) over pieces of any length. */
#ifndef LIB_CHECKSUM_H
#define LIB_CHECKSUM_H

#include "lib/types.h"

/* Zeroed at the start. */
struct checksum {
	u64 sum;
	bool odd; /* bytes so far */
};

/* Adds len bytes, which follow those added before. */
void checksum_add(struct checksum *c, const void *data, size_t len);
/* The checksum of all that was added, as it is stored in memory; 0 over data that
 * holds its own right checksum. */
u16 checksum_end(const struct checksum *c);

#endif
