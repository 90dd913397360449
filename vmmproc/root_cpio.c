/*
 * The newc format of cpio (Linux: Documentation/driver-api/early-userspace/
 * buffer-format.rst): a header of 13 fields of 8 hexadecimal digits behind a
 * magic, the name with its NUL, the data; name and data padded to four.
 */
#include "root_internal.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define HEADER_BYTES 110
#define TRAILER "TRAILER!!!"
#define NAME_MAX_BYTES 4096 /* PATH_MAX, NUL included */

enum field {
	FIELD_INO,
	FIELD_MODE,
	FIELD_UID,
	FIELD_GID,
	FIELD_NLINK,
	FIELD_MTIME,
	FIELD_FILESIZE,
	FIELD_DEVMAJOR,
	FIELD_DEVMINOR,
	FIELD_RDEVMAJOR,
	FIELD_RDEVMINOR,
	FIELD_NAMESIZE,
	FIELD_CHECK,
};

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

static bool read_field(const char *header, enum field field, uint32_t *value)
{
	const char *digits = header + 6 + 8 * field;

	*value = 0;
	for (int i = 0; i < 8; i++) {
		int digit = hex_digit(digits[i]);

		if (digit < 0)
			return false;
		*value = *value << 4 | (uint32_t)digit;
	}
	return true;
}

/* Checks the member at *at and moves *at to the next; sets *last at the
 * trailer. NULL or a clause. */
static const char *check_member(const char *archive, uint64_t len_bytes,
				uint64_t *at, bool *last)
{
	const char *header = archive + *at;
	uint64_t left = len_bytes - *at;
	uint64_t data_at, end;
	uint32_t size = 0, name_size = 0, ignored;

	if (left < HEADER_BYTES)
		return "it ends without a trailer (truncated)";
	if (memcmp(header, "070701", 6) && memcmp(header, "070702", 6))
		return "a member without the magic 070701";
	for (int i = 0; i <= FIELD_CHECK; i++)
		if (!read_field(header, (enum field)i, &ignored))
			return "a header field that is no number";
	read_field(header, FIELD_FILESIZE, &size);
	read_field(header, FIELD_NAMESIZE, &name_size);
	if (name_size == 0 || name_size > NAME_MAX_BYTES)
		return "a name of impossible length";
	data_at = (HEADER_BYTES + (uint64_t)name_size + 3) & ~3ULL;
	end = data_at + size;
	if (HEADER_BYTES + (uint64_t)name_size > left || end > left)
		return "a member past the end (truncated)";
	if (header[HEADER_BYTES + name_size - 1])
		return "a name without an end";
	*last = !strcmp(header + HEADER_BYTES, TRAILER);
	end = (end + 3) & ~3ULL;
	*at += end < left ? end : left;
	return NULL;
}

const char *cpio_check(const void *archive, uint64_t len_bytes, uint64_t *at)
{
	const char *wrong = NULL;
	bool last = false;

	*at = 0;
	while (!wrong && !last)
		wrong = check_member(archive, len_bytes, at, &last);
	return wrong;
}
