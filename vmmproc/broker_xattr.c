/*
 * The broker's part in extended attributes. They are set and read by the name that
 * /proc has for the node's descriptor: there may be no more than O_PATH on it. The
 * attribute of owners is not among them (broker_owner.c).
 */
#include <errno.h>
#include <linux/limits.h>
#include <string.h>
#include <sys/xattr.h>

#include "broker_internal.h"

#define USER_PREFIX "user."

int64_t broker_xattr_get(const struct broker_node *node, const char *name, void *to,
			 size_t size)
{
	struct broker_path path = broker_path(node, "");
	ssize_t n = getxattr(path.text, name, to, size);

	return n < 0 ? -errno : n;
}

int broker_xattr_set(const struct broker_node *node, const char *name, const void *value,
		     size_t size, int flags)
{
	struct broker_path path = broker_path(node, "");

	return setxattr(path.text, name, value, size, flags) ? -errno : 0;
}

int broker_xattr_remove(const struct broker_node *node, const char *name)
{
	struct broker_path path = broker_path(node, "");

	return removexattr(path.text, name) ? -errno : 0;
}

int64_t broker_xattr_list(const struct broker_node *node, char *to, size_t size)
{
	static char names[XATTR_LIST_MAX];
	struct broker_path path = broker_path(node, "");
	ssize_t n = listxattr(path.text, names, sizeof(names));
	size_t used = 0;

	if (n < 0)
		return -errno;
	for (const char *name = names; name < names + n; name += strlen(name) + 1) {
		size_t len = strlen(name) + 1;

		if (strncmp(name, USER_PREFIX, strlen(USER_PREFIX)) != 0 ||
		    !strcmp(name, LODGER_BROKER_OWNER_XATTR))
			continue;
		if (len > size - used)
			return -E2BIG;
		memcpy(to + used, name, len);
		used += len;
	}
	return (int64_t)used;
}
