/*
 * Directories and names: mkdir, rmdir, unlink, link, symlink, rename and
 * reading directories.
 */
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <test.h>
#include <unistd.h>

static int exists(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0;
}

static struct stat stat_of(const char *path)
{
	struct stat st;

	CHECK_OK(lstat(path, &st));
	return st;
}

static void check_contents(const char *path, const char *wanted)
{
	char buf[64];

	test_read_file(path, buf, sizeof(buf));
	CHECK_STR(buf, wanted);
}

/* ---- mkdir and rmdir ---------------------------------------------------- */

static void mkdir_makes(void)
{
	struct stat st;

	test_scratch();
	CHECK_OK(mkdir("d", 0750));
	st = stat_of("d");
	CHECK_EQ(st.st_mode, S_IFDIR | 0750);
	CHECK_OK(mkdir("d/e", 0777));
	CHECK_EQ(stat_of("d/e").st_mode, S_IFDIR | 0755);
	CHECK_OK(mkdir("slash/", 0755));
	CHECK(exists("slash"));
}

static void mkdir_errors(void)
{
	test_scratch();
	test_make_file("f", "");
	CHECK_OK(mkdir("d", 0755));
	CHECK_ERR(mkdir("d", 0755), EEXIST);
	CHECK_ERR(mkdir("f", 0755), EEXIST);
	CHECK_ERR(mkdir("missing/d", 0755), ENOENT);
	CHECK_ERR(mkdir("f/d", 0755), ENOTDIR);
	CHECK_ERR(mkdir("", 0755), ENOENT);
	CHECK_ERR(mkdir("/", 0755), EEXIST);
	CHECK_ERR(mkdir(".", 0755), EEXIST);
	CHECK_OK(symlink("nowhere", "s"));
	CHECK_ERR(mkdir("s", 0755), EEXIST);
}

static void rmdir_removes(void)
{
	test_scratch();
	CHECK_OK(mkdir("d", 0755));
	CHECK_OK(mkdir("d/e", 0755));
	CHECK_ERR(rmdir("d"), ENOTEMPTY);
	CHECK_OK(rmdir("d/e/"));
	CHECK_OK(rmdir("d"));
	CHECK(!exists("d"));
}

static void rmdir_errors(void)
{
	test_scratch();
	test_make_file("f", "");
	CHECK_ERR(rmdir("f"), ENOTDIR);
	CHECK_ERR(rmdir("missing"), ENOENT);
	CHECK_OK(mkdir("d", 0755));
	CHECK_ERR(rmdir("d/."), EINVAL);
	CHECK_OK(mkdir("d/e", 0755));
	CHECK_ERR(rmdir("d/e/.."), ENOTEMPTY);
	CHECK_OK(symlink("d", "s"));
	CHECK_ERR(rmdir("s"), ENOTDIR);
	CHECK_ERR(rmdir("/"), EBUSY);
}

static void links_of_directories(void)
{
	test_scratch();
	CHECK_OK(mkdir("d", 0755));
	CHECK_EQ(stat_of("d").st_nlink, 2);
	CHECK_OK(mkdir("d/a", 0755));
	CHECK_OK(mkdir("d/b", 0755));
	test_make_file("d/f", "");
	CHECK_EQ(stat_of("d").st_nlink, 4);
	CHECK_OK(rmdir("d/a"));
	CHECK_EQ(stat_of("d").st_nlink, 3);
}

static void dot_entries(void)
{
	struct stat here;
	struct stat there;

	test_scratch();
	CHECK_OK(mkdir("d", 0755));
	here = stat_of(".");
	there = stat_of("d/..");
	CHECK_EQ(here.st_ino, there.st_ino);
	CHECK_EQ(stat_of("d/.").st_ino, stat_of("d").st_ino);
	CHECK_EQ(stat_of("/..").st_ino, stat_of("/").st_ino);
}

/* ---- unlink ------------------------------------------------------------- */

