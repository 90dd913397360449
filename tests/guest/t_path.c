/*
 * Path resolution: relative, absolute, links, dots, slashes, limits, the *at
 * calls, the working directory.
 */
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <syscall.h>
#include <test.h>
#include <unistd.h>

static struct stat st;

/* d/e/f is a file, l -> d, d/up -> .., abs -> absolute path of d. */
static void make_tree(void)
{
	char cwd[PATH_MAX];

	test_scratch();
	CHECK_OK(mkdir("d", 0755));
	CHECK_OK(mkdir("d/e", 0755));
	test_make_file("d/e/f", "text");
	CHECK_OK(symlink("d", "l"));
	CHECK_OK(symlink("..", "d/up"));
	CHECK(getcwd(cwd, sizeof(cwd) - 2) != NULL);
	strcat(cwd, "/d");
	CHECK_OK(symlink(cwd, "abs"));
}

/* ---- finding ------------------------------------------------------------ */

static void found_by_many_paths(void)
{
	static const char *const paths[] = {
		"d/e/f",
		"./d/e/f",
		"d//e///f",
		"d/./e/./f",
		"d/e/../e/f",
		"d/../d/e/f",
		"l/e/f",
		"abs/e/f",
		"d/up/d/e/f",
		"l/up/l/up/abs/e/f",
		"./././d/e/../../d/e/f",
	};
	ino_t ino;
	size_t i;

	make_tree();
	CHECK_OK(stat("d/e/f", &st));
	ino = st.st_ino;
	for (i = 0; i < ARRAY_SIZE(paths); i++) {
		CHECK_OK(stat(paths[i], &st));
		CHECK_EQ(st.st_ino, ino);
	}
}

static void dot_dot_is_of_the_target(void)
{
	make_tree();
	CHECK_OK(mkdir("far", 0755));
	CHECK_OK(symlink("../d/e", "far/s"));
	/* Where the link points, not where it lies. */
	CHECK_OK(stat("far/s/../e/f", &st));
	CHECK_ERR(stat("far/s/../s", &st), ENOENT);
}

static void above_the_root(void)
{
	ino_t ino;

	CHECK_OK(stat("/", &st));
	ino = st.st_ino;
	CHECK_OK(stat("/../../..", &st));
	CHECK_EQ(st.st_ino, ino);
	CHECK_OK(stat("//", &st));
	CHECK_EQ(st.st_ino, ino);
}

static void missing_and_not_directories(void)
{
	make_tree();
	CHECK_ERR(stat("", &st), ENOENT);
	CHECK_ERR(stat("nothing", &st), ENOENT);
	CHECK_ERR(stat("d/nothing/x", &st), ENOENT);
	CHECK_ERR(stat("d/e/f/x", &st), ENOTDIR);
	CHECK_ERR(stat("d/e/f/.", &st), ENOTDIR);
	CHECK_ERR(stat("d/e/f/..", &st), ENOTDIR);
	CHECK_ERR(stat("nothing/..", &st), ENOENT);
}

static void trailing_slashes(void)
{
	make_tree();
	CHECK_OK(stat("d/", &st));
	CHECK_OK(stat("d///", &st));
	CHECK_ERR(stat("d/e/f/", &st), ENOTDIR);
	CHECK_ERR(open("d/e/f/", O_RDONLY), ENOTDIR);
	CHECK_ERR(open("d/new/", O_RDWR | O_CREAT, 0644), EISDIR);
	CHECK_OK(lstat("l", &st));
	CHECK(S_ISLNK(st.st_mode));
	/* A slash asks for what the link points at. */
	CHECK_OK(lstat("l/", &st));
	CHECK(S_ISDIR(st.st_mode));
}

/* ---- symbolic links ----------------------------------------------------- */

static void link_loops(void)
{
	test_scratch();
	CHECK_OK(symlink("b", "a"));
	CHECK_OK(symlink("a", "b"));
	CHECK_OK(symlink("self", "self"));
	CHECK_ERR(stat("a", &st), ELOOP);
	CHECK_ERR(stat("self", &st), ELOOP);
	CHECK_ERR(stat("self/x", &st), ELOOP);
	CHECK_ERR(open("a", O_RDONLY), ELOOP);
	CHECK_ERR(open("a", O_CREAT | O_RDWR, 0644), ELOOP);
	CHECK_ERR(chdir("b"), ELOOP);
	CHECK_OK(lstat("self", &st));
}

/* Forty links may be followed in one resolution, not forty-one. */
static void link_chain(void)
{
	char name[16];
	char target[16];
	int i;

	test_scratch();
	test_make_file("s0", "x");
	for (i = 1; i <= 41; i++) {
		snprintf(name, sizeof(name), "s%d", i);
		snprintf(target, sizeof(target), "s%d", i - 1);
		CHECK_OK(symlink(target, name));
	}
	CHECK_OK(stat("s40", &st));
	CHECK(S_ISREG(st.st_mode));
	CHECK_ERR(stat("s41", &st), ELOOP);
}

