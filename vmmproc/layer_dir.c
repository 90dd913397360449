/*
 * --overlay-out with a directory. The machine's layer is first a tar beside it, as for a
 * file. At the end a confined child unpacks that into a directory with a name of its own,
 * which then takes the place of the one that is asked for, at once. So nothing is lost
 * to a machine that fails, and what cannot be unpacked is still there as the tar.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "broker.h"
#include "layer_internal.h"
#include "sandbox.h"

#define PASSES_MAX 8192 /* deeper trees have no names */

static int complain(const struct machine *m, const char *what)
{
	machine_complain("overlay-out %s: %s", m->opt->overlay_out, what);
	return -1;
}

/* --- the name ------------------------------------------------------------------------ */

/* 1, 0 or -errno. */
static int is_empty(const char *path)
{
	DIR *dir = opendir(path);
	int count = 0, err = 0;

	if (!dir)
		return -errno;
	for (errno = 0; count < 3 && readdir(dir);)
		count++;
	err = -errno;
	closedir(dir);
	return err ? err : count < 3;
}

/* The one that is there: empty, or the machine's layer is one over it. */
static int take_existing(struct machine *m, const struct stat *st)
{
	const char *out = m->opt->overlay_out, *in = m->opt->overlay_in;
	struct stat in_st;
	int empty = is_empty(out);

	if (empty < 0)
		return complain(m, strerror(-empty));
	m->overlay_again = in && !stat(in, &in_st) && in_st.st_dev == st->st_dev &&
			   in_st.st_ino == st->st_ino;
	if (!empty && !m->overlay_again)
		return complain(m, "is not empty: give an empty directory, or the same one to --overlay-in");
	m->overlay_dir = realpath(out, NULL);
	return m->overlay_dir ? 0 : complain(m, strerror(errno));
}

int layer_dir_open(struct machine *m)
{
	const char *out = m->opt->overlay_out;
	size_t len = strlen(out);
	struct stat st;

	if (!stat(out, &st))
		return S_ISDIR(st.st_mode) ? take_existing(m, &st) : 0;
	if (errno != ENOENT || len < 2 || out[len - 1] != '/')
		return 0;
	while (len > 1 && out[len - 1] == '/')
		len--;
	m->overlay_dir = strndup(out, len);
	return m->overlay_dir ? 0 : complain(m, strerror(ENOMEM));
}

/* --- removal -------------------------------------------------------------------------- */

/* 0, or -errno. */
static int open_directory(int top, const char *name, DIR **dir)
{
	int fd = openat(top, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC), err;

	if (fd < 0)
		return -errno;
	*dir = fdopendir(fd);
	if (*dir)
		return 0;
	err = -errno;
	close(fd);
	return err;
}

/* The next name that is neither "." nor "..", or NULL. */
static const char *next_name(DIR *dir)
{
	struct dirent *d;

	do
		d = readdir(dir);
	while (d && (!strcmp(d->d_name, ".") || !strcmp(d->d_name, "..")));
	return d ? d->d_name : NULL;
}

/* The directory's directories go to the top, until there are none: without recursion and
 * without paths. */
static int lift(int top, const char *name, unsigned *number)
{
	const char *inner;
	char fresh[24];
	DIR *dir;
	int fd, err = open_directory(top, name, &dir);

	if (err)
		return err;
	fd = dirfd(dir);
	while (!err && (inner = next_name(dir))) {
		if (!unlinkat(fd, inner, 0))
			continue;
		do
			snprintf(fresh, sizeof(fresh), ".%u", ++*number);
		while (renameat2(fd, inner, top, fresh, RENAME_NOREPLACE) && errno == EEXIST);
		err = faccessat(fd, inner, F_OK, AT_SYMLINK_NOFOLLOW) ? 0 : -EACCES;
	}
	closedir(dir);
	if (!err && unlinkat(top, name, AT_REMOVEDIR) && errno != ENOTEMPTY)
		err = -errno;
	return err;
}

