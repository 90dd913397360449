/*
 * Unpacking the root archive: cpio "newc", magic 070701, and 070702 with
 * checksums (cpio(5)), one or several archives after each other.
 *
 * The archive is hostile until proven otherwise: every number is checked before
 * it is used, sizes against what is left of the archive, names are taken
 * relative to the root and may not contain "..". It is read in pieces of
 * CPIO_WINDOW_BYTES and never held whole; data goes straight into the files.
 *
 * Owns nothing afterwards. Works through the VFS with the boot task's
 * credentials (root); the first error ends it, with one clause of why.
 */
#include <linux/fcntl.h>
#include <linux/stat.h>

#include "fs/namei.h"
#include "fs/vfs_internal.h"
#include "hal/hal.h"
#include "lib/err.h"
#include "lib/printf.h"
#include "lib/string.h"
#include "mm/page.h"
#include "mm/slab.h"

#define CPIO_WINDOW_ORDER 4
#define CPIO_WINDOW_BYTES (PAGE_SIZE << CPIO_WINDOW_ORDER)
#define CPIO_HEADER_BYTES 110
#define CPIO_TRAILER "TRAILER!!!"
#define LINK_BUCKETS 64u
#define SHOWN_NAME_MAX 40 /* of a name in an error message */

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
	u8 *window;
	u64 window_at;	/* archive offset of window[0] */
	u64 window_len;
	u64 at;		/* next byte to take */
	u64 end;	/* size of the archive */
	struct cpio_header h;
	char *name;	/* PATH_MAX_ + 1 bytes; begins with "/" */
	struct cpio_link *links[LINK_BUCKETS];
	char *why;
	size_t why_bytes;
};

/* Notes why (first reason wins) and passes err on. */
static int fail(struct cpio *c, int err, const char *fmt, ...) __printf(3, 4);
static int fail(struct cpio *c, int err, const char *fmt, ...)
{
	va_list ap;

	if (c->why_bytes && !c->why[0]) {
		va_start(ap, fmt);
		kvsnprintf(c->why, c->why_bytes, fmt, ap);
		va_end(ap);
	}
	return err;
}

/* The name for a message: the archive's bytes, made harmless. */
static const char *shown(struct cpio *c, char buf[SHOWN_NAME_MAX + 1])
{
	str_copy(buf, c->name + 1, SHOWN_NAME_MAX + 1);
	for (char *p = buf; *p; p++) {
		if (*p < ' ' || *p > '~')
			*p = '?';
	}
	return buf;
}

static int fail_name(struct cpio *c, int err, const char *what)
{
	char name[SHOWN_NAME_MAX + 1];

	return fail(c, err, "entry \"%s\": %s", shown(c, name), what);
}

/* What the file system said about the entry. */
static int fail_fs(struct cpio *c, int err)
{
	switch (err) {
	case -ENOSPC:
	case -ENOMEM:
		return fail(c, -ENOSPC,
			    "does not fit into guest RAM: needs about %llu KiB,"
			    " %llu KiB available; use a larger --mem",
			    (unsigned long long)(c->end >> 10),
			    (unsigned long long)page_total_count() << (PAGE_SHIFT - 10));
	case -ENOTDIR:
		return fail_name(c, err, "a part of its path is not a directory");
	case -ENAMETOOLONG:
		return fail_name(c, err, "name too long");
	case -ELOOP:
		return fail_name(c, err, "too many symbolic links in its path");
	case -EISDIR:
	case -EEXIST:
	case -ENOTEMPTY:
		return fail_name(c, err, "a directory is in the way");
	default:
		return fail(c, err, "an entry cannot be made (error %d)", -err);
	}
}

/* --- the stream ----------------------------------------------------------------------- */

