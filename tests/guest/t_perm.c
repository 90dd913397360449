/*
 * Permissions: who may read, write, search, remove; modes, owners, the umask.
 * As root the cases act in a child that became user 1000; as an ordinary user
 * some cannot be set up and are skipped.
 */
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <test.h>
#include <unistd.h>

#define USER 1000
#define OTHER 1001

static mode_t mode_of(const char *path)
{
	struct stat st;

	CHECK_OK(stat(path, &st));
	return st.st_mode & 07777;
}

static void make_owned(const char *path, mode_t mode, uid_t uid, gid_t gid)
{
	test_make_file(path, "text");
	CHECK_OK(chown(path, uid, gid));
	CHECK_OK(chmod(path, mode));
}

/* ---- modes -------------------------------------------------------------- */

static void chmod_changes(void)
{
	struct stat st;
	int fd;

	test_scratch();
	test_make_file("f", "");
	CHECK_OK(chmod("f", 0));
	CHECK_EQ(mode_of("f"), 0);
	CHECK_OK(chmod("f", 0777));
	CHECK_EQ(mode_of("f"), 0777);
	CHECK_OK(chmod("f", 04755));
	CHECK_EQ(mode_of("f"), 04755);
	fd = (int)CHECK_OK(open("f", O_RDONLY));
	CHECK_OK(fchmod(fd, 0640));
	CHECK_EQ(mode_of("f"), 0640);
	CHECK_OK(symlink("f", "s"));
	CHECK_OK(chmod("s", 0600));
	CHECK_EQ(mode_of("f"), 0600);
	CHECK_OK(lstat("s", &st));
	CHECK_EQ(st.st_mode & 0777, 0777);
	CHECK_ERR(chmod("missing", 0644), ENOENT);
}

static void umask_filters(void)
{
	test_scratch();
	CHECK_EQ(umask(027), 022);
	CHECK_OK(close((int)CHECK_OK(open("f", O_CREAT | O_WRONLY, 0777))));
	CHECK_EQ(mode_of("f"), 0750);
	CHECK_OK(mkdir("d", 0777));
	CHECK_EQ(mode_of("d"), 0750);
	CHECK_OK(mkfifo("p", 0666));
	CHECK_EQ(mode_of("p"), 0640);
	/* Only the nine permission bits count. */
	CHECK_EQ(umask(07777), 027);
	CHECK_EQ(umask(0), 0777);
	CHECK_OK(chmod("f", 0777));
	CHECK_EQ(mode_of("f"), 0777);
}

static void umask_is_inherited(void)
{
	pid_t pid;

	umask(077);
	pid = test_fork();
	if (pid == 0) {
		CHECK_EQ(umask(0), 077);
		_exit(0);
	}
	test_wait_ok(pid);
	CHECK_EQ(umask(022), 077);
}

/* ---- owners ------------------------------------------------------------- */

static void chown_as_root(void)
{
	struct stat st;
	int fd;

	test_need_root();
	test_scratch();
	test_make_file("f", "");
	CHECK_OK(chown("f", 1, 2));
	CHECK_OK(stat("f", &st));
	CHECK_EQ(st.st_uid, 1);
	CHECK_EQ(st.st_gid, 2);
	CHECK_OK(chown("f", (uid_t)-1, 3));
	CHECK_OK(chown("f", 4, (gid_t)-1));
	CHECK_OK(stat("f", &st));
	CHECK_EQ(st.st_uid, 4);
	CHECK_EQ(st.st_gid, 3);
	CHECK_OK(symlink("f", "s"));
	CHECK_OK(lchown("s", 7, 8));
	CHECK_OK(stat("s", &st));
	CHECK_EQ(st.st_uid, 4);
	CHECK_OK(lstat("s", &st));
	CHECK_EQ(st.st_uid, 7);
	fd = (int)CHECK_OK(open("f", O_RDONLY));
	CHECK_OK(fchown(fd, 9, 9));
	CHECK_OK(fstat(fd, &st));
	CHECK_EQ(st.st_uid, 9);
}