static void unlink_removes(void)
{
	test_scratch();
	test_make_file("f", "");
	CHECK_OK(unlink("f"));
	CHECK(!exists("f"));
	CHECK_ERR(unlink("f"), ENOENT);
	CHECK_OK(mkdir("d", 0755));
	CHECK_ERR(unlink("d"), EISDIR);
	CHECK_OK(symlink("d", "s"));
	CHECK_OK(unlink("s"));
	CHECK(exists("d"));
	test_make_file("f", "");
	CHECK_ERR(unlink("f/"), ENOTDIR);
}

static void unlinkat_with_flag(void)
{
	int fd;

	test_scratch();
	test_make_file("f", "");
	CHECK_OK(mkdir("d", 0755));
	fd = (int)CHECK_OK(open(".", O_RDONLY));
	CHECK_ERR(unlinkat(fd, "f", AT_REMOVEDIR), ENOTDIR);
	CHECK_ERR(unlinkat(fd, "d", 0), EISDIR);
	CHECK_ERR(unlinkat(fd, "f", 0x7000), EINVAL);
	CHECK_OK(unlinkat(fd, "d", AT_REMOVEDIR));
	CHECK_OK(unlinkat(fd, "f", 0));
}

/* ---- hard links --------------------------------------------------------- */

static void link_counts(void)
{
	test_scratch();
	test_make_file("a", "same");
	CHECK_OK(link("a", "b"));
	CHECK_EQ(stat_of("a").st_nlink, 2);
	CHECK_EQ(stat_of("a").st_ino, stat_of("b").st_ino);
	CHECK_OK(unlink("a"));
	check_contents("b", "same");
	CHECK_EQ(stat_of("b").st_nlink, 1);
}

static void link_errors(void)
{
	test_scratch();
	test_make_file("a", "");
	test_make_file("b", "");
	CHECK_OK(mkdir("d", 0755));
	CHECK_ERR(link("a", "b"), EEXIST);
	CHECK_ERR(link("missing", "c"), ENOENT);
	CHECK_ERR(link("d", "c"), EPERM);
	CHECK_ERR(link("a", "missing/c"), ENOENT);
	CHECK_ERR(link("a", "b/c"), ENOTDIR);
}

static void link_to_a_link(void)
{
	test_scratch();
	test_make_file("f", "x");
	CHECK_OK(symlink("f", "s"));
	CHECK_OK(link("s", "t"));
	CHECK(S_ISLNK(stat_of("t").st_mode));
	CHECK_OK(linkat(AT_FDCWD, "s", AT_FDCWD, "g", AT_SYMLINK_FOLLOW));
	CHECK(S_ISREG(stat_of("g").st_mode));
}

/* ---- symbolic links ----------------------------------------------------- */

static void symlink_and_readlink(void)
{
	char buf[16];
	struct stat st;

	test_scratch();
	CHECK_OK(symlink("target", "s"));
	memset(buf, '#', sizeof(buf));
	CHECK_EQ(readlink("s", buf, sizeof(buf)), 6);
	CHECK_EQ(memcmp(buf, "target##", 8), 0);
	CHECK_EQ(readlink("s", buf, 3), 3);
	st = stat_of("s");
	CHECK_EQ(st.st_mode, S_IFLNK | 0777);
	CHECK_EQ(st.st_size, 6);
	CHECK_ERR(stat("s", &st), ENOENT);
	test_make_file("target", "x");
	CHECK_OK(stat("s", &st));
	CHECK(S_ISREG(st.st_mode));
}

static void symlink_errors(void)
{
	char buf[16];

	test_scratch();
	test_make_file("f", "");
	CHECK_ERR(symlink("x", "f"), EEXIST);
	CHECK_ERR(symlink("", "s"), ENOENT);
	CHECK_ERR(symlink("x", "missing/s"), ENOENT);
	CHECK_ERR(readlink("f", buf, sizeof(buf)), EINVAL);
	CHECK_ERR(readlink("missing", buf, sizeof(buf)), ENOENT);
	CHECK_OK(symlink("f", "s"));
	CHECK_ERR(readlink("s", buf, 0), EINVAL);
}