/* Contiguous bytes at c->at: *p, at least 1 and at most want. 0 or -errno. */
static int stream_peek(struct cpio *c, u64 want, const u8 **p, u64 *got)
{
	u64 offset = c->at - c->window_at;
	s64 n;

	if (c->at >= c->end)
		return fail(c, -EINVAL, "ends too early, at byte %llu",
			    (unsigned long long)c->end);
	if (c->at < c->window_at || offset >= c->window_len) {
		n = archive_read(c->at, c->window, MIN(CPIO_WINDOW_BYTES, c->end - c->at));
		if (n <= 0)
			return fail(c, -EIO, "cannot be read at byte %llu",
				    (unsigned long long)c->at);
		c->window_at = c->at;
		c->window_len = (u64)n;
		offset = 0;
	}
	*p = c->window + offset;
	*got = MIN(want, c->window_len - offset);
	return 0;
}

static int stream_take(struct cpio *c, void *to, u64 len)
{
	u8 *out = to;
	const u8 *p;
	u64 n;
	int err;

	while (len) {
		err = stream_peek(c, len, &p, &n);
		if (err)
			return err;
		memcpy(out, p, n);
		c->at += n;
		out += n;
		len -= n;
	}
	return 0;
}

static void stream_align(struct cpio *c)
{
	c->at = MIN(ALIGN_UP(c->at, (u64)4), c->end);
}

/* --- headers and names ------------------------------------------------------------------ */

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

static int read_header(struct cpio *c)
{
	struct cpio_header *h = &c->h;
	u32 *const field[] = { &h->ino, &h->mode, &h->uid, &h->gid, &h->nlink,
			       &h->mtime, &h->size, &h->dev_major, &h->dev_minor,
			       &h->rdev_major, &h->rdev_minor, &h->name_size, &h->check };
	unsigned long long at = c->at;
	u8 raw[CPIO_HEADER_BYTES];
	int err;

	err = stream_take(c, raw, sizeof(raw));
	if (err)
		return err;
	if (memcmp(raw, "07070", 5) != 0 || (raw[5] != '1' && raw[5] != '2'))
		return fail(c, -EINVAL, "no cpio (newc) header at byte %llu", at);
	h->summed = raw[5] == '2';
	for (size_t i = 0; i < ARRAY_SIZE(field); i++) {
		if (!parse_hex(raw + 6 + 8 * i, field[i]))
			return fail(c, -EINVAL, "header at byte %llu has a bad number", at);
	}
	if (h->name_size == 0 || h->name_size > PATH_MAX_)
		return fail(c, -EINVAL, "header at byte %llu has a name of %u bytes", at,
			    h->name_size);
	return 0;
}

static bool has_dotdot(const char *name)
{
	for (const char *p = name; (p = strchr(p, '.')); p++) {
		if (p[1] == '.' && (p[2] == '/' || !p[2]) && p[-1] == '/')
			return true;
		/* "..." and "a..b" are ordinary names */
	}
	return false;
}

static int read_name(struct cpio *c)
{
	int err = stream_take(c, c->name + 1, c->h.name_size);

	c->name[0] = '/';
	if (err)
		return err;
	if (c->name[c->h.name_size])
		return fail(c, -EINVAL, "name before byte %llu has no end",
			    (unsigned long long)c->at);
	stream_align(c);
	if (has_dotdot(c->name))
		return fail_name(c, -EINVAL, "\"..\" in a name");
	if (c->h.size > c->end - c->at)
		return fail_name(c, -EINVAL, "is longer than the rest of the archive");
	return 0;
}

/* --- attributes ---------------------------------------------------------------------------- */

static void apply_attributes(const struct cpio *c, struct inode *inode)
{
	struct timespec64 t = { .sec = c->h.mtime };

	inode->mode = (inode->mode & S_IFMT) | (c->h.mode & 07777);
	inode->uid = c->h.uid;
	inode->gid = c->h.gid;
	inode->mtime = t;
	inode->atime = t;
}

