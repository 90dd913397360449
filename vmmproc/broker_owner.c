/*
 * The sidecar of owners: the host's files belong to the user who started the machine,
 * have no set-ID bits and are no devices; what the guest wants them to be beyond that
 * is in an extended attribute of the file (abi/broker.h), moves, is linked and copied
 * with it, and is there in the next machine. Symbolic links, FIFOs and sockets can have
 * none.
 *
 * The attribute is believed only as far as it can do no harm here: it changes what the
 * guest is told, never what the broker opens.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

#include "broker_internal.h"

#define TEXT_MAX 96
#define PERMISSIONS 07777u
#define HOST_BITS 01777u /* no set-ID bits on the host */
#define SET_ID_BITS 06000u

static const struct kind {
	const char *name;
	uint32_t type;
	bool numbers; /* "-MAJOR-MINOR" follows */
} kinds[] = {
	{ "file", S_IFREG, false }, { "dir", S_IFDIR, false },	 { "pipe", S_IFIFO, false },
	{ "socket", S_IFSOCK, false }, { "char", S_IFCHR, true }, { "block", S_IFBLK, true },
};
#define KINDS (sizeof(kinds) / sizeof(kinds[0]))

/* --- the text ---------------------------------------------------------------------- */

/* A number at *text, which moves behind it. */
static bool take_number(const char **text, unsigned base, uint32_t *value)
{
	uint64_t v = 0;
	const char *p = *text;

	for (; *p >= '0' && *p < (char)('0' + base) && v <= UINT32_MAX; p++)
		v = v * base + (uint64_t)(*p - '0');
	if (p == *text || v > UINT32_MAX)
		return false;
	*text = p;
	*value = (uint32_t)v;
	return true;
}

static bool take_char(const char **text, char c)
{
	if (**text != c)
		return false;
	++*text;
	return true;
}

/* ":TYPE" or nothing. */
static bool take_kind(const char *text, struct broker_owner *owner)
{
	uint32_t major, minor;

	if (!*text)
		return true;
	if (!take_char(&text, ':'))
		return false;
	for (size_t i = 0; i < KINDS; i++) {
		size_t len = strlen(kinds[i].name);

		if (strncmp(text, kinds[i].name, len) != 0)
			continue;
		text += len;
		owner->mode |= kinds[i].type;
		if (!kinds[i].numbers)
			return !*text;
		if (!take_char(&text, '-') || !take_number(&text, 10, &major) ||
		    !take_char(&text, '-') || !take_number(&text, 10, &minor))
			return false;
		owner->rdev = makedev(major & 0xfff, minor & 0xfffff);
		return !*text;
	}
	return true; /* of a kind that is not shown: owner and mode still hold */
}

static bool parse(const char *text, struct broker_owner *owner)
{
	*owner = (struct broker_owner){ 0 };
	if (!take_number(&text, 10, &owner->uid) || !take_char(&text, ':') ||
	    !take_number(&text, 10, &owner->gid) || !take_char(&text, ':') ||
	    !take_number(&text, 8, &owner->mode))
		return false;
	owner->mode &= PERMISSIONS; /* some write the type, too */
	return take_kind(text, owner);
}

static int print(char text[TEXT_MAX], const struct broker_owner *owner, bool stands_for)
{
	int len = snprintf(text, TEXT_MAX, "%u:%u:0%o", owner->uid, owner->gid,
			   owner->mode & PERMISSIONS);

	for (size_t i = 0; stands_for && i < KINDS; i++) {
		if (kinds[i].type != (owner->mode & S_IFMT))
			continue;
		len += snprintf(text + len, (size_t)(TEXT_MAX - len), ":%s", kinds[i].name);
		if (kinds[i].numbers)
			len += snprintf(text + len, (size_t)(TEXT_MAX - len), "-%u-%u",
					major(owner->rdev), minor(owner->rdev));
	}
	return len;
}

/* --- files ------------------------------------------------------------------------- */

static bool can_have(uint32_t mode)
{
	return S_ISREG(mode) || S_ISDIR(mode);
}

/* Of name in dir, or of dir, which has a descriptor for that if it is open for more than
 * its path. As llistxattr and lgetxattr, but for errno. */
static ssize_t list_attributes(const struct broker_node *dir, const struct broker_path *path,
			       bool named)
{
	if (!named && dir->access >= BROKER_READ)
		return flistxattr(dir->fd, NULL, 0);
	return (named ? llistxattr : listxattr)(path->text, NULL, 0);
}

static ssize_t read_attribute(const struct broker_node *dir, const struct broker_path *path,
			      bool named, char text[TEXT_MAX])
{
	const char *attribute = LODGER_BROKER_OWNER_XATTR;

	if (!named && dir->access >= BROKER_READ)
		return fgetxattr(dir->fd, attribute, text, TEXT_MAX - 1);
	return (named ? lgetxattr : getxattr)(path->text, attribute, text, TEXT_MAX - 1);
}

