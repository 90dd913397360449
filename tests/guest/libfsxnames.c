/* The model's names: files come, get more names, move and go; see libfsx.h. */
#include <fcntl.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <test.h>
#include <unistd.h>

#include "libfsx.h"

/* A name is free (NULL), or a file's. Its directory is its number modulo FSX_DIRS. */
static struct fsx_file *named[FSX_NAMES];
struct fsx_file fsx_files[FSX_FILES];

/* Where windows begin: at the start, and where the tables of ext2's block numbers
 * change, with blocks of 1 and of 4 KiB; behind 4 GiB. */
static const uint64_t bases[] = {
	0, 0, 0, 0, 0x40000 - 0x10000, 0x400000 - 0x8000, 0x4043000 - 0x14000,
	0x10043000 - 0x10000, 0x80000000 - 0x10000, 0x100000000 + 0x40c000 - 0x10000,
};

static const char *path_of(unsigned int name)
{
	static char path[2][64];
	static unsigned int turn;
	static const char *const dirs[FSX_DIRS] = { ".", "one", "two" };

	turn ^= 1;
	/* some names are long, so that entries of directories have many sizes */
	snprintf(path[turn], sizeof(path[turn]), "%s/f%u%.*s", dirs[name % FSX_DIRS], name,
		 (int)(name * 7 % 40), "-abcdefghijklmnopqrstuvwxyzabcdefghijklmn");
	return path[turn];
}

static int name_of(const struct fsx_file *f)
{
	unsigned int from = (unsigned int)fsx_below(FSX_NAMES);

	for (unsigned int i = 0; i < FSX_NAMES; i++) {
		if (named[(from + i) % FSX_NAMES] == f)
			return (int)((from + i) % FSX_NAMES);
	}
	return -1;
}

void fsx_names_start(void)
{
	FSX_CHECK(mkdir("one", 0755) == 0);
	FSX_CHECK(mkdir("two", 0755) == 0);
	for (int i = 0; i < FSX_FILES; i++) {
		fsx_files[i].fd = -1;
		fsx_files[i].bytes = malloc(FSX_WINDOW);
		FSX_CHECK(fsx_files[i].bytes);
	}
}

void fsx_unmap(struct fsx_file *f)
{
	if (f->map)
		FSX_CHECK(munmap(f->map, FSX_MAP_BYTES) == 0);
	f->map = NULL;
}

static void close_file(struct fsx_file *f)
{
	FSX_CHECK(close(f->fd) == 0);
	FSX_CHECK(close(f->append) == 0);
	f->fd = -1;
}

static void open_by(struct fsx_file *f, unsigned int name, int flags)
{
	f->fd = open(path_of(name), O_RDWR | flags, 0644);
	if (f->fd < 0)
		fsx_fail("open %s: %s", path_of(name), test_errno());
	f->append = open(path_of(name), O_WRONLY | O_APPEND);
	FSX_CHECK(f->append >= 0);
}

static void make_file(struct fsx_file *f, unsigned int name)
{
	memset(f->bytes, 0, FSX_WINDOW);
	f->base = bases[fsx_below(ARRAY_SIZE(bases))];
	f->size = 0;
	f->names = 1;
	f->map = NULL;
	named[name] = f;
	fsx_note("create", (uint64_t)(f - fsx_files), name, f->base, 0);
	open_by(f, name, O_CREAT | O_EXCL);
}

/* One name less; a file that has none left lives on by its descriptor for a time. */
static void forget(unsigned int name)
{
	struct fsx_file *f = named[name];

	named[name] = NULL;
	f->names--;
	if (f->names || fsx_below(3))
		return;
	fsx_note("close the last", (uint64_t)(f - fsx_files), 0, 0, 0);
	fsx_verify(f);
	fsx_unmap(f);
	close_file(f);
}

struct fsx_file *fsx_some_file(void)
{
	struct fsx_file *f = &fsx_files[fsx_below(FSX_FILES)];
	unsigned int name = (unsigned int)fsx_below(FSX_NAMES);

	if (f->fd >= 0 && !f->names && fsx_below(50) == 0) {
		fsx_note("close the nameless", (uint64_t)(f - fsx_files), 0, 0, 0);
		fsx_unmap(f);
		close_file(f);
	}
	if (f->fd >= 0)
		return f;
	if (named[name]) {
		fsx_note("unlink", name, 0, 0, 0);
		FSX_CHECK(unlink(path_of(name)) == 0);
		forget(name);
	}
	make_file(f, name);
	return f;
}

void fsx_reopen(struct fsx_file *f)
{
	int name = name_of(f);

	fsx_note("reopen", (uint64_t)(f - fsx_files), (uint64_t)name, 0, 0);
	if (name < 0)
		return;
	close_file(f);
	open_by(f, (unsigned int)name, 0);
}