static int apply_by_name(struct cpio *c)
{
	struct path path;
	int err;

	err = path_walk(AT_FDCWD, c->name, WALK_NOFOLLOW, &path);
	if (err)
		return fail_fs(c, err);
	apply_attributes(c, path.dentry->inode);
	path_put(&path);
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
		return fail_fs(c, -ENOMEM);
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

/* Takes away what has the name, unless it is a directory and one is to be. */
static int clear_way(struct cpio *c)
{
	struct path path;
	u32 type;
	int err;

	err = path_walk(AT_FDCWD, c->name, WALK_NOFOLLOW, &path);
	if (err)
		return err == -ENOENT ? 0 : fail_fs(c, err);
	type = path.dentry->inode->mode & S_IFMT;
	path_put(&path);
	if (type == S_IFDIR)
		err = S_ISDIR(c->h.mode) ? 0 : name_rmdir(AT_FDCWD, c->name);
	else
		err = name_unlink(AT_FDCWD, c->name);
	return err ? fail_fs(c, err) : 0;
}

/* Archives that were packed selectively lack directories. */
static int make_parents(struct cpio *c)
{
	char *slash = strrchr(c->name, '/');
	struct path path;
	int err;

	if (slash == c->name)
		return 0;
	*slash = '\0';
	err = path_walk(AT_FDCWD, c->name, 0, &path);
	if (!err)
		path_put(&path);
	else if (err == -ENOENT)
		err = vfs_mkdir_path(c->name, 0755);
	*slash = '/';
	return err ? fail_fs(c, err) : 0;
}

static int write_data(struct cpio *c, struct file *f)
{
	u64 left = c->h.size;
	u32 sum = 0;
	s64 pos = 0, done;
	const u8 *p;
	u64 n;
	int err;

	while (left) {
		err = stream_peek(c, left, &p, &n);
		if (err)
			return err;
		for (u64 i = 0; c->h.summed && i < n; i++)
			sum += p[i];
		done = file_write_kernel(f, p, n, pos);
		if (done <= 0)
			return fail_fs(c, done ? (int)done : -EIO);
		/* After a short write the next one says why. */
		pos += done;
		c->at += (u64)done;
		left -= (u64)done;
	}
	if (c->h.summed && sum != c->h.check)
		return fail_name(c, -EINVAL, "checksum mismatch");
	return 0;
}

static int fill_file(struct cpio *c, const struct path *path)
{
	struct file *f;
	int err;

	f = file_open_path(path, O_WRONLY);
	if (IS_ERR(f))
		return fail_fs(c, (int)PTR_ERR(f));
	ramfs_expect(f->inode, c->h.size);
	err = inode_truncate(f->inode, 0);
	err = err ? fail_fs(c, err) : write_data(c, f);
	file_put(f);
	return err;
}

static int make_file(struct cpio *c)
{
	struct cpio_link *first = c->h.nlink > 1 ? link_find(c) : NULL;
	struct path path;
	int err;

	if (first && !first->path.dentry->inode->nlink)
		first = NULL; /* a later entry took the name */
	if (first)
		err = name_link(&first->path, AT_FDCWD, c->name);
	else
		err = name_mknod(AT_FDCWD, c->name, S_IFREG | 0600, 0);
	if (!err)
		err = path_walk(AT_FDCWD, c->name, WALK_NOFOLLOW, &path);
	if (err)
		return fail_fs(c, err);
	/* Of several names only the last usually brings the data. */
	err = 0;
	if (c->h.size)
		err = fill_file(c, &path);
	if (!err && !first && c->h.nlink > 1)
		err = link_remember(c, &path);
	if (!err)
		apply_attributes(c, path.dentry->inode);
	path_put(&path);
	return err;
}

static int make_symlink(struct cpio *c)
{
	char *target;
	int err;

	if (c->h.size == 0 || c->h.size >= PATH_MAX_)
		return fail_name(c, -EINVAL, "symbolic link without a proper target");
	target = kmalloc(c->h.size + 1);
	if (!target)
		return fail_fs(c, -ENOMEM);
	err = stream_take(c, target, c->h.size);
	target[c->h.size] = '\0';
	if (!err && strlen(target) != c->h.size)
		err = fail_name(c, -EINVAL, "symbolic link without a proper target");
	if (!err) {
		err = name_symlink(target, AT_FDCWD, c->name);
		err = err ? fail_fs(c, err) : apply_by_name(c);
	}
	kfree(target);
	return err;
}

static int make_directory(struct cpio *c)
{
	int err = name_mkdir(AT_FDCWD, c->name, 0700);

	if (err && err != -EEXIST)
		return fail_fs(c, err);
	return apply_by_name(c);
}

static int make_node(struct cpio *c)
{
	u64 rdev = ((u64)c->h.rdev_major << 8 & 0xfff00) | (c->h.rdev_minor & 0xff) |
		   (u64)(c->h.rdev_minor & ~0xffu) << 12;
	int err = name_mknod(AT_FDCWD, c->name, c->h.mode & (S_IFMT | 07777), rdev);

	return err ? fail_fs(c, err) : apply_by_name(c);
}

static int make_entry(struct cpio *c)
{
	u64 next = ALIGN_UP(c->at + c->h.size, (u64)4);
	int err;

	err = make_parents(c);
	if (!err)
		err = clear_way(c);
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
		err = make_directory(c);
		break;
	case S_IFCHR:
	case S_IFBLK:
	case S_IFIFO:
	case S_IFSOCK:
		err = make_node(c);
		break;
	default:
		err = fail_name(c, -EINVAL, "of an unknown kind");
		break;
	}
	c->at = MIN(next, c->end);
	return err;
}