static void symlink_long(void)
{
	char target[PATH_MAX];
	char buf[PATH_MAX];

	test_scratch();
	memset(target, 'a', sizeof(target));
	target[1000] = '\0';
	CHECK_OK(symlink(target, "s"));
	CHECK_EQ(readlink("s", buf, sizeof(buf)), 1000);
	CHECK_EQ(memcmp(buf, target, 1000), 0);
	target[1000] = 'a';
	target[PATH_MAX - 1] = '\0';
	CHECK_ERR(open("s", O_RDONLY), ENAMETOOLONG);
}

/* ---- rename ------------------------------------------------------------- */

static void rename_moves(void)
{
	ino_t ino;

	test_scratch();
	test_make_file("a", "text");
	ino = stat_of("a").st_ino;
	CHECK_OK(rename("a", "b"));
	CHECK(!exists("a"));
	CHECK_EQ(stat_of("b").st_ino, ino);
	CHECK_OK(mkdir("d", 0755));
	CHECK_OK(rename("b", "d/c"));
	check_contents("d/c", "text");
}

static void rename_replaces(void)
{
	struct stat st;
	int fd;

	test_scratch();
	test_make_file("a", "new");
	test_make_file("b", "old");
	fd = (int)CHECK_OK(open("b", O_RDONLY));
	CHECK_OK(rename("a", "b"));
	check_contents("b", "new");
	CHECK_OK(fstat(fd, &st));
	CHECK_EQ(st.st_nlink, 0);
}

static void rename_same_file(void)
{
	test_scratch();
	test_make_file("a", "x");
	CHECK_OK(rename("a", "a"));
	CHECK_OK(link("a", "b"));
	/* Two names of one file: nothing happens. */
	CHECK_OK(rename("a", "b"));
	CHECK(exists("a") && exists("b"));
}

static void rename_directories(void)
{
	test_scratch();
	CHECK_OK(mkdir("a", 0755));
	test_make_file("a/f", "inside");
	CHECK_OK(rename("a", "b"));
	check_contents("b/f", "inside");
	CHECK_OK(mkdir("empty", 0755));
	CHECK_OK(rename("b", "empty"));
	check_contents("empty/f", "inside");
	CHECK_OK(mkdir("other", 0755));
	CHECK_ERR(rename("other", "empty"), ENOTEMPTY);
}

static void rename_across_parents(void)
{
	test_scratch();
	CHECK_OK(mkdir("a", 0755));
	CHECK_OK(mkdir("b", 0755));
	CHECK_OK(mkdir("a/x", 0755));
	CHECK_OK(rename("a/x", "b/x"));
	CHECK_EQ(stat_of("a").st_nlink, 2);
	CHECK_EQ(stat_of("b").st_nlink, 3);
	CHECK_EQ(stat_of("b/x/..").st_ino, stat_of("b").st_ino);
}

static void rename_errors(void)
{
	test_scratch();
	test_make_file("f", "");
	CHECK_OK(mkdir("d", 0755));
	CHECK_OK(mkdir("d/e", 0755));
	CHECK_ERR(rename("missing", "x"), ENOENT);
	CHECK_ERR(rename("f", "d"), EISDIR);
	CHECK_ERR(rename("d", "f"), ENOTDIR);
	CHECK_ERR(rename("d", "d/e/x"), EINVAL);
	CHECK_ERR(rename("d", "d/x"), EINVAL);
	CHECK_ERR(rename("d/e", "d"), ENOTEMPTY);
	CHECK_ERR(rename("f", "missing/x"), ENOENT);
	CHECK_ERR(rename(".", "x"), EBUSY);
	CHECK_ERR(rename("f", "x/"), ENOTDIR);
}