void broker_owner_apply(const struct broker_node *dir, const char *name,
			struct lodger_broker_attr *attr)
{
	struct broker_path path = broker_path(dir, name);
	struct broker_owner owner;
	char text[TEXT_MAX];
	ssize_t n;

	if (!can_have(attr->mode) || list_attributes(dir, &path, *name) <= 0)
		return;
	attr->flags |= LODGER_BROKER_XATTRS;
	n = read_attribute(dir, &path, *name, text);
	if (n <= 0)
		return;
	text[n] = '\0';
	if (!parse(text, &owner))
		return;
	attr->uid = owner.uid;
	attr->gid = owner.gid;
	if (S_ISREG(attr->mode) && owner.mode & S_IFMT && !S_ISDIR(owner.mode) &&
	    !S_ISREG(owner.mode)) {
		attr->mode = owner.mode;
		attr->rdev = owner.rdev;
		attr->size = attr->blocks = 0;
	} else {
		attr->mode = (attr->mode & S_IFMT) | (owner.mode & PERMISSIONS);
	}
}

/* Is the host's file all by itself what it is to be, but for the mode? */
static bool is_plain(const struct lodger_broker_attr *host, const struct broker_owner *owner)
{
	return host->uid == owner->uid && host->gid == owner->gid &&
	       !((host->mode ^ owner->mode) & S_IFMT) && !(owner->mode & SET_ID_BITS);
}

static int set_mode(const struct broker *b, const struct broker_node *node,
		    const struct lodger_broker_attr *host, uint32_t mode)
{
	if ((host->mode & PERMISSIONS) == mode)
		return 0;
	return fchmodat(b->proc_fd, broker_fd_name(node).text, mode, 0) ? -errno : 0;
}

/* There is none any more. Before the mode is set, for that may forbid it. */
static void forget(const struct broker_path *path)
{
	removexattr(path->text, LODGER_BROKER_OWNER_XATTR); /* often there is none */
}

static bool is_unsupported(int err)
{
	return err == EOPNOTSUPP || err == EPERM || err == EACCES;
}

/* What the attribute stands in front of stays accessible to its host's owner, who could
 * not read the attribute otherwise. */
static uint32_t open_bits(const struct lodger_broker_attr *host)
{
	return S_ISDIR(host->mode) ? 0700 : 0600;
}

static int write_attribute(const struct broker *b, const struct broker_node *node,
			   const struct lodger_broker_attr *host,
			   const struct broker_owner *owner)
{
	struct broker_path path = broker_path(node, "");
	char text[TEXT_MAX];
	int len = print(text, owner, (host->mode ^ owner->mode) & S_IFMT);
	int err = set_mode(b, node, host, (owner->mode & HOST_BITS) | open_bits(host));

	if (!err && setxattr(path.text, LODGER_BROKER_OWNER_XATTR, text, (size_t)len, 0))
		err = -errno;
	return err;
}

/* The same as far as the file system can. */
static int set_attribute(const struct broker *b, const struct broker_node *node,
			 const struct lodger_broker_attr *host,
			 const struct broker_owner *owner)
{
	int err = write_attribute(b, node, host, owner);

	if (!err || !is_unsupported(-err))
		return err;
	return fchmodat(b->proc_fd, broker_fd_name(node).text, owner->mode & HOST_BITS, 0) ?
		       -errno : 0;
}

int broker_owner_keep(const struct broker *b, const struct broker_node *node,
		      const struct broker_owner *owner)
{
	struct lodger_broker_attr host;
	int err = broker_attr_host(b, node, "", &host);

	if (err)
		return err;
	if (is_plain(&host, owner) && (owner->mode & open_bits(&host)) == open_bits(&host))
		return set_mode(b, node, &host, owner->mode & HOST_BITS);
	return write_attribute(b, node, &host, owner);
}

int broker_owner_set(const struct broker *b, const struct broker_node *node,
		     const struct broker_owner *owner)
{
	struct broker_path path = broker_path(node, "");
	struct lodger_broker_attr host;
	int err = broker_attr_host(b, node, "", &host);

	if (err)
		return err;
	if (can_have(host.mode) && !is_plain(&host, owner))
		return set_attribute(b, node, &host, owner);
	if (can_have(host.mode))
		forget(&path);
	return set_mode(b, node, &host, owner->mode & HOST_BITS);
}

int broker_owner_make(const struct broker *b, const struct broker_node *node,
		      const struct broker_owner *owner, struct lodger_broker_attr *attr)
{
	int err = broker_attr_host(b, node, "", attr);

	if (!err && attr->flags & LODGER_BROKER_COVERED)
		err = -EXDEV;
	if (err || (is_plain(attr, owner) && attr->mode == owner->mode))
		return err;
	err = is_plain(attr, owner) ? set_mode(b, node, attr, owner->mode & HOST_BITS) :
				      set_attribute(b, node, attr, owner);
	return err ? err : broker_attr(b, node, "", attr);
}
