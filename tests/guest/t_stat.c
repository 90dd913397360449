/*
 * What stat says: types, sizes, devices, times and who changes which.
 */
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <syscall.h>
#include <test.h>
#include <time.h>
#include <unistd.h>

static struct stat stat_of(const char *path)
{
	struct stat st;

	CHECK_OK(lstat(path, &st));
	return st;
}

static struct timespec at(time_t sec, long nsec)
{
	struct timespec ts = { sec, nsec };

	return ts;
}

/* Sets both times of a file to long ago. */
static void make_old(const char *path)
{
	struct timespec times[2] = { at(1000, 5), at(2000, 6) };

	CHECK_OK(utimensat(AT_FDCWD, path, times, 0));
}

static int recent(unsigned long sec)
{
	time_t now = time(NULL);

	return sec + 30 >= (unsigned long)now && sec <= (unsigned long)now + 1;
}

static void types(void)
{
	int fds[2];
	struct stat st;

	test_scratch();
	test_make_file("f", "");
	CHECK_OK(mkdir("d", 0755));
	CHECK_OK(symlink("f", "s"));
	CHECK_OK(mkfifo("p", 0644));
	CHECK(S_ISREG(stat_of("f").st_mode));
	CHECK(S_ISDIR(stat_of("d").st_mode));
	CHECK(S_ISLNK(stat_of("s").st_mode));
	CHECK(S_ISFIFO(stat_of("p").st_mode));
	CHECK(S_ISCHR(stat_of("/dev/null").st_mode));
	CHECK_OK(pipe(fds));
	CHECK_OK(fstat(fds[0], &st));
	CHECK(S_ISFIFO(st.st_mode));
}

static void sizes(void)
{
	static char block[10000];
	struct stat st;
	int fd;

	test_scratch();
	fd = (int)CHECK_OK(open("f", O_RDWR | O_CREAT, 0644));
	CHECK_EQ(write(fd, block, sizeof(block)), sizeof(block));
	CHECK_OK(fsync(fd));
	st = stat_of("f");
	CHECK_EQ(st.st_size, 10000);
	CHECK(st.st_blksize >= 512);
	CHECK(st.st_blocks >= 10000 / 512);
	CHECK(st.st_blocks < 100);
}

static void inodes_are_different(void)
{
	test_scratch();
	test_make_file("a", "");
	test_make_file("b", "");
	CHECK(stat_of("a").st_ino != stat_of("b").st_ino);
	CHECK_EQ(stat_of("a").st_dev, stat_of("b").st_dev);
	CHECK(stat_of("a").st_ino != 0);
}

static void device_numbers(void)
{
	CHECK_EQ(stat_of("/dev/null").st_rdev, 0x103);
	CHECK_EQ(stat_of("/dev/zero").st_rdev, 0x105);
	CHECK_EQ(stat_of("/dev/full").st_rdev, 0x107);
	CHECK_EQ(stat_of("/dev/random").st_rdev, 0x108);
	CHECK_EQ(stat_of("/dev/urandom").st_rdev, 0x109);
	CHECK_EQ(stat_of("/dev/tty").st_rdev, 0x500);
}

static void stat_and_friends_agree(void)
{
	struct stat a;
	struct stat b;
	int fd;

	test_scratch();
	test_make_file("f", "12345");
	a = stat_of("f");
	fd = (int)CHECK_OK(open("f", O_RDONLY));
	CHECK_OK(fstat(fd, &b));
	CHECK_EQ(memcmp(&a, &b, sizeof(a)), 0);
	CHECK_OK(fstatat(AT_FDCWD, "f", &b, 0));
	CHECK_EQ(memcmp(&a, &b, sizeof(a)), 0);
}

static void statx_agrees(void)
{
	struct statx x;
	struct stat st;

	test_scratch();
	test_make_file("f", "12345");
	st = stat_of("f");
	memset(&x, 0, sizeof(x));
	if (SYS(statx, AT_FDCWD, "f", 0, STATX_BASIC_STATS, &x) < 0 &&
	    errno == ENOSYS)
		test_skip("no statx");
	CHECK_EQ(x.stx_mask & STATX_BASIC_STATS, STATX_BASIC_STATS);
	CHECK_EQ(x.stx_size, 5);
	CHECK_EQ(x.stx_mode, st.st_mode);
	CHECK_EQ(x.stx_ino, st.st_ino);
	CHECK_EQ(x.stx_nlink, 1);
	CHECK_EQ(x.stx_uid, st.st_uid);
	CHECK_EQ(x.stx_mtime.tv_sec, st.st_mtime);
	CHECK_ERR(SYS(statx, AT_FDCWD, "missing", 0, STATX_ALL, &x), ENOENT);
	CHECK_ERR(SYS(statx, AT_FDCWD, "f", 0x8000, STATX_ALL, &x), EINVAL);
}

/* ---- times -------------------------------------------------------------- */

static void new_file_is_new(void)
{
	struct stat st;

	test_scratch();
	test_make_file("f", "");
	st = stat_of("f");
	CHECK(recent(st.st_atime));
	CHECK(recent(st.st_mtime));
	CHECK(recent(st.st_ctime));
}

static void setting_times(void)
{
	struct stat st;

	test_scratch();
	test_make_file("f", "");
	make_old("f");
	st = stat_of("f");
	CHECK_EQ(st.st_atime, 1000);
	CHECK_EQ(st.st_atime_nsec, 5);
	CHECK_EQ(st.st_mtime, 2000);
	CHECK_EQ(st.st_mtime_nsec, 6);
	CHECK(recent(st.st_ctime));
	CHECK_OK(utimensat(AT_FDCWD, "f", NULL, 0));
	st = stat_of("f");
	CHECK(recent(st.st_atime) && recent(st.st_mtime));
}

