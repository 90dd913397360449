/*
 * The tar format of root archives: POSIX ustar and pax (pax(1), "ustar
 * Interchange Format" and "pax Header Block") and GNU tar's long names and
 * numbers (tar(5)). Blocks of 512 bytes; a header, then the data, filled up.
 *
 * An extended header (pax x and g, GNU L and K) changes the entry that follows
 * it; what it says waits in struct tar. Sparse files are refused. A hard link
 * names an earlier entry of the archive.
 */
#include <linux/fcntl.h>
#include <linux/stat.h>

#include "abi/tar.h"
#include "fs/namei.h"
#include "fs/unpack.h"
#include "fs/vfs_internal.h"
#include "fs/xattr.h"
#include "lib/err.h"
#include "lib/string.h"
#include "mm/slab.h"

#define TAR_BLOCK LODGER_TAR_BLOCK
#define EXTENDED_MAX LODGER_TAR_RECORDS_MAX
#define XATTRS_MAX 16u		 /* of one entry; more are left out */
#define XATTR_KEY LODGER_TAR_XATTR_KEY

/* What an extended header can say, each valid where has is. */
struct tar_extension {
	char path[PATH_MAX_ + 1], target[PATH_MAX_ + 1];
	u64 size;
	s64 mtime;
	u32 uid, gid;
	bool has_path, has_target, has_size, has_mtime, has_uid, has_gid;
	struct tar_xattr {
		const char *name, *value; /* in struct tar's extended */
		size_t len;
	} xattr[XATTRS_MAX];
	u32 xattr_count;
};

struct tar {
	struct unpack *u;
	struct lodger_tar_header h;
	struct tar_extension x; /* for the next entry */
	char target[PATH_MAX_ + 2]; /* of a link, complete; begins with "/" */
	char *extended;		/* EXTENDED_MAX + 1 bytes */
};

static int fail_number(struct tar *t)
{
	return unpack_fail(t->u, -EINVAL, "header before byte %llu has a bad number",
			   (unsigned long long)t->u->at);
}

/* --- numbers ------------------------------------------------------------------------------ */

/* Base 256, for what octal has no room for: big endian, the top bit set. */
static bool parse_binary(const u8 *field, size_t len, s64 *value)
{
	u64 v = field[0] & 0x40 ? ~0ull : 0; /* the sign */

	for (size_t i = 0; i < len; i++) {
		u8 byte = i ? field[i] : (field[i] & 0x7f) | (field[i] & 0x40) << 1;

		/* what is shifted out must be sign, and only sign */
		if (v >> 55 != 0 && v >> 55 != 0x1ff)
			return false;
		v = v << 8 | byte;
	}
	*value = (s64)v;
	return true;
}

static bool parse_number(const char *text, size_t len, s64 *value)
{
	size_t i = 0;

	if (text[0] & 0x80)
		return parse_binary((const u8 *)text, len, value);
	*value = 0;
	while (i < len && text[i] == ' ')
		i++;
	for (; i < len && text[i] >= '0' && text[i] <= '7'; i++)
		*value = *value << 3 | (text[i] - '0'); /* 12 digits at most */
	return i == len || text[i] == ' ' || text[i] == '\0';
}

/* Decimal of a pax record, a fraction cut off towards the past. */
static bool parse_decimal(const char *text, s64 *value)
{
	bool minus = *text == '-', fraction = false;
	u64 v = 0;

	text += minus;
	if (*text < '0' || *text > '9')
		return false;
	for (; *text >= '0' && *text <= '9'; text++) {
		if (v > (u64)INT64_MAX / 10 - 1)
			return false;
		v = v * 10 + (u64)(*text - '0');
	}
	if (*text == '.')
		for (text++; *text >= '0' && *text <= '9'; text++)
			fraction |= *text != '0';
	*value = minus ? -(s64)v - fraction : (s64)v;
	return !*text;
}

static bool parse_id(s64 value, u32 *id)
{
	*id = (u32)value;
	return value >= 0 && value < UINT32_MAX;
}

/* --- headers --------------------------------------------------------------------------------- */

static bool sum_is_right(const struct lodger_tar_header *h)
{
	s64 want;

	return parse_number(h->check, sizeof(h->check), &want) &&
	       (want == lodger_tar_sum(h, false) || want == lodger_tar_sum(h, true));
}

static bool is_zero_block(const struct lodger_tar_header *h)
{
	const u8 *raw = (const u8 *)h;

	for (size_t i = 0; i < TAR_BLOCK; i++)
		if (raw[i])
			return false;
	return true;
}