static void chown_clears_setuid(void)
{
	test_need_root();
	test_scratch();
	make_owned("f", 06755, 0, 0);
	CHECK_OK(chown("f", 1, 1));
	CHECK_EQ(mode_of("f"), 0755);
	/* setgid without group execute is something else and stays. */
	make_owned("g", 02644, 0, 0);
	CHECK_OK(chown("g", 1, 1));
	CHECK_EQ(mode_of("g") & 04000, 0);
}

static void try_chown(void)
{
	CHECK_ERR(chown("f", OTHER, (gid_t)-1), EPERM);
	CHECK_ERR(chown("f", (uid_t)-1, OTHER), EPERM);
	CHECK_OK(chown("f", getuid(), getgid()));
	CHECK_OK(chown("f", (uid_t)-1, (gid_t)-1));
}

static void chown_as_user(void)
{
	test_scratch();
	test_make_file("f", "");
	if (test_is_root())
		CHECK_OK(chown("f", USER, USER));
	test_as_user(try_chown);
}

static void try_foreign(void)
{
	CHECK_ERR(chmod("f", 0777), EPERM);
	CHECK_ERR(chown("f", getuid(), getgid()), EPERM);
	CHECK_ERR(truncate("f", 0), EACCES);
	CHECK_ERR(utimensat(AT_FDCWD, "f", NULL, 0), EACCES);
}

static void foreign_file(void)
{
	test_need_root();
	test_scratch();
	make_owned("f", 0644, 0, 0);
	test_as_user(try_foreign);
}

/* ---- the three classes -------------------------------------------------- */

static void check_may(const char *path, int read_ok, int write_ok)
{
	int fd = open(path, O_RDONLY);

	CHECK_EQ(fd >= 0, read_ok);
	if (fd < 0)
		CHECK_EQ(errno, EACCES);
	CHECK_EQ(access(path, R_OK) == 0, read_ok);
	fd = open(path, O_WRONLY);
	CHECK_EQ(fd >= 0, write_ok);
	if (fd < 0)
		CHECK_EQ(errno, EACCES);
	CHECK_EQ(access(path, W_OK) == 0, write_ok);
}

static void try_classes(void)
{
	check_may("owner", 1, 0);
	check_may("group", 0, 1);
	check_may("other", 1, 1);
	/* The first class that fits decides, even for less. */
	check_may("owner-none", 0, 0);
	check_may("group-none", 0, 0);
}

static void classes(void)
{
	test_need_root();
	test_scratch();
	make_owned("owner", 0400, USER, OTHER);
	make_owned("group", 0020, OTHER, USER);
	make_owned("other", 0006, OTHER, OTHER);
	make_owned("owner-none", 0077, USER, USER);
	make_owned("group-none", 0607, OTHER, USER);
	test_as_user(try_classes);
}

static void supplementary_groups(void)
{
	static const gid_t groups[] = { 50, 60 };
	pid_t pid;

	test_need_root();
	test_scratch();
	make_owned("f", 0040, OTHER, 60);
	pid = test_fork();
	if (pid == 0) {
		CHECK_OK(setgroups(2, groups));
		CHECK_OK(setgid(USER));
		CHECK_OK(setuid(USER));
		check_may("f", 1, 0);
		_exit(0);
	}
	test_wait_ok(pid);
}

static void root_may_all_but_execute(void)
{
	test_need_root();
	test_scratch();
	make_owned("f", 0, OTHER, OTHER);
	CHECK_OK(open("f", O_RDWR));
	CHECK_OK(access("f", R_OK | W_OK));
	CHECK_ERR(access("f", X_OK), EACCES);
	CHECK_OK(mkdir("d", 0));
	CHECK_OK(chown("d", OTHER, OTHER));
	CHECK_OK(chdir("d"));
	test_make_file("inside", "");
}

/* ---- directories -------------------------------------------------------- */

static void try_search(void)
{
	struct stat st;

	/* Search without read. */
	CHECK_OK(stat("x/f", &st));
	CHECK_ERR(open("x", O_RDONLY), EACCES);
	/* Read without search. */
	CHECK_OK(open("r", O_RDONLY));
	CHECK_ERR(stat("r/f", &st), EACCES);
	CHECK_ERR(chdir("r"), EACCES);
	CHECK_ERR(open("r/new", O_CREAT | O_RDWR, 0644), EACCES);
}