/* Zero bytes may fill up the archive, or the gap to the next one. */
static int skip_padding(struct cpio *c)
{
	const u8 *p;
	u64 n, i;
	int err;

	while (c->at < c->end) {
		err = stream_peek(c, CPIO_WINDOW_BYTES, &p, &n);
		if (err)
			return err;
		for (i = 0; i < n && !p[i]; i++)
			;
		c->at += i;
		if (i < n)
			return 0;
	}
	return 0;
}

/* "/", "/.", "/./": the root directory itself. */
static bool is_root_name(const char *name)
{
	while (*name == '/' || (*name == '.' && (name[1] == '/' || !name[1])))
		name++;
	return !*name;
}

static int unpack_all(struct cpio *c)
{
	bool ended = true;
	int err;

	while (c->at < c->end) {
		err = read_header(c);
		if (!err)
			err = read_name(c);
		if (err)
			return err;
		ended = strcmp(c->name + 1, CPIO_TRAILER) == 0;
		if (ended) {
			links_forget(c);
			err = skip_padding(c);
		} else if (is_root_name(c->name) && S_ISDIR(c->h.mode)) {
			err = apply_by_name(c);
			c->at = MIN(ALIGN_UP(c->at + c->h.size, (u64)4), c->end);
		} else if (is_root_name(c->name)) {
			err = fail(c, -EINVAL, "an entry has no name");
		} else {
			err = make_entry(c);
		}
		if (err)
			return err;
	}
	return ended ? 0
		     : fail(c, -EINVAL, "ends without a trailer, at byte %llu",
			    (unsigned long long)c->end);
}

int cpio_unpack(char *why, size_t why_bytes)
{
	struct cpio *c;
	int err = -ENOMEM;

	if (why_bytes)
		why[0] = '\0';
	c = kzalloc(sizeof(*c));
	if (!c)
		return -ENOMEM;
	c->why = why;
	c->why_bytes = why_bytes;
	c->end = boot_info()->root_bytes;
	c->window = kpages_alloc(CPIO_WINDOW_ORDER);
	c->name = kmalloc(PATH_MAX_ + 2);
	if (!c->window || !c->name)
		fail(c, err, "no kernel memory to unpack it");
	else if (!c->end)
		err = fail(c, -EINVAL, "is empty");
	else
		err = unpack_all(c);
	links_forget(c);
	kfree(c->name);
	if (c->window)
		kpages_free(c->window, CPIO_WINDOW_ORDER);
	kfree(c);
	return err;
}