/* The next header; *ended: it is the archive's end. */
static int read_header(struct tar *t, bool *ended)
{
	unsigned long long at = t->u->at;
	int err = unpack_take(t->u, &t->h, TAR_BLOCK);

	*ended = !err && is_zero_block(&t->h);
	if (err || *ended)
		return err;
	if (!sum_is_right(&t->h))
		return unpack_fail(t->u, -EINVAL, "no tar header at byte %llu", at);
	return 0;
}

static void copy_field(char *to, const char *field, size_t len)
{
	size_t n = 0;

	while (n < len && field[n])
		n++;
	memcpy(to, field, n);
	to[n] = '\0';
}

/* The entry's name: of an extended header, or of the header's two fields. */
static int set_name(struct tar *t)
{
	const struct lodger_tar_header *h = &t->h;
	char *name = t->u->name, *to = name + 1;
	size_t len;

	name[0] = '/';
	if (t->x.has_path) {
		str_copy(to, t->x.path, PATH_MAX_ + 1);
	} else {
		/* GNU's magic ends in a space, and it has no prefix */
		if (h->prefix[0] && h->magic[5] == '\0') {
			copy_field(to, h->prefix, sizeof(h->prefix));
			to += strlen(to);
			*to++ = '/';
		}
		copy_field(to, h->name, sizeof(h->name));
	}
	len = strlen(name);
	while (len > 1 && name[len - 1] == '/')
		name[--len] = '\0';
	if (len > PATH_MAX_ - 1)
		return unpack_fail_name(t->u, -EINVAL, "name too long");
	return unpack_check_name(t->u);
}

static void set_target(struct tar *t)
{
	t->target[0] = '/';
	if (t->x.has_target)
		str_copy(t->target + 1, t->x.target, PATH_MAX_ + 1);
	else
		copy_field(t->target + 1, t->h.target, sizeof(t->h.target));
}

/* The entry's numbers. Only files have contents. */
static int set_numbers(struct tar *t)
{
	const struct lodger_tar_header *h = &t->h;
	const struct tar_extension *x = &t->x;
	struct unpack_entry *e = &t->u->e;
	s64 mode, uid, gid, size, mtime;

	if (!parse_number(h->mode, sizeof(h->mode), &mode) ||
	    !parse_number(h->uid, sizeof(h->uid), &uid) ||
	    !parse_number(h->gid, sizeof(h->gid), &gid) ||
	    !parse_number(h->size, sizeof(h->size), &size) ||
	    !parse_number(h->mtime, sizeof(h->mtime), &mtime))
		return fail_number(t);
	*e = (struct unpack_entry){ .mode = (u32)mode & 07777 };
	e->mtime = x->has_mtime ? x->mtime : mtime;
	e->size_bytes = x->has_size ? x->size : (u64)size;
	if (!parse_id(uid, &e->uid) || !parse_id(gid, &e->gid))
		return fail_number(t);
	if (x->has_uid)
		e->uid = x->uid;
	if (x->has_gid)
		e->gid = x->gid;
	return 0;
}

static int set_device(struct tar *t)
{
	s64 major, minor;

	if (!parse_number(t->h.major, sizeof(t->h.major), &major) ||
	    !parse_number(t->h.minor, sizeof(t->h.minor), &minor) || major < 0 ||
	    major > 0xfff || minor < 0 || minor > 0xfffff)
		return fail_number(t);
	t->u->e.rdev = (u64)major << 8 | ((u64)minor & 0xff) | ((u64)minor & ~0xffull) << 12;
	return 0;
}

/* --- extended headers ------------------------------------------------------------------------ */

static int set_text(struct tar *t, const char *value, char to[PATH_MAX_ + 1], bool *has)
{
	if (strlen(value) > PATH_MAX_ - 1)
		return unpack_fail(t->u, -EINVAL, "a name before byte %llu is too long",
				   (unsigned long long)t->u->at);
	str_copy(to, value, PATH_MAX_ + 1);
	*has = true;
	return 0;
}

