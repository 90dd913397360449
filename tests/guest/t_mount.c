/* The tree of mounts: bind mounts, moving, flags, umount2, pivot_root. */
#include <fcntl.h>
#include <linux/mount.h>
#include <string.h>
#include <poll.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <syscall.h>
#include <test.h>
#include <unistd.h>

#define MNT_DETACH 2
#define MNT_EXPIRE 4

static long result(long ret)
{
	if (ret >= 0)
		return ret;
	errno = (int)-ret;
	return -1;
}

static long mount_(const char *source, const char *target, const char *type,
		   unsigned long flags, const char *data)
{
	return result(sys6(__NR_mount, (long)source, (long)target, (long)type,
			   (long)flags, (long)data, 0));
}

static long umount_(const char *target, int flags)
{
	return result(sys2(__NR_umount2, (long)target, flags));
}

static void tmpfs(const char *target)
{
	CHECK_OK(mkdir(target, 0755));
	if (mount_("none", target, "tmpfs", 0, "") < 0)
		test_skip("cannot mount: %s", test_errno());
	/* Where it is shared (a host's), copies would appear by themselves. */
	mount_(NULL, target, NULL, MS_PRIVATE, NULL);
}

static int there(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0;
}

/* An empty directory of our own as the root of a mount tree. */
static void start(void)
{
	test_need_root();
	test_scratch();
	tmpfs("top");
	CHECK_OK(chdir("top"));
}

static void end(void)
{
	CHECK_OK(chdir(".."));
	CHECK_OK(umount_("top", MNT_DETACH));
}

static void bind(void)
{
	start();
	tmpfs("a");
	test_make_file("a/file", "1");
	CHECK_OK(mkdir("a/sub", 0755));
	tmpfs("a/sub/deep");
	test_make_file("a/sub/deep/inner", "2");
	CHECK_OK(mkdir("b", 0755));
	CHECK_OK(mount_("a", "b", NULL, MS_BIND, NULL));
	CHECK(there("b/file"));
	CHECK(!there("b/sub/deep/inner"));
	CHECK_OK(umount_("b", 0));
	CHECK_OK(mount_("a", "b", NULL, MS_BIND | MS_REC, NULL));
	CHECK(there("b/sub/deep/inner"));
	CHECK_ERR(umount_("b", 0), EBUSY);
	CHECK_OK(umount_("b/sub/deep", 0));
	CHECK(there("a/sub/deep/inner"));
	CHECK_OK(umount_("b", 0));
	/* Of a directory inside: only what hangs below it. */
	tmpfs("a/other");
	CHECK_OK(mount_("a/sub", "b", NULL, MS_BIND | MS_REC, NULL));
	CHECK(there("b/deep/inner"));
	CHECK_OK(umount_("b", MNT_DETACH));
	/* Into itself: no end of copies. */
	CHECK_OK(mkdir("a/again", 0755));
	CHECK_OK(mount_("a", "a/again", NULL, MS_BIND | MS_REC, NULL));
	CHECK(there("a/again/sub/deep/inner"));
	CHECK(!there("a/again/again/file"));
	CHECK_ERR(mount_("a/file", "b", NULL, MS_BIND, NULL), ENOTDIR);
	CHECK_ERR(mount_("none", "b", NULL, MS_BIND, NULL), ENOENT);
	end();
}

static void file_bind(void)
{
	char text[8];

	start();
	test_make_file("x", "over");
	test_make_file("y", "under");
	CHECK_OK(mount_("x", "y", NULL, MS_BIND, NULL));
	test_read_file("y", text, sizeof(text));
	CHECK_STR(text, "over");
	CHECK_ERR(unlink("y"), EBUSY);
	CHECK_OK(umount_("y", 0));
	test_read_file("y", text, sizeof(text));
	CHECK_STR(text, "under");
	end();
}

static void move(void)
{
	start();
	tmpfs("a");
	tmpfs("a/in");
	test_make_file("a/in/file", "1");
	CHECK_OK(mkdir("b", 0755));
	CHECK_ERR(mount_("a", "a/in", NULL, MS_MOVE, NULL), ELOOP);
	CHECK_OK(mkdir("plain", 0755));
	CHECK_ERR(mount_("plain", "b", NULL, MS_MOVE, NULL), EINVAL);
	CHECK_OK(mount_("a", "b", NULL, MS_MOVE, NULL));
	CHECK(there("b/in/file"));
	CHECK(!there("a/in"));
	CHECK_OK(rmdir("a"));
	end();
}

