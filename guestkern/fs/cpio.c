/*
 * The cpio format of root archives: "newc", magic 070701, and 070702 with
 * checksums (cpio(5)), one or several archives after each other.
 *
 * A file with several names has one number (ino, device) in all its entries;
 * usually only the last brings the data.
 */
#include <linux/fcntl.h>
#include <linux/stat.h>

#include "fs/namei.h"
#include "fs/unpack.h"
#include "fs/vfs_internal.h"
#include "lib/err.h"
#include "lib/string.h"
#include "mm/slab.h"

#define CPIO_HEADER_BYTES 110
#define CPIO_TRAILER "TRAILER!!!"
#define LINK_BUCKETS 64u

struct cpio_header {
	u32 ino, mode, uid, gid, nlink, mtime, size, dev_major, dev_minor,
		rdev_major, rdev_minor, name_size, check;
	bool summed; /* 070702: check is the sum of the data's bytes */
};

/* A file that had more than one name when it was packed. */
struct cpio_link {
	struct cpio_link *next;
	u32 ino, dev_major, dev_minor;
	struct path path;
};

struct cpio {
	struct unpack *u;
	struct cpio_header h;
	struct cpio_link *links[LINK_BUCKETS];
};

/* --- headers and names ------------------------------------------------------------------ */

static void stream_align(struct unpack *u)
{
	u->at = MIN(ALIGN_UP(u->at, (u64)4), u->end);
}

static bool parse_hex(const u8 *text, u32 *value)
{
	*value = 0;
	for (int i = 0; i < 8; i++) {
		u8 c = text[i], low = c | 0x20;

		if (c >= '0' && c <= '9')
			*value = *value << 4 | (u32)(c - '0');
		else if (low >= 'a' && low <= 'f')
			*value = *value << 4 | (u32)(low - 'a' + 10);
		else
			return false;
	}
	return true;
}

/* What the entry is, from the header's numbers. */
static void set_entry(struct cpio *c)
{
	const struct cpio_header *h = &c->h;

	c->u->e = (struct unpack_entry){
		.mode = h->mode,
		.uid = h->uid,
		.gid = h->gid,
		.size_bytes = h->size,
		.mtime = h->mtime,
		.rdev = ((u64)h->rdev_major << 8 & 0xfff00) | (h->rdev_minor & 0xff) |
			(u64)(h->rdev_minor & ~0xffu) << 12,
	};
}

static int read_header(struct cpio *c)
{
	struct cpio_header *h = &c->h;
	u32 *const field[] = { &h->ino, &h->mode, &h->uid, &h->gid, &h->nlink,
			       &h->mtime, &h->size, &h->dev_major, &h->dev_minor,
			       &h->rdev_major, &h->rdev_minor, &h->name_size, &h->check };
	unsigned long long at = c->u->at;
	u8 raw[CPIO_HEADER_BYTES];
	int err;

	err = unpack_take(c->u, raw, sizeof(raw));
	if (err)
		return err;
	if (memcmp(raw, "07070", 5) != 0 || (raw[5] != '1' && raw[5] != '2'))
		return unpack_fail(c->u, -EINVAL, "no cpio (newc) header at byte %llu", at);
	h->summed = raw[5] == '2';
	for (size_t i = 0; i < ARRAY_SIZE(field); i++) {
		if (!parse_hex(raw + 6 + 8 * i, field[i]))
			return unpack_fail(c->u, -EINVAL,
					   "header at byte %llu has a bad number", at);
	}
	if (h->name_size == 0 || h->name_size > PATH_MAX_)
		return unpack_fail(c->u, -EINVAL, "header at byte %llu has a name of %u bytes",
				   at, h->name_size);
	set_entry(c);
	return 0;
}

static int read_name(struct cpio *c)
{
	struct unpack *u = c->u;
	int err = unpack_take(u, u->name + 1, c->h.name_size);

	u->name[0] = '/';
	if (err)
		return err;
	if (u->name[c->h.name_size])
		return unpack_fail(u, -EINVAL, "name before byte %llu has no end",
				   (unsigned long long)u->at);
	stream_align(u);
	err = unpack_check_name(u);
	if (err)
		return err;
	if (c->h.size > u->end - u->at)
		return unpack_fail_name(u, -EINVAL, "is longer than the rest of the archive");
	return 0;
}

/* --- hard links ------------------------------------------------------------------------------ */

static struct cpio_link **link_bucket(struct cpio *c)
{
	const struct cpio_header *h = &c->h;

	return &c->links[(h->ino ^ h->dev_major * 31 ^ h->dev_minor) % LINK_BUCKETS];
}

static struct cpio_link *link_find(struct cpio *c)
{
	struct cpio_link *l;

	for (l = *link_bucket(c); l; l = l->next) {
		if (l->ino == c->h.ino && l->dev_major == c->h.dev_major &&
		    l->dev_minor == c->h.dev_minor)
			return l;
	}
	return NULL;
}

