/* ext2: access control lists between the form they have on a disk and that of
 * attributes. What they mean is fs/acl.c's. */
#include <linux/posix_acl.h>
#include <linux/posix_acl_xattr.h>

#include "fs/ext2.h"
#include "lib/err.h"
#include "lib/string.h"

static u32 entry_bytes(u32 tag)
{
	return tag == ACL_USER || tag == ACL_GROUP ? sizeof(struct ext2_acl_entry) :
						     EXT2_ACL_SHORT_ENTRY;
}

s64 ext2_acl_from_disk(const void *disk, u32 bytes, void *value, size_t size)
{
	const u8 *from = disk, *end = from + bytes;
	u8 *to = value;
	size_t used = sizeof(struct posix_acl_xattr_header);
	u32 version;

	if (bytes < sizeof(version))
		return -EIO;
	memcpy(&version, from, sizeof(version));
	if (version != EXT2_ACL_VERSION)
		return -EIO;
	version = POSIX_ACL_XATTR_VERSION;
	if (size && size < used)
		return -ERANGE;
	if (size)
		memcpy(to, &version, sizeof(version));
	for (from += sizeof(version); from < end;) {
		struct ext2_acl_entry e = { .id = (u32)ACL_UNDEFINED_ID };

		if (end - from < (s64)EXT2_ACL_SHORT_ENTRY)
			return -EIO;
		memcpy(&e, from, EXT2_ACL_SHORT_ENTRY);
		if (end - from < (s64)entry_bytes(e.tag))
			return -EIO;
		memcpy(&e, from, entry_bytes(e.tag));
		from += entry_bytes(e.tag);
		if (size && size < used + sizeof(e))
			return -ERANGE;
		if (size)
			memcpy(to + used, &e, sizeof(e));
		used += sizeof(e);
	}
	return (s64)used;
}

size_t ext2_acl_to_disk(const void *value, size_t size, void *disk)
{
	const u8 *from = value, *end = from + size;
	u8 *to = disk;
	u32 version = EXT2_ACL_VERSION;

	_Static_assert(sizeof(struct posix_acl_xattr_entry) == sizeof(struct ext2_acl_entry),
		       "the long form is the same");
	memcpy(to, &version, sizeof(version));
	to += sizeof(version);
	for (from += sizeof(version); from < end; from += sizeof(struct ext2_acl_entry)) {
		struct ext2_acl_entry e;

		memcpy(&e, from, sizeof(e));
		memcpy(to, &e, entry_bytes(e.tag));
		to += entry_bytes(e.tag);
	}
	return (size_t)(to - (u8 *)disk);
}
