/* ramfs: the options of a mount, as tmpfs(5) has them. Pure parsing. */
#include "fs/ramfs_internal.h"
#include "lib/err.h"
#include "lib/string.h"
#include "mm/page.h"

struct option {
	const char *name, *value;
	size_t name_len, value_len;
};

/* Splits the next "name[=value]" off *text; false at the end. */
static bool option_next(const char **text, struct option *opt)
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

static bool option_is(const struct option *opt, const char *name)
{
	return strlen(name) == opt->name_len && memcmp(opt->name, name, opt->name_len) == 0;
}

/* Digits at the start of the value; *used tells how many. -EINVAL: none, or
 * too many for 64 bits. */
static int parse_number(const struct option *opt, u32 base, u64 *number, size_t *used)
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

static int parse_u32(const struct option *opt, u32 base, u32 max, u32 *number)
{
	u64 wide;
	size_t used;

	if (parse_number(opt, base, &wide, &used) || used != opt->value_len || wide > max)
		return -EINVAL;
	*number = (u32)wide;
	return 0;
}

/* A number with k, m, g or % (of RAM). */
static int parse_size(const struct option *opt, u64 *bytes)
{
	u64 unit = 1;
	size_t used;

	if (parse_number(opt, 10, bytes, &used))
		return -EINVAL;
	if (used == opt->value_len)
		return 0;
	if (used + 1 != opt->value_len)
		return -EINVAL;
	switch (opt->value[used] | 0x20) {
	case 'g':
		unit <<= 10;
		/* fall through */
	case 'm':
		unit <<= 10;
		/* fall through */
	case 'k':
		unit <<= 10;
		return __builtin_mul_overflow(*bytes, unit, bytes) ? -EINVAL : 0;
	case '%' | 0x20:
		if (*bytes > 100)
			return -EINVAL;
		*bytes = (page_total_count() << PAGE_SHIFT) / 100 * *bytes;
		return 0;
	default:
		return -EINVAL;
	}
}

static int option_apply(struct ramfs_options *to, const struct option *opt)
{
	if (option_is(opt, "size")) {
		int err = parse_size(opt, &to->bytes_max);

		if (!err)
			to->bytes_max = ALIGN_UP(to->bytes_max, PAGE_SIZE);
		return err;
	}
	if (option_is(opt, "mode"))
		return parse_u32(opt, 8, 07777, &to->mode);
	if (option_is(opt, "uid"))
		return parse_u32(opt, 10, UINT32_MAX, &to->uid);
	if (option_is(opt, "gid"))
		return parse_u32(opt, 10, UINT32_MAX, &to->gid);
	/* Limits and hints that have no counterpart here. */
	if (option_is(opt, "nr_inodes") || option_is(opt, "nr_blocks") ||
	    option_is(opt, "huge") || option_is(opt, "mpol"))
		return 0;
	return -EINVAL;
}

int ramfs_options_parse(struct ramfs_options *opt, const char *text)
{
	struct option one;

	while (option_next(&text, &one)) {
		if (option_apply(opt, &one))
			return -EINVAL;
	}
	return 0;
}