static void rename_links(void)
{
	test_scratch();
	test_make_file("f", "x");
	CHECK_OK(symlink("f", "s"));
	CHECK_OK(rename("s", "t"));
	CHECK(S_ISLNK(stat_of("t").st_mode));
	CHECK(exists("f"));
	/* The link is replaced, not what it points at. */
	test_make_file("g", "y");
	CHECK_OK(rename("g", "t"));
	CHECK(S_ISREG(stat_of("t").st_mode));
	check_contents("f", "x");
}

/* ---- reading directories ------------------------------------------------ */

/* Counts entries; fails on a name that comes twice. */
static int count_entries(const char *path, size_t buf_size)
{
	static char buf[32768];
	static char seen[512][16];
	struct dirent64 *d;
	int count = 0;
	long len;
	long at;
	int i;
	int fd = (int)CHECK_OK(open(path, O_RDONLY | O_DIRECTORY));

	while ((len = CHECK_OK(getdents64(fd, buf, buf_size))) > 0) {
		for (at = 0; at < len; at += d->d_reclen) {
			d = (struct dirent64 *)(buf + at);
			CHECK_EQ(d->d_reclen % 8, 0);
			for (i = 0; i < count; i++)
				CHECK(strcmp(seen[i], d->d_name) != 0);
			snprintf(seen[count++], 16, "%s", d->d_name);
		}
	}
	CHECK_OK(close(fd));
	return count;
}

static void getdents_lists_all(void)
{
	char name[16];
	int i;

	test_scratch();
	CHECK_EQ(count_entries(".", 32768), 2);
	for (i = 0; i < 300; i++) {
		snprintf(name, sizeof(name), "file%d", i);
		test_make_file(name, "");
	}
	CHECK_EQ(count_entries(".", 32768), 302);
	CHECK_EQ(count_entries(".", 256), 302);
	CHECK_OK(unlink("file7"));
	CHECK_EQ(count_entries(".", 1000), 301);
}

static void getdents_types(void)
{
	static char buf[1024] __attribute__((aligned(8)));
	struct dirent64 *d;
	struct stat st;
	long len;
	long at;
	int fd;

	test_scratch();
	test_make_file("file", "");
	CHECK_OK(mkdir("dir", 0755));
	CHECK_OK(symlink("file", "link"));
	CHECK_OK(mkfifo("pipe", 0644));
	fd = (int)CHECK_OK(open(".", O_RDONLY));
	len = CHECK_OK(getdents64(fd, buf, sizeof(buf)));
	for (at = 0; at < len; at += d->d_reclen) {
		d = (struct dirent64 *)(buf + at);
		if (strcmp(d->d_name, "..") == 0)
			continue;
		st = stat_of(d->d_name);
		CHECK_EQ(d->d_ino, st.st_ino);
		if (d->d_type != DT_UNKNOWN)
			CHECK_EQ(d->d_type, (st.st_mode & S_IFMT) >> 12);
	}
	CHECK_EQ(getdents64(fd, buf, sizeof(buf)), 0);
	CHECK_EQ(lseek(fd, 0, SEEK_SET), 0);
	CHECK_EQ(getdents64(fd, buf, sizeof(buf)), len);
}

static void getdents_errors(void)
{
	char buf[1024];
	int fd;

	test_scratch();
	test_make_file("f", "");
	fd = (int)CHECK_OK(open("f", O_RDONLY));
	CHECK_ERR(getdents64(fd, buf, sizeof(buf)), ENOTDIR);
	CHECK_ERR(getdents64(99, buf, sizeof(buf)), EBADF);
	fd = (int)CHECK_OK(open(".", O_RDONLY));
	CHECK_ERR(getdents64(fd, buf, 8), EINVAL);
	CHECK_ERR(getdents64(fd, test_bad_pointer, 1024), EFAULT);
}