static void link_dangling(void)
{
	test_scratch();
	CHECK_OK(symlink("nowhere/x", "s"));
	CHECK_ERR(stat("s", &st), ENOENT);
	CHECK_ERR(open("s", O_RDONLY), ENOENT);
	CHECK_OK(lstat("s", &st));
	CHECK_ERR(access("s", F_OK), ENOENT);
}

/* ---- limits ------------------------------------------------------------- */

static void name_limit(void)
{
	char name[300];

	test_scratch();
	memset(name, 'n', sizeof(name));
	name[255] = '\0';
	test_make_file(name, "x");
	CHECK_OK(stat(name, &st));
	name[255] = 'n';
	name[256] = '\0';
	CHECK_ERR(open(name, O_CREAT | O_RDWR, 0644), ENAMETOOLONG);
	CHECK_ERR(stat(name, &st), ENAMETOOLONG);
	CHECK_ERR(mkdir(name, 0755), ENAMETOOLONG);
}

static void path_limit(void)
{
	static char path[PATH_MAX + 10];
	size_t i;

	test_scratch();
	test_make_file("f", "x");
	for (i = 0; i < PATH_MAX; i += 2)
		memcpy(path + i, "./", 2);
	/* 4095 bytes and the NUL are just allowed. */
	strcpy(path + PATH_MAX - 2, "f");
	CHECK_EQ(strlen(path), PATH_MAX - 1);
	CHECK_OK(stat(path, &st));
	strcpy(path + PATH_MAX - 2, ".f");
	CHECK_ERR(stat(path, &st), ENAMETOOLONG);
	CHECK_ERR(open(path, O_RDONLY), ENAMETOOLONG);
}

static void deep_tree(void)
{
	char cwd[PATH_MAX];
	size_t before;
	int i;

	test_scratch();
	CHECK(getcwd(cwd, sizeof(cwd)) != NULL);
	before = strlen(cwd);
	for (i = 0; i < 60; i++) {
		CHECK_OK(mkdir("deep", 0755));
		CHECK_OK(chdir("deep"));
	}
	CHECK(getcwd(cwd, sizeof(cwd)) != NULL);
	CHECK_EQ(strlen(cwd), before + 60 * 5);
	test_make_file("f", "bottom");
	strcat(cwd, "/f");
	CHECK_OK(chdir("/"));
	CHECK_OK(stat(cwd, &st));
	CHECK_EQ(st.st_size, 6);
}

/* ---- the working directory ---------------------------------------------- */

static void changing_directory(void)
{
	char before[PATH_MAX];
	char after[PATH_MAX];
	int fd;

	make_tree();
	CHECK(getcwd(before, sizeof(before)) != NULL);
	CHECK_OK(chdir("l/e"));
	CHECK(getcwd(after, sizeof(after)) != NULL);
	CHECK_EQ(strlen(after), strlen(before) + 4);
	CHECK_STR(after + strlen(before), "/d/e");
	CHECK_OK(stat("f", &st));
	fd = (int)CHECK_OK(open("..", O_RDONLY));
	CHECK_OK(chdir("/"));
	CHECK(getcwd(after, sizeof(after)) != NULL);
	CHECK_STR(after, "/");
	CHECK_OK(fchdir(fd));
	CHECK_OK(stat("e/f", &st));
}

static void changing_directory_errors(void)
{
	char buf[PATH_MAX];
	int fd;

	make_tree();
	CHECK_ERR(chdir("nothing"), ENOENT);
	CHECK_ERR(chdir("d/e/f"), ENOTDIR);
	CHECK_ERR(chdir(""), ENOENT);
	fd = (int)CHECK_OK(open("d/e/f", O_RDONLY));
	CHECK_ERR(fchdir(fd), ENOTDIR);
	CHECK_ERR(SYS(getcwd, buf, 2), ERANGE);
	CHECK_ERR(SYS(getcwd, test_bad_pointer, 100), EFAULT);
	/* The kernel counts the NUL. */
	CHECK_EQ(SYS(getcwd, buf, sizeof(buf)), strlen(buf) + 1);
}

static void directory_is_inherited(void)
{
	char here[PATH_MAX];
	char there[PATH_MAX];
	pid_t pid;

	make_tree();
	CHECK_OK(chdir("d"));
	CHECK(getcwd(here, sizeof(here)) != NULL);
	pid = test_fork();
	if (pid == 0) {
		CHECK(getcwd(there, sizeof(there)) != NULL);
		CHECK_STR(there, here);
		CHECK_OK(chdir("e"));
		_exit(0);
	}
	test_wait_ok(pid);
	CHECK(getcwd(there, sizeof(there)) != NULL);
	CHECK_STR(there, here);
}