static int changed(int fd)
{
	struct pollfd pfd = { .fd = fd, .events = POLLPRI };

	return poll(&pfd, 1, 0) == 1 && pfd.revents & POLLPRI;
}

static void watching(void)
{
	struct pollfd plain = { .events = POLLIN };
	int fd;

	start();
	fd = (int)CHECK_OK(open("/proc/self/mountinfo", O_RDONLY));
	plain.fd = fd;
	CHECK_EQ(poll(&plain, 1, 0), 1);
	changed(fd);
	CHECK(!changed(fd));
	tmpfs("a");
	CHECK(changed(fd));
	CHECK(!changed(fd));
	CHECK_OK(mkdir("b", 0755));
	CHECK_OK(mount_("a", "b", NULL, MS_BIND, NULL));
	CHECK_OK(umount_("b", 0));
	CHECK(changed(fd));
	CHECK(!changed(fd));
	CHECK_OK(close(fd));
	end();
}

#define FAR_AHEAD 4000000000L

/* The access time after a read at the end of a file that was far ahead of all else. */
static long atime_after_read(const char *path)
{
	struct timespec times[2] = { { FAR_AHEAD, 0 }, { 1000, 0 } };
	struct stat st;
	char c;
	int fd = (int)CHECK_OK(open(path, O_CREAT | O_RDWR, 0644));

	CHECK_OK(SYS(utimensat, fd, NULL, times, 0));
	CHECK_EQ(read(fd, &c, 1), 0);
	CHECK_OK(fstat(fd, &st));
	CHECK_OK(close(fd));
	return (long)st.st_atime;
}

static void access_times(void)
{
	start();
	tmpfs("a");
	CHECK_EQ(atime_after_read("a/f"), FAR_AHEAD);
	CHECK_OK(mount_(NULL, "a", NULL, MS_REMOUNT | MS_BIND | MS_STRICTATIME, NULL));
	CHECK(atime_after_read("a/f") < FAR_AHEAD);
	CHECK_OK(mount_(NULL, "a", NULL, MS_REMOUNT | MS_BIND | MS_NOATIME, NULL));
	CHECK_EQ(atime_after_read("a/f"), FAR_AHEAD);
	end();
}

/* Nobody may be writing to what becomes read-only. */
static void remount_while_written(void)
{
	int fd;

	start();
	tmpfs("a");
	fd = (int)CHECK_OK(open("a/f", O_CREAT | O_WRONLY, 0644));
	CHECK_ERR(mount_(NULL, "a", NULL, MS_REMOUNT | MS_RDONLY, NULL), EBUSY);
	CHECK_ERR(mount_(NULL, "a", NULL, MS_REMOUNT | MS_BIND | MS_RDONLY, NULL), EBUSY);
	CHECK_OK(close(fd));
	CHECK_OK(mkdir("b", 0755));
	CHECK_OK(mount_("a", "b", NULL, MS_BIND, NULL));
	CHECK_OK(mount_(NULL, "a", NULL, MS_REMOUNT | MS_RDONLY, NULL));
	CHECK_ERR(open("b/f", O_WRONLY), EROFS);
	CHECK_OK(mount_(NULL, "a", NULL, MS_REMOUNT, NULL));
	CHECK_OK(open("b/f", O_WRONLY));
	end();
}