/* --- steps --------------------------------------------------------------------------- */

static void step_link(unsigned int from, unsigned int to)
{
	int ret;

	fsx_note("link", from, to, 0, 0);
	ret = link(path_of(from), path_of(to));
	if (!named[from] || named[to]) {
		FSX_CHECK(ret == -1 && errno == (named[from] ? EEXIST : ENOENT));
		return;
	}
	FSX_CHECK(ret == 0);
	named[to] = named[from];
	named[to]->names++;
}

static void step_unlink(unsigned int name)
{
	int ret;

	fsx_note("unlink", name, 0, 0, 0);
	ret = unlink(path_of(name));
	if (!named[name]) {
		FSX_CHECK(ret == -1 && errno == ENOENT);
		return;
	}
	FSX_CHECK(ret == 0);
	forget(name);
}

static void step_rename(unsigned int from, unsigned int to)
{
	struct fsx_file *was = named[to];
	int ret;

	fsx_note("rename", from, to, 0, 0);
	ret = rename(path_of(from), path_of(to));
	if (!named[from]) {
		FSX_CHECK(ret == -1 && errno == ENOENT);
		return;
	}
	FSX_CHECK(ret == 0);
	if (was == named[from]) /* two names of one file: nothing happens */
		return;
	if (was)
		forget(to);
	named[to] = named[from];
	named[from] = NULL;
}

/* A directory moves with its files, and comes back; one that is full stays. */
static void step_dir(void)
{
	const char *dir = fsx_below(2) ? "one" : "two";

	fsx_note("move directory", dir[0] == 't', 0, 0, 0);
	FSX_CHECK(rename(dir, "moved") == 0);
	FSX_CHECK(mkdir(dir, 0700) == 0);
	FSX_CHECK(rename("moved", dir) == 0);
	FSX_CHECK(symlink(dir, "link") == 0);
	FSX_CHECK(access("link/.", R_OK) == 0);
	FSX_CHECK(unlink("link") == 0);
	FSX_CHECK(rmdir(".") == -1);
}

void fsx_names_step(void)
{
	unsigned int a = (unsigned int)fsx_below(FSX_NAMES);
	unsigned int b = (unsigned int)fsx_below(FSX_NAMES);

	switch (fsx_below(8)) {
	case 0:
	case 1:
		step_link(a, b);
		break;
	case 2:
	case 3:
		step_unlink(a);
		break;
	case 4:
	case 5:
	case 6:
		step_rename(a, b);
		break;
	default:
		step_dir();
		break;
	}
}

/* --- the whole ------------------------------------------------------------------------- */

/* Counts the directory's names of files, each of which must be in the model. */
static unsigned int count_names(const char *dir)
{
	static char buf[4096];
	int fd = open(dir, O_RDONLY | O_DIRECTORY);
	unsigned int count = 0;
	ssize_t n;

	FSX_CHECK(fd >= 0);
	while ((n = getdents64(fd, buf, sizeof(buf))) > 0) {
		for (ssize_t at = 0; at < n;) {
			struct dirent64 *e = (struct dirent64 *)(buf + at);

			at += e->d_reclen;
			if (e->d_name[0] != 'f')
				continue;
			count++;
			if (!named[strtoul(e->d_name + 1, NULL, 10) % FSX_NAMES])
				fsx_fail("%s/%s should not be there", dir, e->d_name);
		}
	}
	FSX_CHECK(n == 0);
	close(fd);
	return count;
}

void fsx_names_verify(void)
{
	unsigned int want = 0, have;
	struct stat a, b;

	fsx_note("verify names", 0, 0, 0, 0);
	for (unsigned int i = 0; i < FSX_NAMES; i++) {
		int ret = stat(path_of(i), &a);

		want += named[i] != NULL;
		if (!named[i]) {
			FSX_CHECK(ret == -1 && errno == ENOENT);
			continue;
		}
		FSX_CHECK(ret == 0 && fstat(named[i]->fd, &b) == 0);
		if (a.st_ino != b.st_ino)
			fsx_fail("%s leads to another file", path_of(i));
	}
	have = count_names(".") + count_names("one") + count_names("two");
	if (have != want)
		fsx_fail("%u names in the directories, not %u", have, want);
}

void fsx_names_end(void)
{
	for (int i = 0; i < FSX_FILES; i++) {
		if (fsx_files[i].fd < 0)
			continue;
		fsx_verify(&fsx_files[i]);
		fsx_unmap(&fsx_files[i]);
		close_file(&fsx_files[i]);
	}
	for (unsigned int i = 0; i < FSX_NAMES; i++) {
		if (named[i])
			FSX_CHECK(unlink(path_of(i)) == 0);
	}
	FSX_CHECK(rmdir("one") == 0 && rmdir("two") == 0);
}