static void setting_times_partly(void)
{
	struct timespec times[2] = { at(0, UTIME_OMIT), at(7, 8) };
	struct stat st;

	test_scratch();
	test_make_file("f", "");
	make_old("f");
	CHECK_OK(utimensat(AT_FDCWD, "f", times, 0));
	st = stat_of("f");
	CHECK_EQ(st.st_atime, 1000);
	CHECK_EQ(st.st_mtime, 7);
	times[1] = at(0, UTIME_NOW);
	CHECK_OK(utimensat(AT_FDCWD, "f", times, 0));
	st = stat_of("f");
	CHECK_EQ(st.st_atime, 1000);
	CHECK(recent(st.st_mtime));
}

static void setting_times_of_links(void)
{
	struct timespec times[2] = { at(1, 0), at(2, 0) };

	test_scratch();
	test_make_file("f", "");
	CHECK_OK(symlink("f", "s"));
	CHECK_OK(utimensat(AT_FDCWD, "s", times, AT_SYMLINK_NOFOLLOW));
	CHECK_EQ(stat_of("s").st_mtime, 2);
	CHECK(recent(stat_of("f").st_mtime));
	CHECK_OK(utimensat(AT_FDCWD, "s", times, 0));
	CHECK_EQ(stat_of("f").st_mtime, 2);
}

static void setting_times_errors(void)
{
	struct timespec times[2] = { at(0, 1000000000), at(0, 0) };
	int fd;

	test_scratch();
	test_make_file("f", "");
	CHECK_ERR(utimensat(AT_FDCWD, "f", times, 0), EINVAL);
	CHECK_ERR(utimensat(AT_FDCWD, "missing", NULL, 0), ENOENT);
	CHECK_ERR(utimensat(AT_FDCWD, "f", test_bad_pointer, 0), EFAULT);
	/* A null path means the descriptor itself. */
	fd = (int)CHECK_OK(open("f", O_RDONLY));
	make_old("f");
	CHECK_OK(utimensat(fd, NULL, NULL, 0));
	CHECK(recent(stat_of("f").st_mtime));
}

static void write_changes_mtime(void)
{
	struct stat st;
	int fd;

	test_scratch();
	test_make_file("f", "text");
	make_old("f");
	fd = (int)CHECK_OK(open("f", O_WRONLY));
	CHECK_EQ(stat_of("f").st_mtime, 2000);
	CHECK_EQ(write(fd, "x", 1), 1);
	st = stat_of("f");
	CHECK(recent(st.st_mtime));
	CHECK_EQ(st.st_atime, 1000);
	make_old("f");
	CHECK_OK(ftruncate(fd, 1));
	CHECK(recent(stat_of("f").st_mtime));
	make_old("f");
	CHECK_OK(close((int)CHECK_OK(open("f", O_WRONLY | O_TRUNC))));
	CHECK(recent(stat_of("f").st_mtime));
}

static void names_change_the_directory(void)
{
	test_scratch();
	CHECK_OK(mkdir("d", 0755));
	make_old("d");
	test_make_file("d/f", "");
	CHECK(recent(stat_of("d").st_mtime));
	make_old("d");
	CHECK_OK(rename("d/f", "d/g"));
	CHECK(recent(stat_of("d").st_mtime));
	make_old("d");
	CHECK_OK(unlink("d/g"));
	CHECK(recent(stat_of("d").st_mtime));
	make_old("d");
	test_make_file("f", "");
	CHECK_EQ(stat_of("d").st_mtime, 2000);
}

static void chmod_changes_only_ctime(void)
{
	struct stat st;

	test_scratch();
	test_make_file("f", "");
	make_old("f");
	CHECK_OK(chmod("f", 0600));
	st = stat_of("f");
	CHECK_EQ(st.st_mtime, 2000);
	CHECK_EQ(st.st_atime, 1000);
	CHECK(recent(st.st_ctime));
}

static void old_calls_set_times(void)
{
	struct timeval tv[2] = { { 11, 500000 }, { 12, 600000 } };
	long seconds[2] = { 21, 22 };

	test_scratch();
	test_make_file("f", "");
	if (SYS(utimes, "f", tv) < 0 && errno == ENOSYS)
		test_skip("no utimes");
	CHECK_EQ(stat_of("f").st_mtime, 12);
	CHECK_EQ(stat_of("f").st_mtime_nsec, 600000000);
	if (SYS(utime, "f", seconds) < 0 && errno == ENOSYS)
		test_skip("no utime");
	CHECK_EQ(stat_of("f").st_mtime, 22);
}

static const struct test_case cases[] = {
	{ "types", types },
	{ "sizes", sizes },
	{ "inode numbers", inodes_are_different },
	{ "device numbers", device_numbers },
	{ "stat, fstat and fstatat agree", stat_and_friends_agree },
	{ "statx agrees", statx_agrees },
	{ "times: new file", new_file_is_new },
	{ "times: set", setting_times },
	{ "times: set partly", setting_times_partly },
	{ "times: of links", setting_times_of_links },
	{ "times: errors", setting_times_errors },
	{ "times: write and truncate", write_changes_mtime },
	{ "times: names change the directory", names_change_the_directory },
	{ "times: chmod", chmod_changes_only_ctime },
	{ "times: utimes and utime", old_calls_set_times },
};

TEST_MAIN(cases)
