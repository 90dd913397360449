/*
 * Unpacking the root archive: the stream of its bytes, and what every format
 * (cpio.c, tar.c) does with an entry once it knows what it is.
 *
 * The archive is hostile until proven otherwise: every number is checked before
 * it is used, sizes against what is left of the archive, names are taken
 * relative to the root and may not contain "..". It is read in pieces of
 * WINDOW_BYTES and never held whole; data goes straight into the files, and what
 * is done with goes back to the host, so that a large root is not there twice.
 *
 * Owns nothing afterwards. Works through the VFS with the boot task's
 * credentials (root); the first error ends it, with one clause of why.
 */
#include "fs/unpack.h"

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

#define WINDOW_ORDER 4
#define WINDOW_BYTES (PAGE_SIZE << WINDOW_ORDER)
#define RELEASE_BYTES (16ull << 20) /* done with: given back in such pieces */
#define SHOWN_NAME_MAX 40 /* of a name in an error message */

int unpack_fail(struct unpack *u, int err, const char *fmt, ...)
{
	va_list ap;

	if (u->why_bytes && !u->why[0]) {
		va_start(ap, fmt);
		kvsnprintf(u->why, u->why_bytes, fmt, ap);
		va_end(ap);
	}
	return err;
}

/* The name for a message: the archive's bytes, made harmless. */
static const char *shown(struct unpack *u, char buf[SHOWN_NAME_MAX + 1])
{
	str_copy(buf, u->name + 1, SHOWN_NAME_MAX + 1);
	for (char *p = buf; *p; p++) {
		if (*p < ' ' || *p > '~')
			*p = '?';
	}
	return buf;
}

int unpack_fail_name(struct unpack *u, int err, const char *what)
{
	char name[SHOWN_NAME_MAX + 1];

	return unpack_fail(u, err, "entry \"%s\": %s", shown(u, name), what);
}

int unpack_fail_fs(struct unpack *u, int err)
{
	switch (err) {
	case -ENOSPC:
	case -ENOMEM:
		return unpack_fail(u, -ENOSPC,
				   "does not fit into guest RAM: needs about %llu KiB,"
				   " %llu KiB available; use a larger --mem",
				   (unsigned long long)(u->end >> 10),
				   (unsigned long long)page_total_count() << (PAGE_SHIFT - 10));
	case -ENOTDIR:
		return unpack_fail_name(u, err, "a part of its path is not a directory");
	case -ENAMETOOLONG:
		return unpack_fail_name(u, err, "name too long");
	case -ELOOP:
		return unpack_fail_name(u, err, "too many symbolic links in its path");
	case -EISDIR:
	case -EEXIST:
	case -ENOTEMPTY:
		return unpack_fail_name(u, err, "a directory is in the way");
	default:
		return unpack_fail(u, err, "an entry cannot be made (error %d)", -err);
	}
}

/* --- the stream ----------------------------------------------------------------------- */

/* The window moves on to u->at. */
static int stream_refill(struct unpack *u)
{
	s64 n = archive_read(u->at, u->window, MIN(WINDOW_BYTES, u->end - u->at));

	if (n <= 0)
		return unpack_fail(u, -EIO, "cannot be read at byte %llu",
				   (unsigned long long)u->at);
	u->window_at = u->at;
	u->window_len = (u64)n;
	if (u->at - u->released >= RELEASE_BYTES) {
		archive_release(u->released, u->at - u->released);
		u->released = u->at;
	}
	return 0;
}

int unpack_peek(struct unpack *u, u64 want, const u8 **p, u64 *got)
{
	u64 offset = u->at - u->window_at;
	int err;

	if (u->at >= u->end)
		return unpack_fail(u, -EINVAL, "ends too early, at byte %llu",
				   (unsigned long long)u->end);
	if (u->at < u->window_at || offset >= u->window_len) {
		err = stream_refill(u);
		if (err)
			return err;
		offset = 0;
	}
	*p = u->window + offset;
	*got = MIN(want, u->window_len - offset);
	return 0;
}

