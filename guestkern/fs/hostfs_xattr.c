/*
 * hostfs: extended attributes. Those of the user are the host file's own. The others,
 * which a host keeps for its own privileged, are user attributes there with a prefix
 * (hidden_name), so that a file keeps its capabilities. Names with that prefix, and the
 * attribute of owners (abi/broker.h), are not to be seen or set by programs.
 *
 * Where changes stay in memory, a file's attributes are copied there before the first
 * one.
 */
#include <linux/stat.h>
#include <linux/xattr.h>

#include "fs/hostfs.h"
#include "fs/xattr.h"
#include "lib/err.h"
#include "lib/printf.h"
#include "lib/string.h"
#include "mm/slab.h"

#define HIDDEN_PREFIX LODGER_BROKER_HIDDEN_XATTR

struct host_name {
	char text[LODGER_BROKER_NAME_MAX + 1];
};

static bool has_prefix(const char *name, const char *prefix)
{
	return strncmp(name, prefix, strlen(prefix)) == 0;
}

static bool is_reserved(const char *name)
{
	return has_prefix(name, HIDDEN_PREFIX) || !strcmp(name, LODGER_BROKER_OWNER_XATTR);
}

/* What the attribute is called on the host. 0, -EPERM, -ERANGE. */
static int to_host(const char *name, struct host_name *host)
{
	bool hidden = !has_prefix(name, XATTR_USER_PREFIX);
	size_t len = strlen(name) + (hidden ? strlen(HIDDEN_PREFIX) : 0);

	if (is_reserved(name))
		return -EPERM;
	if (len > LODGER_BROKER_NAME_MAX)
		return -ERANGE;
	ksnprintf(host->text, sizeof(host->text), "%s%s", hidden ? HIDDEN_PREFIX : "", name);
	return 0;
}

static struct inode *writable(const struct inode *inode)
{
	return (struct inode *)(u64)inode;
}

/* Asks the host about an attribute (name NULL: about all). */
static int ask(const struct inode *inode, struct hostfs_call *call, const char *name)
{
	int err = hostfs_hold(writable(inode), HOSTFS_PATH);

	if (err)
		return err;
	call->rq.handle = hostfs_info_of(inode)->handle;
	call->name = name;
	return hostfs_call(call);
}

/* Is there anything to ask for? */
static bool has_any(const struct inode *inode)
{
	const struct hostfs_info *info = hostfs_info_of(inode);

	return (S_ISREG(inode->mode) || S_ISDIR(inode->mode)) && info->has_xattrs &&
	       !info->fresh && !info->covered;
}

/* The value into text, LODGER_BROKER_TEXT_MAX bytes; its length. */
static s64 fetch(const struct inode *inode, const char *name, char *text)
{
	struct hostfs_call call = { .rq = { .op = LODGER_BROKER_GETXATTR }, .text_to = text };
	struct host_name host;
	int err = to_host(name, &host);

	if (err)
		return err == -EPERM ? -ENODATA : err;
	err = ask(inode, &call, host.text);
	return err ? err : (s64)call.reply.text_bytes;
}

static s64 get(const struct inode *inode, const char *name, void *value, size_t size)
{
	struct hostfs_info *info = hostfs_info_of(inode);
	bool is_caps = !strcmp(name, XATTR_NAME_CAPS);
	char *text;
	s64 n;

	if (info->xattrs_ours)
		return xattr_memory_ops.get(inode, name, value, size);
	if (!has_any(inode) || (is_caps && info->no_caps))
		return -ENODATA;
	text = kmalloc(LODGER_BROKER_TEXT_MAX);
	if (!text)
		return -ENOMEM;
	n = fetch(inode, name, text);
	if (n == -ENODATA && is_caps)
		info->no_caps = true;
	if (n > (s64)size && size)
		n = -ERANGE;
	if (n > 0 && size)
		memcpy(value, text, (size_t)n);
	kfree(text);
	return n;
}

/* Each name of the host's file, as it is called here. 0, what each said, or -errno. */
static int each_name(const struct inode *inode,
		     int (*each)(void *context, const char *name), void *context)
{
	struct hostfs_call call = { .rq = { .op = LODGER_BROKER_LISTXATTR } };
	char *text;
	int err;

	if (!has_any(inode))
		return 0;
	text = kmalloc(LODGER_BROKER_TEXT_MAX + 1);
	if (!text)
		return -ENOMEM;
	call.text_to = text;
	err = ask(inode, &call, NULL);
	text[err ? 0 : call.reply.text_bytes] = '\0';
	for (char *name = text; *name && !err; name += strlen(name) + 1) {
		if (has_prefix(name, HIDDEN_PREFIX))
			err = each(context, name + strlen(HIDDEN_PREFIX));
		else
			err = each(context, name);
	}
	kfree(text);
	return err;
}

static int add_name(void *context, const char *name)
{
	return xattr_list_add(context, "", name, strlen(name));
}

static int list(const struct inode *inode, struct xattr_list *to)
{
	if (hostfs_info_of(inode)->xattrs_ours)
		return xattr_memory_ops.list(inode, to);
	return each_name(inode, add_name, to);
}

/* --- changes -------------------------------------------------------------------------- */

static int copy_one(void *context, const char *name)
{
	struct inode *inode = context;
	char *text = kmalloc(LODGER_BROKER_TEXT_MAX);
	s64 n = text ? fetch(inode, name, text) : -ENOMEM;

	if (n >= 0)
		n = xattr_memory_ops.set(inode, name, text, (size_t)n, 0);
	kfree(text);
	return (int)n;
}

static int set_private(struct inode *inode, const char *name, const void *value, size_t size,
		       u32 flags)
{
	struct hostfs_info *info = hostfs_info_of(inode);
	int err = info->xattrs_ours ? 0 : each_name(inode, copy_one, inode);

	if (err) {
		xattr_free(inode);
		return err;
	}
	info->xattrs_ours = true;
	hostfs_modify(inode);
	return xattr_memory_ops.set(inode, name, value, size, flags);
}

static int set(struct inode *inode, const char *name, const void *value, size_t size,
	       u32 flags)
{
	struct hostfs_call call = { .rq = { .op = value ? LODGER_BROKER_SETXATTR :
							  LODGER_BROKER_DELXATTR,
					    .flags = value ? flags : 0 } };
	struct host_name host;
	int err = to_host(name, &host);

	if (err)
		return err == -ERANGE ? -EOPNOTSUPP : err;
	if (hostfs_of(inode)->private)
		return set_private(inode, name, value, size, flags);
	if (!S_ISREG(inode->mode) && !S_ISDIR(inode->mode))
		return -EOPNOTSUPP;
	if (!value && !has_any(inode))
		return -ENODATA;
	if (size > LODGER_BROKER_TEXT_MAX)
		return -ENOSPC;
	call.value = value;
	call.value_bytes = size;
	err = ask(inode, &call, host.text);
	if (err)
		return err;
	hostfs_info_of(inode)->has_xattrs = true;
	hostfs_info_of(inode)->no_caps = false;
	return 0;
}

const struct xattr_ops hostfs_xattr_ops = {
	.get = get,
	.set = set,
	.list = list,
};