static int link_remember(struct cpio *c, const struct path *path)
{
	struct cpio_link *l = kzalloc(sizeof(*l)), **bucket = link_bucket(c);

	if (!l)
		return unpack_fail_fs(c->u, -ENOMEM);
	l->ino = c->h.ino;
	l->dev_major = c->h.dev_major;
	l->dev_minor = c->h.dev_minor;
	l->path = *path;
	path_get(path);
	l->next = *bucket;
	*bucket = l;
	return 0;
}

/* Numbers mean nothing beyond the end of one archive. */
static void links_forget(struct cpio *c)
{
	struct cpio_link *l;

	for (size_t i = 0; i < LINK_BUCKETS; i++) {
		while ((l = c->links[i])) {
			c->links[i] = l->next;
			path_put(&l->path);
			kfree(l);
		}
	}
}

/* --- entries --------------------------------------------------------------------------------- */

static int fill_file(struct cpio *c, const struct path *path)
{
	u32 sum;
	int err = unpack_fill(c->u, path, c->h.summed ? &sum : NULL);

	if (!err && c->h.summed && sum != c->h.check)
		err = unpack_fail_name(c->u, -EINVAL, "checksum mismatch");
	return err;
}

static int make_link(struct cpio *c, const struct cpio_link *first, struct path *path)
{
	int err = name_link(&first->path, AT_FDCWD, c->u->name);

	if (!err)
		err = path_walk(AT_FDCWD, c->u->name, WALK_NOFOLLOW, path);
	return err ? unpack_fail_fs(c->u, err) : 0;
}

static int make_file(struct cpio *c)
{
	struct cpio_link *first = c->h.nlink > 1 ? link_find(c) : NULL;
	struct path path;
	int err;

	if (first && !first->path.dentry->inode->nlink)
		first = NULL; /* a later entry took the name */
	err = first ? make_link(c, first, &path) : unpack_create(c->u, &path);
	if (err)
		return err;
	if (c->h.size)
		err = fill_file(c, &path);
	if (!err && !first && c->h.nlink > 1)
		err = link_remember(c, &path);
	if (!err)
		unpack_attributes(c->u, path.dentry->inode);
	path_put(&path);
	return err;
}

static int make_symlink(struct cpio *c)
{
	const u32 size = c->h.size;
	char *target;
	int err;

	if (size == 0 || size >= PATH_MAX_)
		return unpack_fail_name(c->u, -EINVAL,
					"symbolic link without a proper target");
	target = kmalloc(size + 1);
	if (!target)
		return unpack_fail_fs(c->u, -ENOMEM);
	err = unpack_take(c->u, target, size);
	target[size] = '\0';
	if (!err && strlen(target) != size)
		err = unpack_fail_name(c->u, -EINVAL, "symbolic link without a proper target");
	if (!err)
		err = unpack_symlink(c->u, target);
	kfree(target);
	return err;
}

static int make_entry(struct cpio *c)
{
	u64 next = ALIGN_UP(c->u->at + c->h.size, (u64)4);
	int err;

	err = unpack_make_way(c->u);
	if (err)
		return err;
	switch (c->h.mode & S_IFMT) {
	case S_IFREG:
		err = make_file(c);
		break;
	case S_IFLNK:
		err = make_symlink(c);
		break;
	case S_IFDIR:
		err = unpack_directory(c->u);
		break;
	case S_IFCHR:
	case S_IFBLK:
	case S_IFIFO:
	case S_IFSOCK:
		err = unpack_node(c->u);
		break;
	default:
		err = unpack_fail_name(c->u, -EINVAL, "of an unknown kind");
		break;
	}
	c->u->at = MIN(next, c->u->end);
	return err;
}

/* The entry at the stream; *ended: it was a trailer. */
static int read_entry(struct cpio *c, bool *ended)
{
	struct unpack *u = c->u;
	int err = read_header(c);

	if (!err)
		err = read_name(c);
	if (err)
		return err;
	*ended = strcmp(u->name + 1, CPIO_TRAILER) == 0;
	if (*ended) {
		links_forget(c);
		return unpack_skip_zeros(u);
	}
	if (!unpack_is_root(u))
		return make_entry(c);
	if (!S_ISDIR(c->h.mode))
		return unpack_fail(u, -EINVAL, "an entry has no name");
	err = unpack_attributes_by_name(u);
	unpack_skip(u, ALIGN_UP((u64)c->h.size, (u64)4));
	return err;
}

int cpio_unpack(struct unpack *u)
{
	struct cpio *c = kzalloc(sizeof(*c));
	bool ended = true;
	int err = 0;

	if (!c)
		return unpack_fail_fs(u, -ENOMEM);
	c->u = u;
	while (!err && u->at < u->end)
		err = read_entry(c, &ended);
	if (!err && !ended)
		err = unpack_fail(u, -EINVAL, "ends without a trailer, at byte %llu",
				  (unsigned long long)u->end);
	links_forget(c);
	kfree(c);
	return err;
}