static void directory_search(void)
{
	test_scratch();
	CHECK_OK(mkdir("x", 0755));
	CHECK_OK(mkdir("r", 0755));
	test_make_file("x/f", "");
	test_make_file("r/f", "");
	if (test_is_root()) {
		CHECK_OK(chown("x", USER, USER));
		CHECK_OK(chown("r", USER, USER));
	}
	CHECK_OK(chmod("x", 0300));
	CHECK_OK(chmod("r", 0600));
	test_as_user(try_search);
}

static void try_unwritable(void)
{
	CHECK_ERR(open("d/new", O_CREAT | O_RDWR, 0644), EACCES);
	CHECK_ERR(mkdir("d/new", 0755), EACCES);
	CHECK_ERR(symlink("x", "d/new"), EACCES);
	CHECK_ERR(unlink("d/f"), EACCES);
	CHECK_ERR(rename("d/f", "elsewhere"), EACCES);
	CHECK_ERR(rename("mine", "d/mine"), EACCES);
	CHECK_ERR(link("mine", "d/new"), EACCES);
	CHECK_ERR(rmdir("d/sub"), EACCES);
	CHECK_OK(open("d/f", O_RDWR | O_CREAT, 0644));
}

static void directory_write(void)
{
	test_scratch();
	CHECK_OK(mkdir("d", 0755));
	CHECK_OK(mkdir("d/sub", 0755));
	test_make_file("d/f", "");
	test_make_file("mine", "");
	if (test_is_root()) {
		CHECK_OK(chown("d/f", USER, USER));
		CHECK_OK(chown("mine", USER, USER));
	}
	CHECK_OK(chmod("d", 0555));
	test_as_user(try_unwritable);
	CHECK_OK(chmod("d", 0755));
}

static void try_removing_foreign(void)
{
	/* The directory decides, not the file. */
	CHECK_OK(rename("d/foreign", "d/renamed"));
	CHECK_OK(unlink("d/renamed"));
}

static void removing_foreign_files(void)
{
	test_need_root();
	test_scratch();
	CHECK_OK(mkdir("d", 0755));
	make_owned("d/foreign", 0600, 0, 0);
	CHECK_OK(chown("d", USER, USER));
	test_as_user(try_removing_foreign);
}

static void try_sticky(void)
{
	CHECK_ERR(unlink("d/foreign"), EPERM);
	CHECK_ERR(rename("d/foreign", "d/x"), EPERM);
	CHECK_ERR(rename("d/mine", "d/foreign"), EPERM);
	CHECK_OK(rename("d/mine", "d/mine2"));
	CHECK_OK(unlink("d/mine2"));
}

static void sticky_directory(void)
{
	test_need_root();
	test_scratch();
	CHECK_OK(mkdir("d", 0755));
	make_owned("d/foreign", 0666, OTHER, OTHER);
	make_owned("d/mine", 0666, USER, USER);
	CHECK_OK(chmod("d", 01777));
	test_as_user(try_sticky);
}

/* Who is not in the group cannot set the bit, of a directory either. */
static void try_setgid(void)
{
	CHECK_OK(chmod("own", 02777));
	CHECK_EQ(mode_of("own"), 0777);
}

static void setgid_directory_of_a_foreign_group(void)
{
	test_need_root();
	test_scratch();
	CHECK_OK(mkdir("own", 0755));
	CHECK_OK(chown("own", USER, 60));
	test_as_user(try_setgid);
}

/* The bit of a group that one is not in goes even if the umask takes execution away. */
static void try_create_in_setgid(void)
{
	struct stat st;
	int fd;

	umask(0010);
	fd = (int)CHECK_OK(open("d/f", O_CREAT | O_RDWR, 02777));
	CHECK_OK(fstat(fd, &st));
	CHECK_EQ(st.st_gid, 60);
	CHECK_EQ(st.st_mode & 07777, 0767);
	CHECK_OK(mknod("d/reg", S_IFREG | 02666, 0)); /* no execution: it stays */
	CHECK_OK(stat("d/reg", &st));
	CHECK_EQ(st.st_mode & 07777, 02666);
}