int unpack_take(struct unpack *u, void *to, u64 len)
{
	u8 *out = to;
	const u8 *p;
	u64 n;
	int err;

	while (len) {
		err = unpack_peek(u, len, &p, &n);
		if (err)
			return err;
		memcpy(out, p, n);
		u->at += n;
		out += n;
		len -= n;
	}
	return 0;
}

int unpack_skip_zeros(struct unpack *u)
{
	const u8 *p;
	u64 n, i;
	int err;

	while (u->at < u->end) {
		err = unpack_peek(u, WINDOW_BYTES, &p, &n);
		if (err)
			return err;
		for (i = 0; i < n && !p[i]; i++)
			;
		u->at += i;
		if (i < n)
			return 0;
	}
	return 0;
}

void unpack_skip(struct unpack *u, u64 len_bytes)
{
	u->at += MIN(len_bytes, u->end - u->at);
}

/* --- names ------------------------------------------------------------------------------ */

static bool has_dotdot(const char *name)
{
	for (const char *p = name; (p = strchr(p, '.')); p++) {
		if (p[1] == '.' && (p[2] == '/' || !p[2]) && p[-1] == '/')
			return true;
		/* "..." and "a..b" are ordinary names */
	}
	return false;
}

int unpack_check_name(struct unpack *u)
{
	return has_dotdot(u->name) ? unpack_fail_name(u, -EINVAL, "\"..\" in a name") : 0;
}

bool unpack_is_root(const struct unpack *u)
{
	const char *name = u->name;

	while (*name == '/' || (*name == '.' && (name[1] == '/' || !name[1])))
		name++;
	return !*name;
}

/* --- attributes ---------------------------------------------------------------------------- */

int unpack_attributes(struct unpack *u, struct inode *inode)
{
	struct timespec64 t = { .sec = u->e.mtime };
	int err;

	inode->mode = (inode->mode & S_IFMT) | (u->e.mode & 07777);
	inode->uid = u->e.uid;
	inode->gid = u->e.gid;
	inode->mtime = t;
	inode->atime = t;
	if (!inode->ops->setattr)
		return 0;
	err = inode->ops->setattr(inode);
	return err ? unpack_fail_fs(u, err) : 0;
}

int unpack_attributes_by_name(struct unpack *u)
{
	struct path path;
	int err;

	err = path_walk(AT_FDCWD, u->name, WALK_NOFOLLOW, &path);
	if (err)
		return unpack_fail_fs(u, err);
	err = unpack_attributes(u, path.dentry->inode);
	path_put(&path);
	return err;
}

/* --- entries --------------------------------------------------------------------------------- */

static int clear_way(struct unpack *u)
{
	struct path path;
	u32 type;
	int err;

	err = path_walk(AT_FDCWD, u->name, WALK_NOFOLLOW, &path);
	if (err)
		return err == -ENOENT ? 0 : unpack_fail_fs(u, err);
	type = path.dentry->inode->mode & S_IFMT;
	path_put(&path);
	if (type == S_IFDIR && !S_ISDIR(u->e.mode) && u->layer)
		return unpack_remove(u);
	if (type == S_IFDIR)
		err = S_ISDIR(u->e.mode) ? 0 : name_rmdir(AT_FDCWD, u->name);
	else
		err = name_unlink(AT_FDCWD, u->name);
	return err ? unpack_fail_fs(u, err) : 0;
}

/* Archives that were packed selectively lack directories. */
static int make_parents(struct unpack *u)
{
	char *slash = strrchr(u->name, '/');
	struct path path;
	int err;

	if (slash == u->name)
		return 0;
	*slash = '\0';
	err = path_walk(AT_FDCWD, u->name, 0, &path);
	if (!err)
		path_put(&path);
	else if (err == -ENOENT)
		err = vfs_mkdir_path(u->name, 0755);
	*slash = '/';
	return err ? unpack_fail_fs(u, err) : 0;
}

