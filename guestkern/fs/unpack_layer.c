/*
 * Layers: archives of what changed over what is there (OCI image specification, "Image
 * Layer Filesystem Changeset"). A file ".wh.NAME" says that NAME is gone, ".wh..wh..opq"
 * that nothing in its directory is left of what was there before.
 */
#include <linux/fcntl.h>
#include <linux/stat.h>

#include "abi/tar.h"
#include "fs/namei.h"
#include "fs/unpack.h"
#include "fs/vfs_internal.h"
#include "lib/err.h"
#include "lib/string.h"
#include "mm/slab.h"

#define WHITEOUT_LEN (sizeof(LODGER_LAYER_WHITEOUT) - 1)

bool unpack_is_whiteout(const struct unpack *u)
{
	return strncmp(strrchr(u->name, '/') + 1, LODGER_LAYER_WHITEOUT, WHITEOUT_LEN) == 0;
}

struct first_sink {
	struct dir_sink sink;
	char *to; /* NAME_MAX_ + 1 bytes */
};

static bool take_first(struct dir_sink *sink, const char *name, size_t len, u64 ino, u32 dtype,
		       s64 next_pos)
{
	struct first_sink *first = container_of(sink, struct first_sink, sink);

	(void)ino;
	(void)dtype;
	(void)next_pos;
	if ((len == 1 && name[0] == '.') || (len == 2 && name[0] == '.' && name[1] == '.'))
		return true;
	memcpy(first->to, name, len);
	first->to[len] = '\0';
	return false;
}

/* The first name in a directory into to, "" if it is empty. */
static int first_name(const char *dir, char *to)
{
	struct first_sink first = { { take_first }, to };
	struct file *f = file_open(AT_FDCWD, dir, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0, 0);
	int err;

	*to = '\0';
	if (IS_ERR(f))
		return (int)PTR_ERR(f);
	err = f->ops->iterate(f, &first.sink);
	file_put(f);
	return err;
}

/* Takes away all that is in the directory, whose name is in path, with room for more.
 * Without recursion: from the bottom up, always along the first names. */
static int empty_directory(char *path, size_t room)
{
	size_t top = strlen(path), len = top;
	char *first = kmalloc(NAME_MAX_ + 1);
	int err = first ? 0 : -ENOMEM;

	while (!err) {
		err = first_name(path, first);
		if (err == -ENOTDIR || err == -ELOOP) {
			err = name_unlink(AT_FDCWD, path);
		} else if (!err && *first) {
			if (len + strlen(first) + 2 > room) {
				err = -ENAMETOOLONG;
				break;
			}
			path[len++] = '/';
			len += str_copy(path + len, first, room - len);
			continue;
		} else if (!err && len > top) {
			err = name_rmdir(AT_FDCWD, path);
		} else {
			break;
		}
		while (len > top && path[--len] != '/')
			;
		path[len] = '\0';
	}
	kfree(first);
	return err;
}

int unpack_remove(struct unpack *u)
{
	struct path path;
	bool directory;
	int err = path_walk(AT_FDCWD, u->name, WALK_NOFOLLOW, &path);

	if (err)
		return err == -ENOENT || err == -ENOTDIR ? 0 : unpack_fail_fs(u, err);
	directory = S_ISDIR(path.dentry->inode->mode);
	path_put(&path);
	err = directory ? empty_directory(u->name, PATH_MAX_) : 0;
	if (!err)
		err = directory ? name_rmdir(AT_FDCWD, u->name) :
				  name_unlink(AT_FDCWD, u->name);
	return err ? unpack_fail_fs(u, err) : 0;
}

int unpack_whiteout(struct unpack *u)
{
	char *last = strrchr(u->name, '/') + 1;
	int err;

	if (!strcmp(last, LODGER_LAYER_OPAQUE)) {
		last[last - 1 == u->name ? 0 : -1] = '\0';
		err = empty_directory(u->name, PATH_MAX_);
		return err == -ENOENT ? 0 : err ? unpack_fail_fs(u, err) : 0;
	}
	if (!last[WHITEOUT_LEN])
		return unpack_fail_name(u, -EINVAL, "a whiteout of nothing");
	memmove(last, last + WHITEOUT_LEN, strlen(last) - WHITEOUT_LEN + 1);
	return unpack_is_root(u) ? 0 : unpack_remove(u);
}