static void getdents_while_removing(void)
{
	static char buf[256] __attribute__((aligned(8)));
	struct dirent64 *d;
	int removed = 0;
	char name[16];
	long len;
	long at;
	int fd;
	int i;

	test_scratch();
	for (i = 0; i < 100; i++) {
		snprintf(name, sizeof(name), "%d", i);
		test_make_file(name, "");
	}
	fd = (int)CHECK_OK(open(".", O_RDONLY));
	while ((len = CHECK_OK(getdents64(fd, buf, sizeof(buf)))) > 0) {
		for (at = 0; at < len; at += d->d_reclen) {
			d = (struct dirent64 *)(buf + at);
			if (d->d_name[0] == '.')
				continue;
			CHECK_OK(unlink(d->d_name));
			removed++;
		}
	}
	/* Removing what was listed must hide nothing else. */
	CHECK_EQ(removed, 100);
}

/* ---- removed directories ------------------------------------------------ */

static void removed_directory(void)
{
	char buf[64];
	int fd;

	test_scratch();
	CHECK_OK(mkdir("d", 0755));
	CHECK_OK(chdir("d"));
	fd = (int)CHECK_OK(open(".", O_RDONLY));
	CHECK_OK(rmdir("../d"));
	CHECK(getcwd(buf, sizeof(buf)) == NULL);
	CHECK_EQ(errno, ENOENT);
	CHECK_ERR(open("f", O_CREAT | O_WRONLY, 0644), ENOENT);
	CHECK_ERR(mkdir("e", 0755), ENOENT);
	CHECK_ERR(openat(fd, "f", O_CREAT | O_WRONLY, 0644), ENOENT);
	CHECK_OK(chdir(".."));
}

static long size_of(const char *path)
{
	struct stat st;

	CHECK_OK(stat(path, &st));
	return st.st_size;
}

/* A directory shows 20 bytes a name, "." and ".." too, as tmpfs does. */
static void size_of_directories(void)
{
	CHECK_OK(chdir("/dev/shm")); /* the root may be anything */
	CHECK_OK(mkdir("d", 0755));
	CHECK_EQ(size_of("d"), 40);
	test_make_file("d/a", "x");
	CHECK_OK(mkdir("d/sub", 0755));
	CHECK_OK(link("d/a", "d/b"));
	CHECK_EQ(size_of("d"), 100);
	CHECK_OK(rename("d/b", "d/sub/b"));
	CHECK_EQ(size_of("d"), 80);
	CHECK_EQ(size_of("d/sub"), 60);
	CHECK_OK(rename("d/a", "d/c"));
	test_make_file("d/a", "x");
	CHECK_OK(rename("d/a", "d/c"));
	CHECK_EQ(size_of("d"), 80);
	CHECK_OK(unlink("d/c"));
	CHECK_OK(unlink("d/sub/b"));
	CHECK_OK(rmdir("d/sub"));
	CHECK_EQ(size_of("d"), 40);
	CHECK_OK(rmdir("d"));
}

static const struct test_case cases[] = {
	{ "size of directories", size_of_directories },
	{ "mkdir", mkdir_makes },
	{ "mkdir: errors", mkdir_errors },
	{ "rmdir", rmdir_removes },
	{ "rmdir: errors", rmdir_errors },
	{ "link count of directories", links_of_directories },
	{ "dot and dot-dot", dot_entries },
	{ "unlink", unlink_removes },
	{ "unlinkat: AT_REMOVEDIR", unlinkat_with_flag },
	{ "link: counts", link_counts },
	{ "link: errors", link_errors },
	{ "link: to a symbolic link", link_to_a_link },
	{ "symlink and readlink", symlink_and_readlink },
	{ "symlink: errors", symlink_errors },
	{ "symlink: long", symlink_long },
	{ "rename: moves", rename_moves },
	{ "rename: replaces", rename_replaces },
	{ "rename: same file", rename_same_file },
	{ "rename: directories", rename_directories },
	{ "rename: across parents", rename_across_parents },
	{ "rename: errors", rename_errors },
	{ "rename: symbolic links", rename_links },
	{ "getdents64: lists all", getdents_lists_all },
	{ "getdents64: types and rewinding", getdents_types },
	{ "getdents64: errors", getdents_errors },
	{ "getdents64: while removing", getdents_while_removing },
	{ "removed directory", removed_directory },
};

TEST_MAIN(cases)
