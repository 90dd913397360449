/* The Internet checksum: the sum of 16-bit words in ones' complement. Words are added
 * as they lie in memory, which gives the sum as it lies in memory. */
#include "lib/checksum.h"

void checksum_add(struct checksum *c, const void *data, size_t len)
{
	const u8 *b = data;

	for (size_t i = 0; i < len; i++) {
		c->sum += c->odd ? (u32)b[i] << 8 : b[i];
		c->odd = !c->odd;
	}
}

u16 checksum_end(const struct checksum *c)
{
	u64 sum = c->sum;

	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (u16)~sum;
}
