/* The text of mount(2)'s data, "name=value,…", as the pseudo file systems take it.
 * Pure parsing. */
#include "fs/mount_options.h"

#include "lib/err.h"
#include "lib/string.h"

bool mount_option_next(const char **text, struct mount_option *opt)
{
	const char *end, *equal;

	while (**text == ',')
		(*text)++;
	if (!**text)
		return false;
	end = strchr(*text, ',');
	if (!end)
		end = *text + strlen(*text);
	equal = memchr(*text, '=', (size_t)(end - *text));
	opt->name = *text;
	opt->name_len = (size_t)((equal ? equal : end) - *text);
	opt->value = equal ? equal + 1 : end;
	opt->value_len = (size_t)(end - opt->value);
	*text = end;
	return true;
}

bool mount_option_is(const struct mount_option *opt, const char *name)
{
	return strlen(name) == opt->name_len && memcmp(opt->name, name, opt->name_len) == 0;
}

int mount_option_number(const struct mount_option *opt, u32 base, u64 *number, size_t *used)
{
	size_t i;

	*number = 0;
	for (i = 0; i < opt->value_len; i++) {
		u32 digit = (u32)(u8)opt->value[i] - '0';

		if (digit >= base)
			break;
		if (__builtin_mul_overflow(*number, base, number) ||
		    __builtin_add_overflow(*number, digit, number))
			return -EINVAL;
	}
	*used = i;
	return i ? 0 : -EINVAL;
}

int mount_option_u32(const struct mount_option *opt, u32 base, u32 max, u32 *number)
{
	u64 wide;
	size_t used;

	if (mount_option_number(opt, base, &wide, &used) || used != opt->value_len || wide > max)
		return -EINVAL;
	*number = (u32)wide;
	return 0;
}