static void flags(void)
{
	start();
	tmpfs("a");
	test_make_file("a/file", "1");
	CHECK_OK(mkdir("b", 0755));
	CHECK_OK(mount_("a", "b", NULL, MS_BIND, NULL));
	CHECK_OK(mount_("none", "b", NULL, MS_REMOUNT | MS_BIND | MS_RDONLY, NULL));
	CHECK_ERR(open("b/file", O_RDWR), EROFS);
	CHECK_ERR(mkdir("b/d", 0755), EROFS);
	close((int)CHECK_OK(open("a/file", O_RDWR)));
	CHECK_OK(mount_("none", "a", NULL, MS_REMOUNT | MS_BIND | MS_NODEV | MS_NOEXEC,
			NULL));
	CHECK_OK(mknod("a/null", S_IFCHR | 0666, (1 << 8) | 3));
	CHECK_ERR(open("a/null", O_RDONLY), EACCES);
	CHECK_OK(chmod("a/file", 0755));
	CHECK_ERR(result(sys3(__NR_execve, (long)"a/file", 0, 0)), EACCES);
	CHECK_ERR(mount_("none", "a", "no-such-type", 0, NULL), ENODEV);
	CHECK_ERR(mount_("none", "a/file", "tmpfs", 0, NULL), ENOTDIR);
	CHECK_ERR(mount_("none", "missing", "tmpfs", 0, NULL), ENOENT);
	CHECK_ERR(mount_("none", "a", "tmpfs", 0, "size=x"), EINVAL);
	end();
}

static void unmounting(void)
{
	int fd;

	start();
	tmpfs("a");
	test_make_file("a/file", "1");
	fd = (int)CHECK_OK(open("a/file", O_RDONLY));
	CHECK_ERR(umount_("a", 0), EBUSY);
	CHECK_ERR(umount_("a", MNT_EXPIRE), EBUSY);
	close(fd);
	CHECK_ERR(umount_("a", MNT_EXPIRE), EAGAIN);
	CHECK(there("a/file")); /* used: begins anew */
	CHECK_ERR(umount_("a", MNT_EXPIRE), EAGAIN);
	CHECK_OK(umount_("a", MNT_EXPIRE));
	CHECK_ERR(umount_("a", 0), EINVAL);
	CHECK_ERR(umount_("a", 1 << 10), EINVAL);
	CHECK_ERR(umount_("a", MNT_EXPIRE | MNT_DETACH), EINVAL);
	CHECK_OK(rmdir("a"));
	tmpfs("a");
	test_make_file("a/file", "1");
	fd = (int)CHECK_OK(open("a/file", O_RDONLY));
	CHECK_OK(umount_("a", MNT_DETACH));
	CHECK(!there("a/file"));
	CHECK_EQ(lseek(fd, 0, SEEK_END), 1);
	end();
}

static void as_stranger(void)
{
	CHECK_ERR(mount_("none", "/", "tmpfs", 0, NULL), EPERM);
	CHECK_ERR(umount_("/", 0), EPERM);
	CHECK_ERR(result(sys2(__NR_pivot_root, (long)".", (long)".")), EPERM);
}

static void rights(void)
{
	test_need_root();
	test_as_user(as_stranger);
}

static void pivoted(void)
{
	tmpfs("new");
	CHECK_OK(mkdir("new/old", 0755));
	test_make_file("new/mark", "1");
	CHECK_ERR(result(sys2(__NR_pivot_root, (long)"new/old", (long)"new/old")), EINVAL);
	CHECK_ERR(result(sys2(__NR_pivot_root, (long)"new/mark", (long)"new")), ENOTDIR);
	CHECK_ERR(result(sys2(__NR_pivot_root, (long)"/", (long)"new")), EBUSY);
	CHECK_OK(result(sys2(__NR_pivot_root, (long)"new", (long)"new/old")));
	CHECK(there("/mark"));
	CHECK(there("/old/dev/null"));
	CHECK_OK(chdir("/old"));
	/* And back. */
	CHECK_OK(mkdir("back", 0755));
	CHECK_OK(result(sys2(__NR_pivot_root, (long)".", (long)"back")));
	CHECK(there("/dev/null"));
	CHECK(there("/back/mark"));
	CHECK_OK(umount_("/back", MNT_DETACH));
	CHECK_OK(rmdir("/back"));
}

static void pivot(void)
{
	test_need_root();
	if (!there("/tests/t_mount"))
		test_skip("changes the root of everything: in the machine only");
	test_scratch();
	pivoted();
}

static const struct test_case cases[] = {
	{ "bind, recursive bind", bind },
	{ "bind of a file", file_bind },
	{ "move", move },
	{ "watching", watching },
	{ "remount while written", remount_while_written },
	{ "access times", access_times },
	{ "flags", flags },
	{ "umount2", unmounting },
	{ "rights", rights },
	{ "pivot_root", pivot },
};

TEST_MAIN(cases)
