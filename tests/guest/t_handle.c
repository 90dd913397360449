/*
 * Files by handle: name_to_handle_at(2), open_by_handle_at(2); numbers of mounts;
 * signals through a descriptor of /proc/PID.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <syscall.h>
#include <test.h>
#include <unistd.h>

#include <linux/stat.h>

struct handle {
	unsigned int bytes;
	int type;
	unsigned char data[128];
};

static struct handle handle_of(const char *path, int flags)
{
	struct handle h = { .bytes = 128 };
	int mount_id = -1;

	CHECK_OK(SYS(name_to_handle_at, AT_FDCWD, path, &h, &mount_id, flags));
	CHECK(h.bytes > 0 && h.bytes <= 128);
	CHECK(mount_id > 0);
	return h;
}

static long open_handle(struct handle *h, int flags)
{
	return SYS(open_by_handle_at, AT_FDCWD, h, flags);
}

static void follows_the_file(void)
{
	struct handle h, other;
	char buf[8];
	int fd;

	test_need_root();
	test_scratch();
	test_make_file("a", "text");
	test_make_file("b", "other");
	CHECK_OK(mkdir("d", 0755));
	h = handle_of("a", 0);
	other = handle_of("b", 0);
	CHECK(memcmp(h.data, other.data, h.bytes) != 0);
	CHECK_OK(rename("a", "d/c"));
	fd = (int)CHECK_OK(open_handle(&h, O_RDONLY));
	CHECK_EQ(read(fd, buf, sizeof(buf)), 4);
	CHECK_EQ(memcmp(buf, "text", 4), 0);
	CHECK_ERR(write(fd, "x", 1), EBADF);
	close(fd);
	CHECK_OK(unlink("d/c"));
	CHECK_ERR(open_handle(&h, O_RDONLY), ESTALE);
	h = handle_of("d", 0);
	fd = (int)CHECK_OK(open_handle(&h, O_RDONLY | O_DIRECTORY));
	close(fd);
	CHECK_ERR(open_handle(&h, O_WRONLY), EISDIR);
}

static void links(void)
{
	struct handle file, link;

	test_scratch();
	test_make_file("f", "x");
	CHECK_OK(symlink("f", "l"));
	file = handle_of("f", 0);
	link = handle_of("l", 0);
	CHECK(memcmp(file.data, link.data, file.bytes) != 0);
	link = handle_of("l", AT_SYMLINK_FOLLOW);
	CHECK_EQ(memcmp(file.data, link.data, file.bytes), 0);
}

static void errors(void)
{
	struct handle h = { .bytes = 0 };
	int id, fds[2];

	test_need_root();
	test_scratch();
	test_make_file("f", "x");
	CHECK_ERR(SYS(name_to_handle_at, AT_FDCWD, "f", &h, &id, 0), EOVERFLOW);
	CHECK(h.bytes > 0);
	h.bytes = 129;
	CHECK_ERR(SYS(name_to_handle_at, AT_FDCWD, "f", &h, &id, 0), EINVAL);
	h.bytes = 128;
	CHECK_ERR(SYS(name_to_handle_at, AT_FDCWD, "f", &h, &id, 1), EINVAL);
	CHECK_ERR(SYS(name_to_handle_at, AT_FDCWD, "no", &h, &id, 0), ENOENT);
	CHECK_ERR(SYS(name_to_handle_at, 99, "f", &h, &id, 0), EBADF);
	CHECK_ERR(SYS(name_to_handle_at, AT_FDCWD, "", &h, &id, 0), ENOENT);
	CHECK_OK(SYS(name_to_handle_at, AT_FDCWD, "", &h, &id, AT_EMPTY_PATH));
	h.bytes = 128;
	CHECK_ERR(SYS(name_to_handle_at, AT_FDCWD, "f", test_bad_pointer, &id, 0), EFAULT);
	CHECK_ERR(SYS(name_to_handle_at, AT_FDCWD, "f", &h, test_bad_pointer, 0), EFAULT);
	CHECK_ERR(SYS(name_to_handle_at, AT_FDCWD, "/proc/self", &h, &id, 0), EOPNOTSUPP);
	h = handle_of("f", 0);
	CHECK_ERR(SYS(open_by_handle_at, 99, &h, O_RDONLY), EBADF);
	CHECK_ERR(SYS(open_by_handle_at, AT_FDCWD, test_bad_pointer, O_RDONLY), EFAULT);
	CHECK_OK(SYS(pipe2, fds, 0));
	CHECK_ERR(SYS(open_by_handle_at, fds[0], &h, O_RDONLY), ESTALE);
	h.bytes = 0;
	CHECK_ERR(open_handle(&h, O_RDONLY), EINVAL);
	h.bytes = 4;
	CHECK_ERR(open_handle(&h, O_RDONLY), ESTALE);
}

static void try_open(void)
{
	struct handle h = handle_of("f", 0);

	CHECK_ERR(open_handle(&h, O_RDONLY), EPERM);
}

static void for_the_privileged(void)
{
	test_need_root();
	test_scratch();
	test_make_file("f", "x");
	test_as_user(try_open);
}

static void mount_numbers(void)
{
	char text[4096], line[64];
	struct statx sx;
	struct handle h = { .bytes = 128 };
	int id;

	CHECK_OK(SYS(statx, AT_FDCWD, "/", 0, STATX_BASIC_STATS | STATX_MNT_ID, &sx));
	CHECK(sx.stx_mask & STATX_MNT_ID);
	test_read_file("/proc/self/mountinfo", text, sizeof(text));
	snprintf(line, sizeof(line), "%d ", (int)sx.stx_mnt_id);
	CHECK_EQ(strncmp(text, line, strlen(line)), 0);
	if (SYS(name_to_handle_at, AT_FDCWD, "/", &h, &id, 0) == 0)
		CHECK_EQ(id, sx.stx_mnt_id);
}

static void signal_by_directory(void)
{
	char path[32];
	pid_t pid = test_fork();
	int fd, status;

	if (pid == 0)
		for (;;)
			pause();
	snprintf(path, sizeof(path), "/proc/%d", pid);
	fd = (int)CHECK_OK(open(path, O_RDONLY | O_DIRECTORY, 0));
	CHECK_OK(SYS(pidfd_send_signal, fd, 0, NULL, 0));
	CHECK_OK(SYS(pidfd_send_signal, fd, SIGTERM, NULL, 0));
	status = test_wait(pid);
	CHECK(WIFSIGNALED(status));
	CHECK_EQ(WTERMSIG(status), SIGTERM);
	CHECK(SYS(pidfd_send_signal, fd, 0, NULL, 0) < 0);
	fd = (int)CHECK_OK(open("/proc", O_RDONLY | O_DIRECTORY, 0));
	CHECK_ERR(SYS(pidfd_send_signal, fd, 0, NULL, 0), EBADF);
}

static const struct test_case cases[] = {
	{ "a handle follows the file", follows_the_file },
	{ "symbolic links", links },
	{ "errors", errors },
	{ "users may not open", for_the_privileged },
	{ "numbers of mounts", mount_numbers },
	{ "pidfd_send_signal: /proc/PID", signal_by_directory },
};

TEST_MAIN(cases)
