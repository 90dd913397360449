/* Splitting of mount(2)'s data into options. */
#ifndef FS_MOUNT_OPTIONS_H
#define FS_MOUNT_OPTIONS_H

#include "lib/types.h"

/* One option; both point into the text, not terminated. */
struct mount_option {
	const char *name, *value;
	size_t name_len, value_len;
};

/* Splits the next "name[=value]" off *text; false at the end. */
bool mount_option_next(const char **text, struct mount_option *opt);
bool mount_option_is(const struct mount_option *opt, const char *name);
/* Digits at the start of the value; *used tells how many. -EINVAL: none, or
 * too many for 64 bits. */
int mount_option_number(const struct mount_option *opt, u32 base, u64 *number,
			size_t *used);
/* The whole value as a number up to max. 0 or -EINVAL. */
int mount_option_u32(const struct mount_option *opt, u32 base, u32 max, u32 *number);

#endif