/* ---- the *at calls ------------------------------------------------------ */

static void at_relative(void)
{
	int d;
	int fd;

	make_tree();
	d = (int)CHECK_OK(open("d", O_RDONLY));
	CHECK_OK(chdir("/"));
	fd = (int)CHECK_OK(openat(d, "e/f", O_RDONLY));
	CHECK_OK(close(fd));
	CHECK_OK(fstatat(d, "e/f", &st, 0));
	CHECK_OK(mkdirat(d, "new", 0755));
	CHECK_OK(symlinkat("e", d, "s"));
	CHECK_OK(fstatat(d, "s", &st, AT_SYMLINK_NOFOLLOW));
	CHECK(S_ISLNK(st.st_mode));
	CHECK_OK(linkat(d, "e/f", d, "g", 0));
	CHECK_OK(renameat(d, "g", d, "new/h"));
	CHECK_OK(faccessat(d, "new/h", R_OK));
	CHECK_OK(fchmodat(d, "new/h", 0600));
	CHECK_OK(unlinkat(d, "new/h", 0));
	CHECK_OK(unlinkat(d, "new", AT_REMOVEDIR));
	CHECK_OK(openat(d, "../d/e/f", O_RDONLY));
}

static void at_errors(void)
{
	int file;

	make_tree();
	file = (int)CHECK_OK(open("d/e/f", O_RDONLY));
	CHECK_ERR(openat(file, "x", O_RDONLY), ENOTDIR);
	CHECK_ERR(openat(99, "x", O_RDONLY), EBADF);
	CHECK_ERR(fstatat(-1, "x", &st, 0), EBADF);
	CHECK_ERR(fstatat(AT_FDCWD, "d", &st, 0x8000), EINVAL);
	CHECK_ERR(fstatat(file, "", &st, 0), ENOENT);
	/* An absolute path does not need the descriptor. */
	CHECK_OK(fstatat(99, "/", &st, 0));
	CHECK_OK(fstatat(AT_FDCWD, "d/e/f", &st, 0));
}

static void at_empty_path(void)
{
	int file;

	make_tree();
	file = (int)CHECK_OK(open("d/e/f", O_RDONLY));
	CHECK_OK(fstatat(file, "", &st, AT_EMPTY_PATH));
	CHECK_EQ(st.st_size, 4);
	CHECK_OK(fstatat(AT_FDCWD, "", &st, AT_EMPTY_PATH));
	CHECK(S_ISDIR(st.st_mode));
}

static void at_of_a_moved_directory(void)
{
	int d;

	make_tree();
	d = (int)CHECK_OK(open("d", O_RDONLY));
	CHECK_OK(rename("d", "moved"));
	CHECK_OK(fstatat(d, "e/f", &st, 0));
	CHECK_ERR(stat("d/e/f", &st), ENOENT);
	CHECK_OK(stat("moved/e/f", &st));
}

static void access_modes(void)
{
	make_tree();
	CHECK_OK(access("d/e/f", F_OK));
	CHECK_OK(access("d/e/f", R_OK | W_OK));
	CHECK_ERR(access("d/e/f", X_OK), EACCES);
	CHECK_OK(access("d", R_OK | W_OK | X_OK));
	CHECK_ERR(access("nothing", F_OK), ENOENT);
	CHECK_ERR(access("d/e/f/x", F_OK), ENOTDIR);
	CHECK_ERR(access("d", 8), EINVAL);
	CHECK_OK(chmod("d/e/f", 0755));
	CHECK_OK(access("d/e/f", X_OK));
}

static const struct test_case cases[] = {
	{ "found by many paths", found_by_many_paths },
	{ "dot-dot is of the link's target", dot_dot_is_of_the_target },
	{ "above the root", above_the_root },
	{ "ENOENT and ENOTDIR", missing_and_not_directories },
	{ "trailing slashes", trailing_slashes },
	{ "links: loops", link_loops },
	{ "links: forty in a chain", link_chain },
	{ "links: dangling", link_dangling },
	{ "limit: 255 bytes a name", name_limit },
	{ "limit: 4095 bytes a path", path_limit },
	{ "sixty directories deep", deep_tree },
	{ "chdir, fchdir, getcwd", changing_directory },
	{ "chdir, getcwd: errors", changing_directory_errors },
	{ "working directory and fork", directory_is_inherited },
	{ "at: relative to a descriptor", at_relative },
	{ "at: errors", at_errors },
	{ "at: AT_EMPTY_PATH", at_empty_path },
	{ "at: of a moved directory", at_of_a_moved_directory },
	{ "access", access_modes },
};

TEST_MAIN(cases)