/* One record of a pax header. Keys that say nothing here are passed over. */
static int set_record(struct tar *t, const char *key, const char *value, size_t len)
{
	struct tar_extension *x = &t->x;
	s64 v = 0;
	bool number = !strcmp(key, "size") || !strcmp(key, "mtime") ||
		      !strcmp(key, "uid") || !strcmp(key, "gid");

	if (strncmp(key, XATTR_KEY, sizeof(XATTR_KEY) - 1) == 0) {
		if (x->xattr_count < XATTRS_MAX)
			x->xattr[x->xattr_count++] = (struct tar_xattr){
				key + sizeof(XATTR_KEY) - 1, value, len };
		return 0;
	}
	if (number && !parse_decimal(value, &v))
		return fail_number(t);
	if (!strcmp(key, "path"))
		return set_text(t, value, x->path, &x->has_path);
	if (!strcmp(key, "linkpath"))
		return set_text(t, value, x->target, &x->has_target);
	if (!strncmp(key, "GNU.sparse.", 11))
		return unpack_fail(t->u, -EINVAL, "has a sparse file: pack without --sparse");
	if (!strcmp(key, "size")) {
		x->has_size = true;
		x->size = (u64)v;
	} else if (!strcmp(key, "mtime")) {
		x->has_mtime = true;
		x->mtime = v;
	} else if (!strcmp(key, "uid")) {
		x->has_uid = true;
		return parse_id(v, &x->uid) ? 0 : fail_number(t);
	} else if (!strcmp(key, "gid")) {
		x->has_gid = true;
		return parse_id(v, &x->gid) ? 0 : fail_number(t);
	}
	return 0;
}

/* Records "LENGTH KEY=VALUE\n", the length that of all of it. */
static int read_records(struct tar *t, char *text, size_t len)
{
	size_t at = 0, digits, record;
	char *key, *value;
	int err = 0;

	while (at < len && !err) {
		record = 0;
		for (digits = 0; digits < 5 && text[at + digits] >= '0' &&
		     text[at + digits] <= '9'; digits++)
			record = record * 10 + (size_t)(text[at + digits] - '0');
		if (!digits || text[at + digits] != ' ' || record > len - at ||
		    record < digits + 3 || text[at + record - 1] != '\n')
			return fail_number(t);
		text[at + record - 1] = '\0';
		key = text + at + digits + 1;
		value = strchr(key, '=');
		if (!value)
			return fail_number(t);
		*value++ = '\0';
		err = set_record(t, key, value, (size_t)(text + at + record - 1 - value));
		at += record;
	}
	return err;
}

/* An extended header's data into t->extended, with a NUL behind. */
static int read_extended(struct tar *t, size_t *len)
{
	u64 size = t->u->e.size_bytes;
	int err;

	*len = size;
	if (size > EXTENDED_MAX)
		return unpack_fail(t->u, -EINVAL,
				   "extended header before byte %llu is too long",
				   (unsigned long long)t->u->at);
	err = unpack_take(t->u, t->extended, size);
	t->extended[size] = '\0';
	return err;
}

static bool is_extended(char kind)
{
	return kind == 'x' || kind == 'g' || kind == 'L' || kind == 'K';
}

/* A global header ('g') stands for all that follows; archives have it for
 * comments. What would change entries in it is not kept. */
static int extend(struct tar *t)
{
	char kind = t->h.kind;
	size_t len;
	int err;

	t->x.xattr_count = 0; /* they are in what is read over now */
	err = read_extended(t, &len);
	if (err || kind == 'g')
		return err;
	if (kind == 'L')
		return set_text(t, t->extended, t->x.path, &t->x.has_path);
	if (kind == 'K')
		return set_text(t, t->extended, t->x.target, &t->x.has_target);
	return read_records(t, t->extended, len);
}

/* --- entries ----------------------------------------------------------------------------------- */

static int make_file(struct tar *t)
{
	struct path path;
	int err = unpack_create(t->u, &path);

	if (err)
		return err;
	if (t->u->e.size_bytes)
		err = unpack_fill(t->u, &path, NULL);
	if (!err)
		err = unpack_attributes(t->u, path.dentry->inode);
	path_put(&path);
	return err;
}

static int make_symlink(struct tar *t)
{
	if (!t->target[1] || strlen(t->target + 1) >= PATH_MAX_)
		return unpack_fail_name(t->u, -EINVAL,
					"symbolic link without a proper target");
	return unpack_symlink(t->u, t->target + 1);
}

static int make_link(struct tar *t)
{
	struct path first;
	int err = path_walk(AT_FDCWD, t->target, WALK_NOFOLLOW, &first);

	if (err || S_ISDIR(first.dentry->inode->mode)) {
		if (!err)
			path_put(&first);
		return unpack_fail_name(t->u, -EINVAL, "hard link to no earlier file");
	}
	err = unpack_make_way(t->u);
	if (!err) {
		err = name_link(&first, AT_FDCWD, t->u->name);
		err = err ? unpack_fail_fs(t->u, err) : 0;
	}
	path_put(&first);
	return err;
}

