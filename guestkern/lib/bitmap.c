/* Searching bit arrays. Owns nothing. */
#include "lib/bitmap.h"

size_t bitmap_find_clear(const u64 *map, size_t nbits, size_t start)
{
	size_t bit = start;

	while (bit < nbits) {
		u64 clear = ~map[bit / 64] >> (bit % 64);

		if (clear) {
			bit += (size_t)__builtin_ctzll(clear);
			return MIN(bit, nbits);
		}
		bit = ALIGN_DOWN(bit, (size_t)64) + 64;
	}
	return nbits;
}