int unpack_make_way(struct unpack *u)
{
	int err = make_parents(u);

	return err ? err : clear_way(u);
}

int unpack_directory(struct unpack *u)
{
	int err = name_mkdir(AT_FDCWD, u->name, 0700);

	if (err && err != -EEXIST)
		return unpack_fail_fs(u, err);
	return unpack_attributes_by_name(u);
}

int unpack_node(struct unpack *u)
{
	int err = name_mknod(AT_FDCWD, u->name, u->e.mode & (S_IFMT | 07777), u->e.rdev);

	return err ? unpack_fail_fs(u, err) : unpack_attributes_by_name(u);
}

int unpack_symlink(struct unpack *u, const char *target)
{
	int err = name_symlink(target, AT_FDCWD, u->name);

	return err ? unpack_fail_fs(u, err) : unpack_attributes_by_name(u);
}

int unpack_create(struct unpack *u, struct path *path)
{
	int err = name_mknod(AT_FDCWD, u->name, S_IFREG | 0600, 0);

	if (!err)
		err = path_walk(AT_FDCWD, u->name, WALK_NOFOLLOW, path);
	return err ? unpack_fail_fs(u, err) : 0;
}

static int write_data(struct unpack *u, struct file *f, u32 *sum)
{
	u64 left = u->e.size_bytes;
	s64 pos = 0, done;
	const u8 *p;
	u64 n;
	int err;

	while (left) {
		err = unpack_peek(u, left, &p, &n);
		if (err)
			return err;
		for (u64 i = 0; sum && i < n; i++)
			*sum += p[i];
		done = file_write_kernel(f, p, n, pos);
		if (done <= 0)
			return unpack_fail_fs(u, done ? (int)done : -EIO);
		/* After a short write the next one says why. */
		pos += done;
		u->at += (u64)done;
		left -= (u64)done;
	}
	return 0;
}

int unpack_fill(struct unpack *u, const struct path *path, u32 *sum)
{
	struct file *f;
	int err;

	if (sum)
		*sum = 0;
	f = file_open_path(path, O_WRONLY);
	if (IS_ERR(f))
		return unpack_fail_fs(u, (int)PTR_ERR(f));
	ramfs_expect(f->inode, u->e.size_bytes);
	err = inode_truncate(f->inode, 0);
	err = err ? unpack_fail_fs(u, err) : write_data(u, f, sum);
	file_put(f);
	return err;
}

/* --- all of it --------------------------------------------------------------------------------- */

/* A tar says so in its first header (ustar and GNU alike). */
static int is_tar(struct unpack *u, bool *yes)
{
	const u8 *p;
	u64 n;
	int err = unpack_peek(u, WINDOW_BYTES, &p, &n);

	*yes = !err && n >= 512 && memcmp(p + 257, "ustar", 5) == 0;
	return err;
}

static int unpack_all(struct unpack *u)
{
	bool tar;
	int err;

	if (!u->end)
		return unpack_fail(u, -EINVAL, "is empty");
	err = is_tar(u, &tar);
	if (err)
		return err;
	return tar ? tar_unpack(u) : cpio_unpack(u);
}

int archive_unpack(char *why, size_t why_bytes)
{
	struct unpack *u;
	int err = -ENOMEM;

	if (why_bytes)
		why[0] = '\0';
	u = kzalloc(sizeof(*u));
	if (!u)
		return -ENOMEM;
	u->why = why;
	u->why_bytes = why_bytes;
	u->end = boot_info()->root_bytes;
	u->layer = vfs_root_is_host();
	u->window = kpages_alloc(WINDOW_ORDER);
	u->name = kmalloc(PATH_MAX_ + 2);
	if (!u->window || !u->name)
		unpack_fail(u, err, "no kernel memory to unpack it");
	else
		err = unpack_all(u);
	kfree(u->name);
	if (u->window)
		kpages_free(u->window, WINDOW_ORDER);
	kfree(u);
	return err;
}