/* The bits of S_IFMT for a header's kind; 0 for none that is known. */
static u32 kind_mode(const struct lodger_tar_header *h)
{
	size_t len = strnlen(h->name, sizeof(h->name));

	switch (h->kind) {
	case '\0': /* before POSIX, a directory had a slash at its end */
		return len && h->name[len - 1] == '/' ? S_IFDIR : S_IFREG;
	case '0':
	case '7':
		return S_IFREG;
	case '2':
		return S_IFLNK;
	case '3':
		return S_IFCHR;
	case '4':
		return S_IFBLK;
	case '5':
		return S_IFDIR;
	case '6':
		return S_IFIFO;
	default:
		return 0;
	}
}

static int make_kind(struct tar *t)
{
	u32 mode = kind_mode(&t->h);
	int err = unpack_make_way(t->u);

	t->u->e.mode |= mode;
	if (!err)
		err = set_device(t);
	if (err)
		return err;
	if (mode == S_IFREG)
		return make_file(t);
	return mode == S_IFLNK ? make_symlink(t) : unpack_node(t->u);
}

/* The entry that t->h describes; its data, if any, is next in the stream. */
static int make_entry(struct tar *t)
{
	struct unpack *u = t->u;
	u32 mode = kind_mode(&t->h);
	int err;

	err = set_name(t);
	if (err)
		return err;
	if (u->layer && unpack_is_whiteout(u))
		return unpack_whiteout(u);
	set_target(t);
	if (t->h.kind == 'S')
		return unpack_fail_name(u, -EINVAL, "a sparse file: pack without --sparse");
	if (t->h.kind == '1')
		return unpack_is_root(u) ? unpack_fail(u, -EINVAL, "an entry has no name") :
					   make_link(t);
	if (!mode)
		return unpack_fail_name(u, -EINVAL, "of an unknown kind");
	if (mode == S_IFDIR) {
		u->e.mode |= S_IFDIR;
		if (unpack_is_root(u))
			return unpack_attributes_by_name(u);
		err = unpack_make_way(u);
		return err ? err : unpack_directory(u);
	}
	if (unpack_is_root(u))
		return unpack_fail(u, -EINVAL, "an entry has no name");
	return make_kind(t);
}

/* What the file system cannot keep is left out. */
static int set_xattrs(struct tar *t)
{
	const struct xattr_ops *ops;
	struct path path;
	int err = path_walk(AT_FDCWD, t->u->name, WALK_NOFOLLOW, &path);

	if (err)
		return unpack_fail_fs(t->u, err);
	ops = path.dentry->inode->sb->xattr_ops;
	for (u32 i = 0; ops && i < t->x.xattr_count && !err; i++) {
		const struct tar_xattr *x = &t->x.xattr[i];

		err = ops->set(path.dentry->inode, x->name, x->value, x->len, 0);
		if (err != -ENOMEM && err != -ENOSPC)
			err = 0;
	}
	path_put(&path);
	return err ? unpack_fail_fs(t->u, err) : 0;
}

/* Has the entry data? What links, directories and devices give as their size
 * is none (pax(1): "size"). */
static bool has_data(const struct lodger_tar_header *h)
{
	return !(h->kind >= '1' && h->kind <= '6');
}

static int read_entry(struct tar *t)
{
	struct unpack *u = t->u;
	u64 next;
	int err;

	err = set_numbers(t);
	if (err)
		return err;
	if (!has_data(&t->h))
		u->e.size_bytes = 0;
	if (u->e.size_bytes > u->end - u->at)
		return unpack_fail(u, -EINVAL,
				   "entry before byte %llu is longer than the rest of the archive",
				   (unsigned long long)u->at);
	next = ALIGN_UP(u->at + u->e.size_bytes, (u64)TAR_BLOCK);
	if (is_extended(t->h.kind)) {
		err = extend(t);
	} else if (t->h.kind != 'V') { /* GNU: the volume's label */
		err = make_entry(t);
		if (!err && t->x.xattr_count)
			err = set_xattrs(t);
		memset(&t->x, 0, sizeof(t->x));
	}
	u->at = MIN(next, u->end);
	return err;
}

int tar_unpack(struct unpack *u)
{
	struct tar *t = kzalloc(sizeof(*t));
	bool ended = false;
	int err = 0;

	if (t)
		t->extended = kmalloc(EXTENDED_MAX + 1);
	if (!t || !t->extended) {
		kfree(t);
		return unpack_fail_fs(u, -ENOMEM);
	}
	t->u = u;
	while (!err && !ended) {
		err = read_header(t, &ended);
		if (!err && !ended)
			err = read_entry(t);
	}
	kfree(t->extended);
	kfree(t);
	return err;
}