/* What is in the directory now. *any: there was something. */
static int empty_once(int top, unsigned *number, bool *any)
{
	const char *name;
	DIR *dir;
	int err = open_directory(top, ".", &dir);

	*any = false;
	if (err)
		return err;
	while (!err && (name = next_name(dir))) {
		*any = true;
		if (unlinkat(top, name, 0))
			err = lift(top, name, number);
	}
	closedir(dir);
	return err;
}

/* Best effort. */
static bool remove_tree(const char *path)
{
	int top = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC), err = 0;
	unsigned number = 0;
	bool any = top >= 0;

	for (int i = 0; i < PASSES_MAX && any && !err; i++)
		err = empty_once(top, &number, &any);
	if (top >= 0)
		close(top);
	return !rmdir(path);
}

/* --- unpacking -------------------------------------------------------------------------- */

static void unpack_main(int tar, int dir, uint64_t bytes, pid_t vmm_pid)
	__attribute__((noreturn));
static void unpack_main(int tar, int dir, uint64_t bytes, pid_t vmm_pid)
{
	int fd[2] = { tar, dir };
	struct broker *b;

	if (sandbox_move_descriptors(fd, 2) || broker_confine(vmm_pid))
		_exit(EPERM);
	b = broker_create(NULL, 0, geteuid(), getegid());
	if (!b || broker_add_root(b, 1, false) || broker_install_filter())
		_exit(ENOMEM);
	_exit(-layer_unpack(b, 0, bytes));
}

/* 0 or -errno. */
static int unpack_into(const char *path, const char *tar_path)
{
	int tar = open(tar_path, O_RDONLY | O_CLOEXEC);
	int dir = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	int err = tar < 0 || dir < 0 ? -errno : 0, status;
	pid_t vmm_pid = getpid(), pid;
	struct stat st;

	if (!err && fstat(tar, &st))
		err = -errno;
	if (!err) {
		fflush(NULL);
		pid = fork();
		if (!pid)
			unpack_main(tar, dir, (uint64_t)st.st_size, vmm_pid);
		err = pid < 0 ? -errno : 0;
		while (!err && waitpid(pid, &status, 0) < 0)
			err = errno == EINTR ? 0 : -errno;
		if (!err)
			err = WIFEXITED(status) ? -WEXITSTATUS(status) : -EIO;
	}
	if (tar >= 0)
		close(tar);
	if (dir >= 0)
		close(dir);
	return err;
}

/* tree takes the place of the directory; what was there is in tree then, or gone if it
 * was empty. */
static int change_places(const struct machine *m, const char *tree)
{
	if (!rename(tree, m->overlay_dir))
		return 0;
	if (!m->overlay_again || (errno != ENOTEMPTY && errno != EEXIST))
		return -errno;
	if (renameat2(AT_FDCWD, tree, AT_FDCWD, m->overlay_dir, RENAME_EXCHANGE))
		return -errno;
	if (!remove_tree(tree))
		machine_complain("overlay-out %s: the layer before cannot be removed; it is in %s",
				 m->opt->overlay_out, tree);
	return 0;
}

static const char *reason(int err)
{
	switch (err) {
	case -EPROTO: return "the guest kernel wrote no layer";
	case -EOPNOTSUPP: return "the file system keeps no extended attributes, which owners and devices need";
	default: return strerror(-err);
	}
}

static int make_tree(const struct machine *m, char *tree)
{
	mode_t mask = umask(0);
	int err;

	umask(mask);
	if (!mkdtemp(tree))
		return -errno;
	err = chmod(tree, 0777 & ~mask) ? -errno : unpack_into(tree, m->overlay_temp);
	if (!err)
		err = change_places(m, tree);
	if (err)
		remove_tree(tree);
	return err;
}

int layer_dir_make(struct machine *m)
{
	char *tree;
	int err = -ENOMEM;

	if (asprintf(&tree, "%s.XXXXXX", m->overlay_dir) >= 0) {
		err = make_tree(m, tree);
		free(tree);
	}
	if (!err) {
		unlink(m->overlay_temp);
		return 0;
	}
	machine_complain("overlay-out %s: %s; what the machine changed is in the tar %s",
			 m->opt->overlay_out, reason(err), m->overlay_temp);
	return -1;
}
