/* ramfs: the options of a mount, as tmpfs(5) has them. Pure parsing. */
#include "fs/mount_options.h"
#include "fs/ramfs_internal.h"
#include "lib/err.h"
#include "mm/page.h"

/* A number with k, m, g or % (of RAM). */
static int parse_size(const struct mount_option *opt, u64 *bytes)
{
	u64 unit = 1;
	size_t used;

	if (mount_option_number(opt, 10, bytes, &used))
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

static int option_apply(struct ramfs_options *to, const struct mount_option *opt)
{
	if (mount_option_is(opt, "size")) {
		int err = parse_size(opt, &to->bytes_max);

		if (!err)
			to->bytes_max = ALIGN_UP(to->bytes_max, PAGE_SIZE);
		return err;
	}
	if (mount_option_is(opt, "mode"))
		return mount_option_u32(opt, 8, 07777, &to->mode);
	if (mount_option_is(opt, "uid"))
		return mount_option_u32(opt, 10, UINT32_MAX, &to->uid);
	if (mount_option_is(opt, "gid"))
		return mount_option_u32(opt, 10, UINT32_MAX, &to->gid);
	/* Limits and hints that have no counterpart here. */
	if (mount_option_is(opt, "nr_inodes") || mount_option_is(opt, "nr_blocks") ||
	    mount_option_is(opt, "huge") || mount_option_is(opt, "mpol"))
		return 0;
	return -EINVAL;
}

int ramfs_options_parse(struct ramfs_options *opt, const char *text)
{
	struct mount_option one;

	while (mount_option_next(&text, &one)) {
		if (option_apply(opt, &one))
			return -EINVAL;
	}
	return 0;
}