static void setgid_files_in_it(void)
{
	test_need_root();
	test_scratch();
	CHECK_OK(mkdir("d", 0755));
	CHECK_OK(chown("d", 0, 60));
	CHECK_OK(chmod("d", 02777));
	test_as_user(try_create_in_setgid);
}

static void setgid_directory(void)
{
	struct stat st;

	test_need_root();
	test_scratch();
	CHECK_OK(mkdir("d", 0755));
	CHECK_OK(chown("d", 0, 60));
	CHECK_OK(chmod("d", 02755));
	test_make_file("d/f", "");
	CHECK_OK(stat("d/f", &st));
	CHECK_EQ(st.st_gid, 60);
	CHECK_OK(mkdir("d/sub", 0755));
	CHECK_OK(stat("d/sub", &st));
	CHECK_EQ(st.st_gid, 60);
	CHECK_EQ(st.st_mode & 02000, 02000);
}

/* ---- checks at the right moment ----------------------------------------- */

static void open_file_keeps_rights(void)
{
	int fd;

	test_scratch();
	test_make_file("f", "x");
	fd = (int)CHECK_OK(open("f", O_RDWR));
	CHECK_OK(chmod("f", 0));
	CHECK_EQ(write(fd, "y", 1), 1);
}

static void create_with_no_rights(void)
{
	int fd;

	test_scratch();
	/* The mode does not bind the open that makes the file. */
	fd = (int)CHECK_OK(open("f", O_RDWR | O_CREAT, 0));
	CHECK_EQ(write(fd, "x", 1), 1);
	CHECK_EQ(mode_of("f"), 0);
}

static void try_access(void)
{
	/* Effective user 0 again, real user still 1000. */
	CHECK_OK(setresuid(USER, 0, 0));
	CHECK_ERR(access("f", R_OK), EACCES);
	CHECK_OK(open("f", O_RDONLY));
}

static void access_asks_for_the_real_user(void)
{
	pid_t pid;

	test_need_root();
	test_scratch();
	make_owned("f", 0600, 0, 0);
	pid = test_fork();
	if (pid == 0) {
		try_access();
		_exit(0);
	}
	test_wait_ok(pid);
}

static void try_mknod(void)
{
	CHECK_ERR(mknod("dev", S_IFCHR | 0666, 0x103), EPERM);
	CHECK_OK(mknod("fifo", S_IFIFO | 0666, 0));
	CHECK_OK(mknod("reg", S_IFREG | 0600, 0));
	CHECK_ERR(mknod("dir", S_IFDIR | 0755, 0), EPERM);
}

static void devices_need_root(void)
{
	test_scratch();
	test_as_user(try_mknod);
}

static const struct test_case cases[] = {
	{ "chmod", chmod_changes },
	{ "umask", umask_filters },
	{ "umask and fork", umask_is_inherited },
	{ "chown: as root", chown_as_root },
	{ "chown: clears setuid", chown_clears_setuid },
	{ "chown: as user", chown_as_user },
	{ "a foreign file", foreign_file },
	{ "owner, group, others", classes },
	{ "supplementary groups", supplementary_groups },
	{ "root may all but execute", root_may_all_but_execute },
	{ "directory: search and read", directory_search },
	{ "directory: write", directory_write },
	{ "directory: removing foreign files", removing_foreign_files },
	{ "directory: sticky", sticky_directory },
	{ "directory: setgid", setgid_directory },
	{ "directory: setgid of a foreign group",
	  setgid_directory_of_a_foreign_group },
	{ "directory: setgid files of a foreign group", setgid_files_in_it },
	{ "open file keeps its rights", open_file_keeps_rights },
	{ "create with no rights", create_with_no_rights },
	{ "access asks for the real user", access_asks_for_the_real_user },
	{ "devices need root", devices_need_root },
};

TEST_MAIN(cases)
